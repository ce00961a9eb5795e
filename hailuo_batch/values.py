"""Dataclasses that cost little to define. It knows nothing of what they hold.

The standard decorator compiles six methods for each class: 0.5 ms of CPU, and a plan loads 150 classes, most of which
it makes few values of. Here a class gets its slots at once, and the rest when it is used: what the standard decorator
finds out about the fields, `__eq__`, `__hash__` and `__repr__`, and an `__init__` that is compiled for many values. The
values, and what `fields`, `replace` and `asdict` do with them, are the same. There is no `order`, no `InitVar` and no
`init=False`.
"""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from dataclasses import dataclass as standard_dataclass
from enum import Enum
from functools import partial
from inspect import get_annotations
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass  # a type checker knows the standard one
else:

    def dataclass(*, slots: bool, frozen: bool = False, kw_only: bool = False, repr: bool = True, eq: bool = True):  # noqa: A002 - the standard's name
        """Makes a class a dataclass with slots; the arguments are those of the standard decorator."""
        if not slots:
            raise TypeError("a value has slots")
        return partial(_define, frozen=frozen, kw_only=kw_only, has_repr=repr, has_eq=eq)


_MANY = 8  # values of a class from which on it is worth compiling its `__init__`


def _define(plain: Any, *, frozen: bool, kw_only: bool, has_repr: bool, has_eq: bool) -> Any:
    """The class again with slots, as the standard decorator makes it again too."""
    names = [name for name, annotation in get_annotations(plain).items() if not _is_of_class(annotation)]
    inherited = {name for base in plain.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
    space = {name: value for name, value in plain.__dict__.items() if name not in names}
    for name in ("__dict__", "__weakref__"):
        space.pop(name, None)
    space["__slots__"] = tuple(name for name in names if name not in inherited)
    for name in ("__dataclass_fields__", "__dataclass_params__", "__match_args__"):
        space[name] = _OnUse(name, partial(_read_standard, plain, name, kw_only))
    space["__init__"] = _InitOnUse(frozen=frozen)
    if has_repr:
        space["__repr__"] = _OnUse("__repr__", _make_repr)
    if has_eq:
        space["__eq__"] = _OnUse("__eq__", _make_eq)
        space["__hash__"] = _OnUse("__hash__", _make_hash) if frozen else None
    if frozen:
        space |= _FROZEN
    made = type(plain)(plain.__name__, plain.__bases__, space)
    made.__qualname__ = plain.__qualname__
    for each in space.values():
        if isinstance(each, _OnUse | _InitOnUse):
            each.owner = made
    return made


def _is_of_class(annotation: Any) -> bool:
    """Whether a variable is one of the class and no field; what belongs to `__init__` alone is refused."""
    words = annotation if isinstance(annotation, str) else repr(annotation)
    if "InitVar" in words:
        raise TypeError("a value has fields, and no InitVar")
    return "ClassVar" in words


class _OnUse:
    """In the place of an attribute of a class until that is read; then it is made, and put there."""

    __slots__ = ("_make", "_name", "owner")

    def __init__(self, name: str, make: Callable[[Any], Any]) -> None:
        self._name, self._make = name, make
        self.owner: Any = None

    def __get__(self, value: object, cls: type) -> Any:
        made = self._make(self.owner)
        setattr(self.owner, self._name, made)
        return made if value is None or not callable(made) else made.__get__(value, cls)


def _read_standard(plain: Any, name: str, kw_only: bool, _: Any) -> Any:  # noqa: FBT001 - a part of `_define`
    """What the standard decorator says of a class, which is shown to it when somebody wants to know."""
    if "__dataclass_fields__" not in plain.__dict__:
        standard_dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(plain)
    return plain.__dict__[name]


class _InitOnUse:
    """In the place of a class's `__init__`: fills the first values field by field, and compiles one for more."""

    __slots__ = ("_fields", "_frozen", "_left", "owner")

    def __init__(self, *, frozen: bool) -> None:
        self.owner: Any = None
        self._frozen, self._left = frozen, _MANY
        self._fields: list[tuple[str, Any, Any, Callable[[Any, Any], None]]] = []

    def __get__(self, value: object, cls: type) -> Callable[..., None]:
        if self._left > 0 and isinstance(value, self.owner):  # `inspect` passes the class itself
            self._left -= 1
            return partial(self._fill, value)
        made = self._compile()
        bound: Callable[..., None] = made if value is None else made.__get__(value, cls)
        return bound

    def _fill(self, value: Any, /, *positional: Any, **given: Any) -> None:
        left = len(given)
        for name, default, make, put in self._read_fields():
            if name in given:
                put(value, given[name])
                left -= 1
            elif make is not MISSING:
                put(value, make())
            elif default is not MISSING:
                put(value, default)
            else:
                left = -1
                break
        if left or positional:
            self._compile()(value, *positional, **given)  # which also says what is wrong
        elif hasattr(value, "__post_init__"):
            value.__post_init__()

    def _read_fields(self) -> list[tuple[str, Any, Any, Callable[[Any, Any], None]]]:
        if not self._fields:
            owner = self.owner
            self._fields = [
                (each.name, each.default, each.default_factory, getattr(owner, each.name).__set__)
                for each in fields(owner)
            ]
        return self._fields

    def _compile(self) -> Any:
        made = _compile_init(self.owner, fields(self.owner), frozen=self._frozen)
        self.owner.__init__ = made
        return made


class _Absent(Enum):
    FACTORY = "<factory>"  # what a signature shows where a factory makes the default

    def __repr__(self) -> str:
        return self.value


def _compile_init(owner: Any, known: Iterable[Field[Any]], *, frozen: bool) -> Callable[..., None]:
    """The `__init__` that anyone would write; fields of a frozen value are set through their slots."""
    if any(not field.init for field in known):
        raise TypeError("a value has no field with init=False")
    names: dict[str, Any] = {"_ABSENT": _Absent.FACTORY}
    lines = [_make_assignment(owner, field, names, frozen=frozen) for field in known]
    if hasattr(owner, "__post_init__"):
        lines.append("self.__post_init__()")
    positional = [_make_parameter(field, names) for field in known if not field.kw_only]
    keywords = [_make_parameter(field, names) for field in known if field.kw_only]
    parameters = ", ".join(["self", *positional, *(["*", *keywords] if keywords else [])])
    exec(f"def __init__({parameters}):\n " + "\n ".join(lines or ["pass"]), names)  # noqa: S102 - names of fields alone
    made = names["__init__"]
    made.__qualname__, made.__module__ = f"{owner.__qualname__}.__init__", owner.__module__
    made.__annotations__ = {field.name: field.type for field in known} | {"return": None}
    return made  # type: ignore[no-any-return]


def _make_parameter(field: Field[Any], names: dict[str, Any]) -> str:
    if field.default_factory is not MISSING:
        names[f"_make_{field.name}"] = field.default_factory
        return f"{field.name}=_ABSENT"
    if field.default is not MISSING:
        names[f"_default_{field.name}"] = field.default
        return f"{field.name}=_default_{field.name}"
    return field.name


def _make_assignment(owner: Any, field: Field[Any], names: dict[str, Any], *, frozen: bool) -> str:
    name = field.name
    value = name if field.default_factory is MISSING else f"_make_{name}() if {name} is _ABSENT else {name}"
    if not frozen:
        return f"self.{name} = {value}"
    names[f"_set_{name}"] = getattr(owner, name).__set__
    return f"_set_{name}(self, {value})"


def _make_repr(owner: Any) -> Callable[[object], str]:
    names = [field.name for field in fields(owner) if field.repr]

    def value_repr(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return recursive_repr()(value_repr)


def _make_reader(owner: Any) -> Callable[[object], object]:
    """What is compared of a value: its fields, in order."""
    names = [field.name for field in fields(owner) if field.compare]
    return attrgetter(*names) if names else lambda _: ()


def _make_eq(owner: Any) -> Callable[[object, object], bool]:
    read = _make_reader(owner)

    def value_eq(self: object, other: object) -> bool:
        return read(self) == read(other) if other.__class__ is self.__class__ else NotImplemented

    return value_eq


def _make_hash(owner: Any) -> Callable[[object], int]:
    read = _make_reader(owner)

    def value_hash(self: object) -> int:
        return hash(read(self))

    return value_hash


def _refuse_assignment(self: object, name: str, value: object) -> None:  # noqa: ARG001 - Python's signature
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: object, name: str) -> None:  # noqa: ARG001 - Python's signature
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _read_state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in fields(self)]


def _write_state(self: Any, state: list[object]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_FROZEN: dict[str, Any] = {
    "__setattr__": _refuse_assignment,
    "__delattr__": _refuse_deletion,
    "__getstate__": _read_state,
    "__setstate__": _write_state,
}
