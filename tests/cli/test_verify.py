"""What `verify` prints: which file, what is wrong, and once for each kind what to do; the remedy is then followed."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("quick_sketches")
Say = Callable[..., Any]
Golden = Callable[[str, str], None]


def test_verify_says_what_is_wrong_with_which_file_and_once_what_to_do(film: Path, say: Say, golden: Golden) -> None:
    root = film.parent.parent
    assert say("run", "--sketch", "--progress", "none").code == 0
    assert say("verify", "--sketch").out.endswith("and 2 names checked: all intact.\n")
    names = [root / "renders" / f"teaser_{shot}_v001_sketch.mp4" for shot in ("open", "turn")]
    for name in names:
        name.with_suffix(".json").unlink()
    stranger = root / ".hailuo" / "store" / "ab" / f"ab{'0' * 62}.mp4"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"?")
    said = say("verify", "--sketch")
    assert (said.code, said.err) == (4, "")
    golden(re.sub(r"\(.* [kM]B\)", "(SIZE)", said.out), "verify.txt")
    findings = json.loads(say("verify", "--sketch", "--format", "json").out)["findings"]
    assert [each["files"] for each in findings] == [
        [stranger.relative_to(root).as_posix()], *([name.relative_to(root).as_posix()] for name in names)
    ]  # fmt: skip
    assert all(each["remedy"] for each in findings)
    for name in names:
        name.unlink()
    stranger.unlink()
    (command,) = (line.strip() for line in said.out.splitlines() if line.startswith("    hailuo-batch "))
    _, *args = shlex.split(command)
    assert say(*args, "--progress", "none").code == 0
    assert say("verify", "--sketch").code == 0, "the remedy is true"


def test_changed_bytes_name_the_links_that_changed_with_them(film: Path, say: Say, golden: Golden) -> None:
    root = film.parent.parent
    assert say("run", "--sketch", "--only", "open", "--progress", "none").code == 0
    (clip,) = (root / ".hailuo" / "store").glob("??/*.mp4")
    name = root / "renders" / "teaser_open_v001_sketch.mp4"
    name.unlink()
    name.hardlink_to(clip)
    clip.chmod(0o644)
    clip.write_bytes(b"no video")
    said = say("verify", "--sketch")
    assert said.code == 4
    shown = re.sub(r"store/../", "store/XX/", re.sub(r"[0-9a-f]{64}", "DIGEST", said.out))
    golden(re.sub(r"\(.* [kM]B\)", "(SIZE)", shown), "verify_changed.txt")
    clip.unlink()
    name.unlink()
    assert say("run", "--sketch", "--only", "open", "--progress", "none").code == 0
    assert say("verify", "--sketch").code == 0


def test_verify_of_another_project_shows_paths_below_that_one(
    film: Path, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert say("run", "--sketch", "--progress", "none").code == 0
    (film.parent.parent / "renders" / "teaser_open_v001_sketch.mp4").unlink()
    monkeypatch.chdir(tmp_path)
    said = say("verify", "--sketch", "project/manifests/film.yaml")
    assert said.out.startswith("renders/teaser_open_v001_sketch.mp4  its file in renders/ is gone\n")
    assert "\n    hailuo-batch run --sketch project/manifests/film.yaml\n" in said.out
