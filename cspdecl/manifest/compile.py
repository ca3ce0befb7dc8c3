"""Checked documents to (Project, DesiredState): the one entry to compiling, a function of documents and `now`.

The order of documents does not matter: they are sorted by where they stand, and results by address. Any error means
that there is no DesiredState at all, since half of what is wanted reads as the end of the other half.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cspdecl.core.desired import CustomerSpec, DesiredState, Retired
from cspdecl.core.diagnostics import Diagnostic, Severity, error, has_errors, sort_diagnostics
from cspdecl.core.project import Project
from cspdecl.manifest import v1, v1_guards
from cspdecl.manifest.bundles import Bundles
from cspdecl.manifest.compile_customer import compile_customer
from cspdecl.manifest.compile_project import compile_project
from cspdecl.manifest.compile_waivers import compile_waivers
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import Broken, Checked
from cspdecl.manifest.moves import compile_moves
from cspdecl.manifest.selling import EMPTY, Book, Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What the documents say. `desired` is None when anything is wrong, `project` when the project itself is."""

    project: Project | None
    desired: DesiredState | None
    diagnostics: tuple[Diagnostic, ...]


def compile_documents(
    documents: Iterable[Checked],
    now: datetime,
    *,
    digest: str = "",
    broken: Iterable[Broken] = (),
    complete: bool = True,
) -> Compiled:
    """Everything that can be decided without a network. `digest` names the files; `broken` documents were refused by
    the gate, `complete=False` says that some file could not be read to its end: neither is reported a second time."""
    ordered = sorted(documents, key=lambda item: (item.file, item.index))
    refused = frozenset((item.kind, item.name) for item in broken if item.kind and item.name)
    context = Context(
        today=now.astimezone(UTC).date(),
        complete=complete and all(item.kind and item.name for item in broken),
        broken=refused,
    )
    projects = [item for item in ordered if isinstance(item.value, v1.Project)]
    context.project = _project(context, projects, refused)
    bundles = Bundles(context, [item for item in ordered if isinstance(item.value, v1.Bundle)])
    books = Books(context, [item for item in ordered if isinstance(item.value, v1.PriceBook)])
    usual = _usual_book(context, books, projects)
    customers, retired = _customers(
        context, bundles, books, usual, [item for item in ordered if isinstance(item.value, v1.Customer)]
    )
    documents_by_key = {spec.key: item for item, spec in customers}
    specs = dict(sorted((spec.key, spec) for _, spec in customers))
    moves = compile_moves(context, documents_by_key, specs)
    if context.project is not None:
        waivers = [item for item in ordered if isinstance(item.value, v1_guards.Waiver)]
        guardrails = compile_waivers(context, waivers, context.project.guardrails, specs)
        context.project = replace(context.project, guardrails=guardrails)
    diagnostics = sort_diagnostics(context.problems)
    sound = context.project is not None and not has_errors(diagnostics) and complete and not refused
    return Compiled(
        project=context.project if context.project and not _concerns_project(diagnostics, context.project) else None,
        desired=DesiredState(
            customers=specs, moves=moves, retired=tuple(sorted(retired, key=lambda item: item.address)), digest=digest
        )
        if sound
        else None,
        diagnostics=diagnostics,
    )


def _project(context: Context, documents: list[Checked], refused: frozenset[tuple[str, str]]) -> Project | None:
    if not documents:
        if context.complete and not any(kind == "Project" for kind, _ in refused):
            context.problems.append(
                error(
                    "CSP201",
                    "no document of kind Project was found",
                    hint="`cspdecl.yaml` says who resells, through which provider; `cspdecl init` makes one",
                )
            )
        return None
    for further in documents[1:]:
        context.error(
            "CSP202",
            "there is more than one Project",
            further.origin.at("kind"),
            related=(documents[0].origin.at("kind"),),
            hint="a repository holds one; name the folder of the one you mean, or list the other one's files "
            "in .cspdeclignore",
        )
    context.defaults = documents[0].value.spec.defaults
    return compile_project(context, documents[0])


def _usual_book(context: Context, books: Books, projects: list[Checked]) -> Book:
    """The price book of customers who name none."""
    prices = projects[0].value.spec.prices if projects else None
    return books.resolve(prices.book, projects[0].origin.at("spec", "prices", "book")) if prices else EMPTY


def _customers(
    context: Context, bundles: Bundles, books: Books, usual: Book, documents: list[Checked]
) -> tuple[list[tuple[Checked, CustomerSpec]], list[Retired]]:
    compiled: list[tuple[Checked, CustomerSpec]] = []
    retired: list[Retired] = []
    first: dict[str, Checked] = {}
    for document in documents:
        key = document.value.metadata.name
        if key in first:
            context.error(
                "CSP203",
                f"customer `{key}` is declared twice",
                document.origin.at("metadata", "name"),
                related=(first[key].origin.at("metadata", "name"),),
                hint="join the two documents",
            )
            continue
        first[key] = document
        spec, gone = compile_customer(context, bundles, books, usual, document)
        compiled.append((document, spec))
        retired += gone
    return compiled, retired


def _concerns_project(diagnostics: tuple[Diagnostic, ...], project: Project) -> bool:
    return any(
        item.severity is Severity.ERROR
        and item.origin
        and (item.origin.file, item.origin.document) == (project.origin.file, project.origin.document)
        for item in diagnostics
    )
