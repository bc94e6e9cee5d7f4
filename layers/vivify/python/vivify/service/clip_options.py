"""What a person may ask of a clip, checked at the door; from there on it travels as one JSON text.

The API takes it in a request's body (vivify.api.schemas adds what only that has), a bucket drop in the object's metadata.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from vivify.errors import RequestInvalid
from vivify.service.clip_ids import DRIVERS

METADATA = "vivify-"  # x-amz-meta-vivify-seconds: 3
_CALLABLE = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?][!-\"$-~]*)?")


@cache
def library() -> tuple[str, ...]:
    """The names of the library's motions, told from its files: these steps have no numpy to read them with."""
    templates = (resources.files("vivify") / "motion" / "templates").iterdir()
    return tuple(sorted(file.name.removesuffix(".json") for file in templates if file.name.endswith(".json")))


def require_one_lead(asked: BaseModel, driver: str | None) -> None:
    """Raises ValueError where motions were ``asked`` for and a ``driver`` too: the face can follow only one of the two."""
    if driver is not None and "motions" in asked.model_fields_set:
        raise ValueError("A clip plays motions or follows a driver: ask for one of the two")


def _in_library(name: str) -> str:
    if name not in library():
        raise ValueError(f"there is no motion of this name; there are {', '.join(library())}")
    return name


def _callable(url: str) -> str:
    """Where it leads is looked at when it is called."""
    if not _CALLABLE.fullmatch(url):
        raise ValueError("it must be an https:// address without a user's name, password or fragment")
    return url


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 512.0 is the integer 512."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


MotionName = Annotated[str, AfterValidator(_in_library), Field(json_schema_extra={"enum": list(library())})]
Webhook = Annotated[
    str, AfterValidator(_callable), Field(max_length=2048, json_schema_extra={"pattern": f"^{_CALLABLE.pattern}$"})
]


class Rendering(BaseModel):
    """How the clip is to be, whatever moves the faces."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    strength: Annotated[float, Field(ge=0.1, le=2, description="How far the motions go.")] = 1
    seconds: Annotated[float | None, Field(ge=1, le=30, description="Length; 6, or the driver's own, if not given.")] = None
    fps: Annotated[float, Field(ge=10, le=60, description="Frames a second.")] = 25
    size: Annotated[
        Literal["native"] | Annotated[int, Field(ge=64, le=4096), BeforeValidator(_whole)],
        Field(description="The photo's own pixels, or the long side in pixels."),
    ] = "native"
    frame: Annotated[Literal["photo", "portrait"], Field(description="The whole picture, or head and shoulders.")] = "photo"
    faces: Annotated[
        Literal["all", "largest"] | Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)],
        Field(description="Whom to animate; a number counts from the largest face, 1."),
    ] = "all"
    seed: Annotated[
        int | None,
        Field(ge=0, le=999_999_999, description="Other times to set off, to blink and to breathe than the photo's own."),
        BeforeValidator(_whole),
    ] = None
    loop: Annotated[bool, Field(description="End where it begins, so that it plays round and round.")] = False
    repair: Annotated[Literal["auto", "off"], Field(description="Whether scratched or faded faces are mended first.")] = (
        "auto"
    )


class ClipOptions(Rendering):
    """What a clip plays, and how it is to be."""

    motions: Annotated[
        list[MotionName],
        Field(
            min_length=1,
            max_length=8,
            description="Motions of the library, played in turn, by each of a group from another one on; none where a "
            "driver is followed.",
        ),
    ] = ["turn-left", "gentle-smile"]


class StoredOptions(ClipOptions):
    """As the record and the job have them. ``driver``: the key of a video to follow, in the uploads bucket."""

    driver: Annotated[str | None, Field(pattern=f"^{DRIVERS}.+", max_length=1024)] = None


class DroppedOptions(StoredOptions):
    """What a dropped photo's metadata may ask: x-amz-meta-vivify-motions: nod,blink and so on."""

    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _one_lead(self) -> Self:
        require_one_lead(self, self.driver)
        return self

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Self:
        """Reads an object's metadata; what is not ours is nobody's business. Raises RequestInvalid."""
        asked: dict[str, Any] = {
            name.removeprefix(METADATA): value for name, value in metadata.items() if name.startswith(METADATA)
        }
        if "motions" in asked:
            asked["motions"] = [name.strip() for name in asked["motions"].split(",")]
        try:
            return cls.model_validate(asked)
        except ValidationError as error:
            raise RequestInvalid(f"The photo's metadata asks for what there is not. {sentence(error.errors())}") from None

    def stored(self) -> str:
        return StoredOptions.model_validate(self.model_dump(exclude={"webhook"})).model_dump_json()


DEFAULTS = StoredOptions().model_dump_json()


def sentence(errors: Any) -> str:
    """Pydantic's findings as one public sentence a field: where and what, never the value itself."""
    told = []
    for error in errors:
        where, what = _where(tuple(map(str, error["loc"]))), error["msg"].removeprefix("Value error, ")
        told.append(f"{where}: {what}." if where else f"{what}.")
    return " ".join(told)


def _where(location: tuple[str, ...]) -> str:
    """The header's name, or the way to the field; pydantic names types, too. Empty where the whole is meant."""
    if location[:1] == ("header",):
        return location[1]
    parts = [part for part in location if part not in ("body", "query", "path")]
    return ".".join(part for part in parts if part.isidentifier() or part.isdecimal())
