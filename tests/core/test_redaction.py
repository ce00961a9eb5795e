"""What a trace may show of a text or a body: no key, however it is written, no link behind its host, no picture."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.redaction import (
    LONGEST_BODY,
    redact_body,
    redact_key,
    redact_text,
)

KEY = "sentinel+key/with=signs"
EVERY_LETTER = "".join(f"%{ord(letter):02x}" for letter in KEY)


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote(quote(KEY, safe=""), safe=""),
        EVERY_LETTER,
        EVERY_LETTER.upper().replace("%", "%25"),
        KEY.replace("/", "\\/"),
        KEY.replace("/", "\\\\/"),
        "".join(f"\\u{ord(letter):04X}" for letter in KEY),
    ],
)
def test_a_key_is_found_however_it_is_escaped(written: str) -> None:
    assert redact_key(KEY, f"<{written}>") == "<[key]>"


@given(text=st.text(alphabet="%\\/u0025abc sk", max_size=60))
def test_a_text_without_the_key_stays_as_it_is(text: str) -> None:
    assert redact_key(KEY, text) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://SECRET@host.test/a",
        "https://me:SECRET@host.test/a",
        "https://me:a%2FSECRET@host.test/a",
        "see https://cdn.test/clips/SECRET.mp4?sig=SECRET, then go on",
        "https://cdn.test/a clip.mp4?sig=SECRET of=SECRET",
        "https:\\/\\/cdn.test\\/SECRET",
        "to https%3A%2F%2Fme%3ASECRET%40cdn.test%2FSECRET now",
        "cdn.test/a.mp4?X-Amz-Credential=SECRET&Expires=1",
        "Authorization: Bearer SECRET",
        "{'Authorization': 'Bearer SECRET', 'Host': 'a'}",
        '{\\"api_key\\": \\"SECRET\\"}',
        "bearer SECRET",
        "Bearer%20SECRET",
        "access_token=SECRET&x=1",
        "password: SECRET",
        "no such key: sk-SECRET123",
        "eyJSECRETSECRET.SECRET.SECRET",
        "data:image/png;base64,SECRET",
        "a frame data:image/png;base64,SECRET was sent",
        "data:image/png;base64,AAAA\nSECRET",
        "x" * 200 + "SECRET",
    ],
)
def test_what_looks_like_a_secret_is_not_shown(text: str) -> None:
    assert "SECRET" not in redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "a kite over the sea, keyframe design, skeleton key",
        "9f8b7c6d-1234-5678-9abc-def012345678",
        "分镜" * 200,
        'MiniMax asks to go slower (HTTP 429): "rate limit"',
        "",
    ],
)
def test_prompts_ids_and_reasons_stay_as_they_are(text: str) -> None:
    assert redact_text(text) == text


def test_of_an_address_its_host_is_left() -> None:
    assert redact_text("at https://me:pw@cdn.test:8443/a?b=c") == "at https://cdn.test:8443/…"
    assert redact_text("http://127.0.0.1:80") == "http://127.0.0.1:80"


def test_members_with_names_of_secrets_are_hidden_and_their_neighbours_are_not() -> None:
    body = {"token": "a", "auth": {"secret": ["b"]}, "total_tokens": 7, "sig": "c", "has_secret": True, "task_id": "t"}
    assert redact_body(body) == {
        "token": "***",
        "auth": {"secret": "***"},
        "total_tokens": 7,
        "sig": "***",
        "has_secret": True,
        "task_id": "t",
    }


def test_a_body_has_an_end_whatever_it_holds() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for body in (deep, {"text": "word " * 10_000}, [{"id": number} for number in range(10_000)]):
        assert len(json.dumps(redact_body(body))) < 1.5 * LONGEST_BODY
