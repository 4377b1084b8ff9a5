"""gate_khmer_models: a small good export passes; each forgery fails the check that is about it."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.errors import InputError
from glyphlens.inference.folder import CARD, LABELS
from glyphlens.inference.line_reader import LineReader, LineText
from glyphlens.tracks.khmer.gates.khmer_models import GATE, KhmerModelData, KhmerModelLimits, KhmerModelPaths

LIMITS = KhmerModelLimits(
    max_cer={"ctc": 0.2}, max_other_cer=0.2, max_int8_loss=0.1, max_int8_mb=1.0, max_batch_gap=0.001,
    max_calibration_gap=0.3, scored_rows=9,
)  # fmt: skip
Change = Callable[[LineText], LineText]


@pytest.fixture
def folder(made_lines: Path, tmp_path: Path) -> Path:
    shutil.copytree(made_lines, tmp_path, dirs_exist_ok=True)
    return tmp_path


def opened(folder: Path, limits: KhmerModelLimits = LIMITS) -> KhmerModelData:
    return GATE.open(KhmerModelPaths(folder / "lines", folder / "export"), limits)


def test_a_good_export_passes(folder: Path, verdicts: Any) -> None:
    assert verdicts(GATE, opened(folder), LIMITS) == {}
    assert GATE.count_rows(opened(folder)) == LIMITS.scored_rows


def test_an_export_without_files_is_named(folder: Path) -> None:
    (folder / "export/ctc/fp32.onnx").unlink()
    with pytest.raises(InputError, match="no fp32 file of ctc"):
        opened(folder)


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({"max_cer": {"ctc": -1.0}}, {"reads-well"}),
        ({"max_cer": {}, "max_other_cer": 0.0, "max_int8_mb": 0.001}, {"small"}),
        ({"max_calibration_gap": 0.0}, {"confidence"}),
    ],
)
def test_limits_count(folder: Path, verdicts: Any, change: dict[str, Any], failed: set[str]) -> None:
    limits = LIMITS.model_copy(update=change)
    assert failed <= set(verdicts(GATE, opened(folder), limits))


def test_a_token_that_is_missing(folder: Path, verdicts: Any) -> None:
    path = folder / "export/ctc" / LABELS
    content = json.loads(path.read_text(encoding="utf-8"))
    place = next(place for place, token in enumerate(content["charset"]) if len(token) == 1)
    content["charset"][place] = content["charset"][place] * 7
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    assert "charset-whole" in verdicts(GATE, opened(folder), LIMITS)


def test_a_card_of_another_file(folder: Path, verdicts: Any) -> None:
    (folder / "export/ctc" / CARD).write_text("# Another\n", encoding="utf-8")
    assert set(verdicts(GATE, opened(folder), LIMITS)) == {"cards"}


def forged(monkeypatch: pytest.MonkeyPatch, change: Change, files: str = "") -> None:
    """Another answer of the files whose name has ``files`` in it."""
    read = LineReader.read

    def other(self: LineReader, images: Sequence[Any]) -> list[LineText]:
        lines = read(self, images)
        return [change(line) for line in lines] if files in self.path.name else lines

    monkeypatch.setattr(LineReader, "read", other)


def test_eight_bits_that_lose(folder: Path, verdicts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    forged(monkeypatch, lambda line: line._replace(text=line.text[:1], clusters=line.clusters[:1]), "int8")
    assert {"int8-loss", "reads-well"} <= set(verdicts(GATE, opened(folder), LIMITS))


def test_text_that_is_not_canonical(folder: Path, verdicts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    forged(monkeypatch, lambda line: line._replace(text=line.text + "\u200b"))
    assert set(verdicts(GATE, opened(folder), LIMITS)) >= {"canonical"}


def test_clusters_outside_the_line(folder: Path, verdicts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(line: LineText) -> LineText:
        return line._replace(
            clusters=tuple(each._replace(x0=each.x0 + 5000, x1=each.x1 + 5000) for each in line.clusters)
        )

    forged(monkeypatch, moved)
    assert set(verdicts(GATE, opened(folder), LIMITS)) == {"places-in-order"}


def test_lines_that_depend_on_their_batch(folder: Path, verdicts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read = LineReader.read

    def other(self: LineReader, images: Sequence[Any]) -> list[LineText]:
        lines = read(self, images)
        return [lines[0]._replace(confidence=lines[0].confidence / 2)] if len(lines) == 1 else lines

    monkeypatch.setattr(LineReader, "read", other)
    assert set(verdicts(GATE, opened(folder), LIMITS)) == {"batch-free"}
