"""What all tests of this room stand on; because this file is here, those below find `yaml_samples` too."""

import pytest
import yaml


@pytest.fixture
def slow_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML as it is where it was built without libyaml."""
    monkeypatch.delattr(yaml, "CSafeLoader")
