"""Resellers of an indirect provider: whether one may be put on record for a sale (contract §6, 2023-10).

A sale without a reseller is not refused, it is recorded without one (§22.24); so a reseller that is not known to be
one of ours, with the partner agreement signed, is not taken for good.
"""

from __future__ import annotations

import threading

from cspdecl.core.inquiry import AskReseller, ResellerStanding, Unanswered
from cspdecl_partner_center import paths
from cspdecl_partner_center.faithful import Json, Malformed, get
from cspdecl_partner_center.paging import items
from cspdecl_partner_center.transport import Refusal, Request, Transport

_UNSIGNED = ("2203", "2206")  # "not signed" comes as a refusal of its own, or as a plain false (contract §6)
# Microsoft authorises partners by region; EU, EFTA and the United Kingdom are one, other countries stand alone.
_EUROPE = frozenset(
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)


class ResellerReader:
    """Reads resellers; our relationships are read once a process."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._known: dict[str, Json] | None = None
        self._lock = threading.Lock()

    def answer(self, asked: AskReseller) -> ResellerStanding | Unanswered:
        """Whether a reseller may be named. Raises what reading raises."""
        known = self._relationships().get(asked.partner_id.strip())
        if known is None:
            return Unanswered(reason=f"none of your indirect resellers has the PartnerID {asked.partner_id}")
        state = get(known, "state")
        if isinstance(state, str) and state and state.lower() != "active":
            return Unanswered(reason=f"the relationship with the reseller {asked.partner_id} is {state.lower()}")
        name, location = get(known, "name"), get(known, "location")
        return ResellerStanding(
            partner_id=asked.partner_id,
            agreement_signed=self._signed(asked.partner_id),
            name=name if isinstance(name, str) and name else None,
            region=_region(location) if isinstance(location, str) else (),
        )

    def _signed(self, partner: str) -> bool:
        query = [("mpnid", partner.strip())]
        request = Request(method="GET", path=paths.AGREEMENT_STATUS, query=query, need="user", patient=True)
        try:
            told = get(self._transport.send(request).body, "isAgreementSigned")
        except Refusal as refusal:
            if refusal.code in _UNSIGNED:
                return False
            raise
        if not isinstance(told, bool):
            raise Malformed("whether the partner agreement is signed is not said")
        return told

    def _relationships(self) -> dict[str, Json]:
        with self._lock:
            if self._known is None:
                query = [("relationship_type", "IsIndirectCloudSolutionProviderOf")]
                request = Request(method="GET", path=paths.RELATIONSHIPS, query=query, need="user", patient=True)
                self._known = {
                    str(get(item, "mpnId")): item for item in items(self._transport, request) if get(item, "mpnId")
                }
            return self._known


def _region(location: str) -> tuple[str, ...]:
    country = location.strip().upper()
    if country in _EUROPE:
        return tuple(sorted(_EUROPE))
    return (country,) if country else ()
