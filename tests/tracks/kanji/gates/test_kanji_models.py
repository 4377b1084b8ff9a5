"""gate_kanji_models: three small good exports pass; each forgery fails the one check that is about it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.tracks.kanji.gates.kanji_models import GATE
from glyphlens.tracks.kanji.gates.model_data import KanjiModelData, KanjiModelPaths
from tests.tracks.kanji.gates import forged_models as forgery
from tests.tracks.kanji.gates.forged_models import CLASSES, EACH, LABELS, LIMITS, READS, weights

TEST_ROWS = np.arange(2 * CLASSES * EACH, 3 * CLASSES * EACH)
VAL_LOSS = f"{CURVES}/plots/metrics/val_loss.tsv"
RIGHT = (TEST_ROWS % CLASSES).astype(np.int32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``samples`` and ``export`` below it."""
    forgery.write_samples(tmp_path / "samples")
    for name, reads in READS.items():
        forgery.write_export(tmp_path / "export" / name, reads)
    return tmp_path


def opened(folder: Path) -> KanjiModelData:
    return GATE.open(KanjiModelPaths(folder / "samples", folder / "export"), LIMITS)


def test_good_exports_pass(folder: Path, verdicts: Any) -> None:
    assert verdicts(GATE, opened(folder), LIMITS) == {}
    assert GATE.count_rows(opened(folder)) == 3 * LIMITS.scored_rows


# ── forgeries: each changes the folder of one recogniser ─────────────────────────────────────
Forge = Callable[[Path], object]


def measured(**changes: Any) -> Forge:
    def forge(folder: Path) -> None:
        save_json(folder / "measured.json", {**load_json(folder / "measured.json"), **changes})

    return forge


def without(*names: str) -> Forge:
    def forge(folder: Path) -> None:
        content = load_json(folder / "measured.json")
        save_json(folder / "measured.json", {name: content[name] for name in content if name not in names})

    return forge


def predicted(rows: NDArray[np.int64] = TEST_ROWS, **changes: NDArray[Any]) -> Forge:
    return lambda folder: forgery.write_predictions(folder, rows, **changes)


def answered(answers: NDArray[np.int32]) -> Forge:
    """Other answers of the fp32 file, the best of five with them."""
    top5 = ((answers[:, None] + np.arange(CLASSES)) % CLASSES).astype(np.int32)
    return predicted(fp32=answers, top5=top5)


def modelled(kind: str, matrix: NDArray[np.float32], **options: bool) -> Forge:
    """Another network in a file, everything written down about the file in agreement."""

    def forge(folder: Path) -> None:
        forgery.write_model(folder / f"{kind}.onnx", "raster", matrix, **options)
        forgery.refresh(folder)

    return forge


def together(*forgeries: Forge) -> Forge:
    return lambda folder: [forge(folder) for forge in forgeries]


def swapped() -> NDArray[np.float32]:
    return np.ascontiguousarray(weights("raster")[:, [1, 0, 2, 3, 4]])


def removed(name: str) -> Forge:
    return lambda folder: (folder / name).unlink()


def text(name: str, content: str) -> Forge:
    return lambda folder: (folder / name).write_text(content, encoding="utf-8")


def relabelled(labels: tuple[str, ...]) -> Forge:
    def forge(folder: Path) -> None:
        content = load_json(folder / "labels.json")
        for entry, label in zip(content["classes"], labels, strict=True):
            entry["label"] = label
        save_json(folder / "labels.json", content)

    return forge


def not_a_number(folder: Path) -> None:
    file = folder / "measured.json"
    file.write_text(file.read_text(encoding="utf-8").replace("1.1", "NaN"), encoding="utf-8")


def skipped(folder: Path) -> None:
    save_json(folder / "measured.json", {"recognizer": folder.name, "reads": "strokes", "skipped": "no strokes"})


