"""``glyphlens etl``: what a folder holds of the ETL Character Database, and samples of a character for the eye."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.table import Table

from glyphlens.commands.output import check_picture, shown_place
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.commands.sheet import save_picture
from glyphlens.core.errors import InputError
from glyphlens.core.storage import STANDARD_OUTPUT
from glyphlens.sources.etl.finding import UNREADABLE, EtlFile
from glyphlens.sources.etl.reading import Records, read
from glyphlens.sources.etl.survey import Survey, survey

COLUMNS, SAMPLES_A_SET = 12, 48
TILE_PX, PICTURE_PX, HEADING_PX, TEXT_PX = 136, 128, 34, 11
INK, PAPER = (20, 20, 20), 255
SHOWN_AUDIT_ROWS = 40
Sample = tuple[str, NDArray[np.uint8]]


def run_etl(folder: Path, only: Sequence[str], sheet: Path | None, character: str | None) -> int:
    """Print the survey; write the sheet where asked; 1 where a set is not complete, else 0."""
    if (sheet is None) != (character is None):
        raise InputError("--sheet and --character belong together, for example --sheet a.png --character あ")
    if character is not None and len(character) != 1:
        raise InputError(f"--character takes one character, found {character!r}")
    if sheet is not None:
        check_picture(sheet)
    found = survey(folder, only)
    screen = console(stderr=sheet == STANDARD_OUTPUT)
    try:
        count = save_samples(sheet, found, character) if sheet is not None and character is not None else 0
    finally:
        screen.print(survey_on_screen(found.table, screen.width))
        if len(found.audit):
            screen.print(audit_on_screen(found.audit, screen.width))
    if sheet is not None and character is not None:
        screen.print(f"{shown_place(sheet)}: {count} samples of {character} (U+{ord(character):04X})", soft_wrap=True)
    return int(not found.table["complete"].all() or bool(found.audit["reason"].isin(["set missing", UNREADABLE]).any()))


def survey_on_screen(table: pd.DataFrame, width: int) -> Table:
    """One line a set, with what is published behind a stroke."""
    names = ("files", "records", "codes", "characters", "writers", "models")
    columns = [Column("set", is_key=True), *(Column(name, is_number=True) for name in names), Column("complete")]
    rows = []
    for row in table.to_dict("records"):
        counts = (f"{row[name]:,} / {row[f'{name}_expected']:,}" for name in ("files", "records", "codes"))
        others = (f"{row[name]:,}" if row[name] else "–" for name in ("characters", "writers", "models"))
        rows.append([row["set"], *counts, *others, "yes" if row["complete"] else "NO"])
    return fitted_table("ETL Character Database", columns, rows, width)


def audit_on_screen(audit: pd.DataFrame, width: int) -> Table:
    """What is not as published; of many lines the first, and in the title how many there are."""
    hidden = f", the first {SHOWN_AUDIT_ROWS} of {len(audit)}" if len(audit) > SHOWN_AUDIT_ROWS else ""
    title = f"Not as published{hidden}"
    names = ("set", "file", "reason", "first record", "value", "count", "detail")
    columns = [Column(name, is_key=name == "set", is_number=name in ("first record", "count")) for name in names]
    rows = []
    for row in audit.head(SHOWN_AUDIT_ROWS).to_dict("records"):
        record = "" if row["record"] < 0 else str(row["record"])
        rows.append([row["set"], row["file"], row["reason"], record, row["value"], str(row["count"]), row["detail"]])
    return fitted_table(title, columns, rows, width)


def save_samples(path: Path, found: Survey, character: str) -> int:
    """A sheet of up to SAMPLES_A_SET samples a set, dark on light; returns how many there are on it.

    Raises InputError where no record has the character, OutputError where the sheet cannot be written.
    """
    samples: list[Sample] = []
    for name in found.table["set"]:
        samples += _samples([file for file in found.files if file.etl_set.name == name], character)
    if not samples:
        raise InputError(
            f"no record of {', '.join(found.table['set'])} is labelled {character} (U+{ord(character):04X})"
        )
    page = draw_samples(samples, f"U+{ord(character):04X} · {len(samples)} samples")
    save_picture(path, page)
    return len(samples)


def draw_samples(samples: Sequence[Sample], heading: str) -> Image.Image:
    """Rows of twelve tiles below a heading, each with its set, writer and place."""
    rows = -(-len(samples) // COLUMNS)
    tile_height_px = TILE_PX + 2 * TEXT_PX + 8
    page = Image.new("L", (COLUMNS * TILE_PX, HEADING_PX + rows * tile_height_px), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((6, 8), heading, fill=INK[0], font=ImageFont.load_default(16))
    font = ImageFont.load_default(TEXT_PX)
    for number, (caption, pixels_HW) in enumerate(samples):
        left_px, top_px = number % COLUMNS * TILE_PX + 4, HEADING_PX + number // COLUMNS * tile_height_px
        image = Image.fromarray(255 - pixels_HW)
        scale = PICTURE_PX / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
        page.paste(image, (left_px, top_px))
        pen.rectangle((left_px - 1, top_px - 1, left_px + image.width, top_px + image.height), outline=200)
        pen.multiline_text((left_px, top_px + PICTURE_PX + 2), caption, fill=INK[0], font=font, spacing=1)
    return page


def _samples(files: Sequence[EtlFile], character: str) -> list[Sample]:
    """The first samples of a character in a set, evenly from its files."""
    share = -(-SAMPLES_A_SET // len(files))
    samples: list[Sample] = []
    for file in files:
        taken = 0
        for records in read(file):
            rows = np.flatnonzero(records.chars == character)[: share - taken]
            taken += len(rows)
            images_NHW = records.take(rows, scaled=True)
            samples += [(_caption(records, row), image) for row, image in zip(rows.tolist(), images_NHW, strict=True)]
            if taken == share:
                break
    return samples[:SAMPLES_A_SET]


def _caption(records: Records, row: int) -> str:
    writer = int(records.writers[row])
    if records.is_model[row]:
        who = "model pattern"
    else:
        who = f"writer {writer}" if writer >= 0 else f"print {records.field('mark')[row]}"
    return f"{records.file.name} #{records.first + row}\n{who}"
