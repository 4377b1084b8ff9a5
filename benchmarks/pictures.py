"""How often pictures with one fault each are named right, by the straightforward preparation and by ours; and what
phase 1 and thresholding make of worn rasters. ``python -m benchmarks.pictures docs/PICTURES.md`` writes the page.

N pictures · M rasters · H×W pixels
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.picture_faults import FAULTS, faulty_file
from benchmarks.pictures_plain import plainly_prepared
from benchmarks.worn_rasters import worn_table
from glyphlens.commands.model import open_model
from glyphlens.commands.predict import predict_images
from glyphlens.core.storage import load_json, save_text
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.recognizer import RASTER, Recognizer

PAGE = """# Pictures as people have them

Written by `python -m benchmarks.pictures docs/PICTURES.md` from test families, writers and fonts: {count} characters of
each recogniser, drawn as a clean picture (96 px of ink, dark on light, a little grain) and with one fault at a time.
*Plain* takes the border's median for the paper and prepares the picture like a cell of a form; *ours* is what
`glyphlens predict` does. Shares named right at the first guess; {points:.0f} points either way are chance. *Noted* is
the share of answers by ours with a note that the picture may be seen in several ways.

{faults}

## Phase 1 beside thresholding

{rasters} rasters of the Arabic test families, worn as scans and photographs are. *Cells* are those with ink in the
clean raster: the share whose primitive is named right by the network of phase 1, and by thresholding plus exact
lookup. *Empty* is the share of the empty cells that get another primitive. *Chain* is the share of glyphs that the
released recogniser names right, shown the worn raster as it is, and thresholded at one half, as `predict` does it.

{worn}
"""


class Set(NamedTuple):
    """What a recogniser is tried on: its title, its release, its samples, and which of their test rows."""

    title: str
    model: str
    samples: Path
    kind: str


SETS = (
    Set("Arabic", "arabic", Path("data/arabic/rasters"), "letters"),
    Set("kana", "kanji", Path("data/kanji/samples"), "kana"),
    Set("unseen kanji", "zero_shot", Path("data/zero_shot/samples"), "unseen"),
)


class Counted(NamedTuple):
    """Of the pictures with one fault: shares named right, plainly prepared and by ours, and of answers with a note."""

    plain: float
    ours: float
    noted: float


def chosen_rows(samples: SampleSet, kind: str, count: int) -> NDArray[np.int64]:
    """Rows of the test split, spread evenly: Arabic letters at full size, kana, or kanji that were never trained on."""
    rows = samples.rows("test")
    index = samples.index.iloc[rows]
    if kind == "letters":
        rows = rows[~index["is_diacritic"].to_numpy(bool) & (index["target_dim"] == samples.image.height_px).to_numpy()]
    elif kind == "kana":
        rows = rows[index["label"].between("ぁ", "ヿ").to_numpy()]
    else:
        unseen = load_json(samples.folder / "roles.json")["unseen"]
        rows = rows[index["label"].isin(unseen).to_numpy()]
    return np.asarray(rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)])


def counted(
    recognizer: Recognizer, inks_NHW: NDArray[np.uint8], labels: list[str], fault: str, folder: Path
) -> Counted:
    """All pictures with one fault, written as files and read by both ways."""
    contents = [faulty_file(ink_HW, fault, seed) for seed, ink_HW in enumerate(inks_NHW)]
    suffix = ".jpg" if "JPEG" in fault else ".png"
    files = [folder / f"{number:04}{suffix}" for number in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    table = predict_images(files, recognizer, top=1).table
    shown_NHW = np.stack([plainly_prepared(content, recognizer) for content in contents])
    zeros = {name: np.zeros((len(files), *end.shape), end.dtype) for name, end in recognizer.inputs.items()}
    best_N = recognizer.probabilities({**zeros, RASTER: shown_NHW}).argmax(axis=1)
    plain = [bool(shown_HW.any()) and recognizer.classes[best].label == label
             for shown_HW, best, label in zip(shown_NHW, best_N, labels, strict=True)]  # fmt: skip
    return Counted(float(np.mean(plain)), float((table["label"] == labels).mean()), float((table["note"] != "").mean()))


def _columns(root: Path, count: int) -> Iterator[tuple[str, dict[str, Counted]]]:
    for each in SETS:
        samples, recognizer = SampleSet.open(root / each.samples), open_model(Path(each.model), threads=1)
        rows = chosen_rows(samples, each.kind, count)
        labels = samples.index["label"].iloc[rows].astype(str).tolist()
        inks_NHW = samples.images(rows)
        found = {}
        with TemporaryDirectory() as folder:
            for fault in FAULTS:
                found[fault] = counted(recognizer, inks_NHW, labels, fault, Path(folder))
                print(f"{each.title}: {fault}: {found[fault]}", flush=True)
        yield each.title, found


def fault_table(columns: dict[str, dict[str, Counted]]) -> str:
    """A row per fault, three columns per recogniser."""
    heads = [f"{title}: {what}" for title in columns for what in ("plain", "ours", "noted")]
    lines = ["| fault | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(heads)]
    for fault in FAULTS:
        cells = [f"{share:.0%}" for found in columns.values() for share in found[fault]]
        lines.append(f"| {fault} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--root", type=Path, default=Path(), help="where data and models of a full run are")
    parser.add_argument("--pictures", type=int, default=200, help="per recogniser")
    parser.add_argument("--rasters", type=int, default=200)
    asked = parser.parse_args()
    columns = dict(_columns(asked.root, asked.pictures))
    page = PAGE.format(
        count=asked.pictures,
        points=100 / np.sqrt(asked.pictures),
        rasters=asked.rasters,
        faults=fault_table(columns),
        worn=worn_table(asked.root, asked.rasters),
    )
    save_text(asked.page, page)


if __name__ == "__main__":
    main()
