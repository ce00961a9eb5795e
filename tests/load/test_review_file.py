"""`load/review.py` and `load/sidecar.py`: the review beside a manifest, and how such files are written."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_batch.core.plan.judgement import Judgement, Omission, ReviewNote, Selection, Verdict
from hailuo_batch.core.plan.review import (
    EMPTY_REVIEW,
    Acceptance,
    Retake,
    Review,
    ShotReview,
    add_acceptances,
    add_retakes,
    remove_acceptances,
    update_shots,
)
from hailuo_batch.core.problem import Severity
from hailuo_batch.errors import FileChangedError, InputError, StoreError
from hailuo_batch.load.document import read_document
from hailuo_batch.load.review import REVIEW_HEADER, read_review, review_text, write_review
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.load.sidecar import quote_yaml

MARK, CLIP = "v1-" + "ab" * 32, "sha256:" + "cd" * 32

REVIEW = Review(
    shots={
        "turn": ShotReview(retakes=(Retake(take=3, by="ben", at="2026-11-21"),)),
        "open": ShotReview(
            retakes=(Retake(take=2, by="ann", at="2026-11-20T08:00:00Z", why="the hand: too early"),),
            acceptances=(
                Acceptance(
                    take=1, request=MARK, clip=CLIP, made_for=MARK, by="ann", at="2026-11-20T08:00:00Z", why="a typo"
                ),
            ),
        ),
    }
)
TEXT = f"""\
{REVIEW_HEADER}shots:
  open:
    retakes:
      - take: 2
        by: ann
        at: "2026-11-20T08:00:00Z"
        why: "the hand: too early"
    accepted:
      - take: 1
        request: {MARK}
        clip: {CLIP}
        made_for: {MARK}
        by: ann
        at: "2026-11-20T08:00:00Z"
        why: "a typo"
  turn:
    retakes:
      - take: 3
        by: ben
        at: "2026-11-21"
"""


JUDGED = Review(
    shots={
        "open": ShotReview(
            selection=Selection(take=2, clip=CLIP, by="ann", at="2026-11-20T08:00:00Z"),
            judgements=(
                Judgement(take=2, clip=CLIP, verdict=Verdict.APPROVED, by="Ann B", at="2026-11-21"),
                Judgement(take=1, clip=CLIP, verdict=Verdict.REJECTED, by="ann", at="2026-11-20", why="no: dark"),
            ),
            notes=(
                ReviewNote(take=1, by="ben", at="2026-11-20", text="too early, # 3"),
                ReviewNote(by="ann", at="2026-11-21", text="fog"),
            ),
            retakes=(Retake(take=3, by="ann", at="2026-11-20"),),
        ),
        "pack": ShotReview(omission=Omission(by="ann", at="2026-11-20", why="cut")),
    }
)
JUDGED_TEXT = f"""\
{REVIEW_HEADER}shots:
  open:
    selected: {{take: 2, clip: {CLIP}, by: ann, at: "2026-11-20T08:00:00Z"}}
    judged:
      - {{take: 1, clip: {CLIP}, verdict: rejected, by: ann, at: "2026-11-20", why: "no: dark"}}
      - {{take: 2, clip: {CLIP}, verdict: approved, by: "Ann B", at: "2026-11-21"}}
    notes:
      - {{by: ann, at: "2026-11-21", text: fog}}
      - {{take: 1, by: ben, at: "2026-11-20", text: "too early, # 3"}}
    retakes:
      - take: 3
        by: ann
        at: "2026-11-20"
  pack:
    omitted: {{by: ann, at: "2026-11-20", why: cut}}
