"""Texts of the source that nobody is shown in a language, each kind with its reason: the only ones without German."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tests.texts.templates import Said

#: Beginning of the place, shape of the text, and why it needs no German.
UNSHOWN: tuple[tuple[str, str, str], ...] = (
    ("", r"(SELECT|INSERT) .*", "a statement for a database"),
    ("", r"[\w\"]+(, [\w\"]+){3,}", "columns of a table"),
    ("", r".*(\[[a-z]+, [^\]]*\]|, object\]) \| None", "a type, for type checkers"),
    ("", r"##vso\[.*", "a command for a build agent"),
    ("", r"<(!--|!doctype|\?xml|meta ).*\n?", "marks and frames of a document"),
    ("", r"cspdecl (\{0\}|explain \{0\}|test)", "a command line"),
    ("cspdecl/core/plain.py", r"not a \{0\}: \{1\}", "for programmers: a value of the wrong type"),
    ("cspdecl/manifest/expectation_text.py", r".*", "YAML that is written"),
    ("cspdecl/manifest/shapes.py", r"[A-Z].*", "descriptions of the JSON Schema, which is the same in every language"),
    ("cspdecl/manifest/yaml.py", r"undefined alias|duplicate anchor|next token", "words that are looked for, not said"),
    ("cspdecl/report/html/", r"([a-z]+ )?[a-z]+ (\{0\}|num|never|window|ticks)", "classes and names of a style sheet"),
    ("cspdecl/report/html/page.py", r"width=.*", "for browsers"),
    ("cspdecl/store/git_draft.py", r".*", "messages of commits, kept as they were written"),
    ("cspdecl/store/git_notes.py", r".*", "messages of commits, kept as they were written"),
    ("cspdecl/store/git_run.py", r".*", "what git says, looked for and not said"),
    ("cspdecl/engine/apply.py", r"warning\[.*", "a line of a log"),
    ("cspdecl/engine/export", r"(.*\n)+", "comments and keys of manifests that are written"),
    ("cspdecl/engine/export_text.py", r".*", "comments and keys of manifests that are written"),
    ("cspdecl/engine/webhook.py", r"application/.*", "a media type"),
    ("cspdecl/cli/main.py", r"[A-Z].*\.", "the table of `--help`, which is English"),
    ("cspdecl/cli/writing.py", r"Also write .*", "`--help`, which is English"),
    ("cspdecl/cli/test_verb.py", r"text: \{0\}", "a key of a document"),
    ("plugins/cspdecl-partner-center/src/cspdecl_partner_center/settings.py", r"[A-Z].*", "descriptions of the JSON Schema"),
    ("plugins/cspdecl-ci/src/cspdecl_ci/texts.py", r".*", "the German of what pipelines post"),
    ("plugins/cspdecl-postgres/", r"no (password supplied|pg_hba.conf entry)", "what PostgreSQL says, looked for"),
)  # fmt: skip


def unshown(said: Said) -> bool:
    """Whether a text is of a kind that needs no German."""
    place = str(PurePosixPath(said.place.rpartition(":")[0]))
    return any(place.startswith(where) and re.fullmatch(text, said.template, re.DOTALL) for where, text, _ in UNSHOWN)
