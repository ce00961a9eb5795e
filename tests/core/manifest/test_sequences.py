"""Sequences: the order of the edit, and what counts for all shots of one."""

from core_samples import written

from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.problem import Severity

FILM = """
    styles: {film: {suffix: ", grain"}, dusk: {suffix: ", dusk"}}
    defaults: {takes: 2, tags: [all], notes: from the defaults, style: film, providers: [minimax]}
    sequences:
      - {id: sq010, title: The harbour, tags: [harbour], defaults: {duration: 10, tags: [exterior]}}
      - {id: sq020, style: dusk, defaults: {style: film, notes: from the sequence, providers: [highwayapi]}}
    shots:
      - {id: title}
      - {id: b, prompt: b, sequence: sq020, tags: [hero, all]}
      - {id: c, prompt: c, sequence: sq020, style: none, takes: 5, notes: ""}
      - {id: card}
      - {id: a, prompt: a, sequence: sq010, providers: [mindvideo]}
"""


def found(text: str) -> list[tuple[str, tuple[str | int, ...], str]]:
    return [(each.rule.id, each.path, each.remedy) for each in expand(written(text))[1]]


def test_shots_come_in_the_order_of_their_sequences_and_one_without_stays_behind_its_neighbour() -> None:
    shots, problems = expand(written(FILM))
    assert [(shot.id, shot.sequence, shot.index) for shot in shots] == [
        ("title", "", 0), ("a", "sq010", 4), ("b", "sq020", 1), ("c", "sq020", 2), ("card", "", 3),
    ]  # fmt: skip
    assert problems == ()


def test_the_nearest_level_decides_and_tags_add_up() -> None:
    shots = {shot.id: shot for shot in expand(written(FILM))[0]}
    assert [(shots[name].duration, shots[name].takes) for name in "abc"] == [(10, 2), (6, 2), (6, 5)]
    assert [shots[name].prompt for name in "abc"] == ["a, grain", "b, dusk", "c"]
    assert [shots[name].tags for name in "abc"] == [("all", "exterior", "harbour"), ("all", "hero"), ("all",)]
    assert [shots[name].notes for name in "abc"] == ["from the defaults", "from the sequence", ""]
    assert [shots[name].providers for name in "abc"] == [("mindvideo",), ("highwayapi",), ("highwayapi",)]
    assert shots["title"].providers == ("minimax",)


def test_a_setting_of_a_sequence_knows_its_place() -> None:
    shots = {shot.id: shot for shot in expand(written(FILM))[0]}
    assert shots["a"].find_place("duration") == ("sequences", 0, "defaults", "duration")
    assert shots["b"].find_place("style") == ("sequences", 1, "style")
    assert shots["b"].find_place("resolution") == ("shots", 1)


def test_what_is_wrong_with_sequences_is_told_at_its_place() -> None:
    text = """
        sequences: [{id: sq010}, {id: sq020, tags: ["${no}"], defaults: {style: noir}}, {id: sq010}, {id: sq030}]
        shots: [{id: a, sequence: sq010}, {id: b, sequence: sq01}, {id: c, sequence: sq020}, {id: d, sequence: sq020}]
    """
    assert found(text) == [
        ("sequence-twice", ("sequences", 2, "id"), "Rename one of them."),
        ("sequence-unknown", ("shots", 1, "sequence"), 'Did you mean "sq010"?'),
        ("sequence-empty", ("sequences", 3, "id"), "Write sequence: sq030 at its shots, or delete it."),
        ("style-unknown", ("sequences", 1, "defaults", "style"), "Add it under styles, or delete it."),
        ("name-unknown", ("sequences", 1, "tags", 0), "Add it under vars, or write $$ for a dollar sign."),
    ]


def test_a_sequence_without_shots_stops_nothing() -> None:
    _, (problem,) = expand(written("sequences: [{id: sq010}]\nshots: [{id: a}]"))
    assert problem.severity is Severity.WARNING


def test_a_mistake_in_the_defaults_is_told_once_and_there() -> None:
    text = """
        defaults: {notes: "${x}", tags: ["${y}"]}
        shots: [{id: a}, {id: b}, {id: c, notes: own}]
    """
    assert [(rule, path) for rule, path, _ in found(text)] == [
        ("name-unknown", ("defaults", "notes")), ("name-unknown", ("defaults", "tags", 0)),
    ]  # fmt: skip
