"""What the campaign has found, each as the smallest file that shows it."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from glyphlens.core.arrays import load_arrays
from glyphlens.core.documents import json_mapping, yaml_mapping
from glyphlens.core.errors import InputError, ParamsError
from glyphlens.core.params import load_seed
from glyphlens.core.storage import load_json
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.ngram import CharacterNgram
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import Recognizer
from glyphlens.inference.stopping import StoppingRule
from glyphlens.sources.kanjivg import parse_drawing
from glyphlens.tracks.arabic.glyphs.own_database import own_tables
from glyphlens.tracks.scan_lines.samples.scan_reading import ScanFault, read_scan
from tests.fuzz.models import save_release

DEEP = 100_000
ODD_YAML = {"bytes": b"seed: \xff", "date": b"seed: 2020-99-99", "deep": b"seed: " + b"[" * 500}
ODD_JSON = {"deep": b"[" * DEEP, "digits": b'{"a": ' + b"9" * 5000 + b"}", "bytes": b'{"a": "\xff"}'}


@pytest.mark.parametrize("text", ODD_YAML.values(), ids=ODD_YAML)
def test_parameters_that_are_no_yaml_are_named(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    with pytest.raises(ParamsError, match=r"params\.yaml: not valid YAML"):
        load_seed(path)
    with pytest.raises(InputError, match="^old: not a readable YAML file"):
        yaml_mapping(text, "old")


@pytest.mark.parametrize("text", ODD_JSON.values(), ids=ODD_JSON)
def test_json_that_python_cannot_hold_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(InputError, match=r"a\.json: not a readable JSON file"):
        load_json(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"^old: not a readable JSON file"):
        json_mapping(text, "old")


# ── arrays ───────────────────────────────────────────────────────────────────────────────────
def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def with_header(header: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64)


def cut_header() -> bytes:
    """numpy looks for Python 2's long numbers in it and meets the end of the text."""
    return with_header("{'descr': '<f4', 'shape': (2, 3), (")


def large_header() -> bytes:
    return with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1073741824, 1048576)}")


def no_array() -> bytes:
    """numpy gives the bytes of an entry without its mark."""
    return b"\x00" + npy(np.zeros(3))[1:]


