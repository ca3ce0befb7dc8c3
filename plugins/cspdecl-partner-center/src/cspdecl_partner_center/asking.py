"""Questions a plan has beyond reading: where a subscription may go, which end dates, promotions, resellers there are.

Every answer is a reading. What cannot be asked or says nothing usable is `Unanswered` with a sentence, so one bad
answer never costs the others (contract §6, §9.1, §12, §13.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from cspdecl.core.catalog import OfferKey
from cspdecl.core.errors import NotAuthorised, TryLater
from cspdecl.core.inquiry import (
    Answer,
    AskAssigned,
    AskPromotions,
    AskReseller,
    AskTermEnds,
    AskTransitions,
    Inquiry,
    TargetSubscription,
    TermEnd,
    TermEnds,
    TransitionPath,
    Transitions,
    Unanswered,
)
from cspdecl_partner_center import faults, paths
from cspdecl_partner_center.assigned import AssignedReader
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.faithful import Json, Malformed, get, listed
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.promotions import PromotionReader
from cspdecl_partner_center.resellers import ResellerReader
from cspdecl_partner_center.subscriptions import day_of, whole
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

# Errors of an eligibility by number, as Microsoft's SDK names them (contract §13.7, 2023-10).
_NOT_ELIGIBLE = {
    1: "access to the customer's directory is needed for it",
    2: "the subscription is not active",
    3: "services of the two offers exclude each other",
    4: "the subscription was changed at the same moment",
    5: "it needs a user's sign-in",
    6: "it has add-ons that stand in the way",
    7: "there is no path from one offer to the other",
    8: "the offer to go to cannot be found",
    9: "it is not provisioned yet",
    10: "the billing plan is not supported",
    11: "there is nothing to convert to",
    12: "the licences cannot be moved",
    13: "delegated access to the customer's directory (GDAP) is needed for it",
}
_NOT_INTO = {
    1: "it is not active",
    2: "it is still inside its own cancellation window",
    3: "its term is shorter",
    4: "it ends earlier",
}


class Asker:
    """Answers questions over one transport."""

    def __init__(
        self,
        transport: Transport,
        business: Business,
        promotions: PromotionReader,
        resellers: ResellerReader,
        assigned: AssignedReader,
        *,
        workers: int,
    ) -> None:
        self._transport = transport
        self._business = business
        self._promotions = promotions
        self._resellers = resellers
        self._assigned = assigned
        self._workers = workers

    def ask(self, inquiries: Iterable[Inquiry]) -> Iterator[tuple[Inquiry, Answer]]:
        """Each question once, with its answer."""
        wanted = tuple(dict.fromkeys(inquiries))
        if not wanted:
            return
        with ThreadPoolExecutor(self._workers, "partner-center-ask") as pool:
            yield from zip(wanted, pool.map(self._one, wanted), strict=True)

    def _one(self, inquiry: Inquiry) -> Answer:
        try:
            match inquiry:
                case AskTransitions():
                    return Transitions(paths=read_paths(self._transport, inquiry, patient=True))
                case AskTermEnds():
                    return self._term_ends(inquiry)
                case AskPromotions():
                    return self._promotions.answer(inquiry)
                case AskReseller():
                    return self._resellers.answer(inquiry)
                case AskAssigned():
                    return self._assigned.answer(inquiry)
        except Refusal as refusal:
            return Unanswered(reason=faults.sentence_of(refusal.code, refusal.description))
        except Busy as busy:
            return Unanswered(reason=f"Partner Center asks for a pause of {busy.retry_after} s, again and again")
        except NoAnswer as problem:
            return Unanswered(reason=f"Partner Center gives no usable answer: {problem.cause}")
        except (Malformed, Incomplete) as problem:
            return Unanswered(reason=f"the answer cannot be used: {problem}")
        except (NotAuthorised, TryLater) as problem:
            return Unanswered(reason=problem.message)

    def _term_ends(self, inquiry: AskTermEnds) -> TermEnds:
        """The token of a next page comes in a header here, and 300 dates at once (contract §5, §12)."""
        query = [("term_duration", inquiry.term.value)]
        if inquiry.start > self._business.now().date():  # a day that is past is refused; none means today
            query.append(("term_start_date", inquiry.start.isoformat()))
        path = paths.customer(inquiry.tenant, "subscriptions", "customTermEndDates")
        found = []
        for item in items(self._transport, Request(method="GET", path=path, query=query, patient=True), by_header=True):
            day = day_of(get(item, "allowedCustomTermEndDate"))
            if day is None:
                raise Malformed("an end date that is none")
            ids = tuple(str(name).lower() for name in listed(item, "cotermSubscriptionIds"))
            kind = str(get(item, "allowedCustomTermEndDateType") or "").replace("_", "").lower()
            aligned = "subscription" if kind == "subscriptionaligned" or (ids and not kind) else "month"
            found.append(TermEnd(day=day, aligned=aligned, subscriptions=ids))  # type: ignore[arg-type]
        return TermEnds(ends=tuple(sorted(found, key=lambda end: (end.day, end.aligned))))


def read_paths(transport: Transport, inquiry: AskTransitions, *, patient: bool) -> tuple[TransitionPath, ...]:
    """Where a subscription may go. Raises Incomplete and Malformed, besides what the transport raises."""
    path = paths.subscription(inquiry.tenant, inquiry.subscription, "transitionEligibilities")
    request = Request(method="GET", path=path, query=[("eligibilityType", inquiry.when)], patient=patient)
    found: dict[OfferKey, TransitionPath] = {}
    for item in items(transport, request):
        text = str(get(item, "catalogItemId") or "")
        offer = OfferKey.of_item(text)
        if offer is None:
            continue  # an older offer: nothing of ours goes there
        one = _path(offer, text, item)
        # One offer may be listed by several availabilities; the one that can be had stands for it.
        if offer not in found or (one.kinds and not found[offer].kinds):
            found[offer] = one
    return tuple(found.values())


def _path(offer: OfferKey, text: str, item: Json) -> TransitionPath:
    eligible, why = [], []
    for entry in listed(item, "eligibilities"):
        kind = str(get(entry, "transitionType") or "").replace("-", "_").lower()
        if get(entry, "isEligible") is True and kind:
            eligible.append(kind)
        else:
            why += _reasons(entry, _NOT_ELIGIBLE)
    into = tuple(
        TargetSubscription(
            id=str(get(entry, "subscriptionId")).lower(),
            eligible=get(entry, "isEligible") is True,
            why=() if get(entry, "isEligible") is True else tuple(_reasons(entry, _NOT_INTO)),
        )
        for entry in listed(item, "subscriptionEligibilities")
        if isinstance(get(entry, "subscriptionId"), str)
    )
    return TransitionPath(
        offer=offer, kinds=tuple(dict.fromkeys(eligible)), why=tuple(dict.fromkeys(why)), item=text, into=into
    )


def _reasons(entry: Json, words: dict[int, str]) -> list[str]:
    found = []
    for error in listed(entry, "errors"):
        code, told = whole(get(error, "code")), str(get(error, "description") or "").strip().rstrip(".")
        known = None if code is None else words.get(code)
        found.append(f"{known} ({told})" if known and told else known or told or "no reason given")
    return found
