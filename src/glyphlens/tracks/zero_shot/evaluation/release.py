"""The release: the int8 file with its prototypes and all about descriptions, and a card that says what it is worth."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from glyphlens.core.storage import replacing_folder
from glyphlens.evaluation.release_card import HeadMetric, HubProfile, ReleaseFacts, complete_card, drawn_from
from glyphlens.inference.folder import LABELS, ExportFolder, model_name
from glyphlens.tracks.zero_shot.evaluation.contenders import RELEASED
from glyphlens.tracks.zero_shot.export.released import released_files

SHOWN = ["samples", "top1", "top5"]
PROFILE = HubProfile(
    name="glyphlens-zero_shot",
    task="zero-shot-image-classification",
    tags=("japanese", "kanji", "zero-shot", "onnx", "int8"),
    not_for=(
        "Lines and pages of text, cursive and connected writing: it reads one kanji, upright and alone.",
        "Kana, letters and signs, and anything else that is none of the candidates: it gets the nearest prototype.",
        "Grading what pupils write, verifying signatures, saying who wrote something.",
        "Deciding how a character is to be written: the descriptions are KanjiVG's, of Japanese forms.",
    ),
    licence={
        "license": "other",
        "license_name": "mit-and-cc-by-sa-3.0",  # the model; the descriptions beside it
        "license_link": "https://creativecommons.org/licenses/by-sa/3.0/",
    },
)


def write_zero_shot_release(folder: Path, export: Path, preface: str, facts: ReleaseFacts) -> None:
    """Replace the release by the files of an export; ``preface`` comes first in its card, ``facts`` stand around it."""
    exported, model = ExportFolder(export), export / model_name(RELEASED)
    title, _, body = exported.card.read_text(encoding="utf-8").partition("\n")
    beside = [file for file in released_files(model) if file not in (model, model.with_name(LABELS))]
    with replacing_folder(folder) as fresh:
        exported.release(fresh, RELEASED, f"{title}\n\n{preface}\n{body}", beside)
        complete_card(fresh, facts)


def zero_shot_release_facts(
    metrics: Mapping[str, float], tables: Mapping[str, pd.DataFrame], pictures: int, sources: Sequence[str]
) -> ReleaseFacts:
    """``metrics`` as in metrics/zero_shot/evaluate.json; ``tables``: ``questions``, ``groups`` and ``components`` of
    the report; ``pictures`` of unseen characters."""
    names = {
        "unseen_top1": "top-1 of characters never seen",
        "unseen_text_top1": "top-1 of characters never seen, by their description alone",
        "seen_top1": "top-1 of characters seen in training",
    }
    parts = {"Questions": "question", "Writers and fonts": "group", "Share of components that training had": "part"}
    shown = zip(parts.items(), ("questions", "groups", "components"), strict=True)
    return ReleaseFacts(
        profile=PROFILE,
        languages=("ja",),
        datasets=drawn_from(sources),
        tested_on=f"{pictures:,} pictures of characters and by hands never trained on",
        metrics=tuple(HeadMetric("accuracy", words, metrics[name]) for name, words in names.items()),
        parts={heading: tables[name][[column, *SHOWN]] for (heading, column), name in shown},
    )


def measured_preface(metrics: Mapping[str, float], source: str) -> str:
    """What the released file was measured to do (metrics/zero_shot/evaluate.json); ``source``: on what pictures."""
    shares = {name: f"{100 * value:.2f} %" for name, value in metrics.items()}
    return (
        f"`{model_name(RELEASED)}` with what it needs, copied by the `zero_shot_evaluate` stage. Of pictures by "
        f"writers and fonts never seen it names {shares['unseen_top1']} where the character was never seen either "
        f"({shares['unseen_text_top1']} by its description alone) and {shares['seen_top1']} where it was trained on. "
        f"With descriptions of other characters it names {shares['shuffled_top1']}; the nearest template by gradient "
        f"histograms, nothing trained, {shares['template_top1']}. {source}"
    )
