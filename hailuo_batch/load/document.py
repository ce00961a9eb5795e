"""Reads the bytes of a YAML file into plain values, and says in plain words what is wrong with them.

A good file is gone through once (`yaml/builder.py`). Places are not kept while building; when there is something to
show, a second pass over the events finds them (`yaml/places.py`).

What it does not know: what a manifest is. It opens no file; whoever calls has the bytes.
"""

import codecs
from contextlib import suppress
from dataclasses import dataclass

import yaml

from hailuo_batch.core.problem import Problem
from hailuo_batch.load.yaml.builder import Builder
from hailuo_batch.load.yaml.duplicate_keys import wrong_keys
from hailuo_batch.load.yaml.encoding import unfit_bytes
from hailuo_batch.load.yaml.events import events
from hailuo_batch.load.yaml.locate import locate
from hailuo_batch.load.yaml.problems import Findings, Stop

__all__ = ["Document", "locate", "read_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as plain values. `tree` is None when a problem left no whole tree to speak of."""

    name: str
    data: bytes
    tree: object
    problems: tuple[Problem, ...]


def read_document(data: bytes, *, name: str) -> Document:
    """The values of a YAML file and every problem found in it; no bytes make it raise."""
    payload = data.removeprefix(codecs.BOM_UTF8)
    findings = Findings()
    unfit = unfit_bytes(data, payload)
    if unfit is None:
        tree = _tree(payload, findings)
    else:
        tree = None
        findings.add(unfit)
    return Document(name=name, data=data, tree=tree, problems=findings.placed(payload, name))


def _tree(payload: bytes, findings: Findings) -> object:
    builder = Builder(findings, size=len(payload))
    try:
        builder.build(events(payload))
    except yaml.YAMLError as error:
        from hailuo_batch.load.yaml.syntax_errors import explain

        builder.stopped(explain(error, payload))
    except Stop as stop:
        builder.stopped(stop.findings)
    with suppress(Stop):
        _look_back(builder, payload)
    return builder.tree()


def _look_back(builder: Builder, payload: bytes) -> None:
    """Adds what could not be said while reading: keys to be placed, marks that nothing used."""
    if builder.keys_wrong:
        for finding in wrong_keys(payload):
            builder.findings.add(finding)
    for finding in builder.unused_marks():
        builder.findings.add(finding)
