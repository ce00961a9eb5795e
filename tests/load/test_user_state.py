from pathlib import Path

import pytest
from platformdirs import user_state_path

from hailuo_batch.load.user_state import find_user_state


def test_the_user_state_is_where_the_system_keeps_such_files(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HAILUO_STATE")
    assert find_user_state() == user_state_path("hailuo-batch", appauthor=False)


def test_a_variable_names_another_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAILUO_STATE", "mine")
    assert find_user_state() == tmp_path / "mine"
