"""Rules about what a change costs: charge cycles, shares of them, rounding, and when a price list reaches what runs."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import FREQUENCY, LIFECYCLE, PRICING, Chapter, rule

BILLING = "Microsoft, common billing scenarios, 2022-11, and reconciliation file columns, 2023-10"

CHAPTER = Chapter(
    title="What a change costs",
    rules=(
        rule(
            "CSP640", "buy-wrong-way", "commerce.cycles.check_plan", FREQUENCY,
            "A billing plan is never longer than its term; each term has plans of its own, each offer some of them.",
        ),
        rule(
            "CSP641", "seats-up", "commerce.proration.prorated_lines", BILLING,
            "A change returns the old quantity and charges the new one for the rest of the charge cycle, its day "
            "included, by days of the cycle's own length. A full cycle is never prorated.",
        ),
        rule(
            "CSP641", "seats-up", "commerce.proration.profile_of", BILLING,
            "Lines of added and removed seats are multiplied and then cut to cents; all others are cut by the seat and "
            "then multiplied. No single rule fits what is published, so amounts are estimates within a cent a seat.",
        ),
        rule(
            "CSP642", "convert-term", "commerce.figure_quote.quote_figures", FREQUENCY,
            "A change of the billing plan alone was counted by months until 2025-03-31, and cannot be had since.",
        ),
        rule(
            "CSP645", "end-of-term", "planning.renewals.find_renewals", LIFECYCLE,
            "What follows a term is decided before 00:00 UTC of its renewal day; seats come back for seven days from "
            "the moment the renewal completes.",
        ),
        rule(
            "CSP647", "guardrails", "planning.rehearsal.rehearse", PRICING,
            "Another price list reaches a running term only when it renews; a list that is announced is no price.",
        ),
    ),
)  # fmt: skip
