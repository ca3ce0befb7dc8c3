"""On whose word runs were started: what the pipeline wrote down, run by run, for an auditor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from cspdecl.core.plain import instant_text
from cspdecl.core.result import ApprovedRun
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.printable import printable


def render_approvals(runs: Iterable[ApprovedRun], *, lang: Language = ENGLISH) -> Iterator[str]:
    """One paragraph a run; runs without approvals say so."""
    for one in runs:
        commit = printable(one.commit) if one.commit else lang.say("no commit")
        yield lang.say(
            "{started}  run {run}  by {actor}, commit {commit}, plan {plan}",
            started=one.started, run=one.run, actor=printable(one.actor), commit=commit, plan=one.plan[:12],
        ) + "\n"  # fmt: skip
        for text in one.approvals:
            yield f"  {printable(text)}\n"
        if not one.approvals:
            yield f"  {lang.say('no approvals were given')}\n"


def render_approvals_jsonl(runs: Iterable[ApprovedRun]) -> Iterator[str]:
    """One JSON object a run; every approval is the object or the id that the pipeline wrote."""
    for one in runs:
        document = {
            "run": one.run,
            "started": instant_text(one.started),
            "actor": one.actor,
            "commit": one.commit,
            "plan": one.plan,
            "approvals": [_value(text) for text in one.approvals],
        }
        yield json.dumps(document, sort_keys=True, ensure_ascii=False) + "\n"


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text  # a bare id, as older versions kept it
