"""Questions a plan asks: each with its answer, one bad answer costs no other, and everything asked is a reading."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.inquiry import (
    AskPromotions,
    AskReseller,
    AskTermEnds,
    AskTransitions,
    Promotions,
    ResellerStanding,
    TermEnd,
    TermEnds,
    Transitions,
    Unanswered,
)
from cspdecl.core.terms import BillingCycle, Term
from tests.partner_center.shop import NOW, Shop
from tests.partner_center.support import APP_ONLY, BASIC, PREMIUM, Script, over_script

TENANT = "9f2b6c1e-0000-4000-8000-000000000001"
PROMOTION = "39NFJQT1PM6C:0005:39NFJQT1Q5L7"


def ask(provider, question):
    ((asked, answer),) = provider.ask([question])
    assert question == asked
    return answer


def promotions(tenant=TENANT, **how):
    wanted = {"offer": BASIC, "term": Term.P1Y, "billing": BillingCycle.MONTHLY, "seats": 10, "market": "US",
              "segment": "commercial", **how}  # fmt: skip
    return AskPromotions(tenant=tenant, **wanted)


# ---- transitions ----


def test_upgrades_now_and_with_the_renewal():
    """Where it may go at once, and where with its renewal, its own offer included (contract §13.4, §13.7)."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10)

    now, later = (
        ask(shop.provider, AskTransitions(tenant=shop.tenant, subscription=own, when=when))
        for when in ("immediate", "scheduled")
    )

    assert PREMIUM in {path.offer for path in now.paths if path.kinds}
    assert BASIC not in {path.offer for path in now.paths}
    assert BASIC in {path.offer for path in later.paths}


def test_existing_subscriptions_seats_could_move_into():
    """Each with whether it may, or why not, in words."""
    shop = Shop()
    own = shop.seed(BASIC, seats=10, start="2026-03-01T00:00:00Z")
    same = shop.seed(PREMIUM, seats=5, start="2026-03-01T00:00:00Z")
    shorter = shop.seed(PREMIUM, seats=5, start="2026-11-01T00:00:00Z", term="P1M")

    answer = ask(shop.provider, AskTransitions(tenant=shop.tenant, subscription=own, when="immediate"))

    (path,) = [path for path in answer.paths if path.offer == PREMIUM]
    told = {item.id: item for item in path.into}
    assert (True, ()) == (told[same].eligible, told[same].why)
    assert not told[shorter].eligible
    assert "its term is shorter" in told[shorter].why[0]


def test_what_cannot_be_upgraded_is_told_in_words():
    """Codes become words, the service's own behind them; what has no reason says so."""
    items = [
        {"catalogItemId": f"{PREMIUM}:A", "eligibilities": [
            {"isEligible": False, "transitionType": "transition_only", "errors": [{"code": 6, "description": "x."}]},
            {"isEligible": False, "transitionType": "transition_with_license_transfer", "errors": [{"code": "13"}]}]},
        {"catalogItemId": "CFQ7TTC0LFLX:0001:B", "eligibilities": [
            {"isEligible": False, "transitionType": "transition_only", "errors": [{"description": "new words"}, {}]}]},
        {"catalogItemId": "91FD106F-4B2C-4938-95AC-F54F74E9A239", "eligibilities": []},
    ]  # fmt: skip
    provider = over_script(Script([("GET", "/transitionEligibilities", 200, {"items": items})]))

    first, second = ask(provider, AskTransitions(tenant=TENANT, subscription="s", when="immediate")).paths

    assert ("it has add-ons that stand in the way (x)",) == first.why[:1]
    assert "GDAP" in first.why[1]
    assert ("new words", "no reason given") == second.why
    assert ((), ()) == (first.kinds, second.kinds)


# ---- end dates ----


def test_end_dates_of_a_purchase():
    """Month ends and the ends of what runs already, with the subscriptions that end there (contract §12, §13.6)."""
    shop = Shop()
    other = shop.seed(PREMIUM, seats=5, start="2026-03-10T00:00:00Z")

    answer = ask(shop.provider, AskTermEnds(tenant=shop.tenant, term=Term.P1Y, start=NOW.date()))

    assert TermEnd(day=date(2027, 3, 9), aligned="subscription", subscriptions=(other,)) in answer.ends
    assert TermEnd(day=date(2027, 10, 31), aligned="month") in answer.ends


