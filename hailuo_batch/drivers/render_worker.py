"""A worker process, seen from inside: it draws, measures or decodes what each line of its input describes, and answers
each with a line.

Both ends of the protocol are in this file, so that they cannot drift apart. `render_pool.py` starts workers, gives them
sketches and ends them. A worker ends when its input does, so it need not watch the run: a killed run closes the input.
"""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from errno import EIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.core.measures import ClipMeasures, GivenImage, measures_dict, parse_measures
from hailuo_batch.errors import HailuoError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import open_regular

if TYPE_CHECKING:
    from hailuo_batch.core.plan.render_names import StillAt
    from hailuo_batch.core.sketch import Sketch


def encode_request(sketch: "Sketch", target: Path) -> bytes:
    """The line that orders a drawing of the sketch at `target`."""
    return _encode_line({"sketch": sketch, "target": target})


def encode_measuring(clip: Path, given: Iterable[GivenImage], stills: "Mapping[StillAt, Path]") -> bytes:
    """The line that orders the measures of a clip, and its stills at these places."""
    return _encode_line({"measure": clip, "given": list(given), "stills": stills})


def parse_measured(line: bytes) -> ClipMeasures:
    """The measures in the answer; where the clip could not be measured, they say why."""
    answer: dict[str, Any] = json.loads(line)["answer"]
    return parse_measures(answer["measured"])


def encode_checking(clip: Path) -> bytes:
    """The line that orders a clip to be decoded."""
    return _encode_line({"check": clip})


def parse_checked(line: bytes) -> str:
    """Why the clip does not decode; "" when it does."""
    answer: dict[str, Any] = json.loads(line)["answer"]
    return str(answer["damage"])


def is_answer(line: bytes) -> bool:
    """Whether a worker wrote the line; a start-up hook of this Python may print before the worker has begun."""
    return line.startswith(b'{"answer":') and line.endswith(b"\n")


def check_answer(line: bytes) -> None:
    """Returns when the answer reports the sketch; else raises the worker's error again."""
    answer: dict[str, Any] = json.loads(line)["answer"]
    if "refused" in answer:
        summary, why, remedy = answer["refused"]
        raise HailuoError(summary, why=why, remedy=remedy)
    if "unwritten" in answer:
        raise OSError(EIO, answer["unwritten"])


def main() -> None:
    """Draws until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is left to the run, which has a drawing in hand finished
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    for line in sys.stdin.buffer:
        order = json.loads(line)
        answer = _carry_out(order)
        try:
            os.write(answers, _encode_line({"answer": answer}))
        except OSError:  # the run was killed meanwhile: no process is left to take the sketch
            if "target" in order:
                _remove_partial(Path(order["target"]))


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    if "measure" in order:
        return _measure(order)
    if "check" in order:
        return _check(Path(order["check"]))
    return _draw_sketch(order["sketch"], Path(order["target"]))


def _check(clip: Path) -> dict[str, Any]:
    from hailuo_batch.media.decode import check_decoding

    return {"damage": check_decoding(clip) or ""}


def _measure(order: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"measured": measures_dict(_measure_clip(order))}
    except Exception as error:  # noqa: BLE001 - whatever a library makes of a hostile clip, the clip is kept
        why = getattr(error, "why", "") or str(error) or type(error).__name__
        return {"measured": measures_dict(ClipMeasures(failure=why))}


def _measure_clip(order: dict[str, Any]) -> ClipMeasures:
    from hailuo_batch.core.plan.render_names import StillAt
    from hailuo_batch.media.measures import measure_clip

    given = [GivenImage(**each) for each in order["given"]]
    found = measure_clip(Path(order["measure"]), [replace(each, path=_find_unchanged(each)) for each in given])
    for at, target in order["stills"].items():
        if still := found.stills.get(StillAt(at)):
            with suppress(OSError):  # a page without a still has the clip
                write_beside(Path(target), still)
    return found.measures


def _find_unchanged(given: GivenImage) -> str:
    """The file, if it is still the image that the request names; a clip is kept by its digest, and is."""
    if given.frame:
        return given.path
    try:
        with open_regular(given.path) as file:
            is_same = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == given.digest
    except OSError:
        is_same = False
    return given.path if is_same else ""


def _draw_sketch(members: dict[str, Any], target: Path) -> dict[str, Any]:
    from hailuo_batch.core.sketch import Sketch, Still
    from hailuo_batch.media.animatic.draw import draw

    stills = {end: Still(**members[end]) for end in ("first", "last") if members[end]}
    try:
        draw(Sketch(**{**members, **stills}), target)
    except HailuoError as error:
        _remove_partial(target)
        return {"refused": [error.summary, error.why, error.remedy]}
    except OSError as error:
        _remove_partial(target)  # where there is no room, half a drawing would only take more of it
        return {"unwritten": error.strerror or str(error)}
    return {}


def _remove_partial(target: Path) -> None:
    with suppress(OSError):
        target.unlink(missing_ok=True)


def _encode_line(value: dict[str, Any]) -> bytes:
    """ASCII: a name that is no UTF-8 goes through as it is."""
    return json.dumps(value, default=_encode_member).encode() + b"\n"


def _encode_member(value: Any) -> object:
    """A path, or a dataclass by its members; `asdict` would copy each string, and takes twice as long."""
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return os.fspath(value)


if __name__ == "__main__":
    main()
    os._exit(0)  # there is nothing to put away, and taking the libraries down in order takes longer than ending
