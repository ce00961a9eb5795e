"""What `providers` prints, whole, as text and as JSON."""

import json
from collections.abc import Callable

from view_samples import usd

from hailuo_batch.core.capability import Provider
from hailuo_batch.core.price import PriceRow
from hailuo_batch.core.shot import Mode
from hailuo_batch.views.ink import Ink
from hailuo_batch.views.providers import draw_providers, providers_members

Golden = Callable[[str, str], None]

SOURCE = "https://example.com/docs"
SELLS = {Mode.TEXT: {"768p": (6, 10), "1080p": (6,)}, Mode.FIRST: {"512p": (6,)}}
KNOWN = Provider(
    name="minimax", title="MiniMax", key="MINIMAX_API_KEY", model="hailuo-02", offers=SELLS, currency="USD",
    prices=(
        PriceRow(resolution="768p", seconds=6, price=usd("0.28"), read="2026-07-10", source=SOURCE),
        PriceRow(resolution="768p", seconds=10, price=usd("0.5"), read="2026-07-11", source=SOURCE),
    ),
    notes=("Keys of one region do not work in the other.",),
)  # fmt: skip
SELLS_LITTLE = {Mode.TEXT: {"768p": (6,)}}
UNKNOWN = Provider(name="vtrix", title="Vtrix", key="VTRIX_API_KEY", model="hailuo-02", offers=SELLS_LITTLE)
ROWS = [(KNOWN, True, "2026-11-20", SOURCE), (UNKNOWN, False, "2026-11-19", SOURCE)]


def test_each_provider_is_a_block_of_what_it_sells(golden: Golden) -> None:
    golden(draw_providers(ROWS), "providers.txt")
    golden(draw_providers(ROWS, Ink(colour=True)).replace("\x1b", "ESC"), "providers_colour.txt")


def test_a_price_that_is_not_listed_is_not_in_the_json(golden: Golden) -> None:
    golden(json.dumps(providers_members(ROWS), indent=2), "providers.json")
