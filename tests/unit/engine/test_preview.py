"""A pull request's plan in real git repositories: who is read and why, what is new, what was waiting, what is dropped."""

from __future__ import annotations

import shutil

import pytest

from cspdecl.core.errors import CspdeclError, ManifestError
from cspdecl.core.money import Money
from cspdecl.engine.preview_base import open_base
from cspdecl.report.difference import split
from cspdecl.report.text import render_plan
from cspdecl.store.priceimport import import_price_list
from cspdecl.testing.builders import OFFER, OTHER_OFFER
from cspdecl.testing.world import START
from tests.unit.engine.repositories import Repository, deeds, git, said
from tests.unit.engine.test_quote import SHEET


@pytest.fixture
def repo(tmp_path):
    """Alpha, Beta and Gamma with ten seats each, declared, applied and committed."""
    made = Repository(tmp_path / "shop")
    for key in made.keys:
        made.declare(key, 10)
    made.applied()
    made.commit("all there is")
    return made


def why(plan) -> list[tuple[str, str, str]]:
    return [(item.customer, item.cause, item.file) for item in plan.difference.why]


def test_a_change_of_one_customer_reads_that_customer_alone(repo):
    """Two customers are neither read nor mentioned, and the plan says why the third is in."""
    repo.branch()
    repo.declare("beta", 13)
    head = repo.commit()

    plan = repo.preview()

    assert ["beta"] == repo.read()
    assert ("beta",) == plan.scope
    assert [("beta", "customer", "customers/beta.yaml")] == why(plan)
    assert plan.difference is not None
    assert ["beta/m365 set_seats 13"] == deeds(plan, plan.difference.added)
    assert ((), (), head) == (plan.difference.waiting, plan.difference.dropped, plan.difference.head)
    assert git(repo.top, "rev-parse", "main") == plan.difference.base


def test_what_was_waiting_anyway_is_told_apart(repo):
    """Main declares 15 and nobody applied it yet; a branch that renames the customer's portal name adds only that."""
    repo.declare("alpha", 15)
    repo.commit()
    repo.branch()
    repo.declare("alpha", 15, nickname="Büro")
    repo.commit()

    plan = repo.preview()

    assert plan.difference is not None
    assert ["alpha/m365 rename Büro"] == deeds(plan, plan.difference.added)
    assert ["alpha/m365 set_seats 15"] == deeds(plan, plan.difference.waiting)
    assert () == plan.difference.dropped
    assert not any((plan.difference.totals.cost_month, plan.difference.totals.commitment))


def test_another_number_takes_the_place_of_the_one_that_was_waiting(repo):
    """25 to 30 instead of 25 to 28 is new, and the old one is dropped."""
    repo.declare("alpha", 15)
    repo.commit()
    repo.branch()
    repo.declare("alpha", 17)
    repo.commit()

    plan = repo.preview()

    assert plan.difference is not None
    assert ["alpha/m365 set_seats 17"] == deeds(plan, plan.difference.added)
    assert ["alpha/m365 set_seats 15"] == [said(item) for item in plan.difference.dropped]


def test_cancelling_another_one_is_not_what_was_waiting(repo):
    """As many seats under the same address, and another subscription: the change would cancel something else."""
    first, second = repo.has("alpha", 7, OTHER_OFFER), repo.has("alpha", 7, OTHER_OFFER)

    def cancel(ident: str) -> None:
        old = {"name": "old", "offer": OTHER_OFFER, "absent": True, "id": ident}
        repo.estate.customer("alpha", old, tenant=repo.tenant("alpha"))

    cancel(first)
    repo.commit()
    repo.branch()
    cancel(second)
    repo.commit()

    found = repo.preview().difference

    assert ["alpha/old adopt", "alpha/old cancel 7"] == deeds(repo.preview(), found.added)
    assert ["alpha/old adopt", "alpha/old cancel 7"] == [said(item) for item in found.dropped]


