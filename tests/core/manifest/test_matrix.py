"""Cells of a matrix: words and phrases, cells left out, added and changed."""

import time

import pytest
from core_samples import entry, manifest, written

from hailuo_batch.core.manifest.document import FileFrame
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.problem import Severity

PACK = """
    shots:
      - id: pack-${scent}-${locale}
        prompt: ${scent} in ${locale}
        notes: ${scent}
        tags: ["scent:${scent}"]
        frames: {first: "assets/${scent}.png"}
        matrix:
          scent: {rose: "Damask rose, pink dawn", sea: "salt air"}
          locale: [en, ja]
"""


def ids(text: str) -> list[str]:
    shots, problems = expand(written(text))
    assert problems == ()
    return [shot.id for shot in shots]


def found(text: str) -> list[tuple[str, tuple[str | int, ...], str]]:
    return [(each.rule.id, each.path, each.remedy) for each in expand(written(text))[1]]


def test_ids_tags_and_frames_get_the_word_and_prompts_and_notes_the_phrase() -> None:
    shot = expand(written(PACK))[0][0]
    assert (shot.id, shot.tags) == ("pack-rose-en", ("scent:rose",))
    assert shot.frames.first == FileFrame(path="assets/rose.png")
    assert (shot.prompt, shot.notes) == ("Damask rose, pink dawn in en", "Damask rose, pink dawn")


def test_a_text_may_say_whether_it_means_the_word_or_the_phrase() -> None:
    text = """
        shots:
          - id: a-${s.key}
            matrix: {s: {rose: "pink dawn"}}
            prompt: ${s.key} ${s.text} ${s}
            tags: ["${s}, ${s.text}"]
    """
    (shot,), problems = expand(written(text))
    assert (shot.id, shot.prompt, shot.tags, problems) == (
        "a-rose",
        "rose pink dawn pink dawn",
        ("rose, pink dawn",),
        (),
    )


def test_numbers_and_words_of_a_matrix_go_out_as_they_are_written() -> None:
    text = """
        shots:
          - id: a-${n}
            matrix: {n: {one: 1.50, two: 1e3, three: no, four: 0.10}}
            exclude: [{n: four}]
            prompt: ${n}
          - id: b-${n}
            matrix: {n: [1.50, 2]}
            exclude: [{n: 1.50}]
            include: [{n: 3.10}]
            overrides: [{where: {n: 3.10}, prompt: last}]
    """
    shots, problems = expand(written(text))
    assert [shot.prompt for shot in shots[:3]] == ["1.50", "1e3", "no"]
    assert [(shot.id, shot.prompt) for shot in shots[3:]] == [("b-2", ""), ("b-3.10", "last")]
    assert problems == ()


def test_cells_are_left_out_and_added_and_the_others_keep_their_ids() -> None:
    assert ids(PACK) == ["pack-rose-en", "pack-rose-ja", "pack-sea-en", "pack-sea-ja"]
    assert ids(PACK + "        exclude: [{scent: sea, locale: ja}]") == ["pack-rose-en", "pack-rose-ja", "pack-sea-en"]
    assert ids(PACK + "        exclude: [{scent: sea}]") == ["pack-rose-en", "pack-rose-ja"]
    assert ids(PACK + "        include: [{scent: {oud: dusk}, locale: en}]")[4:] == ["pack-oud-en"]
    again = PACK + "        exclude: [{scent: sea}]\n        include: [{scent: {sea: calm sea}, locale: ja}]"
    assert [shot.prompt for shot in expand(written(again))[0]][2:] == ["calm sea in ja"]


def test_an_added_cell_has_the_phrase_that_the_matrix_has_for_its_word() -> None:
    (*_, last), _ = expand(written(PACK + "        include: [{scent: rose, locale: sv}]"))
    assert (last.id, last.prompt) == ("pack-rose-sv", "Damask rose, pink dawn in sv")


OVERRIDES = (
    PACK
    + """
        takes: 2
        overrides:
          - {where: {scent: sea}, duration: 10, takes: 3, tags: [wet], notes: "see ${scent}", prompt_optimizer: false}
          - {where: {scent: sea, locale: ja}, takes: 4, prompt: "umi ${scent}", frames: {first: "sea-${locale}.png"}}
          - {where: {locale: ja}, providers: [highwayapi]}
"""
)


