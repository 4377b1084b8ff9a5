"""Whatever names the classes of the test's pictures: the released file, parts of it, a control and the baseline.

n test pictures · C classes · V candidates · E numbers of an embedding
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.outcomes import class_labels
from glyphlens.evaluation.scores import true_ranks
from glyphlens.inference.folder import MEASURED, ExportFolder, Precision, model_name
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import softmax
from glyphlens.tracks.zero_shot.evaluation.hog import gradient_histograms
from glyphlens.tracks.zero_shot.export.fusion import ClassViews, Fusion, fused
from glyphlens.tracks.zero_shot.export.views import embedded_rows, exemplars, load_parts, picture_embedder
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles

RELEASED: Precision = "int8"
BLOCK = 1024  # pictures at a time

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Contender(NamedTuple):
    """Pictures and classes as points of one space: ``pictures_nE``, and a prototype of each of the C classes."""

    pictures_nE: Floats
    prototypes: Prototypes


class Ranked(NamedTuple):
    """(n,) each: the class index answered, the place of the truth among the candidates from 0 on, the confidence."""

    predicted_n: Ints
    rank_n: Ints
    confidence_n: Floats


class Fusions(NamedTuple):
    """How measured.json says that views were weighed: both together, and the description alone."""

    both: Fusion
    text: Fusion

    @classmethod
    def load(cls, folder: Path, precision: Precision) -> "Fusions":
        """Of an export; raises InputError where measured.json lacks them."""
        content: Any = ExportFolder(folder).measured()
        try:
            return cls(*(Fusion(**content[precision][name]) for name in ("fusion", "text_fusion")))
        except (KeyError, TypeError) as error:
            raise InputError(f"{folder / MEASURED}: no weights of {precision}'s prototypes ({error!r})") from error


def views_of(export: Path, samples: SampleSet, roles: ClassRoles, precision: Precision) -> ClassViews:
    """What an export left of every class of the sample set; raises InputError where it is of other classes."""
    labels = tuple(class_labels(samples))
    text_CE, exemplar_CE = load_parts(export, precision)
    if len(text_CE) != len(labels):
        raise InputError(f"{export}: views of {len(text_CE)} classes, {samples.folder} has {len(labels)}; export again")
    return ClassViews(labels, text_CE, exemplar_CE, np.isin(labels, roles.seen))


def shuffled(views: ClassViews, groups: Sequence[Ints], seed: int) -> ClassViews:
    """The descriptions of each group of classes permuted among them, so that none keeps its own."""
    text_CE, rng = views.text_CE.copy(), np.random.default_rng(seed)
    for classes in groups:
        order = rng.permutation(classes)
        text_CE[order] = views.text_CE[np.roll(order, 1)]
    return views._replace(text_CE=text_CE)


def contenders(export: Path, samples: SampleSet, roles: ClassRoles, rows_n: Ints, seed: int) -> dict[str, Contender]:
    """By name: ``released``, ``fp32``, ``text`` and ``exemplar`` alone, ``shuffled`` (text alone, descriptions of
    untrained classes permuted), ``template`` (HOG); all but fp32 with the embeddings of the file that is released.
    """
    files: dict[Precision, Path] = {kind: export / model_name(kind) for kind in ("fp32", RELEASED)}
    embedding_nE = {kind: embedded_rows(samples, rows_n, picture_embedder(file)) for kind, file in files.items()}
    views, fusions = views_of(export, samples, roles, RELEASED), Fusions.load(export, RELEASED)
    tables = {
        "released": Prototypes.load(files[RELEASED]).of(views.labels),
        "text": fused(views, fusions.text),
        "exemplar": fused(views, fusions.both._replace(text_share=0.0)),
        "shuffled": fused(shuffled(views, untrained_groups(views.labels, roles), seed), fusions.text),
    }
    own = {name: Contender(embedding_nE[RELEASED], prototypes) for name, prototypes in tables.items()}
    own["fp32"] = Contender(embedding_nE["fp32"], Prototypes.load(files["fp32"]).of(views.labels))
    return own | {"template": template_contender(samples, rows_n)}


def template_contender(samples: SampleSet, rows_n: Ints) -> Contender:
    """HOG of the pictures and of the templates beside the sample set."""
    vectors_CF = exemplars(samples.folder, gradient_histograms)
    prototypes = Prototypes(tuple(class_labels(samples)), vectors_CF, np.zeros(len(vectors_CF), np.float32), 1.0)
    return Contender(gradient_histograms(samples.images(rows_n)), prototypes)


def untrained_groups(labels: Sequence[str], roles: ClassRoles) -> list[Ints]:
    """The class indices of unseen characters, and of those of level 2; only groups of two or more."""
    number = {label: place for place, label in enumerate(labels)}
    groups = [np.array([number[label] for label in own], np.int64) for own in (roles.unseen, roles.level2)]
    return [group for group in groups if len(group) > 1]


def rank_pictures(contender: Contender, picked: Ints, candidates_V: Ints, classes_n: Ints) -> Ranked:
    """What a contender makes of its pictures ``picked``, of the classes ``classes_n``, all of them candidates."""
    labels = [contender.prototypes.labels[number] for number in candidates_V]
    prototypes, targets_n = contender.prototypes.of(labels), np.searchsorted(candidates_V, classes_n)
    parts = []
    for start in range(0, len(picked), BLOCK):
        block = slice(start, start + BLOCK)
        logits_nV = prototypes.logits(contender.pictures_nE[picked[block]])
        confidence_n = softmax(logits_nV).max(axis=1)
        parts.append(
            Ranked(candidates_V[logits_nV.argmax(axis=1)], true_ranks(logits_nV, targets_n[block]), confidence_n)
        )
    nothing = Ranked(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Ranked(*(np.concatenate(column) for column in zip(nothing, *parts, strict=True)))
