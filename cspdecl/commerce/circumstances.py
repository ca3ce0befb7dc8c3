"""What a customer's circumstances allow: a hold, a qualification that is missing, a reseller that may not sell.

Each function takes what is wished and answers what is left of it, what waits, or why it is refused. They speak before
the rules about the line itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from cspdecl.commerce.values import Draft, Setting, Split, Step
from cspdecl.commerce.words import day, seats
from cspdecl.core.action import SetReseller
from cspdecl.core.capability import Capability
from cspdecl.core.desired import AtRenewal, Hold, ResellerOfRecord, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, Origin, error, warning
from cspdecl.core.inquiry import ResellerStanding, Unanswered
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription, Status
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import at_midnight

# What each end of a term commits to, from the least: an extension can be left on any day (contract §13.8, 2026).
_COMMITS: dict[LiveEndOfTerm, int] = {"cancel": 0, "unset": 1, "extend": 1, "renew": 2}
_SHOWN = 6

# ---- a hold ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a hold leaves of a line, and in words what it holds back. `split` likewise, of a line of two parts."""

    spec: SubscriptionSpec
    held: tuple[str, ...] = ()
    split: Split | None = None


def under_hold(spec: SubscriptionSpec, live: LiveSubscription | None, split: Split | None = None) -> Wish:
    """The part of a line that buys nothing: what is reduced, ended or left as it is. What is not there is not bought.

    A renewal that is set to happen stays so; one that is not is not switched on.
    """
    if live is None or spec.absent:
        return Wish(spec=spec, split=split)
    held: list[str] = []
    spec, split = _no_upgrade(spec, live, split, held)
    if spec.seats > live.seats:
        held.append(f"{live.seats} → {seats(spec.seats)}")
        spec = replace(spec, seats=live.seats)
    longer = live.term is not None and spec.term.months > live.term.months and not spec.trial
    if longer and live.term is not None and live.billing is not None:
        held.append(f"a term of {spec.term}, {live.term} runs")
        spec = replace(spec, term=live.term, billing=live.billing)
    if live.status is Status.SUSPENDED and not spec.suspended:
        held.append("starting the service again")
        spec = replace(spec, suspended=True, end_of_term=None)
    if spec.end_of_term is not None and _COMMITS[spec.end_of_term] > _COMMITS[live.end_of_term]:
        held.append(f"`endOfTerm: {spec.end_of_term}`")
        spec = replace(spec, end_of_term=None if live.end_of_term == "unset" else live.end_of_term)
    if spec.trial and live.trial:
        spec = _less_after_trial(spec, live, held)
    if spec.at_renewal is not None:
        spec = replace(spec, at_renewal=_less_at_renewal(spec.at_renewal, live, held))
    return Wish(spec=spec, held=tuple(held), split=split)


def _no_upgrade(
    spec: SubscriptionSpec, live: LiveSubscription, split: Split | None, held: list[str]
) -> tuple[SubscriptionSpec, Split | None]:
    if split is not None:
        if split.moving and split.part == "source":
            held.append(f"the upgrade of {seats(split.moving)}")
            spec = replace(spec, seats=spec.seats + split.moving)
        return spec, replace(split, moving=0)
    if spec.upgrade is not None and live.offer is not None and spec.offer != live.offer:
        held.append(f"the upgrade to {spec.offer}")
        spec = replace(spec, offer=live.offer, upgrade=None, trial=live.trial)
        if live.trial:  # what runs is left as it is, its conversion by itself included
            spec = replace(spec, seats=live.seats, term=live.term or spec.term, billing=live.billing or spec.billing,
                           end_of_term=None, at_renewal=None)  # fmt: skip
    return spec, split


def _less_after_trial(spec: SubscriptionSpec, live: LiveSubscription, held: list[str]) -> SubscriptionSpec:
    """A trial becomes paid by itself: no more than it would anyway, and not at all where that is off already."""
    if live.end_of_term != "renew":
        return replace(spec, end_of_term="cancel", renews_to=None)
    wanted, have = spec.renews_to, live.scheduled
    if wanted is None or have is None:
        return spec
    more = (wanted.seats or 0) > have.seats or (wanted.term is not None and wanted.term.months > have.term.months)
    if more or wanted.offer not in (None, have.offer):
        held.append("what the trial is to become (`renewsTo`)")
        return replace(spec, renews_to=None)
    return spec


