"""`cspdecl test`: a reseller's own expectations, checked offline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import Instant, guarded, language, leave, project_root, say, show_diagnostics
from cspdecl.engine.exits import Exit

if TYPE_CHECKING:
    from cspdecl.engine.expectations import Checkup
    from cspdecl.manifest.gate import Checked
    from cspdecl.report.language import Language


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option("-k", "names", multiple=True, metavar="TEXT", help="Only tests whose name holds TEXT; repeatable.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the outcome as JUnit XML, too.")
@click.option("--update", is_flag=True, help="Write what the plan is now into the tests that fail; look at the diff!")
@click.option("--now", type=Instant(), help="Judge the manifests' dates as of this moment while looking for tests.")
@click.pass_context
@guarded
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    names: tuple[str, ...],
    junit: Path | None,
    now: datetime | None,
    *,
    update: bool,
) -> None:
    """Plan the manifests on the live state that each document of kind Test makes up, and compare with what it expects.

    Nobody is asked: no provider, no store, no secret. Ends with 1 where a plan is not as expected.
    """
    from cspdecl.core.errors import ConfigurationError
    from cspdecl.engine.clock import SystemClock
    from cspdecl.engine.expectations import FixedClock, find_tests, run_tests

    root, lang = project_root(ctx), language(ctx)
    found = _chosen(find_tests(root, FixedClock(now) if now else SystemClock()), root, files, names)
    if not found:
        raise ConfigurationError("no test was found: a test is a document of kind `Test` beside the manifests")
    checkups: list[Checkup] = []
    for checkup in run_tests(root, found):
        checkups.append(checkup)
        _print(ctx, checkup, root, lang)
    failed = [one for one in checkups if not one.passed]
    if junit is not None:
        from cspdecl.cli.test_junit import render_tests
        from cspdecl.cli.writing import put_file

        put_file(junit, render_tests(checkups, lang))
    click.echo(lang.say("{passed} passed, {failed} failed", passed=len(checkups) - len(failed), failed=len(failed)))
    if update:
        _update(ctx, root, failed, lang)
    elif failed:
        leave(Exit.ERROR)


def _chosen(documents: Sequence[Checked], root: Path, files: tuple[Path, ...], names: tuple[str, ...]) -> list[Checked]:
    """The tests asked for, in the order of their files."""
    places = [file.absolute() for file in files]
    for place in places:
        if not place.exists():
            raise click.UsageError(f"{place} does not exist")

    def wanted(document: Checked) -> bool:
        path = (root / document.file).absolute()
        here = not places or any(path == place or place in path.parents for place in places)
        return here and (not names or any(name in document.value.metadata.name for name in names))

    return sorted((one for one in documents if wanted(one)), key=lambda one: (one.file, one.index))


def _print(ctx: click.Context, checkup: Checkup, root: Path, lang: Language) -> None:
    """One test: a line, and under it what is not as expected."""
    place = f"{checkup.document.file}: {checkup.name}"
    if checkup.passed:
        say(f"ok      {place}")
        return
    say(f"FAILED  {place}")
    if checkup.description:
        say(f"        {checkup.description}")
    for line in mismatch_lines(checkup, lang):
        say(f"        {line}")
    show_diagnostics(checkup.problems or checkup.notes, root, ctx)


def mismatch_lines(checkup: Checkup, lang: Language) -> Iterable[str]:
    """What is not as expected, a thing a line: `-` was expected, `+` is planned."""
    for one in checkup.mismatches:
        if one.subject == "text":
            yield from _text_difference(checkup)
        elif one.actual is None:
            yield lang.say("- {subject}: expected and not planned: {what}", subject=one.subject, what=one.expected)
        elif one.expected is None:
            yield lang.say("+ {subject}: planned and not expected: {what}", subject=one.subject, what=one.actual)
        else:
            yield lang.say(
                "~ {subject}: expected {expected}, planned {actual}",
                subject=one.subject, expected=one.expected, actual=one.actual,
            )  # fmt: skip


def _text_difference(checkup: Checkup) -> Iterable[str]:
    import difflib

    wanted = checkup.document.value.spec.expect.text or ""
    lines = difflib.unified_diff(
        wanted.splitlines(), checkup.facts["text"].splitlines(), "expected", "planned", lineterm=""
    )
    return [f"text: {line}" for line in lines]


def _update(ctx: click.Context, root: Path, failed: Sequence[Checkup], lang: Language) -> None:
    """Write what is into the tests that could be played; the others end with 1."""
    from cspdecl.cli.writing import put_file
    from cspdecl.engine.expectations import updated_facts
    from cspdecl.manifest.expectation_text import with_expectation
    from cspdecl.manifest.files import FileText, read_file

    for checkup in failed:
        if not checkup.facts:
            continue
        read = read_file(root, checkup.document.file)
        if not isinstance(read, FileText):
            show_diagnostics((read,), root, ctx)
            leave(Exit.ERROR)
            return
        text = read.data.decode("utf-8")
        made = with_expectation(text, checkup.document.origin, updated_facts(checkup.document, checkup.facts))
        if not isinstance(made, str):
            show_diagnostics(made, root, ctx)
            leave(Exit.INVALID)
            return
        put_file((root / checkup.document.file).resolve(), made)
        say(lang.say("{file}: {name}: updated", file=checkup.document.file, name=checkup.name))
    if any(not one.facts for one in failed):
        leave(Exit.ERROR)
