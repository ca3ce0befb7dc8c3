"""Marks at lines for build agents, and numbers for later steps: escapes, limits, and nothing that names a customer."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cspdecl.core.diagnostics import Origin, Severity, error, warning
from cspdecl.core.guard import Level, NeededApproval
from cspdecl.core.money import Money
from cspdecl.core.operation import Difference, MoneyTotals, SafetyReport, Verdict
from cspdecl.planning.money import total
from cspdecl.planning.planfile import dump_plan, load_plan
from cspdecl.report.annotations import render_azure, render_github
from cspdecl.report.json import render_json
from cspdecl.report.links import Links, link_base_of, saved_places
from cspdecl.report.outputs import change_counts, pair, render_gitlab, render_outputs
from cspdecl.report.printable import json_safe, printable
from cspdecl.report.remarks import Remark, remarks_of
from cspdecl.report.text import render_plan
from tests.planning_builders import binding, customer, line, live_customer, make_plan, sub
from tests.sized_plans import place_of, plan_of

REMARK = Remark(
    severity=Severity.ERROR, code="CSP310", path="a,b:c%/d;e]f.yaml", line=14, column=3, text="50 % of\r\nseats; a::b ]"
)


def test_github_escapes():
    """Per cent and line breaks are escaped in messages, colon and comma in properties as well."""
    assert render_github([REMARK]) == (
        "::error file=a%2Cb%3Ac%25/d;e]f.yaml,line=14,col=3,title=cspdecl CSP310::50 %25 of%0D%0Aseats; a::b ]\n"
    )


def test_azure_escapes():
    """Azure has its own: the per cent sign has a name, brackets and semicolons end a property."""
    assert render_azure([REMARK]) == (
        "##vso[task.logissue type=error;sourcepath=a,b:c%AZP25/d%3Be%5Df.yaml;linenumber=14;columnnumber=3;code=CSP310;]"
        "50 %AZP25 of%0D%0Aseats; a::b ]\n"
    )


def test_without_a_place_there_is_no_line():
    """A line without a file would point at nothing."""
    assert render_github([replace(REMARK, path=None, code="", text="x")]) == "::error title=cspdecl::x\n"
    assert render_azure([replace(REMARK, path=None, text="x")]) == "##vso[task.logissue type=error;code=CSP310;]x\n"


@pytest.mark.parametrize("changes", [50, 600])
def test_no_more_than_ten_of_a_kind(changes: int):
    """Platforms drop the eleventh: the tenth says how many there are."""
    where = Origin(file="customers/x.yaml")
    many = [error("CSP301", f"error {index}", origin=where) for index in range(40)]
    many += [warning("CSP302", f"warning {index}", origin=where) for index in range(40)]
    found = remarks_of(plan_of(changes), diagnostics=many, links=Links(folder="r/", place=place_of))
    kinds = [item.severity for item in found]

    assert max(kinds.count(kind) for kind in Severity) == 10
    assert [item.text for item in found if item.text.startswith("and ")] == [
        "and 31 more errors",
        f"and {16 if changes == 50 else 291} more lines that cannot be taken back",
        "and 31 more warnings",
    ]
    assert {item.path for item in found if item.path and "kunde" not in item.path} == {"r/customers/x.yaml"}


def test_the_costliest_are_marked_first():
    """Ten marks are for what commits to most."""
    found = remarks_of(plan_of(50))

    assert found[0].text.startswith("kunde-0008/telefonie: it can be cancelled")


def test_a_refusing_guardrail_is_an_error():
    """Without its numbers: a mark is read by everybody."""
    verdict = Verdict(rule="minMargin", code="CSP503", text="margin 3.1 %", refused=True)
    found = remarks_of(replace(plan_of(0), safety=SafetyReport(verdicts=(verdict,))))

    assert [item.text for item in found] == ["refused by the guardrail minMargin: see the comment or the plan"]


# ---- names that are commands ----

COMMAND = "##vso[task.setvariable variable=x]y"


@pytest.mark.parametrize("name", [COMMAND, "##VSO[task.complete]", "##[error]x", "a ##[group]b"])
def test_no_format_passes_a_command_on(name: str):
    """Agents look at everything that is printed: a name that is a command is spelled out in every format."""
    made = make_plan(
        [customer("hafenkontor", line("visio", seats=8))],
        [live_customer("hafenkontor", sub("s1", title=name), name=name)],
        bindings=[binding("hafenkontor/visio", "s1")],
    )
    text, document = render_plan(made), render_json(made)

    assert "##" not in text
    assert "##" not in document
    assert load_plan(document) == made
    assert json.loads(document)["cspdecl"]["customers"][0]["name"] == name


def test_a_line_cannot_begin_with_a_command():
    """GitHub's commands begin a line; elsewhere two colons are two colons."""
    assert printable("  ::error::x") == "  \\x3a:error::x"
    assert printable("a::b C# ## x") == "a::b C# ## x"
    assert json.loads(json_safe(json.dumps(COMMAND))) == COMMAND


