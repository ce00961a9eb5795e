"""A comparison of two revisions as text, as the comment of a pull request and as JSON."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt  # what rich comes with

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.shot_changes import Change, ClipSum, FieldChange, ListChanges, ShotChange
from hailuo_batch.core.plan.shot_stills import StillPair
from hailuo_batch.views.diff import MAX_SHOTS, DiffSection, diff_dict, draw_diff
from hailuo_batch.views.diff_markdown import MARKER, MAX_LENGTH, draw_diff_comment
from hailuo_batch.views.diff_phrases import shorten_difference
from hailuo_batch.views.fit import fit_lines, measure_text
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]
BEFORE, AFTER = "main (1a2b3c4)", "work tree"
ONE = ClipSum(clips=1, cost=(Money(amount=Decimal("0.28"), currency="USD"),))


def price(clips: int, amount: str) -> ClipSum:
    return ClipSum(clips=clips, cost=(Money(amount=Decimal(amount), currency="USD"),))


PROMPT = FieldChange(
    name="prompt",
    before="a wet street at night, neon on the asphalt, a taxi waits, on 35 mm film, soft grain, halation",
    after="a wet street at night, neon on the cobbles, a taxi waits, on 35 mm film, soft grain, halation",
)
FILM = DiffSection(
    name="manifests/film.yaml",
    was="manifests/teaser.yaml",
    notes=("main (1a2b3c4): git does not have these images, so only their paths are compared: ../stills/a.png.",),
    changes=ListChanges(
        changes=(
            ShotChange(
                change=Change.CHANGED,
                shot="street",
                fields=(PROMPT, FieldChange(name="duration", before="6 s", after="10 s")),
                new=price(1, "0.56"),
            ),
            ShotChange(change=Change.FOLLOWS, shot="chase", chain=("street",), new=ONE),
            ShotChange(change=Change.RENAMED, shot="clock", was="old-clock"),
            ShotChange(change=Change.ADDED, shot="harbour-at-dawn-wide", new=ClipSum(clips=2, unpriced=2)),
            ShotChange(
                change=Change.EDITED, shot="end", fields=(FieldChange(name="notes", before="", after="ask Ana"),)
            ),
            ShotChange(change=Change.REMOVED, shot="gone"),
        ),
        before=price(5, "1.40"),
        after=ClipSum(clips=7, cost=price(5, "1.68").cost, unpriced=2),
        new=ClipSum(clips=4, cost=price(2, "0.84").cost, unpriced=2),
    ),
)
STILLS = {
    "street": (
        StillPair(part="first", before="stills/0123456789abcdef.jpg", after="stills/fedcba9876543210.jpg"),
        StillPair(part="clip", before="stills/1111111111111111.jpg"),
    ),
    "harbour-at-dawn-wide": (StillPair(part="first", after="stills/2222222222222222.jpg"),),
}
COMMANDS = ("hailuo-batch plan manifests/film.yaml",)


@pytest.mark.parametrize("width", [80, 200])
def test_the_text_fits_its_terminal(width: int, golden: Golden) -> None:
    text = draw_diff([FILM], before=BEFORE, after=AFTER, commands=COMMANDS, style=TextStyle(width=width))
    text = fit_lines(text, width)
    assert max(map(len, text.splitlines())) <= width
    golden(text, f"diff_{width}.txt")
    text = draw_diff([replace(FILM, stills=STILLS)], before=BEFORE, after=AFTER, style=TextStyle(width=width))
    golden(fit_lines(text, width), f"diff_stills_{width}.txt")


def test_the_comment_and_the_json_say_the_same(golden: Golden) -> None:
    golden(draw_diff_comment([FILM], before=BEFORE, after=AFTER), "diff.md")
    golden(json.dumps(diff_dict([FILM], before=BEFORE, after=AFTER), indent=2, ensure_ascii=False) + "\n", "diff.json")


def test_stills_are_shown_old_beside_new(golden: Golden) -> None:
    section = replace(FILM, stills=STILLS)
    golden(draw_diff_comment([section], before=BEFORE, after=AFTER), "diff_stills.md")
    (film,) = json.loads(json.dumps(diff_dict([section], before="", after="")))["manifests"]
    shots = {each["shot"]: each["stills"] for each in film["shots"]}
    assert shots["street"][1] == {"part": "clip", "before": "stills/1111111111111111.jpg", "after": None}
    assert shots["gone"] == []


def test_nothing_that_changed_is_said_too() -> None:
    assert draw_diff([], before=BEFORE, after=AFTER) == "No shot changes.\nmain (1a2b3c4) → work tree"
    assert draw_diff_comment([], before=BEFORE, after=AFTER).startswith(f"{MARKER}\n### No shot changes\n")


def make_long(shots: int, words: str) -> DiffSection:
    fields = (FieldChange(name="prompt", before=f"{words} old", after=f"{words} new"),)
    every = tuple(ShotChange(change=Change.CHANGED, shot=f"s{n}", fields=fields, new=ONE) for n in range(shots))
    total = price(shots, f"{shots * Decimal('0.28')}")
    return DiffSection(name="film.yaml", changes=ListChanges(changes=every, before=total, after=total, new=total))


@pytest.mark.parametrize("shots", [21, 300, 10_000])
def test_a_long_comment_is_folded_and_stays_below_the_limit_of_github(shots: int) -> None:
    comment = draw_diff_comment([make_long(shots, "@everyone | `" * 20), make_long(3, "x")], before=BEFORE, after=AFTER)
    assert len(comment) <= MAX_LENGTH
    assert f"### {shots + 3:,} shots change" in comment
    assert comment.count("<details>") == comment.count("</details>") == 1
    rows = comment.count("\n| <code>s")
    hidden = sum(int(number.replace(",", "")) for number in re.findall(r"… and ([0-9,]+) more shots", comment))
    assert rows + hidden == shots + 3


def test_a_long_text_names_the_format_that_has_all() -> None:
    text = draw_diff([make_long(MAX_SHOTS + 5, "x")], before=BEFORE, after=AFTER)
    assert "… and 5 more, which --format json has." in text


HOSTILE = (
    "](https://evil.test) <img src=x onerror=y> </details> | cell | `x` @maintainers #12 www.evil.test $x$ "
    "--> <!-- hailuo-batch diff --> a@b.test\n\n# head\x1b[31m \u202eevil"
)


def test_what_users_wrote_makes_no_markup_in_a_comment() -> None:
    bad = ShotChange(
        change=Change.RENAMED,
        shot=HOSTILE,
        was=HOSTILE,
        chain=(HOSTILE,),
        fields=(FieldChange(name=HOSTILE, before=HOSTILE, after=f"{HOSTILE} more"),),
    )
    money = ClipSum(clips=1, cost=(Money(amount=Decimal(1), currency=HOSTILE),))  # a unit of a gateway of their own
    bad = replace(bad, new=money)
    changes = ListChanges(changes=(bad,), before=ClipSum(), after=money, new=money)
    stills = {HOSTILE: (StillPair(part="first", before=HOSTILE, after=HOSTILE),)}
    section = DiffSection(name=HOSTILE, was=HOSTILE, changes=changes, notes=(HOSTILE,), stills=stills)
    comment = draw_diff_comment([section], before=HOSTILE, after=HOSTILE)
    images = re.findall(r'<img src="[^"<>]*" width="160" alt="first frame (?:before|after)">', comment)
    assert len(images) == 2
    for image in images:
        comment = comment.replace(image, image.strip("<>").replace('"', ""), 1)
    plain = comment.replace("<code>", "").replace("</code>", "").replace("<br>", "").replace(MARKER, "", 1)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(comment)
    tags = " ".join(dict.fromkeys(re.findall(r"</?([a-z0-9]+)", page)))
    assert tags == "h3 p code h4 table thead tr th tbody td br ul li blockquote"
    assert page.count("<h3") == page.count("<table") == 1
    for mark in "`@<[]$*\x1b\u202e":
        assert mark not in plain, mark
    assert "www.evil" not in comment
    (row,) = [line for line in comment.splitlines() if "was <code>" in line and line.startswith("|")]
    assert row.count("|") == 4
    assert "\u202e" not in draw_diff([section], before=HOSTILE, after=HOSTILE)


@pytest.mark.parametrize(
    ("old", "new", "room", "shown"),
    [
        ("short", "shore", 10, ("short", "shore")),
        ("a b c d e f g h i j", "a b c d e f g h i k", 11, ("… f g h i j", "… f g h i k")),
        ("x" * 30, "x" * 40, 12, None),
        ("日本" * 10 + "夜", "日本" * 10 + "朝", 12, None),
    ],
)
def test_two_values_are_shown_around_their_difference(
    old: str, new: str, room: int, shown: tuple[str, str] | None
) -> None:
    one, other = shorten_difference(old, new, room)
    assert max(measure_text(one), measure_text(other)) <= room
    assert one != other
    assert shown is None or (one, other) == shown
