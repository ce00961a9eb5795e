"""Properties of the whole language: what changes nothing, and that a problem is where the fault is."""

import random
from collections.abc import Callable
from typing import Any

from core_samples import HAILUO_02
from hypothesis import given, settings
from hypothesis import strategies as st
from language_samples import Tree, dump, trees

from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Severity
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import make_request
from hailuo_batch.load.manifest import locate_problems, read_manifest


def read(text: str) -> Manifest:
    found, problems = read_manifest(text.encode(), name="teaser.yaml")
    assert found is not None, problems
    return found


def marks(shots: tuple[Shot, ...]) -> dict[str, list[str]]:
    """Each shot's fingerprints by its id."""
    return {
        shot.id: [
            fingerprint(make_request(shot, take, model=HAILUO_02, first=None, last=None))
            for take in range(1, shot.takes + 1)
        ]
        for shot in shots
    }


def shuffle(value: Any, chance: random.Random) -> Any:
    """The same with the keys of all mappings in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffle(value[key], chance) for key in keys}
    return [shuffle(each, chance) for each in value] if isinstance(value, list) else value


@given(trees())
@settings(deadline=None, max_examples=40)
def test_expanding_twice_is_the_same_and_has_no_problems(tree: Tree) -> None:
    manifest = read(dump(tree))
    shots, problems = expand(manifest)
    assert problems == ()
    assert (shots, problems) == expand(manifest)
    assert len({shot.id for shot in shots}) == len(shots)


@given(trees(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_order_of_keys_comments_and_line_endings_change_no_fingerprint(tree: Tree, chance: random.Random) -> None:
    other = "# by hand\n" + dump(shuffle(tree, chance)).replace("\n", "\n  # why\n\n")
    shots, problems = expand(read(other.replace("\n", "\r\n")))
    assert problems == ()
    assert marks(shots) == marks(expand(read(dump(tree)))[0])


@given(trees(), st.sampled_from(["meta", "x-own", "title", "tags", "notes", "providers", "unused"]))
@settings(deadline=None, max_examples=40)
def test_what_is_not_sent_changes_no_fingerprint(tree: Tree, what: str) -> None:
    before = marks(expand(read(dump(tree)))[0])
    places = [tree["sequences"][0]] if what == "title" else [tree["shots"][0], tree["shots"][-2]["overrides"][0]]
    values = {"meta": {"a": [1]}, "x-own": 1, "title": "x", "tags": ["new"], "notes": "new", "providers": ["gccai"]}
    for place in places:
        place.update({what: values[what]} if what in values else {})
    if what == "unused":
        tree["vars"]["unused"], tree["styles"]["unused"] = "x", {"suffix": "x"}
    assert marks(expand(read(dump(tree)))[0]) == before


FAULTS: dict[str, Callable[[Tree], object]] = {
    "style-unknown": lambda tree: tree["shots"][0].update(style="FAULT"),
    "style-unknown in a sequence": lambda tree: tree["sequences"][1].update(style="FAULT"),
    "style-unknown in an override": lambda tree: tree["shots"][-2]["overrides"][0].update(style="film.FAULT"),
    "sequence-unknown": lambda tree: tree["shots"][0].update(sequence="FAULT"),
    "sequence-twice": lambda tree: tree["sequences"].append({"id": "sq", "title": "FAULT"}),
    "sequence-empty": lambda tree: tree["sequences"].append({"id": "FAULT"}),
    "cell in exclude": lambda tree: tree["shots"][-2]["exclude"].append({"n1": "FAULT"}),
    "cell with another name": lambda tree: tree["shots"][-2]["exclude"].append({"FAULT": "red"}),
    "cell in include": lambda tree: tree["shots"][-2]["include"].append({"n1": "FAULT"}),
    "cell in where": lambda tree: tree["shots"][-2]["overrides"].append({"where": {"n2": "FAULT"}, "takes": 2}),
    "cell without a matrix": lambda tree: tree["shots"][-1].update(exclude=[{"n1": "FAULT"}]),
    "name-unknown in a tag": lambda tree: tree["sequences"][0].update(tags=["${FAULT}"]),
    "name-unknown in notes": lambda tree: tree["shots"][0].update(notes="${FAULT}"),
    "name-unknown in an override": lambda tree: tree["shots"][-2]["overrides"][0].update(prompt="${FAULT}"),
    "name-unknown in a variant": lambda tree: tree["styles"]["film"]["variants"]["night"].update(prefix="${FAULT}"),
    "variable-unset": lambda tree: tree["vars"].update(bare={"env": "FAULT"}),
    "variable-secret": lambda tree: tree["vars"].update(bare={"env": "FAULT_TOKEN", "default": "x"}),
    "shot-twice": lambda tree: tree["shots"].append({"id": "PLAIN-0", "notes": "FAULT"}),
}


AT_THE_LINE_ABOVE = {"sequence-twice", "shot-twice", "cell without a matrix"}  # the marker is beside the fault


@given(trees(), st.sampled_from(sorted(FAULTS)), st.booleans())
@settings(deadline=None, max_examples=120)
def test_a_problem_is_at_the_line_of_its_fault(tree: Tree, fault: str, windows: bool) -> None:
    FAULTS[fault](tree)
    text = dump(tree)
    text = text.replace("\n", "\r\n") if windows else text
    _, problems = expand(read(text))
    located = locate_problems(problems, text.encode(), name="teaser.yaml")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "FAULT" in line]
    about = {fault.partition(" ")[0], "cell-unused"}
    assert {each.rule.id for each in located if each.severity is Severity.ERROR} <= about
    first = next(each for each in located if each.rule.id == fault.partition(" ")[0])
    assert first.place is not None
    assert lines[0] - first.place.line in ({0, 1} if fault in AT_THE_LINE_ABOVE else {0})
