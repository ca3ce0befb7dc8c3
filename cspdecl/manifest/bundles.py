"""Bundles: which versions there are, which one a pin means, and how many seats of a component a bundle seat brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import layers, v1, v1_lines
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import Checked, suggestion
from cspdecl.manifest.selling import prices
from cspdecl.manifest.shapes import MAX_SEATS
from cspdecl.manifest.timelines import Timeline, check_list

Version = tuple[int, int, int]
_OWN_SERVICE = "for a service of your own: it has no term"
_OFFER_KEYS = {
    "at_renewal": "atRenewal",
    "addon_of": "addonOf",
    "custom_term_end": "customTermEnd",
    "promotion": "promotion",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component, with what is the same for every customer."""

    component: v1_lines.Component
    sell: Timeline
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleVersion:
    """One version of a bundle as declared. `written` is the version as it stands in the document."""

    name: str
    version: Version
    written: str
    spec: v1.BundleSpec
    sell: Timeline
    parts: tuple[Part, ...]
    origin: Origin

    @property
    def display_name(self) -> str:
        """What people call it."""
        return self.spec.display_name or self.name

    @property
    def anchor(self) -> str:
        """The component whose seats start the billing."""
        return self.spec.anchor or self.spec.components[0].name


class Bundles:
    """All bundles of the tree, by name and version."""

    def __init__(self, context: Context, documents: Iterable[Checked]) -> None:
        self._context = context
        self._known: dict[str, dict[Version, BundleVersion]] = {}
        for document in documents:
            bundle = compile_bundle(context, document)
            versions = self._known.setdefault(bundle.name, {})
            first = versions.get(bundle.version)
            if first:
                context.error(
                    "CSP206",
                    f"bundle `{bundle.name}` {bundle.written} is declared twice",
                    document.origin.at("spec", "version"),
                    related=(first.origin.at("spec", "version"),),
                    hint="raise one version, or take one document away",
                )
            else:
                versions[bundle.version] = bundle

    def resolve(self, reference: str, origin: Origin, address: object) -> BundleVersion | None:
        """The bundle that `name` or `name@2` means: the highest version that begins with the pin."""
        name, _, pin = reference.partition("@")
        context = self._context
        versions = self._known.get(name)
        if not versions:
            if not context.may_be_unread("Bundle", name):
                context.error(
                    "CSP210",
                    f"there is no bundle `{name}`",
                    origin,
                    address=address,
                    hint=suggestion(name, self._known),
                )
            return None
        wanted = tuple(int(part) for part in pin.split(".")) if pin else ()
        matching = [version for version in versions if version[: len(wanted)] == wanted]
        there = " and ".join(f"{name}@{versions[version].written}" for version in sorted(versions))
        if not matching:
            if not context.may_be_unread("Bundle", name):
                context.error(
                    "CSP211", f"bundle `{name}` has no version {pin}", origin, address=address, hint=f"there is {there}"
                )
            return None
        if not pin and len({version[0] for version in matching}) > 1:
            context.error(
                "CSP212",
                f"bundle `{name}` has several major versions, and none is named",
                origin,
                address=address,
                hint=f"pin one, such as `{name}@{max(matching)[0]}`; there is {there}",
            )
            return None
        return versions[max(matching)]


def compile_bundle(context: Context, document: Checked) -> BundleVersion:
    """One Bundle document, checked in itself."""
    wire: v1.Bundle = document.value
    spec, origin = wire.spec, document.origin.at("spec")
    places = [(component, origin.at("components", index)) for index, component in enumerate(spec.components)]
    _check_components(context, spec, origin)
    _check_links(context, spec, origin)
    _check_retired(context, spec, origin)
    return BundleVersion(
        name=wire.metadata.name,
        version=_padded(spec.version),
        written=spec.version,
        spec=spec,
        sell=prices(context, spec.sell, origin, of="bundle"),
        parts=tuple(
            Part(
                component=component,
                sell=prices(
                    context,
                    component.sell,
                    place.at("sell"),
                    of="service" if component.service is not None else "offer",
                ),
                origin=place,
            )
            for component, place in places
        ),
        origin=document.origin,
    )


#: What is wrong with lines or components that name each other, and the way out.
CIRCLES = {
    "addonOf": ("is an add-on of itself", "one of them is the base, and an add-on of nothing"),
    "customTermEnd": ("would end together with itself", "one of them says its own end, or none"),
}


def _check_links(context: Context, spec: v1.BundleSpec, origin: Origin) -> None:
    """What a component says of the next term, of another component and of its price's days."""
    check_list(context, spec.sell, origin.at("sell"), None, "sell")
    offers = {component.name: component for component in spec.components if component.offer is not None}
    for index, component in enumerate(spec.components):
        here = origin.at("components", index)
        check_list(context, component.sell, here.at("sell"), None, "sell")
        if component.at_renewal is not None:
            keys = {"seats": "seats", "offer": "offer", "ends_on": "endsOn", "promotion": "promotion", "starts": "from"}
            why = "in a bundle: say it for a customer, under `overrides`"
            context.unwanted(component.at_renewal, keys, here.at("atRenewal"), why)
        end = component.custom_term_end
        if isinstance(end, v1_lines.EndsWithLine):
            _check_link(context, component, end.line, offers, here.at("customTermEnd", "line"))
            _check_circle(context, component, offers, "customTermEnd", here.at("customTermEnd", "line"))
        elif end is not None and end != "month-end":
            context.error(
                "CSP216",
                "a day makes no sense in a bundle, which is sold on many",
                here.at("customTermEnd"),
                hint="write `month-end` or `{line: COMPONENT}` here, the day at the customer's line",
            )
        if component.addon_of is not None:
            _check_link(context, component, component.addon_of, offers, here.at("addonOf"))
            _check_circle(context, component, offers, "addonOf", here.at("addonOf"))


