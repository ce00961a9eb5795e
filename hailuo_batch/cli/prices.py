"""hailuo-batch prices"""

import sys
import time

import click

from hailuo_batch.app.prices import learn_prices, list_prices, proposal_text, write_learnt_prices
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.errors import Exit
from hailuo_batch.views.prices import draw_learnt, draw_prices, learnt_dict, prices_dict


@click.command("prices")
@click.argument("action", metavar="[ACTION]", required=False, type=click.Choice(["learn"]))
@click.option("--write", is_flag=True, help="With learn: add the rows to hailuo.yaml, whose other lines stay.")
@options.output_format
def command(*, action: str | None, write: bool, form: str) -> int:
    """List the prices in effect: of hailuo.yaml, else of your prices.yaml, else of the gateways' tables.

    ACTION `learn` proposes rows from what the ledger was actually charged, for each provider, model, resolution and
    length. Where amounts differ, the newest is proposed.
    """
    if action is None and write:
        raise click.UsageError("--write belongs to learn.")
    if action == "learn":
        return _learn(write=write, form=form)
    prices = list_prices()
    if form == "json":
        print_json(prices_dict(prices))
    else:
        print_text(draw_prices(prices, make_style(sys.stdout)))
    return Exit.DONE


def _learn(*, write: bool, form: str) -> int:
    learnt = run_async(learn_prices())
    proposal = proposal_text(learnt)
    file = write_learnt_prices(learnt) if write else None
    written = "" if file is None else str(file)
    if form == "json":
        print_json(learnt_dict(learnt, time.time(), written=written))
    else:
        print_text(draw_learnt(learnt, proposal, written=written, style=make_style(sys.stdout)))
    return Exit.DONE
