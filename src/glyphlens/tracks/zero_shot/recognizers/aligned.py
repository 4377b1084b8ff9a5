"""Pictures and descriptions in one space: what a character looks like and what it is made of give like embeddings.

Contrastive learning of pictures and texts is that of CLIP (Radford et al. 2021, arXiv:2103.00020, section 2.3); levels
of strokes, radicals and characters are those of CCR-CLIP's successors. Names of parts are not read one after the other
but laid out (text_tower): with recurrent networks over the names a quarter of unseen characters is read in the same
time (docs/LOG.md).

N samples · E numbers of an embedding · Y seen classes
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.core.params import Section
from glyphlens.tracks.zero_shot.recognizers.image_tower import ImageTower
from glyphlens.tracks.zero_shot.recognizers.levels import RADICAL_SIDE, STROKE_SIDE, Levels, LevelWeights, embedding_of
from glyphlens.tracks.zero_shot.recognizers.literal_tower import HEADS, LiteralImageTower
from glyphlens.tracks.zero_shot.recognizers.recurrent_tower import RecurrentTextTower
from glyphlens.tracks.zero_shot.recognizers.stroke_types import CANONICAL_TYPES
from glyphlens.tracks.zero_shot.recognizers.text_tower import TextTower

Preset = Literal["own", "lite", "balanced", "full", "none"]
ImageKind = Literal["trunk", "literal"]
TextKind = Literal["layout", "recurrent"]


class Settings(Section):
    """``zero_shot_training.network`` in params.yaml."""

    image: ImageKind
    text: TextKind
    reasoning: bool
    canonical: bool
    widths: tuple[int, ...] = Field(strict=False, min_length=1)  # YAML has no tuples
    depths: tuple[int, ...] = Field(strict=False, min_length=1)
    slots: int = Field(ge=1)
    text_width: int = Field(ge=1)
    stroke: int = Field(ge=1)
    radical: int = Field(ge=1)
    character: int = Field(ge=1)
    level_weights: tuple[float, float, float] = Field(strict=False)

    @field_validator("level_weights")
    @classmethod
    def _are_shares(cls, weights: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(weights) < 0 or abs(sum(weights) - 1) > 1e-6:
            raise ValueError(f"{weights} are no shares that sum to 1, so that an embedding has length 1")
        return weights

    @model_validator(mode="after")
    def _divides_radicals(self) -> "Settings":
        if self.image == "literal" and self.radical % HEADS:
            raise ValueError(f"radical {self.radical}: the literal image tower needs a multiple of {HEADS}")
        return self

    def with_preset(self, preset: Preset) -> "Settings":
        """The same towers with the level widths of a preset; ``own`` and ``none`` have those of params.yaml."""
        sizes = LEVEL_PRESETS.get(preset)
        return self.model_copy(update=_sizes_of(*sizes)) if sizes else self


# Numbers of a place, of a slot and of the whole, by preset; channels follow, so that no level is a mere projection.
LEVEL_PRESETS = {"lite": (64, 128, 256), "balanced": (128, 256, 512), "full": (256, 512, 1024)}


def _sizes_of(stroke: int, radical: int, character: int) -> dict[str, Any]:
    levels = {"stroke": stroke, "radical": radical, "character": character}
    return {"widths": (stroke // 4, stroke // 2, stroke), "slots": radical, "text_width": stroke, **levels}


@dataclass(frozen=True)
class Config:
    """``classes``: seen ones. ``slots``: channels of the 4×4 slots. ``stroke``, ``radical``: numbers of a place and of
    a slot; ``character``: of the whole. ``level_weights``: of the three levels in a similarity. ``reasoning``: nodes of
    both towers hear their neighbours. ``canonical``: the numbers of a place are amounts of canonical stroke types.
    """

    classes: int
    stroke_types: int
    components: int
    widths: tuple[int, ...] = (32, 64, 128)
    depths: tuple[int, ...] = (0, 1, 2)
    slots: int = 192
    text_width: int = 64
    stroke: int = 4
    radical: int = 20
    character: int = 128
    level_weights: tuple[float, ...] = (0.3, 0.5, 0.2)
    image: ImageKind = "trunk"
    text: TextKind = "layout"
    reasoning: bool = False
    canonical: bool = False

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of a place, of a slot and of the whole."""
        return len(CANONICAL_TYPES) if self.canonical else self.stroke, self.radical, self.character

    @property
    def level_sizes(self) -> dict[str, int]:
        """How many numbers of an embedding each level has, in their order."""
        stroke, radical, character = self.sizes
        return {"stroke": stroke * STROKE_SIDE**2, "radical": radical * RADICAL_SIDE**2, "character": character}


class Network(nn.Module):
    """Both towers, and a classifier of the seen characters that only training uses."""

    reads: ClassVar[str] = "raster"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.weights = LevelWeights(*config.level_weights)
        self.image = _image_tower(config)
        self.text = _text_tower(config)
        self.seen = nn.Linear(config.character, config.classes)

    def classify(self, levels: Levels) -> Tensor:
        """(N, Y) logits of the seen classes, from a picture's character level."""
        logits: Tensor = self.seen(functional.relu(levels.character_ND))
        return logits

    def describe(self, types_NS: Tensor, points_NSP2: Tensor, names_NK: Tensor, numbers_NK5: Tensor) -> Tensor:
        """Padded descriptions → (N, E) of length 1."""
        return embedding_of(self.text(types_NS, points_NSP2, names_NK, numbers_NK5), self.weights)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 64, 64) float ink in 0..1 → (N, E) of length 1."""
        return embedding_of(self.image(images_N1HW), self.weights)


def _image_tower(config: Config) -> ImageTower | LiteralImageTower:
    if config.image == "literal":
        return LiteralImageTower(config.sizes, reasoning=config.reasoning)
    return ImageTower(config.widths, config.depths, config.slots, config.sizes, reasoning=config.reasoning)


def _text_tower(config: Config) -> TextTower | RecurrentTextTower:
    kind = RecurrentTextTower if config.text == "recurrent" else TextTower
    vocabulary = config.stroke_types, config.components
    extensions = {"canonical": config.canonical, "reasoning": config.reasoning}
    return kind(vocabulary, config.text_width, config.sizes, **extensions)
