"""Plain data to wire types: pydantic decides, this module puts every complaint into our words and at its place."""

from __future__ import annotations

import difflib
import functools
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from cspdecl.core.diagnostics import Diagnostic, Origin, PathPart, error
from cspdecl.manifest.countries import MISTAKEN
from cspdecl.manifest.fields import about, known_keys
from cspdecl.manifest.secrets import find_secrets, looks_secret
from cspdecl.manifest.shapes import SHAPES
from cspdecl.manifest.v1 import API_VERSION, KINDS
from cspdecl.manifest.v1_lines import BELONGS
from cspdecl.manifest.wire import LATER, LATER_KINDS
from cspdecl.manifest.yaml import RawDocument

_TAGS = {
    "@word",
    "@person",
    "@plain",
    "@dated",
    "@later",
    "@line",
    "@details",
}  # pydantic names the member of a union in its paths; the document does not


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A document that holds what its kind may hold. `value` is a wire type; `file` and `index` say where it stood."""

    file: str
    index: int
    value: Any

    @property
    def origin(self) -> Origin:
        """The place of the whole document."""
        return Origin(file=self.file, document=self.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A document that was refused: what it claimed to be, so that references to it are not reported as well."""

    kind: str | None
    name: str | None


def check_document(raw: RawDocument) -> tuple[Checked | Broken, tuple[Diagnostic, ...]]:
    """One document against the type of its kind, with all its errors at once."""
    document = raw.value
    early = _structure(raw)
    if early:
        return Broken(kind=_text(document, "kind"), name=_name(document)), (early,)
    mapping = typing.cast("Mapping[str, Any]", document)
    kind = mapping["kind"]
    spec = mapping.get("spec")
    problems: list[Diagnostic] = []
    if kind == "Project" and isinstance(spec, Mapping):
        problems += find_secrets(spec.get("providers"), raw.origin.at("spec", "providers"))
    try:
        value = adapter(kind).validate_python(mapping)
    except ValidationError as refused:
        problems += _in_words(refused.errors(include_url=False), kind, raw.origin)
    else:
        if not problems:
            return Checked(file=raw.file, index=raw.index, value=value), ()
    return Broken(kind=kind, name=_name(document)), tuple(problems)


@functools.cache
def adapter(kind: str) -> TypeAdapter[Any]:
    """The gate of one kind, built on first use."""
    return TypeAdapter(KINDS[kind])


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    by_fold = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """A hint: what was probably meant, else what there is."""
    names = sorted(known)
    close = nearest(word, names)
    if close:
        return f"did you mean `{close}`?"
    if not names:
        return None
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return f"there is {shown}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _structure(raw: RawDocument) -> Diagnostic | None:
    """Is it one of ours at all?"""
    value, origin = raw.value, raw.origin
    if value is None:
        return error(
            "CSP106",
            "this document is empty",
            origin=origin,
            hint="was the file cut short? Take the `---` away where nothing is meant to follow",
        )
    if not isinstance(value, Mapping):
        return error(
            "CSP120",
            f"a manifest is a mapping of keys, not {_what(value)}",
            origin=origin,
            hint="it begins with `apiVersion: cspdecl/v1` and `kind:`; other files belong into .cspdeclignore",
        )
    version = value.get("apiVersion")
    if version is None:
        return error(
            "CSP120",
            "`apiVersion` is missing",
            origin=origin,
            hint=f"write `apiVersion: {API_VERSION}`; what is no manifest belongs into .cspdeclignore",
        )
    if version != API_VERSION:
        return error(
            "CSP120",
            f"`apiVersion` is {_shown(version)}; this cspdecl reads `{API_VERSION}`",
            origin=origin.at("apiVersion"),
            hint="what is no manifest belongs into .cspdeclignore",
        )
    kind = value.get("kind")
    if kind is None:
        return error("CSP121", "`kind` is missing", origin=origin, hint=f"it is one of {_list(KINDS)}")
    if kind in LATER_KINDS:
        return later(f"kind `{kind}`", origin.at("kind"))
    if not isinstance(kind, str) or kind not in KINDS:
        return error(
            "CSP121", f"there is no kind {_shown(kind)}", origin=origin.at("kind"), hint=suggestion(str(kind), KINDS)
        )
    return None


def later(what: str, origin: Origin, *, key: bool = False) -> Diagnostic:
    """The refusal of something that a later version brings."""
    return error(
        "CSP190",
        f"{what} is known but not supported yet",
        origin=origin,
        key=key,
        hint="nothing is done for it, so nothing is pretended: take it out",
    )


def _in_words(found: list[ErrorDetails], kind: str, origin: Origin) -> Iterable[Diagnostic]:
    """Every error of pydantic's as a diagnostic; what merely follows from another one is left out."""
    paths = [tuple(part for part in item["loc"] if part not in _TAGS) for item in found]
    refused_later = {
        path[:-1]
        for item, path in zip(found, paths, strict=True)
        if item["type"] == "unexpected_keyword_argument" and path[-1] in LATER
    }
    for item, path in zip(found, paths, strict=True):
        if item["type"] == "missing" and path[:-1] in refused_later:
            continue
        if item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
            continue  # its entries are there, and complained about each
        yield _translate(item, path, kind, origin)


