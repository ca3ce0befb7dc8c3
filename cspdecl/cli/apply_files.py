"""The files an apply leaves for whoever started it: result, comment, the plan of today. Written however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import read_plan_document
from cspdecl.engine.approved import Approved
from cspdecl.engine.exits import Exit
from cspdecl.engine.result import report_of, report_of_beginning, report_of_failure, report_of_plan, write_report
from cspdecl.planning.approvers import ApprovalFile, parse_approvals
from cspdecl.planning.planfile import dump_plan

if TYPE_CHECKING:
    from cspdecl.core.operation import Plan
    from cspdecl.core.result import ApplyReport
    from cspdecl.engine.apply import ApplyResult
    from cspdecl.planning.planfile import Place
    from cspdecl.report.language import Language
    from cspdecl.report.show import Show


@dataclass(slots=True, kw_only=True)
class Papers:
    """What was given in files, and what is left in files. `plan` and `approved` are filled by `read`, `project` by
    whoever opens it."""

    plan_file: str | None
    approvals_file: str | None
    authors: tuple[str, ...]
    result: Path | None
    comment: Path | None
    fresh: Path | None
    show: Show
    lang: Language
    project: str | None = None
    plan: Plan | None = None
    approved: Approved = field(default_factory=Approved)
    _said: bool = False

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Around all of a run: something stands in the files from the first moment to the last."""
        self._write(report_of_beginning(plan=None, approvals=()))
        self._said = False
        try:
            yield
        except click.exceptions.Exit:
            raise
        except BaseException as problem:
            if not self._said:
                usage = problem.format_message() if isinstance(problem, click.UsageError) else None
                ended = KeyboardInterrupt() if isinstance(problem, click.Abort) else problem
                self._write(
                    report_of_failure(
                        ended, project=self.project, plan=self.plan, approvals=self.approved.ids, wrong_usage=usage
                    )
                )
            raise

    def read(self) -> None:
        """Read the saved plan and the approvals. Raises CspdeclError and UsageError."""
        names = frozenset[str]()
        if self.plan_file is not None:
            self.plan, document = read_plan_document(Path(self.plan_file))
            names = frozenset({str(document["cspdecl"]["digest"])})
        given = ApprovalFile()
        if self.approvals_file is not None:
            try:
                given = parse_approvals(Path(self.approvals_file).read_text(encoding="utf-8"))
            except (OSError, ValueError) as problem:
                raise click.UsageError(f"approvals cannot be read from {self.approvals_file}: {problem}") from None
        given = ApprovalFile(approvals=given.approvals, authors=given.authors | set(self.authors))
        self.approved = Approved(given=given, names=names)
        self._write(report_of_beginning(plan=self.plan, approvals=self.approved.ids))
        self._said = False

    # ---- leaving something ----

    def ran(self, outcome: ApplyResult, *, project: str, commit: str | None) -> None:
        """A run came to its end."""
        self._write(report_of(outcome, project=project, commit=commit, approvals=self.approved.ids))

    def not_carried_out(self, plan: Plan, exit_code: Exit, *, agreed: bool) -> None:
        """A plan was not carried out. `agreed`: it was refused, in error or empty, nobody said no."""
        self._write(report_of_plan(plan, exit_code, approved=agreed, approvals=self.approved.ids))

    def leave_fresh(self, plan: Plan, *, place: Place) -> None:
        """The plan of today, for whoever has to approve it."""
        if self.fresh is not None:
            self.fresh.write_text(dump_plan(plan, place=place), encoding="utf-8")

    def _write(self, report: ApplyReport) -> None:
        if self.result is not None:
            write_report(report, self.result)
        if self.comment is not None:
            from cspdecl.report.result import render_result

            self.comment.write_text(render_result(report, show=self.show, lang=self.lang), encoding="utf-8")
        self._said = True
