"""The ledger's checkpoint: a small file beside the store that remembers how far the ledger went, and its hash there.

Written after every transaction that added records, so it may lag behind by one, but never leads. A database that is
gone, shorter than this or another one than this is thereby noticed, also when it is perfectly consistent in itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cspdecl.core.records import GENESIS
from cspdecl.spi.keeping import damaged
from cspdecl.store.files import write_atomically

NAME = "ledger.checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The ledger had `seq` records, the last with `hash`; the journal had `journal` entries."""

    seq: int = 0
    hash: str = GENESIS
    journal: int = 0


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint, or an empty one where there is none yet. Raises StoreDamaged when it cannot be understood."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = Checkpoint(seq=int(document["seq"]), hash=str(document["hash"]), journal=int(document["journal"]))
    except FileNotFoundError:
        return Checkpoint()
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise damaged("CSP911", f"the ledger's checkpoint {path.name} cannot be read: {problem}") from problem
    return found


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint, durably. Raises OSError."""
    document = {"seq": checkpoint.seq, "hash": checkpoint.hash, "journal": checkpoint.journal}
    write_atomically(path, (json.dumps(document) + "\n").encode(), mode=0o600)
