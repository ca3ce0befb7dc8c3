"""Where things are: every path of the API that we use, with ids quoted so that no value can leave its place."""

from __future__ import annotations

from urllib.parse import quote

from cspdecl_partner_center.faithful import Malformed

CUSTOMERS = "/v1/customers"
VALIDATE_ADDRESS = "/v1/validations/address"
AGREEMENTS = "/v1/agreements"
PROMOTIONS = "/v1/productpromotions"
RELATIONSHIPS = "/v1/relationships"
AGREEMENT_STATUS = "/v1/compliance/csp/agreementstatus"


class BadId(Malformed):
    """An id that would be another place in a path."""


def is_id(id: str) -> bool:
    """Whether a value can stand in a path at all."""
    return bool(id.strip(".").strip())


def customer(tenant: str, *rest: str) -> str:
    """A customer, or something below it."""
    return _join("/v1/customers", tenant, *rest)


def subscription(tenant: str, id: str, *rest: str) -> str:
    """A subscription, or something below it."""
    return _join("/v1/customers", tenant, "subscriptions", id, *rest)


def product(id: str) -> str:
    """A product of the market's catalogue."""
    return _join("/v1/products", id)


def promotion(id: str) -> str:
    """A promotion; its id holds colons, which are quoted."""
    return _join("/v1/productpromotions", id)


def sku(product: str, id: str, *rest: str) -> str:
    """A SKU of the market's catalogue, or something below it."""
    return _join("/v1/products", product, "skus", id, *rest)


def customer_sku(tenant: str, product: str, id: str, *rest: str) -> str:
    """A SKU as one customer may buy it, or something below it."""
    return _join("/v1/customers", tenant, "products", product, "skus", id, *rest)


def domain(name: str) -> str:
    """A domain, to ask whether it is taken."""
    return _join("/v1/domains", name)


def country_rules(country: str) -> str:
    """What addresses and names of a country must look like."""
    return _join("/v1/countryvalidationrules", country)


def _join(base: str, *parts: str) -> str:
    quoted = [quote(part, safe="") for part in parts]
    if not all(map(is_id, parts)):
        raise BadId("an id is empty or made of dots")
    return "/".join((base, *quoted))


def quoted(id: str) -> str:
    """One id, quoted for a path."""
    return quote(id, safe="")
