"""Which column of a table is which key of a shot: by name, by common names in other languages, or as the user says.

Any column that is not known becomes a `meta` of its own name, so nothing of a list is lost.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from hailuo_batch.core.sheet.table import Table, TableRow
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.values import dataclass

FieldPath = tuple[str, ...]  # ("prompt",), ("frames", "first"), ("meta", "Music")

ID, NAME, SEQUENCE, PROMPT, NOTES = ("id",), ("name",), ("sequence",), ("prompt",), ("notes",)
DURATION, CUT, CUT_IN, CUT_OUT = ("duration",), ("cut",), ("cut", "in"), ("cut", "out")
RESOLUTION, TAKES, TAGS, STYLE, PROVIDERS = ("resolution",), ("takes",), ("tags",), ("style",), ("providers",)
FIRST, LAST = ("frames", "first"), ("frames", "last")
DESCRIPTION, FRAME_COUNT, FPS = ("description",), ("frame count",), ("fps",)
FRAME_IN, FRAME_OUT = ("frame in",), ("frame out",)
IGNORED = ("",)
_OWN = ("meta",)  # a column of the user's own, before it has its name

# The first name of each is the one that is written. Names are compared without case, blanks, dashes and units.
NAMES: Mapping[FieldPath, tuple[str, ...]] = {
    ID: (
        "id", "shot id", "shot", "shot code", "code", "shot no", "shot nr", "shot number", "nr", "no", "#", "№",
        "number", "einstellung", "bild", "tagning", "plan", "plano", "toma", "кадр", "номер", "カット", "カット番号",
        "ショット", "镜号", "镜头", "镜头号", "კადრი",
    ),
    NAME: ("name", "shot name"),
    SEQUENCE: (
        "sequence", "seq", "sequence name", "sequenz", "sekvens", "séquence", "secuencia", "sequência", "シーケンス",
    ),
    PROMPT: ("prompt", "prompts", "text prompt", "video prompt", "промпт", "プロンプト", "提示词"),
    DESCRIPTION: (
        "description", "shot description", "beschreibung", "beskrivning", "descripción", "descrição", "описание",
        "説明", "内容", "画面", "画面内容", "აღწერა",
    ),
    DURATION: ("duration",),
    CUT: (
        "cut", "cut length", "length", "seconds", "secs", "sec", "dur", "dauer", "länge", "längd", "sekunden",
        "sekunder", "durée", "duración", "duração", "длительность", "хронометраж", "секунды", "尺", "秒", "秒数",
        "时长", "ხანგრძლივობა",
    ),
    CUT_IN: ("cut in",),
    CUT_OUT: ("cut out",),
    RESOLUTION: (
        "resolution", "auflösung", "upplösning", "résolution", "resolución", "resolução", "разрешение", "解像度",
        "分辨率",
    ),
    TAKES: ("takes",),
    STYLE: ("style",),
    TAGS: ("tags", "tag", "labels", "taggar", "etiquetas", "schlagworte", "теги", "タグ", "标签"),
    FIRST: ("first frame", "start frame", "frames.first", "首帧"),
    LAST: ("last frame", "end frame", "frames.last", "尾帧"),
    NOTES: (
        "notes", "note", "comment", "comments", "remarks", "notizen", "anmerkung", "anmerkungen", "kommentar",
        "anteckningar", "notas", "observações", "примечание", "примечания", "備考", "备注",
    ),
    PROVIDERS: ("providers", "provider"),
    **{(name,): (name,) for name in SWITCH_NAMES},
    FRAME_COUNT: ("frames", "nb frames", "nb. frames", "frame count"),
    FPS: ("fps",),
    FRAME_IN: ("frame in", "in"),
    FRAME_OUT: ("frame out", "out"),
}  # fmt: skip
_HEADER_ROWS = 30  # in which the names of the columns are searched for
_UNIT = re.compile(r"\s*[(\[（].*[)\]）]$")


def normalize_name(header: str) -> str:
    """A column's name as it is compared.

    >>> normalize_name(" First_Frame: "), normalize_name("Länge (s)")
    ('first frame', 'länge')
    """
    plain = unicodedata.normalize("NFKC", header).casefold().strip().rstrip(":.")
    return " ".join(re.split(r"[\s_-]+", _UNIT.sub("", plain))).strip()


_KNOWN = {normalize_name(name): (path, rank) for path, names in NAMES.items() for rank, name in enumerate(names)}


def column_name(path: FieldPath) -> str:
    """What a column is called in a table of ours.

    >>> column_name(("frames", "first")), column_name(("meta", "Music")), column_name(("meta", "Prompt"))
    ('first frame', 'Music', 'meta.Prompt')
    """
    if path[0] != "meta":
        return NAMES[path][0]
    plain = bool(path[1].strip()) and path[1] == path[1].strip() and "\n" not in path[1]
    return path[1] if plain and not _names_a_column(path[1]) else f"meta.{path[1]}"


def _names_a_column(name: str) -> bool:
    return normalize_name(name) in _KNOWN or name.casefold().startswith("meta.") or name in {"row", "reason"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a table by their place, and the row that names them."""

    header: TableRow
    paths: Mapping[int, FieldPath]
    named: frozenset[FieldPath]  # those that are empty too
    notices: tuple[str, ...] = ()

    def has(self, path: FieldPath) -> bool:
        """Whether one of the columns is this one."""
        return path in self.paths.values()

    def cell(self, row: TableRow, path: FieldPath) -> str:
        """What a row has in a column; empty where there is none."""
        return next((row.cell(place) for place, each in self.paths.items() if each == path), "")


