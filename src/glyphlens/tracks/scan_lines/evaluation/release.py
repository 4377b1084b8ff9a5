"""The release: the file that is used with its step, its stopping rule, and a card that says what both are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from glyphlens.core.storage import replacing_folder
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.release_card import HeadMetric, HubProfile, ReleaseFacts, complete_card, drawn_from
from glyphlens.evaluation.scores import part_scores
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.stopping import STOPPING, StoppingRule
from glyphlens.tracks.scan_lines.evaluation.line_scores import Stopped
from glyphlens.tracks.scan_lines.samples.sources import SCAN
from glyphlens.tracks.scan_lines.stopping.answers import LineAnswers, marked_line
from glyphlens.tracks.scan_lines.stopping.calibration import why_never

RELEASED = "sequential"
JAPANESE = "japanese"
PROFILE = HubProfile(
    name="glyphlens-scan_lines",
    task="image-classification",
    tags=(JAPANESE, "streaming", "early-exit", "onnx", "int8"),
    not_for=(
        "Instruments, line counts and objects other than those of its samples: train and calibrate with your own.",
        "Stopping where a missed answer harms somebody: what the rule promises holds on average over groups like those "
        "it was calibrated on, not for each scan.",
        "Scans of several objects, or of objects in other orientations.",
        "Saying who wrote something, and records about people that nobody checks.",
    ),
)


def write_line_release(folder: Path, export: Path, rule: StoppingRule, preface: str, facts: ReleaseFacts) -> None:
    """Replace the release by the used file of an export, the rule beside it; ``facts`` stand around its card."""
    exported = ExportFolder(export)
    title, _, body = exported.card.read_text(encoding="utf-8").partition("\n")
    with replacing_folder(folder) as fresh:
        exported.release(fresh, exported.manifest.used_precision, f"{title}\n\n{preface}\n{body}")
        rule.save(fresh / STOPPING)
        complete_card(fresh, facts)


def scan_release_facts(answers: LineAnswers, found: Stopped, samples: SampleSet) -> ReleaseFacts:
    """Of what the used file answered on the test, and where its rule stopped."""
    half_N = answers.right_NL[:, marked_line(0.5, answers.lines) - 1]
    forms_C = np.array([entry.form or "other" for entry in samples.classes], dtype=object)
    facts = {"group": answers.group_N, "form": forms_C[answers.class_N]}
    table = pd.DataFrame({**facts, "top1": found.full_N, "half_top1": half_N})
    metrics = (
        HeadMetric("accuracy", "top-1 at the last line", float(found.full_N.mean())),
        HeadMetric("accuracy", "top-1 after half of the lines", float(half_N.mean())),
        HeadMetric("accuracy", "top-1 where the rule stops", float(found.right_N.mean())),
    )
    parts = {"Groups (writers, fonts, sub-folders)": "group", "Forms": "form"}
    scored = {heading: part_scores(table, column, ["top1", "half_top1"]) for heading, column in parts.items()}
    datasets = drawn_from(samples.sources)
    return ReleaseFacts(
        profile=_profile(samples.sources),
        languages=("ja",) if datasets else (),
        datasets=datasets,
        tested_on=f"{len(table):,} scans of {table['group'].nunique()} groups never trained on",
        metrics=metrics,
        parts={heading: part.sort_values("top1", kind="stable") for heading, part in scored.items()},
    )


def _profile(sources: Sequence[str]) -> HubProfile:
    """Without a word of Japanese where no sample is, and without a licence where the scans are the user's own."""
    tags = tuple(tag for tag in PROFILE.tags if tag != JAPANESE or drawn_from(sources))
    return replace(PROFILE, tags=tags, licence={} if SCAN in sources else PROFILE.licence)


def line_preface(numbers: Mapping[str, float], rule: StoppingRule) -> str:
    """What the file was measured to do on the test, and what is promised of its stopping, for whom."""
    promise, share = rule.promise, {name: f"{100 * value:.2f} %" for name, value in numbers.items()}
    never = f" It stops no scan early: {why_never(promise)}." if rule.first_line == rule.lines else ""
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
