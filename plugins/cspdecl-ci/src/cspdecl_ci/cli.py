"""`cspdecl ci`: what a pipeline runs."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cspdecl_ci import environment
from cspdecl_ci.processes import Cspdecl, git

Function = TypeVar("Function", bound=Callable[..., Any])
FORGES = click.Choice(["github", "gitlab", "azure"])


@click.group(name="ci")
def command() -> None:
    """What a pipeline does: plan on a pull request, apply what was approved, look for drift.

    The code host is recognised by its environment. Its token comes from there, too: GITHUB_TOKEN, GITLAB_TOKEN or
    SYSTEM_ACCESSTOKEN.
    """


def common(function: Function) -> Function:
    """The options that all verbs here share."""
    for option in (
        click.option("--forge", type=FORGES, help="The code host; from the environment where not given."),
        click.option("--key", help="Tells projects of one repository apart; the project's folder where not given."),
        click.option(
            "--output", type=click.Path(file_okay=False), help="Where files go; `.cspdecl/ci` where not given."
        ),
        click.option(
            "--show", type=click.Choice(["sell", "all"]), default="sell", show_default=True,
            help="`all` posts cost and margin, too.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@command.command()
@common
@click.pass_context
def plan(ctx: click.Context, /, **options: Any) -> None:
    """Plan what a pull request changes and show it there, in one comment that is kept up to date.

    A fork's change is planned offline by a process without credentials; so is one that says anew where to connect.
    """
    from cspdecl_ci.planning import plan_change

    ctx.exit(plan_change(_desk(ctx, **options)))


@command.command()
@common
@click.option(
    "--plan-from", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Where saved plans lie."
)
@click.option(
    "--wait", "seconds", type=click.IntRange(min=0), default=900, show_default=True, metavar="SECONDS",
    help="How long to wait for another run's lock.",
)  # fmt: skip
@click.pass_context
def apply(ctx: click.Context, /, plan_from: Path | None, seconds: int, **options: Any) -> None:
    """Carry out the plan that was shown and approved on the merged pull request, and say there what was done.

    Ends as `cspdecl apply` does; with 3 where something would be sent that nobody was shown, with 7 where the plan that
    was shown is not to be had or does not fit any more.
    """
    from cspdecl_ci.applying import Waiting, apply_merged

    ctx.exit(apply_merged(_desk(ctx, **options), plan_from=plan_from, waiting=Waiting(seconds=float(seconds))))


@command.command()
@common
@click.option("--title", help="The issue's title; `Drift in NAME` where not given.")
@click.option("--record", "take", is_flag=True, help="Take renewals and changes made elsewhere into the ledger first.")
@click.pass_context
def drift(ctx: click.Context, /, title: str | None, *, take: bool, **options: Any) -> None:
    """Look for drift, keep one issue about it, and end with 2 when what differs has changed."""
    from cspdecl_ci.drifting import look_for_drift

    ctx.exit(look_for_drift(_desk(ctx, **options), title=title, take=take))


@command.command()
@click.option("--forge", type=FORGES, help="The code host; from the environment where not given.")
@click.option("--audience", default=environment.ENTRA, show_default=True, help="Whom the token is for.")
def token(forge: str | None, audience: str) -> None:
    """Print this job's identity token, for `federatedTokenFrom: {command: [cspdecl, ci, token]}`."""
    name = environment.forge_name(os.environ, forge)
    click.echo(environment.identity_token(os.environ, name, audience))


def _desk(ctx: click.Context, *, forge: str | None, key: str | None, output: str | None, show: str) -> Any:
    from cspdecl_ci.desk import Desk, refuse_planted
    from cspdecl_ci.sticky import key_of
    from cspdecl_ci.texts import language_of

    given = ctx.obj if isinstance(ctx.obj, dict) else {}
    project, variables = Path(given.get("project") or ".").absolute(), dict(os.environ)
    name = environment.forge_name(variables, forge)
    refuse_planted(project)
    inside = git(project, "rev-parse", "--show-prefix") or "."
    return Desk(
        job=environment.job_of(variables, name),
        forge=functools.cache(lambda: environment.forge_of(variables, name)),
        cspdecl=Cspdecl(project=project, environment=variables, echo=_log),
        folder=Path(output).absolute() if output else project / ".cspdecl" / "ci",
        key=key_of(key or inside),
        show="all" if show == "all" else "sell",
        language=given.get("lang") or language_of(variables),
        environment=variables,
        echo=_log,
    )


def _log(text: str) -> None:
    click.echo(text.rstrip("\n"))
    sys.stdout.flush()
