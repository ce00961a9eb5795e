"""Doubts of a real ledger: listing, naming, settling; the gateways are a mock on loopback."""

import os
from pathlib import Path

import pytest
from doubt_samples import LOST, Left, film, request, submitted

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.resolve import check_task, list_open_attempts, query_tasks, settle
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.in_doubt import DoubtState, OpenAttempt, Verdict
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.request.fingerprint import fingerprint, preimage
from hailuo_batch.core.spending.audit import AuditInputs, make_audit
from hailuo_batch.errors import Exit, InputError, KeyMissingError, LedgerError, RefusedError
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import Facts, Intent
from hailuo_batch.testing.clips import CLIP

ACCEPTED = (Move.ACCEPT, Facts(task="t-7"))
KEY = "sk-never-to-be-shown"


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Left:
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    found = Left(folder=tmp_path)
    found.settings({})
    return found


async def test_a_project_without_a_ledger_has_no_doubts_and_gets_none_made(left: Left):
    assert (await list_open_attempts(folder=left.folder)).attempts == ()
    assert not Workspace(left.folder).ledger_file.exists()


async def test_all_doubts_of_the_project_or_those_of_one_campaign(left: Left):
    await left.lost("minimax")
    await left.lost("minimax", campaign="spring")
    assert [each.campaign for each in (await list_open_attempts(folder=left.folder)).in_doubt] == ["teaser", "spring"]
    manifest = left.folder / "film.yaml"
    manifest.write_text(film("minimax"))
    assert [each.campaign for each in (await list_open_attempts(manifest)).in_doubt] == ["teaser"]
    manifest.write_text("version: 1\nshots: []\n")
    with pytest.raises(ManifestError):
        await list_open_attempts(manifest)


async def test_what_a_crash_left_is_a_doubt_unless_the_key_makes_sending_again_free(left: Left):
    await left.attempt("minimax")
    await left.attempt("mindvideo", take=2)
    await left.attempt("gone-studio", take=3)
    await left.attempt("animatic", take=4)
    found = await list_open_attempts(folder=left.folder)
    assert [(each.label, each.state) for each in found.attempts] == [
        ("open#1", DoubtState.IN_DOUBT),
        ("open#2", DoubtState.WILL_RESEND),
        ("open#3", DoubtState.IN_DOUBT),
    ]


async def test_a_task_that_was_known_from_elsewhere_may_be_settled_as_an_id_of_a_person(left: Left):
    async with open_ledger(Workspace(left.folder).ledger_file, clock=SystemClock()) as ledger:
        asked = request(1)
        intent = Intent(
            fingerprint=fingerprint(asked), preimage=preimage(asked).decode(), provider="minimax",
            campaign="teaser", shot="open", take=1,
        )  # fmt: skip
        await ledger.adopt_task(intent, "t-7", "known from film.tasks.yaml")
    found = await list_open_attempts(folder=left.folder)
    (each,) = found.attempts
    assert (each.has_manual_task, each.task) == (True, "t-7")
    (settled,) = await settle(found, [each], Verdict.NEVER_SENT, reason="not in the account")
    assert settled.stage is Stage.CANCELLED


async def test_what_a_working_run_is_asking_for_is_no_doubt(left: Left):
    number = await left.attempt("minimax")
    async with open_ledger(Workspace(left.folder).ledger_file, clock=SystemClock()) as ledger:
        run = await ledger.begin_run(manifest="film.yaml", campaign="teaser", sketch=False)
        asked = request(2)
        await ledger.record_intent(
            Intent(
                fingerprint=fingerprint(asked), preimage=preimage(asked).decode(), provider="minimax",
                campaign="teaser", shot="open", take=2, run=run,
            )
        )  # fmt: skip
    with Workspace(left.folder).hold_run_lock("hailuo-batch run film.yaml"):
        assert [each.attempt for each in (await list_open_attempts(folder=left.folder)).in_doubt] == [number]
    assert len((await list_open_attempts(folder=left.folder)).in_doubt) == 2, "that run is dead"


async def picked(left: Left, label: str, verdict: Verdict = Verdict.NEVER_SENT) -> OpenAttempt:
    (found,) = (await list_open_attempts(folder=left.folder)).pick([label], verdict)
    return found


