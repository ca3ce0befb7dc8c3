"""Friendly names for what is live: customers without their legal form, lines as people call the product."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from cspdecl.core.desired import DesiredState
from cspdecl.core.live import Binding, LiveSubscription

_WORD = re.compile(r"[^a-z0-9]+")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
# What companies put behind their names; "gmbh & co. kg" goes word by word.
_LEGAL = frozenset({
    "ab", "ag", "aps", "as", "asbl", "bv", "co", "corp", "corporation", "ek", "ev", "eg", "gbr", "ggmbh", "gmbh", "inc",
    "kg", "kgaa", "limited", "llc", "llp", "ltd", "mbh", "nv", "ohg", "oy", "plc", "sa", "sarl", "sas", "se", "spa",
    "srl", "ug", "und", "and", "haftungsbeschraenkt",
})  # fmt: skip
_LONGEST = 48
# What Windows takes for a device, whatever stands behind the dot: a checkout there could not hold the file.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


def slug(text: str, *, fallback: str) -> str:
    """A manifest name made of a live one, ASCII with hyphens: "Mühlbach Pflege" → muehlbach-pflege."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_GERMAN)).encode("ascii", "ignore").decode()
    word = _WORD.sub("-", plain).strip("-")[:_LONGEST].strip("-")
    return word or fallback


def company(text: str, *, fallback: str) -> str:
    """A company's name as a manifest name, its legal form left out: "Hafenkontor Logistik GmbH & Co. KG" →
    hafenkontor-logistik."""
    joined = re.sub(r"\b(e)\.\s?(v|k|g)\.", r"\1\2", text, flags=re.IGNORECASE)
    words = slug(joined, fallback="").split("-")
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    name = "-".join(words) or fallback
    return f"{name}-customer" if name in _DEVICES else name


def unused(wish: str, used: set[str]) -> str:
    """The name wished for, with a number where it is taken; from then on it is."""
    name, number = wish, 2
    while name in used:
        name, number = f"{wish}-{number}", number + 1
    used.add(name)
    return name


class Names:
    """Names for customers and lines: those of the manifests where something is bound, else made from the live name.

    `written`: customers that an export wrote before it was interrupted, by tenant.
    """

    def __init__(self, desired: DesiredState, bindings: Iterable[Binding], written: Mapping[str, str]) -> None:
        self._bindings: dict[str, Binding] = {}
        self._tenants = {spec.tenant.lower(): key for key, spec in desired.customers.items() if spec.tenant}
        for tenant, key in written.items():
            self._tenants.setdefault(tenant.lower(), key)
        for binding in bindings:
            self._tenants.setdefault(binding.tenant.lower(), binding.address.customer)
            self._bindings.update({ident.lower(): binding for ident in binding.ids})
        self._used = {*desired.customers, *self._tenants.values()}

    def known(self, tenant: str) -> str | None:
        """The name a tenant has already."""
        return self._tenants.get(tenant.lower())

    def customer(self, tenant: str, name: str, domain: str) -> str:
        """A customer's name: the one it has, or a new one of its own."""
        found = self.known(tenant)
        if found:
            return found
        host = slug(domain.partition(".")[0], fallback=f"customer-{tenant[:8].lower()}")
        key = unused(company(name, fallback=host), self._used)
        self._tenants[tenant.lower()] = key
        return key

    def line(self, item: LiveSubscription, used: set[str]) -> str:
        """A line's name: that of its address where it is bound, else what people call it."""
        bound = self._bindings.get(item.id.lower())
        called = item.nickname or item.title
        wish = "-".join(bound.address.path) if bound else slug(called, fallback="subscription")
        return unused(wish, used)
