"""Three machines as processes buy the same takes, while they are killed and their lines are cut: nothing twice."""

from decimal import Decimal

import pytest
from postgres_fixtures import PostgresServer, postgres  # noqa: F401 - a fixture
from team_of_machines import Team, gateway_with_books


@pytest.mark.parametrize("patience", [60.0, 0.1], ids=["patient", "giving up"])
def test_machines_that_are_killed_and_cut_off_buy_nothing_twice_lose_nothing_and_hold_the_cap(
    patience: float,
    postgres: PostgresServer,  # noqa: F811
):
    with gateway_with_books() as gateway:
        team = Team(postgres, gateway, takes=60, machines=3, cap="100.00", answer_seconds=0.5, patience=patience)
        result = team.run(kills=6, seconds=90)
        postgres.drop_database(team.database)
    assert team.errors == []
    assert (result.bought_twice, result.lost, result.kills) == ([], [], 6)
    assert result.posts + result.doubts >= 60
    assert result.stored + result.doubts == 60
    assert result.highest_use <= Decimal("16.80")


def test_machines_that_race_for_a_budget_never_pass_it(postgres: PostgresServer):  # noqa: F811
    with gateway_with_books() as gateway:
        team = Team(postgres, gateway, takes=40, machines=2, cap="5.00")
        result = team.run_once(seconds=60)
        postgres.drop_database(team.database)
    assert team.errors == []
    assert (result.bought_twice, result.lost, result.posts) == ([], [], 17)  # 4.76 of 5.00
    assert result.highest_use == Decimal("4.76")


def test_doubts_of_a_machine_that_was_only_cut_off_heal_by_themselves(postgres: PostgresServer):  # noqa: F811
    with gateway_with_books(seconds=0.5) as gateway:
        team = Team(postgres, gateway, takes=60, machines=2, flight=60, answer_seconds=1.0)
        result = team.run_cut(away=1.5, seconds=60)
        postgres.drop_database(team.database)
    assert team.errors == []
    assert team.doubts_while_away > 10
    assert (result.bought_twice, result.lost, result.doubts, result.stored) == ([], [], 0, 60)
