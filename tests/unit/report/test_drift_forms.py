"""A drift run as JSON, Markdown, SARIF and JUnit: whole, safe, within their limits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from cspdecl.core.address import Address
from cspdecl.core.diagnostics import Origin
from cspdecl.core.guard import Waiver
from cspdecl.planning.drift_report import DriftReport, judge_drift, remembered_of
from cspdecl.planning.drift_values import Drift
from cspdecl.report.drift import render_drift
from cspdecl.report.drift_document import drift_document
from cspdecl.report.drift_markdown import render_drift_markdown
from cspdecl.report.drift_schema import FOLDER, drift_schema, schema_text
from cspdecl.report.junit import render_junit
from cspdecl.report.links import Links
from cspdecl.report.sarif import MOST, RULES, render_sarif
from tests.planning_builders import NOW

HOSTILE = "x|y](http://e.vil) @all <!-- ::error:: ##vso[task] \x1b[31m #1"


def finding(number=0, kind="changed", field="seats", text="8 seats are live", **rest) -> Drift:
    """One finding, in a file of its own line."""
    key = f"kunde-{number:04d}"
    base = Drift(
        address=Address(key, ("visio",)), kind=kind, field=field, was=5, declared=5, live=8, text=text,
        subscription=f"s-{number}", origin=Origin(file=f"customers/{key}.yaml", path=("spec", "subscriptions", 0)),
    )  # fmt: skip
    return replace(base, **rest)


def report(count=1, *, last=None, now=NOW) -> DriftReport:
    """Findings of every class, one waived and one unreadable among them, where there are enough."""
    kinds = ("changed", "missing", "unmanaged-new", "schedule")
    drift = [finding(number, kinds[number % 4]) for number in range(count)]
    beside: list[Drift] = []
    waivers: list[Waiver] = []
    if count > 3:
        drift[1] = finding(1, "lost", "customer", address=Address("kunde-0001"), text=f"not ours: {HOSTILE}")
        drift[2] = finding(2, live=f"a{HOSTILE}", field="nickname", was="Büro", declared="Büro")
        beside = [
            finding(9001, "unreadable", "customer", address=Address("unread"), text=HOSTILE, subscription=None),
            finding(9002, "pending"),
        ]
        waivers = [
            Waiver(
                name="moving", concerns="drift", target="kunde-0000", owner="lena", reason=HOSTILE,
                expires=NOW + timedelta(days=3),
            )
        ]  # fmt: skip
    keys = {item.address.customer for item in drift}
    watched = [item.address for item in drift if item.address.path] + [Address("kunde-0000", ("calm",))]
    return judge_drift(
        project="nordlicht", drift=drift, beside=beside, waivers=waivers, last=last, looked_at=keys, now=now,
        watched=watched,
    )  # fmt: skip


def told(count) -> DriftReport:
    """The same findings again, after a report of half of them."""
    first = report(count // 2)
    return report(count, last=remembered_of(first, None, {f"kunde-{n:04d}" for n in range(count)}))


def place(_origin: Origin) -> tuple[int, int]:
    return 7, 5


# ---- JSON ----


@pytest.mark.parametrize("count", [0, 1, 50])
def test_the_document_is_as_its_schema_says(count):
    """With every column and the line it belongs to; machines get the hostile name as it is."""
    document = json.loads(json.dumps(drift_document(told(count), place=place)))

    jsonschema.Draft202012Validator(drift_schema()).validate(document)
    assert count - (1 if count > 3 else 0) == len(document["drift"])
    if count:
        first = document["drift"][0]
        assert {"line": 7, "column": 5} == {key: first["source"][key] for key in ("line", "column")}
        assert {"declared", "last_applied", "live", "state", "since", "fingerprint"} <= set(first)


def test_the_schema_in_the_tree_is_current():
    """`python -m cspdecl.report.drift_schema` would write the same file."""
    assert schema_text() == (FOLDER / "drift.v1.json").read_text("utf-8")


# ---- text and Markdown ----


def test_text_says_what_is_new_and_what_is_known():
    """Since when, what is gone, what is waived and by whom; nothing a terminal would obey."""
    text = render_drift(told(8))

    assert "Since the report of 2026-11-22 14:02 UTC: 4 new, 0 gone." in text
    assert "known since 2026-11-22" in text
    assert "waived until 2026-11-25: kunde-0000/visio: 8 seats are live (lena: " in text
    assert "\x1b" not in text
    assert "Declared and not applied yet, which is the plan's work and no drift:" in text


@pytest.mark.parametrize("count", [0, 1, 50, 5_000])
def test_markdown_fits_and_keeps_its_tables_whole(count):
    """Within 60,000 bytes by leaving rows out and counting them; the mark is the first line."""
    text = render_drift_markdown(told(count), links=Links(base="https://git.example/blob/1", place=place))

    assert text.startswith("<!-- cspdecl:drift key=nordlicht -->\n### ")
    assert len(text.encode()) <= 60_000
    assert {True} == {line.endswith("|") for line in text.splitlines() if line.startswith("|")} | {True}
    assert (count > 500) == ("more, which did not fit here" in text)


def test_markdown_keeps_names_harmless():
    """Nobody is mentioned, nothing is opened, no agent is commanded."""
    text = render_drift_markdown(told(8)).partition("\n")[2]

    assert [] == [bad for bad in ("<!--", "@all", "::error", "##vso[", "\x1b", " #1") if bad in text]


# ---- SARIF ----


def test_sarif_has_the_shape_that_code_scanning_reads():
    """Rules by class, a place in a manifest, a fingerprint that stays when the value moves, waivers as suppressions."""
    [run] = json.loads(render_sarif(told(8), version="1.2.3", folder="it/", place=place))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert "1.2.3" == run["tool"]["driver"]["semanticVersion"]
    assert [rule for rule, *_rest in RULES.values()] == rules
    assert 9 == len(run["results"])
    for item in run["results"]:
        assert item["ruleId"] == rules[item["ruleIndex"]]
        assert item["level"] in ("error", "warning", "note")
        [location] = item["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"]["uri"].startswith("it/customers/kunde-")
        assert {"startLine": 7, "startColumn": 5} == physical["region"]
        assert item["message"]["text"]
    assert [1] == [len(item["suppressions"]) for item in run["results"] if "suppressions" in item]
    assert {"new", "unchanged"} == {item["baselineState"] for item in run["results"] if "baselineState" in item}


def test_sarif_knows_a_finding_again():
    """Another value of the same field is the same result; another field is another."""

    def key(item: Drift) -> str:
        one = judge_drift(project="p", drift=[item], beside=(), waivers=(), last=None, looked_at={"k"}, now=NOW)
        [run] = json.loads(render_sarif(one, version="1"))["runs"]
        return str(run["results"][0]["partialFingerprints"]["cspdecl/v1"])

    assert key(finding(live=8)) == key(finding(live=9)) != key(finding(field="status", live="suspended"))


def test_sarif_keeps_to_what_is_kept():
    """No more results than code scanning keeps, the gravest first, and it says how many were left out."""
    [run] = json.loads(render_sarif(report(6_000), version="1"))["runs"]

    assert MOST == len(run["results"])
    assert "CSP773" == run["results"][0]["ruleId"]
    assert "further results were left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


# ---- JUnit ----


def test_junit_counts_as_its_readers_do():
    """A suite a customer, a case a line: failures, an error, a skip, and a line that passes."""
    root = ET.fromstring(render_junit(told(8)))  # noqa: S314 - our own
    suites = {suite.get("name"): suite for suite in root}
    cases = [case for suite in root for case in suite]

    assert ("10", "7", "1", "1") == tuple(root.get(name) for name in ("tests", "failures", "errors", "skipped"))
    assert len(cases) == sum(int(suite.get("tests", "0")) for suite in root)
    assert ["calm", "visio"] == [case.get("name") for case in suites["kunde-0000"]]
    assert [[], ["skipped"]] == [[inner.tag for inner in case] for case in suites["kunde-0000"]]
    assert ["error"] == [inner.tag for inner in suites["unread"][0]]
    again = ET.fromstring(render_junit(report(3)))  # noqa: S314 - our own
    assert "missing" == again.findall(".//failure")[1].get("type")
