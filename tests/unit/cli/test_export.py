"""`export` writes a project of its own, and only where one can be."""

from __future__ import annotations

from tests.unit.cli.command import Project
from tests.unit.engine.estates import declare


def test_an_export_inside_the_project_is_refused(tmp_path):
    """A project inside another would be read with it and break it: nothing is written there."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 10)

    ended = project.run("export", "--to", "out")

    assert (1, False) == (ended.returncode, (project.root / "out").exists())
    assert "lies inside the project" in ended.stderr


def test_an_export_overwrites_nothing(tmp_path):
    """A folder that holds manifests stays as it is."""
    project = Project(tmp_path)
    assert 0 == project.run("export", "--to", "../out").returncode

    ended = project.run("export", "--to", "../out")

    assert (1, True) == (ended.returncode, "already holds manifests" in ended.stderr)


def test_an_exported_project_plans_nothing(tmp_path):
    """What was exported is a whole project: valid, adopted without a question, and then there is nothing to do."""
    project = Project(tmp_path)
    declare(project.estate, "alpha", 10)
    declare(project.estate, "beta", 4)
    assert 0 == project.run("apply", "--auto-approve").returncode
    assert 0 == project.run("export", "--to", "../out").returncode
    project.root = tmp_path / "out"

    assert 0 == project.run("validate").returncode
    assert 0 == project.run("adopt", "--auto-approve").returncode
    assert 0 == project.run("plan", "--detailed-exitcode").returncode
