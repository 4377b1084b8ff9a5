"""Scans read whole and line by line: equal answers, causal files, caches that fit one model only, refusals."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.recognizer import Recognizer
from glyphlens.inference.streams import LineRecognizer, Stream
from glyphlens.tracks.scan_lines.export.files import Held, save_scan_models, streamed_probabilities
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet
from tests.tracks.scan_lines.scan_networks import CLASSES, LINES, NAMES, SAMPLES, STREAMING, scans, tiny, write_scan_set

LINES_NLS: NDArray[np.float32] = scans().numpy()
PRECISIONS = ("fp32", "int8")
every_stream = pytest.mark.parametrize("name", STREAMING)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of every recogniser."""
    folder = tmp_path_factory.mktemp("streams")
    samples = ScanSet.open(write_scan_set(folder / "scans"))
    rows_N = samples.samples.rows("val")
    held = Held(samples.lines(rows_N), samples.samples.class_indices[rows_N])
    for name in NAMES:
        save_scan_models(ExportFolder(folder / name), tiny(name).eval(), samples, held)
    return folder


@every_stream
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_stream_says_what_the_whole_pass_says(root: Path, name: str, precision: str) -> None:
    recognizer = LineRecognizer.load(root / name / f"{precision}.onnx")
    assert (recognizer.lines, recognizer.samples, len(recognizer.classes)) == (LINES, SAMPLES, CLASSES)
    whole_NLC = recognizer.probabilities(LINES_NLS)
    assert whole_NLC.shape == (5, LINES, CLASSES)
    np.testing.assert_allclose(whole_NLC.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_allclose(streamed_probabilities(recognizer, LINES_NLS), whole_NLC, atol=1e-5)


@every_stream
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("later", [1, 6, LINES - 1])
def test_a_later_line_changes_no_earlier_answer_of_a_file(root: Path, name: str, precision: str, later: int) -> None:
    recognizer, other = LineRecognizer.load(root / name / f"{precision}.onnx"), LINES_NLS.copy()
    other[:, later:] = np.nan
    before, after = recognizer.logits(LINES_NLS), recognizer.logits(other)
    np.testing.assert_array_equal(before[:, :later], after[:, :later])
    assert (before[:, later:] != after[:, later:]).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_what_the_network_says_at_its_temperatures(root: Path, name: str) -> None:
    import torch

    recognizer = LineRecognizer.load(root / name / "fp32.onnx")
    with torch.no_grad():
        logits = tiny(name).eval()(torch.from_numpy(LINES_NLS)).numpy()
    temperatures_T = np.array(recognizer.manifest.temperatures["fp32"], np.float32)
    assert temperatures_T.shape == (recognizer.answers,) and (temperatures_T != 1).all()
    np.testing.assert_allclose(recognizer.logits(LINES_NLS), logits / temperatures_T[:, None], atol=1e-4)
    assert recognizer.probabilities(LINES_NLS[:0]).shape == (0, recognizer.answers, CLASSES)


@every_stream
def test_a_stream_continues_from_a_file(root: Path, name: str, tmp_path: Path) -> None:
    recognizer = LineRecognizer.load(root / name / "int8.onnx")
    straight, sizes = recognizer.stream(), []
    for number, line_S in enumerate(LINES_NLS[1]):
        stream = Stream.load(tmp_path / "cache.npz", recognizer) if number else recognizer.stream()
        assert stream.lines_seen == number
        np.testing.assert_array_equal(stream.push(line_S), straight.push(line_S))
        stream.save(tmp_path / "cache.npz")
        sizes.append((tmp_path / "cache.npz").stat().st_size)
    assert len(set(sizes)) == 1, "the cache does not grow with the lines"


@every_stream
def test_bad_lines_are_refused_and_change_nothing(root: Path, name: str) -> None:
    recognizer = LineRecognizer.load(root / name / "fp32.onnx", threads=1)
    stream, other = recognizer.stream(), recognizer.stream()
    stream.push(LINES_NLS[0, 0])
    other.push(LINES_NLS[0, 0])
    for bad in (np.zeros(SAMPLES + 1), np.zeros((1, SAMPLES)), 3.0, ["a"] * SAMPLES, None):
        with pytest.raises(InputError, match="line 2: "):
            stream.push(bad)  # type: ignore[arg-type]
    for number in range(1, LINES):
        np.testing.assert_array_equal(stream.push(LINES_NLS[0, number]), other.push(LINES_NLS[0, number]))
    with pytest.raises(InputError, match=f"line {LINES + 1}: a scan has {LINES} lines"):
        stream.push(LINES_NLS[0, 0])
    assert stream.lines_seen == LINES
    with pytest.raises(InputError, match="expected"):
        recognizer.probabilities(LINES_NLS[:, 1:])


def test_another_models_cache_is_refused(root: Path, tmp_path: Path) -> None:
    recognizer = LineRecognizer.load(root / "sequential/fp32.onnx")
    stream, cache = recognizer.stream(), tmp_path / "cache.npz"
    stream.push(LINES_NLS[0, 0])
    stream.save(cache)
    for other in ("sequential/int8.onnx", "lrcn/fp32.onnx"):
        with pytest.raises(InputError, match="the cache of another model"):
            Stream.load(cache, LineRecognizer.load(root / other))
    arrays = dict(np.load(cache))
    faults = {
        "whole cache": {**arrays, "attended": arrays["attended"][:, :1]},
        "lines seen": {**arrays, "seen": arrays["seen"] + 1},
        "1 lines seen": {**arrays, "seen": arrays["seen"] * np.nan},
        "is missing": {name: part for name, part in arrays.items() if name != "model"},
    }
    for told, content in faults.items():
        np.savez(cache, **content)
        with pytest.raises(InputError, match=told):
            Stream.load(cache, recognizer)
    cache.write_bytes(b"no archive")
    with pytest.raises(InputError, match="not the cache of a stream"):
        Stream.load(cache, recognizer)


def test_vit_answers_once_and_reads_no_stream(root: Path) -> None:
    recognizer = LineRecognizer.load(root / "vit/int8.onnx")
    assert recognizer.probabilities(LINES_NLS).shape == (5, 1, CLASSES)
    with pytest.raises(InputError, match="after the last line only"):
        recognizer.stream()


def test_a_release_holds_one_precision_with_its_step(root: Path, tmp_path: Path) -> None:
    folder = ExportFolder(root / "lrcn")
    folder.release(tmp_path, "int8", "card")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.md",
        "int8.onnx",
        "labels.json",
        "step.int8.onnx",
    ]
    released = LineRecognizer.load(tmp_path)
    np.testing.assert_array_equal(released.stream().push(LINES_NLS[0, 0]).shape, (CLASSES,))
    assert (
        set(released.manifest.files) == set(released.manifest.steps) == set(released.manifest.temperatures) == {"int8"}
    )


