"""The loop that carries operations out: order, parallelism, doubt, throttles, deadlines, and what is on disk when."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from cspdecl.core.action import Adopt, Cancel, Rename, SetSeats
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, Throttled
from cspdecl.engine.progress import Silent
from cspdecl.engine.retry import MAX_PROBES, MAX_RESENDS, MAX_UNREAD
from cspdecl.spi.provider import Call
from cspdecl.testing.builders import OTHER_OFFER, TENANT, guard_of, operation
from cspdecl.testing.world import START, Fault
from tests.unit.engine.harness import Harness, after, buy, states, tenant_of


@pytest.fixture
def harness(tmp_path):
    made = Harness(tmp_path)
    yield made
    made.close()


def seats(harness: Harness, ident: str, new: int, address: str = "contoso/m365", tenant: str = TENANT, **rest):
    """A change of seats, guarded by what is live now."""
    item = next(one for one in harness.live(tenant).subscriptions if one.id == ident)
    return operation(
        SetSeats(before=item.seats, after=new), address, guard=guard_of(item, tenant=tenant), tenant=tenant, **rest
    )


# ---- order ----


def test_needs_come_first(harness):
    """An operation is sent after those it requires, whatever their order in the plan."""
    first = operation(buy(), "contoso/a")
    second = after(operation(buy(offer=OTHER_OFFER), "contoso/b"), first)

    result = harness.run([second, first])

    assert ["applied", "applied"] == states(result)
    assert ["contoso/a"] * 3 + ["contoso/b"] * 3 == harness.provider.order()


def test_what_needs_a_refused_operation_is_skipped(harness):
    """A refusal skips all that stands on it, however long the chain and whatever its order, and nothing else."""
    harness.world.script(Fault(kind="reject", action="purchase"))
    first = operation(buy(), "contoso/a")
    second = after(operation(buy(offer=OTHER_OFFER), "contoso/b"), first)
    third = after(operation(buy(5), "contoso/c"), second)
    alone = operation(buy(5), "contoso/d")

    result = harness.run([third, second, first, alone])

    assert ["skipped", "skipped", "rejected", "applied"] == states(result)
    assert "it needs contoso/a first, which was not done" == result.tasks[1].message
    assert () == harness.store.open_operations()


def test_a_need_outside_the_run_does_not_hold(harness):
    """What an earlier run has done already is no reason to wait."""
    lone = replace(operation(buy(), "contoso/a"), requires=("somewhere-else",))

    assert ["applied"] == states(harness.run([lone]))


def test_needs_reach_across_customers(tmp_path):
    """An operation may wait for one of another customer, and is skipped with it."""
    harness = Harness(tmp_path, customers=2)
    harness.world.script(Fault(kind="reject", tenant=tenant_of(2)))
    theirs = operation(buy(), "customer-2/a", tenant=tenant_of(2))
    ours = after(operation(buy(), "contoso/a"), theirs)

    result = harness.run([ours, theirs])
    harness.close()

    assert ["skipped", "rejected"] == states(result)


# ---- in flight ----


def test_one_operation_a_customer_is_in_flight(harness):
    """However many workers there are, a customer sees one call at a time, in the plan's order."""
    operations = [operation(buy(offer=offer), f"contoso/{offer[-4:]}-{n}", guard=Guard(tenant=TENANT))
                  for n, offer in enumerate([OTHER_OFFER])]  # fmt: skip
    ident = harness.has(10)
    renames = [
        operation(Rename(before="", after=f"n{n}"), f"contoso/r{n}", guard=Guard(tenant=TENANT, subscription=ident))
        for n in range(6)
    ]

    result = harness.run([*operations, *renames], workers=8)

    assert ["applied"] * 7 == states(result)
    assert {"contoso": 1} == harness.provider.most
    assert [f"contoso/r{n}" for n in range(6)] == harness.provider.order()[3:]


def test_customers_go_side_by_side(tmp_path):
    """Customers do not wait for each other: three calls meet inside the provider."""
    harness = Harness(tmp_path, customers=3)
    meeting = threading.Barrier(3, timeout=20)

    def meet(_operation: object, call: Call) -> None:
        if call.checkpoint is None:
            meeting.wait()

    harness.provider.before_call = meet
    keys = ["contoso", "customer-2", "customer-3"]

    result = harness.run([operation(buy(), f"{key}/a", tenant=tenant_of(n)) for n, key in enumerate(keys, 1)])
    harness.close()

    assert ["applied"] * 3 == states(result)


