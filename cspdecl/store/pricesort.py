"""Sorting a price sheet's rows with little memory: sorted runs in temporary files, merged line by line.

The whole monthly file of a market has tens of megabytes and every regional currency; a run of twenty thousand rows is
all that is ever held.
"""

from __future__ import annotations

import csv
import heapq
import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from cspdecl.core.plain import instant_text
from cspdecl.core.project import PriceRow

#: Columns of a stored list. Everything that identifies a price stands before it, so that rivals are neighbours.
COLUMNS = ("product", "sku", "segment", "term", "billing", "tier", "from", "to", "cost", "erp", "title")
_RUN = 20_000


class RowSorter:
    """Takes rows in any order and gives them back as sorted lines, each once."""

    def __init__(self) -> None:
        self._run: list[bytes] = []
        self._files: list[IO[bytes]] = []

    def add(self, row: PriceRow) -> None:
        """Take in one row."""
        self._run.append(line_of(row))
        if len(self._run) >= _RUN:
            self._spill()

    def __iter__(self) -> Iterator[bytes]:
        """All lines, sorted; can be asked once."""
        self._run.sort()
        last = b""
        for line in heapq.merge(*(_lines(file) for file in self._files), self._run):
            if line != last:
                yield line
                last = line

    def close(self) -> None:
        """Let the temporary files go."""
        for file in self._files:
            file.close()

    def _spill(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close(), it outlives this call
        file.writelines(sorted(set(self._run)))
        file.seek(0)
        self._files.append(file)
        self._run = []


def header_line() -> bytes:
    """The first line of every stored list."""
    return (",".join(COLUMNS) + "\n").encode()


def line_of(row: PriceRow) -> bytes:
    """A row as its line in a stored list."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(
        (
            row.offer.product,
            row.offer.sku,
            row.segment,
            row.term,
            row.billing,
            row.tier,
            instant_text(row.effective_from),
            instant_text(row.effective_to),
            format(row.cost.amount, "f"),
            format(row.erp.amount, "f") if row.erp else "",
            row.title,
        )
    )
    return text.getvalue().encode()


def _lines(file: Iterable[bytes]) -> Iterator[bytes]:
    yield from file


def rivals(lines: Iterable[bytes]) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """Each line, and where it contradicts the line before it (the same row at another price): who, from when, both."""
    before: list[bytes] = []
    for line in lines:
        cells = line.split(b",", 9)  # only the title behind them may be quoted
        found: tuple[str, ...] = ()
        if cells[:7] == before[:7] and cells[8] != before[8]:
            one, other = before[8].decode(), cells[8].decode()
            found = (f"{cells[0].decode()}:{cells[1].decode()} {cells[3].decode()}/{cells[4].decode()}",
                     cells[6].decode(), one, other)  # fmt: skip
        before = cells
        yield line, found
