"""What the environment has under names that a manifest declares, and how a cache recognizes it again."""

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256


def read_env_values(
    names: Iterable[str], environment: Mapping[str, str] = os.environ
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The values of these names that are set, and all keys that are set, by their names."""
    from hailuo_batch.load.api_keys import read_set_keys

    return {name: environment[name] for name in names if name in environment}, dict(read_set_keys(environment))


def hash_env_values(names: Iterable[str], environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """A digest of each value, by its name; "" where nothing is set."""
    return {name: _hash_value(environment.get(name, "")) for name in names}


def _hash_value(value: str) -> str:
    return sha256(value.encode(errors="surrogateescape")).hexdigest() if value else ""