async def test_a_name_that_fits_no_doubt_gets_a_hint(left: Left):
    await left.lost("minimax", shot="rooftop")
    with pytest.raises(InputError, match="no take in doubt is called roftop#1") as caught:
        await picked(left, "roftop#1")
    assert caught.value.remedy == 'Did you mean "rooftop#1"?'
    with pytest.raises(InputError) as caught:
        await picked(left, "zebra")
    assert "hailuo-batch resolve" in caught.value.remedy
    with pytest.raises(InputError, match="names no take"):
        await picked(left, "rooftop#x")
    with pytest.raises(InputError, match="names no attempt"):
        await picked(left, "rooftop#1@x")


async def test_a_glob_means_all_that_are_in_doubt_and_a_state_means_nothing_to_a_ledger(left: Left):
    await left.lost("minimax", shot="pack-red")
    await left.lost("minimax", shot="pack-blue", take=2)
    await left.lost("minimax", shot="open")
    found = await list_open_attempts(folder=left.folder)
    assert [each.label for each in found.pick(["pack-*"], Verdict.NEVER_SENT)] == ["pack-red#1", "pack-blue#2"]
    assert [each.label for each in found.pick(["pack-*#2", "open"], Verdict.NEVER_SENT)] == ["pack-blue#2", "open#1"]
    for label, words in (("tag:hero", "no take in doubt"), ("state:held", "selects nothing here"), ("tga:x", "tga")):
        with pytest.raises(InputError, match=words):
            found.pick([label], Verdict.NEVER_SENT)


async def test_a_name_that_fits_doubts_of_two_campaigns_asks_for_the_manifest(left: Left):
    await left.lost("minimax")
    await left.lost("minimax", campaign="spring")
    with pytest.raises(InputError, match="more than once") as caught:
        await picked(left, "open")
    assert caught.value.remedy.endswith("\n    open#1@1\n    open#1@2"), "a manifest that is gone is not named"
    assert (await picked(left, "open#1@2")).campaign == "spring"
    for name in ("teaser.yaml", "spring.yaml"):
        (left.folder / name).write_text("")
    with pytest.raises(InputError, match="in several campaigns") as caught:
        await picked(left, "open")
    assert "teaser.yaml" in caught.value.remedy
    assert "spring.yaml" in caught.value.remedy


async def test_a_take_that_was_changed_while_in_doubt_is_named_with_its_attempt(left: Left):
    first, second = await left.lost("minimax"), await left.lost("minimax")
    with pytest.raises(InputError, match="more than once") as caught:
        await picked(left, "open#1")
    assert f"open#1@{first}" in caught.value.remedy
    assert (await picked(left, f"open#1@{second}")).attempt == second


async def test_what_was_accepted_can_only_be_given_up(left: Left):
    await left.attempt("minimax", ACCEPTED)
    for verdict in (Verdict.FOUND, Verdict.NEVER_SENT):
        with pytest.raises(InputError, match="open#1 is not in doubt") as caught:
            await picked(left, "open#1", verdict)
        assert "t-7" in caught.value.why
    assert (await picked(left, "open#1", Verdict.WRITTEN_OFF)).state is DoubtState.RUNNING


BY_HAND = ((Move.LOSE_SIGHT, LOST), (Move.FIND, Facts(task="t-7", reason="seen", decided_by="ann")))


async def test_an_id_that_a_person_gave_can_be_corrected(left: Left):
    await left.attempt("minimax", *BY_HAND)
    found = await list_open_attempts(folder=left.folder)
    (each,) = found.pick(["open#1"], Verdict.FOUND)
    assert (each.state, each.has_manual_task, each.task) == (DoubtState.RUNNING, True, "t-7")
    await settle(found, (each,), Verdict.FOUND, reason="the other one", tasks={each.attempt: "t-8"})
    again = await list_open_attempts(folder=left.folder)
    assert again.attempts[0].task == "t-8"
    assert set(again.known_tasks) == {("minimax", "t-8")}, "the first id is free again"
    with pytest.raises(RefusedError, match="was settled meanwhile"):
        await settle(found, (each,), Verdict.FOUND, reason="late", tasks={each.attempt: "t-9"})


async def test_an_id_that_a_person_gave_can_turn_out_to_be_nobodys_and_the_books_stay_true(left: Left):
    await left.attempt("minimax", *BY_HAND)
    found = await list_open_attempts(folder=left.folder)
    chosen = found.pick(["open#1"], Verdict.NEVER_SENT)
    (settled,) = await settle(found, chosen, Verdict.NEVER_SENT, reason="it was the wrong account")
    assert settled.stage is Stage.CANCELLED
    async with read_ledger(Workspace(left.folder).ledger_file) as ledger:
        attempts, events, _ = await ledger.audit_records()
    assert attempts[0].task is None
    proof = make_audit(AuditInputs(attempts=attempts, events=events, recorded_sizes={}, file_sizes={}))
    assert (proof.findings, proof.purchases) == ((), 0)


