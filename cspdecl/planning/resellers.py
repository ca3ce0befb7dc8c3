"""Resellers on record: which of them a plan asks about, and what was answered (indirect providers only)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cspdecl.core.capability import Capability
from cspdecl.core.desired import CustomerSpec
from cspdecl.core.inquiry import AskReseller, ResellerStanding, Unanswered
from cspdecl.core.live import LiveCustomer
from cspdecl.core.project import Project
from cspdecl.planning.match import Pair
from cspdecl.planning.world import World


def reseller_questions(
    spec: CustomerSpec, live: LiveCustomer, pairs: Iterable[Pair], project: Project, capabilities: Capability
) -> Iterator[AskReseller]:
    """Each reseller that an operation of this plan would name: of what is bought, and of what names another one."""
    wanted = spec.reseller
    if wanted is None or project.reseller.model != "indirect-provider":
        return
    if Capability.RESELLER_OF_RECORD not in capabilities:
        return
    buys = any(pair.live is None and not pair.spec.absent for pair in pairs) or any(
        not plan.absent for plan in spec.azure_plans
    )
    if buys or any(pair.live is not None and pair.live.reseller != wanted.partner_id for pair in pairs):
        for partner in (wanted.partner_id, *wanted.additional):
            yield AskReseller(partner_id=partner)


def standings_of(world: World, spec: CustomerSpec) -> dict[str, ResellerStanding | Unanswered]:
    """What the provider said of the customer's resellers."""
    if spec.reseller is None:
        return {}
    found = {}
    for partner in (spec.reseller.partner_id, *spec.reseller.additional):
        said = world.answer(spec.provider, AskReseller(partner_id=partner))
        if isinstance(said, ResellerStanding | Unanswered):
            found[partner] = said
    return found
