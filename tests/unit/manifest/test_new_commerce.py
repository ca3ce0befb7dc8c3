"""What a line may say beyond seats: each key arrives in core as the value it stands for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import CustomerSpec, RelativeSell, SellRule, SubscriptionSpec
from cspdecl.core.terms import BillingCycle, Term
from tests.unit.manifest.sample import BOOK, BUNDLE, PROJECT, TENANT, codes, compiled, customer, line, only, parts

START = 'name: v, offer: "CFQ7TTC0HD32:0002", seats: 25'
PROMOTION = "39NFJQT1X27N:0002:39NFJQT1Q5KL"
INDIRECT = PROJECT.replace("model: direct", "model: indirect-provider")
WITH_BOOK = PROJECT + "  prices: {path: prices/, book: standard}\n"


def test_a_plain_line_has_none_of_it():
    """What is not said is not there."""
    spec = line(f"{{{START}}}")

    assert (False, False, None, None, None) == (
        spec.suspended, spec.trial, spec.renews_to, spec.at_renewal, spec.upgrade,
    )  # fmt: skip
    assert (None, None, None, False, None, (), None) == (
        spec.addon_of, spec.custom_end, spec.promotion, spec.attested, spec.relative, spec.dated, spec.starts,
    )  # fmt: skip


def test_flags_and_names():
    """Suspension, attestation and the promotion that must apply."""
    spec = line(f'{{{START}, suspended: true, attested: true, promotion: "{PROMOTION.lower()}"}}')

    assert (True, True, PROMOTION) == (spec.suspended, spec.attested, spec.promotion)


def test_the_next_term():
    """`atRenewal` says what the next term has; what it leaves out stays as the line declares it."""
    full = line(
        f'{{{START}, atRenewal: {{seats: 17, offer: "cfq7ttc0hdb0:0002", term: P3Y, billing: annual, '
        f'endsOn: 2027-12-31, promotion: "{PROMOTION}"}}}}'
    ).at_renewal
    short = line(f"{{{START}, atRenewal: {{seats: 17}}}}").at_renewal

    assert full is not None
    assert short is not None
    assert (17, OfferKey("CFQ7TTC0HDB0", "0002"), Term.P3Y, BillingCycle.ANNUAL, date(2027, 12, 31), PROMOTION) == (
        full.seats, full.offer, full.term, full.billing, full.ends, full.promotion,
    )  # fmt: skip
    assert (17, None, None, None) == (short.seats, short.offer, short.term, short.ends)
    assert ("spec", "subscriptions", 0, "atRenewal") == short.origin.path


@pytest.mark.parametrize(
    ("written", "seats", "reassign"),
    [("", None, True), (", seats: 10", 10, True), (", licences: keep", None, False), (", licences: move", None, True)],
)
def test_an_upgrade_names_what_is_left(written: str, seats: int | None, reassign: bool):
    """`offer` is the new one, `upgrade.from` the old one; all seats and the licences move unless it says otherwise."""
    upgrade = line(f'{{{START}, upgrade: {{from: "cfq7ttc0hdb0:0002"{written}}}}}').upgrade

    assert upgrade is not None
    assert (OfferKey("CFQ7TTC0HDB0", "0002"), seats, reassign) == (upgrade.source, upgrade.seats, upgrade.reassign)


def test_a_trial_and_what_it_becomes():
    """A trial line says its seats as the offer has them, and may say what follows."""
    bare = line(f"{{{START}, trial: true}}")
    becomes = line(
        f'{{{START}, trial: true, renewsTo: {{offer: "CFQ7TTC0HDB0:0002", seats: 5, term: P1M, billing: monthly}}}}'
    ).renews_to

    assert (True, None, 25) == (bare.trial, bare.renews_to, bare.seats)
    assert becomes is not None
    assert (OfferKey("CFQ7TTC0HDB0", "0002"), 5, Term.P1M, BillingCycle.MONTHLY) == (
        becomes.offer, becomes.seats, becomes.term, becomes.billing,
    )  # fmt: skip


def test_a_perpetual_licence_has_no_term():
    """`billing: one_time` is a licence for good: nothing ends, so no default decides how."""
    spec = line(f"{{{START}, billing: one_time}}")

    assert (Term.ONCE, BillingCycle.ONE_TIME, None) == (spec.term, spec.billing, spec.end_of_term)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2027-06-30", (date(2027, 6, 30), False, None)),
        ("month-end", (None, True, None)),
        ("{line: base}", (None, False, Address("hafenkontor", ("base",)))),
    ],
)
def test_a_first_term_that_ends_elsewhere(written: str, expected: tuple[object, ...]):
    """A day, the month's end, or with another line."""
    spec = only(
        customer(f"{{{START}, customTermEnd: {written}}}", '{name: base, offer: "CFQ7TTC0HDB0:0002", seats: 1}')
    ).subscriptions[0]

    assert spec.custom_end is not None
    assert expected == (spec.custom_end.day, spec.custom_end.month_end, spec.custom_end.line)


