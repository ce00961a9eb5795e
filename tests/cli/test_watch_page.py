"""`watch --open`: the browser gets the page of this manifest once, as a file, and the page follows each change."""

import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from cli_samples import PROGRAM

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
)
# What `webbrowser` starts: it notes the address, and Chromium writes the page as it has it after loading.
BROWSER = """\
#!/bin/sh
echo "$1" >> "{folder}/opened"
exec "{chromium}" {quiet} --disable-sync --user-data-dir="{folder}/profile" --screenshot="{folder}/page.png" \\
  --window-size=1280,900 --dump-dom "$1" > "{folder}/dom.html" 2> /dev/null
"""
pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the browser of the test is a script"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not there: no browser tests"),
]


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    folder = tmp_path / "browser"
    folder.mkdir()
    script = folder / "browse"
    script.write_text(BROWSER.format(folder=folder, chromium=CHROMIUM, quiet=QUIET))
    script.chmod(0o755)
    return folder


def read_round(lines: Iterable[str]) -> list[str]:
    """What is printed until the next change is waited for."""
    found: list[str] = []
    for line in lines:
        if line.startswith("Watching"):
            return found
        found.append(line.rstrip("\n"))
    raise AssertionError(found)


def test_the_browser_gets_this_page_once_and_the_page_follows_each_change(
    film: Path, browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", str(browser / "browse"))
    command = (*PROGRAM, "watch", "manifests/film.yaml", "--sketch", "--open")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = read_round(process.stdout)
            film.write_text(film.read_text().replace("in mist", "in fog"))
            second = read_round(process.stdout)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        finally:
            process.kill()
    page = film.parent.parent / "renders" / "teaser_sketch.html"
    assert (process.returncode, err) == (0, "")
    assert (browser / "opened").read_text().splitlines() == [page.as_uri()]
    assert [f"Page: {page.relative_to(film.parent.parent)}" in each for each in (first, second)] == [True, True]
    dom = (browser / "dom.html").read_text(encoding="utf-8")
    assert "<title>teaser" in dom
    assert dom.count("data-clip=") == 2
    assert "a bottle in mist" in dom
    assert (browser / "page.png").stat().st_size > 20_000  # posters, and no empty page
    text = page.read_text(encoding="utf-8")
    assert ("a bottle in fog" in text, "a bottle in mist" in text) == (True, False)
