"""Variables whose values come from the environment: only those that the manifest declares, and never a key.

Their values are taken as they are: a `${name}` in one of them is not filled in.
"""

from collections.abc import Mapping
from unicodedata import category

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import EnvVariable, Manifest, Scalar
from hailuo_batch.core.problem import SECRET_NAME, Problem

_SECRET_ENDINGS = ("_KEY", "_PAT", "_CREDENTIALS")  # of names, beside those that SECRET_NAME finds


def read_env_variables(
    manifest: Manifest, environment: Mapping[str, str], keys: Mapping[str, str], problems: dict[Problem, None]
) -> dict[str, Scalar]:
    """The variables with what the environment says; `keys` are the keys that are set, by their names."""
    written: dict[str, Scalar] = {}
    for name, variable in manifest.variables.items():
        if not isinstance(variable, EnvVariable):
            written[name] = variable
            continue
        value = environment.get(variable.env, "")
        wrong = _find_fault(name, variable, value, keys)
        if wrong is not None:
            problems[wrong] = None
            written[name] = name  # one report is enough: its users are not blamed too
        elif value:
            written[name] = value.replace("$", "$$")
        else:
            written[name] = "" if variable.default is None else variable.default
    return written


def _find_fault(name: str, variable: EnvVariable, value: str, keys: Mapping[str, str]) -> Problem | None:
    """Money and trust: what may be a key is never part of a prompt, and no message shows the value."""
    path, env = ("vars", name, "env"), variable.env
    if SECRET_NAME.search(env) or env.upper().endswith(_SECRET_ENDINGS) or env in keys:
        why = f"{env} is the name of a key or secret, and a prompt goes to providers."
        return Problem(rule=rules.VARIABLE_SECRET, why=why, remedy="Use a variable that holds no secret.", path=path)
    if owner := next((owner for owner, key in keys.items() if key in value), ""):
        why = f"{env} holds the value of {owner}, and a prompt goes to providers."
        return Problem(rule=rules.VARIABLE_SECRET, why=why, remedy="Set it to another value.", path=path)
    if not value and variable.default is None:
        why = f"{env} is not set in the environment, and the variable has no default."
        remedy = f"Set {env}, or write a default."
        return Problem(rule=rules.VARIABLE_UNSET, why=why, remedy=remedy, path=path)
    if any(category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in value):
        why = f"the value of {env} has a character that is no text."
        return Problem(rule=rules.VARIABLE_UNSET.case("variable is no text"), why=why, remedy="Set it anew.", path=path)
    return None
