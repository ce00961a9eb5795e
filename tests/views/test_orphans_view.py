"""What `fetch` prints of tasks without a manifest, whole."""

import json
from collections.abc import Callable
from typing import Any

from view_samples import FORBIDDEN, HOSTILE, failure

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.views.orphans import MAX_ROWS, draw_orphans, orphan_dicts

Golden = Callable[[str, str], None]


def attempt(number: int = 1, **members: Any) -> AttemptRecord:
    plain = {
        "fingerprint": f"v1-{number}", "preimage": "{}", "provider": "minimax", "campaign": "spring", "shot": "open",
        "take": number, "tags": (), "run": 1, "stage": Stage.SUBMITTED, "task": f"t-{number}", "digest": None,
        "estimate": None, "cost": None, "failure": None, "intended_at": 0.0, "changed_at": 0.0,
    }  # fmt: skip
    return AttemptRecord(id=number, **{**plain, **members})


HOME = (attempt(1), attempt(2, campaign="winter"))
AWAY = ((attempt(3), failure("the download broke off", "Wait an hour.")), (attempt(4), None))


def test_what_came_home_says_how_it_gets_its_name_and_what_did_not_why(golden: Golden) -> None:
    golden(draw_orphans(HOME, AWAY, {"spring": "manifests/spring.yaml"}), "strays.txt")
    golden(json.dumps(orphan_dicts(HOME, AWAY), indent=2), "strays.json")


def test_no_command_names_a_manifest_that_is_gone() -> None:
    said = draw_orphans(HOME, AWAY, {"spring": "manifests/spring.yaml"})
    assert not [line for line in said.splitlines() if "hailuo-batch" in line and ".yaml" in line]
    assert "Restore a manifest that asks for them" in draw_orphans(HOME, (), {})


def test_many_are_counted() -> None:
    said = draw_orphans([attempt(number) for number in range(1, MAX_ROWS + 4)], (), {})
    assert said.count("task t-") == MAX_ROWS
    assert "… and 3 more" in said


def test_no_words_of_others_move_a_terminal() -> None:
    hostile = attempt(1, shot=HOSTILE, campaign=HOSTILE, provider=HOSTILE, task=HOSTILE)
    said = draw_orphans([hostile], [(hostile, failure(HOSTILE, HOSTILE))], {HOSTILE: HOSTILE})
    assert not [each for each in FORBIDDEN if each in said]
