"""Files of ours, and tables, that were named where a manifest is needed: which one is it, and what to run with it.

Read as manifests, they would have a problem in every line.
"""

from collections.abc import Callable, Mapping

from hailuo_batch.core import rules
from hailuo_batch.core.problem import Place, Problem, Rule
from hailuo_batch.core.world import command_line
from hailuo_batch.load.project_root import SETTINGS_FILE

_TABLE_ENDINGS = (".csv", ".tsv", ".xlsx")
_PLAN_KEYS = (b'"fingerprint_version"', b'"steps"', b'"hash"')
_SIDECARS = {
    "lock": (rules.LOCK_FILE, "it says which clips are the campaign, and is written by hailuo-batch."),
    "review": (rules.REVIEW_FILE, "it says what was decided about shots, and is read with the manifest beside it."),
    "tasks": (rules.TASKS_FILE, "it has the tasks that were accepted, and is written by hailuo-batch."),
}


def find_wrong_file(data: bytes, name: str) -> Problem | None:
    """What a file is that is no manifest; None where it may be one."""
    for kind, (rule, why) in _SIDECARS.items():
        for ending in (".yaml", ".yml"):
            if name.endswith(f".{kind}{ending}"):
                manifest = f"{name.removesuffix(f'.{kind}{ending}')}.yaml"
                return _make_problem(name, rule, why, f"Name {manifest}.")
    for is_one, rule, why, words in _OTHERS:
        if is_one(data, name):
            lines = "".join(f"\n{said}\n    {command_line(*command, name)}" for said, command in words.items())
            return _make_problem(name, rule, why, lines.strip() or rule.remedy)
    return None


def _is_plan(data: bytes, _: str) -> bool:
    return data.lstrip()[:1] == b"{" and all(key in data for key in _PLAN_KEYS)


def _is_table(_: bytes, name: str) -> bool:
    return name.lower().endswith(_TABLE_ENDINGS)


def _is_settings(_: bytes, name: str) -> bool:
    return name.replace("\\", "/").rpartition("/")[2] == SETTINGS_FILE


_OTHERS: tuple[tuple[Callable[[bytes, str], bool], Rule, str, Mapping[str, tuple[str, ...]]], ...] = (
    (
        _is_plan,
        rules.PLAN_FILE,
        "it is a plan that was saved, and is carried out as it is.",
        {"To see what it buys:": ("approve", "--dry-run"), "To carry it out:": ("run", "--plan")},
    ),
    (
        _is_table,
        rules.TABLE_FILE,
        "a manifest is made from it, or brought up to date with it.",
        {"To make one:": ("import",)},
    ),
    (_is_settings, rules.SETTINGS_FILE, "it has the settings of the project, which are read with every manifest.", {}),
)


def _make_problem(name: str, rule: Rule, why: str, remedy: str) -> Problem:
    return Problem(rule=rule, why=why, remedy=remedy, place=Place(file=name, line=1, column=1))
