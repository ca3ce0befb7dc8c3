"""Compiling: bundles expanded, defaults applied, everything addressed, the same for any order of documents."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import Move, Retired, SellRule, ServiceSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.core.plain import to_plain
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest.compile import compile_documents
from cspdecl.manifest.text import check_text
from tests.unit.manifest.sample import BUNDLE, NOW, PROJECT, TENANT, codes, compiled, customer, line, only, parts

VISIO = '{name: visio, offer: "CFQ7TTC0HD32:0002", seats: 5}'


def bundle(version: str = "2.1.0", name: str = "komfort", **change: str) -> str:
    text = BUNDLE.replace("version: 2.1.0", f"version: {version}").replace("name: komfort", f"name: {name}")
    for old, new in change.items():
        text = text.replace(old, new)
    return text


def test_an_offer_line_is_a_subscription():
    """A line with an offer becomes one subscription, with the project's defaults and its own place."""
    expected = SubscriptionSpec(
        address=Address("hafenkontor", ("visio",)),
        provider="partner-center",
        offer=OfferKey("CFQ7TTC0HD32", "0002"),
        seats=5,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        end_of_term="renew",
        reduce="auto",
        display_name=None,
        sell=None,
        absent=False,
        id=None,
        nickname=None,
        labels={},
        bundle=None,
        origin=Origin(file="cspdecl.yaml", document=1, path=("spec", "subscriptions", 0)),
    )

    assert expected == line(VISIO)


def test_every_key_of_a_line_arrives():
    """What a line says beats every default."""
    spec = line(
        '{name: visio, offer: "cfq7ttc0hd32:0002", seats: 5, term: P3Y, billing: triennial, endOfTerm: extend, '
        "reduce: renewal, id: 83ef9d05, nickname: Zeichnen, displayName: Visio, "
        'sell: {perSeat: "222.00", every: year}}'
    )

    assert (OfferKey("CFQ7TTC0HD32", "0002"), Term.P3Y, BillingCycle.TRIENNIAL) == (spec.offer, spec.term, spec.billing)
    assert ("extend", "renewal", "83ef9d05") == (spec.end_of_term, spec.reduce, spec.id)
    assert ("Zeichnen", "Visio") == (spec.nickname, spec.display_name)
    assert SellRule(per_seat=Decimal("222.00"), currency="EUR", every="year") == spec.sell


def test_an_absent_line_needs_no_seats_and_no_end():
    """`absent: true` says it all; seats beside it are what was there before."""
    project = PROJECT.replace(", endOfTerm: renew", "")
    bare = line('{name: alt, offer: "CFQ7TTC0LH18:0001", absent: true}', project=project)
    seated = line('{name: alt, offer: "CFQ7TTC0LH18:0001", seats: 9, absent: true}', project=project)

    assert (True, 0, None) == (bare.absent, bare.seats, bare.end_of_term)
    assert (True, 0) == (seated.absent, seated.seats)


def test_a_bundle_line_becomes_its_components():
    """Every component has the address customer/line/component, its seats by ratio, and knows its bundle."""
    spec = only(bundle(), customer("{name: platz, bundle: komfort@2, seats: 25}"))
    m365, telefonie = spec.subscriptions
    (betreuung,) = spec.services
    (instance,) = spec.bundles

    assert ["hafenkontor/platz/m365", "hafenkontor/platz/telefonie"] == [str(m365.address), str(telefonie.address)]
    assert (25, 13, 25) == (m365.seats, telefonie.seats, betreuung.quantity)
    assert m365.bundle is not None
    assert ("komfort", "2.1.0", "m365") == (m365.bundle.name, m365.bundle.version, m365.bundle.component)
    assert Origin(file="cspdecl.yaml", document=1, path=("spec", "components", 1)) == telefonie.bundle_origin
    assert Origin(file="cspdecl.yaml", document=2, path=("spec", "subscriptions", 0)) == telefonie.origin
    assert SellRule(per_seat=Decimal("19.00"), currency="EUR", every="month") == betreuung.sell
    assert (25, "Arbeitsplatz Komfort", m365.address) == (instance.seats, instance.display_name, instance.anchor)
    assert (m365.address, telefonie.address, betreuung.address) == instance.components
    assert SellRule(per_seat=Decimal("54.90"), currency="EUR", every="month", allocate="byCost") == instance.sell


