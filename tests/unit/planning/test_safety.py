"""Guardrails: over the whole run, without a size below which they sleep."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from cspdecl.core.action import ChangeTerm, ScheduleRenewal, Transition
from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.desired import AtRenewal, RenewsTo
from cspdecl.core.inquiry import AskTransitions, TransitionPath, Transitions
from cspdecl.core.live import NextTerm
from cspdecl.core.project import Forbidden, Guardrails
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.safety import Estate, check_safety
from cspdecl.testing.builders import OFFER, guard_of, live_subscription, operation
from tests.planning_builders import (
    NOW,
    PHONE,
    PREMIUM,
    TENANT,
    VISIO,
    at,
    binding,
    catalog,
    customer,
    line,
    live_customer,
    make_plan,
    monthly,
    origin,
    prices,
    sub,
)  # fmt: skip


def verdicts(made):
    return [(item.rule, str(item.address) if item.address else None) for item in made.safety.verdicts]


def planned(*lines, subs=(), bound=(), **guardrails):
    return make_plan(
        [customer("hafenkontor", *lines)], [live_customer("hafenkontor", *subs)], bindings=bound, guardrails=guardrails
    )


@pytest.mark.parametrize(("seats", "touched"), [(55, False), (56, True)])
def test_seats_added_at_once(seats, touched):
    """50 more are allowed, 51 are not."""
    made = planned(
        line("visio", seats=seats), subs=[sub("s1", seats=5)], bound=[binding("hafenkontor/visio", "s1")],
        max_seats_per_change=50,
    )  # fmt: skip

    assert touched is made.safety.refused


def test_seats_removed_at_once():
    """Returning, cancelling and scheduling away count like buying."""
    made = planned(
        line("a", seats=1), line("b", PHONE, absent=True), line("c", PREMIUM, 1),
        subs=[
            sub("s1", VISIO, 60, lots=[(60, at("2026-11-25"))]), sub("s2", PHONE, 60, cancel_until=at("2026-11-25")),
            sub("s3", PREMIUM, 60),
        ],
        bound=[binding("hafenkontor/a", "s1"), binding("hafenkontor/b", "s2"), binding("hafenkontor/c", "s3")],
        max_seats_per_change=50,
    )  # fmt: skip

    assert [("maxSeatsPerChange", f"hafenkontor/{name}") for name in "abc"] == verdicts(made)


def test_commitment_adds_up_over_the_plan():
    """Two purchases that would each pass do not pass together."""
    each = Decimal(1000)  # 5 × 15.50 × 12 = 930.00

    alone = planned(line("a"), max_new_commitment={"EUR": each})
    together = planned(line("a"), line("b"), max_new_commitment={"EUR": each})

    assert (False, True) == (alone.safety.refused, together.safety.refused)
    assert "1,860.00 EUR" in together.safety.verdicts[0].text


def test_a_currency_without_a_limit_is_refused():
    """A guardrail in dollars does not let euros through."""
    made = planned(line("a"), max_new_commitment={"USD": Decimal(5000)})

    assert [("maxNewCommitment", None)] == verdicts(made)


def test_returning_seats_commits_to_nothing():
    """A reduction passes whatever the limit."""
    made = planned(
        line("a", seats=2), subs=[sub("s1", lots=[(5, at("2026-11-25"))])], bound=[binding("hafenkontor/a", "s1")],
        max_new_commitment={"EUR": Decimal(0)},
    )  # fmt: skip

    assert not made.safety.refused


@pytest.mark.parametrize(("price", "touched"), [("16.85", False), ("16.84", True), (None, False)])
def test_margin_of_what_is_added(price, touched):
    """Cost 15.50: 8 % are left from 16.85 on; a line without price of ours is not judged."""
    made = planned(line("a", sell=monthly(price) if price else None), min_margin=Fraction(8, 100))

    assert touched is made.safety.refused


def test_a_reduction_is_never_held_up_by_its_margin():
    """Getting out of a bad price is not refused."""
    made = planned(
        line("a", seats=2, sell=monthly("1.00")), subs=[sub("s1", lots=[(5, at("2026-11-25"))])],
        bound=[binding("hafenkontor/a", "s1")], min_margin=Fraction(8, 100),
    )  # fmt: skip

    assert not made.safety.refused


@pytest.mark.parametrize(("per_seat", "currency"), [("18.50", "CHF"), ("0.00", "EUR")])
def test_a_margin_that_cannot_be_computed_cannot_pass(per_seat, currency):
    """A price in another currency than the cost, or of nothing, leaves no share to compare: it refuses."""
    sell = replace(monthly(per_seat), currency=currency)
    made = planned(line("visio", seats=5, sell=sell), min_margin=Fraction(1, 10))

    assert [("minMargin", "hafenkontor/visio")] == verdicts(made)


def test_unknown_cost_cannot_pass_a_margin():
    """A missing price list must not open the gate."""
    made = make_plan(
        [customer("hafenkontor", line("a", sell=monthly("18.50")))], [live_customer("hafenkontor")],
        price_book=prices({}), guardrails={"min_margin": Fraction(8, 100)},
    )  # fmt: skip

    assert [("minMargin", "hafenkontor/a")] == verdicts(made)


def test_forbidden_combinations_match_in_every_given_part():
    """A rule with two parts needs both; increases are purchases too."""
    rule = (Forbidden(term=Term.P1Y, offer=OfferKey.parse(VISIO)),)
    bought = planned(line("a"), line("b", PHONE), forbid=rule)
    grown = planned(line("a", seats=9), subs=[sub("s1")], bound=[binding("hafenkontor/a", "s1")], forbid=rule)

    assert [("forbid", "hafenkontor/a")] == verdicts(bought) == verdicts(grown)


@pytest.mark.parametrize(("kept", "touched"), [(1, True), (8, True), (9, False)])
def test_letting_go_has_no_size_below_which_it_passes(kept, touched):
    """One of two, one of nine: more than a tenth. One of ten passes."""
    names = [f"l{index}" for index in range(kept)]
    made = planned(
        *(line(name, PHONE) for name in names), subs=[sub("weg"), *(sub(f"s-{name}", PHONE) for name in names)],
        bound=[binding("hafenkontor/weg", "weg"), *(binding(f"hafenkontor/{name}", f"s-{name}", offer=PHONE) for name in names)],
        max_stop_managing=Fraction(1, 10),
    )  # fmt: skip

    assert touched is made.safety.refused


def test_an_empty_tree_lets_nothing_go():
    """All customers gone from the manifests is far more than a tenth."""
    made = make_plan(
        [], [], bindings=[binding("a/x", "s1"), binding("b/y", "s2")], guardrails={"max_stop_managing": Fraction(1, 10)}
    )

    assert [("maxStopManaging", None)] == verdicts(made)
    assert "stops managing 2 lines of 2" in made.safety.verdicts[0].text


def test_what_has_ended_may_always_go():
    """Bindings of what no longer runs are no managed lines that are let go."""
    from cspdecl.core.live import Status

    made = planned(
        subs=[sub("s1", status=Status.DELETED)], bound=[binding("hafenkontor/weg", "s1")],
        max_stop_managing=Fraction(1, 10),
    )  # fmt: skip

    assert (False, "ended") == (made.safety.refused, made.operations[0].reason.code)


# ---- what only looks like a change ----


def checked(action, **guardrails):
    """The guardrails over one operation of which nothing is priced."""
    one = operation(action, "hafenkontor/visio", guard=guard_of(live_subscription(seats=20)))
    limits = Guardrails(max_stop_managing=Fraction(1), **guardrails)
    return [item.rule for item in check_safety(limits, [one], estate=Estate(lines=1), now=NOW).verdicts]


LONGER = ChangeTerm(
    seats=20, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P3Y, billing=BillingCycle.ANNUAL
)
UPGRADE = Transition(source=OfferKey.parse(VISIO), target=OfferKey.parse(PREMIUM), before=20, seats=20)
AT_RENEWAL = NextTerm(offer=OfferKey.parse(OFFER), seats=20, term=Term.P3Y, billing=BillingCycle.ANNUAL)


@pytest.mark.parametrize("action", [LONGER, UPGRADE], ids=["longer term", "upgrade"])
def test_a_longer_term_and_an_upgrade_are_purchases(action):
    """What they commit to is limited; where it is unknown the limit refuses (contract §22.27)."""
    assert ["maxNewCommitment"] == checked(action, max_new_commitment={"EUR": Decimal(100)})


@pytest.mark.parametrize(("limit", "refused"), [(20, []), (19, ["maxSeatsPerChange"])])
def test_upgraded_seats_are_counted(limit, refused):
    """Seats that go over for good count like added ones, though their number stays."""
    assert refused == checked(UPGRADE, max_seats_per_change=limit)


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        (LONGER, Forbidden(term=Term.P3Y)),
        (LONGER, Forbidden(billing=BillingCycle.ANNUAL)),
        (UPGRADE, Forbidden(offer=OfferKey.parse(PREMIUM))),
        (UPGRADE, Forbidden(term=Term.P1Y)),
        (ScheduleRenewal(next=AT_RENEWAL), Forbidden(term=Term.P3Y)),
    ],
)
def test_forbidden_ways_are_forbidden_in_every_guise(action, rule):
    """A rule holds for a longer term, an upgrade and what a renewal brings, by what is bought and not by what runs."""
    assert ["forbid"] == checked(action, forbid=(rule,))


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        (LONGER, Forbidden(term=Term.P1Y)),
        (UPGRADE, Forbidden(offer=OfferKey.parse(VISIO))),
        (
            ScheduleRenewal(next=replace(AT_RENEWAL, term=Term.P1Y, billing=BillingCycle.MONTHLY)),
            Forbidden(term=Term.P1Y),
        ),
    ],
)
def test_what_is_left_is_not_forbidden(action, rule):
    """Leaving a forbidden way, and renewing what runs in it, is no purchase of it."""
    assert [] == checked(action, forbid=(rule,))


# ---- what comes true by itself ----

LATER = OfferKey.parse(PREMIUM)


def at_renewal(**changes):
    return AtRenewal(**changes, origin=origin().at("atRenewal"))


def trial(ends="cancel", **changes):
    becomes = NextTerm(offer=LATER, seats=25, term=Term.P1Y, billing=BillingCycle.MONTHLY)
    return sub("s1", VISIO, 25, trial=True, end_of_term=ends, scheduled=becomes if ends == "renew" else None, **changes)


def paid(seats=25, **changes):
    return line(
        "visio", VISIO, 25, trial=True, renews_to=RenewsTo(offer=LATER, seats=seats, origin=origin()), **changes
    )


BOUND = [binding("hafenkontor/visio", "s1")]


@pytest.mark.parametrize(
    ("declared", "runs", "owed"),
    [
        # 7 seats more for a year at 15.50 a month
        (line("visio", seats=5, at_renewal=at_renewal(seats=12)), sub("s1"), "1302.00"),
        # 5 seats at 20.60 and not at 15.50
        (line("visio", seats=5, at_renewal=at_renewal(offer=LATER)), sub("s1"), "306.00"),
        # 25 seats of what a trial becomes, which was to end
        (paid(), trial(), "6180.00"),
        # 5 more than it would become anyway
        (paid(30), trial("renew"), "1236.00"),
    ],
    ids=["more seats", "another offer", "a trial that is let become paid", "a trial that becomes more"],
)
def test_what_a_renewal_brings_is_committed_to(declared, runs, owed):
    """What comes true by itself counts when it is written, beyond what would renew anyway."""
    asked = AskTransitions(tenant=TENANT, subscription="s1", when="scheduled")
    path = TransitionPath(offer=LATER, kinds=("transition_only",))

    def made(limit):
        return make_plan(
            [customer("hafenkontor", declared)], [live_customer("hafenkontor", runs)], bindings=BOUND,
            answers={asked: Transitions(paths=(path,))},
            guardrails={"max_new_commitment": {"EUR": Decimal(limit)}},
        )  # fmt: skip

    least = made(Decimal(owed) - Decimal("0.01"))
    assert least.operations
    assert ([], ["maxNewCommitment"]) == (
        [rule for rule, _ in verdicts(made(owed))],
        [rule for rule, _ in verdicts(least)],
    )


def test_what_a_renewal_brings_at_an_unknown_price_cannot_pass():
    """Without a price for the next term the limit cannot be checked, and refuses."""
    made = make_plan(
        [customer("hafenkontor", line("visio", seats=5, at_renewal=at_renewal(seats=12)))],
        [live_customer("hafenkontor", sub("s1"))], bindings=BOUND, price_book=prices({}),
        guardrails={"max_new_commitment": {"EUR": Decimal(10**6)}},
    )  # fmt: skip

    assert [("maxNewCommitment", "hafenkontor/visio")] == verdicts(made)


def test_fewer_seats_at_the_renewal_commit_to_nothing():
    """A smaller renewal passes any limit, priced or not."""
    made = make_plan(
        [customer("hafenkontor", line("visio", seats=5, at_renewal=at_renewal(seats=2)))],
        [live_customer("hafenkontor", sub("s1"))], bindings=BOUND, price_book=prices({}),
        guardrails={"max_new_commitment": {"EUR": Decimal(0)}},
    )  # fmt: skip

    assert (1, []) == (len(made.operations), verdicts(made))


def test_what_was_promised_before_is_not_counted_again():
    """A schedule that a change of seats deletes is written again: only the seats are new."""
    kept = NextTerm(offer=OfferKey.parse(VISIO), seats=90, term=Term.P1Y, billing=BillingCycle.MONTHLY)
    made = make_plan(
        [customer("hafenkontor", line("visio", seats=6, at_renewal=at_renewal(seats=90)))],
        [live_customer("hafenkontor", sub("s1", scheduled=kept))], bindings=BOUND,
        guardrails={"max_new_commitment": {"EUR": Decimal(100)}},
    )  # fmt: skip

    assert (["set_seats", "schedule_renewal"], []) == ([item.action.kind for item in made.operations], verdicts(made))


@pytest.mark.parametrize("rule", [Forbidden(offer=LATER), Forbidden(term=Term.P1Y, offer=LATER)])
@pytest.mark.parametrize("declared", [{}, {"renews_to": None}], ids=["declared", "by itself"])
def test_a_forbidden_offer_is_not_reached_through_a_trial(rule, declared):
    """A trial that becomes what the project forbids is not started, and one that was to end is not let become it."""
    free = Offer(
        key=OfferKey.parse(VISIO), title="A trial", min_seats=1, max_seats=25, trial=True, upgrades=(LATER,),
        terms=(OfferTerm.parse("P1M/none"),),
    )  # fmt: skip
    sold = catalog()
    catalogs = {("partner-center", "DE", "commercial"): replace(sold, offers={**sold.offers, free.key: free})}
    wanted = replace(paid(), **declared)

    def made(spec, *subs, bound=()):
        return make_plan(
            [customer("hafenkontor", spec)], [live_customer("hafenkontor", *subs)], bindings=bound, catalogs=catalogs,
            guardrails={"forbid": (rule,)},
        )  # fmt: skip

    started, ending = made(wanted), made(replace(wanted, end_of_term="cancel", renews_to=None))
    kept = made(wanted, trial(), bound=BOUND)

    assert "purchase" in [item.action.kind for item in ending.operations]
    assert ["forbid"] == sorted({rule for rule, _ in verdicts(started)})
    assert [] == verdicts(ending)
    if wanted.renews_to is not None:
        assert ["forbid"] == sorted({rule for rule, _ in verdicts(kept)})


def test_more_seats_of_what_is_forbidden_are_not_scheduled():
    """More seats at the renewal are an increase like any other."""
    more = NextTerm(offer=OfferKey.parse(OFFER), seats=21, term=Term.P1Y, billing=BillingCycle.MONTHLY)

    assert ["forbid"] == checked(ScheduleRenewal(next=more), forbid=(Forbidden(term=Term.P1Y),))
