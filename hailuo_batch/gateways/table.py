"""A gateway's table as values: where things stand in its calls and answers, and which of its words mean what.

`load/provider_tables.py` reads the YAML and holds it against `schemas/provider.schema.json`; what comes here is known
to fit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hailuo_batch.core.manifest.camera import Camera
from hailuo_batch.gateways.camera import Spelling
from hailuo_batch.gateways.coerce import code_of
from hailuo_batch.gateways.error_classes import Meaning, Ruling

Places = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Where an amount of money stands, and its unit."""

    place: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A path below the base address and a query; `{task}`, `{model}` and `{file}` are filled in."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """How a clip is asked for: the place of each field, and where the answer has the task's id."""

    address: Address
    fields: Mapping[str, str]  # our name → place in the body; what is missing here cannot be said to this gateway
    addresses: bool  # whether a frame may be a web address
    data: bool  # and whether it may be a data URI
    needed: frozenset[str]  # frames without which it takes nothing
    only_true: frozenset[str]  # switches that are written only when they are on
    resolutions: Mapping[str, str]
    camera: Spelling
    longest: int | None
    task: Places
    estimate: tuple[Amount, ...]
    key_header: str  # where an idempotency key goes; empty: nowhere
    key_honoured: bool  # and whether the gateway promises to take such a call once


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """How a task is read: its status words, and where progress, link and cost stand."""

    address: Address
    task: Places  # where the answer names its task
    status: Places
    words: Mapping[str, str]  # lower case → running, made, failed, cancelled
    progress: Places
    full: int  # the gateway's number for done: 100 or 1
    link: Places
    life: Places
    life_seconds: float | None  # where the answer does not say it
    cost: tuple[Amount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCall:
    """The second call for a link: by which file id, at which place."""

    address: Address
    file: Places
    named: Places  # where the answer names its file
    link: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Where a refusal says why, and what its codes mean: for a call, and for a task that ended."""

    code: Places
    message: Places
    codes: Mapping[str, Ruling]
    task_codes: Mapping[str, Ruling]
    statuses: Mapping[int, Ruling]
    accepted: str = ""  # the place of a code that is 0 when a 200 is a yes


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """One amount that may run out, and the flag that says it cannot."""

    place: str
    unlimited: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How the balance is read."""

    address: Address
    success: Places
    purses: tuple[Purse, ...]
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How the gateway's own list of tasks is read, page by page."""

    address: Address
    rows: str
    task: Places
    status: Places
    model: Places
    created: Places
    total: Places
    page: str  # the name of the page's number in the query
    most_pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """How a task's events are read."""

    address: Address
    rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTable:
    """All that a dialect knows of one gateway."""

    name: str
    title: str
    key: str
    models: Mapping[str, str]  # ours → the gateway's id
    remedies: Mapping[Meaning, str]
    submit: Submit
    poll: Poll
    errors: Errors
    link_call: LinkCall | None
    account: Account | None
    listing: Listing | None
    events: Events | None
    callback_task: Places


def read_gateway(tree: Mapping[str, Any]) -> GatewayTable:
    """The values of a table that fits its schema."""
    wire = tree["wire"]
    return GatewayTable(
        name=tree["name"],
        title=tree["title"],
        key=tree["key"],
        models={ours: row["id"] for ours, row in tree["models"].items() if "id" in row},
        remedies={Meaning(word): text for word, text in tree.get("remedies", {}).items()},
        submit=_submit(wire["submit"], tree),
        poll=_poll(wire["poll"], tree),
        errors=_errors(wire["errors"]),
        link_call=_link_call(wire.get("link")),
        account=_account(wire.get("balance")),
        listing=_listing(wire.get("tasks")),
        events=_events(wire.get("events")),
        callback_task=_places(wire.get("callback", {}).get("task")),
    )


def _places(row: str | list[str] | None) -> Places:
    return (row,) if isinstance(row, str) else tuple(row or ())


def _address(row: Mapping[str, Any]) -> Address:
    return Address(path=row["path"], query=dict(row.get("query", {})))


def _amounts(rows: Iterable[Mapping[str, str]]) -> tuple[Amount, ...]:
    return tuple(Amount(place=row["place"], unit=row["unit"]) for row in rows)


def _submit(row: Mapping[str, Any], tree: Mapping[str, Any]) -> Submit:
    camera = tree.get("camera", {})
    words = {Camera(command): word for command, word in camera.get("words", {}).items()}
    key = row.get("idempotency", {})
    prompts = [model.get("prompt", {}).get("longest") for model in tree["models"].values()]
    return Submit(
        address=_address(row),
        fields=dict(row["fields"]),
        addresses=tree.get("images", {}).get("address", True),
        data=tree.get("images", {}).get("data_uri", True),
        needed=frozenset(row.get("needed", ())),
        only_true=frozenset(row.get("only_true", ())),
        resolutions=dict(row["resolutions"]),
        camera=Spelling(words=words, plain=frozenset(Camera(command) for command in camera.get("plain", ()))),
        longest=min((longest for longest in prompts if longest), default=None),
        task=_places(row["task"]),
        estimate=_amounts(row.get("estimate", ())),
        key_header=key.get("header", ""),
        key_honoured=key.get("honoured", False),
    )


def _poll(row: Mapping[str, Any], tree: Mapping[str, Any]) -> Poll:
    words = {word.casefold(): meaning for meaning, listed in row["statuses"].items() for word in listed}
    progress = row.get("progress", {})
    return Poll(
        address=_address(row),
        task=_places(row.get("task")),
        status=_places(row["status"]),
        words=words,
        progress=_places(progress.get("place")),
        full=progress.get("full", 100),
        link=_places(row.get("link")),
        life=_places(row.get("life")),
        life_seconds=tree.get("limits", {}).get("link_seconds", {}).get("is"),
        cost=_amounts(row.get("cost", ())),
    )


def _errors(row: Mapping[str, Any]) -> Errors:
    return Errors(
        code=_places(row["code"]),
        message=_places(row["message"]),
        codes=_rulings(row.get("codes", {})),
        task_codes=_rulings(row.get("task_codes", {})),
        statuses={int(status): _ruling(ruling) for status, ruling in row.get("statuses", {}).items()},
        accepted=row.get("accepted", ""),
    )


def _rulings(rows: Mapping[str, Any]) -> dict[str, Ruling]:
    return {code_of(code): _ruling(row) for code, row in rows.items()}


def _ruling(row: str | Mapping[str, str]) -> Ruling:
    if isinstance(row, str):
        return Ruling(means=Meaning(row))
    return Ruling(means=Meaning(row["means"]), why=row.get("why", ""), remedy=row.get("remedy", ""))


def _link_call(row: Mapping[str, Any] | None) -> LinkCall | None:
    if row is None:
        return None
    return LinkCall(
        address=_address(row), file=_places(row["file"]), named=_places(row.get("named")), link=_places(row["link"])
    )


def _account(row: Mapping[str, Any] | None) -> Account | None:
    if row is None:
        return None
    purses = tuple(Purse(place=purse["place"], unlimited=purse.get("unlimited", "")) for purse in row["left"])
    return Account(address=_address(row), success=_places(row.get("success")), purses=purses, unit=row["unit"])


def _listing(row: Mapping[str, Any] | None) -> Listing | None:
    if row is None:
        return None
    return Listing(
        address=_address(row),
        rows=row["rows"],
        task=_places(row["task"]),
        status=_places(row["status"]),
        model=_places(row.get("model")),
        created=_places(row.get("created")),
        total=_places(row.get("total")),
        page=row.get("page", ""),
        most_pages=row.get("most_pages", 1),
    )


def _events(row: Mapping[str, Any] | None) -> Events | None:
    return None if row is None else Events(address=_address(row), rows=row["rows"])
