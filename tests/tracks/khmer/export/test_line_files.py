"""Exported recognisers of lines read what the trained networks read, in both precisions, alone and together."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.khmer_text import clusters
from glyphlens.inference.line_reader import LineReader, ReadCluster, placed
from glyphlens.inference.recognizer import RASTER, open_session
from glyphlens.tracks.khmer.export.line_files import line_temperature
from tests.tracks.khmer.exported_toys import export_toy
from tests.tracks.khmer.toy_khmer import drawn_line, save_toy_khmer

KINDS = ("ctc", "attention")
every_kind = pytest.mark.parametrize("kind", KINDS)
Exports = dict[str, tuple[Path, nn.Module]]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return save_toy_khmer(tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def exports(samples: SampleSet, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    root = tmp_path_factory.mktemp("export")
    return {kind: (root / kind, export_toy(root / kind, kind, samples)) for kind in KINDS}


def lines_of(samples: SampleSet, split: str) -> list[np.ndarray]:
    return [samples.images(np.array([row]))[0] for row in samples.rows(split)]


@every_kind
@torch.inference_mode()
def test_the_fp32_file_gives_what_the_network_gives(exports: Exports, kind: str) -> None:
    folder, model = exports[kind]
    session = open_session(folder / "fp32.onnx")
    for count, width in ((1, 64), (3, 77), (2, 300)):
        shown = np.random.default_rng(width).integers(0, 255, (count, 48, width), np.uint8)
        expected = model(torch.from_numpy(shown).unsqueeze(1).float() / 255).numpy()
        np.testing.assert_allclose(session.run(None, {RASTER: shown})[0], expected, atol=1e-3)


@every_kind
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_lines_are_read(exports: Exports, samples: SampleSet, kind: str, precision: str) -> None:
    reader = LineReader.load(exports[kind][0] / f"{precision}.onnx", threads=1)
    read = reader.read(lines_of(samples, "train"))
    texts = [samples.texts[row] for row in samples.rows("train")]
    assert np.mean([line.text == text for line, text in zip(read, texts, strict=True)]) > 0.7
    for line in read:
        assert [each.text for each in line.clusters] == clusters(line.text)
        assert 0 <= line.confidence <= 1


def test_clusters_stand_where_they_are_drawn(exports: Exports) -> None:
    """The third of three bases, 16 px wide each, whatever the picture's height."""
    reader = LineReader.load(exports["ctc"][0] / "fp32.onnx", threads=1)
    for scale in (1, 2):
        picture = drawn_line("កខគ").repeat(scale, 0).repeat(scale, 1)
        (line,) = reader.read([picture])
        assert line.text == "កខគ"
        assert line.clusters[0].x0 == 0 and line.clusters[2].x1 == 48 * scale
        assert abs(line.clusters[2].x0 - 32 * scale) < 8 * scale


@every_kind
def test_a_line_is_read_alike_alone_and_among_others(exports: Exports, samples: SampleSet, kind: str) -> None:
    reader = LineReader.load(exports[kind][0] / "int8.onnx", threads=1)
    lines = lines_of(samples, "val")
    for alone, together in zip((reader.read([line])[0] for line in lines), reader.read(lines), strict=True):
        assert alone.text == together.text
        assert alone.confidence == pytest.approx(together.confidence, abs=1e-5)


def test_a_very_wide_line_and_a_single_column_are_read(exports: Exports) -> None:
    reader = LineReader.load(exports["ctc"][0] / "int8.onnx", threads=1)
    wide = drawn_line("កខគឃងច" * 320)
    assert wide.shape[1] > 30_000
    assert len(reader.read([wide])[0].clusters) > 1500
    assert reader.read([np.zeros((7, 1), np.uint8), np.zeros((48, 200), np.uint8)])[1].text == ""


@pytest.mark.parametrize(
    "image",
    [np.zeros((0, 5), np.uint8), np.zeros((48, 5)), np.zeros((1, 48, 5), np.uint8)],
    ids=["empty", "floats", "3d"],
)
def test_a_picture_that_is_none_is_named(exports: Exports, image: np.ndarray) -> None:
    reader = LineReader.load(exports["ctc"][0] / "int8.onnx", threads=1)
    with pytest.raises(InputError, match=r"line 1: .* expected uint8 \(H, W\)"):
        reader.read([np.zeros((48, 64), np.uint8), image])


def test_a_beam_reads_the_same_of_clear_lines(exports: Exports, samples: SampleSet) -> None:
    folder, _ = exports["ctc"]
    greedy, beam = (LineReader.load(folder / "fp32.onnx", decoding=kind) for kind in ("greedy", "beam"))  # type: ignore[arg-type]
    assert greedy.ngram is None and beam.ngram is not None
    lines = lines_of(samples, "train")[:12]
    same = [one.text == two.text for one, two in zip(greedy.read(lines), beam.read(lines), strict=True)]
    assert np.mean(same) > 0.7
    assert LineReader.load(exports["attention"][0] / "fp32.onnx", decoding="beam").ngram is None


def test_what_lies_beside_a_model_is_told(exports: Exports) -> None:
    names = {kind: {file.name for file in LineReader.load(exports[kind][0] / "int8.onnx").files} for kind in KINDS}
    assert names["ctc"] == {"int8.onnx", "labels.json", "ngram.json"}
    assert names["attention"] == {"int8.onnx", "labels.json", "decoder.onnx"}


def test_folders_that_do_not_fit_are_named(exports: Exports, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected one recogniser of lines, found fp32.onnx, int8.onnx"):
        LineReader.load(exports["ctc"][0])
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in exports["ctc"][0].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    labels = load_json(folder / "labels.json")
    save_json(folder / "labels.json", {**labels, "rule": {}})
    with pytest.raises(InputError, match="not the rule of a recogniser of lines"):
        LineReader.load(folder / "int8.onnx")
    save_json(folder / "labels.json", {**labels, "decoder": "softmax"})
    with pytest.raises(InputError, match="its decoder is 'softmax'"):
        LineReader.load(folder / "int8.onnx")
    (folder / "int8.onnx").write_bytes(b"broken")
    with pytest.raises(InputError, match="not an ONNX model"):
        LineReader.load(folder / "int8.onnx")


def test_the_temperature_makes_confidence_the_share_of_exact_lines() -> None:
    sure = np.full(100, 0.25)
    is_exact = np.arange(100) < 50
    assert line_temperature(sure, is_exact) == pytest.approx(2.0, abs=0.01)  # .25 ** (1 / 2) is .5


def test_clusters_that_differ_share_the_space_of_what_they_replace() -> None:
    known = [ReadCluster("a", 0.9, 0, 4), ReadCluster("b", 0.5, 4, 8), ReadCluster("c", 0.8, 8, 12)]
    assert placed(["a", "x", "y", "c"], known) == [
        known[0], ReadCluster("x", 0.5, 4, 6), ReadCluster("y", 0.5, 6, 8), known[2],
    ]  # fmt: skip
    assert placed(["c"], []) == [ReadCluster("c", 0.0, 0, 0)]


def test_the_manifest_names_tokens_and_preparation(exports: Exports) -> None:
    manifest = ExportFolder(exports["ctc"][0]).manifest
    assert manifest.decoder == "ctc" and manifest.scores == len(manifest.charset) + 1
    assert {"height_px", "stride_px", "multiple_px", "beam", "line_temperatures"} == set(manifest.preparation)
