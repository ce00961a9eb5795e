"""What of a project's settings needs trust: whatever can send a key somewhere, or widen a limit.

Everything else in `hailuo.yaml` is harmless: which gateways come first, caps, limits, and regions of our own tables.
SECURITY.md lists the decision for each setting.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.notification import notification_place
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.core.providers.own_prices import OwnPrice
from hailuo_batch.core.shared_places import NO_PLACES, SharedPlaces
from hailuo_batch.core.trust import NO_STAKES, KeyRoute, Stakes
from hailuo_batch.load.provider_tables import Tables, base_url, provider_names, read_provider_table


def find_stakes(
    tree: Mapping[str, Any],
    tables: Tables,
    regions: Mapping[str, str],
    outside: Iterable[Path],
    prices: Iterable[OwnPrice] = (),
    places: SharedPlaces = NO_PLACES,
) -> Stakes:
    """What is at stake in settings that were read and checked; `outside` are the folders outside of the project.

    Money: a price that is too low lets every cap buy more than it says.
    """
    routes = tuple(sorted(_list_key_routes(tables, regions), key=attrgetter("gateway", "variable", "address")))
    folders, private = tuple(sorted(map(str, outside))), tree.get("allow_private_downloads", False)
    fake = tree.get("allow_fake_ip_downloads", False)
    named = tuple(map(str, prices))
    notify = tree.get("notify", "")
    if not (routes or folders or private or fake or named or notify or places):
        return NO_STAKES
    matters = {
        "gateways": tree.get("gateways", {}),  # whole tables: paths and fields decide what is sent
        "regions": {name: wanted for name, wanted in regions.items() if not _is_own_address(name, wanted, tables)},
        "allow_outside": folders,
        "allow_private_downloads": private,
    }
    from hashlib import sha256  # loads OpenSSL: most projects have nothing at stake

    if fake:  # not in older digests, which stay as they were
        matters["allow_fake_ip_downloads"] = fake
    if named:
        matters["prices"] = named
    if notify:
        matters["notify"] = notify
    matters |= places.named
    text = json.dumps(matters, sort_keys=True, ensure_ascii=True, default=str)
    digest = f"sha256:{sha256(text.encode()).hexdigest()}"
    return Stakes(
        key_routes=routes,
        outside=folders,
        private_downloads=private,
        fake_ip_downloads=fake,
        prices=named,
        notify=notify,
        places=places,
        digest=digest,
    )


def own_route(name: str) -> KeyRoute:
    """Where the key of one of our own gateways goes by our own table."""
    table = read_provider_table(name)
    return KeyRoute(gateway=name, variable=str(table["key"]), address=str(table["base_url"]))


def key_route(name: str, tables: Tables, regions: Mapping[str, str]) -> KeyRoute:
    """Where the key of a gateway would go by the settings."""
    variable = str(read_provider_table(name, tables)["key"])
    return KeyRoute(gateway=name, variable=variable, address=base_url(name, regions.get(name, ""), tables))


def is_own_route(route: KeyRoute, tables: Tables) -> bool:
    """Whether a key goes where our own tables say, so that no trust is needed."""
    return _is_own_address(route.gateway, route.address, tables)


def untrusted_problems(stakes: Stakes, tree: Mapping[str, Any], tables: Tables, *, remedy: str) -> Iterator[Problem]:
    """A warning for each setting that does not count, with what it would do."""
    for name in tables:
        routes = " and ".join(str(each) for each in stakes.key_routes if each.gateway == name)
        yield _untrusted_problem(f"{name} is not used: {routes}.", ("gateways", name), remedy)
    for route in stakes.key_routes:
        if route.gateway not in tables:
            yield _untrusted_problem(f"{route.gateway} is not used: {route}.", ("regions", route.gateway), remedy)
    if stakes.outside and tree.get("allow_outside"):
        folders = ", ".join(stakes.outside)
        yield _untrusted_problem(f"no frame is read from {folders}.", ("allow_outside",), remedy)
    if stakes.private_downloads:
        why = "no clip is downloaded from a private address."
        yield _untrusted_problem(why, ("allow_private_downloads",), remedy)
    if stakes.fake_ip_downloads:
        why = "no clip is downloaded from an address that a proxy on this machine makes up."
        yield _untrusted_problem(why, ("allow_fake_ip_downloads",), remedy)
    if stakes.prices:
        more = f" and {len(stakes.prices) - 1:,} more" if len(stakes.prices) > 1 else ""
        yield _untrusted_problem(f"no estimate is made by {stakes.prices[0]}{more}.", ("prices",), remedy)
    if stakes.notify:
        why = f"the ends of runs are not reported to {notification_place(stakes.notify)}."
        yield _untrusted_problem(why, ("notify",), remedy)
    yield from _untrusted_places(stakes.places, remedy)


def _untrusted_places(places: SharedPlaces, remedy: str) -> Iterator[Problem]:
    if places.ledger:
        why = f"nothing is planned or bought, since the shared ledger is at {places.ledger_place}."
        yield _untrusted_problem(why, ("ledger",), remedy)
    if places.store:
        yield _untrusted_problem(f"no clip is kept in {places.store}.", ("store",), remedy)
    if places.farm:
        yield _untrusted_problem(f"nothing is drawn or checked by {places.workers}.", ("farm",), remedy)


def _untrusted_problem(why: str, path: DocumentPath, remedy: str) -> Problem:
    return Problem(rule=rules.UNTRUSTED, why=why, remedy=remedy, path=path, on_key=True)


def _list_key_routes(tables: Tables, regions: Mapping[str, str]) -> Iterator[KeyRoute]:
    for name, table in tables.items():
        places = {table["base_url"], *(row["base_url"] for row in table.get("regions", {}).values())}
        for address in places | {base_url(name, regions.get(name, ""), tables)}:
            yield KeyRoute(gateway=name, variable=table["key"], address=address)
    for name in regions:
        route = key_route(name, tables, regions)
        if name not in tables and not is_own_route(route, tables):
            yield route


def _is_own_address(name: str, wanted: str, tables: Tables) -> bool:
    """Whether a region, or an address in its place, is one that our own table of the gateway names."""
    if name in tables or name not in provider_names():
        return False
    table = read_provider_table(name)
    regions = table.get("regions", {})
    return wanted in regions or wanted in {table["base_url"], *(row["base_url"] for row in regions.values())}
