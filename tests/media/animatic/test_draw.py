import json
import pickle
import shutil
import subprocess
import sys
from math import dist
from pathlib import Path
from typing import Any

import pytest
from media_samples import Drawn, centre, decoded, facts
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.errors import InputError
from hailuo_batch.media.animatic.draw import draw
from hailuo_batch.media.probe import VideoFacts, probe

RED, GREEN = 0, 1


def picture(path: Path, size: tuple[int, int], colour: str = "#336699") -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def apart(a: Image.Image, b: Image.Image) -> float:
    """The mean difference of two frames above the slate."""
    box = (0, 0, a.width, a.height - 30)
    return sum(ImageStat.Stat(ImageChops.difference(a.crop(box), b.crop(box))).mean) / 3


@pytest.mark.parametrize(("resolution", "size"), [("512p", (910, 512)), ("768p", (1366, 768)), ("1080p", (1920, 1080))])
def test_the_clip_has_the_size_asked_for(drawn: Drawn, resolution: str, size: tuple[int, int]) -> None:
    assert facts(drawn(prompt="mist [Push in]", resolution=resolution)) == (*size, 24, 1.0)


@pytest.mark.parametrize(("prompt", "seconds"), [("mist", 1), ("mist", 10), ("mist [Static shot], [Truck left]", 5)])
def test_the_clip_has_every_frame_of_its_length(drawn: Drawn, prompt: str, seconds: int) -> None:
    assert facts(drawn(prompt=prompt, seconds=seconds))[2:] == (24 * seconds, float(seconds))


@pytest.mark.parametrize(("seconds", "frames"), [(0.5, 12), (6.4, 154), (0.001, 1)])
def test_a_length_with_a_part_of_a_second_is_drawn_in_whole_frames(drawn: Drawn, seconds: float, frames: int) -> None:
    clip = drawn(prompt="mist [Push in]", seconds=seconds, resolution="512p")
    found = probe(clip)
    assert isinstance(found, VideoFacts)
    assert found.frames == facts(clip)[2] == frames


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not on this machine")
def test_ffprobe_agrees_on_codec_colour_and_length(drawn: Drawn) -> None:
    entries = "stream=codec_name,pix_fmt,width,height,color_space,color_range,nb_read_frames,avg_frame_rate,duration"
    command = ["ffprobe", "-v", "error", "-count_frames", "-of", "json", "-show_entries", entries]
    out = subprocess.run([*command, drawn(prompt="mist", seconds=5)], capture_output=True, check=True)
    assert json.loads(out.stdout)["streams"] == [
        {
            "codec_name": "h264",
            "width": 910,
            "height": 512,
            "pix_fmt": "yuv420p",
            "color_range": "tv",
            "color_space": "bt709",
            "avg_frame_rate": "24/1",
            "duration": "5.000000",
            "nb_read_frames": "120",
        }
    ]


def test_the_table_of_contents_stands_before_the_pictures(drawn: Drawn) -> None:
    data = drawn(prompt="mist").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_clip_takes_the_shape_of_its_first_frame(drawn: Drawn, tmp_path: Path) -> None:
    first = picture(tmp_path / "first.png", (600, 900))
    last = picture(tmp_path / "last.png", (900, 600))
    assert facts(drawn(first=Still(path=str(first)), last=Still(path=str(last))))[:2] == (512, 768)


def test_a_picture_that_exif_turns_is_shown_upright(drawn: Drawn, tmp_path: Path) -> None:
    image = Image.new("RGB", (900, 600), "#2040c0")
    image.paste("#f0e040", (0, 0, 450, 600))  # the left half, which a turn to the right brings to the top
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "phone.jpg", exif=exif, quality=95)
    frame = decoded(drawn(prompt="[Static shot]", first=Still(path=str(tmp_path / "phone.jpg"))))[0]
    assert frame.size == (512, 768)
    top, bottom = frame.getpixel((256, 100)), frame.getpixel((256, 600))
    assert top[0] > 200 > 100 > bottom[0]  # type: ignore[index]


def test_colours_arrive_as_they_left(drawn: Drawn, tmp_path: Path) -> None:
    """Converted to HD's colours and marked so; a decoder that believes the mark gets the same colour back."""
    clip = drawn(first=Still(path=str(picture(tmp_path / "teal.png", (160, 90), "#1e8c78"))), prompt="[Static shot]")
    import av

    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0)).reformat(
            format="rgb24", src_colorspace="ITU709", src_color_range="MPEG", dst_color_range="JPEG"
        )
    red, green, blue = bytes(frame.planes[0])[:3]
    assert max(abs(red - 0x1E), abs(green - 0x8C), abs(blue - 0x78)) <= 4