def _check_link(
    context: Context, component: v1_lines.Component, name: str, offers: Mapping[str, v1_lines.Component], origin: Origin
) -> None:
    if name not in offers:
        others = set(offers) - {component.name}
        context.error("CSP213", f"there is no component `{name}` with an offer", origin, hint=suggestion(name, others))
    elif name == component.name:
        context.error("CSP255", f"component `{name}` names itself", origin, hint="name the component it goes with")


def _check_circle(
    context: Context, component: v1_lines.Component, offers: Mapping[str, v1_lines.Component], key: str, origin: Origin
) -> None:
    seen = [component.name]
    name = _goes_with(component, key)
    while name is not None and name in offers and name not in seen:
        seen.append(name)
        name = _goes_with(offers[name], key)
    if name == component.name and len(seen) > 1:
        what, hint = CIRCLES[key]
        by = " and ".join(f"`{item}`" for item in seen[1:])
        context.error("CSP256", f"`{component.name}` {what}, by way of {by}", origin, hint=hint)


def _goes_with(component: v1_lines.Component, key: str) -> str | None:
    if key == "addonOf":
        return component.addon_of
    end = component.custom_term_end
    return end.line if isinstance(end, v1_lines.EndsWithLine) else None


def _padded(text: str) -> Version:
    """`2.1` as (2, 1, 0)."""
    first, *rest = (int(part) for part in text.split("."))
    second, third = (*rest, 0, 0)[:2]
    return first, second, third


def seats_of(context: Context, component: v1_lines.Component, seats: int, place: Origin, address: object) -> int:
    """Seats of a component for so many bundle seats; a ratio that leaves none is an error, since it would silently
    stop managing what is there."""
    rule = component.seats
    if rule is None:
        return seats
    exact = Fraction(rule.per_seat) * seats
    if rule.round == "up":
        count = -(-exact.numerator // exact.denominator)
    elif rule.round == "down":
        count = exact.numerator // exact.denominator
    else:
        count = (exact + Fraction(1, 2)).__floor__()
    if count == 0 and exact:
        context.error(
            "CSP226",
            f"{seats} × {rule.per_seat} rounded {rule.round} leaves no seat of `{component.name}`",
            place,
            address=address,
            hint=f"say `overrides: {{{component.name}: {{seats: 1}}}}` or `without: [{component.name}]`",
        )
    elif count > MAX_SEATS:
        context.error("CSP127", f"{seats} × {rule.per_seat} is more than {MAX_SEATS:,} seats", place, address=address)
    return count


def _check_components(context: Context, spec: v1.BundleSpec, origin: Origin) -> None:
    seen: dict[str, int] = {}
    for index, component in enumerate(spec.components):
        here = origin.at("components", index)
        if component.name in seen:
            context.error(
                "CSP217",
                f"component `{component.name}` stands twice",
                here.at("name"),
                related=(origin.at("components", seen[component.name], "name"),),
            )
        seen.setdefault(component.name, index)
        if (component.offer is None) == (component.service is None):
            context.error(
                "CSP215",
                f"component `{component.name}` needs either `offer` or `service`",
                here,
                hint="an offer is Microsoft's, a service is your own",
            )
        if component.service is not None:
            context.unwanted(component, {**layers.TERM_KEYS, **_OFFER_KEYS}, here, _OWN_SERVICE)
        elif context.defaults:
            # what the bundle fixes is judged here, once, and not again for each customer
            layers.check_combination(context, (component, spec), (context.defaults,), (here, origin), component.name)
        if component.seats and Fraction(component.seats.per_seat) == 0:
            context.error(
                "CSP226",
                f"component `{component.name}` never has a seat",
                here.at("seats", "perSeat"),
                hint="take it out, and list it under `retired`",
            )
    if spec.anchor is not None and spec.anchor not in seen:
        context.error(
            "CSP213", f"there is no component `{spec.anchor}`", origin.at("anchor"), hint=suggestion(spec.anchor, seen)
        )


def _check_retired(context: Context, spec: v1.BundleSpec, origin: Origin) -> None:
    live = {component.name: index for index, component in enumerate(spec.components)}
    seen: dict[str, int] = {}
    for index, item in enumerate(spec.retired):
        here = origin.at("retired", index, "name")
        if item.name in live:
            context.error(
                "CSP228",
                f"component `{item.name}` is retired and still in the bundle",
                here,
                related=(origin.at("components", live[item.name], "name"),),
                hint="take it out of one of the two lists",
            )
        if item.name in seen:
            context.error(
                "CSP217",
                f"component `{item.name}` is retired twice",
                here,
                related=(origin.at("retired", seen[item.name], "name"),),
            )
        seen.setdefault(item.name, index)
