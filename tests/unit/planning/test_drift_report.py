"""What of a drift run counts, what is waived, what is new, and what a store remembers of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cspdecl.core.address import Address
from cspdecl.core.desired import DesiredState, Upgrade
from cspdecl.core.diagnostics import Origin
from cspdecl.core.guard import Waiver
from cspdecl.core.live import Binding, CustomerAbsent, LiveState, ReadFailure, Status
from cspdecl.core.records import Part
from cspdecl.planning.drift import find_beside, find_drift
from cspdecl.planning.drift_report import (
    LastReport,
    dump_last,
    judge_drift,
    parse_last,
    remembered_of,
    unknown_concerns,
)
from cspdecl.planning.drift_values import Drift, Remembered
from tests.planning_builders import NOW, PHONE, VISIO, customer, line, live_customer, sub
from tests.unit.planning.test_drift import BOUND, recorded

LATER = NOW + timedelta(days=1)


def seats(live, *, key="hafenkontor", name="visio", was=5) -> Drift:
    """Seats changed outside."""
    return Drift(
        address=Address(key, (name,)), kind="changed", field="seats", was=was, declared=was, live=live, text="seats",
        subscription=f"{key}-{name}",
    )  # fmt: skip


def waiver(concerns="drift", target=None, days=1) -> Waiver:
    """An exception until so many days from now."""
    return Waiver(
        name="moving-in", concerns=concerns, target=target, owner="lena", reason="they move in",
        expires=NOW + timedelta(days=days),
    )  # fmt: skip


def judge(*drift, last=None, waivers=(), beside=(), looked_at=("hafenkontor", "muehlbach"), now=NOW):
    return judge_drift(
        project="nordlicht", drift=drift, beside=beside, waivers=waivers, last=last, looked_at=set(looked_at), now=now
    )


def after(*drift, last=None, now=NOW, looked_at=("hafenkontor", "muehlbach")) -> LastReport:
    return remembered_of(judge(*drift, last=last, now=now, looked_at=looked_at), last, set(looked_at))


def test_the_same_set_again_is_no_change():
    """What was reported is known from then on, with its day; another value of the same field is new, the old one gone."""
    first = judge(seats(8))
    last = after(seats(8))
    again, other = judge(seats(8), last=last, now=LATER), judge(seats(9), last=last, now=LATER)

    assert (True, ["new"]) == (first.changed, [item.state for item in first.counted])
    assert (False, [("still", NOW)], ()) == (
        again.changed,
        [(one.state, one.since) for one in again.counted],
        again.gone,
    )
    assert (True, ["new"], ["8"]) == (
        other.changed,
        [one.state for one in other.counted],
        [one.live for one in other.gone],
    )


def test_nothing_ever_found_is_no_change():
    """A first run without drift has nothing to alarm about; one that finds all of it gone has a change and no drift."""
    assert not judge().changed
    gone = judge(last=after(seats(8)))
    assert (True, (), 1) == (gone.changed, gone.counted, len(gone.gone))


def test_who_was_not_looked_at_is_as_before():
    """A run for one customer neither forgets nor repeats what is known of the others."""
    last = after(seats(8), seats(4, key="muehlbach"))

    one = judge(seats(8), last=last, looked_at=("hafenkontor",))
    kept = after(seats(9), last=last, looked_at=("hafenkontor",), now=LATER)

    assert (False, ()) == (one.changed, one.gone)
    assert {("hafenkontor", "9"), ("muehlbach", "4")} == {(item.customer, item.live) for item in kept.known.values()}
    assert not judge(seats(9), seats(4, key="muehlbach"), last=kept).changed


def test_a_report_is_remembered_as_it_was():
    """Through the store's note and back; a note that nobody can read is none."""
    last = replace(after(seats(8), now=NOW), told={"ops": "drift-1"})

    assert last == parse_last(dump_last(last))
    assert [None] * 4 == [parse_last(text) for text in (None, "", "{", '{"version": 2}')]


def test_the_same_set_keeps_the_report_it_was_first_told_in():
    """So that what is announced of it keeps its id; a set that comes back is another report."""
    first = after(seats(8))
    second = after(last=first, now=LATER)
    third = after(seats(8), last=second, now=LATER)

    assert first is after(seats(8), last=first, now=LATER)
    assert first.digest == third.digest
    assert 3 == len({first.chain, second.chain, third.chain})


@pytest.mark.parametrize(
    ("concerns", "target", "fits"),
    [
        ("drift", None, True), ("drift:seats", None, True), ("drift:changed-outside", None, True),
        ("drift:any", "hafenkontor", True), ("drift", "hafenkontor/visio", True), ("drift:end-of-term", None, False),
        ("drift", "hafen", False), ("drift", "hafenkontor/vis", False), ("maxSeatsPerChange", None, False),
    ],
)  # fmt: skip
def test_what_a_waiver_covers(concerns, target, fits):
    """A field or a class, of the project, a customer or a line; never a name that merely begins alike."""
    report = judge(seats(8), waivers=(waiver(concerns, target),))

    assert (int(not fits), int(fits)) == (len(report.counted), len(report.waived))


def test_a_waiver_that_ended():
    """It counts again, and is said; one that still holds wins over one that ended."""
    ended = judge(seats(8), waivers=(waiver(days=0),))
    both = judge(seats(8), waivers=(waiver(days=0), waiver(days=3)))

    assert ["moving-in"] == [item.lapsed.name for item in ended.counted if item.lapsed]
    assert (0, 1) == (len(both.counted), len(both.waived))


