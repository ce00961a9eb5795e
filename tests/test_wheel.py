"""The wheel as a user gets it: built, installed into an empty environment, and used from another folder."""

import os
import re
import runpy
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from hailuo_batch import __version__
from hailuo_batch.load.provider_tables import TABLE_FOLDER, provider_names
from hailuo_batch.load.schemas import schema_names

ROOT = Path(__file__).parent.parent
BUILD = [sys.executable, "-m", "build", "--no-isolation"]  # the sdist, then the wheel from it and from nothing else
RELEASE = runpy.run_path(str(ROOT / "tools" / "check_release.py"))


def run(*line: str | Path, cwd: Path, **env: str) -> str:
    """What a process prints; its errors are the test's."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PIP_"))
    }
    ended = subprocess.run(
        list(map(str, line)), cwd=cwd, env={**clean, **env}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{line}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(*BUILD, "--outdir", folder, ROOT, cwd=folder)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with nothing in it but the wheel; what the wheel needs is looked up outside."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    (python,) = (path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet")
    run(*pip, "--disable-pip-version-check", wheel, cwd=folder)
    # Only the folder, not its .pth files: one of them leads to this checkout.
    (site / "outside.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as file:
        return set(file.namelist())


def test_the_sdist_and_the_wheel_have_what_a_release_needs(wheel: Path) -> None:
    assert list(RELEASE["find_missing_files"](wheel.parent, __version__)) == []
    assert list(RELEASE["find_missing_files"](wheel.parent, "9.9.9")) != []


def test_a_release_needs_its_tag_and_its_section_of_the_changelog() -> None:
    changelog = "## Unreleased\n\n- Later.\n\n## 1.2.0 (2027-01-31)\n\n### Added\n- New.\n\n## 1.1.0\n\n- Old.\n"
    assert RELEASE["read_notes"](changelog, "1.2.0") == "### Added\n- New."
    assert list(RELEASE["find_disagreements"]("v1.2.0", "1.2.0", changelog)) == []
    assert list(RELEASE["find_disagreements"]("v1.3.0", "1.2.0", changelog)) == [
        "the tag is v1.3.0, and the version is 1.2.0"
    ]
    assert list(RELEASE["find_disagreements"]("v1.20", "1.20", changelog)) == ["CHANGELOG.md says nothing under 1.20"]


def test_the_wheel_is_named_and_versioned(wheel: Path) -> None:
    assert wheel.name == f"hailuo_batch-{__version__}-py3-none-any.whl"


def test_everything_that_is_read_at_run_time_is_inside(names: set[str]) -> None:
    here = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "hailuo_batch").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert here <= names
    assert {f"hailuo_batch/schemas/{name}.schema.json" for name in schema_names()} <= names
    tables = TABLE_FOLDER.relative_to(ROOT).as_posix()
    assert {f"{tables}/{name}.yaml" for name in provider_names()} <= names
    assert "hailuo_batch/py.typed" in names
    assert "hailuo_batch/views/templates/sheet.html" in names
    assert any(name.startswith("hailuo_batch/ledger/migrations/") and name.endswith(".sql") for name in names)
    assert "hailuo_batch/ledger/queries.sql" in names


def test_every_font_comes_with_its_licence(names: set[str]) -> None:
    fonts = {Path(name) for name in names if name.endswith((".ttf", ".otf", ".woff", ".woff2"))}
    assert fonts
    for font in fonts:
        licences = [name for name in names if Path(name).parent == font.parent and "LICENSE" in name]
        assert licences, f"{font} has no licence beside it"


def test_our_own_licence_is_inside(wheel: Path, names: set[str]) -> None:
    (name,) = (name for name in names if name.endswith(".dist-info/licenses/LICENSE"))
    with ZipFile(wheel) as file:
        assert file.read(name) == (ROOT / "LICENSE").read_bytes()


def test_nothing_else_is_inside(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert tops == {"hailuo_batch", f"hailuo_batch-{__version__}.dist-info"}
    folders = {part for name in names for part in Path(name).parts[:-1]}
    assert not folders & {"tests", "benchmarks", "tools", "docs", "manifests", "goldens", "__pycache__", ".hailuo"}
    assert not [name for name in names if name.endswith((".pyc", ".orig", ".tmp", ".db"))]


def test_an_empty_environment_uses_the_wheel_and_nothing_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    line = "import hailuo_batch, sys; print(hailuo_batch.__file__); print(*sys.path, sep='\\n')"
    file, *path = run(installed / "python", "-c", line, cwd=tmp_path).splitlines()
    assert Path(file).is_relative_to(installed.parent)
    assert str(ROOT) not in path


def test_the_first_minutes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    program = installed / "hailuo-batch"
    assert run(program, "--version", cwd=tmp_path) == f"hailuo-batch {__version__}\n"
    for name in schema_names():
        assert '"title": "hailuo_batch' in run(program, "schema", name, cwd=tmp_path)
    run(program, "providers", cwd=tmp_path)
    run(program, "init", "film", cwd=tmp_path)
    film = tmp_path / "film"
    first = film / "manifests" / "first.yaml"
    first.write_text(first.read_text().replace("duration: 6, resolution: 768p", "duration: 1, resolution: 512p"))
    assert run(program, "validate", "--sketch", cwd=film) == "manifests/first.yaml: valid, 4 shots, 4 takes.\n"
    assert run(program, "run", "--sketch", cwd=film).startswith("Sketched 4 clips in ")
    assert run(program, "report", "--sketch", cwd=film).endswith("film_sketch.html\n")
    assert run(program, "verify", "--sketch", "--deep", cwd=film).endswith("all intact.\n")
    assert "no fonts" not in run(program, "doctor", cwd=film)


def test_the_locks_name_no_host() -> None:
    """Whoever writes them anew has own indexes and folders; `make lock` leaves packages, versions and hashes."""
    for file in (ROOT / "requirements").glob("*.lock"):
        assert not re.search(r"://|^--|^/|@ ", file.read_text(encoding="utf-8"), re.MULTILINE), file
