"""Content Credentials are written and read back by their own library, over real films, without a network."""

import io
import socket
from dataclasses import replace
from pathlib import Path

import av
import pytest
from signing_samples import make_certificates
from test_origin_marks import DISCLOSURE, make_clip

from hailuo_batch.core.origin import AI_SOURCE_TYPE, PARTLY_AI_SOURCE_TYPE
from hailuo_batch.errors import InputError
from hailuo_batch.media.content_credentials import Credentials, Ingredient, SigningKey, read_credentials, sign_film
from hailuo_batch.media.origin_marks import read_origin_marks
from hailuo_batch.media.xmp import add_xmp


@pytest.fixture(scope="module")
def key() -> SigningKey:
    certificates, key = make_certificates()
    return SigningKey(certificates=certificates, key=key)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing is asked of a network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("no_network")
def test_a_signed_clip_reads_back_valid_and_a_changed_one_does_not(key: SigningKey, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    assert read_credentials(clip.read_bytes()) is None
    signed = sign_film(add_xmp(clip.read_bytes(), DISCLOSURE), DISCLOSURE, key)
    assert read_credentials(signed) == Credentials(
        state="Valid", source_type=AI_SOURCE_TYPE, signed_by="Acme Films", ingredients=()
    )
    clip.write_bytes(signed)
    marks = read_origin_marks(clip)
    assert marks.is_disclosed
    assert marks.content_credentials
    changed = bytearray(signed)
    changed[signed.index(b"mdat") + 9] ^= 1
    found = read_credentials(bytes(changed))
    assert found is not None
    assert found.state == "Invalid"


def test_a_remux_drops_credentials_and_signing_again_names_the_clips(key: SigningKey, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    signed = sign_film(clip.read_bytes(), DISCLOSURE, key)
    remuxed = _remux(signed)
    assert read_credentials(remuxed) is None, "without signing again, the film says nothing of its origin"
    film = replace(DISCLOSURE, is_composite=True)
    parts = [Ingredient(title="open#1", data=signed), Ingredient(title="turn#1", data=clip.read_bytes())]
    assert read_credentials(sign_film(remuxed, film, key, parts)) == Credentials(
        state="Valid", source_type=PARTLY_AI_SOURCE_TYPE, signed_by="Acme Films", ingredients=("open#1", "turn#1")
    )


def test_a_key_that_cannot_sign_is_refused_in_words(key: SigningKey, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4").read_bytes()
    for wrong in (
        replace(key, key=b"no key"),
        replace(key, certificates=b"no certificate"),
        replace(key, key=make_certificates()[1]),
    ):
        with pytest.raises(InputError, match=r"private key|not signed"):
            sign_film(clip, DISCLOSURE, wrong)


def _remux(film: bytes) -> bytes:
    target = io.BytesIO()
    with av.open(io.BytesIO(film), "r") as source, av.open(target, "w", format="mp4") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    return target.getvalue()
