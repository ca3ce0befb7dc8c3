"""`drift --explain`: everything that differs about a subscription, in words a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cspdecl.commerce.words import day, last_day, seats
from cspdecl.core.address import Address
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import LiveSubscription, NextTerm
from cspdecl.core.records import Recorded
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.compare import plain_name
from cspdecl.planning.drift_values import Expected, Renamed
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.safe import padded, safe_text

_TERMS = {Term.P1M: "one month", Term.P1Y: "one year", Term.P3Y: "three years"}
_BILLED = {BillingCycle.MONTHLY: "monthly", BillingCycle.ANNUAL: "yearly", BillingCycle.TRIENNIAL: "every three years"}
_ENDS = {"renew": "renews", "cancel": "ends", "extend": "goes on by the month", "unset": "left open, auto-renew is off"}

#: What tenants and catalogues named: shown as it is, in every language.
_NAMED = ("offer", "offer's name", "name in the portal", "id")

#: A subscription in a person's words: what is asked about it, and the answer.
Portrait = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs: as we left it, as it is, as it is declared. None: it is not there, or nobody says."""

    field: str
    was: str | None
    live: str | None
    declared: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Everything that differs about one subscription with findings."""

    address: Address
    differences: tuple[Difference, ...]


def portrait_of_live(item: LiveSubscription, *, named: bool = False) -> Portrait:
    """A subscription as it is; with its name in the portal where that matters."""
    found = _portrait(
        str(item.offer) if item.offer else None, item.seats, item.term, item.billing, item.end_of_term, item.scheduled
    )
    found["status"] = str(item.status)
    if named:
        found["name in the portal"] = f"“{plain_name(item.nickname)}”"
    return found


def portrait_of_new(item: LiveSubscription) -> Portrait:
    """A subscription that nobody declared: all there is to know about it."""
    until = {"runs until": last_day(item.term_ends)} if item.term_ends else {}
    about = {"id": item.id, "bought on": day(item.created), "offer's name": item.title, **until}
    return {**about, **portrait_of_live(item, named=bool(item.nickname))}


def portrait_of_expected(left: Expected, own: Recorded, *, name: str | None = None) -> Portrait:
    """A subscription as our last operation left it, moved on over terms that passed."""
    end = left.ends[0] if left.ends else None
    found = _portrait(left.offer, left.seats, left.term, left.billing, end, left.scheduled)
    found["status"] = str(own.provider_status or "active")
    if name is not None:
        found["name in the portal"] = f"“{plain_name(name)}”"
    return found


def portrait_of_line(line: SubscriptionSpec) -> Portrait:
    """A subscription as declared."""
    end = "cancel" if line.absent else line.end_of_term
    found = _portrait(str(line.offer), line.seats, line.term, line.billing, end, None)
    del found["scheduled for the renewal"]
    found["status"] = "active"
    if line.nickname is not None:
        found["name in the portal"] = f"“{line.nickname}”"
    return found


def _portrait(
    offer: str | None, count: int, term: Term | None, billing: BillingCycle | None, end: str | None,
    scheduled: NextTerm | None,
) -> dict[str, str]:  # fmt: skip
    found = {
        "offer": offer,
        "seats": str(count),
        "term": _TERMS.get(term, str(term)) if term else None,
        "billed": _BILLED.get(billing, str(billing)) if billing else None,
        "at the end of its term": _ENDS.get(end, end) if end else None,
        "scheduled for the renewal": _next(scheduled),
    }
    return {name: value for name, value in found.items() if value is not None}


def _next(item: NextTerm | None) -> str:
    if item is None:
        return "nothing"
    term, billed = _TERMS.get(item.term, item.term), _BILLED.get(item.billing, item.billing)
    return f"{seats(item.seats)} of {item.offer} for {term}, billed {billed}"


def render_explained(
    explained: Iterable[Explained], renamed: Sequence[Renamed] = (), *, lang: Language = ENGLISH
) -> str:
    """Everything that differs, by subscription: as it was left → as it is (as declared)."""
    out: list[str] = []
    for item in explained:
        name = safe_text(str(item.address))
        out += ["", lang.say("{address} (as left by our last operation → as it is)", address=name)]
        out += [_difference(one, lang) for one in item.differences]
        if not item.differences:
            out.append("  " + lang.say("nothing else is known"))
    if renamed:
        out += ["", lang.say("Renamed in the provider's portal (no `nickname` is declared, so this is no drift):")]
        out += [f"  {safe_text(str(one.address))}: “{safe_text(one.was)}” → “{safe_text(one.live)}”" for one in renamed]
    return "\n".join(out) + "\n" if out else ""


def _difference(item: Difference, lang: Language) -> str:
    named = item.field in _NAMED

    def shown(text: str) -> str:
        return safe_text(text if named else lang.sentence(text))

    name = padded(lang.sentence(item.field), 26)
    if item.was is None:
        return f"  {name}{shown(item.live or 'not known')}"
    live = shown("not there any more" if item.live is None else item.live)
    declared = ""
    if item.declared is not None and item.live is not None:
        declared = "   (" + lang.say("{value} is declared", value=shown(item.declared)) + ")"
    return f"  {name}{shown(item.was)} → {live}{declared}"