def one_off() -> NDArray[np.int32]:
    """Answers of which the first five are wrong, and one class is never named."""
    return np.where(RIGHT == 0, 1, RIGHT).astype(np.int32)


UNSCORED = {"max_scored_gap": 1.0}
OTHER = {"min_prediction_agreement": 0.0, "max_commonest_share": 1.0}
FORGERIES: list[tuple[str, str, Forge, dict[str, Any]]] = [
    *(("folders-whole", "cnn_qat", removed(name), {}) for name in ("fp32.onnx", "labels.json", "training.json")),
    *(("folders-whole", "cnn_qat", removed(name), {}) for name in ("predictions.npz", "README.md")),
    ("folders-whole", "cnn_qat", text("predictions.npz", "no archive"), {}),
    ("folders-whole", "cnn_qat", lambda folder: shutil.rmtree(folder / CURVES), {}),
    ("folders-whole", "cnn_qat", text(VAL_LOSS, "step\tvalue\n1\t2\n"), {}),
    ("folders-whole", "cnn_qat", text(VAL_LOSS, "step\tval_loss\n"), {}),
    ("folders-whole", "cnn_qat", without("reads"), {}),
    ("folders-whole", "stroke_rnn", together(skipped, removed("README.md")), {}),
    ("skipped", "stroke_rnn", skipped, {}),
    ("labels-agree", "cnn", relabelled((*LABELS[:3], "誤", "語")), {}),
    ("numbers", "cnn", measured(recognizer="t2t_vit"), {}),
    ("numbers", "cnn", not_a_number, {}),
    ("numbers", "cnn", measured(parameters="many"), {}),
    ("numbers", "cnn", measured(temperature=0.0), {}),
    ("numbers", "cnn", without("test_rows"), {}),
    ("curves-finite", "cnn", text(VAL_LOSS, "step\tval_loss\n1\tnan\n"), {}),
    ("curves-finite", "cnn", text(VAL_LOSS, "step\tval_loss\n1\t2.5\n2\tinf\n"), {}),
    ("card-hashes", "cnn", text("README.md", "0" * 64), {}),
    ("predictions-form", "cnn", predicted(fp32=RIGHT.astype(np.int64)), {}),
    ("predictions-form", "cnn", predicted(int8=RIGHT + np.int32(1)), {"min_prediction_agreement": 0.0}),
    ("predictions-form", "cnn", predicted(confidence=np.full(len(RIGHT), np.nan, np.float32)), {}),
    ("predictions-form", "cnn", predicted(top5=np.zeros((len(RIGHT), 5), np.int32)), {}),
    ("predictions-form", "cnn", predicted(top5=np.zeros((len(RIGHT), 3), np.int32)), {}),
    ("predictions-form", "cnn", predicted(TEST_ROWS[:-1]), {"min_prediction_agreement": 0.0}),
    ("predictions-form", "cnn", predicted(TEST_ROWS - 1), {"min_prediction_agreement": 0.0}),
    ("predictions-distinct", "cnn", answered(one_off()), OTHER),
    (
        "predictions-commonest",
        "cnn",
        answered(one_off()),
        {**OTHER, "min_distinct_share": 0.0, "max_commonest_share": 0.3},
    ),
    ("predictions-own", "cnn", answered(np.roll(RIGHT, 1)), {}),
    ("predictions-own", "cnn", predicted(int8=np.roll(RIGHT, 1)), {}),
    ("top1-floors", "cnn", measured(val_top1=0.89, val_int8_top1=0.89), UNSCORED),
    ("top1-floors", "cnn_qat", measured(val_top1=0.69, val_int8_top1=0.69), {**UNSCORED, "max_qat_loss": 1.0}),
    ("fp32-parity", "stroke_rnn", measured(agreement=0.998), {}),
    ("int8-loss", "cnn", measured(val_int8_top1=0.994), {}),
    ("int8-offered", "cnn", removed("int8.onnx"), {}),
    ("int8-offered", "cnn", measured(int8_offered=False), {}),
    ("sizes-true", "cnn", measured(fp32_mb=1.2), {}),
    ("size-targets", "cnn_qat", lambda folder: None, {"max_int8_mb": {"cnn_qat": 0.01}}),
    ("qat-beside-start", "cnn_qat", measured(val_top1=0.994, val_int8_top1=0.994), {}),
    ("scored-top1", "cnn", modelled("fp32", swapped()), {"min_prediction_agreement": 0.0}),
    ("scored-top1", "cnn", modelled("int8", swapped()), {"min_prediction_agreement": 0.0}),
    ("batch-free", "cnn", modelled("fp32", weights("raster"), centred=True), {}),
]


