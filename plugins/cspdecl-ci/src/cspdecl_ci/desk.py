"""What every verb here works with: the job, the code host, the project, and where files and words go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.errors import CspdeclError
from cspdecl_ci.forge import Forge, Job
from cspdecl_ci.processes import Cspdecl, git, harmless
from cspdecl_ci.sticky import Kind, Marker, post
from cspdecl_ci.texts import say
from cspdecl_ci.wire import Refused

Show = Literal["sell", "all"]
_LOG = "The job's log"
_OWN = ".cspdecl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One run. `forge` opens the code host when it is first needed; `key` tells projects of one repository apart."""

    job: Job
    forge: Callable[[], Forge]
    cspdecl: Cspdecl
    folder: Path
    key: str
    show: Show
    language: str
    environment: Mapping[str, str]
    echo: Callable[[str], None]

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.cspdecl.project

    def file(self, name: str) -> Path:
        """A file of this run, below the folder that the pipeline keeps; the one of an earlier run is gone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.unlink(missing_ok=True)
        return path

    def marker(self, kind: Kind, *, commit: str = "", digest: str = "", fresh: bool = False) -> Marker:
        """The hidden line of a comment of this project."""
        return Marker(kind=kind, key=self.key, commit=commit, digest=digest, fresh=fresh)

    def verb(self, *words: str) -> tuple[str, ...]:
        """A verb's words with the language in front."""
        return ("--lang", self.language, *words)

    def say(self, template: str, /, **values: object) -> str:
        """A sentence of ours in the language of what is posted."""
        return say(self.language, template, **values)

    def log_link(self) -> str:
        """A line that leads to the job's log, where the code host says where that is."""
        return f"\n[{self.say(_LOG)}]({self.job.link})\n" if self.job.link else ""

    def tell(self, item: Diagnostic) -> None:
        """A remark in the job's log."""
        hint = f"\nhint: {item.hint}" if item.hint else ""
        self.echo(harmless(f"{item.severity}[{item.code}]: {item.message}{hint}"))

    def comment(self, pull: int, marker: Marker, text: str, *, only_update: bool = False) -> bool:
        """Write our comment; says whether it stands. Raises CspdeclError with CSP740 where the host forbids it."""
        try:
            return post(self.forge(), pull, marker, text, only_update=only_update)
        except Refused as problem:
            raise refusal(
                "CSP740",
                f"the comment cannot be written: {problem.message}",
                hint="an older comment may stand there and is not what this run found; give the job's token the right "
                "to write comments",
                exit_code=1,
            ) from None

    def comment_after(self, pull: int, marker: Marker, text: str) -> int:
        """Write our comment about what is done already: a host that will not take it changes nothing about that.

        Answers with an exit code: 0 where the comment stands. What failed is told in the log.
        """
        try:
            self.comment(pull, marker, text)
        except CspdeclError as problem:
            self.tell_problem(problem)
            return problem.exit_code
        return 0

    def tell_problem(self, problem: CspdeclError) -> None:
        """An error in the job's log, where the run goes on."""
        for item in problem.diagnostics:
            self.tell(item)
        if not problem.diagnostics:
            self.echo(harmless(f"error: {problem.message}"))

    def default_ref(self, *candidates: str | None) -> str | None:
        """The first of some references that git knows here."""
        for name in candidates:
            if (
                name
                and not name.startswith("-")
                and git(self.project, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            ):
                return name
        return None


def refusal(code: str, message: str, *, hint: str, exit_code: int) -> CspdeclError:
    """An error that ends the run with a code of its own."""
    problem = CspdeclError(message, diagnostics=(error(code, message, hint=hint),))
    problem.exit_code = exit_code
    return problem


def refuse_planted(project: Path) -> None:
    """Refuse a repository that holds files of cspdecl's own folder. Raises CspdeclError with CSP748.

    What lies in `.cspdecl` is believed without a look: parsed manifests, the git store's clone with its settings and
    hooks. In a checkout somebody committed it, and no reviewer can read what it does.
    """
    top = git(project, "rev-parse", "--show-toplevel")
    for name in (git(Path(top), "ls-files", "-z") or "").split("\0") if top else ():
        if _OWN in name.casefold().split("/"):
            raise refusal(
                "CSP748",
                f"the repository holds a file of cspdecl's own folder: {name!r}",
                hint="take `.cspdecl` out of the repository and name it in `.gitignore`; nothing was done",
                exit_code=65,
            )


def operations_of(document: Mapping[str, Any]) -> list[Any]:
    """What a saved plan would do."""
    inner = document.get("cspdecl")
    return list(inner.get("operations") or ()) if isinstance(inner, Mapping) else []


def digest_of(document: Mapping[str, Any]) -> str:
    """The digest that a saved plan carries over itself; `apply` checks that it is true."""
    inner = document.get("cspdecl")
    return str(inner.get("digest") or "") if isinstance(inner, Mapping) else ""
