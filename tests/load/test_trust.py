"""What needs trust, what ends it, and which files count as trust."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hailuo_batch.core.trust import KeyRoute
from hailuo_batch.errors import StoreError
from hailuo_batch.load.gateway_keys import is_trusted_gateway
from hailuo_batch.load.settings import Project, read_project
from hailuo_batch.load.trust import delete_trust, list_trusted_projects, read_trusted_digest, write_trust

unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes and no pipes in folders")
TABLE = "title: Studio, key: STUDIO_API_KEY, base_url: 'https://api.studio.example', like: mindvideo"
STUDIO = f"gateways: {{studio: {{{TABLE}}}}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clone").mkdir()
    return tmp_path / "clone"


def settings(folder: Path, text: str) -> Project:
    (folder / "hailuo.yaml").write_text(f"version: 1\n{text}\n")
    return read_project(folder)


def trusted(folder: Path, text: str) -> Project:
    write_trust(folder, settings(folder, text).stakes)
    return read_project(folder)


@pytest.mark.parametrize(
    "harmless",
    [
        "providers: [vtrix]",
        "caps: [{max: 1000, currency: USD}]",
        "limits: {minimax: {per_minute: 600, at_once: 50}}",
        "regions: {minimax: china}",
        "regions: {vtrix: gateway}",
        "regions: {minimax: 'https://api.minimaxi.com'}",
        "allow_outside: [assets]",
        "allow_private_downloads: false",
    ],
)
def test_what_is_harmless_needs_no_trust_and_keeps_it(harmless: str, folder: Path) -> None:
    assert not settings(folder, harmless).stakes
    trusted(folder, STUDIO)
    project = settings(folder, f"{STUDIO}\n{harmless}")
    assert project.is_trusted
    assert is_trusted_gateway(project, "studio")


@pytest.mark.parametrize(
    "change",
    [
        STUDIO.replace("api.studio", "api.evil"),
        STUDIO.replace("https://api.studio.example", "https://api.studio.example:8443"),
        STUDIO.replace("STUDIO_API_KEY", "GITHUB_TOKEN"),
        STUDIO.replace("mindvideo", "odkkk"),
        STUDIO.replace("title: Studio", "title: Studio, wire: {submit: {path: /elsewhere}}"),
        f"{STUDIO}\nregions: {{minimax: 'https://proxy.example'}}",
        f"{STUDIO}\nregions: {{studio: 'https://proxy.example'}}",
        f"{STUDIO}\nallow_outside: [/mnt/brand]",
        f"{STUDIO}\nallow_outside: ['~/brand']",
        f"{STUDIO}\nallow_private_downloads: true",
        f"gateways: {{studio: {{{TABLE}}}, other: {{{TABLE}}}}}",
    ],
)
def test_what_matters_ends_trust(change: str, folder: Path) -> None:
    assert trusted(folder, STUDIO).is_trusted
    project = settings(folder, change)
    assert project.problems == () or "wire" in change
    assert (project.is_trusted, project.was_trusted) == (False, True)
    assert not is_trusted_gateway(project, "studio")
    assert settings(folder, STUDIO).is_trusted, "what was trusted is trusted again"


def test_a_link_in_the_project_that_leads_elsewhere_ends_trust(folder: Path, tmp_path: Path) -> None:
    for name in ("brand", "secrets"):
        (tmp_path / name).mkdir()
    (folder / "shared").symlink_to(tmp_path / "brand")
    assert trusted(folder, "allow_outside: [shared]").allow_outside == (tmp_path / "brand",)
    (folder / "shared").unlink()
    (folder / "shared").symlink_to(tmp_path / "secrets")
    assert read_project(folder).allow_outside == ()


def test_another_checkout_is_another_project(folder: Path, tmp_path: Path) -> None:
    trusted(folder, STUDIO)
    folder.rename(tmp_path / "moved")
    assert not read_project(tmp_path / "moved").is_trusted


def test_what_does_not_count_is_said_where_it_is_written(folder: Path) -> None:
    project = settings(
        folder,
        f"{STUDIO}\nregions: {{minimax: 'https://proxy.example'}}\nallow_outside: [/mnt]\n"
        "allow_private_downloads: true\nallow_fake_ip_downloads: true",
    )
    assert [(str(each.rule.id), each.path, each.place.line if each.place else 0) for each in project.warnings] == [
        ("untrusted", ("gateways", "studio"), 2),
        ("untrusted", ("regions", "minimax"), 3),
        ("untrusted", ("allow_outside",), 4),
        ("untrusted", ("allow_private_downloads",), 5),
        ("untrusted", ("allow_fake_ip_downloads",), 6),
    ]
    assert project.warnings[0].why == "studio is not used: https://api.studio.example, key STUDIO_API_KEY."
    assert project.warnings[0].remedy == f"To trust it: `hailuo-batch trust {folder}`"
    assert (project.allow_outside, project.allow_private_downloads, project.trusted_routes) == ((), False, ())
    assert trusted(folder, STUDIO).warnings == ()


def test_every_address_of_a_table_is_at_stake(folder: Path) -> None:
    region = "regions: {eu: {base_url: 'https://eu.example', source: x, read: 2026-11-20}}"
    project = settings(folder, f"gateways: {{studio: {{{TABLE}, {region}}}}}")
    assert [each.address for each in project.stakes.key_routes] == ["https://api.studio.example", "https://eu.example"]


@unix
def test_trust_is_for_the_users_eyes_only(folder: Path, user_state: Path) -> None:
    trusted(folder, STUDIO)
    (file,) = (user_state / "trust").iterdir()
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (user_state, user_state / "trust", file)]
    assert modes == [0o700, 0o700, 0o600]
    assert [each.root for each in list_trusted_projects()] == [str(folder)]
    assert list_trusted_projects()[0].agreed == ("studio: https://api.studio.example, key STUDIO_API_KEY",)
    assert (delete_trust(folder), delete_trust(folder), list_trusted_projects()) == (True, False, ())


def _link(file: Path) -> None:
    file.rename(file.with_suffix(".there"))
    file.symlink_to(file.with_suffix(".there"))


def _fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _other_root(file: Path) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), "root": "/elsewhere"}))


TAMPERED: dict[str, Callable[[Path], object]] = {
    "a file that others may write": lambda file: file.chmod(0o666),
    "a folder that others may write": lambda file: file.parent.chmod(0o777),
    "a file of somebody else": lambda file: os.chown(file, 12345, 12345),
    "a link": _link,
    "a pipe": _fifo,
    "a folder": _folder,
    "no JSON": lambda file: file.write_text("{"),
    "no mapping": lambda file: file.write_text("[]"),
    "far too large": lambda file: file.write_text(file.read_text() + " " * 2_000_000 + "x"),
    "another project's": _other_root,
    "gone": lambda file: file.unlink(),
}


@unix
@pytest.mark.parametrize("how", TAMPERED)
def test_what_others_may_have_written_is_no_trust(how: str, folder: Path, user_state: Path) -> None:
    if how == "a file of somebody else" and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    assert trusted(folder, STUDIO).is_trusted
    (file,) = (user_state / "trust").iterdir()
    TAMPERED[how](file)
    assert read_trusted_digest(folder) == ""
    assert not read_project(folder).is_trusted


def test_trust_in_a_folder_that_a_repository_can_ship_is_none(
    folder: Path, user_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HAILUO_STATE", str(folder / "state"))
    assert trusted(folder, STUDIO).is_trusted
    monkeypatch.setenv("HAILUO_STATE", "state")
    assert not read_project(folder).is_trusted


@unix
def test_trust_is_not_written_where_others_may_write(folder: Path, user_state: Path) -> None:
    user_state.mkdir(parents=True)
    user_state.chmod(0o777)
    with pytest.raises(StoreError, match="cannot write in") as refused:
        write_trust(folder, settings(folder, STUDIO).stakes)
    assert "must belong to you alone" in refused.value.remedy
    assert list(user_state.iterdir()) == []


def test_a_key_of_ours_to_an_address_of_ours_that_is_not_its_own_needs_trust(folder: Path) -> None:
    project = settings(folder, "regions: {minimax: 'https://api.highwayapi.ai'}")
    route = KeyRoute(gateway="minimax", variable="MINIMAX_API_KEY", address="https://api.highwayapi.ai")
    assert project.stakes.key_routes == (route,)
    assert not is_trusted_gateway(project, "minimax")
    assert is_trusted_gateway(project, "highwayapi")
