"""Tables into manifests and back: what is written, what stays, and what is not taken."""

import asyncio
import csv
import difflib
import shutil
from collections.abc import Callable, Iterable
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_batch.app.export_sheet import export_sheet
from hailuo_batch.app.import_sheet import ImportOptions, import_sheet
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.planning.validate import read_draft
from hailuo_batch.core.sheet.outcome import ImportOutcome
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.load.sheets.sheet_files import SheetKind

MANIFESTS = sorted((Path(__file__).parents[2] / "manifests").glob("*.yaml"))


def bring(file: Path, **options: object) -> ImportOutcome:
    return asyncio.run(import_sheet(file, ImportOptions(**options)))  # type: ignore[arg-type]


def take_out(manifest: Path, file: Path) -> Path:
    file.write_bytes(asyncio.run(export_sheet(manifest, SheetKind(file.suffix[1:]))))
    return file


def read_cells(file: Path) -> list[list[str]]:
    return list(csv.reader(StringIO(file.read_text(encoding="utf-8-sig"), newline="")))


def write_cells(file: Path, rows: Iterable[Iterable[str]]) -> Path:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    file.write_bytes(text.getvalue().encode())
    return file


def edit_cells(file: Path, changes: dict[tuple[str, str], str]) -> Path:
    """The table with other values in cells, by shot and column."""
    rows = read_cells(file)
    for (shot, column), value in changes.items():
        (row,) = (row for row in rows if row[0] == shot)
        row[rows[0].index(column)] = value
    return write_cells(file, rows)


