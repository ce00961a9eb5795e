"""The six gateways by name."""

from hailuo_batch.mock.contract import GatewayContract
from hailuo_batch.mock.contracts.gccai import Gccai
from hailuo_batch.mock.contracts.highwayapi import Highwayapi
from hailuo_batch.mock.contracts.mindvideo import Mindvideo
from hailuo_batch.mock.contracts.minimax import Minimax
from hailuo_batch.mock.contracts.odkkk import Odkkk
from hailuo_batch.mock.contracts.vtrix import Vtrix


def contracts() -> dict[str, GatewayContract]:
    """Each gateway's contract."""
    every: tuple[GatewayContract, ...] = (Gccai(), Odkkk(), Mindvideo(), Vtrix(), Highwayapi(), Minimax())
    return {contract.name: contract for contract in every}
