"""The rooms, and who may know whom; the rule stands in docs/architecture.md."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hailuo_batch

PACKAGE = Path(hailuo_batch.__file__).parent
# Arrows go to the right only; rooms on one step do not know each other.
STEPS = (
    {"cli"},
    {"app"},
    {"runner", "views", "mock", "farm"},
    {"load", "ledger", "store", "drivers"},
    {"ports", "gateways", "media"},
    {"core", "files"},
    {"errors", "values"},
)
# Narrower than the steps: `runner` meets the world through ports, `views` draw values.
ONLY = {
    "runner": {"ports", "core", "errors", "values"},
    "views": {"core", "media", "errors", "values"},
    "media": {"core", "errors", "values"},
}
HOMES = {
    "click": {"cli"},
    "aiohttp": {"drivers", "mock"},
    "yarl": {"drivers", "mock"},
    "aiosqlite": {"ledger"},
    "psycopg": {"ledger", "farm"},
    "yaml": {"load"},
    "ruamel": {"load"},
    "python_calamine": {"load"},
    "openpyxl": {"load"},
    "c2pa": {"media"},
    "cryptography": {"media"},
    "watchfiles": {"load"},
    "jsonschema": {"load"},
    "jsonschema_rs": {"load"},
    "rich": {"views"},
    "jinja2": {"views"},
    "opentimelineio": {"views"},
    "keyring": {"load"},
    "dask": {"farm"},
    "distributed": {"farm"},
    "obstore": {"store"},
    "procrastinate": {"farm"},
    "psycopg_pool": {"farm"},
    "platformdirs": {"load"},
    "openapi_core": {"testing"},
    "pytest": {"testing"},
    "hypothesis": {"testing"},
    "av": {"media"},
    "PIL": {"media"},
}
PURE = {"core", "gateways"}
PURE_STDLIB = {
    "collections", "dataclasses", "decimal", "difflib", "enum", "fnmatch", "fractions", "functools", "graphlib",
    "hashlib", "heapq", "itertools", "json", "math", "operator", "re", "shlex", "typing", "unicodedata",
}  # fmt: skip

OUTSIDE = {"__init__", "testing"}  # the package's face, and what only tests import: they may know every room
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def names(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


def imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
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


def may_know(room: str, known: str) -> bool:
    """Whether the rule allows it; `testing` is on no step, as nothing of ours may import it."""
    if known == "testing":
        return False
    return known == room or (step_of(known) > step_of(room) and known in ONLY.get(room, {known}))


def has_a_home(room: str, library: str) -> bool:
    own = library in sys.stdlib_module_names or library == "hailuo_batch"
    return room in HOMES[library] if library in HOMES else own


# Each rule is one test that lists all that break it.


def test_a_room_knows_only_rooms_to_its_right() -> None:
    inside = [path for path in FILES if room_of(path) not in OUTSIDE]
    known = [(path, room) for path in inside for room in rooms_known_by(path)]
    assert known
    assert [f"{names(path)} imports {room}" for path, room in known if not may_know(room_of(path), room)] == []


def test_each_outside_library_has_one_home() -> None:
    known = [(path, name.split(".")[0]) for path in FILES for name in imports(path)]
    assert [f"{names(path)} imports {top}" for path, top in known if not has_a_home(room_of(path), top)] == []


def test_a_pure_room_imports_nothing_that_touches_the_world() -> None:
    known = [(path, name) for path in FILES if room_of(path) in PURE for name in imports(path)]
    allowed = PURE_STDLIB | {"hailuo_batch"}
    assert [f"{names(path)} imports {name}" for path, name in known if name.split(".")[0] not in allowed] == []


def touches_the_world(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"open", "print", "input", "exec", "eval"}
    return isinstance(node, ast.AsyncFunctionDef | ast.Await)


def test_a_pure_room_neither_waits_nor_opens_nor_prints() -> None:
    pure = [(path, node) for path in FILES if room_of(path) in PURE for node in nodes(path)]
    assert [f"{names(path)}: {ast.unparse(node)}" for path, node in pure if touches_the_world(node)] == []


def tables_of(path: Path) -> Iterator[ast.expr]:
    """What a module binds to a list, a dictionary or a set."""
    for node in tree(path).body:
        match node:
            case ast.Assign(targets=targets, value=ast.List() | ast.Dict() | ast.Set()):
                yield from targets
            case ast.AnnAssign(target=target, value=ast.List() | ast.Dict() | ast.Set()):
                yield target


def state_kept_by(path: Path) -> Iterator[str]:
    """Tables are written in capitals and never changed; nothing rebinds a name of a module."""
    yield from (ast.unparse(node) for node in nodes(path) if isinstance(node, ast.Global))
    for target in tables_of(path):
        if isinstance(target, ast.Name) and not (target.id.lstrip("_").isupper() or target.id == "__all__"):
            yield target.id


def test_values_are_defined_by_the_decorator_that_costs_little() -> None:
    dear = [
        names(path)
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses" and room_of(path) != "values"
        if any(name.name == "dataclass" for name in node.names)
    ]
    assert dear == [], "import `dataclass` from hailuo_batch.values"


def test_no_module_keeps_state() -> None:
    assert [f"{names(path)}: {kept}" for path in FILES for kept in state_kept_by(path)] == []


def test_a_file_opens_with_what_it_is_for() -> None:
    assert [names(path) for path in FILES if path.read_text().strip() and not ast.get_docstring(tree(path))] == []


def test_no_room_hides_a_public_name() -> None:
    """Importing a room binds its name in the package: a use case of that name could not be called any more."""
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()} | {path.stem for path in PACKAGE.glob("*.py")}
    assert not rooms & set(hailuo_batch.__all__)


def test_every_room_is_on_a_step() -> None:
    rooms = {room_of(path) for path in FILES} - OUTSIDE
    assert rooms <= set().union(*STEPS)


def test_only_the_workspace_opens_ledger_and_store() -> None:
    """A ledger or a store elsewhere is then chosen in one place."""
    opened = {
        f"hailuo_batch.{name}"
        for name in ("ledger.sqlite", "ledger.run_lock", "store.local", "store.shared", "store.renders")
    }
    openers = {names(path) for path in FILES if room_of(path) in {"app", "cli"} and opened & set(imports(path))}
    assert openers == {"app/workspace/workspace.py"}


# Who makes, moves and removes files by path, and why that is safe; everybody else goes through `files`.
BY_PATH = {
    "cli/output.py": "the page of GitHub's runner",
    "drivers/animatic.py": "a drawing under a random name, in a folder that the store has opened",
    "drivers/render_worker.py": "the same",
    "media/animatic/encode.py": "the same drawing",
    "media/rough_cut.py": "a film under a random name, in a folder that is open, and its parts in a temporary folder",
    "load/settings.py": "folders that the user names",
}
CHANGES_FILES = {"write_text", "write_bytes", "mkdir", "makedirs", "unlink", "rmdir", "rmtree", "rename", "touch",
                 "symlink_to", "hardlink_to", "mkstemp", "copyfile", "copy2"}  # fmt: skip


def changes_files(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    modes = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    writes = node.func.attr == "open" and any(set(mode) & set("wax+") and len(mode) <= 3 for mode in modes)
    of_a_path = node.func.attr == "replace" and ast.unparse(node.func.value).startswith("Path(")
    return writes or of_a_path or node.func.attr in CHANGES_FILES


def test_only_files_makes_moves_and_removes_files() -> None:
    """A link that a repository ships is then followed nowhere."""
    mine = OUTSIDE | {"files", "mock"}
    found = {names(path) for path in FILES if room_of(path) not in mine for node in nodes(path) if changes_files(node)}
    assert found == BY_PATH.keys()


# Inside a room, arrows go to the right too; a file beside the sub-rooms is named by itself.
SUB_STEPS = {
    "core": (
        {"plan", "spending", "team"},
        {"pacing"},
        {"attempt", "providers", "sheet"},
        {"request"},
        {"models"},
        {"manifest"},
        {"rules", "redaction", "trusted"},
        {"switches", "problem", "marks", "money", "origin", "world", "pages", "signatures", "sketch", "trace", "trust"},
        {"days", "measures", "notification", "shared_places"},
    ),
    "app": (
        {"watch", "reviewing"},
        {
            "choosing",
            "costs",
            "doctor",
            "diff",
            "evidence",
            "export_sheet",
            "hand_over",
            "import_sheet",
            "fetch",
            "gc",
            "locked_clips",
            "merge_review",
            "notify",
            "report",
            "resolve",
            "review",
            "run_several",
            "saved_plans",
            "verify",
            "init",
            "providers",
            "schema",
            "sharing",
            "sheet",
            "trust",
            "team",
            "work",
        },
        {
            "run",
            "inspect",
            "prices",
            "verify_faults",
            "doctor_checks",
            "sheets",
            "diff_stills",
            "disclosing",
            "judging",
            "pages",
        },
        {"account", "running"},
        {"measuring", "shared_clips"},
        {"planning"},
        {"recovery"},
        {"workspace"},
    ),
}


def sub_room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[1] if len(parts) > 2 else path.stem


def test_a_sub_room_knows_only_sub_rooms_to_its_right() -> None:
    wrong = []
    for room, steps in SUB_STEPS.items():
        step = {name: place for place, some in enumerate(steps) for name in some}
        for path in (PACKAGE / room).rglob("*.py"):
            own = sub_room_of(path)
            for name in imports(path) if path.stem != "__init__" or len(path.relative_to(PACKAGE).parts) > 2 else ():
                known = name.split(".")[2:3] if name.startswith(f"hailuo_batch.{room}.") else []
                if known and known[0] != own and step[known[0]] <= step[own]:
                    wrong.append(f"{names(path)} imports {name}")
    assert wrong == []
