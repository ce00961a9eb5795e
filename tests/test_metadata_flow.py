"""What a gateway gets of an image's metadata, from the settings to the request."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from PIL import Image

from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.media.metadata import remove_metadata


@pytest.mark.parametrize(("setting", "is_sent"), [("", True), ("strip_metadata: true\n", False)])
async def test_an_owner_is_sent_unless_the_settings_say_otherwise(setting: str, is_sent: bool, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Ann Example"
    Image.new("RGB", (640, 360)).save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "hailuo.yaml").write_text(f"version: 1\n{setting}")
    shot = "{id: open, prompt: a bottle, frames: {first: a.jpg}}"
    (tmp_path / "film.yaml").write_text(f"version: 1\ncampaign: film\nproviders: [minimax]\nshots: [{shot}]\n")
    log = tmp_path / "log.jsonl"
    options = RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(speed=1000.0, log=log))
    ran = await run(tmp_path / "film.yaml", options)
    assert ran.exit is Exit.DONE
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (body,) = (line["body"] for line in lines if line["what"] == "request" and line["call"] == "submit")
    data = (tmp_path / "a.jpg").read_bytes()
    expected = data if is_sent else remove_metadata("jpeg", data)
    # The log of the mock has only how many letters an image has.
    letters = len("data:image/jpeg;base64," + b64encode(expected).decode())
    assert f"({letters} letters)" in str(body["first_frame_image"])
