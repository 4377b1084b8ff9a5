"""The commands from their options to what is printed and written; each returns the exit status."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from tqdm import tqdm

from glyphlens.commands.answers import has_outline, is_confident
from glyphlens.commands.candidates import open_candidates, require_prototypes
from glyphlens.commands.check import agreement, agreement_words
from glyphlens.commands.face_pictures import FONT_SUFFIXES
from glyphlens.commands.font_outputs import check_font_outputs, save_font_output
from glyphlens.commands.identify import identify_fonts
from glyphlens.commands.inputs import find_inputs, name_bad, require_kept
from glyphlens.commands.model import model_files, open_model
from glyphlens.commands.output import (
    Format,
    check_picture,
    check_writable,
    output_format,
    save_answers,
    shown_place,
)
from glyphlens.commands.restricting import allowed_classes, names
from glyphlens.commands.screen import agreement_on_screen, answers_on_screen, console
from glyphlens.commands.sheet import save_sheet
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import STANDARD_OUTPUT, is_there
from glyphlens.inference.candidates import CandidateReader, among
from glyphlens.inference.recognizer import Recognizer
from glyphlens.sources.pdf.signature import is_pdf
from glyphlens.tracks import choosing_track

if TYPE_CHECKING:
    from glyphlens.commands.image_pictures import Ink
    from glyphlens.commands.similar import Query

LONGEST_TITLE = 80


class Wanted(NamedTuple):
    """Options that both commands share."""

    output: Path | None
    format: Format | None
    sheet: Path | None
    model: Path | None
    top: int
    min_confidence: float
    threads: int
    language: str | None = None
    hide_blank: bool = False


def run_identify(
    fonts: Sequence[Path], wanted: Wanted, *, check: bool, alone: bool, further: Sequence[Path] = ()
) -> int:
    """Answers for the glyphs of fonts, or for the fonts of PDFs; 1 where some could not be used, 2 where none could.

    ``further``: files of other kinds that are made of the answers for one font.
    """
    if pdfs := [path for path in fonts if is_pdf(path)]:
        if len(pdfs) < len(fonts) or any((check, alone, wanted.sheet, wanted.language, wanted.hide_blank, further)):
            raise InputError(
                f"{pdfs[0]}: PDFs are asked about alone, without --check, --alone, --sheet, --language, --hide-blank "
                "and --write"
            )
        from glyphlens.commands.pdf import PdfWanted, run_identify_pdfs

        asked_of_pdfs = PdfWanted(wanted.output, wanted.format, wanted.model, wanted.min_confidence, wanted.threads)
        return run_identify_pdfs(pdfs, asked_of_pdfs)
    form = prepare_outputs(wanted)
    asked = find_inputs(fonts, FONT_SUFFIXES)
    check_font_outputs(further, asked.files)
    recognizer = open_model(wanted.model, wanted.threads)
    require_kept([*asked.files, *model_files(recognizer)], [wanted.output, wanted.sheet, *further])
    found = identify_fonts(asked.files, recognizer, top=wanted.top, check=check, language=wanted.language, alone=alone)
    if found.faces:
        for path in further:
            save_font_output(path, asked.files[0], found.table, wanted.min_confidence)
            print(f"{shown_place(path)}: written", file=sys.stderr)
        packed_NHB = np.concatenate([face.packed_NHB for face in found.faces])
        _give(found.table, packed_NHB, "gid", wanted, form)
        if check:
            _print_agreement(found.verdicts, form, wanted)
    return name_bad([*asked.problems, *found.problems], is_any_answered=bool(found.faces))


def run_predict(
    images: Sequence[Path],
    wanted: Wanted,
    *,
    candidates: str | None,
    characters: str | None,
    ink: "Ink",
    diacritic: bool,
    max_pixels: int,
) -> int:
    """Answers for pictures; 1 where some could not be used, 2 (and nothing written) where none could."""
    from glyphlens.commands.image_pictures import IMAGE_SUFFIXES
    from glyphlens.commands.predict import predict_images

    form = prepare_outputs(wanted)
    asked = find_inputs(images, IMAGE_SUFFIXES)
    recognizer = open_model(wanted.model, wanted.threads)
    lists = [Path(each) for each in (candidates, characters) if each is not None]
    destinations = [wanted.output, wanted.sheet]
    require_kept([*asked.files, *lists, *model_files(recognizer)], destinations)
    if candidates is not None:
        reader = open_candidates(recognizer, "--candidates")
        require_kept(reader.files(candidates), destinations)
        recognizer = among(recognizer, reader.chosen(candidates))
    allowed = None if characters is None else allowed_classes(characters, recognizer.classes)
    table, packed_NHB = predict_images(
        tqdm(asked.files, unit="image", desc="predict", disable=None, leave=False),
        recognizer,
        top=wanted.top,
        ink=ink,
        diacritic=diacritic,
        language=wanted.language,
        max_pixels=max_pixels,
        allowed_A=None if allowed is None else allowed.classes_A,
    )
    unknown = [_unknown_words(allowed.unknown, recognizer)] if allowed and allowed.unknown else []
    faults = [f"{row.image}: {row.fault}" for row in table[table["fault"] != ""].itertuples()]
    is_any_answered = len(faults) < len(table)
    if is_any_answered:
        _give(table, packed_NHB, "image", wanted, form)
    return name_bad([*asked.problems, *unknown, *faults], is_any_answered=is_any_answered)


def run_similar(asked: Sequence[Path], wanted: Wanted, features: Path | None, *, max_pixels: int) -> int:
    """The nearest characters of pictures and characters; 1 and 2 as for ``run_predict``."""
    from glyphlens.commands.image_pictures import IMAGE_SUFFIXES
    from glyphlens.commands.predict import preparation
    from glyphlens.commands.similar import character_queries, check_features, give_nearest, picture_queries

    form = prepare_outputs(wanted)
    if features is not None:
        check_features(features)
    recognizer = open_model(wanted.model or Path(choosing_track().name), wanted.threads)
    reader = open_candidates(recognizer, "similar")
    texts = [str(path) for path in asked if _is_text(path)]
    found = find_inputs([path for path in asked if not _is_text(path)], IMAGE_SUFFIXES)
    read_too = [file for text in ("", *texts) for file in reader.files(text)]
    require_kept([*found.files, *read_too, *model_files(recognizer)], [wanted.output, wanted.sheet, features])
    prepare = preparation(recognizer, diacritic=False)
    queries = [*picture_queries(found.files, recognizer, prepare, max_pixels=max_pixels)]
    queries += [query for text in texts for query in character_queries(text, reader)]
    give = partial(_give_neighbours, queries, reader, wanted, form)
    return give_nearest(queries, found.problems, recognizer, features, give)


def run_fit(folder: Path, out: Path, model: Path | None, *, max_pixels: int, threads: int) -> int:
    """A model of the characters of which a folder has examples, written to ``out``, and how good it is."""
    from glyphlens.commands.fit import (
        fit_prototypes,
        fitted_bytes,
        held_out_words,
        read_examples,
        require_free,
        require_room,
        save_fitted,
    )
    from glyphlens.commands.predict import preparation

    require_free(out, folder)
    recognizer = open_model(model or Path(choosing_track().name), threads)
    require_prototypes(recognizer, "fit")
    require_room(out, fitted_bytes(recognizer))
    examples = read_examples(folder, preparation(recognizer, diacritic=False), max_pixels=max_pixels)
    fitted = fit_prototypes(recognizer, examples)
    save_fitted(out, recognizer, fitted)
    print(held_out_words(fitted))
    for line in fitted.misread:
        print(f"misread when held out: {shown(line)}")
    print(f"{shown_place(out)}: model written; glyphlens predict --model {shown_place(out)} PICTURE", file=sys.stderr)
    return 0


def _unknown_words(unknown: Sequence[str], recognizer: Recognizer) -> str:
    further = "; --candidates asks about others, described or not" if recognizer.prototypes is not None else ""
    return f"--characters: the model knows no {names(unknown)}{further}"


def _is_text(path: Path) -> bool:
    """Whether it is characters, or the description of one, and no file."""
    from glyphlens.commands.image_pictures import IMAGE_SUFFIXES

    return (
        not is_there(path)
        and (not str(path).isascii() or ":" in str(path))
        and (path.suffix.lower() not in IMAGE_SUFFIXES)
    )


def _give_neighbours(queries: Sequence["Query"], reader: CandidateReader, wanted: Wanted, form: Format) -> None:
    """Write the file and the sheet that were asked for, before a screen that may be closed early."""
    from glyphlens.commands.similar import EVERYTHING, neighbours, neighbours_on_screen, tiles

    everything = reader.chosen(EVERYTHING)
    table = neighbours(queries, everything, wanted.top)
    if wanted.output is not None or form != "table":
        save_answers(wanted.output or STANDARD_OUTPUT, table, form)
    if wanted.output is not None:
        print(f"{shown_place(wanted.output)}: {len(queries)} quer{'ies' if len(queries) > 1 else 'y'}", file=sys.stderr)
    if wanted.sheet is not None:
        title = f"nearest of {len(everything.labels):,} characters"
        for page in save_sheet(wanted.sheet, *tiles(queries, table, reader), "tile", title):
            print(f"{shown_place(page)}: sheet written", file=sys.stderr)
    if wanted.output is None and form == "table":
        screen = console(stderr=wanted.sheet == STANDARD_OUTPUT)
        screen.print(neighbours_on_screen(table, screen.width))


def prepare_outputs(wanted: Wanted) -> Format:
    """The output's format, after making sure that what is asked for can be written."""
    form = output_format(wanted.output, wanted.format)
    if wanted.output is not None:
        check_writable(wanted.output)
    if wanted.sheet is not None:
        check_picture(wanted.sheet)
    if wanted.sheet == STANDARD_OUTPUT and (wanted.output == STANDARD_OUTPUT or form != "table"):
        raise InputError("--sheet and the answers cannot both go to standard output; name a file for one of them")
    return form


