"""How a plan reads: layout, eyes that may not see cost, hostile names."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from cspdecl.core.live import ReadFailure
from cspdecl.report.json import render_json
from cspdecl.report.text import render_plan
from tests.planning_builders import (
    PREMIUM,
    VISIO,
    at,
    binding,
    bundle,
    customer,
    line,
    live_customer,
    make_plan,
    monthly,
    prices,
    sub,
)  # fmt: skip


def a_plan(*, name="Hafenkontor Logistik GmbH", title="Visio Plan 2", seats=8, **rest):
    return make_plan(
        [customer("hafenkontor", line("visio", seats=seats, sell=monthly("18.50")))],
        [live_customer("hafenkontor", sub("s1", title=title), name=name)],
        bindings=[binding("hafenkontor/visio", "s1")], catalogs={}, **rest,
    )  # fmt: skip


def test_a_change_reads_from_left_to_right():
    """Symbol, name, what it is, from how many to how many, and under it what it means."""
    assert render_plan(a_plan()) == (
        "nordlicht · 1 of 1 customer touched · live 2026-11-22 14:02 UTC · price list 2026-11 (DE, EUR)\n"
        "\n"
        "hafenkontor · Hafenkontor Logistik GmbH\n"
        "  ~ visio         Visio Plan 2                                                5 → 8 seats now\n"
        "        3 new seats can be returned until 2026-11-29 14:02 UTC, then they are owed until 2027-03-14\n"
        "        cost +46.50 EUR a month (35.65 for the 23 days left of this cycle)\n"
        "        sell +55.50 EUR a month, margin 16.2 %\n"
        "\n"
        "Plan: 0 to buy, 1 to change, 0 to cancel; 0 subscriptions unchanged.\n"
        "Money: cost +46.50 EUR a month, sell +55.50, margin 16.2 %. New commitment 175.15 EUR, the last of it until "
        "2027-03-14.\n"
    )


def test_eyes_that_see_no_cost():
    """`show` "sell" prints no cost, no margin and no commitment, and keeps every deadline."""
    lines, sold = bundle("hafenkontor", "platz", 9, {"m365": (PREMIUM, 9)}, sell="54.90")
    made = make_plan(
        [customer("hafenkontor", *lines, line("visio", seats=3, sell=monthly("18.50")), bundles=(sold,))],
        [live_customer("hafenkontor", sub("s1", PREMIUM, 5), sub("s2", VISIO, 5))],
        bindings=[binding("hafenkontor/platz/m365", "s1", offer=PREMIUM), binding("hafenkontor/visio", "s2")],
        guardrails={"max_new_commitment": {"EUR": Decimal(1)}},
    )  # fmt: skip

    shown = render_plan(made, show="sell")

    assert not re.search(r"cost|margin|commitment \d|20\.60|82\.40|31\.00", shown)
    assert "sell +219.60 EUR a month" in shown
    assert "can be returned until 2026-11-29" in shown
    assert "2 seats stay billed until then" in shown
    assert "maxNewCommitment (CSP502): the numbers are in the full plan" in shown


def test_unknown_is_printed_as_unknown():
    """A cost that is not known is a sentence, never 0.00."""
    shown = render_plan(a_plan(price_book=prices({})))

    assert "cost unknown: price list 2026-11 (DE, EUR) has no row" in shown
    assert "1 amount is unknown and in no sum" in shown
    assert "0.00" not in shown


def test_colour_repeats_what_the_symbols_say():
    """Without its colours the text is the same."""
    made = a_plan()
    painted = render_plan(made, color=True)

    assert painted != render_plan(made)
    assert render_plan(made) == re.sub(r"\x1b\[\d+m", "", painted)


HOSTILE = [
    "\x1b[2J\x1b[H", "\u202eHbmG", "a\r\nPlan: 0 to buy", "\x9b31m", "\u2028", "\u200b", "\x07", "x" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:8]))
def test_names_of_others_are_harmless(text):
    """Whatever a tenant calls itself or its subscription: one line stays one line, and no terminal obeys."""
    plain = render_plan(a_plan())
    shown = render_plan(a_plan(name=text, title=text))

    assert plain.count("\n") == shown.count("\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", shown)
    assert max(map(len, shown.splitlines())) < 400


def test_wide_characters_keep_the_columns():
    """A title in Japanese takes two columns a character, so what follows stands where it always does."""
    wide = next(row for row in render_plan(a_plan(title="図面作成")).splitlines() if "図面" in row)
    usual = next(row for row in render_plan(a_plan()).splitlines() if "Visio Plan" in row)

    assert usual.index("5 → 8") == wide.index("5 → 8") + 4


def test_a_narrow_terminal_cuts_titles():
    """Titles give way, numbers do not."""
    shown = render_plan(a_plan(title="Microsoft 365 Business Premium und noch viel mehr"), width=80)

    assert "…" in shown
    assert "5 → 8 seats now" in shown


def test_unread_customers_are_named():
    """What could not be read is listed with its reason, and the plan says that it is incomplete."""
    made = make_plan([customer("hafenkontor")], [], unknown=[ReadFailure(key="hafenkontor", message="HTTP 503")])

    assert "  ? hafenkontor: HTTP 503\n" in render_plan(made)
    assert render_plan(made).endswith("Incomplete: 1 customer could not be read; plan again later.\n")


def test_what_is_not_ours_is_counted():
    """Unmanaged subscriptions and customers in no manifest are counted, and nothing more."""
    made = make_plan(
        [customer("hafenkontor", line("visio"))], [live_customer("hafenkontor", sub("s1"), sub("s2", PREMIUM))],
        bindings=[binding("hafenkontor/visio", "s1")], unmanaged_customers=12,
    )  # fmt: skip

    assert render_plan(made).endswith(
        "Plan: nothing to do; 1 subscription unchanged; 1 unmanaged left alone; 12 customers in no manifest left alone.\n"
    )


def test_json_is_the_saved_plan():
    """For machines there is one document."""
    from cspdecl.planning.planfile import load_plan

    made = a_plan(now=at("2026-11-22T14:02"))

    assert made == load_plan(render_json(made))
