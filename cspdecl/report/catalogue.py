"""The catalogue of texts: English templates and what they are in another language, found again by their shape.

Sentences are made far below, in English, out of a template and its values; plans and records keep them so. Here a
finished sentence is laid against all templates that could have made it, what stood in their places is translated on its
own, and the reading that leaves the least English wins. A saved plan can so be shown in any language, and nothing below
knows that there is more than one. What is quoted with backticks is for typing and never taken apart.

Texts stand in `texts/LANGUAGE/*.toml`, a key for every template with {0}, {1} … for its places. Those of `report.toml`
and `report_names.toml` are for `Language.say` alone, which knows its template: no sentence is laid against them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

_PLACE = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
_NAME = re.compile(r"[^\s]*[\d/@_\x01][^\s]*|[^\sA-Z]*[:.-][^\s]*|`[^`]*`|[A-Z][\w-]*|[\W\d_]*")
#: Where a text that no template knows as a whole may be taken apart: what reads on its own on either side.
_JOINTS = ("\n", "; ", ". ", ": ", ", ", " (")
#: Between values that are listed: `a` or `b`, 2027-10-31 and 2027-11-30; between names they may be part of a name.
_LISTED = re.compile(r"(?<=[`\x01\d]) (and|or) (?=[`\x01\d])")
_BREAKS = " ,;.(:\n"
#: What a sentence is about, before it: an address, an offer, an id.
_ADDRESS = re.compile(r"^(?:`[^`]*`|[^\s`]*[/:\d\x01][^\s`]*) ")
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Template:
    """One entry: how the English text looks, and what stands for it. `groups` are its places; those that touch each
    other share a group and are told apart afterwards. `weight` is how much text of its own it has; `quoted` are the
    places that stand in backticks, where nothing is translated."""

    shapes: tuple[re.Pattern[str], ...]
    groups: tuple[tuple[str, ...], ...]
    text: str
    weight: int
    quoted: frozenset[str] = frozenset()

    def readings(self, text: str) -> Iterator[dict[str, str]]:
        """Every way in which this template may have made the text: what stood in which place."""
        seen: set[tuple[str, ...]] = set()
        for shape in self.shapes:
            found = shape.fullmatch(text)
            if found is None:
                return
            if found.groups() not in seen and all(_whole(value) for value in found.groups()):
                seen.add(found.groups())
                yield from _told_apart(self.groups, found.groups())

    def filled(self, places: Mapping[str, str]) -> str:
        """The text with these values in its places; a template may use a place twice, or leave one out."""
        return _PLACE.sub(lambda match: places.get(match[1], match[0]), self.text)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All texts of one language. `said`: templates of the reports; `exact`: what sentences are made of, as written;
    `by_word`: those of them with places, by a word that any text of that shape holds, or under "" where there is none.
    """

    said: Mapping[str, str]
    exact: Mapping[str, str]
    by_word: Mapping[str, tuple[Template, ...]]
    _known: dict[str, tuple[str, int]] = field(default_factory=dict)
    _effort: list[int] = field(default_factory=lambda: [0])

    def translate(self, text: str) -> tuple[str, int]:
        """The text in this language, and how many letters of it stayed English; names and figures are not counted.

        What others put into a sentence decides how many ways there are to read it, so the ways tried are counted: after
        `EFFORT` the best one so far is taken. A text that is too long to be a sentence stays as it is.
        """
        if len(text) > LONGEST:
            return text, sum(char.isalpha() for char in text)
        self._effort[0] = EFFORT
        return self._read(text, 0)

    def _try(self) -> bool:
        """Whether another way may be tried."""
        self._effort[0] -= 1
        return self._effort[0] > 0

    def _read(self, text: str, depth: int) -> tuple[str, int]:
        known = self._known.get(text)
        if known is None:
            if len(self._known) > _MANY:
                self._known.clear()
            letters = sum(char.isalpha() for char in text)
            known = self._translated(text, letters, depth)
            if self._effort[0] > 0:  # what was broken off may read better when it is asked for by itself
                self._known[text] = known
        return known

    def _translated(self, text: str, letters: int, depth: int) -> tuple[str, int]:
        if text in self.exact:
            return self.exact[text], 0
        if _NAME.fullmatch(text):
            return text, 0
        best = (text, letters)
        if depth >= _DEEPEST:
            return best
        bare = text.strip()
        if bare != text:
            inner, left = self._read(bare, depth)
            at = text.find(bare) if bare else 0
            best = text[:at] + inner + text[at + len(bare) :], left
            if not left:
                return best
        for template in self._candidates(text):
            for places in template.readings(text):
                if not self._try():
                    return best
                best = self._filled(template, places, best, depth)
                if not best[1]:
                    return best
        return self._taken_apart(text, best, depth)

    def _filled(
        self, template: Template, places: Mapping[str, str], best: tuple[str, int], depth: int
    ) -> tuple[str, int]:
        """This reading, where it leaves less English than `best`; given up as soon as it cannot."""
        said: dict[str, str] = {}
        left = 0
        for name, value in places.items():
            if name in template.quoted and "`" in value:
                return best
            said[name], cost = (value, 0) if name in template.quoted else self._read(value, depth + 1)
            left += cost
            if left >= best[1]:
                return best
        return template.filled(said), left

    def _taken_apart(self, text: str, best: tuple[str, int], depth: int) -> tuple[str, int]:
        """The text as pieces that read on their own, where that leaves less English than `best`. A piece may begin
        with its joint, since what follows a sentence is often said together with its comma."""
        cuts = [(found.end() - 1, " ") for found in _ADDRESS.finditer(text)]
        for joint in _JOINTS:
            at = text.find(joint, 1)
            while at > 0:
                cuts.append((at, joint))
                at = text.find(joint, at + len(joint))
        for found in _LISTED.finditer(text):
            if not self._try():
                return best
            first, second = self._read(text[: found.start()], depth + 1), self._read(text[found.end() :], depth + 1)
            if _whole(text[: found.start()]) and first[1] + second[1] < best[1]:
                between = self.exact.get(found[1], found[1])
                best = f"{first[0]} {between} {second[0]}", first[1] + second[1]
        for at, joint in cuts:
            end = at + len(joint)
            if not _whole(text[:at]):
                continue
            if not self._try():
                return best
            first = self._read(text[:at], depth + 1)
            for second, between in ((self._read(text[end:], depth + 1), joint), (self._read(text[at:], depth + 1), "")):
                if first[1] + second[1] < best[1]:
                    best = first[0] + between + second[0], first[1] + second[1]
                    if not best[1]:
                        return best
        if text.endswith(")"):
            opens = text.startswith("(")
            if opens or "(" not in text:
                inner, left = self._read(text[1:-1] if opens else text[:-1], depth + 1)
                if left < best[1]:
                    best = f"{'(' if opens else ''}{inner})", left
        return best

    def _candidates(self, text: str) -> list[Template]:
        words = {"", *_WORD.findall(text)}
        found = [item for word in words for item in self.by_word.get(word, ())]
        return sorted(found, key=lambda item: -item.weight)[:_MOST]


