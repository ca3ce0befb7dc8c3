"""`notify:` of a project to core's webhooks: each with a name of its own, an address that is safe to post to, a key."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from cspdecl.core.diagnostics import Origin
from cspdecl.core.project import Webhook
from cspdecl.manifest import v1_notify
from cspdecl.manifest.context import Context

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def compile_notify(context: Context, wires: Iterable[v1_notify.Notify], origin: Origin) -> tuple[Webhook, ...]:
    """The webhooks in order; their problems go to the context."""
    found: dict[str, Webhook] = {}
    for index, wire in enumerate(wires):
        here = origin.at(index)
        if wire.name in found:
            context.error(
                "CSP145",
                f"`{wire.name}` is there twice in `notify`",
                here.at("name"),
                hint="each has a name of its own, by which it is known what it was told already",
            )
            continue
        _check_address(context, wire.webhook, here.at("webhook"))
        found[wire.name] = Webhook(
            name=wire.name,
            url=wire.webhook,
            events=tuple(dict.fromkeys(wire.events)),
            secret_from=_secret(context, wire.secret_from, here.at("secretFrom")),
            show=wire.show or "fields",
            origin=here,
        )
    return tuple(found.values())


def _check_address(context: Context, url: str, origin: Origin) -> None:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable:
        context.error("CSP144", "this address names no host", origin, hint="such as https://ops.example/hooks/cspdecl")
    elif parts.username is not None or parts.password is not None:
        context.error(
            "CSP144",
            "this address holds a name or a password",
            origin,
            hint="events are signed with the key that `secretFrom` names: take the rest out of the address",
        )
    elif parts.scheme != "https" and parts.hostname not in LOOPBACK:
        context.error(
            "CSP144",
            "events are posted over https only",
            origin,
            hint="http is for an address on this machine, such as http://127.0.0.1:8080/",
        )


def _secret(context: Context, wire: v1_notify.SecretPlace, origin: Origin) -> dict[str, object]:
    places: dict[str, object] = {"env": wire.env, "file": wire.file, "command": wire.command}
    known = {name: value for name, value in places.items() if value is not None}
    if len(known) != 1:
        context.error(
            "CSP146", "a secret comes from exactly one of `env`, `file` and `command`", origin, hint="name one place"
        )
    return known
