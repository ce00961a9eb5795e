"""Gateways, regions and addresses of `hailuo.yaml`."""

from pathlib import Path

import pytest

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.load.provider_tables import read_provider, read_providers
from hailuo_batch.load.settings import Project, read_project

STUDIO = "title: Studio, key: STUDIO_API_KEY, base_url: https://video.studio.example, like: mindvideo"


def settings(folder: Path, text: str) -> Project:
    (folder / "hailuo.yaml").write_text(f"version: 1\n{text}\n")
    return read_project(folder)


def test_a_gateway_of_ones_own_is_asked_like_ours(tmp_path: Path) -> None:
    project = settings(tmp_path, f"providers: [studio, vtrix]\ngateways: {{studio: {{{STUDIO}}}}}")
    assert (project.problems, project.providers) == ((), ("studio", "vtrix"))
    ((studio, _), problems) = read_providers(project.providers, "hailuo-02", tables=project.tables)
    assert problems == ()
    assert (studio.key, studio.base_url) == ("STUDIO_API_KEY", "https://video.studio.example")
    assert studio.has_offer(Mode.TEXT, "768p", 5)
    assert (studio.prices, studio.idempotent) == ((), True)


def test_a_table_may_say_how_long_a_clip_usually_takes_and_that_is_only_inferred(tmp_path: Path) -> None:
    usual = "usual_seconds: {is: 3, inferred: true, source: a test order, read: 2026-11-26}"
    models = f"models: {{hailuo-02: {{offers: {{text: {{768p: [6]}}}}, {usual}, read: 2026-11-26, source: s}}}}"
    project = settings(tmp_path, f"gateways: {{studio: {{{STUDIO}, {models}}}}}")
    assert project.problems == ()
    ((studio, ours), _) = read_providers(["studio", "mindvideo"], "hailuo-02", tables=project.tables)
    assert (studio.usual_seconds, ours.usual_seconds) == (3, None)
    assert "usual time of a clip of hailuo-02, in seconds: 3" in [each.what for each in studio.inferences]


def test_a_region_has_its_prices_and_an_address_leaves_them(tmp_path: Path) -> None:
    project = settings(tmp_path, "regions: {minimax: china, gccai: 'https://proxy.example/gccai'}")
    assert project.problems == ()
    ((minimax, gccai), _) = read_providers(["minimax", "gccai"], "hailuo-02", regions=project.regions)
    assert (minimax.currency, minimax.base_url) == ("CNY", "https://api.minimaxi.com")
    assert gccai.base_url == "https://proxy.example/gccai"
    assert read_provider("minimax", "hailuo-02").currency == "USD"


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/gccai", "http://localhost:8080", "http://[::1]:8080"])
def test_plain_http_is_for_this_machine(tmp_path: Path, address: str) -> None:
    project = settings(tmp_path, f"regions: {{gccai: '{address}'}}")
    assert (project.problems, project.regions) == ((), {"gccai": address})


@pytest.mark.parametrize(
    ("text", "code", "path", "words"),
    [
        ("regions: {minimax: chna}", "region", ("regions", "minimax"), 'Did you mean "china"?'),
        ("regions: {gccai: eu}", "region", ("regions", "gccai"), "Give the whole address"),
        ("regions: {gccai: 'https://x.test?a=1'}", "region", ("regions", "gccai"), "question mark"),
        ("regions: {minimax: 'https://\u0430pi.minimax.io'}", "region", ("regions", "minimax"), "host in ASCII"),
        ("regions: {gccai: 'ftp://x.test'}", "region", ("regions", "gccai"), "http or https"),
        ("regions: {gccai: 'http://x.test'}", "address-open", ("regions", "gccai"), "unencrypted"),
        ("regions: {gccai: 'http://127.0.0.1.x.test'}", "address-open", ("regions", "gccai"), "https://"),
        ("regions: {minimaxx: china}", "provider", ("regions", "minimaxx"), 'Did you mean "minimax"?'),
        ("regions: {minimax: 7}", "type", ("regions", "minimax"), "text"),
        ("regions: china", "type", ("regions",), "mapping"),
        ("gateways: {studio: none}", "type", ("gateways", "studio"), "mapping"),
        ("gateways: {Studio: {like: minimax}}", "name", ("gateways", "Studio"), "lower-case letters"),
        ("gateways: {studio: {like: minimx}}", "provider", ("gateways", "studio", "like"), 'Did you mean "minimax"?'),
        ("gateways: {studio: {like: minimax}}", "key-missing", ("gateways", "studio"), '"title"'),
        (
            f"gateways: {{animatic: {{{STUDIO}}}}}",
            "name", ("gateways", "animatic"), "draws on this machine",
        ),
        (
            "gateways: {studio: {title: S, key: S_KEY, base_url: 'http://x.test', like: minimax}}",
            "address-open", ("gateways", "studio", "base_url"), "unencrypted",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_place(
    tmp_path: Path, text: str, code: str, path: tuple[str | int, ...], words: str
) -> None:
    project = settings(tmp_path, text)
    problem = project.problems[0]
    assert (problem.rule.id, problem.path) == (code, path)
    assert words in problem.why + problem.remedy
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("hailuo.yaml", 2)
    assert not project.tables
    assert not project.regions


def test_a_wrong_region_inside_a_table_is_told_too(tmp_path: Path) -> None:
    eu = "regions: {eu: {base_url: 'http://eu.test', source: x, read: 2026-11-20}}"
    (problem,) = settings(tmp_path, f"gateways: {{studio: {{{STUDIO}, {eu}}}}}").problems
    assert problem.path == ("gateways", "studio", "regions", "eu", "base_url")


@pytest.mark.parametrize(
    "line",
    [
        "key: hunter2hunter2",
        "key: 'hunter2hunter2'",
        "key: [hunter2hunter2]",
        "key: {hunter2hunter2: 1}",
        "api_key: hunter2hunter2",
        "key: S_KEY, token: hunter2hunter2",
        "'key': \"hunter2hunter2\"",
    ],
)
def test_a_key_in_a_table_is_refused_and_never_shown(tmp_path: Path, line: str) -> None:
    project = settings(tmp_path, f"gateways:\n  studio: {{title: S, base_url: https://x.test, like: minimax, {line}}}")
    assert "secret" in {problem.rule.id for problem in project.problems}
    assert "hunter2" not in repr(project.problems)
    assert not project.tables


def test_the_name_of_a_variable_hides_nothing(tmp_path: Path) -> None:
    (problem,) = settings(tmp_path, f"gateways: {{studio: {{{STUDIO}, titel: S}}}}").problems
    assert problem.place is not None
    assert "•" not in problem.place.text
    assert problem.why == '"titel" means nothing in studio.'


def test_a_gateway_whose_table_is_wrong_is_not_also_unknown(tmp_path: Path) -> None:
    project = settings(tmp_path, "providers: [studio]\ngateways: {studio: {like: minimx}}")
    assert [problem.path for problem in project.problems] == [("gateways", "studio", "like")]
    assert project.providers == ()