_SAID_ONLY = ("report.toml", "report_names.toml")
_MANY = 50_000
#: Ways to read one sentence that are tried at most, and how long one may be.
EFFORT = 6_000
LONGEST = 1_500
_MOST = 400


@lru_cache(maxsize=4)
def load_catalogue(code: str) -> Catalogue:
    """The texts of a language; of English none, since it is what the code is written in."""
    said: dict[str, str] = {}
    exact: dict[str, str] = {}
    folder = resources.files("cspdecl.report").joinpath("texts", code)
    if folder.is_dir():
        for entry in sorted(folder.iterdir(), key=lambda item: item.name):
            if entry.name.endswith(".toml"):
                texts = tomllib.loads(entry.read_text(encoding="utf-8"))
                said.update(texts)
                if entry.name not in _SAID_ONLY:
                    exact.update(texts)
    by_word: dict[str, list[Template]] = {}
    for key, text in exact.items():
        template = _template(key, text)
        if template is not None:
            by_word.setdefault(_rarest(key), []).append(template)
    return Catalogue(said=said, exact=exact, by_word={word: tuple(items) for word, items in by_word.items()})


def _template(key: str, text: str) -> Template | None:
    pieces = _PLACE.split(key)
    literals: list[str] = [pieces[0]]
    names: list[tuple[str, ...]] = []
    for name, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        if names and literals[-1] == "" and len(literals) > 1:  # it touches the place before
            names[-1] = (*names[-1], name)
            literals[-1] = literal
        else:
            names.append((name,))
            literals.append(literal)
    weight = sum(len(piece.strip()) for piece in literals)
    if not names or not any(char.isalpha() for piece in literals for char in piece):
        return None
    shapes = tuple(
        re.compile(place.join(re.escape(piece) for piece in literals), re.DOTALL) for place in ("(.*?)", "(.*)")
    )
    quoted = frozenset(found[1] for found in _PLACE.finditer(key) if not _whole(key[: found.start()]))
    return Template(shapes=shapes, groups=tuple(names), text=text, weight=weight, quoted=quoted)


def _whole(text: str) -> bool:
    """Whether every quotation in it is closed."""
    return text.count("`") % 2 == 0


def _told_apart(groups: tuple[tuple[str, ...], ...], values: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """What stood in each place, where several touch: a further one begins where a text would, or is empty."""
    if not groups:
        yield {}
        return
    for rest in _told_apart(groups[1:], values[1:]):
        for split in _splits(values[0], len(groups[0])):
            yield {**dict(zip(groups[0], split, strict=True)), **rest}


def _splits(text: str, count: int) -> Iterator[tuple[str, ...]]:
    if count == 1:
        yield (text,)
        return
    cuts = [len(text), *(at for at, char in enumerate(text) if char in _BREAKS), 0]
    for cut in dict.fromkeys(cuts):
        for rest in _splits(text[cut:], count - 1):
            yield (text[:cut], *rest)


def _rarest(key: str) -> str:
    """The longest whole word that every text of this template holds: one that touches no place."""
    bounded = _PLACE.sub("\0", key)
    words = [match[0] for match in _WORD.finditer(bounded) if not _touches(bounded, match)]
    return max(words, key=len, default="")


def _touches(text: str, match: re.Match[str]) -> bool:
    return text[match.start() - 1 : match.start()] == "\0" or text[match.end() : match.end() + 1] == "\0"
