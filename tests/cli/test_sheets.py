"""`import` and `export` as a person runs them: words, files and exit codes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Say = Callable[..., Any]
LIST = "Szene,Nr,Beschreibung,Länge (s)\nHafen,1,A ship comes in,3.5\nHafen,2,Gulls,long\nMarkt,3,The market,4\n"


@pytest.fixture
def listed(surroundings: Path) -> Path:
    (surroundings / "Summer Film.csv").write_text(LIST, encoding="utf-8")
    return surroundings / "Summer Film.csv"


def test_a_list_becomes_a_manifest_and_the_rows_that_do_not_fit_are_kept(listed: Path, say: Say) -> None:
    said = say("import", "Summer Film.csv", "--map", "Szene=sequence")
    assert (said.code, said.err) == (3, "")
    assert said.out == (
        "The description is read as prompt.\n"
        "Columns: Szene is sequence, Nr is id, Beschreibung is prompt, Länge (s) is cut.\n"
        "new      1\n"
        "new      3\n"
        'row 3 not taken: "long" is not a length in seconds, such as 3.5.\n'
        "Rows not taken are in Summer Film.rejected.csv, each with the reason.\n"
        "summer-film.yaml: 2 new, 1 not taken. Written.\n"
        "Next, check it:\n"
        "    hailuo-batch validate summer-film.yaml\n"
    )
    again = say("import", "Summer Film.csv", "--map", "Szene=sequence")
    assert again.code == 5
    assert again.err == (
        "error: summer-film.yaml is there already\n"
        "  Nothing was written.\n"
        "  To update it:\n"
        "      hailuo-batch import 'Summer Film.csv' --into summer-film.yaml\n"
    )


def test_a_column_that_is_no_key_is_named_so_that_it_can_be_mapped(listed: Path, say: Say) -> None:
    line = "Kept as meta, and never sent: Szene. `--map NAME=KEY` decides otherwise.\n"
    assert line in say("import", listed.name, "--dry-run").out
    assert say("import", listed.name).code == 3
    assert line not in say("import", listed.name, "--into", "summer-film.yaml", "--dry-run").out


def test_an_edited_table_changes_the_manifest_and_says_how(film: Path, say: Say) -> None:
    said = say("export", "-o", "list.csv")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("    hailuo-batch import list.csv --into manifests/film.yaml\n")
    table = Path("list.csv")
    table.write_bytes(table.read_bytes().replace(b"the cap turns", b"the cap falls"))
    line = ("import", "list.csv", "--into", "manifests/film.yaml")
    before = film.read_text()
    dry = say(*line, "-n")
    assert dry.out == (
        "changed  turn\n"
        '         prompt: "the cap turns" → "the cap falls"\n'
        "manifests/film.yaml: 1 changed, 1 unchanged. Nothing was written (--dry-run).\n"
    )
    assert film.read_text() == before
    members = json.loads(say(*line, "--format", "json").out)
    assert (members["version"], members["written"], members["unchanged"]) == (1, True, 1)
    assert members["changed"] == [{"row": 3, "shot": "turn", "values": {"prompt": "the cap falls"}}]
    assert film.read_text() == before.replace("the cap turns", "the cap falls")
    assert say(*line).out == "manifests/film.yaml: 2 unchanged. Nothing to do.\n"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("export", "--format", "xlsx"), 2, "an Excel file needs a name, such as -o film.xlsx."),
        (("export", "-o", "manifests/film.yaml", "--format", "csv"), 5, "manifests/film.yaml is there already"),
        (("export", "-o", "film.pdf"), 3, "film.pdf is not a table"),
        (("import", "none.csv"), 3, "no such file: none.csv"),
        (("import", "manifests"), 3, "manifests is not a table"),
        (("import", "list.csv", "--into", "manifests/film.yaml", "-o", "x.yaml"), 2, "--into updates a manifest"),
        (("import", "list.csv", "--remove-missing"), 2, "--remove-missing needs --into."),
        (("import", "list.csv", "--map", "id"), 2, '"id" is not NAME=KEY'),
        (("import", "list.csv", "--map", "id=identity"), 3, '--map: there is no key "identity"'),
        (("import", "list.csv", "--map", "Szene=sequence"), 3, '--map: list.csv has no column "Szene"'),
        (("import", "list.csv", "--fps", "0"), 2, '"0" is not a number of frames per second.'),
        (("import", "絵.csv"), 3, "which campaign?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said(args: tuple[str, ...], code: int, words: str, film: Path, say: Say) -> None:
    before = film.read_text()
    for name in ("list.csv", "絵.csv"):
        Path(name).write_text("id,prompt\nnew,x\n")
    said = say(*args)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert film.read_text() == before


def test_a_table_on_stdout_has_no_mark_in_front(film: Path, say: Say) -> None:
    said = say("export", str(film))
    assert said.code == 0
    assert said.out.splitlines()[0].startswith('"id","prompt"') or said.out.startswith('"id","sequence"')
    assert say("export", str(film), "--format", "tsv").out.startswith('"id"\t')


def test_the_guide_shows_what_an_import_makes(surroundings: Path, say: Say) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "spreadsheets.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^```\n(Szene;.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    (manifest,) = re.findall(r"^```yaml\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    Path("harbour.csv").write_text(table, encoding="utf-8")
    assert say("import", "harbour.csv", "--map", "Szene=sequence").code == 0
    assert Path("harbour.yaml").read_text(encoding="utf-8") == manifest
