"""What a person is asked to trust, and what the user trusts already, as text and as JSON."""

from collections.abc import Iterable, Iterator

from hailuo_batch.core.notification import notification_place
from hailuo_batch.core.trusted import TrustedProject, TrustQuestion
from hailuo_batch.views.format import count, safe_text
from hailuo_batch.views.style import PLAIN, TextStyle


def draw_question(question: TrustQuestion, style: TextStyle = PLAIN) -> str:
    """What is at stake, a line for each address and each folder, and the digest."""
    lines = [f"{style.bold(safe_text(question.root))} would, when you trust it:", *_stake_lines(question, style)]
    return "\n".join((*lines, f"  {question.digest}"))


def confirm_question(question: TrustQuestion) -> str:
    """What is asked below it: how much there is, since a long list may have left the screen."""
    stakes = question.stakes
    parts = [
        count(len({route.address for route in stakes.key_routes}), "address", "addresses"),
        count(len({route.variable for route in stakes.key_routes}), "key"),
        count(len(stakes.outside), "folder"),
    ]
    return f"Trust this project, with {', '.join(parts[:2])} and {parts[2]}?"


def draw_trusted(projects: Iterable[TrustedProject], style: TextStyle = PLAIN) -> str:
    """The projects that the user trusts, each with what was agreed to."""
    blocks = [_trusted_block(each, style) for each in projects]
    return "\n".join(blocks) or "You trust no project."


def question_dict(question: TrustQuestion) -> dict[str, object]:
    """What is at stake as plain data."""
    stakes = question.stakes
    return {
        "project": question.root,
        "digest": question.digest or None,
        "keys": [
            {"gateway": each.gateway, "address": each.address, "key": each.variable} for each in stakes.key_routes
        ],
        "allow_outside": list(stakes.outside),
        "allow_private_downloads": stakes.private_downloads,
        "allow_fake_ip_downloads": stakes.fake_ip_downloads,
        "notify": notification_place(stakes.notify) if stakes.notify else None,
        **stakes.places.named,
    }


def trusted_dict(project: TrustedProject) -> dict[str, object]:
    """A trusted project as plain data."""
    return {"project": project.root, "digest": project.digest, "agreed": list(project.agreed)}


def _stake_lines(question: TrustQuestion, style: TextStyle) -> Iterator[str]:
    own = {each.variable: each for each in question.own_keys}
    for route in question.stakes.key_routes:
        yield f"  {safe_text(route.gateway)}: send {route.variable} to {safe_text(route.address)}"
        if (mine := own.get(route.variable)) is not None:
            yield style.warning(f"    {mine.variable} is your key of {mine.gateway}, which is at {mine.address}")
    yield from (f"  allow {safe_text(words)}" for words in question.stakes.widenings)


def _trusted_block(project: TrustedProject, style: TextStyle) -> str:
    head = f"{style.bold(safe_text(project.root))}  {safe_text(project.digest)}"
    return "\n".join((head, *(f"  {safe_text(words)}" for words in project.agreed)))
