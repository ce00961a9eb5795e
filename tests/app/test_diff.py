"""What changed between revisions, with real git: expectations are worked out by hand."""

import os
import shutil
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from hailuo_batch.app.diff import RevisionDiff, diff
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.core.plan.shot_changes import ShotChange
from hailuo_batch.errors import InputError
from hailuo_batch.views.format import join_amounts

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

STREET = '  - {id: street, prompt: "a wet street", takes: 2}\n'
CHASE = '  - {id: chase, prompt: "the chase", frames: {first: {shot: street, frame: last}}}\n'
END = '  - {id: end, prompt: "the end", frames: {first: {shot: chase, frame: last}}}\n'
SCENTS = '  - {{id: "scent-${{s}}", prompt: "{0} in a bottle", matrix: {{s: [{1}]}}}}\n'
STILL = '  - {id: still, prompt: "a still", frames: {first: {file: ../stills/a.png}}}\n'
LOOKS = 'version: 1\nstyles: {{film: {{prefix: "{0}"}}}}\ndefaults: {{style: film}}\n'


def make_film(*shots: str, include: str = "") -> str:
    top = f"include: [{include}]\n" if include else ""
    return f"version: 1\ncampaign: film\nproviders: [minimax]\n{top}shots:\n{''.join(shots)}"


SEA, SALT = SCENTS.format("${s}", "rose, sea"), SCENTS.format("${s}", "rose, sea, salt")
PURSUIT = CHASE.replace("id: chase", "id: pursuit")
END_2 = END.replace("shot: chase", "shot: pursuit")
STREET_2 = STREET.replace("wet", "dry")
STREET_3 = STREET_2.replace("takes: 2", "takes: 3")
OLD, NEW = "manifests/film.yaml", "manifests/movie.yaml"
# Each commit: the files that it writes (None: moved to the new name), what changes, the new clips and their price.
HISTORY: list[tuple[str, dict[str, str | None], dict[str, int], int, str]] = [
    ("begin", {OLD: make_film(STREET, CHASE, END)}, {"added": 3}, 4, "1.12 USD"),
    ("prompt", {OLD: make_film(STREET_2, CHASE, END)}, {"changed": 1, "follows": 2}, 4, "1.12 USD"),
    ("rename", {OLD: make_film(STREET_2, PURSUIT, END_2)}, {"renamed": 1, "edited": 1}, 0, ""),
    ("matrix", {OLD: make_film(STREET_2, PURSUIT, END_2, SEA)}, {"added": 2}, 2, "0.56 USD"),
    ("word", {OLD: make_film(STREET_2, PURSUIT, END_2, SALT)}, {"added": 1}, 1, "0.28 USD"),
    (
        "include",
        {
            OLD: make_film(STREET_2, PURSUIT, END_2, SALT, include="../shared/looks.yaml"),
            "shared/looks.yaml": LOOKS.format("on film, "),
        },
        {"changed": 6}, 7, "1.96 USD",
    ),
    ("looks", {"shared/looks.yaml": LOOKS.format("on video, ")}, {"changed": 6}, 7, "1.96 USD"),
    ("move", {OLD: None}, {}, 0, ""),
    (
        "still",
        {
            NEW: make_film(STREET_2, PURSUIT, END_2, SALT, STILL, include="../shared/looks.yaml"),
            "stills/a.png": "one picture",
        },
        {"added": 1}, 1, "0.28 USD",
    ),
    (
        "less",
        {
            NEW: make_film(STREET_3, PURSUIT, SALT, STILL, include="../shared/looks.yaml"),
            "stills/a.png": "another picture",
        },
        {"changed": 2, "removed": 1}, 2, "0.56 USD",
    ),
]  # fmt: skip


# Worked out by hand: what became of each shot, and which changed shots it starts from.
STYLED = [
    "changed street: prompt", "changed pursuit: prompt <- street", "changed end: prompt <- pursuit",
    "changed scent-rose: prompt", "changed scent-sea: prompt", "changed scent-salt: prompt",
]  # fmt: skip
SHOTS = {
    "begin": ["added street", "added chase", "added end"],
    "prompt": ["changed street: prompt", "follows chase <- street", "follows end <- chase"],
    "rename": ["renamed pursuit (chase)", "edited end: first"],
    "matrix": ["added scent-rose", "added scent-sea"],
    "word": ["added scent-salt"],
    "include": STYLED,
    "looks": STYLED,
    "move": [],
    "still": ["added still"],
    "less": ["changed street: takes", "changed still: first", "removed end"],
}


