"""`run --notify`: one message at the end, however it comes; a failure of it changes nothing, and no secret is shown."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cli_fixtures import Said
from jsonschema import Draft7Validator
from trusting import trust_project

from hailuo_batch.load.schemas import read_schema

Say = Callable[..., Said]
SECRET = "T0-B0-never-to-be-shown"
QUICK = ("--sketch", "--progress", "none")


@dataclass
class Inbox:
    """What arrives at a server on loopback, and how it answers."""

    status: int = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    waits: bool = False
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/{SECRET}?token={SECRET}"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    found = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.paths.append(self.path)
            found.bodies.append(json.loads(body))
            assert "Authorization" not in self.headers
            if found.waits:
                found.hold.wait(30)
            self.send_response(found.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        found.hold.set()
        server.shutdown()


def check(body: dict[str, Any]) -> dict[str, Any]:
    assert [error.message for error in Draft7Validator(read_schema("notification")).iter_errors(body)] == []
    return body


@pytest.mark.usefixtures("quick_sketches")
def test_a_run_and_one_with_nothing_to_do_each_send_one_message(film: Path, say: Say, inbox: Inbox) -> None:
    for ending, stored in (("done", 2), ("nothing_to_do", 0), ("nothing_to_do", 0)):
        assert say("run", *QUICK, "--notify", inbox.url).code == 0
        body = check(inbox.bodies.pop())
        assert (body["ending"], body["exit"], body["stored"]) == (ending, 0, stored)
        assert body["manifests"] == ["manifests/film.yaml"]
        assert inbox.bodies == []
    assert film.exists()


@pytest.mark.usefixtures("priced")
def test_a_refused_run_sends_why(say: Say, inbox: Inbox) -> None:
    said = say("run", "--notify", inbox.url)
    body = check(inbox.bodies.pop())
    assert (said.code, body["exit"], body["ending"]) == (said.code, said.code, "refused" if said.code == 5 else "key")
    assert body["stored"] == 0


def test_an_invalid_manifest_sends_that_too(film: Path, say: Say, inbox: Inbox) -> None:
    film.write_text("version: 1\ncampaign: teaser\nshots: [{id: open, promt: x}]\n")
    assert say("run", *QUICK, "--notify", inbox.url).code == 3
    assert check(inbox.bodies.pop())["ending"] == "invalid"


def test_a_manifest_that_is_not_there_sends_that_too(say: Say, inbox: Inbox) -> None:
    code = say("run", "gone.yaml", *QUICK, "--notify", inbox.url).code
    body = check(inbox.bodies.pop())
    assert (body["exit"], body["ending"], body["campaigns"], inbox.bodies) == (code, "invalid", [], [])


@pytest.mark.usefixtures("quick_sketches", "film")
def test_slack_gets_one_text_without_markup(say: Say, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAILUO_NOTIFY", f"slack:{inbox.url}")
    assert say("run", *QUICK).code == 0
    [body] = inbox.bodies
    assert list(body) == ["text"]
    assert body["text"].startswith("teaser (sketches): done. 2 clips stored in ")
    assert body["text"].endswith("Exit code 0. Next: hailuo-batch report --sketch manifests/film.yaml")


@pytest.mark.usefixtures("quick_sketches", "film")
@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("500", "it answered 500"),
        ("302", "it answered 302"),
        ("hang", "no answer came within 0.2 s"),
        ("closed", "the connection was refused"),
        ("private", "its address is a private one, which is not contacted"),
    ],
)
def test_a_message_that_fails_is_one_line_and_changes_nothing(
    trouble: str, words: str, say: Say, inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = say("run", *QUICK, "--format", "json")
    url = inbox.url
    if trouble.isdigit():
        inbox.status = int(trouble)
    elif trouble == "hang":
        inbox.waits = True
        monkeypatch.setattr("hailuo_batch.drivers.notification.post_notification.__kwdefaults__", {"seconds": 0.2})
    elif trouble == "closed":
        url = url.replace(str(inbox.port), "9")
    else:
        url = f"https://192.168.1.1/hooks/{SECRET}"
    trace = tmp_path / "trace.jsonl"
    said = say("run", *QUICK, "--format", "json", "--notify", url, "--trace", str(trace))
    assert (said.code, json.loads(said.out)["summary"]) == (0, json.loads(plain.out)["summary"])
    [line] = said.err.splitlines()
    assert line.startswith("The end of this run could not be reported to ")
    assert words in line
    everything = said.out + said.err + trace.read_text()
    assert SECRET not in everything
    assert len(inbox.paths) == (trouble in {"500", "302", "hang"}), "sent once, and no redirect is followed"


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize(
    "url",
    [
        f"http://chat.test/{SECRET}",
        f"ftp://chat.test/{SECRET}",
        f"chat.test/{SECRET}",
        f"slack:http://10.0.0.1/{SECRET}",
        f"https://[{SECRET}",
    ],
)
def test_another_kind_of_address_is_refused_before_anything_is_done(url: str, say: Say) -> None:
    said = say("run", *QUICK, "--notify", url)
    assert said.code == 2
    assert SECRET not in said.out + said.err
    assert "takes an https:// address" in said.err


@pytest.mark.usefixtures("quick_sketches", "priced")
def test_the_address_of_a_project_counts_when_it_is_trusted_and_for_real_runs(
    say: Say, inbox: Inbox, surroundings: Path
) -> None:
    (surroundings / "hailuo.yaml").write_text(f'version: 1\nnotify: "{inbox.url}"\n')
    said = say("run")
    assert said.code != 0
    assert inbox.bodies == []
    warned = say("validate").out
    assert "the ends of runs are not reported to 127.0.0.1" in warned
    assert SECRET not in warned.replace(f'notify: "{inbox.url}"', "")
    asked = say("trust")
    assert "a message about each run to 127.0.0.1" in asked.out + asked.err
    trust_project(surroundings)
    assert say("run").code == said.code
    assert check(inbox.bodies.pop())["exit"] == said.code
    say("run", *QUICK)
    assert inbox.bodies == [], "only real runs are reported by themselves"
