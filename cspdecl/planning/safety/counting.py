"""How large the estate is that shares are taken of."""

from __future__ import annotations

from collections.abc import Mapping

from cspdecl.core.address import Address
from cspdecl.core.live import Binding, Bindings, LiveState
from cspdecl.core.records import Book, Recorded
from cspdecl.planning.safety.case import Estate


def estate_of(bindings: Bindings, book: Book, live: LiveState, recorded: Mapping[Address, Recorded]) -> Estate:
    """Lines that are bound or booked, and seats of the bound ones: as read, else as last recorded."""
    bound = {address: binding for address, binding in bindings.items() if address.path}
    booked = sum(1 for entry in book.values() if entry.quantity)
    seats = sum(_seats(address, binding, live, recorded) for address, binding in bound.items())
    return Estate(lines=len(bound) + booked, seats=seats)


def _seats(address: Address, binding: Binding, live: LiveState, recorded: Mapping[Address, Recorded]) -> int:
    customer = live.customers.get(address.customer)
    if customer is not None:
        return sum(item.seats for item in customer.subscriptions if item.id in binding.ids)
    known = recorded.get(address)
    return int(known.seats) if known is not None and known.status == "running" else 0
