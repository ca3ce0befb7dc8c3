"""What is shown in which language: one catalogue of texts, and the locale's form of numbers, amounts and days.

English is what the code is written in, and the key of the catalogue. Two ways in: `say` for texts of the reports, a
template and its values; `sentence` for what planning, commerce and manifest have already said in English, which is
found again in the catalogue by its shape. What is not found is shown in English: never wrong, only foreign. JSON never
comes through here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from cspdecl.core.money import Money, decimals_of

Code = Literal["en", "de"]
CODES: tuple[Code, ...] = ("en", "de")


@dataclass(frozen=True, slots=True)
class Language:
    """One language. Values are made fit for it here, and nowhere else."""

    code: Code

    def say(self, template: str, /, **values: object) -> str:
        """A text of ours: `template` is English and the catalogue's key, `values` fill its {places}.

        Numbers, amounts and days are put into the locale's form; text stays as it is.
        """
        return self._template(template).format_map({name: self._shown(value) for name, value in values.items()})

    def sentence(self, text: str) -> str:
        """A sentence that was said in English further down, in this language where the catalogue knows its shape."""
        return text

    def number(self, value: int) -> str:
        """A whole number with the locale's separators."""
        return f"{value:,}".replace(",", "." if self.code == "de" else ",")

    def money(self, value: Money) -> str:
        """An amount with its currency, decimals as the currency has them: 1,108.50 EUR, 1.108,50 EUR."""
        text = f"{value.amount:,.{decimals_of(value.currency)}f}"
        if self.code == "de":
            text = text.translate(str.maketrans(",.", ".,"))
        return f"{text} {value.currency}"

    def day(self, value: date) -> str:
        """A day: 2026-11-29, 29.11.2026."""
        return value.strftime("%d.%m.%Y") if self.code == "de" else value.strftime("%Y-%m-%d")

    def clock(self, value: datetime) -> str:
        """A day and a time in UTC: 2026-11-29 14:02 UTC, 29.11.2026, 14:02 UTC."""
        there = value.astimezone(UTC)
        return f"{self.day(there)}{',' if self.code == 'de' else ''} {there:%H:%M} UTC"

    def _template(self, template: str) -> str:
        return template

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


def language_of(wish: str | None, environment: Mapping[str, str] | None = None) -> Language:
    """The language asked for, else the environment's (LC_ALL, LC_MESSAGES, LANG), else English."""
    env = os.environ if environment is None else environment
    text = wish or next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "en")
    return GERMAN if text.lower().startswith("de") else ENGLISH
