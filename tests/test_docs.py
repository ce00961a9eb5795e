"""The docs say what the program has: every command, option and exit code; their links lead somewhere, examples work."""

import asyncio
import json
import re
import shlex
import unicodedata
from contextlib import suppress
from pathlib import Path

import click
import pytest
from PIL import Image

from hailuo_batch.app.planning.validate import validate
from hailuo_batch.cli.main import COMMANDS, commands, load_command
from hailuo_batch.errors import Exit
from hailuo_batch.load.manifest import read_and_validate

ROOT = Path(__file__).parent.parent
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "manifests" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
END = re.compile(r" #| \| | && |;| > ")  # where a shell's line ends for the program


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return BLOCK.sub("", path.read_text(encoding="utf-8"))


def blocks(path: Path) -> list[tuple[str, str]]:
    """The language and text of each block of code."""
    return [(found[1], found[2]) for found in BLOCK.finditer(path.read_text(encoding="utf-8"))]


def table(path: Path, first: str) -> list[list[str]]:
    """The rows of the table whose head begins with this word; `\\|` is a bar."""
    rows = re.search(rf"^\| {first} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows, f"{named(path)} has no table of {first}"
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in rows[1].splitlines()]


def options(name: str) -> set[str]:
    """Every spelling of every option of a command."""
    command = load_command(name)
    found = [each for each in command.params if isinstance(each, click.Option)]
    return {spelling for each in found for spelling in (*each.opts, *each.secondary_opts)}


def test_the_readme_names_each_command_and_no_other() -> None:
    assert [row[0] for row in table(ROOT / "README.md", "command")] == [f"`{name}`" for name in COMMANDS]


def test_the_page_of_commands_names_each_command_and_no_other() -> None:
    assert [row[0].strip("`").split()[0] for row in table(COMMANDS_PAGE, "command")] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_commands_names_each_option_and_no_other(name: str) -> None:
    (row,) = (row for row in table(COMMANDS_PAGE, "command") if row[0].strip("`").split()[0] == name)
    code = " ".join(INLINE.findall(" ".join(row)))
    assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", code)) == options(name)


def test_the_page_of_commands_names_each_option_that_all_commands_have() -> None:
    code = " ".join(INLINE.findall(prose(COMMANDS_PAGE)))
    for option in commands.params:
        assert {*option.opts} <= set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", code))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_commands_shows_each_argument(name: str) -> None:
    (row,) = (row for row in table(COMMANDS_PAGE, "command") if row[0].strip("`").split()[0] == name)
    command = load_command(name)
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    shown = re.findall(r"\[?[A-Z]+(?:\[#TAKE\])?…?\]?", row[0].strip("`").partition(" ")[2])
    assert len(shown) == len(arguments)
    for words, argument in zip(shown, arguments, strict=True):
        assert words.startswith("[") is not argument.required


def test_the_page_of_commands_names_each_exit_code_and_no_other() -> None:
    assert [row[0] for row in table(COMMANDS_PAGE, "code")] == [str(int(code)) for code in Exit]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in HEADING.findall(prose(path)):
        words = "".join(c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
        found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith(("https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{named(page)} links to {link}"
        assert target.is_relative_to(ROOT), f"{named(page)} links to {link}, which others do not have"
        assert not anchor or anchor in anchors(target), f"{named(page)} links to {link}"


def manifests() -> list[tuple[str, str]]:
    """Every YAML block that is a whole document of ours."""
    found = []
    for page in PAGES:
        for number, (language, text) in enumerate(blocks(page), start=1):
            plain = re.sub(r"^(#.*)?\n", "", text, flags=re.MULTILINE)
            if language in {"yaml", "yml"} and plain.startswith("version: 1"):
                found.append((f"{named(page)}, block {number}", text))
    return found


def test_there_are_examples() -> None:
    assert manifests()


@pytest.mark.parametrize("text", [pytest.param(text, id=where) for where, text in manifests()])
def test_every_manifest_that_is_shown_is_valid(text: str, tmp_path: Path) -> None:
    if "\nshots:" not in text:
        _, problems = read_and_validate(text.encode(), name="hailuo.yaml", schema="settings")
        assert problems == ()
        return
    for name in re.findall(r"[\w/.-]+\.(?:png|jpe?g|webp)", text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (640, 360)).save(tmp_path / name)
    (tmp_path / "shown.yaml").write_text(text, encoding="utf-8")
    assert asyncio.run(validate(tmp_path / "shown.yaml")).problems == ()


def lines() -> list[str]:
    """Every command line that is shown, in blocks and between the words."""
    found = set()
    for page in PAGES:
        shown = [line.strip() for _, text in blocks(page) for line in text.splitlines()]
        shown += INLINE.findall(prose(page))
        whole = (END.split(line.removeprefix("$ "))[0].strip() for line in shown)
        found |= {line for line in whole if line.startswith("hailuo-batch ")}
    return sorted(found)


def test_there_are_command_lines() -> None:
    assert len(lines()) >= 5


@pytest.mark.parametrize("line", lines())
def test_every_command_line_that_is_shown_is_one(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "film.yaml").touch()
    monkeypatch.chdir(tmp_path)
    _, *args = shlex.split(line)
    with suppress(click.exceptions.Exit):  # --help and --version say what they have to say
        context = commands.make_context("hailuo-batch", args)
        name, command, rest = commands.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        command.make_context(name, rest, parent=context)


ARCHITECTURE = ROOT / "docs" / "architecture.md"
HOUSE = ROOT / "hailuo_batch"


def test_every_file_that_the_page_of_the_architecture_names_exists() -> None:
    named_files = re.findall(
        r"`((?!tests/)[a-z_]+(?:/[a-z_]+)*/[a-z_]+\.py)`", ARCHITECTURE.read_text(encoding="utf-8")
    )
    assert len(named_files) > 15
    assert [name for name in named_files if not (HOUSE / name).exists()] == []


def test_the_page_of_the_architecture_has_every_room_and_sub_room() -> None:
    (tree,) = (text for _, text in blocks(ARCHITECTURE) if "hailuo_batch/\n" in text)
    shown = set(re.findall(r"^ +([a-z_]+)/ ", tree, re.MULTILINE))
    rooms = {path.parent.name for path in HOUSE.rglob("__init__.py")} - {"hailuo_batch"}
    assert rooms <= shown
    assert [name for name in shown if not list(HOUSE.rglob(f"{name}/"))] == []


def test_the_path_of_a_shot_names_files_that_exist() -> None:
    (path,) = (text for _, text in blocks(ARCHITECTURE) if "runner/submit" in text)
    steps = re.findall(r"(?<![\w.])((?:cli|app|load|core|runner)/[a-z_/]+)(\{[a-z_,]+\})?", path)
    files = [folder + name for folder, names in steps for name in (names.strip("{}").split(",") if names else [""])]
    assert len(files) > 15
    assert [name for name in files if not (HOUSE / f"{name}.py").exists()] == []


def test_the_tests_that_hold_the_threat_model_are_there() -> None:
    rows = table(ROOT / "SECURITY.md", "who")
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row[-1])
        assert named, row[0]
        assert all((ROOT / name).is_file() for name in named), row[0]


def test_every_setting_has_its_line_on_trust() -> None:
    known = json.loads((ROOT / "schemas" / "settings.schema.json").read_text(encoding="utf-8"))["properties"]
    lines = {INLINE.findall(row[0])[0].strip("`") for row in table(ROOT / "SECURITY.md", "setting")}
    assert lines == known.keys() - {"version"}
