"""What `costs` and `audit` print of a project with a purchase in it, and how they end."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.app.doctor_checks import CheckResult, DoctorCheck

pytestmark = pytest.mark.usefixtures("quick_sketches")
Say = Callable[..., Any]


@pytest.fixture
def bought(film: Path, say: Say) -> Path:
    """A project in which two sketches were drawn, one of which the ledger calls a purchase; the ledger."""
    assert say("run", "--sketch", "--progress", "none").code == 0
    ledger = film.parent.parent / ".hailuo" / "ledger.db"
    change(
        ledger,
        "UPDATE attempts SET provider = 'minimax', task = 't-1', tags = '[\"=hero\"]', intended_at = 1790000000, "
        "estimate_amount = '0.28', estimate_currency = 'USD' WHERE shot = 'open'",
    )
    return ledger


def change(ledger: Path, statement: str) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute(statement)


def test_nothing_was_bought_here(say: Say) -> None:
    said = say("costs")
    assert (said.code, said.out, said.err) == (0, "Costs by provider: nothing was submitted to a provider.\n", "")
    said = say("audit")
    assert (said.code, said.err) == (0, "")
    assert said.out == "0 requests, 0 purchases, 0 clips; 0 bought twice; nothing spent.\n"


def test_sketches_cost_nothing_and_are_counted_by_the_audit(film: Path, say: Say) -> None:
    assert say("run", "--sketch", "--progress", "none").code == 0
    assert say("costs").out == "Costs by provider: nothing was submitted to a provider.\n"
    said = say("audit", "--deep")
    assert (said.code, said.err) == (0, "")
    assert said.out == "0 requests, 0 purchases, 0 clips; 0 bought twice; 2 sketches (free); nothing spent.\n"


def test_costs_say_what_they_are_limited_to(bought: Path, say: Say) -> None:
    said = say("costs", "--by", "month", "--since", "2026-09", "--campaign", "teaser")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Costs by month, campaign teaser, since 2026-09-01\n\n")
    assert "\n  2026-09  USD              1      0.28   0.28\n" in said.out
    assert say("costs", "--since", "2026-10-01").out.endswith(": nothing was submitted to a provider.\n")


def test_csv_is_as_the_standard_has_it_and_holds_no_formula(bought: Path, say: Say) -> None:
    said = say("costs", "--by", "tag", "--format", "csv")
    assert (said.code, said.err) == (0, "")
    assert said.out.count("\r\n") == said.out.count("\n") == 3
    _, hero, total = csv.reader(io.StringIO(said.out, newline=""))
    assert hero == ["tag", "'=hero", "USD", "1", "0", "0.28", "", "", "", "0.28", "0", "0", "0"]
    assert total == ["total", "", *hero[2:]]


def test_json_has_the_same_figures(bought: Path, say: Say) -> None:
    (row,) = json.loads(say("costs", "--format", "json").out)["totals"]
    assert (row["currency"], row["attempts"], row["spent"], row["told"]) == ("USD", 1, "0.28", None)
    assert json.loads(say("costs", "--rehearsal", "--format", "json").out)["totals"] == []


@pytest.mark.parametrize("day", ["2026", "2026-13", "yesterday", "2026-11-31"])
def test_a_day_that_is_none_is_a_wrong_command_line(say: Say, day: str) -> None:
    said = say("costs", "--since", day)
    assert said.code == 2
    assert f'"{day}" is neither a month (2026-11) nor a day (2026-11-20).' in said.err


def test_a_campaign_that_is_none_is_said_with_a_hint(bought: Path, say: Say) -> None:
    said = say("costs", "--campaign", "teazer")
    assert (said.code, said.out) == (3, "")
    assert 'Did you mean "teaser"?' in said.err


def test_a_doctor_to_whom_a_gateway_rejects_the_key_exits_with_6(
    surroundings: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rejecting(*_: Any, **__: Any) -> tuple[DoctorCheck, ...]:
        found = {"name": "account of minimax", "detail": "the key is not accepted"}
        broken = DoctorCheck(name="disk", result=CheckResult.BAD, detail="it is full")
        return broken, DoctorCheck(result=CheckResult.BAD, is_key_rejected=True, **found)

    monkeypatch.setattr("hailuo_batch.cli.doctor.doctor", rejecting)
    assert surroundings
    assert say("doctor").code == 6


def test_an_audit_that_finds_something_exits_with_4_and_says_what_to_do(bought: Path, say: Say) -> None:
    said = say("audit")
    assert (said.code, said.err) == (4, "")
    assert said.out.startswith(
        "teaser/open#1  its record has facts that its events do not have: provider, task, estimate\n"
    )
    assert "\n1 finding; the audit is inconclusive until they are resolved.\n" in said.out
    members = json.loads(say("audit", "--format", "json").out)
    assert (members["version"], members["proved"], members["findings"][0]["fault"]) == (1, False, "untold")
    assert members["findings"][0]["remedy"]
    assert say("audit", "--rehearsal").code == 0


def test_prices_are_learnt_from_charges_alone_and_written_on_request(bought: Path, film: Path, say: Say) -> None:
    said = say("prices", "--write")
    assert (said.code, said.out) == (2, "")
    assert "--write belongs to learn" in said.err
    assert say("prices", "learn", "--write").out.startswith("The ledger has no actual cost of any clip")
    settings = film.parent.parent / "hailuo.yaml"
    before = settings.read_text() if settings.exists() else "version: 1\n"
    change(
        bought,
        "UPDATE attempts SET cost_amount = '0.25', cost_currency = 'USD', "
        """preimage = json_set(preimage, '$.model', 'hailuo-02', '$.duration', 6, '$.resolution', '768p') """
        "WHERE shot = 'open'",
    )
    learnt = json.loads(say("prices", "learn", "--write", "--format", "json").out)
    assert learnt["written"] == str(settings)
    (row,) = learnt["learnt"]
    assert (row["charged"][0]["amount"], row["charged"][0]["newest"], row["proposed"]) == ("0.25", "2026-09-21", True)
    assert settings.read_text().startswith(before)
    assert "amount: 0.25, currency: USD, since: 2026-09-21" in settings.read_text()
