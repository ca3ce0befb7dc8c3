"""Secrets stand in `env`, `file` or `command`, never in a manifest: found by the names of their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cspdecl.core.diagnostics import Diagnostic, Origin, error

_SECRET = re.compile(r"(secret|password|passphrase|passwd|token|apikey|privatekey|credentials?)$")


def looks_secret(key: str) -> bool:
    """Whether a key names a secret itself, rather than where it is kept (`secretFrom`, `refreshTokenTo`)."""
    return _SECRET.search(key.replace("_", "").replace("-", "").lower()) is not None


def find_secrets(value: object, origin: Origin) -> Iterator[Diagnostic]:
    """Secrets written out, and keys without value, anywhere in a provider's block."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = origin.at(str(key))
            if looks_secret(str(key)) and isinstance(item, (str, int)):
                yield error(
                    "CSP130",
                    f"`{key}` would put a secret into a manifest",
                    origin=here,
                    key=True,
                    hint=f"write `{key}From: {{env: NAME}}`, `{{file: PATH}}` or `{{command: [...]}}`; "
                    "a secret that was committed is to be replaced",
                )
            elif item is None:
                yield error(
                    "CSP128",
                    f"`{key}` has no value",
                    origin=here,
                    key=True,
                    hint="was the file cut short? Write a value, or leave the key out",
                )
            else:
                yield from find_secrets(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_secrets(item, origin.at(index))
