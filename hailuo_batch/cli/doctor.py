"""hailuo-batch doctor"""

import sys

import click

from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.doctor_checks import CheckResult
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.errors import Exit
from hailuo_batch.views.doctor import CheckRow, draw_checks


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Do not query gateways.")
@options.output_format
def command(*, offline: bool, form: str) -> int:
    """Check this machine and the project around this folder. Changes nothing. Exits with 3 when a check fails,
    and with 6 when a gateway rejects its key.

    Queries each gateway whose key is set, free: for the balance where it reports one, else whether the key works.
    """
    checks = run_async(doctor(offline=offline))
    if form == "json":
        rows = [{"name": c.name, "state": str(c.result), "found": c.detail, "remedy": c.remedy} for c in checks]
        print_json({"version": 1, "checks": rows})
    else:
        lines = [CheckRow(str(c.result), c.name, c.detail, c.remedy, c.group) for c in checks]
        print_text(draw_checks(lines, make_style(sys.stdout)))
    if any(check.is_key_rejected for check in checks):
        return Exit.KEY
    return Exit.INVALID if any(check.result is CheckResult.BAD for check in checks) else Exit.DONE