"""


def judged(take: int, verdict: str = "approved") -> str:
    return f"{{take: {take}, clip: {CLIP}, verdict: {verdict}, by: a, at: 2026-11-20}}"


def sort(review: Review) -> Review:
    """The review as it is read from a file that was written."""
    shots = {
        name: replace(
            shot,
            judgements=tuple(sorted(shot.judgements, key=lambda each: each.take)),
            notes=tuple(sorted(shot.notes, key=lambda each: (each.take, each.at))),
        )
        for name, shot in review.shots.items()
    }
    return replace(review, shots=shots)


def read(path: Path, *shots: str):
    return read_review(path, name=path.name, shots=shots)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "film.review.yaml"


def test_a_review_is_sorted_plain_and_read_again(file: Path) -> None:
    write_review(file, REVIEW)
    assert file.read_text(encoding="utf-8") == TEXT
    assert read(file, "open", "turn") == (REVIEW, ())
    write_review(file, Review(shots={}))
    assert file.read_text(encoding="utf-8") == f"{REVIEW_HEADER}shots: {{}}\n"
    assert read(file) == (Review(shots={}), ())


def test_each_judgement_is_one_line_and_read_again(file: Path) -> None:
    write_review(file, JUDGED)
    assert file.read_text(encoding="utf-8") == JUDGED_TEXT
    assert read(file, "open", "pack") == (sort(JUDGED), ())


def test_what_a_hand_writes_is_read(file: Path) -> None:
    file.write_text("version: 1\nshots:\n  open: {retakes: [{take: 2, by: ann, at: 2026-11-20}]}  # once more\n")
    review, problems = read(file, "open")
    assert (problems, review.shots["open"].retakes) == ((), (Retake(take=2, by="ann", at="2026-11-20"),))
    file.write_text("version: 1\n")
    assert read(file, "open") == (Review(shots={}), ())


def test_a_shot_that_the_manifest_does_not_have_is_kept_with_a_warning(file: Path) -> None:
    write_review(file, REVIEW)
    review, (problem,) = read(file, "opening", "turn")
    assert review == REVIEW
    assert (problem.rule.id, problem.severity) == ("review-shot", Severity.WARNING)
    assert problem.remedy.endswith('Did you mean "opening"?')
    assert problem.place is not None
    assert (problem.place.file, problem.place.line, problem.place.column) == ("film.review.yaml", 4, 3)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("shots: {}\n", "key-missing", 1),
        ("version: 2\n", "version", 1),
        ("version: 1\nshots:\n  open:\n    aproved: []\n", "key-unknown", 4),
        ("version: 1\nshots:\n  open: {retakes: [{take: 0, by: a, at: 2026-11-20}]}\n", "range", 3),
        ("version: 1\nshots:\n  open: {retakes: [{take: 100, by: a, at: 2026-11-20}]}\n", "range", 3),
        ("version: 1\nshots:\n  open: {retakes: [{take: 2, by: a, at: today}]}\n", "form", 3),
        ("version: 1\nshots:\n  open: {retakes: [{take: 2, at: 2026-11-20}]}\n", "key-missing", 3),
        ("version: 1\nshots:\n  open: {}\n  open: {}\n", "yaml-duplicate-key", 4),
        ("version: 1\nshots:\n<<<<<<< ours\n  open: {}\n", "yaml-merge", 3),
        ("version: 1\nshots:\n  open: {selected: {take: 2, by: a, at: 2026-11-20}}\n", "key-missing", 3),
        (f"version: 1\nshots:\n  open: {{judged: [{judged(1, 'good')}]}}\n", "choice", 3),
        ("version: 1\nwhy: sk-abcdefghijklmnopqrstuvwx\n", "secret", 2),
    ],
)
def test_what_is_wrong_is_said_with_its_line(file: Path, text: str, code: str, line: int) -> None:
    file.write_text(text)
    review, (problem, *_) = read(file, "open")
    assert review == Review(shots={})
    assert problem.place is not None
    assert (problem.rule.id, problem.severity, problem.place.line) == (code, Severity.ERROR, line)


def test_two_verdicts_about_one_take_are_refused_as_a_merge_by_hand_may_leave_them(file: Path) -> None:
    file.write_text(f"version: 1\nshots:\n  open:\n    judged: [{judged(1)}, {judged(2)},\n{judged(1)}]\n")
    _, (problem,) = read(file, "open")
    assert (problem.rule.id, problem.severity) == ("twice", Severity.ERROR)
    assert problem.place is not None
    assert problem.place.line == 5
    assert "open#1" in problem.why


def test_a_file_that_cannot_be_read_or_written_is_an_error_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(StoreError, match="could not be written"):
        write_review(tmp_path / "none" / "film.review.yaml", REVIEW)
    assert list(tmp_path.iterdir()) == []


def test_the_examples_of_the_schema_are_those_that_it_takes(file: Path) -> None:
    definitions = read_schema("review")["definitions"]
    members = {
        **definitions["acceptance"]["properties"],
        **{name: definitions[name] for name in ("clip", "take", "by", "at", "why")},
    }
    entry = {name: member["examples"][0] for name, member in members.items()}
    review = Review(shots={"open": ShotReview(acceptances=(Acceptance(**entry),))})
    write_review(file, review)
    assert read(file, "open") == (review, ())


people = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(people, people, st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_people_say_is_read_again_as_they_said_it(file: Path, by: str, other: str, why: str) -> None:
    review = Review(
        shots={
            "open": ShotReview(
                retakes=(Retake(take=2, by=by, at="2026-11-20", why=why), Retake(take=3, by=other, at="2026-11-20"))
            )
        }
    )
    text = review_text(review)
    assert len(text.splitlines()) == len(text.split("\n")) - 1, "one line for each fact"
    file.write_text(text, encoding="utf-8", newline="\n")
    found, problems = read(file, "open")
    assert [problem for problem in problems if problem.rule.id != "secret"] == []
    assert problems or found == review


@given(st.text(max_size=30))
def test_a_word_of_yaml_is_the_word(word: str) -> None:
    document = read_document(f"a: {quote_yaml(word)}\n".encode(), name="f.yaml")
    if not any("\ud800" <= letter <= "\udfff" for letter in word):
        assert document.tree == {"a": word}


@pytest.mark.parametrize("before", [REVIEW, None], ids=["a review", "none"])
def test_a_review_that_somebody_else_wrote_meanwhile_is_not_written_over(file: Path, before: Review | None) -> None:
    if before is not None:
        write_review(file, before)
    mine = read(file)[0] if before is not None else Review(shots={}, source="")
    write_review(file, Review(shots={"turn": REVIEW.shots["turn"]}))
    theirs = file.read_bytes()
    with pytest.raises(FileChangedError, match="the review was changed meanwhile") as wrong:
        write_review(file, replace(mine, shots={"open": REVIEW.shots["open"]}))
    assert wrong.value.remedy.startswith("Nothing was decided.")
    assert file.read_bytes() == theirs


def test_of_many_who_write_a_review_at_once_one_wins_and_the_others_are_told(file: Path) -> None:
    def write(number: int) -> bool:
        try:
            write_review(file, Review(shots={f"s{number}": REVIEW.shots["turn"]}, source=""))
        except FileChangedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(32))) == 1


BY_HAND = """\
# Film: spring. Ann decides.
version: 1
shots:
  # the opening: fog, please
  open:   # hero
    retakes:
      - take: 2   # too early
        by: ann
        at: 2026-11-20  # a Friday

  # ben is happy with this
  turn:
    retakes: [{take: 2, by: ben, at: 2026-11-20, why: 'once # more'}]

  # nothing below here
