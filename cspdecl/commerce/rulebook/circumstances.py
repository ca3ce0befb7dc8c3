"""Rules about the customer and about special products: holds, qualifications, Azure plans, software, resellers."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import OURS, POLICY, Chapter, rule

_QUALIFY = "Microsoft, customer qualifications, 2023-10"
_INDIRECT = "Microsoft, indirect model and carts, 2023-10"
_AZURE = "Microsoft, create an Azure plan, 2023-10"
_ORDERS = "Microsoft, cancel an order, 2023-10; cancellation policy, 2026-08"

CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        title="A customer on hold",
        rules=(
            rule("CSP380", "hold", "commerce.circumstances.under_hold", OURS,
                  "On hold nothing is bought: no subscription, seat, longer term, upgrade, Azure plan or own service. "
                  "What is reduced or ends goes on."),
            rule("CSP380", "hold-renewal", "commerce.circumstances.under_hold", OURS,
                  "On hold nothing more is scheduled for a renewal, and no renewal that is off is switched on."),
            rule("CSP381", "hold", "commerce.circumstances.renewals_on_hold", OURS,
                  "A hold switches no renewal off; those that commit again are named with their day."),
        ),
    ),
    Chapter(
        title="Segments and qualifications",
        rules=(
            rule("CSP384", "qualification", "commerce.circumstances.check_qualified", _QUALIFY,
                  "What is sold to a segment waits until the customer's qualification is approved; it is asked for.",
                  simulator="buying.segment"),
            rule("CSP383", "qualification-unread", "commerce.circumstances.check_qualified", OURS,
                  "A qualification that could not be read is no yes."),
            rule("CSP385", "qualification-denied", "commerce.circumstances.check_qualified", _QUALIFY,
                  "After a denial nothing of the segment is bought; what runs stays.",
                  simulator="buying.segment"),
            rule("CSP386", "qualification-not-in-segment", "commerce.circumstances.not_in_segment", _QUALIFY,
                  "Each segment has offers of its own; one that is not on its list is refused.",
                  simulator="buying.segment buying.sold"),
            rule("CSP382", "qualification-by-hand", "planning.qualifications.plan_qualification", _QUALIFY,
                  "A nonprofit qualification is given by Microsoft alone; the others need what the request asks for.",
                  simulator="buying.qualified"),
        ),
    ),
    Chapter(
        title="Resellers of an indirect provider",
        rules=(
            rule("CSP390", "reseller-unsigned", "commerce.circumstances.check_reseller", _INDIRECT,
                  "An order names the reseller that sold. Until that one can be named, it waits: without a name it "
                  "would be recorded without a reseller.",
                  simulator="resellers.signed resellers.known"),
            rule("CSP391", "reseller-not-attested", "commerce.circumstances.check_reseller", _INDIRECT,
                  "An order with a reseller is attested (error 900206).",
                  simulator="resellers.attested"),
            rule("CSP392", "reseller-region", "commerce.circumstances.check_reseller", _INDIRECT,
                  "A reseller sells in its region only (error 900123).",
                  simulator="resellers.signed"),
            rule("CSP260", "manifest/resellers", "manifest.circumstances.compile_reseller", _INDIRECT,
                  "An indirect provider says for every customer who sells: an order without a reseller fails nowhere.",
                  ours=True),
            rule("CSP261", "manifest/resellers", "manifest.circumstances.compile_reseller", _INDIRECT,
                  "A provider is not its own reseller (error 900124), and five additional ones are the most.",
                  simulator="resellers.five resellers.known"),
            rule("CSP216", "manifest/circumstances", "manifest.circumstances.compile_reseller", _INDIRECT,
                  "Who sells to the customer directly names no reseller.",
                  simulator="resellers.direct"),
            rule("CSP390", "reseller-other", "commerce.circumstances.decide_reseller", _INDIRECT,
                  "What runs with another reseller on record gets the declared one.",
                  simulator="resellers.record",
                  shown="puts reseller 1234567 on record"),
        ),
    ),
    Chapter(
        title="Azure plans",
        rules=(
            rule("CSP387", "azure-old-kind", "commerce.decide_azure.decide_azure", _AZURE,
                  "No Azure plan beside a subscription of the older kind (MS-AZR-0145P), and one a customer.",
                  simulator="buying.old-azure buying.one-plan"),
            rule("CSP388", "azure-absent", "commerce.decide_azure.decide_azure", _AZURE,
                  "An Azure plan is suspended, never cancelled, and only with nothing in use below it (error 900115).",
                  simulator="buying.azure-stays buying.azure-in-use"),
            rule("CSP389", "azure-budget-unread", "commerce.decide_azure.decide_azure", OURS,
                  "A usage budget that could not be read is not overwritten."),
        ),
    ),
    Chapter(
        title="Software and licences for good",
        rules=(
            rule("CSP393", "software-fewer-now", "commerce.products.no_seats_back", POLICY,
                  "A software subscription can be cancelled for seven days and gives back no seats before renewal.",
                  simulator="windows.software"),
            rule("CSP341", "software-no-window", "commerce.windows.cancellable_until", POLICY,
                  "Where the provider shows no window, as for plans of Red Hat and SUSE, none is assumed.",
                  simulator="windows.cancel",
                  shown="end_of_term.cancel"),
            rule("CSP394", "perpetual-more", "commerce.products.decide_owned", _ORDERS,
                  "More of what is bought for good is another order, and single licences are not given back.",
                  simulator="charging.forever"),
            rule("CSP395", "perpetual-too-late", "commerce.products.decide_owned", _ORDERS,
                  "A perpetual licence can be given back whole for thirty days against its full price, by its order.",
                  simulator="windows.perpetual"),
            rule("CSP396", "perpetual-unread", "commerce.products.wait_until_read", OURS,
                  "Where what a customer owns for good could not be read, none of it is bought or given back."),
        ),
    ),
)  # fmt: skip