# Where the picture goes on the screen: right, down, and how much larger it gets.
MOVES = {
    CameraCommand.TRUCK_LEFT: (1, 0, 0),
    CameraCommand.TRUCK_RIGHT: (-1, 0, 0),
    CameraCommand.PAN_LEFT: (1, 0, 0),
    CameraCommand.PAN_RIGHT: (-1, 0, 0),
    CameraCommand.PEDESTAL_UP: (0, 1, 0),
    CameraCommand.PEDESTAL_DOWN: (0, -1, 0),
    CameraCommand.TILT_UP: (0, 1, 0),
    CameraCommand.TILT_DOWN: (0, -1, 0),
    CameraCommand.PUSH_IN: (0, 0, 1),
    CameraCommand.PULL_OUT: (0, 0, -1),
    CameraCommand.ZOOM_IN: (0, 0, 1),
    CameraCommand.ZOOM_OUT: (0, 0, -1),
    CameraCommand.TRACKING_SHOT: (-1, 0, 1),
    CameraCommand.STATIC_SHOT: (0, 0, 0),
    CameraCommand.SHAKE: (0, 0, 0),
}


@pytest.mark.parametrize("command", list(CameraCommand))
def test_each_command_moves_the_picture_as_it_says(drawn: Drawn, dots: Path, command: CameraCommand) -> None:
    frames = decoded(drawn(prompt=f"x [{command}]", first=Still(path=str(dots))))
    at = [(centre(frames[place], RED), centre(frames[place], GREEN)) for place in (0, -1)]
    (red, green), (red_then, green_then) = at
    right = (red_then[0] + green_then[0] - red[0] - green[0]) / 2
    # The discs stand a little above the middle, which a push moves up; their distance tells the scale.
    larger = dist(red_then, green_then) / dist(red, green)
    down = red_then[1] - red[1]
    wanted = MOVES[command]
    assert sign(right, 8) == wanted[0]
    assert sign(down, 10) == wanted[1]
    assert sign(larger - 1, 0.01) == wanted[2]


def sign(value: float, least: float) -> int:
    return 0 if abs(value) < least else (1 if value > 0 else -1)


def test_a_static_shot_never_moves(drawn: Drawn, dots: Path) -> None:
    frames = decoded(drawn(prompt="x [Static shot]", seconds=5, first=Still(path=str(dots))))
    assert max(apart(frames[0], frame) for frame in frames[::7]) < 0.3


def test_a_shake_moves_many_times_and_only_a_little(drawn: Drawn, dots: Path) -> None:
    frames = decoded(drawn(prompt="x [Shake]", seconds=2, first=Still(path=str(dots))))
    places = [centre(frame, RED)[0] for frame in frames[::2]]
    turns = sum((b - a) * (c - b) < 0 for a, b, c in zip(places, places[1:], places[2:], strict=False))
    assert turns >= 5
    assert 4 < max(places) - min(places) < 30


@pytest.mark.parametrize("prompt", ["x", "x [Tracking shot]", "x [Truck right]"])
def test_a_slow_move_is_smooth_to_a_third_of_a_pixel(drawn: Drawn, tmp_path: Path, prompt: str) -> None:
    image = Image.new("RGB", (1280, 720), "black")
    ImageDraw.Draw(image).ellipse((200, 80, 260, 140), fill="white")
    image.filter(ImageFilter.GaussianBlur(3)).save(tmp_path / "moon.png")
    frames = decoded(drawn(prompt=prompt, seconds=6, first=Still(path=str(tmp_path / "moon.png"))))[60:84]
    places = [centre(frame)[0] for frame in frames]
    straight = [places[0] + (places[-1] - places[0]) * step / 23 for step in range(24)]
    assert abs(places[-1] - places[0]) > 0.9
    assert max(abs(place - line) for place, line in zip(places, straight, strict=True)) < 0.35


def test_brackets_act_one_after_another(drawn: Drawn, dots: Path) -> None:
    frames = decoded(drawn(prompt="[Truck left], then [Pedestal down]", seconds=2, first=Still(path=str(dots))))
    start, joint, end = (centre(frames[place], RED) for place in (0, 24, -1))
    assert joint[0] - start[0] > 25
    assert abs(joint[1] - start[1]) < 3
    assert end[1] - joint[1] < -12
    assert abs(end[0] - joint[0]) < 3


def test_the_slate_stays_where_it_is(drawn: Drawn, dots: Path) -> None:
    frames = decoded(drawn(prompt="[Truck left, Shake]", seconds=2, first=Still(path=str(dots))))
    strips = [frame.crop((0, frame.height - 22, frame.width, frame.height)) for frame in (frames[0], frames[-1])]
    assert sum(ImageStat.Stat(ImageChops.difference(*strips)).mean) / 3 < 1.5


