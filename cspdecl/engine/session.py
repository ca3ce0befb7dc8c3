"""One project opened for one command: manifests, prices, store and providers, each opened when first needed."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cspdecl.core.capability import Capability
from cspdecl.core.diagnostics import Diagnostic, error, has_errors
from cspdecl.core.errors import ConfigurationError, ManifestError
from cspdecl.engine import provenance
from cspdecl.engine.clock import Clock, Ids, RandomIds, SystemClock
from cspdecl.engine.secrets import ProjectSecrets
from cspdecl.spi import registry

if TYPE_CHECKING:
    from datetime import datetime

    from cspdecl.core.catalog import OfferKey, OfferMatrix
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.project import PriceBook, Project, ProviderConfig
    from cspdecl.manifest.load import Loaded
    from cspdecl.spi.provider import Mode, Provider
    from cspdecl.spi.store import Store

    Connector = Callable[[ProviderConfig, Mode], Provider]


class Session:
    """A project on disk. Use as a context manager: leaving it closes providers and store."""

    def __init__(
        self, root: Path, *, clock: Clock | None = None, ids: Ids | None = None, connect: Connector | None = None
    ) -> None:
        """`connect` takes the place of looking a plugin up: for plugin authors and tests."""
        self.root = root
        self._connector = connect
        self.clock: Clock = clock or SystemClock()
        self.ids: Ids = ids or RandomIds()
        self.secrets = ProjectSecrets(root)
        self._loaded: Loaded | None = None
        self._store: Store | None = None
        self._providers: dict[str, Provider] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def when_closed(self, task: Callable[[], object]) -> None:
        """Have something done when the session is left, the latest first: a folder removed, a child ended."""
        self._stack.callback(task)

    # ---- manifests ----

    def load(self) -> Loaded:
        """The manifests with their diagnostics, errors included. Raises ManifestError where nothing can be read."""
        if self._loaded is None:
            from cspdecl.manifest.cache import Cache
            from cspdecl.manifest.load import load_manifests

            folder = self.root / ".cspdecl" / "cache"
            if folder.is_dir() and provenance.tracks(self.root, ".cspdecl/cache"):
                raise _foreign_cache()
            cache = Cache(folder)
            self._loaded = load_manifests(self.root, now=self.clock.now(), cache=cache)
        return self._loaded

    def require(self) -> tuple[Project, DesiredState]:
        """Project and desired state. Raises ManifestError with every diagnostic when any of them is an error."""
        return self.load().checked()

    @property
    def project(self) -> Project:
        """The project, also where customers or bundles have errors: books can be read then, too.

        Raises ManifestError where the project itself is in doubt.
        """
        found = self.load().project
        return found if found is not None else self.require()[0]

    def prices(self, offers: set[OfferKey], *, markets: Iterable[str] = ()) -> PriceBook:
        """The imported price lists for these offers, in the reseller's currency: of the project's market, of `markets`
        and of every market a customer is declared in. Raises ConfigurationError where a list was altered."""
        from cspdecl.commerce.prices import market_of
        from cspdecl.store.pricefiles import load_price_book

        project = self.project
        folder = self.root / project.prices_path if project.prices_path else None
        desired = self.load().desired
        declared = desired.customers.values() if desired is not None else ()
        places = {*markets, *(country for spec in declared if (country := market_of(spec, None)) is not None)}
        return load_price_book(
            folder, market=project.market, currency=project.reseller.currency, offers=offers, markets=places
        )

    def offer_matrix(self, offers: set[OfferKey], at: datetime) -> OfferMatrix | None:
        """What the imported offer matrix says of these offers; None where none is imported.

        Raises ConfigurationError where it was altered."""
        from cspdecl.store.pricebeside import load_offer_matrix

        project = self.project
        folder = self.root / project.prices_path if project.prices_path else None
        return load_offer_matrix(folder, at=at, offers=offers)

    # ---- store ----

    def store(self, *, create: bool = True) -> Store:
        """The project's store. Raises StoreDamaged or ConfigurationError where it cannot be used."""
        if self._store is None:
            from cspdecl.store.open import open_store

            self._store = open_store(self.project.store, self.root, create=create, project=self.project.name)
            self._stack.callback(self._store.close)
        return self._store

    # ---- providers ----

    def providers(self, mode: Mode, names: Iterable[str] | None = None) -> Mapping[str, Provider]:
        """The named providers of the project (all where none are named), connected in `mode`.

        One that nothing in scope needs is left alone: its missing secret is no reason to stop.
        """
        for name in sorted(set(self.project.providers if names is None else names)):
            if name not in self._providers:
                self._providers[name] = self._connect(self.project.providers[name], mode)
                self._stack.callback(self._providers[name].close)
        return self._providers

    def reconnect(self, mode: Mode, names: Iterable[str] | None = None) -> Mapping[str, Provider]:
        """Close what is connected and connect it again in another mode: planning reads, applying writes."""
        wanted = tuple(self._providers) if names is None else tuple(names)
        for provider in self._providers.values():
            provider.close()
        self._providers.clear()
        return self.providers(mode, wanted)

    def _connect(self, config: ProviderConfig, mode: Mode) -> Provider:
        if self._connector is not None:
            return self._connector(config, mode)
        found = check_settings(config)
        if has_errors(found):
            raise ManifestError(f"the settings of provider `{config.name}` are not valid", diagnostics=found)
        connect, _schema = registry.load_provider(config.plugin)
        settings = {**config.settings, "environment": config.environment}
        provider: Provider = connect(config.name, settings, self.secrets, mode)
        return provider


def _foreign_cache() -> ManifestError:
    """What lies in our own folder is believed without a look, so it may come from this machine only."""
    found = error(
        "CSP748",
        "the repository holds files of `.cspdecl/cache`, which would be believed without a look",
        hint="`git rm -r --cached .cspdecl`, and name the folder in .gitignore",
    )
    return ManifestError("cspdecl's own folder comes from the repository", diagnostics=(found,))


def everything() -> Capability:
    """All capabilities: what offline planning assumes when no provider is asked."""
    whole = Capability.NONE
    for one in Capability:
        whole |= one
    return whole


def check_settings(config: ProviderConfig) -> tuple[Diagnostic, ...]:
    """A provider's settings against its plugin's own schema, each problem at its place in the manifest."""
    try:
        _connect, schema = registry.load_provider(config.plugin)
    except ConfigurationError as problem:
        return (
            error(
                "CSP491",
                problem.message,
                origin=config.origin.at("plugin"),
                hint="install the plugin's package, or correct the name",
            ),
        )
    if schema is None:
        return ()
    jsonschema = importlib.import_module("jsonschema")
    validator = jsonschema.Draft202012Validator(schema)
    settings = {**config.settings, "environment": config.environment}
    return tuple(
        error(
            "CSP490",
            f"setting of provider `{config.name}`: {_humane(problem.message)}",
            origin=config.origin.at(*problem.absolute_path),
        )
        for problem in sorted(
            validator.iter_errors(settings), key=lambda item: [str(part) for part in item.absolute_path]
        )
    )


def _humane(message: str) -> str:
    return message if len(message) <= 200 else message[:197] + "…"
