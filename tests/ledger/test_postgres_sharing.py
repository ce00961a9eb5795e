"""What only a shared ledger must hold: several machines, one budget, and lines that are cut at any moment."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import product

import pytest
from line_proxy import LineProxy
from postgres_fixtures import (  # noqa: F401 - fixtures
    PostgresServer,
    postgres,
    postgres_database,
    postgres_url,
    start_postgres,
)

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.replay import find_mismatches, replay
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import Cap, CountedAttempt
from hailuo_batch.core.spending.charge import make_charge
from hailuo_batch.errors import CapReachedError, HeldElsewhereError, LedgerError
from hailuo_batch.ledger.postgres.cap_patterns import make_tag_form
from hailuo_batch.ledger.postgres.connect import connect
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.reader import read_shared_ledger
from hailuo_batch.ledger.postgres.writer import PostgresLedger, open_shared_ledger
from hailuo_batch.ports import Facts
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import MOVES_TO, STORED_CLIP, make_intent, record_attempt, usd

TEAM_CAP = Cap(description="the project's cap of 1.00 USD", limit=usd("1.00"), tag="client:*")


PATTERNS = (
    "client:*", "h?ro", "[ab]c", "[!ab]c", "[a-c]x", "[]x]", "[!]x]", "a[", "a.b+(c)|^$", "\\d*", "", "*", "[a-]x",
    "[-a]x", "[\\d]", "ü*", "a b", "[^a]", "[z-a]", "[!z-a]", "[[]x", "{2}", "a\n*",
)  # fmt: skip
TAGS = (
    "client:acme", "hero", "hro", "ac", "bc", "cc", "bx", "]", "x", "a[", "a.b+(c)|^$", "axb", "\\d", "d", "", "-x",
    "ax", "über", "a b", "^", "a", "[x", "{2}", "a\nb", "A", "CLIENT:x",
)  # fmt: skip
_MATCHES = """\
SELECT array_agg(tag ~ form ORDER BY i) FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY pairs(form, tag, i)"""
_CASES = """\
CREATE TEMP TABLE cases (i int, stage text, failure text, task text, estimate_amount numeric, estimate_currency text,
    quote_amount numeric, quote_currency text, cost_amount numeric, cost_currency text, free boolean DEFAULT false)"""
_COUNTED = """\
SELECT count_amount(jsonb_populate_record(NULL::attempts, to_jsonb(cases)), 'USD') FROM cases ORDER BY i"""


def card(person: str) -> HolderCard:
    return HolderCard(host=f"desk-of-{person}", person=person, command="run", place=f"/home/{person}/film")


@asynccontextmanager
async def machine(
    url: str, person: str = "ana", *, patience: float = 20.0, answer_seconds: float = 5.0
) -> AsyncIterator[PostgresLedger]:
    """The ledger as one machine opens it."""
    async with open_shared_ledger(
        url, clock=FakeClock(), card=card(person), patience=patience, answer_seconds=answer_seconds
    ) as ledger:
        yield ledger


async def wait_until_nobody_lives(server: PostgresServer, database: str) -> None:
    """A server needs a moment to see that a line is gone."""
    with server.connect(database) as owner:
        while owner.execute("SELECT count(*) FROM hailuo.alive_holders").fetchone()[0]:
            await asyncio.sleep(0.01)


async def die(ledger: PostgresLedger) -> None:
    """Ends a machine's session as a SIGKILL does: without a word."""
    session, holder = ledger._session, ledger._session.holder
    session.holder = -1
    session.line.hurry()
    await session.line.run(lambda connection: connection.close())
    with connect(session.url, name="test") as line:  # a server needs a moment to see it
        while line.execute("SELECT 1 FROM alive_holders WHERE id = %s", [holder]).fetchone():
            await asyncio.sleep(0.01)


