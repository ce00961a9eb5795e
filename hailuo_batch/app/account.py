"""Opens the gateways of a project for read-only calls outside of a run: whose key is set, and what each can answer.

In a rehearsal the mock answers in their place, from the tasks that it keeps: no key and no real gateway is needed.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.world import REHEARSAL_KEY, REHEARSAL_SPEED, World
from hailuo_batch.errors import InputError, KeyMissingError
from hailuo_batch.gateways.dialect import Conversation
from hailuo_batch.load.gateway_keys import find_key_route, read_gateway_key, require_trusted_gateway
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.provider_tables import load_dialect, provider_names, read_provider, read_provider_table
from hailuo_batch.load.settings import Project

if TYPE_CHECKING:
    from hailuo_batch.drivers.account import GatewayAccount

ANSWER_SECONDS = 15.0


@asynccontextmanager
async def open_accounts(
    project: Project, rehearsed: Workspace | None = None, *, speed: float = REHEARSAL_SPEED
) -> AsyncIterator[Callable[[str], "GatewayAccount"]]:
    """Gives the gateways of a project by name; `KeyMissingError` for one whose key is not set.

    `UntrustedError` for one whose address the user has not trusted. `rehearsed` is the workspace of a rehearsal, whose
    mock renders with this speed.
    """
    from hailuo_batch.drivers.account import GatewayAccount
    from hailuo_batch.drivers.transport import Transport, open_sessions

    require_valid_settings(project)
    async with _open_mock_addresses(rehearsed, speed) as mocks, open_sessions() as (reading, paying, *_):

        def gateway(name: str) -> GatewayAccount:
            require_known_provider(project, name)
            if mocks is None:
                require_trusted_gateway(project, name)
            found = read_provider(name, region=project.regions.get(name, ""), tables=project.tables)
            transport = Transport(
                session=reading,
                paying=paying,
                base_url=find_key_route(project, name).address if mocks is None else mocks[name],
                key=_require_key(name, found.key, project) if mocks is None else REHEARSAL_KEY,
                seconds=ANSWER_SECONDS,
                gateway=name,
            )
            return GatewayAccount(
                name=name,
                title=found.title,
                transport=transport,
                dialect=load_dialect(name, project.tables),
                table=read_provider_table(name, project.tables),
            )

        yield gateway


@asynccontextmanager
async def _open_mock_addresses(rehearsed: Workspace | None, speed: float) -> AsyncIterator[Mapping[str, str] | None]:
    """The addresses of a mock that knows what a rehearsal bought; None outside of one."""
    if rehearsed is None or rehearsed.world is not World.REHEARSAL:
        yield None
        return
    from hailuo_batch.mock.server import Mock

    kept = rehearsed.open_mock_tasks() if rehearsed.mock_tasks_file.exists() else None
    async with Mock(speed=speed, kept=kept) as mock:
        yield mock.urls


def require_valid_settings(project: Project) -> None:
    """Raises when the settings have problems: a key must not go to another address than the one that was meant."""
    if project.problems:
        first = project.problems[0]
        why = first.why[:1].upper() + first.why[1:]
        raise InputError(f"{SETTINGS_FILE} cannot be used", why=why, remedy=first.remedy)


def require_known_provider(project: Project, name: str) -> None:
    """Raises when there is no table for a gateway that the ledger names."""
    if name not in provider_names(project.tables):
        raise InputError(
            f"{name} is no longer a provider of this project", remedy=f"Restore its table in {SETTINGS_FILE}."
        )


def has_task_list(project: Project, name: str) -> bool:
    """Whether a gateway can list its tasks; one whose table is gone cannot be queried."""
    return name in provider_names(project.tables) and _is_supported(load_dialect(name, project.tables).tasks())


def has_task_events(project: Project, name: str) -> bool:
    """Whether a gateway reports the events of a task."""
    return name in provider_names(project.tables) and _is_supported(load_dialect(name, project.tables).events("x"))


def has_balance(project: Project, name: str) -> bool:
    """Whether a gateway reports the balance of the account."""
    return _is_supported(load_dialect(name, project.tables).balance())


def _is_supported(conversation: Conversation[Any] | None) -> bool:
    if conversation is None:
        return False
    conversation.close()
    return True


def _require_key(name: str, variable: str, project: Project) -> str:
    key = read_gateway_key(project, name)
    if not key:
        raise KeyMissingError(
            f"{variable} is not set",
            why=f"It is the API key of {name}. Nothing was sent.",
            remedy=f"Set it in the environment, or store it in the keyring:\n    keyring set hailuo-batch {variable}",
        )
    return key