def test_the_base_is_where_the_branch_began(repo):
    """What others merged meanwhile is neither the branch's doing nor taken back by it."""
    repo.branch()
    repo.declare("beta", 13)
    repo.commit()
    began = git(repo.top, "merge-base", "main", "change")
    git(repo.top, "checkout", "-q", "main")
    repo.declare("alpha", 20)
    repo.commit("meanwhile")
    git(repo.top, "checkout", "-q", "change")

    plan = repo.preview()

    assert plan.difference is not None
    assert began == plan.difference.base
    assert ["beta/m365 set_seats 13"] == [said(item) for item in plan.operations]


@pytest.mark.parametrize("how", ["merge", "rebase", "squash"])
def test_merge_rebase_and_squash_show_the_same(repo, how):
    """However a branch was brought up to date, its own change is what is shown."""
    repo.branch()
    repo.declare("beta", 11)
    repo.commit("one")
    repo.declare("beta", 13)
    repo.commit("two")
    git(repo.top, "checkout", "-q", "main")
    repo.declare("alpha", 20)
    repo.commit("meanwhile")
    if how == "merge":
        git(repo.top, "checkout", "-q", "change")
        git(repo.top, "-c", "user.name=a", "-c", "user.email=a@b", "merge", "-q", "--no-edit", "main")
    elif how == "rebase":
        git(repo.top, "checkout", "-q", "change")
        git(repo.top, "-c", "user.name=a", "-c", "user.email=a@b", "rebase", "-q", "main")
    else:
        git(repo.top, "checkout", "-q", "-b", "squashed", "main")
        git(repo.top, "merge", "-q", "--squash", "change")
        repo.commit("squashed")

    plan = repo.preview()

    assert plan.difference is not None
    assert ["beta/m365 set_seats 13"] == deeds(plan, plan.difference.added)
    assert ["beta"] == repo.read()


def test_a_moved_file_and_a_comment_touch_nobody(repo):
    """What is declared is the same, wherever it stands written and whatever stands beside it."""
    repo.branch()
    (repo.root / "kunden").mkdir()
    shutil.move(repo.root / "customers/alpha.yaml", repo.root / "kunden/alpha.yaml")
    for name in ("cspdecl.yaml", "customers/beta.yaml"):
        path = repo.root / name
        path.write_text("# a remark\n" + path.read_text())
    repo.commit()

    plan = repo.preview()

    assert () == plan.scope
    assert () == plan.operations
    assert [] == repo.read()


def test_a_default_touches_those_it_holds_for(repo):
    """Gamma decides for itself what happens at the end of the term; the others go by the project."""
    repo.declare("gamma", 10, endOfTerm="renew")
    repo.commit()
    repo.branch()
    repo.estate.project(defaults={"provider": "memory", "term": "P1Y", "billing": "monthly", "endOfTerm": "cancel"})
    repo.commit()

    plan = repo.preview()

    assert ["alpha", "beta"] == repo.read()
    assert [("alpha", "defaults", "cspdecl.yaml"), ("beta", "defaults", "cspdecl.yaml")] == why(plan)


def test_a_bundle_touches_those_who_have_it(tmp_path):
    """Its file says why, and only its customers are read."""
    repo = Repository(tmp_path)
    component = {"name": "m365", "offer": OFFER}
    sell = {"perSeat": "54.90", "every": "month"}
    repo.estate.bundle("desk", version="1.0.0", displayName="Desk", components=[component], sell=sell)
    repo.estate.customer("alpha", {"name": "desk", "bundle": "desk@1", "seats": 4}, tenant=repo.tenant("alpha"))
    repo.declare("beta", 10)
    repo.commit()
    repo.applied()
    repo.branch()
    phone = {"name": "phone", "offer": OTHER_OFFER, "seats": {"perSeat": 0.5, "round": "up"}}
    repo.estate.bundle("desk", version="1.1.0", displayName="Desk", components=[component, phone], sell=sell)
    repo.commit()

    plan = repo.preview()

    assert ["alpha"] == repo.read()
    assert [("alpha", "bundle", "bundles/desk.yaml")] == why(plan)
    assert plan.difference is not None
    assert ["alpha/desk/phone purchase 2"] == deeds(plan, plan.difference.added)


