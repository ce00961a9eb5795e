"""Inputs that are unlike others: what they cost in time and memory.

8,000 shots with one prompt are one clip, 10,000 shots are all wrong in one way or in their own, and twelve last frames
have 88 megapixels each.
"""

import asyncio
import sys
from hashlib import sha256
from pathlib import Path

from measure import measure, table, tool

MANIFEST = "manifests/extreme.yaml"
HEAD = "version: 1\ncampaign: extreme\nproviders: [minimax]\nshots:\n"
FRAMES, FRAME_SIZE = 12, (11_000, 8_000)


def report(folder: Path, *, runs: int) -> str:
    """The table."""
    rows = []
    for name, shots, line, command in (
        ("plan as JSON, one prompt", 2_000, "  - {{id: s{n}, prompt: a bottle}}\n", "plan --format json"),
        ("plan as JSON, one prompt", 8_000, "  - {{id: s{n}, prompt: a bottle}}\n", "plan --format json"),
        ("validate, all wrong", 10_000, "  - {{id: s{n}, promt: a bottle, duration: soon, takes: x}}\n", "validate"),
        (
            "validate, all wrong in their own way",
            10_000,
            "  - {{id: s{n}, promt{n}: a bottle, duration: soon, takes: x{n}}}\n",
            "validate",
        ),
        ("validate, length not offered", 10_000, "  - {{id: s{n}, prompt: a bottle, duration: 7}}\n", "validate"),
        (
            "validate, images missing",
            10_000,
            "  - {{id: s{n}, prompt: a, frames: {{first: none-{n}.png}}}}\n",
            "validate",
        ),
        (
            "validate, images misspelt",
            1_000,
            "  - {{id: s{n}, prompt: a, frames: {{first: tale-{n}.png}}}}\n",
            "validate",
        ),
    ):
        place = folder / f"{name.replace(' ', '-')}-{shots}"
        _write_manifest(place, shots, line)
        ours = " ".join(tool(*command.split(), MANIFEST))
        figures = measure(["/bin/sh", "-c", f"{ours} || true"], folder=place, runs=runs)
        rows.append((name, f"{shots:,}", f"{figures.wall:.2f}", f"{figures.cpu:.2f}", f"{figures.megabytes:.0f}"))
    _draw_frames(folder)
    figures = measure([sys.executable, __file__, str(folder)], folder=folder, runs=1, warm=0)
    name = "prepare last frames of 88 megapixels"
    rows.append((name, str(FRAMES), f"{figures.wall:.2f}", f"{figures.cpu:.2f}", f"{figures.megabytes:.0f}"))
    return "Extremes\n\n" + table(("what", "how many", "wall s", "CPU s", "MB"), rows)


def _write_manifest(folder: Path, shots: int, line: str) -> None:
    (folder / "manifests").mkdir(parents=True)
    (folder / "hailuo.yaml").write_text("version: 1\n")
    for number in range(1_000):
        (folder / "manifests" / f"take-{number}.png").touch()
    (folder / MANIFEST).write_text(HEAD + "".join(line.format(n=n) for n in range(shots)))


def _draw_frames(folder: Path) -> None:
    from PIL import Image

    Image.new("RGB", (1280, 720), "red").save(folder / "first.png")
    for number in range(FRAMES):
        Image.linear_gradient("L").resize(FRAME_SIZE).convert("RGB").save(
            folder / f"last-{number}.jpg", quality=60 + number
        )


async def _prepare_frames(folder: Path) -> None:
    """Each request has the same first frame and a last one of another shape, as `drivers/http.py` prepares them."""
    from hailuo_batch.core.request.request import ImageRef, Request
    from hailuo_batch.drivers.image_preparation import ImagePreparation
    from hailuo_batch.ports import DriverRequest

    def image(file: Path) -> ImageRef:
        return ImageRef(digest=f"sha256:{sha256(file.read_bytes()).hexdigest()}")

    preparation, first = ImagePreparation(), folder / "first.png"
    orders = []
    for last in sorted(folder.glob("last-*.jpg")):
        refs = image(first), image(last)
        request = Request(
            model="hailuo-02",
            prompt="a bottle",
            duration=6,
            resolution="768p",
            first=refs[0],
            last=refs[1],
            switches=(),
            take=1,
        )
        files = {refs[0].digest: first, refs[1].digest: last}
        orders.append(DriverRequest(request=request, fingerprint="", campaign="", shot="", images=files))
    await asyncio.gather(*map(preparation.load, orders))


if __name__ == "__main__":
    asyncio.run(_prepare_frames(Path(sys.argv[1])))