def test_the_picture_fades_into_the_last_frame_and_rests_on_it(drawn: Drawn, tmp_path: Path) -> None:
    first = picture(tmp_path / "first.png", (320, 180), "#c03020")
    last = picture(tmp_path / "last.png", (640, 180), "#20a060")
    frames = decoded(drawn(prompt="[Push in]", seconds=2, first=Still(path=str(first)), last=Still(path=str(last))))
    reds = [frame.getpixel((400, 200))[0] for frame in frames]  # type: ignore[index]
    assert abs(reds[0] - reds[24]) < 6
    assert reds[-1] < 60 < 100 < reds[35] < 180
    assert apart(frames[-1], frames[-4]) < 1


def test_a_card_fades_into_a_last_frame(drawn: Drawn, dots: Path) -> None:
    frames = decoded(drawn(prompt="night falls", last=Still(path=str(dots))))
    alone = decoded(drawn(prompt="[Static shot]", first=Still(path=str(dots))))
    assert apart(frames[0], alone[0]) > 15
    assert apart(frames[-1], alone[0]) < 3


def test_a_still_may_be_the_last_frame_of_a_clip(drawn: Drawn, dots: Path) -> None:
    before = drawn(prompt="[Truck left]", first=Still(path=str(dots)))
    after = drawn(prompt="[Static shot]", first=Still(path=str(before), frame="last"))
    assert apart(decoded(before)[-1], decoded(after)[0]) < 3


PROMPTS = {
    "nothing": "",
    "one letter": "x",
    "two thousand characters": ("a frosted glass bottle rises out of the mist " * 50)[:2000],
    "one endless word": "x" * 2000,
    "Chinese": "清晨的薄雾中，一只磨砂玻璃瓶缓缓升起。[左移,上升]" * 20,
    "Japanese and Korean": "朝霧の中のボトル。한국어도 됩니다.",
    "emoji": "🚀 family 👨\u200d👩\u200d👧 wave 👋🏽 flag 🇫🇷🇫 keycap 1️⃣ text ☂︎",
    "Arabic and Hebrew": "زجاجة ترتفع من ضباب الصباح 12 בקבוק",
    "Thai and Devanagari": "ขวดแก้ว कांच की बोतल",
    "control characters": "a\x00b\x1b[31m\u202e\ud800\ufffe\n\t",
    "only joiners": "\u200d\ufe0f\u0301",
    "brackets": "[" * 300 + "[Push in]" * 60,
    "unassigned": "\U000e0fff\U0010ffff\ue000",
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=list(PROMPTS))
def test_any_prompt_can_be_drawn(drawn: Drawn, prompt: str) -> None:
    assert facts(drawn(prompt=prompt))[2] == 24


def test_other_prompts_get_other_cards(drawn: Drawn) -> None:
    a, b = (decoded(drawn(prompt=prompt))[0] for prompt in ("copper", "mist over a lake"))
    assert apart(a, b) > 5


def test_the_same_sketch_gives_the_same_bytes_in_another_process(drawn: Drawn, dots: Path, tmp_path: Path) -> None:
    still = Still(path=str(dots))
    fields: dict[str, Any] = {"prompt": "mist 🚀 清晨 [Push in, Shake]", "first": still, "last": still}
    here = drawn(**fields).read_bytes()
    sketch = Sketch(campaign="aurora", shot="open", take=1, mark="a91f3c", seconds=1, resolution="512p", **fields)
    (tmp_path / "sketch").write_bytes(pickle.dumps(sketch))
    code = (
        "import pickle, pathlib, sys; from hailuo_batch.media.animatic.draw import draw;"
        "draw(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()), pathlib.Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "sketch"), str(tmp_path / "there.mp4")]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "77", "PYTHONPATH": str(Path.cwd())})
    assert (tmp_path / "there.mp4").read_bytes() == here


def test_a_still_that_is_no_picture_is_refused_in_words(drawn: Drawn, tmp_path: Path) -> None:
    (tmp_path / "open.png").write_text("<html>")
    with pytest.raises(InputError, match="not a picture"):
        drawn(first=Still(path=str(tmp_path / "open.png")))


def test_a_still_from_a_broken_clip_is_refused_in_words(drawn: Drawn, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match="no last frame"):
        drawn(first=Still(path=str(tmp_path / "clip.mp4"), frame="last"))


def test_a_ribbon_is_refused_before_a_huge_frame_is_made(drawn: Drawn, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too narrow"):
        drawn(first=Still(path=str(picture(tmp_path / "ribbon.png", (4000, 10)))))


def test_drawing_module_is_light_until_it_draws() -> None:
    code = (
        "import sys, hailuo_batch.media.animatic.draw, hailuo_batch.media.probe, hailuo_batch.media.frames;"
        "print([name for name in ('av', 'PIL') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_failed_drawing_raises_and_keeps_nothing_open(tmp_path: Path) -> None:
    sketch = Sketch(campaign="a", shot="b", take=1, prompt="x", seconds=1, resolution="512p")
    with pytest.raises(OSError, match="No such file"):
        draw(sketch, tmp_path / "missing" / "clip.mp4")
