"""``glyphlens identify file.pdf`` and ``glyphlens fix``: the state of a PDF's fonts, and a copy with mended text."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from rich.table import Table

from glyphlens.commands.inputs import SOME_UNUSED, name_bad, require_kept
from glyphlens.commands.model import model_files, open_model
from glyphlens.commands.output import Format, check_writable, output_format, save_answers, shown_place
from glyphlens.commands.pdf_judgement import CHANGES, Judged, judge_font, says_nothing
from glyphlens.commands.pdf_readings import read_fonts
from glyphlens.commands.screen import Cell, Column, console, fitted_table
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import STANDARD_OUTPUT, writing
from glyphlens.inference.recognizer import Recognizer
from glyphlens.sources.pdf.fonts import read_pdf_fonts, require_changeable_pdf, write_to_unicode

MAP_WORDS = {"present": "present", "names": "by names", "none": "none", "wrong": "wrong"}
FONT_COLUMNS = ("pdf", "font", "type", "page", "shown", "map", "unmapped", "forms", "other", "note")


class PdfWanted(NamedTuple):
    """Options of both commands; ``output`` is that of the table."""

    output: Path | None
    format: Format | None
    model: Path | None
    min_confidence: float
    threads: int


def run_identify_pdfs(files: Sequence[Path], wanted: PdfWanted) -> int:
    """The fonts of PDFs; 1 where a font's text cannot be read or a file not be used, 2 where no file could be used."""
    form = _prepare(wanted)
    recognizer = open_model(wanted.model, wanted.threads)
    require_kept([*files, *model_files(recognizer)], [wanted.output])
    judged: list[tuple[Path, list[Judged]]] = []
    problems: list[str] = []
    for path in files:
        try:
            judged.append((path, judge_pdf(path, recognizer, wanted.min_confidence)))
        except InputError as error:
            problems.append(str(error))
    if judged:
        _give_fonts(judged, wanted, form)
    is_fine = all(font.is_readable for _, fonts in judged for font in fonts)
    return name_bad(problems, is_any_answered=bool(judged)) or (0 if is_fine else SOME_UNUSED)


def run_fix(source: Path, target: Path, wanted: PdfWanted) -> int:
    """Write a copy whose text can be read; 1 where a font remains whose text cannot, which the report names."""
    form = _prepare(wanted)
    recognizer = open_model(wanted.model, wanted.threads)
    require_kept([source, *model_files(recognizer)], [target, wanted.output])
    check_writable(target)
    if target == STANDARD_OUTPUT and (wanted.output == STANDARD_OUTPUT or (wanted.output is None and form != "table")):
        raise InputError("the PDF and the report cannot both go to standard output; name a file for one of them")
    fonts = mend_pdf(source, target, recognizer, wanted.min_confidence)
    _give_decisions(source, target, fonts, wanted, form)
    return 0 if all(font.is_readable or _is_mended(font) for font in fonts) else SOME_UNUSED


def judge_pdf(path: Path, recognizer: Recognizer, least: float) -> list[Judged]:
    """Every font with which a PDF shows text, judged; raises InputError."""
    return [judge_font(read, least) for read in read_fonts(read_pdf_fonts(path), recognizer)]


def mend_pdf(source: Path, target: Path, recognizer: Recognizer, least: float) -> list[Judged]:
    """Write a copy with the maps that its fonts should have; what was decided. The copy is whole or not there.

    Raises InputError where the PDF cannot be read or may not be changed.
    """
    require_changeable_pdf(source)
    fonts = judge_pdf(source, recognizer, least)
    with writing(target) as partial:
        write_to_unicode(source, partial, {font.font.number: font.final_map for font in fonts if font.changes})
    return fonts


def font_table(path: Path, fonts: Sequence[Judged]) -> pd.DataFrame:
    """One row a font: FONT_COLUMNS; unmapped, forms and other count shown characters.

    ``forms`` are mapped to presentation forms, ``other`` to other letters than their shapes.
    """
    rows = [
        (
            shown(path), each.font.name, each.font.kind, each.font.page, sum(each.font.counts.values()), each.map,
            sum(decision.shown for decision in each.decisions if says_nothing(decision.was)),
            _shown_as(each, "letters"), _shown_as(each, "replaced"), each.note,
        )
        for each in fonts
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(FONT_COLUMNS))


