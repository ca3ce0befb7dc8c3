"""Rules about buying: how many, what, and by whom."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import (
    ADDONS,
    AGREEMENT,
    ALIGN,
    CREATE,
    LICENCE_TERMS,
    MATRIX,
    OURS,
    PRICING,
    PROMOTIONS,
    SANDBOX,
    Chapter,
    rule,
)

CHAPTERS = (
    Chapter(
        title="How many",
        rules=(
            rule("CSP330", "seats-under-minimum", "commerce.quantity.check_quantity", PRICING,
                  "Seats stay within the offer's minimum and the subscription's maximum. Seats that already run are "
                  "never refused.",
                  simulator="seats.minimum seats.maximum"),
            rule("CSP331", "seats-over-pool", "commerce.quantity.check_quantity", PRICING,
                  "The maximum of an offer is one pool over all of a customer's subscriptions, whoever sold them.",
                  simulator="seats.pool"),
            rule("CSP330", "seats-over-maximum-split", "commerce.quantity.check_quantity", PRICING,
                  "Seats over one subscription's maximum go onto a second one: the two lines are written out.",
                  simulator="seats.maximum"),
            rule("CSP331", "business-family", "commerce.quantity.warn_family", LICENCE_TERMS,
                  "Business Basic, Standard and Premium count together for the licence terms; over 300 is a warning, "
                  "since the check at Microsoft is for each of them."),
            rule("CSP357", "too-many-subscriptions", "commerce.quantity.check_limits", MATRIX,
                  "What a customer may have only so often, at one time or ever, is not bought once more.",
                  simulator="seats.owned seats.subscriptions"),
            rule("CSP332", "sandbox-seats", "commerce.quantity.check_quantity", SANDBOX,
                  "The integration sandbox has 75 customers, 5 subscriptions each, 25 seats a subscription.",
                  simulator="sandbox.seats sandbox.subscriptions sandbox.customers"),
        ),
    ),
    Chapter(
        title="Buying",
        rules=(
            rule("CSP323", "buy-wrong-way", "commerce.combos.check_combination", CREATE,
                  "Term and billing plan must be one of the combinations in the catalogue.",
                  simulator="terms.matrix"),
            rule("CSP324", "buy-not-sold", "commerce.decide_purchase.decide_purchase", CREATE,
                  "What the market does not sell, or sells no more, is not bought.",
                  simulator="buying.sold"),
            rule("CSP325", "buy-unread", "commerce.decide_purchase.decide_purchase", OURS,
                  "What the catalogue could not be asked about is not bought on a guess; it waits."),
            rule("CSP335", "buy-add-on", "commerce.decide_purchase.decide_purchase", CREATE,
                  "An add-on whose base is not at the customer is bought with a warning: the provider may refuse it.",
                  simulator="buying.base"),
            rule("CSP345", "buy-beside-trial", "planning.match.match_customer", CREATE,
                  "A trial is matched, changed and started only by a line that says so: left alone, one becomes a "
                  "paid year.",
                  simulator="trials.converts"),
            rule("CSP365", "buy-unattested", "commerce.decide_purchase.decide_purchase", CREATE,
                  "An offer that wants something confirmed is bought only where the line says that it is so.",
                  simulator="buying.attestation"),
            rule("CSP350", "buy-no-agreement", "commerce.decide_purchase.decide_purchase", AGREEMENT,
                  "Nothing is bought before the customer's agreement is accepted; where a person has to, it waits.",
                  simulator="buying.agreement"),
            rule("CSP353", "buy-agreement-unknown", "commerce.decide_purchase.decide_purchase", AGREEMENT,
                  "Where the agreement could not be asked about, the purchase is planned and that is said: without an "
                  "agreement the provider refuses.",
                  simulator="buying.agreement"),
            rule("CSP352", "customer-gone", "planning.account.plan_account", OURS,
                  "For a tenant that is not a customer of ours nothing is bought, and nobody is created in its place."),
            rule("CSP351", "buy-blocked", "commerce.decide_purchase.decide_purchase", OURS,
                  "Where the provider says that it refuses purchases for a customer, they wait."),
        ),
    ),
    Chapter(
        title="Add-ons",
        rules=(
            rule("CSP363", "add-on", "planning.order.ordered", ADDONS,
                  "An add-on is bought after its base, whatever the order in the file, and waits with it.",
                  simulator="buying.base",
                  shown="+ m365"),
            rule("CSP363", "add-on-wrong-base", "commerce.decide_addon.check_addon", ADDONS,
                  "The base must be what the add-on belongs to, and stay.",
                  simulator="buying.base"),
            rule("CSP363", "add-on-base-leaves", "commerce.decide_addon.check_leaving_base", ADDONS,
                  "A base does not leave while an add-on to it stays; where both leave, the add-on goes first.",
                  simulator="buying.base-stays"),
            rule("CSP364", "add-on-too-few", "commerce.decide_addon.minimum_addon_seats", ADDONS,
                  "Multi-Geo needs five per cent of the seats of all plans it is an add-on to. No catalogue says the "
                  "share, so it is known for that one product.",
                  simulator="buying.share"),
            rule("CSP364", "add-on-more-than-base", "commerce.decide_addon.check_addon_seats", OURS,
                  "More seats of an add-on than of its base are bought with a warning."),
            rule("CSP364", "add-on-smaller-base", "commerce.decide_addon.warn_smaller_base", OURS,
                  "A base that gets fewer seats than its add-on keeps is warned of."),
            rule("CSP367", "add-on-ends-apart", "commerce.decide_addon.check_addon", OURS,
                  "Ends that would drift apart are said, with how to align them."),
        ),
    ),
    Chapter(
        title="Where a first term ends",
        rules=(
            rule("CSP366", "coterm-not-allowed", "commerce.decide_coterm.decide_custom_end", ALIGN,
                  "A purchase may end with a month or with another subscription, on the days the provider allows; "
                  "licences only, no trials.",
                  simulator="ends.date ends.product"),
            rule("CSP366", "coterm-by-the-month", "commerce.coterm.shared_end", ALIGN,
                  "A year or three cannot end with what runs by the month; a month ends on no 28th, 29th or 30th that "
                  "is not the month's end.",
                  simulator="ends.date"),
            rule("CSP367", "coterm-unanswered", "commerce.decide_coterm.decide_custom_end", OURS,
                  "Where the allowed days could not be asked, the purchase waits."),
            rule("CSP367", "coterm-with-purchase", "commerce.decide_coterm.decide_custom_end", ALIGN,
                  "What ends with a line of the same plan is bought after it, with the end that line declares; terms "
                  "of one length end together when both are bought on one day.",
                  simulator="ends.date",
                  shown="its first term ends on 2027-10-31"),
            rule("CSP367", "coterm-waits", "commerce.decide_coterm.wait_for_end", OURS,
                  "Where the end to share is not known before the other line runs, the purchase waits."),
            rule("CSP367", "coterm-running", "commerce.decide_coterm.note_running_end", ALIGN,
                  "A running term keeps its end until its renewal: another one is said and not planned.",
                  simulator="ends.running"),
        ),
    ),
    Chapter(
        title="Promotions",
        rules=(
            rule("CSP368", "promotion-not-eligible", "commerce.decide_promotion.expect_promotion", PROMOTIONS,
                  "A promotion that is insisted on and does not apply is refused with its reason. Microsoft would sell "
                  "at the list price without a word.",
                  simulator="promotions.silent promotions.first promotions.once"),
            rule("CSP368", "promotion-increase-over-cap", "commerce.decide_promotion.check_increase", PROMOTIONS,
                  "More seats than a cap leaves do not go onto the subscription that has the promotion.",
                  simulator="promotions.cap"),
            rule("CSP369", "promotion-over-cap", "commerce.decide_promotion.expect_promotion", PROMOTIONS,
                  "A purchase over what a cap leaves goes wholly at the list price, so two lines are offered; caps "
                  "count the seats of all partners.",
                  simulator="promotions.silent"),
            rule("CSP369", "promotion-unanswered", "commerce.decide_promotion.expect_promotion", OURS,
                  "Where promotions could not be asked, the list prices the purchase and the plan says so."),
        ),
    ),
)  # fmt: skip
