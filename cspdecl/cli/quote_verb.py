"""`cspdecl quote ADDRESS`: what one change would cost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from cspdecl.cli.common import Instant, emit_json, guarded, open_session
from cspdecl.core.address import Address

if TYPE_CHECKING:
    from cspdecl.engine.quote import Quote


@click.command()
@click.argument("address")
@click.option("--seats", type=click.IntRange(min=0), help="Seats afterwards; default: as declared.")
@click.option("--on", "day", type=Instant(), help="The day of the change (UTC); default: today by the machine's clock.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
@guarded
def command(ctx: click.Context, address: str, seats: int | None, day: datetime | None, style: str) -> None:
    """Quote a declared subscription, such as `cspdecl quote hafenkontor/visio --seats 5 --on 2027-01-03`."""
    from cspdecl.engine.quote import quote_line

    try:
        where = Address.parse(address)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    with open_session(ctx) as session:
        found = quote_line(session, where, seats=seats, on=day or datetime.now(UTC))
    if style == "json":
        emit_json(quote_document(found))
    else:
        click.echo(_text(found), nl=False)


def _text(quote: Quote) -> str:
    from cspdecl.commerce.prices import UnknownPrice

    day = f"{quote.on:%Y-%m-%d}"
    lines = [f"{quote.address}  {quote.title}", f"  {quote.before} → {quote.after} seats on {day} (UTC)"]
    if isinstance(quote.price, UnknownPrice):
        lines.append(f"  cost unknown: {quote.price.reason}")
    else:
        unit = quote.price
        lines.append(
            f"  one seat {unit.cycle_price} a charge cycle ({unit.term} {unit.billing}, price list {unit.list_date})"
        )
        for line in quote.lines:
            lines.append(f"  {line.role:7} {line.quantity} × {_decimal(line.unit_effective)} = {line.amount}")
        if quote.preview.cost_now is not None:
            lines.append(
                f"  cost now {quote.preview.cost_now}, an estimate for "
                f"{quote.preview.days} of {quote.preview.cycle_days} days"
            )
        lines.extend(f"  unknown: {reason}" for reason in quote.preview.unknown)
        if quote.cost_month is not None:
            lines.append(f"  cost {quote.cost_month} a month")
    if quote.sell_month is not None:
        lines.append(f"  sell {quote.sell_month} a month")
    if quote.commitment is not None and quote.commitment_until is not None:
        lines.append(f"  new commitment {quote.commitment} until {quote.commitment_until:%Y-%m-%d} (exclusive)")
    if quote.live_as_of is not None:
        lines.append(f"  based on what was read {quote.live_as_of:%Y-%m-%d %H:%M} UTC")
    return "\n".join(lines) + "\n"


def _decimal(exact: Fraction) -> str:
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    return format(value.quantize(Decimal("0.000001")).normalize(), "f")  # shown only: amounts are computed exactly


def quote_document(quote: Quote) -> dict[str, Any]:
    """The quote as JSON: exact fractions beside rounded amounts; unknown amounts are absent."""
    from cspdecl.core.plain import to_plain

    document: dict[str, Any] = {
        "address": str(quote.address),
        "before": quote.before,
        "after": quote.after,
        "on": quote.on.isoformat(),
        "price": to_plain(quote.price),
        "preview": to_plain(quote.preview),
        "lines": [to_plain(line) for line in quote.lines],
    }
    for name in ("cost_month", "sell_month", "commitment", "commitment_until", "live_as_of"):
        value = getattr(quote, name)
        if value is not None:
            document[name] = to_plain(value)
    return document
