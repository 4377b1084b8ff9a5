"""Any model on any sample set: scored where a class is known, counted where not, the same from the command line."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from glyphlens import cli
from glyphlens.commands.scoring import score, scored_groups, summary_table
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.inference.recognizer import Recognizer
from tests.linear_model import save_linear_model

# The model tells its classes by which of eight columns of a picture is inked most.
MODEL = "あいうへヘ一二三"
SIDE_PX = 16
LOOKALIKES = {"へ": ("ヘ",), "ヘ": ("へ",)}
# Per set: character of the row, what the picture shows, group, split
OTHER = [
    ("三", "三", "writer/1", "test"), ("三", "三", "writer/1", "test"), ("へ", "ヘ", "writer/1", "test"),
    ("い", "い", "writer/2", "test"), ("い", "あ", "writer/2", "test"), ("い", "三", "writer/2", "test"),
    ("衣", "い", "writer/2", "test"), ("医", "い", "writer/3", "test"), ("あ", "い", "writer/3", "train"),
]  # fmt: skip


def picture(character: str) -> np.ndarray:
    """Full ink in the character's two columns, a little in those before it."""
    image = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    place = 2 * MODEL.index(character)
    image[:, place : place + 2] = 255
    image[:4, max(0, place - 2) : place] = 255
    return image


