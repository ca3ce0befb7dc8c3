"""How large the estate is that shares are taken of."""

from __future__ import annotations

from collections.abc import Mapping

from cspdecl.core.address import Address
from cspdecl.core.live import Bindings, LiveState
from cspdecl.core.records import Book, Recorded
from cspdecl.planning.safety.case import Estate


def estate_of(bindings: Bindings, book: Book, live: LiveState, recorded: Mapping[Address, Recorded]) -> Estate:
    """Lines that are bound or booked, and seats of the bound ones: as read, else as last recorded."""
    bound = {address: binding for address, binding in bindings.items() if address.path}
    booked = sum(1 for entry in book.values() if entry.quantity)
    read = {(key, item.id): item.seats for key, customer in live.customers.items() for item in customer.subscriptions}
    seats = 0
    for address, binding in bound.items():
        if address.customer in live.customers:
            seats += sum(read.get((address.customer, ident), 0) for ident in binding.ids)
        elif (known := recorded.get(address)) is not None and known.status == "running":
            seats += int(known.seats)
    return Estate(lines=len(bound) + booked, seats=seats)
