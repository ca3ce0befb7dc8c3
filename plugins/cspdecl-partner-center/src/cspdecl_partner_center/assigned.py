"""Licences that people have: the tenant's subscribed SKUs, joined with offers by provisioning id (contract §8, §9).

One licence may come from several subscriptions and offers; the tenant counts them together. An offer whose licence is
not in the tenant's list is left out of the answer: nothing is known of it.
"""

from __future__ import annotations

from cspdecl.core.inquiry import AskAssigned, Assigned, AssignedLicences
from cspdecl_partner_center import paths
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.faithful import Json, get
from cspdecl_partner_center.paging import items
from cspdecl_partner_center.subscriptions import whole
from cspdecl_partner_center.transport import Refusal, Request, Transport

# Licences of Microsoft's directory, and others such as Minecraft; asked one by one, since how two are written in one
# query is not said (contract §8, 2023-10).
_GROUPS = ("group1", "group2")


class AssignedReader:
    """Reads what people of a tenant have. It needs a user's sign-in, and the customer's consent."""

    def __init__(self, transport: Transport, catalog: CatalogReader) -> None:
        self._transport = transport
        self._catalog = catalog

    def answer(self, asked: AskAssigned) -> AssignedLicences:
        """The licences of the offers asked for. Raises what reading raises."""
        there: dict[str, tuple[int, int]] = {}
        for group in _GROUPS:
            there |= self._group(asked.tenant, group)
        found = []
        for offer in asked.offers:
            licence = self._catalog.licence_of(offer, asked.market)
            if licence in there:
                seats, used = there[licence]
                found.append(Assigned(offer=offer, licence=licence, seats=seats, assigned=used))
        return AssignedLicences(licences=tuple(found))

    def _group(self, tenant: str, group: str) -> dict[str, tuple[int, int]]:
        """Seats and assigned ones by licence. Suspended seats are in neither number of Microsoft's."""
        path = paths.customer(tenant, "subscribedskus")
        query = [("licenseGroupIds", group)]
        request = Request(method="GET", path=path, query=query, need="user", patient=True)
        try:
            return dict(one for body in items(self._transport, request) if (one := _licence(body)) is not None)
        except Refusal:
            if group == _GROUPS[0]:
                raise
            return {}  # a tenant without such licences; those of offers in them stay unknown


def _licence(body: Json) -> tuple[str, tuple[int, int]] | None:
    own, seats, used = get(body, "productSku", "id"), whole(get(body, "totalUnits")), whole(get(body, "consumedUnits"))
    if not isinstance(own, str) or not own or seats is None or used is None:
        return None
    return own.lower(), (seats, used)