def entry(character: str) -> CharacterClass:
    return CharacterClass(character, (f"U+{ord(character):04X}",), "", (), LOOKALIKES.get(character, ()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows the eight characters of MODEL."""
    root = tmp_path_factory.mktemp("model")
    weights = np.zeros((SIDE_PX, SIDE_PX, len(MODEL)), np.float32)
    for number in range(len(MODEL)):
        weights[:, 2 * number : 2 * number + 2, number] = 1 / 255 / 8
    save_linear_model(root, weights, [entry(character) for character in MODEL], source="rendered")
    return root


def save(path: Path, rows: list[tuple[str, str, str, str]], side_px: int = SIDE_PX, **columns: object) -> SampleSet:
    characters = sorted({row[0] for row in rows})
    index = pd.DataFrame(rows, columns=["label", "shown", "group", "split"]).assign(
        sample_id=np.arange(len(rows)), source="etl", **columns
    )
    index["class_index"] = [characters.index(label) for label in index["label"]]
    images = np.stack([picture(shown) for shown in index["shown"]])
    images = np.pad(images, ((0, 0), (0, side_px - SIDE_PX), (0, side_px - SIDE_PX)))
    save_sample_set(path, images, index, [entry(name) for name in characters], ImageFormat(side_px, side_px, 8))
    return SampleSet.open(path)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    """Six classes of which the model knows four, in another order."""
    return save(tmp_path_factory.mktemp("other"), OTHER, set=["ETL8B"] * 3 + ["ETL9G"] * 6)


def test_only_known_classes_are_scored(folder: Path, other: SampleSet) -> None:
    scored = score(Recognizer.load(folder), other, "test", 4)
    assert len(scored.rows) == 6 and scored.total == 8
    assert scored.unknown.to_dict() == {"衣": 1, "医": 1}
    assert scored.known_classes == 4, "あ, い, へ and 三, whichever split they are in"
    assert scored.rows["top1"].tolist() == [True, True, False, True, False, False]
    assert scored.rows["shape1"].tolist() == [True, True, True, True, False, False]


def test_answers_among_the_sets_classes(folder: Path, other: SampleSet) -> None:
    """The picture of ヘ, which the set has no class for, is へ when only the set's classes may be answered."""
    scored = score(Recognizer.load(folder), other, "test", 4)
    assert scored.rows["among"].tolist() == [True, True, True, True, False, False]


def test_each_set_has_its_row(folder: Path, other: SampleSet) -> None:
    table = summary_table(score(Recognizer.load(folder), other, "test", 2)).set_index("set")
    assert table["samples"].to_dict() == {"all": 6, "ETL8B": 3, "ETL9G": 3}
    assert table.loc["all", "top1"] == pytest.approx(0.5) and table.loc["ETL9G", "top1"] == pytest.approx(1 / 3)
    # present in the truth: 三 (2 of 2, guessed 3 times), へ (0), い (1 of 3, guessed once)
    assert table.loc["all", "macro_f1"] == pytest.approx((4 / 5 + 0 + 1 / 2) / 3)
    assert table.loc["all", "groups"] == 2


def test_groups_come_worst_first(folder: Path, other: SampleSet) -> None:
    table = scored_groups(score(Recognizer.load(folder), other, "test", 2))
    assert table["group"].tolist() == ["writer/2", "writer/1"]
    assert table["top1"].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_classes_tell_their_commonest_mistake(folder: Path, other: SampleSet) -> None:
    classes = score(Recognizer.load(folder), other, "test", 2).classes.set_index("label")
    assert classes.loc["へ", "mistaken_for"] == "ヘ" and classes.loc["へ", "mistakes"] == 1
    assert classes.loc["三", "mistaken_for"] == "" and classes.loc["三", "predicted"] == 3
    assert classes.loc["い", "code_points"] == "U+3044"


def test_every_sample_can_be_scored(folder: Path, other: SampleSet) -> None:
    scored = score(Recognizer.load(folder), other, "all", 256)
    assert len(scored.rows) == 7 and scored.total == 9


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_scores_do_not_depend_on_the_batch(folder: Path, other: SampleSet, batch: int) -> None:
    table = summary_table(score(Recognizer.load(folder), other, "test", batch))
    assert table.loc[0, "ece"] == pytest.approx(
        summary_table(score(Recognizer.load(folder), other, "test", 2))["ece"][0]
    )


def test_a_set_of_strangers_is_refused(folder: Path, tmp_path: Path) -> None:
    strangers = save(tmp_path, [("衣", "い", "writer/1", "test")])
    with pytest.raises(InputError, match="none of the 1 samples .*1 are of classes that it does not know"):
        score(Recognizer.load(folder), strangers, "test", 1)


def test_an_empty_split_is_named(folder: Path, tmp_path: Path) -> None:
    only = save(tmp_path, [("あ", "あ", "writer/1", "train")])
    with pytest.raises(InputError, match=r"no sample of split 'test' \(train 1, val 0, test 0\); --split all"):
        score(Recognizer.load(folder), only, "test", 1)


def test_pictures_of_another_size_are_refused(folder: Path, tmp_path: Path) -> None:
    large = save(tmp_path, [("あ", "あ", "writer/1", "test")], side_px=24)
    with pytest.raises(InputError, match=r"pictures of 24×24 px, .* reads 16×16"):
        score(Recognizer.load(folder), large, "test", 1)


def test_a_model_of_strokes_skips_what_has_none(tmp_path: Path, other: SampleSet) -> None:
    graph = helper.make_graph(
        [
            helper.make_node("Slice", ["strokes", "from", "to", "axis"], ["first"]),
            helper.make_node("Reshape", ["first", "flat"], ["logits"]),
        ],
        "strokes",
        [helper.make_tensor_value_info("strokes", TensorProto.FLOAT, ["n", 24, 17])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 4])],
        [
            numpy_helper.from_array(np.array(value), name)
            for name, value in {"from": [0, 0], "to": [1, 4], "axis": [1, 2], "flat": [-1, 4]}.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, tmp_path / "m.onnx")
    classes = [{**vars(entry(character)), "code_points": []} for character in "あい三へ"]
    (tmp_path / "labels.json").write_text(json.dumps({"classes": classes, "rule": {}}))
    with pytest.raises(InputError, match="none of the 8 samples .*6 lack its strokes"):
        score(Recognizer.load(tmp_path), other, "test", 1)
    np.save(other.folder / "strokes.npy", np.eye(4, 24 * 17, dtype=np.float32)[[2, 2]].reshape(2, 24, 17))
    np.save(other.folder / "stroke_rows.npy", np.array([0, 4]))
    scored = score(Recognizer.load(tmp_path), other, "test", 1)
    assert scored.rows["top1"].tolist() == [True, False] and scored.unreadable == 4


@pytest.fixture
def run(glyphlens, folder, other):
    """The command with the model and the set."""
    return lambda *options: glyphlens(
        "evaluate", "--model", folder, "--samples", other.folder, "--threads", 1, *options
    )


def test_the_command_tells_everything(run) -> None:
    status, out, _ = run()
    assert status == 0
    for said in (
        "8 classes, trained on rendered samples",
        "etl; split test: 8 samples, 6 classes, 4 of them known",
        "not scored: 2 samples (25.00%) of 2 classes that the model does not know:",
        "50.00%",
        "ETL9G",
        "writer/2",
    ):
        assert said in out, said


def test_the_table_goes_to_a_file(run, tmp_path: Path) -> None:
    assert run("-o", tmp_path / "new/classes.csv")[0] == 0
    assert pd.read_csv(tmp_path / "new/classes.csv")["label"].tolist() == ["へ", "い", "三"]
    assert run("-o", tmp_path / "all.json", "--split", "all", "--batch", 2)[0] == 0
    content = json.loads((tmp_path / "all.json").read_text())
    assert content["total"] == 9 and content["scored"] == 7 and content["unknown"] == {"衣": 1, "医": 1}
    assert [row["set"] for row in content["sets"]] == ["all", "ETL8B", "ETL9G"]
    assert len(content["classes"]) == 4 and len(content["groups"]) == 3


def test_a_strange_file_name_is_refused_before_the_work(run, tmp_path: Path) -> None:
    status, out, err = run("-o", tmp_path / "scores.txt")
    assert (status, out) == (2, "") and "which format" in err


def test_help_has_examples() -> None:
    result = CliRunner().invoke(cli.app, ["evaluate", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0 and "glyphlens evaluate --model" in result.output


@pytest.mark.parametrize("place", ["samples/classes.json", "model/labels.json"])
def test_no_file_that_is_read_is_written_over(glyphlens, folder, other, tmp_path, place):
    shutil.copytree(other.folder, tmp_path / "samples")
    shutil.copytree(folder, tmp_path / "model")
    before = (tmp_path / place).read_bytes()
    options = ["--model", tmp_path / "model", "--samples", tmp_path / "samples", "-o", tmp_path / place]
    status, _, err = glyphlens("evaluate", *options)
    assert status == 2 and "would be written over" in err
    assert (tmp_path / place).read_bytes() == before