"""
ADDED = Retake(take=3, by="c d", at="2026-11-21T08:00:00Z", why="darker: \u201cnight\u201d")


def test_comments_stay_with_what_they_are_about(file: Path) -> None:
    file.write_text(BY_HAND, encoding="utf-8")
    review, _ = read(file, "open", "turn")
    write_review(file, add_retakes(review, {"open": ADDED, "pack": ADDED}))
    added = """\
      - take: 3
        by: "c d"
        at: "2026-11-21T08:00:00Z"
        why: "darker: \u201cnight\u201d"
"""
    gap = "\n  # ben is happy with this\n"
    pack = f"  pack:\n    retakes:\n{added}"
    assert file.read_text(encoding="utf-8") == BY_HAND.replace(gap, added + pack + gap)


def test_what_is_withdrawn_takes_no_comment_about_others_with_it(file: Path) -> None:
    write_review(file, REVIEW)
    text = file.read_text(encoding="utf-8").replace("    accepted:", "    # kept\n    accepted:")
    file.write_text(text.replace("  turn:", "  # about turn\n  turn:"), encoding="utf-8")
    review, _ = read(file, "open", "turn")
    write_review(file, remove_acceptances(review, {"open": review.shots["open"].acceptances}))
    left = file.read_text(encoding="utf-8")
    assert "    # kept\n  # about turn\n  turn:\n    retakes:\n      - take: 3\n" in left
    assert "accepted" not in left
    write_review(file, replace(read(file)[0], shots={}))
    assert "# about turn" in file.read_text(encoding="utf-8")
    assert read(file) == (Review(shots={}), ())


@given(st.lists(st.sampled_from(["open", "pack", "turn", "zoom"]), max_size=6), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
def test_whatever_is_decided_no_comment_is_lost(file: Path, shots: list[str], data: st.DataObject) -> None:
    file.write_text(BY_HAND, encoding="utf-8")
    for number, shot in enumerate(shots):
        review, problems = read(file, "open", "pack", "turn", "zoom")
        assert problems == ()
        words, there = data.draw(people), review.shots.get(shot, EMPTY_REVIEW)
        take = Retake(take=number + 4, by="ann", at="2026-11-22", why=words)
        accepted = Acceptance(take=1, request=MARK, clip=CLIP, made_for=MARK, by="a", at="2026-11-22", why="so")
        verdict = Judgement(
            take=number % 2 + 1, clip=CLIP, verdict=Verdict.REJECTED, by="a", at="2026-11-22", why=words
        )
        others = [each for each in there.judgements if each.take != verdict.take]
        changed = data.draw(
            st.sampled_from(
                [
                    add_retakes(review, {shot: take}),
                    add_acceptances(review, {shot: [accepted]}),
                    update_shots(review, {shot: replace(there, judgements=(*others, verdict))}),
                    update_shots(review, {shot: replace(there, judgements=())}),
                    update_shots(review, {shot: replace(there, selection=JUDGED.shots["open"].selection)}),
                    update_shots(review, {shot: replace(there, selection=None, notes=there.notes[1:])}),
                    update_shots(review, {shot: replace(there, omission=Omission(by="a", at="2026-11-22", why=words))}),
                    update_shots(
                        review,
                        {
                            shot: replace(
                                there,
                                notes=(*there.notes, ReviewNote(by="a", at="2026-11-22", text=f"{number}{words}")),
                            )
                        },
                    ),
                ]
            )
        )
        write_review(file, changed)
        assert sort(read(file)[0]) == sort(changed)
    text = file.read_text(encoding="utf-8")
    comments = re.findall(r"# (?:Film|the|hero|too|a Friday|ben|nothing).*", BY_HAND)
    assert [each for each in comments if text.count(each) != 1] == []


ENDLESS = """
import sys
from itertools import count
from pathlib import Path
from hailuo_batch.core.plan.judgement import ReviewNote
from hailuo_batch.core.plan.review import Review, ShotReview
from hailuo_batch.load.review import write_review

notes = ()
for number in count(1):
    notes = (*notes, ReviewNote(by="ann", at="2026-11-20", text=f"note {number}"))
    write_review(Path(sys.argv[1]), Review(shots={"open": ShotReview(notes=notes)}))
    print(number, flush=True)
"""


@pytest.mark.parametrize("writes", [1, 7, 30])
def test_a_kill_while_a_review_is_written_loses_nothing_that_was_decided(file: Path, writes: int) -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS, str(file)], stdout=subprocess.PIPE, text=True) as writing:
        assert writing.stdout is not None
        said = [writing.stdout.readline() for _ in range(writes)]
        writing.kill()
        said += writing.stdout.readlines()
    review, problems = read(file, "open")
    assert problems == ()
    assert len(review.shots["open"].notes) in {len(said), len(said) + 1}