def _give(table: pd.DataFrame, packed_NHB: NDArray[np.uint8], subject: str, wanted: Wanted, form: Format) -> None:
    """Write the file and the sheet that were asked for, before a screen that may be closed early."""
    is_sure = is_confident(table, wanted.min_confidence)
    is_shown = is_sure & has_outline(table) if wanted.hide_blank else is_sure
    shown, packed_NHB = table[is_shown].reset_index(drop=True), packed_NHB[is_shown]
    summary = _summary(table, len(table) - int(is_sure.sum()))
    if wanted.output is not None or form != "table":
        save_answers(wanted.output or STANDARD_OUTPUT, shown, form)
    try:
        if wanted.sheet is not None:
            _save_sheet(wanted.sheet, shown, packed_NHB, subject, summary)
    finally:  # a sheet that fails costs no answer
        if wanted.output is not None:
            print(f"{shown_place(wanted.output)}: {summary}", file=sys.stderr)
        elif form == "table":
            _print_tables(shown, subject, console(stderr=wanted.sheet == STANDARD_OUTPUT))
            print(summary, file=sys.stderr)


def _save_sheet(path: Path, shown: pd.DataFrame, packed_NHB: NDArray[np.uint8], subject: str, summary: str) -> None:
    title = " ".join(dict.fromkeys(Path(name).name for name in shown.iloc[:, 0]))
    title = f"{title} · {summary}" if len(title) < LONGEST_TITLE else summary
    drawn = (shown["fault"] == "").to_numpy()
    for page in save_sheet(path, shown[drawn], packed_NHB[drawn], subject, title):
        print(f"{shown_place(page)}: sheet written", file=sys.stderr)


