"""`quote` from bare figures, as typed: what is legal, what is refused and how, what stays open."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from cspdecl.cli.main import cli
from tests.vectors.asking import ask, number

JUNE = ("--unit-price", "10.08", "--currency", "EUR", "--term", "P1M", "--billing", "monthly")
DATES = ("--cycle-start", "2021-06-18", "--on", "2021-06-20")


def run(*words: str):
    return CliRunner().invoke(cli, ["quote", *words])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--unit-price", "1", "--term", "P1M", "--billing", "annual"), "CSP640", "annual goes with P1Y or P3Y"),
        (("--unit-price", "1", "--term", "P1Y", "--billing", "triennial"), "CSP640", "P1Y is billed monthly or annual"),
        (("--unit-price", "1", "--term", "OneTime", "--billing", "monthly"), "CSP640", "OneTime is billed one_time"),
        ((*JUNE, "--cycle-start", "2021-06-18", "--on", "2021-06-17", "--to", "1"), "CSP641", "before the cycle"),
        ((*JUNE, *DATES, "--cycle-end", "2021-06-19", "--to", "1"), "CSP641", "not in the cycle"),
        ((*JUNE, *DATES, "--from", "3", "--to", "3", "--charge", "renew"), "CSP641", "give 2021-06-18 or 2021-07-18"),
        (("--unit-price", "1", *DATES, "--to", "1"), "CSP641", "`--cycle-end`"),
        ((*JUNE, *DATES, "--from", "12", "--to", "10", "--charge", "addQuantity"), "CSP643", "removeQuantity"),
        ((*JUNE, *DATES, "--from", "0", "--to", "10", "--charge", "cancelImmediate"), "CSP643", "new"),
        ((*JUNE, *DATES, "--from", "1.5", "--to", "2"), "CSP643", "whole numbers"),
        ((*JUNE, *DATES, "--from", "10", "--to", "10", "--charge", "convert"), "CSP644", "`--to-unit-price`"),
        ((*JUNE, *DATES, "--from", "1", "--to", "2", "--charge", "addQuantity", "--to-unit-price", "2"), "CSP644", "second"),
        (("--unit-price", "120", "--price-per", "term", "--to", "1"), "CSP644", "`--term`"),
        (("--unit-price", "1", "--charge", "changeBillingPlan", "--to", "1"), "CSP642", "msft.plan_months.v1"),
        ((*JUNE, "--cycle-start", "9999-12-20", "--on", "9999-12-21", "--to", "1"), "CSP649", "9999"),
        (("--cycles", "--term", "P1M", "--billing", "annual", "--start", "2021-01-31"), "CSP640", "P1M is billed"),
        (("--cycles", "--term", "P3Y", "--billing", "annual", "--start", "9998-01-31"), "CSP649", "9999"),
        (("--coterm", "--term", "P3Y", "--start", "9998-01-31"), "CSP649", "9999"),
    ],
)  # fmt: skip
def test_what_contradicts_the_rules_is_refused_and_says_what_is_legal(words, code, says):
    """65, the code and the legal way on stderr; as JSON the same on stdout; never a traceback."""
    shown = run(*words)
    assert (shown.exit_code, shown.stdout) == (65, "")
    assert code in shown.stderr
    assert says in shown.stderr
    [refused] = json.loads(run(*words, "--format", "json").stdout)["refused"]
    assert refused["code"] == code


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "nothing is asked"),
        (("hafenkontor/visio", "--unit-price", "1"), "different questions"),
        (("--unit-price", "1", "--seats", "3"), "`--seats` says nothing about --unit-price"),
        (("hafenkontor/visio", "--from", "3"), "`--from` says nothing about an address"),
        (("--unit-price", "-1"), "`-1` is no amount"),
        (("--unit-price", "10,08"), "write 10.08"),
        (("--unit-price", "nan"), "is no amount"),
        (("--unit-price", "1", "--from", "-2"), "write 0 or more"),
        (("--unit-price", "1", "--discount", "10"), "write 10% or 0.1"),
        (("--unit-price", "1", "--currency", "euro"), "three letters"),
        (("--unit-price", "1", "--days", "31/30"), "at most all"),
        (("--unit-price", "1", "--term", "P2Y"), "P1M"),
        (("--unit-price", "1", "--on", "2021-02-30"), "2027-01-03"),
        (("--cycles", "--term", "P1M", "--billing", "monthly"), "`--start` is needed"),
        (("--cycles", "--term", "OneTime", "--billing", "one_time", "--start", "2021-01-01"), "no charge cycles"),
        (("--coterm", "--term", "P1Y", "--start", "2022-07-01", "--with", "soon"), "2022-10-01:P3Y"),
        (("--addon-minimum", "5%"), "`--base-seats` is needed"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_wrong_usage(words, says):
    """A usage error in words; the program ends such with 64."""
    shown = run(*words)
    assert shown.exit_code == 2  # click's own; `main` says 64
    assert says in shown.stderr


def test_a_change_is_told_for_people():
    """The cycle, both lines, the total with what was cut, the rule, and that an invoice decides."""
    shown = run(*JUNE, *DATES, "--from", "10", "--to", "12").stdout
    assert "cycle 2021-06-18 to 2021-07-17, 30 days" in shown
    assert "wipe    10 × -9.408 = -94.08 EUR  28 of 30 days" in shown
    assert "total 18.81 EUR (exactly 18.816)" in shown
    assert "multiplied, then cut to the smallest unit (msft.line_down.v1)" in shown
    assert "an estimate until an invoice says otherwise" in shown


def test_exact_fractions_stand_beside_rounded_amounts():
    """The unit and the amount as fractions, first and last charged day inclusive."""
    document = ask(["quote", *JUNE, *DATES, "--from", "10", "--to", "12", "--format", "json"])
    wipe, charge = document["lines"]
    assert (wipe["effective_unit_price_exact"], charge["amount_exact"]) == ("-1176/125", "14112/125")
    assert (charge["charge_start"], charge["charge_end"]) == ("2021-06-20", "2021-07-17")
    assert document["cycle"] == {"start": "2021-06-18", "end": "2021-07-17", "days": 30}


@pytest.mark.parametrize(
    ("currency", "price", "amount"), [("JPY", "1000", "2799"), ("KWD", "3.125", "8.748"), ("EUR", "10.00", "27.99")]
)
def test_amounts_have_the_decimals_of_their_currency(currency, price, amount):
    """None for yen, three for dinar: cut per seat, three seats, 28 of 30 days."""
    words = ["--unit-price", price, "--currency", currency, "--term", "P1M", "--billing", "monthly", *DATES]
    document = ask(["quote", *words, "--from", "0", "--to", "3", "--charge", "new", "--format", "json"])
    assert document["lines"][0]["amount"] == amount


def test_without_a_currency_amounts_have_two_decimals_and_no_name():
    """Nothing is guessed: the currency is null."""
    document = ask(["quote", "--unit-price", "12", "--from", "0", "--to", "10", "--format", "json"])
    assert (document["currency"], document["total"]) == (None, "120.00")


def test_any_earlier_first_day_finds_the_cycle():
    """A year before or the last month: the same cycle, the same money."""
    found = [
        ask(
            [
                "quote",
                *JUNE,
                "--cycle-start",
                start,
                "--on",
                "2021-06-20",
                "--from",
                "10",
                "--to",
                "12",
                "--format",
                "json",
            ]
        )
        for start in ("2021-06-18", "2020-01-18", "2021-05-18")
    ]
    assert [item["lines"] for item in found] == [found[0]["lines"]] * 3


def test_a_price_for_the_term_is_divided_and_rounded_first():
    """100 + 5 % a year is 8.75 a month, and two seats are charged from that."""
    words = ["--unit-price", "100", "--price-per", "term", "--uplift", "5%", "--term", "P1Y", "--billing", "monthly"]
    document = ask(["quote", *words, "--to", "2", "--format", "json"])
    assert (document["term_price"], document["unit_price"], document["total"]) == ("105", "8.75", "17.50")


def test_a_perpetual_licence_is_never_prorated():
    """Bought for good: charged in full, returned in full, on any day."""
    words = ["quote", "--unit-price", "450", "--currency", "EUR", "--term", "OneTime", "--billing", "one_time"]
    dates = ["--cycle-start", "2026-11-01", "--on", "2026-11-12", "--format", "json"]
    assert ask([*words, *dates, "--from", "0", "--to", "2"])["total"] == "900.00"
    assert ask([*words, *dates, "--from", "2", "--to", "0"])["total"] == "-900.00"


def test_the_days_of_the_first_month_can_be_counted_instead():
    """31 January to 27 February: 28 days by length, 31 by the month it starts in."""
    words = ["quote", *JUNE, "--cycle-start", "2021-01-31", "--on", "2021-02-14", "--from", "0", "--to", "1"]
    by_length = ask([*words, "--charge", "new", "--format", "json"])["lines"][0]
    by_month = ask([*words, "--charge", "new", "--start-month", "--format", "json"])["lines"][0]
    assert [(line["days"], line["cycle_days"]) for line in (by_length, by_month)] == [(14, 28), (14, 31)]


def test_a_longer_term_in_the_middle_returns_the_rest_and_begins_anew():
    """From monthly to a year billed yearly: 28 of 30 days come back, a whole year is charged."""
    words = [*JUNE, *DATES, "--from", "10", "--to", "10", "--to-unit-price", "100", "--to-term", "P1Y"]
    document = ask(["quote", *words, "--to-billing", "annual", "--format", "json"])
    assert (number(document, "wipe"), number(document, "charge")) == (Decimal("-94.00"), Decimal("1000.00"))
    assert document["lines"][1]["charge_end"] == "2022-06-19"


def test_plan_changes_of_their_time_are_counted_by_months():
    """11 of 12 months until 2025-03-31; from then on refused with both numbers."""
    words = ("--unit-price", "250", "--term", "P3Y", "--billing", "annual", "--from", "10", "--to", "10", "--charge",
             "changeBillingPlan")  # fmt: skip
    then = ("--cycle-start", "2021-09-20", "--on", "2021-10-20", "--format", "json")
    document = json.loads(run(*words, *then).stdout)
    assert (document["total"], document["counted_by"], document["lines"][0]["days"]) == ("2291.60", "months", 11)
    now = run(*words, "--cycle-start", "2025-09-20", "--on", "2025-10-20")
    assert now.exit_code == 65
    assert "2291.60 by months (or 2294.50 by days)" in now.stderr


def test_common_ends_are_listed_with_what_follows():
    """A month's end and a shared day, each with its length; what cannot be shared says why."""
    words = [
        "--coterm",
        "--term",
        "P1Y",
        "--start",
        "2022-07-01",
        "--with",
        "2022-10-01:P3Y",
        "--with",
        "2022-07-20:P1M",
    ]
    document = ask(["quote", *words, "--format", "json"])
    assert [(item["end"], item["aligned"], item["days"]) for item in document["ends"]] == [
        ("2022-10-01", "subscription", 93),
        ("2023-06-30", "month", 365),
    ]
    assert document["notes"] == ["2022-07-20 cannot be shared: a term of P1Y cannot end together with a monthly one"]


