"""``glyphlens read``: the text on pictures of lines and pages."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from glyphlens.commands.image_pictures import IMAGE_SUFFIXES, Picture, Way
from glyphlens.commands.inputs import find_inputs, name_bad, require_kept
from glyphlens.commands.line_sheet import khmer_font, save_line_sheet
from glyphlens.commands.model import REPOSITORY, open_line_reader
from glyphlens.commands.output import check_picture, check_writable, shown_place, unwritable
from glyphlens.commands.page_text import PageFormat, page_format, pages_as
from glyphlens.commands.pages import ReadPage, read_files, read_page
from glyphlens.core.errors import InputError
from glyphlens.core.storage import STANDARD_OUTPUT, is_there, writing
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.line_reader import LineReader
from glyphlens.inference.words import WordBreaker
from glyphlens.tracks import line_track

UNSURE = 0.5  # lines of less confidence are counted on the error stream


class ReadWanted(NamedTuple):
    """What is asked for beside the pictures."""

    output: Path | None
    format: PageFormat | None
    sheet: Path | None
    model: Path | None
    min_confidence: float
    word_breaks: bool
    max_pixels: int
    threads: int


def run_read(images: Sequence[Path], samples: int, wanted: ReadWanted) -> int:
    """Text of pictures, and of ``samples`` drawn lines; 1 where some could not be used, 2 for all."""
    form = _prepare(wanted)
    if not images and not samples:
        raise InputError("nothing to read; name pictures or folders, or draw some lines with --sample 20")
    asked = find_inputs(images, IMAGE_SUFFIXES)
    font = khmer_font() if wanted.sheet is not None else None
    reader = open_line_reader(wanted.model, wanted.threads)
    require_kept([*asked.files, *reader.files], [wanted.output, wanted.sheet])
    words = WordBreaker.load(reader.path.parent) if wanted.word_breaks else None
    pages = _counted(read_files(asked.files, reader, max_pixels=wanted.max_pixels), len(asked.files))
    pages += _samples(samples, reader)
    shown = [page.least(wanted.min_confidence) for page in pages if not page.fault]
    if words is not None:
        shown = [page.broken(words) for page in shown]
    if shown:
        _give(shown, wanted, form)
        if wanted.sheet is not None and font is not None:
            for place in save_line_sheet(wanted.sheet, shown, font):
                print(f"{shown_place(place)}: sheet written", file=sys.stderr)
    _remark(pages)
    faults = [f"{page.name}: {page.fault}" for page in pages if page.fault]
    return name_bad([*asked.problems, *faults], is_any_answered=bool(shown))


def _prepare(wanted: ReadWanted) -> PageFormat:
    """The output's format, after making sure that what is asked for can be written."""
    name = "" if wanted.output in (None, STANDARD_OUTPUT) else str(wanted.output)
    form = page_format(name, wanted.format)
    if wanted.output is not None:
        check_writable(wanted.output)
    if wanted.sheet is not None:
        check_picture(wanted.sheet)
    if wanted.sheet == STANDARD_OUTPUT and wanted.output in (None, STANDARD_OUTPUT):
        raise InputError("--sheet and the text cannot both go to standard output; name a file for one of them")
    return form


def _counted(pages: Iterable[ReadPage], files: int) -> list[ReadPage]:
    """All pages, with a bar that counts their lines."""
    found = []
    with tqdm(desc=f"read {files} file{'s' * (files != 1)}", unit="line", disable=None, leave=False) as progress:
        for page in pages:
            found.append(page)
            progress.update(len(page.lines))
    return found


def _samples(count: int, reader: LineReader) -> list[ReadPage]:
    """Lines of the track's test, which are drawn in fonts and of texts that were never trained on; spread evenly.

    Each is called by its text. Raises InputError where the lines were not drawn.
    """
    if not count:
        return []
    drawn = Path(line_track().samples)
    folder = next((folder for folder in (drawn, REPOSITORY / drawn) if is_there(folder)), None)
    if folder is None:
        raise InputError(f"{drawn}: no lines there; `dvc repro khmer_lines` draws them")
    samples = SampleSet.open(folder)
    rows = samples.rows("test")
    chosen = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)]
    pictures = [Picture(samples.texts[row], (Way(255 - samples.images(np.array([row]))[0]),), "") for row in chosen]
    return [read_page(picture, reader) for picture in pictures]


def _give(pages: Sequence[ReadPage], wanted: ReadWanted, form: PageFormat) -> None:
    text = pages_as(form, pages)
    if wanted.output in (None, STANDARD_OUTPUT):
        print(text, end="")
        return
    assert wanted.output is not None
    try:
        with writing(wanted.output) as partial:
            partial.write_text(text, encoding="utf-8")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(wanted.output, error) from error
    print(f"{shown_place(wanted.output)}: {_size(pages)}", file=sys.stderr)


def _remark(pages: Sequence[ReadPage]) -> None:
    """Say on the error stream what a reader of the text should know."""
    for page in pages:
        if page.note:
            print(f"{page.name}: {page.note}", file=sys.stderr)
        doubtful = [number for number, line in enumerate(page.lines, 1) if line.text.confidence < UNSURE]
        if doubtful:
            which = ", ".join(map(str, doubtful[:10])) + (", …" if len(doubtful) > 10 else "")
            print(
                f"{page.name}: {len(doubtful)} of {len(page.lines)} lines are less than {UNSURE:.0%} sure ({which}); "
                "is it Khmer print?",
                file=sys.stderr,
            )


def _size(pages: Sequence[ReadPage]) -> str:
    lines = sum(len(page.lines) for page in pages)
    return f"{lines:,} line{'s' * (lines != 1)} on {len(pages):,} page{'s' * (len(pages) != 1)}"
