from core_samples import planned, shot, written

from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.plan.dropped_shots import DroppedShot, find_dropped_shots
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile
from hailuo_batch.core.plan.plan import Step


def lock_of(**prompts: str) -> Lockfile:
    """A lock of shots by id, each with the request of its prompt."""
    shots = {}
    for name, prompt in prompts.items():
        mark = planned(shot(name, prompt=prompt)).steps[0].fingerprint
        take = LockedTake(fingerprint=mark, digest="sha256:aa", provider="minimax")
        shots[name] = LockedShot(version=1, takes={1: take})
    return Lockfile(campaign="teaser", shots=shots)


def test_a_shot_that_left_the_manifest_is_named_and_one_with_its_request_is_its_new_name() -> None:
    plan = planned(shot("fresh", prompt="old words"), shot("kept", prompt="kept"))
    found = find_dropped_shots(lock_of(old="old words", kept="kept", gone="nobody"), plan.steps, ["fresh", "kept"])
    assert found == (DroppedShot(shot="old", renamed_to="fresh"), DroppedShot(shot="gone"))


def test_a_shot_of_the_lock_is_no_new_name() -> None:
    plan = planned(shot("kept", prompt="same"))
    assert find_dropped_shots(lock_of(kept="same", gone="same"), plan.steps, ["kept"]) == (DroppedShot(shot="gone"),)
    assert find_dropped_shots(lock_of(kept="same"), plan.steps, ["kept"]) == ()


def test_shots_with_one_request_each_get_a_new_name_of_their_own() -> None:
    plan = planned(shot("c", prompt="same"), shot("d", prompt="same"))
    found = find_dropped_shots(lock_of(a="same", b="same"), plan.steps, ["c", "d"])
    assert [(each.shot, each.renamed_to) for each in found] == [("a", "c"), ("b", "d")]
    found = find_dropped_shots(lock_of(a="same", b="same"), planned(shot("c", prompt="same")).steps, ["c"])
    assert [(each.shot, each.renamed_to) for each in found] == [("a", "c"), ("b", "c")]


def test_a_renamed_word_of_a_matrix_or_sequence_renames_its_shots_and_a_cell_left_out_is_dropped() -> None:
    pack = "shots: [{id: 'NAME-${s}', prompt: 'a ${s} bottle', matrix: {s: {rose: pink, sea: blue}}}]"
    before = planned(*expand(written(pack.replace("NAME", "sq010")))[0])
    shots = {use.shot.id: LockedShot(version=1, takes={1: _take(step)}) for step in before.steps for use in step.uses}
    lock = Lockfile(campaign="teaser", shots=shots)
    for text, told in (
        (pack.replace("NAME", "sq015"), [("sq010-rose", "sq015-rose"), ("sq010-sea", "sq015-sea")]),
        (pack.replace("NAME", "sq010").replace("rose:", "rosa:"), [("sq010-rose", "sq010-rosa")]),
        (pack.replace("NAME", "sq010").replace("{s: {", "{s: {oud: wood, "), []),
        (pack.replace("NAME", "sq010").replace("}}}", "}}, exclude: [{s: sea}]}"), [("sq010-sea", "")]),
    ):
        found, problems = expand(written(text))
        assert problems == ()
        dropped = find_dropped_shots(lock, planned(*found).steps, [each.id for each in found])
        assert [(each.shot, each.renamed_to) for each in dropped] == told


def _take(step: Step) -> LockedTake:
    return LockedTake(fingerprint=step.fingerprint, digest="sha256:aa", provider="minimax")