def test_day_that_is_past_is_not_asked_for():
    """Only a day ahead is named; today is what is meant without one."""
    page = {"totalCount": 0, "items": []}
    script = Script([("GET", "/customTermEndDates", 200, page), ("GET", "/customers", 200, page)])
    provider = over_script(script)

    ask(provider, AskTermEnds(tenant=TENANT, term=Term.P1M, start=date(2020, 1, 1)))
    ask(provider, AskTermEnds(tenant=TENANT, term=Term.P1M, start=date(2026, 12, 5)))

    queries = [one.query for one in script.sent if one.path.lower().endswith("customtermenddates")]
    assert ["term_duration=P1M", "term_duration=P1M&term_start_date=2026-12-05"] == queries


def test_next_page_of_end_dates_is_announced_by_a_header():
    """Its counts look complete; the token in the answer's header says there is more (contract §5)."""

    class Pages(Script):
        def send(self, method, url, headers, content, *, slow=False):
            wanted = "customtermenddates" in url.lower()
            first = wanted and "ms-continuationtoken" not in {name.lower() for name in headers}
            self.headers = {"ms-continuationtoken": "abc"} if first else {}
            return super().send(method, url, headers, content, slow=slow)

    def page(day):
        item = {"allowedCustomTermEndDateType": "calendarMonthAligned", "allowedCustomTermEndDate": day}
        return {"totalCount": 1, "items": [item]}

    script = Pages([
        ("GET", "/customTermEndDates", 200, page("2026-12-31T00:00:00")),
        ("GET", "/customTermEndDates", 200, page("2027-01-31T00:00:00")),
        ("GET", "/customers", 200, {"totalCount": 0, "items": []}),
    ])  # fmt: skip

    answer = ask(over_script(script), AskTermEnds(tenant=TENANT, term=Term.P1Y, start=date(2020, 1, 1)))

    assert [date(2026, 12, 31), date(2027, 1, 31)] == [end.day for end in answer.ends]


# ---- promotions ----


def test_promotion_a_purchase_would_get():
    """Eligible, automatic, with its discount as an exact share and the day it ends."""
    shop = Shop()
    shop.sim.seed_promotion(PROMOTION, str(BASIC), discount="0.167", end="2027-06-30T23:59:59Z", name="Winter")

    (offer,) = ask(shop.provider, promotions(shop.tenant)).offers

    assert (PROMOTION, "Winter", True, True, Fraction(167, 1000), ()) == (
        offer.id, offer.name, offer.eligible, offer.automatic, offer.discount, offer.why,
    )  # fmt: skip
    assert date(2027, 6, 30) == offer.ends


def test_deepest_eligible_promotion_comes_first():
    """Then the smaller ones; what cannot be had comes last, however deep."""
    shop = Shop()
    shop.sim.seed_promotion("39NFJQT1PAAA:0001:A", str(BASIC), discount="0.05")
    shop.sim.seed_promotion("39NFJQT1PBBB:0001:B", str(BASIC), discount="0.15")
    shop.sim.seed_promotion("39NFJQT1PCCC:0001:C", str(BASIC), discount="0.5", max_seats=5)

    offers = ask(shop.provider, promotions(shop.tenant)).offers

    assert [("39NFJQT1PBBB:0001:B", True), ("39NFJQT1PAAA:0001:A", True), ("39NFJQT1PCCC:0001:C", False)] == [
        (offer.id, offer.eligible) for offer in offers
    ]
    assert "1 to 5 seats" in offers[2].why[0]


def test_promotion_asked_for_by_name():
    """Another plan than it is for: not eligible, and why."""
    shop = Shop()
    shop.sim.seed_promotion(PROMOTION, str(BASIC), billing="annual")

    (offer,) = ask(shop.provider, promotions(shop.tenant, promotion=PROMOTION)).offers

    assert not offer.eligible
    assert "another term" in offer.why[0]


def test_other_segments_have_no_promotions():
    """Promotions exist for the commercial segment; nothing is asked (contract §9.1)."""
    script = Script([])

    assert Promotions(offers=()) == ask(over_script(script), promotions(segment="education"))
    assert [] == script.sent


