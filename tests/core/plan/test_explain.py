from dataclasses import replace

from core_samples import FREE, PICTURE, SEEN, after_shot, planned, request, shot, standing, usd

from hailuo_batch.core.manifest.document import FrameRole
from hailuo_batch.core.plan.explain import Explanation, explain_take
from hailuo_batch.core.plan.plan import Action, LastRender, Plan
from hailuo_batch.core.request.fingerprint import fingerprint, preimage
from hailuo_batch.core.request.request import ImageRef


def explained(plan: Plan, name: str = "open", take: int = 1, requests: dict[str, str] | None = None) -> Explanation:
    found = explain_take(plan, name, take, requests or {})
    assert found is not None
    return found


def test_a_take_that_is_not_in_the_plan_has_no_explanation() -> None:
    assert explain_take(planned(shot()), "opne", 1, {}) is None
    assert explain_take(planned(shot()), "open", 2, {}) is None


def test_a_new_take_is_explained_by_its_whole_request() -> None:
    found = explained(planned(shot()))
    assert (found.action, found.reason, found.version) == (Action.SUBMIT, "never rendered", 1)
    assert (found.provider, found.estimate, found.free) == ("minimax", usd("0.28"), False)
    assert {member.name: member.now for member in found.members} == {
        "model": "hailuo-02", "prompt": "a bottle in mist", "duration": 6, "resolution": "768p",
        "prompt_optimizer": True, "fast_pretreatment": False, "watermark": False, "take": 1,
    }  # fmt: skip
    assert not any(member.changed for member in found.members)
    assert found.preimage == preimage(request()).decode()
    assert found.fingerprint == fingerprint(request())


def test_a_changed_take_shows_what_each_member_was() -> None:
    old = request(prompt="before", first=None, watermark=None)
    past = {"open": LastRender(version=1, take=1, fingerprint=fingerprint(old))}
    found = explained(planned(shot(), last_renders=past), requests={fingerprint(old): preimage(old).decode()})
    assert (found.version, found.reason, found.previous_fingerprint) == (2, "the request changed", fingerprint(old))
    changed = {member.name: (member.before, member.now) for member in found.members if member.changed}
    assert changed == {"prompt": ("before", "a bottle in mist"), "watermark": (None, False)}


def test_another_takes_fingerprint_is_not_shown_as_what_this_one_was() -> None:
    old = request(prompt="before", first=None, watermark=None, take=2)
    past = {"open": LastRender(version=1, take=2, fingerprint=fingerprint(old))}
    found = explained(planned(shot(), last_renders=past), requests={fingerprint(old): preimage(old).decode()})
    assert found.previous_fingerprint == ""
    assert [member.name for member in found.members if member.changed] == ["prompt", "watermark"]


def test_a_change_whose_past_is_lost_names_no_member() -> None:
    past = {"open": LastRender(version=1, take=1, fingerprint="v1-lost")}
    found = explained(planned(shot(), last_renders=past))
    assert found.previous_fingerprint == ""
    assert not any(member.changed for member in found.members)


def test_a_waiting_take_has_no_whole_request_yet() -> None:
    found = explained(planned(shot("a"), shot("b", frames=after_shot("a"))), "b")
    assert (found.action, found.preimage, found.fingerprint) == (Action.WAIT, "", "")
    assert found.reason == "it starts from a, not rendered yet"


def test_a_stored_and_shared_take_names_its_clip_its_maker_and_who_shows_it_too() -> None:
    mark = fingerprint(request())
    now = {mark: standing(provider="vtrix")}
    found = explained(planned(shot(), shot("other"), standings=now, stored_digests=frozenset({"sha256:aa"})))
    assert (found.action, found.digest, found.provider, found.shared_with) == (
        Action.REUSE, "sha256:aa", "vtrix", ("other",),
    )  # fmt: skip


def test_what_is_drawn_here_is_free() -> None:
    assert explained(planned(shot(), route=FREE)).free


def test_a_frame_has_the_name_that_the_manifest_gives_it() -> None:
    found = explained(planned(shot(frames=PICTURE), images=SEEN))
    assert [(m.name, m.now, m.label) for m in found.members if m.label] == [
        ("first", next(iter(SEEN.values())).digest, "open.png"),
    ]  # fmt: skip


def test_a_waiting_take_has_every_member_that_is_known_and_the_frame_it_waits_for() -> None:
    chain = (shot("a"), shot("b", prompt="the cap", frames=after_shot("a")))
    [new] = [m for m in explained(planned(*chain), "b").members if m.label]
    assert (new.name, new.now, new.label, new.changed) == ("first", None, "last frame of a, not here yet", False)
    frame = ImageRef(digest="sha256:old", frame=FrameRole.LAST)
    old = {name: request(prompt=words, first=None) for name, words in (("a", "before"), ("b", "the cap"))}
    old["b"] = replace(old["b"], first=frame)
    past = {name: LastRender(version=1, take=1, fingerprint=fingerprint(each)) for name, each in old.items()}
    known = {fingerprint(each): preimage(each).decode() for each in old.values()}
    plan = planned(*chain, last_renders=past, standings={fingerprint(old["a"]): standing(digest="sha256:old")})
    found = explained(plan, "b", requests=known)
    assert (found.action, found.previous_fingerprint, found.version) == (Action.WAIT, fingerprint(old["b"]), 2)
    changed = [(m.name, m.label_before, m.label) for m in found.members if m.changed and m.name == "first"]
    assert changed == [("first", "last frame of a v001", "last frame of a, not here yet")]
