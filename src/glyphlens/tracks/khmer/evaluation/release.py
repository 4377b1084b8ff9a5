"""The release: one small file with all that reading needs, the list of words, and a card that says what it is worth."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from glyphlens.core.curves import CURVES, TRAINING
from glyphlens.core.storage import load_json, replacing_folder, save_text
from glyphlens.evaluation.release_card import FONTS, HeadMetric, HubProfile, ReleaseFacts, complete_card
from glyphlens.inference.folder import CARD, LABELS, MEASURED, PREDICTIONS, ExportFolder, Precision
from glyphlens.inference.words import WORDS
from glyphlens.tracks.khmer.evaluation.scores import exported_files, line_metrics, slice_table

OWN_COPIES = (CARD, LABELS, MEASURED, PREDICTIONS, TRAINING)  # files of an export that a release has its own of, or not
PARTS = {"Wear": "slice", "Font families": "group", "Styles": "style", "Kinds of text": "kind", "Length": "length"}
PROFILE = HubProfile(
    name="glyphlens-khmer",
    task="image-to-text",
    tags=("khmer", "ocr", "ctc", "onnx", "int8"),
    not_for=(
        "Handwriting, inscriptions, palm leaves and metal type: it was trained on lines drawn from digital fonts.",
        "Other languages in Khmer script, such as Pali, and other scripts than Khmer and Latin.",
        "Texts that nobody proofreads where a wrong character harms: laws, names, doses, amounts.",
    ),
    licence={
        "license": "other",
        "license_name": "mit-and-unicode-dfs-2016",  # the model; the list of words beside it
        "license_link": "https://spdx.org/licenses/Unicode-DFS-2016.html",
    },
)


def write_line_release(
    folder: Path, export: Path, precision: Precision, words: Sequence[str], preface: str, facts: ReleaseFacts
) -> None:
    """Replace the release by a file of an export and what lies beside it; ``preface`` comes first in its card, and
    ``facts`` stand around it."""
    exported = ExportFolder(export)
    title, _, body = exported.card.read_text(encoding="utf-8").partition("\n")
    with replacing_folder(folder) as fresh:
        exported.release(fresh, precision, f"{title}\n\n{preface}\n{body}", beside_model(export))
        save_text(fresh / WORDS, "".join(f"{word}\n" for word in words))
        complete_card(fresh, facts)


def line_release_facts(table: pd.DataFrame) -> ReleaseFacts:
    """Of what the released file read, of ``scores.line_table``."""
    numbers = line_metrics(table, None)
    names = {
        "cer": ("cer", "characters read wrong"),
        "clean_cer": ("cer", "characters of clean lines read wrong"),
        "exact_lines": ("exact_match", "lines read without a fault"),
    }
    shown = ["part", "lines", "cer", "exact_lines"]
    return ReleaseFacts(
        profile=PROFILE,
        languages=("km",),
        datasets=(FONTS, "icu-khmer-dictionary", "universal-declaration-of-human-rights"),
        tested_on=f"{len(table):,} drawn lines in {table['group'].nunique()} font families and texts never trained on",
        metrics=tuple(HeadMetric(*names[key], numbers[key]) for key in names if key in numbers),
        parts={heading: slice_table(table, column)[shown] for heading, column in PARTS.items()},
    )


def beside_model(export: Path) -> list[Path]:
    """Files of an export that its models read beside themselves, such as that of n-grams."""
    files = (file for file in sorted(export.rglob("*")) if file.is_file() and export / CURVES not in file.parents)
    return [file for file in files if file.name not in OWN_COPIES and file not in exported_files(export).values()]


def known_words(splits: Path) -> list[str]:
    """All words that the texts of any split were composed of, sorted: the word list as a whole."""
    return sorted({word for part in load_json(splits).values() for word in part["words"]})


def release_preface(numbers: Mapping[str, float], latencies: Mapping[str, float]) -> str:
    """What the file was measured to be, in a paragraph of its card."""
    clean = f" ({numbers['clean_cer']:.2%} on clean lines)" if "clean_cer" in numbers else ""
    return (
        f"Measured on lines drawn from font families and texts never seen in training: {numbers['cer']:.2%} of the "
        f"characters are read wrong{clean}, {numbers['exact_lines']:.1%} of the lines are without a fault. The lines "
        "are rendered, worn and cut by a program; pages of real documents differ from them. A line of 60 characters "
        f"takes {latencies['p95']:.1f} ms or less on one core, 95 times in 100, where this was measured.\n"
    )
