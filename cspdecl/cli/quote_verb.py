"""`cspdecl quote`: what one change would cost, of a declared line or from bare figures; charge cycles; common ends."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cspdecl.cli.common import Instant, emit_json, guarded, language, leave, open_session, show_diagnostics, show_line
from cspdecl.cli.figure_types import Amount, Currency, Day, Days, End, OneOf, Quantity, Share

if TYPE_CHECKING:
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.core.terms import BillingCycle, Term

_TERMS = ("P1M", "P1Y", "P3Y", "OneTime")
_PLANS = ("monthly", "annual", "triennial", "none", "one_time")
_CHARGES = (
    "new", "renew", "cycleCharge", "addQuantity", "removeQuantity", "cancelImmediate", "convert", "changeBillingPlan",
    "usage",
)  # fmt: skip
_PROFILES = (
    "msft.v1", "msft.plan_months.v1", "msft.unit_down.v1", "msft.line_down.v1", "halfup.v1", "mc2019.v1", "legacy.v1",
    "legacy.daily.v1",
)  # fmt: skip


#: Options that belong to one way of asking and make no sense with another.
_DECLARED = ("seats", "offer")
_FIGURES = (
    "per", "currency", "anchor", "cycle_end", "counted", "before", "after", "charge", "discount", "uplift",
    "to_price", "to_term", "to_billing", "to_discount", "list_price", "profile",
)  # fmt: skip
_OPTIONS = {
    "per": "--price-per", "anchor": "--cycle-start", "counted": "--days", "before": "--from", "after": "--to",
    "to_price": "--to-unit-price", "day": "--on", "ends": "--with", "price": "--unit-price",
}  # fmt: skip


@click.command()
@click.argument("address", required=False)
@click.option("--seats", type=click.IntRange(min=0), help="Declared line: seats afterwards, 0 to cancel.")
@click.option("--offer", metavar="PID:SKU", help="Declared line: what it would cost to go over to this offer.")
@click.option("--on", "day", type=Instant(), help="The day of the change (UTC); of a declared line default today.")
@click.option("--unit-price", "price", type=Amount(), help="Figures: what one seat costs a charge cycle.")
@click.option("--price-per", "per", type=OneOf("cycle", "term"), help="What prices are for; default: cycle.")
@click.option("--discount", type=Share(), help="Off the price, such as 10% of a promotion.")
@click.option("--uplift", type=Share(), help="On the price before it is divided, such as 5%.")
@click.option("--currency", type=Currency(), help="ISO 4217, for its decimals; default: two, without a name.")
@click.option("--term", type=OneOf(*_TERMS))
@click.option("--billing", type=OneOf(*_PLANS))
@click.option("--cycle-start", "anchor", type=Day(), help="First day of any charge cycle on or before --on.")
@click.option("--cycle-end", type=Day(), help="Last day of the cycle that starts on --cycle-start, where it is known.")
@click.option("--days", "counted", type=Days(), metavar="N/M", help="Days charged of days in the cycle, without dates.")
@click.option("--from", "before", type=Quantity(), help="Seats before.")
@click.option("--to", "after", type=Quantity(), help="Seats afterwards; of an upgrade: those that stay, 0 for none.")
@click.option("--charge", type=OneOf(*_CHARGES), help="The type of charge; default: what --from and --to say.")
@click.option("--to-unit-price", "to_price", type=Amount(), help="Upgrade: what one seat of the other offer costs.")
@click.option("--to-term", type=OneOf(*_TERMS), help="Upgrade: a new term that begins on the day, such as a trial's.")
@click.option("--to-billing", type=OneOf(*_PLANS), help="Upgrade: the other offer's billing plan.")
@click.option("--to-discount", type=Share(), help="Upgrade: off the other offer's price.")
@click.option("--list-price", type=Amount(), help="The list (ERP) price beside --unit-price: shows the margin.")
@click.option("--profile", type=OneOf(*_PROFILES), help="Count and round as at another time or place.")
@click.option("--start-month", is_flag=True, help="A cycle counts the days of the month it starts in.")
@click.option("--cycles", is_flag=True, help="List charge cycles from --start on.")
@click.option("--coterm", is_flag=True, help="List the days a first term bought on --start may end.")
@click.option("--start", type=Day(), help="For --cycles and --coterm: the day of purchase.")
@click.option("--count", type=click.IntRange(1, 1200), help="For --cycles: how many; default: those of one term.")
@click.option("--with", "ends", type=End(), multiple=True, metavar="DAY[:TERM]", help="For --coterm: an end to share.")
@click.option("--addon-minimum", "share", type=Share(), help="Least seats of an add-on, such as 5%, of --base-seats.")
@click.option("--base-seats", type=click.IntRange(min=0), help="Seats of the offers an add-on is for.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
@guarded
def command(ctx: click.Context, /, style: str, **given: Any) -> None:
    r"""What one change would cost.

    Of a declared line, `cspdecl quote hafenkontor/visio --seats 5 --on 2027-01-03`, by the rules of `plan`: what can be
    done on the day, what only at the renewal and stays billed until then, what is refused. Asks nobody: seats and
    windows are those read last.

    From bare figures, without any project: `cspdecl quote --unit-price 10.08 --currency EUR --term P1M --billing
    monthly --cycle-start 2021-06-18 --on 2021-06-20 --from 10 --to 12`: the lines Microsoft would print, exact and
    rounded. Charge cycles: `--cycles --term P1M --billing monthly --start 2021-01-31`; days a first term may end:
    `--coterm --term P1Y --start 2022-07-01 --with 2022-10-01:P3Y`.

    What contradicts today's rules ends with 65 and says what is legal.
    """
    ways = {
        "an address": given["address"] is not None,
        "--unit-price": given["price"] is not None,
        "--cycles": given["cycles"],
        "--coterm": given["coterm"],
        "--addon-minimum": given["share"] is not None,
    }
    chosen = [name for name, asked in ways.items() if asked]
    if len(chosen) != 1:
        problem = f"{' and '.join(chosen)} are different questions" if chosen else "nothing is asked"
        raise click.UsageError(f"{problem}: give an address (customer/line), or one of {', '.join(list(ways)[1:])}")
    allowed = {
        "an address": (*_DECLARED, "day", "term", "billing"),
        "--unit-price": (*_FIGURES, "price", "day", "term", "billing", "start_month"),
        "--cycles": ("term", "billing", "start", "count"),
        "--coterm": ("term", "start", "ends"),
        "--addon-minimum": ("share", "base_seats"),
    }[chosen[0]]
    _strangers(given, (*allowed, "address", "cycles", "coterm"), chosen[0])
    if given["address"] is not None:
        _declared(ctx, given, style)
    elif given["price"] is not None:
        _figures(ctx, given, style)
    elif given["cycles"]:
        _cycles(ctx, given, style)
    elif given["coterm"]:
        _coterm(ctx, given, style)
    else:
        _addon(ctx, given, style)


def _strangers(given: dict[str, Any], allowed: tuple[str, ...], way: str) -> None:
    for name, value in given.items():
        if name not in allowed and value not in (None, False, ()):
            raise click.UsageError(f"`{_option(name)}` says nothing about {way}")


def _option(name: str) -> str:
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def _needs(given: dict[str, Any], *names: str) -> None:
    for name in names:
        if given[name] is None:
            raise click.UsageError(f"`{_option(name)}` is needed here")


def _print(style: str, document: object, lines: list[str]) -> None:
    if style == "json":
        emit_json(document)
    else:
        for line in lines:
            show_line(line)


def _refuse(ctx: click.Context, problem: Diagnostic, style: str) -> NoReturn:
    from pathlib import Path

    from cspdecl.engine.exits import Exit
    from cspdecl.report.quote import refusal_document

    if style == "json":
        emit_json(refusal_document(problem))
    show_diagnostics([problem], Path.cwd(), ctx)
    raise click.exceptions.Exit(int(Exit.INVALID))


# ---- the ways of asking ----


def _declared(ctx: click.Context, given: dict[str, Any], style: str) -> None:
    from cspdecl.cli.quote_declared import quote_document, quote_text
    from cspdecl.core.address import Address
    from cspdecl.core.catalog import OfferKey
    from cspdecl.engine.exits import Exit
    from cspdecl.engine.quote import Wish, quote_line

    try:
        where = Address.parse(given["address"])
        offer = OfferKey.parse(given["offer"]) if given["offer"] else None
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    with open_session(ctx) as session:
        wish = Wish(seats=given["seats"], offer=offer, term=_term(given["term"]), billing=_plan(given["billing"]))
        found = quote_line(session, where, wish, on=given["day"])
    if found.warning is not None:
        show_diagnostics([found.warning], session.root, ctx)
    _print(style, quote_document(found), quote_text(found, language(ctx)))
    if found.refused:
        leave(Exit.INVALID)


def _figures(ctx: click.Context, given: dict[str, Any], style: str) -> None:
    from cspdecl.commerce.figure_quote import quote_figures
    from cspdecl.commerce.figures import CHARGES, NO_CURRENCY, FigureQuote, Figures
    from cspdecl.report.quote import figures_document, figures_text

    found = quote_figures(
        Figures(
            price=given["price"],
            per=given["per"] or "cycle",
            currency=given["currency"] or NO_CURRENCY,
            term=_term(given["term"]),
            billing=_plan(given["billing"]),
            before=given["before"],
            after=given["after"],
            charge=CHARGES[given["charge"]] if given["charge"] else None,
            on=_day(given["day"]),
            anchor=given["anchor"],
            cycle_end=given["cycle_end"],
            counted=given["counted"],
            discount=given["discount"] or Fraction(0),
            uplift=given["uplift"] or Fraction(0),
            to_price=given["to_price"],
            to_term=_term(given["to_term"]),
            to_billing=_plan(given["to_billing"]),
            to_discount=given["to_discount"] or Fraction(0),
            list_price=given["list_price"],
            profile=given["profile"],
            start_month=given["start_month"],
        )
    )
    if isinstance(found, FigureQuote):
        _print(style, figures_document(found), figures_text(found, lang=language(ctx)))
    else:
        _refuse(ctx, found, style)


def _cycles(ctx: click.Context, given: dict[str, Any], style: str) -> None:
    from cspdecl.commerce.cycles import calendar_ends, charge_cycles, check_plan, cycle_months
    from cspdecl.core.terms import BillingCycle, Term
    from cspdecl.report.quote import cycles_document, cycles_text

    _needs(given, "term", "billing", "start")
    term, billing = Term(given["term"]), BillingCycle(given["billing"])
    problem = check_plan(term, billing)
    if problem is None and cycle_months(term, billing) is None:
        raise click.UsageError("what is bought for good has no charge cycles")
    if problem is not None:
        _refuse(ctx, problem, style)
    try:
        found = charge_cycles(given["start"], term=term, billing=billing, count=given["count"])
    except (OverflowError, ValueError):
        _refuse(ctx, calendar_ends(), style)
    _print(style, cycles_document(given["start"], term, billing, found), cycles_text(found, lang=language(ctx)))


def _coterm(ctx: click.Context, given: dict[str, Any], style: str) -> None:
    from cspdecl.commerce.common_ends import common_ends
    from cspdecl.commerce.cycles import calendar_ends
    from cspdecl.core.terms import Term
    from cspdecl.report.common_ends import ends_document, ends_text

    _needs(given, "term", "start")
    term = Term(given["term"])
    if not term.months:
        raise click.UsageError("what is bought for good has no term that could end")
    try:
        found = common_ends(term, given["start"], given["ends"])
    except (OverflowError, ValueError):
        _refuse(ctx, calendar_ends(), style)
    _print(style, ends_document(found), ends_text(found, lang=language(ctx)))


def _addon(ctx: click.Context, given: dict[str, Any], style: str) -> None:
    _needs(given, "base_seats")
    share: Fraction = given["share"]
    least = -(-share.numerator * given["base_seats"] // share.denominator)
    document = {"base_seats": given["base_seats"], "share": str(share), "minimum_seats": least}
    said = language(ctx).say(
        "at least {least} seats of the add-on for {count} seats of its base",
        least=str(least),
        count=str(given["base_seats"]),
    )
    _print(style, document, [said])


def _term(name: str | None) -> Term | None:
    from cspdecl.core.terms import Term

    return Term(name) if name else None


def _plan(name: str | None) -> BillingCycle | None:
    from cspdecl.core.terms import BillingCycle

    return BillingCycle(name) if name else None


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
