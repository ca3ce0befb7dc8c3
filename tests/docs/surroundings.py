"""A piece of YAML on a page, put where it belongs: what comes out is the text of a whole project.

Pages show what they speak of and leave out the rest. Here the rest is: a project, a bundle, a customer and a price book
whose keys the piece replaces. Where a block offers several ways to write it (a key stands twice, or a comment at the
margin begins another), each is put in for itself; one whose comment begins with `no` is wrong, and meant to be.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PROJECT = {
    "reseller": "reseller: {legalName: Nordlicht Systemhaus GmbH, model: direct, country: DE, currency: EUR}",
    "providers": "",
    "prices": "prices: {path: prices/, market: DE}",
    "defaults": "defaults: {provider: partner-center, term: P1Y, billing: monthly, endOfTerm: renew}",
    "guardrails": "guardrails: {maxStopManaging: 100%}",
}
PROVIDER = {
    "plugin": "plugin: partner-center",
    "environment": "environment: production",
    "tenant": "tenant: nordlicht.onmicrosoft.com",
    "auth": "auth: {app: {clientId: 6c1f0000-0000-4000-8000-000000000000, secretFrom: {env: PARTNER_CENTER_SECRET}}}",
}
BUNDLE = {
    "version": "version: 2.1.0",
    "displayName": "displayName: Arbeitsplatz Komfort",
    "components": (
        "components:\n"
        '  - {name: m365, offer: "CFQ7TTC0LCHC:0002", displayName: Office & E-Mail}\n'
        '  - {name: telefonie, offer: "CFQ7TTC0LH0T:0001", seats: {perSeat: 0.5, round: up}}\n'
        '  - {name: betreuung, service: managed-workplace, sell: {perSeat: "19.00", every: month}}'
    ),
    "sell": 'sell: {perSeat: "54.90", every: month, allocate: byCost}',
}
CUSTOMER = {
    "tenant": "tenant: 9f2b6c1e-3d84-4e0a-9a57-2c8e41d7b903",
    "subscriptions": 'subscriptions:\n  - {name: visio, offer: "CFQ7TTC0HD32:0002", seats: 5}',
}
CREATE = {
    "domain": "domain: hafenkontor",
    "companyName": "companyName: Hafenkontor Logistik GmbH",
    "address": 'address: {line1: Am Anger 3, postalCode: "99084", city: Erfurt, country: DE}',
    "contact": "contact: {firstName: Anna, lastName: Brandt, email: anna.brandt@hafenkontor.example}",
    "agreement": "agreement: {type: MicrosoftCustomerAgreement, acceptedBy: contact, acceptedOn: 2026-11-20}",
    "credentialsTo": "credentialsTo: {file: .cspdecl/hafenkontor.credentials}",
}
BOOK = {"every": "every: month", "default": 'default: {list: "-3%"}'}
LINE = {"name": "name: visio", "offer": 'offer: "CFQ7TTC0HD32:0002"', "seats": "seats: 5"}
PACKAGE = {"name": "name: arbeitsplatz", "bundle": "bundle: arbeitsplatz-komfort@2", "seats": "seats: 28"}
# Which kind of document has these keys below `spec`. `reseller` is a project's with a legal name, else a customer's.
OF_PROJECT = {"guardrails", "defaults", "providers", "apply", "notify", "store", "prices", "persistent"}
OF_BUNDLE = {"version", "components", "retired", "anchor"}
OF_CUSTOMER = {
    "subscriptions",
    "moved",
    "hold",
    "qualification",
    "country",
    "create",
    "tenant",
    "provider",
    "priceBook",
}
_KEY = re.compile(r"([A-Za-z][\w-]*):(?:\s|$)|\? ")
_REFERENCE = re.compile(r"(?:addonOf: |\{line: )([\w-]+)(?=[,}\s])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of writing what a block shows, and whether the page calls it wrong."""

    text: str
    wrong: bool


def ways(text: str) -> Iterator[Way]:
    """The ways that a block offers, in its order. Whole documents are one way."""
    if text.startswith(("apiVersion:", "kind:")):
        yield Way(text=text, wrong=bool(re.search(r"# no\b", text)))
        return
    for part in re.split(r"^(?=# (?!yaml-language-server))", text, flags=re.MULTILINE):
        remark = re.match(r"# (.*)\n", part)
        body = part[remark.end() :] if remark else part
        for alternative in _alternatives(body) if body.strip() else ():
            wrong = bool((remark and re.match(r"no\b", remark[1])) or re.search(r"# no\b", alternative))
            yield Way(text=alternative, wrong=wrong)


def _alternatives(text: str) -> list[str]:
    """A mapping in which a key stands twice is two mappings of one key each; anything else is itself."""
    entries = _entries(text)
    names = [name for name, _ in entries]
    return [body for _, body in entries] if len(names) > 1 and len(set(names)) == 1 else [text]


