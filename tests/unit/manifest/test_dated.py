"""Values with a day: what holds at first, what comes later, and how a more specific place covers a general one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.dated import on_day
from cspdecl.core.desired import Dated, SellRule, ServiceSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest.timelines import Later, either, over
from tests.unit.manifest.sample import BUNDLE, codes, customer, line, only, parts

HERE = Origin(file="a.yaml")
NEW_YEAR, JUNE = date(2027, 1, 1), date(2027, 6, 1)


def said(spec: object) -> list[tuple[date, str, object]]:
    """What begins later, in short."""
    values = {"seats": "seats", "end_of_term": "end_of_term", "absent": "absent", "suspended": "suspended"}
    return [
        (item.starts, item.field, getattr(item, values[item.field]) if item.field in values else None)
        for item in spec.dated  # type: ignore[attr-defined]
    ]


def test_a_list_is_what_holds_today_and_what_comes_later():
    """The entry without a day holds now; the others wait, each with the place it was written at."""
    spec = line('{name: v, offer: "CFQ7TTC0HD32:0002", seats: [5, {value: 8, from: 2027-01-01}]}')
    (found,) = spec.dated
    path = ("spec", "subscriptions", 0, "seats", 1)

    assert 5 == spec.seats
    assert (
        Dated(starts=NEW_YEAR, field="seats", seats=8, origin=Origin(file="cspdecl.yaml", document=1, path=path))
        == found
    )
    assert [5, 8] == [on_day(spec, day).seats for day in (date(2026, 12, 31), NEW_YEAR)]


def test_seats_with_days_only_begin_the_line():
    """Where no seat count holds at first, the line is nothing before its first one's day."""
    spec = line(
        '{name: v, offer: "CFQ7TTC0HD32:0002", seats: [{value: 8, from: 2027-01-01}, {value: 9, from: 2027-06-01}]}'
    )

    assert (NEW_YEAR, 8, [(JUNE, "seats", 9)]) == (spec.starts, spec.seats, said(spec))


def test_a_line_may_begin_later():
    """`from` of a line is its first day; a plain line has none."""
    begun = line('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 8, from: 2027-01-01}')

    assert (NEW_YEAR, 8, ()) == (begun.starts, begun.seats, begun.dated)
    assert line('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 8}').starts is None


def test_a_day_that_has_passed_simply_holds():
    """Nothing is complained about, and the value of the past day is the one in force."""
    spec = line('{name: v, offer: "CFQ7TTC0HD32:0002", seats: [5, {value: 8, from: 2026-11-01}]}')

    assert 8 == on_day(spec, date(2026, 11, 22)).seats


def test_until_its_day_a_value_leaves_the_general_one_in_force():
    """`endOfTerm` with a day keeps the project's default until then; the same for what is false by default."""
    spec = line(
        '{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, endOfTerm: [{value: cancel, from: 2027-06-01}], '
        "suspended: [{value: true, from: 2027-01-01}], absent: [{value: true, from: 2027-06-01}]}"
    )

    assert ("renew", False, False, 5) == (spec.end_of_term, spec.suspended, spec.absent, spec.seats)
    assert [(NEW_YEAR, "suspended", True), (JUNE, "end_of_term", "cancel"), (JUNE, "absent", True)] == said(spec)


def test_term_and_billing_change_together():
    """A term or a billing plan with a day gives the pair that holds from that day on."""
    spec = line(
        '{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, term: [P1M, {value: P1Y, from: 2027-01-01}], '
        "billing: [monthly, {value: annual, from: 2027-06-01}]}"
    )

    assert (Term.P1M, BillingCycle.MONTHLY) == (spec.term, spec.billing)
    assert [(NEW_YEAR, "term", Term.P1Y, BillingCycle.MONTHLY), (JUNE, "term", Term.P1Y, BillingCycle.ANNUAL)] == [
        (item.starts, item.field, item.term, item.billing) for item in spec.dated
    ]


def test_prices_and_renewals_take_their_day_among_their_keys():
    """`sell` and `atRenewal` are mappings anyway, so `from` stands in them; one alone needs no list."""
    spec = line(
        '{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, '
        'sell: [{perSeat: "18.50", every: month}, {perSeat: "19.50", every: month, from: 2027-01-01}], '
        "atRenewal: {seats: 3, from: 2027-06-01}}"
    )
    price, renewal = spec.dated

    assert spec.sell == SellRule(per_seat=Decimal("18.50"), currency="EUR", every="month")
    assert price.sell == SellRule(per_seat=Decimal("19.50"), currency="EUR", every="month")
    assert spec.at_renewal is None
    assert renewal.at_renewal is not None
    assert (JUNE, 3) == (renewal.starts, renewal.at_renewal.seats)


