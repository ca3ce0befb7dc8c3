"""Bundles are recognised where a line of the bundle says exactly what the plain lines say, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cspdecl.core.terms import BillingCycle
from cspdecl.engine.export import UNFINISHED, export_customers
from cspdecl.engine.export_names import Names, company
from cspdecl.engine.progress import Silent
from cspdecl.testing.builders import OFFER, OTHER_OFFER, live_subscription
from cspdecl.testing.estate import Estate
from cspdecl.testing.world import World
from tests.unit.engine.estates import estate_of, world_of
from tests.unit.engine.harness import tenant_of

_WORKPLACE = {
    "version": "2.1.0",
    "components": [
        {"name": "m365", "offer": OFFER},
        {"name": "voice", "offer": OTHER_OFFER, "seats": {"perSeat": "1/2", "round": "up"}},
        {"name": "care", "service": "managed", "sell": {"perSeat": "19.00", "every": "month"}},
    ],
    "sell": {"perSeat": "54.90", "every": "month"},
}


def put(world: World, number: int, *pairs: tuple[str, int], **kinds: Any) -> None:
    """Give a customer these subscriptions, as if they had always been there."""
    with world.open() as state:
        customer = state.customers[tenant_of(number)]
        items = tuple(
            replace(live_subscription(id=f"sub-{number}-{index}", offer=offer, seats=seats), **kinds)
            for index, (offer, seats) in enumerate(pairs)
        )
        state.put_customer(replace(customer, subscriptions=items))


def exported(tmp_path: Path, world: World, **bundles: dict) -> tuple[Estate, list]:
    """A project that sells these bundles and declares nobody, filled by an export."""
    estate = estate_of(tmp_path / "project", world)
    for name, spec in bundles.items():
        estate.bundle(name, **spec)
    with estate.session() as session:
        found = list(export_customers(session, None, progress=Silent()))
    return estate, found


def text_of(estate: Estate, key: str) -> str:
    """The customer's file."""
    return (estate.root / "customers" / f"{key}.yaml").read_text()


def test_components_in_their_ratio_are_a_bundle(tmp_path):
    """25 and 13 seats are 25 of a bundle that brings half a seat, rounded up; own services are left to a person."""
    world = world_of()
    put(world, 1, (OFFER, 25), (OTHER_OFFER, 13))
    estate, found = exported(tmp_path, world, workplace=_WORKPLACE)

    assert "- {name: workplace, bundle: workplace@2, seats: 25, without: [care]}" in text_of(estate, "alpha")
    assert [("alpha", 1, 1), ("beta", 0, 0)] == [(item.key, item.lines, item.bundles) for item in found]


@pytest.mark.parametrize(
    ("seats", "remark"),
    [
        ((25, 12), "nearly bundle workplace@2 with 25 seats, but voice has 12 where 13 belong"),
        ((25, 25), "nearly bundle workplace@2 with 25 seats, but voice has 25 where 13 belong"),
    ],
)
def test_a_ratio_that_is_off_leaves_plain_lines(tmp_path, seats, remark):
    """A seat too many or too few is somebody's intention or somebody's mistake: no bundle hides it."""
    world = world_of()
    put(world, 1, (OFFER, seats[0]), (OTHER_OFFER, seats[1]))
    estate, _found = exported(tmp_path, world, workplace=_WORKPLACE)

    text = text_of(estate, "alpha")
    assert (False, True) == ("bundle:" in text.replace("`", "").split("subscriptions:")[1], remark in text)


def test_two_bundles_that_fit_are_decided_by_a_person(tmp_path):
    """Where two bundles hold the same parts, the lines stay plain and both are named."""
    world = world_of()
    put(world, 1, (OFFER, 4), (OTHER_OFFER, 2))
    twin = {**_WORKPLACE, "version": "1.0.0"}
    estate, found = exported(tmp_path, world, workplace=_WORKPLACE, office=twin)

    text = text_of(estate, "alpha")
    assert 0 == found[0].bundles
    assert "# this may be bundle workplace@2, or office@1: decide it" in text


def test_an_offer_that_is_there_twice_is_decided_by_a_person(tmp_path):
    """Of two subscriptions of one offer nobody can tell which belongs to the bundle."""
    world = world_of()
    put(world, 1, (OFFER, 4), (OTHER_OFFER, 2), (OTHER_OFFER, 7))
    estate, found = exported(tmp_path, world, workplace=_WORKPLACE)

    assert (0, 3) == (found[0].bundles, found[0].lines)
    assert "has an offer of it twice" in text_of(estate, "alpha")


