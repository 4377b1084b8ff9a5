"""``glyphlens edge``: the released recogniser against a forged worker, and for real where the environment is there."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glyphlens.cli import app
from glyphlens.commands import edge
from glyphlens.commands.edge import edge_tracks, run_edge
from glyphlens.core.errors import InputError, OutputError
from glyphlens.edge.environment import ENVIRONMENTS, STAMP
from glyphlens.edge.table import BEGIN, END, load_entries
from glyphlens.tracks import tracks
from tests.edge import forged

ROOT = Path(__file__).resolve().parents[2]
OPENVINO = ROOT / ENVIRONMENTS / "openvino" / STAMP
RASTERS = ROOT / "data/arabic/rasters/index.parquet"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)
    model = forged.model(tmp_path)
    monkeypatch.setattr(edge, "edge_maker", lambda name: lambda *_: model)
    return tmp_path


def worker(monkeypatch: pytest.MonkeyPatch, place: Path, script: str) -> None:
    monkeypatch.setattr(edge, "environment_python", lambda *_: forged.python(place, script))


def test_every_track_has_a_model_for_other_runtimes() -> None:
    assert edge_tracks() == list(tracks())


def test_what_passes_is_written_with_its_card_and_table(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(monkeypatch, place, forged.answering(0))
    page = place / "table.md"
    page.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    assert run_edge(["arabic"], ["openvino"], place / "out", page) == 0
    folder = place / "out/forged/openvino"
    assert sorted(file.name for file in folder.iterdir()) == ["README.md", "int8.bin", "int8.xml"]
    assert "on 8 samples of the test split" in (folder / "README.md").read_text(encoding="utf-8")
    assert load_entries(place / "table.json") == load_entries(place / "out/table.json") != []
    assert "| `forged` | OpenVINO | int8 | passed | 8 |" in page.read_text(encoding="utf-8")


def test_a_refusal_ends_with_1_and_leaves_no_card(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(monkeypatch, place, forged.answering(0))
    run_edge(["arabic"], ["openvino"], place / "out", None)
    worker(monkeypatch, place, forged.answering(8))
    assert run_edge(["arabic"], ["openvino"], place / "out", None) == 1
    assert list((place / "out/forged/openvino").iterdir()) == []
    assert [entry.status for entry in load_entries(place / "out/table.json")] == ["refused"]


def test_without_the_trained_network_the_way_out_is_named(place: Path) -> None:
    with pytest.raises(InputError, match="its trained network is not there"):
        run_edge(["arabic"], ["litert"], place / "out", None)


def test_a_page_without_markers_stops_it_before_anything_is_converted(place: Path) -> None:
    (place / "table.md").write_text("no markers", encoding="utf-8")
    with pytest.raises(InputError, match="markers"):
        run_edge(["arabic"], ["openvino"], place / "out", place / "table.md")
    assert not (place / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_left_alone(place: Path) -> None:
    (place / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="no folder can be made there"):
        run_edge(["arabic"], ["openvino"], place / "out", None)
    assert (place / "out").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("arguments", [["nothing"], ["arabic", "--target", "windows"], ["arabic", "-o", ""]])
def test_unknown_names_are_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["edge", *arguments]).exit_code == 2


@pytest.mark.full
@pytest.mark.skipif(not (OPENVINO.is_file() and RASTERS.is_file()), reason="needs `make edge` and the samples")
def test_the_released_glyph_recogniser_passes_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert run_edge(["arabic"], ["openvino"], tmp_path, None) == 0
    assert {entry.status for entry in load_entries(tmp_path / "table.json")} == {"passed"}
