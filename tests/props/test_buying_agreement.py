"""Buying and converting, read twice: upgrades, trials, add-ons, common ends, promotions and confirmations. What is planned
the simulated Partner Center accepts, and then nothing is left; what is refused as Microsoft's rule is refused there too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cspdecl.core.action import Cancel, Purchase, SetSeats, Suspend, Transition
from cspdecl.core.catalog import OfferKey
from cspdecl.core.errors import ManifestError
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Plan
from cspdecl.core.outcome import Rejected, Stale
from cspdecl.core.terms import BillingCycle, Term, add_months
from cspdecl.testing.other_side import bare, finish, on, purchase, running
from tests.conformance.test_partner_center import NOW
from tests.partner_center.support import over_simulator
from tests.props.test_agreement import Run, a_run, codes, note

BASIC, PREMIUM, VISIO = "CFQ7TTC0LH18:0001", "CFQ7TTC0LCHC:0002", "CFQ7TTC0HD32:0002"
TRIAL, ADDON, HYBRID, E1 = "CFQ7TTC0LCHC:TRL1", "ADDONSKU0001:0001", "HYBRIDSKU001:0001", "CFQ7TTC0LF8Q:0001"
LAUNCH, INSISTED = "39NFJQT1PM6C:0005:39NFJQT1Q5L7", "39NFJQT1PM6C:0006:39NFJQT1Q5L8"
CAP = 12
DAYS = (0, 0, 1, 6, 8, 9, 27, 28, 29, 30, 31, 59, 120, 364, 366)
TERMS = ("P1Y", "P1M", "P3Y", "P1Y")


@dataclass(frozen=True)
class Step:
    """Days pass; one line is declared anew, with a number and a choice to do it with."""

    days: int
    what: str
    number: int
    choice: int


STEPS = st.lists(
    st.builds(
        Step, days=st.sampled_from(DAYS), number=st.integers(1, 15), choice=st.integers(0, 5),
        what=st.sampled_from(["base", "basic", "upgrade", "upgrade", "trial", "trial", "addon", "addon", "visio", "visio-2",
                              "month", "hybrid", "promo", "promo", "promo-2", "gone"]),
    ),
    min_size=1, max_size=7,
)  # fmt: skip


@dataclass
class Shop:
    """One customer's lines by name, on a simulated Partner Center that sells everything these tests need."""

    run: Run
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: datetime = NOW

    def advance(self, days: int) -> None:
        """Days pass, and a minute: never to the very instant at which a window closes."""
        span = timedelta(days=days, minutes=1)
        self.run.world.advance(span)
        self.now += span

    def write(self) -> None:
        """The manifests as declared now: no add-on without its base, no end with a line that is not there."""
        if "base" not in self.lines:
            self.lines.pop("addon", None)
        for line in self.lines.values():
            end = line.get("customTermEnd")
            if isinstance(end, dict) and end["line"] not in self.lines:
                del line["customTermEnd"]
        self.run.estate.customer("customer-1", *self.lines.values(), tenant=self.run.world.tenants[0])

    def declare(self, step: Step) -> str | None:
        """One line as the step wants it; its name, or None where there is nothing to change."""
        name = "basic" if step.what == "upgrade" else step.what
        if step.what == "gone":
            name = sorted(self.lines)[step.number % len(self.lines)] if self.lines else ""
        made = changed(self.lines.get(name), step, self.now.date())
        if made is None or made == self.lines.get(name):
            return None
        self.lines[name] = {"name": name, **made}
        self.write()
        return name


