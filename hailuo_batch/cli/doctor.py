"""hailuo-batch doctor"""

import sys

import click

from hailuo_batch.app.doctor import State, doctor
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.errors import Exit
from hailuo_batch.views.format import safe


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Ask no gateway for the balance.")
@options.output_format
def command(*, offline: bool, form: str) -> int:
    """Check this machine and the project around this folder. Changes nothing; exits with 3 when something is unfit.

    Gateways that tell a balance are asked for it where their key is set; that costs nothing.
    """
    checks = wait_for(doctor(offline=offline))
    if form == "json":
        rows = [{"name": c.name, "state": str(c.state), "found": c.found, "remedy": c.remedy} for c in checks]
        print_json({"version": 1, "checks": rows})
    else:
        ink = ink_for(sys.stdout)
        colours = {State.GOOD: ink.good, State.NOTE: ink.care, State.BAD: ink.bad}
        wide = max(len(check.name) for check in checks)
        for check in checks:
            remedy = f"\n{'':<{wide + 8}}{safe(check.remedy)}" if check.remedy else ""
            print_text(
                f"{colours[check.state](f'{check.state:<4}')}  {check.name:<{wide}}  {safe(check.found)}{remedy}"
            )
    return Exit.INVALID if any(check.state is State.BAD for check in checks) else Exit.DONE
