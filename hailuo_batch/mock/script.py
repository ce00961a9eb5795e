"""Reads a script: a YAML or JSON file that says how the mock behaves. A wrong one is an InputError.

seed: 7
task: {queued: 2, running: 8, spread: 0.3}
balance: {minimax: 3.00}
faults:
  - {fault: throttled, gateway: minimax, call: submit, first: 2, retry_after: 1}
  - {fault: server_error, status: 503, accepted: true, rate: 0.05}
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.errors import InputError
from hailuo_batch.load.document import read_document
from hailuo_batch.load.openapi import openapi_names
from hailuo_batch.mock.fault import OF_A_TASK, PLACES, Fault, FaultKind
from hailuo_batch.mock.messages import CallKind
from hailuo_batch.mock.rule import Rule, Script

_TOP = ("seed", "task", "link_seconds", "balance", "keys", "faults")
_TASK = ("queued", "running", "spread")
_FAULT = tuple(field.name for field in fields(Fault) if field.name != "kind")
_RULE = ("fault", "gateway", "call", "prompt", "nth", "first", "every", "rate", "each", *_FAULT)

Word = TypeVar("Word", bound=StrEnum)


def read_script(path: Path) -> Script:
    """The script in a file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the script {path}", why=error.strerror or "") from error
    document = read_document(data, name=path.name)
    if document.problems:
        problem = document.problems[0]
        raise InputError(f"{path}: {problem.summary}", why=problem.why, remedy=problem.remedy)
    return script_of(document.tree if document.tree is not None else {})


def script_of(tree: object) -> Script:
    """The script that plain values make."""
    top = _mapping(tree, "the script")
    _only(top, _TOP, "the script")
    task = _mapping(top.get("task", {}), "task")
    _only(task, _TASK, "task")
    usual = Script()
    return Script(
        seed=_of(top, "seed", int, usual.seed),
        queued=_of(task, "queued", float, usual.queued),
        running=_of(task, "running", float, usual.running),
        spread=_of(task, "spread", float, usual.spread),
        link_seconds=_of(top, "link_seconds", float, None),
        balance=_balance(_mapping(top.get("balance", {}), "balance")),
        keys=tuple(str(key) for key in _list(top.get("keys", []), "keys")),
        rules=tuple(rule(**_mapping(row, "a fault")) for row in _list(top.get("faults", []), "faults")),
    )


def rule(**row: Any) -> Rule:
    """One row under `faults`, by its keys."""
    _only(row, _RULE, "a fault")
    if "fault" not in row:
        raise InputError("a fault without a name", remedy="Write `fault:` and one of its names.")
    kind = _word(FaultKind, row["fault"])
    calls = tuple(_word(CallKind, call) for call in _list(row.get("call", []), "call")) or _usual_calls(kind)
    for call in calls:
        if call not in PLACES[kind]:
            raise InputError(f"{kind} does not happen at {call}", remedy=f"It may stand at {', '.join(PLACES[kind])}.")
    if kind in OF_A_TASK and row.get("accepted") is False:
        raise InputError(f"{kind} cannot happen to a submit that is not accepted", remedy="Leave `accepted` out.")
    return Rule(
        fault=_fault(kind, row),
        gateways=frozenset(_gateway(name) for name in _list(row.get("gateway", []), "gateway")),
        calls=frozenset(calls),
        prompt=_of(row, "prompt", str, ""),
        nth=frozenset(_number(number) for number in _list(row.get("nth", []), "nth")),
        first=_of(row, "first", int, None),
        every=_of(row, "every", int, None),
        rate=_of(row, "rate", float, None),
        each=bool(_of(row, "each", bool, None)),
    )


def _usual_calls(kind: FaultKind) -> tuple[CallKind, ...]:
    """Where a fault stands when its row names no call: a download's at downloads, all others at what costs money."""
    return PLACES[kind][:1]


def _fault(kind: FaultKind, row: Mapping[str, Any]) -> Fault:
    usual = Fault(kind=kind)
    retry_after = row.get("retry_after")
    return Fault(
        kind=kind,
        accepted=_of(row, "accepted", bool, None),
        status=_of(row, "status", int, None),
        code=str(row.get("code", "")),
        text=_of(row, "text", str, ""),
        retry_after=None if retry_after is None else str(retry_after),
        seconds=_of(row, "seconds", float, usual.seconds),
        part=_of(row, "part", float, usual.part),
        bytes=_of(row, "bytes", int, usual.bytes),
        to=_of(row, "to", str, ""),
    )


def _of(row: Mapping[str, Any], name: str, kind: type, usual: Any) -> Any:
    """The value under a name if it is of the kind; whole numbers may stand for others."""
    value = row.get(name)
    if value is None:
        return usual
    wanted = (int, float) if kind is float else (kind,)
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{name}: {value!r} is no {_PLAIN[kind]}")
    return kind(value)


_PLAIN = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def _only(row: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for name in row:
        if name not in known:
            remedy = did_you_mean(str(name), tuple(known)) or f"It may say {', '.join(known)}."
            raise InputError(f"{where} says {name}, which nothing reads", remedy=remedy)


def _word(words: type[Word], text: object) -> Word:
    try:
        return words(str(text))
    except ValueError:
        known = tuple(words)
        remedy = did_you_mean(str(text), known) or f"Known are {', '.join(known)}."
        raise InputError(f"{text} is no {words.__name__.removesuffix('Kind').lower()}", remedy=remedy) from None


def _gateway(name: object) -> str:
    known = openapi_names()
    if name not in known:
        raise InputError(f"unknown gateway: {name}", remedy=f"Known are {', '.join(known)}.")
    return str(name)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"nth: {value!r} is no number from 1 on")
    return value


def _balance(rows: Mapping[str, Any]) -> dict[str, Decimal]:
    found = {}
    for name, amount in rows.items():
        try:
            found[_gateway(name)] = Decimal(str(amount))
        except InvalidOperation:
            raise InputError(f"balance of {name}: {amount!r} is no amount") from None
    return found


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{what} is not made of names and values")
    return value


def _list(value: object, what: str) -> tuple[Any, ...]:
    """A list, or one value that stands for a list of one."""
    if isinstance(value, Mapping):
        raise InputError(f"{what} is a mapping where a list belongs")
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
