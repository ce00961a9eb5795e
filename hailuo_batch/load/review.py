"""The review beside a manifest (`film.review.yaml`): read into a `Review` with its problems, and written from one.

It is written by commands and by hand, so everything wrong with it is said with line and column. Written anew it is
sorted by shot, one line for each fact. Where somebody wrote comments, only what was decided is changed in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.plan.review import Acceptance, Retake, Review, ShotReview
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.errors import FileChangedError, StoreError
from hailuo_batch.load.manifest import locate_problems, read_and_validate
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.settings import read_file
from hailuo_batch.load.sidecar import quote_yaml, read_source, replace_source, source_digest

Decided = TypeVar("Decided", Retake, Acceptance)
REVIEW_HEADER = """\
# What was decided about shots: who, when and why. Written by hailuo-batch and by hand; commit it with the manifest.
version: 1
"""


def read_review(
    path: Path, *, name: str, shots: Iterable[str], files: ProjectFiles = DISK
) -> tuple[Review, tuple[Problem, ...]]:
    """A review and everything that is wrong with it; `name` is the file's in messages, `shots` are the manifest's ids.

    An entry of a shot that the manifest does not have stays, with a warning. Raises `InputError` when the file cannot
    be read at all.
    """
    data = read_file(path, files)
    tree, problems = read_and_validate(data, name=name, schema="review")
    entries: Mapping[str, Any] = tree.get("shots", {})
    strangers = tuple(_find_unknown_shots(entries, list(shots)))
    found = (*problems, *locate_problems(strangers, data, name=name)) if strangers else problems
    return Review(shots=_parse_shots(entries), source=source_digest(data)), found


def review_text(review: Review) -> str:
    """The file's text."""
    return REVIEW_HEADER + f"shots:{'' if review.shots else ' {}'}\n" + "".join(_lines(review))


def write_review(path: Path, review: Review) -> None:
    """Writes the review, whole or not at all; `StoreError` when it cannot be."""
    try:
        text = _commented_text(read_source(path), review) or review_text(review)
        replace_source(path, text.encode(), review.source)
    except FileChangedError as changed:
        remedy = "Nothing was decided. Check the file and the branch, then run the command again."
        raise FileChangedError(
            "the review was changed meanwhile, so it was not written over", why=changed.why, remedy=remedy
        ) from None
    except OSError as error:
        why = f"{path}: the system says: {error.strerror}."
        remedy = "Nothing was decided. Make room, or see who may write there, and say it again."
        raise StoreError("the review could not be written", why=why, remedy=remedy) from None


def _commented_text(before: bytes | None, review: Review) -> str | None:
    """The text that was there with these decisions; None where nobody wrote a comment, or where it cannot be kept."""
    if before is None or b"#" not in before.removeprefix(REVIEW_HEADER.encode()):
        return None
    from hailuo_batch.load.review_comments import edit_text

    entries = {shot: dict(_entry_lists(each)) for shot, each in sorted(review.shots.items())}
    text = edit_text(before.decode(errors="replace"), entries)
    tree, _ = read_and_validate((text or "").encode(), name="", schema="review")
    found = {shot: _in_order(each) for shot, each in _parse_shots(tree.get("shots", {})).items()}
    meant = {shot: _in_order(each) for shot, each in review.shots.items()}
    return text if tree and found == meant else None  # it must say the same


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


def _parse_shots(entries: Mapping[str, Any]) -> dict[str, ShotReview]:
    return {shot: _parse_shot(entry) for shot, entry in entries.items()}


def _parse_shot(entry: Mapping[str, Any]) -> ShotReview:
    return ShotReview(
        retakes=tuple(Retake(**{**each, "take": int(each["take"])}) for each in entry.get("retakes", ())),
        acceptances=tuple(Acceptance(**{**each, "take": int(each["take"])}) for each in entry.get("accepted", ())),
    )


def _in_order(shot: ShotReview) -> ShotReview:
    return ShotReview(retakes=_sort(shot.retakes), acceptances=_sort(shot.acceptances))


def _sort(entries: Iterable[Decided]) -> tuple[Decided, ...]:
    return tuple(sorted(entries, key=lambda each: (each.take, each.at)))


def _entry_lists(shot: ShotReview) -> Iterator[tuple[str, tuple[dict[str, str | int], ...]]]:
    """A shot's decisions as the file has them: under which key, member by member."""
    for key, entries, members in (
        ("retakes", _sort(shot.retakes), ("take", "by", "at", "why")),
        ("accepted", _sort(shot.acceptances), ("take", "request", "clip", "made_for", "by", "at", "why")),
    ):
        if entries:
            yield (
                key,
                tuple({name: getattr(each, name) for name in members if _is_written(each, name)} for each in entries),
            )


def _is_written(entry: Retake | Acceptance, member: str) -> bool:
    return member != "why" or bool(entry.why) or isinstance(entry, Acceptance)


def _lines(review: Review) -> Iterator[str]:
    for shot_id, shot in sorted(review.shots.items()):
        yield f"  {quote_yaml(shot_id)}:\n"
        for key, entries in _entry_lists(shot):
            yield f"    {key}:\n"
            for entry in entries:
                for member, value in entry.items():
                    words = str(value) if member in _UNQUOTED_MEMBERS else quote_yaml(str(value))
                    yield f"      {'-' if member == 'take' else ' '} {member}: {words}\n"


_UNQUOTED_MEMBERS = {"take", "request", "clip", "made_for"}