def test_a_price_list_touches_those_whose_price_it_changes(repo, tmp_path):
    """Each side is planned by its own lists: what is waiting to be bought gets dearer, and that is the change."""
    repo.declare("alpha", 10)
    repo.estate.customer("beta", {"name": "other", "offer": OTHER_OFFER, "seats": 2}, tenant=repo.tenant("beta"))
    repo.estate.customer(
        "gamma",
        {"name": "m365", "offer": OFFER, "seats": 10},
        {"name": "more", "offer": OTHER_OFFER, "seats": 4},
        tenant=repo.tenant("gamma"),
    )
    import_prices(repo, tmp_path, "2026-10", "120.00", "60.00")
    repo.commit()
    repo.branch()
    import_prices(repo, tmp_path, "2026-11", "120.00", "72.00")
    repo.commit()

    plan = repo.preview()

    assert ["beta", "gamma"] == repo.read()
    assert {("beta", "price-list", "prices/"), ("gamma", "price-list", "prices/")} == set(why(plan))
    assert plan.difference is not None
    assert ((), ()) == (plan.difference.added, plan.difference.dropped)
    bought = [item for item in deeds(plan, plan.difference.waiting) if "purchase" in item]
    assert ["beta/other purchase 2", "gamma/more purchase 4"] == bought
    assert "adds nothing; what was waiting costs another amount with it" in render_plan(plan)
    assert [Money.of("6.00", "EUR")] == list(plan.difference.totals.cost_month)
    assert [Money.of("72.00", "EUR")] == list(plan.difference.totals.commitment)


def import_prices(repo, folder, month: str, one: str, other: str) -> None:
    """A list of a month with the yearly prices of both offers, billed monthly."""
    rows = [
        f"Made up,{offer.replace(':', ',')},Made up,P1Y,Monthly,DE,EUR,{price},{month}-01,9999-12-31\n"
        for offer, price in ((OFFER, one), (OTHER_OFFER, other))
    ]
    sheet = folder / f"sheet-{month}.csv"
    sheet.write_text(SHEET.splitlines(keepends=True)[0] + "".join(rows), encoding="utf-8")
    import_price_list(sheet, repo.root / "prices", now=START, month=month)


def test_a_customer_that_goes_and_one_that_comes(repo):
    """Taken out: it is in scope as gone, and what waited for it is dropped. New: declared anew."""
    repo.declare("alpha", 15)
    repo.commit()
    git(repo.top, "rm", "-q", "customers/gamma.yaml")
    repo.commit("gamma is for later")
    repo.branch()
    git(repo.top, "rm", "-q", "customers/alpha.yaml")
    repo.declare("gamma", 10)
    repo.commit()

    plan = repo.preview()

    assert [("alpha", "gone", "customers/alpha.yaml"), ("gamma", "customer", "customers/gamma.yaml")] == why(plan)
    dropped = [said(item) for item in plan.difference.dropped]
    assert ["alpha/m365 set_seats 15", "gamma/m365 forget"] == dropped
    assert plan.difference is not None
    assert "alpha/m365 forget" in deeds(plan, plan.difference.added)


def test_a_changed_guardrail_brings_everybody_and_the_old_one_holds(repo):
    """Deleting the limit in the change it stands against does not switch it off; who has nothing to do is not named."""
    repo.estate.project(guardrails={"maxSeatsPerChange": 5})
    repo.declare("alpha", 12)
    repo.commit()
    repo.branch()
    repo.estate.project()
    repo.declare("beta", 20)
    repo.commit()

    plan = repo.preview()

    assert ["alpha", "beta", "gamma"] == repo.read()
    assert [("beta", "customer"), ("alpha", "guardrails")] == [
        (item.customer, item.cause) for item in plan.difference.why
    ]
    assert plan.safety.refused


