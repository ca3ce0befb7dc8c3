"""Loading a folder, with and without the cache."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from cspdecl.core.errors import ManifestError
from cspdecl.core.plain import to_plain
from cspdecl.manifest import load as module
from cspdecl.manifest.cache import Cache
from cspdecl.manifest.files import FileText
from cspdecl.manifest.load import Loaded, load_manifests
from cspdecl.manifest.text import FileChecked
from tests.conftest import ROOT
from tests.unit.manifest.sample import BUNDLE, NOW, PROJECT, TENANT, customer


def estate(root: Path, customers: int = 3) -> Path:
    """A project of so many customers, one file each."""
    for folder in ("customers", "bundles"):
        (root / folder).mkdir(parents=True)
    (root / "cspdecl.yaml").write_text(PROJECT, "utf-8")
    (root / "bundles/komfort.yaml").write_text(BUNDLE, "utf-8")
    for number in range(customers):
        text = customer(
            f"{{name: platz, bundle: komfort@2, seats: {number + 2}}}",
            '{name: visio, offer: "CFQ7TTC0HD32:0002", seats: 1, overrides: {}, sell: {perSeat: 18.50, every: month}}',
            name=f"kunde-{number}",
            spec=f"tenant: {number:08x}{TENANT[8:]}",
        )
        (root / f"customers/kunde-{number}.yaml").write_text(text, "utf-8")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return estate(tmp_path / "project")


def load(root: Path, cache: Cache | None = None) -> Loaded:
    return load_manifests(root, now=NOW, cache=cache)


def cache_of(root: Path) -> Cache:
    return Cache(root / ".cspdecl/cache")


def test_a_folder_becomes_a_desired_state(root: Path):
    """Project and customers are there, and every file that was read is named with its digest."""
    loaded = load(root)
    project, desired = loaded.checked()

    assert "nordlicht" == project.name
    assert ["kunde-0", "kunde-1", "kunde-2"] == list(desired.customers)
    assert ["bundles/komfort.yaml", "cspdecl.yaml"] == [item.path for item in loaded.files][:2]
    assert 5 == len(loaded.files)


def test_the_digest_covers_every_byte(root: Path):
    """A comment changes the digest, reading again does not."""
    before = load(root).checked()[1].digest
    again = load(root).checked()[1].digest
    with (root / "customers/kunde-0.yaml").open("a") as stream:
        stream.write("# moved in March\n")

    assert before == again
    assert before != load(root).checked()[1].digest


def test_the_cache_gives_the_same(root: Path):
    """With a cold cache, a warm one and none the desired state is the same."""
    plain = load(root)
    cold = load(root, cache_of(root))
    warm = load(root, cache_of(root))

    assert plain == cold == warm
    assert to_plain(plain.desired) == to_plain(warm.desired)


def test_a_warm_cache_parses_nothing(root: Path, monkeypatch: pytest.MonkeyPatch):
    """What is known by content is not parsed again; what changed is, alone."""
    load(root, cache_of(root))
    parsed: list[str] = []
    check = module.check_file

    def counted(file: FileText) -> FileChecked:
        parsed.append(file.path)
        return check(file)

    monkeypatch.setattr(module, "check_file", counted)
    load(root, cache_of(root))
    unchanged = list(parsed)
    (root / "customers/kunde-1.yaml").write_text(
        (root / "customers/kunde-1.yaml").read_text("utf-8").replace("seats: 3", "seats: 4"), "utf-8"
    )
    changed = load(root, cache_of(root))

    assert ([], ["customers/kunde-1.yaml"]) == (unchanged, parsed)
    assert 4 == changed.checked()[1].customers["kunde-1"].bundles[0].seats


def test_a_moved_file_keeps_its_entry(root: Path):
    """The cache knows content; places are those of the present path."""
    load(root, cache_of(root))
    (root / "customers/kunde-1.yaml").rename(root / "umbenannt.yaml")

    assert "umbenannt.yaml" == load(root, cache_of(root)).checked()[1].customers["kunde-1"].origin.file


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-30],
        lambda data: data.replace(b'"seats":2', b'"seats":9'),
        lambda data: b"\xff\x00 nonsense\n" * 3,
        lambda data: data.replace(b" ", b"\n"),
    ],
    ids=["empty", "cut", "altered", "noise", "torn"],
)
def test_a_damaged_cache_is_ignored(damage, root: Path):
    """Whatever happened to the cache file, the manifests are what counts."""
    expected = load(root, cache_of(root))
    (file,) = (root / ".cspdecl/cache").glob("*.jsonl")
    file.write_bytes(damage(file.read_bytes()))

    assert expected == load(root, cache_of(root))
    assert expected == load(root, cache_of(root))


def test_an_entry_of_another_shape_is_ignored(root: Path, monkeypatch: pytest.MonkeyPatch):
    """An entry that does not hold what its kind may hold is parsed anew."""
    expected = load(root, cache_of(root))
    cache = cache_of(root)
    monkeypatch.setattr(cache, "_lines", dict.fromkeys(cache._lines, b'[[0,{"kind":"Customer"}]]'))

    assert expected == load(root, cache)


def test_files_with_problems_are_not_cached(root: Path):
    """A warning is given on every run, not on the first alone."""
    file = root / "customers/kunde-1.yaml"
    file.write_text(file.read_text("utf-8").rstrip("\n"), "utf-8")

    assert ["CSP114"] == [item.code for item in load(root, cache_of(root)).diagnostics]
    assert ["CSP114"] == [item.code for item in load(root, cache_of(root)).diagnostics]


def test_a_cache_that_cannot_be_written_costs_nothing_else(root: Path):
    """A file where the cache folder should be: no cache, the same result."""
    (root / ".cspdecl").write_text("in the way", "utf-8")

    assert load(root) == load(root, cache_of(root))


def test_the_cache_forgets_what_is_gone(root: Path):
    """Entries of files that no longer exist, and caches of other versions, are dropped."""
    folder = root / ".cspdecl/cache"
    load(root, cache_of(root))
    (folder / "manifests-0123456789abcdef.jsonl").write_text("old", "utf-8")
    (root / "customers/kunde-1.yaml").unlink()
    load(root, cache_of(root))
    (file,) = folder.iterdir()

    assert 4 == len(file.read_bytes().splitlines())


def test_all_files_are_complained_about_at_once(root: Path):
    """An unreadable file, a broken one and a wrong one are all named, and nothing is declared."""
    (root / "a.yaml").symlink_to(root / "gone")
    (root / "b.yaml").write_bytes(b"\xff\xfe")
    (root / "c.yaml").write_text("a: [", "utf-8")
    (root / "customers/kunde-0.yaml").write_text(customer("{name: a, bundle: nirgends, seats: 1}"), "utf-8")
    loaded = load(root)

    assert ["CSP101", "CSP102", "CSP105"] == [item.code for item in loaded.diagnostics]
    assert loaded.desired is None
    with pytest.raises(ManifestError, match="3 errors in the manifests"):
        loaded.checked()


def test_sources_are_what_was_read(root: Path):
    """The text behind a diagnostic is shown while it is what was read; later edits, other files and folders are not."""
    loaded = load(root)
    before = loaded.source("cspdecl.yaml")
    (root / "cspdecl.yaml").write_text("# new\n", "utf-8")

    assert PROJECT.encode() == before
    assert loaded.source("cspdecl.yaml") is None
    assert loaded.source("../outside.yaml") is None


def test_missing_libyaml_is_a_warning(root: Path, monkeypatch: pytest.MonkeyPatch):
    """Reading slowly is said once; it is no reason to stop."""
    monkeypatch.setattr(module, "has_libyaml", lambda: False)
    loaded = load(root)

    assert ["CSP113"] == [item.code for item in loaded.diagnostics]
    assert loaded.desired is not None


def test_the_collector_is_as_it_was(root: Path):
    """Loading switches the collector off and on again, and leaves it off where it was off."""
    load(root)
    after_on = gc.isenabled()
    gc.disable()
    try:
        load(root)
        after_off = gc.isenabled()
    finally:
        gc.enable()

    assert (True, False) == (after_on, after_off)


def test_many_files_are_kept_out_of_the_collectors_way(tmp_path: Path):
    """After a large load what is there is frozen: it will not be walked again and again."""
    gc.unfreeze()
    load(estate(tmp_path / "gross", customers=module._MANY))
    frozen = gc.get_freeze_count()
    gc.unfreeze()

    assert frozen > 0


@pytest.mark.parametrize("folder", ["manifests/sandbox", "tests/cases/manifest/dated-all-is-well/manifests"])
def test_lists_with_days_come_back_from_the_cache(folder: str, tmp_path: Path):
    """What was read once is the same when it is read from the cache: days, price books and all."""
    first = load_manifests(ROOT / folder, now=NOW, cache=Cache(tmp_path))
    again = load_manifests(ROOT / folder, now=NOW, cache=Cache(tmp_path))

    assert first.desired is not None
    assert (first.project, first.desired) == (again.project, again.desired)


def test_the_sandbox_project_fits_the_sandbox():
    """75 customers, 5 subscriptions a customer, 25 seats a subscription, today and on every day to come (contract §20)."""
    loaded = load_manifests(ROOT / "manifests/sandbox", now=NOW)
    project, desired = loaded.checked()
    customers = desired.customers.values()
    lines = [line for spec in customers for line in spec.subscriptions]

    assert loaded.diagnostics == ()
    assert "sandbox" == project.providers[project.default_provider].environment
    assert len(customers) <= 75
    assert max(len(spec.subscriptions) + len(spec.azure_plans) for spec in customers) <= 5
    assert max(max(line.seats, *(item.seats or 0 for item in line.dated), 0) for line in lines) <= 25
