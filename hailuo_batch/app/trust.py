"""Which projects the user trusts on this machine: what is at stake, trust one content of it, take trust back.

Trust is kept outside every project. What a caller trusts is a digest: what changes meanwhile is not trusted with it.
"""

from collections.abc import Iterator
from pathlib import Path

from hailuo_batch.app.account import require_valid_settings
from hailuo_batch.core.trust import KeyRoute, Stakes
from hailuo_batch.core.trusted import TrustedProject, TrustQuestion
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.load.provider_tables import provider_names
from hailuo_batch.load.settings import read_project
from hailuo_batch.load.stakes import own_route
from hailuo_batch.load.trust import delete_trust, list_trusted_projects, write_trust


def read_stakes(folder: Path | str = ".") -> TrustQuestion:
    """What the project around a folder would need trust for. `InputError` when its settings cannot be used."""
    path = Path(folder).resolve()
    if not path.is_dir():
        raise InputError(f"{folder} is no folder", remedy="Name the folder of a project.")
    project = read_project(path)
    require_valid_settings(project)
    return TrustQuestion(
        root=str(project.root),
        stakes=project.stakes,
        own_keys=tuple(_find_own_keys(project.stakes)),
        is_trusted=project.is_trusted,
    )


def trust(question: TrustQuestion, *, digest: str) -> None:
    """Trusts what was shown, when `digest` is that of it; raises `RefusedError` for another one."""
    if digest != question.digest:
        now = f"has the digest\n{question.digest}" if question.digest else "needs no trust."
        raise RefusedError(
            "not trusted: the digest is another one",
            why=f"What hailuo.yaml says now {now}",
            remedy=f"To see what is at stake:\n    {command_line('trust', question.root)}",
        )
    if question.stakes:
        write_trust(Path(question.root), question.stakes)


def untrust(folder: Path | str = ".") -> bool:
    """Takes the trust in the project around a folder back; whether there was any. The folder may be gone."""
    return delete_trust(find_project_root(Path(folder).resolve()))


def trusted_projects() -> tuple[TrustedProject, ...]:
    """Every project that the user trusts on this machine."""
    return list_trusted_projects()


def _find_own_keys(stakes: Stakes) -> Iterator[KeyRoute]:
    """Gateways of ours whose keys would go to another address than their own."""
    variables = {each.variable for each in stakes.key_routes}
    for name in provider_names():
        if (own := own_route(name)).variable in variables:
            yield own
