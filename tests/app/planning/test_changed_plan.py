"""The plan of a few changed shots says what the plan of the whole manifest says, or is not made."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from app_samples import Project
from bought_samples import buy
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from PIL import Image

from hailuo_batch.app import watch
from hailuo_batch.app.planning.changed_plan import plan_changed_shots
from hailuo_batch.app.planning.changed_validation import validate_changed_shots
from hailuo_batch.app.planning.name_collisions import refuse_name_collisions
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.plan_cache import make_lockfile
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.validate import validate
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.load.file_changes import Stamps
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.views.plan import draw_plan

FILM = """\
version: 1
campaign: aurora
providers: [minimax]
vars: {bottle: a frosted bottle}
styles: {warm: {suffix: ", warm light"}}
shots:
  - id: open
    prompt: "${bottle} in mist [Push in]"
    tags: [hero]
  - id: turn
    prompt: the cap turns
    style: warm
  # by hand
  - id: pack
    prompt: ${bottle} on a table
  - id: rain-${tone}
    prompt: rain, ${tone}
    matrix: {tone: [blue, grey]}
  - id: end
    prompt: the end
    takes: 2
"""
Finish = Callable[..., Project]
WORLDS = [World.SKETCH, World.REAL]


@pytest.fixture
def finish(project: Project, nothing_is_too_fresh: None) -> Finish:
    """A project with nothing to do, which is remembered."""

    def make(world: World, text: str = FILM) -> Project:
        project.write(text)
        asyncio.run(project.run() if world is World.SKETCH else buy(project.file))
        asyncio.run(plan(project.file, world=world))
        assert project.short_way(world=world)
        return project

    return make


def short(project: Project, world: World) -> PlannedRun | None:
    return asyncio.run(plan_changed_shots(project.file, world=world))


def says(planned: PlannedRun) -> tuple[object, ...]:
    """All that the command line shows of a plan."""
    try:
        refuse_name_collisions(planned)
        refusal = ""
    except HailuoError as error:
        refusal = str(error)
    text = draw_plan(planned.report, full=True, is_last=planned.lost_ledger is None)
    return text, planned.report.rows, planned.extra_problems, refusal, len(planned.pending_steps), planned.orphan_steps


def check_validation(project: Project, world: World) -> bool:
    """The same of `validate`."""
    found = validate_changed_shots(project.file, world=world)
    if found is None:
        return False
    whole = asyncio.run(validate(project.file, world=world))
    takes = sum(shot.takes for shot in whole.shots)
    assert whole.problems == ()
    assert (found.name, found.shots, found.takes) == (whole.name, len(whole.shots), takes)
    return True


def check(project: Project, world: World) -> bool:
    """Whether the short way is taken; then it has to say what the long one says."""
    check_validation(project, world)
    found = short(project, world)
    if found is None:
        return False
    whole = asyncio.run(plan(project.file, world=world))
    assert says(found) == says(whole)
    assert (found.report.takes, found.report.counts) == (whole.report.takes, whole.report.counts)
    assert (found.report.to_spend, found.report.dropped) == (whole.report.to_spend, whole.report.dropped)
    return True


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("the cap turns", "the cap burns"),
        ("rain, ${tone}", "snow, ${tone}"),
        ("[blue, grey]", "[blue, red]"),
        ("  - id: turn\n", "  - id: new\n    prompt: a new one\n  - id: turn\n"),
        ("  - id: turn\n", "  - id: again\n"),
        ("  - id: turn\n    prompt: the cap turns\n    style: warm\n", "  - id: b\n    prompt: b\n"),
        ("the cap turns", "the cap [Push in] turns\n    duration: 10"),
        ("    takes: 2\n", "    takes: 3\n"),
        ("    takes: 2\n", "    takes: 2\n  - id: last\n    prompt: appended\n"),
        ("the end\n", "the very end\n"),
    ],
)
def test_an_edit_is_planned_by_itself(finish: Finish, world: World, old: str, new: str):
    project = finish(world)
    project.change(old, new)
    is_same = world is World.SKETCH and "takes" in old and "last" not in new  # a sketch has one take
    # A shot that is only renamed has its clip: there is nothing to do but to name it.
    assert check(project, world) is not (is_same or "again" in new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("the cap turns", "the cap turns # on"),  # nothing to do
        ("campaign: aurora", "campaign: borealis"),
        ("a frosted bottle", "a clear bottle"),
        ("- id: turn", "- id: PACK"),
        ("the cap turns", "the cap ${turns}"),
        ("the cap turns", "the cap turns\n    frames: {first: {shot: open}}"),
        ("the cap turns", "the cap turns\n    frames: {first: a.png}"),
        ("the cap turns", "the cap turns\n    frames: {first: 'https://x.example/a.png'}"),
        ("the cap turns", "the cap turns\n    cut: 3"),
        ("the cap turns", "the cap turns\n    duration: 8"),
        ("the cap turns", "mv_live_0123456789abcdef"),
        ("the cap turns", '"the cap turns'),
    ],
)
def test_what_is_in_doubt_is_planned_as_a_whole(finish: Finish, old: str, new: str):
    project = finish(World.REAL)
    project.change(old, new)
    assert not check(project, World.REAL)


@pytest.mark.parametrize(("world", "old", "new"), [
    (World.SKETCH, "    style: warm\n", "    style: warm\n    frames: {first: {shot: open}}\n"),
    (World.SKETCH, "    style: warm\n", "    style: warm\n    cut: 3\n"),
])  # fmt: skip
def test_shots_that_have_to_do_with_others_are_planned_as_a_whole(finish: Finish, world: World, old: str, new: str):
    project = finish(world, FILM.replace(old, new))
    project.change("in mist", "in fog")
    assert not check(project, world)


def test_a_warning_of_another_shot_is_no_matter_of_a_plan(finish: Finish):
    project = finish(World.REAL, FILM.replace("on a table", "on a table [Fly in]"))
    project.change("in mist", "in fog")
    assert check(project, World.REAL)
    assert not check_validation(project, World.REAL)  # it has to say the warning
    project.change("the cap turns", "the cap turns [Fly out]")  # nor is one of its own
    assert check(project, World.REAL)


@pytest.mark.parametrize(("frame", "is_validated"), [
    ("{first: a.png}", True),
    ("{first: {shot: open}}", False),  # from the shot that changed
    ("{first: {shot: pack}}", True),
    ("{first: a.png, last: a.png}", False),  # images in which shots meet are compared
    ("{first: {file: a.png, rights: {owner: Acme}}}", False),
])  # fmt: skip
def test_images_and_chains_of_other_shots_are_not_read_again(
    finish: Finish, project: Project, frame: str, *, is_validated: bool
):
    world = World.SKETCH if "shot:" in frame else World.REAL  # nothing here buys what waits for a frame
    Image.new("RGB", (768, 432), "red").save(project.folder / "a.png")
    finish(world, FILM.replace("    style: warm\n", f"    style: warm\n    frames: {frame}\n"))
    project.change("in mist", "in fog")
    assert check(project, world) is ("open" not in frame)
    assert check_validation(project, world) is is_validated
    Image.new("RGB", (768, 432), "blue").save(project.folder / "a.png")
    assert check(project, world) is ("pack" in frame)


def test_a_last_shot_that_starts_from_another_is_not_read_either(finish: Finish):
    project = finish(World.SKETCH, FILM.replace("    takes: 2\n", "    frames: {first: {shot: pack}}\n"))
    project.change("the cap turns", "the cap burns")
    assert check(project, World.SKETCH)
    assert check_validation(project, World.SKETCH)


LOOKS = "version: 1\nvars: {bottle: a frosted bottle}\nstyles: {warm: {suffix: ', warm light'}}\n"


def test_included_files_that_did_not_change_are_read_for_the_changed_shots(finish: Finish, project: Project):
    looks = project.folder / "looks.yaml"
    looks.write_text(LOOKS)
    text = FILM.replace("vars: {bottle: a frosted bottle}\nstyles", "include: [looks.yaml]\nx-styles")
    finish(World.REAL, text)
    project.change("on a table", "on a chair")
    assert check(project, World.REAL)
    assert check_validation(project, World.REAL)
    looks.write_text(LOOKS.replace("frosted", "clear"))
    assert not check(project, World.REAL)
    looks.write_text(f"{LOOKS}shots:\n  - {{id: first, prompt: a title}}\n")
    project.write(text)
    asyncio.run(buy(project.file))
    asyncio.run(plan(project.file))
    project.change("on a table", "on a chair")
    assert not check(project, World.REAL)


BY = "by: ann, at: 2026-11-26T10:00:00Z"


@pytest.mark.parametrize(("decision", "is_short"), [
    ("turn: {omitted: {BY}}", True),
    ("turn: {notes: [{text: warmer, BY}]}", True),
    ("open: {notes: [{text: warmer, BY}]}", False),
    ("turn: {selected: {take: 1, clip: CLIP, BY}}", True),
    ("turn: {judged: [{take: 1, clip: CLIP, verdict: approved, BY}]}", True),
    ("gone: {notes: [{text: warmer, BY}]}", False),  # a plan warns of it
])  # fmt: skip
def test_a_review_that_says_nothing_of_the_changed_shots_is_no_doubt(finish: Finish, decision: str, *, is_short: bool):
    project = finish(World.REAL)
    review = project.folder / "film.review.yaml"
    review.write_text(f"version: 1\nshots:\n  {decision.replace('CLIP', 'sha256:' + 'a' * 64).replace('BY', BY)}\n")
    planned = asyncio.run(plan(project.file))
    write_lock(project.lock, make_lockfile(planned))
    asyncio.run(plan(project.file))
    project.change("in mist", "in fog")
    assert check(project, World.REAL) is is_short
    assert check_validation(project, World.REAL) is is_short
    review.write_text("version: 1\nshots: {}\n")
    assert not check(project, World.REAL)


@pytest.mark.parametrize(
    ("old", "new", "is_short"),
    [
        ("the cap turns", "the cap burns", True),
        ("the cap turns", "the cap turns # on", True),
        ("  - id: turn\n", "  - id: new\n    prompt: a new one\n  - id: turn\n", True),
        ("  - id: turn\n    prompt: the cap turns\n    style: warm\n", "", True),
        ("the cap turns\n    style: warm", "the end", False),  # a warning: two shots have one request
        ("the cap turns", "the cap turns\n    duration: 8", False),
        ("the cap turns", "the cap turns\n    frames: {first: a.png}", False),
    ],
)
def test_an_edit_is_validated_by_itself(finish: Finish, old: str, new: str, is_short: bool):
    project = finish(World.REAL)
    project.change(old, new)
    assert check_validation(project, World.REAL) is is_short


def test_warnings_that_only_validate_gives_are_not_lost(finish: Finish, monkeypatch: pytest.MonkeyPatch):
    project = finish(World.REAL, FILM.replace("the end", "the cap turns\n    style: warm"))
    project.change("in mist", "in fog")
    assert short(project, World.REAL) is not None
    assert not check_validation(project, World.REAL)  # two other shots have one request

    project = finish(World.REAL)
    project.change("in mist", "in snow")
    assert check_validation(project, World.REAL)
    with monkeypatch.context() as patch:
        patch.setattr("hailuo_batch.app.planning.lint.read_time", lambda: 4_000_000_000.0)  # prices are old by then
        assert not check_validation(project, World.REAL)
    (project.folder / "hailuo.yaml").write_text("version: 1\nlint: {forbidden: [blue]}\n")
    asyncio.run(plan(project.file))
    assert not check_validation(project, World.REAL)


def _clip(project: Project) -> None:
    next((project.folder / ".hailuo").rglob("*.mp4")).unlink()


def _name(project: Project) -> None:
    (project.renders / project.names()[0]).unlink()


def _settings(project: Project) -> None:
    (project.folder / "hailuo.yaml").write_text("version: 1\nbudget: {max: 1, currency: USD}\n")


def _lock(project: Project) -> None:
    project.lock.write_bytes(project.lock.read_bytes() + b"# merged by hand\n")


def _review(project: Project) -> None:
    (project.folder / "film.review.yaml").write_text("version: 1\nshots: {}\n")


def _ledger(project: Project) -> None:
    next((project.folder / ".hailuo").glob("ledger*.db")).unlink()


def _copy(project: Project) -> None:
    for path in (project.folder / ".hailuo").rglob("copy-*.txt"):
        path.write_bytes(path.read_bytes().replace(b"the end", b"THE END"))


@pytest.mark.parametrize("change", [_clip, _name, _settings, _lock, _review, _ledger, _copy])
def test_when_something_beside_the_manifest_changed_the_whole_is_planned(
    finish: Finish, change: Callable[[Project], None]
):
    project = finish(World.REAL)
    project.change("the cap turns", "the cap burns")
    assert check(project, World.REAL)
    change(project)
    assert not check(project, World.REAL)


def test_where_a_run_needs_an_approval_the_whole_is_planned(finish: Finish):
    project = finish(World.REAL)
    (project.folder / "hailuo.yaml").write_text("version: 1\nrequire_approval: {above: 0.10 USD}\n")
    asyncio.run(plan(project.file))
    project.change("the cap turns", "the cap burns")
    assert not check(project, World.REAL)
    assert check_validation(project, World.REAL)


def test_a_plan_of_changed_shots_is_not_remembered_as_the_whole(finish: Finish):
    project = finish(World.REAL)
    project.change("the cap turns", "the cap burns")
    assert short(project, World.REAL) is not None
    assert not project.short_way(world=World.REAL)
    project.change("the cap burns", "the cap turns")
    assert project.short_way(world=World.REAL)
    assert short(project, World.REAL) is None


class EndError(Exception):
    """Ends the watching of a test."""


async def test_watching_reads_only_what_changed(finish: Finish, monkeypatch: pytest.MonkeyPatch):
    project = await asyncio.to_thread(finish, World.REAL)
    Image.new("RGB", (768, 432), "red").save(project.folder / "a.png")
    framed = "the end\n    frames: {first: a.png}"
    edits = [("the cap turns", "the cap burns"), ("in mist", "in fog"), ("the end", framed)]
    rounds: list[watch.WatchRound] = []
    whole: list[Path] = []

    def list_files(manifest: Path) -> frozenset[Path]:
        whole.append(manifest)
        return find_files(manifest)

    async def wait(before: Stamps) -> tuple[Path, ...]:
        watched.append({path.name for path in before})
        if len(rounds) > len(edits):
            raise EndError
        project.change(*edits[len(rounds) - 1])
        return (project.file,)

    find_files, watched = watch.list_files, list[set[str]]()
    monkeypatch.setattr("hailuo_batch.app.watch.list_files", list_files)
    with pytest.raises(EndError):
        await watch.watch(project.file, show=rounds.append, wait=wait)
    assert len(whole) == 2  # in the first round, and where an image is named for the first time
    plans = [each.planned for each in rounds if each.planned is not None]
    assert [each.report.takes for each in plans] == [7] * 4
    assert [len(each.pending_steps) for each in plans] == [0, 1, 2, 4]
    usual = {"film.yaml", "hailuo.yaml", "film.review.yaml"}
    assert [each - usual for each in watched] == [set(), set(), set(), {"a.png"}]


HEAD, *ENTRIES = re.split(r"^(?=  - )", FILM, flags=re.MULTILINE)
POOL = [
    ENTRIES[1],
    "  - id: one\n    prompt: the first new one\n",
    "  - {id: two, prompt: ${bottle} in snow, takes: 2}\n",
    "  # a remark\n  - id: three\n    notes: |\n      - id: x\n    prompt: the first new one\n",
    "  - id: pack\n    prompt: ${bottle} on a chair\n    style: warm\n",
    "  - id: wave-${n}\n    prompt: wave ${n}\n    matrix: {n: [1, 2, 3]}\n",
    "  - id: turn\n    prompt: the cap burns\n    tags: [new]\n",
    "  - id: open\n    prompt: the cap turns\n    style: warm\n",
    "  - {id: new, prompt: the cap turns, style: warm}\n",
    "  - id: PACK\n    prompt: a new one\n    duration: 10\n",
    "  - id: rain-blue\n    prompt: rain\n    takes: 3\n",
    "  - id: ${bottle}\n    prompt: rain\n",
    "  - id: next\n    prompt: rain\n    frames: {first: {shot: open}}\n",
    "  # a remark\n",
    "    notes: |\n      - id: x\n",
    "    prompt: twice\n",
    '    notes: "opened\n',
    "\n",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 5), gone=st.integers(0, 2), added=st.lists(st.sampled_from(POOL), max_size=2))
def test_whatever_is_edited_both_ways_say_the_same(
    finish: Finish, tmp_path: Path, at: int, gone: int, added: list[str]
):
    project = Project(folder=tmp_path / "aurora")
    if not (project.folder / ".hailuo").exists():
        finish(World.REAL)
    project.write(FILM)
    asyncio.run(plan(project.file))  # so that this is what is remembered
    project.write("".join([HEAD, *ENTRIES[:at], *added, *ENTRIES[at + gone :]]))
    event(f"planned by itself: {check(project, World.REAL)}")


RICH = """\
version: 1
campaign: aurora
include: [looks.yaml]
defaults: {duration: 1, resolution: 512p}
shots:
  - id: open
    prompt: "${bottle} in mist [Fly in]"
  - id: turn
    prompt: the cap turns
    style: warm
    frames: {first: {shot: pack}}
  - id: pack
    prompt: ${bottle} on a table
    frames: {first: a.png}
  - id: rain
    prompt: rain
  - id: wind
    prompt: wind
    frames: {first: a.png}
  - id: cold
    prompt: a cold one
  - id: end
    prompt: the end
    frames: {first: {shot: turn}}