def changed(line: dict[str, Any] | None, step: Step, today: date) -> dict[str, Any] | None:
    """What a step makes of a line; None where it makes nothing of it."""
    seats, choice = step.number, step.choice
    match step.what:
        case "gone":
            return {**line, "absent": True} if line is not None else None
        case "base":
            return {"offer": PREMIUM, "seats": seats, "term": TERMS[choice % 4]}
        case "basic":
            least = (line or {}).get("upgrade", {}).get("seats", 0) + 1
            return {**(line or {"offer": BASIC}), "seats": max(seats, least)}
        case "upgrade" if line is not None:
            part = {"seats": min(seats, line["seats"] - 1)} if choice % 2 and line["seats"] > 1 else {}
            return {**line, "offer": PREMIUM, "upgrade": {"from": BASIC, **part}}
        case "trial":
            return trial(line, step)
        case "addon":
            end = {"customTermEnd": {"line": "base"}} if choice % 2 else {}
            return {"offer": ADDON, "seats": seats, "addonOf": "base", "term": TERMS[choice % 4], **end}
        case "visio" | "visio-2" | "month":
            term = "P1M" if step.what == "month" else TERMS[choice % 4]
            ends: list[dict[str, Any]] = [{}, {"customTermEnd": "month-end"}, {"customTermEnd": {"line": "base"}}, {},
                    {"customTermEnd": {"line": "visio" if step.what != "visio" else "base"}},
                    {"customTermEnd": str(add_months(today.replace(day=1), 4) - timedelta(days=1))}]  # fmt: skip
            return {"offer": VISIO, "seats": seats, "term": term, **(ends[choice] if line is None else {})}
        case "hybrid":
            return {"offer": HYBRID, "seats": seats, **({"attested": True} if choice else {})}
        case "promo" | "promo-2":
            insisted: dict[str, Any] = [{}, {"promotion": LAUNCH}, {"promotion": INSISTED}][choice % 3]
            return {"offer": E1, "seats": seats, **(insisted if line is None else {})}
        case _:
            return None


def trial(line: dict[str, Any] | None, step: Step) -> dict[str, Any]:
    """A trial that renews, ends, becomes fewer seats, or becomes paid now."""
    if step.choice >= 4:
        return {"offer": PREMIUM, "seats": 24 + step.number, "upgrade": {"from": TRIAL}}
    ways: list[dict[str, Any]] = [{}, {"endOfTerm": "cancel"}, {"renewsTo": {"offer": PREMIUM, "seats": step.number}},
            {"renewsTo": {"offer": PREMIUM, "seats": 25 + step.number, "billing": "annual"}}]  # fmt: skip
    return {"offer": TRIAL, "seats": 25, "trial": True, **ways[step.choice]}


def stock(run: Run) -> Shop:
    """An add-on, an offer that wants something confirmed, and two promotions: one with a cap, one to be asked for."""
    simulator = run.world.simulator
    simulator.seed_sku(ADDON, addon=True, prerequisites=[PREMIUM])
    simulator.seed_sku(HYBRID, attestation=True)
    simulator.seed_promotion(LAUNCH, E1, discount="0.15", max_seats=CAP)
    simulator.seed_promotion(INSISTED, E1, discount="0.20", automatic=False, first_purchase=True)
    return Shop(run)


def settle(shop: Shop, changed_line: str | None, before: dict[str, Any] | None) -> Plan:
    """The plan, once everything is out of it that is refused: the changed line as it was, then what ended by itself."""
    plan = shop.run.estate.plan()
    while errors := [item for item in plan.diagnostics if item.severity == "error"]:
        note(f"refused: {[(item.code, item.address, item.message) for item in errors]}")
        gone = {item.address.partition("/")[2] for item in errors if item.address}
        assert gone & set(shop.lines), errors
        for name in gone & set(shop.lines):
            if name == changed_line and before is not None:
                shop.lines[name], before = before, None
            else:
                del shop.lines[name]
        shop.write()
        plan = shop.run.estate.plan()
    return plan


def apply(shop: Shop, plan: Plan) -> None:
    """Everything planned is accepted."""
    result = shop.run.estate.apply(plan)
    assert not isinstance(result, Plan), [item.text for item in result.safety.verdicts]
    bad = [(str(one.operation.address), one.operation.action, one.state, one.message)
           for one in result.tasks if one.state != "applied"]  # fmt: skip
    note(f"not applied: {bad}")
    assert [] == bad


def follows(plan: Plan) -> set[str]:
    """Addresses for which the next plan may have more to do: what waits for something of this plan, and seats that
    moved into a subscription whose other values come with the next plan."""
    waiting = {str(item.address) for item in plan.waiting if item.kind == "blocked"}
    moved = {str(one.address) for one in plan.operations if isinstance(one.action, Transition) and one.action.into}
    return waiting | moved


def agree(steps: list[Step]) -> None:
    """Declare, plan and apply step by step."""
    with a_run() as run:
        shop = stock(run)
        shop.write()
        for step in steps:
            shop.advance(step.days)
            run.estate.record()
            before = {name: dict(line) for name, line in shop.lines.items()}
            name = shop.declare(step)
            note(f"{step} on {shop.now.date()}: {shop.lines.get(name or '')}")
            plan = settle(shop, name, before.get(name or ""))
            for _round in range(3):
                if not plan.operations:
                    break
                note(f"applied: {[(str(one.address), one.action) for one in plan.operations]}")
                apply(shop, plan)
                allowed, plan = follows(plan), run.estate.plan()
                more = [(str(one.address), one.action) for one in plan.operations if str(one.address) not in allowed]
                assert [] == more
            assert [] == [(str(one.address), one.action) for one in plan.operations]
            assert [] == [item.message for item in plan.diagnostics if item.severity == "error"]


