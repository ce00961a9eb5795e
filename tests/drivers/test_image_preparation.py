"""How much memory the images of requests may take: large ones are prepared one after the other."""

import asyncio
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from driver_samples import order
from PIL import Image

from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.drivers import image_preparation as room
from hailuo_batch.drivers.image_payload import load_image_payloads
from hailuo_batch.drivers.image_preparation import ImagePreparation
from hailuo_batch.ports import DriverRequest


def request_for(file: Path) -> DriverRequest:
    digest = f"sha256:{sha256(file.read_bytes()).hexdigest()}"
    return order(first=ImageRef(digest=digest), pictures={digest: file})


@pytest.mark.parametrize(("size", "together"), [((3001, 3000), 1), ((300, 300), 2)])
async def test_large_images_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], together: int
) -> None:
    orders = []
    for number in range(4):
        Image.new("L", size, number).save(file := tmp_path / f"{number}.png")
        orders.append(request_for(file))
    real, inside, most = load_image_payloads, threading.Semaphore(0), list[int]()
    met = threading.Barrier(2)

    def load(driver_request: DriverRequest, **how: bool) -> object:
        inside.release()
        if together == 2:
            met.wait(timeout=10)  # small ones are prepared side by side
        most.append(inside._value)
        found = real(driver_request, **how)
        inside.acquire()
        return found

    monkeypatch.setattr(room, "load_image_payloads", load)
    payloads = await asyncio.gather(*map(ImagePreparation().load, orders))
    assert all(str(first).startswith("data:image/png;base64,") for first, _ in payloads)
    assert (max(most) == 1) == (together == 1)


async def test_a_request_without_images_is_handed_to_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a thread was entered")

    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", refuse)
    assert await ImagePreparation().load(order()) == (None, None)


async def test_what_is_no_image_is_refused_as_before(tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("no image")
    first, _ = await ImagePreparation().load(request_for(tmp_path / "note.png"))
    assert "not a picture" in getattr(first, "why", "")
