"""What a page that was opened earlier has to draw again."""

from dataclasses import replace

from hailuo_batch.app.reviewing.moments import Moments, Shown
from hailuo_batch.core.plan.judgement import ShotState
from hailuo_batch.views.review_page.values import WorkNow
from hailuo_batch.views.sheet.states import SHOT_STATES
from hailuo_batch.views.sheet.values import SheetShot


def shot(name: str, state: ShotState = ShotState.WFA) -> SheetShot:
    return SheetShot(id=name, number=1, state=SHOT_STATES[state], length="6 s", prompt=(), takes=())


BOTH = Shown(shots=(shot("open"), shot("turn")))
APPROVED = Shown(shots=(shot("open", ShotState.DONE), shot("turn")))


def test_only_what_changed_since_is_news() -> None:
    moments = Moments("a")
    moments.move_on(BOTH)
    begin = moments.name
    assert not moments.move_on(BOTH), "nothing is new"
    assert moments.name == begin
    assert moments.move_on(APPROVED)
    middle = moments.name
    assert moments.move_on(replace(APPROVED, now=WorkNow(is_running=True)))
    late = moments.list_changes(middle)
    assert (late.has_status, late.shots) == (True, ())
    early = moments.list_changes(begin)
    assert (early.is_all, early.has_status, [each.id for each in early.shots]) == (False, True, ["open"])
    assert moments.list_changes(moments.name).shots == ()


def test_shots_that_came_went_or_moved_are_news() -> None:
    for other, new in ((BOTH.shots[:1], []), (BOTH.shots[::-1], []), ((*BOTH.shots, shot("end")), ["end"])):
        moments = Moments("a")
        moments.move_on(BOTH)
        begin = moments.name
        moments.move_on(replace(BOTH, shots=other))
        changed = moments.list_changes(begin)
        assert (changed.has_order, [each.id for each in changed.shots]) == (True, new)


def test_a_moment_of_another_server_is_not_taken_for_one_of_this() -> None:
    moments = Moments("a")
    moments.move_on(BOTH)
    for name in ("", "b.1", "1", "a.", "a.x", "a.-1", "a.²"):
        assert moments.list_changes(name).is_all, name
