"""What `resolve` prints, whole, as text and as JSON."""

import json
from collections.abc import Callable
from typing import Any

from view_samples import FORBIDDEN, HOSTILE, failure, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.in_doubt import DoubtState, ListedTask, OpenAttempt, TaskMatch, Verdict, attempt_labels
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.core.request.request import Request
from hailuo_batch.core.switches import DEFAULT_SWITCHES
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


def test_each_doubt_has_its_commands(golden: Golden) -> None:
    golden(draw_in_doubt(DOUBTS, NAMES, listable={"odkkk"}), "doubts.txt")
    golden(
        draw_in_doubt(DOUBTS, NAMES, listable={"odkkk"}, style=TextStyle(colour=True)).replace("\x1b", "ESC"),
        "doubts_colour.txt",
    )
    golden(json.dumps(in_doubt_dict(DOUBTS, NAMES), indent=2), "doubts.json")


def test_nothing_in_doubt_is_a_line(golden: Golden) -> None:
    golden(draw_in_doubt(DOUBTS[2:], NAMES), "doubts_none.txt")


def test_a_command_names_the_manifest_where_that_is_needed() -> None:
    said = draw_in_doubt(DOUBTS[:1], {1: "rooftop#1 'my films/teaser.yaml' --rehearsal"})
    assert (
        "      hailuo-batch resolve rooftop#1 'my films/teaser.yaml' --rehearsal --never-sent --reason \"...\"\n"
        in said
    )


def test_many_doubts_are_counted() -> None:
    many = [opened(number) for number in range(1, 31)]
    said = draw_in_doubt(many, attempt_labels(many))
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
    golden(draw_matches(MATCHES, NAMES), "doubts_matches.txt")
    golden(json.dumps([match_dict(each, NAMES) for each in MATCHES[:3]], indent=2), "doubts_matches.json")
    golden(
        draw_missing_lists(["minimax"], [("odkkk", failure("odkkk apiv1 does not accept the key"))]),
        "doubts_unasked.txt",
    )


def test_a_task_s_id_runs_nothing_when_its_command_is_copied() -> None:
    listed = TaskMatch(attempt=DOUBTS[0], candidates=(seen("x;reboot"),), is_unique=True)
    assert draw_matches([listed], NAMES).splitlines()[2].endswith("--task 'x;reboot' --reason \"...\"")


def test_no_words_of_others_move_a_terminal() -> None:
    hostile = opened(1, shot=HOSTILE, campaign=HOSTILE, provider=HOSTILE, why=HOSTILE, preimage=asked(HOSTILE[:-2]))
    names = attempt_labels([hostile])
    listed = TaskMatch(
        attempt=hostile,
        candidates=(ListedTask(provider="x", task=HOSTILE, status=HOSTILE, created=AT),),
        is_unique=True,
    )
    several = TaskMatch(attempt=hostile, candidates=listed.candidates * 2)
    said = "\n".join(
        (
            draw_in_doubt([hostile], names, listable={HOSTILE}),
            draw_decision([hostile], Verdict.NEVER_SENT),
            *(
                draw_verdicts([(hostile, verdict)], provider_message=HOSTILE, run_command=HOSTILE)
                for verdict in Verdict
            ),
            draw_matches([listed, several], names),
            draw_missing_lists([HOSTILE], [(HOSTILE, failure(HOSTILE))]),
        )
    )
    assert not [each for each in FORBIDDEN if each in said]
