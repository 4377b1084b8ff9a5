"""What a person looks at: the table of suspicious records, and a sheet of their pictures beside what they should be.

N pictures · P×P pixels
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from glyphlens.core.storage import save_table, writing
from glyphlens.data.pictures import PictureRows
from glyphlens.sources.etl.finding import AuditRow
from glyphlens.tracks.kanji.samples.suspects import DISPLACED

TABLE, SHEET = "suspects.parquet", "suspects.png"
SHOWN, SHOWN_A_REASON = 300, 150
COLUMNS, GAP_PX, TEXT_PX = 6, 6, 11
INK, GREY, PAPER = 20, 120, 255
READ_ROWS = 4096
MEAN_OF = 50  # pictures of a class whose mean is shown


def displaced_cells(suspects: pd.DataFrame) -> Iterator[AuditRow]:
    """A row of the audit for each."""
    for row in suspects.to_dict("records"):
        detail = f"sheet {row['writer']}, of which others read {row['sheet_right']:.0%}"
        yield AuditRow(row["set"], row["file"], DISPLACED, int(row["record"]), row["label"], 1, detail)


def save_suspects(
    folder: Path, suspects: pd.DataFrame, pictures: PictureRows, index: pd.DataFrame, rows_N: NDArray[np.int64]
) -> None:
    """Write TABLE, in which ``sample_id`` is −1 where the record is not in the set, and SHEET.

    ``index`` is that of all pictures, ``rows_N`` the ascending rows of those in the set.
    """
    row_n = suspects["row"].to_numpy(np.int64)
    place_n = np.minimum(np.searchsorted(rows_N, row_n), len(rows_N) - 1)
    sample_n = np.where(rows_N[place_n] == row_n, place_n, -1)
    table = suspects.drop(columns="row")
    table.insert(0, "sample_id", sample_n)
    save_table(folder / TABLE, table)
    shown = suspects.groupby("reason", sort=False).head(SHOWN_A_REASON).head(SHOWN)
    means = class_pictures(pictures, index, {*shown["label"], *shown["read_as"]} - {""})
    with writing(folder / SHEET) as partial:
        draw_suspects(shown, pictures, means).save(partial, format="png")


def class_pictures(pictures: PictureRows, index: pd.DataFrame, labels: set[str]) -> dict[str, NDArray[np.uint8]]:
    """(P, P) the mean of the first MEAN_OF pictures of each label."""
    wanted = index[index["label"].isin(labels)].groupby("label").head(MEAN_OF)
    of_label = {label: np.asarray(rows) for label, rows in wanted.groupby("label").groups.items()}
    return {
        str(label): np.mean([pictures[row : row + 1][0] for row in rows.tolist()], axis=0).astype(np.uint8)
        for label, rows in of_label.items()
    }


def draw_suspects(suspects: pd.DataFrame, pictures: PictureRows, means: Mapping[str, NDArray[np.uint8]]) -> Image.Image:
    """Tiles of three: the picture, the mean of its label, the mean of what it is read as; dark on light."""
    side_px = pictures[0:1].shape[2] if len(pictures) else 0
    wide_px, high_px = 3 * side_px + 3 * GAP_PX, side_px + 3 * TEXT_PX + GAP_PX
    lines = max(1, -(-len(suspects) // COLUMNS))
    page = Image.new("L", (COLUMNS * wide_px + GAP_PX, lines * high_px + GAP_PX), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(TEXT_PX)
    blank = np.zeros((side_px, side_px), np.uint8)
    for number, row in enumerate(suspects.to_dict("records")):
        left, top = GAP_PX + number % COLUMNS * wide_px, GAP_PX + number // COLUMNS * high_px
        own = pictures[int(row["row"]) : int(row["row"]) + 1][0]
        for place, tile in enumerate((own, means.get(row["label"], blank), means.get(row["read_as"], blank))):
            page.paste(Image.fromarray(PAPER - tile), (left + place * side_px, top))
        pen.rectangle((left - 1, top - 1, left + side_px, top + side_px), outline=GREY)
        pen.multiline_text((left, top + side_px + 2), _caption(row), fill=INK, font=font, spacing=1)
    return page


def _caption(row: Mapping[Any, Any]) -> str:
    def spelled(label: object) -> str:
        return f"U+{ord(str(label)):04X}" if label else "nothing"

    return (
        f"{row['reason']} · {spelled(row['label'])} > {spelled(row['read_as'])}\n"
        f"{row['file']} #{row['record']} sheet {row['writer']}"
    )
