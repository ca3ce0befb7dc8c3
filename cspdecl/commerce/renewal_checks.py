"""Whether a declared next term can be had: its offer, its term and billing plan, its last day. Refusals name the legal.

Sources: create-scheduled-changes and align-subscription-end-dates pages, 2026 and 2023-10 (contract §§13.4, 13.6).
The provider only answers about offers; about end dates of renewals it only refuses, so what can be checked is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from cspdecl.commerce.coterm import Running, allowed_ends, is_month_end
from cspdecl.commerce.values import Draft, Setting
from cspdecl.commerce.words import listed
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.desired import AtRenewal, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.inquiry import TransitionPath, Unanswered
from cspdecl.core.live import LiveSubscription, NextTerm
from cspdecl.core.operation import Waiting
from cspdecl.core.terms import BillingCycle, Term, cycles_in, term_end


def check_path(spec: SubscriptionSpec, setting: Setting, draft: Draft, declared: AtRenewal, target: OfferKey) -> bool:
    """Whether the subscription may become `target` with its renewal, as the provider says of this one."""
    if Capability.CONVERT not in setting.capabilities:
        text = f"set for the renewal, in the provider's portal, that it becomes {target}: this provider cannot"
        draft.waiting.append(_blocked(spec, declared, "CSP360", text, kind="manual"))
        return False
    answer = setting.renewal_paths
    if answer is None or isinstance(answer, Unanswered):
        why = answer.reason if isinstance(answer, Unanswered) else "it was not asked"
        text = f"whether it may become {target} with its renewal is not known: {why}; plan again later"
        draft.waiting.append(_blocked(spec, declared, "CSP305", text))
        return False
    path = next((one for one in answer.paths if one.offer == target), None)
    if path is not None and path.kinds:
        return True
    draft.diagnostics.append(_no_path(spec, declared, target, path, answer.paths))
    return False


def _no_path(
    spec: SubscriptionSpec, declared: AtRenewal, target: OfferKey, path: TransitionPath | None,
    paths: Iterable[TransitionPath],
) -> Diagnostic:  # fmt: skip
    legal = [str(one.offer) for one in paths if one.kinds and one.offer != spec.offer]
    why = f": {'; '.join(path.why)}" if path is not None and path.why else ""
    return error(
        "CSP305",
        f"{spec.offer} cannot become {target} with its renewal{why}",
        origin=declared.origin.at("offer"),
        address=str(spec.address),
        label="the provider names no such path for this subscription",
        hint=f"it may become {listed(legal)}"
        if legal
        else "it may become nothing else: let it end (`endOfTerm: cancel`) and give the other offer a line of its own",
    )


def check_combination_then(
    spec: SubscriptionSpec, live: LiveSubscription, declared: AtRenewal, wanted: NextTerm, offer: Offer | None,
    state: Literal["sold", "missing", "unread"],
) -> Diagnostic | Waiting | None:  # fmt: skip
    """Whether term and billing plan of the next term go together and are sold. `offer`: the next term's."""
    same = (wanted.offer, wanted.term, wanted.billing) == (live.offer, live.term, live.billing)
    if same:
        return None
    field = "term" if declared.term is not None else "billing" if declared.billing is not None else "offer"
    if cycles_in(wanted.term, wanted.billing) is None or wanted.billing.months is None:
        legal = offer.terms if offer is not None and offer.terms else _pairs(wanted.term)
        return _no_such_way(spec, declared, wanted, legal, field)
    if offer is None and state == "unread":
        text = f"{wanted.offer} as {wanted.term}/{wanted.billing} is declared for its renewal, but the catalogue could "
        return _blocked(spec, declared, "CSP325", text + "not be asked about it; plan again later")
    if offer is None or not offer.terms:
        return error(
            "CSP324",
            f"{wanted.offer} is not sold in this market" if offer is None else f"{wanted.offer} is no longer for sale",
            origin=declared.origin.at(field),
            address=str(spec.address),
            label="so no other term or billing plan of it can be had at the renewal",
            hint="leave `term` and `billing` of `atRenewal` as they run, or let it end with `endOfTerm: cancel`",
        )
    if OfferTerm(wanted.term, wanted.billing) not in offer.terms:
        return _no_such_way(spec, declared, wanted, offer.terms, field)
    return None


