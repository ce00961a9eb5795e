"""Reads the bytes of a YAML file into plain values, and says in plain words what is wrong with them.

A good file is gone through once (`yaml/builder.py`). Places are not kept while building; when there is something to
show, a second pass over the events finds them (`yaml/places.py`).

What it does not know: what a manifest is. It opens no file; whoever calls has the bytes.
"""

import codecs
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field

import yaml

from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.load.yaml.builder import Builder
from hailuo_batch.load.yaml.cut_texts import find_cut_texts
from hailuo_batch.load.yaml.duplicate_keys import find_invalid_keys
from hailuo_batch.load.yaml.encoding import find_unreadable_bytes
from hailuo_batch.load.yaml.events import parse_events
from hailuo_batch.load.yaml.locate import locate
from hailuo_batch.load.yaml.problems import Findings, StopReading
from hailuo_batch.values import dataclass

__all__ = ["Document", "locate", "read_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as plain values. `tree` is None when a problem left no whole tree to speak of.

    `written` are the numbers that were not written as Python writes them (`1.50`), by their path.
    """

    name: str
    data: bytes
    tree: object
    problems: tuple[Problem, ...]
    written: Mapping[DocumentPath, str] = field(default_factory=dict)


_LONG = 100_000  # bytes from which the quick way is worth it: its patterns cost what the parser takes for 100 shots


def _keep_no_text(_: DocumentPath) -> bool:
    return False


def read_document(data: bytes, *, name: str, keeps_text: Callable[[DocumentPath], bool] = _keep_no_text) -> Document:
    """The values of a YAML file and every problem found in it; no bytes make it raise.

    A number that readers differ about (`010`) is a problem, except where `keeps_text` says that it is text.
    """
    payload = data.removeprefix(codecs.BOM_UTF8)
    findings = Findings()
    unfit = find_unreadable_bytes(data, payload)
    builder = Builder(findings, size=len(payload), keeps_text=keeps_text)
    if unfit is None:
        tree = _read_quickly(builder, payload) if len(payload) >= _LONG else None
        tree = _build_tree(builder, payload) if tree is None else tree
    else:
        tree = None
        findings.add(unfit)
    problems = findings.to_problems(payload, name)
    return Document(name=name, data=data, tree=tree, problems=problems, written=builder.written)


def _read_quickly(builder: Builder, payload: bytes) -> object:
    """What is read by the quick way, without a problem but texts that are cut; else None."""
    from hailuo_batch.load.yaml.plain_lists import read_plain_list  # short files do without its patterns

    found = read_plain_list(payload, builder.keeps_text)
    if found is None:
        return None
    tree, builder.written = found
    with suppress(StopReading):
        _add_late_findings(builder, payload)
    return tree


def _build_tree(builder: Builder, payload: bytes) -> object:
    try:
        builder.build(parse_events(payload))
    except yaml.YAMLError as error:
        from hailuo_batch.load.yaml.syntax_errors import explain_syntax_error

        builder.stop(explain_syntax_error(error, payload))
    except StopReading as stop:
        builder.stop(stop.findings)
    with suppress(StopReading):
        _add_late_findings(builder, payload)
    return builder.tree()


def _add_late_findings(builder: Builder, payload: bytes) -> None:
    """Adds what could not be said while reading: keys to be placed, marks that nothing used."""
    if builder.keys_wrong:
        for finding in find_invalid_keys(payload):
            builder.findings.add(finding)
    for finding in builder.find_unused_anchors():
        builder.findings.add(finding)
    for finding in find_cut_texts(payload):
        builder.findings.add(finding)
