"""Whether the renewal that `atRenewal` speaks of has been: then the line's own values are of yesterday.

A line that says `seats: 25, atRenewal: {seats: 17}` runs with 17 once it has renewed. Read again, its 25 would mean
"buy 8 more", which nobody wants. So what `atRenewal` names is left as it is and a person is asked to move the values;
nothing is bought, returned or scheduled on the strength of a line that may be out of date (docs/decisions/0008).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from cspdecl.core.desired import AtRenewal, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.live import LiveSubscription, NextTerm
from cspdecl.core.records import Recorded
from cspdecl.core.terms import add_months


def after_renewal(
    spec: SubscriptionSpec, live: LiveSubscription, recorded: Recorded | None
) -> tuple[SubscriptionSpec, Diagnostic | None]:
    """The line as it is to be read today, and what is said where `atRenewal` has, or may have, come true.

    `recorded`: what the ledger last says of the line. Without a word of it, a subscription in its first term has not
    renewed; a later one that stands where `atRenewal` wants it, or on the way there, may have.
    """
    wanted = spec.at_renewal
    if wanted is None or not _came_true(spec, wanted, live, recorded):
        return spec, None
    kept: dict[str, object] = {}
    if wanted.seats is not None:
        kept["seats"] = live.seats
    if wanted.offer is not None and live.offer is not None:
        kept["offer"] = live.offer
    if wanted.term is not None and live.term is not None:
        kept["term"] = live.term
    if (wanted.billing is not None or wanted.term is not None) and live.billing is not None:
        kept["billing"] = live.billing
    return replace(spec, at_renewal=None, **kept), _said(spec, wanted, live)  # type: ignore[arg-type]


def _came_true(spec: SubscriptionSpec, wanted: AtRenewal, live: LiveSubscription, recorded: Recorded | None) -> bool:
    if live.trial or live.term is None or live.term_ends is None or _first_term(live) or live.scheduled is not None:
        return False
    named = (
        (wanted.offer, spec.offer, live.offer),
        (wanted.term, spec.term, live.term),
        (wanted.billing, spec.billing, live.billing),
    )
    differing = [(then, there) for then, now, there in named if then is not None and then != now]
    seats = wanted.seats if wanted.seats is not None and wanted.seats != spec.seats else None
    over = wanted.ends is not None and wanted.ends <= _last(live)
    if not differing and seats is None:
        return over
    if _scheduled_in_this_term(live, recorded):
        return False  # we wrote it in this term, and it was taken away since: the renewal is still to come
    if _scheduled_before(wanted, live, recorded):
        return True
    there = all(then == found for then, found in differing)
    if seats is None:
        return there
    low, high = sorted((spec.seats, seats))
    return there and low <= live.seats <= high and live.seats != spec.seats


def _first_term(live: LiveSubscription) -> bool:
    # some providers only show when the first term began, so its length counts too
    if live.term is None or live.term_ends is None:
        return True
    began, created = live.term_started.date(), live.created.date()
    return began <= created + timedelta(days=1) and live.term_ends.date() <= add_months(created, live.term.months)


def _scheduled_in_this_term(live: LiveSubscription, recorded: Recorded | None) -> bool:
    return recorded is not None and recorded.scheduled is not None and recorded.term_ends == live.term_ends


def _scheduled_before(wanted: AtRenewal, live: LiveSubscription, recorded: Recorded | None) -> bool:
    """Whether the ledger says that just this was scheduled for the end of a term that is over."""
    if recorded is None or recorded.scheduled is None or recorded.term_ends is None or live.term_ends is None:
        return False
    return recorded.term_ends < live.term_ends and _names(wanted, recorded.scheduled)


def _names(wanted: AtRenewal, following: NextTerm) -> bool:
    pairs = (
        (wanted.seats, following.seats),
        (wanted.offer, following.offer),
        (wanted.term, following.term),
        (wanted.billing, following.billing),
    )
    return all(then is None or then == found for then, found in pairs)


def _last(live: LiveSubscription) -> date:
    ends = live.term_ends or live.term_started
    return (ends - timedelta(microseconds=1)).date()


def _said(spec: SubscriptionSpec, wanted: AtRenewal, live: LiveSubscription) -> Diagnostic:
    values = []
    if wanted.seats is not None:
        values.append(f"seats: {live.seats}")
    if wanted.offer is not None:
        values.append(f'offer: "{live.offer}"')
    if wanted.term is not None:
        values.append(f"term: {live.term}")
    if wanted.billing is not None or wanted.term is not None:
        values.append(f"billing: {live.billing}")
    if not values:
        return warning(
            "CSP303",
            f"`atRenewal` says when a term was to end, and that renewal has been: it runs until {_last(live)}",
            origin=wanted.origin,
            address=str(spec.address),
            hint="take `atRenewal` out",
        )
    now = ", ".join(values)
    return warning(
        "CSP303",
        f"it runs as `atRenewal` says, or on the way there ({now}): the renewal seems to have been, so the line's "
        "other values are not put back",
        origin=wanted.origin,
        address=str(spec.address),
        label="nothing is bought, returned or scheduled for it until this is settled",
        hint=f"write `{now}` in the line and take `atRenewal` out; if it is the coming renewal that is meant, apply "
        "the line without `atRenewal` first",
    )
