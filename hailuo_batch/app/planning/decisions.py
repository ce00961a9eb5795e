"""What people decided about the shots of a manifest, read from its review files and applied to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hailuo_batch.app.workspace.paths import rehearsal_review_path, review_path
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.world import World
from hailuo_batch.load.project_files import ProjectFiles

if TYPE_CHECKING:
    from hailuo_batch.core.plan.review import Review


class Decisions(NamedTuple):
    """What counts in a world (None: nothing was ever decided), the shots with it, and what is wrong with the files."""

    review: "Review | None"
    shots: tuple[Shot, ...]
    problems: tuple[Problem, ...] = ()


def apply_decisions(
    manifest: Path,
    name: str,
    shots: tuple[Shot, ...],
    ids: Sequence[str],
    *,
    world: World,
    root: Path,
    files: ProjectFiles,
) -> Decisions:
    """The shots with the takes that were requested; `name` is the manifest as shown, `ids` are all that it has.

    Omitted shots are among them: who plans leaves them out.
    """
    shared, own = review_path(manifest), None
    if world is World.REHEARSAL:
        own = rehearsal_review_path(files.resolve(manifest), root)
    paths = [path for path in (shared, own) if path and files.exists(path) and not files.is_folder(path)]
    if not paths:
        return Decisions(None, shots)
    from hailuo_batch.core.manifest.frame_links import omitted_giver_problems
    from hailuo_batch.core.plan.review import NO_REVIEW, with_retakes
    from hailuo_batch.core.plan.world_review import review_of_world
    from hailuo_batch.load.review import read_review

    found, problems = {}, list[Problem]()
    for path in paths:
        shown = review_path(Path(name)) if path == shared else path.relative_to(root)
        found[path], wrong = read_review(path, name=shown.as_posix(), shots=ids, files=files)
        problems += wrong
    review = review_of_world(found.get(shared, NO_REVIEW), found.get(own, NO_REVIEW) if own else NO_REVIEW, world)
    problems += omitted_giver_problems(shots, review.omitted)
    made = with_retakes(shots, review)
    return Decisions(review, made, tuple(problems))


def leave_out_omitted(shots: tuple[Shot, ...], review: "Review | None") -> tuple[Shot, ...]:
    """The shots that are planned."""
    if review is None or not (omitted := review.omitted):
        return shots
    return tuple(shot for shot in shots if shot.id not in omitted)
