"""Renames: `moved: [{from: visio-alt, to: visio}]`, judged by the manifests alone.

A move names lines, or components of a bundle line; that a bundle line takes its components along is planning's to do.
What is live and bound decides nothing here: a move that has happened long ago stays correct.
"""

from __future__ import annotations

from collections.abc import Mapping

from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, Move
from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import v1
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import Checked, suggestion


def compile_moves(
    context: Context, documents: Mapping[str, Checked], customers: Mapping[str, CustomerSpec]
) -> tuple[Move, ...]:
    """All renames of all customers, in the order of their addresses."""
    moves: list[Move] = []
    for key, document in documents.items():
        wire: v1.Customer = document.value
        if wire.spec.moved:
            moves += _of_customer(
                context, wire.spec.moved, document.origin.at("spec", "moved"), customers[key], customers
            )
    return tuple(sorted(moves, key=lambda move: (move.source, move.target)))


def _of_customer(
    context: Context,
    wires: tuple[v1.Moved, ...],
    origin: Origin,
    customer: CustomerSpec,
    customers: Mapping[str, CustomerSpec],
) -> list[Move]:
    declared = declared_addresses(customer)
    sources: dict[Address, Origin] = {}
    pairs: list[tuple[Address, Address, Origin]] = []
    for index, wire in enumerate(wires):
        here = origin.at(index)
        source, target = _address(customer.key, wire.source), _address(customer.key, wire.to)
        if _elsewhere(context, source, here.at("from"), declared, customers) or _elsewhere(
            context, target, here.at("to"), declared, customers
        ):
            continue
        # two sources with one target are no contradiction: at most one of them is still bound, or planning says so
        first = sources.setdefault(source, here.at("from"))
        if first != here.at("from"):
            context.error(
                "CSP245",
                f"`{'/'.join(source.path)}` is moved twice",
                here.at("from"),
                address=source,
                related=(first,),
                hint="one line has one future",
            )
            continue
        pairs.append((source, target, here))
    moves = []
    for source, target, here in pairs:
        if _judge(context, source, target, here, declared, sources, {s: t for s, t, _ in pairs}):
            moves.append(Move(source=source, target=target, origin=here))
    return moves


def declared_addresses(customer: CustomerSpec) -> set[Address]:
    """Everything of a customer's that has an address: lines, bundle lines and components."""
    found = {item.address for item in customer.subscriptions} | {item.address for item in customer.services}
    found |= {item.address for item in customer.azure_plans}
    return found | {item.address for item in customer.bundles}


def _judge(
    context: Context,
    source: Address,
    target: Address,
    here: Origin,
    declared: set[Address],
    sources: Mapping[Address, Origin],
    pairs: Mapping[Address, Address],
) -> bool:
    old, new = "/".join(source.path), "/".join(target.path)
    if _in_cycle(source, pairs):
        context.error(
            "CSP243",
            f"moving `{old}` to `{new}` comes back to where it began",
            here,
            address=source,
            hint="a swap needs a third name and two applies",
        )
        return False
    if source in declared:
        context.error(
            "CSP240",
            f"`{old}` is moved away and still declared",
            here.at("from"),
            address=source,
            hint="take the line away, or the move",
        )
        return False
    if target in sources and target not in declared:
        context.error(
            "CSP242",
            f"`{new}` is moved on to `{'/'.join(pairs[target].path)}`",
            here.at("to"),
            address=target,
            related=(sources[target],),
            hint=f"write `to: {'/'.join(pairs[target].path)}` here",
        )
        return False
    if target not in declared:
        names = {"/".join(address.path) for address in declared}
        context.error("CSP241", f"`{new}` is not declared", here.at("to"), address=target, hint=suggestion(new, names))
        return False
    return True


def _in_cycle(start: Address, pairs: Mapping[Address, Address]) -> bool:
    seen: set[Address] = set()
    here = pairs.get(start)
    while here is not None and here not in seen:
        if here == start:
            return True
        seen.add(here)
        here = pairs.get(here)
    return False


def _address(customer: str, text: str) -> Address:
    return Address(customer, tuple(text.split("/")))


def _elsewhere(
    context: Context, address: Address, origin: Origin, declared: set[Address], customers: Mapping[str, CustomerSpec]
) -> bool:
    """Whether somebody wrote a customer's name in front; what is declared or can be a line is no such thing."""
    first, depth = address.path[0], len(address.path)
    line = Address(address.customer, (first,))
    if depth == 1 or line in declared or (first not in customers and depth < 3):
        return False
    if first == address.customer or first not in customers:
        rest = "/".join(address.path[1:])
        context.error(
            "CSP244",
            f"`{'/'.join(address.path)}` is no line of this customer's",
            origin,
            address=address,
            hint=f"leave the customer out: `{rest}`",
        )
    else:
        context.error(
            "CSP244",
            "a line cannot move to another customer",
            origin,
            address=address,
            hint="a subscription belongs to one tenant for good; declare it anew, and end the old one",
        )
    return True
