"""The release: one small file with all that reading needs, the list of words, and a card that says what it is worth."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from glyphlens.core.curves import CURVES, TRAINING
from glyphlens.core.storage import load_json, replacing_folder, save_text
from glyphlens.inference.folder import CARD, LABELS, MEASURED, PREDICTIONS, ExportFolder, Precision
from glyphlens.inference.words import WORDS
from glyphlens.tracks.khmer.evaluation.scores import exported_files

OWN_COPIES = (CARD, LABELS, MEASURED, PREDICTIONS, TRAINING)  # files of an export that a release has its own of, or not


def write_line_release(folder: Path, export: Path, precision: Precision, words: Sequence[str], preface: str) -> None:
    """Replace the release by a file of an export and what lies beside it; ``preface`` comes first in its card."""
    exported = ExportFolder(export)
    title, _, body = exported.card.read_text(encoding="utf-8").partition("\n")
    with replacing_folder(folder) as fresh:
        exported.release(fresh, precision, f"{title}\n\n{preface}\n{body}", beside_model(export))
        save_text(fresh / WORDS, "".join(f"{word}\n" for word in words))


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
