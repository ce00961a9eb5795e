from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, MOVES, Move, Stage, next_stage

# The whole table once more, by hand: "." is a pair that is a bug.
# s submitted, p produced, k stored (kept), d in doubt, f failed, c cancelled, i intended.
TABLE = """
           accept refuse resend lose_sight produce fail keep miss find settle write_off discard
intended   s      f      .      d          .       .    .    .    .    .      .         .
submitted  .      .      .      .          p       f    .    .    s    c      c         .
produced   .      .      .      .          .       f    k    .    .    .      c         .
stored     .      .      .      .          .       .    .    p    .    .      .         c
in_doubt   .      .      .      .          .       .    .    .    s    c      c         .
failed     .      .      i      .          .       .    .    .    .    .      .         .
cancelled  .      .      .      .          .       .    .    .    .    .      .         .
"""
SHORT = {
    "i": Stage.INTENDED,
    "s": Stage.SUBMITTED,
    "p": Stage.PRODUCED,
    "k": Stage.STORED,
    "d": Stage.IN_DOUBT,
    "f": Stage.FAILED,
    "c": Stage.CANCELLED,
}
_HEAD, *_ROWS = (line.split() for line in TABLE.strip().splitlines())
PAIRS = {(row[0], move): cell for row in _ROWS for move, cell in zip(_HEAD, row[1:], strict=True)}


def test_the_table_here_names_every_stage_and_every_move() -> None:
    assert set(PAIRS) == set(product(map(str, Stage), map(str, Move)))


@pytest.mark.parametrize(("stage", "move"), list(product(Stage, Move)))
def test_a_move_leads_where_the_table_says_or_is_a_bug(stage: Stage, move: Move) -> None:
    there = PAIRS[stage, move]
    if there == ".":
        with pytest.raises(AssertionError, match=f"an attempt that is {stage} cannot {move}"):
            next_stage(stage, move)
    else:
        assert next_stage(stage, move) is SHORT[there]


def test_nothing_comes_back_from_an_end_but_what_was_not_accepted_and_is_sent_again() -> None:
    ends = {Stage.FAILED, Stage.CANCELLED}
    assert {pair: there for pair, there in MOVES.items() if pair[0] in ends} == {
        (Stage.FAILED, Move.RESEND): Stage.INTENDED
    }
    assert set(Stage) - LIVE_STAGES == ends


@given(st.lists(st.sampled_from(Move), max_size=12))
def test_no_order_of_moves_reaches_the_store_without_having_been_made(moves: list[Move]) -> None:
    stage, seen = Stage.INTENDED, [Stage.INTENDED]
    for move in moves:
        if (stage, move) in MOVES:
            stage = next_stage(stage, move)
            seen.append(stage)
    for place, each in enumerate(seen):
        if each is Stage.STORED:
            assert seen[place - 1] is Stage.PRODUCED
        if each is Stage.SUBMITTED:
            assert seen[place - 1] in {Stage.INTENDED, Stage.IN_DOUBT, Stage.SUBMITTED}
        if each is Stage.INTENDED:
            assert place == 0 or seen[place - 1] is Stage.FAILED, "sent again only after a no"
