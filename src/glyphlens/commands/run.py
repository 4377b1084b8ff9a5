"""The commands from their options to what is printed and written; each returns the exit status."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.commands.answers import is_confident
from glyphlens.commands.check import agreement
from glyphlens.commands.face_pictures import font_files
from glyphlens.commands.identify import identify_fonts
from glyphlens.commands.image_pictures import Ink
from glyphlens.commands.model import open_model
from glyphlens.commands.output import Format, as_text, check_writable, output_format, save_answers
from glyphlens.commands.predict import predict_images
from glyphlens.commands.screen import agreement_on_screen, answers_on_screen, console
from glyphlens.commands.sheet import save_sheet


class Wanted(NamedTuple):
    """Options that both commands share."""

    output: Path | None
    format: Format | None
    sheet: Path | None
    model: Path | None
    top: int
    min_confidence: float
    threads: int


def run_identify(fonts: Sequence[Path], wanted: Wanted, *, check: bool) -> int:
    """Answers for the glyphs of fonts; 1 where a font could not be used (the others were), else 0."""
    form = _prepare(wanted)
    found = identify_fonts(
        font_files(list(fonts)), open_model(wanted.model, wanted.threads), top=wanted.top, check=check
    )
    for problem in found.problems:
        print(f"glyphlens: {problem}", file=sys.stderr)
    if not found.faces:
        return 1
    table = found.table
    packed_NHB = np.concatenate([face.packed_NHB for face in found.faces])
    _give(table, packed_NHB, "gid", wanted, form)
    if check:
        _print_agreement(found.verdicts, form, wanted)
    return 1 if found.problems else 0


def run_predict(images: Sequence[Path], wanted: Wanted, *, ink: Ink, diacritic: bool) -> int:
    """Answers for pictures; 1 where a picture could not be used (the others were), else 0."""
    form = _prepare(wanted)
    recognizer = open_model(wanted.model, wanted.threads)
    table, packed_NHB = predict_images(images, recognizer, top=wanted.top, ink=ink, diacritic=diacritic)
    for row in table[table["fault"] != ""].itertuples():
        print(f"glyphlens: {row.image}: {row.fault}", file=sys.stderr)
    _give(table, packed_NHB, "image", wanted, form)
    return int((table["fault"] != "").any())


def _prepare(wanted: Wanted) -> Format:
    """The output's format, after making sure that what is asked for can be written."""
    form = output_format(wanted.output, wanted.format)
    for path in (wanted.output, wanted.sheet):
        if path is not None:
            check_writable(path)
    return form


def _give(table: pd.DataFrame, packed_NHB: NDArray[np.uint8], subject: str, wanted: Wanted, form: Format) -> None:
    """Write the file and the sheet that were asked for; without a file, print."""
    is_shown = is_confident(table, wanted.min_confidence)
    shown, packed_NHB = table[is_shown].reset_index(drop=True), packed_NHB[is_shown]
    if wanted.output is not None:
        save_answers(wanted.output, shown, form)
        print(f"{wanted.output}: {_summary(table, shown)}", file=sys.stderr)
    elif form == "table":
        _print_tables(shown, subject)
        print(_summary(table, shown), file=sys.stderr)
    else:
        sys.stdout.write(as_text(shown, form))
    if wanted.sheet is not None:
        title = " ".join(dict.fromkeys(Path(name).name for name in table.iloc[:, 0]))
        title = f"{title} · {_summary(table, shown)}" if len(title) < 80 else _summary(table, shown)
        drawn = (shown["fault"] == "").to_numpy()
        for path in save_sheet(wanted.sheet, shown[drawn], packed_NHB[drawn], subject, title):
            print(f"{path}: sheet written", file=sys.stderr)


def _print_tables(shown: pd.DataFrame, subject: str) -> None:
    screen = console()
    if "font" not in shown:
        screen.print(answers_on_screen(shown, subject, "", screen.width))
        return
    for (font, face), part in shown.groupby(["font", "face"], sort=False):
        title = f"{font}, face {face}" if face else str(font)
        screen.print(answers_on_screen(part, subject, title, screen.width))


def _print_agreement(verdicts: pd.DataFrame, form: Format, wanted: Wanted) -> None:
    """The agreement; on the error stream where the answers themselves go to the output stream as data."""
    screen = console(stderr=wanted.output is None and form != "table")
    if not len(verdicts):
        screen.print("--check: no glyph to check, these fonts have no cmap for Arabic characters")
        return
    screen.print(agreement_on_screen(agreement(verdicts)))


def _summary(table: pd.DataFrame, shown: pd.DataFrame) -> str:
    blank = int((table["fault"] != "").sum())
    hidden = len(table) - len(shown)
    parts = [f"{len(table)} glyphs"]
    if blank:
        parts.append(f"{blank} without an answer")
    if hidden:
        parts.append(f"{hidden} below the confidence asked for")
    return ", ".join(parts)