def test_a_twin_that_is_set_aside_is_a_twin_still(tmp_path):
    """A bundle's line has no id: where the same offer waits beside it for a decision, adopt could not tell them apart."""
    world = world_of()
    put(world, 1, (OFFER, 4), (OTHER_OFFER, 2), (OFFER, 7))
    with world.open() as state:
        customer = state.customers[tenant_of(1)]
        *others, last = customer.subscriptions
        state.put_customer(replace(customer, subscriptions=(*others, replace(last, end_of_term="unset"))))
    estate, found = exported(tmp_path, world, workplace=_WORKPLACE)
    estate.adopt()

    plan = estate.plan()
    assert (0, 2) == (found[0].bundles, found[0].lines)
    assert ([], []) == ([item.action.kind for item in plan.operations], [item.code for item in plan.diagnostics])


def test_other_terms_become_overrides(tmp_path):
    """What the customer has different from the bundle is said for the component."""
    world = world_of()
    put(world, 1, (OFFER, 4), (OTHER_OFFER, 2), billing=BillingCycle.ANNUAL)
    estate, found = exported(tmp_path, world, workplace=_WORKPLACE)

    assert 1 == found[0].bundles
    assert "overrides: {m365: {billing: annual}, voice: {billing: annual}}" in text_of(estate, "alpha")