async def test_an_id_that_the_gateway_gave_is_never_replaced(left: Left):
    await left.attempt("minimax", ACCEPTED)
    found = await list_open_attempts(folder=left.folder)
    for verdict in (Verdict.FOUND, Verdict.NEVER_SENT):
        with pytest.raises(AssertionError, match="not in doubt"):
            await settle(found, found.attempts, verdict, reason="x", tasks={found.attempts[0].attempt: "t-8"})
    assert await left.stages() == ["submitted"]


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        (
            (ACCEPTED, (Move.WRITE_OFF, Facts(failure=Failure(kind=FailureKind.WRITTEN_OFF, why="x")))),
            "It was written off.",
        ),
        (((Move.REFUSE, LOST),), "Its last attempt failed."),
    ],
)
async def test_what_is_settled_is_said_to_be_and_answered_with_no_other_take(left: Left, moves, words: str):
    await left.attempt("minimax", *moves, take=1)
    await left.lost("minimax", take=2)
    await left.attempt("minimax", ACCEPTED, take=3)
    for verdict in Verdict:
        with pytest.raises(InputError, match="open#1 is settled") as caught:
            await picked(left, "open#1", verdict)
        assert caught.value.why == words
        assert "open#" not in caught.value.remedy
    with pytest.raises(InputError) as caught:
        await picked(left, "open#4", Verdict.WRITTEN_OFF)
    assert "mean" not in caught.value.remedy


@pytest.mark.parametrize("moves", [(), ((Move.LOSE_SIGHT, LOST),)], ids=["intended", "in doubt"])
@pytest.mark.parametrize(
    ("verdict", "stage", "last"),
    [
        (Verdict.FOUND, Stage.SUBMITTED, "find"),
        (Verdict.NEVER_SENT, Stage.CANCELLED, "settle"),
        (Verdict.WRITTEN_OFF, Stage.CANCELLED, "write_off"),
    ],
)
async def test_a_verdict_is_written_down_with_its_reason(
    left: Left, moves: tuple[tuple[Move, Facts], ...], verdict: Verdict, stage: Stage, last: str
):
    number = await left.attempt("minimax", *moves)
    found = await list_open_attempts(folder=left.folder)
    (settled,) = await settle(found, found.in_doubt, verdict, reason="I looked", tasks={number: "t-9"})
    assert settled.stage is stage
    told = await left.told(number)
    assert [move for move, _ in told] == ["intend", "lose_sight", last]
    assert told[-1][1]["reason"] == "I looked"
    assert (await list_open_attempts(folder=left.folder)).in_doubt == ()


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        (Verdict.FOUND, StepReason.RUNNING),
        (Verdict.NEVER_SENT, StepReason.CANCELLED),
        (Verdict.WRITTEN_OFF, StepReason.WRITTEN_OFF),
    ],
)
async def test_the_next_plan_follows_the_verdict(left: Left, verdict: Verdict, why: StepReason):
    manifest = left.folder / "film.yaml"
    manifest.write_text(film("minimax"))
    (step,) = (await plan(manifest)).plan.steps
    assert step.request is not None
    number = await left.lost("minimax", asked=step.request)
    (step,) = (await plan(manifest)).plan.steps
    assert step.why is StepReason.IN_DOUBT
    found = await list_open_attempts(manifest)
    await settle(found, found.in_doubt, verdict, reason="I looked", tasks={number: "t-9"})
    (step,) = (await plan(manifest)).plan.steps
    assert step.why is why


async def test_settling_waits_for_no_run(left: Left):
    await left.lost("minimax")
    found = await list_open_attempts(folder=left.folder)
    with (
        Workspace(left.folder).hold_run_lock("hailuo-batch run"),
        pytest.raises(LedgerError, match="another run is working"),
    ):
        await settle(found, found.in_doubt, Verdict.NEVER_SENT, reason="I looked")
    assert await left.stages() == ["in_doubt"]