def find_columns(table: Table, mapped: Mapping[str, str]) -> Columns | None:
    """The columns by the first row that names a shot's id and something else; None where no row does."""
    chosen = {normalize_name(name): parse_target(target, name) for name, target in mapped.items()}
    for place, row in enumerate(table.rows[:_HEADER_ROWS]):
        paths = _name_columns(row, chosen)
        if not {ID, NAME} & set(paths.values()) or sum(bool(cell.strip()) for cell in row.cells) < 2:
            continue
        used = {index for each in table.rows[place + 1 :] for index, cell in enumerate(each.cells) if cell.strip()}
        notices = (
            [] if place == 0 else [f"The names of the columns are in row {row.number}; what is above is passed over."]
        )
        kept = {
            index: path for index, path in paths.items() if path != IGNORED and (index in used or path in {ID, NAME})
        }
        kept = _settle_roles(kept, notices)
        return Columns(header=row, paths=kept, named=frozenset(paths.values()), notices=tuple(notices))
    return None


def parse_target(target: str, name: str) -> FieldPath:
    """The key that a user means with `--map NAME=KEY`.

    >>> parse_target("sequence", "Szene"), parse_target("meta", "Szene"), parse_target("meta.scene", "Szene")
    (('sequence',), ('meta', 'Szene'), ('meta', 'scene'))
    """
    plain = normalize_name(target)
    if plain == "meta":
        return "meta", name
    if target.strip().casefold().startswith("meta."):
        return "meta", target.strip()[5:]
    if plain in {"", "none"}:
        return IGNORED
    if plain not in _KNOWN:
        raise ValueError(plain)
    return _KNOWN[plain][0]


def target_names() -> Iterable[str]:
    """What `--map` may name."""
    return [*(names[0] for names in NAMES.values()), "meta", "none"]


def _name_columns(row: TableRow, chosen: Mapping[str, FieldPath]) -> dict[int, FieldPath]:
    """Each column with a name. Where two would be the same key, the nearer name has it, and the other is a meta."""
    headers = {index: cell.strip() for index, cell in enumerate(row.cells) if cell.strip()}
    ours = list(headers.values())[:2] == ["row", "reason"]  # a file of rejected rows
    claims: dict[FieldPath, tuple[int, int]] = {}  # by rank, then by place
    found: dict[int, FieldPath] = {}
    for index, header in headers.items():
        plain = normalize_name(header)
        path, rank = (chosen[plain], -1) if plain in chosen else _KNOWN.get(plain, (None, 0))
        if ours and header in {"row", "reason"}:
            path = IGNORED
        if path is not None and path[0] != "meta" and path != IGNORED:
            if path in claims and claims[path] <= (rank, index):
                path = None
            else:
                claims[path] = rank, index
        found[index] = path or _OWN
    for index, path in found.items():
        if path[0] not in {"meta", ""} and claims[path][1] != index:
            found[index] = _OWN
    return _name_metas(found, {index: _own_name(row.cell(index)) for index in headers})


def _own_name(header: str) -> str:
    """The name of a column of the user's own; `meta.` before it makes sure that it is one."""
    return header[5:] if header.casefold().startswith("meta.") else header.strip()


def _name_metas(found: dict[int, FieldPath], headers: Mapping[int, str]) -> dict[int, FieldPath]:
    """Columns of the user's own, each with a name that no other has: Kitsu has an `Assignations` for each task."""
    taken = {path for path in found.values() if path != _OWN}
    for index, path in found.items():
        if path == _OWN:
            own = headers[index]
            names = (own if number == 1 else f"{own} {number}" for number in range(1, len(headers) + 2))
            found[index] = next(("meta", name) for name in names if ("meta", name) not in taken)
            taken.add(found[index])
    return found


def _settle_roles(paths: dict[int, FieldPath], notices: list[str]) -> dict[int, FieldPath]:
    """What a column is depends on which others there are: a `Name` is only the id where nothing else is."""
    there = set(paths.values())
    settled: dict[FieldPath, FieldPath] = {}
    if ID in there:
        settled[NAME] = ("meta", "Name")
    elif SEQUENCE not in there:
        settled[NAME] = ID
    else:
        notices.append("An id is the sequence and the name: sq010_sh020.")
    if DESCRIPTION in there:
        free = next((path for path in (PROMPT, NOTES) if path not in there), ("meta", "Description"))
        settled[DESCRIPTION] = free
        notices.append(f"The description is read as {column_name(free)}.")
    return {index: settled.get(path, path) for index, path in paths.items()}


def shot_paths(columns: Sequence[FieldPath]) -> tuple[FieldPath, ...]:
    """Those that are keys of a shot as they are, without what only makes up others."""
    made = {ID, NAME, FRAME_COUNT, FPS, FRAME_IN, FRAME_OUT, CUT_IN, CUT_OUT, CUT}
    return tuple(path for path in columns if path not in made)
