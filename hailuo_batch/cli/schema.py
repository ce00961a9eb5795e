"""hailuo-batch schema"""

import click

from hailuo_batch.app.schema import schema
from hailuo_batch.cli.output import print_json
from hailuo_batch.cli.run_async import run_sync


@click.command("schema")
@click.argument("name", default="manifest")
def command(name: str) -> None:
    """Print the JSON Schema NAME.

    NAME is manifest (the default), include, settings, prices, plan, review, model or provider, which people write.
    Of what --format json prints: report, reports (of several manifests), diff, validation, explanation, costs, audit,
    evidence, verification, garbage (of gc), checks (of doctor) or team (of status --team).
    Of a run while it goes: event (--progress json) or notification (--notify).
    """
    print_json(run_sync(schema(name)))