def test_a_newer_guardrail_of_the_reference_holds_for_an_older_branch(repo):
    """A branch that began before the limit was set does not escape it."""
    repo.branch()
    repo.declare("beta", 20)
    repo.commit()
    git(repo.top, "checkout", "-q", "main")
    repo.estate.project(guardrails={"maxSeatsPerChange": 5})
    repo.commit("a limit")
    git(repo.top, "checkout", "-q", "change")

    plan = repo.preview()

    assert plan.safety.refused
    assert ["beta"] == repo.read()


def test_a_base_that_is_not_valid_is_said_and_everything_counts(repo):
    """No traceback, no guess: what the changed files touch is all shown as this change."""
    (repo.root / "customers/delta.yaml").write_text("kind: Customer\n")
    repo.declare("alpha", 15)
    repo.commit()
    repo.branch()
    (repo.root / "customers/delta.yaml").unlink()
    repo.declare("alpha", 15, nickname="Büro")
    repo.commit()

    plan = repo.preview()

    assert ["CSP702"] == [item.code for item in plan.diagnostics]
    assert plan.difference is not None
    assert ["alpha/m365 rename Büro", "alpha/m365 set_seats 15"] == deeds(plan, plan.difference.added)
    assert ["alpha"] == repo.read()


def test_a_first_commit_of_manifests_has_nothing_before_it(tmp_path):
    """Where nothing was declared before, everything is this change."""
    repo = Repository(tmp_path, "alpha", below="manifests")
    (tmp_path / "README").write_text("soon\n")
    git(tmp_path, "add", "README")
    git(tmp_path, "commit", "-q", "-m", "a readme")
    repo.branch()
    repo.declare("alpha", 3)
    repo.commit()

    plan = repo.preview()

    assert plan.difference is not None
    assert ["alpha/m365 purchase 3"] == [item for item in deeds(plan, plan.difference.added) if "purchase" in item]
    assert () == plan.difference.waiting


def test_the_work_tree_counts_and_a_project_may_lie_deeper(tmp_path):
    """What is not committed yet is part of the change; the project need not be the repository's top folder."""
    repo = Repository(tmp_path, below="resale/de")
    for key in repo.keys:
        repo.declare(key, 10)
    repo.applied()
    repo.commit()
    repo.declare("gamma", 12)

    plan = repo.preview("HEAD")

    assert plan.difference is not None
    assert ["gamma/m365 set_seats 12"] == deeds(plan, plan.difference.added)
    assert [("gamma", "customer", "customers/gamma.yaml")] == why(plan)
    assert ["gamma"] == repo.read()


def test_links_at_the_base_are_not_followed(repo, tmp_path):
    """A link in the history may point anywhere: it is said, and what it holds counts as this change."""
    outside = tmp_path / "outside.yaml"
    outside.write_text((repo.root / "customers/gamma.yaml").read_text().replace("gamma", "gamma"))
    (repo.root / "customers/gamma.yaml").unlink()
    (repo.root / "customers/gamma.yaml").symlink_to(outside)
    repo.commit("a link")
    repo.branch()
    repo.declare("alpha", 11)
    repo.commit()

    plan = repo.preview()

    assert ["CSP703"] == [item.code for item in plan.diagnostics]
    assert plan.difference is not None
    assert {"alpha", "gamma"} == {item.customer for item in plan.difference.why}


@pytest.mark.parametrize("reference", ["nowhere", "--output=x", "-p", ""])
def test_a_reference_nobody_knows_is_said(repo, reference):
    """A sentence with a code, whatever it looks like; nothing is written anywhere."""
    with repo.estate.session() as session, pytest.raises(CspdeclError) as caught:
        open_base(session, reference)

    assert ["CSP700"] == [item.code for item in caught.value.diagnostics]
    assert not list(repo.root.glob("*x"))


