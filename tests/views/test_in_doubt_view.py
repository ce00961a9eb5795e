"""What `resolve` prints, whole, as text and as JSON."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from view_samples import FORBIDDEN, HOSTILE, failure, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.in_doubt import DoubtState, ListedTask, OpenAttempt, TaskMatch, Verdict, attempt_labels
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.core.request.request import Request
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.fit import measure_text
from hailuo_batch.views.in_doubt import (
    draw_decision,
    draw_in_doubt,
    draw_matches,
    draw_missing_lists,
    draw_verdicts,
    in_doubt_dict,
    match_dict,
    verdict_dict,
)
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]
AT = 1_790_000_000.0


def commands(attempts: Sequence[OpenAttempt], **scope: Any) -> dict[int, str]:
    return {number: command_line("resolve", name, **scope) for number, name in attempt_labels(attempts).items()}


def asked(prompt: str = "a bottle in mist\n[Push in]") -> str:
    return preimage(
        Request(
            model="hailuo-02", prompt=prompt, duration=6, resolution="768p", first=None, last=None,
            switches=DEFAULT_SWITCHES, take=1,
        )
    ).decode()  # fmt: skip


def opened(number: int = 1, **members: Any) -> OpenAttempt:
    plain = {
        "campaign": "teaser", "shot": "rooftop", "take": number, "provider": "minimax", "stage": Stage.IN_DOUBT,
        "state": DoubtState.IN_DOUBT, "preimage": asked(), "intended_at": AT + number, "last_heard_at": AT + 30,
        "estimate": usd("0.28"), "why": "no whole answer came from api.minimax.io: it closed the connection",
        "manifest": "manifests/teaser.yaml",
    }  # fmt: skip
    return OpenAttempt(attempt=number, **{**plain, **members})


DOUBTS = (
    opened(1),
    opened(2, provider="odkkk", stage=Stage.INTENDED, estimate=None, why="the run ended before the answer came"),
    opened(3, provider="mindvideo", state=DoubtState.WILL_RESEND, stage=Stage.INTENDED),
    opened(4, state=DoubtState.RUNNING, stage=Stage.SUBMITTED, task="t-7", why=""),
)
NAMES = attempt_labels(DOUBTS)
COMMANDS = commands(DOUBTS)


@pytest.mark.parametrize("width", [80, 200])
def test_what_is_at_stake_is_a_table_that_fits(width: int) -> None:
    drawn = draw_in_doubt(DOUBTS, COMMANDS, style=TextStyle(width=width))
    table = drawn.split("\n\n")[1].splitlines()
    assert max(map(measure_text, table)) <= width
    assert (len(table) == 1 + 2) is (width == 200)


def test_each_doubt_has_its_commands(golden: Golden) -> None:
    golden(draw_in_doubt(DOUBTS, COMMANDS, listable={"odkkk"}), "doubts.txt")
    golden(
        draw_in_doubt(DOUBTS, COMMANDS, listable={"odkkk"}, style=TextStyle(colour=True)).replace("\x1b", "ESC"),
        "doubts_colour.txt",
    )
    golden(json.dumps(in_doubt_dict(DOUBTS, NAMES), indent=2), "doubts.json")


def test_nothing_in_doubt_is_a_line(golden: Golden) -> None:
    golden(draw_in_doubt(DOUBTS[2:], COMMANDS), "doubts_none.txt")


def test_a_command_names_the_manifest_where_that_is_needed() -> None:
    where = {"manifest": "my films/teaser.yaml", "world": World.REHEARSAL}
    said = draw_in_doubt(DOUBTS[:1], commands(DOUBTS[:1], **where))
    line = "hailuo-batch resolve --rehearsal rooftop#1 'my films/teaser.yaml'"
    assert f'      {line} --never-sent --reason "..."\n' in said


def test_every_hint_repeats_the_manifest_that_was_named() -> None:
    said = draw_in_doubt(DOUBTS, COMMANDS, listable={"odkkk"}, manifest="my films/teaser.yaml")
    assert "    hailuo-batch resolve --ask 'my films/teaser.yaml'" in said
    running = draw_decision(DOUBTS, Verdict.WRITTEN_OFF, manifest="teaser.yaml", world=World.REHEARSAL)
    assert "    hailuo-batch fetch --rehearsal teaser.yaml\n" in running


def test_many_doubts_are_counted() -> None:
    many = [opened(number) for number in range(1, 31)]
    said = draw_in_doubt(many, commands(many))
    assert said.startswith("30 takes in doubt, 8.40 USD at stake\n")
    assert "… and 10 more" in said
    assert said.count("--never-sent") == 21


def test_what_was_settled_and_what_follows(golden: Golden) -> None:
    rows = tuple(zip(DOUBTS, Verdict, strict=False))
    golden(
        draw_verdicts(
            rows,
            provider_message="minimax says that it runs (Processing)",
            run_command="hailuo-batch run manifests/teaser.yaml",
        ),
        "doubts_settled.txt",
    )
    members = [verdict_dict(each, verdict, Stage.CANCELLED, NAMES) for each, verdict in rows]
    assert [each["verdict"] for each in members] == ["found", "never_sent", "written_off"]
    assert members[0]["stage"] == "cancelled"


def test_what_is_about_to_be_said_of_several(golden: Golden) -> None:
    chosen = (opened(1), opened(2), opened(3, estimate=None))
    text = f"{draw_decision(chosen, Verdict.WRITTEN_OFF)}\n\n{draw_decision(chosen[2:], Verdict.NEVER_SENT)}"
    golden(text, "doubts_decision.txt")


def seen(task: str, created: float | None = AT) -> ListedTask:
    return ListedTask(provider="odkkk", task=task, status="completed", created=created)


MATCHES = (
    TaskMatch(attempt=DOUBTS[0], candidates=(seen("task-unified-1-a"),), is_unique=True),
    TaskMatch(attempt=DOUBTS[1], candidates=(seen("task-unified-1-b"), seen("task-unified-1-c", None))),
    TaskMatch(attempt=DOUBTS[2], candidates=(), has_no_task=True),
    TaskMatch(attempt=DOUBTS[3], candidates=()),
)


def test_what_a_list_says_of_each_doubt(golden: Golden) -> None:
    golden(draw_matches(MATCHES, COMMANDS), "doubts_matches.txt")
    golden(json.dumps([match_dict(each, NAMES) for each in MATCHES[:3]], indent=2), "doubts_matches.json")
    golden(
        draw_missing_lists(["minimax"], [("odkkk", failure("odkkk apiv1 does not accept the key"))]),
        "doubts_unasked.txt",
    )


def test_a_task_s_id_runs_nothing_when_its_command_is_copied() -> None:
    listed = TaskMatch(attempt=DOUBTS[0], candidates=(seen("x;reboot"),), is_unique=True)
    assert draw_matches([listed], COMMANDS).splitlines()[2].endswith("--task 'x;reboot' --reason \"...\"")


def test_no_words_of_others_move_a_terminal() -> None:
    hostile = opened(1, shot=HOSTILE, campaign=HOSTILE, provider=HOSTILE, why=HOSTILE, preimage=asked(HOSTILE[:-2]))
    lines = commands([hostile])
    listed = TaskMatch(
        attempt=hostile,
        candidates=(ListedTask(provider="x", task=HOSTILE, status=HOSTILE, created=AT),),
        is_unique=True,
    )
    several = TaskMatch(attempt=hostile, candidates=listed.candidates * 2)
    said = "\n".join(
        (
            draw_in_doubt([hostile], lines, listable={HOSTILE}),
            draw_decision([hostile], Verdict.NEVER_SENT),
            *(
                draw_verdicts([(hostile, verdict)], provider_message=HOSTILE, run_command=HOSTILE)
                for verdict in Verdict
            ),
            draw_matches([listed, several], lines),
            draw_missing_lists([HOSTILE], [(HOSTILE, failure(HOSTILE))]),
        )
    )
    assert not [each for each in FORBIDDEN if each in said]
