from core_samples import planned, shot

from hailuo_batch.core.plan.dropped_shots import DroppedShot, find_dropped_shots
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile


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