def test_waivers_that_fit_nothing():
    """A misspelt word waives nothing, and is found out."""
    wrong = waiver("drift:sesats")

    assert (wrong,) == unknown_concerns([waiver(), waiver("drift:endOfTerm"), waiver("maxCancellations"), wrong])


# ---- classes ----


def state(*customers, absent=(), unknown=()):
    return LiveState(
        customers={one.key: one for one in customers},
        absent={key: CustomerAbsent(key=key, read_at=NOW) for key in absent},
        unknown={one.key: one for one in unknown},
        as_of=NOW,
        digest="l",
    )


def found(live, *specs, bindings=BOUND, remembered=None):
    desired = DesiredState(customers={one.key: one for one in specs}, moves=(), retired=(), digest="d")
    about = {"desired": desired, "live": live, "bindings": bindings, "now": NOW}
    remembered = remembered or Remembered(recorded={line("visio").address: recorded()})
    drift = find_drift(**about, remembered=remembered)
    return drift, find_beside(**about, remembered=remembered, drift=drift)


@pytest.mark.parametrize(
    "live",
    [
        state(unknown=[ReadFailure(key="hafenkontor", message="not ours", permanent=True, stranger=True)]),
        state(absent=["hafenkontor"]),
        state(replace(live_customer("hafenkontor", sub()), related=False)),
    ],
    ids=["refused as a stranger", "not listed", "listed without relationship"],
)
def test_a_customer_that_was_lost(live):
    """One finding for the customer, and none for its lines; it is not among the unreadable."""
    drift, beside = found(live, customer("hafenkontor", line("visio")))

    assert [("lost", "customer", "ours")] == [(item.group, item.field, item.was) for item in drift]
    assert [] == [item for item in beside if item.group == "unreadable"]


def test_a_customer_that_could_not_be_read():
    """An outage or a missing right is no loss; nor is a tenant that never was ours."""
    spec = customer("hafenkontor", line("visio"))
    outage = state(unknown=[ReadFailure(key="hafenkontor", message="503")])
    stranger = state(unknown=[ReadFailure(key="hafenkontor", message="no", stranger=True)])

    for live, bindings in ((outage, BOUND), (stranger, {})):
        drift, beside = found(live, spec, bindings=bindings)
        assert ((), ["unreadable"]) == (drift, [item.group for item in beside])


def test_what_is_pending_has_three_columns():
    """Declared otherwise and touched by nobody: the plan's work, and no drift."""
    drift, beside = found(
        state(live_customer("hafenkontor", sub(seats=5))), customer("hafenkontor", line("visio", seats=9))
    )

    assert () == drift
    assert [("pending", "seats", 5, 9, 5)] == [
        (item.group, item.field, item.was, item.declared, item.live) for item in beside
    ]


def test_what_drifted_is_not_pending():
    """Neither as applied nor as declared: told once, as drift."""
    drift, beside = found(
        state(live_customer("hafenkontor", sub(seats=7))), customer("hafenkontor", line("visio", seats=9))
    )

    assert ([("seats", 5, 9, 7)], ()) == ([(item.field, item.was, item.declared, item.live) for item in drift], beside)


def test_another_reseller_on_record():
    """Changed by somebody else at an indirect provider; as we left it, it is none."""
    left = Remembered(recorded={line("visio").address: recorded(reseller="111")})
    spec = customer("hafenkontor", line("visio"))

    def names(live):
        return [(item.field, item.was, item.live) for item in found(live, spec, remembered=left)[0]]

    assert [("reseller", "111", "222")] == names(state(live_customer("hafenkontor", sub(reseller="222"))))
    assert [] == names(state(live_customer("hafenkontor", sub(reseller="111"))))


def test_the_parts_of_a_line_are_compared_each():
    """Two subscriptions behind one address: seats of one of them changed outside, and which one is said."""
    upgrade = Upgrade(source=line("visio", offer=PHONE).offer, seats=2, origin=Origin(file="c.yaml"))
    spec = replace(line("visio", seats=5), upgrade=upgrade)
    own = recorded(5)
    parts = tuple(
        Part(
            subscription=ident, offer=offer, quantity=Decimal(count), provider_status=Status.ACTIVE, term=own.term,
            billing_plan=own.billing, term_end=own.term_ends, end_of_term="renew",
        )
        for ident, offer, count in (("s1", upgrade.source, 3), ("s2", spec.offer, 2))
    )  # fmt: skip
    bound = {spec.address: Binding(address=spec.address, provider="memory", tenant="t", ids=("s1", "s2"), offer=None)}
    left = Remembered(recorded={spec.address: replace(own, ids=("s1", "s2"), parts=parts)})

    def names(first, second):
        live = state(
            live_customer("hafenkontor", sub("s1", offer=PHONE, seats=first), sub("s2", offer=VISIO, seats=second))
        )
        drift, _beside = found(live, customer("hafenkontor", spec), bindings=bound, remembered=left)
        return [(item.subscription, item.field, item.was, item.declared, item.live) for item in drift]

    assert [] == names(3, 2)
    assert [("s1", "seats", 3, 3, 4)] == names(4, 2)
    assert [("s2", "seats", 2, 2, 9)] == names(3, 9)
