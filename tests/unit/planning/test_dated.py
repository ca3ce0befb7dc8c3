"""Values with a day: what waits, what is in force, what is not there yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from cspdecl.core.address import Address
from cspdecl.core.desired import AtRenewal, Dated, RelativeSell
from cspdecl.core.records import BookEntry
from cspdecl.planning.dated import declared_today
from tests.planning_builders import (
    NOW,
    PREMIUM,
    VISIO,
    actions,
    at,
    binding,
    bundle,
    codes,
    customer,
    line,
    live_customer,
    make_plan,
    monthly,
    origin,
    service,
    sub,
)

NEW_YEAR = date(2027, 1, 1)


def from_new_year(field, **value):
    return Dated(starts=NEW_YEAR, field=field, origin=origin(), **value)


def planned(spec, *subs, bound=(), **rest):
    return make_plan([spec], [live_customer("hafenkontor", *subs)], bindings=bound, **rest)


def said(made):
    return [(str(item.address), item.kind, item.code, item.text) for item in made.waiting]


def test_a_customer_without_days_is_itself():
    """Nothing is made anew where nothing has a day: that is nearly every customer."""
    spec = customer("hafenkontor", line("visio"), services=(service("care", 3),))

    assert spec is declared_today(spec, NOW).spec


def test_what_a_bundle_becomes_is_said_once():
    """The bundle line says it; its components, which follow, do not repeat it."""
    parts, sold = bundle("hafenkontor", "komfort", 5, {"m365": (PREMIUM, 5), "visio": (VISIO, 5)}, sell="40.00")
    days = (from_new_year("seats", seats=8), from_new_year("sell", sell=monthly("44.00")))
    lines = tuple(replace(one, dated=(from_new_year("seats", seats=8),)) for one in parts)
    spec = customer("hafenkontor", *lines, bundles=(replace(sold, dated=days),))
    subs = [sub("s1", PREMIUM), sub("s2", VISIO)]

    made = planned(
        spec, *subs, bound=[binding("hafenkontor/komfort/m365", "s1"), binding("hafenkontor/komfort/visio", "s2")]
    )

    assert [
        ("hafenkontor/komfort", "due", "CSP302", "from 2027-01-01: 5 → 8 seats"),
        (
            "hafenkontor/komfort", "due", "CSP302",
            "from 2027-01-01: our price: 40.00 EUR a seat and month → 44.00 EUR a seat and month",
        ),
    ] == said(made)  # fmt: skip


def test_on_its_day_a_bundle_is_bought_with_what_it_has_then():
    """Components and bundle come into force together."""
    parts, sold = bundle("hafenkontor", "komfort", 5, {"m365": (PREMIUM, 5)})
    lines = tuple(replace(one, dated=(from_new_year("seats", seats=8),)) for one in parts)
    spec = customer("hafenkontor", *lines, bundles=(replace(sold, dated=(from_new_year("seats", seats=8),)),))

    made = planned(spec, sub("s1", PREMIUM), bound=[binding("hafenkontor/komfort/m365", "s1")], now=at("2027-01-01"))

    assert (["hafenkontor/komfort/m365 set_seats"], []) == (actions(made), list(made.waiting))
    assert 8 == next(item.after for item in made.lines if item.is_bundle)


def test_a_service_that_begins_later_leaves_the_book_alone():
    """What is booked under its name already is neither ended nor called undeclared."""
    spec = customer("hafenkontor", services=(service("care", 3, starts=NEW_YEAR),))
    entry = BookEntry(address=Address.parse("hafenkontor/care"), service="managed-workplace", quantity=2, sell=None)

    made = planned(spec, book=[entry])

    assert ([], []) == (actions(made), codes(made))
    assert [("hafenkontor/care", "due", "CSP302", "from 2027-01-01: 3 units of managed-workplace are booked then")] == (
        said(made)
    )


def test_what_runs_for_a_line_that_begins_later_is_nobodys():
    """Bound already: not bought, not forgotten, not unmanaged; said with its day."""
    made = planned(
        customer("hafenkontor", line("visio", starts=NEW_YEAR)), sub("s1"), bound=[binding("hafenkontor/visio", "s1")]
    )

    assert ([], (), ["CSP338"]) == (actions(made), made.unmanaged, [item.code for item in made.waiting])
    assert at("2027-01-01") == made.waiting[0].when


def test_days_of_a_line_are_said_in_their_order():
    """Each with what held before it, also where a line begins later and changes later still."""
    later = Dated(starts=date(2027, 3, 1), field="seats", seats=9, origin=origin())
    spec = line(
        "visio", starts=NEW_YEAR, dated=(later, Dated(starts=date(2027, 2, 1), field="seats", seats=7, origin=origin()))
    )

    assert [
        "from 2027-01-01: 5 seats of CFQ7TTC0HD32:0002 are bought then, for P1Y billed monthly",
        "from 2027-02-01: 5 → 7 seats",
        "from 2027-03-01: 7 → 9 seats",
    ] == [item.text for item in declared_today(customer("hafenkontor", spec), NOW).waiting]


def test_every_kind_of_value_has_its_words():
    """A person reads what will hold, and what holds now."""
    dated = (
        from_new_year("suspended", suspended=True),
        from_new_year("absent", absent=True),
        from_new_year("end_of_term", end_of_term="extend"),
        from_new_year(
            "sell", relative=RelativeSell(base="cost", change=Fraction(12, 100), currency="EUR", every="month")
        ),
        from_new_year("at_renewal", at_renewal=AtRenewal(seats=3, ends=date(2028, 12, 31), origin=origin())),
    )
    waiting = declared_today(customer("hafenkontor", line("visio", dated=dated)), NOW).waiting

    assert [
        "it is suspended then; billing goes on",
        "it is to go then: cancelled where its window is open, else with its term",
        "`endOfTerm: extend`: it goes on month by month when its term ends (now: renews at the end of its term)",
        "our price: none → cost +12 %",
        "for the renewal: as it runs → 3 seats, until 2028-12-31",
    ] == [item.text.removeprefix("from 2027-01-01: ") for item in waiting]
