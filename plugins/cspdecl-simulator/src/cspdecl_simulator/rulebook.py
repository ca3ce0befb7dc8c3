"""The rules this simulator enforces, by name: what each says, where it was read, and the function that holds it.

The product's own table of rules links to these names; tests try to break every one of them. Sections are those of the
wire contract unless they say commerce. What the documents leave open is in READINGS.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: `says` in own words, `section` of the documents, `held_by` as `module:function` of this package."""

    id: str
    says: str
    section: str
    held_by: str


def _area(name: str, *rows: tuple[str, str, str, str]) -> tuple[Rule, ...]:
    return tuple(
        Rule(id=f"{name}.{rule}", says=says, section=section, held_by=held_by) for rule, section, held_by, says in rows
    )


RULES: tuple[Rule, ...] = (
    *_area(
        "windows",
        ("seats", "§13.3", "world.changes:_give_back", "Seats go back within seven days of the batch they came with."),
        ("lots", "§13.3", "world.changes:_change_quantity", "Seats added in mid-term open seven days of their own."),
        ("renewal", "§13.3", "world.changes:reopen_windows", "A renewal opens the window again, for all seats."),
        ("cancel", "§13.3", "world.changes:_cancel", "A subscription is cancelled within its window, never after it."),
        ("software", "§13.3", "world.changes:_give_back", "Seats of a software subscription are not reduced."),
        ("perpetual", "§13.3", "world.order_changes:_cancel", "A licence for ever goes back within thirty days."),
        ("upgrade", "§13.3", "world.transitions:_upgrade", "What a part upgrade makes inherits the window."),
    ),
    *_area(
        "seats",
        ("pool", "§13.9", "world.lines:seats_left", "A small-business maximum is one pool per customer."),
        ("maximum", "§10", "world.lines:_check_quantity", "A purchase stays within the item's maximum."),
        ("minimum", "§9", "world.changes:_change_quantity", "A subscription keeps the item's minimum."),
        ("updates", "§13.9", "world.changes:_check_ready", "After about 1,200 updates a subscription takes no more."),
        ("subscriptions", "§13.9", "world.carts:_check_count", "A customer has a greatest number of subscriptions."),
        ("owned", "§9", "world.limits:require_not_too_many", "Some items are had only so often, at once or ever."),
    ),
    *_area(
        "patch",
        ("replaces", "§13.1", "world.changes:_apply", "Auto-renewal left out of an update is switched off."),
        ("etag", "§3", "world.call:check_etag", "A stale entity tag is refused."),
        ("closed", "§13.2", "world.changes:_check_ready", "What has expired, is disabled or deleted takes no changes."),
        ("transfer", "§13.1", "world.transfers:refuse_pending", "A pending transfer blocks every other change."),
    ),
    *_area(
        "schedules",
        ("deleted", "§13.1", "world.changes:_apply", "Any immediate change deletes what is scheduled, silently."),
        ("renewal", "§13.4", "world.schedule:check_schedule", "Next-term instructions need auto-renewal."),
        ("active", "§13.4", "world.schedule:check_schedule", "Only what is active takes next-term instructions."),
        ("wins", "§13.4", "world.schedule:read_schedule", "Of both spellings in one body scheduledActions counts."),
        ("path", "§13.4", "world.schedule:_target", "A scheduled item is the same one or an upgrade target."),
        ("end-date", "§13.4", "world.schedule:_check_end", "A scheduled end lies in the next term and matches one."),
    ),
    *_area(
        "terms",
        ("matrix", "§13.5", "world.lines:_check_terms", "Term and billing plan are one of the sold combinations."),
        ("longer-only", "§13.5", "world.changes:_change_term", "In mid-term a term only becomes longer."),
        ("licences", "§13.5", "world.changes:_change_term", "Only licences get a longer term in mid-term, no trials."),
        ("nothing-pending", "§13.1", "world.changes:_apply_charge_and_schedule", "No term change beside a schedule."),
        ("plan-alone", "§13.5", "world.schedule:read_next_charge", "No billing plan changes alone since 2025-04-01."),
    ),
    *_area(
        "renewals",
        ("queue", "§13.2", "world.changes:renewing", "Writes are 409 from midnight until a renewal completes."),
        ("price", "§9.2", "world.renewals:_lock", "A price holds for its term; the renewal takes that day's."),
        ("cancel", "§13.8", "world.renewals:_end_of_term", "Told to cancel at the end of its term, it stops there."),
        ("slide", "§13.8", "world.renewals:_slides", "Auto-renewal merely off rolls into an extended term."),
        ("grace", "§13.2", "world.renewals:_end_of_term", "Before 2026-05-04 it expired, with thirty days of grace."),
        ("extended-seats", "commerce §2.9", "world.changes:_change_quantity", "In an extended term seats are fixed."),
        ("extended-leave", "§13.8", "world.changes:reopen_windows", "An extended term is cancelled on any day."),
    ),
    *_area(
        "suspension",
        ("seats", "§13.1", "world.changes:_change_quantity", "What is suspended keeps its number of seats."),
        ("renewal", "§13.1", "world.changes:_change_status", "Suspension ends auto-renewal; resuming does not set it."),
        ("microsoft", "§13.1", "world.changes:_change_status", "What Microsoft suspended, a partner does not resume."),
        ("end", "§13.2", "world.renewals:_happen", "Suspended at the end of its term, it is disabled."),
    ),
    *_area(
        "trials",
        ("seats", "§13.2", "world.changes:_change_quantity", "The seats of a trial do not change."),
        ("status", "§13.2", "world.changes:_change_status", "A trial is neither suspended nor cancelled."),
        ("converts", "§13.2", "world.renewals:_renew", "Left alone a trial becomes 25 seats for a year."),
        ("minimum", "§13.7", "world.transitions:_upgrade", "Converted early it takes at least 25 seats."),
    ),
    *_area(
        "upgrades",
        ("path", "§13.7", "world.transitions:_target", "There is a path, and none leads down."),
        ("active", "§13.7", "world.transitions:create", "Only what is active is upgraded."),
        ("target", "§13.7", "world.transitions:_target_problem", "A target runs, has no window, ends no earlier."),
        ("term", "§13.7", "world.transitions:_upgrade", "The target's term is not shorter."),
        ("more", "§13.7", "world.transitions:_upgrade", "More seats than run are bought with the upgrade."),
        ("schedule", "§13.7", "world.transitions:_upgrade", "An upgrade deletes what is scheduled."),
    ),
    *_area(
        "ends",
        ("date", "§13.6", "world.coterm:check_date", "A common end is a month's end or another subscription's."),
        ("product", "§13.6", "world.lines:_check_terms", "Common ends are for licences, not trials or software."),
        ("running", "§13.6", "world.changes:_apply", "A running term keeps its end."),
    ),
    *_area(
        "promotions",
        ("silent", "§9.1", "world.promotions:best", "A purchase that misses a condition pays list price."),
        ("cap", "§9.1", "world.changes:_check_cap", "Seats added beyond a promotion's cap are refused."),
        ("first", "§9.1", "world.promotions:problems", "A first-purchase promotion is for a first purchase."),
        ("once", "§9.1", "world.promotions:_ownership", "A promotion is redeemed so often, cancelled ones count."),
        ("renewal", "§9.1", "world.renewals:_lock", "A renewal outside the promotion's days is at list price."),
        ("deepest", "commerce §2.7", "world.promotions:best", "Of two promotions the deeper wins, alone."),
        ("term", "§9.1", "world.changes:_change_term", "A longer term may lose the promotion."),
    ),
    *_area(
        "buying",
        ("agreement", "§7", "world.agreements:require_agreement", "Nothing is bought before the agreement."),
        ("sold", "§10", "world.lines:check_line", "What is not for sale, or not for sale that way, is not bought."),
        ("attestation", "§9", "world.lines:_check_terms", "What must be attested is not bought without a yes."),
        ("base", "§9", "world.lines:_base_owned", "An add-on needs one of its bases."),
        ("share", "§9", "world.limits:seats_of_share", "Some add-ons need a share of the seats of all their bases."),
        ("base-stays", "§4", "world.changes:_cancel", "A base is not cancelled before what hangs on it."),
        ("segment", "§6", "world.lines:customer_segments", "Segments need a qualification that was approved."),
        (
            "qualified",
            "§6",
            "world.profiles:post_qualification",
            "Nonprofit is not asked for; others need their facts.",
        ),
        ("one-plan", "§15", "world.lines:_check_quantity", "A customer has one Azure plan."),
        ("old-azure", "§15", "world.limits:beside_old_azure", "No Azure plan beside an older Azure subscription."),
        ("azure-in-use", "§15", "world.limits:refuse_in_use", "An Azure plan in use is not suspended."),
        ("azure-stays", "§15", "world.changes:_cancel", "An Azure plan is never cancelled."),
        (
            "rotation",
            "§9",
            "catalog:resolve_availability",
            "An availability id of the day before yesterday is unknown.",
        ),
        ("once", "§10", "world.carts:checkout", "A cart buys once, however often it is checked out."),
        ("expiry", "§10", "world.carts:_refuse_expired", "A cart lives seven days."),
    ),
    *_area(
        "resellers",
        ("known", "§10", "world.lines:_check_reseller", "A reseller of record is one of the provider's own."),
        ("attested", "§10", "world.carts:_check_reseller", "A named reseller needs the provider's attestation."),
        ("five", "§10", "world.lines:_check_reseller", "Five additional resellers at most."),
        ("signed", "§4", "world.limits:require_signed", "A reseller has signed for the region of the order."),
        ("record", "§4", "world.changes:_change_partner", "On record comes one of the provider's own resellers."),
        ("direct", "§10", "world.lines:_check_reseller", "A direct partner names none."),
    ),
    *_area(
        "sandbox",
        ("customers", "§20", "world.customers:create_customer", "75 customers."),
        ("subscriptions", "§20", "world.carts:_check_count", "5 subscriptions a customer."),
        ("seats", "§20", "world.lines:_check_quantity", "25 seats a subscription."),
    ),
    *_area(
        "charging",
        ("new", "§16", "charging.events:purchased", "A purchase is charged its first cycle."),
        ("renew", "§16", "charging.events:renewed", "A renewal is charged when it completes."),
        ("cycle", "§16", "charging.events:cycle_charge", "Every later cycle is charged once, suspended or not."),
        ("seats", "§17", "charging.events:seats_changed", "A seat change gives everything back and charges it anew."),
        ("cancel", "§17", "charging.events:cancelled", "A cancellation gives the rest of the cycle back, by days."),
        ("convert", "§17", "charging.events:converted", "An upgrade gives back only the seats that leave."),
        ("move", "§16", "charging.events:moved", "Seats that move are given back here and charged there."),
        ("plan", "commerce §2.4", "charging.events:plan_changed", "The rest of a year counts months, not days."),
        ("forever", "§13.3", "charging.events:bought_once", "A licence for ever is charged once, given back in full."),
        ("cents", "commerce §2.4", "charging.amounts:amount", "Seat changes cut a line's cents, others a seat's."),
        ("instalments", "commerce §2.2", "charging.amounts:instalment", "An instalment is rounded half up first."),
        ("days", "commerce §2.4", "charging.amounts:share", "The day of the change counts; full cycles are whole."),
        (
            "anchors",
            "commerce §2.5",
            "charging.calendar:boundary",
            "Cycles keep their day, at month ends its distance.",
        ),
        (
            "short-first",
            "commerce §2.6",
            "charging.calendar:usual_anchor",
            "A shortened term begins with its short cycle.",
        ),
        ("uplift", "commerce §2.9", "catalog:extended", "An extended month costs 3 % more, 23 % of a year's."),
        ("months", "§16", "charging.billing:issued", "A calendar month is invoiced on the 8th of the next."),
    ),
)


def by_id(name: str) -> Rule:
    """The rule of that name.

    Raises KeyError.
    """
    for rule in RULES:
        if rule.id == name:
            return rule
    raise KeyError(name)
