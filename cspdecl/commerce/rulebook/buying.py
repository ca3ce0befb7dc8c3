"""Rules about buying: how many, what, and by whom."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import AGREEMENT, CREATE, OURS, PRICING, SANDBOX, Chapter, rule

CHAPTERS = (
    Chapter(
        title="How many",
        rules=(
            rule("CSP330", "seats-under-minimum", "commerce.quantity.check_quantity", PRICING,
                  "Seats stay within the offer's minimum and the subscription's maximum. Seats that already run are "
                  "never refused."),
            rule("CSP331", "seats-over-pool", "commerce.quantity.check_quantity", PRICING,
                  "The maximum of an offer is one pool over all of a customer's subscriptions, whoever sold them."),
            rule("CSP332", "sandbox-seats", "commerce.quantity.check_quantity", SANDBOX,
                  "The integration sandbox has 75 customers, 5 subscriptions each, 25 seats a subscription."),
        ),
    ),
    Chapter(
        title="Buying",
        rules=(
            rule("CSP323", "buy-wrong-way", "commerce.combos.check_combination", CREATE,
                  "Term and billing plan must be one of the combinations in the catalogue."),
            rule("CSP324", "buy-not-sold", "commerce.decide_purchase.decide_purchase", CREATE,
                  "What the market does not sell, or sells no more, is not bought."),
            rule("CSP325", "buy-unread", "commerce.decide_purchase.decide_purchase", OURS,
                  "What the catalogue could not be asked about is not bought on a guess; it waits."),
            rule("CSP335", "buy-add-on", "commerce.decide_purchase.decide_purchase", CREATE,
                  "An add-on whose base is not at the customer is bought with a warning: the provider may refuse it."),
            rule("CSP345", "buy-beside-trial", "planning.match.match_customer", CREATE,
                  "Trials are never matched, changed or started: left alone, one becomes a paid year."),
            rule("CSP350", "buy-no-agreement", "commerce.decide_purchase.decide_purchase", AGREEMENT,
                  "Nothing is bought before the customer's agreement is accepted; where a person has to, it waits."),
            rule("CSP351", "buy-blocked", "commerce.decide_purchase.decide_purchase", OURS,
                  "Where the provider says that it refuses purchases for a customer, they wait."),
        ),
    ),
)  # fmt: skip
