"""One text to checked documents, or to (Project, DesiredState): what loading does, without a disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cspdecl.core.diagnostics import Diagnostic, Origin, error, has_errors, sort_diagnostics, warning
from cspdecl.core.digest import digest_of, sha256
from cspdecl.manifest.compile import Compiled, compile_documents
from cspdecl.manifest.gate import Broken, Checked, check_document
from cspdecl.manifest.yaml import parse_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChecked:
    """One file, parsed and checked. `whole` is False where its text could not be read to the end."""

    checked: tuple[Checked, ...]
    broken: tuple[Broken, ...]
    diagnostics: tuple[Diagnostic, ...]
    whole: bool


def check_text(text: str, path: str) -> FileChecked:
    """The documents of a text that goes by the name of `path`."""
    documents, problems = parse_yaml(text, path)
    diagnostics = list(problems)
    checked: list[Checked] = []
    broken: list[Broken] = []
    for raw in documents:
        result, complaints = check_document(raw)
        diagnostics += complaints
        if isinstance(result, Checked):
            checked.append(result)
        else:
            broken.append(result)
    if not documents and not problems:
        diagnostics.append(
            error(
                "CSP106",
                "this file declares nothing",
                origin=Origin(file=path),
                line=1,
                column=1,
                hint="was it cut short? Delete it, or name it in .cspdeclignore, if it is not meant to",
            )
        )
    elif not text.endswith("\n") and not problems:
        lines = text.split("\n")
        diagnostics.append(
            warning(
                "CSP114",
                "the last line does not end in a newline",
                origin=Origin(file=path),
                line=len(lines),
                column=len(lines[-1]) + 1,
                hint="was the file cut short? Add the newline if it is complete",
            )
        )
    return FileChecked(
        checked=tuple(checked),
        broken=tuple(broken),
        diagnostics=tuple(diagnostics),
        whole=bool(documents) and not problems,
    )


def parse_text(text: str, now: datetime, path: str = "cspdecl.yaml") -> Compiled:
    """Manifests given as one text, as tests and quotes have them; nothing is read from the disk."""
    result = check_text(text, path)
    compiled = compile_documents(
        result.checked, now, digest=digest_of([[path, sha256(text)]]), broken=result.broken, complete=result.whole
    )
    return Compiled(
        project=compiled.project,
        desired=None if has_errors(result.diagnostics) else compiled.desired,
        diagnostics=sort_diagnostics((*result.diagnostics, *compiled.diagnostics)),
    )
