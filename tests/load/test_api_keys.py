"""Where a key is looked for, and that none of the places may break a command."""

import sys
from types import ModuleType

import pytest

from hailuo_batch.load.api_keys import KEYRING_SERVICE, read_api_key

NAME = "MINIMAX_API_KEY"


class _Error(Exception):
    pass


def with_keyring(monkeypatch: pytest.MonkeyPatch, found: str | Exception | None) -> None:
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")

    def get_password(service: str, name: str) -> str | None:
        assert (service, name) == (KEYRING_SERVICE, NAME)
        if isinstance(found, Exception):
            raise found
        return found

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
