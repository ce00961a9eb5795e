from dataclasses import replace

from view_samples import FORBIDDEN, HOSTILE, report, row, stored, usd

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.review import Acceptance, Retake
from hailuo_batch.views.review import acceptances_dict, draw_acceptances, draw_retakes, retakes_dict
from hailuo_batch.views.style import TextStyle

AGAIN = {
    "open": Retake(take=3, by="ann", at="2026-11-20T08:00:00Z", why="the hand comes in too early."),
    "pack": Retake(take=2, by="ann", at="2026-11-20T08:00:00Z"),
}
NOTES = ("open#2 is still pending: submitted, still rendering. The new take is bought beside it.",)
KEPT = Acceptance(
    take=1, request="v1-" + "b" * 64, clip="sha256:" + "c" * 64, made_for="v1-" + "a" * 64, by="ann",
    at="2026-11-20T08:00:00Z", why="only a typo",
)  # fmt: skip
BUYING = report(row(take=3), row("pack", take=2), to_spend=(usd("0.56"),), shots_outside=2)
WAITING = report(row(take=2, why="the request changed"), stored(), to_spend=(usd("0.28"),), accepted=1)


def test_what_was_asked_for_once_more_and_what_that_would_cost(golden) -> None:
    golden(draw_retakes(AGAIN, NOTES, BUYING, review="manifests/teaser.review.yaml"), "retakes.txt")


def test_the_same_in_colour(golden) -> None:
    drawn = draw_retakes(AGAIN, NOTES, BUYING, review="manifests/teaser.review.yaml", style=TextStyle(colour=True))
    golden(drawn, "retakes_colour.txt")


def test_what_is_kept_and_what_is_kept_no_more(golden) -> None:
    drawn = draw_acceptances(
        {"open": (KEPT,)}, {"pack": (KEPT,)}, ("open#3 has no earlier clip.",), WAITING, review="teaser.review.yaml"
    )
    golden(drawn, "acceptances.txt")


def test_only_a_review_that_git_keeps_is_to_be_committed() -> None:
    own, shared = ".hailuo/rehearsal/reviews/teaser.review.yaml", "teaser.review.yaml"
    said = {file: draw_retakes(AGAIN, (), replace(BUYING, rehearsal=True), review=file) for file in (own, shared)}
    assert f"Saved in {own}. It is about this rehearsal only." in said[own]
    assert f"Saved in {shared}. Commit it together with the manifest." in said[shared]


def test_what_people_wrote_moves_no_cursor() -> None:
    again = {HOSTILE: Retake(take=2, by=HOSTILE, at="2026-11-20", why=HOSTILE)}
    kept = {
        HOSTILE: (Acceptance(take=1, request="v1-b", clip="sha256:c", made_for="v1-a", by="a", at="", why=HOSTILE),)
    }
    drawn = draw_retakes(again, (HOSTILE,), report(row(HOSTILE)), review=HOSTILE)
    drawn += draw_acceptances(kept, kept, (HOSTILE,), report(row(HOSTILE)), review=HOSTILE)
    assert not [letter for letter in FORBIDDEN if letter in drawn]


def test_programs_get_all_of_it() -> None:
    members = retakes_dict(AGAIN, NOTES, BUYING)
    assert members["retakes"] == [
        {
            "shot": "open",
            "take": 3,
            "by": "ann",
            "at": "2026-11-20T08:00:00Z",
            "why": "the hand comes in too early.",
        },
        {"shot": "pack", "take": 2, "by": "ann", "at": "2026-11-20T08:00:00Z", "why": ""},
    ]
    assert (members["version"], members["notes"]) == (1, list(NOTES))
    assert isinstance(members["plan"], dict)
    assert members["plan"]["summary"]["actions"][Action.SUBMIT] == 2
    found = acceptances_dict({"open": (KEPT,)}, {}, (), WAITING)
    assert found["accepted"] == [
        {
            "shot": "open", "take": 1, "request": KEPT.request, "clip": KEPT.clip, "made_for": KEPT.made_for,
            "by": "ann", "at": KEPT.at, "why": KEPT.why,
        }
    ]  # fmt: skip
    assert found["withdrawn"] == []
