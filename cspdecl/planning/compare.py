"""Line and subscription side by side, field by field. None is the usual answer: as declared."""

from __future__ import annotations

import re

from cspdecl.commerce.decide_renewal import as_it_runs, is_scheduled, next_term
from cspdecl.commerce.decide_trial import trial_fields
from cspdecl.commerce.products import OWNED_FIELDS
from cspdecl.commerce.values import Delta, Field
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import LiveSubscription, Status

_MARK = re.compile(r" ?\[cspdecl-[0-9a-f]{8}\]$")


def compare(spec: SubscriptionSpec, live: LiveSubscription, *, reseller: str | None = None) -> Delta | None:
    """What differs, or None. A name's mark of the purchase is not part of the name.

    `reseller`: the PartnerID that is to be on record; None leaves it alone.
    """
    if spec.trial:
        fields = trial_fields(spec, live)
        return Delta(spec=spec, live=live, fields=fields) if fields else None
    if (
        spec.seats == live.seats
        and spec.offer == live.offer
        and spec.term is live.term
        and spec.billing is live.billing
        and (spec.end_of_term == live.end_of_term or (spec.end_of_term is None and live.end_of_term != "unset"))
        and live.scheduled is None
        and live.status is Status.ACTIVE
        and spec.nickname is None
        and not spec.absent
        and not spec.suspended
        and spec.at_renewal is None
        and reseller in (None, live.reseller)
    ):
        return None
    fields = _fields(spec, live, reseller)
    if live.product == "perpetual":
        fields &= OWNED_FIELDS
    return Delta(spec=spec, live=live, fields=fields) if fields else None


def _fields(spec: SubscriptionSpec, live: LiveSubscription, reseller: str | None) -> frozenset[Field]:
    if spec.absent:
        return frozenset({"absent"})
    found: set[Field] = set()
    if spec.offer != live.offer:
        found.add("offer")
    if spec.term is not live.term:
        found.add("term")
    if spec.billing is not live.billing:
        found.add("billing")
    if spec.seats != live.seats:
        found.add("seats")
    if spec.end_of_term != live.end_of_term and (spec.end_of_term is not None or live.end_of_term == "unset"):
        found.add("end_of_term")
    found |= _of_renewal(spec, live)
    if spec.suspended or live.status is Status.SUSPENDED:
        found.add("suspended")
    if reseller is not None and reseller != live.reseller:
        found.add("reseller")
    if spec.nickname is not None and spec.nickname != plain_name(live.nickname):
        found.add("nickname")
    return frozenset(found)


def _of_renewal(spec: SubscriptionSpec, live: LiveSubscription) -> set[Field]:
    """What of the next term differs. What is scheduled as declared is a difference too: it waits for its day."""
    declared, running = next_term(spec, live), as_it_runs(live)
    if spec.at_renewal is not None and declared != running:
        return {"at_renewal"}
    if live.scheduled is not None and not is_scheduled(live.scheduled, running):
        return {"scheduled"}
    return set()


def plain_name(nickname: str) -> str:
    """A subscription's name without the mark that a purchase of ours puts behind it."""
    return _MARK.sub("", nickname)


def marked_name(name: str, mark: str) -> str:
    """A name with the mark of its purchase, eight hexadecimal digits."""
    return f"{name} [cspdecl-{mark}]".lstrip()
