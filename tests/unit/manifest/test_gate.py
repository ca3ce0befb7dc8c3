"""The gate: which documents pass, what text and numbers may stand for each other, what is suggested."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.diagnostics import Diagnostic
from cspdecl.manifest.fields import known_keys
from cspdecl.manifest.gate import Broken, check_document, nearest, suggestion
from cspdecl.manifest.secrets import looks_secret
from cspdecl.manifest.v1 import Customer, Project
from cspdecl.manifest.wire import LATER
from cspdecl.manifest.yaml import RawDocument
from tests.unit.manifest.sample import BUNDLE, PROJECT, codes, compiled, customer, line


def problems(*documents: str, project: str = PROJECT) -> list[Diagnostic]:
    return list(compiled(*documents, project=project).diagnostics)


def test_integers_are_text_where_text_is_expected():
    """An unquoted PartnerID, postal code or label arrives as the digits that were written."""
    project = PROJECT.replace("partnerId: 0048473", "partnerId: 4847383")
    result = compiled(customer(), project=project)

    assert result.project is not None
    assert "4847383" == result.project.reseller.partner_id
    assert "0048473" == compiled().project.reseller.partner_id  # type: ignore[union-attr]


def test_amounts_need_no_quotes():
    """54.90 stays text in our YAML, so no float is ever between the manifest and the price."""
    spec = line("{name: v, offer: CFQ7TTC0HD32:0002, seats: 1, sell: {perSeat: 54.90, every: month}}")

    assert spec.sell is not None
    assert "54.90" == str(spec.sell.per_seat)


@pytest.mark.parametrize("amount", ["54,90", "1.200", "-5", "+5", "5.", ".5", "5e2", "05", "1 000", "54.905", "5 EUR"])
def test_doubtful_amounts_are_refused(amount: str):
    """What could be read in two ways is no amount."""
    text = f'{{name: v, offer: CFQ7TTC0HD32:0002, seats: 1, sell: {{perSeat: "{amount}", every: month}}}}'

    assert ["CSP126"] == codes(customer(text))


@pytest.mark.parametrize("amount", ["0", "5", "54.9", "54.90", "0.0125"])
def test_plain_amounts_pass(amount: str):
    """Whole, one, two or four decimals are prices."""
    spec = line(f"{{name: v, offer: CFQ7TTC0HD32:0002, seats: 1, sell: {{perSeat: {amount}, every: month}}}}")

    assert spec.sell is not None
    assert amount == str(spec.sell.per_seat)


@pytest.mark.parametrize("seats", ['"5"', "010", "1_000", "5.0", "true", "fünf", "1e2"])
def test_seats_are_whole_numbers(seats: str):
    """A seat count is digits; nothing is turned into one."""
    assert ["CSP124"] == codes(customer(f"{{name: v, offer: CFQ7TTC0HD32:0002, seats: {seats}}}"))


def test_country_no_is_norway():
    """NO is a country, not a denial."""
    text = customer(more="  profile: {companyName: Fjord AS, address: {line1: Bryggen 1, city: Bergen, country: NO}}\n")
    (spec,) = compiled(text).desired.customers.values()  # type: ignore[union-attr]

    assert spec.profile is not None
    assert "NO" == spec.profile.address.country


@pytest.mark.parametrize("word", sorted(LATER))
def test_later_keys_are_refused_by_name(word: str):
    """A key that a later version brings is neither unknown nor ignored."""
    (found,) = problems(customer(f"{{name: v, offer: CFQ7TTC0HD32:0002, seats: 1, {word}: x}}"))

    assert ("CSP190", f"`{word}` is known but not supported yet") == (found.code, found.message)


@pytest.mark.parametrize("word", ["listPlus", "costPlus", "qualifications", "priceBooks"])
def test_words_of_older_drafts_lead_to_those_of_today(word: str):
    """A key that was once thought of is unknown, and the one that it became is suggested."""
    place = "sell: {{{}: 3%, every: month, perSeat: 1}}" if word in {"listPlus", "costPlus"} else None
    line = "{name: v, offer: CFQ7TTC0HD32:0002, seats: 1" + (f", {place.format(word)}}}" if place else "}")
    (found,) = problems(customer(line, more="" if place else f"  {word}: x\n"))

    assert ("CSP122", "did you mean") == (found.code, (found.hint or "")[:12])


def test_an_indirect_reseller_cannot_order():
    """Only direct-bill partners and indirect providers buy from Microsoft (commerce rules §5)."""
    assert ["CSP263"] == codes(project=PROJECT.replace("model: direct", "model: indirect-reseller"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("upgrade", "{from: CFQ7TTC0HD32:0002}"), ("attested", "true"), ("suspended", "true"), ("trial", "true")],
)
def test_what_a_bundle_cannot_say_is_sent_to_where_it_belongs(key: str, value: str):
    """A key of customers' lines is no unknown word in a bundle: the message says where it belongs."""
    (found,) = problems(BUNDLE.replace("{name: m365,", f"{{name: m365, {key}: {value},"))

    assert ("CSP216", f"`{key}` makes no sense here") == (found.code, found.message)