def diff(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    shutil.copytree(MANIFESTS[0].parent, tmp_path / "manifests")
    return tmp_path / "manifests" / "product-film.yaml"


# Out and in again


@pytest.mark.parametrize("kind", list(SheetKind))
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_out_and_in_again_is_nothing_to_do(manifest: Path, kind: SheetKind, tmp_path: Path) -> None:
    file = take_out(manifest, tmp_path / f"list.{kind}")
    shots = read_draft(manifest, world=World.SKETCH).shots
    done = bring(file, into=manifest, dry_run=True)
    assert done.changes.is_empty
    assert (done.changes.unchanged, done.changes.missing, done.changes.rejected) == (len(shots), (), ())


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n\t"), max_size=30)


@pytest.mark.parametrize("kind", list(SheetKind))
@settings(max_examples=40, deadline=None)
@given(
    prompt=st.one_of(
        TEXTS, st.sampled_from(["=1+1", "'=1", "''", "-a", "\t", "_x0041_", "a\nb\n", "1.50", "010", "no"])
    ),
    tags=st.lists(TEXTS.filter(lambda text: text.strip() and "${" not in text), max_size=3, unique=True),
    music=TEXTS,
    name=st.one_of(TEXTS.filter(bool), st.sampled_from(["Prompt", "id", "meta.x", "row", "x-a", " "])),
)
def test_any_text_comes_back_as_it_was(
    prompt: str, tags: list[str], music: str, name: str, kind: SheetKind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import json

    entry = {"id": "a", "prompt": prompt.replace("${", ""), "tags": tags, "meta": {name: music}}
    manifest = tmp_path_factory.mktemp("film") / "film.yaml"
    tree = {"version": 1, "campaign": "film", "shots": [entry]}
    manifest.write_text(json.dumps(tree), encoding="utf-8")
    if read_draft(manifest, world=World.SKETCH).has_errors:
        return
    done = bring(take_out(manifest, manifest.with_name(f"list.{kind}")), into=manifest, dry_run=True)
    assert (done.changes.changed, done.changes.added, done.changes.unchanged) == ((), (), 1)


@settings(max_examples=60, deadline=None)
@given(prompt=TEXTS, notes=TEXTS, music=TEXTS)
def test_any_text_of_a_table_is_what_the_manifest_says_then(
    prompt: str, notes: str, music: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("film")
    cells = [text.replace("${", "").strip("'") for text in (prompt, notes, music)]
    file = write_cells(
        folder / "list.csv", [["id", "prompt", "notes", "Music"], ["first", "x", "y", "z"], ["a", *cells]]
    )
    done = bring(file, out=folder / "film.yaml")
    assert done.changes.rejected == ()
    draft = read_draft(folder / "film.yaml", world=World.SKETCH)
    assert draft.manifest is not None
    entry = draft.manifest.shots[1]
    wanted = [text if text.strip() else "" for text in cells]
    assert [entry.prompt, entry.notes or "", dict(entry.meta).get("Music", "")] == wanted


# What changes, and what stays

EDITS: list[tuple[str, dict[tuple[str, str], str], list[str]]] = [
    (
        "a text, its quotes and the comment behind it",
        {("end", "notes"): 'The line "x"'},
        [
            '-    notes: The line under the mark, "from ${price}", is set in the edit; the model cannot spell.',
            '+    notes: The line "x"',
        ],
    ),
    ("a number with its comment", {("mist", "takes"): "4"}, [
        "-    takes: 3 # three tries at the same request, to choose from",
        "+    takes: 4 # three tries at the same request, to choose from",
    ]),
    ("a value that was a default", {("night", "resolution"): "1080p"}, ["+    resolution: 1080p"]),
    ("one end of two frames", {("night", "last frame"): "shot:turn first"}, [
        "-      last: { shot: mist, frame: first }", "+      last: {shot: turn, frame: first}",
    ]),
    ("a frame of another shot", {("end", "first frame"): "shot:rings first"}, [
        "-      first: { shot: pack-rose, frame: last }", "+      first: {shot: rings, frame: first}",
    ]),
    ("tags", {("cap", "tags"): "detail; hero; macro"}, ["-    tags: [hero]", "+    tags: [hero, macro]"]),
    ("an own value that is emptied", {("cap", "resolution"): ""}, ["-    resolution: 1080p"]),
    ("one cell of a matrix", {("pack-sea", "prompt"): "salt, and blue glass"}, [
        "+    overrides:", "+      - {where: {scent: sea}, prompt: \"salt, and blue glass\"}",
    ]),
    ("two cells of a matrix", {("pack-sea", "prompt"): "salt", ("pack-rose", "takes"): "2"}, [
        "+    overrides:",
        "+      - {where: {scent: rose}, takes: 2}",
        "+      - {where: {scent: sea}, prompt: salt}",
    ]),
    ("all cells of a matrix", {(f"pack-{scent}", "notes"): "new" for scent in ("rose", "amber", "sea")}, [
        "-    notes: Packshot ${scent}, shelf price ${price}, spring ${year}.", "+    notes: new",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "lines"), [each[1:] for each in EDITS], ids=[each[0] for each in EDITS])
def test_an_edited_cell_changes_only_its_value(
    changes: dict[tuple[str, str], str], lines: list[str], film: Path, tmp_path: Path
) -> None:
    before = film.read_text(encoding="utf-8")
    file = edit_cells(take_out(film, tmp_path / "list.csv"), changes)
    done = bring(file, into=film)
    assert done.changes.rejected == ()
    assert {edit.id for edit in done.changes.changed} == {shot for shot, _ in changes}
    assert diff(before, film.read_text(encoding="utf-8")) == lines
    assert bring(file, into=film).changes.is_empty


MANIFEST = """\
version: 1
campaign: film
vars: {mood: &mood still water}
defaults: {tags: [all], style: film}
styles: {film: {suffix: ", grain"}}
sequences:
  - {id: sq010, title: The harbour, defaults: {takes: 2}}

shots:
  # the first
  - &base
    id: a
    sequence: sq010
    prompt: 'it''s here'   # said twice
    meta: {Music: cue 1}
  # the second

  - {id: b, prompt: *mood, tags: [x]}

  - <<: *base
    id: c
    frames: {first: c.png}
  - id: d-${s}
    matrix: {s: {one: first words, two: second words}}
    prompt: ${s}
    frames: {first: d.png}
    cut: 4
    overrides:
      - where: {s: two}
        takes: 3
  - id: e
    x-shot: 7
    prompt: |
      two
      lines
    frames:
      first: {file: a.png, rights: {owner: Acme}}
"""

LINES: list[tuple[str, dict[tuple[str, str], str], list[str]]] = [
    ("single quotes", {("a", "prompt"): "it's there"}, []),
    ("a shared entry", {("a", "takes"): "5"}, []),
    ("an alias", {("b", "prompt"): "rough water"}, [
        "-  - {id: b, prompt: *mood, tags: [x]}", "+  - {id: b, prompt: rough water, tags: [x]}",
    ]),
    ("a new key in a flow mapping", {("b", "notes"): "a, b"}, [
        "-  - {id: b, prompt: *mood, tags: [x]}", "+  - {id: b, prompt: *mood, tags: [x], notes: \"a, b\"}",
    ]),
    ("what a merge key brings", {("c", "prompt"): "new"}, ["+    prompt: new"]),
    ("a meta beside a merged one", {("c", "Music"): "cue 2"}, ["+    meta:", "+      Music: cue 2"]),
    ("an override that is there", {("d-two", "takes"): "4"}, ["-        takes: 3", "+        takes: 4"]),
    ("an override taken away", {("d-two", "takes"): ""}, ["-        takes: 3"]),
    ("another override", {("d-one", "takes"): "9"}, ["+      - {where: {s: one}, takes: 9}"]),
    ("lines", {("e", "prompt"): "three\nmore\nlines\n"}, ["-      two", "+      three", "+      more"]),
    ("an x- key", {("e", "x-shot"): "8"}, ["-    x-shot: 7", "+    x-shot: 8"]),
    ("a frame with rights", {("e", "first frame"): "b.png"}, [
        "-      first: {file: a.png, rights: {owner: Acme}}", "+      first: b.png",
    ]),
    ("a frame taken away", {("e", "first frame"): ""}, [
        "-    frames:", "-      first: {file: a.png, rights: {owner: Acme}}",
    ]),
    ("one end of a cell's frames", {("d-one", "last frame"): "z.png"}, [
        "+      - {where: {s: one}, frames: {first: d.png, last: z.png}}",
    ]),
    ("new keys below and behind the last one", {("e", "notes"): "kept", ("e", "last frame"): "z.png"}, [
        "+      last: z.png", "+    notes: kept",
    ]),
    ("no style", {("e", "style"): "none"}, ["+    style: none"]),
    ("a cut beside the length that is bought", {("e", "cut"): "3,5 s", ("e", "duration"): "6"}, [
        "+    duration: 6", "+    cut: 3.5",
    ]),
    ("another length beside a cut", {("d-one", "duration"): "10"}, ["+      - {where: {s: one}, duration: 10}"]),
    ("a cut alone", {("e", "cut"): "3.5", ("e", "duration"): ""}, ["+    cut: 3.5"]),
    ("a sequence by its title", {("e", "sequence"): "The harbour", ("e", "takes"): ""}, ["+    sequence: sq010"]),
    ("a sequence that is new", {("e", "sequence"): "Der Markt"}, [
        "+  - {id: sq020, title: Der Markt}", "+    sequence: sq020",
    ]),
]  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "film.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path / "film.yaml"


@pytest.mark.parametrize(("changes", "lines"), [each[1:] for each in LINES], ids=[each[0] for each in LINES])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_what_is_written_fits_how_the_manifest_is_written(
    changes: dict[tuple[str, str], str], lines: list[str], newline: str, small: Path
) -> None:
    before = MANIFEST.replace("\n", newline)
    small.write_bytes(before.encode())
    file = edit_cells(take_out(small, small.with_name("list.csv")), changes)
    done = bring(file, into=small)
    after = small.read_bytes().decode()
    assert sorted(diff(before, after)) == sorted(lines)
    assert after.count("\r\n") == (after.count("\n") if newline == "\r\n" else 0)
    if lines:
        assert done.changes.rejected == ()
        assert bring(file, into=small).changes.is_empty
    else:
        (rejected,) = done.changes.rejected
        assert "anchor &base" in rejected.reason


REJECTED = [
    ("a tag that is inherited", {("e", "tags"): ""}, "", ""),
    ("a tag that is inherited, and another", {("e", "tags"): "other"}, 'tags: "all" comes from the defaults', "e"),
    (
        "a sequence of one cell",
        {("d-one", "sequence"): "sq010"},
        "One cell of a matrix cannot have a sequence",
        "d-one",
    ),
    ("no style of that name", {("e", "style"): "flim"}, 'style: "flim" is not under styles. Did you mean "film"?', "e"),
    ("no number", {("e", "takes"): "many"}, 'takes: "many" is not a number of takes.', "e"),
    ("half a take", {("e", "takes"): "2.5"}, 'takes: "2.5" is not a whole number of takes.', "e"),
    ("no length", {("e", "cut"): "long"}, '"long" is not a length in seconds, such as 3.5.', "e"),
    ("no size", {("e", "resolution"): "900p"}, 'resolution is "900p". Choose one of', "e"),
    ("no name", {("e", "prompt"): "${nope}"}, 'prompt: "${nope}" is neither under vars nor in the matrix.', "e"),
    ("no shot", {("e", "first frame"): "shot:nope"}, "nope", "e"),
    ("a key", {("e", "notes"): "mv_live_0123456789"}, "what looks like an API key", "e"),
]


@pytest.mark.parametrize(
    ("changes", "reason", "shot"), [each[1:] for each in REJECTED], ids=[each[0] for each in REJECTED]
)
def test_a_row_that_does_not_fit_is_written_beside_with_the_reason(
    changes: dict[tuple[str, str], str], reason: str, shot: str, small: Path
) -> None:
    file = edit_cells(take_out(small, small.with_name("list.csv")), {**changes, ("b", "notes"): "goes in"})
    done = bring(file, into=small)
    assert [edit.id for edit in done.changes.changed] == ["b"]
    beside = small.with_name("list.rejected.csv")
    if not shot:
        assert done.changes.rejected == ()
        assert not beside.exists()
        return
    header, row = read_cells(beside)
    assert header[:3] == ["row", "reason", "id"]
    assert reason in row[1]
    assert row[2] == shot
    assert "goes in" in small.read_text(encoding="utf-8")


def test_rows_without_an_id_of_their_own_are_not_taken(tmp_path: Path) -> None:
    rows = [
        ["id", "prompt", "takes"],
        ["a", "x", "1"],
        ["", "y", "1"],
        ["a", "z", "1"],
        ["A", "z", "1"],
        ["b c", "z", "1"],
    ]
    done = bring(write_cells(tmp_path / "list.csv", rows), out=tmp_path / "film.yaml")
    assert [(each.row.number, each.reason) for each in done.changes.rejected] == [
        (3, "The row has no id."),
        (4, '"a" is also the id of row 2.'),
        (5, '"A" and "a" differ only in case and would name one file.'),
        (6, 'id: "b c" is to be part of file names. Write up to 64 letters (a to z), digits, dots, dashes and '
            'underscores, as in "b-c".'),
    ]  # fmt: skip
    assert [edit.id for edit in done.changes.added] == ["a"]


def test_the_file_of_rejected_rows_is_a_table_itself_and_goes_when_all_fit(small: Path) -> None:
    listed = edit_cells(take_out(small, small.with_name("list.csv")), {("e", "takes"): "many"})
    bring(listed, into=small)
    beside = small.with_name("list.rejected.csv")
    rows = read_cells(beside)
    mended = write_cells(small.with_name("mended.csv"), [rows[0], [cell.replace("many", "7") for cell in rows[1]]])
    assert [edit.values for edit in bring(mended, into=small).changes.changed] == [{("takes",): 7}]
    bring(take_out(small, listed), into=small)
    assert not beside.exists()


def test_a_file_of_others_is_not_written_over(small: Path) -> None:
    listed = edit_cells(take_out(small, small.with_name("list.csv")), {("e", "takes"): "many"})
    small.with_name("list.rejected.csv").write_text("mine")
    with pytest.raises(RefusedError):
        bring(listed, into=small)
    assert small.with_name("list.rejected.csv").read_text() == "mine"
    assert small.read_text() == MANIFEST
    with pytest.raises(RefusedError, match="is there already"):
        bring(take_out(small, listed), out=small)
    assert small.read_text() == MANIFEST


CELLS = {
    "prompt": ["x", "a: b # c", "two\nlines", "'s'", "- x", "[Push in] go", "=1", " lead", "a\n\nb\n", ""],
    "duration": ["6", "10", "short", ""],
    "cut": ["3.5", "0:05", ""],
    "takes": ["1", "3.0", "x", ""],
    "resolution": ["512p", "768", ""],
    "style": ["none", "film", "macro.close", "nope", ""],
    "tags": ["a, b", '"x, y"', ""],
    "first frame": ["assets/cap.jpg", "https://example.com/a.png", "shot:mist first", "shot:nope", ""],
    "last frame": ["assets/night.webp", "shot:cap", ""],
    "sequence": ["lake", "The lake", "New one", "sq010", ""],
    "providers": ["minimax", "minimax, gccai", ""],
    "watermark": ["yes", "FALSE", ""],
}
CHANGES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(0, 10), st.booleans()), min_size=1, max_size=6
)


@pytest.mark.parametrize("name", ["product-film", "scent-cards", "small"])
@settings(max_examples=25, deadline=None)
@given(changes=CHANGES)
def test_whatever_is_edited_goes_in_or_is_rejected_and_then_there_is_nothing_to_do(
    changes: list[tuple[int, int, int, bool]], name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("film") / "manifests"
    shutil.copytree(MANIFESTS[0].parent, folder, ignore=shutil.ignore_patterns("assets", "vbench*", "LICENSES"))
    (folder / "small.yaml").write_text(MANIFEST, encoding="utf-8")
    manifest = folder / f"{name}.yaml"
    header, *rows = read_cells(take_out(manifest, manifest.with_name("list.csv")))
    for number, (row, column, value, is_new) in enumerate(changes):
        if is_new:
            rows.insert(row % len(rows), [f"new-{number}", *[""] * (len(header) - 1)])
        place = column % (len(header) - 1) + 1
        pool = CELLS.get(header[place], ["words", "two\nlines", ""])
        rows[row % len(rows)][place] = pool[value % len(pool)]
    file = write_cells(manifest.with_name("list.csv"), [header, *rows])
    done = bring(file, into=manifest)
    again = bring(file, into=manifest)
    assert (again.changes.is_empty, again.written) == (True, False)
    assert [each.row.number for each in again.changes.rejected] == [each.row.number for each in done.changes.rejected]


# Included files

INCLUDED = (
    "sequences: [{id: sq010}]\nshots:\n  - {id: first, sequence: sq010, prompt: x}\n  - {id: second, prompt: y}\n"
)
INCLUDING = "version: 1\ncampaign: film\ninclude: [shared/first.yaml]\n"
OWN = "shots:\n  - id: own # mine\n    prompt: z\n"


@pytest.mark.parametrize("own", [OWN, ""], ids=["with shots of its own", "without"])
def test_a_shot_of_an_included_file_is_rejected_with_the_name_of_the_file(own: str, tmp_path: Path) -> None:
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "first.yaml").write_text(INCLUDED)
    film = tmp_path / "film.yaml"
    film.write_text(INCLUDING + own)
    listed = take_out(film, tmp_path / "list.csv")
    assert bring(listed, into=film).changes.is_empty
    header, *rows = read_cells(listed)
    for row in rows:
        row[header.index("notes")] = "kept"
    write_cells(listed, [header, *rows, ["new", *[""] * (len(header) - 1)]])
    done = bring(listed, into=film)
    reason = "The shot is written in shared/first.yaml. Change it there."
    assert [each.reason for each in done.changes.rejected] == [reason, reason]
    new = "  - id: new\n"
    assert film.read_text() == INCLUDING + (f"{own}    notes: kept\n{new}" if own else f"\nshots:\n{new}")
    assert (tmp_path / "shared" / "first.yaml").read_text() == INCLUDED
    assert bring(listed, into=film).changes.is_empty


# New and missing shots


def test_a_new_row_goes_behind_the_row_before_it(small: Path) -> None:
    rows = read_cells(take_out(small, small.with_name("list.csv")))
    place = {row[0]: number for number, row in enumerate(rows)}
    for before, new in (("a", "new-0"), ("b", "new-1"), ("e", "new-2")):
        at = [row[0] for row in rows].index(before)
        rows.insert(at, [new, *[""] * (len(rows[0]) - 1)])
        rows[at][rows[0].index("prompt")] = "new words"
    assert place
    done = bring(write_cells(small.with_name("list.csv"), rows), into=small)
    assert [edit.id for edit in done.changes.added] == ["new-0", "new-1", "new-2"]
    ids = [
        line.split("id: ")[1].split(",")[0]
        for line in small.read_text().splitlines()
        if "id: " in line and "sq" not in line
    ]
    order = [row[0] for row in rows if not row[0].startswith(("d-", "id"))]
    assert [each for each in ids if not each.startswith("d-")] == order
    assert all(line.startswith("+") for line in diff(MANIFEST, small.read_text()))


def test_missing_rows_stay_unless_they_are_to_go(small: Path) -> None:
    listed = take_out(small, small.with_name("list.csv"))
    rows = [row for row in read_cells(listed) if row[0] not in {"b", "d-one"}]
    write_cells(listed, rows)
    done = bring(listed, into=small)
    assert [row.id for row in done.changes.missing] == ["b", "d-one"]
    assert small.read_text() == MANIFEST
    bring(listed, into=small, remove_missing=True)
    assert diff(MANIFEST, small.read_text()) == [
        "-  - {id: b, prompt: *mood, tags: [x]}",
        "+    exclude:",
        "+      - {s: one}",
    ]


def test_a_shot_that_others_take_values_from_is_not_taken_out(small: Path) -> None:
    listed = take_out(small, small.with_name("list.csv"))
    write_cells(listed, [row for row in read_cells(listed) if row[0] != "a"])
    with pytest.raises(InputError) as error:
        bring(listed, into=small, remove_missing=True)
    assert error.value.why == "other shots take values from the anchor &base. Change it in the manifest."
    assert small.read_text() == MANIFEST


def test_cells_are_left_out_and_changed_at_once(tmp_path: Path) -> None:
    film = tmp_path / "film.yaml"
    text = "version: 1\ncampaign: f\nshots:\n- id: d-${s}\n  matrix: {s: [a, b, c]}\n  exclude:\n  - {s: a}\n- id: e\n"
    film.write_text(text)
    listed = edit_cells(take_out(film, tmp_path / "list.csv"), {("d-c", "takes"): "2"})
    write_cells(listed, [row for row in read_cells(listed) if row[0] != "d-b"])
    bring(listed, into=film, remove_missing=True)
    assert diff(text, film.read_text()) == ["+  - {s: b}", "+  overrides:", "+    - {where: {s: c}, takes: 2}"]


def test_an_added_cell_that_is_missing_is_no_longer_added(film: Path, tmp_path: Path) -> None:
    cards = film.with_name("scent-cards.yaml")
    before = cards.read_text(encoding="utf-8")
    listed = take_out(cards, tmp_path / "list.csv")
    write_cells(listed, [row for row in read_cells(listed) if row[0] not in {"card-fig-pt", "card-rose-en"}])
    done = bring(listed, into=cards, remove_missing=True)
    assert [row.id for row in done.changes.missing] == ["card-rose-en", "card-fig-pt"]
    assert diff(before, cards.read_text(encoding="utf-8")) == [
        "-    include:",
        '-      - { scent: { fig: "green fig, noon heat" }, locale: pt } # sold in one country only',
        "+      - {scent: rose, locale: en}",
    ]


def test_a_dry_run_writes_nothing(small: Path) -> None:
    listed = edit_cells(take_out(small, small.with_name("list.csv")), {("b", "takes"): "7", ("e", "takes"): "many"})
    before = sorted(small.parent.iterdir())
    done = bring(listed, into=small, dry_run=True)
    assert (len(done.changes.changed), len(done.changes.rejected), done.written) == (1, 1, False)
    assert small.read_text() == MANIFEST
    assert sorted(small.parent.iterdir()) == before


def test_a_manifest_with_errors_is_left_alone(small: Path) -> None:
    listed = take_out(small, small.with_name("list.csv"))
    small.write_text(MANIFEST + "  - id: e\n")
    with pytest.raises(ManifestError):
        bring(listed, into=small)


# Tables of others

# As zou and Kitsu write it: a column for each task, and a second one for who works on it.
KITSU = """\
Project,Episode,Sequence,Name,Description,Time Spent,Frames,Frame In,Frame Out,FPS,Difficulty,Animation,Assignations,Comp,Assignations
Agent,E01,SQ01,SH01,A ship comes in,0.00,84,1001,1084,24,easy,todo,Ann,wip,Bob
Agent,E01,SQ01,SH02,Gulls,0.00,,1001,1100,25,,,,,
Agent,E01,SQ02,SH01,The market,0.00,0,,,,hard,done,,,
"""  # noqa: E501


def test_what_kitsu_exports_loads_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shots.csv").write_text(KITSU)
    bring(tmp_path / "shots.csv", out=tmp_path / "film.yaml", campaign="agent")
    assert (
        (tmp_path / "film.yaml").read_text()
        == """\
version: 1
campaign: agent

sequences:
  - id: SQ01
  - id: SQ02

shots:
  - id: SQ01_SH01
    sequence: SQ01
    prompt: A ship comes in
    cut: 3.5
    meta:
      Project: Agent
      Episode: E01
      Time Spent: "0.00"
      Difficulty: easy
      Animation: todo
      Assignations: Ann
      Comp: wip
      Assignations 2: Bob
  - id: SQ01_SH02
    sequence: SQ01
    prompt: Gulls
    cut: 4
    meta:
      Project: Agent
      Episode: E01
      Time Spent: "0.00"
  - id: SQ02_SH01
    sequence: SQ02
    prompt: The market
    meta:
      Project: Agent
      Episode: E01
      Time Spent: "0.00"
      Difficulty: hard
      Animation: done
"""
    )
    assert bring(tmp_path / "shots.csv", into=tmp_path / "film.yaml").changes.is_empty


FOREIGN: list[tuple[str, str, dict[str, str], list[dict[str, object]]]] = [
    (
        "German, with a title above and a blank row",
        "Sommerfilm;;\r\n;;\r\nNr.;Beschreibung;Länge (s)\r\n1;Hafen;3,5\r\n;;\r\n2;Markt;4\r\n",
        {},
        [{"id": "1", "prompt": "Hafen", "cut": "3.5"}, {"id": "2", "prompt": "Markt", "cut": "4"}],
    ),
    (
        "Japanese, with a column that the user names",
        "カット,内容,秒数,場面\nC01,港,3,一\nC02,市場,6.4,二\n",
        {"場面": "sequence"},
        [
            {"id": "C01", "prompt": "港", "cut": "3", "sequence": "sq010"},
            {"id": "C02", "prompt": "市場", "cut": "6.4", "sequence": "sq020"},
        ],
    ),
    (
        "English, where duration is the length in the edit",
        "Shot\tPrompt\tDuration\n10\ta [Push in]\t0.5\n20\tb\t8\n",
        {},
        [{"id": "10", "prompt": "a [Push in]", "cut": "0.5"}, {"id": "20", "prompt": "b", "cut": "8"}],
    ),
    (
        "sep= on top, bars, and a quoted text of two lines",
        'sep=|\nid|prompt|notes|empty\n010|"two\nlines"|"a|b"|\n',
        {},
        [{"id": "010", "prompt": "two\nlines", "notes": "a|b"}],
    ),
    (
        "columns that are passed over and kept by hand",
        "id,prompt,secret list,Style\na,x,1,wide\n",
        {"secret list": "none", "Style": "meta"},
        [{"id": "a", "prompt": "x", "meta": {"Style": "wide"}}],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mapped", "wanted"), [each[1:] for each in FOREIGN], ids=[each[0] for each in FOREIGN]
)
def test_lists_come_in_as_people_write_them(
    text: str, mapped: dict[str, str], wanted: list[dict[str, object]], tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_bytes(text.encode())
    bring(tmp_path / "list.csv", out=tmp_path / "film.yaml", mapped=mapped)
    draft = read_draft(tmp_path / "film.yaml", world=World.SKETCH)
    assert draft.manifest is not None
    found = []
    for entry in draft.manifest.shots:
        cut = None if entry.cut is None else str(entry.cut.end)
        values = {
            "id": entry.id,
            "prompt": entry.prompt,
            "cut": cut,
            "sequence": entry.sequence,
            "notes": entry.notes,
            "meta": dict(entry.meta),
        }
        found.append({name: value for name, value in values.items() if value})
    assert found == wanted


ENCODINGS: list[tuple[str, bytes, str | None, str]] = [
    ("UTF-8 with its mark", "\ufeffid,prompt\na,Möwe\n".encode(), None, ""),
    ("UTF-16 with its mark", "id,prompt\na,Möwe\n".encode("utf-16"), None, ""),
    ("cp1252 that is named", "id,prompt\na,Möwe\n".encode("cp1252"), "cp1252", ""),
    ("cp1252 that is not named", "id,prompt\na,x\nb,Möwe\n".encode("cp1252"), None, "line 3: not readable as UTF-8"),
    ("UTF-16 without a mark", "id,prompt\na,x\n".encode("utf-16-le"), None, "line 1: not readable as text"),
    ("no such encoding", b"id,prompt\n", "klingon", 'there is no encoding "klingon"'),
    ("no encoding of texts", b"id,prompt\n", "base64", 'there is no encoding "base64"'),
    ("a quote that is not closed", b'id,prompt\na,"x\nb,y\n', None, "line 2: not a row"),
    ("nothing", b"\n\n", None, "is empty"),
    ("too many columns", b"id,prompt" + b"," * 600 + b"\n", None, "row 1: more than 500 columns"),
    ("a text without an end", b'id,prompt\na,"' + b"x" * 100_001 + b'"\n', None, "row 2: cell too long"),
    ("no ids", b"Szene,Text\n1,x\n", None, "names no column as the id"),
    ("no shots", b"id,prompt\n,x\n", None, "no row of the table is a shot"),
]


@pytest.mark.parametrize(
    ("data", "encoding", "error"), [each[1:] for each in ENCODINGS], ids=[each[0] for each in ENCODINGS]
)
def test_bytes_are_read_as_what_they_are_or_not_at_all(
    data: bytes, encoding: str | None, error: str, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_bytes(data)
    if error:
        with pytest.raises(InputError, match=error):
            bring(tmp_path / "list.csv", out=tmp_path / "film.yaml", encoding=encoding)
        assert not (tmp_path / "film.yaml").exists()
        return
    bring(tmp_path / "list.csv", out=tmp_path / "film.yaml", encoding=encoding)
    assert "prompt: Möwe" in (tmp_path / "film.yaml").read_text(encoding="utf-8")


# Excel


def make_book(file: Path, fill: Callable[[object], None]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    fill(book)
    target = BytesIO()
    book.save(target)
    file.write_bytes(target.getvalue())
    return file


def test_cells_of_excel_are_what_people_see(tmp_path: Path) -> None:
    from datetime import date, datetime, time

    def fill(book: object) -> None:
        sheet = book.active  # type: ignore[attr-defined]
        sheet.append(["Summer film"])
        sheet.merge_cells("A1:H1")
        sheet.append(["sequence", "id", "prompt", "cut", "takes", "shown on", "approved", "at", "sum"])
        sheet.append(["Harbour", "010", "a", 3.5, 2, date(2026, 11, 26), True, time(0, 1, 30), "=1+1"])
        sheet.append([None, 20, "b", 6.0, 1.0, datetime(2026, 11, 26, 10, 30), False, None, None])  # noqa: DTZ001 - as Excel has it
        sheet.merge_cells("A3:A4")
        book.create_sheet("Other")  # type: ignore[attr-defined]

    file = make_book(tmp_path / "film.xlsx", fill)
    done = bring(file, out=tmp_path / "film.yaml")
    assert (
        (tmp_path / "film.yaml").read_text()
        == """\
version: 1
campaign: film

sequences:
  - id: Harbour

shots:
  - id: "010"
    sequence: Harbour
    prompt: a
    cut: 3.5
    takes: 2
    meta:
      shown on: "2026-11-26"
      approved: "true"
      at: "00:01:30"
  - id: "20"
    sequence: Harbour
    prompt: b
    cut: 6
    meta:
      shown on: "2026-11-26 10:30:00"
      approved: "false"
"""
    )
    assert done.notices == (
        'Only the sheet "Sheet" is read; --sheet names another one.',
        "Formulas are not computed; the values that the file stores are read: I3.",
        "The names of the columns are in row 2; what is above is passed over.",
        "Ids are numbers in this file: 010 would have become 10 in it. Format the column as text.",
    )
    with pytest.raises(InputError, match='has no sheet "Shots"'):
        bring(file, out=tmp_path / "other.yaml", sheet="Shots")


def test_hostile_excel_files_end_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    from hailuo_batch.load.sheets import xlsx_tables

    far = make_book(tmp_path / "far.xlsx", lambda book: book.active.__setitem__("XFD1048576", "x"))  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="a sheet that is too large"):
        bring(far, out=tmp_path / "film.yaml")
    (tmp_path / "text.xlsx").write_bytes(b"id,prompt\n")
    with pytest.raises(InputError, match="is not an Excel file"):
        bring(tmp_path / "text.xlsx", out=tmp_path / "film.yaml")
    with zipfile.ZipFile(tmp_path / "empty.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(InputError, match="is not an Excel file"):
        bring(tmp_path / "empty.xlsx", out=tmp_path / "film.yaml")
    monkeypatch.setattr(xlsx_tables, "MAX_UNPACKED", 2 * 1024**2)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (3 * 1024**2))
    with pytest.raises(InputError, match="is too large"):
        bring(tmp_path / "bomb.xlsx", out=tmp_path / "film.yaml")


def test_without_the_packages_for_excel_the_error_says_how_to_get_them(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    listed = take_out(small, small.with_name("list.xlsx"))
    for name in ("openpyxl", "python_calamine"):
        monkeypatch.setitem(sys.modules, name, None)
    for use in (lambda: bring(listed, into=small), lambda: take_out(small, listed)):
        with pytest.raises(InputError) as error:
            use()
        assert "pip install 'hailuo-batch[xlsx]'" in error.value.remedy
