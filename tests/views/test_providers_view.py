"""What `providers` prints, whole, as text and as JSON."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from view_samples import usd

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import Model
from hailuo_batch.core.money import PriceRow
from hailuo_batch.core.providers.offers import Inference, Limits, Provider
from hailuo_batch.views.fit import measure_text
from hailuo_batch.views.providers import draw_providers, providers_dict
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]

SOURCE = "https://example.com/docs"
HAILUO_02 = Model(name="hailuo-02", title="Hailuo-02")
SELLS: dict[Mode, dict[str, tuple[int, ...]]] = {
    Mode.TEXT: {"768p": (6, 10), "1080p": (6,)},
    Mode.FIRST: {"512p": (6,)},
}
KNOWN = Provider(
    name="minimax", title="MiniMax", key="MINIMAX_API_KEY", model=HAILUO_02, offers=SELLS, currency="USD",
    prices=(
        PriceRow(resolution="768p", seconds=6, price=usd("0.28"), read="2026-07-10", source=SOURCE),
        PriceRow(resolution="768p", seconds=10, price=usd("0.5"), read="2026-07-11", source=SOURCE),
    ),
    notes=("Keys of one region do not work in the other.", "A second note."),
    base_url="https://api.minimax.io", regions=("global", "china"),
    limits=Limits(per_minute=5, at_once=3, poll_seconds=10, answer_seconds=45, link_seconds=3600),
    accepts_data=False, idempotent=True, callbacks=True, switches=frozenset({"watermark"}),
    inferences=(
        Inference(what="life of a link, in seconds: 3600", source="npm:mmx-cli", read="2026-11-20"),
        Inference(what="status word Unknown", source=SOURCE, read="2026-11-19"),
    ),
)  # fmt: skip
SELLS_LITTLE = {Mode.TEXT: {"768p": (6,)}}
UNKNOWN = Provider(name="vtrix", title="Vtrix", key="VTRIX_API_KEY", model=HAILUO_02, offers=SELLS_LITTLE)
OWN = Provider(
    name="studio", title="Studio\x1b[31m", key="STUDIO_API_KEY", model=HAILUO_02, offers={}, currency="credits",
    accepts_urls=False, switches=frozenset(), notes=("one\u2028line",),
)  # fmt: skip
ROWS = [(KNOWN, True, "2026-11-20", SOURCE), (UNKNOWN, False, "2026-11-19", SOURCE), (OWN, False, "", "")]


def test_each_provider_is_a_block_of_what_it_sells(golden: Golden) -> None:
    golden(draw_providers(ROWS), "providers.txt")
    golden(draw_providers(ROWS, TextStyle(colour=True)).replace("\x1b", "ESC"), "providers_colour.txt")


@pytest.mark.parametrize("width", [80, 200])
def test_providers_are_compared_in_a_table_that_fits(width: int) -> None:
    """The last thing on the screen: a line for each where there is room, and no first frame is called text."""
    framed = replace(UNKNOWN, name="framed", offers={Mode.FIRST: {"768p": (6,)}})
    drawn = draw_providers([*ROWS, (framed, None, "", "")], TextStyle(width=width), {"vtrix": {"per_minute": 7}})
    table = drawn.split("\n\n")[-1].splitlines()[1:]
    assert max(map(measure_text, table)) <= width
    flat = " ".join(" ".join(table).split())
    assert "vtrix no 768p 6 – 7 – may cost two" in flat
    if width == 200:
        assert len(table) == 5
        assert " 0.28/0.50 USD 5 3 one charge" in flat
        assert "framed not trusted first frame: 768p 6 –" in flat
    assert "Compared" not in draw_providers(ROWS[:1])


def test_a_price_that_is_not_listed_is_not_in_the_json(golden: Golden) -> None:
    golden(json.dumps(providers_dict(ROWS), indent=2), "providers.json")
