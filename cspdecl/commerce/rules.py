"""The rules of commerce as a list: what each says, where it comes from, which code names it, which case shows it.

`python -m cspdecl.commerce.rules --write` makes docs/reference/rules.md of it; a test holds that page current, every
function real and every case there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference" / "rules.md"

_POLICY = "Microsoft, cancellation policy for new commerce, 2026-08"
_CREATE = "Microsoft, create a new subscription, 2023-10"
_LIFECYCLE = "Microsoft, subscription lifecycle, 2023-10"
_SCHEDULE = "Microsoft, create scheduled changes, 2026"
_EST = "Microsoft, extended service terms, 2026-02; distributors' papers for the values on the wire, 2026"
_PRICING = "Microsoft, pricing and offers, 2023-10"
_AGREEMENT = "Microsoft, confirm customer acceptance, 2026-01"
_SANDBOX = "Microsoft, test and debug, 2023-10"
_FREQUENCY = "Microsoft, billing frequency changes, 2025-04"
_OURS = "our own safe reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `function` is where it is decided, `case` a folder below tests/cases/plan."""

    code: str
    says: str
    source: str
    function: str
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Rules about one thing."""

    title: str
    rules: tuple[Rule, ...]


def _rule(code: str, case: str, function: str, source: str, says: str) -> Rule:
    return Rule(code=code, says=says, source=source, function=function, case=case)


RULES = (
    Chapter(
        title="Giving seats back",
        rules=(
            _rule("CSP310", "seats-down-split", "commerce.windows.returnable", _POLICY,
                  "A seat comes back within seven days of the purchase, renewal or addition that brought it, each lot "
                  "by itself. What the provider says about the subscription wins over the seven days."),
            _rule("CSP310", "seats-down-now-refused", "commerce.decide_seats.decide_seats", _POLICY,
                  "`reduce: now` refuses when part of the seats are outside their window; `auto` splits the reduction; "
                  "`renewal` leaves all of it to the renewal."),
            _rule("CSP311", "seats-down-scheduled", "commerce.decide_seats.decide_seats", _SCHEDULE,
                  "What cannot go now is written as the next term's seats and then waited for."),
            _rule("CSP311", "seats-down-again", "commerce.decide_seats.decide_seats", _SCHEDULE,
                  "Any immediate change deletes what is scheduled, so it is written again after it."),
            _rule("CSP312", "seats-down-pointless", "commerce.decide_seats.decide_seats", _SCHEDULE,
                  "A reduction is not scheduled for a renewal that will not happen."),
            _rule("CSP313", "seats-down-no-renewal", "commerce.decide_seats.decide_seats", _SCHEDULE,
                  "A change at the renewal needs auto-renew: it is switched on where `endOfTerm: renew` is declared, "
                  "and asked for where nothing is."),
            _rule("CSP314", "seats-down-unscheduled", "commerce.decide_seats.decide_seats", _OURS,
                  "Where nothing can be scheduled, the change is listed as due and made by the first plan that can."),
            _rule("CSP315", "seats-down-too-late", "commerce.policy.renewal_deadline", _LIFECYCLE,
                  "Everything about a renewal is written before 00:00 UTC of its day; from then on it waits."),
            _rule("CSP316", "schedule-undeclared", "commerce.decide_seats.decide_seats", _OURS,
                  "A change scheduled elsewhere that no manifest declares is shown and taken back."),
            _rule("CSP318", "window-assumed", "commerce.windows.returnable", _POLICY,
                  "Where the provider says nothing about windows, seven days from the start of the term are assumed, "
                  "and the plan says so."),
        ),
    ),
    Chapter(
        title="How many",
        rules=(
            _rule("CSP330", "seats-under-minimum", "commerce.quantity.check_quantity", _PRICING,
                  "Seats stay within the offer's minimum and the subscription's maximum. Seats that already run are "
                  "never refused."),
            _rule("CSP331", "seats-over-pool", "commerce.quantity.check_quantity", _PRICING,
                  "The maximum of an offer is one pool over all of a customer's subscriptions, whoever sold them."),
            _rule("CSP332", "sandbox-seats", "commerce.quantity.check_quantity", _SANDBOX,
                  "The integration sandbox has 75 customers, 5 subscriptions each, 25 seats a subscription."),
        ),
    ),
    Chapter(
        title="Buying",
        rules=(
            _rule("CSP323", "buy-wrong-way", "commerce.combos.check_combination", _CREATE,
                  "Term and billing plan must be one of the combinations in the catalogue."),
            _rule("CSP324", "buy-not-sold", "commerce.decide_purchase.decide_purchase", _CREATE,
                  "What the market does not sell, or sells no more, is not bought."),
            _rule("CSP325", "buy-unread", "commerce.decide_purchase.decide_purchase", _OURS,
                  "What the catalogue could not be asked about is not bought on a guess; it waits."),
            _rule("CSP335", "buy-add-on", "commerce.decide_purchase.decide_purchase", _CREATE,
                  "An add-on whose base is not at the customer is bought with a warning: the provider may refuse it."),
            _rule("CSP345", "buy-beside-trial", "planning.match.match_customer", _CREATE,
                  "Trials are never matched, changed or started: left alone, one becomes a paid year."),
            _rule("CSP350", "buy-no-agreement", "commerce.decide_purchase.decide_purchase", _AGREEMENT,
                  "Nothing is bought before the customer's agreement is accepted; where a person has to, it waits."),
            _rule("CSP351", "buy-blocked", "commerce.decide_purchase.decide_purchase", _OURS,
                  "Where the provider says that it refuses purchases for a customer, they wait."),
        ),
    ),
    Chapter(
        title="The end of a term, and leaving",
        rules=(
            _rule("CSP317", "end-of-term", "commerce.decide_end.decide_end_of_term", _EST,
                  "Renew, cancel and extend are three choices. Auto-renew merely off is none of them and may become a "
                  "paid extension, so it is decided, never left."),
            _rule("CSP346", "extended-as-declared", "commerce.decide_extended.decide_extended", _EST,
                  "What was told to extend goes on by the month when its term is over. That is as declared and no "
                  "change of the term; nothing is sent, and it can be cancelled on any day."),
            _rule("CSP346", "extended-other-seats", "commerce.decide_extended.decide_extended", _EST,
                  "In an extended service term seats cannot be changed: the declared number waits."),
            _rule("CSP341", "absent-outside-window", "commerce.decide_end.decide_leaving", _POLICY,
                  "`absent: true` cancels inside the window and ends with the term outside it."),
            _rule("CSP342", "absent-unbound", "planning.match.match_customer", _OURS,
                  "Nothing is cancelled by resemblance: a line that is not bound needs `id:`."),
            _rule("CSP343", "bound-gone", "planning.match.match_customer", _OURS,
                  "What was cancelled elsewhere is not bought again unasked."),
        ),
    ),
    Chapter(
        title="What runs and what it may become",
        rules=(
            _rule("CSP320", "convert-offer", "commerce.decide.decide", _CREATE,
                  "Another offer on a running subscription is an upgrade, which cannot be undone: refused by name."),
            _rule("CSP321", "convert-term", "commerce.decide.decide", _FREQUENCY,
                  "A longer term in the middle of one is a new commitment for the whole of it: refused by name."),
            _rule("CSP322", "convert-term", "commerce.decide.decide", _FREQUENCY,
                  "Another billing plan alone cannot be had in the middle of a term since 2025-04-01: refused."),
            _rule("CSP333", "suspended", "commerce.decide.decide", _LIFECYCLE,
                  "A suspended subscription has frozen seats, goes on being billed and will not renew: a person "
                  "resumes it."),
            _rule("CSP334", "busy", "commerce.decide.decide", _LIFECYCLE,
                  "What is being provisioned, renewed or transferred takes no changes; they wait."),
            _rule("CSP360", "end-of-term-by-hand", "commerce.decide_end.decide_end_of_term", _OURS,
                  "What a provider cannot do is said with its day, for a person to do in the portal."),
        ),
    ),
)  # fmt: skip


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in order."""
    return tuple(rule for chapter in RULES for rule in chapter.rules)


def render_rules() -> str:
    """The page docs/reference/rules.md."""
    out = [
        "# Rules of commerce",
        "",
        "What a plan follows, in our own words, with the source and its date. Where papers disagree, the reading that",
        "buys less or asks first is taken. What a provider says about one subscription wins over all of it.",
        "",
        "Made from the code by `python -m cspdecl.commerce.rules --write`.",
    ]
    for chapter in RULES:
        head = ["| rule | source | code | decided in | shown by |", "|---|---|---|---|---|"]
        out += ["", f"## {chapter.title}", "", *head]
        out += [
            f"| {rule.says} | {rule.source} | [{rule.code}](codes/{rule.code}.md) | `{rule.function}` | "
            f"`tests/cases/plan/{rule.case}` |"
            for rule in chapter.rules
        ]
    return "\n".join(out) + "\n"


def main(arguments: list[str]) -> int:
    """Print the page, or with `--write` put it in its place."""
    if "--write" in arguments:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(render_rules(), "utf-8")
    else:
        sys.stdout.write(render_rules())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
