"""Whether a tag, the version, the changelog and the built packages agree; writes the release notes.

    python tools/check_release.py v1.2.3 dist --notes release/notes.md

Ends with 1 and says why if they do not. Nothing is uploaded here.
"""

import argparse
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent
# What an sdist must have so that its tests run and its pages lead somewhere.
SDIST_FILES = (
    "LICENSE",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "STYLE.md",
    "Makefile",
    "pyproject.toml",
)
SDIST_FOLDERS = ("hailuo_batch", "schemas", "manifests", "docs", "tests", "tools", "benchmarks", "requirements")
WHEEL_FILES = ("hailuo_batch/py.typed", "hailuo_batch/schemas/manifest.schema.json", "hailuo_batch/ledger/queries.sql")


def read_version(root: Path) -> str:
    """The version of the package."""
    found = re.search(
        r'^__version__ = "([^"]+)"$', (root / "hailuo_batch" / "__init__.py").read_text("utf-8"), re.MULTILINE
    )
    return found[1] if found else ""


def read_notes(changelog: str, version: str) -> str:
    """The section of a version; "" when there is none, or nothing in it.

    >>> read_notes("## Unreleased\\n\\n## 1.2.0 (2027-01-31)\\n\\n- New.\\n\\n## 1.1.0\\n\\n- Old.\\n", "1.2.0")
    '- New.'
    """
    found = re.search(
        rf"^## {re.escape(version)}(?: \([\d-]+\))?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    return found[1].strip() if found else ""


def find_disagreements(tag: str, version: str, changelog: str) -> Iterator[str]:
    """What keeps this tag from being a release of this version."""
    if tag != f"v{version}":
        yield f"the tag is {tag}, and the version is {version}"
    if not read_notes(changelog, version):
        yield f"CHANGELOG.md says nothing under {version}"


def find_missing_files(folder: Path, version: str) -> Iterator[str]:
    """What the built packages lack."""
    sdist, wheel = folder / f"hailuo_batch-{version}.tar.gz", folder / f"hailuo_batch-{version}-py3-none-any.whl"
    for package in (sdist, wheel):
        if not package.is_file():
            yield f"{package.name} is not there"
    if sdist.is_file():
        with tarfile.open(sdist) as file:
            names = {name.partition("/")[2] for name in file.getnames()}
        tops = {name.partition("/")[0] for name in names}
        lacking = [name for name in SDIST_FILES if name not in names] + [
            name for name in SDIST_FOLDERS if name not in tops
        ]
        yield from (f"{sdist.name} lacks {name}" for name in lacking)
    if wheel.is_file():
        with ZipFile(wheel) as file:
            yield from (f"{wheel.name} lacks {name}" for name in WHEEL_FILES if name not in file.namelist())


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Checks that a tag can be released.")
    parser.add_argument("tag")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--notes", type=Path, help="the file to write the release notes to")
    given = parser.parse_args()
    version, changelog = read_version(ROOT), (ROOT / "CHANGELOG.md").read_text("utf-8")
    wrong = [*find_disagreements(given.tag, version, changelog), *find_missing_files(given.folder, version)]
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if not wrong and given.notes:
        given.notes.parent.mkdir(parents=True, exist_ok=True)
        given.notes.write_text(read_notes(changelog, version) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
