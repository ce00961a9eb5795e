"""A task at any moment: phases follow one another, progress only grows."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.money import Money
from hailuo_batch.mock.contracts.registry import contracts
from hailuo_batch.mock.prices import rendered_seconds
from hailuo_batch.mock.task import END_PHASES, ClipSpec, Phase, Task, TaskFailure, task_phase, task_progress

ORDER = [Phase.QUEUED, Phase.RUNNING, Phase.DONE]


def _task(queued: float, running: float, fate: TaskFailure | None = None) -> Task:
    return Task(
        gateway="gccai",
        id="task_1",
        payload="0",
        prompt="",
        model="MiniMax-Hailuo-02",
        resolution="768p",
        seconds=6,
        frames=0,
        shape=(16, 9),
        clip=ClipSpec(resolution="768p", seconds=6, shape=(16, 9)),
        created=100.0,
        queued=queued,
        running=running,
        price=Money(amount=Decimal(1), currency="USD"),
        mark=0,
        failure=fate,
    )


@given(st.floats(0, 100), st.floats(0, 100), st.lists(st.floats(0, 300), min_size=2))
def test_time_moves_a_task_forward_only(queued: float, running: float, ages: list[float]) -> None:
    task = _task(queued, running)
    seen = [(ORDER.index(task_phase(task, 100 + age)), task_progress(task, 100 + age)) for age in sorted(ages)]
    assert seen == sorted(seen)
    assert all(0 <= progress <= 1 for _, progress in seen)


def test_a_fate_comes_at_the_end_and_not_before() -> None:
    failed, cancelled = TaskFailure(code="500", words="no"), TaskFailure(code="", words="", cancelled=True)
    assert task_phase(_task(1, 1, failed), 101.5) is Phase.RUNNING
    assert task_phase(_task(1, 1, failed), 102.0) is Phase.FAILED
    assert task_phase(_task(1, 1, cancelled), 102.0) is Phase.CANCELLED
    assert task_phase(_task(1, float("inf")), 1e12) is Phase.RUNNING
    assert task_progress(_task(1, float("inf")), 1e12) == 0.0
    assert task_phase(_task(0, 0), 100.0) in END_PHASES


@given(st.integers(0, 2**160 - 1))
def test_ids_have_the_gateways_form_and_do_not_repeat(mark: int) -> None:
    for contract in contracts().values():
        assert contract.new_id(mark) == contract.new_id(mark)
        assert contract.new_id(mark) != contract.new_id(mark ^ 0x5A5A_5A5A_5A5A)


def test_what_the_mock_charges() -> None:
    every = contracts()
    assert str(every["minimax"].price("768p", 6)) == "0.28 USD"
    assert str(every["minimax"].price("768p", 6, "MiniMax-Hailuo-2.3-Fast")) == "0.19 USD"
    assert str(every["gccai"].price("768p", 5)) == "0.28 USD"
    assert str(every["odkkk"].price("768p", 6)) == "19.00 credits"
    assert every["mindvideo"].price("768p", 5).amount == Decimal("0.225")
    assert [rendered_seconds(seconds) for seconds in (5, 6, 10)] == [6, 6, 10]
