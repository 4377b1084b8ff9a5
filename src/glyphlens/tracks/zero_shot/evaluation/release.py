"""The release: the int8 file with its prototypes and all about descriptions, and a card that says what it is worth."""

from collections.abc import Mapping
from pathlib import Path

from glyphlens.core.storage import replacing_folder
from glyphlens.inference.folder import LABELS, ExportFolder, model_name
from glyphlens.tracks.zero_shot.evaluation.contenders import RELEASED
from glyphlens.tracks.zero_shot.export.released import released_files


def write_zero_shot_release(folder: Path, export: Path, preface: str) -> None:
    """Replace the release by the files of an export; ``preface`` comes first in its card."""
    exported, model = ExportFolder(export), export / model_name(RELEASED)
    title, _, body = exported.card.read_text(encoding="utf-8").partition("\n")
    beside = [file for file in released_files(model) if file not in (model, model.with_name(LABELS))]
    with replacing_folder(folder) as fresh:
        exported.release(fresh, RELEASED, f"{title}\n\n{preface}\n{body}", beside)


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
