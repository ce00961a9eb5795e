"""What exported copies of clips are called: a template of the settings, and the names that it makes of a timeline.

`{shot}` is a field, `{version:03d}` one with leading zeros. Names below renders/ are not made here, since other
programs rely on them.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from hailuo_batch.core import rules
from hailuo_batch.core.plan.timeline import Timeline, TimelinePart
from hailuo_batch.core.problem import DocumentPath, Problem, did_you_mean
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.values import dataclass

DEFAULT_TEMPLATE = "{campaign}_{sequence}_{shot}_v{version:03d}_t{take:02d}"
FIELDS = ("campaign", "sequence", "shot", "version", "take", "provider")
_NUMBERS = {"version", "take"}
_FIELD = re.compile(r"\{([^{}]*)\}")
_WIDTH = re.compile(r"0[1-9]d|d")
_BAD_SIGNS = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|{}]')  # of paths, of Windows, and braces that are no field's
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE)
_MAX_BYTES = 240  # file systems take 255; the rest is for temporary names
_EMPTY = "\x00"  # stands for a field without a value until the sign beside it is taken away too
_AROUND_EMPTY = re.compile(rf"{_EMPTY}[-_. ]?|[-_. ]{_EMPTY}$")


def template_problems(template: str, path: DocumentPath) -> Iterator[Problem]:
    """What is wrong with a template, whatever the shots are."""
    for found in _FIELD.finditer(template):
        name, colon, width = found[1].partition(":")
        if name not in FIELDS:
            remedy = did_you_mean(name, FIELDS) or f"Fields are {', '.join(FIELDS)}."
            yield _problem(f'there is no field "{name}".', remedy, path)
        elif colon and (name not in _NUMBERS or not _WIDTH.fullmatch(width)):
            yield _problem(f'"{found[1]}" is not a field with its width.', "Write it as {shot} or {take:02d}.", path)
    rest = _FIELD.sub("", template)
    if sign := _BAD_SIGNS.search(rest):
        yield _problem(f"a file name cannot have {sign[0]!r}.", "Write letters, digits, dots, dashes and _.", path)
    elif "{shot}" not in template:
        yield _problem("two shots would have one name.", "Write {shot} into it.", path)
    elif template.startswith((".", " ")) or template.endswith((".", " ")):
        yield _problem("a file name begins and ends with no dot and no blank.", "Delete it.", path)


def _problem(why: str, remedy: str, path: DocumentPath) -> Problem:
    return Problem(rule=rules.EXPORT_NAME, why=why, remedy=remedy, path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportName:
    """The name of a clip's copy, and the shot and take that it is of."""

    name: str
    label: str
    digest: str


def make_export_names(timeline: Timeline, template: str) -> Mapping[str, ExportName]:
    """The names of the clips of a timeline, by shot. Raises where two shots would have one, or a system takes none."""
    names: dict[str, ExportName] = {}
    taken: dict[str, ExportName] = {}
    for part in timeline.parts:
        if part.used is None:
            continue
        made = ExportName(
            name=_fill(template, timeline, part), label=f"{part.shot}#{part.row.take}", digest=part.used.digest
        )
        _require_usable(made)
        # Disks of macOS and Windows take both for one name.
        if (other := taken.setdefault(unicodedata.normalize("NFC", made.name).casefold(), made)) is not made:
            raise RefusedError(
                f"two clips would be called {made.name}",
                why=f"They are of {other.label} and {made.label}. Nothing was written.",
                remedy=f"Change `names` in hailuo.yaml; without it they are called\n    {DEFAULT_TEMPLATE}",
            )
        names[part.shot] = made
    return names


def _fill(template: str, timeline: Timeline, part: TimelinePart) -> str:
    values = {
        "campaign": timeline.campaign,
        "sequence": part.row.sequence,
        "shot": part.shot,
        "version": part.row.version,
        "take": part.row.take,
        "provider": part.row.provider,
    }

    def fill(found: re.Match[str]) -> str:
        name, _, width = found[1].partition(":")
        value = values[name]
        return format(value, width) if width else str(value) or _EMPTY

    name = _AROUND_EMPTY.sub("", _FIELD.sub(fill, template))
    return f"{name}{'' if timeline.world is World.REAL else f'_{timeline.world}'}.mp4"


def _require_usable(made: ExportName) -> None:
    if _BAD_SIGNS.search(made.name):
        why = "It has a sign that no file name may have."
    elif _RESERVED.match(made.name):
        why = "Windows keeps this name for a device."
    elif made.name.startswith((".", " ", "-")) or made.name.removesuffix(".mp4").endswith((".", " ")):
        why = "It begins or ends with a dot, a dash or a blank."
    elif len(made.name.encode()) > _MAX_BYTES:
        why = f"It has {len(made.name.encode())} bytes; {_MAX_BYTES} are allowed."
    else:
        return
    raise InputError(
        f"the clip of {made.label} cannot be called {made.name[:120]!r}",
        why=f"{why} Nothing was written.",
        remedy="Change `names` in hailuo.yaml.",
    )
