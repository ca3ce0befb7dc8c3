"""Named, versioned ways of counting and rounding: today's, those of other times, and those of other engines.

A profile says for each type of charge how a line is rounded, and by what it counts. Microsoft's published tables follow
no single rule (commerce rules 2023-10, §2.4), so today's profile is two of them, split by type of charge. The others
reproduce worked examples of their own time and place; nothing here is ever charged by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from cspdecl.commerce.proration import HALF_UP, LINE_DOWN, UNIT_DOWN, UNIT_HALF_UP, Profile, profile_of
from cspdecl.core.records import ChargeKind

#: Since this day no licence changes its billing plan alone in the middle of a term (Microsoft, billing frequency
#: changes, 2025-04; contract §13.5).
PLAN_CHANGES_ENDED = date(2025, 4, 1)

Basis = Literal["days", "months", "daily price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedProfile:
    """How charges are counted and rounded. `says` is the rule in words; `exceptions` by type of charge.

    `basis`: by days of the cycle, by whole months of it, or by a price of one day that is rounded first.
    """

    name: str
    says: str
    source: str
    other: Profile
    exceptions: Mapping[ChargeKind, Profile] = field(default_factory=dict)
    basis: Basis = "days"

    def rounding(self, charge: ChargeKind) -> Profile:
        """How a line of this type of charge is rounded."""
        return self.exceptions.get(charge, self.other)


_ADD_REMOVE: Mapping[ChargeKind, Profile] = {
    "add_quantity": profile_of("add_quantity"),
    "remove_quantity": profile_of("remove_quantity"),
    "usage": LINE_DOWN,
}

TODAY = NamedProfile(
    name="msft.v1",
    says="seat changes are multiplied, then cut to the smallest unit; everything else is cut per seat, then multiplied",
    source="Microsoft, common billing scenarios, 2022-11, and reconciliation file columns, 2023-10",
    other=UNIT_DOWN,
    exceptions=_ADD_REMOVE,
)
PLAN_MONTHS = NamedProfile(
    name="msft.plan_months.v1",
    says="the rest of the cycle counts by whole months; cut per seat, then multiplied",
    source="Microsoft, common billing scenarios, 2022-11; such changes ended on 2025-04-01",
    other=UNIT_DOWN,
    basis="months",
)

_OTHERS = (
    NamedProfile(
        name="msft.unit_down.v1",
        says="every line is cut per seat, then multiplied",
        source="Microsoft, formula of the reconciliation file columns, 2023-10",
        other=UNIT_DOWN,
    ),
    NamedProfile(
        name="msft.line_down.v1",
        says="every line is multiplied, then cut",
        source="Microsoft, worked tables of seat changes, 2022-11",
        other=LINE_DOWN,
    ),
    NamedProfile(
        name="halfup.v1",
        says="every line is multiplied, then rounded half up",
        source="our own side of the books; also other engines' worked examples",
        other=HALF_UP,
    ),
    NamedProfile(
        name="mc2019.v1",
        says="every line is rounded half up per seat, then multiplied",
        source="Microsoft, common billing scenarios, edition of 2020-05",
        other=UNIT_HALF_UP,
    ),
    NamedProfile(
        name="legacy.v1",
        says="every line is multiplied, then rounded half up",
        source="Microsoft, common billing scenarios of legacy commerce, monthly and annual",
        other=HALF_UP,
    ),
    NamedProfile(
        name="legacy.daily.v1",
        says="the price of one day is rounded half up, then multiplied by days and seats",
        source="Microsoft, common billing scenarios of legacy commerce, annual",
        other=HALF_UP,
        basis="daily price",
    ),
)

#: Every profile by name, today's first.
PROFILES: Mapping[str, NamedProfile] = {item.name: item for item in (TODAY, PLAN_MONTHS, *_OTHERS)}