def test_an_override_changes_its_cells_only_and_the_last_that_fits_counts() -> None:
    rose_en, rose_ja, sea_en, sea_ja = expand(written(OVERRIDES))[0]
    assert [shot.takes for shot in (rose_en, rose_ja, sea_en, sea_ja)] == [2, 2, 3, 4]
    assert [shot.duration for shot in (rose_en, rose_ja, sea_en, sea_ja)] == [6, 6, 10, 10]
    assert [shot.providers for shot in (rose_en, rose_ja, sea_en, sea_ja)] == [(), ("highwayapi",), (), ("highwayapi",)]
    assert (sea_en.tags, sea_en.notes, dict(sea_en.switches)["prompt_optimizer"]) == (
        ("scent:sea", "wet"), "see salt air", False,
    )  # fmt: skip
    assert (sea_ja.prompt, sea_ja.frames.first) == ("umi salt air", FileFrame(path="sea-ja.png"))
    assert sea_ja.find_place("takes") == ("shots", 0, "overrides", 1, "takes")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("exclude: [{sent: sea}]", [("cell", ("shots", 0, "exclude", 0, "sent"), 'Did you mean "scent"?')]),
        ("exclude: [{scent: see}]", [("cell", ("shots", 0, "exclude", 0, "scent"), "Write one of rose, sea.")]),
        ("include: [{scent: oud}]", [("cell", ("shots", 0, "include", 0), "Write locale: and its value.")]),
        (
            "include: [{scent: sea, locale: ja}]",
            [("cell", ("shots", 0, "include", 0), "Delete this one; to change a cell, write it under overrides.")],
        ),
        (
            "include: [{scent: oud, locale: ja}, {scent: oud, locale: ja}]",
            [("cell", ("shots", 0, "include", 1), "Delete this one; to change a cell, write it under overrides.")],
        ),
        (
            "overrides: [{where: {locale: jp}, takes: 2}]",
            [("cell", ("shots", 0, "overrides", 0, "where", "locale"), "Write one of en, ja.")],
        ),
        (
            "exclude: [{scent: sea}, {scent: rose}]",
            [("cell", ("shots", 0, "exclude"), "Leave out fewer cells, or delete the shot.")],
        ),
    ],
)
def test_what_does_not_fit_the_matrix_is_a_problem_at_its_place(more: str, said: list[object]) -> None:
    assert found(f"{PACK}        {more}") == said


def test_what_fits_no_cell_is_a_warning() -> None:
    text = (
        PACK
        + """
        exclude: [{scent: sea}]
        overrides: [{where: {scent: sea}, takes: 2}, {where: {locale: ja}, takes: 3}]
    """
    )
    (problem,) = expand(written(text))[1]
    assert (problem.rule.id, problem.severity) == ("cell-unused", Severity.WARNING)
    assert problem.path == ("shots", 0, "overrides", 0, "where")


def test_cells_without_a_matrix_are_a_problem() -> None:
    text = "shots: [{id: a, exclude: [{b: c}], overrides: [{where: {b: c}, takes: 2}]}]"
    assert [(rule, path) for rule, path, _ in found(text)] == [
        ("cell", ("shots", 0, "exclude")), ("cell", ("shots", 0, "overrides")),
    ]  # fmt: skip


def test_a_mistake_in_an_override_is_told_where_it_is_written() -> None:
    text = (
        PACK
        + """
        overrides: [{where: {locale: ja}, style: nior, prompt: "${botle}", tags: ["${nope}"], notes: "${x}"}]
    """
    )
    assert [path[2:] for _, path, _ in found(text)] == [
        ("overrides", 0, *last) for last in (("style",), ("prompt",), ("notes",), ("tags", 0))
    ]


def test_many_cells_left_out_cost_little() -> None:
    began = time.process_time()
    words = {str(number): str(number) for number in range(300)}
    cells = tuple({"a": str(number), "b": str(number)} for number in range(300))
    shots, problems = expand(manifest(entry("s-${a}-${b}", matrix={"a": words, "b": words}, exclude=cells * 20)))
    assert (len(shots), problems) == (300 * 299, ())
    assert time.process_time() - began < 5