@pytest.mark.parametrize(
    ("check", "name", "forge", "limits"),
    FORGERIES,
    ids=[f"{place}-{entry[0]}" for place, entry in enumerate(FORGERIES)],
)
def test_a_forgery_fails_exactly_its_check(
    folder: Path, verdicts: Any, check: str, name: str, forge: Forge, limits: dict[str, Any]
) -> None:
    forge(folder / "export" / name)
    assert set(verdicts(GATE, opened(folder), LIMITS.model_copy(update=limits))) == {check}


@pytest.mark.parametrize("limits", [{"max_int8_mb": {"cnn_qat": 0.01}}, {"max_qat_loss": -0.1}])
def test_missed_targets_only_warn(folder: Path, verdicts: Any, limits: dict[str, Any]) -> None:
    assert set(verdicts(GATE, opened(folder), LIMITS.model_copy(update=limits)).values()) == {"WARN"}


def test_a_file_that_is_not_offered_is_not_missed(folder: Path, verdicts: Any) -> None:
    """An int8 file that lost too much is measured, but not there."""
    together(removed("int8.onnx"), measured(int8_offered=False, val_int8_top1=0.5))(folder / "export/cnn")
    assert verdicts(GATE, opened(folder), LIMITS) == {}


def test_a_recogniser_of_strokes_is_skipped_where_there_are_none(folder: Path, verdicts: Any) -> None:
    forgery.write_samples(folder / "samples", strokes=False)
    skipped(folder / "export/stroke_rnn")
    data = opened(folder)
    assert verdicts(GATE, data, LIMITS) == {}
    assert data.skipped == {"stroke_rnn": "no strokes"}


def test_scores_that_are_no_numbers_fail(folder: Path, verdicts: Any) -> None:
    modelled("fp32", np.full_like(weights("raster"), np.nan))(folder / "export/cnn")
    found = verdicts(GATE, opened(folder), LIMITS)
    assert {"scores-finite", "batch-free"} <= set(found)


def test_a_file_that_does_not_open_is_named_and_hides_no_number(folder: Path, verdicts: Any) -> None:
    together(text("int8.onnx", "no graph"), forgery.refresh)(folder / "export/cnn")
    found = verdicts(GATE, opened(folder), LIMITS)
    assert found["files-open"] == "FAIL"
    assert not {"numbers", "top1-floors", "int8-loss", "sizes-true"} & set(found)


def test_a_model_that_reads_something_else_than_told_fails(folder: Path, verdicts: Any) -> None:
    (folder / "export/cnn/int8.onnx").write_bytes((folder / "export/stroke_rnn/int8.onnx").read_bytes())
    assert "files-open" in verdicts(GATE, opened(folder), LIMITS)


def test_nothing_exported_is_an_error(folder: Path) -> None:
    shutil.rmtree(folder / "export")
    with pytest.raises(InputError, match="no exported recogniser"):
        opened(folder)


def test_nothing_whole_passes_nothing(folder: Path, verdicts: Any) -> None:
    for name in READS:
        (folder / "export" / name / "fp32.onnx").unlink()
    found = verdicts(GATE, opened(folder), LIMITS)
    assert {"folders-whole", "top1-floors", "fp32-parity", "scored-top1"} <= set(found)
