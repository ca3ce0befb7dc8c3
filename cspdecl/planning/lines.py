"""Rows become the lines of a plan as people read it: customer, bundle, component, subscription, service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cspdecl.commerce.values import Decision, Symbol
from cspdecl.commerce.words import counted, day, last_day, seats
from cspdecl.core.action import ChangeTerm, Resume, ScheduleRenewal, Suspend, Transition
from cspdecl.core.address import Address
from cspdecl.core.desired import BundleInstance, CustomerSpec, ServiceSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import ExactMoney
from cspdecl.core.operation import PlanLine
from cspdecl.core.project import PriceBook
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.bundles import seats_billed
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sentences import Sentence, about_cost, about_sell, about_windows, end_words, months

_BILLED = {BillingCycle.ANNUAL: "yearly", BillingCycle.TRIENNIAL: "every three years"}
_ENDS = {"renew": "renews", "cancel": "ends with its term", "extend": "goes on month by month"}


def plan_lines(plan: CustomerPlan, spec: CustomerSpec | None, prices: PriceBook) -> list[PlanLine]:
    """All lines of a customer, in the order of its manifest; a bundle's line stands before its components."""
    if not plan.rows:
        return []
    bundles = {bundle.address: bundle for bundle in spec.bundles} if spec else {}
    groups: dict[Address, list[Row]] = {}
    for row in plan.rows:
        top = row.address.parent if row.address.parent in bundles else row.address
        groups.setdefault(top, []).append(row)
    out: list[PlanLine] = []
    for top in sorted(groups, key=lambda one: _place(one, groups[one], bundles)):
        rows = groups[top]
        if top in bundles:
            order = {address: index for index, address in enumerate(bundles[top].components)}
            rows.sort(key=lambda row: (order.get(row.address, len(order)), row.address))
            out.append(_bundle_line(bundles[top], rows, spec))
            out += [_row_line(row, prices, component=True, fresh=_all_new(rows)) for row in rows]
        else:
            out += [_row_line(row, prices, component=False, fresh=False) for row in rows]
    return out


def _place(top: Address, rows: Sequence[Row], bundles: dict[Address, BundleInstance]) -> tuple[object, ...]:
    if not top.path:
        return (0,)
    origin = bundles[top].origin if top in bundles else rows[0].spec.origin if rows[0].spec else None
    return (2, top) if origin is None else (1, *_path(origin), top)


def _path(origin: Origin) -> tuple[tuple[str, ...], ...]:
    return (tuple(f"{part:09d}" if isinstance(part, int) else part for part in origin.path),)


def _all_new(rows: Iterable[Row]) -> bool:
    return all(row.kind == "buy" for row in rows)


# ---- one row ----


def _row_line(row: Row, prices: PriceBook, *, component: bool, fresh: bool) -> PlanLine:
    if row.parts:
        return _split_line(row, prices, component=component, fresh=fresh)
    decision = row.decision
    sentences: list[Sentence] = []
    if row.adopted and row.live is not None and row.kind != "adopt":
        sentences.append(Sentence.open(f"takes over {_running(row.live)}"))
    if row.source is not None and row.kind != "adopt":
        sentences.append(Sentence.open(f"was called {'/'.join(row.source.path)}"))
    if decision is not None and row.kind not in ("forget", "blocked"):
        sentences += about_windows(decision, row.live, prices)
    elif decision is not None:
        sentences += [Sentence.open(f"{item.message} ({item.code})") for item in decision.diagnostics
                      if item.severity == "error"]  # fmt: skip
    if row.preview is not None:
        cost, sell = months(row.preview)
        service = isinstance(row.spec, ServiceSpec) or (row.spec is None and row.live is None)
        if not service and not fresh:
            merged = row.kind == "buy" and sell is not None and not row.preview.unknown
            if not (merged and not component):
                sentences += about_cost(row.preview)
            if not component:
                sentences += about_sell(sell, cost, with_cost=merged, cost_known=not row.preview.unknown)
        elif service and not component:
            sentences += about_sell(sell, None, with_cost=False)
        elif fresh and row.preview.unknown:
            sentences += about_cost(row.preview)
    if row.preview is not None and row.preview.sell_unknown:
        sentences.append(Sentence(f"our price is not known: {row.preview.sell_unknown}", "our price is not known"))
    sentences += [Sentence(full, public) for full, public in row.repriced]
    if row.note:
        sentences.append(Sentence.open(row.note))
    symbol, summary = _head(row, component=component)
    return PlanLine(
        address=row.address,
        symbol=symbol,
        title=_title(row),
        before=decision.before if decision else None,
        after=decision.after if decision else None,
        later=decision.later if decision else None,
        later_on=decision.later_on if decision else None,
        summary=summary,
        notes=_full(sentences),
        notes_sell=_public(sentences),
        operations=row.operations,
        provider=row.spec.provider
        if isinstance(row.spec, SubscriptionSpec)
        else row.gone.provider
        if row.gone
        else row.provider,
        ids=(row.live.id,) if row.live else row.gone.ids if row.gone else (),
    )


