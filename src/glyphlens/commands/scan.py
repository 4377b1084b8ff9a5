"""``glyphlens scan``: a picture replayed line by line, or lines as they arrive, until the recogniser is sure enough.

L lines of a scan · S samples of a line · C classes · H×W pixels of a picture
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
from numpy.typing import ArrayLike, NDArray

from glyphlens.commands.image_pictures import MAX_PIXELS, Ink, read_pictures
from glyphlens.commands.model import find_model
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.in_memory import Content, InMemory
from glyphlens.inference.line_answers import scan_answers, stopping_rule
from glyphlens.inference.picture_readers import handwriting_reader
from glyphlens.inference.stopping import StoppingRule
from glyphlens.inference.streams import LineRecognizer
from glyphlens.tracks.scan_lines.samples.resampling import resampled_levels, resampled_scan
from glyphlens.tracks.scan_lines.samples.scan_files import ARRAY_SUFFIXES
from glyphlens.tracks.scan_lines.samples.scan_reading import ScanFault, read_scan, require_contrast
from glyphlens.tracks.scan_lines.samples.sources import GLYPH
from glyphlens.tracks.scan_lines.track import TRACK

LONGEST_NUMBER = 64  # characters that a number of a text line may take, with what separates it from the next
FLOAT_BYTES = 4
Floats = NDArray[np.float32]


def open_scanner(
    model: Path | None, rule: Path | None, threads: int | None
) -> tuple[LineRecognizer, StoppingRule | None]:
    """The recogniser, and the stopping rule beside it or at ``rule``; None where there is none.

    ``model``: a release's name, a folder or a file; None: the track's release. Raises InputError where one is
    missing, or where they do not belong together.
    """
    recognizer = LineRecognizer.load(find_model(model, TRACK), threads=threads)
    return recognizer, stopping_rule(recognizer, rule)


def picture_lines(
    path: Content, recognizer: LineRecognizer, ink: Ink = "auto", *, max_pixels: int = MAX_PIXELS
) -> Floats:
    """(L, S) of a picture's first page or an array file, NaN in missing lines, as the recogniser's training had them.

    A picture is prepared as handwriting where the manifest has a rule, else taken line by line as it is. Raises
    InputError where nothing can be read, or not as the training had it.
    """
    shape, is_picture = (
        (recognizer.lines, recognizer.samples),
        not (isinstance(path, Path) and path.suffix.lower() in ARRAY_SUFFIXES),
    )
    if is_picture and recognizer.manifest.preparation:
        prepare = handwriting_reader(recognizer, diacritic=False)
        picture, *others = read_pictures(path, prepare, ink, max_pixels=max_pixels)
        if others:
            raise InputError(f"{shown(path)}: {1 + len(others)} pages; give the one that is to be read")
        if picture.pixels_hw is None:
            raise InputError(f"{picture.name}: {picture.fault}")
        levels_LS: NDArray[np.uint8] = resampled_levels(picture.pixels_hw[None], *shape)[0]
        return levels_LS.astype(np.float32)
    if isinstance(path, InMemory):
        raise InputError(f"{path.name}: {recognizer.path} reads scans as they are stored; give the lines as an array")
    if is_picture and GLYPH in recognizer.manifest.source.split(", "):
        raise InputError(
            f"{shown(path)}: {recognizer.path} was trained on rasters of glyphs; give it such a one as .npy, ink high"
        )
    try:
        stored = resampled_scan(read_scan(path), *shape)
        require_contrast(stored)
        return stored.values()
    except ScanFault as fault:
        raise InputError(f"{shown(path)}: {fault}") from fault


def text_lines(stream: BinaryIO, samples: int) -> Iterator[NDArray[np.float64]]:
    """Lines of numbers, apart by spaces or commas; ``nan`` where one is missing. At most one line is held in memory.

    What breaks off at the end of the input is left out, and said. Raises InputError, naming the line, where there are
    more numbers or something else.
    """
    longest, number, is_empty = LONGEST_NUMBER * samples, 0, False
    while text := stream.readline(longest + 1):
        number += 1
        if len(text) > longest:
            raise InputError(f"line {number}: longer than {longest:,} bytes, expected {samples} numbers")
        if is_empty and text.strip():
            raise InputError(f"line {number - 1}: empty, expected {samples} numbers")
        words = text.replace(b",", b" ").split()
        if is_empty := not words:
            continue  # at the end of a file, it is no line
        if len(words) < samples and not text.endswith(b"\n"):
            _left_out(f"line {number}: ends after {len(words)} of {samples} numbers")
            return
        try:
            yield np.array(words, np.float64)
        except ValueError as error:
            raise InputError(f"line {number}: not numbers ({error})") from error


def float_lines(stream: BinaryIO, samples: int) -> Iterator[Floats]:
    """Little-endian float32, ``samples`` of them a line; a part of a line at the end is left out, and said."""
    number, length = 0, samples * FLOAT_BYTES
    while content := stream.read(length):
        number += 1
        if len(content) < length:
            _left_out(f"line {number}: ends after {len(content)} of {length} bytes")
            return
        yield np.frombuffer(content, "<f4").astype(np.float32)


def _left_out(what: str) -> None:
    print(f"glyphlens: standard input, {what}; it was left out", file=sys.stderr)


def run_scan_stream(
    recognizer: LineRecognizer, rule: StoppingRule | None, lines: Iterable[ArrayLike], top: int, *, whole: bool
) -> int:
    """Write an answer as a line of JSON after every line, at once; the last says how it ended. Reads no further than
    where it stops, or than the last line where the ``whole`` scan is asked for.

    1 where the lines ended early, without the recogniser's having stopped, or held nothing to see. Raises InputError
    where none came.
    """
    last, stopped = None, None
    for last in scan_answers(recognizer, rule, lines, top):
        stopped = last if last.stops else stopped
        _put(last.plain())
        if stopped and not whole:
            break
    if last is None:
        raise InputError(f"standard input: no line came, expected up to {recognizer.lines} of {recognizer.samples}")
    final = stopped or last
    answer = final.plain()
    ended = "early" if stopped is None else "whole" if final.line == recognizer.lines else "stopped"
    marked = {"blank": True} if final.blank else {}
    _put({"ended": ended, "line": final.line, "of": recognizer.lines, "top": answer["top"], **marked})
    return 1 if stopped is None or final.blank else 0


def _put(content: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(content).decode() + "\n")
    sys.stdout.flush()