def test_retired_components_are_named_for_each_customer():
    """A component taken out of a bundle is listed at the address where it may still be bound."""
    result = compiled(bundle(), customer("{name: platz, bundle: komfort, seats: 2}"))
    origin = Origin(file="cspdecl.yaml", document=1, path=("spec", "retired", 0))

    assert result.desired is not None
    assert (
        Retired(address=Address("hafenkontor", ("platz", "backup-alt")), then="keep", origin=origin),
    ) == result.desired.retired


def test_overrides_change_one_component():
    """Seats, term, end, id, price and nickname of one component can differ for one customer."""
    found = parts(
        "{name: platz, bundle: komfort, seats: 28, overrides: {telefonie: {seats: 3, term: P1M, endOfTerm: cancel, "
        'reduce: now, id: abc, nickname: Telefon, sell: {perSeat: "4.00", every: month}}}}',
        bundle(),
    )
    telefonie, m365 = found["telefonie"], found["m365"]

    assert isinstance(telefonie, SubscriptionSpec)
    assert isinstance(m365, SubscriptionSpec)
    assert (3, Term.P1M, "cancel", "now") == (telefonie.seats, telefonie.term, telefonie.end_of_term, telefonie.reduce)
    assert ("abc", "Telefon") == (telefonie.id, telefonie.nickname)
    assert telefonie.sell is not None
    assert Decimal("4.00") == telefonie.sell.per_seat
    assert (28, Term.P1Y, "renew") == (m365.seats, m365.term, m365.end_of_term)


def test_without_leaves_a_component_out():
    """What a customer does not have is neither a subscription nor a component of the bundle sold."""
    spec = only(bundle(), customer("{name: platz, bundle: komfort, seats: 4, without: [telefonie]}"))

    assert ["m365"] == [item.address.name for item in spec.subscriptions]
    assert ["m365", "betreuung"] == [address.name for address in spec.bundles[0].components]


def test_an_absent_component_is_cancelled_not_forgotten():
    """`overrides: {telefonie: {absent: true}}` keeps the line, to be cancelled; the bundle is sold without it."""
    spec = only(bundle(), customer("{name: platz, bundle: komfort, seats: 4, overrides: {telefonie: {absent: true}}}"))

    assert [("m365", False, 4), ("telefonie", True, 0)] == [
        (item.address.name, item.absent, item.seats) for item in spec.subscriptions
    ]
    assert ["m365", "betreuung"] == [address.name for address in spec.bundles[0].components]


def test_an_absent_bundle_ends_every_component():
    """A bundle line that is absent cancels all it brought; it stays known, with no seats, until that has happened."""
    spec = only(bundle(), customer("{name: platz, bundle: komfort@2, absent: true}"))

    assert [True, True] == [item.absent for item in spec.subscriptions]
    assert [(True, 0)] == [(item.absent, item.quantity) for item in spec.services]
    assert [(0, ())] == [(item.seats, item.components) for item in spec.bundles]


def test_own_services_stand_alone_too():
    """A line may be a service of one's own: quantity and price, no provider, no term."""
    spec = only(
        customer("{name: wartung, service: onsite, seats: 3, displayName: Wartung, sell: {perSeat: 9, every: year}}")
    )

    assert (
        ServiceSpec(
            address=Address("hafenkontor", ("wartung",)),
            service="onsite",
            display_name="Wartung",
            quantity=3,
            sell=SellRule(per_seat=Decimal(9), currency="EUR", every="year"),
            absent=False,
            bundle=None,
            origin=Origin(file="cspdecl.yaml", document=1, path=("spec", "subscriptions", 0)),
        ),
    ) == spec.services


LAYERS = ("override", "line", "component", "bundle", "defaults")