def test_a_purchase_half_way_keeps_its_customer(harness):
    """Between the steps of a purchase nothing else is sent for its customer."""
    harness.run([operation(buy(), "contoso/a"), operation(buy(offer=OTHER_OFFER), "contoso/b")], workers=8)

    assert ["contoso/a"] * 3 + ["contoso/b"] * 3 == harness.provider.order()


# ---- what is on disk when ----


def test_the_intent_is_on_disk_before_the_call(harness, tmp_path):
    """When a call leaves, its intent stands in the journal under the call's request id, its checkpoint included."""
    from cspdecl.store.open import open_store

    seen = []

    def look(item, call):
        store = open_store("sqlite:store.db", tmp_path, create=False)
        entries = list(store.journal())
        store.close()
        intent = [one for one in entries if one.kind == "intent" and one.op == item.id][-1]
        checkpoint = next((one.body for one in reversed(entries) if one.kind == "checkpoint"), None)
        seen.append((intent.request_id == call.request_id, checkpoint == call.checkpoint))

    harness.provider.before_call = look

    harness.run([operation(buy())])

    assert [(True, True)] * 3 == seen


def test_outcome_record_and_binding_come_together(harness):
    """A purchase leaves one outcome, one ledger record and one binding, and its journal is closed."""
    item = operation(buy(7))

    [task] = harness.run([item]).tasks

    assert isinstance(task.outcome, Applied)
    assert ["intent", "checkpoint", "intent", "checkpoint", "intent", "outcome"] == harness.journal(item.id)
    assert 1 == harness.store.head().seq
    assert task.outcome.subscription
    assert [(task.outcome.subscription.id,)] == [one.ids for one in harness.store.bindings().values()]
    assert () == harness.store.open_operations()


def test_own_books_need_no_provider(harness):
    """Adopting sends nothing, and is journaled and recorded like everything else."""
    ident = harness.has(10)
    item = operation(Adopt(provider="memory", tenant=TENANT, ids=(ident,), offer=None), "contoso/m365")

    result = harness.run([item])

    assert ["applied"] == states(result)
    assert ["intent", "outcome"] == harness.journal()
    assert () == harness.world.writes()
    assert {ident} == {one for binding in harness.store.bindings().values() for one in binding.ids}


# ---- doubt ----


def test_a_lost_answer_is_looked_up_and_never_sent_twice(harness):
    """The effect stands, the answer is lost: a look finds it, the record says so, one write was made."""
    harness.world.script(Fault(kind="lost_after", action="set_seats"))
    item = seats(harness, harness.has(10), 12)

    [task] = harness.run([item]).tasks

    assert "applied" == task.state
    assert task.outcome.receipt.inferred
    assert ["contoso/m365", "contoso/m365?"] == harness.provider.order()
    assert 1 == len(harness.world.writes())
    assert 1 == harness.store.head().seq


def test_a_call_that_never_arrived_is_sent_again_under_the_same_id(harness):
    """Nothing happened, so it is sent again, and the provider sees the same request id."""
    harness.world.script(Fault(kind="lost_before", action="set_seats"))
    item = seats(harness, harness.has(10), 12)

    assert ["applied"] == states(harness.run([item]))
    assert ["contoso/m365", "contoso/m365?", "contoso/m365"] == harness.provider.order()
    assert 1 == len({write.request_id for write in harness.world.writes()})


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("kind", ["lost_before", "lost_after"])
def test_a_purchase_is_bought_once_wherever_its_answer_is_lost(harness, kind, skip):
    """Whichever of the three steps of a purchase loses its answer, and when, exactly one subscription comes of it."""
    harness.world.script(Fault(kind=kind, action="purchase", skip=skip))

    assert ["applied"] == states(harness.run([operation(buy(7))]))
    assert [7] == [item.seats for item in harness.live().subscriptions]
    assert 1 == harness.store.head().seq


