"""Who resells, through which providers, at which prices and within which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import EndOfTerm, Reduce
from cspdecl.core.diagnostics import Origin
from cspdecl.core.guard import GuardRule, Waiver
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
    """The project's own limits; absent means no limit, save `max_stop_managing`, which has a default (None: it is among
    the `rules`).

    `max_seats_per_change`: seats one operation may add or remove. `max_new_commitment`: by currency, over the whole
    plan. `min_margin`: share of the sell price. `max_stop_managing`: share of managed lines one plan may forget.
    `rules` holds the thresholds that are written with a level of their own, and the guards that have no plain form.
    `roles`: who may approve as what. `waivers`: exceptions, each with owner, reason and end.
    """

    max_seats_per_change: int | None = None
    max_new_commitment: Mapping[str, Decimal] | None = None
    min_margin: Fraction | None = None
    forbid: tuple[Forbidden, ...] = ()
    max_stop_managing: Fraction | None = Fraction(1, 10)
    origin: Origin | None = None
    rules: tuple[GuardRule, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRules:
    """When a saved plan may be carried out in CI: from which branch (None: the remote's default), how old at most."""

    branch: str | None = None
    max_age: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where something is announced as a CloudEvent. `events`: "drift", "applied".

    `secret_from` is the block that names the secret (`env`, `file` or `command`); the secret itself is never in it.
    `show`: "fields" tells counts, addresses and fields; "all" values and money, too.
    """

    name: str
    url: str
    events: tuple[str, ...]
    secret_from: Mapping[str, object]
    origin: Origin | None = None
    show: Literal["fields", "all"] = "fields"


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
    apply: ApplyRules = ApplyRules()
    notify: tuple[Webhook, ...] = ()


#: The price sheets that are read: licences, software, extended service terms (contract §9.2; commerce §2.12, 2026).
PriceView = Literal["license", "software", "est"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One row of a price list: what one seat costs for the whole `term`, and the list price beside it.

    Valid from `effective_from` to before `effective_to`. `tier` names the seat range the row is for ("1-300", "301-"),
    empty where the sheet has none. `view` is the sheet it stands in: licences, software, or extended service terms,
    whose rows are for a month. `title` is Microsoft's name of it, hostile until escaped. A row of nothing or less is
    kept as it was printed, so that it can be named; it is no price. Source: price sheet columns (contract §9.2,
    2023-10; views 2026).
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
    view: PriceView = "license"
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """What one seat costs: per term as printed, per charge cycle exactly, and per cycle as an instalment in cents.

    `list_date` and `list_digest` name the price list it was read from, `valid_from` and `segment` the row in it.
    `asked_for` is the month that was to be priced, set only where the list is for an earlier one. `erp_term` is the
    list (ERP) price beside the cost. `discount` of `promotion` is already taken off the cost. `forecast`: no row of
    its own stands behind it, only a documented ratio (`uplift`: 3/100 more than the row), and every basis says so.
    `tier` is the range of seats the row is for.
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
    uplift: Fraction | None = None
    tier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """One imported price list: a market, a currency, the month it is for, and where it came from.

    `timeline` "preview": what is announced for its month, not yet a price. `faults`: what was wrong with the file it
    was imported from, as sentences, said again by everything that uses it. `held`: rows it has in all, of which `rows`
    are those that were asked for.
    """

    date: str
    market: str
    currency: str
    digest: str
    source: str
    rows: Mapping[OfferKey, tuple[PriceRow, ...]]
    view: PriceView = "license"
    timeline: Literal["current", "preview"] = "current"
    faults: tuple[str, ...] = ()
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Imported price lists, newest first: of several markets until `commerce.prices.prices_in` narrows it to one.

    `previews` are announced lists: no price, only something to rehearse with. `home` is the project's own market, for
    customers whose market is not known. `lacking`: the market that was asked for in vain. `elsewhere`: lists that are
    imported and not loaded, as "US (USD)", for saying what there is.
    """

    lists: tuple[PriceList, ...] = ()
    lacking: str | None = None
    previews: tuple[PriceList, ...] = ()
    home: str | None = None
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FxRates:
    """The month's rates: US dollars that one unit of a currency is worth (contract §9.2; commerce §2.8).

    Only what Microsoft prices in US dollars (Azure, marketplace) is converted by them; seats have local prices.
    """

    month: str
    digest: str
    source: str
    usd_per_unit: Mapping[str, Decimal]


def cycles_of(price: UnitPrice) -> int:
    """Charge cycles in the price's term."""
    return cycles_in(price.term, price.billing) or 1
