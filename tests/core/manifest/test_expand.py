import time
from typing import Any

import pytest
from core_samples import after_shot, entry, in_a_row, manifest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest import expand as expanding
from hailuo_batch.core.manifest.camera_warnings import camera_warnings
from hailuo_batch.core.manifest.document import (
    FileFrame,
    FrameRole,
    Frames,
    Manifest,
    Settings,
    ShotFrame,
    Style,
    UrlFrame,
)
from hailuo_batch.core.manifest.expand import MAX_SHOTS, MAX_SHOTS_DIAGNOSED, expand
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.switches import DEFAULT_SWITCHES


def found(of: Manifest) -> list[tuple[str, tuple[str | int, ...]]]:
    """Code and path of every problem."""
    return [(problem.rule.id, problem.path) for problem in expand(of)[1]]


def test_a_manifest_becomes_its_shots_in_the_order_written() -> None:
    shots, problems = expand(in_a_row(entry("b"), entry("a", prompt=" trimmed \n"), entry("c")))
    assert [(shot.id, shot.index, shot.prompt) for shot in shots] == [
        ("b", 0, "a bottle in mist"), ("a", 1, "trimmed"), ("c", 2, "a bottle in mist"),
    ]  # fmt: skip
    assert problems == ()


def test_what_nobody_says_is_the_schemas_default() -> None:
    ((shot,), _) = expand(manifest(entry()))
    assert (shot.duration, shot.resolution, shot.takes) == (6, "768p", 1)
    assert shot.switches == (("prompt_optimizer", True), ("fast_pretreatment", False), ("watermark", False))


def test_a_shot_outranks_the_manifests_defaults_and_they_outrank_the_schemas() -> None:
    defaults = Settings(duration=10, takes=3, switches=(("prompt_optimizer", False), ("watermark", True)))
    own = Settings(duration=6, switches=(("prompt_optimizer", True),))
    (one, other), _ = expand(in_a_row(entry("one", settings=own), entry("other"), defaults=defaults))
    assert (one.duration, one.takes, other.duration, other.takes, other.resolution) == (6, 3, 10, 3, "768p")
    assert one.switches == (("prompt_optimizer", True), ("fast_pretreatment", False), ("watermark", True))
    assert other.switches == (("prompt_optimizer", False), ("fast_pretreatment", False), ("watermark", True))


@pytest.mark.parametrize("member", Settings.__slots__)
def test_a_default_written_out_makes_the_same_shot(member: str) -> None:
    defaults: dict[str, Any] = {
        "duration": 6, "resolution": "768p", "takes": 1, "style": "none", "switches": DEFAULT_SWITCHES,
        "providers": (), "tags": (), "notes": "",
    }  # fmt: skip
    values = {member: defaults[member]}
    (plain,), _ = expand(manifest(entry()))
    for of in (
        manifest(entry(settings=Settings(**values))),
        manifest(entry(), defaults=Settings(**values)),
    ):
        (shot,), _ = expand(of)
        assert shot == plain


def test_a_shot_knows_where_its_length_and_size_are_said() -> None:
    own = entry("own", settings=Settings(duration=6))
    (one, other), _ = expand(in_a_row(own, entry("other"), defaults=Settings(duration=10)))
    assert (one.find_place("duration"), one.find_place("resolution")) == (("shots", 0, "duration"), ("shots", 0))
    assert (other.find_place("duration"), other.find_place("resolution")) == (("defaults", "duration"), ("shots", 1))


def test_a_style_stands_around_the_prompt_with_its_blanks() -> None:
    styles = {"film": Style(prefix="Slow: ", suffix=", ${grain}"), "dry": Style(suffix=".")}
    entries = [entry("a", settings=Settings(style="film")), entry("b"), entry("c", settings=Settings(style="none"))]
    of = in_a_row(*entries, styles=styles, variables={"grain": "35 mm"}, defaults=Settings(style="dry"))
    shots, problems = expand(of)
    assert [shot.prompt for shot in shots] == ["Slow: a bottle in mist, 35 mm", "a bottle in mist.", "a bottle in mist"]
    assert problems == ()


def test_blanks_around_a_prompt_go_before_the_style_comes() -> None:
    of = manifest(entry(prompt=" mist \n"), styles={"s": Style(prefix="In ", suffix=".")}, defaults=Settings(style="s"))
    assert [shot.prompt for shot in expand(of)[0]] == ["In mist."]


def test_names_are_filled_in_everywhere() -> None:
    frames = Frames(first=FileFrame(path="${n}/a.png"), last=ShotFrame(shot="x-${n}", frame=FrameRole.FIRST))
    of = manifest(entry("x-${n}", "${n} $$", frames=frames, tags=("t:${n}",), notes="see ${n}"), variables={"n": 7})
    shots, _ = expand(of)
    (shot,) = shots
    assert (shot.id, shot.prompt, shot.tags, shot.notes) == ("x-7", "7 $", ("t:7",), "see 7")
    assert shot.frames == Frames(first=FileFrame(path="7/a.png"), last=ShotFrame(shot="x-7", frame=FrameRole.FIRST))


