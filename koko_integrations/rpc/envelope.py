"""The JSON-RPC 2.0 envelope: parsing with limits, and the shape of answers. https://www.jsonrpc.org/specification"""

import json
from typing import Any

import orjson
from jsonrpcserver.codes import ERROR_INVALID_REQUEST, ERROR_METHOD_NOT_FOUND, ERROR_PARSE_ERROR

from koko_integrations.errors import AppError, BadRequest, MethodNotFound, ParseFailed

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_CALLS = 50
MAX_DEPTH = 32

assert (ParseFailed.number, BadRequest.number) == (ERROR_PARSE_ERROR, ERROR_INVALID_REQUEST)
assert MethodNotFound.number == ERROR_METHOD_NOT_FOUND


def parse(body: bytes) -> Any:
    """The body's JSON value. Raises ParseFailed and BadRequest.

    Stricter than JSON.parse where leniency lets two readers see two different requests: numbers out of range, NaN,
    lone surrogates and a key that stands twice are refused.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ParseFailed("Parse error") from None
    keys = _count_keys(value)
    # Every key has a colon after it, so fewer colons than this cannot hide a repeated key; strings may add more.
    if body.count(b":") > keys:
        _refuse_repeated_keys(body)
    return value


def _count_keys(value: Any) -> int:
    keys = 0
    level = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if type(item) is dict:
                keys += len(item)
                deeper.extend(item.values())
            elif type(item) is list:
                deeper.extend(item)
        if not deeper:
            return keys
        level = deeper
    raise BadRequest(f"The request is nested more than {MAX_DEPTH} levels deep")


def _refuse_repeated_keys(body: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise ParseFailed("Parse error")
        return members

    json.loads(body, object_pairs_hook=unique)


def is_request(element: Any) -> bool:
    """Whether one element is a Request object: section 4 of the specification."""
    return (
        type(element) is dict
        and element.get("jsonrpc") == "2.0"
        and type(element.get("method")) is str
        and (("params" not in element) or type(element["params"]) in (dict, list))
        and (("id" not in element) or type(element["id"]) in (str, int, float, type(None)))
    )


def error_data(error: AppError, path: str | None = None) -> dict[str, Any]:
    """`error.data`: tRPC's code, status and path, then the error's own context."""
    data: dict[str, Any] = {"code": error.code, "httpStatus": error.http_status}
    if path is not None:
        data["path"] = path
    return data | error.context


def failure(request_id: Any, error: AppError, path: str | None = None) -> dict[str, Any]:
    """An error answer outside a method."""
    return {
        "jsonrpc": "2.0",
        "error": {"code": error.number, "message": error.message, "data": error_data(error, path)},
        "id": request_id,
    }


def invalid_request() -> dict[str, Any]:
    """For an element that is not a Request object; its id, if any, cannot be trusted."""
    return failure(None, BadRequest("Invalid Request"))
