"""What `hailuo.yaml` says of gateways: tables of its own, regions, base addresses; and what is wrong with them.

Keys come from the environment: one that stands here is refused, and never shown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from hailuo_batch.core import rules
from hailuo_batch.core.models import is_local
from hailuo_batch.core.problem import DocumentPath, Problem, did_you_mean
from hailuo_batch.errors import InputError
from hailuo_batch.load.provider_tables import Table, Tables, base_url, provider_names, read_custom_table

# What stands under `key`, unless it is the name of a variable, which may be seen.
_KEY_PATTERN = re.compile(r"(\bkey[\"']?\s*:\s*)(?![\"']?[A-Z][A-Z0-9_]*[\"']?\s*(?:[,}#]|\Z))(\S.*)")
_ADDRESS_PATTERN = re.compile(r"(notify\s*:\s*['\"]?(?:slack:)?(?:\w+://[^/\s'\"@]*(?=[/'\"\s]|$))?)([^\s'\"]*)")
_KEY_REMEDY = "Write the name of an environment variable, such as STUDIO_API_KEY, and put the key into that."


def read_custom_gateways(trees: Mapping[str, Any]) -> tuple[Tables, tuple[Problem, ...]]:
    """The tables that can be used, by name, and the problems of the others."""
    tables: dict[str, Table] = {}
    problems: list[Problem] = []
    for name, tree in trees.items():
        path = ("gateways", name)
        table, wrong = read_custom_table(tree, name, path=path)
        problems += map(_mask_key_problem, wrong)
        if table is not None:
            said = list(_find_unsafe(name, table, path))
            problems += said
            if not said:
                tables[name] = table
    return tables, tuple(problems)


def read_regions(regions: Mapping[str, str], tables: Tables) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The regions and base addresses that can be used, by gateway, and what is wrong with the others."""
    good: dict[str, str] = {}
    problems = []
    for name, wanted in regions.items():
        problem = _region_problem(name, wanted, tables)
        if problem is None:
            good[name] = wanted
        else:
            problems.append(problem)
    return good, tuple(problems)


def mask_key(problem: Problem) -> Problem:
    """The same problem without a secret: what is written under `key` of a gateway, and an address for messages."""
    if problem.path[:1] == ("notify",):
        problem = _mask_address(problem)
    pattern = {"gateways": _KEY_PATTERN, "notify": _ADDRESS_PATTERN}.get(str(problem.path[0]) if problem.path else "")
    if pattern is None or problem.place is None:
        return problem
    text = pattern.sub(lambda match: match[1] + "•" * len(match[2]), problem.place.text)
    return problem.with_place(replace(problem.place, text=text))


def _mask_address(problem: Problem) -> Problem:
    """An address for messages holds a secret: what is wrong with it does not repeat it."""
    if "://" not in problem.why:
        return problem
    return replace(problem, why="notify is not an https address, nor slack: and one (http: only to this machine).")


def _mask_key_problem(problem: Problem) -> Problem:
    """What is wrong under `key` may be the key itself: it is not repeated."""
    if problem.path[-1:] != ("key",) or problem.on_key:
        return problem
    why = f"what stands under key of {problem.path[1]} is no name of an environment variable."
    return Problem(rule=rules.SECRET, why=why, remedy=_KEY_REMEDY, path=problem.path)


def _find_unsafe(name: str, table: Table, path: DocumentPath) -> Iterator[Problem]:
    if is_local(name):
        why = f'"{name}" is what draws on this machine.'
        yield Problem(rule=rules.NAME, why=why, remedy="Give the gateway another name.", path=path)
    if _is_unencrypted(table["base_url"]):
        yield _unencrypted_problem(name, (*path, "base_url"))
    for region, row in table.get("regions", {}).items():
        if _is_unencrypted(row["base_url"]):
            yield _unencrypted_problem(name, (*path, "regions", region, "base_url"))


def _region_problem(name: str, wanted: str, tables: Tables) -> Problem | None:
    path = ("regions", name)
    known = provider_names(tables)
    if name not in known:
        why = f'there is no provider called "{name}".'
        remedy = did_you_mean(name, known) or f"Known are {', '.join(known)}."
        return Problem(rule=rules.PROVIDER, why=why, remedy=remedy, path=path, on_key=True)
    try:
        address = base_url(name, wanted, tables)
    except InputError as error:
        why = f"{error.summary}. {error.why}".rstrip() if error.why else f"{error.summary}."
        return Problem(rule=rules.REGION, why=why, remedy=error.remedy, path=path)
    return _unencrypted_problem(name, path) if _is_unencrypted(address) else None


def _unencrypted_problem(name: str, path: DocumentPath) -> Problem:
    """Money and trust: the key goes to this address with every call."""
    why = f"the key of {name} would travel unencrypted over http."
    remedy = "Write https://; plain http is for this machine only, as in http://127.0.0.1:8080."
    return Problem(rule=rules.ADDRESS_OPEN, why=why, remedy=remedy, path=path)


def _is_unencrypted(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return True
    if parts.scheme != "http" or host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True
