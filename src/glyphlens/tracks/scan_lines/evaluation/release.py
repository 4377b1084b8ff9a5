"""The release: the file that is used with its step, its stopping rule, and a card that says what both are worth."""

from collections.abc import Mapping
from pathlib import Path

from glyphlens.core.storage import replacing_folder
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.stopping import STOPPING, StoppingRule

RELEASED = "sequential"


def write_line_release(folder: Path, export: Path, rule: StoppingRule, preface: str) -> None:
    """Replace the release by the used file of an export, the rule beside it."""
    exported = ExportFolder(export)
    title, _, body = exported.card.read_text(encoding="utf-8").partition("\n")
    with replacing_folder(folder) as fresh:
        exported.release(fresh, exported.manifest.used_precision, f"{title}\n\n{preface}\n{body}")
        rule.save(fresh / STOPPING)


def line_preface(numbers: Mapping[str, float], rule: StoppingRule) -> str:
    """What the file was measured to do on the test, and what is promised of its stopping, for whom."""
    promise, share = rule.promise, {name: f"{100 * value:.2f} %" for name, value in numbers.items()}
    never = " It stops no scan early: no line could be opened with these groups." * (rule.first_line == rule.lines)
    return (
        f"Copied by the `scan_evaluate` stage. Of scans in hands never seen it names {share['int8_top1']} right at the "
        f"last line and {share['top1_at_half']} after half of them. With `{STOPPING}` it reads "
        f"{numbers['mean_lines']:.1f} of {rule.lines} lines on average.{never} The rule was tested on {promise.groups} "
        "groups of their own: with "
        f"{100 * (1 - promise.delta):g} % surety at most {100 * promise.alpha:g} % of the scans stopped by any line, "
        "averaged over groups, lose an answer that the last line would have got right. That holds for new groups "
        "(writers, fonts) drawn like those of the calibration, of which none loses more than "
        f"{100 * promise.largest_group_gap:g} %; it does not hold for other kinds of writers or instruments: calibrate "
        f"again with theirs. On the test the largest such loss was {share['exit_gap']}."
    )
