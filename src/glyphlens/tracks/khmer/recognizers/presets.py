"""Sizes of the recognisers of lines, by name, and the settings that params.yaml has for each of them."""

from typing import Literal, NamedTuple

from pydantic import Field
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.tracks.khmer.recognizers import attention, ctc

Preset = Literal["small", "medium", "large"]


class EncoderSizes(NamedTuple):
    """See LineEncoder."""

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    blocks: int
    hidden: int
    layers: int


PRESETS: dict[Preset, EncoderSizes] = {
    "small": EncoderSizes((16, 64, 96, 160), (0, 0, 1, 1), 1, 160, 1),
    "medium": EncoderSizes((24, 64, 128, 256), (0, 1, 1, 1), 2, 256, 2),
    "large": EncoderSizes((32, 96, 192, 384), (1, 2, 2, 2), 3, 384, 2),
}


class LineRecognizerParams(Section):
    """A part of the section ``khmer_recognizers``: what a training has of its own; ``start``: other weights first."""

    preset: Preset
    start: bool
    dropout: float = Field(ge=0, lt=1)
    steps: int = Field(ge=1)
    batch: int = Field(ge=4)
    lr: float = Field(gt=0)


def build_line_recognizer(name: str, own: LineRecognizerParams, tokens: int, parts: int) -> nn.Module:
    """A fresh network of the recogniser ``name`` (``ctc``, ``attention``); InputError for a name that is none."""
    sizes = PRESETS[own.preset]._asdict()
    if name == "ctc":
        return ctc.Network(ctc.Config(tokens, parts, **sizes, dropout=own.dropout))
    if name == "attention":
        return attention.Network(attention.Config(tokens, parts, **sizes, dropout=own.dropout))
    raise InputError(f"no recogniser of lines is called '{name}'; there are ctc and attention")
