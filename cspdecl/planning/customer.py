"""One customer: match, compare, decide, put in order. Everything here is about this customer alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

from cspdecl.commerce.decide import decide
from cspdecl.commerce.decide_coterm import note_running_end
from cspdecl.commerce.decide_trial import as_sold
from cspdecl.commerce.prices import market_of, prices_in
from cspdecl.commerce.values import Decision, Delta
from cspdecl.core.action import Adopt, Cancel, Forget, Purchase, Rebind, SetSeats, Transition
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import CustomerSpec, Move, Retired, SubscriptionSpec
from cspdecl.core.live import Binding, LiveCustomer, LiveSubscription
from cspdecl.core.operation import CustomerNote, Guard, PriceDelta, Reason
from cspdecl.core.records import BookEntry
from cspdecl.planning.account import Agreement, plan_account
from cspdecl.planning.bundles import bundle_sell_change
from cspdecl.planning.compare import compare, marked_name
from cspdecl.planning.context import bundle_of, context_of_binding, context_of_line
from cspdecl.planning.conversions import preview_bought, preview_transition, upgraded
from cspdecl.planning.match import Left, Pair, as_declared, match_customer
from cspdecl.planning.money import SellChange, add_sell, preview_seats, sell_change
from cspdecl.planning.moves import apply_moves
from cspdecl.planning.order import base_of, needed_first, ordered, wait_for_base
from cspdecl.planning.reprice import Repriced, as_recorded, mark_rows, mark_unknown, plan_reprices, resolve_prices
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence, guard_after, guard_of, purchase_mark
from cspdecl.planning.services import Booked, plan_services
from cspdecl.planning.setting import Surroundings
from cspdecl.planning.split import fold
from cspdecl.planning.world import World

_EMPTY: Mapping[Address, Binding] = {}


def plan_customer(
    world: World,
    spec: CustomerSpec,
    live: LiveCustomer | None,
    *,
    bound: Mapping[Address, Binding] = _EMPTY,
    moves: Iterable[Move] = (),
    retired: Mapping[Address, Retired],
    book: Iterable[BookEntry] = (),
) -> CustomerPlan:
    """The part of the plan about one customer. `live` None: it does not exist yet and is to be created."""
    out = CustomerPlan(key=spec.key)
    if live is not None and not book and as_declared(spec, live, bound) and as_recorded(world, spec, live, bound):
        out.unchanged = len(spec.subscriptions)
        return out
    sequence = Sequence(last_hashes=world.last_hashes)
    world = replace(world, prices=prices_in(world.prices, market_of(spec, live)))
    moved = apply_moves(bound, moves)
    there = live or _nobody(spec, world.now)
    matched = match_customer(spec, there, moved, retired)
    out.diagnostics += matched.diagnostics
    resolved = resolve_prices(world, spec, matched.pairs)
    spec, matched.pairs = resolved.spec, resolved.pairs
    pairs = [(pair, _difference(pair)) for pair in ordered(matched.pairs, spec)]
    buys = any(pair.live is None and not pair.spec.absent for pair in matched.pairs)
    capabilities = world.capabilities.get(spec.provider, Capability.NONE)
    agreement = plan_account(
        spec, live, bound.get(Address(spec.key)), capabilities=capabilities, buys=buys, sequence=sequence, out=out
    )
    if agreement is None:
        return out
    repriced = plan_reprices(world, resolved, sequence, book=book)
    planner = _Lines(world, spec, there, live, matched.pairs, agreement, sequence, out, repriced)
    for pair, delta in pairs:
        if delta is None and pair.live is not None and pair.how == "bound" and pair.spec.address not in repriced:
            planner.unchanged(pair)
        else:
            planner.line(pair, delta)
    planner.fold_parts()
    blocked = {row.address for row in out.rows if row.kind == "blocked"}
    held = frozenset(bundle.address for bundle in spec.bundles if bundle.anchor in blocked)
    booked = Booked(entries=book, anchors=planner.anchors, held=held, repriced=repriced)
    plan_services(spec, booked, retired, sequence, out)
    titles = {item.id: item.title for item in there.subscriptions}
    for left in matched.left:
        forget(left, sequence, out, title=next((titles[one] for one in left.binding.ids if one in titles), None))
    out.operations = mark_unknown(resolved, sequence.operations)
    out.rows = mark_rows(resolved, out.rows)
    if out.rows:
        out.diagnostics += resolved.diagnostics
    out.unmanaged = [f"{spec.key}/{item.id}" for item in matched.unmanaged]
    name = live.name if live else spec.create.profile.company_name if spec.create else spec.key
    out.note = CustomerNote(
        key=spec.key,
        name=spec.display_name or name,
        tenant=live.tenant if live else None,
        agreement=live.agreement if live else "none",
    )
    return out


def forget(left: Left, sequence: Sequence, out: CustomerPlan, *, title: str | None = None) -> None:
    """Let a binding go: the subscription, where it still runs, stays as it is and stays billed."""
    binding, address = left.binding, left.binding.address
    words = {
        "removed": "it is no longer declared: it is left as it is, no longer managed, and stays billed",
        "retired": "the bundle retired it and keeps it: it is left as it is, no longer managed, and stays billed",
        "ended": "it has ended at the provider: its binding goes",
    }
    ident = sequence.add(
        address,
        Forget(ids=binding.ids),
        reason=Reason(code=left.why, text=words[left.why]),
        guard=Guard(tenant=binding.tenant),
        context=context_of_binding(address, binding),
    )
    out.rows.append(
        Row(address=address, kind="forget", operations=(ident,), gone=binding, offer_title=title, note=words[left.why])
    )


class _Lines:
    """The lines of one customer, one after another, with what they share."""

    def __init__(
        self, world: World, spec: CustomerSpec, there: LiveCustomer, live: LiveCustomer | None, pairs: list[Pair],
        agreement: Agreement, sequence: Sequence, out: CustomerPlan, repriced: Mapping[Address, Repriced],
    ) -> None:  # fmt: skip
        self.world, self.spec, self.there, self.live = world, spec, there, live
        self.pairs, self.agreement, self.sequence, self.out = pairs, agreement, sequence, out
        self.repriced = dict(repriced)
        self.anchors: dict[Address, str] = {}
        self.bought: dict[OfferKey, list[str]] = {}
        self.last: dict[Address, str] = {}
        self.unbought: set[Address] = set()
        self.around = Surroundings(world=world, spec=spec, there=there, pairs=pairs, agreement=agreement)

    def unchanged(self, pair: Pair) -> None:
        """Count a line that is as declared, and say what of it can come true only at a renewal."""
        split = pair.split
        self.out.unchanged += split is None or (split.part == "source" and not self._changes(pair))
        if pair.live is not None and pair.spec.custom_end is not None:
            aligned = self.around.line(pair.spec.custom_end.line)
            about = note_running_end(pair.spec, pair.live, aligned)
            self.out.diagnostics += [about] if about is not None else []

    def _changes(self, part: Pair) -> bool:
        """Whether the other part of the line differs from what is declared of it."""
        others = [one for one in self.pairs if one.spec.address == part.spec.address and one is not part]
        return any(_difference(one) is not None for one in others)

    def fold_parts(self) -> None:
        """One row a line, also where it stands for two subscriptions."""
        split = {pair.spec.address for pair in self.pairs if pair.split is not None}
        for address in split:
            rows = [row for row in self.out.rows if row.address == address]
            if rows:
                place = self.out.rows.index(rows[0])
                self.out.rows = [row for row in self.out.rows if row.address != address]
                running = [pair.live for pair in self.pairs if pair.spec.address == address and pair.live is not None]
                self.out.rows.insert(place, fold(rows, running))

    def line(self, pair: Pair, delta: Delta | None) -> None:
        """Decide one line and append what follows from it."""
        spec, live = pair.spec, pair.live
        if live is None and spec.absent:
            return
        offer, state = self.around.offer(spec.provider, spec.offer)
        if spec.trial:
            spec = as_sold(spec, offer)
            pair = replace(pair, spec=spec)
        title = offer.title if offer else live.title if live else None
        decision = Decision(symbol=" ")
        if live is None or delta is not None:
            delta = delta or Delta(spec=spec, live=None, fields=frozenset())
            base = base_of(spec, self.spec)
            if live is None and base in self.unbought:
                decision = wait_for_base(spec, base)
            else:
                decision = decide(delta, self.around.setting(pair, offer, state))
        if live is None and not any(isinstance(step.action, Purchase) for step in decision.steps):
            self.unbought.add(spec.address)
        self.out.diagnostics += decision.diagnostics
        self.out.waiting += decision.waiting
        price = self.repriced.pop(spec.address, None)
        operations, preview = list(price.operations) if price else [], None
        refused = any(item.severity == "error" for item in decision.diagnostics)
        second = pair.split is not None and pair.split.part == "target"
        if live is not None and pair.how != "bound" and not refused and not second:
            operations.append(self._bind(pair, live, title))
        if decision.steps:
            done, preview = self._steps(pair, decision, offer, title, tuple(operations))
            operations += done
        self._row(pair, decision, tuple(operations), preview, title, refused=refused, price=price)

    def _row(
        self, pair: Pair, decision: Decision, operations: tuple[str, ...], preview: PriceDelta | None,
        title: str | None, *, refused: bool, price: Repriced | None = None,
    ) -> None:  # fmt: skip
        kinds: dict[str, Literal["buy", "change", "cancel"]] = {"+": "buy", "-": "cancel", "~": "change"}
        kind: Literal["buy", "change", "cancel", "adopt", "blocked", "unchanged"] = "unchanged"
        if decision.steps:
            kind = kinds[decision.symbol]
        elif decision.symbol == "?" or refused:
            kind = "blocked"
        elif price is not None and pair.live is not None:
            kind = "change"
            decision = replace(decision, symbol="~", before=pair.live.seats, after=pair.live.seats)
        elif operations:
            kind = "adopt"
        if kind == "unchanged":
            self.out.unchanged += 1
            return
        self.out.rows.append(
            Row(
                address=pair.spec.address,
                kind=kind,
                spec=pair.spec,
                decision=decision,
                live=pair.live,
                operations=operations,
                preview=preview,
                offer_title=title,
                source=pair.source,
                adopted=pair.how == "adopt",
                repriced=price.notes if price else (),
            )
        )

    def _bind(self, pair: Pair, live: LiveSubscription, title: str | None) -> str:
        spec, tenant = pair.spec, self.there.tenant
        guard = Guard(tenant=tenant, subscription=live.id, offer=live.offer)
        context = context_of_line(spec, self.spec, offer_title=title)
        if pair.how == "rebind" and pair.source is not None:
            reason = Reason(code="renamed", text=f"{pair.source} is called {spec.address} now")
            return self.sequence.add(
                spec.address,
                Rebind(source=pair.source, ids=(live.id, pair.split.other.id) if pair.split else (live.id,)),
                reason=reason,
                guard=guard,
                context=context,
                origin=spec.origin,
            )
        text = "`id:` names it" if spec.id else "it is the only running subscription of this offer, and the only line"
        action = Adopt(provider=spec.provider, tenant=tenant, ids=(live.id,), offer=live.offer)
        return self.sequence.add(
            spec.address,
            action,
            reason=Reason(code="adopt", text=text),
            guard=guard,
            context=context,
            origin=spec.origin,
        )

    def _steps(
        self, pair: Pair, decision: Decision, offer: Offer | None, title: str | None, before: tuple[str, ...]
    ) -> tuple[list[str], PriceDelta | None]:
        spec, live, world = pair.spec, pair.live, self.world
        context = context_of_line(spec, self.spec, offer_title=title)
        tenant = self.live.tenant if self.live else None
        guard = guard_of(live, self.there.tenant) if live else self._purchase_guard(spec, tenant)
        requires, done, shown = (*before, *needed_first(spec, self.spec, self.last)), list[str](), None
        for step in decision.steps:
            action, preview = step.action, None
            if isinstance(action, Purchase):
                first = (*self.sequence.first, *self.bought.get(spec.offer, ())[-1:], *self._bases(offer))
                requires = tuple(dict.fromkeys((*first, *requires)))
                sell = None if action.trial else self._sell(spec, 0, action.seats)
                preview = preview_bought(
                    spec, action, world.prices, now=world.now, sell=sell, promotion=decision.promotion, offer=offer,
                    currency=world.project.reseller.currency,
                )  # fmt: skip
                action = self._named(spec, action, guard, preview)
            elif live is not None and isinstance(action, Transition):
                action, preview = self._upgraded(pair, action, live)
            elif live is not None and isinstance(action, SetSeats | Cancel):
                after = action.after if isinstance(action, SetSeats) else 0
                sell = self._sell(spec, live.seats, after)
                preview = preview_seats(spec, live, world.prices, after=after, now=world.now, sell=sell)
            ident = self.sequence.add(
                spec.address,
                action,
                reason=step.reason,
                guard=guard,
                context=context,
                requires=requires,
                not_after=step.not_after,
                preview=preview,
                origin=spec.origin,
            )
            if isinstance(action, Purchase):
                self.bought.setdefault(spec.offer, []).append(ident)
                self.around.running += 1
                self.around.bought[spec.offer] = self.around.bought.get(spec.offer, 0) + 1
            if live is not None and isinstance(action, Transition):
                live = upgraded(live, action)
            self.last[spec.address] = ident
            if context.anchor and context.bundle_instance and isinstance(action, Purchase | SetSeats):
                self.anchors[context.bundle_instance] = ident
            done.append(ident)
            guard, requires, shown = guard_after(guard, action), (ident,), shown or preview
        return done, shown

    def _upgraded(self, pair: Pair, action: Transition, live: LiveSubscription) -> tuple[Transition, PriceDelta]:
        spec = pair.spec
        sell = self._sell(spec, 0 if live.trial else action.before, max(action.seats, action.before))
        preview = preview_transition(
            spec, action, live, self.world.prices, segment=self.spec.segment, now=self.world.now, sell=sell,
            into=pair.split.other if pair.split is not None else None,
        )  # fmt: skip
        return replace(action, country=self.around.market, unit_price=preview.unit_price), preview

    def _named(self, spec: SubscriptionSpec, action: Purchase, guard: Guard, preview: PriceDelta) -> Purchase:
        action = replace(action, country=self.around.market, unit_price=preview.unit_price)
        mark = purchase_mark(spec.address, action, guard, self.world.last_hashes.get(spec.address, ""))
        name = spec.nickname or spec.display_name or spec.address.name
        return replace(action, nickname=marked_name(name, mark))

    def _purchase_guard(self, spec: SubscriptionSpec, tenant: str | None) -> Guard:
        siblings = sorted(
            item.id for item in self.there.subscriptions if item.offer == spec.offer and item.status.running
        )
        return Guard(
            tenant=tenant,
            offer=spec.offer,
            siblings=tuple(siblings),
            earlier_purchases=len(self.bought.get(spec.offer, ())),
        )

    def _bases(self, offer: Offer | None) -> tuple[str, ...]:
        """Purchases of this plan that an add-on needs first."""
        if offer is None:
            return ()
        return tuple(ident for key in offer.prerequisites for ident in self.bought.get(key, ())[:1])

    def _sell(self, spec: SubscriptionSpec, before: int, after: int) -> SellChange | None:
        bundle = bundle_of(spec, self.spec)
        of_bundle = bundle_sell_change(spec, bundle, before, after) if bundle else None
        return add_sell(sell_change(spec.sell, before, after), of_bundle)


def _difference(pair: Pair) -> Delta | None:
    """What differs between a line, or a part of one, and its subscription."""
    if pair.live is None:
        return None
    delta = compare(pair.spec, pair.live)
    moves = pair.split is not None and pair.split.part == "source" and pair.split.moving > 0
    return delta or (Delta(spec=pair.spec, live=pair.live, fields=frozenset({"offer"})) if moves else None)


def _nobody(spec: CustomerSpec, now: datetime) -> LiveCustomer:
    return LiveCustomer(
        key=spec.key,
        tenant="",
        name="",
        domain="",
        subscriptions=(),
        agreement="none",
        blocked=None,
        profile=None,
        read_at=now,
    )
