"""hailuo-batch verify"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.verifying import Verification, verify
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text
from hailuo_batch.cli.waiting import wait_for
from hailuo_batch.views.wording import count, megabytes, safe


@click.command("verify")
@options.manifest
@options.sketch
@click.option("--deep", is_flag=True, help="Also decode every frame of every clip.")
@options.output_format
def command(manifest: Path, *, sketch: bool, deep: bool, form: str) -> int:
    """Check every clip of MANIFEST against the ledger, its names and the lock, byte by byte.

    Changes nothing. Exits with 4 when something is not as recorded, and says what to do about it: `run`
    brings back clips and names that are gone; what has changed has to be removed first.
    """
    found = wait_for(verify(manifest, sketch=sketch, deep=deep))
    if form == "json":
        print_json(_members(found))
    else:
        _tell(found, manifest, sketch=sketch)
    return found.exit


def _tell(found: Verification, manifest: Path, *, sketch: bool) -> None:
    ink = ink_for(sys.stdout)
    for finding in found.findings:
        words = f": {safe(finding.why)}" if finding.why else ""
        file, *others = map(safe, finding.files or (finding.about,))
        print_text(f"{ink.bad(file)}  {finding.fault}{words}")
        print_text("".join(f"  and {other}\n" for other in others), end="")
    looked = f"{count(found.clips, 'clip')} ({megabytes(found.bytes)}) and {count(found.names, 'name')} looked at"
    verdict = (
        ink.bad(f"{count(len(found.findings), 'thing')} not as recorded") if found.findings else ink.good("all whole")
    )
    print_text(f"{looked}: {verdict}.")
    faults = dict.fromkeys(finding.fault for finding in found.findings)
    for fault in faults:
        print_text(f"\n{fault}:\n" + indent("\n".join(wrap(fault.remedy, 96)), "  "))
    if any(fault.mended_by_run for fault in faults):
        print_text(f"\nTo run:\n    hailuo-batch run{' --sketch' * sketch} {safe(quote(str(manifest)))}")


def _members(found: Verification) -> dict[str, object]:
    findings = [{"about": f.about, "fault": f.fault.name.lower(), "why": f.why or str(f.fault)} for f in found.findings]
    return {"version": 1, "clips": found.clips, "names": found.names, "bytes": found.bytes, "findings": findings}
