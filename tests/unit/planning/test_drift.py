"""What somebody else changed, and what is none of drift's business."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from cspdecl.core.desired import DesiredState
from cspdecl.core.live import LiveState, Status
from cspdecl.core.records import Recorded
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.drift import find_drift
from cspdecl.report.drift import render_drift
from tests.planning_builders import NOW, PHONE, VISIO, at, binding, customer, line, live_customer, next_term, sub


def recorded(seats=5, **rest) -> Recorded:
    base = Recorded(
        address=line("visio").address, hash="h", subscription="s1", offer=VISIO, seats=Decimal(seats),
        term_ends=at("2027-03-15"), status="running", at=at("2026-11-20"), ids=("s1",), term=Term.P1Y,
        billing=BillingCycle.MONTHLY, end_of_term="renew", provider_status=Status.ACTIVE,
    )  # fmt: skip
    return replace(base, **rest)


def drift(spec, *live, last=None, now=NOW):
    found = customer("hafenkontor", *([spec] if spec else []))
    return find_drift(
        desired=DesiredState(customers={"hafenkontor": found}, moves=(), retired=(), digest="d"),
        live=LiveState(
            customers={"hafenkontor": live_customer("hafenkontor", *live)}, absent={}, unknown={}, as_of=now, digest="l"
        ),
        bindings={binding("hafenkontor/visio", "s1").address: binding("hafenkontor/visio", "s1")},
        recorded={last.address: last} if last else {},
        now=now,
    )  # fmt: skip


def found(*args, **rest):
    return [(item.kind, item.field, item.was, item.declared, item.live) for item in drift(*args, **rest)]


def test_as_applied_is_no_drift():
    """Live as last recorded is quiet, whatever is declared: that is the plan's business."""
    assert [] == found(line("visio", seats=9), sub(seats=5), last=recorded(5))


def test_seats_changed_elsewhere():
    """Neither as applied nor as declared."""
    assert [("changed", "seats", 5, 5, 8)] == found(line("visio", seats=5), sub(seats=8), last=recorded(5))


def test_somebody_did_what_is_declared():
    """Changed elsewhere to just what is declared needs nothing any more."""
    assert [] == found(line("visio", seats=8), sub(seats=8), last=recorded(5))


def test_a_renewal_that_came_true():
    """Scheduled seats on the other side of a renewal are as recorded; others are not."""
    last = recorded(8, term_ends=at("2026-11-01"), scheduled=next_term(sub(), 5))

    assert [] == found(line("visio", seats=7), sub(seats=5), last=last)
    assert [("changed", "seats", 5, 7, 8)] == found(line("visio", seats=7), sub(seats=8), last=last)


def test_the_end_of_term_changed_elsewhere():
    """Auto-renew switched off in the portal."""
    assert [("changed", "end_of_term", "renew", "renew", "unset")] == found(
        line("visio"), sub(end_of_term="unset"), last=recorded()
    )


def test_a_schedule_nobody_declared():
    """Scheduled in the portal."""
    live = sub(seats=5)

    kinds = [
        (item.kind, item.field)
        for item in drift(line("visio"), replace(live, scheduled=next_term(live, 2)), last=recorded())
    ]

    assert [("schedule", "scheduled")] == kinds


def test_a_schedule_that_vanished():
    """A change elsewhere deleted what we had scheduled."""
    live = sub(seats=8)

    kinds = [item.kind for item in drift(line("visio", seats=5), live, last=recorded(8, scheduled=next_term(live, 5)))]

    assert ["schedule"] == kinds


def test_a_schedule_as_declared():
    """Somebody scheduled just what is declared."""
    live = sub(seats=8)

    assert [] == found(line("visio", seats=5), replace(live, scheduled=next_term(live, 5)), last=recorded(8))


def test_cancelled_elsewhere():
    """What we did not end is missing, by its status or from the list."""
    gone = sub(status=Status.DELETED)

    assert [("missing", "status", "running", "running", "deleted")] == found(line("visio"), gone, last=recorded())
    assert [("missing", "status", "running", "running", None)] == found(line("visio"), last=recorded())


def test_ended_as_recorded():
    """Set to cancel, and its day has passed."""
    last = recorded(end_of_term="cancel", term_ends=at("2026-11-01"))

    assert [] == found(line("visio"), sub(status=Status.EXPIRED), last=last)


def test_suspended_elsewhere():
    """Billing goes on, so it is said."""
    live = sub(status=Status.SUSPENDED)

    assert [("changed", "status", "active", "active", "suspended")] == found(line("visio"), live, last=recorded())


def test_bought_elsewhere():
    """A subscription newer than our last record, that no line could mean, is named."""
    bought = sub("x1", PHONE, 3, created=at("2026-11-21"))
    older = sub("x2", PHONE, 3, created=at("2026-11-01"))

    kinds = [(item.kind, item.address.name) for item in drift(line("visio"), sub(), bought, older, last=recorded())]

    assert [("unmanaged-new", "x1")] == kinds


def test_never_recorded_is_never_drift():
    """Without a record there is nothing to have drifted from."""
    assert [] == found(line("visio"), sub(seats=9))


def test_how_drift_reads():
    """By customer, in sentences, with a sum; nothing found is said too."""
    items = drift(line("visio"), sub(seats=8, end_of_term="unset"), last=recorded())

    assert render_drift(items) == (
        "hafenkontor\n"
        "  ~ visio: at the end of its term it is set to `unset`, `renew` was applied last\n"
        "  ~ visio: 8 seats are live, 5 were applied last and are declared\n"
        "\n"
        "Drift: 2 changed. `cspdecl plan` shows what would put it right.\n"
    )
    assert render_drift(()).startswith("No drift")