def describe(change: ShotChange) -> str:
    was = f" ({change.was})" if change.was else ""
    fields = f": {', '.join(each.name for each in change.fields)}" if change.fields else ""
    return f"{change.change} {change.shot}{was}{fields}{f' <- {chain}' if (chain := ', '.join(change.chain)) else ''}"


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(folder: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        if text is None:
            git(folder, "mv", name, NEW)
            continue
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(folder: Path, tag: str, files: dict[str, str | None]) -> None:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", tag)
    git(folder, "tag", tag)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "empty", {"README": "a film"})
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def history(project: Path) -> Path:
    for tag, files, *_ in HISTORY:
        commit(project, tag, files)
    return project


def changes_of(found: RevisionDiff) -> tuple[ShotChange, ...]:
    return tuple(change for each in found.manifests for change in each.changes.changes)


def sum_up(found: RevisionDiff) -> tuple[dict[str, int], int, str]:
    counts = Counter(str(each.change) for each in changes_of(found))
    new = [each.changes.new for each in found.manifests]
    return dict(counts), sum(each.clips for each in new), " ".join(join_amounts(each.cost) for each in new)


def test_each_commit_of_a_history_says_what_it_changed_and_what_that_costs(history: Path) -> None:
    tags = ["empty", *(tag for tag, *_ in HISTORY)]
    steps = {tag: diff(f"{before}..{tag}") for before, tag in pairwise(tags)}
    assert {tag: sum_up(found) for tag, found in steps.items()} == {
        tag: (kinds, clips, cost) for tag, _, kinds, clips, cost in HISTORY
    }
    assert {tag: [*map(describe, changes_of(found))] for tag, found in steps.items()} == SHOTS


def test_the_lines_add_up_and_the_files_of_a_revision_are_read_from_git_alone(history: Path) -> None:
    for path in [*history.glob("manifests/*"), *history.glob("s*/*")]:
        path.unlink()
    status = git(history, "status", "--porcelain")
    found = diff("begin..less")
    assert [(each.name, each.was) for each in found.manifests] == [(OLD, ""), (NEW, "")]  # too different for git
    for each in found.manifests:
        assert sum(change.new.clips for change in each.changes.changes) == each.changes.new.clips
    assert sum_up(found) == ({"added": 6, "removed": 3}, 8, " 2.24 USD")
    assert git(history, "status", "--porcelain") == status


def test_a_manifest_that_was_moved_is_followed(history: Path) -> None:
    (film,) = diff("looks..move").manifests
    assert (film.name, film.was, film.changes.changes) == (NEW, OLD, ())


def test_a_move_that_is_not_committed_is_followed_too(project: Path) -> None:
    commit(project, "begin", {OLD: make_film(STREET)})
    git(project, "mv", OLD, NEW)
    (film,) = diff().manifests
    assert (film.name, film.was, film.changes.changes) == (NEW, OLD, ())


PRICES = """\
version: 1
prices:
  - {{provider: minimax, resolution: 768p, duration: 6, amount: {0}, currency: USD, since: "2026-01-01"}}
"""


def test_prices_of_each_revision_count_as_far_as_they_are_trusted(project: Path) -> None:
    from hailuo_batch.app.trust import read_stakes, trust

    commit(project, "begin", {OLD: make_film(STREET), "hailuo.yaml": PRICES.format("0.10")})
    commit(project, "dearer", {"hailuo.yaml": PRICES.format("0.20")})
    (film,) = diff("begin..dearer", [Path(OLD)]).manifests
    assert [each.partition(" (")[0] for each in film.notes] == ["begin", "dearer"]
    question = read_stakes(project)
    trust(question, digest=question.stakes.digest)
    (film,) = diff("begin..dearer").manifests
    assert [each.partition(" (")[0] for each in film.notes] == ["begin"]
    assert [(str(each.change), each.fields[0].name, each.fields[0].after) for each in film.changes.changes] == [
        ("edited", "price", "0.20 USD")
    ]
    assert film.changes.new.clips == 0


def test_a_change_names_its_fields_and_the_chain_that_follows(history: Path) -> None:
    street, chase, end = changes_of(diff("begin..prompt"))
    assert [(each.name, each.before, each.after) for each in street.fields] == [
        ("prompt", "a wet street", "a dry street")
    ]
    assert (chase.chain, end.chain) == (("street",), ("chase",))
    pursuit, end = changes_of(diff("prompt..rename"))
    assert (pursuit.shot, pursuit.was) == ("pursuit", "chase")
    assert [(each.before, each.after) for each in end.fields] == [("last frame of chase", "last frame of pursuit")]
    takes, still, removed = changes_of(diff("still..less"))
    assert [(each.name, each.before, each.after) for each in takes.fields] == [("takes", "2", "3")]
    assert still.fields[0].name == "first"
    assert still.fields[0].before.startswith("../stills/a.png (")
    assert removed.shot == "end"


