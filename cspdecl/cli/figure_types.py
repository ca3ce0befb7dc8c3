"""What people type for figures: amounts, shares, days, seats, each read exactly or refused with how to write it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import click

_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,12})?")
_END = re.compile(r"(\d{4}-\d{2}-\d{2})(.*)")
_TERM = re.compile(r"\bP(?:1M|1Y|3Y)\b", re.IGNORECASE)


class Amount(click.ParamType):  # type: ignore[type-arg]
    """A price, 10.08: a decimal point, no sign, no currency."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read the text."""
        if isinstance(value, Decimal):
            return value
        if not _NUMBER.fullmatch(value):
            self.fail(f"`{value}` is no amount: write 10.08, with a point and without sign or currency", param, ctx)
        return Decimal(value)


class OneOf(click.ParamType):  # type: ignore[type-arg]
    """One of some names, in whatever case it is typed, with or without `_` and `-`: cancel_immediate."""

    name = "name"

    def __init__(self, *values: str) -> None:
        self._values = {_bare(value): value for value in values}

    def get_metavar(self, param: click.Parameter, ctx: Any = None) -> str:
        """The names, as help shows them."""
        return f"[{'|'.join(self._values.values())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the text."""
        found = self._values.get(_bare(str(value)))
        if found is None:
            self.fail(f"`{value}` is none of {', '.join(self._values.values())}", param, ctx)
        return found


def _bare(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


class Quantity(click.ParamType):  # type: ignore[type-arg]
    """Seats, 12; units of usage may have a fraction."""

    name = "quantity"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Read the text."""
        if isinstance(value, Fraction):
            return value
        if not _NUMBER.fullmatch(value):
            self.fail(f"`{value}` is no number of seats: write 0 or more, such as 12", param, ctx)
        return Fraction(value)


class Share(click.ParamType):  # type: ignore[type-arg]
    """A share, 10% or 0.1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Read the text."""
        if isinstance(value, Fraction):
            return value
        number, percent = value.removesuffix("%").strip(), value.endswith("%")
        share = Fraction(number) / (100 if percent else 1) if _NUMBER.fullmatch(number) else None
        if share is None or share > 1:
            self.fail(f"`{value}` is no share: write 10% or 0.1, at most the whole", param, ctx)
        return share


class Day(click.ParamType):  # type: ignore[type-arg]
    """A day, 2027-01-03."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the text."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value.removesuffix("T00:00:00Z"))
        except ValueError:
            self.fail(f"`{value}` is no day: write 2027-01-03", param, ctx)


class Days(click.ParamType):  # type: ignore[type-arg]
    """Days charged of days in the cycle, 28/30."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Read the text."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,5})/(\d{1,5})", value)
        if not found or not 0 < int(found[1]) <= int(found[2]):
            self.fail(f"`{value}` is no share of days: write 28/30, at least one and at most all", param, ctx)
        return int(found[1]), int(found[2])


class Currency(click.ParamType):  # type: ignore[type-arg]
    """A currency, EUR."""

    name = "currency"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the text."""
        if not re.fullmatch(r"[A-Za-z]{3}", value):
            self.fail(f"`{value}` is no currency: write its three letters, such as EUR", param, ctx)
        return str(value).upper()


class End(click.ParamType):  # type: ignore[type-arg]
    """The last day of a running subscription and its term, 2022-10-01:P3Y; without a term any is meant."""

    name = "end"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[date, tuple[str, ...]]:
        """Read the text."""
        if isinstance(value, tuple):
            return value
        found = _END.fullmatch(value.strip())
        try:
            day = date.fromisoformat(found[1]) if found else None
        except ValueError:
            day = None
        terms = tuple(term.upper() for term in _TERM.findall(found[2])) if found else ()
        if found is None or day is None or (found[2].strip(" :/()") and not terms):
            self.fail(f"`{value}` is no end to share: write its last day and its term, 2022-10-01:P3Y", param, ctx)
        return day, terms


class Span(click.ParamType):  # type: ignore[type-arg]
    """A span of days: 90d, 12w, 6m (of 30 days each) or 1y (of 365)."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the text as days."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,4})([dwmy])", value.strip())
        days = int(found[1]) * {"d": 1, "w": 7, "m": 30, "y": 365}[found[2]] if found else 0
        if not 0 < days <= 3660:
            self.fail(f"`{value}` is no span: write 90d, 12w, 6m or 1y, at most ten years", param, ctx)
        return days
