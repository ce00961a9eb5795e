"""The gateways with their documents, questions to put to them, and answers to play."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.switches import SWITCH_NAMES, pick_switches
from hailuo_batch.gateways.dialect import Call, Dialect, GatewayRequest, Reply
from hailuo_batch.load.provider_tables import load_dialect, provider_names, read_provider
from hailuo_batch.testing.dialect_contract import (
    IMAGE_URLS,
    OpenApiContract,
    play_conversation,
    read_openapi,
    sample_request,
)

ALL = provider_names()
OPENAPI = Path(__file__).parent.parent.parent / "schemas" / "openapi"
Golden = Callable[[str, str], None]
TASK = "task-unified-1757169743-7cvnl5zw"
# The task that each document's examples are about.
SHOWN = {
    "gccai": "task_01K8SGYNNNVBQTXNR4MM964S7K",
    "highwayapi": "9f1d1b1e-6d2c-4c9a-9a3f-4f6c2b7a0e11",
    "mindvideo": "task_demo_model",
    "minimax": "106916112212032",
    "odkkk": TASK,
    "vtrix": "d1a2b3c4e5f6",
}
KEY = "0f8b2a52-5a0e-4c65-9f4e-2a4b3f6f7c11"

# The least that each says: yes to a submit, running, made, and a task that ended with a reason.
YES: Mapping[str, object] = {
    "gccai": {"code": 200, "data": [{"status": "submitted", "task_id": "t1"}]},
    "highwayapi": {"task_id": "t1"},
    "mindvideo": {"task_id": "t1", "status": "queued"},
    "minimax": {"task_id": "t1", "base_resp": {"status_code": 0}},
    "odkkk": {"id": "t1", "status": "pending"},
    "vtrix": {"id": "t1", "status": "in_progress"},
}


def state(name: str, status: str) -> dict[str, Any]:
    """A task in this state, by the gateway's word."""
    bodies: dict[str, dict[str, Any]] = {
        "gccai": {"code": 200, "data": {"id": "t1", "status": status}},
        "highwayapi": {"task": {"task_id": "t1", "status": status}},
        "minimax": {"task_id": "t1", "status": status, "base_resp": {"status_code": 0}},
    }
    return bodies.get(name, {"id": "t1", "task_id": "t1", "status": status})


def made(name: str, link: object = "https://cdn.test/clip.mp4") -> dict[str, Any]:
    """A task that is made, with its link; minimax has none in this answer."""
    word = {"highwayapi": "TASK_STATUS_SUCCEED", "mindvideo": "succeeded", "minimax": "Success"}.get(name, "completed")
    body = state(name, word)
    at: dict[str, dict[str, Any]] = {
        "gccai": {"data": {**body.get("data", {}), "result": {"videos": [{"url": link}]}}},
        "highwayapi": {"videos": [{"video_url": link}]},
        "mindvideo": {"output": {"videos": [{"url": link}]}},
        "minimax": {"file_id": "f1"},
        "odkkk": {"results": [link]},
        "vtrix": {"output": [{"content": [{"type": "video", "url": link}]}]},
    }
    return {**body, **at[name]}


def failed(name: str, *, code: object = None, message: object = None) -> dict[str, Any]:
    """A task that ended without a clip, with a code and a text where the gateway puts them."""
    word = {"highwayapi": "TASK_STATUS_FAILED", "minimax": "Fail"}.get(name, "failed")
    body = state(name, word)
    error = {key: value for key, value in (("code", code), ("message", message)) if value is not None}
    if name == "gccai":
        body["data"]["error"] = error
    elif name == "highwayapi":
        body["task"]["reason"] = message
    elif name == "minimax":
        body["base_resp"] = {"status_code": code or 0, "status_msg": message}
    else:
        body["error"] = error
    return body


def refused(name: str, *, code: object = None, message: str = "no") -> dict[str, Any]:
    """The body of a call that is refused."""
    if name == "minimax":
        return {"task_id": "", "base_resp": {"status_code": code or 0, "status_msg": message}}
    if name == "highwayapi":
        return {"code": 400, "reason": code, "message": message}
    return {"error": {"code": code, "message": message}}


@cache
def dialect(name: str) -> Dialect:
    return load_dialect(name)


@cache
def provider(name: str) -> Provider:
    return read_provider(name, DEFAULT_MODEL)


@cache
def contract(name: str) -> OpenApiContract:
    return OpenApiContract(read_openapi(OPENAPI / f"{name}.openapi.yaml"))


def question(mode: Mode = Mode.FIRST, prompt: str = "a kite", **members: Any) -> GatewayRequest:
    """A question in the words of our core; what is not said is left alone."""
    request = replace(
        sample_request(mode, prompt),
        switches=pick_switches(members),
        **{key: members.pop(key) for key in list(members) if key in _OF_REQUEST},
    )
    members = {key: value for key, value in members.items() if key not in SWITCH_NAMES}
    first = None if mode is Mode.TEXT else IMAGE_URLS[0]
    last = IMAGE_URLS[1] if mode is Mode.FIRST_LAST else None
    return GatewayRequest(**{"request": request, "seconds": 6, "first": first, "last": last, **members})


_OF_REQUEST = ("resolution", "model")


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    """An answer with a JSON body; header names are written with underscores."""
    text = "" if body is None else json.dumps(body)
    return Reply(
        status=status, body=body, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def submitted(name: str, *replies: Reply, of: GatewayRequest | None = None) -> Any:
    """What a submit comes to with these replies."""
    return play_conversation(dialect(name).submit(of or question()), replies)[1]


def polled(name: str, *replies: Reply) -> Any:
    """What a look at a task comes to with these replies."""
    return play_conversation(dialect(name).poll("t1"), replies)[1]


def order(name: str, of: GatewayRequest) -> Call:
    """The call that asks for a clip."""
    calls, value = play_conversation(dialect(name).submit(of), ())
    assert value is None, value
    return calls[0]
