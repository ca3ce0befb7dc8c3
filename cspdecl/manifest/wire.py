"""How a wire type is made: a frozen dataclass that pydantic fills from camelCase keys, all keys known, none null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, GetCoreSchemaHandler, with_config
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

T = TypeVar("T")

# Keys and kinds that a later version gives a meaning: known, named, and refused until then.
LATER = frozenset({"policies", "approvals"})
LATER_KINDS = frozenset({"Policy", "Approval"})


class _LeftOut:
    """Optional means that the key may be absent; a key that is there has a value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


Maybe = Annotated[T | None, _LeftOut()]


@dataclass_transform(frozen_default=True, kw_only_default=True)
def wire(**extra: Any) -> Any:
    """A frozen dataclass that pydantic fills from camelCase keys; `extra` is added to its JSON Schema."""
    config = ConfigDict(extra="forbid", alias_generator=to_camel, coerce_numbers_to_str=True)
    if extra:
        config["json_schema_extra"] = extra

    def build(kind: type) -> Any:
        return with_config(config)(dataclass(frozen=True, slots=True, kw_only=True)(kind))

    return build
