"""What pages promise by their form: links lead somewhere, blocks are seen, commands and options exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from cspdecl.cli.main import cli
from tests.conftest import ROOT
from tests.docs.pages import anchors, blocks, commands, links, pages

PAGES = pages()
LANGUAGES = {"", "bash", "console", "diff", "json", "python", "rego", "sql", "text", "toml", "yaml"}
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


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


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_block_is_seen(page):
    """A fence that is opened is a block, in one of the languages that are known, so that none escapes being played."""
    fences = len(re.findall(r"^\s*```", page.read_text("utf-8"), re.MULTILINE))

    assert 2 * len(list(blocks(page))) == fences
    assert set() == {block.language for block in blocks(page)} - LANGUAGES


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
        ("cspdecl fnt", "cspdecl fnt: no verb fnt"),
        ("cspdecl ledger forge FILE", "cspdecl ledger forge FILE: no verb forge"),
        ("cspdecl ledger prune", "cspdecl ledger prune: no verb prune"),
    ],
)
def test_a_command_that_is_not_there_is_noticed(line, expected):
    """Verbs, verbs of verbs and options are looked up in the program."""
    assert expected == wrong_with(line)
