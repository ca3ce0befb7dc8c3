"""Thresholds with levels: of those that are crossed the strictest speaks, once."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cspdecl.core.guard import NeededApproval
from cspdecl.planning.safety import margin_floor
from tests.guard_builders import ROLES, buy, judged, limits, more, rule, said

SEATS = (
    rule("maxSeatsPerChange", 20, "warn"),
    rule("maxSeatsPerChange", 50, "needs-approval", "sales-lead"),
    rule("maxSeatsPerChange", 200, "deny"),
)


@pytest.mark.parametrize(
    ("seats", "expected"),
    [
        (20, []),
        (21, [("maxSeatsPerChange", "warn", False)]),
        (50, [("maxSeatsPerChange", "warn", False)]),
        (51, [("maxSeatsPerChange", "needs-approval", False)]),
        (200, [("maxSeatsPerChange", "needs-approval", False)]),
        (201, [("maxSeatsPerChange", "deny", True)]),
    ],
)
def test_the_strictest_threshold_speaks(seats, expected):
    """From above a limit on its level holds, and softer ones are silent."""
    assert expected == said(judged(limits(*SEATS), buy(seats=seats)))


def test_what_waits_for_somebody_is_not_refused():
    """A plan that needs an approval says whose, and who holds that role."""
    report = judged(limits(*SEATS), buy(seats=60))

    assert (False, [NeededApproval(role="sales-lead", count=1)], {"sales-lead": ("tom",)}) == (
        report.refused, [item.approval for item in report.awaits], report.roles,
    )  # fmt: skip


def test_several_roles_are_all_asked():
    """Where thresholds of one level ask for different people, one more threshold never asks for fewer."""
    both = (
        rule("maxNewCommitment", "5000", "needs-approval", "sales-lead"),
        rule("maxNewCommitment", "20000", "needs-approval", "finance", 2),
        rule("maxNewCommitment", "10000", "needs-approval", "finance", 1),
    )

    report = judged(limits(*both), buy(commitment="30000"))

    assert {("finance", 2), ("sales-lead", 1)} == {(item.approval.role, item.approval.count) for item in report.awaits}


def test_the_sentence_names_the_threshold_and_whose_word_is_needed():
    """A salesperson reads what would happen, what the limit is, and who has to agree."""
    report = judged(limits(*SEATS), buy(seats=60))

    assert [
        "hafenkontor/visio would add 60 seats at once, more than 50; this needs the approval of 1 person of `sales-lead`"
    ] == [item.text for item in report.verdicts]


@pytest.mark.parametrize(
    ("level", "tail"),
    [
        ("warn", ""),
        ("needs-approval", "; this needs the approval of 2 people of `finance`"),
        ("deny", "; import the price list it needs with `cspdecl prices import`"),
    ],
)
def test_what_is_not_known_is_beyond_every_limit(level, tail):
    """An amount that is not known has the level of the strictest limit, and says that it is not known."""
    report = judged(
        limits(rule("maxNewCommitment", "5000", "warn"), rule("maxNewCommitment", "9000", level, count=2)),
        buy(commitment=None),
    )

    text = f"what hafenkontor/visio commits to is unknown (it is unknown), so the limit cannot be checked{tail}"
    assert [(level, text)] == [(str(item.level), item.text) for item in report.verdicts]


def test_a_currency_without_a_limit_has_none_to_spend():
    """A limit that names only US dollars lets no euro through."""
    report = judged(limits(max_new_commitment={"USD": 5000}), buy(commitment="1"))

    assert [("maxNewCommitment", "deny", True)] == said(report)


def test_every_change_speaks_for_itself():
    """Two lines over the limit are two verdicts, each with its own level."""
    report = judged(limits(*SEATS), buy("hafenkontor/a", 300), more("hafenkontor/b", 5, 30))

    assert [("hafenkontor/a", "deny"), ("hafenkontor/b", "warn")] == [
        (str(item.address), str(item.level)) for item in report.verdicts
    ]


def test_forbidden_with_a_word():
    """What nobody buys alone waits for two people of finance."""
    report = judged(limits(rule("forbid", None, "needs-approval", "finance", 2, term="P1Y")), buy())

    assert [
        "hafenkontor/visio buys what nobody buys alone (term: P1Y); this needs the approval of 2 people of `finance`"
    ] == [item.text for item in report.verdicts]


def test_a_role_with_too_few_people_is_said():
    """An approval that can never be given says so at once."""
    report = judged(limits(rule("maxSeatsPerChange", 1, "needs-approval", "sales-lead", 2)), buy())

    assert report.verdicts[0].text.endswith(
        "1 holds that role in this project, so the roles have to be changed first, in a change of its own"
    )


def test_plain_forms_deny():
    """A limit without a level is one that denies."""
    report = judged(limits(max_seats_per_change=4, roles=ROLES), buy())

    assert [("maxSeatsPerChange", "deny", True)] == said(report)


def test_margins_get_stricter_downwards():
    """Below 12 % a warning, below 5 % a refusal: the floor that is crossed last is named."""
    floors = limits(rule("minMargin", Fraction(12, 100), "warn"), rule("minMargin", Fraction(5, 100)))

    assert Fraction(5, 100) == margin_floor(floors)