@pytest.mark.parametrize("name", ["cancelImmediate", "cancelimmediate", "cancel_immediate", "cancel-immediate"])
def test_names_are_read_however_they_are_written(name):
    """Microsoft's files and their readers spell types of charge in several ways."""
    document = ask(["quote", *JUNE, *DATES, "--from", "10", "--charge", name, "--format", "json"])
    assert document["charge"] == "cancelImmediate"


def test_what_goes_back_is_said_to_go_back_for_seven_days_only():
    """A reduction is quoted on any day, for nobody knows here when the seats were bought; so the window is named."""
    less = ask(["quote", *JUNE, *DATES, "--from", "12", "--to", "8", "--format", "json"])
    more = ask(["quote", *JUNE, *DATES, "--from", "8", "--to", "12", "--format", "json"])
    assert [sum("seven days" in note for note in one["notes"]) for one in (less, more)] == [1, 0]


def test_a_trial_that_converts_returns_nothing():
    """Its own line is 25 × 0.00, with or without the price of what comes of it."""
    words = (
        "--unit-price",
        "0",
        "--term",
        "P1M",
        "--billing",
        "none",
        "--cycle-start",
        "2021-06-25",
        "--on",
        "2021-06-25",
    )
    document = ask(["quote", *words, "--from", "25", "--to", "25", "--charge", "convert", "--format", "json"])
    assert [(line["role"], line["quantity"], line["amount"]) for line in document["lines"]] == [("wipe", 25, "0.00")]