def _less_at_renewal(wanted: AtRenewal, live: LiveSubscription, held: list[str]) -> AtRenewal | None:
    """What of `atRenewal` is no more than what runs or is scheduled already."""
    have = live.scheduled
    left = wanted
    if wanted.seats is not None and wanted.seats > max(live.seats, have.seats if have else 0):
        held.append(f"{seats(wanted.seats)} at the renewal")
        left = replace(left, seats=None)
    if wanted.offer not in (None, live.offer, have.offer if have else None):
        held.append(f"{wanted.offer} at the renewal")
        left = replace(left, offer=None)
    longest = max(live.term.months if live.term else 0, have.term.months if have else 0)
    if wanted.term is not None and wanted.term.months > longest:
        held.append(f"a term of {wanted.term} at the renewal")
        left = replace(left, term=None, billing=None, ends=None)
    nothing = AtRenewal(origin=wanted.origin)
    return None if left == nothing else left


def held_back(spec: SubscriptionSpec, hold: Hold, held: Iterable[str]) -> Waiting:
    """That something is not bought while the customer is on hold."""
    what = ", ".join(held)
    return blocked(spec, "CSP380", f"{what}: nothing is bought while {hold_words(hold)}")


def hold_words(hold: Hold) -> str:
    """Since when and why: "the customer is on hold since 2026-11-01 (three invoices open)"."""
    return f"the customer is on hold since {day(at_midnight(hold.since))} ({hold.reason})"


def renewals_on_hold(
    hold: Hold, lines: Iterable[tuple[SubscriptionSpec, LiveSubscription]], customer: str
) -> Diagnostic | None:
    """Which renewals will commit again all the same: a hold does not switch them off (contract §22.28)."""
    due = sorted(
        (
            (live.term_ends, spec, live)
            for spec, live in lines
            if live.term_ends is not None and live.end_of_term == "renew" and not spec.absent
            and spec.end_of_term in (None, "renew") and live.status is Status.ACTIVE
        ),
        key=lambda item: (item[0], item[1].address),
    )  # fmt: skip
    if not due:
        return None
    words = [f"{'/'.join(spec.address.path)} {_commits_on(spec, live)}" for _ends, spec, live in due[:_SHOWN]]
    rest = len(due) - len(words)
    return warning(
        "CSP381",
        f"{hold_words(hold)}, and {len(due)} {'renewal commits' if len(due) == 1 else 'renewals commit'} again: "
        + ", ".join(words) + (f" and {rest} more" if rest else ""),
        origin=hold.origin,
        address=customer,
        hint="a renewal is a purchase, and a hold switches none off: say `endOfTerm: cancel` where none is wanted",
    )  # fmt: skip


def _commits_on(spec: SubscriptionSpec, live: LiveSubscription) -> str:
    on = day(live.term_ends) if live.term_ends is not None else "a day that is not shown"
    following = live.scheduled
    count = following.seats if following else min(spec.seats, live.seats)
    term = following.term if following else live.term
    if live.trial:
        return f"on {on}, when the trial becomes paid ({seats(count)}, {term})"
    return f"on {on} ({seats(count)}, {term})"


# ---- a qualification ----


def check_qualified(spec: SubscriptionSpec, setting: Setting) -> Waiting | Diagnostic | None:
    """Whether the customer may buy from its segment: waits while that is not decided, refused when it was denied.

    contract §6 (2023-10): approved, in review or denied. An unread qualification is never taken for a yes.
    """
    name = setting.segment
    if name == "commercial":
        return None
    if setting.qualifications is None and not setting.new_customer:
        return blocked(
            spec, "CSP383", f"{seats(spec.seats)} of {spec.offer} wait: whether the customer is qualified for {name} "
            "offers could not be read",
        )  # fmt: skip
    found = next((one for one in setting.qualifications or () if one.name == name), None)
    if found is not None and found.status == "approved":
        return None
    if found is not None and found.status == "denied":
        return error(
            "CSP385",
            f"{spec.offer} is sold to {name} customers, and Microsoft has denied this customer that qualification",
            origin=spec.origin.at("offer"),
            address=str(spec.address),
            hint="declare the commercial offer and take `qualification` out, or settle it with Microsoft",
        )
    why = "Microsoft is still vetting it" if found is not None else "it has to be asked for first"
    return blocked(
        spec, "CSP384", f"{seats(spec.seats)} of {spec.offer} wait for the customer's {name} qualification: {why}"
    )


def not_in_segment(spec: SubscriptionSpec, segment: str) -> Diagnostic | None:
    """That an offer is not sold to such customers; None for commercial ones, of whom the market decides."""
    if segment == "commercial":
        return None
    return error(
        "CSP386",
        f"{spec.offer} is not sold to {segment} customers",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        label=f"`qualification` opens the {segment} list, which has offers of its own",
        hint=f"choose the {segment} offer; what runs already is left as it is",
    )


