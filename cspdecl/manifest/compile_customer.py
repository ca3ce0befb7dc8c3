"""A Customer document to core's CustomerSpec: who it is, and (by lines.py) what they have."""

from __future__ import annotations

from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, Retired
from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import v1
from cspdecl.manifest.bundles import Bundles
from cspdecl.manifest.circumstances import compile_hold, compile_qualification, compile_reseller, country_of
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import Checked, suggestion
from cspdecl.manifest.lines import compile_line
from cspdecl.manifest.people import compile_create, compile_profile
from cspdecl.manifest.references import check_references
from cspdecl.manifest.selling import Book, Books
from cspdecl.manifest.subscription import Making


def compile_customer(
    context: Context, bundles: Bundles, books: Books, usual: Book, document: Checked
) -> tuple[CustomerSpec, list[Retired]]:
    """One customer with every bundle expanded, and what is retired of the bundles they have. `usual` is the project's
    price book, for customers who name none."""
    wire: v1.Customer = document.value
    spec, origin = wire.spec, document.origin.at("spec")
    address = Address(wire.metadata.name)
    provider = _provider(context, spec, origin, address)
    making = Making(
        context=context,
        bundles=bundles,
        key=wire.metadata.name,
        provider=provider,
        labels=dict(wire.metadata.labels),
        book=books.resolve(spec.price_book, origin.at("priceBook"), address) if spec.price_book else usual,
    )
    names: dict[str, int] = {}
    for index, line in enumerate(spec.subscriptions):
        here = origin.at("subscriptions", index)
        if line.name in names:
            context.error(
                "CSP207",
                f"`{line.name}` is declared twice",
                here.at("name"),
                address=address.child(line.name),
                related=(origin.at("subscriptions", names[line.name], "name"),),
                hint="every line of a customer has a name of its own",
            )
            continue
        names[line.name] = index
        compile_line(making, line, here)
    if making.references:
        check_references(making)
    return CustomerSpec(
        key=making.key,
        provider=provider,
        tenant=_tenant(context, spec, origin, address),
        create=compile_create(context, spec.create, origin.at("create"), address) if spec.create else None,
        profile=compile_profile(spec.profile) if spec.profile else None,
        display_name=spec.display_name,
        labels=making.labels,
        subscriptions=tuple(making.subscriptions),
        services=tuple(making.services),
        bundles=tuple(making.instances),
        origin=document.origin,
        azure_plans=tuple(making.azure_plans),
        hold=compile_hold(context, spec.hold, origin.at("hold"), address) if spec.hold else None,
        qualification=compile_qualification(context, spec.qualification, origin.at("qualification"), address)
        if spec.qualification
        else None,
        reseller=compile_reseller(context, spec, origin, address),
        country=country_of(context, spec, origin, address),
    ), making.retired


def _provider(context: Context, spec: v1.CustomerSpec, origin: Origin, address: Address) -> str:
    project = context.project
    if project is None:
        return spec.provider or ""
    if spec.provider and spec.provider not in project.providers:
        context.error(
            "CSP214",
            f"there is no provider `{spec.provider}`",
            origin.at("provider"),
            address=address,
            hint=suggestion(spec.provider, project.providers),
        )
    return spec.provider or project.default_provider


def _tenant(context: Context, spec: v1.CustomerSpec, origin: Origin, address: Address) -> str | None:
    """Who it is: exactly one of an existing tenant and one to create, and no two customers the same."""
    if (spec.tenant is None) == (spec.create is None):
        context.error(
            "CSP231",
            "a customer needs either `tenant` or `create`",
            origin,
            address=address,
            hint="`tenant` for one who exists; `create` makes one, and gives way to `tenant` afterwards",
        )
    if spec.create and spec.profile:
        context.error(
            "CSP216",
            "`profile` makes no sense beside `create`, which holds it",
            origin.at("profile"),
            address=address,
            key=True,
        )
    if spec.create:
        domain = spec.create.domain.removesuffix(".onmicrosoft.com")
        _once(context, context.domains, domain, origin.at("create", "domain"), address, "CSP205", "domain")
    if spec.tenant is None:
        return None
    tenant = spec.tenant.lower()
    _once(context, context.tenants, tenant, origin.at("tenant"), address, "CSP204", "tenant")
    return tenant


def _once(
    context: Context, seen: dict[str, Origin], value: str, origin: Origin, address: Address, code: str, what: str
) -> None:
    first = seen.setdefault(value, origin)
    if first is not origin:
        context.error(
            code,
            f"two customers have the {what} {value}",
            origin,
            address=address,
            related=(first,),
            hint="one tenant is one customer: join the two documents, or correct one of them",
        )
