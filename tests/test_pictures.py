"""The pictures of README and docs: drawn by a tool, and open without a network."""

import re
from pathlib import Path

import pytest

PICTURES = sorted((Path(__file__).parent.parent / "docs" / "pictures").glob("*.svg"))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_loads_nothing_and_runs_nothing(picture: Path) -> None:
    text = re.sub(r"<!--.*?-->", "", picture.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert set(re.findall(r"https?://[^\"'\s)]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|@font-face|<script|<image|<foreignObject|xlink", text)
