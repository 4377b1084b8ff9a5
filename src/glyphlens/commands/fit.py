"""``glyphlens fit``: a recogniser of one's own characters from a few pictures of each, without training a network.

The image file stays as it is; a class is the mean of where its pictures lie (Snell et al. 2017, arXiv:1703.05175,
section 2.3). N pictures · C classes · E numbers of an embedding · h×w pixels of what the network is shown
"""

import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.commands.candidates import require_prototypes
from glyphlens.commands.image_pictures import IMAGE_SUFFIXES, read_pictures
from glyphlens.commands.inputs import find_inputs
from glyphlens.commands.output import check_writable, unwritable
from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import is_there, replacing_folder
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.candidates import code_points_of
from glyphlens.inference.folder import ExportFolder, ModelContent
from glyphlens.inference.picture_readers import Prepare
from glyphlens.inference.prototypes import Prototypes, of_length_1
from glyphlens.inference.recognizer import RASTER, Recognizer

FEWEST = 5  # pictures of a class, and folds: each holds out one picture of every class at least
SHARPNESS = 20.0  # cosines are multiplied by it before a temperature is fitted: its range is that of logits
# One picture saved twice, scaled and compressed, differed by at most .084 of its ink (1,164 pairs); two pictures of a
# character, even copies of one glyph, by at least .306 (3,880 pairs). The cosine only spares most comparisons.
SAME_INK, SAME_COSINE = 0.15, 0.98
NAMED = 10  # of what is wrong, in a message
MB = 1_000_000
BESIDE = 2 * MB  # bytes: prototypes, manifest and card beside the copied network, at most


class Examples(NamedTuple):
    """``labels`` of the classes; of each picture its name, its class ``classes_N`` and ``pixels_Nhw``."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    classes_N: NDArray[np.int64]
    pixels_Nhw: NDArray[np.uint8]


@dataclass(frozen=True)
class Fitted:
    """The classes as prototypes, and what each example was named when it was held out."""

    examples: Examples
    prototypes: Prototypes
    held_out_N: NDArray[np.int64]

    @property
    def held_out_top1(self) -> float:
        """Share of the examples that are named right when their prototypes do not know them."""
        return float(np.mean(self.held_out_N == self.examples.classes_N))

    @property
    def misread(self) -> list[str]:
        """``picture: its label, named another`` of every wrong answer."""
        labels, found = self.examples.labels, self.examples
        return [
            f"{name}: {labels[truth]}, named {labels[answer]}"
            for name, truth, answer in zip(found.names, found.classes_N, self.held_out_N, strict=True)
            if truth != answer
        ]


def read_examples(folder: Path, prepare: Prepare, *, max_pixels: int) -> Examples:
    """Every page of every picture in the folders of ``folder``, whose names are the labels.

    Raises InputError for fewer than two classes, fewer than FEWEST pictures of one, and what cannot be read.
    """
    if not (is_there(folder) and folder.is_dir()):
        raise InputError(f"{shown(folder)}: no such folder; it holds a folder of pictures per class")
    classes = sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))
    labels = tuple(unicodedata.normalize("NFC", place.name) for place in classes)
    if len(set(labels)) < max(2, len(labels)):
        raise InputError(f"{shown(folder)}: {len(set(labels))} different classes in {len(labels)} folders; 2 at least")
    found = [find_inputs([place], IMAGE_SUFFIXES) for place in classes]
    pages = [
        [page for file in each.files for page in read_pictures(file, prepare, max_pixels=max_pixels)] for each in found
    ]
    faults = [problem for each in found for problem in each.problems if each.files]
    faults += [f"{page.name}: {page.fault}" for own in pages for page in own if page.pixels_hw is None]
    _require_none(faults, "pictures that cannot be used; mend or remove them")
    few = [f"{label} has {len(own)}" for label, own in zip(labels, pages, strict=True) if len(own) < FEWEST]
    _require_none(few, f"classes with fewer than {FEWEST} pictures")
    return Examples(
        labels,
        tuple(page.name for own in pages for page in own),
        np.repeat(np.arange(len(labels)), [len(own) for own in pages]),
        np.stack([page.pixels_hw for own in pages for page in own if page.pixels_hw is not None]),
    )


def fit_prototypes(recognizer: Recognizer, examples: Examples) -> Fitted:
    """A prototype of each class, and the temperature that fits the examples held out in turn.

    Raises InputError for pictures that are there twice, and for a recogniser without prototypes.
    """
    from sklearn.model_selection import StratifiedKFold

    from glyphlens.export.temperature import fit_temperature

    known = require_prototypes(recognizer, "fit")
    embedding_NE, classes_N = of_length_1(recognizer.embeddings({RASTER: examples.pixels_Nhw})), examples.classes_N
    _require_none(_twins(embedding_NE, examples), "times one picture was saved twice; keep one of each two")
    cosine_NC = np.zeros((len(classes_N), len(examples.labels)), np.float32)
    for learnt, held in StratifiedKFold(FEWEST, shuffle=True, random_state=0).split(embedding_NE, classes_N):
        centres_CE = _centres(embedding_NE[learnt], classes_N[learnt], len(examples.labels))
        cosine_NC[held] = embedding_NE[held] @ centres_CE.T
    scale = SHARPNESS / fit_temperature(SHARPNESS * cosine_NC, classes_N)
    centres_CE = _centres(embedding_NE, classes_N, len(examples.labels))
    bias_C = np.zeros(len(examples.labels), np.float32)
    return Fitted(
        examples, Prototypes(examples.labels, centres_CE, bias_C, scale, known.text_share), cosine_NC.argmax(axis=1)
    )


def save_fitted(out: Path, recognizer: Recognizer, fitted: Fitted) -> None:
    """Write a folder that is opened like any other model: the same image file, its manifest with the classes of the
    examples, their prototypes, a card, and what was measured.

    Raises InputError where something is there already, OutputError where it cannot be written.
    """
    precision = recognizer.manifest.precision_of(recognizer.path)
    if precision is None or not recognizer.path.is_file():
        raise InputError(f"{recognizer.path}: fit copies an exported file that labels.json beside it lists; it is none")
    classes = tuple(CharacterClass(label, code_points_of(label)) for label in fitted.examples.labels)
    manifest = recognizer.manifest.model_copy(update={"classes": classes, "source": "own examples"})
    measured = {
        "classes": len(classes),
        "examples": len(fitted.examples.names),
        "held_out_top1": round(fitted.held_out_top1, 6),
    }
    try:
        with replacing_folder(out) as fresh:
            folder = ExportFolder(fresh)
            folder.save_models(manifest, {precision: ModelContent(recognizer.path.read_bytes(), 1.0)})
            fitted.prototypes.save(fresh / recognizer.path.name)
            folder.save_measured(measured)
            folder.save_card(_card(recognizer, fitted))
    except OSError as error:
        raise unwritable(out, error) from error


def require_free(out: Path, examples: Path) -> None:
    """Raise InputError where something is there already, as a model is never written over, or where it would be taken
    for examples the next time; OutputError where its place cannot be written to."""
    if out.resolve().is_relative_to(examples.resolve()):
        raise InputError(f"{shown(out)}: lies among the examples in {shown(examples)}; choose another place")
    if is_there(out):
        raise InputError(f"{shown(out)}: is there already; choose another place, or remove it")
    check_writable(out)


def fitted_bytes(recognizer: Recognizer) -> int:
    """How large a model of one's own characters becomes, at most: the network is copied."""
    return BESIDE + (recognizer.path.stat().st_size if recognizer.path.is_file() else 0)