def test_a_provider_that_loses_every_call_is_left_alone(harness):
    """Found undone again and again, an operation is left for later and closed: there is nothing to recover."""
    harness.world.script(Fault(kind="lost_before", action="set_seats", times=-1))
    item = seats(harness, harness.has(10), 12)

    [task] = harness.run([item]).tasks

    assert "later" == task.state
    assert 1 + MAX_RESENDS == len(harness.world.writes())
    assert () == harness.store.open_operations()


def test_what_no_look_can_settle_stays_open(harness):
    """No look is answered: the outcome is unknown, stays open for `recover`, and its customer is left alone."""
    harness.world.script(
        Fault(kind="lost_after", action="set_seats"), Fault(kind="probe_lost", times=-1, action="set_seats")
    )
    item = seats(harness, harness.has(10), 12)
    other = operation(buy(offer=OTHER_OFFER), "contoso/other")

    result = harness.run([item, other])

    assert ["unknown", "skipped"] == states(result)
    assert [item.id] == [one.op for one in harness.store.open_operations()]
    assert MAX_PROBES == harness.provider.order().count("contoso/m365?")
    assert 0 == harness.store.head().seq


def test_a_failing_plugin_is_doubt(harness):
    """A plugin that raises has said nothing about what happened: it is looked up, and its message goes nowhere."""
    harness.world.script(Fault(kind="bug", action="set_seats", text="token=hunter2"))
    item = seats(harness, harness.has(10), 12)

    assert ["applied"] == states(harness.run([item]))
    assert ["contoso/m365", "contoso/m365?", "contoso/m365"] == harness.provider.order()
    assert "hunter2" not in "".join(entry.body for entry in harness.entries())


def test_a_refused_look_keeps_the_doubt(harness):
    """Credentials expire between a lost answer and the look: the operation stays open, it may have happened."""
    from cspdecl.core.errors import NotAuthorised

    harness.world.script(Fault(kind="lost_after", action="set_seats"))
    item = seats(harness, harness.has(10), 12)

    def refuse(_operation, _call):
        raise NotAuthorised("the credentials have expired")

    harness.provider.probe = refuse

    result = harness.run([item])

    assert ["unknown"] == states(result)
    assert "the credentials have expired" == result.stopped.message
    assert [item.id] == [one.op for one in harness.store.open_operations()]


def test_a_throttled_look_keeps_the_doubt(harness):
    """A look that is throttled until the run gives up settles nothing: the operation stays open."""
    from cspdecl.core.outcome import Throttled

    harness.world.script(Fault(kind="lost_after", action="set_seats"))
    item = seats(harness, harness.has(10), 12)
    harness.provider.probe = lambda _operation, _call: Throttled(retry_after=1)

    assert ["unknown"] == states(harness.run([item]))
    assert [item.id] == [one.op for one in harness.store.open_operations()]


# ---- what stops what ----


@pytest.mark.parametrize(("kind", "error"), [("not_authorised", 77), ("try_later", 75)])
def test_refused_credentials_end_the_run(tmp_path, kind, error):
    """Credentials refused, or nobody there: nothing new is sent, and what was not sent needs no recovery."""
    harness = Harness(tmp_path, customers=2)
    harness.world.script(Fault(kind=kind, tenant=TENANT, text="no"))
    operations = [operation(buy(), "contoso/a"), operation(buy(), "customer-2/a", tenant=tenant_of(2))]

    result = harness.run(operations, workers=1)

    assert ["later", "later"] == states(result)
    assert result.stopped
    assert error == result.stopped.exit_code
    assert [] == [one.op for one in harness.store.open_operations()]
    assert [] == list(harness.live(tenant_of(2), "customer-2").subscriptions)
    harness.close()


def test_credentials_refused_half_way_leave_doubt(harness):
    """A purchase whose order stands when the credentials expire is unknown, not undone: `recover` finds its order."""
    harness.world.script(Fault(kind="not_authorised", action="purchase", skip=2, text="expired"))

    result = harness.run([operation(buy(7))])

    assert ["unknown"] == states(result)
    [left] = harness.store.open_operations()
    assert "order" in left.checkpoint


