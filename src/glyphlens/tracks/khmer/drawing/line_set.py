"""The sample set of lines: every text in a font of its split, in a manner, worn, cut out and prepared as for reading.

Each row has a random generator of its own, so that neither workers nor other rows change it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from glyphlens.core.errors import InputError
from glyphlens.core.params import Section
from glyphlens.core.shards import map_shards, shard_slices
from glyphlens.core.storage import save_json, save_table
from glyphlens.data.sample_set import ANY_WIDTH, Charset, ImageFormat, lay_end_to_end, save_sample_set
from glyphlens.data.splits import GroupSplit
from glyphlens.imaging.deform import Deformations, DeformParams, draw_deformations
from glyphlens.imaging.line_images import prepare_line
from glyphlens.imaging.text_runs import coverage
from glyphlens.tracks.khmer.drawing.faces import FaceParams, Faces
from glyphlens.tracks.khmer.drawing.setting import STYLES, Manner, NotShown, SetLine, draw_manner, set_line
from glyphlens.tracks.khmer.drawing.wear import HEIGHTS_PX, WEAR

AUDIT, SPLITS_FILE = "audit.parquet", "splits.json"
AUDIT_COLUMNS = ("text", "font", "reason")
ROWS_PER_SHARD = 250
MOST_FONTS = 6  # that are tried for one text


class FaceDeformParams(Section):
    """Training lines in faces that there are not: ``share`` of them, the others in the fonts as they are; see
    ``imaging.deform.DeformParams``."""

    share: float = Field(ge=0, le=1)
    weight: float = Field(ge=0, le=0.2)
    jitter: float = Field(ge=0, le=0.1)

    def draw(self, rng: np.random.Generator) -> Deformations | None:
        """What is done to the faces of one line, if anything."""
        if rng.random() >= self.share:
            return None
        amounts = DeformParams(slant=0.0, width=0.0, weight=self.weight, jitter=self.jitter)
        return draw_deformations(int(rng.integers(2**31)), np.zeros(1, np.int64), 1, amounts)


class LineParams(Section):
    """The ``khmer_lines`` section of params.yaml."""

    height_px: int = Field(ge=16)
    faces: FaceParams
    deform: FaceDeformParams
    styles: dict[str, float]
    neighbours: float = Field(ge=0, le=1)
    train_slices: dict[str, float]
    test_slices: dict[str, float]

    @model_validator(mode="after")
    def _known(self) -> "LineParams":
        unknown = sorted(({*self.train_slices, *self.test_slices} - set(WEAR)) | (set(self.styles) - set(STYLES[1:])))
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)}: unknown; slices are {', '.join(WEAR)}, styles {', '.join(STYLES[1:])}"
            )
        return self

    def slices(self, split: str) -> dict[str, float]:
        """The share of each slice in a split."""
        return self.train_slices if split == "train" else self.test_slices


class TextRow(NamedTuple):
    """A row of texts.parquet."""

    text: str
    drawn: str
    split: str
    kind: str
    source: str
    clusters: int


@dataclass(frozen=True)
class LineShard:
    """Rows to draw in one process, and the number of the first."""

    first: int
    texts: Sequence[TextRow]
    faces: dict[str, Faces]
    params: LineParams
    seed: int


class DrawnLine(NamedTuple):
    """A picture (H, W) uint8 with ink 255, and what it shows."""

    pixels_HW: NDArray[np.uint8]
    group: str
    slice: str
    style: str
    font: str


class DrawnLines(NamedTuple):
    """What a shard became: pictures, their rows in the index, and the fonts that could not draw a text."""

    pictures: list[NDArray[np.uint8]]
    rows: list[tuple[str, str, str, str, str, str, str, int, str]]
    audit: list[tuple[str, str, str]]


INDEX = ("text", "group", "split", "source", "slice", "style", "font", "clusters", "kind")


def draw_line_set(
    texts: pd.DataFrame, faces: dict[str, Faces], params: LineParams, seed: int, workers: int
) -> DrawnLines:
    """All lines in the order of their texts; one that no font can draw is left out and in the audit."""
    entries = [TextRow(*row) for row in texts[list(TextRow._fields)].itertuples(index=False, name=None)]
    shards = [
        LineShard(rows.start, entries[rows], faces, params, seed) for rows in shard_slices(len(entries), ROWS_PER_SHARD)
    ]
    found = DrawnLines([], [], [])
    for part in map_shards(draw_shard, shards, workers, "lines"):
        found.pictures.extend(part.pictures)
        found.rows.extend(part.rows)
        found.audit.extend(part.audit)
    return found


def draw_shard(shard: LineShard) -> DrawnLines:
    """The lines of a shard."""
    found = DrawnLines([], [], [])
    chances = {split: faces.chances(shard.params.faces) for split, faces in shard.faces.items()}
    for number, row in enumerate(shard.texts, start=shard.first):
        rng = np.random.default_rng([shard.seed, number])
        faces = shard.faces[row.split]
        line, refusals = draw_line(row.drawn, faces, chances[row.split], shard.params, row.split, rng)
        found.audit.extend((row.text, *refusal) for refusal in refusals)
        if line is not None:
            found.pictures.append(line.pixels_HW)
            facts = line.slice, line.style, line.font
            found.rows.append((row.text, line.group, row.split, row.source, *facts, row.clusters, row.kind))
    return found


def draw_line(
    text: str, faces: Faces, chances: Sequence[float], params: LineParams, split: str, rng: np.random.Generator
) -> tuple[DrawnLine | None, list[tuple[str, str]]]:
    """The text in the first of some random fonts that shows it, and (font, reason) of those that do not."""
    manner = draw_manner(rng, params.styles, params.faces.own_latin_share, params.neighbours)
    latin = faces.latin[int(rng.integers(len(faces.latin)))]
    shares = params.slices(split)
    wear = list(shares)[int(rng.choice(len(shares), p=np.array([*shares.values()]) / sum(shares.values())))]
    tried = rng.choice(len(faces.khmer), size=min(MOST_FONTS, len(chances)), replace=False, p=chances)
    deformation = params.deform.draw(rng) if split == "train" else None
    refusals: list[tuple[str, str]] = []
    for font in (faces.khmer[number] for number in tried):
        try:
            line = set_line(text, font, latin, faces.signs, manner, deformation)
        except NotShown as error:
            refusals.append((font.path.name, str(error)))
            continue
        pixels_HW = print_line(line, manner, wear, params.height_px, rng)
        return DrawnLine(pixels_HW, font.family.split("/")[1], wear, manner.style, font.path.name), refusals
    return None, refusals


def print_line(line: SetLine, manner: Manner, wear: str, height_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The line at the resolution of its source, worn, and prepared as a reader prepares it."""
    low, high = HEIGHTS_PX[wear]
    source_px = height_px if wear == "clean" and rng.random() < 0.5 else int(rng.integers(low, high + 1))
    left, bottom, right, top = line.box
    scale = source_px / (top - bottom)
    points_P2 = (line.glyphs.points_P2 - (left, bottom)) * scale
    width_px = max(4, int(np.ceil((right - left) * scale)))
    cover_HW = coverage(line.glyphs._replace(points_P2=points_P2), source_px, width_px, manner.bold * scale)
    grey_HW = WEAR[wear](cover_HW, rng)
    return prepare_line(255 - grey_HW if manner.style == "inverse" else grey_HW, height_px)


