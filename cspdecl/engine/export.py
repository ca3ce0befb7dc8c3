"""Live state as manifests: one file a customer, written as it is read, each line with its subscription's id.

An estate that was exported and adopted plans nothing. What cannot be declared yet is left out and named. A run that
broke off goes on where it stopped: what is written stays, and only what is missing is read.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cspdecl.core.capability import Capability
from cspdecl.core.desired import EndOfTerm
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.live import CustomerRef, LiveCustomer, ReadFailure, Wanted
from cspdecl.engine.export_bundles import Plain, Shape, recognise, shapes_of
from cspdecl.engine.export_lines import cannot_declare, circumstances_of, line_of
from cspdecl.engine.export_names import Names
from cspdecl.engine.export_text import customer_text, repointed, tidy
from cspdecl.manifest import v1

if TYPE_CHECKING:
    from cspdecl.core.desired import CustomerSpec
    from cspdecl.engine.progress import Progress
    from cspdecl.engine.session import Session
    from cspdecl.manifest.load import Loaded

#: Lies in the folder of an export until every customer is written; with it the same command goes on.
UNFINISHED = ".cspdecl-export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One customer written: its file, how many lines, of these how many bundles, and what is to be said about it.

    `file` empty: the customer could not be read, and `left_out` says why.
    """

    key: str
    file: str
    lines: int
    left_out: tuple[str, ...]
    bundles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A Customer document, remarks about it, what the products of its lines are called, and the lines about which a
    person has to decide something before they can stand in it."""

    data: dict[str, Any]
    remarks: tuple[str, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    bundles: int = 0
    undecided: tuple[dict[str, Any], ...] = ()


def export_customers(
    session: Session,
    target: Path | None,
    *,
    keys: Iterable[str] = (),
    undecided: EndOfTerm | None = None,
    progress: Progress,
) -> Iterator[Exported]:
    """Write a file for every customer the providers show, or the named ones, as they are read.

    Into `target`, as a project of its own; with None into this project, and then only customers that no manifest
    declares yet. Nothing that is there is written over. `undecided`: what to say of subscriptions whose auto-renew is
    off while nothing else is decided; None sets their lines aside in a comment, for a person to decide.

    Raises ConfigurationError when `target` holds other manifests, or lies in the project.
    """
    project, desired = session.require()
    root = session.root if target is None else _prepared(session, target)
    written = {} if target is None else _written(root)
    names = Names(desired, session.store().bindings().values(), written)
    declared = {spec.tenant.lower() for spec in desired.customers.values() if spec.tenant} if target is None else set()
    done = declared | {tenant.lower() for tenant in written}
    reader = _Reader(session, undecided)
    wanted, failed = set(keys), False
    for provider_name, provider in session.providers("read").items():
        reads = _wanted(provider.capabilities)
        refs = [
            CustomerRef(
                key=names.customer(found.tenant, found.name, found.domain),
                tenant=found.tenant,
                domain=None,
                wanted=reads,
            )
            for found in provider.customers()
        ]
        refs = [ref for ref in refs if (ref.tenant or "").lower() not in done and (not wanted or ref.key in wanted)]
        if written and target is not None:
            progress.say(f"going on: {len(written)} customers are written already, {len(refs)} are left")
        progress.start("exporting customers", len(refs))
        for answer in provider.read(refs):
            progress.step(answer.key)
            if isinstance(answer, LiveCustomer):
                other = None if provider_name == project.default_provider else provider_name
                yield _write(root, answer, reader.document(answer, names, other))
            else:
                failed = True
                why = answer.message if isinstance(answer, ReadFailure) else "the provider does not know it any more"
                yield Exported(key=answer.key, file="", lines=0, left_out=(f"not exported: {why}",))
        progress.done()
    if target is not None and not failed:
        (root / UNFINISHED).unlink(missing_ok=True)


def _write(root: Path, customer: LiveCustomer, document: Document) -> Exported:
    """The customer's file, whole or not at all."""
    name = f"customers/{customer.key}.yaml"
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        why = f"{name} is there and says something else: rename it, then export again"
        return Exported(key=customer.key, file="", lines=0, left_out=(f"not exported: {why}",))
    half = path.with_name(f".{path.name}.part")
    text = customer_text(document.data, document.remarks, document.titles, document.undecided)
    half.write_text(tidy(text, name), encoding="utf-8")
    half.replace(path)
    lines = len(document.data["spec"].get("subscriptions", ()))
    return Exported(key=customer.key, file=name, lines=lines, left_out=document.remarks, bundles=document.bundles)