def test_stale_stops_its_customer_only(tmp_path):
    """Somebody was faster at one customer: the rest of that customer waits for a new plan, the others go on."""
    harness = Harness(tmp_path, customers=2)
    mine, theirs = harness.has(10), harness.has(10, tenant=tenant_of(2))
    operations = [
        seats(harness, mine, 12),
        operation(Rename(before="", after="x"), "contoso/m365", guard=Guard(tenant=TENANT, subscription=mine)),
        seats(harness, theirs, 12, "customer-2/m365", tenant=tenant_of(2)),
    ]
    harness.world.script(Fault(kind="elsewhere", tenant=TENANT, seats=11))

    result = harness.run(operations)
    harness.close()

    assert ["stale", "skipped", "applied"] == states(result)
    assert "seats is 11, planned on 10" == result.tasks[0].message


def test_a_contradicting_read_back_is_said(harness):
    """A provider that says done and reads back something else: recorded as read, said in words, customer left alone."""
    harness.world.script(Fault(kind="misread", action="set_seats"))
    item = seats(harness, harness.has(10), 12)

    result = harness.run([item, operation(buy(offer=OTHER_OFFER), "contoso/other")])

    assert ["applied", "skipped"] == states(result)
    assert "contoso/m365: the provider says done with 12 seats but read back 13" == result.tasks[0].message


def test_a_person_has_to_act_first(harness):
    """What a person must do first is neither failure nor success: nothing is open, and what needs it is skipped."""
    harness.world.script(Fault(kind="defer", action="purchase", text="accept the agreement"))
    first = operation(buy(), "contoso/a")

    result = harness.run([first, after(operation(buy(offer=OTHER_OFFER), "contoso/b"), first)])

    assert ["deferred", "skipped"] == states(result)
    assert () == harness.store.open_operations()


# ---- time ----


def test_a_throttle_parks_and_then_goes_on(harness):
    """Told to come back, the run comes back, each time as a request of its own; nothing lost, one effect."""
    harness.world.script(Fault(kind="throttle", action="set_seats", times=3, seconds=40))
    item = seats(harness, harness.has(10), 12)

    assert ["applied"] == states(harness.run([item]))
    ids = [write.request_id for write in harness.world.writes()]
    assert len(ids) == len(set(ids))
    assert [12] == [one.seats for one in harness.live().subscriptions]


def test_a_provider_that_answers_badly_is_not_called_throttled(harness, monkeypatch):
    """No usable answer before the write: said as it is, tried a few times, and left for the next run with nothing open."""
    odd = Throttled(retry_after=15, quota="customer", message="no usable answer: 503", asked=False)
    monkeypatch.setattr(harness.provider, "apply", lambda _operation, _call: odd)
    said = []

    class Said(Silent):
        def say(self, text):
            said.append(text)

    def listen(runner):
        runner.progress = Said()

    result = harness.run([seats(harness, harness.has(10), 12)], on_runner=listen)

    assert ["later"] == states(result)
    assert "no usable answer: 503" == result.tasks[0].message
    assert ["contoso/m365: no usable answer: 503; waiting 15 s"] * (MAX_UNREAD + 1) == said[: MAX_UNREAD + 1]
    assert () == harness.store.open_operations()


def test_a_customers_throttle_holds_nobody_else(tmp_path):
    """A throttle on one customer parks that customer; another one's operations go on meanwhile."""
    from cspdecl.core.outcome import Throttled

    harness = Harness(tmp_path, customers=2, step=0.001)
    inner = harness.provider.apply
    said: list[bool] = []

    def apply(item, call):
        if item.address.customer == "contoso" and not said:
            said.append(True)
            return Throttled(retry_after=30, quota="customer")
        if "order" in (call.checkpoint or ""):
            harness.clock.step = 1000.0  # the other one is done: let the throttle pass
        return inner(item, call)

    harness.provider.apply = apply  # type: ignore[method-assign]
    operations = [operation(buy(), "contoso/a"), operation(buy(), "customer-2/a", tenant=tenant_of(2))]

    result = harness.run(operations, workers=1)
    harness.close()

    assert ["applied", "applied"] == states(result)
    assert ["customer-2/a"] * 3 + ["contoso/a"] * 3 == harness.provider.order()


def test_past_its_time_nothing_is_sent(harness):
    """A reduction whose window has closed since it was planned is skipped, and the plan has to be made again."""
    item = seats(harness, harness.has(10), 8, not_after=START + timedelta(days=7))
    harness.world.advance(days=8)

    [task] = harness.run([item]).tasks

    assert ("skipped", []) == (task.state, harness.provider.asked)
    assert "its time ran out at 2026-11-29 14:02 UTC; plan again" == task.message


