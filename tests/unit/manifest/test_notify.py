"""`notify:` of a project: what becomes a webhook, and what is refused at its place."""

from __future__ import annotations

import pytest
import yaml

from cspdecl.manifest.text import parse_text
from tests.conftest import ROOT
from tests.unit.manifest.sample import NOW

HOOK = {"name": "ops", "webhook": "https://ops.example/hook", "events": ["drift"], "secretFrom": {"env": "OPS"}}


def parse(*hooks):
    document = next(yaml.safe_load_all((ROOT / "manifests/starter/cspdecl.yaml").read_text("utf-8")))
    document["spec"]["notify"] = [{**HOOK, **hook} for hook in hooks]
    return parse_text(yaml.safe_dump(document, sort_keys=False), NOW)


def codes(*hooks):
    return [item.code for item in parse(*hooks).diagnostics if item.severity == "error"]


def test_a_webhook():
    """Fields alone unless `show: all`; an event named twice is one."""
    found = parse({}, {"name": "all", "events": ["applied", "drift", "drift"], "show": "all"})

    assert () == found.diagnostics
    assert [("ops", ("drift",), "fields"), ("all", ("applied", "drift"), "all")] == [
        (item.name, item.events, item.show) for item in found.project.notify
    ]
    assert {"env": "OPS"} == found.project.notify[0].secret_from


@pytest.mark.parametrize(
    ("hook", "code"),
    [
        ({"webhook": "http://ops.example/hook"}, "CSP144"),
        ({"webhook": "https://lena:secret@ops.example/hook"}, "CSP144"),
        ({"webhook": "https:///hook"}, "CSP144"),
        ({"webhook": "https://ops.example:99999/"}, "CSP144"),
        ({"secretFrom": {}}, "CSP146"),
        ({"secretFrom": {"env": "A", "file": "b"}}, "CSP146"),
    ],
)
def test_what_cannot_be_posted_to_is_refused(hook, code):
    """Not https, a password in the address, no host, no key or two."""
    assert [code] == codes(hook)


def test_a_receiver_on_this_machine_needs_no_https():
    """Such as a relay beside the runner."""
    assert [] == codes({"webhook": "http://127.0.0.1:8080/hook"}, {"name": "b", "webhook": "http://localhost/"})


def test_two_of_one_name():
    """The second could never be told."""
    assert ["CSP145"] == codes({}, {"webhook": "https://other.example/"})
