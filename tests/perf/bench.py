"""How fast, how big, how many calls, and how that grows: `make bench`.

Every figure is the median of several processes, taken in turn within one run, so that a machine that slows down slows
all of them. Budgets are ratios and slopes, never seconds: cold load and plan per subscription at least ten times faster
than octoDNS's per record, slope between sizes at most 1.1, `--help` at most 1.5 times a click program that prints one
group's help. Says whether each is kept; `--check` makes a broken one the exit status.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))
from tests.perf.estate import write_manifests  # noqa: E402 - a script is not in a package

_CLICK = (
    "import click\n@click.group()\ndef g():\n    'A group.'\n@g.command()\ndef c():\n    'A verb.'\ng(['--help'])\n"
)


def run_json(*command: str) -> dict[str, float]:
    """The JSON a measuring process prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{done.stderr}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def seconds_of(*command: str) -> float:
    """Wall seconds of a whole process."""
    begun = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - begun


def median(rows: list[dict[str, float]], name: str) -> float:
    """The middle one of a figure."""
    return statistics.median(row[name] for row in rows)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """All figures of one run."""
    python = sys.executable
    result: dict[str, object] = {}
    estates = {}
    for size in options.sizes:
        estates[size] = folder / f"estate-{size}"
        write_manifests(estates[size], size)
    write_manifests(folder / "warm-up", 4)
    ours: dict[int, list[dict[str, float]]] = {size: [] for size in options.sizes}
    theirs: dict[int, list[dict[str, float]]] = {}
    for _round in range(options.runs):
        for size in options.sizes:
            ours[size].append(run_json(python, str(HERE / "measure_load_and_plan.py"), str(estates[size])))
            if options.octodns_python and size <= options.octodns_limit:
                row = run_json(
                    options.octodns_python, str(HERE / "measure_octodns.py"), str(folder / "octo"), str(size)
                )
                theirs.setdefault(size, []).append(row)
    result["ours"] = {
        size: {name: median(rows, name) for name in ("load", "plan", "peak_mib", "load_cpu", "plan_cpu")}
        for size, rows in ours.items()
    }
    result["octodns"] = {size: median(rows, "both") for size, rows in theirs.items()}
    result["calls"] = {
        size: run_json(python, str(HERE / "measure_calls.py"), str(size), str(estates[size])) for size in options.sizes
    }
    helps, clicks = [], []
    for _round in range(options.runs * 3):
        helps.append(seconds_of(python, "-m", "cspdecl", "--help"))
        clicks.append(seconds_of(python, "-c", _CLICK))
    result["help"] = statistics.median(a / b for a, b in zip(helps, clicks, strict=True))
    return result


def slope(small: tuple[int, float], big: tuple[int, float]) -> float:
    """The exponent of growth between two sizes: 1 is linear."""
    return math.log(big[1] / small[1]) / math.log(big[0] / small[0])


def report(result: dict[str, object]) -> bool:
    """Print the figures and the budgets. True when every budget is kept."""
    ours: dict[int, dict[str, float]] = result["ours"]  # type: ignore[assignment]
    octodns: dict[int, float] = result["octodns"]  # type: ignore[assignment]
    calls: dict[int, dict[str, float]] = result["calls"]  # type: ignore[assignment]
    print("subscriptions   load s   plan s   peak MiB   calls, full plan   calls, one customer")
    for size, row in ours.items():
        call = calls[size]
        print(
            f"{size:13,}{row['load']:9.2f}{row['plan']:9.2f}{row['peak_mib']:11.0f}"
            f"{call['full']:19,.0f}{call['one']:22,.0f}"
        )
    kept = True

    def budget(name: str, value: float, limit: float, *, at_least: bool = False) -> None:
        nonlocal kept
        good = value >= limit if at_least else value <= limit
        kept = kept and good
        print(f"{name}: {value:.2f} ({'at least' if at_least else 'at most'} {limit}: {'kept' if good else 'BROKEN'})")

    sizes = sorted(ours)
    for small, big in itertools.pairwise(sizes):
        budget(
            f"slope of load and plan, {small:,} to {big:,}",
            slope((small, ours[small]["load"] + ours[small]["plan"]), (big, ours[big]["load"] + ours[big]["plan"])),
            1.1,
        )
        budget(
            f"slope of calls, {small:,} to {big:,}",
            slope((small, calls[small]["full"]), (big, calls[big]["full"])),
            1.1,
        )
    for size, both in octodns.items():
        mine = (ours[size]["load"] + ours[size]["plan"]) / size
        print(
            f"octoDNS, {size:,} records: {both:.2f} s, {both / size * 1e6:.0f} µs a record; "
            f"cspdecl {mine * 1e6:.0f} µs a subscription"
        )
        budget(f"octoDNS over cspdecl, a piece, at {size:,}", both / size / mine, 10, at_least=True)
    budget("`cspdecl --help` over click's own help", float(result["help"]), 1.5)  # type: ignore[arg-type]
    return kept


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--octodns-python", help="the Python of an environment that has octoDNS")
    parser.add_argument("--octodns-limit", type=int, default=10_000, help="largest size octoDNS is measured at")
    parser.add_argument("--check", action="store_true", help="end with 1 when a budget is broken")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = report(measure(options, Path(folder)))
    raise SystemExit(0 if kept or not options.check else 1)


if __name__ == "__main__":
    main()
