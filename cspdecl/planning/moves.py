"""Renames as data: `moved:` says that a line has another name, and its bindings follow. Nothing changes at a provider.

Checked against bindings only; what can be said from the manifests alone was said when they were compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cspdecl.core.address import Address
from cspdecl.core.desired import Move
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.live import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Bindings by their new addresses, and which of them came from where."""

    bound: Mapping[Address, Binding]
    sources: Mapping[Address, Address]
    diagnostics: tuple[Diagnostic, ...] = ()


def apply_moves(bound: Mapping[Address, Binding], moves: Iterable[Move]) -> Moved:
    """Bindings of one customer after its moves. A bundle line takes its components along; a done move is a no-op."""
    moved = dict(bound)
    sources: dict[Address, Address] = {}
    problems = []
    for move in moves:
        for address in [one for one in moved if _inside(one, move.source)]:
            target = Address(address.customer, (*move.target.path, *address.path[len(move.source.path) :]))
            if target in moved:
                problems.append(_taken(move, address, target))
                continue
            moved[target] = replace(moved.pop(address), address=target)
            sources[target] = sources.pop(address, address)
    return Moved(bound=moved, sources=sources, diagnostics=tuple(problems))


def _inside(address: Address, root: Address) -> bool:
    return bool(root.path) and address.path[: len(root.path)] == root.path


def _taken(move: Move, address: Address, target: Address) -> Diagnostic:
    return error(
        "CSP373",
        f"{address} cannot become {target}: both are bound to subscriptions of their own",
        origin=move.origin,
        address=str(target),
        hint="take the move out, or give each line the subscription it stands for with `id:`",
    )
