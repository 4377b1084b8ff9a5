"""gate_rasters: pictures, splits and classes are what every later stage takes them for."""

from collections.abc import Sequence

from glyphlens.data.sample_set import SPLITS
from glyphlens.gates import sample_classes
from glyphlens.gates.expectations import TableSuite, between, greater, matches, one_of, unique
from glyphlens.gates.run import Gate
from glyphlens.tracks.arabic.gates import raster_pixels, raster_splits
from glyphlens.tracks.arabic.gates.raster_data import RasterData, RasterLimits

HASH = r"^[0-9a-f]{16,64}$"
EM_SIDES = ("em_left", "em_right", "em_bottom", "em_top", "em_advance", "em_major")


def tables(data: RasterData, limits: RasterLimits) -> Sequence[TableSuite]:
    """What is expected of every row of the index."""
    index = data.samples.index
    last, farthest = len(data.samples.classes) - 1, limits.max_em_offset
    place = "A picture's place on its line, in em; further off is a broken outline or a wrong unit."
    expectations = (
        unique("sample-once", ["sample_id"], "The sample id names one row."),
        between("sample-range", "sample_id", 0, len(index) - 1, "The sample id is the number of a row."),
        unique("glyph-once", ["glyph_id"], "A glyph is drawn once."),
        unique("font-label-once", ["font_hash", "label"], "A font has one picture of a label."),
        between("class-range", "class_index", 0, last, "An index outside the class list has no label."),
        one_of("split-known", "split", [*SPLITS, raster_splits.EXCLUDED], "A split of another name is used by nobody."),
        one_of("source-font", "source", ["font"], "The Arabic track knows one source."),
        matches("group-named", "group", r"\S", "A row without a family cannot be kept to one side."),
        matches("outline-hash-form", "outline_hash", HASH, "A hash that is none compares unequal to everything."),
        matches("raster-hash-form", "raster_hash", HASH, "A hash that is none compares unequal to everything."),
        between("scale-positive", "scale_factor", 1e-6, 1e6, "Pixels per font unit."),
        between("major-ratio-range", "major_dim_ratio", 1e-6, farthest, "The longer side, in em heights."),
        greater("box-width", "bbox_max_x", "bbox_min_x", "A box without width encloses no ink."),
        greater("box-height", "bbox_max_y", "bbox_min_y", "A box without height encloses no ink."),
        *(between(f"{name.replace('_', '-')}-range", name, -farthest, farthest, place) for name in EM_SIDES),
    )
    # A database of one's own may give no advance.
    return [TableSuite("index", index, ("sample_id", "label"), expectations, nullable=("advance",))]


GATE = Gate(
    "gate_rasters",
    "Between the drawn pictures and everything that learns from them.",
    [*raster_pixels.CHECKS.entries, *raster_splits.CHECKS.entries, *sample_classes.CHECKS.entries],
    lambda data: len(data.samples),
    tables,
)
