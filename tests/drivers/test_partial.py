"""Whether the rest of a file may be put behind what is there: only when the host says that it is the same file."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.drivers.partial import PartialDownload

MODIFIED = "Fri, 20 Nov 2026 07:00:00 GMT"


def part(**headers: str) -> PartialDownload:
    """100 bytes of 1000 of a file that was served with these headers."""
    found = PartialDownload()
    found.begin({name.replace("_", "-"): value for name, value in headers.items()}, 1000)
    found.size = 100
    return found


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({"ETag": '"a"'}, {"Range": "bytes=100-", "If-Range": '"a"'}),
        ({"ETag": '"a"', "Last_Modified": MODIFIED}, {"Range": "bytes=100-", "If-Range": '"a"'}),
        ({"ETag": 'W/"a"', "Last_Modified": MODIFIED}, {"Range": "bytes=100-", "If-Range": MODIFIED}),
        ({"ETag": 'W/"a"'}, {}),
        ({"Accept_Ranges": "bytes"}, {"Range": "bytes=100-"}),
        ({"ETag": '"a"', "Accept_Ranges": "none"}, {}),
        ({}, {}),
    ],
)
def test_the_rest_is_asked_for_where_the_host_can_say_that_it_is_the_same_file(
    headers: dict[str, str], asked: dict[str, str]
):
    assert part(**headers).range_headers() == asked


@pytest.mark.parametrize(("size", "total"), [(0, 1000), (1000, 1000), (1001, 1000), (100, None)])
def test_what_has_not_begun_or_has_no_known_end_is_asked_for_as_a_whole(size: int, total: int | None):
    found = PartialDownload()
    found.begin({"ETag": '"a"'}, total)
    found.size = size
    assert found.range_headers() == {}


GOOD = "bytes 100-999/1000"


@pytest.mark.parametrize(
    ("first", "then", "same"),
    [
        ({"ETag": '"a"'}, {"Content-Range": GOOD, "ETag": '"a"'}, True),
        ({"ETag": '"a"'}, {"Content-Range": GOOD}, True),
        ({"ETag": '"a"'}, {"Content-Range": GOOD, "ETag": '"b"'}, False),
        ({"ETag": '"a"'}, {"Content-Range": GOOD, "ETag": 'W/"a"'}, False),
        ({"Last_Modified": MODIFIED}, {"Content-Range": GOOD, "Last-Modified": MODIFIED}, True),
        ({"Last_Modified": MODIFIED}, {"Content-Range": GOOD, "Last-Modified": "yesterday"}, False),
        ({"Accept_Ranges": "bytes"}, {"Content-Range": GOOD}, True),
        ({"ETag": '"a"'}, {"Content-Range": "Bytes 100-999/1000"}, True),
        ({"ETag": '"a"'}, {}, False),
        ({"ETag": '"a"'}, {"Content-Range": "bytes 99-999/1000"}, False),
        ({"ETag": '"a"'}, {"Content-Range": "bytes 101-999/1000"}, False),
        ({"ETag": '"a"'}, {"Content-Range": "bytes 100-998/1000"}, False),
        ({"ETag": '"a"'}, {"Content-Range": "bytes 100-1000/1001"}, False),
        ({"ETag": '"a"'}, {"Content-Range": "bytes 100-999/*"}, False),
        ({"ETag": '"a"'}, {"Content-Range": "bytes */1000"}, False),
        ({"ETag": '"a"'}, {"Content-Range": "items 100-999/1000"}, False),
        ({"ETag": '"a"'}, {"Content-Range": GOOD, "Content-Encoding": "gzip"}, False),
    ],
)
def test_a_rest_is_taken_only_when_nothing_speaks_against_it(first: dict[str, str], then: dict[str, str], same: bool):
    assert part(**first).is_continuation(then) is same


def test_what_is_forgotten_is_asked_for_from_its_first_byte():
    found = part(ETag='"a"', Last_Modified=MODIFIED, Accept_Ranges="bytes")
    found.reset()
    assert (found, found.range_headers()) == (PartialDownload(), {})


@given(
    st.dictionaries(st.sampled_from(["Content-Range", "ETag", "Last-Modified", "Content-Encoding"]), st.text()),
    st.integers(0, 2000),
    st.none() | st.integers(0, 2000),
)
def test_no_header_makes_it_stumble(headers: Any, size: int, total: int | None):
    found = PartialDownload()
    found.begin(headers, total)
    found.size = size
    assert set(found.range_headers()) <= {"Range", "If-Range"}
    assert isinstance(found.is_continuation(headers), bool)
