"""The first week: day one, the first purchase, changes that meet each other, a revert, an edit in the portal."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import pytest

from tests.e2e.reseller import PREMIUM, VISIO, Reseller, first_files
from tests.pipelines.bench import git

ALSTER, DEICH, FJORD, MUEHLBACH = (
    f"customers/{name}.yaml" for name in ("alster-druck", "deich-soehne", "fjord-fisch", "muehlbach-bau")
)


def monday_all_that_runs_becomes_manifests(life: Reseller) -> None:
    """Day one: prices, export, our own price, adopt; the plan is empty, the first push buys nothing, nothing drifts."""
    first_files(life)
    sheet = life.folder / "sheet-2026-11-DE.csv"
    words = [sys.executable, "-m", "cspdecl_simulator", "prices", "--world", str(life.folder / "world.db")]
    subprocess.run([*words, "--out", str(sheet)], check=True, capture_output=True)
    life.here("prices", "import", str(sheet))
    exported = life.here("export")
    assert "6 customers with 7 lines written to customers/, 1 bundle recognised" in exported
    life.change(ALSTER, "billing: monthly\n", 'billing: monthly\n      sell: {perSeat: "24.90", every: month}\n')
    life.here("validate")
    assert life.here("adopt", "--auto-approve").endswith("8 bound\n")
    assert "nothing to do" in life.here("plan", "--detailed-exitcode")

    moved = life.push_main("All that runs")
    life.says("day-01-first-push", life.applied(moved).summary)
    life.on("2026-11-24T03:17")
    life.night()
    assert {} == life.forge.issues
    assert [] == life.sim.requests(writes=True)


def tuesday_three_seats_more(life: Reseller) -> None:
    """Shown with its money and its deadline, approved, squashed, bought once; the record says by whom and from where."""
    life.on("2026-11-24T09:00")
    pull = life.pull("alster-waechst", (ALSTER, "seats: 10", "seats: 13"))
    planned = life.planned(pull)
    shown = life.says("day-02-plan", life.comments(pull)["plan"])
    assert "10 → 13 seats now" in shown
    assert "2026-12-01 09:00 UTC" in shown
    assert "already waiting" not in shown
    assert "true" == planned.outputs["has_changes"]
    life.forge.review(pull, "anna")
    life.on("2026-11-24T10:00")
    moved = life.merge(pull, "squash")
    applied = life.applied(moved)

    life.says("day-02-applied", life.comments(pull)["apply"])
    assert 13 == life.seats_of("alster")
    record, result = life.records()[-1], json.loads(applied.files["result.json"])
    assert ("3", moved[1]) == (record["quantity_delta"], record["git_commit"])
    assert result["plan"] == record["plan_digest"]
    [approval] = json.loads(applied.files["approvals.json"])
    shown = json.loads(planned.files["plan.json"])["cspdecl"]["digest"]
    assert ("anna", "vera", shown) == (approval["by"], approval["author"], approval["plan"])
    assert 1 == len(record["approvals"])
    assert json.dumps(approval["link"]) in life.terminal("ledger", "approvals")


def wednesday_two_changes_pass_each_other(life: Reseller) -> None:
    """Shown first, merged last: a plan for one customer is not stale because another one moved. A fork sees no door."""
    life.on("2026-11-25T09:00")
    first = life.pull("fjord-ein-platz", (FJORD, "seats: 15", "seats: 16"))
    life.planned(first)
    life.says("day-03-plan-bundle", life.comments(first)["plan"])
    second = life.pull("muehlbach-zwei", (MUEHLBACH, "seats: 40", "seats: 42"), author="olga")
    life.planned(second)
    life.forge.review(first, "anna")
    life.forge.review(second, "vera")
    life.applied(life.merge(second, "merge"))
    assert (15, 42) == (life.seats_of("fjord"), life.seats_of("muehlbach"))
    life.applied(life.merge(first, "rebase"))
    assert (16, 16, 42) == (life.seats_of("fjord"), life.seats_of("fjord", VISIO), life.seats_of("muehlbach"))
    life.says("day-03-applied-bundle", life.comments(first)["apply"])


def wednesday_a_stranger_asks_for_the_keys(life: Reseller) -> None:
    """A fork's manifest tells the sign-in to write the environment down: nothing runs, nobody is asked, nothing leaks."""
    stolen, asked = life.folder / "stolen", len(life.sim.requests())
    identities = sum(one.path == "/identity" for one in life.forge.asked)
    theft = ("command: [cspdecl, ci, token]", f"command: [sh, -c, 'env > {stolen}; cspdecl ci token']")
    pull = life.pull("fremd", (ALSTER, "seats: 13", "seats: 14"), ("cspdecl.yaml", *theft), author="mallory", fork=True)
    planned = life.planned(pull)

    assert "Offline: nobody was asked." in planned.summary
    assert "13 → 14 seats now" in planned.summary  # what else it says depends on this machine's day
    assert "the provider partner-center in cspdecl.yaml changed" in planned.summary
    assert "CSP744" in planned.log
    assert (False, asked) == (stolen.exists(), len(life.sim.requests()))
    assert identities == sum(one.path == "/identity" for one in life.forge.asked)
    assert {} == life.comments(pull)


