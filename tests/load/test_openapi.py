"""The gateways' documents: what can be called, and what is wrong with a call."""

import pytest

from hailuo_batch.load.openapi import Operation, list_operations, openapi_document, openapi_names
from hailuo_batch.load.provider_tables import provider_names


def _operation(gateway: str, name: str) -> Operation:
    return next(operation for operation in list_operations(gateway) if operation.id == name)


def test_each_gateway_has_a_document() -> None:
    assert openapi_names() == provider_names()
    for name in openapi_names():
        assert openapi_document(name)["openapi"] == "3.1.0"
        assert list_operations(name)


@pytest.mark.parametrize("gateway", openapi_names())
def test_every_example_of_a_body_is_right(gateway: str) -> None:
    document = openapi_document(gateway)
    for item in document["paths"].values():
        content = item.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            value = example.get("value")
            if value is None:
                value = document["components"]["examples"][example["$ref"].rsplit("/", 1)[1]]["value"]
            body = _operation(gateway, item["post"]["operationId"]).body
            assert body is not None
            assert body.find_error(value) == ""


def test_a_complaint_says_where() -> None:
    body = _operation("minimax", "submitVideo").body
    assert body is not None
    assert (
        body.find_error({"model": "MiniMax-Hailuo-02", "prompt": "a", "duration": 7})
        == "duration: 7 is not one of 6 or 10"
    )
    assert body.find_error({"prompt": "a"}) == '"model" is a required property'
    assert len(body.find_error({"model": "MiniMax-Hailuo-02", "first_frame_image": "x" * 10_000})) <= 300


def test_parameters_are_read_from_text() -> None:
    page = {parameter.name: parameter for parameter in _operation("odkkk", "listTasks").parameters}["page"]
    assert page.find_error("3") == ""
    assert page.find_error(None) == ""
    assert page.find_error("0").startswith("page: ")
    assert page.find_error("two").startswith("page: ")
    task = _operation("highwayapi", "getTaskResult").parameters[0]
    assert task.find_error(None) == "task_id is missing"
    assert (task.name, task.location) == ("task_id", "query")


def test_what_is_no_text_is_no_reason_to_stumble() -> None:
    key = _operation("gccai", "submitVideo").parameters[0]
    assert key.find_error("\udce9") == "Idempotency-Key: it holds what JSON cannot"


def test_the_statuses_are_those_of_the_document() -> None:
    assert _operation("highwayapi", "submitVideo").statuses == {200, 400, 401, 403, 429, 500, 503, 504}
    assert 503 not in _operation("highwayapi", "getTaskResult").statuses
