"""The lines of one customer, one after another: decided, put in order, priced, and left as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from cspdecl.commerce.decide import decide
from cspdecl.commerce.decide_coterm import note_running_end, wait_for_end
from cspdecl.commerce.decide_trial import as_sold
from cspdecl.commerce.products import wait_until_read
from cspdecl.commerce.promotions import named
from cspdecl.commerce.values import Decision, Delta
from cspdecl.core.action import Adopt, Cancel, ChangeTerm, Purchase, Rebind, SetSeats, Transition
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.inquiry import Promotions
from cspdecl.core.live import LiveCustomer, LiveSubscription
from cspdecl.core.operation import Guard, PriceDelta, Reason
from cspdecl.planning.account import Agreement
from cspdecl.planning.bundles import bundle_sell_change
from cspdecl.planning.compare import compare, marked_name
from cspdecl.planning.context import bundle_of, context_of_line
from cspdecl.planning.conversions import preview_bought, preview_transition, upgraded
from cspdecl.planning.dated import Line
from cspdecl.planning.deferred import left_to_people
from cspdecl.planning.holding import with_held
from cspdecl.planning.longer_terms import lengthened, preview_term
from cspdecl.planning.match import Pair
from cspdecl.planning.money import SellChange, add_sell, preview_seats, sell_change
from cspdecl.planning.next_terms import promised
from cspdecl.planning.order import base_of, ends_with, first_begun, needed_first, wait_for_base, wait_for_day
from cspdecl.planning.questions import second_trial
from cspdecl.planning.reprice import Repriced
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence, guard_after, guard_of, purchase_mark
from cspdecl.planning.setting import Surroundings
from cspdecl.planning.split import fold
from cspdecl.planning.world import World


class Lines:
    """The lines of one customer, one after another, with what they share."""

    def __init__(
        self, world: World, spec: CustomerSpec, there: LiveCustomer, live: LiveCustomer | None, pairs: list[Pair],
        agreement: Agreement, sequence: Sequence, out: CustomerPlan, repriced: Mapping[Address, Repriced],
        later: Mapping[Address, Line],
    ) -> None:  # fmt: skip
        self.world, self.spec, self.there, self.live = world, spec, there, live
        self.pairs, self.agreement, self.sequence, self.out = pairs, agreement, sequence, out
        self.repriced, self.later = dict(repriced), later
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
        return any(difference(one, self.spec) is not None for one in others)

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
        able = self.world.capabilities.get(spec.provider, Capability.NONE)
        unread = pair.unread and Capability.PERPETUAL in able  # else a person buys and returns what is owned
        if live is None and spec.absent and not unread:
            return
        offer, state = self.around.offer(spec.provider, spec.offer)
        if spec.trial:
            spec = as_sold(spec, offer)
            pair = replace(pair, spec=spec)
        title = offer.title if offer else live.title if live else None
        decision = Decision(symbol=" ")
        if live is None or delta is not None:
            delta = delta or Delta(spec=spec, live=None, fields=frozenset())
            base, end = base_of(spec, self.spec), ends_with(spec, self.spec)
            aligned = self.around.line(end) if end in self.unbought else None
            if unread:
                decision = wait_until_read(spec)
            elif live is None and (begins := first_begun(spec, self.spec, self.later)) is not None:
                decision = wait_for_day(spec, *begins)
            elif live is None and spec.trial and (became := self._became(offer)):
                decision = Decision(symbol="?", diagnostics=(second_trial(spec, became),))
            elif live is None and base in self.unbought:
                decision = wait_for_base(spec, base)
            elif live is None and aligned is not None and not aligned.spec.absent:
                decision = wait_for_end(spec, aligned)
            else:
                setting = self.around.setting(pair, offer, state)
                decision = decide(delta, setting)
                if live is not None and live.promotion is not None and isinstance(setting.promotions, Promotions):
                    decision = replace(decision, promotion=named(setting.promotions, live.promotion))
        decision = with_held(decision, pair, self.spec.hold)
        decision = left_to_people(
            decision, spec, live, self._guard(spec, live), deferred=self.world.deferred,
            last_hash=self.world.last_hashes.get(spec.address, ""),
        )  # fmt: skip
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
        context = context_of_line(pair.declared or spec, self.spec, offer_title=title)
        guard = self._guard(spec, live)
        requires = (*before, *needed_first(spec, self.spec, self.last, buys=live is None))
        done, shown = list[str](), None
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
            elif live is not None and isinstance(action, ChangeTerm):
                preview = preview_term(spec, action, live, world.prices, segment=self.spec.segment, now=world.now)
                action = replace(action, unit_price=preview.unit_price)
            elif live is not None and isinstance(action, SetSeats | Cancel):
                after = action.after if isinstance(action, SetSeats) else 0
                sell = self._sell(spec, live.seats, after)
                preview = preview_seats(
                    spec,
                    live,
                    world.prices,
                    after=after,
                    now=world.now,
                    sell=sell,
                    promotion=decision.promotion,
                    segment=self.spec.segment,
                )
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
                promised=promised(
                    action, spec, live, guard, world.prices, segment=self.spec.segment, now=world.now, offer=offer,
                    already=pair.live.scheduled if pair.live is not None else None, last=step is decision.steps[-1],
                ),
            )  # fmt: skip
            if isinstance(action, Purchase):
                self.bought.setdefault(spec.offer, []).append(ident)
                self.around.purchased(action)
            if live is not None and isinstance(action, Transition):
                live = upgraded(live, action)
            elif live is not None and isinstance(action, ChangeTerm):
                live = lengthened(live, action, world.now)
            self.last[spec.address] = ident
            if context.anchor and context.bundle_instance and isinstance(action, Purchase | SetSeats | Transition):
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

    def _guard(self, spec: SubscriptionSpec, live: LiveSubscription | None) -> Guard:
        if live is not None:
            return guard_of(live, self.there.tenant)
        siblings = sorted(
            item.id for item in self.there.subscriptions if item.offer == spec.offer and item.status.running
        )
        return Guard(
            tenant=self.live.tenant if self.live else None,
            offer=spec.offer,
            siblings=tuple(siblings),
            earlier_purchases=len(self.bought.get(spec.offer, ())),
        )

    def _became(self, offer: Offer | None) -> list[LiveSubscription]:
        """What no line stands for and a trial of this offer may have become: then it was had (contract §13.2).

        Where the catalogue names no target, any SKU of the trial's product may be it.
        """
        claimed = {pair.live.id for pair in self.pairs if pair.live is not None}
        free = [
            one for one in self.there.subscriptions if one.status.running and not one.trial and one.id not in claimed
        ]
        if offer is None or offer.upgrades:
            return [one for one in free if offer is not None and one.offer in offer.upgrades]
        return [one for one in free if one.offer is not None and one.offer.product == offer.key.product]

    def _bases(self, offer: Offer | None) -> tuple[str, ...]:
        """Purchases of this plan that an add-on needs first."""
        if offer is None:
            return ()
        return tuple(ident for key in offer.prerequisites for ident in self.bought.get(key, ())[:1])

    def _sell(self, spec: SubscriptionSpec, before: int, after: int) -> SellChange | None:
        bundle = bundle_of(spec, self.spec)
        of_bundle = bundle_sell_change(spec, bundle, before, after) if bundle else None
        return add_sell(sell_change(spec.sell, before, after), of_bundle)


def difference(pair: Pair, spec: CustomerSpec) -> Delta | None:
    """What differs between a line, or a part of one, and its subscription."""
    if pair.live is None:
        return None
    delta = compare(pair.spec, pair.live, reseller=spec.reseller.partner_id if spec.reseller else None)
    if pair.split is not None and pair.split.part == "target" and pair.split.moving:
        return None  # seats move into it now: what else is declared of it comes with the next plan
    moves = pair.split is not None and pair.split.moving > 0
    return delta or (Delta(spec=pair.spec, live=pair.live, fields=frozenset({"offer"})) if moves else None)
