"""What the OpenAPI description says of every operation alike: the headers that `shared.http` reads.

They are read by method and not by route, so they are described here and not at each handler.
"""

from typing import Any

from fastapi import FastAPI

from shared.sheets.exporting import describe_exports
from shared.sheets.layout import layouts_of

__all__ = ["App"]

_CHANGES = {"post", "put", "patch", "delete"}
_ETAG = {
    "description": "The version of the record. Send it back as If-Match, or as If-None-Match.",
    "schema": {"type": "string", "examples": ['"3"']},
}
_TAGS = {"pattern": r'^(\*|(W/)?"[^"]*"( *, *(W/)?"[^"]*")*)$'}


class App(FastAPI):
    """FastAPI, whose description also says what all operations have in common."""

    def openapi(self) -> dict[str, Any]:
        known = self.openapi_schema
        schema = super().openapi()
        if schema is not known:
            for path, operations in schema["paths"].items():
                for method, operation in operations.items():
                    _complete(method, path, operation, schema)
            describe_exports(schema, layouts_of(self.state.context.service))
        return schema


def _complete(method: str, path: str, operation: dict[str, Any], schema: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    responses = operation["responses"]
    answers = [each for status, each in responses.items() if status.startswith("2")]
    versioned = [each for each in answers if _is_a_record(each, schema)]
    for each in versioned:
        each.setdefault("headers", {})["ETag"] = _ETAG
    if method == "get" and versioned:
        parameters.append(_header("If-None-Match", _TAGS, "304 if it still is this version"))
        responses["304"] = {
            "description": "It still is the version that If-None-Match names.",
            "headers": {"ETag": _ETAG},
        }
    for status, each in responses.items():
        if not status.startswith("2") and "content" in each:
            each["content"] = {"application/problem+json": next(iter(each["content"].values()))}
    operating = "operating" in operation.get("tags", ())
    if method == "post" and not operating and all(map(_json, answers)):
        why = "The same request under the same key is done once, and answered the same"
        parameters.append(_header("Idempotency-Key", {"pattern": "^[!-~]{1,200}$"}, why))
    named = method == "put" or any(each["in"] == "path" for each in parameters)
    if method in _CHANGES and versioned and named:
        why = "Change the record only if it still has this ETag (412 otherwise)"
        parameters.append(_header("If-Match", _TAGS, why))
    if method == "put" and versioned and path.endswith("}"):
        why = "`*`: only if there is no such record yet (412 otherwise)"
        parameters.append(_header("If-None-Match", {"enum": ["*"]}, why))
        responses["201"] = responses["200"] | {"description": "It was not there before."}
    if "201" in responses and any(each["name"] == "dry_run" for each in parameters):
        responses.setdefault("200", responses["201"] | {"description": "With `dry_run`."})
    if not parameters:
        del operation["parameters"]


def _is_a_record(response: dict[str, Any], schema: dict[str, Any]) -> bool:
    """True if the answer is a record at a version: not what was computed `known` by an instant."""
    name = _json(response).get("$ref", "").rpartition("/")[2]
    properties = schema.get("components", {}).get("schemas", {}).get(name, {}).get("properties", {})
    return "version" in properties and "known" not in properties


def _json(response: dict[str, Any]) -> Any:
    return response.get("content", {}).get("application/json", {}).get("schema", {})


def _header(name: str, form: dict[str, Any], why: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": why,
        "schema": {"type": "string"} | form,
    }
