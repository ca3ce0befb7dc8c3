"""What stands in no rule, and why: codes about something else, and rules of the simulator that are kept elsewhere."""

from __future__ import annotations

from cspdecl.commerce.rulebook.shape import Aside

#: Codes of plans that are about whose subscription it is or about the customer, and no rule of commerce.
CODES = (
    Aside(name="CSP355", why="a customer that was created from here is gone: about the customer, not about commerce"),
    Aside(name="CSP356", why="a profile that could not be read is not written: about the customer"),
    Aside(name="CSP370", why="which of several is meant: about whose subscription it is"),
    Aside(name="CSP371", why="`id:` names nothing that runs: about whose subscription it is"),
    Aside(name="CSP372", why="two lines for one subscription: about whose subscription it is"),
    Aside(name="CSP373", why="whether it is a rename: about whose subscription it is"),
    Aside(name="CSP374", why="a bundle lost a component that somebody has: about bundles"),
    Aside(name="CSP375", why="one line, several subscriptions: about whose subscription it is"),
    Aside(name="CSP376", why="bound elsewhere: about whose subscription it is"),
    Aside(name="CSP377", why="`id:` names something else: about whose subscription it is"),
    Aside(name="CSP378", why="an own service that stays in the book: not Microsoft's"),
    Aside(name="CSP379", why="an own service that waits for its bundle: not Microsoft's"),
)

#: Rules the simulator holds that no plan decides: the provider's plugin keeps them, or the comparison with the bill.
#: `shown` is the test that does.
SIMULATOR = (
    Aside(name="patch.replaces", why="the plugin sends the whole subscription as it was read, changed in one thing",
          shown="tests/partner_center/test_changes.py::test_rename_reaches_the_portal_name"),
    Aside(name="patch.etag", why="the plugin sends the tag it read, and reads again where that is stale",
          shown="tests/partner_center/test_changes.py::test_stale_etag_is_said"),
    Aside(name="patch.closed", why="what has ended is planned for as ended; ended meanwhile, the plugin stops",
          shown="tests/partner_center/test_running.py::test_suspending_what_was_cancelled_meanwhile_is_stale"),
    Aside(name="schedules.wins", why="the plugin writes one spelling, never both",
          shown="tests/partner_center/test_changes.py::test_both_spellings_are_read_and_never_both_sent"),
    Aside(name="terms.nothing-pending", why="the plugin takes back what is scheduled first",
          shown="tests/partner_center/test_running.py::test_longer_term_waits_for_what_is_scheduled_to_be_taken_back"),
    Aside(name="seats.updates", why="nobody counts a subscription's updates from outside: the refusal is said in words",
          shown="tests/partner_center/test_faults.py::test_every_documented_code_has_an_outcome_and_a_sentence"),
    Aside(name="promotions.deepest", why="which promotion wins is the provider's answer, held against the plan",
          shown="tests/partner_center/test_special_purchases.py::test_promotion_nobody_expected_is_no_obstacle"),
    Aside(name="buying.rotation", why="the plugin asks for the availability just before it makes a cart",
          shown="tests/partner_center/test_purchases.py::test_purchase_becomes_a_subscription_with_our_name"),
    Aside(name="buying.once", why="the plugin checks the same cart out again, never a second one",
          shown="tests/partner_center/test_purchases.py::test_repeated_checkout_buys_once"),
    Aside(name="buying.expiry", why="a cart that ran out is a refusal, and the next plan buys",
          shown="tests/partner_center/test_purchases.py::test_cart_that_ran_out_is_refused"),
    Aside(name="charging.months", why="what belongs to which invoice is compared, not planned",
          shown="tests/unit/billing/test_variance.py::test_other_months_lines_are_not_compared"),
)  # fmt: skip
