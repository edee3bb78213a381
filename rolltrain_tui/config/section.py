"""What a section of a campaign file is, and how its checks say what is wrong. `reading` turns violations into sentences for people."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, model_validator
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from rolltrain_tui.base.registry import Registry

StrictModel = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)
"""defer_build: a section's checks are built with those of the campaign that holds it, and not for itself as well."""


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """A violated rule as two half sentences: fault and remedy. `reading` adds place and value."""
    return PydanticCustomError("rule", "{what}; {remedy}", {"what": what, "remedy": remedy})


def wrong_in(*faults: tuple[tuple[str | int, ...], Any, PydanticCustomError]) -> ValidationError:
    """Violated rules at places inside the value being validated."""
    return ValidationError.from_exception_data(
        "campaign", [InitErrorDetails(type=error, loc=where, input=value) for where, value, error in faults]
    )


def wrong_field(section: "Section", name: str, what: str, remedy: str) -> ValidationError:
    """A violated rule at one field of the section being validated."""
    return wrong_in(((name,), getattr(section, name), wrong(what, remedy)))


def _one_line(text: str) -> str:
    """Names are printed on terminals and become folder names, so they are one line of visible characters."""
    if not text.isprintable():
        raise wrong("has characters that cannot be printed", "use letters, digits, punctuation and plain spaces")
    if not text.strip():
        raise wrong("is blank", "give a name")
    return text


ONE_LINE = AfterValidator(_one_line)


class RowOf:
    """The name of a row of a registry, built in or from a plug-in. To pydantic it is a choice of words."""

    def __init__(self, registry: Registry[Any], *more: str) -> None:
        self._registry, self._more = registry, more

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        names = self._registry.everywhere  # rows of a mode come by diagnosis alone
        return core_schema.literal_schema([*names, *self._more])


class Section(BaseModel):
    model_config = StrictModel
    older: ClassVar[Mapping[str, object]] = {}
    """What campaigns mean that were written before these fields were there; beside what the classes above say."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        older = [vars(owner).get("older", {}) for owner in reversed(cls.__mro__)]
        return {name: value for own in (*older, data) for name, value in own.items()}
