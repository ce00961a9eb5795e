"""Arguments and options that several commands share, each said once."""

from pathlib import Path

import click

from hailuo_batch.errors import InputError

manifest = click.argument(
    "manifest", required=False, type=click.Path(path_type=Path), callback=lambda *given: find(given[2])
)
sketch = click.option("--sketch", is_flag=True, help="Draw sketches on this machine: no key, no network, no money.")
only = click.option(
    "--only", multiple=True, metavar="GLOB|tag:X", help="Only shots whose id or tag fits; may be repeated."
)
output_format = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or programs.",
)


def find(given: Path | None) -> Path:
    """The manifest that is meant: the one named, else the only one in manifests/."""
    if given is not None:
        return given
    here = sorted(p for ending in ("yaml", "yml") for p in Path("manifests").glob(f"*.{ending}") if _is_manifest(p))
    if len(here) == 1:
        return here[0]
    if not here:
        raise InputError(
            "which manifest?", why="There is none in manifests/.", remedy="Make one:\n    hailuo-batch init"
        )
    names = "".join(f"\n    {path.as_posix()}" for path in here)
    raise InputError("which manifest?", why="Several are here, name one of them:" + names)


def _is_manifest(path: Path) -> bool:
    return not any(path.stem.endswith(ending) for ending in (".lock", ".review"))
