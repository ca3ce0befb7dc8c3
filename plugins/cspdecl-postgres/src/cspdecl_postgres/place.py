"""Which database and schema `store: postgresql://…` means. Passwords come from libpq's own places, never from there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cspdecl.core.store_place import holds_secret, without_secrets
from cspdecl.spi.keeping import unusable

DEFAULT_SCHEMA = "cspdecl"
_SCHEMA = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_WHERE = "write postgresql://USER@HOST/DATABASE?schema=NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to connect (`conninfo`, libpq's form), in which schema, and how people are told."""

    conninfo: str
    schema: str
    shown: str


def find_place(url: str) -> Place:
    """The place a project names. Raises ConfigurationError where it names none, or a password."""
    if holds_secret(url):
        hint = "PostgreSQL reads PGPASSWORD, PGPASSFILE or a service file: leave it out, and replace it"
        raise unusable("CSP918", "`store` holds a password", hint=hint)
    try:
        before, _mark, query = url.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        schema = dict(pairs).get("schema", DEFAULT_SCHEMA)
        rest = urlencode([(key, text) for key, text in pairs if key != "schema"], quote_via=quote)
        known = conninfo_to_dict(f"{before}?{rest}" if rest else before)
    except (ValueError, psycopg.Error) as problem:
        said = without_secrets(str(problem)).strip()
        raise unusable("CSP930", f"`store` is no address of a PostgreSQL database: {said}", hint=_WHERE) from problem
    if not url.partition(":")[2].startswith("//"):
        raise unusable("CSP930", "`store` is no address of a PostgreSQL database", hint=_WHERE)
    if not _SCHEMA.fullmatch(schema):
        text = f"`{schema}` is no name for a schema: small letters, digits and _, at most 63"
        raise unusable("CSP930", text, hint=_WHERE)
    where = known.get("service") or f"{known.get('host') or 'localhost'}/{known.get('dbname') or ''}"
    defaults: dict[str, Any] = {"connect_timeout": 15, "application_name": "cspdecl", **known}
    return Place(conninfo=make_conninfo(**defaults), schema=schema, shown=f"{where}, schema {schema}")
