"""Answers of a world in memory to what a plan asks: what was scripted, else what its state says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cspdecl.core.inquiry import (
    Answer,
    AskAssigned,
    AskPromotions,
    AskReseller,
    AskTermEnds,
    AskTransitions,
    Assigned,
    AssignedLicences,
    Inquiry,
    Promotions,
    ResellerStanding,
    TermEnd,
    TermEnds,
    Transitions,
    Unanswered,
)
from cspdecl.core.live import Status
from cspdecl.testing.buying import promotions_of, term_end_days
from cspdecl.testing.deeds import paths_of
from cspdecl.testing.script import Refused

if TYPE_CHECKING:
    from cspdecl.testing.world import State


def answer_of(state: State, inquiry: Inquiry) -> Answer:
    """One answer; what the world refuses is not answered."""
    for asked, said in state.said:
        if asked == inquiry:
            return said
    try:
        return _from_state(state, inquiry)
    except Refused as no:
        return Unanswered(reason=no.message)


def _from_state(state: State, inquiry: Inquiry) -> Answer:
    match inquiry:
        case AskTransitions():
            return Transitions(paths=paths_of(state, state.subscription(inquiry.tenant, inquiry.subscription)))
        case AskTermEnds():
            days = term_end_days(state, inquiry.tenant, inquiry.term, inquiry.start)
            return TermEnds(
                ends=tuple(
                    TermEnd(day=day, aligned="subscription" if ids else "month", subscriptions=ids)
                    for day, ids in days.items()
                )
            )
        case AskPromotions():
            found = promotions_of(state, inquiry.offer, inquiry.term, inquiry.billing, inquiry.seats)
            return Promotions(offers=tuple(one for one in found if inquiry.promotion in (None, one.id)))
        case AskReseller():
            unknown = ResellerStanding(partner_id=inquiry.partner_id, agreement_signed=False)
            return state.resellers.get(inquiry.partner_id, unknown)
        case AskAssigned():
            return _assigned(state, inquiry)


def _assigned(state: State, inquiry: AskAssigned) -> AssignedLicences:
    """Seats of running subscriptions of an offer, and how many of them people have; every offer is a licence."""
    people = state.assigned.get(inquiry.tenant.lower(), {})
    running = [item for item in state.customer(inquiry.tenant).subscriptions if item.status is Status.ACTIVE]
    return AssignedLicences(
        licences=tuple(
            Assigned(
                offer=offer,
                licence=str(offer),
                seats=sum(item.seats for item in running if item.offer == offer),
                assigned=people[str(offer)],
            )
            for offer in inquiry.offers
            if str(offer) in people
        )
    )
