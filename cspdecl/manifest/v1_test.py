"""A reseller's own expectations, as people write them: what is live, when, and what plan that makes. Part of v1.py.

Only what matters is said: customers that are not named are live exactly as declared, and only what is expected is
looked at.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from cspdecl.core.action import Action
from cspdecl.manifest import shapes
from cspdecl.manifest.shapes import BillingText, Day, EndText, Flag, Line, Name, OfferId, Seats, TermText, says, shaped
from cspdecl.manifest.wire import Maybe, wire

MOMENT = shaped(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?$",
    "a day, or a day and a time in UTC",
    "2026-11-22T14:02:00Z",
)
PRICE = shaped(r"^[+-]?[0-9]{1,12}(\.[0-9]{1,4})? [A-Z]{3}$", "an amount and its currency", "61.80 EUR")
ADDRESS = shaped(
    r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?(/[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?){0,3}$",
    "an address, customer/line or customer/line/component",
    "hafenkontor/arbeitsplatz/m365",
)
CODE = shaped(r"^CSP[0-9]{3}$", "a code", "CSP310")


def _real(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("day", "no such day") from None
    return text


Moment = Annotated[str, MOMENT, AfterValidator(_real)]
Price = Annotated[str, PRICE]
AddressText = Annotated[str, ADDRESS, says("What it is about: customer/line or customer/line/component", "a/visio")]
_KINDS: Any = Literal[tuple(str(kind.__dataclass_fields__["kind"].default) for kind in Action.__args__)]
ActionText = Annotated[_KINDS, says("What is done", "set_seats")]


@wire()
class Returnable:
    """Seats that can still be given back."""

    seats: Seats
    until: Annotated[Moment, says("Until when", "2026-11-29T14:02:00Z")]


@wire(anyOf=[{"required": ["line"]}, {"required": ["offer"]}])
class LiveLine:
    """A subscription that runs. What is not said is as the line declares it."""

    line: Annotated[Maybe[str], shapes.PATH, says("The line it stands behind", "arbeitsplatz/m365")] = None
    offer: Annotated[Maybe[OfferId], says("What it is, if no line says so", "CFQ7TTC0HD32:0002")] = None
    id: Annotated[Maybe[str], shapes.IDENTIFIER, says("Its id, where that matters")] = None
    seats: Maybe[Seats] = None
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    started: Annotated[Maybe[Moment], says("When its term began", "2026-03-14")] = None
    ends: Annotated[Maybe[Moment], says("When its term ends", "2027-03-14")] = None
    end_of_term: Annotated[
        Maybe[Literal["renew", "cancel", "extend", "unset"]], says("What is set for the end of its term")
    ] = None
    status: Annotated[
        Maybe[Literal["active", "pending", "suspended", "expired", "disabled", "deleted"]], says("Its state")
    ] = None
    trial: Annotated[Maybe[Flag], says("Whether it is a trial")] = None
    nickname: Annotated[Maybe[Line], says("What it is called in the portal", "Visio (Konstruktion)")] = None
    returnable: Annotated[tuple[Returnable, ...], says("Seats inside their 7-day window")] = ()
    cancel_until: Annotated[Maybe[Moment], says("Until when all of it can be cancelled")] = None
    bound: Annotated[Maybe[Flag], says("false: it runs, and nobody has bound the line to it yet")] = None


@wire()
class LiveService:
    """An own service as it is in the books."""

    line: Annotated[str, shapes.PATH, says("Its line, or bundle line and component", "arbeitsplatz/betreuung")]
    quantity: Seats


@wire()
class LiveCustomerText:
    """What a customer has. Named here, it has this and nothing else."""

    customer: Annotated[Name, says("The customer's name", "hafenkontor")]
    subscriptions: Annotated[tuple[LiveLine, ...], says("What runs; left out: nothing")] = ()
    services: Annotated[tuple[LiveService, ...], says("Own services that are not as declared")] = ()
    unreadable: Annotated[Maybe[Flag], says("true: the provider could not say what this customer has")] = None
    missing: Annotated[Maybe[Flag], says("true: the provider knows no such customer yet")] = None


@wire()
class ExpectedOperation:
    """Something that the plan is to do. Only what is said of it is looked at."""

    address: AddressText
    action: Maybe[ActionText] = None
    before: Annotated[Maybe[Seats], says("Seats before")] = None
    seats: Annotated[Maybe[Seats], says("Seats after")] = None
    offer: Annotated[Maybe[OfferId], says("What is bought or changed to", "CFQ7TTC0HD32:0002")] = None
    term: Maybe[TermText] = None
    billing: Maybe[BillingText] = None
    end_of_term: Maybe[EndText] = None
    cost: Annotated[Maybe[Price], says("What it adds to your cost each cycle", "61.80 EUR")] = None
    commitment: Annotated[Maybe[Price], says("What is newly owed with it", "741.60 EUR")] = None


@wire()
class ExpectedWait:
    """Something that is to wait."""

    address: AddressText
    kind: Annotated[
        Maybe[Literal["scheduled", "due", "blocked", "manual"]],
        says("scheduled: written at the provider; due: possible later; blocked; manual: for a person"),
    ] = None
    code: Annotated[Maybe[str], CODE, says("Why it waits, as a code", "CSP310")] = None
    day: Annotated[Maybe[Day], says("The day it comes true or becomes possible")] = None


@wire()
class ExpectedVerdict:
    """What a guardrail is to say."""

    rule: Annotated[Line, says("The guardrail, by its key or its name", "maxSeatsPerChange")]
    level: Annotated[Maybe[Literal["warn", "needs-approval", "deny"]], says("How strict it is")] = None
    address: Maybe[AddressText] = None
    waived: Annotated[Maybe[Flag], says("Whether a waiver speaks for it")] = None


@wire()
class ExpectedMoney:
    """The plan's totals, an amount a currency."""

    cost_month: Annotated[Maybe[tuple[Price, ...]], says("Cost a month", ["365.00 EUR"])] = None
    sell_month: Annotated[Maybe[tuple[Price, ...]], says("Own price a month", ["1108.50 EUR"])] = None
    commitment: Annotated[Maybe[tuple[Price, ...]], says("What is newly owed", ["3805.31 EUR"])] = None
    unknown: Annotated[Maybe[Seats], says("How many amounts are not known")] = None