def _print_tables(shown: pd.DataFrame, subject: str, screen: Console) -> None:
    if "font" not in shown:
        screen.print(answers_on_screen(shown, subject, "", screen.width))
        return
    for (font, face), part in shown.groupby(["font", "face"], sort=False):
        title = f"{font}, face {face}" if face else str(font)
        screen.print(answers_on_screen(part, subject, title, screen.width))


def _print_agreement(verdicts: pd.DataFrame, form: Format, wanted: Wanted) -> None:
    """The agreement; on the error stream where the answers themselves go to the output stream as data."""
    answers_out = wanted.output == STANDARD_OUTPUT or (wanted.output is None and form != "table")
    screen = console(stderr=answers_out or wanted.sheet == STANDARD_OUTPUT)
    if not len(verdicts):
        screen.print("--check: no glyph to check, these fonts have no cmap for Arabic characters")
        return
    screen.print(agreement_on_screen(agreement(verdicts), screen.width))
    screen.print(agreement_words(verdicts))


def _summary(table: pd.DataFrame, hidden: int) -> str:
    blank = int((table["fault"] != "").sum())
    parts = [f"{len(table)} glyph{'s' if len(table) > 1 else ''}"]
    if blank:
        parts.append(f"{blank} without an answer")
    if hidden:
        parts.append(f"{hidden} below the confidence asked for")
    return ", ".join(parts)
