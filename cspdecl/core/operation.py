"""What a plan holds: actions as data, each with its reason, its guard, its deadline and its price.

The decision is made once, in planning; whatever applies an operation carries it out and may not re-decide.
Every action is absolute ("17 seats"), never a delta, so that asking twice cannot do it twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal

from cspdecl.core.action import BOOK_ACTIONS, PROVIDER_ACTIONS, Action
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import EndOfTerm, SellRule
from cspdecl.core.diagnostics import Diagnostic, Origin, Severity
from cspdecl.core.guard import Level, NeededApproval
from cspdecl.core.live import LiveEndOfTerm, NextTerm, Status
from cspdecl.core.money import ExactMoney, Money
from cspdecl.core.terms import BillingCycle, Term

# ---- around the action ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What was seen when this was planned, or what an earlier operation of the plan will have left.

    The provider reads again right before it writes and answers `Stale` where this no longer holds. No etag: only
    values. `subscription` None: the id comes from an earlier operation. For a purchase, `siblings` are the running
    subscriptions of the same offer: another one means that somebody bought meanwhile. Fields that are None are not
    compared, except `scheduled`, which is compared when `check_scheduled` is set. `earlier_purchases`: purchases of the
    same offer for this customer that come before this one in the plan, so that many more siblings are expected.
    """

    tenant: str | None
    subscription: str | None = None
    offer: OfferKey | None = None
    seats: int | None = None
    term: Term | None = None
    billing: BillingCycle | None = None
    status: Status | None = None
    end_of_term: LiveEndOfTerm | None = None
    scheduled: NextTerm | None = None
    check_scheduled: bool = False
    term_ends: datetime | None = None
    siblings: tuple[str, ...] = ()
    earlier_purchases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an operation exists: a stable word for machines, a sentence for people. Explains, never steers."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDelta:
    """What an operation changes in money. None means unknown, and `unknown` says why; it is never 0.

    `cost_cycle`: change of cost a charge cycle (`cycle`). `cost_now`: what the rest of the running cycle costs or
    returns, an estimate by our proration. `commitment`: what this newly obliges to pay until `commitment_until`
    (exclusive). `sell`: change of our price every `sell_every`. `basis` says how it was computed, in words.
    `price_list_for`: the month that was priced, only where the list is for an earlier one. `discount` is what a
    promotion takes off the price, `unit_price` what is left of it. `margin_before` and `margin_after` are shares of
    our price, where an operation changes nothing but that price. `forecast`: no row of a list stands behind the cost.
    `sell_unknown`: why our price is not known, where one is declared.
    """

    cycle: BillingCycle
    cost_cycle: Money | None
    cost_now: Money | None = None
    cost_now_exact: ExactMoney | None = None
    days: int | None = None
    cycle_days: int | None = None
    commitment: Money | None = None
    commitment_until: datetime | None = None
    sell: Money | None = None
    sell_every: Literal["month", "year"] | None = None
    unit_price: Money | None = None
    price_list: str | None = None
    price_list_for: str | None = None
    basis: str = ""
    unknown: tuple[str, ...] = ()
    discount: Fraction | None = None
    promotion: str | None = None
    margin_before: Fraction | None = None
    margin_after: Fraction | None = None
    forecast: bool = False
    sell_unknown: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What an operation promises for the next term beyond the same once more: more seats, a longer term, another offer,
    a trial let become paid. None of it is owed before that day; the guardrails count it when it is written.

    `next` None: not known what. `commitment` None with `unknown`: not known how much; without: the operation's own
    preview has it.
    """

    next: NextTerm | None = None
    commitment: Money | None = None
    unknown: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineContext:
    """What a record must say about the line an operation belongs to: who, what, in which bundle, sold for how much.

    `seats` are the declared seats of the line; with `bundle_seats` they say how much of a bundle is billed while a
    reduction of its anchor is held back.
    """

    provider: str | None
    display_name: str
    offer: OfferKey | None = None
    offer_title: str | None = None
    service: str | None = None
    term: Term | None = None
    billing: BillingCycle | None = None
    end_of_term: EndOfTerm | None = None
    seats: int | None = None
    segment: str = "commercial"
    bundle: str | None = None
    bundle_version: str | None = None
    bundle_instance: Address | None = None
    component: str | None = None
    anchor: bool = False
    bundle_seats: int | None = None
    sell: SellRule | None = None
    bundle_sell: SellRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One step of a plan.

    `id` is sha256 over address, action, guard and the hash of the address's last ledger record: planning an unchanged
    state again gives the same ids; buying, cancelling and buying again gives three. `requires` must have been applied
    first. `not_after`: from that instant on it must not be sent any more, the plan has to be made anew.
    """

    id: str
    address: Address
    action: Action
    reason: Reason
    requires: tuple[str, ...]
    guard: Guard
    context: LineContext
    not_after: datetime | None = None
    preview: PriceDelta | None = None
    origin: Origin | None = None
    promised: Promised | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something declared that no operation can bring about now. Listed in every plan until it is done.

    scheduled: written at the provider, comes true at `when` · due: becomes possible at `when`; nothing is stored aside
    · blocked: a condition must be met first · manual: a person has to do it in the provider's portal by `when`.
    """

    address: Address
    kind: Literal["scheduled", "due", "blocked", "manual"]
    code: str
    text: str
    when: datetime | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One row of the plan as people read it: a customer, a bundle line, a component, a subscription or a service.

    `symbol`: `+` buy or create, `~` change, `-` cancel, `=>` adopt or rename, `?` blocked or by hand, ` ` unchanged
    (only where something below it changes). `notes` are sentences in reading order; `notes_sell` the same for eyes that
    may not see cost or margin (None: nothing to hide). `provider` and `ids` say what stands behind the line.
    """

    address: Address
    symbol: Literal["+", "~", "-", "=>", "?", " "]
    title: str
    detail: str = ""
    before: int | None = None
    after: int | None = None
    later: int | None = None
    later_on: datetime | None = None
    summary: str = ""
    notes: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    is_bundle: bool = False
    notes_sell: tuple[str, ...] | None = None
    provider: str | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyTotals:
    """Sums over a plan, one entry a currency. `unknown` counts amounts that are not known and are in no sum."""

    cost_month: tuple[Money, ...] = ()
    sell_month: tuple[Money, ...] = ()
    cost_now: tuple[Money, ...] = ()
    commitment: tuple[Money, ...] = ()
    commitment_until: datetime | None = None
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One guardrail that was touched: its name, the sentence with the numbers, and whether it refuses the plan.

    `level` says how strict it is, `approval` whose word it waits for (then `refused` is false: `apply` asks for it).
    `waiver` names the waiver that excuses it; `side` is "base" where only the state before the change has this guard.
    """

    rule: str
    code: str
    text: str
    refused: bool
    address: Address | None = None
    level: Level = Level.DENY
    approval: NeededApproval | None = None
    waiver: str | None = None
    side: Literal["base", "head"] = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyReport:
    """What the guardrails say about a plan as a whole.

    `roles`: whose word counts, for every role that a verdict waits for. Where a change is compared with what was before
    it, only those who held the role before and after.
    """

    verdicts: tuple[Verdict, ...] = ()
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether any guardrail refuses the plan."""
        return any(verdict.refused for verdict in self.verdicts)

    @property
    def awaits(self) -> tuple[Verdict, ...]:
        """Verdicts that somebody has to approve before the plan may be carried out."""
        return tuple(item for item in self.verdicts if item.approval is not None and item.waiver is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNote:
    """A customer that appears in a plan, with the provider's name for it (hostile until escaped)."""

    key: str
    name: str
    tenant: str | None
    agreement: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCounts:
    """The closing line of a plan in numbers.

    `ending_soon`: terms that end within thirty days, monthly ones left out; `undecided_soon` of them
    have no decision.
    """

    customers: int = 0
    customers_touched: int = 0
    to_buy: int = 0
    to_change: int = 0
    at_renewal: int = 0
    to_cancel: int = 0
    to_adopt: int = 0
    to_forget: int = 0
    to_create: int = 0
    unchanged: int = 0
    unmanaged: int = 0
    waiting: int = 0
    unmanaged_customers: int = 0
    ending_soon: int = 0
    undecided_soon: int = 0


# ---- a pull request's plan ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a customer is in the plan of a change: the file that was changed, and what in it touches this customer."""

    customer: str
    cause: Literal["customer", "bundle", "prices", "price-list", "defaults", "guardrails", "project", "gone"]
    file: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a change of files adds to what was waiting anyway: plan(base) and plan(head), made from one reading.

    `reference` is what was asked for, `base` the commit it was compared with. `added` are ids of operations of this
    plan that the base would not have done, `waiting` those it would have done as well; `dropped` is what the base would
    have done and this plan does not any more. `totals` is the change's own money: head less base. `alike` are
    addresses whose lines and waits read the same in both plans.
    """

    reference: str
    base: str
    head: str | None
    why: tuple[Why, ...] = ()
    added: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    dropped: tuple[Operation, ...] = ()
    totals: MoneyTotals = MoneyTotals()
    alike: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a plan was made from, so that whoever approved it approved this and nothing else.

    `customers`: digest of what is declared for each customer of the plan, bundles and defaults resolved. `prices`:
    digest over the price lists. `tool` and `plugins` are versions. The commit is provenance and binds nothing, so a
    squash or a rebase does no harm.
    """

    customers: Mapping[str, str]
    prices: str
    tool: str
    plugins: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that would be done, in an order that works; what apply reads.

    `complete` is false when a customer could not be read. "Empty" means no operation to send now: what waits does not
    count. `now` is the provider's time at planning, `as_of` the age of the oldest reading. `offline`: nobody was asked,
    what the base declares was taken for live; such a plan is only for reading.
    """

    format: int
    id: str
    project: str
    desired: str
    live: str
    now: datetime
    as_of: datetime
    commit: str | None
    price_list: str | None
    market: str
    currency: str
    scope: tuple[str, ...] | None
    customers: tuple[CustomerNote, ...]
    operations: tuple[Operation, ...]
    lines: tuple[PlanLine, ...]
    waiting: tuple[Waiting, ...]
    unmanaged: tuple[str, ...]
    unknown: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]
    safety: SafetyReport
    totals: MoneyTotals
    counts: PlanCounts
    difference: Difference | None = None
    basis: Basis | None = None
    offline: bool = False

    @property
    def complete(self) -> bool:
        """Whether every customer in scope was read."""
        return not self.unknown

    @property
    def hindered(self) -> bool:
        """Whether an error concerns the whole plan: one of a customer holds back only that customer."""
        return any(item.severity is Severity.ERROR and item.address is None for item in self.diagnostics)

    @property
    def empty(self) -> bool:
        """No operation to send now."""
        return not self.operations

    @property
    def sends(self) -> bool:
        """Whether anything would be sent to a provider or booked: adopting and renaming touch only our own bindings."""
        return any(isinstance(item.action, (*PROVIDER_ACTIONS, *BOOK_ACTIONS)) for item in self.operations)
