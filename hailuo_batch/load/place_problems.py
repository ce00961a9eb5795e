"""What is wrong with the places that a project shares. A password in an address is refused, and never shown."""

import re
from collections.abc import Iterator
from dataclasses import replace

from hailuo_batch.core import rules
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.shared_places import FARM_OF_LEDGER, SharedPlaces
from hailuo_batch.load.schemas import read_schema

_BEFORE_VALUE = re.compile(r".*?\bledger[\"']?\s*:\s*|\s*")
_HAS_PASSWORD = re.compile(r":(?!//|[\s\"']).*@|password\s*=")


def is_ledger_address(written: str) -> bool:
    """Whether `ledger` in hailuo.yaml could have this address."""
    return re.search(str(read_schema("settings")["properties"]["ledger"]["pattern"]), written) is not None


def find_place_problems(named: SharedPlaces) -> Iterator[Problem]:
    """What does not fit together."""
    if named.farm == FARM_OF_LEDGER and not named.ledger:
        why = "the workers of a farm take their work from the database of a shared ledger, and there is none."
        yield Problem(rule=rules.KEY_MISSING, why=why, remedy="Write `ledger: postgresql://…` too.", path=("farm",))
    if named.farm and not named.store:
        why = "the workers of a farm hand over files through the shared store, and there is none."
        yield Problem(rule=rules.KEY_MISSING, why=why, remedy="Write `store: s3://bucket/prefix` too.", path=("farm",))


def mask_password(problem: Problem) -> Problem:
    """The same problem in words of ours, without a password that was written into the ledger's address."""
    is_address, text = problem.path == ("ledger",), "" if problem.place is None else problem.place.text
    has_password = (is_address or "ledger" in text) and _HAS_PASSWORD.search(text) is not None
    if is_address and problem.rule == rules.FORM:
        why = "ledger is no address of PostgreSQL without a password."
        problem = replace(problem, why=why, remedy=_FORM_REMEDY)
    if problem.path == ("farm",) and problem.rule == rules.FORM:
        why = "farm is neither true nor the tls:// address of a dask scheduler. One without TLS is not used: "
        problem = replace(problem, why=f"{why}anyone who reaches its port runs code there.", remedy=_FARM_REMEDY)
    if problem.path == ("store",) and problem.rule == rules.FORM:
        why = "store is no bucket and prefix without keys, and no folder as file://."
        problem = replace(problem, why=why, remedy=_STORE_REMEDY)
    if not has_password or problem.place is None:
        return problem
    kept = _BEFORE_VALUE.match(text)
    shown = "" if kept is None else kept[0]
    return problem.with_place(replace(problem.place, text=shown + "•" * (len(text) - len(shown))))


_FARM_REMEDY = "Write `true`, or an address as in tls://scheduler.example:8786."
_STORE_REMEDY = """Write it as in s3://films/clips (or gs://, az://, file://).
Keys of the bucket are never in a file of the project: put them into the environment."""
_FORM_REMEDY = """Write it as in postgresql://ana@db.example:5432/films.
A password is never in a file of the project. Put it into PGPASSWORD or ~/.pgpass, or run:
    keyring set hailuo-batch PGPASSWORD"""