def save_lines(folder: Path, lines: DrawnLines, split: GroupSplit, characters: str, params: LineParams) -> pd.DataFrame:
    """The sample set, the audit and the families of each split; returns the index. Raises InputError without lines."""
    if not lines.rows:
        raise InputError("khmer_lines: no font can draw any of the texts; see data/raw/fonts/khmer")
    index = pd.DataFrame(lines.rows, columns=list(INDEX))
    index.insert(0, "sample_id", np.arange(len(index)))
    pixels, offsets_M = lay_end_to_end(lines.pictures)
    image = ImageFormat(params.height_px, ANY_WIDTH, 8)
    save_sample_set(folder, pixels, index, Charset(characters), image, offsets_M)
    save_table(folder / AUDIT, pd.DataFrame(lines.audit, columns=list(AUDIT_COLUMNS)))
    save_json(folder / SPLITS_FILE, {name: [*members] for name, members in asdict(split).items()})
    return index


def line_counts(
    index: pd.DataFrame, audit: Sequence[tuple[str, str, str]], pictures: Sequence[NDArray[np.uint8]]
) -> dict[str, float]:
    """Counts for git."""
    splits = Counter(index["split"])
    return {
        "lines": len(index),
        "families": index["group"].nunique(),
        "test_lines": splits["test"],
        "mean_width_px": round(float(np.mean([picture.shape[1] for picture in pictures])), 1),
        "clean_share": round(float((index["slice"] == "clean").mean()), 4),
        "audited": len(audit),
    }
