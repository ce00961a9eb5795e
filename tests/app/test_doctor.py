import json
import tomllib
from pathlib import Path

import pytest

import hailuo_batch
from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.doctor_checks import CheckResult
from hailuo_batch.app.init import init
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.validate import validate
from hailuo_batch.app.providers import providers
from hailuo_batch.app.schema import schema
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.load.provider_tables import provider_names, read_provider_table

KEYS = tuple(read_provider_table(name)["key"] for name in provider_names())


async def test_a_first_project_can_be_planned_as_it_stands(tmp_path: Path):
    written = await init(tmp_path / "new")
    assert [path.relative_to(tmp_path / "new").as_posix() for path in written] == [
        "hailuo.yaml",
        "manifests/first.yaml",
        "manifests/stills/morning.jpg",
        "schemas/manifest.schema.json",
        "schemas/settings.schema.json",
        ".gitignore",
        ".gitattributes",
    ]
    validated = await validate(written[1])
    assert validated.problems == ()
    assert validated.manifest is not None
    assert validated.manifest.campaign == "new"
    for file in written[:2]:
        place = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        assert json.loads((file.parent / place).read_text())["$id"].startswith("https://raw.githubusercontent.com/")
    assert len((await plan(written[1], world=World.SKETCH)).pending_steps) == 4
    assert len((await plan(written[1])).pending_steps) == 4


async def test_a_first_project_is_never_written_over_another(tmp_path: Path):
    await init(tmp_path)
    (tmp_path / "hailuo.yaml").unlink()
    before = (tmp_path / "manifests" / "first.yaml").read_bytes()
    with pytest.raises(RefusedError, match="is there already"):
        await init(tmp_path)
    assert not (tmp_path / "hailuo.yaml").exists()
    assert (tmp_path / "manifests" / "first.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ".hailuo/\nrenders/\n"),
        ("*.tmp", "*.tmp\n.hailuo/\nrenders/\n"),
        ("renders/\n*.tmp\n", "renders/\n*.tmp\n.hailuo/\n"),
        (".hailuo/\nrenders/\n", ".hailuo/\nrenders/\n"),
    ],
)
async def test_a_gitignore_gets_only_the_lines_that_it_lacks(tmp_path: Path, before: str, after: str):
    (tmp_path / ".gitignore").write_text(before)
    await init(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == after


async def test_a_folder_that_cannot_be_written_to_says_why(tmp_path: Path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError) as wrong:
            await init(folder)
        assert wrong.value.summary == f"{tmp_path / 'file'} is a file"
        assert wrong.value.remedy


async def test_all_gateways_are_known_by_name(monkeypatch: pytest.MonkeyPatch):
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("VTRIX_API_KEY", "x")
    found = await providers()
    assert [facts.provider.name for facts in found] == list(provider_names())
    assert [facts.provider.name for facts in found if facts.has_key] == ["vtrix"]
    assert {facts.provider.key for facts in found} == set(KEYS)
    assert all(facts.provider.offers and facts.read_on and facts.source for facts in found)


async def test_one_gateway_is_asked_for_by_name():
    [facts] = await providers("minimax")
    assert facts.provider.title == "MiniMax"
    with pytest.raises(InputError) as caught:
        await providers("minimx")
    assert "minimax" in caught.value.remedy


@pytest.mark.parametrize("name", ["manifest", "settings", "provider", "report"])
async def test_each_schema_is_data(name: str):
    found = await schema(name)
    assert found["title"].startswith("hailuo_batch")
    assert found["$schema"]


async def test_an_unknown_schema_is_an_error():
    with pytest.raises(InputError, match='there is no schema "plans"'):
        await schema("plans")


async def test_doctor_finds_a_machine_fit_and_changes_nothing(tmp_path: Path):
    checks = {check.name: check for check in await doctor(tmp_path)}
    assert checks["folder"].result is CheckResult.GOOD
    assert checks["hailuo-batch"].detail == hailuo_batch.__version__
    assert not [check for check in checks.values() if check.result is CheckResult.BAD]
    assert list(tmp_path.iterdir()) == []


async def test_doctor_looks_at_every_package_that_the_tool_needs(tmp_path: Path):
    project = tomllib.loads((Path(hailuo_batch.__file__).parents[1] / "pyproject.toml").read_text())["project"]
    needed = {line.partition(">=")[0] for line in project["dependencies"]} - {"click"}  # without it no command runs
    assert needed <= {check.name for check in await doctor(tmp_path)}


async def test_doctor_never_shows_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MINIMAX_API_KEY", "sk-very-secret")
    checks = await doctor(tmp_path)
    [key] = [check for check in checks if check.name == "key of minimax"]
    assert (key.result, key.detail) == (CheckResult.GOOD, "MINIMAX_API_KEY set, for api.minimax.io")
    assert "secret" not in repr(checks)


async def test_doctor_tells_what_is_wrong_in_the_settings(tmp_path: Path):
    (tmp_path / "hailuo.yaml").write_text("version: 1\nproviders: [minimx]\n")
    [bad] = [check for check in await doctor(tmp_path) if check.result is CheckResult.BAD]
    assert bad.name == "settings"
    assert "minimx" in bad.detail
    assert "minimax" in bad.remedy


@pytest.mark.parametrize(
    ("signers", "result", "words"),
    [
        ("ana@acme.test ssh-ed25519 AAAA\n", CheckResult.GOOD, "required above 5.00 USD; signed, by signers"),
        ("# nobody yet\n", CheckResult.BAD, "signers names nobody."),
        (None, CheckResult.BAD, "no such file"),
    ],
)
async def test_doctor_says_whether_an_approval_can_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signers: str | None, result: CheckResult, words: str
) -> None:
    monkeypatch.setattr("hailuo_batch.app.running.approvals.which", lambda _: "/usr/bin/ssh-keygen")
    (tmp_path / "hailuo.yaml").write_text("version: 1\nrequire_approval: {above: 5 USD, allowed_signers: signers}\n")
    if signers is not None:
        (tmp_path / "signers").write_text(signers)
    (check,) = [check for check in await doctor(tmp_path, offline=True) if check.name == "approvals"]
    assert (check.result, words in check.detail) == (result, True), check.detail


async def test_doctor_tells_a_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def no(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hailuo_batch.app.doctor.NamedTemporaryFile", no)
    [bad] = [check for check in await doctor(tmp_path) if check.result is CheckResult.BAD]
    assert (bad.name, "Permission denied" in bad.detail) == ("folder", True)


def test_an_unknown_public_name_is_an_error():
    with pytest.raises(AttributeError, match="has no attribute 'rendr'"):
        _ = hailuo_batch.rendr


async def test_the_proxy_and_the_certificates_of_the_environment_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:sesame@proxy.corp:3128")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    checks = {each.name: each for each in await doctor(tmp_path, offline=True)}
    assert checks["proxy"].detail.startswith("http://proxy.corp:3128 (HTTPS_PROXY)")
    assert checks["certificates"].result is CheckResult.BAD
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.corp:1080")
    checks = {each.name: each for each in await doctor(tmp_path, offline=True)}
    assert checks["proxy"].result is CheckResult.BAD