def test_a_throttle_does_not_carry_an_operation_past_its_time(harness):
    """Throttled until its window has closed, an operation is not sent any more, and its journal is closed."""
    harness.world.script(Fault(kind="throttle", action="set_seats"))
    item = seats(harness, harness.has(10), 8, not_after=START + timedelta(days=7))
    harness.provider.before_call = lambda _operation, _call: harness.world.advance(days=8)

    [task] = harness.run([item]).tasks

    assert "skipped" == task.state
    assert 1 == len(harness.world.writes())
    assert () == harness.store.open_operations()


def test_after_the_deadline_nothing_new_is_sent(tmp_path):
    """At the deadline the run settles what flies and leaves the rest, unsent, for the next one."""
    harness = Harness(tmp_path, customers=3, step=1)
    harness.provider.before_call = lambda _operation, _call: setattr(harness.clock, "step", 1000.0)
    keys = ["contoso", "customer-2", "customer-3"]
    operations = [
        operation(Rename(before="", after="x"), f"{key}/a",
                  guard=Guard(tenant=tenant_of(n), subscription=harness.has(5, tenant=tenant_of(n))))
        for n, key in enumerate(keys, 1)
    ]  # fmt: skip

    result = harness.run(operations, workers=1, deadline=harness.clock.monotonic() + 500)

    assert ["applied", "later", "later"] == states(result)
    assert "no time left" == result.tasks[1].message
    assert () == harness.store.open_operations()
    harness.close()


def test_an_interrupt_settles_what_flies(tmp_path):
    """Interrupted, the run waits for the call in flight, records it, and sends nothing new."""
    harness = Harness(tmp_path, customers=2)
    harness.provider.before_call = lambda _operation, _call: setattr(harness.runner, "stop", True)
    operations = [
        operation(Cancel(seats=5), f"{key}/a",
                  guard=Guard(tenant=tenant_of(n), subscription=harness.has(5, tenant=tenant_of(n))))
        for n, key in enumerate(["contoso", "customer-2"], 1)
    ]  # fmt: skip

    result = harness.run(operations, workers=1)

    assert (["applied", "later"], True) == (states(result), result.interrupted)
    assert 1 == harness.store.head().seq
    assert () == harness.store.open_operations()
    harness.close()


def test_an_interrupt_after_the_last_call_changes_nothing(harness):
    """A run that had everything done when it was interrupted says done."""
    item = seats(harness, harness.has(10), 12)
    harness.provider.before_call = lambda _operation, _call: setattr(harness.runner, "stop", True)

    result = harness.run([item])

    assert (["applied"], False) == (states(result), result.interrupted)


def test_an_order_that_provisions_too_long_is_left_open(harness):
    """Accepted and not finished after twenty minutes: left open for the next run, which polls on."""
    from cspdecl.core.outcome import Pending

    inner = harness.provider.apply

    def slow(item, call):
        if call.checkpoint and "order" in call.checkpoint:
            return Pending(checkpoint=call.checkpoint, resume_in_ms=6 * 60 * 1000, note="the order is provisioning")
        return inner(item, call)

    harness.provider.apply = slow
    harness.clock.step = 1000.0

    result = harness.run([operation(buy(7)), operation(buy(offer=OTHER_OFFER), "contoso/other")])

    assert ["later", "skipped"] == states(result)
    assert "the order is provisioning" == result.tasks[0].message
    assert 1 == len(harness.store.open_operations())


def test_a_run_costs_in_proportion(tmp_path):
    """Twice the operations take about twice the steps: no operation looks at all the others."""

    def steps(count: int) -> int:
        harness = Harness(tmp_path / str(count))
        operations = [
            operation(Adopt(provider="memory", tenant=TENANT, ids=(f"{n}",), offer=None), f"c{n}/x", tenant=None)
            for n in range(count)
        ]
        called = 0

        def count_calls(_frame, event, _argument):
            nonlocal called
            called += event == "call"

        sys.setprofile(count_calls)
        try:
            harness.run(operations)
        finally:
            sys.setprofile(None)
            harness.close()
        return called

    (tmp_path / "600").mkdir()
    (tmp_path / "1200").mkdir()

    assert steps(1200) < 2.3 * steps(600)
