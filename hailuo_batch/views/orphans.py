"""Tasks without a manifest, as text and as JSON: which are downloaded, which are not, and what gives them names."""

from collections.abc import Iterable, Mapping, Sequence

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.failure_advice import failure_advice
from hailuo_batch.views.format import count, safe_lines, safe_text, single_line
from hailuo_batch.views.plan import MISSING_CLIP_HINT
from hailuo_batch.views.style import PLAIN, TextStyle

MAX_ROWS = 60
UnfetchedTasks = Sequence[tuple[AttemptRecord, Failure | None]]


def draw_orphans(
    fetched: Sequence[AttemptRecord],
    unfetched: UnfetchedTasks,
    missing_manifests: Mapping[str, str],
    style: TextStyle = PLAIN,
    *,
    world: World = World.REAL,
) -> str:
    """Clips downloaded without a name, then tasks still pending; `missing_manifests` is by campaign."""
    lines = []
    if fetched:
        have = "it has" if len(fetched) == 1 else "they have"
        clips = f"{count(len(fetched), 'clip')} whose manifest no longer exists"
        came = f"Downloaded {clips}; {have} no file name in renders/:"
        lines += [style.warning(came), *_orphan_lines(((each, None) for each in fetched), world)]
        lines += _naming_hint(fetched, missing_manifests)
    if unfetched:
        are = "is" if len(unfetched) == 1 else "are"
        left = f"{count(len(unfetched), 'task')} without a manifest {are} still pending:"
        lines += [style.bad(left), *_orphan_lines(unfetched, world)]
        lines += ["  The next fetch tries again. To write one off (if it is ever needed, it is bought again):"]
        first, _ = unfetched[0]
        command = command_line("resolve", f"{first.shot}#{first.take}@{first.id}", world=world)
        lines += [f'    {safe_text(command)} --write-off --reason "..."']
    return "\n".join(lines)


def orphan_dicts(fetched: Sequence[AttemptRecord], unfetched: UnfetchedTasks) -> list[dict[str, object]]:
    """The same as plain data."""
    return [
        *(_orphan_dict(each, None, fetched=True) for each in fetched),
        *(_orphan_dict(*each, fetched=False) for each in unfetched),
    ]


def _orphan_lines(orphans: Iterable[tuple[AttemptRecord, Failure | None]], world: World) -> list[str]:
    lines = []
    known = list(orphans)
    for each, failure in known[:MAX_ROWS]:
        why = f": {single_line(failure.why)}" if failure is not None else ""
        name = f"{safe_text(each.campaign)} {safe_text(each.shot)}#{each.take}"
        lines.append(f"  {name}  task {safe_text(each.task or '?')} at {safe_text(each.provider)}{why}")
        lines += (
            [f"      {line}" for line in safe_lines(failure_advice(failure, world=world)).splitlines()]
            if failure is not None
            else []
        )
    return [*lines, f"  … and {len(known) - MAX_ROWS:,} more"] if len(known) > MAX_ROWS else lines


def _naming_hint(fetched: Sequence[AttemptRecord], missing_manifests: Mapping[str, str]) -> list[str]:
    """How clips without a name get one; no command, for what it would name is not there."""
    campaigns = dict.fromkeys(each.campaign for each in fetched)
    missed = [safe_text(missing_manifests[campaign]) for campaign in campaigns if campaign in missing_manifests]
    what = " and ".join(missed) if missed else "a manifest that asks for them"
    return [f"  They are in the store. Restore {what} and run it: they get their names, and nothing is bought."]


def _orphan_dict(each: AttemptRecord, failure: Failure | None, *, fetched: bool) -> dict[str, object]:
    return {
        "campaign": each.campaign,
        "shot": each.shot,
        "take": each.take,
        "provider": each.provider,
        "task": each.task,
        "home": fetched,
        "why": failure.why if failure is not None else None,
    }


def draw_missing_clips(missing: Mapping[str, int]) -> str:
    """The clips that locks name and that are not on this machine, and how they come here."""
    clips = [f"  {count(number, 'clip')} of {safe_text(lock)}" for lock, number in missing.items()]
    return "\n".join(("Not on this machine, and nothing to download at a gateway:", *clips, MISSING_CLIP_HINT))
