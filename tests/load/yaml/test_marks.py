"""Lines and columns as editors count them."""

from yaml_samples import read, shown

from hailuo_batch.core.problem import Place


def test_places_count_characters_not_bytes_and_lines_as_editors_do() -> None:
    found = read("# caf\u00e9 \U0001f600\r\nb: \u00e9\u00e9 \U0001f600: 1\r\n".encode())
    assert [problem.place for problem in found.problems] == [
        Place(file="x.yaml", line=2, column=8, text="b: \u00e9\u00e9 \U0001f600: 1")
    ]
    assert [shown(problem)[0] for problem in read("a: 1\rb: 2\rc: d: e\r").problems] == [
        "3:5 second colon in a line [yaml-syntax]"
    ]