@settings(max_examples=25)
@given(STEPS)
def test_what_is_bought_and_converted_is_accepted(steps):
    """Whatever is declared, and whenever: each operation is accepted, and the next plan is empty or only waits."""
    agree(steps)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=600)
@given(STEPS)
def test_what_is_bought_and_converted_is_accepted_at_length(steps):
    """The same, looked for longer."""
    agree(steps)


@pytest.mark.parametrize(("then", "seats"), [({}, 25), ({"renewsTo": {"offer": PREMIUM, "seats": 8}}, 8)])
def test_a_trial_that_was_to_end_may_become_paid_after_all(then, seats):
    """Told to end and then told otherwise, a trial becomes what it would have become; the plan says what that commits."""
    trial_line: dict[str, Any] = {"offer": TRIAL, "seats": 25, "trial": True}
    with a_run() as run:
        shop = stock(run)
        bought(shop, trial={**trial_line, "endOfTerm": "cancel"})
        plan = planned(shop, trial={**trial_line, **then})
        assert "CSP358" in codes(plan, "warning")
        apply(shop, plan)
        run.world.advance(timedelta(days=32))

        [item] = running(run.world)
        assert (PREMIUM, seats, Term.P1Y) == (str(item.offer), item.seats, item.term)


# ---- refusals ----

# What the provider asks before it writes, and is told no, it leaves as stale; what it sends is rejected.
REFUSED = (Rejected, Stale)


def planned(shop: Shop, **lines: dict[str, Any]) -> Plan:
    """The plan once these lines are declared beside the others."""
    for name, line in lines.items():
        shop.lines[name.replace("_", "-")] = {"name": name.replace("_", "-"), **line}
    shop.write()
    return shop.run.estate.plan()


def bought(shop: Shop, **lines: dict[str, Any]) -> list[LiveSubscription]:
    """The customer's subscriptions once these lines are bought."""
    apply(shop, planned(shop, **lines))
    return running(shop.run.world)


def sent(shop: Shop, action: Any, item: LiveSubscription) -> object:
    """An action on one subscription, sent past the planner."""
    provider = over_simulator(shop.run.world.simulator)
    try:
        return finish(provider, on(item, action, shop.run.world), shop.run.world)
    finally:
        provider.close()


def buying(shop: Shop, action: Purchase) -> object:
    """A purchase, sent past the planner."""
    provider = over_simulator(shop.run.world.simulator)
    try:
        return finish(provider, bare(action, shop.run.world), shop.run.world)
    finally:
        provider.close()


def wanting(shop: Shop, offer: str, seats: int, **more: Any) -> Purchase:
    """A purchase as no plan would have it."""
    return replace(purchase(shop.run.world, seats), offer=OfferKey.parse(offer), **more)


def moving(item: LiveSubscription, target: str, seats: int, **more: Any) -> Transition:
    """An upgrade as no plan would have it."""
    assert item.offer is not None
    return Transition(
        source=item.offer, target=OfferKey.parse(target), before=item.seats, seats=seats, country="US", **more
    )


def of(items: list[LiveSubscription], offer: str) -> LiveSubscription:
    """The one subscription of an offer."""
    [found] = [item for item in items if str(item.offer) == offer]
    return found


@pytest.mark.parametrize(
    ("runs", "target", "code"), [(BASIC, VISIO, "CSP347"), (PREMIUM, BASIC, "CSP347")], ids=["no path", "downgrade"]
)
def test_347_only_along_a_path(runs, target, code):
    """CSP347: no other paths than the provider names, and none leads down."""
    with a_run() as run:
        shop = stock(run)
        [item] = bought(shop, basic={"offer": runs, "seats": 5})
        plan = planned(shop, basic={"offer": target, "seats": 5, "upgrade": {"from": runs}})

        assert ({code}, ()) == (codes(plan), plan.operations)
        assert isinstance(sent(shop, moving(item, target, 5), item), REFUSED)