def test_one_offer_alone_is_no_bundle(tmp_path):
    """A bundle of one offer may as well be that offer on its own: a comment says so."""
    world = world_of()
    put(world, 1, (OFFER, 4))
    basic = {"version": "1.0.0", "components": [{"name": "m365", "offer": OFFER}]}
    estate, found = exported(tmp_path, world, basic=basic)

    assert 0 == found[0].bundles
    assert "may be bundle basic@1, or stand alone: decide it" in text_of(estate, "alpha")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    anchor=st.integers(1, 40), voices=st.lists(st.integers(1, 40), max_size=2), annual=st.booleans(), fits=st.booleans()
)
def test_what_was_exported_and_adopted_plans_nothing(tmp_path_factory, anchor, voices, annual, fits):
    """Whatever a customer has, bundle or nearly one: after export and adopt the plan is empty."""
    world = world_of()
    if fits:
        voices = [-(-anchor // 2), *voices[1:]]
    billing = BillingCycle.ANNUAL if annual else BillingCycle.MONTHLY
    put(world, 1, (OFFER, anchor), *((OTHER_OFFER, count) for count in voices), billing=billing)
    put(world, 2, (OTHER_OFFER, anchor))
    estate, found = exported(tmp_path_factory.mktemp("estate"), world, workplace=_WORKPLACE)
    estate.adopt()

    plan = estate.plan()
    assert ([], []) == ([item.action.kind for item in plan.operations], [item.message for item in plan.diagnostics])
    assert (1 if fits and len(voices) == 1 else found[0].bundles) == found[0].bundles


def test_an_export_that_broke_off_goes_on(tmp_path):
    """What is written stays as it is, by whatever hand; only what is missing is read. Then the folder is a project."""
    world = world_of()
    put(world, 1, (OFFER, 4))
    put(world, 2, (OTHER_OFFER, 6))
    estate = estate_of(tmp_path / "project", world)
    target = tmp_path / "out"
    with estate.session() as session:
        first = next(iter(export_customers(session, target, progress=Silent())))
    mine = target / first.file
    mine.write_text("# mine\n" + mine.read_text())
    assert (target / UNFINISHED).is_file()
    with estate.session() as session:
        rest = list(export_customers(session, target, progress=Silent()))

    assert (["alpha"], ["beta"]) == ([first.key], [item.key for item in rest])
    assert (True, False) == (mine.read_text().startswith("# mine\n"), (target / UNFINISHED).exists())


def test_an_export_that_was_stopped_at_its_very_start_goes_on(tmp_path):
    """Nothing but the mark was written: the project and its bundles come with the second run."""
    estate = estate_of(tmp_path / "project", world_of())
    estate.bundle("workplace", **_WORKPLACE)
    target = tmp_path / "out"
    (target / "customers").mkdir(parents=True)
    (target / UNFINISHED).write_text("")
    with estate.session() as session:
        found = list(export_customers(session, target, progress=Silent()))

    assert ["alpha", "beta"] == [item.key for item in found]
    assert (True, True) == ((target / "cspdecl.yaml").is_file(), (target / "bundles/workplace.yaml").is_file())


def test_price_lists_beside_the_project_are_pointed_to(tmp_path):
    """A folder that several projects share is neither copied nor lost, however deep the export lies."""
    estate = estate_of(tmp_path / "project", world_of())
    (tmp_path / "prices").mkdir()
    estate.project(prices={"path": "../prices"})
    with estate.session() as session:
        list(export_customers(session, tmp_path / "out/a/b", progress=Silent()))

    assert "path: ../../../prices\n" in (tmp_path / "out/a/b/cspdecl.yaml").read_text()


@pytest.mark.parametrize(
    "text", ["kind: Customer\nspec: {}\n", "kind: Customer\n", "kind: [\n", "kind: Customer\nspec: x\n"]
)
def test_a_file_that_is_being_edited_stops_no_export(tmp_path, text):
    """Somebody works on a customer while the export goes on: that file is named and left as it is."""
    estate = estate_of(tmp_path / "project", world_of())
    target = tmp_path / "out"
    with estate.session() as session:
        first = next(iter(export_customers(session, target, progress=Silent())))
    (target / first.file).write_bytes(text.encode() + b"# \xfc\n")
    with estate.session() as session:
        found = list(export_customers(session, target, progress=Silent()))

    assert [("alpha", ""), ("beta", "customers/beta.yaml")] == [(item.key, item.file) for item in found]
    assert text.encode() + b"# \xfc\n" == (target / first.file).read_bytes()


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_a_customer_without_a_name_is_exported(tmp_path, name):
    """What is blank is left out: one nameless customer must not make the whole project invalid."""
    world = world_of()
    with world.open() as state:
        state.put_customer(replace(state.customers[tenant_of(1)], name=name))
    estate, _found = exported(tmp_path, world)

    assert () == estate.plan().operations


def test_what_is_left_open_is_set_aside_for_a_person(tmp_path):
    """Auto-renew off and nothing decided: the line stands in a comment, the plan stays empty; `undecided` decides."""
    world = world_of()
    put(world, 1, (OFFER, 4), end_of_term="unset")
    estate, found = exported(tmp_path / "one", world)
    estate.adopt()
    other = estate_of(tmp_path / "other", world)
    with other.session() as session:
        list(export_customers(session, None, undecided="extend", progress=Silent()))

    assert ([], 0) == ([item.action.kind for item in estate.plan().operations], found[0].lines)
    assert "endOfTerm: extend" in text_of(other, "alpha")
    text = text_of(estate, "alpha")
    assert "take the marks off, and the brackets above:" in text
    decided = re.sub(
        r"^  # (- name|  )", r"  \1", text.replace("subscriptions: []", "subscriptions:"), flags=re.MULTILINE
    )
    (estate.root / "customers" / "alpha.yaml").write_text(
        decided.replace("seats: 4", "seats: 4\n    endOfTerm: cancel")
    )
    assert [("adopt", 4), ("set_end_of_term", 4)] == [
        (item.action.kind, item.context.seats) for item in estate.plan().operations
    ]


def test_an_export_into_the_project_adds_only_what_nobody_declares(tmp_path):
    """Declared customers are left alone; a second export finds nothing more to write."""
    world = world_of()
    put(world, 1, (OFFER, 4))
    put(world, 2, (OTHER_OFFER, 6))
    estate = estate_of(tmp_path / "project", world)
    estate.customer("first-one", {"name": "mine", "offer": OFFER, "seats": 4}, tenant=tenant_of(1))
    with estate.session() as session:
        first = [item.key for item in export_customers(session, None, progress=Silent())]
    with estate.session() as session:
        second = [item.key for item in export_customers(session, None, progress=Silent())]

    assert (["beta"], []) == (first, second)


@pytest.mark.parametrize(
    ("live", "name"),
    [
        ("Hafenkontor Logistik GmbH & Co. KG", "hafenkontor-logistik"),
        ("Mühlbach Pflege gGmbH", "muehlbach-pflege"),
        ("Sportverein Süd e.V.", "sportverein-sued"),
        ("Contoso Ltd.", "contoso"),
        ("GmbH", "gmbh"),
        ("株式会社", "host"),
        ("Aux GmbH", "aux-customer"),
        ("COM1", "com1-customer"),
        ("Aux Data GmbH", "aux-data"),
    ],
)
def test_customers_are_called_without_their_legal_form(live, name):
    """The name people say, not the one in the register."""
    assert name == company(live, fallback="host")


def test_two_customers_of_one_name_are_numbered():
    """Names are unique, and a tenant keeps the one it got."""
    from cspdecl.core.desired import DesiredState

    names = Names(DesiredState(customers={}, moves=(), retired=(), digest=""), (), {})
    got = [names.customer(tenant, "Acme GmbH", "acme.example") for tenant in ("T-1", "t-2", "t-1")]
    assert ["acme", "acme-2", "acme"] == got