def _translate(item: ErrorDetails, path: tuple[PathPart, ...], kind: str, origin: Origin) -> Diagnostic:
    problem, value, context = item["type"], item["input"], item.get("ctx") or {}
    key, here = str(path[-1]) if path else kind, origin.at(*path)
    name = f"`{key}`" if path and isinstance(path[-1], str) else "this entry"
    of_key = key == "[key]"
    if of_key:  # pydantic's way to say that a mapping's key is wrong, not its value
        here, name = origin.at(*path[:-1]), "a key here"
    if problem == "unexpected_keyword_argument":
        return _unknown(key, value, known_keys(KINDS[kind], path[:-1]), here)
    if problem == "missing":
        return error("CSP123", f"`{key}` is missing", origin=origin.at(*path[:-1]), hint=about(kind, path))
    if value is None:
        return error(
            "CSP128",
            f"{name} has no value",
            origin=here,
            key=isinstance(path[-1], str),
            hint="was the file cut short? Write a value, or leave the key out",
        )
    if path[-2:] == ("reseller", "model") and value == "indirect-reseller":
        # commerce rules 2023-10, §5: an indirect reseller has no order API
        return error(
            "CSP263",
            "an indirect reseller cannot order by itself",
            origin=here,
            hint="only direct-bill partners (`direct`) and indirect providers (`indirect-provider`) buy from "
            "Microsoft; your provider orders for you",
        )
    if problem == "literal_error":
        allowed = _allowed(context["expected"])
        close = _MEANT.get(str(value)) or (
            nearest(value, allowed) if isinstance(value, str) and len(value) > 3 else None
        )
        return error(
            "CSP125",
            f"{name} is {_shown(value)}; it may be {_list(allowed, 'or')}",
            origin=here,
            hint=f"did you mean `{close}`?" if close in allowed else None,
        )
    if problem == "string_pattern_mismatch":
        shape = SHAPES[context["pattern"]]
        return error(
            "CSP126",
            f"{name} must be {shape.what}, not {_shown(value)}",
            origin=here,
            label=f"such as {shape.example}",
            hint=shape.hint,
            key=of_key,
        )
    if problem == "day":
        return error("CSP132", f"there is no day {value}", origin=here, hint="YEAR-MONTH-DAY, such as 2027-02-28")
    if problem == "country":
        meant = MISTAKEN.get(str(value))
        return error(
            "CSP129",
            f"`{value}` is no country code",
            origin=here,
            hint=f"did you mean `{meant}`?" if meant else "ISO 3166-1 alpha-2: DE, AT, CH, NO …",
        )
    return _type_or_range(problem, value, context, name, here)


def _type_or_range(problem: str, value: object, context: Mapping[str, Any], name: str, here: Origin) -> Diagnostic:
    limits = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}
    if problem in limits:
        field, words = limits[problem]
        return error(
            "CSP127",
            f"{name} must be {words} {context[field]:,}, not {value:,}",
            origin=here,
            hint="seats are absolute; to end a subscription write `absent: true`"
            if name == "`seats`" and field == "ge"
            else None,
        )
    if problem == "string_too_long":
        return error("CSP127", f"{name} is longer than {context['max_length']} characters", origin=here)
    if problem == "too_short":
        return error("CSP127", f"{name} is empty; at least {context['min_length']} is needed", origin=here)
    wanted = _WANTED.get(problem, "something else")
    return error("CSP124", f"{name} must be {wanted}, not {_what(value)}", origin=here, hint=_spelling(problem, value))


_MEANT = {
    "yearly": "annual",
    "annually": "annual",
    "year": "annual",
    "month": "monthly",
    "end": "cancel",
    "later": "renewal",
}
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys",
    "mapping_type": "a mapping of keys",
    "dataclass_type": "a mapping of keys",
    "dataclass_exact_type": "a mapping of keys",
}


def _spelling(problem: str, value: object) -> str | None:
    if isinstance(value, Mapping) and "from" in value:
        return "a value with a day stands in a list: [5, {value: 8, from: 2027-01-01}]"
    if problem == "string_type" and isinstance(value, bool):
        return f'quote it: "{str(value).lower()}"'
    if problem == "int_type" and isinstance(value, str):
        plain = value.lstrip("0")
        if value.isdecimal() and len(plain) > 18:
            return "no number here has as many digits"
        if value.isdecimal() and plain:
            return f"write {int(plain)}, without quotes and leading zeros"
        return "digits only, without quotes, separators or sign"
    if problem == "bool_type":
        return "write true or false, without quotes"
    if problem == "tuple_type":
        return "put `- ` before each entry, or brackets around them"
    return None


def _unknown(key: str, value: object, known: tuple[str, ...], here: Origin) -> Diagnostic:
    if key in LATER:
        return later(f"`{key}`", here, key=True)
    if key in BELONGS and ("endOfTerm" in known or "subscriptions" in known):
        return error("CSP216", f"`{key}` makes no sense here", origin=here, key=True, hint=f"it belongs {BELONGS[key]}")
    if looks_secret(key) and isinstance(value, (str, int)):
        return error(
            "CSP130",
            f"`{key}` would put a secret into a manifest",
            origin=here,
            key=True,
            hint="name where it is kept: `secretFrom: {env: NAME}`, `{file: PATH}` or `{command: [...]}`",
        )
    return error("CSP122", f"unknown key `{key}`", origin=here, key=True, hint=suggestion(key, known))


def _allowed(expected: str) -> list[str]:
    """Pydantic's "'a', 'b' or 'c'" as a list."""
    return [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(", ")]


def _list(words: Iterable[str], last: str = "and") -> str:
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"


def _shown(value: object) -> str:
    """A scalar as it was probably written, cut where it is long."""
    if isinstance(value, (Mapping, list)):
        return _what(value)
    text = (
        {True: "true", False: "false", None: "nothing"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _what(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping of keys"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return f"the number {value}"
    return "nothing" if value is None else f"the text {_shown(value)}"


def _text(value: object, key: str) -> str | None:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else None


def _name(value: object) -> str | None:
    metadata = value.get("metadata") if isinstance(value, Mapping) else None
    return _text(metadata, "name")
