"""The replay of a scan for a person: a table on the terminal, a picture, or one that moves.

L lines of a scan · S samples of a line
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image
from rich.text import Text

from glyphlens.commands.image_pictures import IMAGE_SUFFIXES, Ink
from glyphlens.commands.inputs import NONE_USED, SOME_UNUSED, find_inputs, require_kept
from glyphlens.commands.output import check_writable, shown_place
from glyphlens.commands.scan import Floats, open_scanner, picture_lines
from glyphlens.commands.screen import Column, console, fitted_table
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import writing
from glyphlens.inference.line_answers import LineAnswer, scan_answers
from glyphlens.inference.stopping import StoppingRule
from glyphlens.tracks.scan_lines.evaluation.line_evidence import chart_label, draw_evidence, line_evidence
from glyphlens.tracks.scan_lines.samples.scan_files import ARRAY_SUFFIXES
from glyphlens.tracks.scan_lines.stopping.calibration import why_never

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    *,
    attention: bool = False,
) -> int:
    """Show every picture line by line; 1 where some could not be used, 2 where none could.

    ``attention``: the picture shows which lines each answer rests on.
    """
    found = find_inputs(asked, (*IMAGE_SUFFIXES, *ARRAY_SUFFIXES))
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
            evidence_TL = line_evidence(recognizer, lines_LS) if attention else None
            save_replay(picture, Replay(lines_LS, answers, known, evidence_TL))
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
        marks = ["missing"] * answer.missing + ["stops here"] * answer.stops
        rows.append([str(answer.line), *cells, ", ".join(marks)])
    names = ["first", *(f"{number}." for number in range(2, len(answers[0].labels) + 1))]
    columns = [Column("line", is_number=True), *map(Column, names), Column("")]
    return fitted_table(title, columns, rows, width)


class Replay(NamedTuple):
    """A scan (L, S), the answers to it, the rule that stopped it, and which lines each answer rests on (L, L)."""

    lines_LS: Floats
    answers: Sequence[LineAnswer]
    rule: StoppingRule | None
    evidence_TL: Floats | None = None

    @property
    def stop(self) -> int:
        """The line after which it stopped, L where that was the last."""
        return next(answer.line for answer in self.answers if answer.stops)


def save_replay(path: Path, replay: Replay) -> None:
    """A PNG of the scan beside the confidence of its first answer, or a GIF in which the lines arrive."""
    count = len(replay.answers)
    if path.suffix.lower() == ".png":
        _draw(path, replay, count)
        return
    steps = np.unique(np.linspace(1, count, min(FRAMES, count)).astype(int))
    with TemporaryDirectory() as folder:
        frames = []
        for step in steps:
            frame = Path(folder, f"{step}.png")
            _draw(frame, replay, int(step), FRAME_DPI)
            with Image.open(frame) as image:
                frames.append(image.convert("P", palette=Image.Palette.ADAPTIVE))
        pauses = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
        with writing(path) as partial:
            frames[0].save(
                partial, "GIF", save_all=True, append_images=frames[1:], duration=pauses, loop=0, optimize=False
            )


def _draw(path: Path, replay: Replay, seen: int, dpi: int = 150) -> None:
    from glyphlens.evaluation.charts import ORANGE, new_figure

    with new_figure(path, 8, 4, dpi) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        _draw_lines(left, replay, seen)
        _draw_confidence(right, replay, seen)
        if replay.stop <= seen and replay.stop < len(replay.lines_LS):
            for axes in (left, right):
                axes.axhline(replay.stop, color=ORANGE, linewidth=1.4)
            right.text(0.02, replay.stop, "stops", color=ORANGE, va="bottom")


def _draw_lines(axes: "Axes", replay: Replay, seen: int) -> None:
    """The lines so far, tinted by what they say of the answer, up to where it stopped."""
    shown_LS = np.where(np.arange(len(replay.lines_LS))[:, None] < seen, replay.lines_LS, np.nan)
    evidence_TL, answer = replay.evidence_TL, min(seen, replay.stop)
    if evidence_TL is None:
        draw_evidence(axes, shown_LS, np.zeros(len(shown_LS), np.float32))
        axes.set_title(f"{seen} of {len(shown_LS)} lines")
        return
    draw_evidence(axes, shown_LS, evidence_TL[answer - 1])
    axes.set_title(f"what the answer after line {answer} rests on")
    axes.set_xlabel("orange: lines that speak for it, blue: against it")


def _draw_confidence(axes: "Axes", replay: Replay, seen: int) -> None:
    from glyphlens.evaluation.charts import BLUE, PERCENT, SOFT

    confidences = [answer.confidences[0] for answer in replay.answers[:seen]]
    axes.plot(confidences, np.arange(1, seen + 1), color=BLUE, label="first answer")
    if replay.rule is not None:
        needed_L = replay.rule.threshold_L[:-1]
        finite = np.isfinite(needed_L)
        if finite.any():
            axes.plot(needed_L[finite], np.flatnonzero(finite) + 1, ".", color=SOFT, ms=3, label="needed to stop")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(len(replay.lines_LS), 0)
    axes.set_ylabel("line")
    axes.set_xlabel("confidence")
    axes.xaxis.set_major_formatter(PERCENT)
    axes.legend(loc="lower left")
    axes.set_title(chart_label(replay.answers[seen - 1].labels[0]))


def _verdict(answers: Sequence[LineAnswer], rule: StoppingRule | None) -> str:
    stop = next(answer for answer in answers if answer.stops)
    told = f"{stop.labels[0]} ({100 * stop.confidences[0]:.1f} %) after {stop.line} of {len(answers)} lines"
    if rule is None:
        return f"{told}; no stopping rule lies beside the model, so all lines were read"
    promise = rule.promise
    if rule.first_line == rule.lines:
        return f"{told}; its rule stops no scan early: {why_never(promise)}"
    kept = f"at most {100 * promise.alpha:g} % may be lost by stopping, with {100 * (1 - promise.delta):g} % surety"
    return f"{told}; {kept}"


def _check_picture(path: Path, files: Sequence[Path]) -> None:
    if path.suffix.lower() not in PICTURES:
        raise InputError(f"{shown(path)}: the picture is a PNG or a GIF; name it .png or .gif")
    if len(files) > 1:
        raise InputError(f"--picture: shows one scan, found {len(files)} files; give one")
    check_writable(path)
