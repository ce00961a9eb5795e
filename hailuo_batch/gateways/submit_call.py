"""The call that asks for a clip, in a gateway's words; and what it has no words for, told before anything is sent."""

from collections.abc import Iterator
from typing import Any

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.gateways.dialect import Call, Question
from hailuo_batch.gateways.json_paths import put, segment
from hailuo_batch.gateways.table import GatewayTable, Submit

# A switch that a gateway has no field for stands at the model's own default there.
_DEFAULTS = {"prompt_optimizer": True, "fast_pretreatment": False, "watermark": False}
_OTHER = "Change the shot, or choose another provider."


def order(question: Question, table: GatewayTable) -> Call | Failure:
    """The one call that may cost money, or why it cannot be made."""
    submit = table.submit
    prompt = submit.camera.spell(question.request.prompt)
    unsaid = next(_unsaid(question, prompt, table), None)
    if unsaid is not None:
        why, remedy = unsaid
        return Failure(kind=Kind.REFUSED, why=f"Nothing was sent: {table.title} {why}", remedy=remedy)
    model = table.models[question.request.model]
    body: dict[str, Any] = {}
    for name, value in _said(question, prompt, model, submit.resolutions[question.request.resolution]):
        if name in submit.fields and (name not in submit.only_true or value is True):
            put(body, submit.fields[name], value)
    key = question.idempotency_key if submit.key_header else None
    return Call(
        method="POST",
        path=submit.address.path.format(model=segment(model)),
        query=submit.address.query,
        body=body,
        headers={submit.key_header: key} if key else {},
        paid=True,
        idempotent=bool(key) and submit.key_honoured,
    )


def _said(question: Question, prompt: str, model: str, resolution: str) -> Iterator[tuple[str, object]]:
    """Our names and what is said under them; what is not said does not come."""
    request = question.request
    said = {
        "model": model,
        "prompt": prompt or None,
        "first": question.first or None,
        "last": question.last or None,
        "seconds": question.seconds,
        "resolution": resolution,
        "prompt_optimizer": request.prompt_optimizer,
        "fast_pretreatment": request.fast_pretreatment,
        "watermark": request.watermark,
        "callback": question.callback_url or None,
    }
    yield from ((name, value) for name, value in said.items() if value is not None)


def _unsaid(question: Question, prompt: str, table: GatewayTable) -> Iterator[tuple[str, str]]:
    """What of a question cannot be said to this gateway, and what to do about it."""
    request, submit = question.request, table.submit
    if request.model not in table.models:
        yield f"does not sell {request.model}", _OTHER
    if request.resolution not in submit.resolutions:
        yield f"does not sell {request.resolution}", _OTHER
    if question.last and not question.first:
        yield "takes no last frame without a first one", "Add a first frame."
    yield from _unfit_picture("first", question.first, submit)
    yield from _unfit_picture("last", question.last, submit)
    if submit.longest is not None and len(prompt) > submit.longest:
        yield f"takes {submit.longest} characters; as it is sent the prompt has {len(prompt)}", "Make it shorter."
    for name, default in _DEFAULTS.items():
        if getattr(request, name) is (not default) and name not in submit.fields:
            yield f"has no {name.replace('_', ' ')} that could be turned {'off' if default else 'on'}", _OTHER


def _unfit_picture(name: str, picture: str | None, submit: Submit) -> Iterator[tuple[str, str]]:
    if not picture:
        if name in submit.needed:
            yield f"takes nothing without a {name} frame", _OTHER
        return
    if name not in submit.fields:
        # Money: without its field the frame would be left out, and another clip than the one asked for be paid.
        yield f"takes no {name} frame", _OTHER
    inline = picture[:5].casefold() == "data:"
    if inline and not submit.data:
        yield (
            "takes pictures by web address only",
            "Host the picture and name its address, or take another provider.",
        )
    if not inline and not submit.addresses:
        yield "takes no pictures by web address", "Keep the picture in the project, or take another provider."
