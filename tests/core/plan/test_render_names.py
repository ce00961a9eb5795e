import pytest
from core_samples import shot

from hailuo_batch.core.plan.plan import Use
from hailuo_batch.core.plan.render_names import poster_name, render_name, take_label


@pytest.mark.parametrize(
    ("take", "version", "sketch", "name"),
    [
        (1, 1, False, "teaser_open_v001_t01.mp4"),
        (12, 3, False, "teaser_open_v003_t12.mp4"),
        (1, 1000, False, "teaser_open_v1000_t01.mp4"),
        (1, 2, True, "teaser_open_v002_sketch.mp4"),
    ],
)
def test_a_clip_has_a_readable_name(take: int, version: int, sketch: bool, name: str) -> None:
    assert render_name("teaser", Use(shot=shot(), take=take, version=version), sketch=sketch) == name


def test_a_sketch_never_has_the_name_of_a_take() -> None:
    use = Use(shot=shot(), take=1, version=1)
    assert render_name("teaser", use, sketch=True) != render_name("teaser", use, sketch=False)


def test_a_take_is_called_by_its_shot_and_number() -> None:
    assert take_label(Use(shot=shot(), take=2, version=5)) == "open#2"


def test_a_poster_is_called_by_the_bytes_of_its_clip() -> None:
    assert poster_name("sha256:0123456789abcdef" + "9" * 48) == "posters/0123456789abcdef.jpg"
