"""Section ``standin`` of params.yaml: what is drawn, by how many, and how much hands and pens differ."""

from typing import Annotated

from pydantic import Field, field_validator

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section

Spread = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class HandParams(Section):
    """How simulated writers differ; spreads are standard deviations, lengths in ems of the character."""

    slant: Spread
    rise: Spread
    aspect: Spread
    proportion: Spread
    part_shift: Spread
    part_scale: Spread
    mark_shift: Spread
    mark_scale: Spread
    stroke_shift: Spread
    stroke_scale: Spread
    stroke_turn: Spread
    bend: Spread
    stretch: Spread
    elastic: Spread
    join: Share
    hook_drop: Share


class PaperParams(Section):
    """Pen and paper of a cell of 128×127 pixels and 16 grey levels, as ETL8G and ETL9G have them."""

    pen_px: tuple[float, float]
    character_px: tuple[float, float]
    darkness: tuple[float, float]
    noise: Spread
    neighbours: Share
    frames: Share

    @field_validator("pen_px", "character_px", "darkness", mode="before")
    @classmethod
    def _pair(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class StyleParams(Section):
    """How hands, pens and papers differ, whatever is written."""

    hand: HandParams
    paper: PaperParams


class StandinParams(StyleParams):
    """``characters``: strings of characters by name; every writer and every font draws each of them."""

    characters: dict[str, str]
    writers: int = Field(ge=0)
    font_copies: int = Field(ge=0)

    def all_characters(self) -> tuple[str, ...]:
        """Every character once, by code point; raises InputError where none is left."""
        characters = sorted(set("".join(self.characters.values())) - set(" \n"))
        if not characters:
            raise InputError("params.yaml, standin.characters: no character in it; name at least one")
        return tuple(characters)
