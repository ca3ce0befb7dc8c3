"""What a revert takes back, for every action there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args

import pytest

from cspdecl.core.action import (
    Action,
    Adopt,
    AttestAgreement,
    BookService,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    Forget,
    Purchase,
    Rebind,
    Rename,
    Reprice,
    RequestQualification,
    Resume,
    ScheduleRenewal,
    SetBudget,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
    Transition,
    UpdateProfile,
)
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AgreementSpec, Contact, CreateSpec, PostalAddress, Profile
from cspdecl.core.live import NextTerm
from cspdecl.core.operation import Guard, PriceDelta
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.undo import effective_from, strictest, undo_of
from cspdecl.testing.builders import OFFER, OTHER_OFFER, TENANT, operation

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
ENDS = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)  # as providers give it: an hour of the day
RENEWAL = datetime(2027, 3, 1, tzinfo=UTC)
WEEK = datetime(2026, 11, 29, 14, 2, tzinfo=UTC)
MONTH = datetime(2026, 12, 22, 14, 2, tzinfo=UTC)
OWED = datetime(2027, 11, 22, tzinfo=UTC)

KEY, OTHER = OfferKey.parse(OFFER), OfferKey.parse(OTHER_OFFER)
PERSON = Contact(first_name="A", last_name="B", email="a@b.example", phone=None)
HOME = PostalAddress(line1="Am Anger 3", line2=None, postal_code="99084", city="Erfurt", state=None, country="DE")
PROFILE = Profile(company_name="Mühlbach", address=HOME, contact=PERSON)
NEXT = NextTerm(offer=KEY, seats=3, term=Term.P1Y, billing=BillingCycle.MONTHLY)
AGREED = AgreementSpec(
    type="MicrosoftCustomerAgreement", accepted_by=PERSON, accepted_on=date(2026, 11, 20), attest="classic"
)
BUY = Purchase(
    offer=KEY, seats=3, term=Term.P1Y, billing=BillingCycle.MONTHLY, nickname="n", segment="commercial", country="DE",
    unit_price=None,
)  # fmt: skip
GONE = "what is cancelled does not come back: a revert buys it anew, at the price and for the term of that day"
TILL_RENEWAL = "a revert takes it back until the renewal begins on 2027-03-01 00:00 UTC"
BOOKS = "only our own books change: a revert sets them back"
CHARGED = "a revert sets it back from that day on; what was charged until then stays"
BACK = "a revert sets it back"

# action, how, until, owed until, sentence
TABLE = [
    (BUY, "window", WEEK, OWED,
     ("it can be cancelled with `absent: true` until 2026-11-29 14:02 UTC (taking the line out only stops managing it), "
     "then it is owed until 2027-11-21")),
    (replace(BUY, product="perpetual", term=Term.ONCE), "window", MONTH, OWED,
     ("it can be cancelled with `absent: true` until 2026-12-22 14:02 UTC (taking the line out only stops managing it), "
     "then it is paid for good")),
    (replace(BUY, trial=True), "free", None, None,
     ("a trial costs nothing: it can be cancelled with `absent: true` until it ends (taking the line out only stops "
     "managing it)")),
    (SetSeats(before=25, after=28), "window", WEEK, OWED,
     "a revert takes the new seats back until 2026-11-29 14:02 UTC, then they are owed until 2027-11-21"),
    (SetSeats(before=28, after=25), "free", ENDS, None,
     "a revert buys the seats again, at the price of the running term until the term ends on 2027-03-01"),
    (ScheduleRenewal(next=NEXT), "free", RENEWAL, None, TILL_RENEWAL),
    (ClearSchedule(was=NEXT), "free", RENEWAL, None, TILL_RENEWAL),
    (SetEndOfTerm(before="renew", after="cancel"), "free", RENEWAL, None, TILL_RENEWAL),
    (Suspend(), "free", RENEWAL, None, "it can be resumed until 2027-03-01 00:00 UTC; it stays billed meanwhile"),
    (Resume(), "free", None, None, BACK),
    (Rename(before="a", after="b"), "free", None, None, BACK),
    (SetReseller(before=None, after="1"), "free", None, None, BACK),
    (SetBudget(before=None, after=Decimal(5)), "free", None, None, BACK),
    (UpdateProfile(before=PROFILE, after=PROFILE), "free", None, None, BACK),
    (UpdateProfile(before=None, after=PROFILE), "never", None, None,
     "what stood there before is not known, so a revert cannot write it back"),
    (Adopt(provider="p", tenant=TENANT, ids=("1",), offer=KEY), "free", None, None, BOOKS),
    (Forget(ids=("1",)), "free", None, None, BOOKS),
    (Rebind(source=Address("contoso", ("old",)), ids=("1",)), "free", None, None, BOOKS),
    (BookService(service="s", before=1, after=2), "free", None, None, CHARGED),
    (Reprice(before=None, after=None), "free", None, None, CHARGED),
    (Cancel(seats=3), "never", None, None, GONE),
    (ChangeTerm(seats=3, before_term=Term.P1M, before_billing=BillingCycle.MONTHLY, term=Term.P1Y,
                billing=BillingCycle.MONTHLY), "never", None, OWED,
     "a longer term cannot be shortened again; it is owed until 2027-11-21"),
    (Transition(source=KEY, target=OTHER, before=3, seats=3), "never", None, OWED,
     "an upgrade cannot be undone; it is owed until 2027-11-21"),
    (CreateCustomer(create=CreateSpec(domain="m", profile=PROFILE, agreement=None, credentials_to="f")), "never", None,
     None, "a customer that was created stays: a revert only stops managing it"),
    (AttestAgreement(agreement=AGREED), "never", None, None, "that the agreement was accepted has been said for good"),
    (RequestQualification(name="education"), "never", None, None,
     "a request for a qualification cannot be withdrawn"),
    (BuyAzurePlan(nickname="n", country="DE"), "never", None, None,
     "an Azure plan cannot be cancelled, only suspended while nothing in it is used; it commits to nothing by itself"),
]  # fmt: skip


def planned(action):
    """An operation whose preview commits for a year."""
    guard = Guard(tenant=TENANT, subscription="1", term_ends=ENDS)
    preview = PriceDelta(cycle=BillingCycle.MONTHLY, cost_cycle=None, commitment_until=OWED)
    return replace(operation(action, guard=guard), preview=preview)


@pytest.mark.parametrize(
    ("action", "how", "until", "owed", "text"), TABLE, ids=[str(getattr(row[0], "kind", "")) for row in TABLE]
)
def test_what_a_revert_takes_back(action, how, until, owed, text):
    """Window, freedom or neither, with the day and the sentence."""
    undo = undo_of(planned(action), now=NOW)

    assert (how, until, owed, text) == (undo.how, undo.until, undo.owed_until, undo.text)


def test_every_action_has_its_answer():
    """A new action has to say here what a revert does to it."""
    assert set(get_args(Action)) == {type(row[0]) for row in TABLE}


def test_what_is_not_known_is_not_made_up():
    """Without the end of a term, and without a preview, no day is named."""
    unknown = Guard(tenant=TENANT)

    more = undo_of(operation(SetSeats(before=1, after=2), guard=unknown), now=NOW)
    later = undo_of(operation(SetEndOfTerm(before="renew", after="cancel"), guard=unknown), now=NOW)

    assert "then they are owed until the term ends" in more.text
    assert (None, "a revert takes it back until the renewal begins") == (later.until, later.text)


def test_the_hardest_of_several_speaks_for_all():
    """A cancelled thing that was also renamed is gone; of two windows the earlier one counts."""
    window = undo_of(planned(SetSeats(before=1, after=2)), now=NOW)
    later = undo_of(planned(SetSeats(before=1, after=2)), now=MONTH)
    never = undo_of(planned(Cancel(seats=1)), now=NOW)
    free = undo_of(planned(Rename(before="a", after="b")), now=NOW)

    assert window == strictest([later, window, free])
    assert never == strictest([free, window, never])


def test_when_it_comes_true():
    """What is written for the renewal comes with it, everything else at once."""
    assert ENDS == effective_from(planned(ScheduleRenewal(next=NEXT)), now=NOW)
    assert NOW == effective_from(planned(SetSeats(before=1, after=2)), now=NOW)