def thursday_two_changes_of_one_line(life: Reseller) -> None:
    """The second conflicts in git, is put on top by hand, shown anew and approved anew, and does only what is left."""
    life.on("2026-11-26T09:00")
    first = life.pull("deich-zwei", (DEICH, "seats: 12", "seats: 14"))
    life.planned(first)
    second = life.pull("deich-drei", (DEICH, "seats: 12", "seats: 15"), author="olga")
    life.planned(second)
    assert "12 → 15 seats now" in life.comments(second)["plan"]
    life.forge.review(second, "anna")
    life.applied(life.merge(first))
    assert 14 == life.seats_of("deich")
    with pytest.raises(AssertionError, match="merge"):
        life.merge(second)
    git(life.work, "reset", "-q", "--hard")

    life.rebase(second, (DEICH, "seats: 14", "seats: 15"))
    life.planned(second)
    life.says("day-04-rebased", life.comments(second)["plan"])
    life.forge.review(second, "anna")
    life.applied(life.merge(second))
    assert 15 == life.seats_of("deich")
    assert ["2", "1"] == [one["quantity_delta"] for one in life.records()[-2:]]


def friday_a_revert_in_time(life: Reseller) -> None:
    """Tuesday's seats go back within their seven days: the comment says so, and the money of the rest comes back."""
    life.on("2026-11-27T09:00")
    pull = life.revert(life.forge.pulls[1], "doch-nicht")
    life.planned(pull)
    life.says("day-05-revert", life.comments(pull)["plan"])
    life.forge.review(pull, "anna")
    life.applied(life.merge(pull))

    assert 10 == life.seats_of("alster")
    life.says("day-05-reverted", life.comments(pull)["apply"])
    bought, returned = [one for one in life.records() if one["customer_key"] == "alster-druck"][-2:]
    assert ("3", "-3") == (bought["quantity_delta"], returned["quantity_delta"])
    assert Decimal(0) > Decimal(returned["cost_amount"]["amount"])


def weekend_somebody_was_in_the_portal(life: Reseller) -> None:
    """Four seats more in the portal: one issue and one alarm; the next night knows it already and is silent."""
    life.on("2026-11-27T16:00")
    life.in_portal("brocken", PREMIUM, quantity=24)
    life.on("2026-11-28T03:17")
    life.night(expected=2)
    [issue] = life.forge.issues.values()
    life.says("day-06-issue", issue.body)
    assert ("open", "Drift in nordlicht") == (issue.state, issue.title)
    life.on("2026-11-29T03:17")
    life.night()
    assert [("open", issue.body)] == [(one.state, one.body) for one in life.forge.issues.values()]


DAYS = (
    monday_all_that_runs_becomes_manifests,
    tuesday_three_seats_more,
    wednesday_two_changes_pass_each_other,
    wednesday_a_stranger_asks_for_the_keys,
    thursday_two_changes_of_one_line,
    friday_a_revert_in_time,
    weekend_somebody_was_in_the_portal,
)