class TestOneTakeOneBuyer:
    async def test_of_two_that_intend_the_same_at_once_one_gets_it_and_the_other_hears_who(self, postgres_url: str):  # noqa: F811
        async with machine(postgres_url, "ana") as ana, machine(postgres_url, "ben") as ben:
            intents = [make_intent(number) for number in range(100)]
            calls = [each.record_intent(intent) for intent in intents for each in (ana, ben)]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            won = [each for each in outcomes if isinstance(each, int)]
            lost = [each for each in outcomes if isinstance(each, HeldElsewhereError)]
            assert (len(won), len(set(won)), len(lost)) == (100, 100, 100)
            assert {word for each in lost for word in ("ana on desk-of-ana", "ben on desk-of-ben") if word in each.why}

    async def test_who_has_what_is_seen_by_the_other_and_not_by_oneself(self, postgres_url: str):  # noqa: F811
        async with machine(postgres_url, "ana") as ana, machine(postgres_url, "ben") as ben:
            await record_attempt(ana, 1, MOVES_TO["submitted"])
            await record_attempt(ana, 2, MOVES_TO["stored"])
            seen = list((await ben.standings()).values())
            assert (seen[0].holder or "").startswith("ana on desk-of-ana since ")
            assert (seen[0].kept_by, seen[1].holder, seen[1].kept_by) == (None, None, "ana on desk-of-ana")
            assert {(each.holder, each.kept_by) for each in (await ana.standings()).values()} == {(None, None)}

    async def test_only_its_holder_moves_an_attempt_until_the_holder_ends(self, postgres_url: str):  # noqa: F811
        async with machine(postgres_url, "ben") as ben:
            async with machine(postgres_url, "ana") as ana:
                attempt = await record_attempt(ana, 1, MOVES_TO["submitted"])
                with pytest.raises(HeldElsewhereError, match="another machine has it"):
                    await ben.move(attempt, Move.PRODUCE)
            assert (await ben.standings())[make_intent(1).fingerprint].holder is None
            assert await ben.move(attempt, Move.PRODUCE) is Stage.PRODUCED

    async def test_what_a_dead_holder_intended_is_in_doubt_and_sent_by_nobody(self, postgres_url: str):  # noqa: F811
        async with machine(postgres_url, "ben") as ben:
            async with machine(postgres_url, "ana") as ana:
                for number in range(3):
                    await record_attempt(ana, number, [])
                await record_attempt(ana, 3, MOVES_TO["submitted"])
                await die(ana)
            with pytest.raises(HeldElsewhereError, match="another machine has it"):
                await ben.record_intent(make_intent(0))  # finds it out by itself
            async with machine(postgres_url, "eva") as eva:  # sweeps when it opens
                records = await eva.attempts()
                assert [each.stage for each in records] == [*[Stage.IN_DOUBT] * 3, Stage.SUBMITTED]
                assert "ana on desk-of-ana was cut off or ended" in (records[0].failure or _no_failure()).why
                for number in range(3):
                    with pytest.raises(HeldElsewhereError):
                        await eva.record_intent(make_intent(number))
                for each in records:
                    assert find_mismatches(each, replay(each, await eva.events([each.id]))) == ""

    async def test_nobody_settles_what_its_holder_may_still_be_sending(
        self,
        postgres_url: str,  # noqa: F811
        postgres: PostgresServer,  # noqa: F811
        postgres_database: str,  # noqa: F811
    ):
        async with machine(postgres_url, "ana") as ana:
            attempt = await record_attempt(ana, 1, [])
            await die(ana)
        settled = Facts(failure=Failure(kind=FailureKind.NEVER_SENT, why="so I say"))
        async with machine(postgres_url, "ben") as ben:
            with pytest.raises(HeldElsewhereError, match="may still get an answer") as caught:
                await ben.move(attempt, Move.SETTLE, settled)
            assert caught.value.remedy.startswith("Wait until ")
            with postgres.connect(postgres_database) as owner:
                owner.execute("UPDATE hailuo.attempts SET written_at = written_at - interval '11 minutes'")
            assert await ben.move(attempt, Move.SETTLE, settled) is Stage.CANCELLED
            assert await ben.record_intent(make_intent(1)) != attempt


