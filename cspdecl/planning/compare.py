"""Line and subscription side by side, field by field. None is the usual answer: as declared."""

from __future__ import annotations

import re

from cspdecl.commerce.decide_trial import trial_fields
from cspdecl.commerce.values import Delta, Field
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import LiveSubscription, NextTerm, Status

_MARK = re.compile(r" ?\[cspdecl-[0-9a-f]{8}\]$")


def compare(spec: SubscriptionSpec, live: LiveSubscription) -> Delta | None:
    """What differs, or None. A name's mark of the purchase is not part of the name."""
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
    ):
        return None
    fields = _fields(spec, live)
    return Delta(spec=spec, live=live, fields=fields) if fields else None


def _fields(spec: SubscriptionSpec, live: LiveSubscription) -> frozenset[Field]:
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
    if live.scheduled is not None and live.scheduled != _as_is(live):
        found.add("scheduled")
    if spec.nickname is not None and spec.nickname != plain_name(live.nickname):
        found.add("nickname")
    return frozenset(found)


def plain_name(nickname: str) -> str:
    """A subscription's name without the mark that a purchase of ours puts behind it."""
    return _MARK.sub("", nickname)


def marked_name(name: str, mark: str) -> str:
    """A name with the mark of its purchase, eight hexadecimal digits."""
    return f"{name} [cspdecl-{mark}]".lstrip()


def _as_is(live: LiveSubscription) -> NextTerm | None:
    if live.offer is None or live.term is None or live.billing is None:
        return None
    return NextTerm(offer=live.offer, seats=live.seats, term=live.term, billing=live.billing)