def test_limits_that_cannot_be_read_are_not_none(repo):
    """The project was put behind a link, or broken, in an earlier change: what it allowed is not known."""
    hidden = repo.root / ".real/project.yaml"
    hidden.parent.mkdir()
    repo.estate.project(guardrails={"maxSeatsPerChange": 5})
    (repo.root / "cspdecl.yaml").rename(hidden)
    (repo.root / "cspdecl.yaml").symlink_to(".real/project.yaml")
    repo.commit()
    repo.branch()
    (repo.root / "cspdecl.yaml").unlink()
    repo.estate.project()
    repaired = repo.preview()
    repo.declare("beta", 20)

    plan = repo.preview()

    assert [] == [item.code for item in repaired.safety.verdicts]
    assert [("CSP516", True)] == [(item.code, item.refused) for item in plan.safety.verdicts]


def test_yaml_of_other_people_is_no_project(tmp_path):
    """A first project in a repository that holds other YAML has no limits before it."""
    repo = Repository(tmp_path)
    (repo.root / "cspdecl.yaml").unlink()
    (repo.root / "compose.yaml").write_text("services: {}\n")
    repo.commit()
    repo.branch()
    (repo.root / "compose.yaml").unlink()
    repo.estate.project()
    repo.declare("alpha", 20)

    plan = repo.preview()

    assert plan.difference is not None
    assert ([], ["alpha/m365 purchase 20"]) == (list(plan.safety.verdicts), deeds(plan, plan.difference.added))


def test_a_tag_cannot_pass_for_the_branch(repo):
    """Git takes a tag called `origin/main` before the branch; with it, whoever pushes tags would choose the base."""
    repo.estate.project(guardrails={"maxSeatsPerChange": 5})
    main = repo.commit("a limit")
    git(repo.top, "update-ref", "refs/remotes/origin/main", main)
    repo.branch()
    repo.estate.project()
    repo.declare("beta", 20)
    repo.commit()
    git(repo.top, "tag", "origin/main")

    with pytest.raises(CspdeclError, match="refs/remotes/origin/main, refs/tags/origin/main") as problem:
        repo.preview("origin/main")

    assert ["CSP700"] == [item.code for item in problem.value.diagnostics]
    assert repo.preview("refs/remotes/origin/main").safety.refused


def test_a_history_of_its_own_has_no_base(repo):
    """Two branches without a common commit cannot be compared."""
    git(repo.top, "checkout", "-q", "--orphan", "other")
    repo.commit("another beginning")

    with pytest.raises(CspdeclError) as caught:
        repo.preview()

    assert ["CSP701"] == [item.code for item in caught.value.diagnostics]


def test_the_folders_of_the_base_go_with_the_session(repo, tmp_path, monkeypatch):
    """Nothing of the base is left on the disk."""
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    repo.branch()
    repo.declare("beta", 13)
    repo.commit()

    repo.preview()

    assert [] == list(room.iterdir())


def test_how_a_change_reads(repo):
    """What it is compared with, why somebody is in, what a revert does not take back, and the rest in a sentence."""
    repo.declare("alpha", 15)
    repo.commit()
    repo.branch()
    repo.declare("alpha", 15, nickname="Büro")
    repo.declare("beta", 13)
    repo.commit()

    plan = repo.preview()
    text = render_plan(plan)

    assert plan.difference is not None
    assert f"This change against main (base {plan.difference.base[:8]})" in text
    assert "  in because customers/beta.yaml changed, where it is declared" in text
    assert (
        "What a revert does not simply take back:\n  beta/m365: 10 → 13 seats: a revert takes the new seats back"
        in text
    )
    assert "Already waiting without this change: 1 operation for 1 customer.\n  alpha/m365: 10 → 15 seats" in text
    assert ["alpha/m365", "beta/m365"] == [str(line.address) for line in split(plan).this.lines]


def test_a_change_can_be_narrowed(repo):
    """--customer beside --changed-since: both must hold."""
    repo.branch()
    for key in ("alpha", "beta"):
        repo.declare(key, 13)
    repo.commit()

    plan = repo.preview(customers=("beta", "gamma"))

    assert (("beta",), ["beta"]) == (plan.scope, repo.read())
    assert plan.difference is not None
    assert ["beta"] == [item.customer for item in plan.difference.why]