def _no_failure() -> Failure:
    return Failure(kind=FailureKind.REFUSED, why="")


class TestCaps:
    async def test_two_machines_at_once_never_pass_a_cap(self, postgres_url: str):  # noqa: F811
        async with machine(postgres_url, "ana") as ana, machine(postgres_url, "ben") as ben:
            await ana.register_caps([TEAM_CAP])
            await ben.register_caps([TEAM_CAP])
            calls = [
                each.record_intent(make_intent(n + 10 * i)) for n in range(10) for i, each in enumerate((ana, ben))
            ]
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            refused = [each for each in outcomes if isinstance(each, CapReachedError)]
            assert (len(outcomes) - len(refused), len(refused)) == (3, 17)
            assert "the project's cap of 1.00 USD has 0.16 USD left" in refused[0].why

    async def test_what_was_there_before_a_cap_and_what_others_buy_count_under_it(self, postgres_url: str):  # noqa: F811
        async with machine(postgres_url, "ana") as ana, machine(postgres_url, "ben") as ben:
            await record_attempt(ana, 1, MOVES_TO["stored"])  # 0.27
            await ben.register_caps([TEAM_CAP])
            await record_attempt(ana, 2, [])  # without a cap of its own
            await record_attempt(ben, 3, [])
            with pytest.raises(CapReachedError):  # 0.83 of 1.00
                await ben.record_intent(make_intent(4))
            await record_attempt(ana, 5, [])

    async def test_room_comes_back_when_nothing_was_accepted(self, postgres_url: str):  # noqa: F811
        refused = (Move.REFUSE, Facts(failure=Failure(kind=FailureKind.THROTTLED, why="slow down")))
        async with machine(postgres_url) as ana:
            await ana.register_caps([TEAM_CAP])
            attempts = [await record_attempt(ana, number, [refused]) for number in range(5)]
            for number in range(5, 7):
                await record_attempt(ana, number, [])
            assert await ana.move(attempts[0], Move.RESEND) is Stage.INTENDED
            with pytest.raises(CapReachedError):
                await ana.move(attempts[1], Move.RESEND)
            assert (await ana.attempts([make_intent(1).fingerprint]))[0].stage is Stage.FAILED

    async def test_a_fact_is_recorded_whatever_a_cap_says_and_no_more_is_bought_then(self, postgres_url: str):  # noqa: F811
        async with machine(postgres_url) as ana:
            await ana.register_caps([TEAM_CAP])
            attempt = await record_attempt(ana, 1, [(Move.ACCEPT, Facts(task="t-1", quote=usd("7.00")))])
            with pytest.raises(CapReachedError, match="a cap has no room"):
                await ana.record_intent(make_intent(2))
            await ana.adopt_task(make_intent(3), "t-3", "known from film.tasks.yaml")
            await ana.move(attempt, Move.PRODUCE, Facts(cost=usd("0.10")))
            await ana.record_intent(make_intent(4))

    @pytest.mark.parametrize("price", [None, Money(amount=Decimal(1), currency="credits")])
    async def test_a_price_that_a_cap_cannot_count_is_not_bought(self, price: Money | None, postgres_url: str):  # noqa: F811
        async with machine(postgres_url) as ana:
            await ana.register_caps([TEAM_CAP])
            with pytest.raises(CapReachedError):
                await ana.record_intent(replace(make_intent(1), estimate=price))
            await ana.record_intent(replace(make_intent(2), estimate=price, tags=("other",)))

    async def test_a_cap_counts_every_attempt_as_the_program_does(
        self,
        postgres: PostgresServer,  # noqa: F811
        postgres_database: str,  # noqa: F811
    ):
        dollars, credit = usd("0.28"), Money(amount=Decimal(3), currency="credits")
        prices = (None, dollars, Money(amount=Decimal("0.40"), currency="usd"), credit)
        cases = list(product(Stage, (None, *FailureKind), (None, "", "t-1"), prices, prices, (None, dollars, credit)))
        cap = Cap(description="", limit=usd("1"))
        with postgres.connect(postgres_database) as owner:
            owner.execute("SET search_path = hailuo")
            owner.execute(_CASES)
            with owner.cursor().copy(
                "COPY cases (i, stage, failure, task, estimate_amount, estimate_currency, quote_amount,"
                " quote_currency, cost_amount, cost_currency) FROM STDIN"
            ) as copy:
                for number, (stage, kind, task, *money) in enumerate(cases):
                    copy.write_row((number, stage, kind, task, *_columns(money)))
            rows = owner.execute(_COUNTED).fetchall()
        for (counted,), (stage, kind, task, estimate, quote, cost) in zip(rows, cases, strict=True):
            charge = make_charge(stage, kind=kind, task=task, estimate=estimate, cost=cost, quote=quote)
            attempt = CountedAttempt(
                attempt=1, campaign="", tags=(), at=0.0, charge=charge, estimate=estimate, quote=quote
            )
            assert counted == attempt.counted_amount(cap), (stage, kind, task, estimate, quote, cost)

    def test_a_tag_pattern_means_the_same_in_both(self, postgres: PostgresServer):  # noqa: F811
        pairs = list(product(PATTERNS, TAGS))
        with postgres.connect("postgres") as owner:
            row = owner.execute(_MATCHES, ([make_tag_form(pattern) for pattern, _ in pairs], [tag for _, tag in pairs]))
            ((found,),) = row
        assert found == [fnmatchcase(tag, pattern) for pattern, tag in pairs]