def require_room(out: Path, needed: int) -> None:
    """Raise OutputError where fewer than so many bytes are free at the place of a model that is to be written."""
    free = shutil.disk_usage(out.parent).free
    if free < needed:
        raise OutputError(
            f"{shown(out)}: the model takes {needed / MB:,.1f} MB, {free / MB:,.1f} are free; make room, or choose "
            "another place"
        )


def held_out_words(fitted: Fitted) -> str:
    """How many examples were named right when they were held out, and what that says of new hands."""
    count = len(fitted.examples.names)
    right = count - len(fitted.misread)
    return (
        f"{len(fitted.examples.labels)} classes, {count} pictures; {FEWEST}-fold cross-validation names "
        f"{100 * fitted.held_out_top1:.1f} % right ({right} of {count}). "
        "Where a hand drew pictures of several folds, expect less of a hand that is not among them."
    )


def _require_none(faults: Sequence[str], what: str) -> None:
    """Raise InputError naming the first of what is wrong, and how many there are."""
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise InputError(f"{len(faults)} {what}: {'; '.join(faults[:NAMED])}{more}")


def _centres(embedding_NE: NDArray[np.float32], classes_N: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """(C, E) of length 1: the direction of the mean of each class."""
    total_CE = np.zeros((count, embedding_NE.shape[1]), np.float32)
    np.add.at(total_CE, classes_N, embedding_NE)
    return of_length_1(total_CE)


def _twins(embedding_NE: NDArray[np.float32], examples: Examples) -> list[str]:
    """Pairs of pictures with the same ink, whatever their classes."""
    found = []
    for number, name in enumerate(examples.names):
        near = np.flatnonzero(embedding_NE[:number] @ embedding_NE[number] >= SAME_COSINE)
        own_hw, other_nhw = (examples.pixels_Nhw[rows].astype(np.int64) for rows in (number, near))
        gap_n = np.abs(other_nhw - own_hw).sum(axis=(1, 2)) / (other_nhw + own_hw).sum(axis=(1, 2))
        found += [f"{examples.names[row]} and {name}" for row in near[gap_n < SAME_INK]]
    return found


def _card(recognizer: Recognizer, fitted: Fitted) -> str:
    return (
        f"# {len(fitted.examples.labels)} characters of one's own\n\n"
        f"`{recognizer.path.name}` is the file of a released recogniser as it was; its prototypes are the means of "
        f"{len(fitted.examples.names)} example pictures. Written by `glyphlens fit`.\n\n{held_out_words(fitted)}\n\n"
        f"Characters: {', '.join(fitted.examples.labels)}\n"
    )
