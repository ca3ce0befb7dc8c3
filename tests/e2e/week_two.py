"""The second week: what waits already, a proposal, a renewal, a stale plan, guardrails, a dead runner, the bill."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.e2e.dying import dies
from tests.e2e.reseller import BASIC, VISIO, Reseller
from tests.e2e.week_one import ALSTER, DEICH, FJORD, MUEHLBACH

BROCKEN, ELBE = (f"customers/{name}.yaml" for name in ("brocken-reisen", "elbe-logistik"))


def monday_what_waits_is_told_apart(life: Reseller) -> None:
    """Beside what a change does stands what the portal left waiting for the same customer. It is not merged."""
    life.on("2026-11-30T09:00")
    more = f'    - {{name: visio, offer: "{VISIO}", seats: 2, sell: {{perSeat: "14.50", every: month}}}}\n'
    pull = life.pull("brocken-zeichnet", (BROCKEN, "  subscriptions:\n", f"  subscriptions:\n{more}"))
    life.planned(pull)

    shown = life.says("day-08-waiting", life.comments(pull)["plan"])
    assert "24 → 20" in shown
    assert "lready waiting" in shown


def monday_the_portals_word_is_accepted(life: Reseller) -> None:
    """What is live is written into the manifest, looked at and merged: nothing is sent, and the issue is closed."""
    life.on("2026-11-30T11:00")
    life.branch("portal-stimmt")
    life.says("day-08-proposed", life.here("drift", "--propose", expected=2))
    pull = life.propose("portal-stimmt")
    planned = life.planned(pull)
    assert "seats: 24" in (life.work / BROCKEN).read_text("utf-8")
    assert ("false", {}) == (planned.outputs["has_changes"], life.comments(pull))
    life.forge.review(pull, "anna")
    sent = len(life.sim.requests(writes=True))
    life.applied(life.merge(pull))
    assert sent == len(life.sim.requests(writes=True))

    life.on("2026-12-01T03:17")
    life.night()
    assert ["closed"] == [one.state for one in life.forge.issues.values()]
    [record] = [one for one in life.records() if one["customer_key"] == "brocken-reisen" and one["action"] != "adopt"]
    assert ("drift", "20", "24") == (record["origin"], record["quantity_before"], record["quantity_after"])


def tuesday_before_the_renewal(life: Reseller) -> None:
    """The last day before a term ends: the comment says until when it can be decided; the night takes the renewal in."""
    life.on("2026-12-01T09:00")
    life.says("day-09-renewals", life.terminal("renewals", "--refresh", "--within", "7d"))
    pull = life.pull("elbe-kleiner", (ELBE, "endOfTerm: renew\n", "endOfTerm: renew\n      atRenewal: {seats: 6}\n"))
    life.planned(pull)
    life.says("day-09-renewal", life.comments(pull)["plan"])
    life.forge.review(pull, "anna")
    life.applied(life.merge(pull))
    assert 8 == life.seats_of("elbe", BASIC)

    life.on("2026-12-02T03:17")
    life.night()
    assert 6 == life.seats_of("elbe", BASIC)
    renewed = life.records()[-1]
    assert ("elbe-logistik", "renewed", "schedule") == (renewed["customer_key"], renewed["action"], renewed["origin"])
    assert ("8", "6") == (renewed["quantity_before"], renewed["quantity_after"])


def wednesday_the_renewed_values_move_up(life: Reseller) -> None:
    """After the renewal a person moves its values to where the running ones stand: the change sends nothing."""
    life.on("2026-12-02T08:00")
    renewal = "endOfTerm: renew\n      atRenewal: {seats: 6}\n"
    pull = life.pull("elbe-sechs", (ELBE, "seats: 8\n", "seats: 6\n"), (ELBE, renewal, "endOfTerm: renew\n"))
    planned = life.planned(pull)
    assert ("false", {}) == (planned.outputs["has_changes"], life.comments(pull))
    sent = len(life.sim.requests(writes=True))
    life.applied(life.merge(pull))
    assert sent == len(life.sim.requests(writes=True))


def wednesday_the_ground_moved(life: Reseller) -> None:
    """Another change of the same customer is merged first: 7, nothing is bought, a fresh plan; approved anew, it runs."""
    life.on("2026-12-02T09:00")
    pull = life.pull("deich-siebzehn", (DEICH, "seats: 15", "seats: 17"))
    life.planned(pull)
    life.forge.review(pull, "anna")
    other = life.pull("deich-basic", (DEICH, "seats: 5", "seats: 6"), author="olga")
    life.planned(other)
    life.applied(life.merge(other))
    assert (15, 6) == (life.seats_of("deich"), life.seats_of("deich", BASIC))
    moved = life.merge(pull)
    stale = life.applied(moved, expected=7)

    assert 15 == life.seats_of("deich")
    life.says("day-10-stale", life.comments(pull)["apply"])
    life.says("day-10-fresh", life.comments(pull)["plan"])
    assert "stale" == json.loads(stale.files["result.json"])["verdict"]
    life.forge.review(pull, "anna")
    life.applied(moved)
    assert 17 == life.seats_of("deich")


def thursday_a_revert_too_late(life: Reseller) -> None:
    """Last week's seats are beyond their window: the comment says what stays owed, and nothing is sent before its day."""
    life.on("2026-12-03T09:00")
    pull = life.revert(life.forge.pulls[3], "muehlbach-doch-nicht")
    life.planned(pull)
    life.says("day-11-too-late", life.comments(pull)["plan"])


