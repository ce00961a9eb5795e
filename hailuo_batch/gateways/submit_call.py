"""The submit call in a gateway's words. What it has no words for is reported before anything is sent."""

from collections.abc import Iterator
from typing import Any

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.gateways.dialect import Call, GatewayRequest
from hailuo_batch.gateways.json_paths import encode_segment, set_value
from hailuo_batch.gateways.table import GatewayTable, SubmitTable

_OTHER_PROVIDER = "Change the shot, or choose another provider."


def build_submit(gateway_request: GatewayRequest, table: GatewayTable) -> Call | Failure:
    """The one call that may cost money, or why it cannot be made."""
    submit = table.submit
    prompt = submit.camera.spell(gateway_request.request.prompt)
    unsaid = next(_find_unsupported(gateway_request, prompt, table), None)
    if unsaid is not None:
        why, remedy = unsaid
        return Failure(kind=FailureKind.UNABLE, why=f"Nothing was sent: {table.title} {why}", remedy=remedy)
    model = table.models[gateway_request.request.model]
    body: dict[str, Any] = {}
    for name, value in _field_values(
        gateway_request, prompt, model, submit.resolutions[gateway_request.request.resolution]
    ):
        if name in submit.fields and (name not in submit.only_when_true or value is True):
            set_value(body, submit.fields[name], value)
    key = gateway_request.idempotency_key if submit.idempotency_header else None
    return Call(
        method="POST",
        path=submit.endpoint.path.format(model=encode_segment(model)),
        query=submit.endpoint.query,
        body=body,
        headers={submit.idempotency_header: key} if key else {},
        paid=True,
        idempotent=bool(key) and submit.is_idempotent,
    )


def _field_values(
    gateway_request: GatewayRequest, prompt: str, model: str, resolution: str
) -> Iterator[tuple[str, object]]:
    """Our names with their values; a name without a value is left out."""
    request = gateway_request.request
    said = {
        "model": model,
        "prompt": prompt or None,
        "first": gateway_request.first or None,
        "last": gateway_request.last or None,
        "seconds": gateway_request.seconds,
        "resolution": resolution,
        **dict(request.switches),
        "callback": gateway_request.callback_url or None,
    }
    yield from ((name, value) for name, value in said.items() if value is not None)


def _find_unsupported(gateway_request: GatewayRequest, prompt: str, table: GatewayTable) -> Iterator[tuple[str, str]]:
    """What of a request this gateway cannot express, and what to do about it."""
    request, submit = gateway_request.request, table.submit
    if request.model not in table.models:
        yield f"does not sell {request.model}", _OTHER_PROVIDER
    if request.resolution not in submit.resolutions:
        yield f"does not sell {request.resolution}", _OTHER_PROVIDER
    if gateway_request.last and not gateway_request.first:
        yield "takes no last frame without a first one", "Add a first frame."
    yield from _check_image("first", gateway_request.first, submit)
    yield from _check_image("last", gateway_request.last, submit)
    longest = submit.max_prompt_lengths.get(request.model)
    if longest is not None and len(prompt) > longest:
        yield f"takes {longest} characters; as it is sent the prompt has {len(prompt)}", "Make it shorter."
    for name, value in request.switches:
        # A switch that a gateway has no field for stays at the model's own default there.
        if name not in submit.fields and (name, value) not in DEFAULT_SWITCHES:
            yield f"has no {name.replace('_', ' ')} that could be turned {'on' if value else 'off'}", _OTHER_PROVIDER


def _check_image(name: str, image: str | None, submit: SubmitTable) -> Iterator[tuple[str, str]]:
    if not image:
        if name in submit.required_frames:
            yield f"takes nothing without a {name} frame", _OTHER_PROVIDER
        return
    if name not in submit.fields:
        # Money: without its field the frame would be left out, and another clip than the requested one be paid.
        yield f"takes no {name} frame", _OTHER_PROVIDER
    inline = image[:5].casefold() == "data:"
    if inline and not submit.takes_data:
        yield (
            "takes pictures by web address only",
            "Host the picture and name its address, or take another provider.",
        )
    if not inline and not submit.takes_addresses:
        yield "takes no pictures by web address", "Keep the picture in the project, or take another provider."
