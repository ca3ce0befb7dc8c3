"""`cspdecl prices import|list|show|diff|fetch`: price lists, offer matrix and rates in the project's prices folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import guarded, language, open_session, say, show_diagnostics, show_line

if TYPE_CHECKING:
    from cspdecl.core.catalog import OfferKey
    from cspdecl.core.project import PriceView
    from cspdecl.engine.session import Session

_VIEWS = click.Choice(["license", "software", "est"])


@click.group()
def command() -> None:
    """Import, fetch, list and compare price lists."""


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False), metavar="FILE...")
@click.option(
    "--as-of", "--month", "month", metavar="YYYY-MM", help="The month it is for, where its name does not say."
)
@click.option("--market", "markets", multiple=True, metavar="CC", help="Keep only this market; repeatable.")
@click.option("--view", type=_VIEWS, help="Licences (default), software, or extended service terms (est).")
@click.option("--preview", is_flag=True, help="An announced list: to rehearse with, not yet a price.")
@click.option(
    "--holds", type=click.Choice(["prices", "offers", "rates"]), default="prices", show_default=True,
    help="What the file is: a price sheet, the offer matrix, or the month's dollar rates.",
)  # fmt: skip
@click.pass_context
@guarded
def import_command(
    ctx: click.Context, files: tuple[str, ...], month: str | None, markets: tuple[str, ...], view: PriceView | None,
    preview: bool, holds: str,
) -> None:  # fmt: skip
    """Take a price sheet (CSV, zip or gzip; several files are parts of one) into the project, dated and digested."""
    from cspdecl.store.pricebeside import import_offer_matrix, import_rates
    from cspdecl.store.priceimport import Expected, import_price_list

    with open_session(ctx) as session:
        folder, now, lang = _folder(session), session.clock.now(), language(ctx)
        if holds != "prices":
            take = import_offer_matrix if holds == "offers" else import_rates
            for file in files:
                kept, found = take(Path(file), folder, now=now, month=month)
                show_diagnostics(found, session.root, ctx)
                what = lang.say("offers") if holds == "offers" else lang.say("rates")
                values = {"file": kept.file, "count": str(kept.rows), "what": what, "source": kept.source}
                show_line(lang.say("{file}: {count} {what}, from {source}", **values))
            return
        expected = Expected(market=session.project.market, currency=session.project.reseller.currency)
        done = import_price_list(
            [Path(file) for file in files], folder, now=now, month=month, markets=markets or None, view=view,
            preview=preview, expected=expected,
        )  # fmt: skip
        show_diagnostics(done.diagnostics, session.root, ctx)
        for item in done.files:
            same = lang.say(", as before") if item.file in done.unchanged else ""
            text = lang.say(
                "{file}: {count} announced prices, {market}, {currency}, from {source}"
                if item.timeline == "preview"
                else "{file}: {count} prices, {market}, {currency}, from {source}",
                file=item.file, count=str(item.rows), market=item.market, currency=item.currency, source=item.source,
            )  # fmt: skip
            show_line(text + same)


@command.command("list")
@click.pass_context
@guarded
def list_command(ctx: click.Context) -> None:
    """The imported lists, and what lies beside them."""
    from cspdecl.store.pricefiles import Index, read_whole_index

    with open_session(ctx) as session:
        path, lang = session.project.prices_path, language(ctx)
        index = read_whole_index(session.root / path) if path else Index()
        for item in index.lists:
            kind = (lang.say("announced ") if item.timeline == "preview" else "") + (
                "" if item.view == "license" else item.view
            )
            count = lang.say("{count} prices", count=f"{item.rows:6}")
            taken = lang.say("imported {day}", day=item.imported_at.date())
            show_line(
                f"{item.date}  {item.market}  {item.currency}  {count}  {kind:14}  {item.source}  "
                f"{taken}  sha256 {item.sha256[:12]}"
            )
            for fault in item.faults:
                show_line("         " + lang.say("not whole: {fault} (CSP615)", fault=lang.sentence(fault)))
        for side in index.beside:
            name = lang.say("offer matrix") if side.holds == "offers" else lang.say("dollar rates")
            rows = lang.say("{name}, {count} rows", name=name, count=str(side.rows))
            taken = lang.say("imported {day}", day=side.imported_at.date())
            show_line(f"{side.date}  {rows}  {side.source}  {taken}")
        if not index.lists:
            say("no price list is imported; see `cspdecl prices import --help`", err=True)


@command.command("show")
@click.argument("offer", metavar="PRODUCT:SKU")
@click.option("--market", metavar="CC", help="Another market than the project's own.")
@click.pass_context
@guarded
def show_command(ctx: click.Context, offer: str, market: str | None) -> None:
    """Every row of an offer in every imported list, with what a charge cycle costs."""
    from cspdecl.report.prices import show_offer

    key = _offer(offer)
    with open_session(ctx) as session:
        place = (market or session.project.market).upper()
        book = session.prices({key}, markets=[place])
        for line in show_offer(book, key, market=place, lang=language(ctx)):
            show_line(line)


@command.command("diff")
@click.argument("before", metavar="MONTH")
@click.argument("after", metavar="MONTH|next")
@click.option("--market", metavar="CC", help="Another market than the project's own.")
@click.option("--view", type=_VIEWS, default="license", show_default=True)
@click.option(
    "--all", "everything", is_flag=True, help="Every offer of the lists, not only those the project declares."
)
@click.pass_context
@guarded
def diff_command(
    ctx: click.Context, before: str, after: str, market: str | None, view: PriceView, everything: bool
) -> None:
    """What became dearer, cheaper, new or gone between two lists; `next` is the announced one."""
    from cspdecl.engine.price_lists import list_named
    from cspdecl.report.prices import show_diff

    with open_session(ctx) as session:
        place = (market or session.project.market).upper()
        wanted = None if everything else _declared(session)
        one = list_named(session, before, market=place, view=view, offers=wanted)
        two = list_named(session, after, market=place, view=view, offers=wanted)
        for line in show_diff(one, two, lang=language(ctx)):
            show_line(line)


@command.command("fetch")
@click.option("--market", "markets", multiple=True, metavar="CC", help="A market; repeatable. Default: the project's.")
@click.option("--as-of", "--month", "month", metavar="YYYY-MM", help="An earlier month instead of the current one.")
@click.option("--view", "views", type=_VIEWS, multiple=True, help="Repeatable; licences where none is named.")
@click.option("--preview", is_flag=True, help="Next month's announced list as well.")
@click.option("--offers/--no-offers", default=False, help="The offer matrix as well.")
@click.option("--rates/--no-rates", default=False, help="The month's dollar rates as well.")
@click.pass_context
@guarded
def fetch_command(
    ctx: click.Context, markets: tuple[str, ...], month: str | None, views: tuple[PriceView, ...], preview: bool,
    offers: bool, rates: bool,
) -> None:  # fmt: skip
    """Download price lists through a provider that can, and import them."""
    from cspdecl.engine.price_lists import Wanted, fetch_prices

    with open_session(ctx) as session:
        wanted = Wanted(
            markets=tuple(item.upper() for item in markets) or (session.project.market,), month=month,
            views=views or ("license",), preview=preview, offers=offers, rates=rates,
        )  # fmt: skip
        for text, found in fetch_prices(session, _folder(session), wanted):
            show_diagnostics(found, session.root, ctx)
            say(text)


def _folder(session: Session) -> Path:
    from cspdecl.core.errors import ConfigurationError

    path = session.project.prices_path
    if path is None:
        raise ConfigurationError("the project has no `prices: {path: …}` to import into")
    return session.root / path


def _offer(text: str) -> OfferKey:
    from cspdecl.core.catalog import OfferKey

    try:
        return OfferKey.parse(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="PRODUCT:SKU") from None


def _declared(session: Session) -> frozenset[OfferKey]:
    _project, desired = session.require()
    return frozenset(line.offer for spec in desired.customers.values() for line in spec.subscriptions)