def decision_table(path: Path, fonts: Sequence[Judged]) -> pd.DataFrame:
    """One row a code in use: pdf, font, page, code, gid, shown, was, label, confidence, verdict, becomes."""
    rows = [
        (
            shown(path), each.font.name, each.font.page, f"{one.code:0{2 * each.font.code_bytes}X}", one.gid, one.shown,
            one.was, one.label, one.confidence, one.verdict, one.becomes,
        )
        for each in fonts
        for one in each.decisions
    ]  # fmt: skip
    columns = ["pdf", "font", "page", "code", "gid", "shown", "was", "label", "sure", "verdict", "becomes"]
    return pd.DataFrame(rows, columns=columns)


def _shown_as(font: Judged, verdict: str) -> int:
    return sum(decision.shown for decision in font.decisions if decision.verdict == verdict)


def _is_mended(font: Judged) -> bool:
    """Whether most of what the font shows has a text in the end."""
    known = sum(decision.shown for decision in font.decisions if decision.becomes)
    return known * 2 >= sum(font.font.counts.values()) and bool(font.changes)


def _prepare(wanted: PdfWanted) -> Format:
    form = output_format(wanted.output, wanted.format)
    if wanted.output is not None:
        check_writable(wanted.output)
    return form


def _give_fonts(judged: Sequence[tuple[Path, list[Judged]]], wanted: PdfWanted, form: Format) -> None:
    table = pd.concat([font_table(path, fonts) for path, fonts in judged], ignore_index=True)
    if _saved(table, wanted, form):
        return
    screen = console()
    for pdf, part in table.groupby("pdf", sort=False):
        screen.print(fonts_on_screen(part, str(pdf), screen.width))
    bad = int(table["map"].isin(("none", "wrong")).sum())
    print(f"{len(table)} fonts, {bad} without a usable map", file=sys.stderr)


def _give_decisions(source: Path, target: Path, fonts: Sequence[Judged], wanted: PdfWanted, form: Format) -> None:
    table = decision_table(source, fonts)
    if not _saved(table, wanted, form):
        screen = console(stderr=target == STANDARD_OUTPUT)
        screen.print(changes_on_screen(table[table["verdict"].isin((*CHANGES, "uncertain"))], screen.width))
    changed = [font for font in fonts if font.changes]
    entries = sum(len(font.changes) for font in changed)
    print(f"{shown_place(target)}: {entries} entries written in {len(changed)} of {len(fonts)} fonts", file=sys.stderr)
    for font in fonts:
        if not font.is_readable and not _is_mended(font):
            print(f"glyphlens: {shown(font.font.name)}: left as it is ({font.note})", file=sys.stderr)


def _saved(table: pd.DataFrame, wanted: PdfWanted, form: Format) -> bool:
    """Whether the table went to a file or, as data, to standard output."""
    if wanted.output is None and form == "table":
        return False
    save_answers(wanted.output or STANDARD_OUTPUT, table, form)
    if wanted.output is not None:
        print(f"{shown_place(wanted.output)}: {len(table)} rows", file=sys.stderr)
    return True


def fonts_on_screen(table: pd.DataFrame, title: str, width: int) -> Table:
    """One line a font."""
    columns = [Column("font", is_key=True), Column("type"), Column("page", is_number=True)]
    columns += [Column("shown", is_number=True), Column("map", is_key=True)]
    columns += [Column(name, is_number=True) for name in ("unmapped", "forms", "other")] + [Column("note")]
    rows: list[list[Cell]] = [
        [
            row["font"], row["type"], str(row["page"]), str(row["shown"]), MAP_WORDS[row["map"]],
            *(str(row[name] or "–") for name in ("unmapped", "forms", "other")), row["note"],
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    return fitted_table(title, columns, rows, width)


def changes_on_screen(table: pd.DataFrame, width: int) -> Table:
    """One line a code whose text changes, or is not known."""
    columns = [Column("font"), Column("code", is_key=True), Column("shown", is_number=True), Column("was")]
    columns += [Column("label"), Column("sure", is_number=True), Column("verdict"), Column("becomes", is_key=True)]
    rows: list[list[Cell]] = [
        [
            row["font"], row["code"], str(row["shown"]), _code_points(row["was"]), row["label"], f"{row['sure']:.1%}",
            row["verdict"], _code_points(row["becomes"]),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    return fitted_table("", columns, rows, width)


def _code_points(text: str) -> str:
    """Code points, which no terminal turns round."""
    return " ".join(f"U+{ord(character):04X}" for character in text) or "–"
