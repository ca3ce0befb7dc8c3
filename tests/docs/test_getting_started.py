"""Getting started, played from the first command to the last: every output on the page is what comes out."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.docs.pages import blocks
from tests.docs.play import play, player

PAGE = ROOT / "docs/getting-started.md"


def test_the_page_shows_what_happens(tmp_path, update_cases):
    """From `cspdecl init` to the verified ledger, each command prints what the page shows (`--update-cases` rewrites)."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "manifests").symlink_to(ROOT / "manifests")
    shell, differences, text = player(checkout), [], PAGE.read_text("utf-8")
    try:
        for block in blocks(PAGE):
            if block.language == "diff":
                shell.change(block)
            elif block.language == "console" and not re.search(r"^\$ make ", block.text, re.MULTILINE):
                now, found = play(block, shell)
                differences += found
                if found:
                    text = text.replace(block.text, now, 1)
    finally:
        shell.stop()
    if update_cases:
        PAGE.write_text(text, "utf-8")

    assert "" == ("" if update_cases else "\n".join(differences))