def test_an_empty_list_is_empty_and_a_wrong_one_is_not():
    """`seats: []` lacks an entry; a list with a wrong entry is only told about that entry."""
    assert ["CSP127"] == codes(customer("{name: v, offer: CFQ7TTC0HD32:0002, seats: []}"))
    assert ["CSP124"] == codes(customer("{name: v, offer: CFQ7TTC0HD32:0002, seats: [five]}"))


def test_a_value_with_a_day_stands_in_a_list():
    """Who forgets the brackets is told of them."""
    (found,) = problems(customer("{name: v, offer: CFQ7TTC0HD32:0002, seats: {value: 5, from: 2027-01-01}}"))

    assert ("CSP124", "a value with a day stands in a list") == (found.code, (found.hint or "")[:35])


def test_secrets_are_refused_and_never_shown():
    """A secret in a provider's block is named by its key; its value is in no diagnostic."""
    project = PROJECT.replace("{clientId: a}", "{clientId: a, clientSecret: hunter2, password: 12345}")
    found = problems(project=project)

    assert ["CSP130", "CSP130"] == [item.code for item in found]
    assert not any("hunter2" in str(item) or "12345" in str(item) for item in found)


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("clientSecret", True),
        ("client_secret", True),
        ("password", True),
        ("refreshToken", True),
        ("apiKey", True),
        ("api-key", True),
        ("privateKey", True),
        ("secretFrom", False),
        ("refreshTokenTo", False),
        ("credentialsTo", False),
        ("clientId", False),
        ("tokenUrl", False),
    ],
)
def test_secrets_are_known_by_their_keys(key: str, secret: bool):
    """A key that names a secret, not the place of one."""
    assert secret is looks_secret(key)


def test_settings_are_kept_as_written():
    """What a plugin is configured with passes whole, without what is not its own."""
    project = PROJECT.replace("{clientId: a}", "{clientId: a, secretFrom: {env: X}}")
    project = project.replace("tenant: n", "environment: sandbox, retries: 3, deep: [a, {b: 0123}], tenant: n")
    result = compiled(project=project)

    assert result.project is not None
    provider = result.project.providers["partner-center"]

    assert "sandbox" == provider.environment
    assert {
        "tenant": "nordlicht.onmicrosoft.com",
        "auth": {"app": {"clientId": "a", "secretFrom": {"env": "X"}}},
        "retries": 3,
        "deep": ["a", {"b": "0123"}],
    } == provider.settings


def test_production_is_the_default_environment():
    """Where nothing is said the stricter guards hold."""
    assert "production" == compiled().project.providers["partner-center"].environment  # type: ignore[union-attr]


def test_the_nearest_key_is_suggested():
    """Another spelling of a known key is recognised, whatever its case."""
    assert "endOfTerm" == nearest("end_of_term", ["endOfTerm", "seats"])
    assert "moved" == nearest("Moved", ["moved", "tenant"])
    assert nearest("colour", ["moved", "tenant"]) is None
    assert "there is `a`, `b`" == suggestion("zzzz", ["b", "a"])
    assert suggestion("zzzz", []) is None


