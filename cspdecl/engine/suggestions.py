"""What an editor or a shell can suggest in a project: offers, bundles and customers, from local files alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cspdecl.core.errors import CspdeclError

if TYPE_CHECKING:
    from cspdecl.engine.session import Session


def write_schema(session: Session) -> Path:
    """Write the schema that editors read into the project, whole or not at all. Raises OSError where it cannot be."""
    from cspdecl.manifest.schema_local import FOLDER, NAME, local_schema_text

    place = session.root / FOLDER / NAME
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_suffix(f".{os.getpid()}")
    beside.write_text(local_schema_text(suggestions_of(session)), encoding="utf-8")
    beside.replace(place)
    return place


def suggestions_of(session: Session) -> dict[str, dict[str, str]]:
    """By key of a manifest: values and what each is called. Offers come from the newest imported price list and from
    the manifests. Where manifests are not valid, what can be read of them counts; nobody is asked."""
    from cspdecl.manifest import v1

    loaded = session.load()
    bundles: dict[str, str] = {}
    customers: dict[str, str] = {}
    offers: dict[str, str] = {}
    for item in loaded.shared:
        if isinstance(item.value, v1.Bundle):
            name, spec = item.value.metadata.name, item.value.spec
            bundles[f"{name}@{spec.version.partition('.')[0]}"] = spec.display_name or name
            offers.update((part.offer, part.display_name or "") for part in spec.components if part.offer)
    if loaded.desired is not None:
        for key, customer in loaded.desired.customers.items():
            customers[key] = customer.display_name or key
            offers.update((str(line.offer), "") for line in customer.subscriptions)
    offers.update(_sold(session))
    return {"offer": offers, "bundle": bundles, "customer": customers}


def _sold(session: Session) -> dict[str, str]:
    """Offers of the newest price list of the project's market, with their titles."""
    from cspdecl.store.pricefiles import load_list, read_index

    project = session.load().project
    if project is None or project.prices_path is None:
        return {}
    folder = session.root / project.prices_path
    try:
        entry = next((item for item in read_index(folder) if item.market == project.market), None)
        rows = load_list(folder, entry, None).rows if entry is not None else {}
    except CspdeclError:
        return {}  # `validate` and `prices list` say what is wrong with a list; suggestions are a courtesy
    return {str(key): next((row.title for row in found if row.title), "") for key, found in rows.items()}
