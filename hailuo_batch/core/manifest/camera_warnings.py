"""What a person should know about the brackets in the prompts of a manifest's shots."""

from collections.abc import Iterator

from hailuo_batch.core.manifest.camera import CameraRemark, camera_remarks, describe_remarks
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem, Rule


def camera_warnings(shots: tuple[Shot, ...]) -> Iterator[Problem]:
    """Warnings about brackets, one of a kind for each entry of the manifest, however many brackets and shots it has."""
    found: dict[tuple[int, Rule], dict[str, CameraRemark]] = {}
    ids: dict[tuple[int, Rule], list[str]] = {}
    for shot in shots:
        if "[" not in shot.prompt or not (remarks := camera_remarks(shot.prompt)):
            continue
        for remark in remarks:
            found.setdefault((shot.index, remark.rule), {}).setdefault(remark.bracket, remark)
        for rule in {remark.rule for remark in remarks}:
            ids.setdefault((shot.index, rule), []).append(shot.id)
    for (index, rule), brackets in found.items():
        yield Problem(
            rule=rule,
            why=f'shot "{ids[index, rule][0]}": {describe_remarks(tuple(brackets.values()))}',
            path=("shots", index, "prompt"),
            count=len(ids[index, rule]),
            shot=ids[index, rule][0],
        )