def _split_line(row: Row, prices: PriceBook, *, component: bool, fresh: bool) -> PlanLine:
    """A line that stands for two subscriptions: one line, and under it what is said of each part by its offer."""
    whole = _row_line(replace(row, parts=(), preview=None, note=None), prices, component=component, fresh=fresh)
    said = [
        (part.offer_title or str(part.live.offer if part.live else ""),
         _row_line(part, prices, component=component, fresh=fresh))
        for part in row.parts
    ]  # fmt: skip
    notes = tuple(f"{title}: {text}" for title, line in said for text in line.notes)
    public = [(title, line.notes if line.notes_sell is None else line.notes_sell) for title, line in said]
    seen = tuple(f"{title}: {text}" for title, texts in public for text in texts)
    ids = tuple(ident for _title, line in said for ident in line.ids)
    return replace(whole, notes=notes, notes_sell=None if seen == notes else seen, ids=ids)


def _head(row: Row, *, component: bool) -> tuple[Symbol, str]:
    decision = row.decision
    if not row.address.path:
        account: dict[str, tuple[Symbol, str]] = {"buy": ("+", "to be created"), "adopt": ("=>", "taken over")}
        return account.get(row.kind, ("~", "changed"))
    match row.kind:
        case "forget":
            return "=>", "no longer managed"
        case "adopt":
            if row.source is not None:
                return "=>", f"was {'/'.join(row.source.path)}"
            return "=>", f"taken over: {_running(row.live)}" if row.live else "taken over"
        case "blocked":
            waits = "taken over; the rest waits, see below" if row.operations else "waits, see below"
            return "?", waits if decision is not None and decision.waiting else "refused"
        case _ if decision is not None:
            return decision.symbol, row.summary or _summary(row, decision, component=component)
        case _:
            return " ", ""


def _running(live: LiveSubscription) -> str:
    if live.product == "azure_plan":
        return live.id
    until = f" until {last_day(live.term_ends)}" if live.term_ends else ""
    return f"{live.id}, {seats(live.seats)}{until}"


def _summary(row: Row, decision: Decision, *, component: bool) -> str:
    unit = "seat" if isinstance(row.spec, SubscriptionSpec) or row.live is not None else "unit"
    if row.kind == "buy":
        count = counted(decision.after or 0, unit)
        if component or not isinstance(row.spec, SubscriptionSpec):
            return count
        return f"{count}, {_terms(row.spec)}"
    if row.kind == "cancel":
        if decision.later_on is not None and decision.after:
            return f"ends on {last_day(decision.later_on)}, {counted(decision.after, unit)}"
        return f"{decision.before} → 0" if component else f"{counted(decision.before or 0, unit)}, cancelled now"
    before, after, later = decision.before, decision.after, decision.later
    if later is not None and before == after:
        return f"{before} → {counted(later, unit)} {end_words(decision)}"
    if later is not None:
        return f"{before} → {counted(after or 0, unit)} now, → {later} {end_words(decision)}"
    moved = next((step.action for step in decision.steps if isinstance(step.action, Transition)), None)
    if before == after and moved is not None:
        part = moved.seats < (after or 0)
        return (
            f"{moved.seats} of {counted(after or 0, unit)} upgraded"
            if part
            else f"{counted(after or 0, unit)}, upgraded"
        )
    if before == after:
        return f"{counted(after or 0, unit)}{_what_changes(decision)}"
    return f"{before} → {after}" if component else f"{before} → {counted(after or 0, unit)} now"


def _what_changes(decision: Decision) -> str:
    """What becomes of a line whose seats stay, in a word or two."""
    for step in decision.steps:
        match step.action:
            case Suspend():
                return ", suspended"
            case Resume():
                return ", runs again"
            case ChangeTerm(term=term, billing=billing):
                return f", {term} billed {_BILLED.get(billing, billing)} from now on"
            case ScheduleRenewal() if decision.later_on is not None:
                return f", changed {end_words(decision)}"
    return " as before"


