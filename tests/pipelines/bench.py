"""A reseller's repository with a bare remote, a simulated Partner Center behind it, and a code host that runs its pipelines.

Nothing here replaces a part of the product: git is git, the simulator serves TLS in a process of its own, and jobs are
what the shipped YAML says (see runner.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cspdecl_simulator import Simulator
from cspdecl_simulator.settings import DEMO_TENANT
from tests.pipelines.forge_server import ForgeWorld, Pull, serving
from tests.pipelines.identities import AUDIENCE, ISSUER, SUBJECT, public_pem

ROOT = Path(__file__).resolve().parents[2]
OFFER = "CFQ7TTC0LCHC:0002"
READER, WRITER = "aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"
APPLY_SUBJECT = SUBJECT.replace("cspdecl-plan", "cspdecl-apply")
CUSTOMERS = {"alpha": "Alpha GmbH", "beta": "Beta AG"}

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
  defaults: {{provider: partner-center, term: P1Y, billing: monthly, endOfTerm: renew}}
  store: {store}
  apply: {{branch: main}}
{more}"""


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, check=False, capture_output=True, text=True, env=git_environment()
    )
    assert 0 == done.returncode, (words, done.stderr)
    return done.stdout.strip()


def git_environment(**more: str) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    people = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Vera"), ("EMAIL", "v@nordlicht.example"))}  # fmt: skip
    return {**keep, **people, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", **more}


@dataclass
class Bench:
    """The reseller: `work` is a person's clone, `remote` what everybody shares, `forge` the code host's memory."""

    folder: Path
    sim: Simulator
    sim_url: str
    forge: ForgeWorld
    forge_url: str
    store: str
    jobs: int = 0
    tenants: dict[str, str] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)

    @property
    def remote(self) -> Path:
        return self.folder / "origin.git"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    # ---- a person at the repository ----

    def write(self, name: str, text: str) -> None:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def project(self, more: str = "", **changes: str) -> None:
        facts = {
            "tenant": DEMO_TENANT,
            "url": self.sim_url,
            "ca": str(self.folder / "ca.pem"),
            "store": self.store,
            **changes,
        }
        self.write("cspdecl.yaml", PROJECT.format(more=textwrap.indent(more, "  "), **facts))

    def seats(self, customer: str, seats: int, comment: str = "") -> None:
        self.write(
            f"customers/{customer}.yaml",
            f"apiVersion: cspdecl/v1\nkind: Customer\nmetadata: {{name: {customer}}}\nspec:\n  tenant: {self.tenants[customer]}\n"
            f'  subscriptions:\n    - {{name: m365, offer: "{OFFER}", seats: {seats}}}{comment}\n',
        )

    def commit(self, message: str) -> str:
        git(self.work, "add", "-A")
        git(self.work, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.work, "rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        git(self.work, "checkout", "-q", "main")
        git(self.work, "pull", "-q", "--ff-only", "origin", "main")
        git(self.work, "checkout", "-q", "-b", name)

    def propose(self, name: str, message: str = "A change", author: str = "vera", **more: Any) -> Pull:
        """Commit what stands there, push the branch, open a pull request."""
        head = self.commit(message)
        git(self.work, "push", "-q", "origin", f"HEAD:refs/heads/{name}")
        pull = self.forge.open_pull(head, name, author, **more)
        git(self.remote, "update-ref", f"refs/pull/{pull.number}/head", head)
        return pull

    def push_more(self, pull: Pull, message: str = "More") -> None:
        pull.head = self.commit(message)
        git(self.work, "push", "-q", "origin", f"HEAD:refs/heads/{pull.branch}")
        git(self.remote, "update-ref", f"refs/pull/{pull.number}/head", pull.head)

    def merge(self, pull: Pull, how: str = "squash") -> tuple[str, str]:
        """Merge as the code host does: a squash, a merge commit or a rebase. Answers with main before and after."""
        git(self.work, "checkout", "-q", "main")
        git(self.work, "pull", "-q", "--ff-only", "origin", "main")
        before = git(self.work, "rev-parse", "HEAD")
        if how == "squash":
            git(self.work, "merge", "-q", "--squash", pull.head)
            git(self.work, "commit", "-q", "-m", f"Squashed (#{pull.number})")
        elif how == "merge":
            git(self.work, "merge", "-q", "--no-ff", "-m", f"Merge #{pull.number}", pull.head)
        else:
            base = git(self.work, "merge-base", "main", pull.head)
            git(self.work, "cherry-pick", "--allow-empty", f"{base}..{pull.head}")
        after = git(self.work, "rev-parse", "HEAD")
        git(self.work, "push", "-q", "origin", "main")
        self.forge.merge(pull, after)
        return before, after

    def push_main(self, message: str) -> tuple[str, str]:
        """Past everybody: a commit right on the default branch."""
        before = git(self.work, "rev-parse", "HEAD")
        after = self.commit(message)
        git(self.work, "push", "-q", "origin", "HEAD:main")
        return before, after

    # ---- what is live ----

    def live_seats(self, customer: str) -> int:
        return int(self.sim.subscription(self.tenants[customer], self.running[customer])["quantity"])

    def portal(self, customer: str, **fields: Any) -> None:
        """Somebody edits in the portal."""
        self.sim.edit_subscription(self.tenants[customer], self.running[customer], **fields)

    def comments(self, pull: Pull) -> dict[str, str]:
        """Our comments on a pull request by kind, the hidden line taken off."""
        found = {}
        for one in self.forge.own(pull.number):
            head, _, text = one.body.partition("\n")
            kind = head.removeprefix("<!-- cspdecl-ci:").partition(" ")[0]
            assert kind not in found, f"two comments of kind {kind}"
            found[kind] = text
        return found


def more_seats(made: Bench, seats: int = 13, branch: str = "more-seats") -> Pull:
    """A pull request for alpha."""
    made.branch(branch)
    made.seats("alpha", seats)
    return made.propose(branch)


@contextmanager
def bench(folder: Path, *, more: str = "", store: str | None = None) -> Iterator[Bench]:
    """A reseller with two customers, ten seats each, all adopted and on main."""
    world = folder / "world.db"
    sim = Simulator(str(world), seed=7)
    sim.configure(country="DE", currency="EUR")
    for client, subject in ((READER, SUBJECT), (WRITER, APPLY_SUBJECT)):
        sim.register_application(
            client, federated=[{"issuer": ISSUER, "subject": subject, "audience": AUDIENCE, "key": public_pem()}]
        )
    tenants, running = {}, {}
    for key, name in CUSTOMERS.items():
        tenants[key] = sim.seed_customer(company=name, domain=f"{key}.onmicrosoft.com", country="DE")
        running[key] = sim.seed_subscription(tenants[key], OFFER, seats=10)
    ready = folder / "ready"
    words = ["serve", "--world", world, "--tls", "--ca-file", folder / "ca.pem", "--ready-file", ready, "--port", "0"]
    server = subprocess.Popen(
        [sys.executable, "-m", "cspdecl_simulator", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (ready.exists() and ready.read_text().strip()):
            assert server.poll() is None
            time.sleep(0.02)
        forge = ForgeWorld(identity={"subject": SUBJECT})
        with serving(forge) as url:
            made = Bench(folder, sim, ready.read_text().strip(), forge, url, store or f"sqlite:{folder}/store.db")
            made.tenants, made.running = tenants, running
            _begin(made, more if store else f"persistent: true\n{more}")
            yield made
    finally:
        server.terminate()
        server.wait(20)
        sim.close()


def _begin(made: Bench, more: str) -> None:
    git(made.folder, "init", "-q", "--bare", "-b", "main", "origin.git")
    git(made.folder, "clone", "-q", "origin.git", "work")
    git(made.work, "checkout", "-q", "-b", "main")
    made.project(more)
    for key in CUSTOMERS:
        made.seats(key, 10)
    made.write(".gitignore", ".cspdecl/\n")
    made.write(".github/actions/cspdecl/action.yml", (ROOT / "pipelines/github/action.yml").read_text("utf-8"))
    for path in (ROOT / "pipelines/github/workflows").iterdir():
        made.write(f".github/workflows/{path.name}", path.read_text("utf-8"))
    made.commit("All that there is")
    git(made.work, "push", "-q", "origin", "main")
    from tests.pipelines.runner import person

    done = person(made, "adopt", "--auto-approve")
    assert 0 == done.returncode, done.stderr
