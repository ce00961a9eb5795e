import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hailuo_batch.media.animatic import fonts
from hailuo_batch.media.animatic.graphemes import clean_text, clusters, is_emoji, is_rtl
from hailuo_batch.media.animatic.typesetting import Typesetter

INK = "#000000"


def sheet(text: str, size: float = 40) -> Image.Image:
    image = Image.new("RGB", (900, 120), "white")
    Typesetter(700).draw(image, (20, 80), text, size, INK)
    return image


def inked(image: Image.Image) -> bool:
    return image.convert("L").getextrema()[0] < 128  # type: ignore[operator]


def test_signs_that_belong_together_stay_together() -> None:
    family, flag, wave, accent = "👨\u200d👩\u200d👧", "🇫🇷", "👋🏽", "e\u0301"
    assert clusters(family + flag + wave + accent + "x") == [family, flag, wave, accent, "x"]


def test_three_flag_letters_are_a_flag_and_a_letter() -> None:
    assert clusters("🇫🇷🇩") == ["🇫🇷", "🇩"]


@pytest.mark.parametrize(
    ("sign", "colour"), [("🚀", True), ("☂️", True), ("☂︎", False), ("a", False), ("1️⃣", True), ("⭐", True)]
)
def test_a_reader_expects_colour_of_emoji_only(sign: str, colour: bool) -> None:
    assert is_emoji(sign) is colour


def test_cleaning_takes_out_what_cannot_be_set() -> None:
    assert clean_text(" a\x00b\n\tc \ud800 d\U0010ffff sof\u00adt\u202e") == "a b c d soft"


@pytest.mark.parametrize(("text", "rtl"), [("abc", False), ("שלום", True), ("12 سلام", True), ("", False)])
def test_the_first_letter_says_the_direction(text: str, rtl: bool) -> None:
    assert is_rtl(text) is rtl


def test_the_text_is_as_large_as_its_box_allows() -> None:
    kind = Typesetter(700)
    small = kind.fit("copper sunrise " * 30, (600, 200), (6, 90), 1.2)
    large = kind.fit("copper sunrise", (600, 200), (6, 90), 1.2)
    assert large.size > 3 * small.size
    assert len(small.lines) * small.leading <= 200
    assert small.width <= 600 * 1.03


def test_a_headline_is_broken_into_lines_of_like_length() -> None:
    block = Typesetter(700).fit("a frosted glass bottle rises out of the mist", (700, 300), (6, 80), 1.1)
    widths = [Typesetter(700).width(line, block.size) for line in block.lines]
    assert len(widths) >= 2
    assert min(widths) > 0.5 * max(widths)


def test_no_word_is_broken_and_none_is_lost() -> None:
    text = "the cap turns and catches the light of a very early morning"
    assert " ".join(Typesetter(700).fit(text, (300, 300), (6, 60), 1.1).lines) == text


def test_an_endless_word_is_broken_all_the_same() -> None:
    block = Typesetter(500).fit("x" * 500, (400, 300), (6, 60), 1.2)
    assert "".join(block.lines) == "x" * 500
    assert block.size > 8


def test_chinese_breaks_anywhere_but_before_a_full_stop() -> None:
    block = Typesetter(700).fit("清晨的薄雾中，一只磨砂玻璃瓶缓缓升起。" * 4, (400, 200), (6, 60), 1.2)
    assert len(block.lines) > 1
    assert not any(line[0] in "，。" for line in block.lines)


def test_what_cannot_fit_ends_in_an_ellipsis() -> None:
    block = Typesetter(500).fit("word " * 2000, (200, 60), (6, 40), 1.2)
    assert block.lines[-1].endswith("…")
    assert len(block.lines) * block.leading <= 60


def test_a_text_that_is_too_wide_is_shortened() -> None:
    kind = Typesetter(500)
    short = kind.elide("a-very-long-shot-name", 100, 20)
    assert short.endswith("…")
    assert kind.width(short, 20) <= 100
    assert kind.elide("short", 100, 20) == "short"
    assert kind.elide("anything", 1, 20) == ""


def test_tight_setting_draws_the_same_words_closer() -> None:
    assert Typesetter(700, tight=0.03).width("copper", 60) < Typesetter(700).width("copper", 60)


@pytest.mark.parametrize("text", ["Copper", "清晨", "🚀", "سلام", "Привет", "Ελλάδα", "Việt"])
def test_every_script_leaves_ink(text: str) -> None:
    assert inked(sheet(text)) or text == "🚀"


@pytest.mark.skipif(not Typesetter(700).runs("朝")[0].face, reason="no font on this machine draws Chinese")
def test_a_japanese_text_gets_japanese_shapes() -> None:
    japanese, chinese = Typesetter(700, sample="朝の霧").runs("朝霧"), Typesetter(700, sample="朝雾").runs("朝霧")
    assert len(japanese) == len(chinese) == 1
    assert japanese[0].face
    if japanese[0].face.path.name.startswith("NotoSansCJK"):
        assert japanese[0].face.index != chinese[0].face.index  # type: ignore[union-attr]


def test_without_any_system_font_the_rest_is_boxes_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_UNIX_FOLDERS", ())
    monkeypatch.setattr(fonts, "_FOLDERS", {})
    kind = Typesetter(700)
    assert [run.face for run in kind.runs("清晨")] == [None]
    assert [run.text for run in kind.runs("🚀 go")] == ["(rocket) go"]
    assert inked(sheet("清晨"))
    assert inked(sheet("سلام 🚀"))


def test_without_shaping_the_words_still_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda feature: False)
    assert inked(sheet("سلام Copper"))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_set_inside_its_box(text: str) -> None:
    block = SET.fit(clean_text(text), (300, 120), (6, 40), 1.2)
    image = Image.new("RGB", (320, 140), "white")
    for place, line in enumerate(block.lines):
        SET.draw(image, (10, 10 + block.size + place * block.leading), line, block.size, INK)
    assert len(block.lines) * block.leading <= 121 or len(block.lines) == 1


SET = Typesetter(500)
