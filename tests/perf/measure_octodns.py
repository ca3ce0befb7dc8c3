"""The same measurement for octoDNS, run by the Python of its own venv: load and plan one zone of N records, as JSON.

Source and target are its YAML provider, as in its own documentation; the target lacks the change that one record in a
hundred carries. A dry run: nothing is written.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path


def write_zone(folder: Path, records: int, *, changed: bool) -> None:
    """One zone file: an A record a line of the estate."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(records):
        last = 2 if changed and number % 100 == 0 else 1
        lines.append(
            f"host-{number:06d}:\n  ttl: 300\n  type: A\n  value: 10.{number >> 16}.{number >> 8 & 255}.{last}\n"
        )
    (folder / "example.com.yaml").write_text("---\n" + "".join(lines), encoding="utf-8")


def main() -> None:
    """Measure in the folder named first, with the number of records named second."""
    root, records = Path(sys.argv[1]), int(sys.argv[2])
    write_zone(root / "wanted", records, changed=True)
    write_zone(root / "live", records, changed=False)
    config = root / "config.yaml"
    config.write_text(
        "---\nproviders:\n"
        f"  wanted:\n    class: octodns.provider.yaml.YamlProvider\n    directory: {root}/wanted\n"
        f"  live:\n    class: octodns.provider.yaml.YamlProvider\n    directory: {root}/live\n"
        "zones:\n  example.com.:\n    sources: [wanted]\n    targets: [live]\n",
        encoding="utf-8",
    )
    logging.disable(logging.CRITICAL)
    from octodns.manager import Manager  # type: ignore[import-not-found]  # lives in the bench's own venv

    manager = Manager(str(config))
    begun, cpu = time.perf_counter(), time.process_time()
    manager.sync(dry_run=True)
    print(json.dumps({"records": records, "both": time.perf_counter() - begun, "both_cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
