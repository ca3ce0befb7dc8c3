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
    _help_editors(target)
    show_line(
        language(click.get_current_context()).say(
            "written to {folder}; next: cspdecl -C {folder} validate", folder=target
        )
    )


def _help_editors(target: Path) -> None:
    """Write the schema that editors read, and into every manifest the line by which they find it."""
    from cspdecl.engine.session import Session
    from cspdecl.engine.suggestions import write_schema
    from cspdecl.manifest.files import find_files
    from cspdecl.manifest.schema_local import with_modeline

    for name in find_files(target)[0]:
        file = target / name
        file.write_text(with_modeline(file.read_text(encoding="utf-8"), name), encoding="utf-8")
    with Session(target) as session:
        write_schema(session)