sequences: []
"""
REVIEW = f"version: 1\nshots:\n  cold: {{omitted: {{{BY}}}}}\n  turn: {{notes: [{{text: warmer, {BY}}}]}}\n"
RICH_HEAD, *RICH_ENTRIES = re.split(r"^(?=  - |sequences)", RICH, flags=re.MULTILINE)
RICH_POOL = [
    *POOL,
    *RICH_ENTRIES,
    "  - id: one\n    prompt: the first new one [Fly out]\n    frames: {first: a.png}\n",
    "  - id: two\n    prompt: the second\n    frames: {first: b.png, last: a.png}\n",
    "  - id: cold\n    prompt: another cold one\n",
    "  - id: pack\n    prompt: ${bottle} on a chair\n",
    "    style: warm\n",
    "x-own: 1\n",
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, 6),
    gone=st.integers(0, 2),
    added=st.none() | st.lists(st.sampled_from(RICH_POOL), max_size=2),  # None: other words in the same entry
    beside=st.sampled_from([*[""] * 7, "looks.yaml", "film.review.yaml", "a.png"]),
)
def test_whatever_is_edited_beside_chains_images_reviews_and_includes(
    finish: Finish, project: Project, at: int, gone: int, added: list[str] | None, beside: str
):
    files = {"looks.yaml": LOOKS, "film.review.yaml": REVIEW}
    for name, text in files.items():
        project.write(text, name)
    Image.new("RGB", (64, 36), "red").save(project.folder / "a.png")
    if not (project.folder / ".hailuo").exists():
        finish(World.SKETCH, RICH)
    project.write(RICH)
    asyncio.run(plan(project.file, world=World.SKETCH))
    assert project.short_way()
    if added is None:
        gone, added = 1, [RICH_ENTRIES[at].replace("prompt: ", "prompt: new ").replace('new "', '"new ')]
    project.write("".join([RICH_HEAD, *RICH_ENTRIES[:at], *added, *RICH_ENTRIES[at + gone :]]))
    if beside == "a.png":
        Image.new("RGB", (64, 36), "blue").save(project.folder / "a.png")
    elif beside:
        project.write(files[beside].replace("frosted", "clear").replace("turn:", "open:"), beside)
    event(f"planned by itself: {check(project, World.SKETCH)}")