def test_a_name_may_bring_in_a_web_address() -> None:
    frames = Frames(first=FileFrame(path="${cdn}/a.png"), last=UrlFrame(url="https://x.example/${n}.png"))
    of = manifest(entry(frames=frames), variables={"cdn": "https://cdn.example", "n": 1})
    ((shot,), _) = expand(of)
    assert shot.frames.first == UrlFrame(url="https://cdn.example/a.png")
    assert shot.frames.last == UrlFrame(url="https://x.example/1.png")


def test_camera_commands_get_the_vendors_spelling_wherever_they_come_from() -> None:
    of = manifest(entry(prompt="mist ${move} [左移]"), variables={"move": "[push IN]"})
    ((shot,), _) = expand(of)
    assert shot.prompt == "mist [Push in] [Truck left]"


def test_a_matrix_is_every_combination_in_the_order_written() -> None:
    matrix = {"colour": ("red", "blue"), "size": (1, 2.5, True)}
    shots, problems = expand(manifest(entry("p-${size}-${colour}", "${colour} ${size}", matrix=matrix)))
    assert [shot.id for shot in shots] == [
        "p-1-red", "p-2.5-red", "p-true-red", "p-1-blue", "p-2.5-blue", "p-true-blue",
    ]  # fmt: skip
    assert {shot.index for shot in shots} == {0}
    assert problems == ()


def test_a_matrix_outranks_a_variable_of_its_name() -> None:
    of = manifest(entry("p-${n}", matrix={"n": ("own",)}), variables={"n": "other"})
    assert [shot.id for shot in expand(of)[0]] == ["p-own"]


names = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1, max_size=4)


@given(st.lists(names, min_size=1, max_size=3))
def test_a_matrix_makes_the_product_of_its_lengths(values: list[list[str]]) -> None:
    matrix = {f"n{place}": tuple(each) for place, each in enumerate(values)}
    shots, problems = expand(manifest(entry("-".join(["s", *(f"${{{n}}}" for n in matrix)]), matrix=matrix)))
    wanted = 1
    for each in values:
        wanted *= len(each)
    assert len({shot.id for shot in shots}) == wanted
    assert problems == ()


def test_as_many_shots_as_are_allowed_are_made() -> None:
    half = tuple(range(MAX_SHOTS // 2))
    shots, problems = expand(manifest(entry("s-${a}-${b}", matrix={"a": half, "b": (1, 2)})))
    assert (len(shots), problems) == (MAX_SHOTS, ())


def test_one_shot_too_many_is_refused_without_unrolling() -> None:
    began = time.process_time()
    many = entry("s-${a}", matrix={"a": tuple(range(MAX_SHOTS))})
    shots, (problem,) = expand(in_a_row(many, entry("one")))
    assert (shots, problem.rule.id, problem.path) == ((), "shots-many", ("shots",))
    assert "200,001" in problem.why
    huge = {f"n{place}": tuple(range(1000)) for place in range(20)}
    assert found(manifest(entry("s", matrix=huge))) == [("shots-many", ("shots",))]
    assert time.process_time() - began < 1


def test_prompts_that_are_long_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MAX_PROMPT_TEXT", 100)
    shots, (problem,) = expand(in_a_row(entry("a", "x" * 60), entry("b", "x" * 60), entry("c")))
    assert (shots, problem.rule.id, problem.path) == ((), "text-long", ("shots", 1))


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["open", "open"], '"open" is also the id of shot 1 of the list.'),
        (["Open", "open"], '"open" and "Open" differ only in case and would name one file on macOS and Windows.'),
    ],
)
def test_two_shots_of_one_name_are_a_problem(ids: list[str], said: str) -> None:
    _, (problem,) = expand(in_a_row(*map(entry, ids)))
    assert (problem.rule.id, problem.path, problem.why) == ("shot-twice", ("shots", 1, "id"), said)


def test_a_matrix_that_does_not_name_its_shots_apart_is_told_once() -> None:
    _, (problem,) = expand(manifest(entry("pack", matrix={"colour": ("red", "blue", "green")})))
    assert (problem.rule.id, problem.path) == ("shot-twice", ("shots", 0, "id"))
    assert "pack-${colour}" in problem.remedy


@pytest.mark.parametrize(
    "name", ["a", "A1", "open.wide", "shot_2-b", "9lives", "x" * 64]
)  # fmt: skip
def test_a_usable_id_is_kept_as_written(name: str) -> None:
    assert [shot.id for shot in expand(manifest(entry(name)))[0]] == [name]


@pytest.mark.parametrize(
    "name", ["", " ", "-a", ".a", "_a", "a b", "a/b", "../a", "a\n", "ä", "a\u0000", "٣", "x" * 65, "a:b", "con*"]
)
def test_an_id_that_is_no_file_name_is_refused(name: str) -> None:
    shots, problems = expand(manifest(entry(name)))
    assert shots == ()
    assert [(problem.rule.id, problem.path) for problem in problems] == [("shot-id", ("shots", 0, "id"))]


