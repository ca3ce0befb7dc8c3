"""Rules about what a change costs: charge cycles, shares of them, rounding, and when a price list reaches what runs."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import ALIGN, EST, FREQUENCY, LIFECYCLE, POLICY, PRICING, Chapter, rule

BILLING = "Microsoft, common billing scenarios, 2022-11, and reconciliation file columns, 2023-10"
BASICS = "Microsoft, billing basics, 2023-10"

CHAPTER = Chapter(
    title="What a change costs",
    preface="Amounts that were printed on public pages stand beside ours in [Worked numbers](vectors.md). The "
    "simulator charges by money code of its own, and [ledger compare](../concepts/comparing-with-the-bill.md) holds "
    "both, or an invoice, against the ledger.",
    rules=(
        rule("CSP640", "quote/plan-of-a-term", "commerce.cycles.check_plan", FREQUENCY,
             "A billing plan is never longer than its term; each term has plans of its own, each offer some of them.",
             simulator="terms.matrix"),
        rule("CSP641", "quote/whole-cycles", "commerce.figure_quote.quote_figures", BILLING,
             "A purchase is charged its first cycle; a renewal and every later cycle are charged once, on their first "
             "day, whether the service is suspended or not.",
             simulator="charging.new charging.renew charging.cycle"),
        rule("CSP640", "quote/cycles-at-month-ends", "commerce.cycles.charge_cycles", BASICS,
             "Charge cycles keep the day they began on; near the end of a month they keep its distance from that end.",
             simulator="charging.anchors"),
        rule("CSP641", "quote/rest-of-a-cycle", "commerce.proration.prorated_lines", BILLING,
             "A change returns the old quantity and charges the new one for the rest of the charge cycle, its day "
             "included, by days of the cycle's own length. A full cycle is never prorated.",
             simulator="charging.seats charging.days"),
        rule("CSP643", "quote/where-cents-are-cut", "commerce.proration.profile_of", BILLING,
             "Lines of added and removed seats are multiplied and then cut to cents; all others are cut by the seat "
             "and then multiplied. No single rule fits what is published, so amounts are estimates within a cent a "
             "seat.",
             simulator="charging.cents charging.instalments"),
        rule("CSP643", "quote/cancelled", "commerce.proration.charge_lines", POLICY,
             "A cancellation inside its window gives the rest of the cycle back by days, from the first day on.",
             simulator="charging.cancel"),
        rule("CSP644", "quote/upgraded", "commerce.figure_quote.quote_figures", BILLING,
             "An upgrade gives back only the seats that leave, and charges them at the other offer's price.",
             simulator="charging.convert charging.move"),
        rule("CSP642", "quote/plan-alone", "commerce.figure_quote.quote_figures", FREQUENCY,
             "A change of the billing plan alone was counted by months until 2025-03-31, and cannot be had since.",
             simulator="charging.plan"),
        rule("CSP367", "coterm-month-end", "commerce.coterm.first_cycle", ALIGN,
             "A shortened first term begins with its short cycle, charged as a part of the full one that would end on "
             "that day. No published amount shows it, so it is an estimate.",
             simulator="charging.short-first", shown="the first charge is an estimate"),
        rule("CSP317", "end-of-term", "commerce.prices.price_of_extended", EST,
             "A month of an extended service term costs the monthly price and 3 %, or a twelfth of the yearly one and "
             "23 % where there is no monthly one. Where the list of that view is not imported, that is a forecast.",
             simulator="charging.uplift", shown="a forecast: the monthly price and 3 %"),
        rule("CSP645", "renewals/undecided", "planning.renewals.find_renewals", LIFECYCLE,
             "What follows a term is decided before 00:00 UTC of its renewal day; seats come back for seven days from "
             "the moment the renewal completes.",
             simulator="renewals.queue windows.renewal"),
        rule("CSP647", "rehearsal/under-the-floor", "planning.rehearsal.rehearse", PRICING,
             "Another price list reaches a running term only when it renews; a list that is announced is no price.",
             simulator="renewals.price"),
    ),
)  # fmt: skip
