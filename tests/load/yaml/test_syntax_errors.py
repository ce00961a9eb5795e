"""What stands beside a syntax error; its words themselves are in `yaml_traps.py`."""

from yaml_samples import codes


def test_a_control_character_is_shown_beside_the_syntax_error_it_does_not_cause() -> None:
    assert codes("a: b: c\nd: " + "x" * 200 + "\x07") == ["yaml-control"]
    assert codes("a: b: c\n" + "# fill\n" * 9000 + "\x07") == ["yaml-syntax", "yaml-control"]


def test_a_syntax_error_does_not_hide_what_was_found_before_it() -> None:
    assert codes("a: {b: 1, b: 2}\nid: 010\nc: d: e\n") == ["yaml-duplicate-key", "yaml-number", "yaml-syntax"]
