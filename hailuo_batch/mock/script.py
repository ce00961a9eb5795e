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
from hailuo_batch.mock.fault import ALLOWED_CALLS, TASK_FAULTS, Fault, FaultKind
from hailuo_batch.mock.messages import CallKind
from hailuo_batch.mock.rule import Rule, Script

_SCRIPT_KEYS = ("seed", "task", "link_seconds", "balance", "keys", "faults")
_TASK_KEYS = ("queued", "running", "spread")
_FAULT_KEYS = tuple(field.name for field in fields(Fault) if field.name != "kind")
_RULE_KEYS = ("fault", "gateway", "call", "prompt", "nth", "first", "every", "rate", "each", *_FAULT_KEYS)

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
    return parse_script(document.tree if document.tree is not None else {})


def parse_script(tree: object) -> Script:
    """The script that plain values make."""
    top = _expect_mapping(tree, "the script")
    _check_keys(top, _SCRIPT_KEYS, "the script")
    task = _expect_mapping(top.get("task", {}), "task")
    _check_keys(task, _TASK_KEYS, "task")
    usual = Script()
    return Script(
        seed=_read_value(top, "seed", int, usual.seed),
        queued=_read_value(task, "queued", float, usual.queued),
        running=_read_value(task, "running", float, usual.running),
        spread=_read_value(task, "spread", float, usual.spread),
        link_seconds=_read_value(top, "link_seconds", float, None),
        balance=_parse_balance(_expect_mapping(top.get("balance", {}), "balance")),
        keys=tuple(str(key) for key in _expect_list(top.get("keys", []), "keys")),
        rules=tuple(
            parse_rule(**_expect_mapping(row, "a fault")) for row in _expect_list(top.get("faults", []), "faults")
        ),
    )


def parse_rule(**row: Any) -> Rule:
    """One row under `faults`, by its keys."""
    _check_keys(row, _RULE_KEYS, "a fault")
    if "fault" not in row:
        raise InputError("a fault without a name", remedy="Write `fault:` and one of its names.")
    kind = _parse_word(FaultKind, row["fault"])
    calls = tuple(_parse_word(CallKind, call) for call in _expect_list(row.get("call", []), "call")) or _default_calls(
        kind
    )
    for call in calls:
        if call not in ALLOWED_CALLS[kind]:
            raise InputError(
                f"{kind} does not happen at {call}", remedy=f"It may stand at {', '.join(ALLOWED_CALLS[kind])}."
            )
    if kind in TASK_FAULTS and row.get("accepted") is False:
        raise InputError(f"{kind} cannot happen to a submit that is not accepted", remedy="Leave `accepted` out.")
    return Rule(
        fault=_parse_fault(kind, row),
        gateways=frozenset(_parse_gateway(name) for name in _expect_list(row.get("gateway", []), "gateway")),
        calls=frozenset(calls),
        prompt=_read_value(row, "prompt", str, ""),
        nth=frozenset(_parse_number(number) for number in _expect_list(row.get("nth", []), "nth")),
        first=_read_value(row, "first", int, None),
        every=_read_value(row, "every", int, None),
        rate=_read_value(row, "rate", float, None),
        each=bool(_read_value(row, "each", bool, None)),
    )


def _default_calls(kind: FaultKind) -> tuple[CallKind, ...]:
    """Where a fault stands when its row names no call: a download's at downloads, all others at what costs money."""
    return ALLOWED_CALLS[kind][:1]


def _parse_fault(kind: FaultKind, row: Mapping[str, Any]) -> Fault:
    usual = Fault(kind=kind)
    retry_after = row.get("retry_after")
    return Fault(
        kind=kind,
        accepted=_read_value(row, "accepted", bool, None),
        status=_read_value(row, "status", int, None),
        code=str(row.get("code", "")),
        text=_read_value(row, "text", str, ""),
        retry_after=None if retry_after is None else str(retry_after),
        seconds=_read_value(row, "seconds", float, usual.seconds),
        part=_read_value(row, "part", float, usual.part),
        bytes=_read_value(row, "bytes", int, usual.bytes),
        to=_read_value(row, "to", str, ""),
    )


def _read_value(row: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    """The value under a name if it is of the kind; whole numbers may stand for others."""
    value = row.get(name)
    if value is None:
        return default
    wanted = (int, float) if kind is float else (kind,)
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{name}: {value!r} is no {_TYPE_NAMES[kind]}")
    return kind(value)


_TYPE_NAMES = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def _check_keys(row: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for name in row:
        if name not in known:
            remedy = did_you_mean(str(name), tuple(known)) or f"It may say {', '.join(known)}."
            raise InputError(f"{where} says {name}, which nothing reads", remedy=remedy)


def _parse_word(words: type[Word], text: object) -> Word:
    try:
        return words(str(text))
    except ValueError:
        known = tuple(words)
        remedy = did_you_mean(str(text), known) or f"Known are {', '.join(known)}."
        raise InputError(f"{text} is no {words.__name__.removesuffix('Kind').lower()}", remedy=remedy) from None


def _parse_gateway(name: object) -> str:
    known = openapi_names()
    if name not in known:
        raise InputError(f"unknown gateway: {name}", remedy=f"Known are {', '.join(known)}.")
    return str(name)


def _parse_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"nth: {value!r} is no number from 1 on")
    return value


def _parse_balance(rows: Mapping[str, Any]) -> dict[str, Decimal]:
    found = {}
    for name, amount in rows.items():
        try:
            found[_parse_gateway(name)] = Decimal(str(amount))
        except InvalidOperation:
            raise InputError(f"balance of {name}: {amount!r} is no amount") from None
    return found


def _expect_mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{what} is not made of names and values")
    return value


def _expect_list(value: object, what: str) -> tuple[Any, ...]:
    """A list, or one value that stands for a list of one."""
    if isinstance(value, Mapping):
        raise InputError(f"{what} is a mapping where a list belongs")
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
