"""What somebody else changed, and what is none of drift's business."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AtRenewal, AzurePlanSpec, DesiredState
from cspdecl.core.diagnostics import Origin
from cspdecl.core.live import LiveState, NextTerm, Status
from cspdecl.core.records import Recorded
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.drift import find_drift, find_renamed
from cspdecl.planning.drift_report import judge_drift
from cspdecl.planning.drift_values import Remembered
from cspdecl.report.drift import render_drift
from tests.planning_builders import NOW, PHONE, VISIO, at, binding, customer, line, live_customer, next_term, sub

BOUND = {binding("hafenkontor/visio", "s1").address: binding("hafenkontor/visio", "s1")}


def recorded(seats=5, **rest) -> Recorded:
    base = Recorded(
        address=line("visio").address, hash="h", subscription="s1", offer=VISIO, seats=Decimal(seats),
        term_ends=at("2027-03-15"), status="running", at=at("2026-11-20"), ids=("s1",), term=Term.P1Y,
        billing=BillingCycle.MONTHLY, end_of_term="renew", provider_status=Status.ACTIVE,
    )  # fmt: skip
    return replace(base, **rest)


def drift(spec, *live, last=None, now=NOW, own=None, since="2026-11-10", ids=(), names=None):
    """Findings about one line, last recorded as `last` and left by our last operation as `own` (else the same)."""
    remembered = Remembered(
        recorded={last.address: last} if last else {},
        applied={own.address: own} if own else {},
        since={"hafenkontor": at(since)},
        ids=frozenset(ids),
        names=names or {},
    )
    return find_drift(
        desired=desired(spec), live=read(*live, now=now), bindings=BOUND, remembered=remembered, now=now
    )  # fmt: skip


def desired(spec):
    found = customer("hafenkontor", *([spec] if spec else []))
    return DesiredState(customers={"hafenkontor": found}, moves=(), retired=(), digest="d")


def read(*live, now=NOW):
    customers = {"hafenkontor": live_customer("hafenkontor", *live)}
    return LiveState(customers=customers, absent={}, unknown={}, as_of=now, digest="l")


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


def test_recording_what_drifted_puts_nothing_right():
    """Seen and recorded, it is still neither what we left nor what is declared."""
    seen = recorded(8, end_of_term="unset", provider_status=Status.SUSPENDED)
    live = sub(seats=8, end_of_term="unset", status=Status.SUSPENDED)

    assert ["seats", "status"] == [
        item.field for item in drift(line("visio", seats=5), live, last=seen, own=recorded(5))
    ]
    assert () == drift(line("visio", seats=8), sub(seats=8), last=recorded(8), own=recorded(5))


def test_a_cancellation_that_was_recorded_is_still_missing():
    """The ledger closed the books of what somebody cancelled; that does not make it wanted."""
    ended = recorded(0, status="ended")

    assert [("missing", "status", "running", "running", "deleted")] == found(
        line("visio"), sub(status=Status.DELETED), last=ended, own=recorded()
    )
    assert [] == found(line("visio", absent=True), sub(status=Status.DELETED), last=ended, own=recorded())


def test_terms_that_passed_since_our_last_operation():
    """What we scheduled came true a term ago and was recorded; what was changed in that term is drift."""
    own = recorded(8, term_ends=at("2026-03-15"), scheduled=next_term(sub(), 5))
    renewed = recorded(5)

    assert [] == found(line("visio", seats=7), sub(seats=5), last=renewed, own=own)
    assert [("changed", "seats", 5, 7, 6)] == found(line("visio", seats=7), sub(seats=6), last=recorded(6), own=own)


def test_a_renewal_to_another_offer_as_scheduled():
    """What we scheduled may have been more than seats."""
    following = replace(next_term(sub(), 5), billing=BillingCycle.ANNUAL)
    own = recorded(8, term_ends=at("2026-03-15"), scheduled=following)

    assert [] == found(line("visio", seats=7), sub(seats=5, billing=BillingCycle.ANNUAL), last=own)


def test_ended_with_its_term_against_our_word():
    """Told to end in the portal, it ended: neither by our doing nor declared, until it is declared."""
    own, gone = recorded(term_ends=at("2026-11-01")), sub(status=Status.EXPIRED, term_ends=at("2026-11-01"))

    assert ["missing"] == [item.kind for item in drift(line("visio"), gone, last=own)]
    assert () == drift(line("visio", end_of_term="cancel"), gone, last=own)


def test_ended_before_its_time():
    """Ours to end next March, and cancelled in November: missing."""
    gone = sub(status=Status.DELETED)

    assert ["missing"] == [item.kind for item in drift(line("visio"), gone, last=recorded(end_of_term="cancel"))]


def test_an_extension_of_ours_came_true():
    """By the month, with its end open, as the provider leaves it: nobody changed anything. Its seats still count."""
    own = recorded(end_of_term="extend", term_ends=at("2026-11-15"))
    live = sub(
        created=at("2025-11-15"), term=Term.P1M, end_of_term="unset", term_started=at("2026-11-15"),
        term_ends=at("2026-12-15"),
    )  # fmt: skip
    later = replace(live, term_started=at("2026-12-15"), term_ends=at("2027-01-15"))
    month = recorded(end_of_term="unset", term=Term.P1M, term_ends=at("2026-12-15"))

    for spec in (line("visio", end_of_term="extend"), line("visio")):
        assert [] == found(spec, live, last=own)
        assert [] == found(spec, later, last=month, own=own, now=at("2026-12-20"))
        assert [("changed", "seats", 5, 5, 4)] == found(spec, replace(live, seats=4), last=own)
    assert ["end_of_term", "term"] == [item.field for item in drift(line("visio"), live, last=recorded(
        term_ends=at("2026-11-15")))]  # fmt: skip


def test_bought_elsewhere():
    """A subscription newer than the customer's first record, that no line could mean, is named until it is adopted or
    declared; what ran before, and what we managed once and let go, is not."""
    bought = sub("x1", PHONE, 3, created=at("2026-11-21"))
    older = sub("x2", PHONE, 3, created=at("2026-11-01"))
    let_go = sub("x3", PHONE, 3, created=at("2026-11-21"))
    last = recorded(at=at("2026-11-22"))

    for spec in (line("visio"), line("visio", absent=True)):
        items = drift(spec, sub(), bought, older, let_go, last=last, ids=("s1", "x3"))

        assert [("unmanaged-new", "x1")] == [(item.kind, item.address.name) for item in items]
    assert () == drift(line("phone", PHONE), sub(), bought, last=last)
    assert ["unmanaged-new"] == [
        item.kind for item in drift(line("phone", PHONE, absent=True), sub(), bought, last=last)
    ]
    assert () == drift(line("phone", PHONE, id="x1"), sub(), bought, last=last)


def test_a_declared_name_changed_elsewhere():
    """Names are drift where one is declared, and only when somebody changed it since we wrote it."""
    live, spec = sub(nickname="Neuer Name"), line("visio", nickname="Zeichner")

    assert [("changed", "nickname", "Zeichner", "Zeichner", "Neuer Name")] == found(
        spec, live, last=recorded(), names={"s1": "Zeichner [cspdecl-0a1b2c3d]"}
    )
    assert () == drift(spec, live, last=recorded(), names={"s1": "Neuer Name"}), "declared, not applied yet"
    assert () == drift(spec, live, last=recorded()), "nobody knows what it was called"
    assert () == drift(line("visio"), live, last=recorded(), names={"s1": "Zeichner"})


def test_other_names_are_no_drift():
    """Where none is declared, a name changed in the portal is known and told apart."""
    names, live = {"s1": "Visio Plan 2 [cspdecl-0a1b2c3d]"}, read(sub(nickname="Neuer Name"))

    def renamed(spec):
        items = find_renamed(desired=desired(spec), live=live, bindings=BOUND, names=names)
        return [(str(item.address), item.was, item.live) for item in items]

    assert [("hafenkontor/visio", "Visio Plan 2", "Neuer Name")] == renamed(line("visio"))
    assert [] == renamed(line("visio", nickname="Zeichner"))


def test_never_recorded_is_never_drift():
    """Without a record there is nothing to have drifted from."""
    assert [] == found(line("visio"), sub(seats=9))


def judged(items):
    return judge_drift(
        project="nordlicht", drift=items, beside=(), waivers=(), last=None, looked_at={"hafenkontor"}, now=NOW
    )


def test_how_drift_reads():
    """By customer, in sentences, with a sum; nothing found is said too."""
    items = drift(line("visio"), sub(seats=8, end_of_term="unset"), last=recorded())

    assert render_drift(judged(items)) == (
        "hafenkontor\n"
        "  ~ visio: its auto-renew is off, and what follows its term is left open; `renew` was applied last and is "
        "declared\n"
        "      endOfTerm: declared renew, last applied renew, live unset\n"
        "  ~ visio: 8 seats are live, 5 were applied last and are declared\n"
        "      seats: declared 5, last applied 5, live 8\n"
        "\n"
        "Drift: 2 changed outside. `cspdecl plan` shows what would put it right.\n"
    )
    assert render_drift(judged(())).startswith("No drift")


# ---- suspended, scheduled, on trial, Azure ----


def test_a_suspension_that_is_declared_is_no_drift():
    """Suspended as declared, by us or elsewhere: auto-renew went with it, which is no finding of its own."""
    stopped = sub(status=Status.SUSPENDED, end_of_term="unset")

    assert [] == found(line("visio", suspended=True), stopped, last=recorded())
    assert [("changed", "status", "active", "active", "suspended")] == found(line("visio"), stopped, last=recorded())


def test_what_was_resumed_elsewhere_is_found():
    """We suspended it and it is declared so; somebody let it run again."""
    own = recorded(end_of_term="unset", provider_status=Status.SUSPENDED)

    assert [("changed", "status", "suspended", "suspended", "active")] == found(
        line("visio", suspended=True), sub(end_of_term="unset"), last=own
    )
    assert [] == found(line("visio"), sub(end_of_term="unset"), last=own)


def test_a_schedule_as_declared_is_no_drift():
    """What `atRenewal` declares may have been scheduled elsewhere; a longer term that nobody declared is found."""
    longer = NextTerm(offer=OfferKey.parse(VISIO), seats=5, term=Term.P3Y, billing=BillingCycle.MONTHLY)
    wanted = AtRenewal(term=Term.P3Y, origin=Origin(file="customers/hafenkontor.yaml"))

    assert [] == found(line("visio", at_renewal=wanted), sub(scheduled=longer), last=recorded())
    [one] = drift(line("visio"), sub(scheduled=longer), last=recorded())
    assert ("schedule", "5 seats, CFQ7TTC0HD32:0002, P3Y billed monthly") == (one.kind, one.live)
    assert one.text.endswith("nobody declared it: 5 seats, P3Y billed monthly")


def test_a_promotion_that_is_not_echoed_is_no_drift():
    """A scheduled change shows its promotion only where it will apply (contract §13.4)."""
    wanted = NextTerm(
        offer=OfferKey.parse(VISIO), seats=8, term=Term.P1Y, billing=BillingCycle.MONTHLY, promotion="A:B:C"
    )

    assert [] == found(line("visio"), sub(scheduled=replace(wanted, promotion=None)), last=recorded(scheduled=wanted))


def test_a_trial_that_became_paid_is_no_drift():
    """It said what it would become, and became it by itself."""
    own = recorded(25, term=Term.P1M, billing=BillingCycle.NONE, term_kind="trial", term_ends=at("2026-11-15"))

    assert [] == found(line("visio", seats=25, trial=True), sub(seats=25), last=own)


AZURE = Address.parse("hafenkontor/azure")


def azure(live, *, own=Status.ACTIVE, **spec):
    """Findings about a bound Azure plan that we left in a status."""
    plan = AzurePlanSpec(
        address=AZURE, provider="partner-center", display_name=None, budget=None, id=None,
        origin=Origin(file="customers/hafenkontor.yaml"), **{"absent": False, "suspended": False, **spec},
    )  # fmt: skip
    left = recorded(1, address=AZURE, offer=None, term=None, billing=None, end_of_term=None, provider_status=own)
    there = () if live is None else (replace(sub("az1"), product="azure_plan", term=None, billing=None, status=live),)
    return [
        (item.kind, item.declared, item.live)
        for item in find_drift(
            desired=DesiredState(
                customers={"hafenkontor": customer("hafenkontor", azure_plans=(plan,))},
                moves=(),
                retired=(),
                digest="d",
            ),
            live=read(*there),
            bindings={AZURE: binding("hafenkontor/azure", "az1", offer=None)},
            remembered=Remembered(recorded={AZURE: left}, since={"hafenkontor": at("2026-11-10")}),
            now=NOW,
        )
    ]


def test_an_azure_plan_stopped_or_ended_elsewhere_is_found():
    """Its status is watched like any other; as declared it is quiet."""
    assert [] == azure(Status.ACTIVE)
    assert [] == azure(Status.SUSPENDED, suspended=True)
    assert [] == azure(Status.SUSPENDED, absent=True, own=Status.SUSPENDED)
    assert [("changed", "active", "suspended")] == azure(Status.SUSPENDED)
    assert [("missing", "running", "deleted")] == azure(Status.DELETED)
    assert [("missing", "running", None)] == azure(None)
