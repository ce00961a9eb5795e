import pytest
from core_samples import shot

from hailuo_batch.core.manifest.document import FileFrame, FrameRole, Frames, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.shot import Mode

PICTURE, ADDRESS, CHAIN = (
    FileFrame(path="a.png"), UrlFrame(url="https://a.example/a.png"), ShotFrame(shot="a", frame=FrameRole.LAST),
)  # fmt: skip


@pytest.mark.parametrize(
    ("frames", "mode"),
    [
        (Frames(), Mode.TEXT),
        (Frames(first=PICTURE), Mode.FIRST),
        (Frames(first=CHAIN), Mode.FIRST),
        (Frames(first=ADDRESS, last=PICTURE), Mode.FIRST_LAST),
        (Frames(last=PICTURE), Mode.LAST),
    ],
)
def test_the_mode_follows_from_the_frames(frames: Frames, mode: Mode) -> None:
    assert shot(frames=frames).mode is mode
