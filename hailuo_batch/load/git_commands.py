"""The few questions that git itself answers: which commit is meant, its files, its objects, what was renamed.

Only commands that read objects and the index are started. None of them runs a filter, a hook or a monitor of the
repository's configuration, contacts another machine or writes. Whose repositories may be read is git's own decision
(`safe.directory`).
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.values import dataclass

_NOT_OURS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_TRACE")
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "protocol.allow=never")
_NO_MERGE = 128  # fewer are conflicts, which git counts


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one work tree; `top` is its first folder."""

    top: Path

    def find_commit(self, revision: str) -> str:
        """The commit of a name; `InputError` where git knows none."""
        words = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        found = self._start(*words)
        self._require_allowed(found)
        if found.returncode:
            why = "Git knows no commit of that name here."
            remedy = "See which there are; a CI job may have to fetch more than the last commit:\n    git branch --all"
            raise InputError(f"no such revision: {revision}", why=why, remedy=remedy)
        return found.stdout.decode().strip()

    def find_merge_base(self, one: str, other: str) -> str:
        """The commit from which two others went apart."""
        found = self._start("merge-base", one, other)
        self._require_allowed(found)
        if found.returncode:
            why = "The two revisions have no commit in common that is here."
            raise InputError("no merge base", why=why, remedy="Fetch the whole history:\n    git fetch --unshallow")
        return found.stdout.decode().strip()

    def list_tree(self, commit: str) -> bytes:
        """All entries of a commit's tree, as `git ls-tree -z` writes them."""
        return self._run("ls-tree", "-r", "-z", "--full-tree", commit)

    def find_renames(self, before: str, after: str) -> dict[str, str]:
        """New name → old name, from commit to commit; without `after`, to what the index has."""
        common = ("-r", "-z", "-M", "--no-ext-diff", "--name-status", "--diff-filter=R")
        words = ("diff-tree", *common, before, after) if after else ("diff-index", "--cached", *common, before)
        return dict(_parse_renames(self._run(*words)))

    def open_objects(self) -> "subprocess.Popen[bytes]":
        """A process that writes the objects whose ids it reads."""
        return subprocess.Popen(
            self._command("cat-file", "--batch"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(),
        )  # fmt: skip

    def _run(self, *words: str) -> bytes:
        found = self._start(*words)
        self._require_allowed(found)
        if found.returncode:
            why = f"Git says: {found.stderr.decode(errors='replace').strip()[:300]}"
            raise InputError("git cannot read this repository", why=why, remedy="Check it:\n    git fsck")
        return found.stdout

    def _start(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(self._command(*words), capture_output=True, env=_environment(), check=False)

    def _command(self, *words: str) -> list[str]:
        program = shutil.which("git")
        if program is None:
            raise InputError("git is not installed", why="Revisions are read with it.", remedy="Install git.")
        return [program, "-C", str(self.top), "--no-pager", "--literal-pathspecs", *_SAFE, *words]

    def _require_allowed(self, found: "subprocess.CompletedProcess[bytes]") -> None:
        said = found.stderr.decode(errors="replace")
        if "dubious ownership" in said:
            why = f"{self.top} belongs to another user, so git does not read it."
            raise RefusedError("the repository is not yours", why=why, remedy="Run as its owner.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedLines:
    """What git makes of three files, line by line: with its marks where two sides differ."""

    text: bytes
    is_clean: bool


def merge_lines(base: Path, ours: Path, theirs: Path) -> MergedLines:
    """The merge of two files that grew from one; `InputError` where git cannot read them."""
    program = shutil.which("git")
    if program is None:
        raise InputError("git is not installed", why="Lines are merged with it.", remedy="Install git.")
    labels = ("-L", "ours", "-L", "base", "-L", "theirs")
    files = (str(each.absolute()) for each in (ours, base, theirs))
    found = subprocess.run(
        [program, "merge-file", "-p", *labels, *files], capture_output=True, env=_environment(), check=False
    )
    if found.returncode >= _NO_MERGE:
        why = f"Git says: {found.stderr.decode(errors='replace').strip()[:300]}"
        raise InputError("git cannot merge these files", why=why)
    return MergedLines(text=found.stdout, is_clean=not found.returncode)


def _environment() -> dict[str, str]:
    """Without what a hook sets for its own repository."""
    return {**{name: value for name, value in os.environ.items() if name not in _NOT_OURS}, **_QUIET}


def _parse_renames(rows: bytes) -> Iterator[tuple[str, str]]:
    fields = iter(os.fsdecode(rows).split("\0"))
    for _, old, new in zip(fields, fields, fields, strict=False):
        yield new, old
