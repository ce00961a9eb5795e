"""Bytes that are no text at all; most of their words are in `yaml_traps.py`."""

import pytest
from yaml_samples import counted, read, shown

from hailuo_batch.load.yaml.encoding import MAX_BYTES


def test_a_file_too_large_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    events = counted(monkeypatch)
    found = read(b" " * (MAX_BYTES + 1))
    assert [shown(problem) for problem in found.problems] == [
        (
            "1:1 file too large [yaml-size]",
            "The file has 67,108,865 bytes; more than 67,108,864 are not read.",
            "Split it into several files.",
        )
    ]
    assert not events
