"""The catalogue of texts: English templates and what they are in another language, found again by their shape.

Sentences are made far below, in English, out of a template and its values; plans and records keep them so. Here a
finished sentence is laid against all templates, the one with the most text of its own wins, and what stood in its
places is translated on its own. A saved plan can so be shown in any language, and nothing below knows that there is
more than one. Texts stand in `texts/LANGUAGE/*.toml`, a key for every template with {0}, {1} … for its places, or with
the names that `Language.say` fills.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

Translate = Callable[[str], str]
_PLACE = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")


@dataclass(frozen=True, slots=True)
class Template:
    """One entry: how the English text looks, and what stands for it. `weight` is how much text of its own it has."""

    shape: re.Pattern[str]
    names: tuple[str, ...]
    text: str
    weight: int

    def filled(self, values: Sequence[str]) -> str:
        """The text with these values in its places; a template may use a place twice, or leave one out."""
        places = dict(zip(self.names, values, strict=True))
        return _PLACE.sub(lambda match: places.get(match[1], match[0]), self.text)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All texts of one language. `exact`: without places, or by template; `by_word`: those with places, by a word that
    any text of that shape holds, or under "" where there is none."""

    exact: Mapping[str, str]
    by_word: Mapping[str, tuple[Template, ...]]

    def find(self, text: str, value: Translate) -> str | None:
        """The text in this language, or None. `value` makes what stood in a place fit for it."""
        if text in self.exact:
            return self.exact[text]
        words = {"", *_WORD.findall(text)}
        candidates = [item for word in words for item in self.by_word.get(word, ())]
        for template in sorted(candidates, key=lambda item: -item.weight):
            found = template.shape.fullmatch(text)
            if found is not None:
                return template.filled([value(part) for part in found.groups()])
        return None


@lru_cache(maxsize=4)
def load_catalogue(code: str) -> Catalogue:
    """The texts of a language; of English none, since it is what the code is written in."""
    exact: dict[str, str] = {}
    folder = resources.files("cspdecl.report").joinpath("texts", code)
    if folder.is_dir():
        for entry in sorted(folder.iterdir(), key=lambda item: item.name):
            if entry.name.endswith(".toml"):
                exact.update(tomllib.loads(entry.read_text(encoding="utf-8")))
    by_word: dict[str, list[Template]] = {}
    for key, text in exact.items():
        template = _template(key, text)
        if template is not None:
            by_word.setdefault(_rarest(key), []).append(template)
    return Catalogue(exact=exact, by_word={word: tuple(items) for word, items in by_word.items()})


def _template(key: str, text: str) -> Template | None:
    pieces = _PLACE.split(key)
    literals, names = pieces[::2], pieces[1::2]
    weight = sum(len(piece.strip()) for piece in literals)
    if not names or not any(char.isalpha() for piece in literals for char in piece):
        return None
    pattern = "(.+?)".join(re.escape(piece) for piece in literals)
    return Template(shape=re.compile(pattern, re.DOTALL), names=tuple(names), text=text, weight=weight)


def _rarest(key: str) -> str:
    """The longest whole word that every text of this template holds: one that touches no place."""
    bounded = _PLACE.sub("\0", key)
    words = [match[0] for match in _WORD.finditer(bounded) if not _touches(bounded, match)]
    return max(words, key=len, default="")


def _touches(text: str, match: re.Match[str]) -> bool:
    return text[match.start() - 1 : match.start()] == "\0" or text[match.end() : match.end() + 1] == "\0"
