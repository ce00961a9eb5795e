"""hailuo-batch verify"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent, wrap

import click

from hailuo_batch.app.verify import Verification, verify
from hailuo_batch.app.verify_faults import VerifyFault, VerifyFinding
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_extra_problems, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.costs import REHEARSAL_NOTE
from hailuo_batch.views.format import count, format_size, safe_text
from hailuo_batch.views.style import TextStyle


@click.command("verify")
@options.manifest
@options.world
@options.only
@click.option("--deep", is_flag=True, help="Also decode every frame of every clip.")
@options.output_format
def command(manifest: Path, *, world: World, only: tuple[str, ...], deep: bool, form: str) -> int:
    """Check every clip of MANIFEST against the ledger, its names and the lock, byte by byte.

    Changes nothing. Exits with 4 when something is not as recorded (9: the ledger is gone), and prints what to do:
    `run` restores missing clips and names; files with other content must be removed first. Of clips that only the
    shared store has, the bytes are read with --deep. With --only, files that belong to no take are not reported.
    """
    found = run_async(verify(manifest, world=world, deep=deep, only=only))
    print_extra_problems(found.problems)
    if form == "json":
        print_json({**_verification_dict(found), "rehearsal": world is World.REHEARSAL})
    else:
        if world is World.REHEARSAL:
            print_text(REHEARSAL_NOTE)
        line = command_line("run", manifest=str(manifest), world=world)
        print_text("\n".join(_draw_verification(found, line, make_style(sys.stdout))))
    return found.exit


def _draw_verification(found: Verification, run: str, style: TextStyle) -> Iterator[str]:
    for finding in found.findings:
        yield from _draw_finding(finding, style)
    checked = f"{count(found.clips, 'clip')} ({format_size(found.bytes)}) and {count(found.names, 'name')} checked"
    if found.only_shared:
        clips = f"{count(found.only_shared, 'clip')} {'is' if found.only_shared == 1 else 'are'}"
        yield f"{clips} only in the shared store, with the right size; --deep reads the bytes, and keeps them here."
    if not found.findings:
        yield f"{checked}: {style.good('all intact')}."
        return
    things = f"{count(len(found.findings), 'thing')} not as recorded"
    yield f"{checked}: {style.bad(things)}."
    yield from _draw_remedies((finding.fault for finding in found.findings), run)


def _draw_finding(finding: VerifyFinding, style: TextStyle) -> Iterator[str]:
    file, *others = map(safe_text, finding.files or (finding.subject,))
    label = f" ({safe_text(finding.subject)})" if finding.fault in {VerifyFault.UNLOCKED, VerifyFault.REJECTED} else ""
    words = f": {safe_text(finding.why)}" if finding.why else ""
    yield f"{style.bad(file)}{label}  {finding.fault}{words}"
    yield from (f"  and {other}" for other in others)


def _draw_remedies(faults: Iterable[VerifyFault], run: str) -> Iterator[str]:
    """What to do, once for each kind of fault."""
    kinds = dict.fromkeys(faults)
    for fault in kinds:
        yield f"\n{fault.capitalize()}:\n" + indent("\n".join(wrap(fault.remedy, 96)), "  ")
    if any(fault.is_fixable_by_run for fault in kinds):
        yield f"\nTo run:\n    {safe_text(run)}"


def _verification_dict(found: Verification) -> dict[str, object]:
    findings = [
        {
            "about": finding.subject,
            "fault": finding.fault.name.lower(),
            "files": list(finding.files),
            "why": finding.why or str(finding.fault),
            "remedy": finding.fault.remedy,
        }
        for finding in found.findings
    ]
    return {
        "version": 1,
        "clips": found.clips,
        "names": found.names,
        "bytes": found.bytes,
        "only_shared": found.only_shared,
        "findings": findings,
    }
