"""The golden vectors below hold the pre-image: THEY MUST NEVER CHANGE.

A vector that changes means that an upgrade would ask, and bill, every clip of every campaign again. A new rule is a new
version beside version 1, with vectors of its own.
"""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
import rfc8785
from core_samples import request, requests
from hypothesis import assume, given
from hypothesis import strategies as st

from hailuo_batch.core.manifest.document import FrameRole
from hailuo_batch.core.request.fingerprint import diff_requests, fingerprint, parse_preimage, preimage
from hailuo_batch.core.request.request import ImageRef, Request

FIRST = ImageRef(digest="sha256:" + "ab" * 32)
LAST = ImageRef(digest="sha256:" + "01" * 32, frame=FrameRole.LAST)

GOLDEN = [
    (
        request(),
        '{"duration":6,"fast_pretreatment":false,"hailuo_batch.request":1,"model":"hailuo-02",'
        '"prompt":"a bottle in mist","prompt_optimizer":true,"resolution":"768p","take":1,"watermark":false}',
        "v1-7c660d40e494b8a2708a2b91125f291d6b09b55ca31ffd8a7f107927f05299c2",
    ),
    (
        request(prompt='“Nebel” – 薄雾 [Push in]\n\t"quoted" \\ \x7f \u2028 😀', duration="short", take=12),
        '{"duration":"short","fast_pretreatment":false,"hailuo_batch.request":1,"model":"hailuo-02",'
        '"prompt":"“Nebel” – 薄雾 [Push in]\\n\\t\\"quoted\\" \\\\ \x7f \u2028 😀",'
        '"prompt_optimizer":true,"resolution":"768p","take":12,"watermark":false}',
        "v1-32d94ba513952b48699354a96ec170cca2a916c3518906c2a0c93fa7d690455d",
    ),
    (
        request(first=FIRST, last=LAST, resolution="512p", duration=10, prompt_optimizer=False, watermark=True),
        '{"duration":10,"fast_pretreatment":false,'
        '"first":"sha256:abababababababababababababababababababababababababababababababab",'
        '"hailuo_batch.request":1,'
        '"last":{"artifact":"sha256:0101010101010101010101010101010101010101010101010101010101010101","frame":"last"},'
        '"model":"hailuo-02","prompt":"a bottle in mist","prompt_optimizer":false,"resolution":"512p","take":1,'
        '"watermark":true}',
        "v1-0b55751783f6487055fb976f7ed39e6b475f34e99e93e1059457dee5765bcf56",
    ),
    (
        request(
            model="animatic", duration="long", resolution="1080p", first=replace(LAST, frame=FrameRole.FIRST),
            prompt_optimizer=None, fast_pretreatment=None, watermark=None,
        ),
        '{"duration":"long",'
        '"first":{"artifact":"sha256:0101010101010101010101010101010101010101010101010101010101010101","frame":"first"},'
        '"hailuo_batch.request":1,"model":"animatic","prompt":"a bottle in mist","resolution":"1080p","take":1}',
        "v1-5e128266e29428df2e36dff349007f80f27b0502f8f5be18251c97205c569159",
    ),
    (
        request(prompt="", fast_pretreatment=True, last=FIRST),
        '{"duration":6,"fast_pretreatment":true,"hailuo_batch.request":1,'
        '"last":"sha256:abababababababababababababababababababababababababababababababab","model":"hailuo-02",'
        '"prompt":"","prompt_optimizer":true,"resolution":"768p","take":1,"watermark":false}',
        "v1-b52a124de0e3097ac454be3d0ff51ce12bdb204275ea050e4888e667ef9ac785",
    ),
    (
        request(
            model="animatic", duration="6400ms", prompt_optimizer=None, fast_pretreatment=None, watermark=None,
        ),
        '{"duration":"6400ms","hailuo_batch.request":1,"model":"animatic","prompt":"a bottle in mist",'
        '"resolution":"768p","take":1}',
        "v1-a3ae1a43f191864a03b91ac79a68b56bccef92e3d1fc0ef08d7255fb1304374e",
    ),
    (
        request(
            model="animatic", duration="500ms", prompt_optimizer=None, fast_pretreatment=None, watermark=None,
        ),
        '{"duration":"500ms","hailuo_batch.request":1,"model":"animatic","prompt":"a bottle in mist",'
        '"resolution":"768p","take":1}',
        "v1-74f8817260cb26faaabaa9dad1c8c77d610261d6a60a1abb14850c8fe0a3675d",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "bytes_hashed", "mark"), GOLDEN)
def test_a_golden_vector_never_changes(asked: Request, bytes_hashed: str, mark: str) -> None:
    assert preimage(asked) == bytes_hashed.encode()
    assert fingerprint(asked) == mark
    assert mark == f"v1-{sha256(bytes_hashed.encode()).hexdigest()}"


@given(requests)
def test_the_preimage_is_canonical_json_by_another_hand(asked: Request) -> None:
    said = preimage(asked)
    assert said == rfc8785.dumps(json.loads(said))


@given(requests)
def test_a_preimage_reads_back_as_its_request(asked: Request) -> None:
    assert parse_preimage(preimage(asked)) == asked
    assert parse_preimage(preimage(asked).decode()) == asked


@given(requests, requests)
def test_two_requests_share_a_fingerprint_only_when_they_are_equal(one: Request, other: Request) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


@given(requests, requests, st.sampled_from(Request.__slots__))
def test_every_member_of_a_request_changes_its_fingerprint(one: Request, other: Request, member: str) -> None:
    assume(getattr(one, member) != getattr(other, member))
    assert fingerprint(replace(one, **{member: getattr(other, member)})) != fingerprint(one)


def test_a_switch_that_is_off_differs_from_a_switch_that_the_model_does_not_have() -> None:
    marks = {fingerprint(request(watermark=switch)) for switch in (None, False, True)}
    assert len(marks) == 3


def test_a_number_of_seconds_differs_from_the_portable_word() -> None:
    assert fingerprint(request(duration=6)) != fingerprint(request(duration="short"))


def test_the_first_and_the_last_frame_of_one_artifact_differ() -> None:
    first, last = (request(first=ImageRef(digest=LAST.digest, frame=end)) for end in FrameRole)
    assert fingerprint(first) != fingerprint(last)


def test_changes_name_what_differs_and_never_the_take() -> None:
    old, new = request(take=1, duration=6), request(take=2, duration=10, first=FIRST)
    assert diff_requests(old, new) == (("duration", 6, 10), ("first", None, FIRST))


@given(requests)
def test_a_request_has_no_changes_against_itself(asked: Request) -> None:
    assert diff_requests(asked, replace(asked, take=asked.take % 99 + 1)) == ()
