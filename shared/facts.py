"""Facts and states: what a service publishes, and what it keeps.

A fact says what happened *and carries the new value of every field of the record that it
changed, under the field's own name*. So folding is merging: the state after a fact is the state
before it with the fact's fields laid over it. The publisher does exactly that (`State.after`),
and a reader does it with a model of only the fields that it reads.
"""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from shared.dates import written

__all__ = ["Correction", "Fact", "State", "Value", "changes_of"]


_INNER = frozenset({"schema", "items_schema", "keys_schema", "values_schema", "choices"})
"""Where the schema of a part stands in that of the whole; parts that are Values have seen to it."""


def _exact(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return type(schema)(map(_exact, schema))
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if kind in ("bool", "int", "float"):
        return {**schema, "strict": True}
    if kind in ("date", "datetime"):
        return core_schema.no_info_before_validator_function(written, schema)
    inner = {name: _exact(schema[name]) for name in _INNER & schema.keys()}
    if kind == "model-fields":
        inner["fields"] = {
            name: {**each, "schema": _exact(each["schema"])}
            for name, each in schema["fields"].items()
        }
    return {**schema, **inner}


class Value(BaseModel):
    """A part of a state or of a fact: frozen, and nothing unknown in it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_bytes="base64"
    )

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """What its JSON Schema says and no more: 1 is not `true`, "7" no number, 7 no date."""
        exact: CoreSchema = _exact(handler(source))
        return exact


class Fact(Value):
    """Something that happened, in the past tense; published, and never changed again.

    `type` is the name on the wire, written out and never derived from the class's name, so that
    a class can be renamed. Only fields that were set are written.
    """

    type: ClassVar[str]

    def data(self) -> bytes:
        """Compact JSON of the fields that were set, each whole: the bytes sent and kept."""
        return self.__pydantic_serializer__.to_json(self, include=self.model_fields_set)


class Correction(Fact):
    """A fact that mends a record: the new values by field, and why. Base of `*-corrected`."""

    changes: dict[str, Any] = Field(min_length=1)
    reason: str = Field(min_length=1, max_length=2000)


def changes_of(fact: Fact) -> dict[str, Any]:
    """The fields a fact sets, as JSON values: what a fold merges."""
    if isinstance(fact, Correction):
        return dict(fact.changes)
    return fact.model_dump(mode="json", include=fact.model_fields_set)


class State(Value):
    """The present state of one aggregate: its id, its dense version, and its fields."""

    id: str
    version: int = Field(default=0, ge=0)

    def after(self, *facts: Fact) -> Self:
        """This state with the facts merged in, one version later for each.

        Fields of a fact that the state does not have (evidence, reasons) are passed over.
        Raises pydantic.ValidationError if a fact carries a value the state cannot hold.
        """
        state = self.model_dump(mode="json")
        known = type(self).model_fields
        for fact in facts:
            state |= {name: value for name, value in changes_of(fact).items() if name in known}
        state["version"] = self.version + len(facts)
        return self.model_validate(state)
