"""The outcome of `cspdecl test` as JUnit XML: a suite a file, a case a test, as every CI system reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from cspdecl.report.safe import safe_text

if TYPE_CHECKING:
    from cspdecl.engine.expectations import Checkup
    from cspdecl.report.language import Language


def render_tests(checkups: Sequence[Checkup], lang: Language) -> str:
    """The document, with its declaration, ending with a line break."""
    from cspdecl.cli.test_verb import mismatch_lines

    root = ET.Element("testsuites", {"name": "cspdecl test"})
    for file in dict.fromkeys(one.document.file for one in checkups):
        inside = [one for one in checkups if one.document.file == file]
        suite = ET.SubElement(root, "testsuite", {"name": safe_text(file)})
        for one in inside:
            attributes = {"classname": safe_text(file), "name": safe_text(one.name), "file": safe_text(file)}
            case = ET.SubElement(suite, "testcase", attributes)
            lines = [safe_text(line) for line in mismatch_lines(one, lang)]
            if one.problems:
                said = [f"{item.code}: {safe_text(lang.sentence(item.message))}" for item in one.problems]
                ET.SubElement(case, "error", {"message": said[0]}).text = "\n".join(said)
            elif lines:
                ET.SubElement(case, "failure", {"message": lines[0]}).text = "\n".join(lines)
        suite.set("tests", str(len(inside)))
        suite.set("errors", str(sum(bool(one.problems) for one in inside)))
        suite.set("failures", str(sum(bool(one.mismatches) and not one.problems for one in inside)))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