def test_usage_that_is_included_costs_nothing_and_says_why():
    """From 29 to 29 is no unit over; without `--from` all 29 are charged."""
    words = ("quote", "--unit-price", "0.868", "--discount", "15%", "--currency", "USD", "--charge", "usage")
    included = ask([*words, "--from", "29", "--to", "29", "--format", "json"])
    assert (included["total"], "included" in included["notes"][-2]) == ("0.00", True)
    assert ask([*words, "--to", "29", "--format", "json"])["total"] == "21.39"
    assert "usage: one unit 0.868 USD\n" in run(*words[1:], "--to", "29").stdout


def test_a_price_is_shown_with_its_currencys_decimals():
    """7.20, not 7.2; no point for a currency without cents."""
    assert "one seat 7.20 EUR a charge cycle" in run("--unit-price", "7.2", "--currency", "EUR").stdout
    assert "one seat 999 JPY a charge cycle" in run("--unit-price", "999", "--currency", "JPY").stdout


@pytest.mark.parametrize("start", ["2023-02-27", "2023-02-28", "2024-02-28", "2024-02-29", "2024-08-30", "2026-11-22"])
def test_a_year_has_twelve_cycles_and_ends_with_the_last(start):
    """Around 29 February, too, where the distance from the month's end and the anniversary differ by a day."""
    words = ("--term", "P1Y", "--start", start, "--format", "json")
    cycles = ask(["quote", "--cycles", "--billing", "monthly", *words])["cycles"]
    assert (len(cycles), cycles[-1]["end"]) == (12, ask(["quote", "--coterm", *words])["full_term"]["end"])


def test_the_command_knows_every_charge_and_profile():
    """Names are repeated in the command so that its help loads nothing; they stay the same."""
    from cspdecl.cli import quote_verb
    from cspdecl.commerce.figures import CHARGES
    from cspdecl.commerce.profiles import PROFILES
    from cspdecl.core.terms import BillingCycle, Term

    assert (list(quote_verb._CHARGES), set(quote_verb._PROFILES)) == (list(CHARGES), set(PROFILES))
    assert ([*quote_verb._TERMS], [*quote_verb._PLANS]) == (
        [str(one) for one in Term],
        [str(one) for one in BillingCycle],
    )