async def test_what_somebody_else_has_settled_meanwhile_is_left_as_it_is(left: Left):
    await left.lost("minimax")
    await left.lost("minimax", take=2)
    found = await list_open_attempts(folder=left.folder)
    await settle(found, found.pick(["open#2"], Verdict.WRITTEN_OFF), Verdict.WRITTEN_OFF, reason="gone")
    with pytest.raises(RefusedError, match="open#2 was settled meanwhile"):
        await settle(found, found.in_doubt, Verdict.NEVER_SENT, reason="I looked")
    assert await left.stages() == ["in_doubt", "cancelled"], "and the other one too"


async def test_a_verdict_needs_a_reason(left: Left):
    await left.lost("minimax")
    found = await list_open_attempts(folder=left.folder)
    with pytest.raises(InputError, match="a reason is needed"):
        await settle(found, found.in_doubt, Verdict.NEVER_SENT, reason="  ")


NO_IDS = ("", " ", "t 9", "t-9\n", "x" * 201, "https://cdn.example/t-9.mp4?sig=1", "..", "t\x1b9", "t\udce9")


@pytest.mark.parametrize("task", NO_IDS, ids=range(len(NO_IDS)))
async def test_what_cannot_be_an_id_is_refused(left: Left, task: str):
    number = await left.lost("minimax")
    found = await list_open_attempts(folder=left.folder)
    with pytest.raises(InputError, match="not a task id") as caught:
        await settle(found, found.in_doubt, Verdict.FOUND, reason="I looked", tasks={number: task})
    assert "sig" not in f"{caught.value.summary} {caught.value.why}"


async def test_a_task_is_never_that_of_two_attempts(left: Left):
    number = await left.lost("minimax")
    await left.attempt("minimax", ACCEPTED, take=2)
    await left.attempt("gccai", (Move.ACCEPT, Facts(task="t-8")), take=3)
    found = await list_open_attempts(folder=left.folder)
    with pytest.raises(InputError, match="task t-7 is already recorded"):
        await settle(found, found.in_doubt, Verdict.FOUND, reason="I looked", tasks={number: "t-7"})
    await settle(found, found.in_doubt, Verdict.FOUND, reason="I looked", tasks={number: "t-8"})


async def test_two_matches_never_get_one_task(left: Left):
    one, two = await left.lost("minimax"), await left.lost("minimax", take=2)
    found = await list_open_attempts(folder=left.folder)
    with pytest.raises(InputError, match="already recorded"):
        await settle(found, found.in_doubt, Verdict.FOUND, reason="I looked", tasks={one: "t-9", two: "t-9"})
    assert await left.stages() == ["in_doubt", "in_doubt"]


async def test_a_reason_of_half_characters_is_written_down_all_the_same(left: Left):
    number = await left.lost("minimax")
    found = await list_open_attempts(folder=left.folder)
    await settle(found, found.in_doubt, Verdict.NEVER_SENT, reason="caf\udce9")
    assert (await left.told(number))[-1][1]["reason"] == "caf?"


@pytest.mark.parametrize("gateway", ["gccai", "odkkk", "mindvideo", "minimax"])
async def test_the_gateway_says_whether_it_knows_the_task(left: Left, gateway: str, monkeypatch: pytest.MonkeyPatch):
    async with Mock(speed=1000, clip=CLIP) as mock:
        left.settings({gateway: mock.url(gateway)})
        await left.lost(gateway)
        found = await list_open_attempts(folder=left.folder)
        assert await check_task(found, found.in_doubt[0], "t-9") is None, "there is no key"
        monkeypatch.setenv(f"{gateway.upper()}_API_KEY", KEY)
        task = await submitted(mock.url(gateway), gateway)
        known = await check_task(found, found.in_doubt[0], task)
        strange = await check_task(found, found.in_doubt[0], "715829735007682")
        assert known is not None
        assert (known.is_known, known.is_unknown) == (True, False)
        assert strange is not None
        assert (strange.is_known, strange.is_unknown) == (False, True), strange.message
        assert KEY not in f"{known.message}{strange.message}"
        assert len(mock.charges) == 1


