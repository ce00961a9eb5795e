"""Where a key is looked for, and that none of the places may break a command."""

import sys
from threading import Event
from types import ModuleType

import pytest

from hailuo_batch.load import api_keys
from hailuo_batch.load.api_keys import KEYRING_SERVICE, find_keyring_fault, read_api_key

NAME = "MINIMAX_API_KEY"


class _Error(Exception):
    pass


@pytest.fixture(autouse=True)
def new_process() -> None:
    find_keyring_fault.cache_clear()


def with_keyring(monkeypatch: pytest.MonkeyPatch, found: str | Exception | Event | None) -> None:
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")

    def get_password(service: str, name: str) -> str | None:
        assert service == KEYRING_SERVICE
        if isinstance(found, Exception):
            raise found
        if isinstance(found, Event):
            found.wait()
        return found if isinstance(found, str) else None

    keyring.get_password = get_password  # type: ignore[attr-defined]
    errors.KeyringError = _Error  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch):
    with_keyring(monkeypatch, "from the keyring")
    assert read_api_key(NAME, {NAME: "from outside\n"}) == "from outside"


@pytest.mark.parametrize(("found", "key"), [("secret", "secret"), (None, ""), (_Error("locked"), "")])
def test_then_the_keyring_is_asked_and_may_have_nothing(
    monkeypatch: pytest.MonkeyPatch, found: str | Exception | None, key: str
):
    with_keyring(monkeypatch, found)
    assert read_api_key(NAME, {NAME: "  "}) == key


def test_a_machine_without_a_keyring_has_no_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert read_api_key(NAME, {}) == ""


@pytest.mark.parametrize("fault", [RuntimeError("no such object /org/freedesktop/secrets"), Event()])
def test_a_keyring_that_raises_or_hangs_is_none_and_its_fault_is_named(
    monkeypatch: pytest.MonkeyPatch, fault: Exception | Event
):
    monkeypatch.setattr(api_keys, "KEYRING_SECONDS", 0.05)
    with_keyring(monkeypatch, fault)
    assert read_api_key(NAME, {}) == ""
    words = "cannot be used (RuntimeError)" if isinstance(fault, Exception) else "did not answer within 0.05 s"
    assert find_keyring_fault() == f"the keyring {words}"
    if isinstance(fault, Event):
        fault.set()