@pytest.mark.parametrize("said", [c for n in range(1, 6) for c in itertools.combinations(LAYERS, n) if "defaults" in c])
def test_the_most_specific_place_decides(said: tuple[str, ...]):
    """Override, line, component, bundle, defaults: the first of them that says something holds."""
    words = dict(zip(LAYERS, ("now", "renewal", "auto", "now", "renewal"), strict=True))

    def say(layer: str) -> str:
        return f"reduce: {words[layer]}" if layer in said else ""

    found = parts(
        "{"
        + ", ".join(
            part
            for part in (
                "name: platz, bundle: komfort, seats: 4",
                say("line"),
                f"overrides: {{m365: {{{say('override')}}}}}" if "override" in said else "",
            )
            if part
        )
        + "}",
        BUNDLE.replace(
            "{name: m365,", f"{{name: m365, {say('component')}," if "component" in said else "{name: m365,"
        ).replace('  sell: {perSeat: "54', f'  {say("bundle")}\n  sell: {{perSeat: "54'),
        project=PROJECT.replace("endOfTerm: renew", "endOfTerm: renew, reduce: renewal"),
    )
    m365 = found["m365"]

    assert isinstance(m365, SubscriptionSpec)
    assert words[said[0]] == m365.reduce


def test_a_pin_means_the_newest_version_that_begins_with_it():
    """@1 is the newest 1.x.y, @1.2 the newest 1.2.y, @1.2.3 that one; two majors live side by side."""
    versions = [bundle(version) for version in ("1.2.3", "1.2.10", "1.9.0", "2.0.0")]
    pins = {"1": "1.9.0", "1.2": "1.2.10", "1.2.3": "1.2.3", "2": "2.0.0"}
    lines = [f"{{name: p{n}, bundle: komfort@{pin}, seats: 2}}" for n, pin in enumerate(pins)]
    spec = only(*versions, customer(*lines))

    assert list(pins.values()) == [instance.version for instance in spec.bundles]


def test_no_pin_is_needed_for_one_major_version():
    """Without a pin the newest version holds, as long as no major version is passed over."""
    assert "2.4.0" == only(bundle("2.1.0"), bundle("2.4"), customer("{name: a, bundle: komfort, seats: 2}")).bundles[
        0
    ].version.replace("2.4", "2.4.0", 1)
    assert ["CSP212"] == codes(bundle("1.0.0"), bundle("2.4"), customer("{name: a, bundle: komfort, seats: 2}"))


def test_the_anchor_can_be_another_component():
    """`anchor:` names the component that the bundle's billing counts."""
    text = BUNDLE.replace("  components:", "  anchor: telefonie\n  components:")

    assert "telefonie" == only(text, customer("{name: a, bundle: komfort, seats: 2}")).bundles[0].anchor.name


@given(
    st.integers(1, 5_000),
    st.fractions(min_value=Fraction(1, 50), max_value=20, max_denominator=999),
    st.sampled_from(["up", "down", "nearest"]),
)
def test_ratios_are_exact(seats: int, ratio: Fraction, how: str):
    """PerSeat × seats is a fraction until it is rounded, once; nearest rounds half up."""
    exact = ratio * seats
    expected = {"up": ceil(exact), "down": floor(exact), "nearest": floor(exact + Fraction(1, 2))}[how]
    text = BUNDLE.replace("{perSeat: 0.5, round: up}", f"{{perSeat: {ratio}, round: {how}}}")
    result = compiled(text, customer(f"{{name: a, bundle: komfort, seats: {seats}}}"))

    if expected == 0:
        assert ["CSP226"] == [item.code for item in result.diagnostics]
    else:
        assert result.desired is not None
        assert expected == result.desired.customers["hafenkontor"].subscriptions[1].seats


@given(st.integers(1, 2_000), st.sampled_from(["up", "down", "nearest"]))
def test_more_bundle_seats_never_mean_fewer_component_seats(seats: int, how: str):
    """Expansion is monotonous: a customer who grows loses nothing."""

    def count(bundle_seats: int) -> int:
        text = BUNDLE.replace("{perSeat: 0.5, round: up}", f"{{perSeat: 1/3, round: {how}}}")
        found = compiled(text, customer(f"{{name: a, bundle: komfort, seats: {bundle_seats}}}")).desired
        return found.customers["hafenkontor"].subscriptions[1].seats if found else 0

    assert count(seats) <= count(seats + 1) <= count(seats) + 1