@wire()
class Expect:
    """What the plan is to be. A list that is given is the whole list, in any order; one left out is not looked at."""

    operations: Annotated[Maybe[tuple[ExpectedOperation, ...]], says("What would be done now; [] for nothing")] = None
    others: Annotated[Maybe[Flag], says("true: the plan may do more than the operations named")] = None
    waiting: Annotated[Maybe[tuple[ExpectedWait, ...]], says("What waits")] = None
    verdicts: Annotated[Maybe[tuple[ExpectedVerdict, ...]], says("What guardrails say")] = None
    refused: Annotated[Maybe[Flag], says("Whether a guardrail refuses the plan")] = None
    codes: Annotated[Maybe[tuple[Annotated[str, CODE], ...]], says("Codes of the plan's diagnostics")] = None
    money: Maybe[ExpectedMoney] = None
    text: Annotated[Maybe[str], says("The plan as it reads, in English, to the letter")] = None


@wire()
class TestSpec:
    """When, what is live, and what plan that makes with these manifests."""

    now: Annotated[Moment, says("The moment of planning (UTC)", "2026-11-22T14:02:00Z")]
    live: Annotated[tuple[LiveCustomerText, ...], says("Customers that are not as declared")] = ()
    expect: Annotated[Expect, Field(default_factory=Expect)]


@wire()
class TestMetadata:
    """What the expectation is called, and what it is for."""

    name: Annotated[Name, says("Unique among them", "no-cancellations-by-mistake")]
    description: Annotated[Maybe[Line], says("The claim, in one sentence")] = None


@wire()
class Test:
    """An expectation of your own: with this live, the plan is to be that."""

    api_version: Literal["cspdecl/v1"]
    kind: Literal["Test"]
    metadata: TestMetadata
    spec: TestSpec
