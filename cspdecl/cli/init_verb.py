"""`cspdecl init`: a project to start from."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from cspdecl.cli.common import guarded, language, show_line
from cspdecl.cli.pages import shipped
from cspdecl.core.errors import ConfigurationError


@click.command()
@click.argument("folder", type=click.Path(file_okay=False), default=".")
@click.option("--demo", is_flag=True, help="The reseller with 100 customers instead of the smallest project.")
@guarded
def command(folder: str, *, demo: bool) -> None:
    """Write a project into FOLDER, which must hold no manifests yet."""
    target = Path(folder)
    if target.exists() and any(target.glob("*.y*ml")):
        raise ConfigurationError(f"{target} already holds manifests: init never overwrites")
    name = "reseller-100" if demo else "starter"
    shutil.copytree(shipped(f"templates/{name}", f"manifests/{name}"), target, dirs_exist_ok=True)
    show_line(
        language(click.get_current_context()).say(
            "written to {folder}; next: cspdecl -C {folder} validate", folder=target
        )
    )