async def test_an_answer_that_never_comes_proves_nothing_of_a_task(left: Left, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    script = parse_script({"faults": [{"fault": "server_error", "call": "poll"}]})
    async with Mock(script, speed=1000, clip=CLIP) as mock:
        left.settings({"minimax": mock.url("minimax")})
        await left.lost("minimax")
        found = await list_open_attempts(folder=left.folder)
        said = await check_task(found, found.in_doubt[0], "715829735007682")
        assert said is not None
        assert (said.is_known, said.is_unknown) == (False, False)
    said = await check_task(found, found.in_doubt[0], "715829735007682")  # nobody listens any more
    assert said is not None
    assert (said.is_known, said.is_unknown) == (False, False)
    assert "cannot be reached" in said.message


async def test_a_list_without_the_task_suggests_that_it_was_never_sent(left: Left, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ODKKK_API_KEY", KEY)
    async with Mock(speed=1000, clip=CLIP) as mock:
        left.settings({"odkkk": mock.url("odkkk")})
        await left.lost("odkkk")
        await left.lost("minimax", take=2)
        found = await list_open_attempts(folder=left.folder)
        assert found.listing_providers == {"odkkk"}
        asked = await query_tasks(found)
        assert [(each.attempt.label, each.is_unique, each.has_no_task) for each in asked.matches] == [
            ("open#1", False, True)
        ]
        assert asked.providers_without_list == ("minimax",)
        assert await left.stages() == ["in_doubt", "in_doubt"], "nothing is settled by asking"


async def test_the_one_task_of_that_time_is_the_match(left: Left, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ODKKK_API_KEY", KEY)
    async with Mock(speed=1, clip=CLIP) as mock:
        left.settings({"odkkk": mock.url("odkkk")})
        known = await submitted(mock.url("odkkk"), "odkkk")
        task = await submitted(mock.url("odkkk"), "odkkk")
        await left.attempt("odkkk", (Move.ACCEPT, Facts(task=known)), take=2)
        await left.lost("odkkk")
        asked = await query_tasks(await list_open_attempts(folder=left.folder))
        (found,) = asked.matches
        assert found.is_unique
        assert found.candidates[0].task == task
        assert found.candidates[0].status in {"pending", "processing", "completed"}


async def test_two_tasks_of_that_time_are_shown_and_not_chosen_from(left: Left, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ODKKK_API_KEY", KEY)
    async with Mock(speed=1, clip=CLIP) as mock:
        left.settings({"odkkk": mock.url("odkkk")})
        await left.lost("odkkk")
        for _ in range(2):
            await submitted(mock.url("odkkk"), "odkkk")
        (found,) = (await query_tasks(await list_open_attempts(folder=left.folder))).matches
        assert (len(found.candidates), found.is_unique, found.has_no_task) == (2, False, False)


async def test_a_list_longer_than_we_read_proves_nothing(left: Left, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ODKKK_API_KEY", KEY)
    async with Mock(speed=1, clip=CLIP) as mock:
        left.settings({"odkkk": mock.url("odkkk")})
        for _ in range(201):
            await submitted(mock.url("odkkk"), "odkkk")
        mock.clock.advance(-86_400)  # they were asked for a day ago, by the clock of the tasks' owner
        await left.lost("odkkk")
        asked = await query_tasks(await list_open_attempts(folder=left.folder))
        assert [(len(told.tasks), told.is_complete) for told in asked.lists] == [(200, False)]
        assert not asked.matches[0].has_no_task


async def test_asking_needs_the_key_and_names_it(left: Left):
    await left.lost("odkkk")
    with pytest.raises(KeyMissingError, match="ODKKK_API_KEY is not set") as caught:
        await query_tasks(await list_open_attempts(folder=left.folder))
    assert caught.value.exit is Exit.KEY
    assert "ODKKK_API_KEY" in caught.value.remedy


async def test_a_list_that_is_not_given_is_told(left: Left, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ODKKK_API_KEY", KEY)
    async with Mock(parse_script({"keys": ["another"]}), speed=1000, clip=CLIP) as mock:
        left.settings({"odkkk": mock.url("odkkk")})
        await left.lost("odkkk")
        asked = await query_tasks(await list_open_attempts(folder=left.folder))
        assert asked.matches == ()
        assert asked.lists[0].failure is not None
        assert "does not accept the key" in asked.lists[0].failure.why
        assert KEY not in repr(asked.lists)


async def test_no_gateway_is_asked_while_the_settings_are_wrong(left: Left, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ODKKK_API_KEY", KEY)
    await left.lost("odkkk")
    (left.folder / "hailuo.yaml").write_text("version: 1\nregions: {odkkk: 'http://x.test'}\n")
    with pytest.raises(InputError, match="cannot be used"):
        await query_tasks(await list_open_attempts(folder=left.folder))


async def test_nothing_chosen_writes_nothing(left: Left):
    found = await list_open_attempts(folder=left.folder)
    assert await settle(found, (), Verdict.NEVER_SENT, reason="I looked") == ()
    assert not (left.folder / ".hailuo").exists()
