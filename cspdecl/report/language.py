"""What is shown in which language: one catalogue of texts, and the locale's form of numbers, amounts and days.

English is what the code is written in, and the key of the catalogue. Two ways in: `say` for texts of the reports, a
template and its values; `sentence` for what planning, commerce and manifest have already said in English, which is
found again in the catalogue by its shape. What is not found is shown in English: never wrong, only foreign. JSON never
comes through here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from cspdecl.core.money import Money
from cspdecl.report.catalogue import load_catalogue

Code = Literal["en", "de"]
CODES: tuple[Code, ...] = ("en", "de")

# Figures of a finished sentence, each with the locale's form of it: an instant or a day, an amount or a count.
_FIGURE = re.compile(
    r"(?<![\w`/:.-])(?:(?P<day>\d{4}-\d{2}-\d{2})(?: (?P<time>\d{2}:\d{2}(?::\d{2})?) UTC)?"
    r"|(?P<number>[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?))(?![\w`/-]|[.:]\w)"
)
_HELD = re.compile("\x01(\\d+)\x01")
_QUOTED = re.compile("`[^`]*`")


@dataclass(frozen=True, slots=True)
class Language:
    """One language. Values are made fit for it here, and nowhere else."""

    code: Code

    def say(self, template: str, /, **values: object) -> str:
        """A text of ours: `template` is English and the catalogue's key, `values` fill its {places}.

        Numbers, amounts and days are put into the locale's form; text stays as it is.
        """
        text = template if self.code == "en" else load_catalogue(self.code).said.get(template, template)
        return text.format_map({name: self._shown(value) for name, value in values.items()})

    def sentence(self, text: str) -> str:
        """A sentence that was said in English further down, in this language where the catalogue knows its shape."""
        return text if self.code == "en" else _sentence(self, text)

    def title(self, text: str) -> str:
        """What a line is called: names stay as they are, only that it is an own service is said."""
        for mark in (", own service)", ", own service"):
            if text.endswith(mark):
                return text.removesuffix(mark) + self.say(mark)
        return text

    def counted(self, count: int, one: str, many: str) -> str:
        """`one` of a single thing, else `many` with its {count}: both are whole texts of the catalogue."""
        return self.say(one) if count == 1 else self.say(many, count=count)

    def seats(self, count: int) -> str:
        """A count of seats: 1 seat, 3 seats."""
        return self.counted(count, "1 seat", "{count} seats")

    def number(self, value: int) -> str:
        """A whole number with the locale's separators."""
        return self.figures(f"{value:,}")

    def money(self, value: Money) -> str:
        """An amount with its currency, as exact as it is: 1,108.50 EUR, 1.108,50 EUR."""
        return self.figures(str(value))

    def figures(self, text: str) -> str:
        """Digits as English writes them in the locale's form: 1,108.50 as 1.108,50."""
        return text.translate(_SWAPPED) if self.code == "de" else text

    def day(self, value: date) -> str:
        """A day: 2026-11-29, 29.11.2026."""
        return value.strftime("%d.%m.%Y") if self.code == "de" else value.strftime("%Y-%m-%d")

    def clock(self, value: datetime) -> str:
        """A day and a time in UTC: 2026-11-29 14:02 UTC, 29.11.2026, 14:02 UTC."""
        there = value.astimezone(UTC)
        return f"{self.day(there)}{',' if self.code == 'de' else ''} {there:%H:%M} UTC"

    def _shown(self, value: object) -> object:
        match value:
            case bool() | str():
                return value
            case int():
                return self.number(value)
            case Money():
                return self.money(value)
            case datetime():
                return self.clock(value)
            case date():
                return self.day(value)
            case _:
                return str(value)


ENGLISH = Language("en")
GERMAN = Language("de")
_SWAPPED = str.maketrans(",.", ".,")


def language_of(wish: str | None, environment: Mapping[str, str]) -> Language:
    """The language asked for, else the environment's (LC_ALL, LC_MESSAGES, LANG), else English."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    text = wish or next((environment[name] for name in names if environment.get(name)), "en")
    return GERMAN if text.lower().startswith("de") else ENGLISH


# ---- finished sentences ----


def _sentence(language: Language, text: str) -> str:
    """Figures are held back while the words are found, so that sentences of one shape are looked for once."""
    catalogue = load_catalogue(language.code)
    if text in catalogue.exact:
        return catalogue.exact[text]
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(_figure(language, found))
        return f"\x01{len(held) - 1}\x01"

    bare = _unquoted(text, hold)
    said, left = catalogue.translate(bare)
    if left:  # a template may itself hold a figure
        whole, more = catalogue.translate(text)
        if more < left:
            return _unquoted(whole, lambda found: _figure(language, found))
    return _HELD.sub(lambda found: held[int(found[1])], said)


def _unquoted(text: str, shown: Callable[[re.Match[str]], str]) -> str:
    """The text with its figures as they are shown; those in quotations are for typing and stay."""
    quoted = [found.span() for found in _QUOTED.finditer(text)]

    def one(found: re.Match[str]) -> str:
        return found[0] if any(first <= found.start() < last for first, last in quoted) else shown(found)

    return _FIGURE.sub(one, text)


def _figure(language: Language, found: re.Match[str]) -> str:
    if found["day"]:
        year, month, day = found["day"].split("-")
        time = f", {found['time']} UTC" if found["time"] else ""
        return f"{day}.{month}.{year}{time}" if language.code == "de" else found[0]
    return language.figures(found[0])