def test_files_that_do_not_fit_are_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a file for whole scans"):
        LineRecognizer.load(root / "lrcn/step.int8.onnx")
    with pytest.raises(InputError, match="a glyphlens model takes"):
        Recognizer.load(root / "lrcn/int8.onnx")
    folder = ExportFolder(root / "lrcn")
    folder.release(tmp_path, "int8", "card")
    labels = load_json(tmp_path / "labels.json")
    for part, value, told in (
        ("temperatures", {"int8": [1.0]}, "1 temperatures for the 12 answers"),
        ("classes", labels["classes"][1:], "3 classes"),
        ("decoder", "softmax", "reads no scans"),
    ):
        save_json(tmp_path / "labels.json", {**labels, part: value})
        with pytest.raises(InputError, match=told):
            LineRecognizer.load(tmp_path)
    save_json(tmp_path / "labels.json", labels)
    (tmp_path / "step.int8.onnx").write_bytes((root / "sequential/step.int8.onnx").read_bytes())
    with pytest.raises(InputError, match="not a file that labels.json beside it lists"):
        LineRecognizer.load(tmp_path).stream()


def test_the_same_network_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    samples = ScanSet.open(root / "scans")
    rows_N = samples.samples.rows("val")
    held = Held(samples.lines(rows_N), samples.samples.class_indices[rows_N])
    save_scan_models(ExportFolder(tmp_path), tiny("sequential").eval(), samples, held)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([*(f"{start}{kind}.onnx" for start in ("", "step.") for kind in PRECISIONS), "labels.json"])
    assert all((tmp_path / name).read_bytes() == (root / "sequential" / name).read_bytes() for name in names)


def test_streams_need_no_torch() -> None:
    script = "import sys, glyphlens.inference.streams; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "lightning", "onnx"} & set(loaded)
