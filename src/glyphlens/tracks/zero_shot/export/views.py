"""Every class as the exported files see it: the embedding of its description, and that of its templates.

C classes · T templates a class · N pictures · E numbers of an embedding
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.storage import BROKEN_ZIP, load_array, writing
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import Precision
from glyphlens.inference.prototypes import of_length_1
from glyphlens.inference.recognizer import BATCH, EMBEDDING, RASTER, open_session

PARTS = "parts.npz"
CHUNK = 1024
Floats = NDArray[np.float32]
Embed = Callable[[NDArray[np.uint8]], Floats]


def picture_embedder(file: Path) -> Embed:
    """(N, H, W) uint8 pictures, N ≥ 1 → (N, E) by an exported file, whose prototypes need not be there yet."""
    session = open_session(file)

    def embed(pixels_NHW: NDArray[np.uint8]) -> Floats:
        parts = [pixels_NHW[start : start + BATCH] for start in range(0, len(pixels_NHW), BATCH)]
        return np.concatenate([session.run([EMBEDDING], {RASTER: part})[0] for part in parts])

    return embed


def embedded_rows(samples: SampleSet, rows_N: NDArray[np.int64], embed: Embed) -> Floats:
    """(N, E) of rows of a sample set, N ≥ 1."""
    starts = tqdm(range(0, len(rows_N), CHUNK), desc="embed", unit="chunk", disable=None, leave=False)
    return np.concatenate([embed(samples.images(rows_N[start : start + CHUNK])) for start in starts])


def exemplars(folder: Path, embed: Embed) -> Floats:
    """(C, E) of length 1: the mean of the embeddings of a class's templates, of those that there are; 0 of none."""
    templates_CTHW, has_CT = load_array(folder / "templates.npy", mmap=True), load_array(folder / "has_CT.npy")
    means = []
    for start in tqdm(range(0, len(has_CT), CHUNK), desc="templates", unit="chunk", disable=None, leave=False):
        has_cT = has_CT[start : start + CHUNK]
        pictures_NHW = np.asarray(templates_CTHW[start : start + CHUNK][has_cT])
        embedding_NE, owners_N = embed(pictures_NHW), np.nonzero(has_cT)[0]
        total_cE = np.zeros((len(has_cT), embedding_NE.shape[1]), np.float32)
        np.add.at(total_cE, owners_N, embedding_NE)
        means.append(of_length_1(total_cE))
    return np.concatenate(means)


def save_parts(out: Path, text_CE: Floats, exemplars: Mapping[Precision, Floats]) -> None:
    """Write both views of every class, of which the evaluation makes other prototypes; float16."""
    views = {"text_CE": text_CE, **{f"{kind}_exemplar_CE": view_CE for kind, view_CE in exemplars.items()}}
    with writing(out / PARTS) as partial, partial.open("wb") as handle:
        np.savez_compressed(
            handle, allow_pickle=False, **{name: view.astype(np.float16) for name, view in views.items()}
        )


def load_parts(folder: Path, precision: Precision) -> tuple[Floats, Floats]:
    """(C, E) of descriptions and (C, E) of templates, of length 1; raises InputError for a missing or broken file."""
    names = ("text_CE", f"{precision}_exemplar_CE")
    try:
        with (folder / PARTS).open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
            text_CE, exemplar_CE = (stored[name].astype(np.float32) for name in names)
    except (*BROKEN_ZIP, ValueError, LookupError) as error:
        raise InputError(f"{folder / PARTS}: no readable {' and '.join(names)} ({error}); export again") from error
    if text_CE.ndim != 2 or text_CE.shape != exemplar_CE.shape:
        raise InputError(f"{folder / PARTS}: descriptions {text_CE.shape}, templates {exemplar_CE.shape}")
    return text_CE, exemplar_CE
