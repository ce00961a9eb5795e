"""The review beside a manifest (`film.review.yaml`): read into a `Review` with its problems, and written from one.

It is written by commands and by hand, so everything wrong with it is said with line and column. Written anew it is
sorted by shot, one line for each fact; comments are not kept, the words behind `why` are.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.plan.review import Acceptance, Retake, Review, ShotReview
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.errors import FileChangedError, StoreError
from hailuo_batch.load.manifest import locate_problems, read_and_validate
from hailuo_batch.load.settings import read_file
from hailuo_batch.load.sidecar import quote_yaml, replace_source, source_digest

REVIEW_HEADER = """\
# What was decided about shots: who, when and why. Written by hailuo-batch and by hand; commit it with the manifest.
version: 1
"""


def read_review(path: Path, *, name: str, shots: Iterable[str]) -> tuple[Review, tuple[Problem, ...]]:
    """A review and everything that is wrong with it; `name` is the file's in messages, `shots` are the manifest's ids.

    An entry of a shot that the manifest does not have stays, with a warning. Raises `InputError` when the file cannot
    be read at all.
    """
    data = read_file(path)
    tree, problems = read_and_validate(data, name=name, schema="review")
    entries: Mapping[str, Any] = tree.get("shots", {})
    strangers = tuple(_find_unknown_shots(entries, list(shots)))
    found = (*problems, *locate_problems(strangers, data, name=name)) if strangers else problems
    shots_found = {shot: _parse_shot(entry) for shot, entry in entries.items()}
    return Review(shots=shots_found, source=source_digest(data)), found


def review_text(review: Review) -> str:
    """The file's text."""
    return REVIEW_HEADER + f"shots:{'' if review.shots else ' {}'}\n" + "".join(_lines(review))


def write_review(path: Path, review: Review) -> None:
    """Writes the review, whole or not at all; `StoreError` when it cannot be."""
    try:
        replace_source(path, review_text(review).encode(), review.source)
    except FileChangedError as changed:
        remedy = "Nothing was decided. Check the file and the branch, then run the command again."
        raise FileChangedError(
            "the review was changed meanwhile, so it was not written over", why=changed.why, remedy=remedy
        ) from None
    except OSError as error:
        why = f"{path}: the system says: {error.strerror}."
        remedy = "Nothing was decided. Make room, or see who may write there, and say it again."
        raise StoreError("the review could not be written", why=why, remedy=remedy) from None


def _find_unknown_shots(entries: Iterable[str], known: list[str]) -> Iterator[Problem]:
    ids = frozenset(known)
    for shot in entries:
        if shot not in ids:
            near = did_you_mean(shot, known)
            yield Problem(
                rule=rules.REVIEW_SHOT,
                why=f"the manifest has no shot {quote_text(shot)}; what was decided about it is kept, and not used.",
                remedy=f"If it was renamed, rename it here too. {near}".strip(),
                path=("shots", shot),
                on_key=True,
            )


def _parse_shot(entry: Mapping[str, Any]) -> ShotReview:
    return ShotReview(
        retakes=tuple(Retake(**{**each, "take": int(each["take"])}) for each in entry.get("retakes", ())),
        acceptances=tuple(Acceptance(**{**each, "take": int(each["take"])}) for each in entry.get("accepted", ())),
    )


def _lines(review: Review) -> Iterator[str]:
    for shot_id, shot in sorted(review.shots.items()):
        yield f"  {quote_yaml(shot_id)}:\n"
        yield from _list_lines("retakes", shot.retakes, ("by", "at", "why"))
        yield from _list_lines("accepted", shot.acceptances, ("request", "clip", "made_for", "by", "at", "why"))


def _list_lines(key: str, entries: Iterable[Retake | Acceptance], members: tuple[str, ...]) -> Iterator[str]:
    ordered = sorted(entries, key=lambda each: (each.take, each.at))
    if ordered:
        yield f"    {key}:\n"
    for entry in ordered:
        yield f"      - take: {entry.take}\n"
        for member in members:
            words = str(getattr(entry, member))
            if words or member != "why" or isinstance(entry, Acceptance):
                yield f"        {member}: {words if member in _UNQUOTED_MEMBERS else quote_yaml(words)}\n"


_UNQUOTED_MEMBERS = {"request", "clip", "made_for"}
