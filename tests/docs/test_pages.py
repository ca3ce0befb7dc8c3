"""What pages promise by their form: links lead somewhere, YAML is read, commands and options exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import click
import pytest
import yaml

from cspdecl.cli.main import cli
from cspdecl.cli.pages import schemas
from cspdecl.manifest.text import parse_text
from cspdecl.manifest.yaml import parse_yaml
from cspdecl.spi.registry import load_provider
from tests.conftest import ROOT
from tests.docs.pages import Block, anchors, blocks, commands, links, pages
from tests.unit.manifest.sample import NOW

PAGES = pages()
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
PROJECT = (ROOT / "manifests/starter/cspdecl.yaml").read_text("utf-8")
# Keys that a reader chooses (names of providers, labels, currencies) or that belong to another format.
CHOSEN = {"partner-center", "EUR", "edits", "telefonie", "finance", "sales-lead", "…"}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_to_what_is_there(page):
    """A link within the repository names a file or folder that is in it, and a heading that the page has."""
    dead = []
    for link in links(page):
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (heading and heading not in anchors(target)):
            dead.append(link)

    assert [] == dead


def test_every_page_can_be_reached():
    """From docs/README.md, links lead to every page of docs; the codes' own pages are reached by their folder."""
    seen, waiting = set(), [ROOT / "docs/README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        found = ((page.parent / link.partition("#")[0]).resolve() for link in links(page) if ":" not in link)
        waiting += [target for target in found if target.suffix == ".md" and target.is_file()]
    docs = {page for page in PAGES if page.is_relative_to(ROOT / "docs") and page.parent.name != "codes"}

    assert set() == docs - seen


def _documents() -> list[Block]:
    return [block for page in PAGES if not page.name.startswith(("CSP1", "CSP2")) for block in blocks(page, "yaml")]


def _where(block: Block) -> str:
    return f"{block.page.relative_to(ROOT).as_posix()}:{block.line}"


@pytest.mark.parametrize("block", _documents(), ids=_where)
def test_yaml_is_read_and_knows_its_keys(block):
    """A whole document is valid beside a project; a fragment uses keys that a manifest, a provider or the simulator has.

    Pages of CSP1xx and CSP2xx show text that is wrong, and are not asked.
    """
    documents, problems = parse_yaml(block.text, "page.yaml")

    assert () == tuple(problem for problem in problems if problem.severity == "error" and problem.code != "CSP106")
    if block.text.startswith("apiVersion"):
        others = [one.text for one in blocks(block.page, "yaml") if one.text.startswith("apiVersion")]
        text = "---\n".join(others if any("kind: Project" in one for one in others) else [PROJECT, *others])
        assert () == parse_text(text, NOW).diagnostics
    else:
        assert set() == set(_keys([document.value for document in documents])) - _known()


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _keys(inner)


def _known() -> set[str]:
    """Every property that a schema names, and every key of a difference that the simulator's README shows."""
    found: set[str] = set(CHOSEN)
    _connect, settings = load_provider("partner-center")
    texts = [yaml.safe_load(path.read_text("utf-8")) for path in schemas().values()]
    for schema in (*texts, settings):
        for properties in _values(schema, "properties"):
            found |= set(properties)
    for block in blocks(ROOT / "plugins/cspdecl-simulator/README.md", "yaml"):
        found |= set(_keys(yaml.safe_load(block.text)))
    return found


def _values(value: Any, name: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if isinstance(value.get(name), Mapping):
            yield value[name]
        for inner in value.values():
            yield from _values(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, name)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_exist_with_their_options(page):
    """A command line on a page names a verb that there is, with options that it takes."""
    assert [] == [problem for line in commands(page) if (problem := wrong_with(line))]


def wrong_with(line: str) -> str:
    """What a command line of `cspdecl` gets wrong about the program, or nothing. Placeholders are in capitals."""
    words = iter(shlex.split(line.replace("[", " ").replace("]", " "))[1:])
    command: click.Command = cli
    context = click.Context(cli, info_name="cspdecl")
    for word in words:
        if word in ("-h", "--help"):
            continue
        if word.startswith("-"):
            name, given, _ = word.partition("=")
            option = next((one for one in command.get_params(context) if name in one.opts), None)
            if option is None:
                return f"{line}: no option {word}"
            if isinstance(option, click.Option) and not option.is_flag and not given:
                next(words, None)
        elif isinstance(command, click.Group) and not word.isupper():
            try:
                found = command.get_command(context, word)
            except click.UsageError as problem:
                return f"{line}: {problem.message}"
            if found is None:
                return f"{line}: no verb {word}"
            command, context = found, click.Context(found, info_name=word, parent=context)
    return ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cspdecl plan --out plan.json", ""),
        ("cspdecl -C ../shop validate", ""),
        ("cspdecl ledger list --address a/b", ""),
        ("cspdecl plan --output plan.json", "cspdecl plan --output plan.json: no option --output"),
        ("cspdecl planned", "cspdecl planned: no verb planned"),
        ("cspdecl fmt", "cspdecl fmt: `fmt` is known but not built yet."),
        ("cspdecl ledger forge FILE", "cspdecl ledger forge FILE: no verb forge"),
        ("cspdecl ledger prune", "cspdecl ledger prune: no verb prune"),
    ],
)
def test_a_command_that_is_not_there_is_noticed(line, expected):
    """Verbs, verbs of verbs and options are looked up in the program."""
    assert expected == wrong_with(line)
