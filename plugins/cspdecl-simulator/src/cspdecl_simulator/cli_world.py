"""The commands that work on a world file: seed, advance, clock, edit, fault, status, requests, settings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from . import faults, portal
from .manifests import ManifestError, read_tree
from .populate import configure_from, parse_span, populate, read_edits
from .pricelist import PriceListError
from .settings import Settings
from .simulator import Simulator
from .storage import Store
from .wire import Refusal, iso, moment

world_option: Callable[[Any], Any] = click.option(
    "--world",
    default=".cspdecl/simulator.db",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The world file.",
)


def open_world(path: Path) -> Simulator:
    """Opens a world file, making it and its folder when they are not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Simulator(str(path))


@contextmanager
def opened(path: Path) -> Iterator[Simulator]:
    """A world for one command; what a user got wrong becomes a message, never a traceback."""
    simulator = open_world(path)
    try:
        yield simulator
    except Refusal as refusal:
        raise click.ClickException(f"refused ({refusal.code}): {refusal.description}") from refusal
    except (ManifestError, PriceListError, portal.NotFoundError) as problem:
        raise click.ClickException(str(problem)) from problem
    finally:
        simulator.close()


def _span(text: str) -> Any:
    try:
        return parse_span(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from problem


def _instant(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError as problem:
        raise click.BadParameter(f"{text!r} is no ISO date or time") from problem


@click.command()
@world_option
@click.option(
    "--from-manifests",
    "manifests",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A reseller's tree.",
)
@click.option(
    "--differ", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Differences, see the README."
)
@click.option("--customers", type=click.IntRange(0), default=0, help="Made-up customers.")
@click.option(
    "--subscriptions", type=click.IntRange(0), default=5, show_default=True, help="Subscriptions for each of them."
)
@click.option("--seed", "random_seed", type=int, default=1, show_default=True, help="The same number, the same world.")
@click.option(
    "--prices", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A price list in 18 columns."
)
@click.option("--partner-tenant", help="The partner's tenant id.")
@click.option("--currency", help="The partner's billing currency.")
@click.option("--environment", type=click.Choice(["production", "sandbox"]))
@click.option("--at", "at", help="Freeze business time at this instant first.")
def seed(
    world: Path,
    manifests: Path | None,
    differ: Path | None,
    customers: int,
    subscriptions: int,
    random_seed: int,
    prices: Path | None,
    partner_tenant: str | None,
    currency: str | None,
    environment: str | None,
    at: str | None,
) -> None:
    """Fill the world: from manifests, or with made-up customers."""
    if differ is not None and manifests is None:
        raise click.UsageError("--differ needs --from-manifests")
    with opened(world) as simulator:
        if at is not None:
            simulator.freeze(_instant(at))
        if prices is not None:
            click.echo(f"{simulator.load_prices(prices)} price rows from {prices}")
        declared = read_tree(manifests) if manifests is not None else None
        if declared is not None:
            configure_from(simulator, declared.project)
        changes: dict[str, Any] = {"partner_tenant": partner_tenant, "currency": currency, "environment": environment}
        changes = {name: value for name, value in changes.items() if value is not None}
        if changes:
            simulator.configure(**changes)
        if declared is not None:
            counts = populate(simulator, declared, read_edits(differ) if differ is not None else None)
            click.echo(f"{counts[0]} customers and {counts[1]} subscriptions as declared")
        if customers:
            simulator.seed_many(customers, subscriptions, random_seed)
            click.echo(f"{customers} made-up customers with up to {subscriptions} subscriptions each")


@click.command()
@world_option
@click.argument("span")
def advance(world: Path, span: str) -> None:
    """Move business time on (8d, 12h, 30m …) and let everything due come true."""
    wanted = _span(span)
    with opened(world) as simulator:
        click.echo(iso(simulator.advance(wanted)))


@click.command()
@world_option
@click.option("--set", "instant", help="An ISO date or time.")
@click.option("--freeze", is_flag=True, help="Stop it where it stands, or at --set.")
@click.option("--run", is_flag=True, help="Let it run beside the machine's clock.")
def clock(world: Path, instant: str | None, freeze: bool, run: bool) -> None:
    """Show business time, set it, freeze it, let it run."""
    if freeze and run:
        raise click.UsageError("--freeze and --run exclude each other")
    wanted = _instant(instant) if instant is not None else None
    with opened(world) as simulator:
        if freeze:
            simulator.freeze(wanted)
        elif wanted is not None:
            simulator.set_time(wanted)
        if run:
            simulator.run()
        state = "frozen" if simulator.clock.frozen_at is not None else "running"
        click.echo(f"{simulator.describe_time()} {state}")


@click.command()
@world_option
@click.argument("customer")
@click.argument("subscription", required=False)
@click.option("--seats", type=click.IntRange(1))
@click.option("--auto-renew", type=click.Choice(["on", "off"]))
@click.option("--status", type=click.Choice(["active", "suspended", "deleted"]))
@click.option("--name", help="A new friendly name.")
@click.option("--buy", help="Buy this PID:SID instead of editing.")
@click.option("--term", default="P1Y", show_default=True)
@click.option("--billing", default="monthly", show_default=True)
@click.option("--accept-agreement", is_flag=True, help="The customer signs the customer agreement directly.")
@click.option("--user", default=portal.PORTAL_USER, show_default=True, help="Who is at the portal.")
def edit(
    world: Path,
    customer: str,
    subscription: str | None,
    seats: int | None,
    auto_renew: str | None,
    status: str | None,
    name: str | None,
    buy: str | None,
    term: str,
    billing: str,
    accept_agreement: bool,
    user: str,
) -> None:
    """Edit as a person in the portal would: same rules as the API, an audit record in that person's name.

    CUSTOMER is an id, a domain or its prefix, a company or a manifest name; SUBSCRIPTION an id, a friendly name or
    PID:SID.
    """
    changes: dict[str, Any] = {"quantity": seats, "status": status, "friendlyName": name}
    changes = {key: value for key, value in changes.items() if value is not None}
    if auto_renew is not None:
        changes["autoRenewEnabled"] = auto_renew == "on"
    with opened(world) as simulator:
        found = portal.find_customer(simulator, customer)
        if accept_agreement:
            simulator.edit_customer(found["id"], direct_signed=True)
            click.echo(f"{found['company']}: the customer agreement is signed")
        if buy is not None:
            if seats is None:
                raise click.UsageError("--buy needs --seats")
            try:
                order = portal.buy(simulator, found["id"], buy, seats, term, billing, user=user)
            except KeyError as problem:
                raise click.ClickException(f"{buy} is not in the catalogue") from problem
            click.echo(f"{found['company']}: order {order['id']}, {seats} × {buy}")
        elif changes:
            if subscription is None:
                raise click.UsageError("name the subscription to edit")
            row = portal.find_subscription(simulator, found["id"], subscription)
            after = portal.edit(simulator, found["id"], row["id"], changes, user=user)
            click.echo(
                f"{found['company']}: {after['friendlyName']} · {after['quantity']} seats · {after['status']} · "
                f"auto-renew {'on' if after['autoRenewEnabled'] else 'off'}"
            )
        elif not accept_agreement:
            raise click.UsageError("nothing to change: see --help")


@click.group()
def fault() -> None:
    """Script bad days: lost answers, errors, slowness, throttling."""


@fault.command("add")
@world_option
@click.argument("kind", type=click.Choice(faults.KINDS))
@click.argument("argument", default="")
@click.option("--path", "pattern", default="*", show_default=True, help="A glob over the request path.")
@click.option("--method", default="*", show_default=True)
@click.option("--times", type=click.IntRange(0), default=1, show_default=True, help="0 = always.")
@click.option(
    "--after", default="0", show_default=True, help="Let N matching requests pass first; `commit`: do the work."
)
def fault_add(world: Path, kind: str, argument: str, pattern: str, method: str, times: int, after: str) -> None:
    """Script one fault; ARGUMENT is seconds for slow and throttle, order groups for order-error."""
    if after.lower() == "commit":
        kind, after = ("error-500-after" if kind in ("error-500", "error-503") else kind), "0"
    if not after.isdigit():
        raise click.BadParameter("a number of requests, or commit", param_hint="--after")
    with opened(world) as simulator:
        try:
            name = simulator.fault(kind, argument=argument, path=pattern, method=method, times=times, after=int(after))
        except ValueError as problem:
            raise click.BadParameter(str(problem)) from problem
        click.echo(name)


@fault.command("list")
@world_option
def fault_list(world: Path) -> None:
    """List the scripted faults."""
    with opened(world) as simulator:
        for item in simulator.faults():
            left = "always" if item["left"] < 0 else f"{item['left']} left"
            what = f"{item['kind']} {item['argument']}".strip()
            click.echo(f"{item['id']}  {what}  {item['method']} {item['path']}  {left}, after {item['after']}")


@fault.command("clear")
@world_option
@click.argument("name", required=False)
def fault_clear(world: Path, name: str | None) -> None:
    """Drop one fault, or all of them."""
    with opened(world) as simulator:
        simulator.clear_faults(name)


def _counts(store: Store) -> tuple[Counter[str], int]:
    """Subscriptions by status, and the seats of the live ones."""
    by_status: Counter[str] = Counter()
    seats = 0
    for _, customer in store.customer_rows():
        for row in store.resources(customer["id"], "subscription").values():
            by_status[row["status"]] += 1
            seats += row["quantity"] if row["status"] in ("active", "suspended") else 0
    return by_status, seats


@click.command()
@world_option
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(world: Path, shape: str) -> None:
    """What is in the world: clock, customers, subscriptions, seats, requests, faults."""
    with opened(world) as simulator:
        by_status, seats = _counts(simulator.store)
        log = simulator.requests()
        endpoints = Counter(f"{item['method']} {item['endpoint']}" for item in log)
        report = {
            "time": simulator.describe_time(),
            "clock": "frozen" if simulator.clock.frozen_at is not None else "running",
            "customers": simulator.store.customer_count(),
            "subscriptions": dict(by_status),
            "seats": seats,
            "requests": dict(endpoints),
            "throttle": {
                "mode": simulator.settings.throttle,
                "refused": sum(1 for item in log if item["status"] == 429),
            },
            "faults": simulator.faults(),
            "settings": simulator.settings.to_dict(),
        }
        if shape == "json":
            click.echo(json.dumps(report, indent=2))
            return
        click.echo(f"business time {report['time']} ({report['clock']})")
        states = ", ".join(f"{count} {name}" for name, count in by_status.items()) or "none"
        click.echo(f"{report['customers']} customers · subscriptions: {states} · {seats} seats")
        click.echo(
            f"throttling {simulator.settings.throttle}, {sum(1 for item in log if item['status'] == 429)} refused"
        )
        click.echo(f"{len(simulator.faults())} faults")
        for name, count in endpoints.most_common():
            click.echo(f"{count:6}  {name}")


@click.command()
@world_option
@click.option("--writes", is_flag=True, help="Only what could change something.")
@click.option("--after", type=int, default=0, help="Only requests after this number.")
@click.option("--clear", is_flag=True, help="Forget the log.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
def requests(world: Path, writes: bool, after: int, clear: bool, shape: str) -> None:
    """The request log."""
    with opened(world) as simulator:
        found = simulator.requests(writes=writes, after=after)
        if shape == "json":
            click.echo(json.dumps(found, indent=2))
        else:
            for item in found:
                click.echo(
                    f"{item['seq']:6}  {item['status']}  {item['method']:6} {item['path']}  {item['fault']}".rstrip()
                )
            click.echo(f"{len(found)} requests")
        if clear:
            simulator.clear_requests()


@click.command("settings")
@world_option
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
def settings_command(world: Path, changes: tuple[str, ...]) -> None:
    """Show the settings, or change some."""
    kinds = {field.name: type(getattr(Settings(), field.name)) for field in fields(Settings)}
    wanted: dict[str, Any] = {}
    for change in changes:
        name, _, value = change.partition("=")
        name = name.replace("-", "_")
        if name not in kinds:
            raise click.BadParameter(f"{name} is no setting; known: {', '.join(kinds)}")
        try:
            wanted[name] = value.lower() in ("true", "on", "yes", "1") if kinds[name] is bool else kinds[name](value)
        except ValueError as problem:
            raise click.BadParameter(f"{name} takes a {kinds[name].__name__}") from problem
    with opened(world) as simulator:
        if wanted:
            simulator.configure(**wanted)
        for name, value in simulator.settings.to_dict().items():
            click.echo(f"{name}={value}")


COMMANDS = (seed, advance, clock, edit, fault, status, requests, settings_command)