def archive(path: Path, content: bytes, method: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", content)
    data = bytearray(path.read_bytes())
    data[8] = data[data.index(b"PK\x01\x02") + 10] = method
    path.write_bytes(data)
    return path


ODD_ARRAYS: dict[str, tuple[Callable[[], bytes], int]] = {
    "cut header": (cut_header, 0),
    "large header": (large_header, 0),
    "no array": (no_array, 0),
    "no text": (lambda: npy(np.array(["abc"])).replace("a".encode("utf-32-le"), b"\xff" * 4), 0),
    "lzma": (lambda: npy(np.zeros(3)), zipfile.ZIP_LZMA),
}


@pytest.mark.parametrize(("content", "method"), ODD_ARRAYS.values(), ids=ODD_ARRAYS)
def test_arrays_that_are_none_are_told(tmp_path: Path, content: Callable[[], bytes], method: int) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        load_arrays(archive(tmp_path / "a.npz", content(), method))


def test_arrays_are_read_as_they_are_and_objects_are_not(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=np.arange(3), two=np.array(["x"]))
    found = load_arrays(tmp_path / "a.npz")
    assert found["one"].tolist() == [0, 1, 2] and found["two"].tolist() == ["x"]
    np.savez(tmp_path / "b.npz", one=np.array([print], object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_arrays(tmp_path / "b.npz")


def test_an_archive_that_holds_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glyphlens.core.arrays.MOST_BYTES", 1 << 16)
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(1 << 16))
    assert (tmp_path / "bomb.npz").stat().st_size < 1 << 12
    with pytest.raises(ValueError, match="its arrays take 524,416 bytes, at most 65,536 are read"):
        load_arrays(tmp_path / "bomb.npz")


@pytest.mark.parametrize("content", [cut_header, large_header])
def test_a_scan_with_another_header_is_no_scan(tmp_path: Path, content: Callable[[], bytes]) -> None:
    (tmp_path / "a.npy").write_bytes(content())
    with pytest.raises(ScanFault, match=r"not a readable \.npy array"):
        read_scan(tmp_path / "a.npy")


@pytest.mark.parametrize("content", [cut_header, no_array])
def test_prototypes_that_are_no_arrays_are_named(tmp_path: Path, content: Callable[[], bytes]) -> None:
    save_release(tmp_path, "prototypes")
    with zipfile.ZipFile(tmp_path / "m.prototypes.npz") as whole:
        files = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(tmp_path / "m.prototypes.npz", "w") as broken:
        for name, data in {**files, "steps_C.npy": content()}.items():
            broken.writestr(name, data)
    with pytest.raises(InputError, match=r"m\.prototypes\.npz: not a table of prototypes"):
        Prototypes.load(tmp_path / "m.onnx")


# ── models ───────────────────────────────────────────────────────────────────────────────────
def test_numbers_beyond_all_floats_are_no_rule_and_no_costs(tmp_path: Path) -> None:
    promise = {"alpha": 0.02, "delta": 0.1, "largest_group_gap": 0.5, "groups": 300}
    (tmp_path / "stopping.json").write_text(json.dumps({"promise": promise, "thresholds": [10**400]}))
    with pytest.raises(InputError, match=r"stopping\.json: not a stopping rule"):
        StoppingRule.load(tmp_path / "stopping.json")
    (tmp_path / "ngram.json").write_text('{"order": 1e999, "lengths": "", "ends": "", "costs": "", "rests": ""}')
    with pytest.raises(InputError, match=r"ngram\.json: not costs of characters"):
        CharacterNgram.load(tmp_path)


def test_a_manifest_lists_files_of_its_own_folder(tmp_path: Path) -> None:
    file = {"name": "../../other.onnx", "sha256": "", "temperature": 1.0}
    (tmp_path / "labels.json").write_text(json.dumps({"rule": {}, "steps": {"int8": file}}))
    with pytest.raises(InputError, match=r"labels\.json: not a label map \(steps\.int8\.name"):
        _ = ExportFolder(tmp_path).manifest


def test_a_graph_whose_sides_have_no_name_is_refused(tmp_path: Path) -> None:
    save_release(tmp_path, "softmax")
    model = onnx.load(tmp_path / "m.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[1].Clear()
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(InputError, match=r"m\.onnx: takes and gives raster uint8 \('n', '\?', 12\)"):
        Recognizer.load(tmp_path)


def test_a_graph_that_fails_when_it_runs_is_named(tmp_path: Path) -> None:
    """It looks for a row of its weights whose number is the largest level of the picture."""
    save_release(tmp_path, "softmax")
    model = onnx.load(tmp_path / "m.onnx")
    model.graph.node[2].output[0] = "products"
    model.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["ink"], ["level"], keepdims=0),
            helper.make_node("Cast", ["level"], ["row"], to=TensorProto.INT64),
            helper.make_node("Gather", ["weights", "row"], ["more"]),
            helper.make_node("Add", ["products", "more"], ["logits"]),
        ]
    )
    onnx.save(model, tmp_path / "m.onnx")
    opened = Recognizer.load(tmp_path)
    assert opened.logits({"raster": np.full((1, 12, 12), 9, np.uint8)}).shape == (1, 3)
    with pytest.raises(InputError, match=r"m\.onnx: the graph cannot be run"):
        opened.logits({"raster": np.full((1, 12, 12), 255, np.uint8)})


def test_classes_without_a_prototype_are_named_with_their_file(tmp_path: Path) -> None:
    save_release(tmp_path, "prototypes")
    labels = (tmp_path / "labels.json").read_text(encoding="utf-8")
    (tmp_path / "labels.json").write_text(labels.replace('"label": "三"', '"label": "四"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"labels\.json: no prototype of 四"):
        Recognizer.load(tmp_path)


def test_prototypes_without_classes_are_refused(tmp_path: Path) -> None:
    save_release(tmp_path, "prototypes")
    content = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    (tmp_path / "labels.json").write_text(json.dumps({**content, "classes": []}))
    with pytest.raises(InputError, match=r"labels\.json: lists no class"):
        Recognizer.load(tmp_path).logits({"raster": np.zeros((1, 12, 12), np.uint8)})


def test_a_database_of_odd_names_is_named(tmp_path: Path) -> None:
    path = tmp_path / "glyphs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE fonts (file_hash TEXT)")
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE fonts (file", b"CREATE TABL\xe9 fonts (file"))
    with pytest.raises(InputError, match=r"glyphs\.db: not a readable SQLite database"):
        own_tables(path)


# ── drawings ─────────────────────────────────────────────────────────────────────────────────
def test_a_drawing_nested_without_end_is_none() -> None:
    with pytest.raises(InputError, match="not readable"):
        parse_drawing(b"<a>" * 3000 + b"</a>" * 3000)
