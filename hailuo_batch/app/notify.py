"""Reports the end of a run to the address that the user chose, or that a trusted project names."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hailuo_batch.core.notification import NotificationTarget, parse_notification_target
from hailuo_batch.drivers.notification import post_notification
from hailuo_batch.errors import HailuoError
from hailuo_batch.load.settings import read_project


def find_project_target(folder: Path) -> NotificationTarget | None:
    """Where the project around a folder wants the ends of its runs reported to; None unless the user trusts it."""
    with suppress(HailuoError, OSError):
        project = read_project(folder)
        return parse_notification_target(project.notify) if project.notify else None
    return None


async def notify(target: NotificationTarget, body: Mapping[str, object]) -> str:
    """Posts a message once; "" when it was taken, else why not. It changes nothing here."""
    return await post_notification(target.url, body)
