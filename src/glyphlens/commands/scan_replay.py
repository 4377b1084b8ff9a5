"""The replay of a scan for a person: a table on the terminal, a picture, or one that moves.

L lines of a scan · S samples of a line
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from rich.text import Text

from glyphlens.commands.image_pictures import IMAGE_SUFFIXES, Ink
from glyphlens.commands.inputs import NONE_USED, SOME_UNUSED, find_inputs, require_kept
from glyphlens.commands.output import check_writable, shown_place
from glyphlens.commands.scan import Floats, LineAnswer, open_scanner, picture_lines, scan_answers
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import writing
from glyphlens.inference.stopping import StoppingRule
from glyphlens.tracks.scan_lines.samples.scan_files import ARRAY_SUFFIX

FRAMES = 32  # of a moving picture, at most
FRAME_MS, LAST_MS = 120, 2000
FRAME_DPI = 80
PICTURES = (".png", ".gif")


def run_scan_replay(
    asked: Sequence[Path],
    model: Path | None,
    rule: Path | None,
    picture: Path | None,
    top: int,
    ink: Ink,
    threads: int,
) -> int:
    """Show every picture line by line; 1 where some could not be used, 2 where none could."""
    found = find_inputs(asked, (*IMAGE_SUFFIXES, ARRAY_SUFFIX))
    recognizer, known = open_scanner(model, rule, threads)
    if picture is not None:
        _check_picture(picture, found.files)
        require_kept([*found.files, recognizer.path], [picture])
    problems, used = list(found.problems), 0
    for path in found.files:
        try:
            lines_LS = picture_lines(path, recognizer, ink)
            answers = list(scan_answers(recognizer, known, lines_LS, top))
        except InputError as error:
            problems.append(str(error))
            continue
        used += 1
        if picture is not None:
            save_replay(picture, lines_LS, answers, known)
            print(f"{shown_place(picture)}: picture written", file=sys.stderr)
        screen = console()
        screen.print(replay_on_screen(shown(path), answers, screen.width))
        print(_verdict(answers, known))
    for problem in problems:
        print(f"glyphlens: {problem}", file=sys.stderr)
    return NONE_USED if not used else SOME_UNUSED if problems else 0


def replay_on_screen(title: str, answers: Sequence[LineAnswer], width: int) -> object:
    """A table with a row per line: its number, the first answers with their confidence, and where it stops."""
    rows: list[list[str | Text]] = []
    for answer in answers:
        named = zip(answer.labels, answer.confidences, strict=True)
        cells = [f"{label} {100 * confidence:5.1f} %" for label, confidence in named]
        rows.append([str(answer.line), *cells, "stops here" if answer.stops else ""])
    names = ["first", *(f"{number}." for number in range(2, len(answers[0].labels) + 1))]
    columns = [Column("line", is_number=True), *map(Column, names), Column("")]
    return fitted_table(title, columns, rows, width)


def save_replay(path: Path, lines_LS: Floats, answers: Sequence[LineAnswer], rule: StoppingRule | None) -> None:
    """A PNG of the scan beside the confidence of its first answer, or a GIF in which the lines arrive."""
    if path.suffix.lower() == ".png":
        _draw(path, lines_LS, answers, rule, len(answers))
        return
    steps = np.unique(np.linspace(1, len(answers), min(FRAMES, len(answers))).astype(int))
    with TemporaryDirectory() as folder:
        frames = []
        for step in steps:
            frame = Path(folder, f"{step}.png")
            _draw(frame, lines_LS, answers, rule, int(step), FRAME_DPI)
            with Image.open(frame) as image:
                frames.append(image.convert("P", palette=Image.Palette.ADAPTIVE))
        pauses = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
        with writing(path) as partial:
            frames[0].save(
                partial, "GIF", save_all=True, append_images=frames[1:], duration=pauses, loop=0, optimize=False
            )


def _draw(
    path: Path,
    lines_LS: Floats,
    answers: Sequence[LineAnswer],
    rule: StoppingRule | None,
    seen: int,
    dpi: int = 150,
) -> None:
    from glyphlens.evaluation.charts import BLUE, ORANGE, PERCENT, SOFT, bare, new_figure

    shown_LS = np.where(np.arange(len(lines_LS))[:, None] < seen, lines_LS, np.nan)
    stop = next((answer.line for answer in answers if answer.stops and answer.line < len(lines_LS)), None)
    count = np.arange(1, seen + 1)
    with new_figure(path, 8, 4, dpi) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        left.imshow(-shown_LS, cmap="gray", aspect="auto", extent=(0, lines_LS.shape[1], len(lines_LS), 0))
        bare(left)
        left.set_title(f"{seen} of {len(lines_LS)} lines")
        right.plot([answer.confidences[0] for answer in answers[:seen]], count, color=BLUE, label="first answer")
        if rule is not None:
            finite = np.isfinite(rule.threshold_L[:-1])
            right.plot(
                rule.threshold_L[:-1][finite], np.flatnonzero(finite) + 1, ".", color=SOFT, ms=3, label="needed to stop"
            )
        if stop is not None and stop <= seen:
            for axes in (left, right):
                axes.axhline(stop, color=ORANGE, linewidth=1.4)
            right.text(0.02, stop, "stops", color=ORANGE, va="bottom")
        right.set_xlim(0, 1.02)
        right.set_ylim(len(lines_LS), 0)
        right.set_ylabel("line")
        right.set_xlabel("confidence")
        right.xaxis.set_major_formatter(PERCENT)
        right.legend(loc="lower left")
        right.set_title(_code_points(answers[seen - 1].labels[0]))


def _code_points(label: str) -> str:
    """A label, by code point where the chart's font may have no such character."""
    return label if label.isascii() else " ".join(f"U+{ord(character):04X}" for character in label)


def _verdict(answers: Sequence[LineAnswer], rule: StoppingRule | None) -> str:
    stop = next(answer for answer in answers if answer.stops)
    told = f"{stop.labels[0]} ({100 * stop.confidences[0]:.1f} %) after {stop.line} of {len(answers)} lines"
    if rule is None:
        return f"{told}; no stopping rule lies beside the model, so all lines were read"
    promise = rule.promise
    kept = f"at most {100 * promise.alpha:g} % may be lost by stopping, with {100 * (1 - promise.delta):g} % surety"
    return f"{told}; {kept}"


def _check_picture(path: Path, files: Sequence[Path]) -> None:
    if path.suffix.lower() not in PICTURES:
        raise InputError(f"{shown(path)}: the picture is a PNG or a GIF; name it .png or .gif")
    if len(files) > 1:
        raise InputError(f"--picture: shows one scan, found {len(files)} files; give one")
    check_writable(path)