def test_files_as_they_are_now_are_compared_with_the_last_commit_and_a_branch_with_its_base(project: Path) -> None:
    commit(project, "begin", {OLD: make_film(STREET, CHASE)})
    git(project, "checkout", "-q", "-b", "topic")
    commit(project, "topic-1", {OLD: make_film(STREET_2, CHASE)})
    git(project, "checkout", "-q", "main")
    commit(project, "main-1", {OLD: make_film(STREET, CHASE, SEA)})
    git(project, "checkout", "-q", "topic")
    assert diff().manifests == ()
    assert sum_up(diff("main...")) == ({"changed": 1, "follows": 1}, 3, "0.84 USD")
    assert sum_up(diff("main..")) == ({"changed": 1, "follows": 1, "removed": 2}, 3, "0.84 USD")
    write(project, {OLD: make_film(STREET, CHASE)})
    assert sum_up(diff("begin")) == ({}, 0, "")
    assert diff().before.startswith("HEAD (")
    assert sum_up(diff()) == ({"changed": 1, "follows": 1}, 3, "0.84 USD")


def test_a_shot_that_moves_to_another_manifest_is_bought_already(project: Path) -> None:
    commit(project, "begin", {OLD: make_film(STREET, SEA)})
    write(project, {OLD: make_film(STREET), NEW: make_film(SEA).replace("campaign: film", "campaign: movie")})
    assert sum_up(diff())[:2] == ({"removed": 2, "added": 2}, 0)


def test_a_pointer_of_git_lfs_is_the_image_that_it_points_to(project: Path) -> None:
    from hashlib import sha256

    picture = "a large picture"
    oid = sha256(picture.encode()).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(picture)}\n"
    commit(project, "begin", {OLD: make_film(STILL), "stills/a.png": pointer})
    write(project, {"stills/a.png": picture})
    assert diff().manifests == ()
    write(project, {"stills/a.png": "another picture"})
    assert sum_up(diff())[0] == {"changed": 1}


def test_an_image_that_git_does_not_have_is_said(project: Path) -> None:
    commit(project, "begin", {OLD: make_film(STILL)})
    commit(project, "notes", {OLD: make_film(STILL.replace("still, prompt", "still, notes: n, prompt"))})
    (film,) = diff("begin..notes").manifests
    assert [each.partition(": ")[2] for each in film.notes] == [
        "git does not have these images, so only their paths are compared: ../stills/a.png."
    ] * 2


def test_links_are_followed_inside_the_tree_and_never_out_of_the_project(project: Path) -> None:
    commit(project, "begin", {"shots/film.yaml": make_film(STREET), OLD: "x"})
    (project / OLD).unlink()
    (project / OLD).symlink_to("../shots/film.yaml")
    (project / "manifests/out.yaml").symlink_to("/etc/passwd")
    commit(project, "links", {})
    commit(project, "more", {"shots/film.yaml": make_film(STREET, CHASE)})
    assert sum_up(diff("links..more"))[0] == {"added": 1}
    with pytest.raises(InputError, match=r"out\.yaml is not read"):
        diff("links..more", [Path("manifests/out.yaml")])


def test_an_older_state_with_problems_is_compared_as_far_as_it_goes_and_a_newer_one_is_refused(project: Path) -> None:
    commit(project, "broken", {OLD: make_film(STREET, STREET)})
    commit(project, "mended", {OLD: make_film(STREET)})
    (film,) = diff("broken..mended").manifests
    assert "had problems there" in film.notes[0]
    with pytest.raises(ManifestError) as refused:
        diff("mended..broken")
    assert refused.value.problems[0].place is not None


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "main..nowhere", "-h"])
def test_a_revision_that_is_none_is_said_and_is_never_an_option(project: Path, revision: str) -> None:
    with pytest.raises(InputError, match="no such revision"):
        diff(revision)
    assert not (project / "x").exists()


@pytest.mark.skipif(os.name == "nt", reason="the traps are scripts of a shell")
def test_nothing_that_a_repository_configures_is_run(project: Path, tmp_path: Path) -> None:
    commit(project, "begin", {OLD: make_film(STREET), ".gitattributes": "* filter=trap diff=trap\n"})
    trap, sprung = tmp_path / "trap.sh", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor", "core.pager", "diff.external", "filter.trap.clean", "filter.trap.smudge",
        "filter.trap.process", "diff.trap.command", "diff.trap.textconv", "core.sshCommand", "alias.ls-tree",
    ):  # fmt: skip
        git(project, "config", name, str(trap))
    (project / OLD).write_text(make_film(STREET_2))
    sprung.unlink(missing_ok=True)
    assert sum_up(diff("begin"))[0] == {"changed": 1}
    assert not sprung.exists()


def test_the_environment_of_a_hook_names_no_other_repository(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(project, "begin", {OLD: make_film(STREET)})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other.git"))
    assert diff("empty..begin").manifests[0].changes.new.clips == 2