@pytest.mark.parametrize(
    ("error", "sentence", "left"),
    [
        ({"type": "SeatCount", "minimumRequiredSeats": 1, "maximumRequiredSeats": 2400, "availableSeats": 500},
         "it is for 1 to 2400 seats, 500 of them are left", 500),
        ({"type": "SeatCount", "minRequiredSeats": 10, "maxRequiredSeats": 20}, "it is for 10 to 20 seats", None),
        ({"type": "seat_count"}, "the number of seats does not fit", None),
        ({"type": "RedemptionLimit", "maxPromotionRedemptionCount": 1, "remainingPromotionRedemptionCount": 0},
         "it can be had 1 times a customer, none left", 0),
        ({"type": "OfferPurchasedPreviously"}, "first purchase", None),
        ({"type": "FirstPurchase"}, "first purchase", None),
        ({"type": "Term", "eligibleTerms": [{"duration": "P1Y", "billingCycle": "Annual"}]}, "P1Y Annual", None),
        ({"type": "Term", "eligibleTerms": ["P3Y"]}, "another term: P3Y", None),
        ({"type": "PrerequisiteProductOwnership", "description": "Own E3."}, "another product first: Own E3", None),
        ({"type": "InvalidPromotion"}, "no such promotion", None),
        ({"type": "InvalidCatalogItemId"}, "has changed meanwhile", None),
        ({"type": "Brandnew", "description": "Because."}, "Because", None),
        ({}, "no reason given", None),
    ],
)  # fmt: skip
def test_reason_against_a_promotion_in_words(error, sentence, left):
    """Every documented type, in both spellings, and those to come (contract §9.1)."""
    item = {"eligibilities": [{"promotionId": PROMOTION, "isEligible": False, "errors": [error]}]}
    (offer,) = ask(over_script(promotion_script(item)), promotions()).offers

    assert sentence in offer.why[0]
    assert (left, None) == (offer.remaining, offer.discount)


def promotion_script(item, *, listed=()):
    availability = {"id": "CFQ7TTC0K4TS", "catalogItemId": f"{BASIC}:CFQ7TTC0K4TS", "segment": "commercial",
                    "terms": [{"duration": "P1Y", "billingCycle": "Monthly"}]}  # fmt: skip
    return Script([
        ("GET", "/availabilities", 200, {"items": [availability]}), ("GET", "/CFQ7TTC0K4TS", 200, availability),
        ("POST", "/promotionEligibilities", 200, {"items": [item]}),
        ("GET", "/productpromotions", 200, {"items": list(listed)}),
        ("GET", f"/{PROMOTION}", 404, {"code": 404}),
    ])  # fmt: skip


def test_promotion_that_no_list_describes_has_no_known_discount():
    """Eligible by Microsoft's word, but what it takes off is unknown, and unknown is not nought."""
    item = {"eligibilities": [{"promotionId": PROMOTION, "isEligible": True, "errors": []}]}
    script = promotion_script(item)

    (offer,) = ask(over_script(script), promotions()).offers

    assert (True, None, PROMOTION) == (offer.eligible, offer.discount, offer.name)
    assert any("%3A" in one.path or PROMOTION in one.path for one in script.sent)


def test_no_promotions_available_is_an_empty_answer():
    """An eligibility without a promotion is Microsoft's way of saying that there is none."""
    item = {"eligibilities": [{"isEligible": False, "errors": [{"type": "NoPromotionsAvailable"}]}]}

    assert Promotions(offers=()) == ask(over_script(promotion_script(item)), promotions())


def test_promotions_of_what_is_not_sold_are_unanswered():
    """No availability fits: nothing can be asked, which is not the same as no promotion."""
    provider = over_script(Script([("GET", "/availabilities", 200, {"items": []})]))

    assert "is not sold as P1Y monthly in US" in ask(provider, promotions()).reason


# ---- resellers ----


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"location": "DE"}, (True, "Reseller", True)),
        ({"location": "US"}, (True, "Reseller", False)),
        ({"location": "US", "signed": False}, (False, "Reseller", False)),
    ],
)
def test_reseller_of_ours(how, expected):
    """Agreement signed or not, its name, and where it may sell: Europe is one region."""
    shop = Shop(model="provider", country=how["location"])
    shop.sim.seed_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59", "4847383", **how)

    found = ask(shop.provider, AskReseller(partner_id="4847383"))

    assert isinstance(found, ResellerStanding)
    assert expected == (found.agreement_signed, found.name, "AT" in found.region)
    assert how["location"] in found.region


def test_reseller_nobody_knows_is_unanswered():
    """None of ours: no word about its agreement, so it is not taken for good."""
    shop = Shop(model="provider")

    assert "none of your indirect resellers" in ask(shop.provider, AskReseller(partner_id="111")).reason


def test_relationship_that_is_not_active_is_unanswered():
    """A state other than active says so."""
    item = {"id": "a", "mpnId": "4847383", "state": "Pending"}
    provider = over_script(Script([("GET", "/relationships", 200, {"items": [item]})]))

    assert "is pending" in ask(provider, AskReseller(partner_id="4847383")).reason


def test_without_a_users_sign_in_resellers_cannot_be_asked():
    """An application alone may not: unanswered, with what to set; and what it cannot do is not claimed."""
    shop = Shop(provider={"auth": APP_ONLY})

    assert "auth.user" in ask(shop.provider, AskReseller(partner_id="4847383")).reason
    assert Capability.QUALIFICATIONS not in shop.provider.capabilities
    assert Capability.PRICE_PREVIEW not in shop.provider.capabilities
    assert Capability.CONVERT in shop.provider.capabilities


