"""What `hailuo.yaml` shares with other machines: when it counts, and that no password of it is shown."""

from pathlib import Path

import pytest

from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.shared_places import FARM_OF_LEDGER, NO_PLACES, SharedPlaces
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, UntrustedError
from hailuo_batch.load.settings import read_project
from hailuo_batch.load.shared_places import read_shared_places
from hailuo_batch.load.trust import write_trust

LEDGER = "postgresql://ana@db.example:5432/films?sslmode=verify-full"
SHOWN = "db.example:5432/films"
ALL = f"ledger: {LEDGER}\nstore: s3://films/clips\nfarm: true\n"


@pytest.fixture
def folder(tmp_path: Path, user_state: Path) -> Path:
    assert user_state
    (tmp_path / "film").mkdir()
    return tmp_path / "film"


def write(folder: Path, text: str) -> None:
    (folder / "hailuo.yaml").write_text(f"version: 1\n{text}")


def test_what_is_shared_counts_when_it_is_trusted_and_in_the_real_world(folder: Path) -> None:
    write(folder, ALL)
    assert read_shared_places(folder) == SharedPlaces(untrusted=("ledger", "store", "farm"))
    write_trust(folder, read_project(folder).stakes)
    shared = SharedPlaces(ledger=LEDGER, store="s3://films/clips", farm=FARM_OF_LEDGER)
    assert Workspace(folder).places == read_shared_places(folder) == shared
    assert Workspace(folder, World.SKETCH).places == Workspace(folder, World.REHEARSAL).places == NO_PLACES
    write(folder, ALL.replace("db.example", "db.other"))
    assert not read_shared_places(folder).ledger, "another address is not what was trusted"


def test_each_setting_that_does_not_count_says_so(folder: Path) -> None:
    write(folder, ALL)
    assert [(each.path, each.why) for each in read_project(folder).warnings] == [
        (("ledger",), f"nothing is planned or bought, since the shared ledger is at {SHOWN}."),
        (("store",), "no clip is kept in s3://films/clips."),
        (("farm",), "nothing is drawn or checked by workers at the shared ledger."),
    ]


async def test_no_local_ledger_stands_in_for_one_that_is_not_trusted(folder: Path) -> None:
    write(folder, ALL)
    with pytest.raises(UntrustedError, match="not trusted") as refused:
        async with Workspace(folder).read_ledger():
            pass
    assert SHOWN in refused.value.why
    assert "hailuo-batch trust" in refused.value.remedy


@pytest.mark.parametrize(
    "text",
    ["providers: [minimax]\nledger: 7\n", f"ledger: {LEDGER}\nprovider: [x]\n", f"ledger: {LEDGER}\nledger: a\n"],
)
def test_broken_settings_that_may_name_a_ledger_stop_what_needs_one(folder: Path, text: str) -> None:
    write(folder, text)
    with pytest.raises(InputError, match=r"hailuo\.yaml cannot be used"):
        read_shared_places(folder)


def test_settings_that_share_nothing_are_not_parsed(folder: Path) -> None:
    write(folder, "providers: [not, closed\n")
    assert read_shared_places(folder) == NO_PLACES
    assert read_shared_places(folder / "elsewhere") == NO_PLACES


@pytest.mark.parametrize("hidden", ['"led\\x67er": X', "{ledger: X}", "? ledger\n: X"])
def test_a_key_that_is_written_in_another_way_is_found(folder: Path, hidden: str) -> None:
    lines = hidden.replace("X", LEDGER)
    text = lines.replace("{", '{"version": 1, ') if lines.startswith("{") else f"version: 1\n{lines}\n"
    (folder / "hailuo.yaml").write_text(text)
    assert read_shared_places(folder).untrusted == ("ledger",)


@pytest.mark.parametrize(
    "written",
    [
        "postgresql://ana:hunter2@db.example/films",
        "'postgresql://ana:hunter2@db.example/films'",
        "postgresql://ana:hun@ter2@db.example/films",
        "postgresql://ana:hunt/er2@db.example/films",
        "postgresql://db.example/films?user=ana&password=hunter2",
        "host=db.example user=ana password=hunter2",
        "ana:hunter2@db.example/films",
        "\n  postgresql://ana:hunter2@db.example/films",
        f"postgresql://ana:hunter2{'x' * 300}@db.example/films",
    ],
)
def test_a_password_in_an_address_is_refused_and_never_shown(folder: Path, written: str) -> None:
    write(folder, f"ledger: {written}\n")
    (problem,) = read_project(folder).problems
    assert (problem.rule.id, problem.path, problem.place is not None) == ("form", ("ledger",), True)
    assert "PGPASSWORD" in problem.remedy
    assert not any(part in repr(problem) for part in ("hunter2", "ter2", "er2"))
    with pytest.raises(InputError) as refused:
        read_shared_places(folder)
    assert "er2" not in refused.value.why


def test_a_password_is_not_shown_when_something_else_is_wrong_in_its_line(folder: Path) -> None:
    (folder / "hailuo.yaml").write_text('{"version": 1, "ledger": "postgresql://ana:hunter2@db/films", "stoer": 1}')
    assert "hunter2" not in repr(read_project(folder).problems)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ledger: mysql://db.example/films\n", "form"),
        ("ledger: postgresql://db.example\n", "form"),
        ("store: s3://key:secret@films\n", "form"),
        ("store: films\n", "form"),
        ("farm: tcp://host:8786\n", "form"),
        ("farm: true\nstore: s3://films/clips\n", "key-missing"),
        ("farm: tls://host:8786\n", "key-missing"),
    ],
)
def test_what_cannot_be_a_place_is_a_problem(folder: Path, text: str, rule: str) -> None:
    write(folder, text)
    assert [each.rule.id for each in read_project(folder).problems] == [rule]


def test_a_scheduler_without_tls_is_refused_with_the_reason(folder: Path) -> None:
    write(folder, "farm: tcp://host:8786\n")
    (problem,) = read_project(folder).problems
    assert "One without TLS is not used" in problem.why
    assert "tls://" in problem.remedy


@pytest.mark.parametrize(
    "address",
    [
        "postgresql:///films?host=/run/postgresql",
        "postgres://db.example/films",
        "postgresql://ana@one.example:5432,two.example:5432/films?target_session_attrs=read-write",
        "postgresql://ana@[::1]:5432/films",
    ],
)
def test_an_address_as_libpq_takes_it_is_fine(folder: Path, address: str) -> None:
    write(folder, f"ledger: {address}\n")
    assert read_project(folder).problems == ()


def test_a_store_with_keys_in_its_address_is_refused_without_showing_them(tmp_path: Path) -> None:
    (tmp_path / "hailuo.yaml").write_text('version: 1\nstore: "s3://AKIA123:geheim@films/clips"\n')
    (problem,) = read_project(tmp_path).problems
    assert "without keys" in problem.why
    assert "put them into the environment" in problem.remedy
    assert "geheim" not in str(problem)
