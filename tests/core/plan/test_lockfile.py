from core_samples import grounds, planned, shot, standing, stored, usd
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile, update_lockfile
from hailuo_batch.core.plan.plan import Plan
from hailuo_batch.core.plan.planner import make_plan

EMPTY = Lockfile(campaign="teaser", shots={})


def done(*shots: Shot, **members) -> Plan:
    """The plan after everything in a plan of these shots was rendered."""
    before = planned(*shots, **members)
    return make_plan(shots, grounds(*shots, **stored(before)), campaign="teaser")


def ids(*shots: Shot) -> list[str]:
    return [each.id for each in shots]


def test_a_stored_take_is_locked_with_question_answer_maker_and_cost() -> None:
    first = planned(shot()).steps[0]
    now = {first.fingerprint: standing(digest="sha256:aa", cost=usd("0.28"), provider="vtrix")}
    plan = planned(shot(), standings=now, stored_digests=frozenset({"sha256:aa"}))
    taken = LockedTake(fingerprint=first.fingerprint, digest="sha256:aa", provider="vtrix", cost=usd("0.28"))
    assert update_lockfile(EMPTY, plan, ["open"]).shots == {"open": LockedShot(version=1, takes={1: taken})}


def test_only_stored_takes_are_locked() -> None:
    mark = planned(shot()).steps[0].fingerprint
    for stage in Stage:
        plan = planned(shot(), standings={mark: standing(stage)})
        assert bool(update_lockfile(EMPTY, plan, ["open"]).shots) == (stage is Stage.STORED)


def test_a_clip_with_several_names_is_locked_under_each() -> None:
    shots = (shot("a"), shot("b"))
    lock = update_lockfile(EMPTY, done(*shots), ids(*shots))
    assert lock.shots["a"] == lock.shots["b"]


def test_a_shot_whose_new_version_is_not_stored_yet_keeps_its_old_clips() -> None:
    old = update_lockfile(EMPTY, done(shot(takes=2)), ["open"])
    changed = shot(prompt="another", takes=2)
    pending = make_plan((changed,), grounds(changed, last_renders=old.last_renders), campaign="teaser")
    assert {use.version for step in pending.steps for use in step.uses} == {2}
    assert update_lockfile(old, pending, ["open"]) == old


def test_the_first_stored_take_of_a_new_version_replaces_the_old_one() -> None:
    old = update_lockfile(EMPTY, done(shot(takes=2)), ["open"])
    changed = shot(prompt="another", takes=2)
    first = planned(changed).steps[0].fingerprint
    now = grounds(
        changed, last_renders=old.last_renders, standings={first: standing()}, stored_digests=frozenset({"sha256:aa"})
    )
    lock = update_lockfile(old, make_plan((changed,), now, campaign="teaser"), ["open"])
    assert (lock.shots["open"].version, list(lock.shots["open"].takes)) == (2, [1])


def test_new_takes_join_the_old_ones_and_lowered_takes_leave() -> None:
    two = update_lockfile(EMPTY, done(shot(takes=2)), ["open"])
    three = update_lockfile(two, done(shot(takes=3)), ["open"])
    assert list(three.shots["open"].takes) == [1, 2, 3]
    assert list(update_lockfile(three, done(shot(takes=1)), ["open"]).shots["open"].takes) == [1]


def test_a_shot_that_left_the_manifest_leaves_the_lock() -> None:
    both = update_lockfile(EMPTY, done(shot("a"), shot("b", prompt="q")), ["a", "b"])
    assert list(update_lockfile(both, done(shot("a")), ["a"]).shots) == ["a"]


def test_a_shot_that_was_not_looked_at_stays_locked() -> None:
    both = update_lockfile(EMPTY, done(shot("a"), shot("b", prompt="q")), ["a", "b"])
    assert update_lockfile(both, done(shot("a")), ["a", "b"]) == both


def test_a_lock_knows_its_fingerprints_and_what_each_shot_was() -> None:
    plan = done(shot(takes=2))
    lock = update_lockfile(EMPTY, plan, ["open"])
    assert lock.clips.keys() == {step.fingerprint for step in plan.steps}
    past = lock.last_renders["open"]
    assert (past.version, past.take, past.fingerprint) == (1, 1, plan.steps[0].fingerprint)


def test_a_locked_shot_without_takes_has_no_past() -> None:
    assert Lockfile(campaign="teaser", shots={"open": LockedShot(version=3, takes={})}).last_renders == {}


shots = st.lists(
    st.builds(shot, st.sampled_from("abcde"), prompt=st.sampled_from("xyz"), takes=st.integers(1, 3)),
    unique_by=lambda each: each.id,
    max_size=5,
)


@given(shots)
def test_locking_twice_is_locking_once(of: list[Shot]) -> None:
    plan = done(*of)
    once = update_lockfile(EMPTY, plan, ids(*of))
    assert update_lockfile(once, plan, ids(*of)) == once
    assert {name: len(each.takes) for name, each in once.shots.items()} == {each.id: each.takes for each in of}


@given(shots, shots)
def test_what_the_lock_remembers_gives_every_shot_its_version_again(before: list[Shot], now: list[Shot]) -> None:
    lock = update_lockfile(EMPTY, done(*before), ids(*before))
    facts = stored(planned(*before))
    plan = make_plan(now, grounds(*now, **{**facts, "last_renders": lock.last_renders}), campaign="teaser")
    old = {each.id: each for each in before}
    for step in plan.steps:
        for use in step.uses:
            same = use.shot.id not in old or old[use.shot.id].prompt == use.shot.prompt
            assert use.version == (1 if same else 2)
