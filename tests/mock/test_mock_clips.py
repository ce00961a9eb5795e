"""The files behind the links are videos of the size and length that were bought, and no two are the same."""

import asyncio
from base64 import b64encode
from pathlib import Path

import pytest
from mock_samples import GATEWAYS, body_of, client_of, one

from hailuo_batch.media.decode import check_decoding
from hailuo_batch.media.probe import VideoFacts, probe
from hailuo_batch.mock.clips import _write_grey_png


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_real_video_is_delivered(gateway: str, tmp_path: Path) -> None:
    async with client_of(clip=None) as client:
        short = await client.call("download", gateway)
        long = await client.ordered(gateway, body_of(gateway, duration=10))
        arrived = await client.download(await client.link(gateway, long))

    for name, seconds, data in (("short", 6, short.data), ("long", 10, arrived.data)):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(data)
        clip = probe(path)
        assert isinstance(clip, VideoFacts)
        assert (clip.width, clip.height, float(clip.seconds), clip.codec) == (1366, 768, float(seconds), "h264")
        assert check_decoding(path) is None


async def test_the_clip_has_the_shape_of_its_first_frame(tmp_path: Path) -> None:
    frame = "data:image/png;base64," + b64encode(_write_grey_png(tmp_path, (3, 4)).read_bytes()).decode()
    async with client_of(clip=None) as client:
        task = await client.ordered("minimax", body_of("minimax", first_frame_image=frame, resolution="512P"))
        seen = (await client.poll("minimax", task)).json
        arrived = await client.download(await client.link("minimax", task))

    path = tmp_path / "clip.mp4"
    path.write_bytes(arrived.data)
    clip = probe(path)
    assert isinstance(clip, VideoFacts)
    assert (clip.width, clip.height) == (seen["video_width"], seen["video_height"]) == (512, 682)


@pytest.mark.parametrize(
    ("fault", "more", "made"),
    [
        ("other_clip_length", {"seconds": 2}, (1366, 768, 4)),
        ("other_clip_length", {"seconds": -4}, (1366, 768, 10)),
        ("other_clip_length", {}, (1366, 768, 1)),
        ("other_clip_size", {}, (910, 512, 6)),
    ],
)
async def test_a_fault_makes_another_clip_than_was_bought_and_the_price_stays(
    fault: str, more: dict[str, float], made: tuple[int, int, int], tmp_path: Path
) -> None:
    async with client_of(one(fault, nth=1, **more), clip=None) as client:
        wrong = await client.call("download", "minimax")
        right = await client.call("download", "minimax")
        charges = client.mock.charges

    found = []
    for data in (wrong.data, right.data):
        path = tmp_path / "clip.mp4"
        path.write_bytes(data)
        clip = probe(path)
        assert isinstance(clip, VideoFacts)
        assert check_decoding(path) is None
        found.append((clip.width, clip.height, float(clip.seconds)))
    assert found == [made, (1366, 768, 6)]
    assert charges[0].amount == charges[1].amount


async def test_two_tasks_never_deliver_the_same_bytes() -> None:
    async with client_of(clip=None) as client:
        tasks = [await client.ordered("vtrix") for _ in range(4)]
        links = [await client.link("vtrix", task) for task in tasks]
        clips = await asyncio.gather(*[client.download(link) for link in links])
        again = await client.download(links[0])

    assert len({clip.data for clip in clips}) == 4
    assert again.data == clips[0].data