def test_a_file_name_cannot_steer_a_terminal(repo):
    """Names of files come from whoever opened the pull request; git's own quoting is not relied on."""
    repo.branch()
    (repo.root / "customers/gamma.yaml").rename(repo.root / "customers/gamma \x1b[31m\n.yaml")
    repo.declare("alpha", 10)
    path = repo.root / "customers/gamma \x1b[31m\n.yaml"
    path.write_text(path.read_text().replace("seats: 10", "seats: 12"))
    repo.commit()

    plan = repo.preview()

    assert plan.difference is not None
    assert [("gamma", "customer")] == [(item.customer, item.cause) for item in plan.difference.why][:1]
    assert {"gamma"} == {item.customer for item in plan.difference.why}
    assert "\x1b" not in render_plan(plan)


# ---- offline ----


def test_offline_asks_nobody_and_opens_nothing(repo, monkeypatch):
    """No provider is connected, no store is made: what the base declares is taken for what runs."""
    repo.branch()
    repo.declare("beta", 13)
    repo.commit()
    shutil.rmtree(repo.root / ".cspdecl")
    repo.estate.connect = _never

    plan = repo.preview(offline=True)

    assert plan.offline
    assert plan.difference is not None
    assert ["beta/m365 set_seats 13"] == deeds(plan, plan.difference.added)
    assert (("beta",), (), True) == (plan.scope, plan.difference.waiting, plan.complete)
    assert not list((repo.root / ".cspdecl").rglob("*.db*"))
    assert f"Offline: nobody was asked. As if everything declared at {plan.difference.base[:8]}" in render_plan(plan)


def _never(_mode):
    raise AssertionError("nobody may be asked")


def test_offline_a_new_customer_buys(repo):
    """A customer that only the change declares has nothing yet."""
    git(repo.top, "rm", "-q", "customers/gamma.yaml")
    repo.commit("gamma is for later")
    repo.branch()
    repo.declare("gamma", 4)
    repo.commit()
    repo.estate.connect = _never

    plan = repo.preview(offline=True)

    assert plan.difference is not None
    assert "gamma/m365 purchase 4" in deeds(plan, plan.difference.added)
    assert plan.complete


def test_offline_nothing_changed_is_nothing_to_do(repo):
    """The declared estate supposed to run is just as declared."""
    repo.estate.connect = _never
    repo.branch()
    (repo.root / "README").write_text("x")
    repo.commit()

    plan = repo.preview(offline=True)

    assert ((), ()) == (plan.operations, plan.waiting)


def test_offline_fewer_seats_go_at_a_renewal_nobody_knows(repo):
    """Which seats are inside a window only the provider knows: none is given back, and it is said."""
    repo.estate.connect = _never
    repo.branch()
    repo.declare("beta", 7)
    repo.commit()

    plan = repo.preview(offline=True)

    assert ((), ["beta/m365"]) == (plan.operations, [str(item.address) for item in split(plan).this.waiting])


def test_offline_needs_a_base_that_is_valid(repo):
    """Without it there is nothing to plan against."""
    (repo.root / "customers/delta.yaml").write_text("kind: Customer\n")
    repo.commit()
    repo.branch()
    (repo.root / "customers/delta.yaml").unlink()
    repo.commit()

    with pytest.raises(CspdeclError) as caught:
        repo.preview(offline=True)

    assert ["CSP702"] == [item.code for item in caught.value.diagnostics]


def test_a_cache_that_comes_with_the_repository_is_not_believed(repo):
    """A branch that brings its own `.cspdecl/cache` could say something else than its YAML: nothing is planned."""
    folder = repo.root / ".cspdecl" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifests-1.jsonl").write_text("{}\n")
    git(repo.root, "add", "--force", ".cspdecl/cache")
    with pytest.raises(ManifestError) as refused:
        repo.preview()

    assert ["CSP748"] == [item.code for item in refused.value.diagnostics]