# ---- links ----


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        (
            {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "n/k", "GITHUB_SHA": "abc"},
            "https://github.com/n/k/blob/abc/r/customers/m%C3%BChl%23bach.yaml#L9",
        ),
        (
            {"CI_PROJECT_URL": "https://gitlab.com/n/k", "CI_COMMIT_SHA": "abc"},
            "https://gitlab.com/n/k/-/blob/abc/r/customers/m%C3%BChl%23bach.yaml#L9",
        ),
        (
            {
                "TF_BUILD": "True",
                "BUILD_REPOSITORY_URI": "https://dev.azure.com/n/p/_git/k",
                "BUILD_SOURCEVERSION": "abc",
            },
            (
                "https://dev.azure.com/n/p/_git/k?version=GCabc&path=/r/customers/m%C3%BChl%23bach.yaml&line=9&lineEnd=9"
                "&lineStartColumn=1&lineEndColumn=200"
            ),
        ),
        ({}, None),
    ],
)
def test_every_platform_shows_the_line(environment: dict[str, str], address: str | None):
    """From the variables of the pipeline alone."""
    links = Links(base=link_base_of(environment), folder="r/", place=place_of)

    assert links.address(Origin(file="customers/mühl#bach.yaml")) == address


def test_a_file_name_of_odd_bytes_has_an_address():
    """A name that is no UTF-8 is its bytes."""
    assert Links(base="https://c").address(Origin(file="\udcff.yaml")) == "https://c/%FF.yaml"


def test_a_saved_plan_knows_its_lines():
    """`show` needs no manifests for its links."""
    made = plan_of(50)
    place = saved_places(made, json.loads(dump_plan(made, place=place_of)))

    origins = [item.origin for item in made.operations if item.origin is not None]

    assert len(origins) == 50
    assert [place(origin) for origin in origins] == [place_of(origin) for origin in origins]
    assert saved_places(made, json.loads(dump_plan(made)))(origins[0]) is None


# ---- numbers ----


def _values(text: str) -> dict[str, str]:
    return dict(row.split("=", 1) for row in text.splitlines())


def outputs(made, *, show="all") -> dict[str, str]:
    return _values(render_outputs(made, digest="d", exitcode=2, delimiter="end", show=show))


def test_gitlab_gets_three_numbers():
    """A guest may read that report: it has counts and no name, and counts what is scheduled as an update."""
    assert json.loads(render_gitlab(plan_of(50))) == {"create": 10, "update": 30, "delete": 5}


def test_numbers_are_the_changes_own():
    """In a difference what was waiting anyway is not counted."""
    made = plan_of(50)
    mine = [item for item in made.operations if item.address.customer == "kunde-0001"]
    made = replace(
        made,
        difference=Difference(
            reference="main", base="0" * 40, head=None, added=tuple(item.id for item in mine), totals=total(mine)
        ),
    )

    assert change_counts(made) == {"create": 1, "update": 3, "delete": 0}
    assert {name: outputs(made)[name] for name in ("has_changes", "monthly_delta", "commitment")} == {
        "has_changes": "true",
        "monthly_delta": "39.80",
        "commitment": "712.78",
    }


def test_an_unknown_sum_is_empty():
    """It is never 0; where all is known and nothing there, it is."""
    nothing = replace(plan_of(0), totals=MoneyTotals())

    assert outputs(nothing)["monthly_delta"] == "0.00"
    assert outputs(replace(nothing, totals=MoneyTotals(unknown=2)))["monthly_delta"] == ""


def test_other_currencies_are_named():
    """Currencies are not added: the project's own is in the sums, the others are said."""
    made = replace(plan_of(0), totals=MoneyTotals(cost_month=(Money.of("1.00", "CHF"), Money.of("2.00", "EUR"))))

    assert (outputs(made)["monthly_delta"], outputs(made)["other_currencies"]) == ("2.00", "CHF")


def test_outputs_for_eyes_that_see_no_cost():
    """Cost and commitment are empty."""
    found = outputs(plan_of(50), show="sell")

    assert (found["monthly_delta"], found["commitment"], found["monthly_sell_delta"]) == ("", "", "2808.00")
    assert "1247" not in " ".join(found.values())


def test_approvals_are_named():
    """Which role, how many people."""
    verdicts = [
        Verdict(
            rule="maxCancellations", code="CSP521", text="9 lines", refused=False, level=Level.NEEDS_APPROVAL,
            approval=NeededApproval(role=role, count=count),
        )
        for role, count in (("sales-lead", 1), ("sales-lead", 2), ("board", 1))
    ]  # fmt: skip
    found = outputs(replace(plan_of(1), safety=SafetyReport(verdicts=tuple(verdicts))))

    assert (found["needs_approval"], found["approvals"]) == ("true", "board:1 sales-lead:2")


def test_a_value_of_several_lines_stands_between_delimiters():
    """So that no value can add an output of its own."""
    assert pair("title", "a\nexitcode=0", "d3l1m") == "title<<d3l1m\na\nexitcode=0\nd3l1m\n"
    with pytest.raises(ValueError, match="delimiter"):
        pair("title", "a\nd3l1m", "d3l1m")
