"""The commands about money: the reconciliation file of a month, and what prices do next."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from .charging import billing, columns
from .cli_world import opened, world_option
from .wire import Doc, iso, moment
from .world import pricesheets

_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")


@click.command()
@world_option
@click.option("--month", required=True, help="The month, 2026-12.")
@click.option("--unbilled", is_flag=True, help="Without waiting for the invoice.")
@click.option("--currency", help="The billing currency; default the partner's own.")
@click.option("--format", "shape", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option(
    "--attributes", type=click.Choice(["full", "basic"]), default="full", show_default=True, help="For jsonl."
)
@click.option("--gzip", "packed", is_flag=True, help="A gzip of several members, as the portal's files are.")
@click.option("--quirks", is_flag=True, help="Numbers behind apostrophes, as some portal files have them.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where to write it.")
def recon(
    world: Path,
    month: str,
    unbilled: bool,
    currency: str | None,
    shape: str,
    attributes: str,
    packed: bool,
    quirks: bool,
    out: Path,
) -> None:
    """Write the reconciliation file of a month, as the portal exports it."""
    if not _MONTH.match(month):
        raise click.BadParameter(f"{month!r} is no month such as 2026-12", param_hint="--month")
    with opened(world) as simulator:
        simulator.settle_all()
        now = simulator.now
        invoice = billing.Invoice(period=month, currency=(currency or simulator.settings.currency).upper())
        lines: list[Doc]
        if unbilled:
            lines = billing.unbilled_lines(simulator.store, month, invoice.currency, now)
        elif invoice.ready > now:
            raise click.ClickException(
                f"the invoice for {month} is ready on {invoice.ready:%Y-%m-%d}, it is {now:%Y-%m-%d}: "
                "advance the clock, or ask for --unbilled"
            )
        else:
            lines = billing.billed_lines(simulator.store, invoice)
        if shape == "jsonl":
            chunks = columns.json_lines(lines, attributes).splitlines(keepends=True)
        else:
            chunks = [row.encode("utf-8") for row in columns.csv_rows(lines, quirks=quirks)]
        out.write_bytes(columns.packed(chunks) if packed else b"".join(chunks))
        found = sum((Decimal(line["subtotal"]) for line in lines), Decimal(0))
        click.echo(f"{len(lines)} lines, {found} {invoice.currency} before tax, to {out}")


@click.command()
@world_option
@click.option(
    "--next", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A list that takes over."
)
@click.option("--raise", "percent", help="Raise every price, 5% or -2.5%.")
@click.option("--from", "day", help="From this day; default the first of next month.")
@click.option("--clear", is_flag=True, help="Forget every change.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a price sheet here.")
@click.option("--timeline", type=click.Choice(["current", "future", "history"]), default="current", show_default=True)
@click.option("--month", default="", help="With history: 202612.")
@click.option("--view", default="updatedlicensebased", show_default=True)
@click.option("--market", default="", help="Default: the partner's own country.")
def prices(
    world: Path,
    path: Path | None,
    percent: str | None,
    day: str | None,
    clear: bool,
    out: Path | None,
    timeline: str,
    month: str,
    view: str,
    market: str,
) -> None:
    """Say what prices do next, or write a price sheet; without options: list the changes."""
    if path is not None and percent is not None:
        raise click.UsageError("--next and --raise exclude each other")
    with opened(world) as simulator:
        if clear:
            simulator.forget_price_changes()
        if path is not None or percent is not None:
            try:
                at = moment(day) if day else None
                wanted = str(Decimal(percent.strip().removesuffix("%"))) if percent else None
            except (ValueError, InvalidOperation) as problem:
                raise click.BadParameter("--from takes a date, --raise a percentage such as 5%") from problem
            if wanted is not None and not Decimal(-100) < Decimal(wanted) < Decimal(1000):
                raise click.BadParameter("a percentage above -100", param_hint="--raise")
            simulator.change_prices(at=at, path=path, percent=wanted)
        for change in simulator.price_changes():
            what = f"all prices by {change['raise']} %" if change["raise"] else f"{len(change['rows'])} rows of a list"
            click.echo(f"from {change['from'][:10]}: {what}")
        if out is not None:
            where, now = (market or simulator.settings.country).upper(), simulator.now
            out.write_bytes(pricesheets.price_file(simulator.catalog, view.lower(), where, timeline, month, now))
            click.echo(f"{timeline} price sheet of {where} at {iso(now)[:10]}, to {out}")


COMMANDS = (recon, prices)
