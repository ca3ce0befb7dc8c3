"""Who resells, through which providers, at which prices and within which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import EndOfTerm, Reduce
from cspdecl.core.diagnostics import Origin
from cspdecl.core.money import ExactMoney, Money
from cspdecl.core.terms import BillingCycle, Term, cycles_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Reseller:
    """The company that sells. `currency` is its billing currency, `country` its own market."""

    legal_name: str
    model: Literal["direct", "indirect-provider", "indirect-reseller"]
    country: str
    currency: str
    partner_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """One connection. `settings` is the block as written (camelCase), checked by the plugin's own schema."""

    name: str
    plugin: str
    environment: Literal["production", "sandbox"]
    settings: Mapping[str, object]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """A combination nobody may buy: every part that is given must match."""

    term: Term | None = None
    billing: BillingCycle | None = None
    offer: OfferKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrails:
    """The project's own limits; absent means no limit, save `max_stop_managing`, which has a default.

    `max_seats_per_change`: seats one operation may add or remove. `max_new_commitment`: by currency, over the whole
    plan. `min_margin`: share of the sell price. `max_stop_managing`: share of managed lines one plan may forget.
    """

    max_seats_per_change: int | None = None
    max_new_commitment: Mapping[str, Decimal] | None = None
    min_margin: Fraction | None = None
    forbid: tuple[Forbidden, ...] = ()
    max_stop_managing: Fraction = Fraction(1, 10)
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The document of kind Project, resolved."""

    name: str
    reseller: Reseller
    providers: Mapping[str, ProviderConfig]
    default_provider: str
    default_term: Term
    default_billing: BillingCycle
    default_end_of_term: EndOfTerm | None
    default_reduce: Reduce
    prices_path: str | None
    market: str
    store: str
    persistent: bool
    guardrails: Guardrails
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One row of a price list: what one seat costs for the whole `term`, and the list price beside it.

    Valid from `effective_from` to before `effective_to`. `tier` names the seat range the row is for ("1-300"), empty
    where the sheet has none. `view` is the sheet it stands in: licences, software, or extended service terms, whose
    rows are for a month. Source: price sheet columns (contract §9.2, 2023-10; views 2026).
    """

    offer: OfferKey
    segment: str
    term: Term
    billing: BillingCycle
    cost: Money
    erp: Money | None
    effective_from: datetime
    effective_to: datetime
    tier: str = ""
    view: Literal["license", "software", "est"] = "license"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """What one seat costs: per term as printed, per charge cycle exactly, and per cycle as an instalment in cents.

    `list_date` and `list_digest` name the price list it was read from, `valid_from` and `segment` the row in it.
    `asked_for` is the month that was to be priced, set only where the list is for an earlier one. `erp_term` is the
    list (ERP) price beside the cost. `discount` of `promotion` is already taken off the cost. `forecast`: no row of
    its own stands behind it, only a documented ratio, and every basis says so.
    """

    term_price: Money
    cycle_exact: ExactMoney
    cycle_price: Money
    term: Term
    billing: BillingCycle
    list_date: str
    list_digest: str
    valid_from: datetime | None = None
    segment: str = "commercial"
    asked_for: str | None = None
    erp_term: Money | None = None
    discount: Fraction | None = None
    promotion: str | None = None
    forecast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """One imported price list: a market, a currency, the month it is for, and where it came from."""

    date: str
    market: str
    currency: str
    digest: str
    source: str
    rows: Mapping[OfferKey, tuple[PriceRow, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Imported price lists of one market, newest first. `lacking`: the market that was asked for in vain."""

    lists: tuple[PriceList, ...] = ()
    lacking: str | None = None


def cycles_of(price: UnitPrice) -> int:
    """Charge cycles in the price's term."""
    return cycles_in(price.term, price.billing) or 1
