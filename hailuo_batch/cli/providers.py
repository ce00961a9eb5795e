"""hailuo-batch providers"""

import sys

import click

from hailuo_batch.app.providers import providers
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.views.providers import draw_providers, providers_dict


@click.command("providers")
@click.argument("name", required=False)
@click.option(
    "--model", metavar="NAME", default=DEFAULT_MODEL, show_default=True, help="Only what they offer of this model."
)
@options.output_format
def command(name: str | None, model: str, form: str) -> None:
    """List the providers of a model (or only NAME): lengths, prices, limits, keys, and what is only inferred."""
    facts = run_sync(providers(name, model=model))
    rows = [(each.provider, each.has_key, each.read_on, each.source) for each in facts]
    own = {each.provider.name: each.limits for each in facts if each.limits}
    if form == "json":
        print_json(providers_dict(rows, own))
    else:
        print_text(draw_providers(rows, make_style(sys.stdout), own))
