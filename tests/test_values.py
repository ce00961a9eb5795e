"""Our decorator makes the values that the standard one makes; only defining a class costs less."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from hailuo_batch.values import dataclass


def define(decorator: Callable[..., Any], **options: bool) -> Any:
    class Wide:
        """With each form of field that we use."""

        name: str
        value: float = 1.5  # a name that our own code uses too
        tags: list[str] = field(default_factory=list)
        key: str = field(default="secret", repr=False, compare=False)
        kind: ClassVar = "wide"  # of the class: no field

        def __post_init__(self) -> None:
            if not self.name:
                raise AssertionError("a name")

    Wide.__qualname__ = "Wide"
    return decorator(slots=True, **options)(Wide)


OPTIONS = [
    {"frozen": True, "kw_only": True},
    {"frozen": True},
    {"kw_only": True},
    {},
    {"frozen": True, "repr": False},
    {"eq": False},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_value_is_what_the_standard_one_is(options: dict[str, bool]) -> None:
    ours, standard = define(dataclass, **options), define(dataclasses.dataclass, **options)
    assert str(inspect.signature(ours)) == str(inspect.signature(standard))
    assert ours.__slots__ == standard.__slots__
    assert ours.__match_args__ == standard.__match_args__
    assert ours(name="a").kind == "wide"
    check_values(ours, standard)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_first_values_are_what_the_later_ones_are(options: dict[str, bool]) -> None:
    """The first are filled without a compiled `__init__`."""
    ours, standard = define(dataclass, **options), define(dataclasses.dataclass, **options)
    check_values(ours, standard)
    for _ in range(20):
        ours(name="a")
    assert callable(vars(ours)["__init__"]), "compiled"
    check_values(ours, standard)


def check_values(ours: Any, standard: Any) -> None:
    one, other = (each(name="a", tags=["x"]) for each in (ours, standard))
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert repr(one) == repr(other) or "at 0x" in repr(other)
    for first, second in ({"name": "a"}, {"name": "a", "key": "b"}), ({"name": "a"}, {"name": "b"}):
        assert (ours(**first) == ours(**second)) is (standard(**first) == standard(**second))
    assert one != other
    assert (ours.__hash__ is None) is (standard.__hash__ is None)
    assert one.tags is not ours(name="a").tags
    with pytest.raises(AssertionError):
        ours(name="")
    for wrong in ({}, {"name": "a", "colour": 1}):
        with pytest.raises(TypeError):
            ours(**wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A value that can be pickled, since its class is found by name."""

    x: int
    y: tuple[int, ...] = ()


def test_a_frozen_value_cannot_be_changed_but_copied_pickled_and_replaced() -> None:
    point = Point(x=1, y=(2,))
    with pytest.raises(FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert [copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))] == [point] * 3  # noqa: S301
    assert dataclasses.replace(point, x=3) == Point(x=3, y=(2,))
    assert {point, Point(x=1, y=(2,))} == {point}


def test_positional_values_and_those_of_a_child_class_are_the_same() -> None:
    @dataclass(frozen=True, slots=True)
    class Pair:
        """Two numbers."""

        left: int
        right: int = 2

    @dataclass(frozen=True, slots=True)
    class Triple(Pair):
        """Three."""

        third: int = 3

    assert dataclasses.astuple(Triple(1)) == (1, 2, 3)
    assert Triple(1, third=4) == Triple(1, 2, 4) != Pair(1, 2)
    assert "left" not in Triple.__slots__
    match Triple(7, 8):
        case Pair(left, right):
            assert (left, right) == (7, 8)
        case _:
            raise AssertionError("the class is matched by position")
