"""Adds price rows to hailuo.yaml: lines are put in, and every other byte of the file stays as it is."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from hailuo_batch.core.money import PriceOrigin
from hailuo_batch.core.providers.own_prices import OwnPrice
from hailuo_batch.errors import FileChangedError, InputError, StoreError
from hailuo_batch.load.manifest import read_and_validate
from hailuo_batch.load.prices import parse_prices
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.sidecar import quote_yaml, read_source, replace_source, source_digest
from hailuo_batch.load.yaml.locate import locate

_NEW_FILE = b"version: 1\n"


def price_lines(rows: Iterable[OwnPrice], indent: str = "  ") -> list[str]:
    """The rows as lines of YAML, one for each."""
    return [f"{indent}- {{{_members(each)}}}" for each in rows]


def _members(price: OwnPrice) -> str:
    row = price.row
    members = {
        "provider": quote_yaml(price.provider),
        "model": quote_yaml(price.model),
        "resolution": row.resolution,
        "duration": str(row.seconds),
        "amount": format(row.price.amount, "f"),
        "currency": quote_yaml(row.price.currency),
        "since": row.read,
        **({"source": quote_yaml(row.source)} if row.source else {}),
    }
    return ", ".join(f"{name}: {value}" for name, value in members.items())


def add_prices(root: Path, rows: Sequence[OwnPrice]) -> Path:
    """Puts rows in front of those that hailuo.yaml has, and makes the file where there is none; its path.

    Raises `InputError` where they cannot be put in without a change to other lines.
    """
    path = root / SETTINGS_FILE
    try:
        before = read_source(path)
        after = _insert(_NEW_FILE if before is None else before, rows)
        _require_same(before or _NEW_FILE, after, rows)
        replace_source(path, after, source_digest(before))
    except FileChangedError as changed:
        remedy = "Nothing was written. Run the command again."
        raise FileChangedError(f"{SETTINGS_FILE} was changed meanwhile", why=changed.why, remedy=remedy) from None
    except OSError as error:
        why = f"{path}: the system says: {error.strerror}."
        raise StoreError(f"{SETTINGS_FILE} could not be written", why=why, remedy="See who may write there.") from None
    return path


def _insert(data: bytes, rows: Sequence[OwnPrice]) -> bytes:
    text = data.decode(errors="surrogateescape")
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    tree, _ = read_and_validate(data, name=SETTINGS_FILE, schema="settings")
    if "prices" not in tree:
        if lines and not lines[-1].endswith(("\n", "\r")):
            lines[-1] += end
        lines += [f"{line}{end}" for line in ("", "prices:", *price_lines(rows))]
    elif tree["prices"]:
        places = locate(data, [(("prices",), True), (("prices", 0), False)], name=SETTINGS_FILE)
        key, first = places[("prices",), True], places[("prices", 0), False]
        dash = lines[first.line - 1].find("-")  # of a list in flow style there is none, and the check below says so
        lines[key.line : key.line] = [f"{line}{end}" for line in price_lines(rows, " " * max(dash, 0))]
    return "".join(lines).encode(errors="surrogateescape")


def _require_same(before: bytes, after: bytes, rows: Sequence[OwnPrice]) -> None:
    """The new file has the new rows first, and says the same in everything else."""
    old, _ = read_and_validate(before, name=SETTINGS_FILE, schema="settings")
    new, _ = read_and_validate(after, name=SETTINGS_FILE, schema="settings")
    found, _ = parse_prices(new.get("prices", ()), PriceOrigin.PROJECT)
    kept, _ = parse_prices(old.get("prices", ()), PriceOrigin.PROJECT)
    others = [{name: value for name, value in tree.items() if name != "prices"} for tree in (old, new)]
    if found != (*rows, *kept) or others[0] != others[1]:
        pasted = "\n".join(price_lines(rows, "    "))
        why = "Its `prices` are not a list with a line for each row."
        raise InputError(f"no row can be added to {SETTINGS_FILE}", why=why, remedy=f"Add them yourself:\n{pasted}")
