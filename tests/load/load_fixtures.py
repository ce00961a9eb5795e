"""What all tests of this room stand on."""

import pytest
import yaml


@pytest.fixture
def slow_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML as it is where it was built without libyaml."""
    monkeypatch.delattr(yaml, "CSafeLoader")
