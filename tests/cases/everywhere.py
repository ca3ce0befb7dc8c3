"""All that is said about the calendar's cases and one project, as one text: `test_calendar` runs it in other places.

`python -m tests.cases.everywhere PROJECT` prints plans, documents, complaints, summaries, journals and ledgers of the
cases, and then what the verbs say of PROJECT: plan, renewals (calendar file included), quotes and charge cycles. In one
language, since a locale decides that and must decide nothing else.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from cspdecl.cli.main import main
from cspdecl.planning.planfile import dump_plan
from cspdecl.report.text import render_plan
from tests.cases.test_apply import carried_out
from tests.cases.test_plan import CASES, NAMES, made

CALENDAR = [name for name in NAMES if name.startswith("calendar-")]
# nothing here asks the machine what time it is: the world's clock stands
VERBS = (
    "plan",
    "plan --format json",
    "renewals --refresh --within 24m",
    "renewals --refresh --within 24m --format json",
    "renewals --refresh --within 24m --format ics",
    "quote alpha/m365 --seats 12 --on 2027-03-28",
    "quote alpha/m365 --seats 12 --on 2026-12-31 --format json",
    "quote --unit-price 1234.56 --currency EUR --term P1Y --billing monthly --cycle-start 2026-10-25 --on 2026-11-01 --from 3 --to 5",
    "quote --cycles --term P1Y --billing monthly --start 2027-01-31 --count 12 --format json",
    "quote --cycles --term P1M --billing monthly --start 2027-01-31 --count 3",
)


def say(*texts: str) -> None:
    """Lines, in the order in which things are said."""
    sys.stdout.write("".join(f"{text}\n" for text in texts))
    sys.stdout.flush()


def say_cases() -> None:
    """Every case, planned and carried out."""
    for name in CALENDAR:
        plan, complaints = made(CASES / name)
        say(name, render_plan(plan), dump_plan(plan), complaints)
        with tempfile.TemporaryDirectory() as folder:
            for file, text in carried_out(CASES / name, Path(folder)).items():
                say(file, text)


def say_verbs(project: str) -> None:
    """Every verb, with how it ended."""
    for line in VERBS:
        say(f"$ {line}")
        code: object = 0
        try:
            main(["--lang", "en", "-C", project, *line.split()])
        except SystemExit as ended:
            code = ended.code
        say(f"exit {code}")


if __name__ == "__main__":
    os.environ["CSPDECL_ACTOR"] = "case"
    sys.stderr = sys.stdout
    say_cases()
    say_verbs(sys.argv[1])