def _prepared(session: Session, target: Path) -> Path:
    """The folder of a new project, or that of an export that broke off."""
    inside = _inside(target, session.root)
    if inside is not None and not any(part.startswith(".") for part in inside.parts):
        raise ConfigurationError(
            f"{target} lies inside the project and would be read as a part of it: export into a folder beside it, or "
            "leave out `--to` to add what is not declared yet"
        )
    if (target / UNFINISHED).is_file():
        if not (target / "cspdecl.yaml").exists():  # stopped before the project was there, which is written last
            _write_shared(session, target)
        return target
    if target.exists() and any(target.rglob("*.y*ml")):
        raise ConfigurationError(f"{target} already holds manifests: export into an empty folder")
    (target / "customers").mkdir(parents=True, exist_ok=True)
    (target / UNFINISHED).write_text("This export is not finished: run the same command again.\n", encoding="utf-8")
    _write_shared(session, target)
    return target


def _written(root: Path) -> dict[str, str]:
    """Customers that an interrupted export has written: their names by tenant."""
    from cspdecl.manifest.yaml import parse_yaml

    found: dict[str, str] = {}
    for path in sorted((root / "customers").glob("*.yaml")):
        # somebody may be at work on it already: what cannot be read is told when its customer comes by
        documents, _problems = parse_yaml(path.read_text(encoding="utf-8", errors="replace"), path.name)
        for document in documents:
            value = document.value
            if isinstance(value, dict) and value.get("kind") == "Customer":
                spec, metadata = value.get("spec"), value.get("metadata")
                if (
                    isinstance(spec, dict)
                    and isinstance(metadata, dict)
                    and spec.get("tenant")
                    and metadata.get("name")
                ):
                    found[str(spec["tenant"])] = str(metadata["name"])
    return found


def _wanted(capabilities: Capability) -> frozenset[Wanted]:
    """What is read beside the subscriptions, since lines and documents would say it."""
    found: set[Wanted] = set()
    if Capability.QUALIFICATIONS in capabilities:
        found.add("qualifications")
    if Capability.PERPETUAL in capabilities:
        found.add("licences")
    if Capability.AZURE_PLAN in capabilities:
        found.add("budget")
    return frozenset(found)


def _inside(path: Path, root: Path) -> Path | None:
    """The path below the project's root, or None outside it."""
    whole = path.resolve()
    return whole.relative_to(root.resolve()) if whole.is_relative_to(root.resolve()) else None


# ---- one customer ----


