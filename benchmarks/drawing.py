"""CPU seconds of one 6 s animatic, beside the plain filter graph for it: zoompan + overlay + x264 ultrafast.

The anchor moves in whole source pixels, which jitters on slow moves; ours is smooth, so it is at least as good.
"""

import statistics
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from measure import table
from PIL import Image, ImageDraw

from hailuo_batch.core.request.frame_size import frame_size
from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.media.animatic.draw import draw

SECONDS, FPS = 6, 24
RGB = av.VideoFormat("rgb24")
HELD_TO = 1.3
CARD = "A frosted glass bottle with a copper cap rises out of morning mist, and the light finds it"


def report(folder: Path, *, runs: int) -> str:
    """The table of drawing costs."""
    still = folder / "still.png"
    _picture().save(still)
    rows = []
    for resolution in ("512p", "768p", "1080p"):
        size = frame_size(resolution)
        plain = _cpu(partial(_filter_graph, still, size, folder / "plain.mp4"), runs)
        for name, first, moves in (
            ("still, push in", still, "[Push in]"),
            ("still, pan then shake", still, "[Pan left] then [Shake]"),
            ("still, static", still, "[Static shot]"),
            ("title card, push in", None, "[Push in]"),
            ("title card, static", None, "[Static shot]"),
        ):
            sketch = Sketch(
                campaign="bench",
                shot="one",
                take=1,
                prompt=f"{CARD} {moves}",
                seconds=SECONDS,
                resolution=resolution,
                first=Still(path=str(first)) if first else None,
            )
            ours = _cpu(partial(draw, sketch, folder / "ours.mp4"), runs)
            size_kb = (folder / "ours.mp4").stat().st_size / 1e3
            rows.append((resolution, name, f"{ours:.2f}", f"{plain:.2f}", f"{ours / plain:.2f}", f"{size_kb:.0f}"))
    head = ("size", "sketch", "CPU s", "filter graph CPU s", "ratio", "kB")
    return f"Drawing a {SECONDS} s animatic (target {HELD_TO} x the filter graph)\n\n" + table(head, rows)


def _cpu(work: Callable[[], None], runs: int) -> float:
    work()
    taken = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


def _picture() -> Image.Image:
    """A picture with detail everywhere, as a photograph has."""
    picture = Image.radial_gradient("L").resize((1920, 1080)).convert("RGB")
    noise = Image.effect_noise((1920, 1080), 40).convert("RGB")
    picture = Image.blend(picture, noise, 0.25)
    pen = ImageDraw.Draw(picture)
    for n in range(60):
        pen.ellipse(
            (n * 31, 100 + n * 13 % 700, n * 31 + 90, 190 + n * 13 % 700), outline=(200, 120 + n, n * 4), width=3
        )
    return picture


def _filter_graph(still: Path, size: tuple[int, int], target: Path) -> None:
    width, height = size
    with Image.open(still) as opened:
        picture = av.VideoFrame.from_image(opened.convert("RGB").resize(size))
    strip = av.VideoFrame.from_image(Image.new("RGB", (width, 40), (10, 10, 10)))
    graph = av.filter.Graph()
    base = graph.add_buffer(width=width, height=height, format=RGB, time_base=Fraction(1, FPS))
    bar = graph.add_buffer(width=width, height=40, format=RGB, time_base=Fraction(1, FPS))
    frames = SECONDS * FPS
    zoom = graph.add(
        "zoompan",
        f"z='1+0.2*on/{frames}':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d={frames}:s={width}x{height}:fps={FPS}",
    )
    over = graph.add("overlay", f"0:{height - 40}")
    form = graph.add("format", "yuv420p")
    sink = graph.add("buffersink")
    base.link_to(zoom)
    zoom.link_to(over, 0, 0)
    bar.link_to(over, 0, 1)
    over.link_to(form)
    form.link_to(sink)
    graph.configure()
    base.push(picture)
    base.push(None)
    bar.push(strip)
    bar.push(None)
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.thread_count = width, height, "yuv420p", 1
        while True:
            try:
                frame = graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            assert isinstance(frame, av.VideoFrame)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
