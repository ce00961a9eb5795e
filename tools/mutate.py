"""How many small faults the tests of a room notice: `make mutate`, or `python tools/mutate.py runner --sample 100`.

A mutant is the package with one change: a comparison turned round, a number one higher, a statement left out, and so
on. A seeded sample of them is tried one by one, each in a fork of a process that has pytest loaded; the changed module
is compiled on import, so no file is written. A mutant is killed when a test fails, or when it takes too long. Tests
that start processes of their own see the package as it is: name in-process tests. Tables and enums are mutated too,
which tools that wrap functions leave out. It needs `fork`.
"""

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis.stateful  # noqa: F401 - loaded once, before the forks
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "hailuo_batch"
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # Hypothesis was loaded before pytest began
MEMORY = 4 << 30  # bytes; a mutant may never stop growing
OPPOSITES: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change: the `number`-th of a file, in the order of `changes`."""

    file: Path
    number: int
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}: {self.text}"


def changes(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, str]]:
    """Each node that may be changed, what it becomes, and both in words; the same tree gives the same order."""
    for node in ast.walk(tree):
        for changed in _variants(node):
            yield node, changed, f"{ast.unparse(node)[:60]!r} → {ast.unparse(changed)[:60]!r}"


def _variants(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 - a table of cases
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITES:
            yield ast.Compare(left=node.left, ops=[OPPOSITES[type(op)]()], comparators=node.comparators)
        case ast.BoolOp(op=op):
            yield ast.BoolOp(op=OPPOSITES[type(op)](), values=node.values)
        case ast.BinOp(op=op) if type(op) in OPPOSITES:
            yield ast.BinOp(left=node.left, op=OPPOSITES[type(op)](), right=node.right)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield ast.Constant(value=value + 1)
        case ast.If():
            yield ast.If(test=ast.UnaryOp(op=ast.Not(), operand=node.test), body=node.body, orelse=node.orelse)
        case ast.IfExp():
            yield ast.IfExp(test=node.test, body=node.orelse, orelse=node.body)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(value=ast.Constant(value=None))
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield ast.Pass()


class _Replace(ast.NodeTransformer):
    def __init__(self, node: ast.AST, changed: ast.AST) -> None:
        self._node, self._changed = node, changed

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self._changed, node) if node is self._node else self.generic_visit(node)


def find_mutants(folder: Path) -> Iterator[Mutant]:
    """Every mutant of the files below a folder."""
    for file in sorted(folder.rglob("*.py")):
        for number, (node, _, text) in enumerate(changes(ast.parse(file.read_bytes()))):
            yield Mutant(file=file, number=number, line=getattr(node, "lineno", 0), text=text)


def compile_mutant(mutant: Mutant) -> CodeType:
    """The code of the changed module."""
    tree = ast.parse(mutant.file.read_bytes())
    node, changed, _ = list(changes(tree))[mutant.number]
    mutated = ast.fix_missing_locations(_Replace(node, changed).visit(tree))
    assert isinstance(mutated, ast.Module)  # noqa: S101 - its root is never changed
    return compile(mutated, mutant.file, "exec")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant to those who import its module."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.file.relative_to(ROOT).with_suffix("").parts
        self._name = ".".join(parts).removesuffix(".__init__")
        self._file, self._code = mutant.file, compile_mutant(mutant)

    def find_spec(
        self, name: str, _: Sequence[str] | None, __: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self._file, loader=self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, vars(module))  # noqa: S102 - the package itself, with one change


def run_tests(mutant: Mutant | None, tests: Sequence[str], seconds: float) -> str:
    """`survived`, `killed` or `timeout`; without a mutant, how the tests end as they are."""
    child = os.fork()
    if not child:
        _run_in_child(mutant, tests)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if status == 0 else "killed"
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def _run_in_child(mutant: Mutant | None, tests: Sequence[str]) -> None:
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    code = 1
    with suppress(BaseException):  # a module that cannot be loaded is noticed too
        if mutant:
            sys.meta_path.insert(0, _Finder(mutant))
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *QUIET, *tests])
    os._exit(int(code))


def killers(mutant: Mutant, tests: Sequence[str]) -> list[str]:
    """The tests that are tried: first the file that mirrors the changed one, as it fails soonest."""
    mirrors = (ROOT / "tests").rglob(f"test_{mutant.file.stem}.py")
    first = [str(file) for file in mirrors if any(file.is_relative_to(ROOT / test) for test in tests)]
    return [*first, *tests]


def main() -> None:
    """Tries a sample of each room and prints how each mutant ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", default=["core", "runner"], help="folders of the package")
    parser.add_argument("--tests", nargs="*", help="what has to notice it; by default the tests of the same room")
    parser.add_argument("--sample", type=int, default=100, help="mutants for each room (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed takes the same sample")
    parser.add_argument("--seconds", type=float, default=120.0, help="longer than the tests take as they are")
    given = parser.parse_args()
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp()
    ends: list[str] = []
    for room in given.rooms:
        tests = given.tests or [f"tests/{room}"]
        if run_tests(None, tests, given.seconds) != "survived":
            sys.exit(f"The tests of {room} fail, or take longer than {given.seconds:g} s, without any change.")
        mutants = list(find_mutants(PACKAGE / room))
        chance = random.Random(given.seed)  # noqa: S311 - it has to be repeatable, not secret
        for mutant in chance.sample(mutants, min(given.sample, len(mutants))):
            ends.append(run_tests(mutant, killers(mutant, tests), given.seconds))
            print(f"{ends[-1]:8}  {mutant}", flush=True)
    survived = ends.count("survived")
    print(f"{len(ends) - survived} of {len(ends)} mutants were noticed: {1 - survived / len(ends):.1%}")


if __name__ == "__main__":
    main()
