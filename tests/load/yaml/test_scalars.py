"""The core schema of YAML 1.2, and what is refused because readers differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.load.yaml.scalars import (
    SPECIAL_STARTS,
    TAG_PREFIX,
    Scalar,
    ScalarRefusal,
    parse_plain_scalar,
    parse_tagged_scalar,
)

READINGS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None, "nULL": "nULL", "none": "none",
    "true": True, "True": True, "TRUE": True, "tRue": "tRue", "false": False, "False": False, "FALSE": False,
    "0": 0, "-0": 0, "+5": 5, "6": 6, "-12": -12, "0o17": 15, "0x1F": 31, "0o8": "0o8", "0xg": "0xg", "-0x1": "-0x1",
    "1.5": 1.5, "-.5": -0.5, "2.": 2.0, "1e3": 1000.0, "1E-2": 0.01, "007.5": 7.5, ".": ".", "-": "-", "+": "+",
    "9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63),
    "no": "no", "yes": "yes", "on": "on", "off": "off", "9:16": "9:16", "12:30": "12:30", "2026-01-01": "2026-01-01",
    "1_000": "1_000", "1e": "1e", "0b1": "0b1", "1,5": "1,5", "٣": "٣", "6s": "6s", "inf": "inf", "nan": "nan",
    "the cap": "the cap",
}  # fmt: skip


@pytest.mark.parametrize("text", READINGS)
def test_a_plain_scalar_is_read_by_the_core_schema(text: str) -> None:
    value = parse_plain_scalar(text)
    assert (value, type(value)) == (READINGS[text], type(READINGS[text]))


@pytest.mark.parametrize("text", ["010", "-010", "+07", "00", "08"])
def test_a_leading_zero_is_refused_for_readers_differ(text: str) -> None:
    refusal = parse_plain_scalar(text)
    assert isinstance(refusal, ScalarRefusal)
    assert refusal.message.rule.summary == "number with a leading zero"
    assert refusal.reading == int(text)


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan", ".NaN"])
def test_what_is_no_number_is_refused(text: str) -> None:
    refusal = parse_plain_scalar(text)
    assert isinstance(refusal, ScalarRefusal)
    assert refusal.message.rule.summary == "not a number"


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "0x" + "f" * 17, "1" * 5000, "1e999"])
def test_what_does_not_fit_in_64_bits_is_refused(text: str) -> None:
    refusal = parse_plain_scalar(text)
    assert isinstance(refusal, ScalarRefusal)
    assert refusal.message.rule.summary == "number too large"


def test_a_leading_zero_before_a_number_too_large_has_no_reading() -> None:
    refusal = parse_plain_scalar("0" + "9" * 5000)
    assert isinstance(refusal, ScalarRefusal)
    assert refusal.reading is None


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("str", "6", "6"),
        ("int", "6", 6),
        ("float", "6", 6.0),
        ("float", "1.5", 1.5),
        ("bool", "true", True),
        ("null", "", None),
    ],
)
def test_a_tag_says_what_a_scalar_is(kind: str, text: str, value: Scalar) -> None:
    found = parse_tagged_scalar(TAG_PREFIX + kind, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("tag", "text", "summary"),
    [
        (TAG_PREFIX + "int", "six", "tag does not fit"),
        (TAG_PREFIX + "int", "true", "tag does not fit"),
        (TAG_PREFIX + "int", "010", "number with a leading zero"),
        (TAG_PREFIX + "bool", "yes", "tag does not fit"),
        (TAG_PREFIX + "seq", "x", "tag not known"),
        (TAG_PREFIX + "binary", "eA==", "tag not known"),
        ("!mine", "010", "tag not known"),
        ("int", "1", "tag not known"),  # !<int>
    ],
)
def test_a_tag_that_does_not_fit_is_refused(tag: str, text: str, summary: str) -> None:
    refusal = parse_tagged_scalar(tag, text)
    assert isinstance(refusal, ScalarRefusal)
    assert refusal.message.rule.summary == summary


@given(st.text(max_size=12) | st.from_regex(r"[-+]?[0-9a-fox.eE_:]{1,12}", fullmatch=True))
def test_a_scalar_that_starts_like_text_is_text(text: str) -> None:
    value = parse_plain_scalar(text)
    if text[:1] not in SPECIAL_STARTS:
        assert value == text
    assert isinstance(value, Scalar | ScalarRefusal)
