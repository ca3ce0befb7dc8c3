"""Which customers a request is about: by name, by label, or by what a change of files touches.

The whole change is compared as it is meant: what the manifests declare for each customer at the base and now. Only
where the base is not valid are files compared instead.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cspdecl.core.diagnostics import error
from cspdecl.core.errors import CspdeclError
from cspdecl.core.operation import Why
from cspdecl.engine import provenance
from cspdecl.engine.preview_base import Base, base_prices, open_base
from cspdecl.planning.difference_scope import Side, find_touched, guardrails_changed

if TYPE_CHECKING:
    from cspdecl.core.catalog import OfferKey
    from cspdecl.core.desired import CustomerSpec, DesiredState
    from cspdecl.core.live import Bindings
    from cspdecl.core.project import Guardrails, PriceBook, Project
    from cspdecl.engine.plan import PlanRequest
    from cspdecl.engine.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The customers of a request (None: all); for a change also its base, why each of them is in, and whether all are
    in since the guardrails themselves were changed."""

    customers: tuple[str, ...] | None
    base: Base | None = None
    why: tuple[Why, ...] = ()
    judged: bool = False

    @property
    def guardrails(self) -> tuple[Guardrails, ...]:
        """The guardrails that were in force without the change."""
        return self.base.guardrails if self.base is not None else ()


def scope_of(
    session: Session, desired: DesiredState, bindings: Bindings, request: PlanRequest
) -> tuple[str, ...] | None:
    """The customers a request is about, or None for all. Raises CspdeclError for names nobody knows."""
    return find_scope(session, desired, bindings, request).customers


def find_scope(session: Session, desired: DesiredState, bindings: Bindings, request: PlanRequest) -> Scope:
    """The customers a request is about, and for a change why. Raises CspdeclError for names nobody knows."""
    if not (request.customers or request.labels or request.changed_since):
        return Scope(customers=None)
    base = open_base(session, request.changed_since) if request.changed_since else None
    known = {*desired.customers, *(address.customer for address in bindings)}
    before = base.desired.customers if base is not None and base.desired is not None else {}
    known |= set(before)
    unknown = sorted(set(request.customers) - known)
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], sorted(known), n=1)
        hint = f"did you mean `{near[0]}`?" if near else None
        found = error("CSP250", f"no customer named `{unknown[0]}`", hint=hint)
        raise CspdeclError(f"no customer named `{unknown[0]}`", diagnostics=(found,))
    chosen = set(known)
    if request.customers:
        chosen &= set(request.customers)
    for label in request.labels:
        labelled = {key for key, spec in desired.customers.items() if _has_label(spec, label)}
        if not labelled:
            found = error("CSP251", f"no customer has the label `{label}`", hint=_known_labels(desired))
            raise CspdeclError(f"no customer has the label `{label}`", diagnostics=(found,))
        chosen &= labelled
    if base is None:
        return Scope(customers=tuple(sorted(chosen)))
    why, judged = _touched(session, desired, bindings, base)
    if not judged:
        chosen &= {item.customer for item in why}
    return Scope(
        customers=tuple(sorted(chosen)),
        base=base,
        why=tuple(item for item in why if item.customer in chosen),
        judged=judged,
    )


def _known_labels(desired: DesiredState) -> str:
    names = sorted({name for spec in desired.customers.values() for name in spec.labels})
    return f"labels in use: {', '.join(names[:12])}" if names else "no customer has any label"


def _has_label(spec: CustomerSpec, label: str) -> bool:
    name, equals, value = label.partition("=")
    return name in spec.labels and (not equals or spec.labels[name] == value)


# ---- what a change touches ----


