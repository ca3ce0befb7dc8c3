"""Live state as manifests: one file a customer, one plain line a subscription, each with its id.

An estate that was exported and adopted plans nothing. What cannot be declared yet is left out and named.
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cspdecl.core.capability import Capability
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.live import Binding, CustomerRef, LiveCustomer, LiveSubscription, ReadFailure, Wanted
from cspdecl.engine.export_lines import cannot_declare, circumstances_of, line_of

if TYPE_CHECKING:
    from cspdecl.engine.progress import Progress
    from cspdecl.engine.session import Session

_WORD = re.compile(r"[^a-z0-9]+")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One customer written: its file, how many lines, and what was left out and why."""

    key: str
    file: str
    lines: int
    left_out: tuple[str, ...]


def slug(text: str, *, fallback: str) -> str:
    """A manifest name made of a live one, ASCII with hyphens: "Mühlbach Pflege gGmbH" → muehlbach-pflege-ggmbh."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_GERMAN)).encode("ascii", "ignore").decode()
    word = _WORD.sub("-", plain).strip("-")[:48].strip("-")
    return word or fallback


def export_customers(
    session: Session, target: Path, *, keys: Iterable[str] = (), progress: Progress
) -> Iterator[Exported]:
    """Write `target`/cspdecl.yaml and a file for every customer the providers show, or the named ones, as read.

    Raises ConfigurationError when `target` holds manifests already (an export never overwrites) or lies in the project.
    """
    project, desired = session.require()
    inside = _inside(target, session.root)
    if inside is not None and not any(part.startswith(".") for part in inside.parts):
        raise ConfigurationError(
            f"{target} lies inside the project and would be read as a part of it: export into a folder beside it"
        )
    if target.exists() and any(target.rglob("*.y*ml")):
        raise ConfigurationError(f"{target} already holds manifests: export into an empty folder")
    (target / "customers").mkdir(parents=True, exist_ok=True)
    _write_project(session, target)
    names = _Names(session)
    wanted = set(keys)
    for provider_name, provider in session.providers("read").items():
        wanted_too = _wanted(provider.capabilities)
        refs = [
            CustomerRef(
                key=names.customer(found.tenant, found.name, found.domain), tenant=found.tenant, domain=None,
                wanted=wanted_too,
            )
            for found in provider.customers()
        ]  # fmt: skip
        refs = [ref for ref in refs if not wanted or ref.key in wanted]
        progress.start("exporting customers", len(refs))
        for answer in provider.read(refs):
            progress.step(answer.key)
            if isinstance(answer, LiveCustomer):
                spec = desired.customers.get(answer.key)
                labels = dict(spec.labels) if spec else {}
                document, left_out = customer_document(
                    answer,
                    names,
                    labels,
                    None if provider_name == project.default_provider else provider_name,
                    model=project.reseller.model,
                )
                name = f"customers/{answer.key}.yaml"
                (target / name).write_text(_yaml(document, left_out), encoding="utf-8")
                count = len(document["spec"].get("subscriptions", ()))
                yield Exported(key=answer.key, file=name, lines=count, left_out=left_out)
            else:
                why = answer.message if isinstance(answer, ReadFailure) else "the provider does not know it any more"
                yield Exported(key=answer.key, file="", lines=0, left_out=(f"not exported: {why}",))
        progress.done()


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


class _Names:
    """Names for what is live: those of the manifests where something is bound, else made from the live name."""

    def __init__(self, session: Session) -> None:
        _project, desired = session.require()
        self._bindings: dict[str, Binding] = {}
        self._tenants: dict[str, str] = {
            spec.tenant.lower(): key for key, spec in desired.customers.items() if spec.tenant
        }
        for binding in session.store().bindings().values():
            self._tenants.setdefault(binding.tenant.lower(), binding.address.customer)
            self._bindings.update({ident.lower(): binding for ident in binding.ids})
        self._used: set[str] = set(self._tenants.values())

    def customer(self, tenant: str, name: str, domain: str) -> str:
        known = self._tenants.get(tenant.lower())
        if known:
            return known
        key = _unused(slug(name or domain.partition(".")[0], fallback=f"customer-{tenant[:8]}"), self._used)
        self._tenants[tenant.lower()] = key
        return key

    def line(self, item: LiveSubscription, used: set[str]) -> str:
        bound = self._bindings.get(item.id.lower())
        wish = "-".join(bound.address.path) if bound else slug(item.nickname or item.title, fallback="subscription")
        return _unused(wish, used)


def _unused(wish: str, used: set[str]) -> str:
    name, number = wish, 2
    while name in used:
        name, number = f"{wish}-{number}", number + 1
    used.add(name)
    return name


def customer_document(
    customer: LiveCustomer, names: _Names, labels: dict[str, str], provider: str | None, *, model: str = "direct"
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A Customer document, and remarks about what it cannot say."""
    lines: list[dict[str, Any]] = []
    remarks: list[str] = []
    used: set[str] = set()
    for item in sorted(customer.subscriptions, key=lambda one: (one.created, one.id)):
        reason = cannot_declare(item)
        if reason:
            if item.status.running:
                remarks.append(f"{item.id} ({item.title or item.nickname}) is not managed: {reason}")
            continue
        line = line_of(item, names.line(item, used), budget=customer.budget)
        if item.end_of_term == "unset" and "endOfTerm" in line and not item.trial:
            remarks.append(
                f"{line['name']}: auto-renew is off and nothing else is decided; `endOfTerm: cancel` is written here, "
                "which a plan will show as a change"
            )
        lines.append(line)
    metadata: dict[str, Any] = {"name": customer.key}
    if labels:
        metadata["labels"] = labels
    spec: dict[str, Any] = {"tenant": customer.tenant, "displayName": _one_line(customer.name)}
    if provider:
        spec["provider"] = provider
    about, said = circumstances_of(customer, model=model)
    spec.update(about)
    remarks += said
    spec["subscriptions"] = lines
    document = {"apiVersion": "cspdecl/v1", "kind": "Customer", "metadata": metadata, "spec": spec}
    return document, tuple(remarks)


def _yaml(document: dict[str, Any], remarks: Iterable[str]) -> str:
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
    return "".join(f"# {remark}\n" for remark in map(_one_line, remarks)) + text


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _repointed(value: object, old: Path, new: Path) -> object:
    """A project's settings with the files they name still found from another folder."""
    if isinstance(value, dict):
        return {
            key: os.path.relpath(old / item, new)
            if key in ("caFile", "file") and isinstance(item, str) and not Path(item).expanduser().is_absolute()
            else _repointed(item, old, new)
            for key, item in value.items()
        }
    return [_repointed(item, old, new) for item in value] if isinstance(value, list) else value


def _write_project(session: Session, target: Path) -> None:
    from cspdecl.manifest.yaml import parse_yaml

    origin = session.project.origin
    source = session.root / origin.file
    documents, _problems = parse_yaml(source.read_text(encoding="utf-8"), origin.file)
    for document in documents:
        if document.index == origin.document:
            value = _repointed(document.value, session.root, target.absolute())
            text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
            (target / "cspdecl.yaml").write_text(text, encoding="utf-8")
    prices = session.project.prices_path
    if prices is not None and (session.root / prices).is_dir():
        shutil.copytree(session.root / prices, target / prices)
