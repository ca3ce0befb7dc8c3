"""The README's transcript, played again with the customers it shows, at the moment it was taken.

`make demo` plays it with all hundred; here six do, so what counts customers, lines or records is masked, as is the
minute; but not a seat, an amount, a date or a word.
"""

from __future__ import annotations

import re
import shutil

import yaml

from tests.conftest import ROOT
from tests.docs.pages import blocks
from tests.docs.play import play, player
from tests.docs.scenes import directions

PAGE = ROOT / "README.md"
TREE = ROOT / "manifests/reseller-100"
CUSTOMERS = (
    "buchkunst-leipzig", "hafenkontor", "herkules-sicherheit", "muehlbach", "saar-huetten-logistik", "weserfrische",
)  # fmt: skip
PRICES = "price-list-2026-11-DE-EUR-made-up.csv"
COUNTS = (
    (re.compile(r"\d\d:\d\d(?= UTC)"), "hh:mm"),
    (re.compile(r"(?<= of )\d+(?= customers)"), "N"),
    (re.compile(r"^ {0,5}\d+(?=  <recorded>)"), "N"),
    (re.compile(r"(?<=^Apply: )\d+ done; \d+ change records"), "N done; N change records"),
    (re.compile(r"(?<=^ledger verified: )\d+"), "N"),
    (re.compile(r"\d+(?= subscriptions unchanged| waiting| unmanaged)"), "N"),
)


def _differences(folder):
    """How the demo's estate differs from its manifests, as far as these customers go."""
    edits = yaml.safe_load((ROOT / "docs/demo/differences.yaml").read_text("utf-8"))["edits"]
    kept = [edit for edit in edits if (edit.get("address") or edit["customer"]).split("/")[0] in CUSTOMERS]
    (folder / ".cspdecl/differences.yaml").write_text(yaml.safe_dump({"edits": kept}), "utf-8")


def test_the_transcript_is_what_happens(tmp_path):
    """Plan, apply, empty plan, drift, put right, ledger: every line of the README comes out of the program."""
    for name in ("bundles", "cspdecl.yaml", PRICES):
        (shutil.copytree if (TREE / name).is_dir() else shutil.copy)(TREE / name, tmp_path / name)
    (tmp_path / "customers").mkdir()
    for name in CUSTOMERS:
        shutil.copy(TREE / f"customers/{name}.yaml", tmp_path / "customers")
    (tmp_path / ".cspdecl").mkdir()
    (tmp_path / ".cspdecl/refresh-token").write_text("demo-refresh-token-for-the-simulator-only\n", "utf-8")
    _differences(tmp_path)
    text = PAGE.read_text("utf-8")
    moment = re.search(r"live (\S+) (\d\d:\d\d) UTC", text)
    assert moment
    shell = player(tmp_path, {"PARTNER_CENTER_SECRET": "demo-secret-for-the-simulator-only"})
    manifest = (tmp_path / "cspdecl.yaml").read_text("utf-8")
    (tmp_path / "cspdecl.yaml").write_text(manifest.replace(":8443", f":{shell.port}"), "utf-8")
    differences = []
    try:
        for command in (
            (
                f"cspdecl simulate seed --from-manifests . --differ .cspdecl/differences.yaml --prices {PRICES} "
                f"--at {moment[1]}T{moment[2]}:00Z"
            ),
            "cspdecl simulate serve --tls --port 8443 --ca-file .cspdecl/simulator-ca.pem &",
            f"cspdecl prices import {PRICES}",
            "cspdecl plan --out plan.json",
        ):
            shell.run(command)
            assert 0 == shell.last, command
        for block in blocks(PAGE, "console"):
            if "$ cspdecl" in block.text:
                for command in directions(block).first:
                    shell.run(command)
                    assert 0 == shell.last, command
                differences += play(block, shell, COUNTS)[1]
    finally:
        shell.stop()

    assert "" == "\n".join(differences)
