"""What changed in a few words: true, and as short as it can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_samples import change

from hailuo_batch.views.changes import change_text, shorten_difference
from hailuo_batch.views.fit import measure_text

LONG = "a frosted glass bottle with a copper cap rises slowly out of "
A, B = "sha256:" + "1a" * 32, "sha256:" + "2b" * 32


@pytest.mark.parametrize(
    ("before", "now", "shown"),
    [
        ("a bottle in mist", "a bottle in fog", ('"a bottle in mist"', '"a bottle in fog"')),
        (LONG + "morning mist", LONG + "morning fog", ('"…mist"', '"…fog"')),
        (LONG + "mist [Push in]", LONG + "fog [Push in]", ('"…mist…"', '"…fog…"')),
        (LONG + "mist", LONG + "cold mist", ('"…mist"', '"…cold mist"')),
        (LONG + "mist", LONG + "mist and light", ('"…mist"', '"…mist and light"')),
        ("a bottle in mist " + LONG, "the bottle in mist " + LONG, ('"a…"', '"the…"')),
        (LONG + "misty", LONG + "mist", ('"…misty"', '"…mist"')),
        (
            "霧の中のボトル" * 8 + "赤い" + "銅の蓋" * 8,
            "霧の中のボトル" * 8 + "青い" + "銅の蓋" * 8,
            ('"…赤…"', '"…青…"'),
        ),
    ],
)
def test_a_prompt_is_shown_around_what_differs(before: str, now: str, shown: tuple[str, str]) -> None:
    assert change_text(change("prompt", before, now)) == f"prompt changed: {shown[0]} → {shown[1]}"


def test_what_cannot_be_seen_is_said_in_words() -> None:
    blanks = change("prompt", "a bottle\nin mist", "a bottle in  mist")
    assert change_text(blanks) == "prompt changed: only blanks or line breaks"
    hidden = change("prompt", "see https://a.test/x?sig=1", "see https://a.test/x?sig=2")
    assert change_text(hidden) == "prompt changed in a part that is hidden here"


@given(st.text("ab c霧", max_size=90), st.text("ab c霧", max_size=90), st.text("ab c霧", max_size=60))
def test_different_prompts_are_never_shown_alike(head: str, middle: str, end: str) -> None:
    before, now = " ".join((head + middle + end).split()), " ".join((head + end).split())
    old, new = shorten_difference(before, now)
    assert (old == new) == (before == now) or measure_text(old) > 45  # two long parts may differ in what is cut
    assert max(measure_text(old), measure_text(new)) <= 52


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (change("duration", 6, 10), "duration 6 s → 10 s"),
        (change("duration", "short", 10), "duration short → 10 s"),
        (change("resolution", "768p", "1080p"), "resolution 768p → 1080p"),
        (change("prompt_optimizer", True, False), "prompt_optimizer on → off"),
        (change("watermark", None, False), "watermark not set → off"),
        (change("first", A, B, label="open.png"), "first frame changed: open.png (1a1a1a1a → 2b2b2b2b)"),
        (change("first", A, B, label="b.png", label_before="a.png"), "first frame changed: a.png → b.png"),
        (change("last", None, B, label="end.png"), "last frame added: end.png"),
        (change("last", A, None, label_before="end.png"), "last frame removed: end.png"),
        (change("last", A, None), "last frame removed: 1a1a1a1a"),
        (
            change("first", {"artifact": A}, {"artifact": B}, label="last frame of street"),
            "first frame changed: last frame of street (1a1a1a1a → 2b2b2b2b)",
        ),
        (
            change("first", A, None, label="last frame of street, not here yet"),
            "first frame changed: 1a1a1a1a → last frame of street, not here yet",
        ),
    ],
)
def test_other_members_have_their_old_and_their_new_value(member, text: str) -> None:
    assert change_text(member) == text
