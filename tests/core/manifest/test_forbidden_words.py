"""Words of a project's list in prompts: whole words, in any case and script, once for each entry."""

import pytest
from core_samples import shot

from hailuo_batch.core.manifest.forbidden_words import find_forbidden_words


@pytest.mark.parametrize(
    ("word", "prompt", "found"),
    [
        ("gun", "a GUN, drawn", True),
        ("gun", "the gun's barrel", True),
        ("gun", "non-gun", True),
        ("gun", "begun and gunned, gun_1, gun2", False),
        ("gun", "begun, then a gun", True),  # a later place counts
        ("coca cola", "a Coca\n  Cola can", True),
        ("coca cola", "coca colas", False),
        ("C++", "in c++ we trust", True),
        ("straße", "die STRASSE am Abend", True),
        ("caf\u00e9", "at the cafe\u0301", True),  # one letter, written in two ways
        ("cafe", "at the cafe\u0301", False),
        ("नम", "नमक", False),
        ("नमक", "नमकीन", False),  # a sign behind the last letter is of the word
        ("ружьё", "РУЖЬЁ на стене", True),
        ("血", "一滴血落下", True),  # no blanks between words
        ("ปืน", "ชายถือปืนยาว", True),
        ("gun", "一把gun。총gun이", True),
        ("ab血", "cab血x", False),  # its first letter belongs to a word that has blanks
        ("[Shake]", "mist [shake]", True),
        ("gun", "", False),
    ],
)
@pytest.mark.parametrize("others", [(), tuple(f"zebra{n}" for n in range(300))], ids=["alone", "of-many"])
def test_a_word_is_found_whole(word: str, prompt: str, others: tuple[str, ...], *, found: bool) -> None:
    problems = tuple(find_forbidden_words([shot(prompt=prompt)], [word, *others]))
    assert [problem.path for problem in problems] == [("shots", 0, "prompt")] * found
    for problem in problems:
        assert f'"{word}"' in problem.why


def test_each_entry_has_each_word_once_with_the_number_of_its_cells() -> None:
    cells = [shot(f"a{n}", index=0, prompt=f"gun {n}, knife") for n in range(4)]
    problems = find_forbidden_words([*cells, shot("b", index=1, prompt="knife")], ["knife", "gun", "axe"])
    assert [(each.shot, each.count, each.path[1], each.why.split('"')[3]) for each in problems] == [
        ("a0", 4, 0, "knife"), ("a0", 4, 0, "gun"), ("b", 1, 1, "knife"),
    ]  # fmt: skip
