"""What each gateway is sent and what is made of its answers, compared whole with `tests/goldens/gateways`.

With UPDATE_GOLDENS=1 in the environment the files are written anew; read them aloud before committing them.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent.parent / "goldens" / "gateways"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the golden file of this name."""

    def compare(text: str, name: str) -> None:
        file = GOLDENS / name
        if os.environ.get("UPDATE_GOLDENS"):
            file.write_text(f"{text}\n", encoding="utf-8", newline="\n")
        assert f"{text}\n" == file.read_text(encoding="utf-8"), f"not as in {file.name}"

    return compare
