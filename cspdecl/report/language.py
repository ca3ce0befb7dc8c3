"""What is shown in which language: one catalogue of texts, and the locale's form of numbers, amounts and days.

English is what the code is written in, and the key of the catalogue. Two ways in: `say` for texts of the reports, a
template and its values; `sentence` for what planning, commerce and manifest have already said in English, which is
found again in the catalogue by its shape. What is not found is shown in English: never wrong, only foreign. JSON never
comes through here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal

from cspdecl.core.money import Money, decimals_of
from cspdecl.report.catalogue import load_catalogue

Code = Literal["en", "de"]
CODES: tuple[Code, ...] = ("en", "de")

# What a value of a finished sentence may hold, each with the locale's form of it.
_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?: (\d{2}:\d{2}(?::\d{2})?) UTC)?(?![\w-])")
_NUMBER = re.compile(r"(?<![\w.,/:-])([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?= (?:[A-Z]{3}\b|%|…)|%|$)(?![\w:/-])")
_COUNT = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+|[+-]?\d+")
_NAME = re.compile(r"[\w.+:@/#*-]+|`[^`]*`")
# Where a text that no template knows as a whole may be taken apart: what reads on its own on either side.
_JOINTS = ("\n", "; ", ". ", ": ", " (", ", ")


@dataclass(frozen=True, slots=True)
class Language:
    """One language. Values are made fit for it here, and nowhere else."""

    code: Code

    def say(self, template: str, /, **values: object) -> str:
        """A text of ours: `template` is English and the catalogue's key, `values` fill its {places}.

        Numbers, amounts and days are put into the locale's form; text stays as it is.
        """
        text = template if self.code == "en" else load_catalogue(self.code).exact.get(template, template)
        return text.format_map({name: self._shown(value) for name, value in values.items()})

    def sentence(self, text: str) -> str:
        """A sentence that was said in English further down, in this language where the catalogue knows its shape."""
        return text if self.code == "en" else _sentence(self, text)

    def number(self, value: int) -> str:
        """A whole number with the locale's separators."""
        return self.figures(f"{value:,}")

    def money(self, value: Money) -> str:
        """An amount with its currency, decimals as the currency has them: 1,108.50 EUR, 1.108,50 EUR."""
        return f"{self.figures(f'{value.amount:,.{decimals_of(value.currency)}f}')} {value.currency}"

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


def language_of(wish: str | None, environment: Mapping[str, str] | None = None) -> Language:
    """The language asked for, else the environment's (LC_ALL, LC_MESSAGES, LANG), else English."""
    env = os.environ if environment is None else environment
    text = wish or next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "en")
    return GERMAN if text.lower().startswith("de") else ENGLISH


# ---- finished sentences ----


@lru_cache(maxsize=20_000)
def _sentence(language: Language, text: str) -> str:
    found = load_catalogue(language.code).find(text, lambda part: _value(language, part))
    if found is not None:
        return found
    lead = len(text) - len(text.lstrip())
    if lead:
        return text[:lead] + _sentence(language, text[lead:])
    for joint in _JOINTS:
        if joint in text:
            parts = text.split(joint)
            said = [_sentence(language, part) for part in parts]
            if any(new != old and not _only_figures(old) for new, old in zip(said, parts, strict=True)):
                return joint.join(said)
    return _figures(language, text)


def _value(language: Language, text: str) -> str:
    """What stood in a place: a figure in the locale's form, a phrase translated, a name as it is."""
    known = load_catalogue(language.code).exact.get(text)
    if known is not None:
        return known
    if _COUNT.fullmatch(text):
        return language.figures(text)
    if _NAME.fullmatch(text):
        return _figures(language, text)
    return _sentence(language, text)


def _figures(language: Language, text: str) -> str:
    """Days, amounts and shares within a text in the locale's form; all else as it is."""
    if language.code == "en":
        return text
    text = _DAY.sub(_day_in, text)
    return _NUMBER.sub(lambda found: found[0].translate(_SWAPPED), text)


def _day_in(found: re.Match[str]) -> str:
    year, month, day, time = found.groups()
    return f"{day}.{month}.{year}" + (f", {time} UTC" if time else "")


def _only_figures(text: str) -> bool:
    return not any(char.isalpha() for char in text.replace("UTC", ""))
