"""The example manifests: valid, planned, whole; and the scripts that make them."""

import csv
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml
from PIL import Image

from hailuo_batch import RunOptions, plan, run, validate
from hailuo_batch.app.export_sheet import export_sheet
from hailuo_batch.app.import_sheet import ImportOptions, import_sheet
from hailuo_batch.core.manifest.camera import camera_moves
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.world import World
from hailuo_batch.load.sheets.sheet_files import SheetKind

ROOT = Path(__file__).parent.parent
HERE = ROOT / "manifests"
SCHEMA = json.loads((ROOT / "schemas" / "manifest.schema.json").read_text(encoding="utf-8"))
NAMES = sorted(path.name for path in HERE.glob("*.yaml") if not path.stem.endswith((".lock", ".review")))
INCLUDED = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("*/*.yaml") if ".hailuo" not in path.parts)
FILM, CARDS, AD = "product-film.yaml", "scent-cards.yaml", "vertical-ad.yaml"
FEW = ["mist", "night", "turn", "hand", "pack-rose", "end"]  # of the film: each kind of frame
SIZES = {
    "camera-prompts.yaml": 40,
    "one-shot.yaml": 1,
    FILM: 12,
    CARDS: 7,
    "vbench-946.yaml": 946,
    "vbench-stories.yaml": 136,
    AD: 5,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of manifests/, so that nothing is written beside the real ones."""
    copy = tmp_path / "manifests"
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns(".hailuo", "renders", "*.lock.yaml", "*.review.yaml"))
    return copy


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return found


def importer() -> ModuleType:
    spec = spec_from_file_location("import_workloads", ROOT / "tools" / "import_workloads.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_these_are_the_examples():
    assert list(SIZES) == NAMES
    rows = re.findall(r"^\| `(.+?\.yaml)` \| (\d+) \|", (HERE / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: int(count) for name, count in rows} == SIZES
    assert [int(count) for _, count in rows[:6]] == sorted(int(count) for _, count in rows[:6])


@pytest.mark.parametrize("name", NAMES)
async def test_an_example_is_fit_for_real_providers(folder: Path, name: str):
    validation = await validate(folder / name)
    assert [problem.why for problem in validation.errors] == []
    assert len(validation.shots) == SIZES[name]


@pytest.mark.parametrize("name", NAMES)
async def test_an_example_can_be_planned_as_a_sketch_and_nothing_is_written(folder: Path, name: str):
    before = sorted(folder.rglob("*"))
    planned = await plan(folder / name, world=World.SKETCH)
    assert len(planned.plan.steps) <= len(planned.validation.shots)
    assert sum(len(step.uses) for step in planned.plan.steps) == len(planned.validation.shots)
    assert sorted(folder.rglob("*")) == before


def make_short(tree: Any) -> Any:
    """The same without lengths and sizes, whose clips take long to draw."""
    if isinstance(tree, list):
        return [make_short(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    return {key: make_short(each) for key, each in tree.items() if key not in {"duration", "cut", "resolution"}}


@pytest.mark.parametrize("name", NAMES)
async def test_an_example_is_sketched_and_then_there_is_nothing_to_do(folder: Path, name: str):
    for file in (name, *INCLUDED):
        tree = make_short(loaded(file))
        if file == name:
            tree["defaults"] = {**tree.get("defaults", {}), "duration": 0.125, "resolution": "512p"}
        (folder / file).write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    shots = [shot.id for shot in (await validate(folder / name, world=World.SKETCH)).shots]
    only = tuple(shots if len(shots) < 10 else FEW if name == FILM else shots[:: len(shots) // 2])
    ran = await run(folder / name, RunOptions(world=World.SKETCH, only=only))
    assert (ran.outcome.failed, ran.outcome.remarks) == ((), ())
    planned = await plan(folder / name, world=World.SKETCH, only=only)
    found = [step for step in planned.plan.steps if {use.shot.id for use in step.uses} & set(only)]
    assert planned.pending_steps == ()
    assert {(step.action, step.request and step.request.duration) for step in found} == {(Action.REUSE, "125ms")}


@pytest.mark.parametrize("name", INCLUDED)
def test_an_included_example_names_its_schema_for_editors(name: str):
    text = (HERE / name).read_text(encoding="utf-8")
    assert text.partition("\n")[0] == "# yaml-language-server: $schema=../../schemas/include.schema.json"
    jsonschema.validate(yaml.safe_load(text), json.loads((ROOT / "schemas" / "include.schema.json").read_bytes()))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_names_its_schema_for_editors(name: str):
    first = (HERE / name).read_text(encoding="utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=../schemas/manifest.schema.json"
    jsonschema.validate(loaded(name), SCHEMA)


# -- the product film --------------------------------------------------------------------------------------------------


def keys(node: object, pointer: str = "#") -> Iterator[str]:
    """A pointer to each key that the schema knows."""
    if isinstance(node, Mapping):
        for name in node.get("properties", {}):
            yield f"{pointer}/properties/{name}"
        for name, inner in node.items():
            if name not in {"default", "examples", "enum", "required", "if", "else"}:
                yield from keys(inner, f"{pointer}/{name}")
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from keys(inner, f"{pointer}/{number}")


def used(node: Mapping[str, Any], value: object, pointer: str = "#") -> Iterator[str]:
    """A pointer to each key of the schema that the value uses."""
    if "$ref" in node:
        pointer = node["$ref"]
        node = SCHEMA["definitions"][pointer.rpartition("/")[2]]
    for number, branch in enumerate(node.get("anyOf", ())):
        if jsonschema.Draft7Validator({**branch, "definitions": SCHEMA["definitions"]}).is_valid(value):
            yield f"{pointer}/anyOf/{number}"
            yield from used(branch, value, f"{pointer}/anyOf/{number}")
    if isinstance(value, Mapping):
        known = node.get("properties", {})
        for name, inner in value.items():
            if name in known:
                yield f"{pointer}/properties/{name}"
                yield from used(known[name], inner, f"{pointer}/properties/{name}")
            elif isinstance(node.get("additionalProperties"), Mapping):
                yield from used(node["additionalProperties"], inner, f"{pointer}/additionalProperties")
    elif isinstance(value, list):
        for inner in value:
            yield from used(node.get("items", {}), inner, f"{pointer}/items")


def test_the_examples_that_are_read_use_every_key_of_the_schema():
    found = set(used(SCHEMA, loaded(FILM))) | set(used(SCHEMA, loaded(CARDS)))
    assert set(keys(SCHEMA)) - found == set()


def test_the_film_shows_every_way_to_give_a_frame_and_a_length():
    found = set(used(SCHEMA, loaded(FILM)))
    for kind in ("frame", "duration"):
        ways = range(len(SCHEMA["definitions"][kind]["anyOf"]))
        assert {f"#/definitions/{kind}/anyOf/{way}" for way in ways} <= found
    shots = loaded(FILM)["shots"]
    frames = [frame for shot in shots for frame in shot.get("frames", {}).values() if "shot" in frame]
    assert {frame.get("frame") for frame in frames if isinstance(frame, dict)} == {"first", "last", None}
    settings = [loaded(FILM)["defaults"], *shots]
    assert {each["duration"] for each in settings if "duration" in each} == {6, "short", "long"}
    assert {each["resolution"] for each in settings if "resolution" in each} == {"512p", "768p", "1080p"}
    assert "none" in {each.get("style") for each in shots}


async def test_the_film_has_nothing_to_be_warned_of_and_a_price_within_its_budget(folder: Path):
    for sketch in (False, True):
        assert (await validate(folder / FILM, world=World.SKETCH if sketch else World.REAL)).problems == ()
    planned = await plan(folder / FILM)
    assert len(planned.validation.shots) == 12
    prices = [step.estimate for step in planned.plan.steps]  # of waiting takes too
    known = [price for price in prices if price is not None]
    assert len(known) == len(prices)
    budget = loaded(FILM)["budget"]
    assert {price.currency for price in known} == {budget["currency"]}
    assert sum(price.amount for price in known) <= budget["max"]


async def test_the_film_has_its_names_filled_in(folder: Path):
    shots = {shot.id: shot for shot in (await validate(folder / FILM)).shots}
    assert shots["mist"].prompt.startswith("a square bottle of frosted glass with a brushed copper cap comes out of")
    assert shots["pack-sea"].notes == "Packshot sea, shelf price $48, spring 2027."
    assert "client:maison-vale" in shots["end"].tags
    assert camera_moves(shots["mist"].prompt) == (("Push in",), ("Static shot",))
    assert camera_moves(shots["dew"].prompt) == (("Zoom in",), ("Tilt down",))
    assert camera_moves(shots["cap"].prompt) == (("Truck right", "Pan left", "Zoom in"),)


async def test_the_cards_are_the_cells_of_a_matrix_and_the_season_comes_from_outside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AURORA_SEASON", "summer")
    planned = await plan(folder / CARDS)
    assert planned.validation.problems == ()
    shots = {shot.id: shot for shot in planned.validation.shots}
    assert list(shots) == [
        *("card-rose-en", "card-rose-ja", "card-amber-en", "card-sea-en", "card-sea-ja", "card-fig-pt", "closing"),
    ]
    assert shots["card-fig-pt"].prompt.endswith(
        "green fig, noon heat, summer light moves over the wall [Zoom out], seen from the front, calm"
    )
    assert (
        shots["card-sea-ja"].prompt == "a square bottle of frosted glass on wet sand, salt air, blue noon [Static shot]"
    )
    assert shots["card-rose-ja"].tags == ("cards", "loop", "scents", "scent:rose", "locale:ja", "approved")
    assert shots["closing"].prompt.startswith("Wide and still: After closing time: a square bottle")
    assert {row.sequence for row in planned.report.rows} == {"sq010", "sq020"}


async def test_the_ad_is_its_spreadsheet(folder: Path):
    sheet, before = folder / "vertical-ad.csv", (folder / AD).read_bytes()
    assert await export_sheet(folder / AD, SheetKind.CSV) == sheet.read_bytes()
    assert (await import_sheet(sheet, ImportOptions(into=folder / AD))).changes.is_empty
    assert (folder / AD).read_bytes() == before
    planned = await plan(folder / AD)
    assert planned.validation.problems == ()
    assert sum(shot.cut.seconds for shot in planned.validation.shots if shot.cut) == Decimal("23.5")


async def test_a_new_manifest_of_the_sheet_renders_the_same_as_the_ad(folder: Path):
    await import_sheet(folder / "vertical-ad.csv", ImportOptions(out=folder / "again.yaml"))
    found = [await plan(folder / name, world=World.SKETCH) for name in (AD, "again.yaml")]
    assert len({tuple(step.fingerprint for step in each.plan.steps) for each in found}) == 1


def test_the_stills_are_what_gateways_take_and_small():
    files = sorted((HERE / "assets").iterdir())
    kinds, shapes = set(), set()
    for file in files:
        with Image.open(file) as still:
            still.load()
            kinds.add(still.format)
            ratio = still.width / still.height
            shapes.add("wide" if ratio > 1.1 else "tall" if ratio < 0.9 else "square")
            assert min(still.size) > 300
            assert 2 / 5 <= ratio <= 5 / 2
        assert file.stat().st_size < 60_000
    assert kinds == {"JPEG", "PNG", "WEBP"}
    assert shapes == {"wide", "tall", "square"}
    assert sum(file.stat().st_size for file in files) < 400_000


def test_every_still_is_used_and_can_be_drawn_again():
    drawn = (ROOT / "tools" / "draw_assets.py").read_text(encoding="utf-8")
    film = (HERE / FILM).read_text(encoding="utf-8").replace("pack-${scent}", "pack-rose pack-amber pack-sea")
    for file in (HERE / "assets").iterdir():
        assert f'"{file.name}"' in drawn
        assert file.stem in film


# -- the public lists --------------------------------------------------------------------------------------------------


async def test_vbench_asks_946_times_for_944_clips(folder: Path):
    planned = await plan(folder / "vbench-946.yaml", world=World.SKETCH)
    assert len(planned.validation.shots) == 946
    assert len({step.fingerprint for step in planned.plan.steps}) == 944
    assert [shot.id for shot in planned.validation.shots][::945] == ["vb-0001", "vb-0946"]


async def test_the_20_stories_have_136_shots_in_20_sequences_and_files(folder: Path):
    shots = (await validate(folder / "vbench-stories.yaml")).shots
    assert len(shots) == 136
    assert len(list((folder / "stories").iterdir())) == len(loaded("vbench-stories.yaml")["include"]) == 20
    assert {shot.tags for shot in shots} == {(f"story:{number:02}",) for number in range(1, 21)}
    assert {shot.id.rpartition("-")[0].replace("-", ":") for shot in shots} == {shot.tags[0] for shot in shots}
    assert shots[0].notes == "A panda wakes up in the morning and goes to school."


async def test_the_40_camera_prompts_all_move_the_camera(folder: Path):
    shots = (await validate(folder / "camera-prompts.yaml")).shots
    assert len(shots) == 40
    assert all(camera_moves(shot.prompt) for shot in shots)
    assert "\n" in next(shot.prompt for shot in shots if shot.id == "cam-02")


def test_every_licence_that_is_named_is_there():
    text = (HERE / "README.md").read_text(encoding="utf-8") + (HERE / "vbench-946.yaml").read_text(encoding="utf-8")
    for file in (HERE / "LICENSES").iterdir():
        assert f"LICENSES/{file.name}" in text
    assert all(name in text for name in NAMES)


# -- the importer ------------------------------------------------------------------------------------------------------

VBENCH = """\
# yaml-language-server: $schema=../schemas/manifest.schema.json
#
# The 3 text-to-video prompts of VBench. Made by tools/import_workloads.py; edit that instead.
# Source: a version that is not pinned, SHA-256 {digest}
# Licence: Apache-2.0, LICENSES/VBench-Apache-2.0.txt
# Changes: each line became a shot with an id, put in quotes, with its dollar signs doubled.

version: 1
campaign: vbench-3
providers: [gccai, mindvideo] # both sell 512p from words alone
defaults: {{ duration: short, resolution: 512p, prompt_optimizer: false }}

shots:
  - id: vb-0001
    prompt: "a toilet, frozen in time"
  - id: vb-0002
    prompt: "[Push in] a café: 100% \\"free\\" # really"
  - id: vb-0003
    prompt: "a bill of $$5 and $${{name}}"
"""

STORIES = """\
# yaml-language-server: $schema=../schemas/manifest.schema.json
#
# 2 stories of VBench's competition, 3 shots. Made by tools/import_workloads.py; edit that instead.
# Source: a version that is not pinned, SHA-256 {digest}
# Licence: Apache-2.0, LICENSES/VBench-Apache-2.0.txt
# Changes: each story became a sequence in a file of its own, its summary the notes of its shots, and each
# line a shot with an id. Texts are in quotes, with dollar signs doubled.

version: 1
campaign: vbench-stories
providers: [minimax, highwayapi]
defaults: {{ duration: short, resolution: 768p, prompt_optimizer: false }}

# One story in each file, in the order of the film. Their shots come in this order too.
include:
  - stories/01.yaml
  - stories/02.yaml
"""

STORY = """\
# yaml-language-server: $schema=../../schemas/include.schema.json
#
# Story 1 of VBench's competition. Made by tools/import_workloads.py; edit that instead.
# Source and changes: see ../vbench-stories.yaml. Licence: Apache-2.0, ../LICENSES/VBench-Apache-2.0.txt

sequences:
  - id: story-01
    tags: ["story:01"]
    defaults:
      notes: "A cat: its day."

shots:
  - id: story-01-01
    sequence: story-01
    prompt: "It wakes."
  - id: story-01-02
    sequence: story-01
    prompt: "It sleeps."
"""

CAMERA = """\
# yaml-language-server: $schema=../schemas/manifest.schema.json
#
# 3 prompts with camera commands, as people write them. Made by tools/import_workloads.py; edit that instead.
# Source: said above each group of prompts
# Licence: said above each group of prompts; the texts are in LICENSES/
# Changes: each prompt became a shot with its id, put in quotes or in a block, with its dollar signs doubled.

version: 1
campaign: camera-prompts
providers: [minimax, highwayapi]
defaults: { duration: short, resolution: 768p, prompt_optimizer: false }

shots:
  # a/b, commit 0123, c.md; licence: MIT
  - id: cam-1
    prompt: "[Push in] A cat."
  - id: cam-2
    prompt: |-
      Two
      lines [Shake]
    notes: "multi-line"

  # the vendor; licence: none stated
  - id: cam-3
    prompt: "tab\\tand\\nline "
"""


def test_a_line_becomes_a_shot_whatever_yaml_would_make_of_it(tmp_path: Path):
    source = tmp_path / "prompts.txt"
    lines = ["a toilet, frozen in time", '[Push in] a café: 100% "free" # really', "", "a bill of $5 and ${name}", ""]
    source.write_bytes("\n".join(lines).encode())
    importer().main(["--vbench", str(source), "--into", str(tmp_path)])
    assert (tmp_path / "vbench-946.yaml").read_bytes().decode() == VBENCH.format(
        digest=sha256(source.read_bytes()).hexdigest()
    )


def test_a_story_becomes_a_sequence_in_a_file_of_its_own():
    told = [{"summary": "A cat: its day.", "storyline": ["It wakes.", "It sleeps."]}]
    told.append({"summary": "Rain", "storyline": ["Drops fall."]})
    data = json.dumps(told).encode()
    made = importer().stories(data)
    assert list(made) == ["vbench-stories.yaml", "stories/01.yaml", "stories/02.yaml"]
    assert made["vbench-stories.yaml"] == STORIES.format(digest=sha256(data).hexdigest())
    assert made["stories/01.yaml"] == STORY
    assert made == importer().stories(data)


def test_camera_prompts_keep_their_lines_and_their_origin(tmp_path: Path):
    columns = ["id", "prompt", "source", "commit", "path", "line", "licence", "note"]
    rows = [
        ["cam-1", "[Push in] A cat.", "a/b", "0123", "c.md", "1", "MIT", ""],
        ["cam-2", "Two\nlines [Shake]", "a/b", "0123", "c.md", "2", "MIT", "multi-line"],
        ["cam-3", "tab\tand\nline ", "the vendor", "", "", "", "none stated", ""],
    ]
    source = tmp_path / "prompts.csv"
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])
    importer().main(["--camera", str(source), "--into", str(tmp_path)])
    made = (tmp_path / "camera-prompts.yaml").read_bytes().decode()
    assert made == CAMERA
    assert [shot["prompt"] for shot in yaml.safe_load(made)["shots"]] == [row[1] for row in rows]


@pytest.mark.parametrize(
    "words", ["🌧 rain\u200d", "a\u2028b", "\ufeffx", "a\r\nb", " lead\ntrail", "a\n\nb", "\\ \"'", "", "-"]
)
async def test_a_prompt_is_read_back_as_it_was(tmp_path: Path, words: str):
    made = importer().stories(json.dumps([{"summary": words, "storyline": [words]}]).encode())
    assert yaml.safe_load(made["stories/01.yaml"])["shots"][0]["prompt"] == words
    (tmp_path / "stories").mkdir()
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    validation = await validate(tmp_path / "vbench-stories.yaml", world=World.SKETCH)
    assert validation.errors == ()
    assert (validation.shots[0].prompt, validation.shots[0].notes) == (words.strip(), words)