# ---- whatever comes ----

BAD: list[tuple[int, Any]] = [
    (403, {"code": 20002, "description": "no"}),
    (404, None),
    (500, None),
    (429, {"statusCode": 429, "message": "Try again in 57 seconds."}),
    (200, b"<html>"),
    (200, {"items": "none"}),
    (200, {"items": [{"allowedCustomTermEndDate": "soon"}]}),
    (200, []),
]


@pytest.mark.parametrize(("status", "body"), BAD)
def test_bad_answer_is_unanswered_and_costs_no_other(status, body):
    """One question meets a bad answer: it says so, and the next one is answered all the same."""
    good = {"items": [{"catalogItemId": f"{PREMIUM}:A", "eligibilities": []}]}
    script = Script([
        ("GET", "/customTermEndDates", status, body), ("GET", "/transitionEligibilities", 200, good),
        ("GET", "/customers", 200, {"items": []}),
    ])  # fmt: skip
    provider = over_script(script)
    questions = [
        AskTermEnds(tenant=TENANT, term=Term.P1Y, start=date(2020, 1, 1)),
        AskTransitions(tenant=TENANT, subscription="s", when="immediate"),
    ]

    found = dict(provider.ask(questions))

    bad = found[questions[0]]
    assert isinstance(bad, Unanswered) or (bad == TermEnds(ends=()) and body == [])
    assert isinstance(found[questions[1]], Transitions)


def test_questions_are_asked_over_a_connection_that_cannot_write():
    """In a plan's connection every question passes, the one POST among them included."""
    shop = Shop()
    shop.sim.seed_promotion(PROMOTION, str(BASIC))
    own = shop.seed(BASIC, seats=10)
    questions = [
        AskTransitions(tenant=shop.tenant, subscription=own, when="immediate"),
        AskTermEnds(tenant=shop.tenant, term=Term.P1Y, start=NOW.date()),
        promotions(shop.tenant),
        promotions(shop.tenant),
    ]
    reading = shop.connect("read")

    found = list(reading.ask(questions))

    assert 3 == len(found)  # asked twice is asked once
    assert not [answer for _question, answer in found if isinstance(answer, Unanswered)]
    assert [] == list(reading.ask([]))


def test_catalogue_says_what_kind_of_thing_an_offer_is():
    """Licences, software, what is owned for good, trials and the Azure plan, each by type and term (contract §9)."""
    shop = Shop()
    keys = {name: OfferKey.parse(name) for name in (
        str(BASIC), "DG7GMGF0DVSV:000P", "DG7GMGF0D7FX:0002", "CFQ7TTC0LCHC:TRL1", "DZH318Z0BPS6:0001")}  # fmt: skip

    found = shop.provider.catalog("US", "commercial", keys.values())

    kinds = {str(key): (offer.product, offer.trial) for key, offer in found.offers.items()}
    assert {
        str(BASIC): ("license", False),
        "DG7GMGF0DVSV:000P": ("software", False),
        "DG7GMGF0D7FX:0002": ("perpetual", False),
        "CFQ7TTC0LCHC:TRL1": ("license", True),
        "DZH318Z0BPS6:0001": ("azure_plan", False),
    } == kinds
    assert PREMIUM in found.offers[BASIC].upgrades
    assert (25, 25) == (
        found.offers[keys["CFQ7TTC0LCHC:TRL1"]].min_seats,
        found.offers[keys["CFQ7TTC0LCHC:TRL1"]].max_seats,
    )


def test_catalogue_of_a_segment():
    """An education offer is sold to schools, and to nobody else; the answer says whose it is."""
    shop = Shop()
    school = OfferKey.parse("CFQ7TTC0LHPL:000W")

    education, commercial = (shop.provider.catalog("US", segment, [school]) for segment in ("education", "commercial"))

    assert ("education", [school]) == (education.segment, list(education.offers))
    assert () == commercial.offers.get(school, OfferTermless()).terms


class OfferTermless:
    terms = ()


def test_attestation_is_read_from_the_sku():
    """What has to be confirmed before it is sold says so."""
    sku = {"id": "0001", "title": "t", "attestationProperties": {"attestationType": "x", "enforceAttestation": True}}
    script = Script([("GET", "/availabilities", 200, {"items": []}), ("GET", "/skus/0001", 200, sku),
                     ("GET", f"/{BASIC.product}", 404, None)])  # fmt: skip

    found = over_script(script).catalog("US", "commercial", [BASIC])

    assert found.offers[BASIC].attestation