def _columns(money: Iterable[Money | None]) -> list[object]:
    return [part for each in money for part in ((None, None) if each is None else (each.amount, each.currency))]


@contextmanager
def proxy_of(server: PostgresServer, database: str):
    with LineProxy(server.port) as proxy:
        yield proxy, f"postgresql://producer@127.0.0.1:{proxy.port}/{database}"


class TestCutLines:
    """The line is cut in the middle of what may cost money; the database knows, and the program asks it."""

    @pytest.mark.parametrize("reset", [False, True])
    async def test_a_writer_goes_on_after_a_cut(self, reset: bool, postgres: PostgresServer, postgres_database: str):  # noqa: F811
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with machine(url) as ana:
                attempt = await record_attempt(ana, 1, [])
                proxy.cut(reset=reset)
                assert await ana.move(attempt, Move.ACCEPT, Facts(task="t-1")) is Stage.SUBMITTED
                assert await ana.record_intent(make_intent(2)) == attempt + 1

    @pytest.mark.parametrize("after", [1, 2, 3])
    async def test_a_commit_whose_answer_was_lost_is_done_once(
        self,
        after: int,
        postgres: PostgresServer,  # noqa: F811
        postgres_database: str,  # noqa: F811
    ):
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with machine(url) as ana:
                first = await record_attempt(ana, 1, [])
                proxy.lose_answer(after=after)
                assert await ana.move(first, Move.ACCEPT, Facts(task="t-1")) is Stage.SUBMITTED
                second = await ana.record_intent(make_intent(2))
                assert (await ana.keep_clip(await record_attempt(ana, 3, MOVES_TO["produced"]), STORED_CLIP)).take == 3
                assert proxy.lost_answers == 1
                moves = [(each.attempt, each.move) for each in await ana.events([first, second])]
        assert moves == [(first, "intend"), (first, "accept"), (second, "intend")]

    async def test_a_hung_line_is_given_up(self, postgres: PostgresServer, postgres_database: str):  # noqa: F811
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with machine(url, answer_seconds=0.4) as ana:
                attempt = await record_attempt(ana, 1, [])
                proxy.hang()
                move = asyncio.create_task(ana.move(attempt, Move.ACCEPT, Facts(task="t-1")))
                while not ana._session.line.cuts:
                    await asyncio.sleep(0.01)
                proxy.resume()
                assert await move is Stage.SUBMITTED
                assert [each.move for each in await ana.events([attempt])] == ["intend", "accept"]

    async def test_a_line_that_hangs_while_it_comes_back_is_given_up_too(
        self,
        postgres: PostgresServer,  # noqa: F811
        postgres_database: str,  # noqa: F811
    ):
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with machine(url, answer_seconds=0.4) as ana:
                proxy.cut()
                proxy.hang(after=4)  # the login is through: what hangs is the first statement
                attempt = asyncio.create_task(ana.record_intent(make_intent(1)))
                while proxy.is_flowing:
                    await asyncio.sleep(0.01)
                hung = proxy.lines
                async with asyncio.timeout(10):
                    while proxy.lines == hung:
                        await asyncio.sleep(0.01)
                proxy.resume()
                assert len(await ana.events([await attempt])) == 1

    async def test_a_holder_that_was_cut_off_and_has_its_answer_settles_its_own_doubt(
        self,
        postgres: PostgresServer,  # noqa: F811
        postgres_database: str,  # noqa: F811
        postgres_url: str,  # noqa: F811
    ):
        refusal = Facts(failure=Failure(kind=FailureKind.REFUSED, why="no hands"))
        answers = [(Move.ACCEPT, Facts(task="t-0")), (Move.REFUSE, refusal), (Move.LOSE_SIGHT, Facts())]
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with machine(url) as ana:
                attempts = [await record_attempt(ana, number, []) for number in range(3)]
                proxy.go_away()
                await wait_until_nobody_lives(postgres, postgres_database)
                async with machine(postgres_url, "ben") as ben:
                    assert {each.stage for each in await ben.attempts()} == {Stage.IN_DOUBT}
                    moves = [
                        asyncio.create_task(ana.move(attempt, *answer))
                        for attempt, answer in zip(attempts, answers, strict=True)
                    ]
                    await asyncio.wait(moves, timeout=0.3)
                    assert not any(each.done() for each in moves)  # it waits: the id is nowhere but here
                    proxy.come_back()
                    assert await asyncio.gather(*moves) == [Stage.SUBMITTED, Stage.CANCELLED, Stage.IN_DOUBT]
                    records = await ben.attempts()
                    assert [each.task for each in records] == ["t-0", None, None]
                    for each in records:
                        assert find_mismatches(each, replay(each, await ben.events([each.id]))) == ""
                    assert await ana.move(attempts[0], Move.PRODUCE) is Stage.PRODUCED
                    assert await ben.record_intent(make_intent(1))  # refused: it may be bought again
                    with pytest.raises(HeldElsewhereError):
                        await ben.record_intent(make_intent(2))

    async def test_an_intent_whose_answer_was_lost_is_sent_once_though_others_took_its_holder_for_dead(
        self,
        postgres: PostgresServer,  # noqa: F811
        postgres_database: str,  # noqa: F811
        postgres_url: str,  # noqa: F811
    ):
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with machine(url) as ana:
                await record_attempt(ana, 1, [])
                proxy._is_away = True
                proxy.lose_answer()
                intents = asyncio.gather(*(ana.record_intent(make_intent(number)) for number in (2, 3)))
                while not proxy.lost_answers:
                    await asyncio.sleep(0.01)
                await wait_until_nobody_lives(postgres, postgres_database)
                async with machine(postgres_url, "ben") as ben:
                    stages = {each.take: each.stage for each in await ben.attempts()}
                    proxy.come_back()
                    got = await intents
                    after = {each.id: each for each in await ben.attempts()}
        assert set(stages.values()) == {Stage.IN_DOUBT}
        assert {after[number].stage for number in got} == {Stage.INTENDED}  # and only these two go out
        settled = [each for each in after.values() if each.stage is Stage.CANCELLED]
        assert {each.take for each in settled} == {2, 3}

    async def test_without_a_line_nothing_is_intended(self, postgres: PostgresServer, postgres_database: str):  # noqa: F811
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with machine(url, patience=0.3) as ana:
                proxy.go_away()
                with pytest.raises(LedgerError, match="cannot be reached"):
                    await ana.record_intent(make_intent(1))
                proxy.come_back()
                assert await ana.attempts() == []

    async def test_leaving_while_the_ledger_is_away_does_not_wait_for_it(
        self,
        postgres: PostgresServer,  # noqa: F811
        postgres_database: str,  # noqa: F811
    ):
        with proxy_of(postgres, postgres_database) as (proxy, url):
            async with asyncio.timeout(5), machine(url, patience=600.0):
                proxy.go_away()