def test_everything_wrong_with_one_shot_is_told_together() -> None:
    frames = Frames(first=FileFrame(path="${a}"), last=FileFrame(path="${b}"))
    of = manifest(
        entry("a b", "${c}", frames=frames, tags=("ok", "${d}"), notes="${e}", settings=Settings(style="noir"))
    )
    assert found(of) == [
        ("shot-id", ("shots", 0, "id")),
        ("style-unknown", ("shots", 0, "style")),
        ("name-unknown", ("shots", 0, "prompt")),
        ("name-unknown", ("shots", 0, "frames", "first")),
        ("name-unknown", ("shots", 0, "frames", "last")),
        ("name-unknown", ("shots", 0, "notes")),
        ("name-unknown", ("shots", 0, "tags", 1)),
    ]


def test_the_shots_of_a_matrix_share_one_mistake() -> None:
    of = manifest(entry("p-${n}", "${botle}", matrix={"n": tuple(range(50))}))
    assert found(of) == [("name-unknown", ("shots", 0, "prompt"))]


def test_different_mistakes_of_a_matrix_are_all_told() -> None:
    of = manifest(entry("p-${n}", matrix={"n": ("a/b", "ok", "c d")}))
    assert [problem.why for problem in expand(of)[1]] == [
        '"p-a/b" is to be part of a file name.', '"p-c d" is to be part of a file name.',
    ]  # fmt: skip


def test_a_large_matrix_with_one_mistake_costs_little() -> None:
    began = time.process_time()
    n = tuple(range(150))
    shots, problems = expand(manifest(entry("p-${a}-${b}", "${botle}", matrix={"a": n, "b": n})))
    assert (shots, len(problems)) == ((), 1)
    assert len(n) ** 2 > MAX_SHOTS_DIAGNOSED
    assert time.process_time() - began < 2


def test_an_unknown_style_of_the_defaults_is_told_once_and_at_the_defaults() -> None:
    of = in_a_row(*map(entry, "abc"), defaults=Settings(style="flim"), styles={"film": Style()})
    _, (problem,) = expand(of)
    assert (problem.rule.id, problem.path) == ("style-unknown", ("defaults", "style"))
    assert problem.remedy == 'Did you mean "film"?'


def test_both_ends_of_a_style_are_looked_at() -> None:
    of = manifest(entry(settings=Settings(style="film")), styles={"film": Style(prefix="${a}", suffix="${b}")})
    assert found(of) == [
        ("name-unknown", ("styles", "film", "prefix")), ("name-unknown", ("styles", "film", "suffix")),
    ]  # fmt: skip


def test_a_variable_that_is_broken_is_told_once_and_not_at_its_users() -> None:
    of = in_a_row(entry("a-${v}", "${v}", notes="${v}"), variables={"v": "${v}"})
    assert found(of) == [("name-cycle", ("vars", "v"))]


def test_who_starts_from_a_shot_with_a_problem_is_not_blamed() -> None:
    broken = entry("pack-${n}", "${botle}", matrix={"n": ("red", "blue")})
    of = in_a_row(broken, entry("turn", frames=after_shot("pack-red")))
    assert found(of) == [("name-unknown", ("shots", 0, "prompt"))]


def test_cautions_are_warnings_of_which_an_entry_has_one_of_a_kind() -> None:
    of = in_a_row(
        entry("p-${n}", "[Pus in] and [Pus in] ${n}", matrix={"n": (1, 2, 3)}),
        entry("q", "[Pus in] [Zom out]"),
        entry("m-${n}", "[mood ${n}] [Push in, Pan left, Tilt up, Shake]", matrix={"n": (1, 2)}),
    )
    warned = list(camera_warnings(expand(of)[0]))
    assert [(each.rule.id, each.path) for each in warned] == [
        ("camera-unknown", ("shots", 0, "prompt")),
        ("camera-unknown", ("shots", 1, "prompt")),
        ("camera-unknown", ("shots", 2, "prompt")),
        ("camera-crowded", ("shots", 2, "prompt")),
    ]
    assert warned[2].why == ('shot "m-1": [mood 1] and [mood 2] are no camera commands and are sent as plain text.'), (
        "what differs from shot to shot of an entry is told together"
    )
    assert {each.severity for each in warned} == {Severity.WARNING}


texts = st.text(alphabet="ab ${}[].-/\n", max_size=12)


@given(st.lists(st.tuples(texts, texts), max_size=4), st.dictionaries(st.sampled_from("abc"), texts, max_size=3))
def test_expanding_never_raises_and_says_nothing_twice(written: list[tuple[str, str]], raw: dict[str, str]) -> None:
    shots, problems = expand(in_a_row(*(entry(*each) for each in written), variables=raw))
    assert len(set(problems)) == len(problems)
    assert all(isinstance(problem, Problem) and problem.why for problem in problems)
    if not problems:
        assert len(shots) == len(written)
        assert len({shot.id.casefold() for shot in shots}) == len(shots)
