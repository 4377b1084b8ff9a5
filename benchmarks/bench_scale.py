"""How work grows: fonts, glyphs, ETL records, classes and vectors at 1×, 4× and 16×, for docs/SCALE.md.

A ratio of 1 is linear growth from 1× to 16×. The note has processor seconds, the exponent of the power law through the
three (1: linear), and by how much memory rose above what the process held before.
N glyphs or pictures · E numbers of an embedding · C classes · H×W pixels
"""

import gc
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_etl import HANDWRITING
from benchmarks.bench_similar import indexed
from benchmarks.etl_files import write_file
from benchmarks.ratio import Ratio
from glyphlens.core.storage import load_table
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.glyph_index import GlyphIndex
from glyphlens.inference.prototypes import Prototypes, of_length_1
from glyphlens.sources.fonts.isolation import Limits
from glyphlens.tracks.arabic.glyphs.font_glyphs import glyph_tables
from glyphlens.tracks.arabic.glyphs.glyph_db import write_database
from glyphlens.tracks.arabic.glyphs.glyph_drawing import draw_glyphs, read_glyphs
from glyphlens.tracks.kanji.samples.etl_samples import read_samples

FONTS, RELEASE = Path("data/raw/fonts/arabic"), Path("models/arabic/release")
TIMES = (1, 4, 16)
LINEAR = 0.8  # the least ratio: an exponent of 1.08
FONT_COUNT, GLYPH_COUNT, RECORDS, CLASSES, VECTORS = 2, 1_000, 1_500, 6_062, 4_096  # at 1×
NUMBERS, BATCH, QUERIES, TOP = 256, 64, 64, 10
LIMITS = Limits(seconds=600, memory_mib=2048)
RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure() -> list[Ratio]:
    """Every kind of work in this process, and in processes that it waits for where fonts are read."""
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as place:
        folder = Path(place)
        return [
            grown("fonts to glyphs", FONT_COUNT, lambda count: read_fonts(count, folder)),
            grown("glyphs to pictures", GLYPH_COUNT, lambda count: draw(count, folder)),
            grown("ETL records to pictures", RECORDS, lambda count: decode(count, folder, rng)),
            grown("classes: a step of a softmax", CLASSES, softmax_step),
            grown("classes: prototypes", CLASSES, lambda count: rank(count, rng)),
            grown("vectors: to an index", VECTORS, lambda count: index(count, folder, rng)),
            grown("vectors: searched", VECTORS, lambda count: search(count, folder, rng)),
        ]


def grown(name: str, least: int, prepare: Callable[[int], Callable[[], object]]) -> Ratio:
    """The work that ``prepare`` makes of so many things, at all of TIMES."""
    counts = [times * least for times in TIMES]
    seconds, rise_mib = zip(*(cost(prepare(count)) for count in counts), strict=True)
    exponent = float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])
    note = (
        f"{', '.join(f'{count:,}' for count in counts)}: {', '.join(f'{each:.2f}' for each in seconds)} s, exponent "
        f"{exponent:.2f}; memory +{', +'.join(f'{each:.0f}' for each in rise_mib)} MiB"
    )
    return Ratio(f"scale: {name}, linear", seconds[0] * TIMES[-1] / TIMES[0], seconds[-1], LINEAR, note)


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds, of children too, and MiB by which the resident memory of this process rose at its highest."""
    gc.collect()
    RESET.write_text("5", encoding="ascii")  # proc(5): the high-water mark begins anew
    held_mib, began_s = memory_mib("VmRSS"), processor_s()
    work()
    return max(processor_s() - began_s, 0.01), memory_mib("VmHWM") - held_mib


def processor_s() -> float:
    """Of this process and of the children that have ended: another's load does not count."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def memory_mib(name: str) -> float:
    """A line of the process's status."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def read_fonts(count: int, folder: Path) -> Callable[[], object]:
    """Shape and label the glyphs of fonts that are spread over the default ones, and write the database."""
    manifest = load_table(FONTS / "fonts.parquet")
    chosen = manifest.iloc[np.linspace(0, len(manifest) - 1, count).astype(int)].reset_index(drop=True)
    chosen = chosen.assign(path=[FONTS / name for name in chosen["file"]], companions=[()] * count)
    refused = chosen.iloc[:0].assign(paths=[], script=[])

    def work() -> None:
        tables = glyph_tables(
            chosen, refused, limits=LIMITS, workers=1, lookalike_share=0.8, lookalike_fonts=3, others_per_font=1
        )
        write_database(folder / "glyphs.db", tables.fonts, tables.glyphs)

    return work


def draw(count: int, folder: Path) -> Callable[[], object]:
    """Draw glyphs of that database; where it has fewer, some of them again."""
    glyphs = read_glyphs(folder / "glyphs.db")
    chosen = glyphs.iloc[np.arange(count) % len(glyphs)]
    return lambda: draw_glyphs(folder / "glyphs.db", chosen, RULE, workers=1)


def decode(count: int, folder: Path, rng: np.random.Generator) -> Callable[[], object]:
    """Read, clean and prepare the records of files of RECORDS each."""
    parts, place = folder / f"parts{count}", folder / f"etl{count}"
    parts.mkdir()
    for number in range(1, count // RECORDS + 1):
        each = place / str(number)
        each.mkdir(parents=True)
        write_file(each, f"ETL9G_{number:02}", RECORDS, rng)
    return lambda: read_samples(place, parts, ["ETL9G"], HANDWRITING, workers=1)


def softmax_step(count: int) -> Callable[[], object]:
    """One step of AdamW on the last layer of a network with so many classes."""
    import torch

    torch.set_num_threads(1)
    layer = torch.nn.Linear(NUMBERS, count)
    optimizer = torch.optim.AdamW(layer.parameters())
    inputs_NE, classes_N = torch.randn(BATCH, NUMBERS), torch.randint(count, (BATCH,))

    def work() -> None:
        for _ in range(3):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(layer(inputs_NE), classes_N).backward()
            optimizer.step()

    return work


def vectors(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(count, E) of length 1."""
    return of_length_1(rng.standard_normal((count, NUMBERS), np.float32))


def rank(count: int, rng: np.random.Generator) -> Callable[[], object]:
    """Logits of BATCH pictures over prototypes of so many classes, ten times."""
    prototypes = Prototypes(tuple(map(str, range(count))), vectors(count, rng), np.zeros(count, np.float32), 10.0, 0.5)
    pictures_NE = vectors(BATCH, rng)
    return lambda: [prototypes.logits(pictures_NE) for _ in range(10)]


def index(count: int, folder: Path, rng: np.random.Generator) -> Callable[[], object]:
    """Write an index in eight bits of random vectors and empty pictures."""
    place, vectors_NE = folder / f"index{count}", vectors(count, rng)
    place.mkdir()
    return lambda: indexed(vectors_NE, place, ExportFolder(RELEASE).only_model(), "int8")


def search(count: int, folder: Path, rng: np.random.Generator) -> Callable[[], object]:
    """The nearest of QUERIES glyphs, all at once."""
    opened, queries_QE = GlyphIndex.open(folder / f"index{count}" / "int8"), vectors(QUERIES, rng)
    return lambda: opened.nearest(queries_QE, TOP)
