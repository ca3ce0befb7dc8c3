"""A reseller with six customers before the first manifest, a code host, a bare repository for the books, and the calendar.

Everything is what it is in earnest, apart from Microsoft and the code host: git, processes, TLS, the shipped workflows.
No job finds anything on its disk: checkout, home and temporary folder are new for each and gone after the next.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cspdecl_simulator import Simulator
from cspdecl_simulator.portal import edit
from cspdecl_simulator.settings import DEMO_TENANT
from tests.pipelines.bench import APPLY_SUBJECT, READER, ROOT, WRITER, Bench, git
from tests.pipelines.forge_server import ForgeWorld, Pull, serving
from tests.pipelines.identities import AUDIENCE, ISSUER, SUBJECT, public_pem
from tests.pipelines.runner import Run, on_pull_request, on_push, on_schedule, person

SAID = Path(__file__).parent / "said"
PREMIUM, BASIC, VISIO = "CFQ7TTC0LCHC:0002", "CFQ7TTC0LH18:0001", "CFQ7TTC0HD32:0002"

#: customer, what runs (offer, seats, when its term began)
ESTATE: dict[str, tuple[str, tuple[tuple[str, int, str], ...]]] = {
    "alster": ("Alster Druck GmbH", ((PREMIUM, 10, "2026-03-10"),)),
    "brocken": ("Brocken Reisen AG", ((PREMIUM, 20, "2026-05-04"),)),
    "deich": ("Deich & Söhne OHG", ((PREMIUM, 12, "2026-06-15"), (BASIC, 5, "2026-06-15"))),
    "elbe": ("Elbe Logistik GmbH", ((BASIC, 8, "2025-12-02"),)),
    "fjord": ("Fjord Fisch GmbH", ((PREMIUM, 15, "2026-09-01"), (VISIO, 15, "2026-09-01"))),
    "muehlbach": ("Mühlbach Bau GmbH", ((PREMIUM, 40, "2026-07-20"),)),
}

PROJECT = """\
apiVersion: cspdecl/v1
kind: Project
metadata: {{name: nordlicht}}
spec:
  reseller: {{legalName: Nordlicht Systemhaus GmbH, model: direct, country: DE, currency: EUR, partnerId: "4847383"}}
  providers:
    partner-center:
      plugin: partner-center
      environment: production
      tenant: {tenant}
      endpoint: {url}
      authority: {url}
      caFile: {ca}
      auth:
        app: {{clientIdFrom: {{env: CSPDECL_CLIENT_ID}}, federatedTokenFrom: {{command: [cspdecl, ci, token]}}}}
  prices: {{path: prices/, market: DE}}
  defaults: {{provider: partner-center, term: P1Y, billing: monthly, endOfTerm: renew}}
  store: "git:{books}"
  apply: {{branch: main}}
  guardrails:
    maxSeatsPerChange:
      - {{limit: 20, level: needs-approval, approval: {{role: sales-lead}}}}
      - {{limit: 100, level: deny}}
    roles: {{sales-lead: [tom]}}
"""

WORKPLACE = f"""\
apiVersion: cspdecl/v1
kind: Bundle
metadata: {{name: zeichenplatz}}
spec:
  version: 1.0.0
  components:
    - {{name: m365, offer: "{PREMIUM}"}}
    - {{name: visio, offer: "{VISIO}"}}
  sell: {{perSeat: "39.90", every: month}}
"""

# What differs from one run of these tests to the next, and says nothing: ids, digests, commits, the version.
_FLEETING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{12}|[0-9a-f]{8})\b"), "HASH"),
    (re.compile(r"\b(commit|plan|base|Commit) (?:[0-9]{12}|[0-9]{8}|[a-f]{12})\b"), r"\1 HASH"),
    (re.compile(r"cspdecl \d+\.\d+\.\d+\S*"), "cspdecl VERSION"),
    (re.compile(r"github-review-\d+"), "github-review-N"),
)  # fmt: skip


def lasting(text: str) -> str:
    """The text without what is new in every run."""
    for pattern, word in _FLEETING:
        text = pattern.sub(word, text)
    return text


@dataclass(frozen=True)
class Job:
    """How a job ended, and the files it uploaded; its machine is gone."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]
    files: dict[str, str]


