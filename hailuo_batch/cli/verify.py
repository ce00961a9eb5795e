"""hailuo-batch verify"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote
from textwrap import indent, wrap

import click

from hailuo_batch.app.verify import Fault, Finding, Verification, verify
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.views.format import count, megabytes, safe
from hailuo_batch.views.style import Ink


@click.command("verify")
@options.manifest
@options.sketch
@click.option("--deep", is_flag=True, help="Also decode every frame of every clip.")
@options.output_format
def command(manifest: Path, *, sketch: bool, deep: bool, form: str) -> int:
    """Check every clip of MANIFEST against the ledger, its names and the lock, byte by byte.

    Changes nothing. Exits with 4 when something is not as recorded, and says what to do about it: `run` brings back
    clips and names that are gone; files with other content have to be taken away first.
    """
    found = wait_for(verify(manifest, sketch=sketch, deep=deep))
    if form == "json":
        print_json(_members(found))
    else:
        line = f"hailuo-batch run{' --sketch' * sketch} {quote(str(manifest))}"
        print_text("\n".join(_lines(found, line, ink_for(sys.stdout))))
    return found.exit


def _lines(found: Verification, run: str, ink: Ink) -> Iterator[str]:
    for finding in found.findings:
        yield from _finding(finding, ink)
    looked = f"{count(found.clips, 'clip')} ({megabytes(found.bytes)}) and {count(found.names, 'name')} looked at"
    if not found.findings:
        yield f"{looked}: {ink.good('all whole')}."
        return
    things = f"{count(len(found.findings), 'thing')} not as recorded"
    yield f"{looked}: {ink.bad(things)}."
    yield from _remedies((finding.fault for finding in found.findings), run)


def _finding(finding: Finding, ink: Ink) -> Iterator[str]:
    file, *others = map(safe, finding.files or (finding.about,))
    label = f" ({safe(finding.about)})" if finding.fault is Fault.UNLOCKED else ""
    words = f": {safe(finding.why)}" if finding.why else ""
    yield f"{ink.bad(file)}{label}  {finding.fault}{words}"
    yield from (f"  and {other}" for other in others)


def _remedies(faults: Iterable[Fault], run: str) -> Iterator[str]:
    """What to do, once for each kind of fault."""
    kinds = dict.fromkeys(faults)
    for fault in kinds:
        yield f"\n{fault.capitalize()}:\n" + indent("\n".join(wrap(fault.remedy, 96)), "  ")
    if any(fault.mended_by_run for fault in kinds):
        yield f"\nTo run:\n    {safe(run)}"


def _members(found: Verification) -> dict[str, object]:
    findings = [
        {
            "about": finding.about,
            "fault": finding.fault.name.lower(),
            "files": list(finding.files),
            "why": finding.why or str(finding.fault),
            "remedy": finding.fault.remedy,
        }
        for finding in found.findings
    ]
    return {"version": 1, "clips": found.clips, "names": found.names, "bytes": found.bytes, "findings": findings}
