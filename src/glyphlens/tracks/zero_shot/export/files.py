"""The files of an export: image tower in two precisions, text encoder, prototypes, and what was chosen with them.

C classes · N pictures · E numbers of an embedding
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from glyphlens.core.storage import writing
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import Manifest, Precision, Tensor
from glyphlens.inference.recognizer import EMBEDDING, RASTER
from glyphlens.sources.kanji_params import PreparationRule
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary
from glyphlens.tracks.zero_shot.descriptions.encoder import MODEL, DescriptionEncoder
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.export.fusion import ClassViews, Fusion, Held, choose_fusion, fused, top1_of
from glyphlens.tracks.zero_shot.export.graph import (
    assemble_descriptions,
    assemble_pictures,
    integer_pictures,
    trace_pictures,
)
from glyphlens.tracks.zero_shot.export.views import embedded_rows, exemplars, picture_embedder
from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles, jis_kanji

SCRIPT = "japanese"


class Measured(NamedTuple):
    """One image file: what it makes of the classes, the two fusions chosen with it, and the validation top-1."""

    views: ClassViews
    fusion: Fusion
    text_fusion: Fusion
    unseen_top1: float
    seen_top1: float


def save_descriptions(folder: Path, model: Network, samples: Path) -> DescriptionEncoder:
    """Write the text encoder with all that it reads, and open it."""
    with writing(folder / MODEL) as partial:
        partial.write_bytes(assemble_descriptions(model).SerializeToString(deterministic=True))
    ComponentVocabulary.load(samples).save(folder)
    DescriptionTable.load(samples).save(folder)
    return DescriptionEncoder.load(folder)


def picture_graphs(
    model: Network, shown_NHW: NDArray[np.uint8], *, reduce_range: bool
) -> dict[Precision, onnx.ModelProto]:
    """The image tower in floats and in integers."""
    piece = trace_pictures(model, shown_NHW.shape[1])
    integer = integer_pictures(piece, shown_NHW, reduce_range=reduce_range)
    return {"fp32": assemble_pictures(piece), "int8": assemble_pictures(integer)}


def manifest_of(samples: SampleSet, rule: PreparationRule, levels: Mapping[str, int]) -> Manifest:
    """Of embeddings of these ``levels``; the candidates where none are given are the kanji of level 1."""
    side = samples.image.width_px
    return Manifest(
        script=SCRIPT,
        source=", ".join(samples.sources),
        decoder="prototypes",
        inputs=(Tensor(name=RASTER, dtype="uint8", shape=("batch", side, side)),),
        outputs=(Tensor(name=EMBEDDING, dtype="float32", shape=("batch", sum(levels.values()))),),
        preparation=rule.model_dump(),
        classes=samples.classes[: len(jis_kanji(1))],
        levels=dict(levels),
    )


def measure(file: Path, samples: SampleSet, roles: ClassRoles, text_CE: NDArray[np.float32]) -> Measured:
    """Choose by the validation pictures, and write the prototypes beside the file; candidates are those of level 1."""
    embed = picture_embedder(file)
    labels = tuple(entry.label for entry in samples.classes)
    views = ClassViews(labels, text_CE, exemplars(samples.folder, embed), np.isin(labels, roles.seen))
    rows_N = samples.rows("val")
    targets_N, embedding_NE = samples.class_indices[rows_N], embedded_rows(samples, rows_N, embed)
    is_seen_N = views.is_seen_C[targets_N]
    unseen, seen = (Held(embedding_NE[own], targets_N[own]) for own in (~is_seen_N, is_seen_N))
    level_1 = views.of(np.arange(len(jis_kanji(1))))
    fusion, text_fusion = choose_fusion(level_1, unseen, seen), choose_fusion(level_1, unseen, seen, (1.0,))
    prototypes = fused(views, fusion)
    prototypes.save(file)
    read_back = prototypes.rounded().of(level_1.labels)
    return Measured(views, fusion, text_fusion, top1_of(read_back, unseen), top1_of(read_back, seen))


def plain(measured: Measured) -> dict[str, Any]:
    """What measured.json says of a file."""
    return {
        "fusion": measured.fusion._asdict(),
        "text_fusion": measured.text_fusion._asdict(),
        "val_unseen_top1": round(measured.unseen_top1, 6),
        "val_seen_top1": round(measured.seen_top1, 6),
    }