def test_known_keys_follow_the_path():
    """The keys that may stand at a path are those of the type there, through lists and mappings."""
    assert ("apiVersion", "kind", "metadata", "spec") == known_keys(Customer, ())
    assert "overrides" in known_keys(Customer, ("spec", "subscriptions", 3))
    assert "absent" in known_keys(Customer, ("spec", "subscriptions", 0, "overrides", "m365"))
    assert ("from", "to") == known_keys(Customer, ("spec", "moved", 0))
    assert ("value", "from") == known_keys(Customer, ("spec", "subscriptions", 0, "seats", 1))
    assert "perSeat" in known_keys(Customer, ("spec", "subscriptions", 0, "sell", 1))
    assert "perSeat" in known_keys(Customer, ("spec", "subscriptions", 0, "sell"))
    assert "validationCode" in known_keys(Customer, ("spec", "qualification"))
    assert "firstName" in known_keys(Customer, ("spec", "create", "agreement", "acceptedBy"))
    assert ("term", "billing", "offer", "level", "approval") == known_keys(Project, ("spec", "guardrails", "forbid", 0))
    assert () == known_keys(Project, ("spec", "nothing", "there"))


def test_person_may_accept_instead_of_the_contact():
    """`acceptedBy` is `contact`, or a person; what is wrong with that person has its place."""
    create = (
        "create:\n    domain: a\n    companyName: A\n    address: {line1: B, city: C, country: DE}\n"
        "    contact: {firstName: A, lastName: B, email: a@b.example}\n    credentialsTo: {file: c}\n"
        "    agreement:\n      type: MicrosoftCustomerAgreement\n      acceptedOn: 2026-11-20\n      acceptedBy: "
    )
    (found,) = problems(customer(spec=create + "{firstName: Eva, lastName: Berg, email: eva}"))
    (other,) = problems(customer(spec=create + "boss"))

    assert found.origin is not None
    assert ("CSP126", ("spec", "create", "agreement", "acceptedBy", "email")) == (found.code, found.origin.path)
    assert "CSP125" == other.code


def test_names_that_pydantic_uses_itself_keep_their_place():
    """A label called `word` or `person` is a label: no part of a path is mistaken for a union's tag."""
    text = customer().replace("{name: hafenkontor}", "{name: hafenkontor, labels: {word: true, person: false}}")

    assert [("metadata", "labels", "person"), ("metadata", "labels", "word")] == sorted(
        item.origin.path for item in problems(text) if item.origin
    )


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["Project", "Bundle", "Customer", "PriceBook"]), _plain, _plain)
def test_any_data_is_answered(kind: str, spec: object, metadata: object):
    """Whatever a document holds, the gate answers with diagnostics at paths, never with an exception."""
    document = {"apiVersion": "cspdecl/v1", "kind": kind, "metadata": metadata, "spec": spec}
    result, found = check_document(RawDocument(file="a.yaml", index=0, value=document))

    assert isinstance(result, Broken)
    assert found
    assert all(item.origin for item in found)


@pytest.mark.parametrize("value", [None, 5, "text", [], {}, {"apiVersion": 1}, {"apiVersion": "cspdecl/v1", "kind": 3}])
def test_what_is_no_manifest_is_said_so(value: object):
    """A document that is none of ours gives one diagnostic about what it is, not many about what it lacks."""
    result, found = check_document(RawDocument(file="a.yaml", index=0, value=value))

    assert isinstance(result, Broken)
    assert 1 == len(found)


def test_a_broken_bundle_is_reported_once():
    """Customers of a bundle that was refused are not told that it does not exist."""
    broken = BUNDLE.replace("version: 2.1.0", "version: zwei")

    assert ["CSP126"] == codes(broken, customer("{name: a, bundle: komfort@2, seats: 4}"))
