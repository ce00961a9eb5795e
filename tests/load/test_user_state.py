from pathlib import Path

import pytest
from platformdirs import user_state_path

from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.doctor_checks import CheckResult
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError
from hailuo_batch.load.user_state import find_user_state
from hailuo_batch.media.animatic.fonts import _find_font_files, missing_scripts


def test_the_user_state_is_where_the_system_keeps_such_files(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HAILUO_STATE")
    assert find_user_state() == user_state_path("hailuo-batch", appauthor=False)


def test_a_variable_names_another_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAILUO_STATE", "mine")
    assert find_user_state() == tmp_path / "mine"


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user with neither HOME nor an entry of the system, as containers have them."""
    monkeypatch.chdir(tmp_path)
    for name in ("HAILUO_STATE", "HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: object) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr("pwd.getpwuid", unknown)


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_names_a_folder():
    with pytest.raises(InputError) as wrong:
        find_user_state()
    assert "export HAILUO_STATE=" in wrong.value.remedy


@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize("settings", ["", "regions: {minimax: 'http://127.0.0.1:9'}\n"])
async def test_fonts_sketches_and_doctor_need_no_home(settings: str, tmp_path: Path):
    """Nor do settings that need trust: nothing is trusted."""
    (tmp_path / "hailuo.yaml").write_text(f"version: 1\n{settings}")
    _find_font_files.cache_clear()
    missing_scripts()
    _find_font_files.cache_clear()
    file = tmp_path / "film.yaml"
    file.write_text("version: 1\ncampaign: film\nshots: [{id: a, prompt: a boat, duration: 1}]\n")
    assert (await plan(file, world=World.SKETCH)).pending_steps
    ledger = next(each for each in await doctor(tmp_path, offline=True) if each.name == "ledger")
    assert (ledger.result, "HAILUO_STATE" in ledger.remedy) == (CheckResult.BAD, True)