def _pairs(term: Term) -> tuple[OfferTerm, ...]:
    return tuple(OfferTerm(term, plan) for plan in BillingCycle if plan.months and cycles_in(term, plan))


def _no_such_way(
    spec: SubscriptionSpec, declared: AtRenewal, wanted: NextTerm, legal: Iterable[OfferTerm], field: str
) -> Diagnostic:
    ways = [f"`term: {one.term}, billing: {one.billing}`" for one in sorted(legal)]
    return error(
        "CSP323",
        f"{wanted.offer} is not sold as {wanted.term}/{wanted.billing}",
        origin=declared.origin.at(field),
        address=str(spec.address),
        label=f"so it cannot renew for {wanted.term} billed {wanted.billing}",
        hint=f"say in `atRenewal` {listed(ways)}",
    )


# ---- the last day of the next term ----


def check_ends(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, declared: AtRenewal, wanted: NextTerm
) -> Diagnostic | None:
    """Whether the next term may end on the day declared: inside it, on a month's end or an end of ours (§13.6)."""
    if wanted.ends is None or live.term_ends is None:
        return None
    starts = _last(live.term_ends) + timedelta(days=1)
    longest = term_end(starts, wanted.term)
    if live.product != "license":
        return _refuse_end(spec, declared, wanted.ends, "only licences may share an end date", "take `endsOn` out")
    ends = _ends(starts, wanted.term, setting.neighbours)
    if wanted.ends in ends:
        return None
    inside = starts <= wanted.ends <= longest
    label = (
        "no month ends on that day, nor a subscription of this customer that it could share it with"
        if inside
        else f"the next term runs from {starts} to {longest}"
    )
    return _refuse_end(spec, declared, wanted.ends, label, f"say {_ways(ends, wanted.ends if inside else None)}")


def _ways(ends: set[date], near: date | None) -> str:
    """Which ends there are: the nearest ones, or all, months' ends from the first to the last."""
    if near is not None:
        return listed([str(one) for one in sorted(sorted(ends, key=lambda one: abs(one - near))[:4])])
    months, others = sorted(filter(is_month_end, ends)), sorted(one for one in ends if not is_month_end(one))
    span = [f"the last day of a month from {months[0]} to {months[-1]}"] if len(months) > 2 else map(str, months)
    return listed([*span, *map(str, others)])


def _ends(starts: date, term: Term, neighbours: Iterable[LiveSubscription]) -> set[date]:
    """Every month's end inside the term, and the ends of our own other subscriptions that may be shared."""
    longest = term_end(starts, term)
    days = {
        starts + timedelta(days=index)
        for index in range((longest - starts).days + 1)
        if is_month_end(starts + timedelta(days=index))
    }
    running = [
        Running(end=_last(one.term_ends), term=one.term, id=one.id)
        for one in neighbours
        if one.term_ends is not None and one.term is not None and not one.trial and one.product == "license"
        and one.status == "active"
    ]  # fmt: skip
    return days | {item.day for item in allowed_ends(term, starts, existing=running)}


def _last(exclusive: datetime) -> date:
    return (exclusive - timedelta(microseconds=1)).date()


def _refuse_end(spec: SubscriptionSpec, declared: AtRenewal, day: date, label: str, hint: str) -> Diagnostic:
    return error(
        "CSP306",
        f"the next term cannot end on {day}",
        origin=declared.origin.at("endsOn"),
        address=str(spec.address),
        label=label,
        hint=hint,
    )


def _blocked(
    spec: SubscriptionSpec, declared: AtRenewal, code: str, text: str, *,
    kind: Literal["blocked", "manual"] = "blocked",
) -> Waiting:  # fmt: skip
    return Waiting(address=spec.address, kind=kind, code=code, text=text, origin=declared.origin)
