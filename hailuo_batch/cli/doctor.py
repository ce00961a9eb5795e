"""hailuo-batch doctor"""

import sys

import click

from hailuo_batch.app.doctor import CheckResult, doctor
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.errors import Exit
from hailuo_batch.views.format import safe_text


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Do not query gateways for the balance.")
@options.output_format
def command(*, offline: bool, form: str) -> int:
    """Check this machine and the project around this folder. Changes nothing. Exits with 3 when a check fails.

    Queries the balance of each gateway that reports one and whose key is set; that is free.
    """
    checks = run_async(doctor(offline=offline))
    if form == "json":
        rows = [{"name": c.name, "state": str(c.result), "found": c.detail, "remedy": c.remedy} for c in checks]
        print_json({"version": 1, "checks": rows})
    else:
        ink = make_style(sys.stdout)
        colours = {CheckResult.GOOD: ink.good, CheckResult.NOTE: ink.warning, CheckResult.BAD: ink.bad}
        wide = max(len(check.name) for check in checks)
        for check in checks:
            remedy = f"\n{'':<{wide + 8}}{safe_text(check.remedy)}" if check.remedy else ""
            print_text(
                f"{colours[check.result](f'{check.result:<4}')}  {check.name:<{wide}}  "
                f"{safe_text(check.detail)}{remedy}"
            )
    return Exit.INVALID if any(check.result is CheckResult.BAD for check in checks) else Exit.DONE
