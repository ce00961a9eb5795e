"""The rooms, and who may know whom; the rule stands in docs/architecture.md."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hailuo_batch

PACKAGE = Path(hailuo_batch.__file__).parent
# Arrows go to the right only; rooms on one step do not know each other.
STEPS = (
    {"cli"},
    {"app"},
    {"runner", "views", "mock"},
    {"load", "ledger", "store", "drivers"},
    {"ports", "gateways", "media"},
    {"core"},
    {"errors"},
)
# Narrower than the steps: `runner` meets the world through ports, `views` draw values.
ONLY = {"runner": {"ports", "core", "errors"}, "views": {"core", "media", "errors"}, "media": {"core", "errors"}}
HOMES = {
    "click": {"cli"},
    "aiohttp": {"drivers", "mock"},
    "yarl": {"drivers", "mock"},
    "aiosqlite": {"ledger"},
    "yaml": {"load"},
    "jsonschema": {"load"},
    "jsonschema_rs": {"load"},
    "rich": {"views"},
    "jinja2": {"views"},
    "keyring": {"load"},
    "openapi_core": {"testing"},
    "pytest": {"testing"},
    "hypothesis": {"testing"},
    "av": {"media"},
    "PIL": {"media"},
}
PURE = {"core", "gateways"}
PURE_STDLIB = {
    "collections", "dataclasses", "decimal", "difflib", "enum", "fnmatch", "fractions", "functools", "graphlib",
    "hashlib", "itertools", "json", "math", "re", "shlex", "typing", "unicodedata",
}  # fmt: skip

OUTSIDE = {"__init__", "testing"}  # the package's face, and what only tests import: they may know every room
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written from the top"
            yield node.module or ""
            if node.module == "hailuo_batch":
                yield from (f"hailuo_batch.{name.name}" for name in node.names)


def rooms_known_by(path: Path) -> Iterator[str]:
    for name in imports(path):
        if name.startswith("hailuo_batch."):
            room = name.split(".")[1]
            if room != "__version__":
                yield room


def step_of(room: str) -> int:
    return next(place for place, rooms in enumerate(STEPS) if room in rooms)


def names(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) not in OUTSIDE], ids=names)
def test_a_room_knows_only_rooms_to_its_right(path: Path) -> None:
    room = room_of(path)
    for known in rooms_known_by(path):
        if known == room:
            continue
        assert known != "testing", f"{names(path)} imports what only tests may"
        assert step_of(known) > step_of(room), f"{names(path)} imports {known}"
        assert known in ONLY.get(room, {known}), f"{names(path)} imports {known}"


@pytest.mark.parametrize("path", FILES, ids=names)
def test_each_outside_library_has_one_home(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        if top in HOMES:
            assert room_of(path) in HOMES[top], f"{names(path)} imports {top}"
        else:
            assert top in sys.stdlib_module_names or top == "hailuo_batch", (
                f"{names(path)} imports {top}, which has no home"
            )


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) in PURE], ids=names)
def test_a_pure_room_does_not_touch_the_world(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        assert top in PURE_STDLIB or top == "hailuo_batch", f"{names(path)} imports {name}"
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{names(path)}:{node.lineno} waits"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "exec", "eval"}, f"{names(path)}:{node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=names)
def test_no_module_keeps_state(path: Path) -> None:
    """Tables are written in capitals and never changed; nothing rebinds a name of a module."""
    tree = ast.parse(path.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global)], f"{names(path)} has a global"
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.List | ast.Dict | ast.Set):
                assert target.id.lstrip("_").isupper() or target.id == "__all__", f"{names(path)}: {target.id}"


@pytest.mark.parametrize("path", [path for path in FILES if path.read_text().strip()], ids=names)
def test_a_file_opens_with_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), names(path)


def test_no_room_hides_a_public_name() -> None:
    """Importing a room binds its name in the package: a use case of that name could not be called any more."""
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()} | {path.stem for path in PACKAGE.glob("*.py")}
    assert not rooms & set(hailuo_batch.__all__)


def test_every_room_is_on_a_step() -> None:
    rooms = {room_of(path) for path in FILES} - OUTSIDE
    assert rooms <= set().union(*STEPS)


def test_only_the_workspace_opens_ledger_and_store() -> None:
    """A ledger or a store elsewhere is then chosen in one place."""
    opened = {f"hailuo_batch.{name}" for name in ("ledger.sqlite", "ledger.run_lock", "store.local", "store.renders")}
    found = {
        names(path)
        for path in FILES
        if room_of(path) in {"app", "cli"}
        and not names(path).startswith("app/workspace/")
        and opened & set(imports(path))
    }
    assert found == set()