@dataclass
class Reseller(Bench):
    """The bench's reseller, with a calendar and a memory for what was said."""

    update: bool = False
    told: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list, repr=False)

    @property
    def books(self) -> Path:
        return self.folder / "books.git"

    # ---- time ----

    def on(self, moment: str) -> None:
        """Business time and the code host's, standing still until the next word."""
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        self.sim.freeze(at)
        self.sim.settle_all()
        self.forge.now = max(at, self.forge.now)

    # ---- people ----

    def change(self, name: str, old: str, new: str) -> None:
        """One edit of one file, where the words stand exactly once."""
        text = (self.work / name).read_text("utf-8")
        assert 1 == text.count(old), f"`{old}` in {name}:\n{text}"
        self.write(name, text.replace(old, new))

    def pull(self, branch: str, *edits: tuple[str, str, str], author: str = "vera", fork: bool = False) -> Pull:
        """A branch from main with these edits, pushed, and a pull request."""
        self.branch(branch)
        for name, old, new in edits:
            self.change(name, old, new)
        return self.propose(branch, message=branch, author=author, fork=fork)

    def rebase(self, pull: Pull, *edits: tuple[str, str, str]) -> None:
        """The branch put on today's main, the conflict solved by hand."""
        git(self.work, "fetch", "-q", "origin")
        git(self.work, "checkout", "-q", "-B", pull.branch, "origin/main")
        for name, old, new in edits:
            self.change(name, old, new)
        pull.head = self.commit(pull.branch)
        git(self.work, "push", "-q", "--force", "origin", f"HEAD:refs/heads/{pull.branch}")
        git(self.remote, "update-ref", f"refs/pull/{pull.number}/head", pull.head)

    def revert(self, pull: Pull, branch: str) -> Pull:
        """The merged pull request taken back by the code host's button: a revert as a pull request."""
        self.branch(branch)
        git(
            self.work, "revert", "--no-edit", *(("-m", "1") if self._two_parents(pull) else ()), pull.merge_commit or ""
        )
        return self.propose(branch, message=branch)

    def _two_parents(self, pull: Pull) -> bool:
        return len(git(self.work, "rev-list", "--parents", "-n", "1", pull.merge_commit or "").split()) == 3

    def terminal(self, *words: str, expected: int = 0) -> str:
        """A verb in somebody's own clone, brought up to main."""
        git(self.work, "checkout", "-q", "main")
        git(self.work, "pull", "-q", "--ff-only", "origin", "main")
        return self.here(*words, expected=expected)

    def here(self, *words: str, expected: int = 0) -> str:
        """A verb in somebody's own clone, as it stands."""
        self._fresh()
        done = person(self, *words)
        assert expected == done.returncode, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def in_portal(self, customer: str, offer: str, **fields: Any) -> None:
        """Somebody edits in the portal, under the rules that hold there."""
        edit(self.sim, self.tenants[customer], self.running[f"{customer} {offer}"], fields)

    def seats_of(self, customer: str, offer: str = PREMIUM) -> int:
        return int(self.sim.subscription(self.tenants[customer], self.running[f"{customer} {offer}"])["quantity"])

    def records(self) -> list[dict[str, Any]]:
        """What the books say, oldest first."""
        lines = self.terminal("ledger", "list", "--format", "json").splitlines()
        return [json.loads(line)["data"] for line in lines]

    # ---- jobs ----

    def planned(self, pull: Pull, expected: int = 0) -> Job:
        return self._ended(on_pull_request, pull, expected=expected)

    def applied(self, moved: tuple[str, str], expected: int = 0) -> Job:
        return self._ended(on_push, *moved, expected=expected)

    def night(self, expected: int = 0) -> Job:
        return self._ended(on_schedule, expected=expected)

    def _ended(self, job: Callable[..., Run], *given: Any, expected: int) -> Job:
        self._fresh()
        done = job(self, *given)
        assert expected == done.code, done.log
        left = (done.folder / ".cspdecl/ci").glob("*")
        files = {path.name: path.read_text("utf-8") for path in left}
        self.left += [done.log, done.summary, *files.values()]
        return Job(code=done.code, log=done.log, summary=done.summary, outputs=done.outputs, files=files)

    def _fresh(self) -> None:
        """A machine that knows nothing: nothing is left of earlier jobs but what they pushed or uploaded."""
        for old in self.folder.glob("runner-*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        for name in ("HOME", "TMPDIR"):
            place = self.folder / f"machine-{name.lower()}"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            os.environ[name] = str(place)
        shutil.rmtree(self.work / ".cspdecl", ignore_errors=True)

    # ---- what was said ----

    def says(self, name: str, text: str) -> str:
        """The text is, word for word, what stands in `said/NAME.md`. Answers with it as it lasts."""
        path, now = SAID / f"{name}.md", lasting(text).replace(str(self.folder), "FOLDER")
        assert name not in self.told, f"{name} was said already"
        self.told.append(name)
        if self.update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(now, "utf-8")
        assert path.read_text("utf-8") == now
        return now


@contextmanager
def reseller(folder: Path, *, update: bool) -> Iterator[Reseller]:
    """Six customers with a Partner Center full of subscriptions, and a repository that holds nothing yet."""
    world = folder / "world.db"
    sim = Simulator(str(world), seed=11)
    sim.configure(country="DE", currency="EUR")
    sim.freeze(datetime(2026, 11, 23, 8, tzinfo=UTC))
    for client, subject in ((READER, SUBJECT), (WRITER, APPLY_SUBJECT)):
        trust = {"issuer": ISSUER, "subject": subject, "audience": AUDIENCE, "key": public_pem()}
        sim.register_application(client, federated=[trust])
    tenants, running = {}, {}
    for key, (company, lines) in ESTATE.items():
        tenants[key] = sim.seed_customer(company=company, domain=f"{key}.onmicrosoft.com", country="DE")
        for offer, seats, start in lines:
            bought = sim.seed_subscription(tenants[key], offer, seats=seats, start=f"{start}T00:00:00Z")
            running[f"{key} {offer}"] = bought
    ready = folder / "ready"
    words = ["serve", "--world", world, "--tls", "--ca-file", folder / "ca.pem", "--ready-file", ready, "--port", "0"]
    server = subprocess.Popen(
        [sys.executable, "-m", "cspdecl_simulator", *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    kept = {name: os.environ.get(name) for name in ("HOME", "TMPDIR")}
    try:
        while not (ready.exists() and ready.read_text().strip()):
            assert server.poll() is None
            time.sleep(0.02)
        forge = ForgeWorld(identity={"subject": SUBJECT})
        with serving(forge) as url:
            made = Reseller(
                folder, sim, ready.read_text().strip(), forge, url, f"git:{folder}/books.git", update=update
            )
            made.tenants, made.running = tenants, running
            git(folder, "init", "-q", "--bare", "-b", "main", "books.git")
            git(folder, "init", "-q", "--bare", "-b", "main", "origin.git")
            git(folder, "clone", "-q", "origin.git", "work")
            git(made.work, "checkout", "-q", "-b", "main")
            yield made
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        server.kill()  # it may still hold an answer back
        server.wait(20)
        sim.close()


def first_files(made: Reseller) -> None:
    """What a person writes before anything is exported: the project, a bundle, and the shipped pipelines as they are."""
    facts = {"tenant": DEMO_TENANT, "url": made.sim_url, "ca": str(made.folder / "ca.pem"), "books": str(made.books)}
    made.write("cspdecl.yaml", PROJECT.format(**facts))
    made.write("bundles/zeichenplatz.yaml", WORKPLACE)
    made.write(".gitignore", ".cspdecl/\n")
    made.write(".gitattributes", "prices/* -text\n")
    made.write(".github/actions/cspdecl/action.yml", (ROOT / "pipelines/github/action.yml").read_text("utf-8"))
    for path in (ROOT / "pipelines/github/workflows").iterdir():
        made.write(f".github/workflows/{path.name}", path.read_text("utf-8"))
    made.commit("The project, and how it is run")
    git(made.work, "push", "-q", "origin", "main")
