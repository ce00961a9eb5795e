"""What has moved since a plan was saved, in a way that matters: shot, field, the value then and now.

What finished meanwhile is done, and a task that runs is followed: neither is a difference. Whatever would be sent or
charged otherwise than the file says is one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hailuo_batch.core.plan.plan import Action, StepReason, TakeName
from hailuo_batch.core.plan.saved_plan import SavedPlan, Tree, one_line, parse_money, step_label, take_names
from hailuo_batch.values import dataclass

_NOT_SENT_AGAIN = frozenset({Action.REUSE, Action.RESUME, Action.FETCH})
# A doubt is settled by a person, and a clip that the lock names is copied: nothing is bought meanwhile.
_HELD_WITHOUT_HARM = frozenset(
    {
        StepReason.IN_DOUBT,
        StepReason.DOUBT_ELSEWHERE,
        StepReason.HELD,
        StepReason.STORED_ELSEWHERE,
        StepReason.LOCKED_ELSEWHERE,
        StepReason.ACCEPTED_ELSEWHERE,
    }
)
_EXCERPT = 60  # characters of a text that a message shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference: whose, in which field, and both values as people read them."""

    take: str
    field: str
    before: str
    now: str

    def __str__(self) -> str:
        return one_line(f"{self.take}: {self.field}: {self.before} → {self.now}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentStep:
    """What the plan of now says of a take: its part as a file would have it, and why it is there."""

    tree: Tree
    why: StepReason

    @property
    def is_settled(self) -> bool:
        """Whether nothing is submitted for it: it is done, followed, or waits for a person as it did."""
        return self.why.action in _NOT_SENT_AGAIN or self.why in _HELD_WITHOUT_HARM


def find_drift(saved: SavedPlan, now: Mapping[TakeName, CurrentStep], header: Tree) -> tuple[Drift, ...]:
    """Every difference that matters; `header` is what the file would say of all steps together now.

    That matters only where something is still to be submitted.
    """
    found = [drift for step in saved.steps if "left_out" not in step for drift in _step_drift(step, now)]
    open_steps = [step for step in saved.steps if step["buys"] and _is_open(step, now)]
    if open_steps:
        label = step_label(open_steps[0])
        if len(open_steps) > 1:
            label += f" and {len(open_steps) - 1:,} more"
        used = {way["provider"] for step in open_steps for way in step["routes"]}
        found += _header_drift(saved.tree, header, label, used)
    return tuple(dict.fromkeys(found))


def _is_open(step: Tree, now: Mapping[TakeName, CurrentStep]) -> bool:
    return any((current := now.get(name)) is None or not current.is_settled for name in take_names(step))


def _step_drift(step: Tree, now: Mapping[TakeName, CurrentStep]) -> Iterator[Drift]:
    for name in take_names(step):
        current = now.get(name)
        if current is None:
            yield Drift(take=name.label, field="shot", before="in the manifest", now="not in the manifest")
            continue
        yield from _request_drift(name.label, step, current.tree)
        yield from _ledger_drift(name.label, step, current)
        if current.tree["buys"] and step["buys"]:
            yield from _route_drift(name.label, step, current.tree)


def _request_drift(label: str, step: Tree, current: Tree) -> Iterator[Drift]:
    before, now = step["request"], current["request"]
    fields = [name for name in {**before, **now} if name != "take" and before.get(name) != now.get(name)]
    for name in fields:
        if name not in {"first", "last"}:
            yield _make_drift(label, name, before.get(name), now.get(name))
        elif not _is_same_chain(name, step, current):
            yield _make_drift(label, f"{name} frame", _name_frame(name, step), _name_frame(name, current))
    if not fields:
        if step.get("prompt_digest") != current.get("prompt_digest"):
            yield Drift(take=label, field="prompt", before="an address in it", now="another signature of the address")
        elif step["fingerprint"] and step["fingerprint"] != current["fingerprint"]:
            yield _make_drift(label, "fingerprint", step["fingerprint"], current["fingerprint"] or None)
    if not any(name in {"first", "last"} for name in fields):
        yield from _frame_drift(label, step, current)


def _is_same_chain(end: str, step: Tree, current: Tree) -> bool:
    """Whether a frame is still that of the same shot, whose clip was made since."""
    link = step["request"].get(end)
    if not isinstance(link, dict) or "shot" not in link:
        return False
    return any(frame == {"end": end, **link} for frame in current["frames"])


def _frame_drift(label: str, step: Tree, current: Tree) -> Iterator[Drift]:
    """Frames with the same bytes that are sent otherwise: from another address, or no longer by address."""
    before, now = ({frame["end"]: frame for frame in each["frames"]} for each in (step, current))
    for end in before.keys() | now.keys():
        if _sent_frame(before.get(end)) != _sent_frame(now.get(end)):
            yield _make_drift(label, f"{end} frame", _name_frame(end, step), _name_frame(end, current))


def _sent_frame(frame: Tree | None) -> object:
    """A frame without the name of its file, which nobody is sent."""
    return frame and {name: value for name, value in frame.items() if name != "file"}


def _name_frame(end: str, step: Tree) -> str | None:
    frame = next((each for each in step["frames"] if each["end"] == end), None)
    if frame is None:
        return None
    if "shot" in frame:
        image = step["request"].get(end)
        clip = f", clip {_short(image['artifact'])}" if isinstance(image, dict) and "artifact" in image else ""
        take = f"#{frame['take']}" if "take" in frame else ""
        return f"{frame['frame']} frame of {frame['shot']}{take}{clip}"
    bound = f", address {_short(frame['url_digest'])}" if "url_digest" in frame else ""
    content = _short(frame["digest"]) if "digest" in frame else "no image"
    return f"{frame.get('file') or frame.get('url')} ({content}{bound})"


def _ledger_drift(label: str, step: Tree, current: CurrentStep) -> Iterator[Drift]:
    """What the ledger says otherwise, where it would cost money, or keep a take from being made that the plan buys."""
    before = f"{step['action']} ({step['why']})"
    now = f"{current.why.action} ({current.tree['why']})"
    if current.why is StepReason.ACCEPTED and step["buys"]:
        yield Drift(take=label, field="review", before=before, now=now)
    elif current.is_settled:
        return
    elif current.tree["buys"] and not step["buys"]:
        yield Drift(take=label, field="ledger", before=before, now=f"{now}, which would be bought")
    elif step["buys"] and not current.tree["buys"]:
        cap = current.tree.get("left_out")
        yield Drift(take=label, field="cap" if cap else "ledger", before=before, now=cap or now)
    elif step["buys"] and current.tree["charged"] > step["charged"]:
        why = "an attempt since then may have been charged, and has no clip"
        yield Drift(take=label, field="ledger", before=before, now=f"{now}: {why}")
    elif step["buys"] and current.tree.get("attempts", 0) > step.get("attempts", 0):
        yield Drift(take=label, field="ledger", before=before, now=f"{now}: an attempt since then failed, too")
    elif step["action"] in _NOT_SENT_AGAIN and current.why.action is Action.HOLD:
        yield Drift(take=label, field="ledger", before=before, now=now)


def _route_drift(label: str, step: Tree, current: Tree) -> Iterator[Drift]:
    """Who gets the request, and for how much. The date and the source of an unchanged price do not matter."""
    before, now = ([way["provider"] for way in each["routes"]] for each in (step, current))
    if before != now:
        yield _make_drift(label, "providers", ", ".join(before), ", ".join(now))
        return
    for old, new in zip(step["routes"], current["routes"], strict=True):
        prices = [parse_money(way.get("price")) for way in (old, new)]
        if prices[0] != prices[1] or old.get("free") != new.get("free"):
            words = [str(price) if price else "unknown" for price in prices]
            yield Drift(take=label, field=f"price at {old['provider']}", before=words[0], now=words[1])


def _header_drift(before: Tree, now: Tree, label: str, used: Iterable[str]) -> Iterator[Drift]:
    def compare(field: str, old: object, new: object, show: Callable[[Any], str | None] = str) -> Iterator[Drift]:
        if old != new:
            yield _make_drift(label, field, show(old), show(new))

    yield from compare("version of fingerprints", before["fingerprint_version"], now["fingerprint_version"])
    yield from compare("version of hailuo-batch", before["tool"], now["tool"])
    yield from compare("caps", before["caps"], now["caps"], show=lambda caps: "; ".join(caps) or None)
    yield from compare("strip_metadata", before["strip_metadata"], now["strip_metadata"])
    rows, rows_now = before["tables"], now["tables"]
    yield from compare(f"model {before['model']}", rows["model"], rows_now["model"], show=_short)
    for name in sorted(used):
        yield from compare(f"provider {name}", rows["providers"].get(name), rows_now["providers"].get(name), _short)


def _short(digest: str | None) -> str | None:
    return None if digest is None else digest.removeprefix("sha256:")[:12]


def _make_drift(take: str, field: str, before: object, now: object) -> Drift:
    """A difference in words; of long prompts, what is around the first letter that differs."""
    texts = ["none" if value is None else str(value) for value in (before, now)]
    if field == "prompt":
        texts = [one_line(text) for text in texts]
        start = _find_difference(*texts) - _EXCERPT // 2 if max(map(len, texts)) > _EXCERPT else 0
        texts = [f'"{_cut(text, max(0, start))}"' for text in texts]
    return Drift(take=take, field=field, before=texts[0], now=texts[1])


def _find_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _cut(text: str, start: int) -> str:
    end = start + _EXCERPT
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")
