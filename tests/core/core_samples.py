"""Values to build cores from, with nothing in them that a test does not say."""

from decimal import Decimal
from textwrap import dedent
from typing import Any

from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.manifest.document import (
    NO_FRAMES,
    NO_SETTINGS,
    FileFrame,
    FrameRole,
    Frames,
    Manifest,
    Settings,
    ShotEntry,
    ShotFrame,
)
from hailuo_batch.core.manifest.interpolate import scalar_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, Plan, PlanInputs
from hailuo_batch.core.plan.plan_cost import PurchaseSum, list_purchases, sum_purchases
from hailuo_batch.core.plan.planner import make_plan
from hailuo_batch.core.providers.offers import Provider, Route
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.core.switches import DEFAULT_SWITCHES, SWITCH_NAMES, pick_switches
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.model_tables import read_model

HAILUO_02, ANIMATIC = read_model("hailuo-02"), read_model("animatic")
PAID = Route(provider="minimax", estimate=Money(amount=Decimal("0.28"), currency="USD"))
FREE = Route(provider="animatic", estimate=None, free=True)
PICTURE = Frames(first=FileFrame(path="open.png"))
SEEN = {FileFrame(path="open.png"): ImageRef(digest="sha256:" + "0" * 64)}


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def shot(name: str = "open", **members: Any) -> Shot:
    """A shot that writes its length and size itself; `duration_path` and its like say where it is written instead."""
    plain = {
        "index": 0, "prompt": "a bottle in mist", "frames": NO_FRAMES, "duration": 6, "resolution": "768p", "takes": 1,
        "tags": (), "switches": DEFAULT_SWITCHES, "notes": "",
    }  # fmt: skip
    index = members.get("index", 0)
    own = {key: ("shots", index, key) for key in ("duration", "resolution")}
    given = {key: members.pop(key) for key in list(members) if key.endswith("_path")}
    places = {**own, **{key.removesuffix("_path"): path for key, path in given.items()}}
    return Shot(**{"id": name, **plain, "places": places, **with_switches(members)})


def with_switches(members: dict[str, Any]) -> dict[str, Any]:
    """The members with switches that stand among them gathered; None is a switch that is not there."""
    said = {name: members[name] for name in SWITCH_NAMES if name in members}
    others = {name: value for name, value in members.items() if name not in said}
    return {**others, "switches": pick_switches({**dict(DEFAULT_SWITCHES), **said})} if said else members


def after_shot(giver: str, end: FrameRole = FrameRole.LAST) -> Frames:
    return Frames(first=ShotFrame(shot=giver, frame=end))


def entry(name: str = "open", prompt: str = "a bottle in mist", **members: Any) -> ShotEntry:
    """An entry of the list; a matrix may be given as words alone."""
    plain: dict[str, Any] = {"index": 0, "frames": NO_FRAMES, "settings": NO_SETTINGS}
    matrix = {name: phrases(values) for name, values in members.pop("matrix", {}).items()}
    return ShotEntry(id=name, prompt=prompt, matrix=matrix, **{**plain, **members})


def phrases(values: Any) -> dict[str, str]:
    return values if isinstance(values, dict) else {scalar_text(value): scalar_text(value) for value in values}


def manifest(*entries: ShotEntry, **members: Any) -> Manifest:
    plain: dict[str, Any] = {
        "campaign": "teaser", "model": "hailuo-02", "providers": (), "budget": None, "variables": {}, "styles": {},
        "defaults": Settings(),
    }  # fmt: skip
    return Manifest(shots=entries, **{**plain, **members})


def written(text: str) -> Manifest:
    """The manifest of a YAML text, to which version and campaign are added."""
    found, problems = read_manifest(f"version: 1\ncampaign: teaser\n{dedent(text)}".encode(), name="teaser.yaml")
    assert found is not None, problems
    return found


def in_a_row(*entries: ShotEntry, **members: Any) -> Manifest:
    """The same, with each entry at its own index."""
    from dataclasses import replace

    return manifest(*(replace(each, index=index) for index, each in enumerate(entries)), **members)


def request(**members: Any) -> Request:
    plain = {
        "model": "hailuo-02", "prompt": "a bottle in mist", "duration": 6, "resolution": "768p", "first": None,
        "last": None, "switches": DEFAULT_SWITCHES, "take": 1,
    }  # fmt: skip
    return Request(**{**plain, **with_switches(members)})


def provider(name: str = "minimax", **members: Any) -> Provider:
    plain = {"name": name, "title": name.title(), "key": "KEY", "model": HAILUO_02, "offers": {}}
    return Provider(**{**plain, **members})


def standing(stage: Stage = Stage.STORED, *, digest: str | None = "sha256:aa", **members: Any) -> Standing:
    return Standing(**{"attempt": 1, "stage": stage, "provider": "minimax", "digest": digest, **members})


def grounds(*shots: Shot, route: Route = PAID, **members: Any) -> PlanInputs:
    plain: dict[str, Any] = {
        "model": HAILUO_02, "images": SEEN, "standings": {}, "last_renders": {}, "locked_clips": {},
        "stored_digests": frozenset(), "routes": {each.needs: route for each in shots},
    }  # fmt: skip
    return PlanInputs(**{**plain, **members})


def planned(*shots: Shot, route: Route = PAID, **members: Any) -> Plan:
    return make_plan(shots, grounds(*shots, route=route, **members), campaign="teaser")


def stored(plan: Plan) -> dict[str, Any]:
    """What the grounds are after everything that a plan submits was rendered and kept."""
    marks = {step.fingerprint: f"sha256:{step.fingerprint[3:]}" for step in plan.steps if step.fingerprint}
    return {
        "standings": {mark: standing(digest=digest) for mark, digest in marks.items()},
        "stored_digests": frozenset(marks.values()),
        "last_renders": {
            use.shot.id: LastRender(version=use.version, take=use.take, fingerprint=step.fingerprint)
            for step in plan.steps
            for use in step.uses
            if step.fingerprint and use.take == 1
        },
    }


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
digests = st.integers(0, 2**32).map(lambda number: f"sha256:{number:064x}")
inputs = st.none() | st.builds(ImageRef, digest=digests, frame=st.none() | st.sampled_from(FrameRole))
switches = st.fixed_dictionaries({name: st.none() | st.booleans() for name in SWITCH_NAMES}).map(pick_switches)
requests = st.builds(
    Request,
    model=st.sampled_from(["hailuo-02", "animatic"]),
    prompt=words,
    duration=st.integers(1, 60) | st.sampled_from(["short", "long", "500ms", "6400ms"]),
    resolution=st.sampled_from(["512p", "768p", "1080p"]),
    first=inputs,
    last=inputs,
    switches=switches,
    take=st.integers(1, 99),
)


def buys(plan: Plan) -> PurchaseSum:
    """What a run of the plan would buy."""
    return sum_purchases(list_purchases(plan.steps))
