"""The approvals beside a saved plan (`film.plan.json.approval`): one line of JSON each, so that git merges them.

The file may come from anybody, so a line that is not as we write it counts for nothing, and is named.
"""

import json
from pathlib import Path
from typing import Any

from hailuo_batch.core.plan.approval import Approval, Person
from hailuo_batch.core.plan.saved_plan import parse_money
from hailuo_batch.errors import InputError, StoreError
from hailuo_batch.files.regular import UnsafeFileError, read_regular
from hailuo_batch.load.schemas import matches_schema
from hailuo_batch.load.sidecar import escape_line, replace_source, source_digest

MAX_BYTES = 4 * 1024**2
_encode = json.JSONEncoder(ensure_ascii=False).encode


def approvals_path(plan: Path) -> Path:
    """Where the approvals of a plan are."""
    return plan.with_name(f"{plan.name}.approval")


def canonical_approval(approval: Approval) -> bytes:
    """What a signature of an approval signs."""
    return json.dumps(approval.tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_approvals(plan: Path) -> tuple[Approval, ...]:
    """The approvals beside a plan, in the order of the file; no file has none."""
    path = approvals_path(plan)
    return tuple(_parse_line(path, number, line) for number, line in _list_lines(_read_bytes(path) or b""))


def _list_lines(data: bytes) -> list[tuple[int, bytes]]:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _read_bytes(path: Path) -> bytes | None:
    try:
        return read_regular(path, MAX_BYTES)
    except FileNotFoundError:
        return None
    except UnsafeFileError as error:
        raise InputError(f"{path} is not read", why=f"It {error.reason}.", remedy=error.remedy) from None
    except OSError as error:
        raise InputError(f"cannot read {path}", why=f"The system says: {error.strerror}.") from None


def _parse_line(path: Path, number: int, line: bytes) -> Approval:
    try:
        tree: Any = json.loads(line)
        _encode(tree).encode()  # half of a character could not be signed or shown
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict) or not matches_schema("plan", tree, definition="approval"):
        why = f"{path}:{number}: this is not as hailuo-batch writes it."
        remedy = "Take the line out, or restore the file from the last commit."
        raise InputError("the approvals cannot be read", why=why, remedy=remedy)
    costs = (parse_money(each) for each in tree["cost"])
    return Approval(
        plan=tree["plan"],
        by=Person(name=tree["by"]["name"], email=tree["by"]["email"]),
        at=tree["at"],
        clips=tree["clips"],
        cost=tuple(each for each in costs if each is not None),
        signature=tree.get("signature", ""),
    )


def add_approval(plan: Path, approval: Approval) -> Path:
    """Adds a line to the approvals of a plan; where the file is."""
    path = approvals_path(plan)
    before = _read_bytes(path)
    tree = approval.tree | ({"signature": approval.signature} if approval.signature else {})
    separator = b"" if not before or before.endswith(b"\n") else b"\n"
    line = f"{escape_line(_encode(tree))}\n".encode()
    try:
        replace_source(path, (before or b"") + separator + line, source_digest(before))
    except OSError as error:
        raise StoreError(f"cannot write {path}", why=f"The system says: {error.strerror}.") from None
    return path
