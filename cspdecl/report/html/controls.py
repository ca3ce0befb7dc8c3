"""The controls above the list: search, kinds, customer, order. Hidden until the script that serves them runs."""

from __future__ import annotations

from collections.abc import Sequence

from cspdecl.core.money import sum_by_currency
from cspdecl.report.html.entries import KINDS, Group, Kind
from cspdecl.report.html.markup import Html, el
from cspdecl.report.html.view import View


def kind_words(view: View) -> dict[Kind, str]:
    """What each kind of line is called."""
    return {
        "buy": view.say("buy or create"),
        "change": view.say("change"),
        "cancel": view.say("cancel"),
        "adopt": view.say("take over or rename"),
        "waiting": view.say("waiting or blocked"),
    }


def render_controls(groups: Sequence[Group], view: View) -> Html:
    """For the lines of these customers, all parts of the plan together."""
    customers = {group.key: group.name for group in groups}
    there = {kind for group in groups for unit in group.units for kind in unit.kinds}
    words = kind_words(view)
    checks = [
        el("label", el("input", type="checkbox", name="kind", value=kind, checked=True), words[kind])
        for kind in KINDS
        if kind in there
    ]
    lasting = el(
        "label", el("input", type="checkbox", id="lasting"), view.say("only what a revert does not simply take back")
    )
    return el(
        "div",
        el(
            "div",
            el("label", view.say("Find in all lines"), for_="text"),
            el("input", type="search", id="text", autocomplete="off", spellcheck="false"),
            class_="search",
        ),
        _customers(customers, view) if len(customers) > 1 else None,
        _orders(groups, view),
        el("fieldset", el("legend", view.say("Show")), *checks, lasting),
        el("button", view.say("Open all"), type="button", id="toggle", aria_pressed="false"),
        el(
            "p",
            id="status",
            role="status",
            class_="soft num",
            data_all=view.say("All {count} lines are shown", count="{count}"),
            data_some=view.say("{shown} of {count} lines are shown", shown="{shown}", count="{count}"),
        ),
        class_="controls",
        id="controls",
        role="search",
        aria_label=view.say("Find and order lines"),
        hidden=True,
    )


def _customers(customers: dict[str, str], view: View) -> Html:
    named = sorted(customers.items(), key=lambda item: item[1].casefold())
    options = [el("option", name if name == key else f"{name} ({key})", value=key) for key, name in named]
    return el(
        "div",
        el("label", view.say("Customer"), for_="customer"),
        el("select", el("option", view.say("all customers"), value=""), *options, id="customer"),
        class_="pick",
    )


def _orders(groups: Sequence[Group], view: View) -> Html:
    """Ways to order: as planned, by name, and by each kind of money a currency."""
    ways = [("plan", view.say("as planned")), ("name", view.say("customer's name"))]
    if view.cost:
        owed = sum_by_currency(money for group in groups for money in group.totals.commitment)
        ways += [
            (f"owed {item.currency}", view.say("new commitment, {currency}", currency=item.currency)) for item in owed
        ]
        months = sum_by_currency(money for group in groups for money in group.totals.cost_month)
        ways += [
            (f"month {item.currency}", view.say("cost a month, {currency}", currency=item.currency)) for item in months
        ]
    else:
        months = sum_by_currency(money for group in groups for money in group.totals.sell_month)
        ways += [
            (f"month {item.currency}", view.say("sell a month, {currency}", currency=item.currency)) for item in months
        ]
    return el(
        "div",
        el("label", view.say("Order by"), for_="order"),
        el("select", *(el("option", text, value=way) for way, text in ways), id="order", autocomplete="off"),
        class_="pick",
    )
