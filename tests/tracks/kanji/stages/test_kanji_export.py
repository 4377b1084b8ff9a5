"""The stage writes two files, says of them only what was measured on them, and skips in plain words."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from glyphlens.core.curves import read_curves
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_file, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.export.classifier import assemble_classifier, network_feed, trace_classifier
from glyphlens.export.classifier_files import ClassifierExportParams, ExportRows, load_piece
from glyphlens.export.quantize import Integers, batched, quantize_piece
from glyphlens.export.temperature import TEMPERATURE
from glyphlens.gates.token import write_token
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.reading import feeds_of, read_best
from glyphlens.inference.recognizer import Recognizer
from glyphlens.nets.weights import save_model
from glyphlens.tracking.timings import read_timings
from glyphlens.tracks.kanji.recognizers.cnn import Network
from glyphlens.tracks.kanji.stages import kanji_export
from tests.export import tiny_characters as tiny
from tests.forged_curves import write_curves
from tests.slow_clock import slow_down

PARAMS = {
    "calibration_samples": 40,
    "validation_samples": 1000,
    "reduce_range": True,
    "max_int8_loss": 0.2,
    "latency_repeats": 1,
    "calibration_bins": 10,
}
METRICS = ["test_top1", "test_shape_top1", "macro_f1", "ece", "int8_top1", "int8_mb"]


SETTINGS = {"seed": 3, "kanji": {**tiny.RULE, "only": []}, "kanji_export": PARAMS}


def run(root: Path, model: str, monkeypatch: pytest.MonkeyPatch, samples: str = "samples") -> Path:
    """Export ``model``; the folder that it wrote."""
    monkeypatch.chdir(root)
    words = {
        "samples": samples, "token": "token.json", "model": model, "out": f"export/{model}", "metrics": f"{model}.json",
        "timings": "timings.json",
    }  # fmt: skip
    write_token(root / "token.json", root / samples)
    kanji_export.main([word for name, place in words.items() for word in (f"--{name}", str(root / place))])
    return root / "export" / model


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny.cnn()


@pytest.fixture(scope="module")
def integers(network: Network) -> onnx.ModelProto:
    """The network as a piece of integers, such as a training with rounding leaves."""
    piece = trace_classifier(network, (64, 64))
    feeds = batched({piece.graph.input[0].name: network_feed(piece, tiny.shapes(48)[0])})
    return quantize_piece(piece, feeds, Integers(reduce_range=False))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, network: Network) -> Path:
    folder = tmp_path_factory.mktemp("kanji")
    tiny.sample_set(folder / "samples")
    save_trained(folder / "cnn", network)
    save_json(folder / "params.yaml", SETTINGS)
    return folder


def save_trained(folder: Path, network: Network) -> None:
    save_model(folder, network)
    save_json(folder / "training.json", {"steps": 9, "parameters": 1, "device": "CPU", "threads": 3})
    write_curves(folder / "curves")


@pytest.fixture(scope="module")
def exported(root: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        return run(root, "cnn", patch)


def test_everything_is_there(exported: Path) -> None:
    assert sorted(path.name for path in exported.iterdir()) == [
        *("README.md", "curves", "fp32.onnx", "int8.onnx", "labels.json", "measured.json", "predictions.npz"),
        "training.json",
    ]


def test_how_the_training_went_comes_along(root: Path, exported: Path) -> None:
    assert read_curves(exported / "curves").equals(read_curves(root / "cnn/curves"))
    assert (exported / "training.json").read_bytes() == (root / "cnn/training.json").read_bytes()


def test_what_is_lost_is_not_copied_in_silence(tmp_path: Path) -> None:
    save_json(tmp_path / "training.json", {})
    with pytest.raises(InputError, match="curves: not there; train the recogniser again"):
        ExportFolder(tmp_path / "out").copy_training(tmp_path)


@pytest.mark.parametrize("kind", ["fp32", "int8"])
def test_numbers_are_those_of_the_file(root: Path, exported: Path, kind: str) -> None:
    samples, metrics = SampleSet.open(root / "samples"), load_json(root / "cnn.json")
    recognizer, rows = Recognizer.load(exported / f"{kind}.onnx"), samples.rows("test")
    logits = recognizer.logits(feeds_of(samples, recognizer.inputs, rows))
    assert list(metrics) == METRICS
    top1 = np.mean(logits.argmax(axis=1) == samples.class_indices[rows])
    assert metrics[{"fp32": "test_top1", "int8": "int8_top1"}[kind]] == pytest.approx(top1, abs=1e-4)
    measured = load_json(exported / "measured.json")
    assert measured[f"{kind}_mb"] == pytest.approx((exported / f"{kind}.onnx").stat().st_size / 1e6, abs=1e-4)
    with np.load(exported / "predictions.npz") as told:
        np.testing.assert_array_equal(told["rows"], rows)
        np.testing.assert_array_equal(told[kind], logits.argmax(axis=1))
        assert told["top5"].shape == (len(rows), 5) and told["confidence"].dtype == np.float32


def test_the_trained_shapes_are_recognised(root: Path, exported: Path) -> None:
    metrics, measured = load_json(root / "cnn.json"), load_json(exported / "measured.json")
    assert metrics["test_top1"] > 0.6, "two of six classes look the same"
    assert metrics["test_shape_top1"] > 0.85 and metrics["test_shape_top1"] > metrics["test_top1"]
    assert measured["agreement"] > 0.97 and measured["int8_offered"]


def test_the_card_says_what_matters(root: Path, exported: Path) -> None:
    card = (exported / "README.md").read_text()
    for said in (
        "rendered stand-in, not on handwriting",
        "one of 6 classes (2 hiragana, 2 katakana, 2 kanji)",
        "| input | `raster` | uint8 (N, 64, 64)",
        "1 group never trained on",
        "- trained on CPU with 3 threads of torch",
        "`metrics/timings.json`",
        "under `kanji_export@cnn`",
        "Creative Commons Attribution-ShareAlike 3.0",
        "Open Font License",
        "| rendered | strokes | training | 4 |",
        sha256_file(exported / "fp32.onnx"),
        sha256_file(exported / "int8.onnx"),
    ):
        assert said in card, said
    assert str(root) not in card.replace(exported.as_posix(), "")


def test_the_label_map_is_enough_to_prepare_a_photo(exported: Path) -> None:
    labels = load_json(exported / "labels.json")
    assert labels["script"] == "japanese" and labels["source"] == "rendered"
    assert labels["rule"] == tiny.RULE
    assert labels["decoder"] == "softmax"
    assert labels["inputs"] == [{"name": "raster", "dtype": "uint8", "shape": ["batch", 64, 64]}]
    assert labels["outputs"] == [{"name": "logits", "dtype": "float32", "shape": ["batch", 6]}]


def test_the_manifest_has_each_file_with_its_own_temperature(exported: Path) -> None:
    files, measured = load_json(exported / "labels.json")["files"], load_json(exported / "measured.json")
    names = {"fp32": "temperature", "int8": "int8_temperature"}
    assert list(files) == list(names)
    for precision, key in names.items():
        file = exported / files[precision]["name"]
        assert files[precision]["sha256"] == sha256_file(file)
        constants = {constant.name: constant for constant in onnx.load(file).graph.initializer}
        in_graph = float(onnx.numpy_helper.to_array(constants[TEMPERATURE]))
        assert files[precision]["temperature"] == measured[key] == pytest.approx(in_graph)


def test_another_machine_writes_the_same_bytes_and_other_times(
    root: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, first = sha256_tree(exported), read_timings(root / "timings.json")["kanji_export@cnn"]
    slow_down(monkeypatch)
    run(root, "cnn", monkeypatch)
    assert sha256_tree(exported) == before
    second = read_timings(root / "timings.json")["kanji_export@cnn"]
    assert list(first["latency_ms"]) == ["fp32", "int8"]
    assert second["latency_ms"]["fp32"]["1"] > 2 * first["latency_ms"]["fp32"]["1"]


def test_an_int8_file_that_loses_too_much_is_not_offered(
    root: Path, network: Network, integers: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = onnx.ModelProto()
    torn.CopyFrom(integers)
    bias = next(
        entry for entry in torn.graph.initializer if entry.name.endswith("bias_quantized") and "classes" in entry.name
    )
    values = onnx.numpy_helper.to_array(bias)
    bias.CopyFrom(onnx.numpy_helper.from_array(values + np.array([10**6, 0, 0, 0, 0, 0], values.dtype), bias.name))
    save_trained(root / "lossy", network)
    onnx.save(torn, root / "lossy/integer.onnx")
    out = run(root, "lossy", monkeypatch)
    assert not (out / "int8.onnx").exists() and (out / "fp32.onnx").exists()
    measured, metrics = load_json(out / "measured.json"), load_json(root / "lossy.json")
    assert not measured["int8_offered"] and measured["int8_mb"] > 0
    assert list(load_json(out / "labels.json")["files"]) == ["fp32"]
    assert metrics["int8_top1"] == pytest.approx(1 / 6, abs=1e-4), "always the first class"
    assert "**`int8.onnx` is not offered**" in (out / "README.md").read_text()


def test_integers_of_training_are_the_int8_file(
    root: Path, network: Network, integers: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_trained(root / "cnn_qat", network)
    onnx.save(integers, root / "cnn_qat/integer.onnx")
    found = onnx.load(run(root, "cnn_qat", monkeypatch) / "int8.onnx")
    weights = {constant.raw_data for constant in found.graph.initializer}
    assert {constant.raw_data for constant in integers.graph.initializer} <= weights


def test_integers_that_are_no_graph_are_refused(integers: onnx.ModelProto, tmp_path: Path) -> None:
    (tmp_path / "integer.onnx").write_bytes(b"no graph")
    with pytest.raises(InputError, match=r"integer\.onnx: not an ONNX model"):
        load_piece(tmp_path / "integer.onnx", integers)
    onnx.save(assemble_classifier(integers), tmp_path / "whole.onnx")
    with pytest.raises(InputError, match=r"whole\.onnx: takes and gives .*'raster'"):
        load_piece(tmp_path / "whole.onnx", integers)


def test_a_skipped_training_is_a_skipped_export(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_json(root / "stroke_rnn/training.json", {"skipped": "no strokes at all"})
    out = run(root, "stroke_rnn", monkeypatch)
    assert load_json(out / "measured.json")["skipped"] == "no strokes at all"
    assert load_json(root / "stroke_rnn.json") == {"test_rows": 0}
    assert "**Skipped: no strokes at all.**" in (out / "README.md").read_text()
    assert not list(out.glob("*.onnx"))


def test_only_rows_with_strokes_are_read(tmp_path: Path) -> None:
    samples = tiny.sample_set(tmp_path / "some")
    settings = ClassifierExportParams(**PARAMS)
    rows = ExportRows.of(samples, "strokes", settings, 0)
    assert rows is not None and rows.test.max() < 120 and len(rows.test) == 18
    assert ExportRows.of(tiny.sample_set(tmp_path / "none", strokes=False), "strokes", settings, 0) is None


def test_what_passed_no_gate_is_not_exported(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    words = ["--samples", str(root / "samples"), "--token", str(tmp_path / "none.json"), "--model", str(root / "cnn")]
    with pytest.raises(InputError, match="no token of a gate"):
        kanji_export.main(
            [
                *words,
                "--out",
                str(tmp_path / "out"),
                "--metrics",
                str(tmp_path / "m.json"),
                "--timings",
                str(tmp_path / "t.json"),
            ]
        )


def test_answers_do_not_depend_on_the_batch(root: Path, exported: Path) -> None:
    samples, recognizer = SampleSet.open(root / "samples"), Recognizer.load(exported / "fp32.onnx")
    rows = samples.rows("test")
    one, many = (read_best(recognizer, samples, rows, 3, batch=batch) for batch in (1, 64))
    np.testing.assert_array_equal(one.classes_NK[:, 0], many.classes_NK[:, 0])
