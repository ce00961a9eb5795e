"""Where the end of a run is reported to, and in which form; the address may hold a secret and is in no text."""

import re
from dataclasses import field
from enum import StrEnum

from hailuo_batch.values import dataclass

SLACK_HOST = "hooks.slack.com"
SLACK_PREFIX = "slack:"
# https anywhere, http to this machine; no user name or password in front of the host.
_ADDRESS = re.compile(
    r"(?:https://(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])|http://(?P<here>localhost|127\.0\.0\.1|\[::1\]))"
    r"(?P<port>:[0-9]{1,5})?(?:[/?][!-~]*)?"
)


class NotificationForm(StrEnum):
    """What is posted."""

    JSON = "json"  # by `schemas/notification.schema.json`
    SLACK = "slack"  # `{"text": …}`, which Slack, Mattermost and others read


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationTarget:
    """An address, the form that its host reads, and the host alone as people see it."""

    url: str = field(repr=False)
    form: NotificationForm
    place: str


def parse_notification_target(written: str) -> NotificationTarget | None:
    """The target, in Slack's form for Slack's own host or after `slack:`; None for what is no address to post to.

    Only https is, and http to this machine. A path or query that holds a secret is no part of `place`.

    >>> parse_notification_target("https://hooks.slack.com/services/T0/B0/secret").place
    'hooks.slack.com'
    >>> parse_notification_target("slack:https://chat.test/hooks/secret").form
    <NotificationForm.SLACK: 'slack'>
    >>> parse_notification_target("http://chat.test/hooks/secret") is None
    True
    """
    url = written.strip().removeprefix(SLACK_PREFIX)
    if (found := _ADDRESS.fullmatch(url)) is None:
        return None
    host = (found["host"] or found["here"]).lower()
    is_slack = written.strip().startswith(SLACK_PREFIX) or host == SLACK_HOST
    form = NotificationForm.SLACK if is_slack else NotificationForm.JSON
    return NotificationTarget(url=url, form=form, place=f"{host}{found['port'] or ''}")


def notification_place(written: str) -> str:
    """The host of an address, as people see it."""
    target = parse_notification_target(written)
    return "an address that cannot be used" if target is None else target.place