TREE = [
    PROJECT,
    bundle("1.0.0"),
    bundle("2.1.0"),
    customer("{name: platz, bundle: komfort@2, seats: 9}", VISIO, more="  moved: [{from: alt, to: visio}]\n"),
    customer("{name: platz, bundle: komfort@1, seats: 3}", name="muehlbach", spec=f"tenant: a{TENANT[1:]}"),
    customer(VISIO, name="anders", spec=f"tenant: b{TENANT[1:]}"),
]


@given(st.permutations(range(len(TREE))))
def test_the_order_of_documents_means_nothing(order: list[int]):
    """The same documents in any order are the same desired state and the same project."""
    checked = [check_text(text, f"{number}.yaml").checked[0] for number, text in enumerate(TREE)]
    expected = compile_documents(checked, NOW, digest="d")
    shuffled = compile_documents([checked[number] for number in order], NOW, digest="d")

    assert expected.diagnostics == ()
    assert expected == shuffled
    assert to_plain(expected.desired) == to_plain(shuffled.desired)


def test_customers_come_in_the_order_of_their_names():
    """A desired state is ordered by customer, whatever the files are called."""
    result = compiled(*TREE[1:])

    assert result.desired is not None
    assert ["anders", "hafenkontor", "muehlbach"] == list(result.desired.customers)


def test_moves_are_addresses():
    """A move names two addresses of one customer and where it was written."""
    result = compiled(*TREE[1:])

    assert result.desired is not None
    assert (
        Move(
            source=Address("hafenkontor", ("alt",)),
            target=Address("hafenkontor", ("visio",)),
            origin=Origin(file="cspdecl.yaml", document=3, path=("spec", "moved", 0)),
        ),
    ) == result.desired.moves


def test_a_component_can_move_out_of_its_bundle():
    """What was a component may become a line, and a bundle line may get another name."""
    text = customer(
        VISIO,
        "{name: platz, bundle: komfort, seats: 4}",
        more="  moved: [{from: platz/visio, to: visio}, {from: arbeitsplatz, to: platz}]\n",
    )

    assert [] == codes(bundle(), text)


@pytest.mark.parametrize(
    ("term", "billing", "legal"),
    [
        (term, billing, billing in allowed)
        for term, allowed in {
            "P1M": {"monthly"},
            "P1Y": {"monthly", "annual"},
            "P3Y": {"monthly", "annual", "triennial"},
        }.items()
        for billing in ("monthly", "annual", "triennial")
    ],
)
def test_a_term_is_never_billed_more_seldom_than_it_is_long(term: str, billing: str, legal: bool):
    """P1M is billed monthly; P1Y monthly or annually; P3Y in all three ways (contract §13.5)."""
    text = customer(f'{{name: v, offer: "CFQ7TTC0HD32:0002", seats: 1, term: {term}, billing: {billing}}}')

    assert ([] if legal else ["CSP221"]) == codes(text)


def test_a_project_says_what_it_says():
    """Every key of the Project document arrives as a value."""
    text = PROJECT + (
        "  prices: {path: preise/, market: AT}\n"
        "  store: sqlite:lager/store.db\n  persistent: true\n"
        "  guardrails:\n    maxSeatsPerChange: 50\n    maxNewCommitment: {EUR: 20000, CHF: 5.5}\n    minMargin: 7.5%\n"
        "    maxStopManaging: 25%\n    forbid: [{term: P3Y}, {billing: annual, offer: cfq7ttc0hd32:0002}]\n"
    )
    project = compiled(project=text).project

    assert project is not None
    assert ("preise/", "AT", "sqlite:lager/store.db", True) == (
        project.prices_path,
        project.market,
        project.store,
        project.persistent,
    )
    rules = project.guardrails
    assert (50, Fraction(3, 40), Fraction(1, 4)) == (
        rules.max_seats_per_change,
        rules.min_margin,
        rules.max_stop_managing,
    )
    assert {"EUR": Decimal(20000), "CHF": Decimal("5.5")} == rules.max_new_commitment
    assert [(Term.P3Y, None, None), (None, BillingCycle.ANNUAL, OfferKey("CFQ7TTC0HD32", "0002"))] == [
        (item.term, item.billing, item.offer) for item in rules.forbid
    ]


