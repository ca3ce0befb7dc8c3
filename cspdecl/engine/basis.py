"""What a plan was made from, as digests and versions: what an approval of it is bound to besides its operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cspdecl import __version__
from cspdecl.commerce.prices import market_of, prices_in
from cspdecl.core.digest import digest_of
from cspdecl.core.operation import Basis
from cspdecl.core.plain import to_plain
from cspdecl.spi.registry import version_of_provider

if TYPE_CHECKING:
    from cspdecl.core.desired import CustomerSpec, DesiredState
    from cspdecl.core.live import LiveState
    from cspdecl.core.project import PriceBook, Project

#: Where something is written is no part of what is declared: a file may be renamed, a line moved.
_PLACES = frozenset({"origin", "bundle_origin"})


def basis_of(
    project: Project, desired: DesiredState, live: LiveState, prices: PriceBook, customers: Iterable[str]
) -> Basis:
    """What a plan for `customers` rests on. Nothing of other customers: a plan for A is not stale because B moved."""
    keys = sorted(set(customers))
    specs = {key: desired.customers.get(key) for key in keys}
    used = {spec.provider for spec in specs.values() if spec is not None} & project.providers.keys()
    plugins = sorted({project.providers[name].plugin for name in used})
    return Basis(
        customers={key: _digest_of_customer(key, specs[key], project, desired) for key in keys},
        prices=_digest_of_prices(prices, {market_of(specs[key], live.customers.get(key)) for key in keys}),
        tool=__version__,
        plugins={name: version for name in plugins if (version := version_of_provider(name)) is not None},
    )


def _digest_of_customer(key: str, spec: CustomerSpec | None, project: Project, desired: DesiredState) -> str:
    """All that is declared for one customer, bundles and defaults folded in, and the connection it goes through."""
    config = project.providers.get(spec.provider) if spec is not None else None
    return digest_of(
        _without_places(
            [
                to_plain(spec) if spec is not None else None,
                [to_plain(item) for item in desired.moves if key in (item.source.customer, item.target.customer)],
                [to_plain(item) for item in desired.retired if item.address.customer == key],
                [config.plugin, config.environment, config.settings] if config is not None else None,
                [project.reseller.model, project.reseller.currency, project.market],
            ]
        )
    )


def _digest_of_prices(prices: PriceBook, markets: Iterable[str | None]) -> str:
    """The lists in force that these markets are priced by, each by its own digest."""
    lists = {
        (item.market, item.currency, item.view, item.date, item.digest)
        for market in markets
        for item in prices_in(prices, market).lists
    }
    return digest_of([list(item) for item in sorted(lists)])


def _without_places(value: object) -> object:
    """Plain data without the places it was written at; a float of a setting as its text."""
    if isinstance(value, Mapping):
        return {str(name): _without_places(item) for name, item in value.items() if name not in _PLACES}
    if isinstance(value, (list, tuple)):
        return [_without_places(item) for item in value]
    return value if value is None or isinstance(value, (str, int)) else str(value)
