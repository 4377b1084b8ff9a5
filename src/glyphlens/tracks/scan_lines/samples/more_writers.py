"""Further simulated writers, who write nothing but what it is tested on when to stop.

The guarantee of a stopping rule is over groups, and simulated ones cost only the time to draw them. They are drawn as
the writers of the stand-in are, so that its other writers are drawn from the same population; as there, a writer may
take over the proportions of any font, whichever split that font is in.

M samples drawn · L lines of each · S samples of a line
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.shards import map_shards
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.sources.fonts.files import load_fonts
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.standin.drawing import WriterShard, draw_writer
from glyphlens.sources.standin.lettering import lettering_proportions, open_lettering
from glyphlens.sources.standin.params import StandinParams
from glyphlens.sources.standin.proportions import Proportions
from glyphlens.sources.standin.script import script_of
from glyphlens.tracks.scan_lines.samples.resampling import resampled_levels
from glyphlens.tracks.scan_lines.samples.scan_set import LinePictures
from glyphlens.tracks.scan_lines.samples.sources import RENDERED, SCANNED_COLUMNS, Scanned

WRITER = "writer/"  # how the groups of simulated writers begin


class Desk(NamedTuple):
    """With what all of them are drawn: fonts for their proportions, strokes, styles, and in how many processes."""

    fonts: Path
    kanjivg: KanjiVG
    standin: StandinParams
    handwriting: HandwritingParams
    seed: int
    workers: int


class _FontCharacters(NamedTuple):
    font: Path
    characters: tuple[str, ...]


@dataclass(frozen=True)
class JoinedLines:
    """The first ``count`` pictures are those of another source, the next these."""

    first: LinePictures
    count: int
    more_MLS: NDArray[np.uint8]

    def images(self, numbers_n: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(n, L, S) uint8, 255 is ink."""
        is_more_n = numbers_n >= self.count
        levels_nLS = np.empty((len(numbers_n), *self.more_MLS.shape[1:]), np.uint8)
        levels_nLS[~is_more_n] = self.first.images(numbers_n[~is_more_n])
        levels_nLS[is_more_n] = self.more_MLS[numbers_n[is_more_n] - self.count]
        return levels_nLS


def with_more_writers(found: Scanned, writers: int, desk: Desk) -> Scanned:
    """``found``, then all its classes once by each of so many writers, numbered from ``standin.writers`` on.

    Their groups are for calibration alone. The same whatever the number of workers. Raises InputError for a character
    without strokes in KanjiVG, and for a font that cannot be read.
    """
    numbers = range(desk.standin.writers, desk.standin.writers + writers)
    groups = [f"{WRITER}{number:03d}" for number in numbers]
    labels, (lines, samples) = sorted(found.classes), found.pictures.images(np.zeros(1, np.int64)).shape[1:]
    script, models = script_of(labels, desk.kanjivg), _font_proportions(desk)
    shards = [WriterShard(number, desk.seed, script, models, desk.standin, desk.handwriting) for number in numbers]
    pages = map_shards(draw_writer, shards, desk.workers, "writers for calibration")
    more_MLS = np.concatenate([resampled_levels(page.pixels_CHW, lines, samples) for page in pages])
    rows = pd.DataFrame({"label": labels * writers, "group": np.repeat(groups, len(labels))})
    rows = rows.assign(source=RENDERED, file="", record=-1)[list(SCANNED_COLUMNS)]
    return found._replace(
        table=pd.concat([found.table, rows], ignore_index=True),
        pictures=JoinedLines(found.pictures, len(found.table), more_MLS),
        missing_NL=np.concatenate([found.missing_NL, np.zeros((len(more_MLS), lines), np.bool_)]),
        calibrating=frozenset(groups),
    )


def _font_proportions(desk: Desk) -> tuple[Proportions, ...]:
    """Those of every font that the stand-in draws; none where it draws no font."""
    if not desk.standin.font_copies:
        return ()
    characters = desk.standin.all_characters()
    shards = [_FontCharacters(desk.fonts / str(file), characters) for file in load_fonts(desk.fonts)["file"]]
    return tuple(map_shards(_proportions, shards, desk.workers, "proportions of fonts"))


def _proportions(shard: _FontCharacters) -> Proportions:
    return lettering_proportions(open_lettering(shard.font, shard.characters))
