"""Which questions a plan has to ask beyond reading: derived from what is declared and live, asked all at once.

Only what differs raises a question, so an unchanged estate asks none. The answers come back into `plan` as a value;
`planning.setting` looks them up by the same questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cspdecl.commerce.decide_renewal import is_scheduled, next_term
from cspdecl.commerce.prices import market_of
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.desired import CustomerSpec, DesiredState, Move, Retired, SubscriptionSpec
from cspdecl.core.inquiry import AskPromotions, AskTermEnds, AskTransitions, Inquiry
from cspdecl.core.live import Binding, Bindings, LiveCustomer, LiveState, LiveSubscription
from cspdecl.core.project import Project
from cspdecl.planning.dated import declared_today
from cspdecl.planning.holding import plain
from cspdecl.planning.match import Pair, as_declared, match_customer
from cspdecl.planning.moves import apply_moves
from cspdecl.planning.resellers import reseller_questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What every question about one customer is made from."""

    tenant: str
    market: str
    segment: str
    capabilities: Capability
    now: datetime


def find_inquiries(
    *, project: Project, desired: DesiredState, live: LiveState, bindings: Bindings,
    capabilities: Mapping[str, Capability], now: datetime,
) -> tuple[tuple[str, Inquiry], ...]:  # fmt: skip
    """The questions by provider, in the order of the customers; each once."""
    found: dict[tuple[str, Inquiry], None] = {}
    bound: dict[str, dict[Address, Binding]] = {}
    for address, binding in bindings.items():
        bound.setdefault(address.customer, {})[address] = binding
    moves: dict[str, list[Move]] = {}
    for move in desired.moves:
        moves.setdefault(move.source.customer, []).append(move)
    retired = {item.address: item for item in desired.retired}
    for key, spec in desired.customers.items():
        customer = live.customers.get(key)
        if customer is None:
            continue
        today = declared_today(spec, now).spec
        if plain(today, customer) and as_declared(today, customer, bound.get(key, {})):
            continue
        about = Asking(
            tenant=customer.tenant,
            market=market_of(spec, customer) or project.market,
            segment=spec.segment,
            capabilities=capabilities.get(spec.provider, Capability.NONE),
            now=now,
        )
        pairs = list(_pairs(today, customer, bound.get(key, {}), moves.get(key, ()), retired))
        for asked in reseller_questions(today, customer, pairs, project, about.capabilities):
            found[spec.provider, asked] = None
        for pair in pairs:
            for inquiry in questions_of(pair, about):
                found[pair.spec.provider, inquiry] = None
    return tuple(found)


def _pairs(
    spec: CustomerSpec, live: LiveCustomer, bound: Mapping[Address, Binding], moves: Iterable[Move],
    retired: Mapping[Address, Retired],
) -> Iterable[Pair]:  # fmt: skip
    return match_customer(spec, live, apply_moves(bound, moves), retired).pairs


def questions_of(pair: Pair, about: Asking) -> Iterator[Inquiry]:
    """What must be asked before one line can be decided."""
    spec, live = pair.spec, pair.live
    if spec.absent and not (pair.split and pair.split.moving):
        return
    asked = (
        transitions_question(pair, about),
        renewal_question(spec, live, about),
        term_ends_question(spec, live, about),
        promotions_question(spec, live, about),
    )
    yield from (inquiry for inquiry in asked if inquiry is not None)


def transitions_question(pair: Pair, about: Asking) -> AskTransitions | None:
    """To what a subscription can be upgraded: only where its line asks for that."""
    spec, live = pair.spec, pair.live
    if live is None or spec.upgrade is None or Capability.CONVERT not in about.capabilities:
        return None
    if pair.split is not None:
        asks = pair.split.part == "source" and pair.split.moving > 0
    else:
        asks = live.offer == spec.upgrade.source and spec.offer != live.offer
    return AskTransitions(tenant=about.tenant, subscription=live.id, when="immediate") if asks else None


def renewal_question(spec: SubscriptionSpec, live: LiveSubscription | None, about: Asking) -> AskTransitions | None:
    """To what a subscription can be changed with its renewal: only where `atRenewal` names another offer than runs and
    the provider has not taken it yet."""
    wanted = spec.at_renewal.offer if spec.at_renewal is not None else None
    if live is None or wanted in (None, live.offer) or Capability.CONVERT not in about.capabilities:
        return None
    if live.scheduled is not None and is_scheduled(live.scheduled, next_term(spec, live)):
        return None
    return AskTransitions(tenant=about.tenant, subscription=live.id, when="scheduled")


def term_ends_question(spec: SubscriptionSpec, live: LiveSubscription | None, about: Asking) -> AskTermEnds | None:
    """Which last days a purchase may be given: only where it is to have one of its own."""
    if live is not None or spec.custom_end is None or spec.trial or not spec.term.months or not about.tenant:
        return None
    if Capability.COTERM not in about.capabilities:
        return None
    return AskTermEnds(tenant=about.tenant, term=spec.term, start=about.now.astimezone(UTC).date())


def promotions_question(spec: SubscriptionSpec, live: LiveSubscription | None, about: Asking) -> AskPromotions | None:
    """Which promotions a purchase gets, or whether more seats of a promoted subscription still get its own.

    The provider evaluates promotions of the commercial segment only (contract §9.1, 2023-10).
    """
    if Capability.PROMOTIONS not in about.capabilities or spec.trial or not spec.term.months or not about.tenant:
        return None
    if about.segment != "commercial" and spec.promotion is None:
        return None
    seats, wanted = spec.seats, None
    if live is not None:
        if live.promotion is None or live.offer != spec.offer or spec.seats <= live.seats:
            return None
        seats, wanted = spec.seats - live.seats, live.promotion
    return AskPromotions(
        tenant=about.tenant, offer=spec.offer, term=spec.term, billing=spec.billing, seats=seats, market=about.market,
        segment=about.segment, promotion=wanted,
    )  # fmt: skip
