"""Where the first term of a purchase ends: on a day that the provider allows, or the purchase is not made.

An end of its own can be given only at the purchase and at a renewal (contract §13.6, 2023-10); on what runs already a
different one is no change, and is said instead of being planned again and again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from cspdecl.commerce.coterm import Running, allowed_ends, is_month_end, last_month_end, shared_end
from cspdecl.commerce.values import Base, Decision, Draft, Setting
from cspdecl.commerce.words import listed
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer
from cspdecl.core.desired import CustomEnd, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note
from cspdecl.core.inquiry import TermEnd, TermEnds, Unanswered
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Waiting
from cspdecl.core.terms import Term, at_midnight, term_end

_SHOWN = 6


def decide_custom_end(spec: SubscriptionSpec, offer: Offer, setting: Setting, draft: Draft) -> date | None:
    """The last day the first term is to have, None for the usual one; what stands against it goes to the draft."""
    wanted, today = spec.custom_end, setting.now.astimezone(UTC).date()
    if wanted is None:
        return None
    if offer.product != "license" or spec.trial or not spec.term.months:
        why = "a trial" if spec.trial else "what has no term" if not spec.term.months else "software"
        draft.diagnostics.append(
            _refuse(spec, wanted, f"{why} cannot be given an end of its own", "take `customTermEnd` out")
        )
        return None
    if Capability.COTERM not in setting.capabilities:
        text = "buy it with its end in the provider's portal and name it with `id:`: this provider cannot"
        draft.waiting.append(
            Waiting(address=spec.address, kind="manual", code="CSP360", text=text, origin=wanted.origin)
        )
        return None
    usual = term_end(today, spec.term)
    if wanted.line is not None and not _follows(spec, wanted, setting.aligned, draft):
        return None
    if setting.aligned is not None and setting.aligned.live is None:
        return _with_purchase(spec, wanted, setting.aligned, setting, draft)
    ends = _answered(spec, wanted, setting, draft, today)
    if ends is None:
        return None
    day = _day(wanted, setting.aligned, ends, usual)
    if day == usual:
        return None
    if day is None or day not in {item.day for item in ends}:
        draft.diagnostics.append(_not_allowed(spec, wanted, day, ends, usual))
        return None
    return day


def note_running_end(spec: SubscriptionSpec, live: LiveSubscription, aligned: Base | None) -> Diagnostic | None:
    """That a declared end differs from the one a running term has, where it does: it can change only at the renewal."""
    wanted, have = spec.custom_end, _last(live.term_ends)
    if wanted is None or have is None:
        return None
    started = live.term_started.astimezone(UTC).date()
    if wanted.day is not None:
        fits = wanted.day == have or wanted.day < started  # an end that is past has done its work
        shall = str(wanted.day)
    elif wanted.month_end:
        fits, shall = is_month_end(have), "with a month"
    else:
        other = _last(aligned.live.term_ends) if aligned is not None and aligned.live is not None else None
        fits = other is None or (other.month, other.day) == (have.month, have.day)
        shall = f"with `{wanted.line.name if wanted.line else ''}` on {other}"
    if fits:
        return None
    return note(
        "CSP367",
        f"its term ends on {have}, and `customTermEnd` says {shall}: an end can be moved only at a renewal",
        origin=wanted.origin,
        address=str(spec.address),
        hint="say `atRenewal: {endsOn: …}` for the next term, or take `customTermEnd` out",
    )


def _follows(spec: SubscriptionSpec, wanted: CustomEnd, aligned: Base | None, draft: Draft) -> bool:
    """Whether the line whose end is to be shared can be followed at all."""
    name = wanted.line.name if wanted.line else ""
    if aligned is None or aligned.spec.absent:
        draft.diagnostics.append(
            _refuse(spec, wanted, f"`{name}` stands for no subscription that stays", "name a line that stays")
        )
        return False
    term = aligned.live.term if aligned.live is not None else aligned.spec.term
    trial = aligned.live.trial if aligned.live is not None else aligned.spec.trial
    if trial:
        draft.diagnostics.append(
            _refuse(spec, wanted, f"`{name}` is a trial, whose end cannot be shared", "name a paid line, or a day")
        )
        return False
    if term is Term.P1M and spec.term is not Term.P1M:
        draft.diagnostics.append(
            _refuse(
                spec, wanted, f"a term of {spec.term} cannot end with `{name}`, which runs by the month",
                "say `term: P1M`, `customTermEnd: month-end`, or name a line of a year or more",
            )
        )  # fmt: skip
        return False
    return True


def _with_purchase(
    spec: SubscriptionSpec, wanted: CustomEnd, other: Base, setting: Setting, draft: Draft
) -> date | None:
    """The end to share with a line that the same plan buys: known where that line says it. Terms of one length that
    are bought on one day end together anyway; whatever else waits until the other one runs."""
    today, theirs = setting.now.astimezone(UTC).date(), other.spec.custom_end
    if theirs is None and other.spec.term is spec.term:
        return None
    if theirs is None or theirs.line is not None:
        draft.waiting.append(_until_it_runs(spec, other))
        return None
    ends = _answered(spec, wanted, setting, draft, today)
    if ends is None:
        return None
    usual, longest = term_end(today, spec.term), term_end(today, other.spec.term)
    end = min(theirs.day, longest) if theirs.day is not None else last_month_end(longest)
    day = shared_end(spec.term, today, Running(end=end, term=other.spec.term))
    if day is None:
        draft.diagnostics.append(_not_allowed(spec, wanted, day, ends, usual))
    elif day != usual and day not in {item.day for item in ends}:
        draft.waiting.append(_until_it_runs(spec, other))  # once it runs, the provider may offer the day
    elif day != usual:
        return day
    return None


def buy_before(spec: SubscriptionSpec, setting: Setting) -> datetime | None:
    """Until when a purchase must be sent that ends with another one of its plan because both are bought on one day."""
    other = setting.aligned
    if other is None or other.live is not None or other.spec.custom_end is not None:
        return None
    return at_midnight(setting.now.astimezone(UTC).date() + timedelta(days=1))


def wait_for_end(spec: SubscriptionSpec, other: Base) -> Decision:
    """A line that is to end with one that is not bought now: it waits with it."""
    waiting = _until_it_runs(spec, other)
    return Decision(symbol="?", waiting=(waiting,), notes=(waiting.text,))


def _answered(
    spec: SubscriptionSpec, wanted: CustomEnd, setting: Setting, draft: Draft, today: date
) -> tuple[TermEnd, ...] | None:
    answer = setting.term_ends
    if isinstance(answer, TermEnds):
        return answer.ends
    if setting.new_customer:
        # nobody can be asked about who does not exist: without subscriptions only the month's end is allowed (§13.6)
        return allowed_ends(spec.term, today)
    why = f" ({answer.reason})" if isinstance(answer, Unanswered) else ""
    draft.waiting.append(_blocked(spec, f"on which days it may end could not be asked{why}; plan again later"))
    return None


def _day(wanted: CustomEnd, aligned: Base | None, ends: Iterable[TermEnd], usual: date) -> date | None:
    if wanted.day is not None:
        return wanted.day
    if wanted.month_end:
        return last_month_end(usual)
    live = aligned.live if aligned is not None else None
    if live is None:
        return None
    named = [item.day for item in ends if live.id in item.subscriptions]
    return max(named, default=_last(live.term_ends))


def _not_allowed(
    spec: SubscriptionSpec, wanted: CustomEnd, day: date | None, ends: Iterable[TermEnd], usual: date
) -> Diagnostic:
    legal = sorted({item.day for item in ends})
    shown = listed([f"`{item}`" for item in legal[:_SHOWN]]) + (" …" if len(legal) > _SHOWN else "")
    return _refuse(
        spec,
        wanted,
        f"a first term of {spec.term} bought today cannot end on {day}" if day else "it has no end that can be shared",
        f"say {shown} under `customTermEnd`, or take it out: then it ends on {usual}"
        if legal
        else f"take `customTermEnd` out: then it ends on {usual}",
    )


def _last(exclusive: datetime | None) -> date | None:
    return (exclusive.astimezone(UTC) - timedelta(microseconds=1)).date() if exclusive is not None else None


def _until_it_runs(spec: SubscriptionSpec, other: Base) -> Waiting:
    name = other.spec.address.name
    return _blocked(spec, f"it is to end with `{name}`, whose end is known once it runs; plan again then")


def _blocked(spec: SubscriptionSpec, text: str) -> Waiting:
    return Waiting(address=spec.address, kind="blocked", code="CSP367", text=text, origin=spec.origin)


def _refuse(spec: SubscriptionSpec, wanted: CustomEnd, message: str, hint: str) -> Diagnostic:
    return error("CSP366", message, origin=wanted.origin, address=str(spec.address), hint=hint)