def test_what_a_project_leaves_out():
    """The store is SQLite beside the manifests, the market the reseller's own, a tenth may stop being managed."""
    project = compiled().project

    assert project is not None
    assert ("sqlite:.cspdecl/store.db", "DE", None, False) == (
        project.store,
        project.market,
        project.prices_path,
        project.persistent,
    )
    assert Fraction(1, 10) == project.guardrails.max_stop_managing
    assert ("partner-center", "auto", "renew") == (
        project.default_provider,
        project.default_reduce,
        project.default_end_of_term,
    )


CREATE = (
    "create:\n    domain: DOMAIN\n    companyName: Mühlbach Pflege gGmbH\n"
    "    address: {line1: Am Anger 3, postalCode: 09084, city: Erfurt, country: DE}\n"
    "    contact: {firstName: Anna, lastName: Brandt, email: anna@muehlbach.example, phone: 0361 5550100}\n"
    "    agreement: {type: MicrosoftCustomerAgreement, acceptedBy: contact, acceptedOn: 2026-11-22}\n"
    "    credentialsTo: {file: .cspdecl/muehlbach}\n    language: de\n    culture: de-DE"
)


@pytest.mark.parametrize("written", ["muehlbach", "muehlbach.onmicrosoft.com"])
def test_a_customer_to_create(written: str):
    """Whatever the domain was written as, its full name is the tenant's first domain; leading zeros stay."""
    create = only(customer(spec=CREATE.replace("DOMAIN", written))).create

    assert create is not None
    assert "muehlbach.onmicrosoft.com" == create.full_domain
    assert ("09084", "DE") == (create.profile.address.postal_code, create.profile.address.country)
    assert create.agreement is not None
    assert (date(2026, 11, 22), "enhanced") == (create.agreement.accepted_on, create.agreement.attest)
    assert create.profile.contact == create.agreement.accepted_by
    assert ("0361 5550100", ".cspdecl/muehlbach") == (create.agreement.accepted_by.phone, create.credentials_to)


@pytest.mark.parametrize("domain", ["mühlbach", "Muehlbach", "-a", "a-", "a.example.com", "a" * 28, "a_b"])
def test_doubtful_domains_are_refused(domain: str):
    """A domain stays for ever, so only what Microsoft takes is accepted."""
    assert ["CSP126"] == codes(customer(spec=CREATE.replace("DOMAIN", domain)))


def test_a_project_with_errors_declares_nothing_else():
    """Without a sound project there is no desired state, and customers are not blamed for it."""
    result = compiled(customer(VISIO), project=PROJECT.replace("term: P1Y", "term: P1D"))

    assert (None, None) == (result.project, result.desired)
    assert ["CSP125"] == [item.code for item in result.diagnostics]


def test_customers_with_errors_leave_the_project():
    """The project can be used, for completion and messages, while a customer is being mended."""
    result = compiled(customer("{name: a, bundle: nirgends, seats: 1}"))

    assert result.project is not None
    assert result.desired is None


def test_labels_reach_the_subscriptions():
    """A customer's labels select their subscriptions too."""
    text = customer(VISIO).replace("{name: hafenkontor}", "{name: hafenkontor, labels: {segment: kmu, plz: 01067}}")

    assert {"segment": "kmu", "plz": "01067"} == only(text).subscriptions[0].labels


def test_a_second_provider_is_chosen_by_customer():
    """A customer may be served through another provider than the default."""
    project = PROJECT.replace(
        "  defaults: {", "    other: {plugin: other, environment: sandbox}\n  defaults: {provider: partner-center, "
    )
    spec = only(customer(VISIO, spec=f"tenant: {TENANT}\n  provider: other"), project=project)

    assert ("other", "other") == (spec.provider, spec.subscriptions[0].provider)


def test_the_same_id_at_two_providers_is_no_conflict():
    """Ids are a provider's own."""
    project = PROJECT.replace("  defaults: {", "    other: {plugin: other}\n  defaults: {provider: partner-center, ")
    one = customer('{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, id: x1}')
    two = customer(
        '{name: v, offer: "CFQ7TTC0HD32:0002", seats: 5, id: x1}',
        name="b",
        spec=f"tenant: b{TENANT[1:]}\n  provider: other",
    )

    assert [] == codes(one, two, project=project)
