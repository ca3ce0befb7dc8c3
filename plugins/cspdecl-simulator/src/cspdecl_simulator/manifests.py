"""A small reader of the reseller's YAML, so that a world can be seeded from what is declared.

Projects, bundles and customers are read and bundles expanded here a second time, on purpose: the engine has its own
reader, and the two are compared by planning against the result. What cannot be read is reported, never guessed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

Tree = dict[str, Any]
_DATED = ("seats", "term", "billing", "endOfTerm", "absent")
_ROUNDING = {"up": ROUND_CEILING, "down": ROUND_FLOOR, "nearest": ROUND_HALF_UP}


class ManifestError(ValueError):
    """A document that cannot be seeded; the text names file and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One subscription as declared: `address` is customer/line or customer/line/component."""

    address: str
    offer: str
    seats: int
    term: str
    billing: str
    end_of_term: str
    id: str = ""
    name: str = ""


@dataclass(slots=True, kw_only=True)
class Declared:
    """A tree of manifests: the project's word on the partner, and every customer that has a tenant."""

    project: Tree = field(default_factory=dict)
    customers: dict[str, Tree] = field(default_factory=dict)
    lines: dict[str, list[Line]] = field(default_factory=dict)


def read_tree(folder: Path) -> Declared:
    """Every YAML document below a folder.

    Raises ManifestError for a document that is no YAML, a bundle that is not there, a component without seats.
    """
    found = Declared()
    bundles: dict[str, list[Tree]] = {}
    documents: list[tuple[Path, Tree]] = []
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            documents += [
                (path, document)
                for document in yaml.load_all(path.read_text("utf-8"), _TextLoader)
                if isinstance(document, dict) and document.get("kind")
            ]
        except yaml.YAMLError as problem:
            raise ManifestError(f"{path}: {problem}") from problem
    for _, document in documents:
        if document["kind"] == "Project":
            found.project = document.get("spec") or {}
        elif document["kind"] == "Bundle":
            bundles.setdefault(str(document["metadata"]["name"]), []).append(document.get("spec") or {})
    defaults = found.project.get("defaults") or {}
    for path, document in documents:
        if document["kind"] == "Customer":
            spec = document.get("spec") or {}
            if spec.get("tenant"):
                name = str(document["metadata"]["name"])
                found.customers[name] = spec
                try:
                    found.lines[name] = _expand(name, spec, bundles, defaults)
                except KeyError as problem:
                    raise ManifestError(f"{path}: {name}: a subscription lacks {problem}") from problem
                except (TypeError, ArithmeticError) as problem:
                    raise ManifestError(f"{path}: {name}: cannot be read: {problem}") from problem
    return found


class _TextLoader(yaml.SafeLoader):
    """Dates stay text; everything else is plain YAML."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _expand(customer: str, spec: Tree, bundles: dict[str, list[Tree]], defaults: Tree) -> list[Line]:
    lines: list[Line] = []
    for written in spec.get("subscriptions") or ():
        item = _at_first(written)
        if item.get("absent") or not _there_at_first(item, written):
            continue
        address = f"{customer}/{item['name']}"
        if item.get("offer"):
            lines.append(_line(address, item, item, defaults, int(item["seats"])))
        elif item.get("bundle"):
            lines += _bundle(address, item, _pick(str(item["bundle"]), bundles), defaults)
    return lines


def _at_first(written: Tree) -> Tree:
    """Values with a day stand in lists; a world begins with what holds before the first day."""
    found = dict(written)
    for key, value in written.items():
        if key in _DATED and isinstance(value, list):
            plain = [entry for entry in value if not isinstance(entry, dict)]
            found.pop(key)
            found |= {key: plain[0]} if plain else {}
    return found


def _there_at_first(item: Tree, written: Tree) -> bool:
    """A line that begins on a day, a trial to start and a licence to buy for good are for the plan to bring."""
    begins = item.get("from") or ("seats" in written and "seats" not in item)
    return not (begins or item.get("trial") or item.get("billing") == "one_time")


def _pick(reference: str, bundles: dict[str, list[Tree]]) -> Tree:
    """`name@2` is the newest version 2 there is; without a version the newest of all."""
    name, _, wanted = reference.partition("@")
    fitting = [
        bundle
        for bundle in bundles.get(name, ())
        if not wanted or _version(bundle)[: len(wanted.split("."))] == tuple(int(part) for part in wanted.split("."))
    ]
    if not fitting:
        raise ManifestError(f"bundle {reference} was not found")
    return max(fitting, key=_version)


def _version(bundle: Tree) -> tuple[int, ...]:
    parts = [int(part) for part in str(bundle.get("version", "0")).split(".")]
    return (*parts, 0, 0)[:3]


def _bundle(address: str, item: Tree, bundle: Tree, defaults: Tree) -> list[Line]:
    lines = []
    without = set(item.get("without") or ())
    for component in bundle.get("components") or ():
        name = str(component["name"])
        if name in without or not component.get("offer"):
            continue
        override = _at_first((item.get("overrides") or {}).get(name) or {})
        if override.get("absent"):
            continue
        inherited: Tree = dict(defaults)
        inherited |= {key: bundle[key] for key in ("term", "billing", "endOfTerm") if key in bundle}
        inherited |= {key: item[key] for key in ("term", "billing", "endOfTerm") if key in item}
        lines.append(
            _line(f"{address}/{name}", component, override, inherited, _seats(component, override, int(item["seats"])))
        )
    return [line for line in lines if line.seats > 0]


def _seats(component: Tree, override: Tree, seats: int) -> int:
    """Seats of a component: a number, a share of the bundle's seats, or as many as the bundle has."""
    wanted = override.get("seats", component.get("seats"))
    if wanted is None:
        return seats
    if isinstance(wanted, dict):
        if "fixed" in wanted:
            return int(wanted["fixed"])
        ratio = Fraction(str(wanted.get("perSeat", 1)))  # `1/3` is exact
        share = Decimal((ratio * seats).numerator) / Decimal((ratio * seats).denominator)
        rounded = int(share.to_integral_value(rounding=_ROUNDING[str(wanted.get("round", "up"))]))
        return max(
            int(wanted.get("min", 0)), min(rounded, int(wanted.get("max", math.inf) if "max" in wanted else rounded))
        )
    return int(wanted)


def _line(address: str, source: Tree, override: Tree, defaults: Tree, seats: int) -> Line:
    def pick(key: str, fallback: str) -> str:
        return str(override.get(key) or source.get(key) or defaults.get(key) or fallback)

    return Line(
        address=address,
        offer=str(source["offer"]),
        seats=seats,
        term=pick("term", "P1Y"),
        billing=pick("billing", "monthly"),
        end_of_term=pick("endOfTerm", "renew"),
        id=str(override.get("id") or source.get("id") or ""),
        name=str(override.get("nickname") or source.get("nickname") or ""),
    )