def test_an_add_on_names_its_base_by_line_or_component():
    """In a customer by line or line/component; in a bundle by component, which becomes the customer's."""
    text = BUNDLE.replace("round: up}", "round: up}, addonOf: m365, customTermEnd: {line: m365}")
    spec = only(text, customer(f"{{{START}, addonOf: platz/m365}}", "{name: platz, bundle: komfort, seats: 4}"))
    base = Address("hafenkontor", ("platz", "m365"))
    single, _, telefonie = spec.subscriptions

    assert (base, base) == (single.addon_of, telefonie.addon_of)
    assert telefonie.custom_end is not None
    assert base == telefonie.custom_end.line


def test_a_bundle_may_end_with_one_of_its_parts():
    """`customTermEnd` of a bundle line is every component's; the one that is named ends when it ends."""
    found = parts("{name: platz, bundle: komfort, seats: 4, customTermEnd: {line: platz/m365}}", BUNDLE)
    m365, telefonie = found["m365"], found["telefonie"]

    assert isinstance(m365, SubscriptionSpec)
    assert isinstance(telefonie, SubscriptionSpec)
    assert m365.custom_end is None
    assert telefonie.custom_end is not None


def test_an_add_on_whose_base_is_left_out():
    """A customer `without` the base cannot have the add-on."""
    text = BUNDLE.replace("components:", "anchor: m365\n  components:").replace(
        "round: up}", "round: up}, addonOf: visio"
    )
    text = text.replace("  retired:", '    - {name: visio, offer: "CFQ7TTC0HD32:0002"}\n  retired:')

    assert ["CSP255"] == codes(text, customer("{name: platz, bundle: komfort, seats: 4, without: [visio]}"))
    assert ["CSP210"] == codes(customer(f"{{{START}, addonOf: platz/m365}}", "{name: platz, bundle: x, seats: 4}"))


def test_overrides_say_it_for_one_component():
    """Everything about one subscription can be said for a component of one customer."""
    found = parts(
        "{name: platz, bundle: komfort, seats: 4, atRenewal: {term: P3Y}, suspended: true, overrides: {m365: "
        f'{{suspended: false, atRenewal: {{seats: 3}}, upgrade: {{from: "CFQ7TTC0LDPB:0001", seats: 2}}, '
        f'promotion: "{PROMOTION}", attested: true, customTermEnd: month-end}}}}}}',
        BUNDLE,
    )
    m365, telefonie = found["m365"], found["telefonie"]

    assert isinstance(m365, SubscriptionSpec)
    assert isinstance(telefonie, SubscriptionSpec)
    assert m365.at_renewal is not None
    assert (False, 3, None) == (m365.suspended, m365.at_renewal.seats, m365.at_renewal.term)
    assert (PROMOTION, True, 2) == (m365.promotion, m365.attested, m365.upgrade.seats if m365.upgrade else None)
    assert telefonie.at_renewal is not None
    assert (True, Term.P3Y, None) == (telefonie.suspended, telefonie.at_renewal.term, telefonie.at_renewal.seats)


# ---- prices ----


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('perSeat: "18.50", every: month', SellRule(per_seat=Decimal("18.50"), currency="EUR", every="month")),
        (
            'list: "-5%", every: month',
            RelativeSell(base="list", change=Fraction(-1, 20), currency="EUR", every="month"),
        ),
        ('cost: "+12.5%", every: year', RelativeSell(base="cost", change=Fraction(1, 8), currency="EUR", every="year")),
        ('cost: "0%", every: year', RelativeSell(base="cost", change=Fraction(0), currency="EUR", every="year")),
    ],
)
def test_a_price_is_an_amount_or_a_share(written: str, expected: object):
    """An amount stands in `sell`, a share in `relative`, never both."""
    spec = line(f"{{{START}, sell: {{{written}}}}}")

    assert expected == (spec.sell or spec.relative)
    assert (spec.sell is None) is isinstance(expected, RelativeSell)


@pytest.mark.parametrize("text", ["5%", "-5", "−5%", "+5,5%", "five%", "+-5%", "+5 %"])
def test_a_share_needs_its_sign(text: str):
    """`5%` could mean five per cent of the price, or five more."""
    assert ["CSP126"] == codes(customer(f'{{{START}, sell: {{list: "{text}", every: month}}}}'))


def test_a_price_book_prices_what_has_no_price():
    """By offer, with its days; else the default; own services by their name."""
    spec = only(
        BOOK,
        customer(
            f"{{{START}}}",
            '{name: p, offer: "CFQ7TTC0HDB0:0002", seats: 1}',
            "{name: s, service: managed-workplace, seats: 2}",
        ),
        project=WITH_BOOK,
    )
    visio, projekt = spec.subscriptions
    later = SellRule(per_seat=Decimal("222.00"), currency="EUR", every="year")

    assert SellRule(per_seat=Decimal("18.50"), currency="EUR", every="month") == visio.sell
    assert [(date(2027, 1, 1), later)] == [(item.starts, item.sell) for item in visio.dated]
    assert RelativeSell(base="list", change=Fraction(-3, 100), currency="EUR", every="month") == projekt.relative
    assert SellRule(per_seat=Decimal("9.00"), currency="EUR", every="month") == spec.services[0].sell