def _entries(text: str) -> list[tuple[str, str]]:
    """The keys at the margin, each with its text. Lists have none."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        key = _KEY.match(line)
        if key:
            found.append((key[1] or "?", line))
        elif found and line.strip():
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
    return found


def whole(text: str, others: str = "") -> str:
    """The project in which this piece stands. `others` are the documents that the page shows elsewhere."""
    text = text.replace("6c1f0000-…", "6c1f0000-0000-4000-8000-000000000000").replace(
        "6c1f…", "6c1f0000-0000-4000-8000-000000000000"
    )
    if re.search(r"^(?:apiVersion|kind):", text, re.MULTILINE):
        return _beside(text, others)
    if text.startswith("#"):
        return text + _documents()
    if text.startswith("- "):
        return _documents(customer={"subscriptions": f"subscriptions:\n{_lines(text)}"})
    pieces = dict(_entries(text))
    if "metadata" in pieces or "spec" in pieces:
        pieces = dict(_entries(textwrap.dedent(pieces["spec"].partition("\n")[2])))
    return _put(pieces)


def _put(pieces: Mapping[str, str]) -> str:
    names = set(pieces)
    if names & {"endpoint", "authority", "caFile", "auth"}:
        return _documents(project={"providers": _providers(pieces)})
    if "user" in names:
        app = "  app: {clientId: 6c1f0000-0000-4000-8000-000000000000, secretFrom: {env: PARTNER_CENTER_SECRET}}\n"
        return _put({"auth": f"auth:\n{app}{_indent(pieces['user'], 2)}"})
    if "partner-center" in names:
        return _put({"providers": f"providers:\n{_indent(pieces['partner-center'], 2)}"})
    if names & OF_PROJECT or "legalName" in pieces.get("reseller", ""):
        return _documents(project=pieces)
    if names & OF_BUNDLE:
        return _documents(bundle=pieces)
    if names & OF_CUSTOMER or "reseller" in names:
        return _documents(customer=pieces)
    if names & {"address", "agreement", "contact"}:
        return _documents(customer={"create": _create(pieces)})
    if names & {"offers", "services"}:
        return _documents(book=pieces)
    base = PACKAGE if names & {"overrides", "without"} else LINE
    (first, *rest) = (base | dict(pieces)).values()
    item = "\n".join([f"- {first}", *(_indent(entry, 2) for entry in rest)])
    return _documents(customer={"subscriptions": f"subscriptions:\n{_indent(item, 2)}"})


def _lines(text: str) -> str:
    """Lines of a customer, with those they name and do not show."""
    named = set(re.findall(r"name: ([\w-]+)", text))
    missing = sorted(set(_REFERENCE.findall(text)) - named)
    more = [f'- {{name: {name}, offer: "CFQ7TTC0LCHC:0002", seats: 130}}' for name in missing if name != "arbeitsplatz"]
    if "arbeitsplatz/" in text:
        more.append("- {name: arbeitsplatz, bundle: arbeitsplatz-komfort@2, seats: 28}")
    return _indent("\n".join([text.rstrip(), *more]), 2)


def _create(pieces: Mapping[str, str]) -> str:
    return "create:\n" + "\n".join(_indent(entry, 2) for entry in (CREATE | dict(pieces)).values())


def _providers(pieces: Mapping[str, str]) -> str:
    entries = "\n".join(_indent(entry, 4) for entry in (PROVIDER | dict(pieces)).values())
    return f"providers:\n  partner-center:\n{entries}"


def _documents(
    *,
    project: Mapping[str, str] | None = None,
    bundle: Mapping[str, str] | None = None,
    customer: Mapping[str, str] | None = None,
    book: Mapping[str, str] | None = None,
) -> str:
    """A project, its bundle, its customer, and a price book where one is asked for."""
    specs, frame = CUSTOMER | dict(customer or {}), PROJECT | {"providers": _providers({})} | dict(project or {})
    if "reseller" in specs:
        frame["reseller"] = frame["reseller"].replace("model: direct", "model: indirect-provider")
    elif "indirect-provider" in frame["reseller"]:
        specs["reseller"] = 'reseller: {partnerId: "1234567", attested: true}'
    if "create" in specs:
        specs.pop("tenant")
    if "moved" in specs and "subscriptions" not in (customer or {}):
        targets = sorted(set(re.findall(r"to: ([\w-]+)", specs["moved"])))
        listed = "\n".join(f'  - {{name: {name}, offer: "CFQ7TTC0HD32:0002", seats: 5}}' for name in targets)
        specs["subscriptions"] = f"subscriptions:\n{listed}"
    if "priceBook" in specs:
        book = book or {}
    found = [
        _document("Project", "nordlicht", frame),
        _document("Bundle", "arbeitsplatz-komfort", BUNDLE | dict(bundle or {})),
        _document("Customer", "hafenkontor", specs),
    ]
    if book is not None:
        found.append(_document("PriceBook", "standard", BOOK | dict(book)))
    return "---\n".join(found)


def _document(kind: str, name: str, spec: Mapping[str, str]) -> str:
    entries = "\n".join(_indent(entry, 2) for entry in spec.values())
    return f"apiVersion: cspdecl/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{entries}\n"


def _beside(text: str, others: str) -> str:
    """Documents beside those of the page, and what they need of what no page shows."""
    found = "---\n".join(part for part in (text, others) if part)
    if not re.search(r"^kind: Project", found, re.MULTILINE):
        found += "---\n" + _document("Project", "nordlicht", PROJECT | {"providers": _providers({})})
    if "bundle: arbeitsplatz" in found and not re.search(r"^kind: Bundle", found, re.MULTILINE):
        found += "---\n" + _document("Bundle", "arbeitsplatz-komfort", BUNDLE)
    for name in re.findall(r"\bfor: ([\w-]+)", found):
        if f"name: {name}" not in found:
            found += "---\n" + _document("Customer", name, CUSTOMER)
    return found


def _indent(text: str, by: int) -> str:
    return textwrap.indent(text, " " * by)
