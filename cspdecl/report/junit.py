"""Drift as JUnit XML: a suite a customer, a case a line, a failure for drift, an error for what could not be read.

What is waived is skipped; a line without findings passes. Read by every CI system, so it keeps to what all of them do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from cspdecl.planning.drift_report import DriftReport
from cspdecl.planning.drift_values import Drift
from cspdecl.report.drift import class_words, columns_of, line_name
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.safe import safe_text


@dataclass(slots=True)
class _Case:
    """One line of a customer: what stands against it, and what is waived."""

    failures: list[Drift] = field(default_factory=list)
    errors: list[Drift] = field(default_factory=list)
    waived: list[tuple[Drift, str]] = field(default_factory=list)


def render_junit(report: DriftReport, *, lang: Language = ENGLISH) -> str:
    """The document, with its declaration, ending with a line break."""
    suites: dict[str, dict[str, _Case]] = {}

    def case(item: Drift) -> _Case:
        lines = suites.setdefault(item.address.customer, {})
        return lines.setdefault(line_name(item) or item.address.customer, _Case())

    for address in report.watched:
        suites.setdefault(address.customer, {}).setdefault("/".join(address.path), _Case())
    for one in report.counted:
        case(one.drift).failures.append(one.drift)
    for item in report.unreadable:
        case(item).errors.append(item)
    for waived in report.waived:
        why = lang.say(
            "waived until {day}: {owner}: {reason}",
            day=waived.waiver.expires.date(),
            owner=safe_text(waived.waiver.owner),
            reason=safe_text(waived.waiver.reason),
        )
        case(waived.drift).waived.append((waived.drift, why))
    root = ET.Element("testsuites", {"name": f"cspdecl drift: {safe_text(report.project)}"})
    for customer, lines in sorted(suites.items()):
        root.append(_suite(customer, lines, report, lang))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(customer: str, lines: dict[str, _Case], report: DriftReport, lang: Language) -> ET.Element:
    suite = ET.Element("testsuite", {"name": safe_text(customer)})
    suite.extend(_cases(customer, lines, lang))
    suite.set("tests", str(len(suite)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(one.find(tag) is not None for one in suite)))
    suite.set("timestamp", f"{report.at:%Y-%m-%dT%H:%M:%S}")
    suite.set("time", "0")
    return suite


def _cases(customer: str, lines: dict[str, _Case], lang: Language) -> Iterator[ET.Element]:
    for name, case in sorted(lines.items()):
        element = ET.Element("testcase", {"name": safe_text(name), "classname": safe_text(customer), "time": "0"})
        if case.errors:
            _add(element, "error", case.errors, lang)
        elif case.failures:
            _add(element, "failure", case.failures, lang)
        elif case.waived:
            ET.SubElement(element, "skipped", {"message": "; ".join(why for _item, why in case.waived)})
        yield element


def _add(element: ET.Element, tag: str, items: Iterable[Drift], lang: Language) -> None:
    """One element for a case, since readers know no second: its message the first finding, its text all of them."""
    found = list(items)
    texts = [safe_text(lang.sentence(item.text), longest=400) for item in found]
    inner = ET.SubElement(element, tag, {"message": texts[0], "type": found[0].group})
    inner.text = "\n".join(
        f"{class_words(item.group, lang)}: {text}\n  {columns_of(item, lang)}"
        for item, text in zip(found, texts, strict=True)
    )