def _touched(session: Session, desired: DesiredState, bindings: Bindings, base: Base) -> tuple[tuple[Why, ...], bool]:
    """Why customers are in, and whether everybody is, since the guardrails were changed."""
    project = session.project
    if base.desired is None or base.project is None:
        changed = base.project is not None and guardrails_changed(base.project, project)
        return tuple(_by_files(session, desired, bindings, base)), changed
    old, new = _books(session, desired, base.desired, base)
    why = find_touched(
        Side(project=base.project, desired=base.desired, prices=old),
        Side(project=project, desired=desired, prices=new),
        {file: _documents(session, base, file) for file in base.files},
        now=session.clock.now(),
    )
    return why, guardrails_changed(base.project, project)


def _books(
    session: Session, desired: DesiredState, before: DesiredState, base: Base
) -> tuple[PriceBook | None, PriceBook | None]:
    """The price lists of both sides for what is declared; nothing where they are the same."""
    offers = declared_offers(desired) | declared_offers(before)
    old = base_prices(session, base, offers)
    return (old, session.prices(offers)) if old is not None else (None, None)


def declared_offers(desired: DesiredState) -> set[OfferKey]:
    """Every offer that a line names."""
    lines = [line for spec in desired.customers.values() for line in spec.subscriptions]
    wanted = {line.offer for line in lines}
    wanted |= {line.at_renewal.offer for line in lines if line.at_renewal and line.at_renewal.offer}
    wanted |= {line.renews_to.offer for line in lines if line.renews_to and line.renews_to.offer}
    return wanted | {line.upgrade.source for line in lines if line.upgrade}


def _documents(session: Session, base: Base, file: str) -> frozenset[tuple[str, str]]:
    """Kind and name of every document a file holds or held."""
    if not file.lower().endswith((".yaml", ".yml")):
        return frozenset()
    found: set[tuple[str, str]] = set()
    for folder in {base.root, session.root}:
        if not stat.S_ISREG(_mode(folder / file)):
            continue  # gone, or a pipe that would have to be waited for
        found |= set(_named((folder / file).read_bytes()))
    return frozenset(found)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _named(text: bytes) -> Iterator[tuple[str, str]]:
    from cspdecl.manifest.yaml import parse_yaml

    documents, _problems = parse_yaml(text.decode("utf-8-sig", "replace"), "changed")
    for document in documents:
        data = document.value
        if isinstance(data, dict) and isinstance(data.get("metadata"), dict):
            yield str(data.get("kind")), str(data["metadata"].get("name"))


# ---- where the base cannot be compared ----


def _by_files(session: Session, desired: DesiredState, bindings: Bindings, base: Base) -> Iterator[Why]:
    """Customers that the changed files may touch, where what they said before is not known.

    A customer file touches its customers, those it named before included; a bundle's file every customer who has the
    bundle; the project and the price lists touch all.
    """
    everyone = {*desired.customers, *(binding.address.customer for binding in bindings.values())}
    by_file: dict[str, set[str]] = {}
    for key, spec in desired.customers.items():
        for file in _files_of(spec):
            by_file.setdefault(file, set()).add(key)
    for name in base.files:
        touched = set(by_file.get(name, ()))
        before = provenance.file_at(session.root, base.commit, name)
        if name == session.project.origin.file or _is_price_list(session.project, name):
            touched = everyone
        elif name.endswith((".yaml", ".yml")) and before:
            touched |= {key for kind, key in _named(before) if kind == "Customer"} & everyone
            if name not in by_file:
                # a bundle nobody uses any more, or a file that is gone: whoever has such an address bound is touched
                touched |= {key for key in everyone if key.encode() in before}
        for key in sorted(touched):
            yield Why(customer=key, cause="customer", file=name, text=f"{name} changed")


def _files_of(spec: CustomerSpec) -> set[str]:
    places = [line.bundle_origin for line in spec.subscriptions] + [line.bundle_origin for line in spec.services]
    return {spec.origin.file, *(place.file for place in places if place is not None)}


def _is_price_list(project: Project, name: str) -> bool:
    return name.startswith(f"{(project.prices_path or 'prices').rstrip('/')}/")
