"""What `push` or `pull` came to, as text and as JSON."""

from collections.abc import Mapping, Sequence

from hailuo_batch.views.format import count, format_size, safe_text
from hailuo_batch.views.style import PLAIN, TextStyle

MAX_ROWS = 20
_PUSH_HINT = "A machine that has them puts them there:"


def draw_transfer(
    verb: str,
    *,
    address: str,
    copied: int,
    size: int,
    already: int,
    failed: Mapping[str, str],
    missing: Sequence[str],
    note: str,
    push_command: str,
    run_command: str = "",
    style: TextStyle = PLAIN,
) -> str:
    """How many clips were copied and how many were there already, then those that were not, with what to do."""
    where = "to" if verb == "Pushed" else "from"
    rest = f" {count(already, 'clip')} {'was' if already == 1 else 'were'} there already." if already else ""
    lines = [f"{verb} {count(copied, 'clip')} ({format_size(size)}) {where} {safe_text(address)}.{rest}"]
    if failed:
        lines.append(style.bad(f"{count(len(failed), 'clip')} could not be copied:"))
        lines += [f"  {safe_text(name)}  {safe_text(why)}" for name, why in [*failed.items()][:MAX_ROWS]]
        lines += _more(len(failed))
    if missing:
        lines.append(style.warning(f"{count(len(missing), 'clip')} {'is' if len(missing) == 1 else 'are'} not there:"))
        lines += [f"  {safe_text(name)}" for name in missing[:MAX_ROWS]]
        lines += [*_more(len(missing)), _PUSH_HINT, f"    {safe_text(push_command)}"]
    if note:
        lines.append(f"{style.warning('Note')}: {safe_text(note)}")
    if run_command and copied:
        lines += ["To give them their names, which buys nothing that the lock names:", f"    {safe_text(run_command)}"]
    return "\n".join(lines)


def transfer_dict(
    *, address: str, copied: int, size: int, already: int, failed: Mapping[str, str], missing: Sequence[str], note: str
) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "store": address,
        "copied": copied,
        "bytes": size,
        "already_there": already,
        "failed": [{"clip": name, "why": why} for name, why in failed.items()],
        "missing": list(missing),
        "note": note,
    }


def _more(number: int) -> list[str]:
    return [f"  … and {number - MAX_ROWS:,} more; --format json shows them all"] if number > MAX_ROWS else []
