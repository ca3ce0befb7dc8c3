"""Where the consoles of a page are played: an estate of seven customers on a simulator, in git, with the past it needs.

A page says it in comments that no reader sees:

    <!-- scene: unserved -->                  the whole page is played there; `estate` where nothing is said;
                                              `apart` is an estate that a code's page shares with no other,
                                              `newcomer` an empty desk beside an estate
    <!-- first: cspdecl plan --out a.json --> run before the next block, and not shown
    <!-- file: bundles/a.yaml -->             the next block, whatever it is written in, becomes this file
    <!-- exit: 0 2 -->                        how the commands of the next block end; 0 where nothing is said
    <!-- not-run: why -->                     the next block cannot be run on a machine by itself; counted by a test
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tests.conftest import ROOT
from tests.docs.pages import Block
from tests.docs.play import PORT, Player, play, player, steps

TREE = ROOT / "manifests/reseller-100"
PRICES = "price-list-2026-11-DE-EUR-made-up.csv"
MOMENT = "2026-11-22T14:02:00Z"
CUSTOMERS = (
    "buchkunst-leipzig", "hafenkontor", "herkules-sicherheit", "muehlbach", "saar-huetten-logistik", "weserfrische",
)  # fmt: skip
SERVE = f"cspdecl simulate serve --tls --port {PORT} --ca-file .cspdecl/simulator-ca.pem &"
SECRETS = {"PARTNER_CENTER_SECRET": "demo-secret-for-the-simulator-only"}
_SAID = re.compile(r"^ *<!-- (scene|first|exit|file|not-run): (.*?) -->$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """What a page says of one block: what is done before, how its commands end, and why it is not run, if so."""

    first: tuple[str, ...]
    exits: tuple[int, ...]
    file: str | None
    not_run: str | None


def scene_of(page: Path) -> str:
    """Where a page is played."""
    return next((words for name, words in _SAID.findall(page.read_text("utf-8")) if name == "scene"), "estate")


def directions(block: Block) -> Directions:
    """What stands in comments between this block and the one before."""
    said = _SAID.findall(block.before)
    return Directions(
        first=tuple(words for name, words in said if name == "first"),
        exits=tuple(int(word) for name, words in said if name == "exit" for word in words.split()),
        file=next((words for name, words in said if name == "file"), None),
        not_run=next((words for name, words in said if name == "not-run"), None),
    )


def perform(block: Block, shell: Player) -> list[str]:
    """Play a block in its scene; what went otherwise than the page says.

    Where a block shows what is printed, that is compared; where it shows commands alone, only how they end.
    """
    wanted, wrong = directions(block), []
    for command in wanted.first:
        said = shell.run(command)
        wrong += [f"first: {command}: {shell.last}", *said] if shell.last else []
    if wanted.file is not None:
        path = shell.folder / wanted.file
        path.parent.mkdir(exist_ok=True)
        path.write_text(block.text, "utf-8")
        return wrong
    if block.language == "diff":
        shell.change(block)
        return wrong
    if block.language == "bash":
        script = Path(shell.environment["TMPDIR"]) / "page.sh"
        script.write_text(block.text, "utf-8")
        said = shell.run(f"bash -e {script}")
        return [*wrong, *(said if shell.last else [])]
    found, texts = steps(block), block.text.replace("\\\n", " ").splitlines()
    shows = any(printed for _, printed in found)
    lines = [line for line in texts if line.startswith("$ ")]
    for (command, printed), line, code in zip(found, lines, [*wanted.exits, *[0] * len(found)], strict=False):
        one = replace(block, text="\n".join([line, *(printed if shows else ["…"])]) + "\n")
        now, differences = play(one, shell)
        wrong += differences
        if command != "echo $?" and shell.last != code and not any("(exit code" in text for text in printed):
            wrong += [f"$ {command}", f"  ends with {shell.last}, and should with {code}", *now.splitlines()[1:]]
    return wrong


@contextmanager
def scene(name: str, built: Path, folder: Path) -> Iterator[Player]:
    """A copy of a scene as `build` left it, in `folder`, with what runs behind it."""
    shutil.copytree(built, folder / "scene", symlinks=True)
    home = folder / "scene/home"
    shell = player(
        folder / "scene/project", {**SECRETS, "HOME": str(home), "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    )
    try:
        manifest = shell.folder / "cspdecl.yaml"
        manifest.write_text(manifest.read_text("utf-8").replace(f":{PORT}", f":{shell.port}"), "utf-8")
        _git(shell.folder, home, "remote", "set-url", "origin", str(folder / "scene/origin.git"))
        _git(shell.folder, home, "commit", "-qam", "A simulator on another port")
        _git(shell.folder, home, "push", "-q", "origin", "main")
        if name != "unserved":
            shell.run(SERVE)
        if name == "newcomer":
            shell.folder = folder / "scene/desk"
            shell.folder.mkdir()
        yield shell
    finally:
        shell.stop()


def build(folder: Path) -> dict[str, Path]:
    """The scenes, from which pages get copies: `unserved` has manifests and git, `estate` a simulator and a past."""
    bare = folder / "unserved"
    project, home = bare / "project", bare / "home"
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text(
        "[user]\nname = Lena Brandt\nemail = lena@nordlicht.example\n[init]\ndefaultBranch = main\n", "utf-8"
    )
    (project / "customers").mkdir(parents=True)
    for path in (TREE / "bundles", TREE / "cspdecl.yaml", TREE / PRICES):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, project / path.name)
    for name in CUSTOMERS:
        shutil.copy(TREE / f"customers/{name}.yaml", project / "customers")
    (project / ".gitignore").write_text(".cspdecl/\n", "utf-8")
    (project / ".cspdecl").mkdir()
    (project / ".cspdecl/refresh-token").write_text("demo-refresh-token-for-the-simulator-only\n", "utf-8")
    shell = player(project, {**SECRETS, "HOME": str(home)})
    for command in (
        f"cspdecl prices import {PRICES}",
        "git init -q && git add . && git commit -qm 'Seven customers'",
        "git init -q --bare ../origin.git && git remote add origin ../origin.git && git push -qu origin main",
    ):
        _must(shell, command)
    estate = folder / "estate"
    shutil.copytree(bare, estate)
    shell = player(estate / "project", {**SECRETS, "HOME": str(home)})
    manifest = shell.folder / "cspdecl.yaml"
    written = manifest.read_text("utf-8")
    manifest.write_text(written.replace(f":{PORT}", f":{shell.port}"), "utf-8")
    edits = yaml.safe_load((ROOT / "docs/demo/differences.yaml").read_text("utf-8"))["edits"]
    kept = [edit for edit in edits if (edit.get("address") or edit["customer"]).split("/")[0] in CUSTOMERS]
    (shell.folder / ".cspdecl/differences.yaml").write_text(yaml.safe_dump({"edits": kept}), "utf-8")
    try:
        _must(
            shell,
            "cspdecl simulate seed --from-manifests . --differ .cspdecl/differences.yaml "
            f"--prices {PRICES} --at {MOMENT}",
        )
        shell.run(SERVE)
        _must(shell, "cspdecl apply --auto-approve")
    finally:
        shell.stop()
    manifest.write_text(written, "utf-8")
    return {"unserved": bare, "estate": estate, "apart": estate, "newcomer": estate}


def _must(shell: Player, command: str) -> None:
    said = shell.run(command)
    assert 0 == shell.last, "\n".join([command, *said])


def _git(folder: Path, home: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env={"HOME": str(home), "PATH": "/usr/bin:/bin"}, check=True)
