"""One run, several formats: what a person reads on the terminal and what a pipeline takes from files."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare

GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "n/kunden", "GITHUB_SHA": "0123abc"}


@pytest.fixture
def project(tmp_path) -> Project:
    made = Project(tmp_path)
    declare(made.estate, "alpha", 10)
    return made


def test_several_formats_at_once(project):
    """Text on stdout, a comment, counts, outputs and the document in files, all of the same plan."""
    ended = project.run(
        "plan", "--out", "plan.json", "--detailed-exitcode",
        *(word for name in ("markdown=c.md", "gitlab=g.json", "outputs=o.txt", "json=p.json", "summary=s.md", "html=p.html")
          for word in ("--write", name)),
    )  # fmt: skip
    files = {path.name: path.read_text("utf-8") for path in project.root.iterdir() if path.is_file()}
    values = dict(row.split("=", 1) for row in files["o.txt"].splitlines())
    digest = json.loads(files["plan.json"])["cspdecl"]["digest"]

    assert ended.returncode == 2
    assert "Plan: " in ended.stdout
    assert files["p.json"] == files["plan.json"]
    assert files["c.md"] == files["s.md"]
    assert files["c.md"].splitlines()[0].endswith(f" digest={digest} -->")
    assert (values["digest"], values["exitcode"], values["has_changes"]) == (digest, "2", "true")
    assert sum(json.loads(files["g.json"]).values()) == int(values["add"]) + int(values["change"])
    assert files["p.html"].startswith("<!doctype html>")


def test_a_saved_plan_shows_the_same(project):
    """`show` writes the comment that `plan` wrote, links to lines included, without the manifests."""
    project.run(
        "plan", "--out", "plan.json", "--write", "markdown=made.md", "--write", "annotations=made.txt", **GITHUB
    )
    (project.root / "customers" / "alpha.yaml").unlink()
    ended = project.run("show", "plan.json", "--format", "markdown", "--write", "annotations=again.txt", **GITHUB)

    assert ended.stdout == (project.root / "made.md").read_text("utf-8")
    assert "https://github.com/n/kunden/blob/0123abc/customers/alpha.yaml#L" in ended.stdout
    assert (project.root / "again.txt").read_text("utf-8") == (project.root / "made.txt").read_text("utf-8")


def test_a_project_in_a_folder_of_its_repository(project):
    """Paths and links begin at the repository's top; `--link-base` wins over the pipeline's variables."""
    subprocess.run(["git", "init", "-q", str(project.root.parent)], check=True)
    ended = project.run(
        "plan", "--format", "annotations", "--write", "markdown=c.md", "--link-base", "https://c.example/", **GITHUB
    )

    assert "file=project/customers/alpha.yaml,line=" in ended.stdout
    assert "https://c.example/project/customers/alpha.yaml#L" in (project.root / "c.md").read_text("utf-8")


def test_what_other_steps_wrote_stays(project):
    """Outputs and summaries are added to their files, others replace theirs."""
    for name in ("o.txt", "s.md", "c.md"):
        (project.root / name).write_text("before=1\n")
    project.run("plan", "--write", "outputs=o.txt", "--write", "summary=s.md", "--write", "markdown=c.md")
    begins = {
        name: (project.root / name).read_text("utf-8").startswith("before=1\n") for name in ("o.txt", "s.md", "c.md")
    }

    assert begins == {"o.txt": True, "s.md": True, "c.md": False}


def test_a_full_summary_is_not_spilled(project):
    """GitHub drops the whole summary above its limit: what does not fit any more is left out."""
    (project.root / "s.md").write_text("x" * 1_048_000)
    ended = project.run("plan", "--write", "summary=s.md")

    assert ended.returncode == 0
    assert (project.root / "s.md").stat().st_size <= 1_048_576


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--write", "nonsense=x"), "FORMAT one of text, json"),
        (("--write", "markdown"), "write FORMAT=FILE"),
        (("--link-base", "javascript:alert(1)"), "begins with https://"),
        (("--write", "json=x", "--show", "sell"), "holds cost and margin"),
        (("--write", "markdown=x", "--prices", "next"), "a rehearsal is no plan"),
    ],
)
def test_wrong_usage(project, words, said):
    """What cannot be meant is refused before anything is read."""
    ended = project.run("plan", *words)

    assert ended.returncode == 64
    assert said in " ".join(ended.stderr.split())
    assert not (project.root / "x").exists()


def test_what_is_wrong_is_marked_at_its_line(project):
    """`validate` marks every error of every file for the agent that runs it, and still says it to people."""
    path = project.root / "customers" / "alpha.yaml"
    path.write_text(path.read_text("utf-8").replace("seats: 10", "seats: many"), "utf-8")
    line = next(number for number, row in enumerate(path.read_text("utf-8").splitlines(), 1) if "many" in row)
    ended = project.run("validate", "--write", "annotations=a.txt", "--write", "json=v.json")
    found = (project.root / "a.txt").read_text("utf-8")

    assert ended.returncode == 65
    assert f"alpha.yaml:{line}:" in ended.stderr
    assert found.startswith(f"::error file=customers/alpha.yaml,line={line},col=")
    assert json.loads((project.root / "v.json").read_text("utf-8"))["diagnostics"]
    assert project.run("validate", "--format", "azure").stdout.startswith("##vso[task.logissue type=error;sourcepath=")
