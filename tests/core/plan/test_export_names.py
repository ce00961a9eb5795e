from dataclasses import replace

import pytest
from timeline_samples import clip, take, timeline

from hailuo_batch.core.plan.export_names import DEFAULT_TEMPLATE, make_export_names, template_problems
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (DEFAULT_TEMPLATE, ""),
        ("{shot}", ""),
        ("{provider}.{shot} t{take}", ""),
        ("{shot}_{sequenze}", 'Did you mean "sequence"?'),
        ("{shot}_{}", 'there is no field ""'),
        ("{shot:03d}", '"shot:03d" is not a field with its width'),
        ("{shot}_{take:2d}", '"take:2d" is not a field'),  # blanks would be in the name
        ("{shot.id}", 'there is no field "shot.id"'),
        ("{shot!r}", 'there is no field "shot!r"'),
        ("{shot", "a file name cannot have '{'"),
        ("{campaign}/{shot}", "a file name cannot have '/'"),
        ("..\\{shot}", "a file name cannot have '\\\\'"),
        ("{shot}:a", "a file name cannot have ':'"),
        ("{shot}\x01", "a file name cannot have"),
        ("{campaign}_v{version:03d}", "two shots would have one name"),
        (".{shot}", "begins and ends with no dot"),
        ("{shot} ", "begins and ends with no dot"),
    ],
)
def test_a_template_is_checked_before_any_shot_is_known(template: str, words: str):
    said = " ".join(f"{problem.why} {problem.remedy}" for problem in template_problems(template, ("names",)))
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (DEFAULT_TEMPLATE, "film_open_v003_t02.mp4"),  # no sequence, and no second _ either
        ("{shot}_{sequence}", "open.mp4"),
        ("{sequence}-{shot}.{take}", "open.2.mp4"),
        ("{provider} {shot} v{version}", "minimax open v3.mp4"),
    ],
)
def test_a_field_without_a_value_takes_a_sign_beside_it_away(template: str, name: str):
    made = timeline(take("open", clip(), take=2, version=3))
    assert make_export_names(made, template)["open"].name == name


def test_sketches_and_rehearsed_clips_are_called_so():
    made = replace(timeline(take("open", clip())), world=World.REHEARSAL)
    assert make_export_names(made, "{shot}")["open"].name == "open_rehearsal.mp4"


def test_two_names_that_one_disk_cannot_hold_are_refused():
    made = timeline(take("Open", clip(mark="a")), take("x", clip(mark="b")), take("open", clip(mark="c")), take("gap"))
    with pytest.raises(RefusedError, match=r"two clips would be called open\.mp4") as refused:
        make_export_names(made, "{shot}")
    assert "Open#1 and open#1. Nothing was written." in refused.value.why


@pytest.mark.parametrize("shot", ["con", "COM1", "nul.a", "lpt9", "-rf", "x" * 240])
def test_names_that_some_system_does_not_take_are_refused(shot: str):
    with pytest.raises(InputError, match="cannot be called") as refused:
        make_export_names(timeline(take(shot, clip())), "{shot}")
    assert "Nothing was written." in refused.value.why
