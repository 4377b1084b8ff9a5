"""What stands beside Arabic script is scored by itself, and refusal by a threshold that validation chooses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.imaging.geometry import GEOMETRY
from glyphlens.inference.folder import ExportFolder
from glyphlens.tracks.arabic.evaluation.companions import companion_results, release_companions, save_companions
from glyphlens.tracks.arabic.refusal import KNOWN_THRESHOLD
from tests.forged_release import save_release

LABELS = ("beh.isol", "latin_small_a", "other")
PARTS = (("isol", "beh.isol"), ("latin", "latin_small_a"), ("other", "other_cjk_1"), ("other", "other_notdef_0"))


class Told:
    """Says that row n is its own class with the probability that its first pixels encode."""

    def probabilities(self, feeds, batch=256):
        first_N = feeds["raster"][:, 0, :].astype(bool)
        own_N, p_N = first_N[:, :2] @ [1, 2], 0.5 + 0.5 * first_N[:, 2:10].mean(axis=1)
        p_NC = np.repeat(((1 - p_N) / 2)[:, None], 3, axis=1)
        p_NC[np.arange(len(own_N)), own_N] = p_N
        return p_NC.astype(np.float32)


def samples_in(folder: Path, classes: tuple[str, ...] = LABELS) -> SampleSet:
    rows, pictures = [], []
    for split in ("train", "val", "test"):
        for number in range(8):
            for kind, (char_class, name) in enumerate(PARTS):
                own = min(kind, 2)
                picture = np.zeros((128, 16), np.uint8)
                picture[0] = np.packbits([own & 1, own >> 1, *(place < number for place in range(8)), *[0] * 118])
                pictures.append(picture)
                rows.append({
                    "sample_id": len(rows), "class_index": own, "label": LABELS[own], "group": split, "split": split,
                    "source": "font", "char_class": char_class, "alt_label": name, **dict.fromkeys(GEOMETRY, 0.5),
                })  # fmt: skip
    entries = [CharacterClass(label) for label in classes]
    save_sample_set(folder, np.stack(pictures), pd.DataFrame(rows), entries, ImageFormat(128, 128, 1))
    return SampleSet.open(folder)


def test_scores_by_script_and_by_kind(tmp_path: Path) -> None:
    found = companion_results(Told(), samples_in(tmp_path / "rasters"), 0.9)
    assert found is not None
    assert found.scripts[["script", "samples", "top1"]].values.tolist() == [["latin", 8, 1.0]]
    assert found.kinds["kind"].tolist() == ["cjk", "notdef"] and (found.kinds["auroc"] == 1).all()
    assert found.metrics["known_kept"] >= 0.9 and found.metrics["refused_fpr"] == 0.0
    assert found.metrics["companions_top1"] == found.metrics["refused_auroc"] == 1.0
    assert found.kinds["samples"].tolist() == [8, 8]
    save_companions(tmp_path / "report", found)
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        *("scripts.csv", "refused.csv", "refusal.csv", "refusal.png"),
    }


def test_a_recogniser_of_arabic_alone_has_none(tmp_path: Path) -> None:
    classes = ("beh.isol", "teh.isol", "theh.isol")
    assert companion_results(Told(), samples_in(tmp_path / "rasters", classes), 0.9) is None


@pytest.mark.parametrize("column", ["kept", "cjk", "notdef"])
def test_the_curve_goes_to_where_all_known_glyphs_stay(tmp_path: Path, column: str) -> None:
    found = companion_results(Told(), samples_in(tmp_path / "rasters"), 0.9)
    assert found is not None and found.curve[column].between(0, 1).all() and found.curve["kept"].iloc[-1] == 1


def test_the_release_says_its_threshold(tmp_path: Path) -> None:
    found = companion_results(Told(), samples_in(tmp_path / "rasters"), 0.9)
    assert found is not None
    save_release(tmp_path / "release")
    before = ExportFolder(tmp_path / "release").manifest
    release_companions(tmp_path / "release", found)
    after, card = ExportFolder(tmp_path / "release").manifest, ExportFolder(tmp_path / "release").card
    assert after.preparation == {**before.preparation, KNOWN_THRESHOLD: found.metrics["known_threshold"]}
    assert after.model_copy(update={"preparation": before.preparation}) == before
    assert f"1 − {found.metrics['known_threshold']:.4f}" in card.read_text(encoding="utf-8")
