"""`cspdecl simulate`: the simulated Partner Center from the command line."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from . import cli_money, cli_world, server


@click.group()
@click.version_option(package_name="cspdecl-simulator")
def simulate() -> None:
    """A simulated Partner Center: serve it, fill it, move its clock, edit as a person in the portal would, break it."""


@simulate.command()
@cli_world.world_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=0, show_default=True, help="0 takes a free one.")
@click.option("--tls", is_flag=True, help="Serve HTTPS with a certificate made for the occasion.")
@click.option(
    "--ca-file",
    type=click.Path(path_type=Path),
    help="Where to write the certificate authority; default beside the world file.",
)
@click.option("--throttle", default=None, help="off, documented, or requests a minute.")
@click.option("--provisioning", type=float, default=None, help="Seconds until an order is completed.")
@click.option("--pid-file", type=click.Path(path_type=Path))
@click.option("--ready-file", type=click.Path(path_type=Path), help="Gets the base URL when the port is open.")
def serve(
    world: Path,
    host: str,
    port: int,
    tls: bool,
    ca_file: Path | None,
    throttle: str | None,
    provisioning: float | None,
    pid_file: Path | None,
    ready_file: Path | None,
) -> None:
    """Serve the world over HTTP until interrupted."""
    simulator = cli_world.open_world(world)
    changes: dict[str, object] = {}
    if throttle is not None:
        if throttle not in ("off", "documented") and not throttle.isdigit():
            raise click.BadParameter("off, documented or a number", param_hint="--throttle")
        changes["throttle"] = throttle
    if provisioning is not None:
        changes["provisioning_seconds"] = provisioning
    if changes:
        simulator.configure(**changes)
    settings = simulator.settings

    def ready(url: str) -> None:
        click.echo(f"simulated Partner Center at {url}")
        click.echo(
            f"world {world} · business time {simulator.describe_time()} · throttling {settings.throttle} · "
            f"tenant {settings.partner_tenant}"
        )
        if ca_file is not None and tls:
            click.echo(f"certificate authority: {ca_file}")
        if ready_file is not None:
            part = ready_file.with_suffix(ready_file.suffix + ".part")
            part.write_text(url + "\n", "utf-8")
            part.replace(ready_file)

    if pid_file is not None:
        pid_file.write_text(f"{os.getpid()}\n", "utf-8")
    try:
        with tempfile.TemporaryDirectory() as folder:
            certificates = None
            if tls:
                ca_file = ca_file or world.with_suffix(".ca.pem")
                certificates = server.certificate(host, ca_file, Path(folder))
            server.serve(simulator, host, port, certificates=certificates, ready=ready)
    except OSError as problem:
        raise click.ClickException(f"cannot listen on {host}:{port}: {problem.strerror}") from problem
    finally:
        for path in (pid_file, ready_file):
            if path is not None:
                path.unlink(missing_ok=True)
        simulator.close()


for command in (*cli_world.COMMANDS, *cli_money.COMMANDS):
    simulate.add_command(command)
