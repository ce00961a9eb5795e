"""One more gateway is one more table: nothing else in the package knows the gateways' names."""

from pathlib import Path
from shutil import copytree

import pytest

from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.validate import validate
from hailuo_batch.app.providers import providers
from hailuo_batch.load import provider_tables
from hailuo_batch.load.provider_tables import TABLE_FOLDER, load_dialect, provider_names
from hailuo_batch.mock.contracts.registry import contracts


def film(folder: Path, provider: str) -> Path:
    """A manifest of one shot, in a project of its own."""
    (folder / ".git").mkdir(exist_ok=True)
    file = folder / "film.yaml"
    file.write_text(
        f"version: 1\ncampaign: spring\nproviders: [{provider}]\n"
        "shots: [{id: open, prompt: a bottle in mist, duration: short}]\n"
    )
    return file


@pytest.fixture
def _seventh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of tables, with a table of a gateway that the package does not have."""
    folder = copytree(TABLE_FOLDER, tmp_path / "tables")
    table = (folder / "mindvideo.yaml").read_text(encoding="utf-8")
    renamed = table.replace("name: mindvideo", "name: seventh").replace("MINDVIDEO_API_KEY", "SEVENTH_API_KEY")
    (folder / "seventh.yaml").write_text(renamed, encoding="utf-8")
    monkeypatch.setattr(provider_tables, "TABLE_FOLDER", folder)


@pytest.mark.usefixtures("_seventh")
async def test_a_gateway_is_added_by_its_table(tmp_path: Path) -> None:
    planned = await plan(film(tmp_path, "seventh"))
    assert [step.route.provider for step in planned.pending_steps if step.route] == ["seventh"]
    assert [facts.provider.key for facts in await providers("seventh", tmp_path)] == ["SEVENTH_API_KEY"]
    assert "key of seventh" in {check.name for check in await doctor(tmp_path, offline=True)}
    assert load_dialect("seventh").format_prompt("mist") == "mist"


@pytest.mark.usefixtures("_seventh")
@pytest.mark.parametrize(("wrong", "remedy"), [("sevent", 'Did you mean "seventh"?'), ("zebra", "Known are {}.")])
async def test_what_is_known_is_what_has_a_table(tmp_path: Path, wrong: str, remedy: str) -> None:
    names = provider_names()
    assert "seventh" in names
    (problem,) = (await validate(film(tmp_path, wrong))).problems
    assert problem.remedy == remedy.format(", ".join(names))


def test_the_mock_plays_every_gateway_that_has_a_table() -> None:
    assert set(contracts()) == set(provider_names())