async def test_a_ledger_goes_on_after_its_server_was_killed_and_started_again():
    with start_postgres(sync=True) as server:
        url = server.url(server.create_database())
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(machine(url, "ana"))
            attempt = await record_attempt(ana, 1, [])
            server.kill()
            move = asyncio.create_task(ana.move(attempt, Move.ACCEPT, Facts(task="t-1")))
            server.start()
            assert await move is Stage.SUBMITTED
            assert [each.move for each in await ana.events([attempt])] == ["intend", "accept"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP SCHEMA hailuo CASCADE", "there is no ledger in this database"),
        ("INSERT INTO hailuo.migrations (number, name) VALUES (999, 'later')", "newer than this tool"),
        ("DELETE FROM hailuo.migrations WHERE number > 1", "older than this tool"),
        ("", "may not use the shared ledger"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_words(
    change: str,
    words: str,
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
):
    with postgres.connect(postgres_database) as owner:
        owner.execute(change)
    url = postgres.url(postgres_database, user="producer" if change else "worker")
    for opened in (open_shared_ledger(url, clock=FakeClock()), read_shared_ledger(url)):
        with pytest.raises(LedgerError, match=words):
            async with opened:
                pass


async def test_the_content_key_changes_with_every_write_and_with_nothing_else(postgres_url: str):  # noqa: F811
    async with read_shared_ledger(postgres_url) as reader:
        keys = [await reader.content_key(), await reader.content_key()]
        async with machine(postgres_url) as ana:
            keys.append(await reader.content_key())
            attempt = await record_attempt(ana, 1, [])
            keys.append(await reader.content_key())
            await ana.move(attempt, Move.ACCEPT, Facts(task="t-1"))
            keys.append(await reader.content_key())
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 3


async def test_a_task_that_cannot_be_recorded_when_a_stopped_run_leaves_is_named(
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr("hailuo_batch.ledger.postgres.session._LEAVING_PATIENCE", 0.3)
    with proxy_of(postgres, postgres_database) as (proxy, url):
        async with machine(url, patience=600.0) as ana:
            attempt = await record_attempt(ana, 1, [])
            proxy.go_away()
            move = asyncio.create_task(ana.move(attempt, Move.ACCEPT, Facts(task="t-77")))
            await asyncio.sleep(0)
            move.cancel()
        assert "task t-77 of take open#1 could not be recorded" in caplog.text
        assert "resolve open#1 --task t-77" in caplog.text


async def test_after_a_write_was_given_up_the_next_one_does_not_get_its_answer(
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
):
    """Money: its commit may stand. An answer that belongs to it would let another take be submitted as this one."""
    with proxy_of(postgres, postgres_database) as (proxy, url):
        async with machine(url, patience=0.3) as ana:
            await record_attempt(ana, 1, [])
            proxy._is_away = True
            proxy.lose_answer()
            with pytest.raises(LedgerError):
                await ana.record_intent(make_intent(2))
            proxy.come_back()
            got = await ana.record_intent(make_intent(3))
            known = {each.id: each.take for each in await ana.attempts()}
    assert known == {1: 1, 2: 2, got: 3}


async def test_a_write_that_cannot_be_stored_fails_alone(postgres_url: str):  # noqa: F811
    async with machine(postgres_url) as ana:
        bad = replace(make_intent(1), preimage="a\0b")
        outcomes = await asyncio.gather(
            *(ana.record_intent(each) for each in (make_intent(2), bad, make_intent(3))), return_exceptions=True
        )
        assert [type(each) for each in outcomes] == [int, AssertionError, int]
        assert [each.take for each in await ana.attempts()] == [2, 3]
