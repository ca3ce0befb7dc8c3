"""The Project document to core's Project: providers, defaults, guardrails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, cast

from cspdecl.core.diagnostics import Origin, error
from cspdecl.core.project import ApplyRules, Project, ProviderConfig, Reseller
from cspdecl.core.store_place import holds_secret
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest import layers, v1
from cspdecl.manifest.compile_guards import compile_guardrails
from cspdecl.manifest.compile_notify import compile_notify
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import Checked, suggestion

DEFAULT_STORE = "sqlite:.cspdecl/store.db"


def compile_project(context: Context, document: Checked) -> Project:
    """The project as a value; its problems go to the context."""
    wire: v1.Project = document.value
    spec, origin = wire.spec, document.origin.at("spec")
    providers = {
        name: _provider(context, name, block, origin.at("providers", name)) for name, block in spec.providers.items()
    }
    if spec.store and holds_secret(spec.store):
        context.problems.append(
            error(
                "CSP918",
                "`store` would put a password into a manifest",
                origin=origin,  # not at its own line: that would print it
                key=True,
                hint="leave it out: git brings its own credentials, PostgreSQL reads PGPASSWORD, PGPASSFILE or a "
                "service file; a password that was committed is to be replaced",
            )
        )
    term, billing = Term(spec.defaults.term), BillingCycle(spec.defaults.billing)
    layers.check_combination(context, (spec.defaults,), (), (origin.at("defaults"),), None)
    return Project(
        name=wire.metadata.name,
        reseller=Reseller(
            legal_name=spec.reseller.legal_name,
            model=spec.reseller.model,
            country=spec.reseller.country,
            currency=spec.reseller.currency,
            partner_id=spec.reseller.partner_id,
        ),
        providers=providers,
        default_provider=_default_provider(context, spec, origin.at("defaults")),
        default_term=term,
        default_billing=billing,
        default_end_of_term=spec.defaults.end_of_term,
        default_reduce=spec.defaults.reduce or "auto",
        prices_path=spec.prices.path if spec.prices else None,
        market=(spec.prices and spec.prices.market) or spec.reseller.country,
        store=spec.store or DEFAULT_STORE,
        persistent=bool(spec.persistent),
        guardrails=compile_guardrails(context, spec.guardrails, origin.at("guardrails")),
        origin=document.origin,
        apply=_apply(spec.apply),
        notify=compile_notify(context, spec.notify, origin.at("notify")),
    )


def _apply(wire: v1.Apply | None) -> ApplyRules:
    if wire is None:
        return ApplyRules()
    most = ApplyRules().max_age
    if wire.max_age is not None:
        count, hours = int(wire.max_age[:-1]), wire.max_age.endswith("h")
        most = timedelta(hours=count) if hours else timedelta(days=count)
    return ApplyRules(branch=wire.branch, max_age=most)


def _provider(context: Context, name: str, block: Mapping[str, object], origin: Origin) -> ProviderConfig:
    plugin, environment = block.get("plugin"), block.get("environment", "production")
    if "plugin" not in block:
        context.error("CSP123", "`plugin` is missing", origin, hint="it names the plugin, such as `partner-center`")
    elif not isinstance(plugin, str):
        context.error("CSP124", "`plugin` must be text", origin.at("plugin"), hint="such as `partner-center`")
    if environment not in {"production", "sandbox"}:
        context.error(
            "CSP125", f"`environment` is `{environment}`; it may be `production` or `sandbox`", origin.at("environment")
        )
    settings = {key: value for key, value in block.items() if key not in {"plugin", "environment"}}
    return ProviderConfig(
        name=name,
        plugin=str(plugin),
        environment=cast('Literal["production", "sandbox"]', environment),
        settings=settings,
        origin=origin,
    )


def _default_provider(context: Context, spec: v1.ProjectSpec, origin: Origin) -> str:
    named = spec.defaults.provider
    if named is None:
        if len(spec.providers) > 1:
            context.error(
                "CSP222",
                "there are several providers and no default one",
                origin,
                hint=f"write `provider:`; {suggestion('', spec.providers)}",
            )
        return next(iter(spec.providers))
    if named not in spec.providers:
        context.error(
            "CSP214", f"there is no provider `{named}`", origin.at("provider"), hint=suggestion(named, spec.providers)
        )
    return named
