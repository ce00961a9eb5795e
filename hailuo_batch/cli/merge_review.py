"""hailuo-batch merge-review"""

from pathlib import Path

import click

from hailuo_batch.app.merge_review import merge_review
from hailuo_batch.cli.run_async import run_async

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("merge-review")
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
def command(base: Path, ours: Path, theirs: Path) -> int:
    """Merge THEIRS into OURS: review files that grew from BASE. Git calls it, once you allow that.

    Decisions about different shots are merged wherever they are in the file. Two about one shot stay a conflict, and
    the exit code is 4.

    \b
    To allow it in this repository:
      git config merge.hailuo-review.driver 'hailuo-batch merge-review %O %A %B'
    """
    return 0 if run_async(merge_review(base, ours, theirs)) else 4
