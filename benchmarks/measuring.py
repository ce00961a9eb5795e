"""CPU seconds of measuring a clip on arrival, beside its anchor: one full decode of the same clip, and nothing else.

Measuring is one pass with the three stills and the comparison with a given first frame. The clips are a still that the
camera moves over, with the grain of a film, as x264 encodes it by default: one key frame, B-frames, some Mbit/s. How
many frames need not be decoded depends on the encoder.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
from measure import table
from PIL import Image, ImageChops

from hailuo_batch.core.measures import GivenImage
from hailuo_batch.media.measures import measure_clip

HELD_TO = 1.0
FPS = 24
CLIPS = (("768p, 6 s", (1366, 768), 6), ("1080p, 10 s", (1920, 1080), 10))
STILL = Path(__file__).parents[1] / "manifests" / "assets" / "dawn.webp"


def report(folder: Path, *, runs: int) -> str:
    """The table of what measuring costs."""
    rows = []
    for name, size, seconds in CLIPS:
        clip = _write_clip(folder / f"{seconds}.mp4", size, seconds)
        given = [GivenImage(role="first", digest="", path=str(STILL))]
        anchor = _cpu(partial(_decode, clip), runs)
        ours = _cpu(partial(measure_clip, clip, given), runs)
        rate = clip.stat().st_size * 8 / seconds / 1e6
        rows.append((name, f"{rate:.1f}", f"{ours:.2f}", f"{anchor:.2f}", f"{ours / anchor:.2f}"))
    head = ("clip", "Mbit/s", "measuring CPU s", "full decode CPU s", "ratio")
    return f"Measuring a clip on arrival (target {HELD_TO} x one full decode)\n\n" + table(head, rows)


def _write_clip(file: Path, size: tuple[int, int], seconds: int) -> Path:
    still = Image.open(STILL).convert("RGB")
    grains = [Image.effect_noise(size, 3) for _ in range(8)]
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        frames = seconds * FPS
        for number in range(frames):
            edge = 0.05 * number / frames * still.width
            box = (edge, edge * 9 / 16, still.width - edge, still.height - edge * 9 / 16)
            seen = still.resize(size, Image.Resampling.BICUBIC, box=box)
            grain = grains[number % len(grains)]
            grainy = Image.merge("RGB", [ImageChops.add(band, grain, 1, -128) for band in seen.split()])
            container.mux(stream.encode(av.VideoFrame.from_image(grainy)))
        container.mux(stream.encode())
    return file


def _decode(clip: Path) -> None:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for _ in container.decode(stream):
            pass


def _cpu(work: Callable[[], object], runs: int) -> float:
    work()
    taken = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)
