"""What the services say of themselves, without starting any: their operations and examples."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.office import built

SERVICES = ("agreements", "mobility", "notify", "reporting", "visits")


@cache
def described(service: str) -> dict[str, Any]:
    """The OpenAPI description of a service."""
    with tempfile.TemporaryDirectory() as folder:
        return built(service, Path(folder)).app.openapi()


def operations(service: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of everything the service answers to."""
    for path, methods in described(service)["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def example_of(service: str, operation: dict[str, Any]) -> Any:
    """The body that the description shows for an operation; None where it takes none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = content["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    known = described(service)["components"]["schemas"].get(name, {})
    for each in (schema, known):
        if each.get("examples"):
            return each["examples"][0]
        if each.get("properties") == {}:
            return {}
    raise AssertionError(f"{operation['operationId']}: a body without an example")
