import time
from itertools import pairwise

import pytest
from core_samples import after_shot, entry, in_a_row, shot

from hailuo_batch.core.manifest.document import FileFrame, FrameRole, Frames, ShotFrame
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.manifest.frame_links import frame_link_problems, frame_sources


def frames(first: str | None = None, last: str | None = None) -> Frames:
    ends = {"first": first, "last": last}
    return Frames(**{end: ShotFrame(shot=to, frame=FrameRole.LAST) for end, to in ends.items() if to is not None})


def test_a_shot_waits_for_those_whose_frames_it_takes() -> None:
    assert frame_sources(shot()) == {}
    assert frame_sources(shot(frames=Frames(first=FileFrame(path="a.png")))) == {}
    assert frame_sources(shot(frames=frames("a", "b"))) == {"first": "a", "last": "b"}


def test_a_shot_that_is_not_there_is_told_at_its_end_with_a_hint() -> None:
    shots = (shot("open"), shot("turn", index=1, frames=frames("opne", "nobody")))
    first, last = frame_link_problems(shots, set())
    assert (first.rule.id, first.path) == ("frame-shot", ("shots", 1, "frames", "first", "shot"))
    assert first.remedy == 'Did you mean "open"?'
    assert last.path == ("shots", 1, "frames", "last", "shot")
    assert last.remedy == "Write the id of a shot of this manifest."


def test_a_shot_in_other_case_is_not_the_same() -> None:
    (problem,) = frame_link_problems((shot("Open"), shot("turn", index=1, frames=frames("open"))), set())
    assert problem.remedy == 'Did you mean "Open"?'


def test_the_shots_of_a_matrix_that_name_nobody_are_told_once() -> None:
    turns = [shot(f"turn-{n}", index=1, frames=frames(f"open-{n}")) for n in range(5)]
    assert len(list(frame_link_problems(turns, set()))) == 1


@pytest.mark.parametrize(
    ("needs", "ring"),
    [
        ({"a": "a"}, "a → a"),
        ({"a": "b", "b": "a"}, "b → a → b"),
        ({"open": None, "a": "c", "b": "a", "c": "b", "d": "c"}, "a → b → c → a"),
    ],
)
def test_a_ring_is_told_in_the_order_in_which_frames_would_be_handed_on(
    needs: dict[str, str | None], ring: str
) -> None:
    shots = [shot(name, index=place, frames=frames(giver)) for place, (name, giver) in enumerate(needs.items())]
    (problem,) = frame_link_problems(shots, set())
    assert problem.rule.id == "frame-cycle"
    words = problem.why.partition(":")[0].split(" → ")
    assert words[0] == words[-1]
    assert sorted(words[1:]) == sorted(ring.split(" → ")[1:])
    assert all(needs[after] == giver for giver, after in pairwise(words))
    assert problem.path == ("shots", list(needs).index(words[0]), "frames")


def test_a_ring_through_a_last_frame_is_found_too() -> None:
    shots = [shot("a", frames=frames("x", "b")), shot("b", index=1, frames=frames("a")), shot("x", index=2)]
    assert [problem.rule.id for problem in frame_link_problems(shots, set())] == ["frame-cycle"]


def test_a_chain_of_ten_thousand_is_no_problem_and_a_ring_of_them_is_one_line() -> None:
    began = time.process_time()
    links = [entry(f"s{n}", frames=after_shot(f"s{n - 1}")) for n in range(1, 10_000)]
    shots, problems = expand(in_a_row(entry("s0"), *links))
    assert (len(shots), problems) == (10_000, ())
    _, (problem,) = expand(in_a_row(entry("s0", frames=after_shot("s9999")), *links))
    assert problem.rule.id == "frame-cycle"
    assert len(problem.why) < 200
    assert time.process_time() - began < 4


def test_ten_thousand_shots_that_name_nobody_are_told_in_bounded_time() -> None:
    began = time.process_time()
    shots = [shot(f"scene-{n:05d}-wide", index=n, frames=frames(f"scne-{n:05d}-wide")) for n in range(10_000)]
    assert len(list(frame_link_problems(shots, set()))) == 10_000
    assert time.process_time() - began < 10
