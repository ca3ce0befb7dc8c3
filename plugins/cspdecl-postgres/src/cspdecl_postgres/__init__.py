"""cspdecl's store in PostgreSQL: `store: postgresql://…`, found through the entry-point group `cspdecl.stores`."""

from __future__ import annotations

from pathlib import Path

from cspdecl_postgres.store import PostgresStore

__all__ = ["PostgresStore", "open_store"]


def open_store(url: str, root: Path, *, create: bool, project: str = "") -> PostgresStore:
    """The store at `postgresql://…?schema=NAME`. `root` plays no part: what the project remembers is in the database.

    Raises ConfigurationError, NotAuthorised, TryLater or StoreDamaged.
    """
    return PostgresStore(url, create=create, project=project)