def test_the_customers_own_book_and_the_lines_own_price_come_first():
    """Line, then the customer's book, then the project's; a bundle's components take none of them."""
    special = BOOK.replace("standard", "sonder").replace('"18.50"', '"17.00"')
    text = customer(
        f"{{{START}}}",
        '{name: p, offer: "CFQ7TTC0HD32:0002", seats: 1, sell: {perSeat: 5, every: month}}',
        "{name: platz, bundle: komfort, seats: 4}",
        spec=f"tenant: {TENANT}\n  priceBook: sonder",
    )
    spec = only(BOOK, special, BUNDLE, text, project=WITH_BOOK)
    by_book, own, *components = spec.subscriptions

    assert by_book.sell is not None
    assert own.sell is not None
    assert (Decimal("17.00"), Decimal(5)) == (by_book.sell.per_seat, own.sell.per_seat)
    assert [(None, None)] * 2 == [(item.sell, item.relative) for item in components]


def test_a_bundle_may_be_priced_as_a_share():
    """The price of the bundle as a share of its parts' prices; how it is divided goes with it."""
    text = BUNDLE.replace('perSeat: "54.90", every: month, allocate', 'cost: "+20%", every: month, allocate')
    (instance,) = only(text, customer("{name: platz, bundle: komfort, seats: 4}")).bundles

    assert instance.sell is None
    assert (
        RelativeSell(base="cost", change=Fraction(1, 5), currency="EUR", every="month", allocate="byCost")
        == instance.relative
    )


# ---- the customer ----


def of(more: str, project: str = PROJECT) -> CustomerSpec:
    return only(customer(spec=f"tenant: {TENANT}\n  {more}"), project=project)


def test_a_hold_and_a_market():
    """Since when and why; the market where no profile says it."""
    spec = of("hold: {since: 2026-11-01, reason: three invoices open}\n  country: AT")

    assert spec.hold is not None
    assert (date(2026, 11, 1), "three invoices open", "AT") == (spec.hold.since, spec.hold.reason, spec.country)


@pytest.mark.parametrize(
    ("written", "name", "details"),
    [
        ("education", "education", {}),
        ("state-owned", "state-owned", {}),
        (
            "{type: education, segment: K12, website: https://schule.example}",
            "education",
            {"segment": "K12", "website": "https://schule.example"},
        ),
        ("{type: government, validationCode: G-1}", "government", {"validationCode": "G-1"}),
    ],
)
def test_a_qualification_is_a_word_or_a_request(written: str, name: str, details: dict[str, str]):
    """The word alone where Microsoft has it; with what a request of it needs where it is to be asked for."""
    spec = of(f"qualification: {written}")

    assert spec.qualification is not None
    assert (name, details) == (spec.qualification.name, spec.qualification.details)


def test_an_azure_plan_is_a_line_without_seats():
    """Its budget is an amount; without one the budget is left alone."""
    (plan,) = only(customer('{name: azure, azurePlan: {budget: "500.00"}, from: 2027-01-01}')).azure_plans
    (bare,) = only(customer("{name: azure, azurePlan: {}, suspended: true}")).azure_plans

    assert (Address("hafenkontor", ("azure",)), Decimal("500.00"), False) == (plan.address, plan.budget, plan.absent)
    assert (date(2027, 1, 1), None, True) == (plan.starts, bare.budget, bare.suspended)


def test_an_indirect_provider_says_who_sold():
    """A reseller of record, or `none` for a sale of one's own; nothing said is an error."""
    spec = of('reseller: {partnerId: 1234567, additional: ["7654321"], attested: true}', project=INDIRECT)

    assert spec.reseller is not None
    assert ("1234567", ("7654321",), True) == (
        spec.reseller.partner_id, spec.reseller.additional, spec.reseller.attested,
    )  # fmt: skip
    assert of("reseller: none", project=INDIRECT).reseller is None
    assert ["CSP260"] == codes(customer(), project=INDIRECT)


@pytest.mark.parametrize(
    ("country", "allowed"), [("DE", True), ("NO", True), ("CH", True), ("GB", False), ("US", False)]
)
def test_additional_resellers_are_for_eu_and_efta(country: str, allowed: bool):
    """Up to five more, where the customer's market is in EU or EFTA."""
    text = customer(
        spec=f'tenant: {TENANT}\n  country: {country}\n  reseller: {{partnerId: "1", additional: ["2", "3", "4", "5", "6"]}}'
    )

    assert ([] if allowed else ["CSP262"]) == codes(text, project=INDIRECT)


def test_the_model_reaches_the_project():
    """An indirect provider is told from a direct-bill partner."""
    project = compiled(project=INDIRECT).project

    assert project is not None
    assert "indirect-provider" == project.reseller.model
