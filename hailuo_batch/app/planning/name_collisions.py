"""No clip takes the name of another: found out before anything is sent."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.validate import Validation, validate_offline
from hailuo_batch.core.attempt.records import RunRecord
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.errors import RefusedError

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun


def find_sibling_manifests(runs: Iterable[RunRecord], validation: Validation) -> tuple[Path, ...]:
    """Other manifests that gave names of this campaign. One that was moved or deleted since has no say."""
    kind = (validation.campaign, validation.sketch)
    names = dict.fromkeys(each.manifest for each in runs if (each.campaign, each.sketch) == kind)
    files = dict.fromkeys(file.resolve() for name in names if (file := validation.project.find_manifest(name)))
    return tuple(file for file in files if file != validation.file.resolve())


def refuse_name_collisions(planned: "PlannedRun", *, together: Iterable["PlannedRun"] = ()) -> None:
    """Raises `RefusedError` when a clip would get a name that is taken; nothing has been sent then.

    The manifests that are planned `together` were compared with each other when they were read.
    """
    _refuse_shared_shots(planned, {each.validation.file.resolve() for each in together})
    if not planned.details.names and not planned.listings.names:
        return  # no clip has a name yet
    campaign, sketch = planned.plan.campaign, planned.validation.sketch
    for step in (*planned.pending_steps, *planned.unnamed_steps):
        for use in step.uses if step.fingerprint else ():
            name = render_name(campaign, use, sketch=sketch)
            other = planned.details.names.get(name)
            if other not in {None, step.fingerprint} and not _is_same_clip(other, step, planned):
                raise RefusedError(
                    f"the name {name} belongs to another clip",
                    why=f'Another manifest of this project with the campaign "{campaign}" has a shot "{use.shot.id}".',
                    remedy="Give one of the two manifests another campaign, or the shot another id.",
                )
            # Money: a clip that is bought must find its name free; for a drawing it is enough to say so afterwards.
            if name in planned.listings.names and step.action is Action.SUBMIT and not step.route.free:
                raise RefusedError(
                    f"renders/{name} is there already",
                    why="This project does not know it.",
                    remedy="Move it away, then run again.",
                )


def _is_same_clip(other: str | None, step: Step, planned: "PlannedRun") -> bool:
    """Whether the name's clip is the step's own, made for another question: it was accepted for one of the two."""
    accepted = planned.plan.inputs.accepted_clips.get(other or "")
    standing = planned.snapshot.standings.get(other or "") if accepted is None else accepted.standing
    return step.standing is not None and standing is not None and step.standing.digest == standing.digest is not None


def _refuse_shared_shots(planned: "PlannedRun", compared: AbstractSet[Path]) -> None:
    if not planned.details.sibling_manifests:
        return
    wanted = {use.shot.id for step in (*planned.pending_steps, *planned.unnamed_steps) for use in step.uses}
    for file in planned.details.sibling_manifests:
        if file in compared:
            continue
        found = validate_offline(file, world=planned.validation.world)
        if found.campaign == planned.plan.campaign and (shared := sorted(wanted & {shot.id for shot in found.shots})):
            raise RefusedError(
                f'two manifests have a shot "{shared[0]}" in one campaign',
                why=f'{found.name} has the campaign "{found.campaign}" too; their clips would share one file name.',
                remedy="Give one of the two manifests another campaign, or the shot another id.",
            )
