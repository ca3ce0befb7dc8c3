"""One customer: match, compare, decide, put in order. Everything here is about this customer alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

from cspdecl.commerce.decide import decide
from cspdecl.commerce.prices import market_of, prices_in
from cspdecl.commerce.values import Decision, Delta
from cspdecl.core.action import Adopt, Cancel, Forget, Purchase, Rebind, SetSeats
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
from cspdecl.planning.match import Left, Pair, as_declared, match_customer
from cspdecl.planning.money import SellChange, add_sell, preview_purchase, preview_seats, sell_change
from cspdecl.planning.moves import apply_moves
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence, guard_after, guard_of, purchase_mark
from cspdecl.planning.services import Booked, plan_services
from cspdecl.planning.setting import Surroundings
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
    if live is not None and not book and as_declared(spec, live, bound):
        out.unchanged = len(spec.subscriptions)
        return out
    sequence = Sequence(last_hashes=world.last_hashes)
    world = replace(world, prices=prices_in(world.prices, market_of(spec, live)))
    moved = apply_moves(bound, moves)
    there = live or _nobody(spec, world.now)
    matched = match_customer(spec, there, moved, retired)
    out.diagnostics += matched.diagnostics
    pairs = [(pair, compare(pair.spec, pair.live) if pair.live else None) for pair in matched.pairs]
    buys = any(pair.live is None and not pair.spec.absent for pair in matched.pairs)
    capabilities = world.capabilities.get(spec.provider, Capability.NONE)
    agreement = plan_account(
        spec, live, bound.get(Address(spec.key)), capabilities=capabilities, buys=buys, sequence=sequence, out=out
    )
    if agreement is None:
        return out
    planner = _Lines(world, spec, there, live, matched.pairs, agreement, sequence, out)
    for pair, delta in pairs:
        if delta is None and pair.live is not None and pair.how == "bound":
            out.unchanged += 1
        else:
            planner.line(pair, delta)
    blocked = {row.address for row in out.rows if row.kind == "blocked"}
    held = frozenset(bundle.address for bundle in spec.bundles if bundle.anchor in blocked)
    plan_services(spec, Booked(entries=book, anchors=planner.anchors, held=held), retired, sequence, out)
    titles = {item.id: item.title for item in there.subscriptions}
    for left in matched.left:
        forget(left, sequence, out, title=next((titles[one] for one in left.binding.ids if one in titles), None))
    out.operations = sequence.operations
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
        agreement: Agreement, sequence: Sequence, out: CustomerPlan,
    ) -> None:  # fmt: skip
        self.world, self.spec, self.there, self.live = world, spec, there, live
        self.pairs, self.agreement, self.sequence, self.out = pairs, agreement, sequence, out
        self.anchors: dict[Address, str] = {}
        self.bought: dict[OfferKey, list[str]] = {}
        self.around = Surroundings(world=world, spec=spec, there=there, pairs=pairs, agreement=agreement)

    def line(self, pair: Pair, delta: Delta | None) -> None:
        """Decide one line and append what follows from it."""
        spec, live = pair.spec, pair.live
        if live is None and spec.absent:
            return
        offer, state = self.around.offer(spec.provider, spec.offer)
        title = offer.title if offer else live.title if live else None
        decision = Decision(symbol=" ")
        if live is None or delta is not None:
            delta = delta or Delta(spec=spec, live=None, fields=frozenset())
            decision = decide(delta, self.around.setting(spec, live, offer, state))
        self.out.diagnostics += decision.diagnostics
        self.out.waiting += decision.waiting
        operations, preview = [], None
        refused = any(item.severity == "error" for item in decision.diagnostics)
        if live is not None and pair.how != "bound" and not refused:
            operations.append(self._bind(pair, live, title))
        if decision.steps:
            done, preview = self._steps(pair, decision, offer, title, tuple(operations))
            operations += done
        self._row(pair, decision, tuple(operations), preview, title, refused=refused)

    def _row(
        self, pair: Pair, decision: Decision, operations: tuple[str, ...], preview: PriceDelta | None,
        title: str | None, *, refused: bool,
    ) -> None:  # fmt: skip
        kinds: dict[str, Literal["buy", "change", "cancel"]] = {"+": "buy", "-": "cancel", "~": "change"}
        kind: Literal["buy", "change", "cancel", "adopt", "blocked", "unchanged"] = "unchanged"
        if decision.steps:
            kind = kinds[decision.symbol]
        elif decision.symbol == "?" or refused:
            kind = "blocked"
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
                Rebind(source=pair.source, ids=(live.id,)),
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
        requires, done, shown = before, list[str](), None
        for step in decision.steps:
            action, preview = step.action, None
            if isinstance(action, Purchase):
                requires = (*self.sequence.first, *self.bought.get(spec.offer, ())[-1:], *self._bases(offer))
                sell = self._sell(spec, 0, action.seats)
                preview = preview_purchase(spec, world.prices, segment=action.segment, now=world.now, sell=sell)
                action = self._named(spec, action, guard, preview)
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
            if context.anchor and context.bundle_instance and isinstance(action, Purchase | SetSeats):
                self.anchors[context.bundle_instance] = ident
            done.append(ident)
            guard, requires, shown = guard_after(guard, action), (ident,), shown or preview
        return done, shown

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
