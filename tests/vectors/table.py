"""Worked numbers of Microsoft's public pages and of others, retyped as questions to `quote` and the printed answers.

`part` names what is compared: the line that is returned (wipe) or charged, the total, the price of a cycle (unit), the
margin, or seats. `kind` says what a row is for: `exact` rows are today's rules; `profile` rows are exact under a profile
of another time or place; `other` rows follow no rule of ours, and the page shows both numbers and why.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Part = Literal["wipe", "charge", "total", "unit", "margin", "seats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """One printed number and the question it answers."""

    case: str
    words: str
    part: Part
    printed: str
    kind: Literal["exact", "profile", "other"] = "exact"
    why: str = ""

    @property
    def arguments(self) -> list[str]:
        """The command line after `cspdecl`."""
        return ["quote", *shlex.split(self.words), "--format", "json"]


def exact(case: str, words: str, part: Part, printed: str) -> Worked:
    return Worked(case=case, words=words, part=part, printed=printed)


def under(profile: str, case: str, words: str, part: Part, printed: str, why: str) -> Worked:
    words = f"{words} --profile {profile}"
    return Worked(case=case, words=words, part=part, printed=printed, kind="profile", why=why)


def other(case: str, words: str, part: Part, printed: str, why: str) -> Worked:
    return Worked(case=case, words=words, part=part, printed=printed, kind="other", why=why)


JUNE = "--unit-price 10.08 --currency EUR --term P1M --billing monthly --cycle-start 2021-06-18"
MARCH = "--unit-price 12 --term P1M --billing monthly --cycle-start 2022-03-05"
YEARLY = "--unit-price 120.96 --currency EUR --term P1Y --billing annual --cycle-start 2021-06-18 --on 2021-06-18"
E1 = "--unit-price 6.43 --currency EUR --term P1M --billing monthly --cycle-start 2021-06-18 --on 2021-06-25"
SAAS = "--currency USD --cycle-start 2019-06-10 --on 2019-06-10"
LEGACY = "--currency USD"


def _edition_of_2019() -> Iterator[Worked]:
    printed: list[tuple[str, str, int, int, Part, str]] = [
        ("mc2019_add_sameday_refund", "30/30", 1, 2, "wipe", "-4.00"),
        ("mc2019_add_sameday_charge", "30/30", 1, 2, "charge", "8.00"),
        ("mc2019_add_nextday_refund", "29/30", 1, 2, "wipe", "-3.87"),
        ("mc2019_add_nextday_charge", "29/30", 1, 2, "charge", "7.74"),
        ("mc2019_remove_sameday_refund", "30/30", 2, 1, "wipe", "-8.00"),
        ("mc2019_remove_sameday_charge", "30/30", 2, 1, "charge", "4.00"),
        ("mc2019_remove_nextday_refund", "29/30", 2, 1, "wipe", "-7.74"),
        ("mc2019_remove_nextday_charge", "29/30", 2, 1, "charge", "3.87"),
    ]
    why = "edition of 2020, whose printed dates contradict its days"
    for case, days, before, after, part, amount in printed:
        words = f"--unit-price 4 --currency USD --days {days} --from {before} --to {after}"
        yield under("mc2019.v1", case, words, part, amount, why)


def _march() -> Iterator[Worked]:
    printed = [
        ("05", 0, 10, None, "120.00"),
        ("07", 10, 15, "-112.25", "168.38"),
        ("10", 15, 25, "-150.96", "251.61"),
        ("12", 25, 23, "-232.25", "213.67"),
        ("14", 23, 20, "-195.87", "170.32"),
        ("25", 20, 30, "-85.16", "127.74"),
    ]
    for day, before, after, wiped, charged in printed:
        words = f"{MARCH} --on 2022-03-{day} --from {before} --to {after}"
        if wiped:
            yield exact(f"nce_march_{day}_wipe", words, "wipe", wiped)
        yield exact(f"nce_march_{day}_charge", words, "charge", charged)


TODAY = (
    exact("nce_new_monthly", f"{JUNE} --on 2021-06-18 --from 0 --to 10", "charge", "100.80"),
    exact(
        "nce_renew_monthly",
        "--unit-price 10.08 --currency EUR --term P1M --billing monthly --cycle-start 2021-07-18 --on 2021-07-18 "
        "--from 10 --to 10 --charge renew",
        "charge",
        "100.80",
    ),
    exact(
        "nce_cycle_annual_monthly",
        "--unit-price 10.08 --currency EUR --term P1Y --billing monthly --cycle-start 2021-06-18 --on 2021-07-18 "
        "--from 10 --to 10 --charge cycleCharge",
        "charge",
        "100.80",
    ),
    exact("nce_prepaid_annual", f"{YEARLY} --from 0 --to 10", "charge", "1209.60"),
    exact("nce_add2_refund", f"{JUNE} --on 2021-06-20 --from 10 --to 12", "wipe", "-94.08"),
    exact("nce_add2_charge", f"{JUNE} --on 2021-06-20 --from 10 --to 12", "charge", "112.89"),
    exact("nce_add2_net", f"{JUNE} --on 2021-06-20 --from 10 --to 12", "total", "18.81"),
    exact("nce_remove4_refund", f"{JUNE} --on 2021-06-20 --from 12 --to 8", "wipe", "-112.89"),
    exact("nce_remove4_charge", f"{JUNE} --on 2021-06-20 --from 12 --to 8", "charge", "75.26"),
    exact("nce_remove4_net", f"{JUNE} --on 2021-06-20 --from 12 --to 8", "total", "-37.63"),
    *_march(),
    exact(
        "nce_cancel_day3",
        "--unit-price 10.08 --currency EUR --term P1M --billing monthly --cycle-start 2021-07-15 --on 2021-07-17 "
        "--from 10 --to 0",
        "wipe",
        "-94.20",
    ),
    exact(
        "nce_fullupgrade_refund", f"{JUNE} --on 2021-06-25 --from 300 --to 0 --to-unit-price 6.43", "wipe", "-2316.00"
    ),
    exact(
        "nce_fullupgrade_charge", f"{JUNE} --on 2021-06-25 --from 300 --to 0 --to-unit-price 6.43", "charge", "1476.00"
    ),
    exact("nce_fullupgrade_charge alone", f"{E1} --from 0 --to 300 --charge convert", "charge", "1476.00"),
    exact(
        "nce_partialupgrade_refund",
        f"{JUNE} --on 2021-06-25 --from 300 --to 200 --to-unit-price 6.43 --charge convert",
        "wipe",
        "-772.00",
    ),
    exact(
        "nce_partialupgrade_charge",
        f"{JUNE} --on 2021-06-25 --from 300 --to 200 --to-unit-price 6.43 --charge convert",
        "charge",
        "492.00",
    ),
    exact(
        "nce_partialupgrade_refund alone",
        f"{JUNE} --on 2021-06-25 --from 300 --to 200 --charge convert",
        "wipe",
        "-772.00",
    ),
    exact(
        "nce_trial_leaves",
        "--unit-price 0 --currency EUR --term P1M --billing none --cycle-start 2021-06-25 --on 2021-06-25 --from 25 "
        "--to 25 --to-unit-price 52.61 --to-term P1Y --to-billing monthly",
        "wipe",
        "0.00",
    ),
    exact(
        "nce_trial_convert",
        "--unit-price 0 --currency EUR --term P1M --billing none --cycle-start 2021-06-25 --on 2021-06-25 --from 25 "
        "--to 25 --to-unit-price 52.61 --to-term P1Y --to-billing monthly",
        "charge",
        "1315.25",
    ),
    exact(
        "nce_plan_annual_first",
        "--unit-price 250 --term P3Y --billing annual --cycle-start 2021-09-20 --on 2021-09-20 --from 0 --to 10",
        "charge",
        "2500.00",
    ),
    exact("nce_overage_payg", "--unit-price 0.10 --currency USD --from 100 --to 150 --charge usage", "charge", "5.00"),
    exact("nce_overage_payg, both sides", "--unit-price 0.10 --currency USD --from 100 --to 150", "total", "5.00"),
    exact("nce_min_multigeo", "--addon-minimum 5% --base-seats 400", "seats", "20"),
    exact("promotion 10 % of 16", "--unit-price 16 --discount 10% --from 0 --to 50", "charge", "720.00"),
    exact("promotion 10 % of 3", "--unit-price 3 --discount 10% --from 0 --to 10", "charge", "27.00"),
    exact(
        "instalment_gbp_annual_by_12",
        "--unit-price 3393.90 --price-per term --currency GBP --term P1Y --billing monthly",
        "unit",
        "282.83",
    ),
    exact(
        "margin_erp_144",
        "--unit-price 115.20 --price-per term --currency USD --term P1Y --billing annual --list-price 144",
        "margin",
        "28.80",
    ),
    exact(
        "margin_erp_60",
        "--unit-price 48 --price-per term --currency USD --term P1Y --billing annual --list-price 60",
        "margin",
        "12.00",
    ),
    exact(
        "premium20_basic", "--unit-price 6 --uplift 20% --currency USD --term P1M --billing monthly", "charge", "7.20"
    ),
    exact(
        "premium20_standard",
        "--unit-price 12.50 --uplift 20% --currency USD --term P1M --billing monthly",
        "charge",
        "15.00",
    ),
    exact(
        "uplift5_100",
        "--unit-price 100 --price-per term --uplift 5% --currency USD --term P1Y --billing monthly",
        "unit",
        "8.75",
    ),
    exact(
        "uplift5_150",
        "--unit-price 150 --price-per term --uplift 5% --currency USD --term P1Y --billing monthly",
        "unit",
        "13.13",
    ),
    exact("saas_trial", f"--unit-price 0 {SAAS} --from 0 --to 1", "charge", "0.00"),
    exact(
        "saas_trial_renew",
        "--unit-price 2 --currency USD --cycle-start 2019-07-10 --on 2019-07-10 --from 1 --to 1 --charge renew",
        "charge",
        "2.00",
    ),
    exact("saas_silver_new", f"--unit-price 20 {SAAS} --from 0 --to 1", "charge", "20.00"),
    exact(
        "saas plan left on its first day", f"--unit-price 20 {SAAS} --from 1 --to 0 --charge convert", "wipe", "-20.00"
    ),
    exact("saas plan taken instead", f"--unit-price 10 {SAAS} --from 0 --to 1 --charge convert", "charge", "10.00"),
    exact("saas cancelled", f"--unit-price 10 {SAAS} --from 1 --to 0", "wipe", "-10.00"),
)

_PLAN = "Microsoft ended changes of the plan alone on 2025-04-01"
_LEGACY = "legacy commerce"

ELSEWHERE = (
    under(
        "msft.plan_months.v1", "P3Y, yearly to monthly, at the cycle's end",
        "--unit-price 20 --term P3Y --billing monthly --cycle-start 2022-09-20 --on 2022-09-20 --from 10 --to 10 "
        "--charge changeBillingPlan",
        "charge", "200.00", _PLAN,
    ),
    under(
        "msft.plan_months.v1", "P3Y, monthly to yearly, after a month",
        "--unit-price 250 --term P3Y --billing annual --cycle-start 2021-09-20 --on 2021-10-20 --from 10 --to 10 "
        "--charge changeBillingPlan",
        "charge", "2291.60", f"{_PLAN}; 11 of 12 months, 229.16 a seat",
    ),
    *_edition_of_2019(),
    under("legacy.v1", "legacy_m_add_before", f"--unit-price 4 {LEGACY} --days 19/31 --to 1", "charge", "2.45", _LEGACY),
    under("legacy.v1", "legacy_m_add_after", f"--unit-price 4 {LEGACY} --days 12/31 --to 2", "charge", "3.10", _LEGACY),
    under("legacy.v1", "legacy, a year, first days", f"--unit-price 211.20 {LEGACY} --days 1/365 --to 1", "charge",
          "0.58", _LEGACY),
    under("legacy.v1", "legacy_a_mid", f"--unit-price 211.20 {LEGACY} --days 27/365 --to 2", "charge", "31.25", _LEGACY),
    under("msft.line_down.v1", "legacy_migrate_refund",
          f"--unit-price 16 {LEGACY} --days 27/31 --from 1 --to 0 --charge cancelImmediate", "wipe", "-13.93",
          "legacy side of a migration, cut unlike the other legacy rows"),
    under("legacy.daily.v1", "legacy_a48_after", f"--unit-price 48 {LEGACY} --days 346/365 --to 2", "charge", "89.96",
          "legacy commerce, by a daily price of 0.13"),
    under("legacy.daily.v1", "legacy_a48_suspend_over30",
          f"--unit-price 48 {LEGACY} --days 318/365 --from 1 --to 0", "wipe", "-41.34",
          "legacy commerce, by a daily price of 0.13"),
    under("msft.line_down.v1", "appxite_promo25_a3", "--unit-price 41.62 --currency EUR --discount 25% --to 135",
          "charge", "4214.02", "a legacy file of another seller, multiplied and then cut"),
    under("legacy.v1", "appxite_agg_before", "--unit-price 2705.40 --currency EUR --days 6/28 --to 1", "charge",
          "579.73", "legacy, another seller; the text counts other days"),
    under("legacy.v1", "appxite_agg_after", "--unit-price 2791.80 --currency EUR --days 22/28 --to 1", "charge",
          "2193.56", "legacy, another seller; the text counts other days"),
    exact("azure_pec_08-03", "--unit-price 0.868 --currency USD --discount 15% --to 29 --charge usage", "charge",
          "21.39"),
    exact("azure_pec_08-10", "--unit-price 0.868 --currency USD --discount 15% --to 210.950039 --charge usage",
          "charge", "155.63"),
    exact("azure_pec_08-25", "--unit-price 0.868 --currency USD --discount 15% --to 555.950039 --charge usage",
          "charge", "410.17"),
    under("halfup.v1", "zuora_tcb_aug", "--unit-price 35 --currency USD --days 14/30 --to 1", "charge", "16.33",
          "another engine, months of 30 days"),
    under("halfup.v1", "zuora_tcv_aug", "--unit-price 35 --currency USD --days 14/31 --to 1", "charge", "15.81",
          "another engine, actual days"),
    under("halfup.v1", "stripe_half_credit", "--unit-price 10 --currency USD --days 1/2 --from 1 --to 0", "wipe",
          "-5.00", "another engine"),
    other("nce_migrate_keep_plan",
          "--unit-price 16 --currency USD --term P1Y --billing monthly --cycle-start 2022-01-25 --cycle-end 2022-02-20 "
          "--on 2022-01-25 --from 0 --to 1",
          "charge", "15.42", "the two sides of the printed migration count cycles of 28 and 31 days"),
    other("nce_migrate_to_annual_remainder",
          "--unit-price 192 --currency USD --days 177/365 --from 0 --to 1",
          "charge", "95.21", "printed is 181/365, while the printed dates span 177 days"),
    other("est_uplift_3", "--unit-price 7.20 --uplift 3% --currency USD --term P1M --billing monthly", "charge",
          "7.416", "derived and unrounded; extended terms have list rows of their own"),
    other("est_uplift_23", "--unit-price 6 --uplift 23% --currency USD --term P1M --billing monthly", "charge", "7.38",
          "derived; extended terms have list rows of their own"),
    other("zuora_cancel_credit", "--unit-price 100 --currency USD --days 23/31 --from 1 --to 0", "wipe", "-74.20",
          "another engine, which rounds to tenths"),
    other("msft column formula, nce_add2_charge",
          f"{JUNE} --on 2021-06-20 --from 10 --to 12 --profile msft.unit_down.v1", "charge", "112.89",
          "the formula of the column page gives less than the worked table"),
)  # fmt: skip

ALL: tuple[Worked, ...] = (*TODAY, *ELSEWHERE)
