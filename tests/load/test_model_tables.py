"""The models' rows, and that a new model is one file."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import DEFAULT_MODEL, LOCAL_MODELS, SKETCH_MODEL
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.load import model_tables
from hailuo_batch.load.document import read_document
from hailuo_batch.load.model_tables import MODEL_FOLDER, model_names, read_model
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_provider_table
from hailuo_batch.load.schemas import read_schema

SECONDS = {"768p": (6, 10), "1080p": (6,)}


@pytest.mark.parametrize("name", model_names())
def test_a_models_file_is_as_its_schema_wants_it(name: str) -> None:
    document = read_document((MODEL_FOLDER / f"{name}.yaml").read_bytes(), name=name)
    assert document.problems == ()
    assert isinstance(document.tree, dict)
    assert list(Draft7Validator(read_schema("model")).iter_errors(document.tree)) == []
    model = read_model(name)
    assert dict(model.switches) == document.tree["switches"], "a switch that the table does not have is dropped"
    assert model.name == name
    assert date.fromisoformat(model.read) <= date(2026, 12, 31)


@pytest.mark.parametrize("name", model_names())
def test_what_a_model_does_unasked_is_what_a_shot_asks_that_says_nothing(name: str) -> None:
    """A gateway without the switch is asked all the same: what it does must be what the shot says."""
    assert set(read_model(name).switches) <= set(DEFAULT_SWITCHES)


def test_the_local_models_are_those_whose_rows_say_so() -> None:
    assert {name for name in model_names() if read_model(name).is_local} == LOCAL_MODELS
    assert read_model(SKETCH_MODEL).is_local
    assert not read_model(DEFAULT_MODEL).is_local


def test_hailuo_23_is_a_row() -> None:
    model = read_model("hailuo-2.3")
    assert model.offers == {Mode.TEXT: SECONDS, Mode.FIRST: SECONDS}
    assert model.switches == DEFAULT_SWITCHES


def test_its_fast_sister_has_no_text_mode_and_no_fast_pretreatment() -> None:
    model = read_model("hailuo-2.3-fast")
    assert model.offers == {Mode.FIRST: SECONDS}
    assert [name for name, _ in model.switches] == ["prompt_optimizer", "watermark"]


def test_minimax_sells_nothing_that_a_model_does_not_make() -> None:
    """Who makes the models lists what they make; a gateway may list more, which is a warning."""
    for name in read_provider_table("minimax")["models"]:
        assert read_provider("minimax", name).offers == read_model(name).offers


@pytest.mark.parametrize("name", provider_names())
def test_a_gateway_sells_only_models_that_have_a_row(name: str) -> None:
    assert set(read_provider(name).models) <= set(model_names())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(model_tables, "MODEL_FOLDER", tmp_path)
    read_model.cache_clear()
    yield tmp_path
    read_model.cache_clear()


def test_a_new_model_is_there_as_soon_as_its_file_is(folder: Path) -> None:
    text = (MODEL_FOLDER / "hailuo-02.yaml").read_text()
    (folder / "hailuo-9.yaml").write_text(text.replace("name: hailuo-02", "name: hailuo-9"))
    assert model_names() == ("hailuo-9",)
    assert read_model("hailuo-9").makes(Mode.TEXT, "768p", 6)


def test_of_a_name_without_a_file_nothing_is_known(folder: Path) -> None:
    (folder.parent / "outside.yaml").write_text("")
    for name in ("", "hailuo-9", "../outside"):
        assert (read_model(name).offers, read_model(name).switches) == ({}, ())
