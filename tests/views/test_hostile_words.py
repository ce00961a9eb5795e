"""What users write (prompts, ids, notes, tags, file names, providers' words) is text in every view and nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from test_explain_view import explanation
from test_history_view import attempt
from test_problems_view import problem
from view_samples import FORBIDDEN, HOSTILE, change, draw_page, failure, report, row, shot, step, stored

from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.problem import Place
from hailuo_batch.errors import InputError
from hailuo_batch.views.explain import draw_explanation, explanation_dict
from hailuo_batch.views.format import safe_text
from hailuo_batch.views.history import draw_history, history_dict
from hailuo_batch.views.json_report import json_text, report_dict
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.problems import draw_error, draw_problems, github_annotations, problem_dict
from hailuo_batch.views.report import draw_report
from hailuo_batch.views.run_summary import draw_run_summary

WORDS: dict[str, Any] = {
    "prompt": HOSTILE, "notes": HOSTILE, "tags": (HOSTILE,), "why": HOSTILE, "file": HOSTILE.replace("\ud800", ""),
    "changes": (
        change("prompt", HOSTILE, HOSTILE + "!"), change(HOSTILE, HOSTILE, "x"),
        change("first", "sha256:0", None, label=HOSTILE, label_before=HOSTILE),
    ),
    "chain": (HOSTILE,), "followers": (HOSTILE,), "follower_count": 1, "shared_with": (HOSTILE,), "remarks": (HOSTILE,),
}  # fmt: skip
REPORT = report(row(HOSTILE, **WORDS), stored(HOSTILE, **WORDS), manifest=HOSTILE)
EXPLAINED = explanation(
    shot=HOSTILE, reason=HOSTILE, shared_with=(HOSTILE,), digest="sha256:0",
    members=(
        Member(name="prompt", now=HOSTILE, before=HOSTILE + "!", changed=True),
        Member(name="first", now={"a": HOSTILE}),
    ),
)  # fmt: skip
ATTEMPT = attempt(1, fingerprint=REPORT.rows[0].fingerprint, failure=failure(HOSTILE, HOSTILE), task=HOSTILE)
PROBLEM = problem(
    text=f"  prompt: {HOSTILE}".splitlines()[0], why=HOSTILE, remedy=HOSTILE, path=(HOSTILE,),
    place=Place(file=HOSTILE, line=1, column=20, text=f"  prompt: {HOSTILE}"),
)  # fmt: skip
FAILED = Outcome(failed=((step(shot(HOSTILE)), failure(HOSTILE, HOSTILE)),), stop_reason=HOSTILE)

TEXTS: dict[str, Callable[[], str]] = {
    "plan": lambda: draw_plan(REPORT),
    "report": lambda: draw_report(REPORT),
    "outcome": lambda: draw_run_summary(FAILED, REPORT, lock=Path("a") / HOSTILE.replace("\x00", ""), folder=HOSTILE),
    "outcome with nothing to do": lambda: draw_run_summary(
        Outcome(), report(), lock=Path(HOSTILE.replace("\x00", "")), folder="renders/"
    ),
    "explanation": lambda: draw_explanation(EXPLAINED),
    "history": lambda: draw_history(REPORT.rows, (ATTEMPT,), ()),
    "problems": lambda: draw_problems((PROBLEM, replace(PROBLEM, place=None))),
    "error": lambda: draw_error(InputError(HOSTILE, why=HOSTILE, remedy=HOSTILE)),
    "annotations": lambda: "\n".join(github_annotations((PROBLEM,))),
}
MEMBERS: dict[str, Callable[[], object]] = {
    "report": lambda: report_dict(REPORT),
    "explanation": lambda: explanation_dict(EXPLAINED),
    "history": lambda: history_dict(REPORT.rows, (ATTEMPT,), ()),
    "problem": lambda: problem_dict(PROBLEM),
}


@pytest.mark.parametrize("view", TEXTS)
def test_no_text_moves_the_cursor_or_turns_round(view: str) -> None:
    text = TEXTS[view]()
    assert not [each for each in FORBIDDEN if each in text]
    if view not in {"outcome with nothing to do"}:
        assert "�[31mred" in text, "the words themselves stay readable"


@pytest.mark.parametrize("view", ["plan", "report", "explanation", "history", "outcome"])
def test_a_line_break_in_a_prompt_begins_no_line_of_ours(view: str) -> None:
    assert not [line for line in TEXTS[view]().splitlines() if line.startswith("lines")]


@pytest.mark.parametrize("view", MEMBERS)
def test_json_keeps_every_word_and_moves_no_cursor(view: str) -> None:
    text = json_text(MEMBERS[view]())
    assert not [each for each in FORBIDDEN if each in text]
    assert HOSTILE in strings(json.loads(text))


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [found for each in value.values() for found in strings(each)]
    if isinstance(value, list):
        return [found for each in value for found in strings(each)]
    return [value] if isinstance(value, str) else []


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "poster"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_has_only_tags_of_ours() -> None:
    page = Page()
    text = draw_page(REPORT)
    page.feed(text)
    assert not [each for each in FORBIDDEN if each in text]
    assert page.tags == {
        "html", "head", "meta", "title", "style", "script", "body", "header", "main", "footer", "section", "article",
        "h1", "h2", "h3", "p", "ol", "ul", "li", "dl", "dt", "dd", "div", "span", "b", "a", "kbd", "img", "svg", "rect",
        "button", "form", "input", "select", "option", "output", "dialog",
    }  # fmt: skip
    assert text.count("<script") == 1
    assert not [name for name in page.names if name.startswith("on") or name == "style"]
    assert "<script>alert(1)</script> \"'`&amp;" in page.text


def test_a_file_name_is_an_address_below_the_page() -> None:
    """`javascript:` at the beginning of a name would be a script, were it not quoted."""
    page = Page()
    odd = [stored("a", file=name) for name in ("javascript:alert(1).mp4", 'x" onerror="y.mp4')]
    page.feed(draw_page(report(*odd)))
    assert page.links
    for link in page.links:
        assert not link.startswith(("//", "javascript:", "http")), link
        assert '"' not in link


@pytest.mark.parametrize("letter", ["\u200b", "\u200e", "\u200f", "\u061c", "\u2060", "\ufeff", "\U000e0041"])
def test_what_cannot_be_seen_is_shown_as_such(letter: str) -> None:
    assert safe_text(f"a{letter}b") == "a\ufffdb"
    shown = json_text({"prompt": f"a{letter}b"})
    assert letter not in shown
    assert json.loads(shown) == {"prompt": f"a{letter}b"}


def test_joiners_of_emoji_and_of_persian_words_stay() -> None:
    assert safe_text("\U0001f469\u200d\U0001f680 \u0645\u06cc\u200c\u0634\u0648\u062f") == (
        "\U0001f469\u200d\U0001f680 \u0645\u06cc\u200c\u0634\u0648\u062f"
    )