def _terms(spec: SubscriptionSpec) -> str:
    if spec.trial:
        return "a trial"
    if spec.term is Term.ONCE:
        return "bought for good"
    billed = _BILLED.get(spec.billing, spec.billing)
    return f"{spec.term} billed {billed}, {_ENDS.get(spec.end_of_term or '', 'end of term left open')}"


def _title(row: Row) -> str:
    spec = row.spec
    if isinstance(spec, ServiceSpec):
        return (
            f"{spec.display_name} ({spec.service}, own service)"
            if spec.display_name
            else (f"{spec.service}, own service")
        )
    if spec is None and not row.address.path:
        return row.offer_title or ""
    if spec is None:
        if row.gone is not None:
            return row.offer_title or (str(row.gone.offer) if row.gone.offer else "")
        if row.summary is not None:
            return row.offer_title or ""
        return f"{row.offer_title}, own service" if row.offer_title else ""
    title = row.offer_title or str(spec.offer)
    return f"{spec.display_name} ({title})" if spec.display_name and spec.display_name != title else title


# ---- a bundle ----


def _bundle_line(bundle: BundleInstance, rows: Sequence[Row], spec: CustomerSpec | None) -> PlanLine:
    anchor = next((row for row in rows if row.address == bundle.anchor), None)
    lines: dict[Address, SubscriptionSpec | ServiceSpec] = {}
    if spec is not None:
        lines.update((line.address, line) for line in spec.subscriptions)
        lines.update((service.address, service) for service in spec.services)
    declared = lines.get(bundle.anchor)
    before = after = bundle.seats
    later, later_on, summary = None, None, seats(bundle.seats)
    if anchor is not None and anchor.decision is not None and anchor.decision.before is not None and declared:
        decision = anchor.decision
        before = seats_billed(declared, bundle, decision.before or 0)
        after = seats_billed(declared, bundle, decision.after or 0)
        later = seats_billed(declared, bundle, decision.later) if decision.later is not None else None
        later_on = decision.later_on
        summary = _bundle_summary(anchor, before, after, later)
    sentences = _bundle_money(rows)
    return PlanLine(
        address=bundle.address,
        symbol=_bundle_symbol(rows),
        title=f"{bundle.display_name} {bundle.version}",
        before=before,
        after=after,
        later=later,
        later_on=later_on,
        summary=summary,
        notes=_full(sentences),
        notes_sell=_public(sentences),
        is_bundle=True,
    )


def _bundle_summary(anchor: Row, before: int, after: int, later: int | None) -> str:
    decision = anchor.decision or Decision()
    if anchor.kind == "buy" and isinstance(anchor.spec, SubscriptionSpec):
        return f"{seats(after)}, {_terms(anchor.spec)}"
    if anchor.kind == "cancel":
        ends = f", ends on {last_day(decision.later_on)}" if decision.later_on and after else ", cancelled now"
        return seats(before) + ends
    if later is not None and decision.later_on is not None:
        on = f"at renewal on {day(decision.later_on)}"
        return (
            f"{before} → {seats(later)} {on}" if before == after else f"{before} → {seats(after)} now, → {later} {on}"
        )
    return f"{before} → {seats(after)} now" if before != after else seats(after)


def _bundle_symbol(rows: Sequence[Row]) -> Symbol:
    kinds = {row.kind for row in rows}
    pure: tuple[tuple[str, Symbol], ...] = (("buy", "+"), ("cancel", "-"), ("blocked", "?"), ("adopt", "=>"))
    for kind, symbol in pure:
        if kinds == {kind}:
            return symbol
    return " " if kinds <= {"forget"} else "~"


def _bundle_money(rows: Sequence[Row]) -> list[Sentence]:
    cost: ExactMoney | None = None
    sell: ExactMoney | None = None
    known = True
    for row in rows:
        if row.preview is None:
            continue
        known = known and not row.preview.unknown
        row_cost, row_sell = months(row.preview)
        cost = row_cost if cost is None or row_cost is None else cost + row_cost
        if row_sell is not None:
            sell = row_sell if sell is None else sell + row_sell
    fresh = _all_new(rows)
    if sell is None and fresh and known and cost is not None:
        from cspdecl.core.money import Rounding
        from cspdecl.planning.sentences import signed

        return [Sentence(f"cost {signed(cost.rounded(Rounding.HALF_UP))} a month", None)]
    return about_sell(sell, cost, with_cost=fresh, cost_known=known)


def _full(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    return tuple(item.full for item in sentences if item.full is not None)


def _public(sentences: Sequence[Sentence]) -> tuple[str, ...] | None:
    if all(item.full == item.sell for item in sentences):
        return None
    return tuple(item.sell for item in sentences if item.sell is not None)
