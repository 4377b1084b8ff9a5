"""Section ``kanji`` of params.yaml: which sets, how pictures are prepared, which classes are kept, the split."""

from pydantic import ConfigDict, Field

from glyphlens.imaging.handwriting import HandwritingParams


class KanjiParams(HandwritingParams):
    """What all pictures of Japanese characters have in common, decoded or drawn."""

    only: list[str]
    min_samples: int = Field(ge=1)
    min_train_samples: int = Field(ge=1)
    val_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)


class PreparationRule(HandwritingParams):
    """The part of it by which pictures are prepared, which goes with a model; the other keys do not concern one."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)