def test_348_upgraded_seats_do_not_come_back():
    """CSP348: what moved from one subscription to the other stays there."""
    with a_run() as run:
        shop = stock(run)
        part = {"offer": PREMIUM, "seats": 10, "upgrade": {"from": BASIC, "seats": 4}}
        bought(shop, basic={"offer": BASIC, "seats": 10})
        items = bought(shop, basic=part)
        run.world.advance(timedelta(days=20))
        plan = planned(shop, basic={**part, "upgrade": {"from": BASIC, "seats": 2}})

        assert "CSP348" in codes(plan)
        assert () == plan.operations
        assert isinstance(sent(shop, moving(of(items, PREMIUM), BASIC, 2), of(items, PREMIUM)), REFUSED)


@settings(max_examples=5)
@given(seats=st.integers(1, 24))
def test_348_a_trial_is_converted_whole(seats):
    """CSP348: an early conversion takes 25 seats or more."""
    with a_run() as run:
        shop = stock(run)
        [item] = bought(shop, trial={"offer": TRIAL, "seats": 25, "trial": True})
        plan = planned(shop, trial={"offer": PREMIUM, "seats": seats, "upgrade": {"from": TRIAL}})

        assert ({"CSP348"}, ()) == (codes(plan), plan.operations)
        early = moving(item, PREMIUM, seats, trial=True, term=Term.P1Y, billing=BillingCycle.MONTHLY)
        assert isinstance(sent(shop, early, item), REFUSED)


@settings(max_examples=5)
@given(days=st.integers(0, 6))
def test_349_no_seats_move_into_an_open_window(days):
    """CSP349: as long as the second subscription could be cancelled, seats wait instead of moving into it."""
    part = {"offer": PREMIUM, "seats": 10, "upgrade": {"from": BASIC, "seats": 4}}
    with a_run() as run:
        shop = stock(run)
        bought(shop, basic={"offer": BASIC, "seats": 10})
        items = bought(shop, basic=part)
        run.world.advance(timedelta(days=days))
        plan = planned(shop, basic={**part, "upgrade": {"from": BASIC, "seats": 6}})
        source, target = of(items, BASIC), of(items, PREMIUM)

        assert () == plan.operations
        assert "CSP349" in {item.code for item in plan.waiting}
        assert isinstance(sent(shop, moving(source, PREMIUM, 2, into=target.id, target_before=4), source), REFUSED)


@pytest.mark.parametrize(
    ("line", "action"),
    [({"seats": 30}, SetSeats(before=25, after=30)), ({"seats": 20}, SetSeats(before=25, after=20)),
     ({"suspended": True}, Suspend()), ({"absent": True}, Cancel(seats=25))],
    ids=["more", "fewer", "suspended", "cancelled"],
)  # fmt: skip
def test_359_a_trial_stays_as_it_is(line, action):
    """CSP359: while a trial runs neither its seats nor its status change, and it is not cancelled."""
    with a_run() as run:
        shop = stock(run)
        [item] = bought(shop, trial={"offer": TRIAL, "seats": 25, "trial": True})
        plan = planned(shop, trial={"offer": TRIAL, "seats": 25, "trial": True, **line})

        assert action.kind not in {one.action.kind for one in plan.operations}
        assert isinstance(sent(shop, action, item), REFUSED)


def test_330_a_trial_has_its_own_number_of_seats():
    """CSP330: a trial is bought with the seats its offer has."""
    with a_run() as run:
        shop = stock(run)
        fewer = wanting(shop, TRIAL, 10, term=Term.P1M, billing=BillingCycle.NONE, trial=True)

        assert isinstance(buying(shop, fewer), REFUSED)
        plan = planned(shop, trial={"offer": TRIAL, "seats": 10, "trial": True})
        assert ({"CSP330"}, ()) == (codes(plan), plan.operations)


def test_363_no_add_on_without_its_base():
    """CSP363: an add-on needs what it is an add-on to. That a base leaves before it is our refusal alone: no document
    says that the provider refuses it for what is bought as a line of its own."""
    with a_run() as run:
        shop = stock(run)
        assert isinstance(buying(shop, wanting(shop, ADDON, 5)), REFUSED)
        plan = planned(shop, visio={"offer": VISIO, "seats": 5}, other={"offer": ADDON, "seats": 5, "addonOf": "visio"})
        assert ({"CSP363"}, ()) == (codes(plan), plan.operations)

        shop.lines.clear()
        base: dict[str, Any] = {"offer": PREMIUM, "seats": 5}
        bought(shop, base=base, addon={"offer": ADDON, "seats": 5, "addonOf": "base"})
        plan = planned(shop, base={**base, "absent": True})
        assert ({"CSP363"}, ()) == (codes(plan), plan.operations)


