"""Rules about what already runs: seats back, the end of a term, what it may become."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import CREATE, EST, FREQUENCY, LIFECYCLE, OURS, POLICY, SCHEDULE, Chapter, rule

CHAPTERS = (
    Chapter(
        title="Giving seats back",
        rules=(
            rule("CSP310", "seats-down-split", "commerce.windows.returnable", POLICY,
                  "A seat comes back within seven days of the purchase, renewal or addition that brought it, each lot "
                  "by itself. What the provider says about the subscription wins over the seven days."),
            rule("CSP310", "seats-down-now-refused", "commerce.decide_seats.decide_seats", POLICY,
                  "`reduce: now` refuses when part of the seats are outside their window; `auto` splits the reduction; "
                  "`renewal` leaves all of it to the renewal."),
            rule("CSP311", "seats-down-scheduled", "commerce.decide_seats.decide_seats", SCHEDULE,
                  "What cannot go now is written as the next term's seats and then waited for."),
            rule("CSP311", "seats-down-again", "commerce.decide_seats.decide_seats", SCHEDULE,
                  "Any immediate change deletes what is scheduled, so it is written again after it."),
            rule("CSP312", "seats-down-pointless", "commerce.decide_seats.decide_seats", SCHEDULE,
                  "A reduction is not scheduled for a renewal that will not happen."),
            rule("CSP313", "seats-down-no-renewal", "commerce.decide_seats.decide_seats", SCHEDULE,
                  "A change at the renewal needs auto-renew: it is switched on where `endOfTerm: renew` is declared, "
                  "and asked for where nothing is."),
            rule("CSP314", "seats-down-unscheduled", "commerce.decide_seats.decide_seats", OURS,
                  "Where nothing can be scheduled, the change is listed as due and made by the first plan that can."),
            rule("CSP315", "seats-down-too-late", "commerce.policy.renewal_deadline", LIFECYCLE,
                  "Everything about a renewal is written before 00:00 UTC of its day; from then on it waits."),
            rule("CSP316", "schedule-undeclared", "commerce.decide_seats.decide_seats", OURS,
                  "A change scheduled elsewhere that no manifest declares is shown and taken back."),
            rule("CSP318", "window-assumed", "commerce.windows.returnable", POLICY,
                  "Where the provider says nothing about windows, seven days from the start of the term are assumed, "
                  "and the plan says so."),
        ),
    ),
    Chapter(
        title="The end of a term, and leaving",
        rules=(
            rule("CSP317", "end-of-term", "commerce.decide_end.decide_end_of_term", EST,
                  "Renew, cancel and extend are three choices. Auto-renew merely off is none of them and may become a "
                  "paid extension, so it is decided, never left."),
            rule("CSP346", "extended-as-declared", "commerce.decide_extended.decide_extended", EST,
                  "What was told to extend goes on by the month when its term is over. That is as declared and no "
                  "change of the term; nothing is sent, and it can be cancelled on any day."),
            rule("CSP346", "extended-other-seats", "commerce.decide_extended.decide_extended", EST,
                  "In an extended service term seats cannot be changed: the declared number waits."),
            rule("CSP341", "absent-outside-window", "commerce.decide_end.decide_leaving", POLICY,
                  "`absent: true` cancels inside the window and ends with the term outside it."),
            rule("CSP342", "absent-unbound", "planning.match.match_customer", OURS,
                  "Nothing is cancelled by resemblance: a line that is not bound needs `id:`."),
            rule("CSP343", "bound-gone", "planning.match.match_customer", OURS,
                  "What was cancelled elsewhere is not bought again unasked."),
        ),
    ),
    Chapter(
        title="What runs and what it may become",
        rules=(
            rule("CSP320", "convert-offer", "commerce.decide.decide", CREATE,
                  "Another offer on a running subscription is an upgrade, which cannot be undone: refused by name."),
            rule("CSP321", "convert-term", "commerce.decide.decide", FREQUENCY,
                  "A longer term in the middle of one is a new commitment for the whole of it: refused by name."),
            rule("CSP322", "convert-term", "commerce.decide.decide", FREQUENCY,
                  "Another billing plan alone cannot be had in the middle of a term since 2025-04-01: refused."),
            rule("CSP333", "suspended", "commerce.decide.decide", LIFECYCLE,
                  "A suspended subscription has frozen seats, goes on being billed and will not renew: a person "
                  "resumes it."),
            rule("CSP334", "busy", "commerce.decide.decide", LIFECYCLE,
                  "What is being provisioned, renewed or transferred takes no changes; they wait."),
            rule("CSP360", "end-of-term-by-hand", "commerce.decide_end.decide_end_of_term", OURS,
                  "What a provider cannot do is said with its day, for a person to do in the portal."),
        ),
    ),
)  # fmt: skip