class _Reader:
    """What live customers mean in the terms of this project: its bundles, its reseller's model."""

    def __init__(self, session: Session, undecided: EndOfTerm | None) -> None:
        self._undecided = undecided
        self._loaded: Loaded = session.load()
        self._now = session.clock.now()
        self._model = session.project.reseller.model
        self._labels = {key: dict(spec.labels) for key, spec in session.require()[1].customers.items()}
        bundles = [item.value for item in self._loaded.shared if isinstance(item.value, v1.Bundle)]
        self._shapes: tuple[Shape, ...] = shapes_of(bundles)

    def document(self, customer: LiveCustomer, names: Names, provider: str | None) -> Document:
        """The Customer document, bundles recognised where they are."""
        plain: list[Plain] = []
        aside: list[dict[str, Any]] = []
        titles: dict[str, str] = {}
        remarks: list[str] = []
        used: set[str] = set()
        beside: set[str] = set()
        for item in sorted(customer.subscriptions, key=lambda one: (one.created, one.id)):
            reason = cannot_declare(item)
            if reason:
                if item.status.running:
                    beside.add(str(item.offer))
                    remarks.append(f"{item.id} ({item.title or item.nickname}) is not managed: {reason}")
                continue
            line = line_of(item, names.line(item, used), budget=customer.budget)
            titles[line["name"]] = item.title
            if item.end_of_term == "unset" and "endOfTerm" in line and not item.trial:
                if self._undecided is None:
                    beside.add(str(item.offer))
                    aside.append({key: value for key, value in line.items() if key != "endOfTerm"})
                    continue
                line["endOfTerm"] = self._undecided
                remarks.append(
                    f"{line['name']}: auto-renew is off and nothing else was decided; `endOfTerm: {self._undecided}` "
                    "is written here, which a plan will show as a change"
                )
            plain.append(Plain(item=item, line=line))
        metadata: dict[str, Any] = {"name": customer.key}
        if self._labels.get(customer.key):
            metadata["labels"] = self._labels[customer.key]
        spec: dict[str, Any] = {"tenant": customer.tenant}
        if customer.name.strip():
            spec["displayName"] = _shown(customer.name)
        if provider:
            spec["provider"] = provider
        about, said = circumstances_of(customer, model=self._model)
        spec.update(about)
        data = {"apiVersion": "cspdecl/v1", "kind": "Customer", "metadata": metadata, "spec": spec}
        found = recognise(plain, self._shapes, lambda lines: self._compiled(data, lines), beside=beside)
        spec["subscriptions"] = list(found.lines)
        if aside:
            remarks.append(
                f"set aside until its end is decided: {', '.join(line['name'] for line in aside)}; auto-renew is off "
                "there, and what follows the term is left open"
            )
        return Document(
            data=data,
            remarks=(*remarks, *said, *found.remarks),
            titles=titles,
            bundles=found.bundles,
            undecided=tuple(aside),
        )

    def _compiled(self, data: dict[str, Any], lines: Sequence[dict[str, Any]]) -> CustomerSpec | None:
        """What the customer with these lines means, or None where that is not valid."""
        from cspdecl.manifest.compile import compile_documents
        from cspdecl.manifest.text import check_text

        document = {**data, "spec": {**data["spec"], "subscriptions": list(lines)}}
        checked = check_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "customers/export.yaml")
        compiled = compile_documents((*self._loaded.shared, *checked.checked), self._now)
        return compiled.desired.customers.get(data["metadata"]["name"]) if compiled.desired is not None else None


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


# ---- what is not a customer ----


def _write_shared(session: Session, target: Path) -> None:
    """The project, its bundles and price books, and the price lists beside them. The project's own file comes last:
    where it is, all of this is."""
    from cspdecl.manifest.yaml import parse_yaml

    project = session.project
    prices = session.root / project.prices_path if project.prices_path is not None else None
    inside = _inside(prices, session.root) if prices is not None and prices.is_dir() else None
    if prices is not None and inside is not None:
        shutil.copytree(prices, target / inside, dirs_exist_ok=True)
    names = {item.file for item in session.load().shared}
    for name in sorted(names, key=lambda one: (one == project.origin.file, one)):
        text = (session.root / name).read_text(encoding="utf-8")
        documents, _problems = parse_yaml(text, name)
        values = [document.value for document in documents if isinstance(document.value, dict)]
        kinds = {str(value.get("kind")) for value in values}
        if kinds <= {"Bundle", "PriceBook"}:
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(tidy(text, name), encoding="utf-8")  # with the comments of those who wrote it
            continue
        kept = [
            repointed(value, session.root, target.absolute()) if value.get("kind") == "Project" else value
            for value in values
            if value.get("kind") != "Customer"
        ]
        if prices is not None and inside is None and prices.is_dir():
            # a folder that others use, too: pointed to, not copied
            for value in kept:
                if isinstance(value, dict) and value.get("kind") == "Project":
                    value["spec"]["prices"]["path"] = os.path.relpath(prices, target.absolute())
        place = target / ("cspdecl.yaml" if name == project.origin.file else name)
        place.parent.mkdir(parents=True, exist_ok=True)
        half = place.with_name(f".{place.name}.part")
        made = yaml.safe_dump_all(kept, sort_keys=False, allow_unicode=True, width=110)
        half.write_text(tidy(made, name), encoding="utf-8")
        half.replace(place)