def test_365_what_wants_a_yes_is_not_bought_without():
    """CSP365: what has to be confirmed is bought only where it is."""
    with a_run() as run:
        shop = stock(run)
        plan = planned(shop, hybrid={"offer": HYBRID, "seats": 5})

        assert ({"CSP365"}, ()) == (codes(plan), plan.operations)
        assert isinstance(buying(shop, wanting(shop, HYBRID, 5)), REFUSED)


@settings(max_examples=10)
@given(days=st.integers(0, 800))
def test_366_on_no_other_day(days):
    """CSP366: a first term ends with a month or with another subscription, inside its own length, and on no other day."""
    with a_run() as run:
        shop = stock(run)
        wanted = shop.now.date() + timedelta(days=days)
        plan = planned(shop, visio={"offer": VISIO, "seats": 5, "customTermEnd": str(wanted)})

        if codes(plan):
            assert ({"CSP366"}, ()) == (codes(plan), plan.operations)
            month_end_inside = (wanted + timedelta(days=1)).day == 1 and days < 365
            if not month_end_inside:  # the page allows any month's end, its list names the last one: the list is taken
                assert isinstance(buying(shop, wanting(shop, VISIO, 5, custom_end=wanted)), REFUSED)


@pytest.mark.parametrize("term", [Term.P1Y, Term.P3Y])
def test_366_no_year_ends_with_a_month(term):
    """CSP366: what runs a year or longer cannot end with what runs by the month."""
    with a_run() as run:
        shop = stock(run)
        [month] = bought(shop, month={"offer": VISIO, "seats": 5, "term": "P1M"})
        assert month.term_ends is not None
        plan = planned(shop, basic={"offer": BASIC, "seats": 5, "term": str(term), "customTermEnd": {"line": "month"}})

        assert ({"CSP366"}, ()) == (codes(plan), plan.operations)
        end = (month.term_ends - timedelta(days=1)).date()
        assert isinstance(buying(shop, wanting(shop, BASIC, 5, term=term, custom_end=end)), REFUSED)


def test_366_no_trial_has_an_end_of_its_own():
    """CSP366: an end of its own is for licences. A trial's is refused in the manifest already, and there."""
    with a_run() as run:
        shop = stock(run)
        with pytest.raises(ManifestError):
            planned(shop, trial={"offer": TRIAL, "seats": 25, "trial": True, "customTermEnd": "month-end"})

        short = wanting(
            shop, TRIAL, 25, term=Term.P1M, billing=BillingCycle.NONE, trial=True, custom_end=date(2026, 11, 30)
        )
        assert isinstance(buying(shop, short), REFUSED)


def test_368_never_at_the_list_price_instead():
    """CSP368: a promotion that is insisted on and does not apply: neither planned nor bought."""
    with a_run() as run:
        shop = stock(run)
        plan = planned(shop, promo={"offer": E1, "seats": CAP + 1, "promotion": LAUNCH})
        assert ({"CSP368"}, ()) == (codes(plan), plan.operations)

        assert isinstance(buying(shop, wanting(shop, E1, CAP + 1, promotion=LAUNCH)), REFUSED)
        assert [] == running(run.world)


def test_368_no_seats_over_a_cap():
    """CSP368: seats over a promotion's cap do not go onto the subscription that has it."""
    with a_run() as run:
        shop = stock(run)
        [item] = bought(shop, promo={"offer": E1, "seats": CAP - 2})
        plan = planned(shop, promo={"offer": E1, "seats": CAP + 1})

        assert ({"CSP368"}, ()) == (codes(plan), plan.operations)
        assert isinstance(sent(shop, SetSeats(before=CAP - 2, after=CAP + 1), item), REFUSED)


def test_369_over_the_cap_all_is_at_the_list_price():
    """CSP369: a purchase over a promotion's cap gets none of it: said, and so it is."""
    with a_run() as run:
        shop = stock(run)
        plan = planned(shop, promo={"offer": E1, "seats": CAP + 1})
        assert "CSP369" in codes(plan, "warning")

        apply(shop, plan)
        assert [None] == [item.promotion for item in running(run.world)]
