"""The key and the address of a project's gateway: the only door to both, which opens when the user trusts the project.

Money and trust: no key variable is even read for an address that is neither in our own tables nor trusted.
"""

from urllib.parse import urlsplit

from hailuo_batch.core.trust import KeyRoute
from hailuo_batch.core.trusted import KeyDestination
from hailuo_batch.errors import UntrustedError
from hailuo_batch.load.api_keys import read_api_key
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.settings import Project
from hailuo_batch.load.stakes import is_own_route, key_route


def find_key_route(project: Project, name: str) -> KeyRoute:
    """Where the key of a gateway would go: for showing, trusted or not."""
    return key_route(name, project.tables, project.regions)


def is_trusted_gateway(project: Project, name: str) -> bool:
    """Whether the key of a gateway may go to its address."""
    route = find_key_route(project, name)
    return is_own_route(route, project.tables) or route in project.trusted_routes


def find_destination(project: Project, name: str) -> KeyDestination:
    """Where the key of a gateway goes, in words."""
    route = find_key_route(project, name)
    place = urlsplit(route.address).netloc if is_own_route(route, project.tables) else route.address
    return KeyDestination(route=route, place=place, is_trusted=is_trusted_gateway(project, name))


def read_gateway_key(project: Project, name: str) -> str:
    """The key of a gateway; "" when it is not set, and when its gateway is not trusted."""
    return read_api_key(find_key_route(project, name).variable) if is_trusted_gateway(project, name) else ""


def require_trusted_gateway(project: Project, name: str) -> None:
    """Raises `UntrustedError` for a gateway that the user has not trusted in this project."""
    if not is_trusted_gateway(project, name):
        route = find_key_route(project, name)
        raise untrusted_error(project, f"{SETTINGS_FILE} would send {route.variable} to {route.address} ({name}).")


def untrusted_error(project: Project, what: str) -> UntrustedError:
    """The error that stops a command which needs what is not trusted."""
    changed = "It has changed since you trusted it." if project.was_trusted else "Nobody trusted that on this machine."
    return UntrustedError(
        "the project is not trusted",
        why=f"{what}\n{changed} Nothing was sent.",
        remedy=project.trust_remedy,
    )
