"""Which files are read beside the Arabic ones: other subsets of the same fonts, and faces without Arabic script."""

from pathlib import Path

import numpy as np
import pandas as pd

from glyphlens.core.storage import load_table
from glyphlens.sources.fonts.companions import FIRST_SUBSET, REFUSED, SUBSET
from glyphlens.sources.fonts.files import MANIFEST

DESIGN = ["package", "weight"]  # files that agree in these are parts of one font


def font_sources(folder: Path, fonts: pd.DataFrame, companions: Path) -> pd.DataFrame:
    """The manifest with ``path`` and ``companions`` (paths of the other subsets), and a row for each face that has
    text of other scripts alone.
    """
    table = load_table(companions / MANIFEST)
    subsets = table[table["source"] == SUBSET]
    designs = {key: part["file"].tolist() for key, part in subsets.groupby(DESIGN)}
    own = set(_designs(fonts))
    is_new = np.array([key not in own for key in _designs(subsets)], np.bool_)
    is_face = is_new & (subsets["script"] == FIRST_SUBSET).to_numpy()
    arabic = fonts.assign(path=[folder / name for name in fonts["file"]])
    faces = subsets[is_face].assign(path=[companions / name for name in subsets.loc[is_face, "file"]])
    every = pd.concat([arabic, faces], ignore_index=True)
    beside = [
        tuple(companions / name for name in designs.get(key, ()) if name != file)
        for key, file in zip(_designs(every), every["file"], strict=True)
    ]
    return every.assign(companions=pd.Series(beside, every.index, object))


def _designs(fonts: pd.DataFrame) -> list[tuple[str, int]]:
    return list(zip(fonts["package"], fonts["weight"], strict=True))


def refused_fonts(companions: Path) -> pd.DataFrame:
    """The first row of each font whose glyphs are none that the recogniser knows, with the ``paths`` of its files."""
    table = load_table(companions / MANIFEST)
    fonts = table[table["source"] == REFUSED].groupby(["script", "package"], sort=True)
    paths = [tuple(companions / name for name in files) for _, files in fonts["file"]]
    first = fonts.head(1).sort_values(["script", "package"], ignore_index=True)
    return first.assign(paths=pd.Series(paths, first.index, object))