def friday_sales_has_to_say_yes(life: Reseller) -> None:
    """More than twenty seats wait for the head of sales: without a word 3 and the name, with it they are bought."""
    life.on("2026-12-04T09:00")
    pull = life.pull("muehlbach-neubau", (MUEHLBACH, "seats: 42", "seats: 70"))
    life.planned(pull)
    life.says("day-12-needs-approval", life.comments(pull)["plan"])
    life.forge.review(pull, "anna")
    moved = life.merge(pull)
    life.applied(moved, expected=3)
    said = life.says("day-12-refused", life.comments(pull)["apply"])
    assert "tom" in said
    assert 42 == life.seats_of("muehlbach")
    life.forge.review(pull, "tom")
    life.applied(moved)
    life.says("day-12-approved", life.comments(pull)["apply"])
    assert 70 == life.seats_of("muehlbach")


def saturday_a_guard_is_deleted(life: Reseller) -> None:
    """Who takes a limit out and crosses it in the same change is judged by the limit that was there."""
    life.on("2026-12-05T09:00")
    limits = (
        "    maxSeatsPerChange:\n"
        "      - {limit: 20, level: needs-approval, approval: {role: sales-lead}}\n"
        "      - {limit: 100, level: deny}\n"
    )
    pull = life.pull("freie-fahrt", ("cspdecl.yaml", limits, ""), (FJORD, "seats: 16", "seats: 160"))
    life.planned(pull, expected=3)
    said = life.says("day-13-refused", life.comments(pull)["plan"])
    assert "maxSeatsPerChange" in said


def sunday_a_runner_dies(life: Reseller) -> None:
    """Killed between a purchase and its answer: the next machine finds out what happened, does the rest, nothing twice."""
    life.on("2026-12-06T09:00")
    pull = life.pull("advent", (ALSTER, "seats: 10", "seats: 12"), (FJORD, "seats: 16", "seats: 17"))
    life.planned(pull)
    life.forge.review(pull, "anna")
    moved = life.merge(pull)
    run = dies(life, moved, heard=2)
    assert "apply" not in life.comments(pull)

    life.terminal("recover", expected=6)
    recovered = life.terminal("recover", "--take-over", run)
    assert 2 == recovered.count("it had happened"), recovered
    life.applied(moved)
    life.says("day-14-rest", life.comments(pull)["apply"])
    assert (12, 17, 17) == (life.seats_of("alster"), life.seats_of("fjord"), life.seats_of("fjord", VISIO))
    assert 3 == len(life.sim.requests(writes=True))
    bought = [one for one in life.records() if one.get("git_commit") == moved[1]]
    assert ["1", "1", "2"] == sorted(one["quantity_delta"] for one in bought)
    assert "nobody" in life.terminal("lock", "list")


def sunday_the_books_are_right(life: Reseller) -> None:
    """November's bill and the ledger agree to the cent, the chain is whole, nothing is left to do, nothing has drifted."""
    bill = life.folder / "recon-2026-11.csv"
    words = ["recon", "--world", str(life.folder / "world.db"), "--month", "2026-11", "--unbilled", "--out", str(bill)]
    subprocess.run([sys.executable, "-m", "cspdecl_simulator", *words], check=True, capture_output=True)
    life.says("day-14-bill", life.terminal("ledger", "compare", str(bill)))
    life.terminal("ledger", "verify")
    # customers are worked on side by side: which of two at one time is recorded first, no two runs share
    rows = sorted(line[8:] for line in life.terminal("ledger", "list").splitlines())
    life.says("day-14-ledger", "".join(f"{row}\n" for row in rows))
    life.on("2026-12-06T23:00")
    life.night()
    assert ["closed"] == [one.state for one in life.forge.issues.values()]
    assert "nothing to do" in life.terminal("plan", "--detailed-exitcode")


DAYS = (
    monday_what_waits_is_told_apart,
    monday_the_portals_word_is_accepted,
    tuesday_before_the_renewal,
    wednesday_the_renewed_values_move_up,
    wednesday_the_ground_moved,
    thursday_a_revert_too_late,
    friday_sales_has_to_say_yes,
    saturday_a_guard_is_deleted,
    sunday_a_runner_dies,
    sunday_the_books_are_right,
)
