"""Limits as people write them: plain, or as thresholds with a level, and exceptions from them. Part of v1.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import Discriminator, Field, Strict, Tag

from cspdecl.manifest import shapes
from cspdecl.manifest.shapes import (
    Amount,
    AnyBillingText,
    Currency,
    Day,
    Line,
    Name,
    OfferId,
    TermText,
    says,
    shaped,
)  # fmt: skip
from cspdecl.manifest.wire import Maybe, wire

T = TypeVar("T")
U = TypeVar("U")

COUNT_OR_SHARE = shaped(
    r"^(0|[1-9][0-9]{0,6}|(100|[0-9]{1,2}(\.[0-9]{1,4})?)%)$",
    "a whole number, or a percentage from 0% to 100%",
    "3",
    "`3` counts, `5%` is a share of all that is managed",
)
ADDRESS = shaped(
    r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?(/[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?){0,2}$",
    "a customer, customer/line or customer/line/component",
    "hafenkontor/visio",
)
ZONE = shaped(
    r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$",
    "a time zone by its IANA name",
    "Europe/Berlin",
    "a city, not an abbreviation: summer time comes with it",
)
LOGIN = shaped(r"^[^\s\x00-\x1f\x7f]{1,100}$", "a login, as the forge spells it", "lena-brandt")

LevelText = Annotated[
    Literal["warn", "needs-approval", "deny"],
    says("warn: shown; needs-approval: somebody else has to agree; deny (if nothing is said): refused"),
]
Count = Annotated[int, Strict(), says("A whole number", 50, ge=0, le=shapes.MAX_SEATS)]
CountOrShare = Annotated[str, COUNT_OR_SHARE, says("A number, or a share of all that is managed", 3, "5%")]
Share = Annotated[str, shapes.PERCENT, says("A percentage", "8%")]


@wire()
class Approval:
    """Whose word is needed; never that of whoever wrote the change."""

    role: Annotated[Name, says("One of `guardrails.roles`", "finance")]
    count: Annotated[
        Maybe[Annotated[int, Strict()]], says("How many of them, one if nothing is said", 2, ge=1, le=20)
    ] = None


@wire()
class CountLimit:
    """A threshold: from above `limit` on `level` holds."""

    limit: Count
    level: Maybe[LevelText] = None
    approval: Maybe[Approval] = None


@wire()
class ShareLimit:
    """A threshold, in pieces or as a share: from above `limit` on `level` holds."""

    limit: CountOrShare
    level: Maybe[LevelText] = None
    approval: Maybe[Approval] = None


@wire()
class MoneyLimit:
    """A threshold by currency: from above `limit` on `level` holds; a currency that is not named has none to spend."""

    limit: Annotated[Mapping[Currency, Amount], says("By currency", {"EUR": "5000"}, min_length=1)]
    level: Maybe[LevelText] = None
    approval: Maybe[Approval] = None


@wire()
class MarginLimit:
    """A threshold: below `limit` `level` holds."""

    limit: Share
    level: Maybe[LevelText] = None
    approval: Maybe[Approval] = None


@wire(minProperties=1)
class Forbid:
    """A combination nobody may buy, or not without a word: every part that is given must match."""

    term: Maybe[TermText] = None
    billing: Maybe[AnyBillingText] = None
    offer: Annotated[Maybe[OfferId], says("A Microsoft offer, PRODUCT:SKU", "CFQ7TTC0LCHC:0002")] = None
    level: Maybe[LevelText] = None
    approval: Maybe[Approval] = None


@wire()
class Freeze:
    """Days in which nothing is bought, changed or cancelled, first and last included."""

    starts: Annotated[Day, says("The first day", "2026-12-20", alias="from")]
    to: Annotated[Day, says("The last day", "2027-01-06")]
    reason: Annotated[Line, says("Shown to whoever is refused", "year end")]
    zone: Annotated[Maybe[str], ZONE, says("Whose days these are, UTC if nothing is said", "Europe/Berlin")] = None
    level: Maybe[LevelText] = None
    approval: Maybe[Approval] = None


def _written(value: object) -> str:
    return "@dated" if isinstance(value, (list, tuple)) else "@plain"


# a limit alone, which denies, or thresholds
OrLimits = Annotated[
    Annotated[T, Tag("@plain")] | Annotated[tuple[U, ...], Field(min_length=1), Tag("@dated")], Discriminator(_written)
]
SharesText = OrLimits[CountOrShare, ShareLimit]


@wire()
class Guardrails:
    """The project's own limits; a plan that crosses one is refused, or as its `level` says."""

    max_seats_per_change: Annotated[
        Maybe[OrLimits[Annotated[int, Strict(), says("Seats", 50, ge=1)], CountLimit]],
        says("Seats that one operation may add or remove", 50),
    ] = None
    max_new_commitment: Annotated[
        Maybe[OrLimits[Mapping[Currency, Amount], MoneyLimit]],
        says("By currency: what one plan may newly owe", {"EUR": "20000"}),
    ] = None
    min_margin: Annotated[
        Maybe[OrLimits[Share, MarginLimit]], says("Share of the sell price that must remain", "8%")
    ] = None
    max_cancellations: Annotated[
        Maybe[SharesText], says("Subscriptions that one plan may end, at once or when their term does", 3, "5%")
    ] = None
    max_seats_removed: Annotated[
        Maybe[SharesText], says("Seats that one plan may take away, cancellations included", 100, "5%")
    ] = None
    max_share_of_estate: Annotated[
        Maybe[SharesText], says("Lines there are that one plan may change; what is new does not count", "10%")
    ] = None
    max_stop_managing: Annotated[
        Maybe[OrLimits[Share, ShareLimit]], says("Share of managed lines that one plan may stop managing", "10%")
    ] = None
    forbid: Annotated[tuple[Forbid, ...], says("Combinations that nobody may buy", [{"term": "P3Y"}])] = ()
    freeze: Annotated[tuple[Freeze, ...], says("Days in which nothing is sent")] = ()
    below_assigned: Annotated[
        Maybe[Literal["warn", "deny", "off"]],
        says("Fewer seats than the licences people have in the tenant; off if nothing is said. Needs `auth.user`"),
    ] = None
    roles: Annotated[
        Maybe[Mapping[Name, tuple[Annotated[str, LOGIN], ...]]],
        says("Who may approve as what: logins as the forge spells them", {"finance": ["lena-brandt"]}),
    ] = None


