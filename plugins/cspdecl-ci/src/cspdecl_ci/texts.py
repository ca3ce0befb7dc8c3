"""The few sentences that the pipelines say themselves, in both languages; all else is said by the verbs they run.

English is the key. A sentence without a German form would be said in English; a test keeps that from happening.
"""

from __future__ import annotations

from collections.abc import Mapping

GERMAN: Mapping[str, str] = {
    "Nothing was carried out": "Nichts wurde ausgeführt",
    "The manifests are invalid": "Die Manifeste sind ungültig",
    "No plan could be made": "Es kam kein Plan zustande",
    "Commit {commit}, exit code {code}.": "Commit {commit}, Exit-Code {code}.",
    "The job's log": "Protokoll des Jobs",
    "Apply ended with exit code {code}": "Die Ausführung endete mit Exit-Code {code}",
    "Not counted as approvals:": "Nicht als Freigaben gezählt:",
    "What was approved does not fit any more. This is the plan made anew after the merge. To carry it out, approve the "
    "pull request once more and run the job again, or let a person apply it.": (
        "Was freigegeben wurde, passt nicht mehr. Dies ist der nach dem Zusammenführen neu gemachte Plan. Damit er "
        "ausgeführt wird, den Pull Request noch einmal freigeben und den Job neu starten, oder jemand führt ihn von "
        "Hand aus."
    ),
    "No look for drift could be taken; exit code {code}.": "Die Suche nach Abweichungen schlug fehl; Exit-Code {code}.",
    "Nothing differs any more.": "Es weicht nichts mehr ab.",
    "Drift in {name}": "Abweichungen in {name}",
    "this push came without a pull request": "dieser Push kam ohne Pull Request",
    "no plan was shown on pull request {number}": "zu Pull Request {number} wurde kein Plan gezeigt",
    "{why}, and it would send something: nothing was carried out": (
        "{why}, und es würde etwas gesendet: nichts wurde ausgeführt"
    ),
    "{why}; nothing is to be sent": "{why}; es ist nichts zu senden",
    "{why}; exit code {code}.": "{why}; Exit-Code {code}.",
    "the comment on pull request {number} shows no plan of its last commit, {commit}": (
        "der Kommentar zu Pull Request {number} zeigt keinen Plan seines letzten Commits, {commit}"
    ),
    "the plan that pull request {number} shows ({digest}) was not kept": (
        "der Plan, den Pull Request {number} zeigt ({digest}), wurde nicht aufbewahrt"
    ),
    "the fresh plan on pull request {number} has not been approved": (
        "der neue Plan zu Pull Request {number} wurde nicht freigegeben"
    ),
    "make a new pull request, or approve the fresh plan and run this job again": (
        "einen neuen Pull Request stellen, oder den neuen Plan freigeben und diesen Job neu starten"
    ),
    "the author's own word does not count": "das eigene Wort des Autors zählt nicht",
    "a program cannot approve": "ein Programm kann nicht freigeben",
    "may not write to this repository": "darf in dieses Repository nicht schreiben",
    "approved commit {commit}, and the last one is {head}": "gab Commit {commit} frei, und der letzte ist {head}",
    "when this was approved is not known": "wann das freigegeben wurde, ist nicht bekannt",
    "approved before this plan was shown": "gab frei, bevor dieser Plan gezeigt wurde",
}


def say(language: str | None, template: str, /, **values: object) -> str:
    """A sentence of ours in a language; `values` fill its {places} and stay as they are."""
    text = GERMAN.get(template, template) if language == "de" else template
    return text.format_map(values)


def language_of(environment: Mapping[str, str]) -> str:
    """The language that the environment asks for, as the command line reads it: LC_ALL, LC_MESSAGES, LANG."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "de" if environment[name].lower().startswith("de") else "en"
    return "en"