def test_a_bundle_line_hands_its_days_to_every_component():
    """Seats with days become each component's seats by its ratio, a service's quantity, and the bundle's own seats."""
    spec = only(BUNDLE, customer("{name: platz, bundle: komfort, seats: [25, {value: 30, from: 2027-01-01}]}"))
    m365, telefonie = spec.subscriptions
    (betreuung,), (instance,) = spec.services, spec.bundles

    assert (25, 13, 25, 25) == (m365.seats, telefonie.seats, betreuung.quantity, instance.seats)
    assert [[(NEW_YEAR, "seats", count)] for count in (30, 15, 30, 30)] == [
        said(item) for item in (m365, telefonie, betreuung, instance)
    ]
    assert 30 == on_day(betreuung, NEW_YEAR).quantity


def test_a_bundle_that_goes_on_a_day_has_no_seats_from_then_on():
    """Components and services are absent from that day; the bundle, which has no such word, has no seats."""
    spec = only(
        BUNDLE, customer("{name: platz, bundle: komfort, seats: 25, absent: [{value: true, from: 2027-06-01}]}")
    )
    (instance,) = spec.bundles
    components: list[SubscriptionSpec | ServiceSpec] = [*spec.subscriptions, *spec.services]

    assert [[(JUNE, "absent", True)]] * 3 == [said(item) for item in components]
    assert (25, [(JUNE, "seats", 0)]) == (instance.seats, said(instance))
    assert 0 == on_day(instance, JUNE).seats
    assert 3 == len(instance.components)


def test_an_override_with_a_day_covers_the_bundle_from_then_on():
    """Before the override's first day the component follows the bundle, days included; after it, the override."""
    found = parts(
        "{name: platz, bundle: komfort, seats: [10, {value: 20, from: 2027-01-01}, {value: 30, from: 2027-12-01}], "
        "overrides: {telefonie: {seats: [{value: 4, from: 2027-06-01}]}, betreuung: {seats: 2}}}",
        BUNDLE,
    )
    telefonie, betreuung = found["telefonie"], found["betreuung"]

    assert isinstance(telefonie, SubscriptionSpec)
    assert isinstance(betreuung, ServiceSpec)
    assert (5, [(NEW_YEAR, "seats", 10), (JUNE, "seats", 4)]) == (telefonie.seats, said(telefonie))
    assert (2, []) == (betreuung.quantity, said(betreuung))


def test_a_ratio_is_judged_for_every_day():
    """Seats to come that leave none of a component are an error today."""
    text = BUNDLE.replace("round: up", "round: down")

    assert ["CSP226"] == codes(
        text, customer("{name: platz, bundle: komfort, seats: [10, {value: 1, from: 2027-01-01}]}")
    )


def test_a_bundle_price_with_a_day_reaches_every_customer():
    """What the bundle will cost is said once, in the bundle; a customer's own price covers it."""
    text = BUNDLE.replace(
        '  sell: {perSeat: "54.90", every: month, allocate: byCost}',
        '  sell: [{perSeat: "54.90", every: month}, {perSeat: "56.90", every: month, from: 2027-01-01}]',
    )
    usual = only(text, customer("{name: platz, bundle: komfort, seats: 4}")).bundles[0]
    own = only(
        text, customer('{name: platz, bundle: komfort, seats: 4, sell: {perSeat: "50.00", every: month}}')
    ).bundles[0]

    assert usual.sell is not None
    assert (Decimal("54.90"), [NEW_YEAR]) == (usual.sell.per_seat, [item.starts for item in usual.dated])
    assert own.sell is not None
    assert (Decimal("50.00"), ()) == (own.sell.per_seat, own.dated)


timelines = st.builds(
    lambda base, days: (base, tuple(Later(day, value, HERE) for day, value in sorted(days.items()))),
    st.none() | st.booleans(),
    st.dictionaries(st.dates(min_value=date(2027, 1, 1), max_value=date(2027, 1, 9)), st.booleans(), max_size=4),
)


def value_on(line: tuple[object, tuple[Later, ...]], day: date) -> object:
    found = line[0]
    for item in line[1]:
        if item.day <= day:
            found = item.value
    return found


@given(timelines, timelines, st.dates(min_value=date(2026, 12, 31), max_value=date(2027, 1, 10)))
def test_the_specific_place_decides_from_its_first_day_on(
    upper: tuple[object, tuple[Later, ...]], lower: tuple[object, tuple[Later, ...]], day: date
):
    """On every day the joint timeline says what the specific one says, else what the general one does."""
    own = value_on(upper, day)

    assert value_on(over(upper, lower), day) == (value_on(lower, day) if own is None else own)


@given(timelines, timelines, st.dates(min_value=date(2026, 12, 31), max_value=date(2027, 1, 10)))
def test_a_component_is_absent_while_it_or_its_bundle_is(
    first: tuple[object, tuple[Later, ...]], second: tuple[object, tuple[Later, ...]], day: date
):
    """On every day either of the two is enough."""
    assert value_on(either(first, second), day) == bool(value_on(first, day) or value_on(second, day))