# ---- a reseller ----


def check_reseller(origin: Origin, address: str, setting: Setting) -> Diagnostic | str | None:
    """Whether the reseller may be put on record of an order: a refusal, why it waits as a sentence, or None.

    contract §6, §10, §22.24 (2023-10): an order without its reseller fails nothing and records none, so it is required
    here; one that is not attested is refused by the provider (900206), one of a reseller without agreement, too
    (900123).
    """
    wanted = setting.reseller
    if setting.model != "indirect-provider" or wanted is None:
        return None
    if Capability.RESELLER_OF_RECORD not in setting.capabilities:
        return "this provider cannot put a reseller on record"
    if not wanted.attested:
        return error(
            "CSP391",
            f"the order for reseller {wanted.partner_id} is not attested",
            origin=wanted.origin,
            address=address,
            related=(origin,),
            hint="say `reseller: {attested: true}` once the reseller stands behind its orders",
        )
    for partner in (wanted.partner_id, *wanted.additional):
        said = setting.standings.get(partner)
        if said is None or isinstance(said, Unanswered):
            why = said.reason if isinstance(said, Unanswered) else "it was not asked"
            return f"whether reseller {partner} may sell could not be read ({why})"
        unfit = _unfit_reseller(wanted, said, setting, address)
        if unfit is not None:
            return unfit
    return None


def _unfit_reseller(
    wanted: ResellerOfRecord, said: ResellerStanding, setting: Setting, address: str
) -> Diagnostic | str | None:
    name = f"{said.partner_id} ({said.name})" if said.name else said.partner_id
    if not said.agreement_signed:
        return f"reseller {name} has not signed Microsoft's partner agreement"
    if said.region and setting.country is not None and setting.country not in said.region:
        return error(
            "CSP392",
            f"reseller {name} may not sell in {setting.country}",
            origin=wanted.origin,
            address=address,
            label=f"it may sell in {', '.join(said.region[:_SHOWN])}"
            + (" and more" if len(said.region) > _SHOWN else ""),
            hint="name a reseller of the customer's region",
        )
    return None


# ---- together ----


def refused_by_circumstances(spec: SubscriptionSpec, setting: Setting) -> Diagnostic | None:
    """Why the customer may not buy this line at all, whatever it costs."""
    for found in (check_qualified(spec, setting), check_reseller(spec.origin, str(spec.address), setting)):
        if isinstance(found, Diagnostic):
            return found
    return None


def waits_for_circumstances(spec: SubscriptionSpec, setting: Setting) -> Waiting | None:
    """What buying this line waits for: the end of a hold, a qualification, a reseller that may be named."""
    if setting.hold is not None:
        return held_back(spec, setting.hold, [f"{seats(spec.seats)} of {spec.offer}"])
    qualified = check_qualified(spec, setting)
    if isinstance(qualified, Waiting):
        return qualified
    reseller = check_reseller(spec.origin, str(spec.address), setting)
    if isinstance(reseller, str):
        return blocked(spec, "CSP390", f"{seats(spec.seats)} of {spec.offer} wait: {reseller}")
    return None


# ---- small things ----


def blocked(spec: SubscriptionSpec, code: str, text: str, kind: Literal["blocked", "manual"] = "blocked") -> Waiting:
    """Something about a line that waits for its customer's circumstances."""
    return Waiting(address=spec.address, kind=kind, code=code, text=text, origin=spec.origin)


def decide_reseller(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    """Put the declared reseller on record of what runs already (its `partnerId`; contract §13.1, error 800098)."""
    wanted = setting.reseller
    if wanted is None:
        return
    if Capability.RESELLER_OF_RECORD not in setting.capabilities:
        text = f"put reseller {wanted.partner_id} on record in the provider's portal: this provider cannot"
        draft.waiting.append(blocked(spec, "CSP360", text, "manual"))
        return
    found = check_reseller(spec.origin, str(spec.address), setting)
    if isinstance(found, Diagnostic):
        draft.diagnostics.append(found)
    elif found is not None:
        draft.waiting.append(blocked(spec, "CSP390", f"reseller {wanted.partner_id} is not put on record: {found}"))
    else:
        was = f"{live.reseller} is on record" if live.reseller else "none is on record"
        reason = Reason(code="reseller", text=f"reseller {wanted.partner_id} is declared, {was}")
        draft.steps.append(Step(action=SetReseller(before=live.reseller, after=wanted.partner_id), reason=reason))
        draft.notes.append(f"puts reseller {wanted.partner_id} on record ({was} so far)")