GuardText = Annotated[
    Literal[
        "maxSeatsPerChange", "maxNewCommitment", "minMargin", "maxCancellations", "maxSeatsRemoved", "maxShareOfEstate",
        "maxStopManaging", "forbid", "freeze", "belowAssigned",
    ],
    says("The guardrail that is excused"),
]  # fmt: skip


@wire(oneOf=[{"required": ["guard"]}, {"required": ["drift"]}])
class WaiverSpec:
    """What is excused, for whom, on whose word, why, and until when."""

    guard: Maybe[GuardText] = None
    drift: Annotated[
        Maybe[Name], says("The kind of drift that is expected: seats, status, schedule …, or any", "seats")
    ] = None
    target: Annotated[
        Maybe[str], ADDRESS, says("A customer, line or component; the whole project if left out", alias="for")
    ] = None
    owner: Annotated[Line, says("Who answers for it", "lena-brandt")]
    reason: Annotated[Line, says("Why", "the customer moves in on 1 December")]
    expires: Annotated[Day, says("From this day on (UTC) it is as if it were not there", "2026-12-15")]


@wire()
class WaiverMetadata:
    """What a waiver is called."""

    name: Annotated[Name, says("Unique among waivers; shown wherever it is used", "onboarding-muehlbach")]


@wire()
class Waiver:
    """An exception from a guardrail or from an alarm, with a name and an end."""

    api_version: Literal["cspdecl/v1"]
    kind: Literal["Waiver"]
    metadata: WaiverMetadata
    spec: WaiverSpec
