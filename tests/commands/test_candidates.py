"""``predict --candidates``: characters by name, new ones by what they are made of; what is wrong is named."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks import candidate_opener
from glyphlens.tracks.zero_shot.descriptions.candidates import KanjiCandidates
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from tests.commands.drawn_export import drawing, save_drawing
from tests.tracks.zero_shot.gates.forged_export import LABELS, LEVEL2, SEEN, text_graph

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def model(drawn_export: Path) -> Path:
    return drawn_export / "int8.onnx"


@pytest.fixture
def reader(model: Path) -> KanjiCandidates:
    return KanjiCandidates.open(Recognizer.load(model, threads=1))


@pytest.fixture
def picture(tmp_path: Path, drawn_export: Path) -> Path:
    """唖, which is 口 beside 亜."""
    return save_drawing(tmp_path / "mute.png", DescriptionEncoder.load(drawn_export / FOLDER).known["唖"])


@pytest.fixture
def answers(glyphlens: Run, model: Path, picture: Path) -> Callable[[object], list[dict[str, object]]]:
    """All answers for the picture, best first."""

    def ask(candidates: object) -> list[dict[str, object]]:
        status, out, err = glyphlens(
            "predict", picture, "--model", model, "-f", "json", "--top", 99, "--candidates", candidates
        )
        assert status == 0, err
        top: list[dict[str, object]] = json.loads(out)[0]["top"]
        return top

    return ask


def test_characters_of_a_list_are_all_there_is_to_choose_from(answers: Callable, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\ufeff# a list\n\n唖 娃\n亜   # the part\n", encoding="utf-8")
    top = answers(tmp_path / "list.txt")
    assert top[0]["label"] == "唖" and {each["label"] for each in top} == set("唖娃亜")


def test_without_candidates_those_of_the_manifest_are(glyphlens: Run, model: Path, picture: Path) -> None:
    _, out, _ = glyphlens("predict", picture, "--model", model, "-f", "json", "--top", 99)
    assert {each["label"] for each in json.loads(out)[0]["top"]} == set(LABELS) - set(LEVEL2)


@pytest.mark.parametrize(
    ("word", "labels"), [("level1", set(LABELS) - set(LEVEL2)), ("level2", set(LEVEL2)), ("all", set(LABELS))]
)
def test_a_word_stands_for_many(answers: Callable, word: str, labels: set[str]) -> None:
    assert {each["label"] for each in answers(word)} == labels


def test_a_character_is_added_by_its_parts(answers: Callable, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"mute: ⿰口亜\n{''.join(set(SEEN) - {'唖'})}", encoding="utf-8")
    assert answers(tmp_path / "list.txt")[0]["label"] == "mute"
    assert answers("mute: ⿰口亜\nlevel2")[0]["label"] == "mute", "the option's value is as good as a file"


def test_a_character_is_added_by_a_drawing_beside_the_list(answers: Callable, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    drawing("唖", tmp_path / "deep/mute.svg")
    (tmp_path / "list.txt").write_text("mute: deep/mute.svg\n娃\n葵\n", encoding="utf-8")
    assert answers(tmp_path / "list.txt")[0]["label"] == "mute"


def test_characters_are_added_by_a_table_of_their_parts(answers: Callable, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/ids.txt").write_text("U+5516\t唖\t⿰口亜\nU+27A3E\t𧨾\t⿰亜亜\n", encoding="utf-8")
    (tmp_path / "list.txt").write_text("唖 𧨾: deep/ids.txt\n娃\n葵\n", encoding="utf-8")
    top = answers(tmp_path / "list.txt")
    assert top[0]["label"] == "唖" and {each["label"] for each in top} == set("唖𧨾娃葵")


def test_a_described_prototype_is_made_as_the_export_makes_them(reader: KanjiCandidates) -> None:
    """The export's templates are drawings of the same descriptions, so that both ways lead to one place."""
    described, stored = reader.chosen("new: 唖"), reader.table.of(["唖"])
    assert described.scale == stored.scale and described.text_share == pytest.approx(0.1)
    assert described.vectors_CE[0] @ stored.vectors_CE[0] > 0.999
    assert described.bias_C[0] == 0 > stored.bias_C[0], "only what was trained on is held back"


def test_the_answers_say_what_code_point_a_known_character_has(glyphlens: Run, model: Path, picture: Path) -> None:
    _, out, _ = glyphlens("predict", picture, "--model", model, "-f", "csv", "--candidates", "all")
    assert "唖,U+5516" in out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("亜\nbad: ⿰口犭\n", r"line 2: '⿰口犭': no description is known for '⺨' \(U\+2EA8\)"),
        ("bad: ⿰口\n", "line 1: '⿰口': ⿰ at place 1 has 1 of its 2 parts"),
        ("# nothing\n\n", "no candidate in it"),
        ("亜唖\n娃\n亜\n", r"line 3: candidates are named twice: '亜' \(line 1 and again\)"),
        ("all\n亜: ⿰口亜\n", "line 2: candidates are named twice: '亜'"),
        ("one: ⿰口亜\ntwo: ⿰口亜\n", "line 1: 'one' is described exactly as 'two'"),
        ("唖\nsame: 唖\n", "line 2: 'same' is described exactly as '唖'"),
        ("亜\nヌ\n", r"line 2: 'ヌ' \(U\+30CC\): no description of it is known"),
        ("name:\n", "line 1: 'name:': expected name: description"),
        (": ⿰口亜\n", "line 1: ': ⿰口亜': expected name: description"),
        ("gone: gone.svg\n", r"line 1: .*gone\.svg: .*No such file"),
        ("亜\n唖: gone.txt\n", r"line 2: .*gone\.txt: no such table"),
        ("亜\nヌ\nネ ノ\n", r"line 2: 'ヌ'.*; nor can 2 others be: ネ ノ$"),
        ("level1 box\n", r"line 1: 'box': expected kanji, level1, level2, all, or name: description"),
        ("big: " + "⿰" * 15 + "愛" * 16 + "\n", "line 1: .* strokes, at most 84"),
        ("many: " + "⿰" * 31 + "口" * 28 + "亜" * 4, "line 1: .*at most"),
    ],
    ids=["part", "operator", "empty", "twice", "twice by a word", "same", "same as known", "unknown", "no description",
         "no name", "no file", "no table", "several unknown", "no kanji", "strokes", "components"],
)  # fmt: skip
def test_what_is_wrong_with_a_list_is_named(reader: KanjiCandidates, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as raised:
        reader.chosen(str(path))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("text", ["level2 亜、唖", "亜, 唖\nlevel2", "level2\n亜；唖"])
def test_words_and_characters_stand_together(answers: Callable, text: str) -> None:
    assert {each["label"] for each in answers(text)} == {*LEVEL2, "亜", "唖"}


def test_a_radical_is_the_character_that_it_is(answers: Callable) -> None:
    assert {each["label"] for each in answers("⼝ 亜")} == {"⼝", "亜"}


def test_a_list_can_come_through_a_pipe(
    glyphlens: Run, model: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("predict", picture, "--model", model, "-f", "json", "--candidates", "-")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\ufeffmute: ⿰口亜\n葵\n".encode())))
    _, out, _ = glyphlens(*asked)
    assert {each["label"] for each in json.loads(out)[0]["top"]} == {"mute", "葵"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("石\n".encode("euc-jp"))))
    assert "not a text in UTF-8" in glyphlens(*asked)[2]
    monkeypatch.setattr("sys.stdin", None)
    status, _, err = glyphlens(*asked)
    assert status == 2 and "standard input is closed" in err


def test_no_file_that_candidates_are_read_from_is_written_over(
    glyphlens: Run, model: Path, picture: Path, tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_text("U+5516\t唖\t⿰口亜\n", encoding="utf-8")
    drawing("亜", tmp_path / "own.svg")
    (tmp_path / "list.txt").write_text("唖: ids.txt\nown: own.svg\n", encoding="utf-8")
    encoder = model.with_name(FOLDER) / "encoder.onnx"
    for read in (tmp_path / "ids.txt", tmp_path / "own.svg", tmp_path / "list.txt", encoder):
        before = read.read_bytes()
        for asked in (("predict", picture), ("similar", picture, "唖: " + str(tmp_path / "ids.txt"))):
            options = ("--candidates", tmp_path / "list.txt") if asked[0] == "predict" else ()
            if asked[0] == "similar" and read.name in ("own.svg", "list.txt"):
                continue
            status, _, err = glyphlens(*asked, "--model", model, *options, "-f", "csv", "-o", read)
            assert status == 2 and "would be written over" in err, (asked[0], read.name)
        assert read.read_bytes() == before


def test_descriptions_that_cannot_be_read_are_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path / "models.json"))

    monkeypatch.setattr("glyphlens.tracks.zero_shot.descriptions.candidates.require_belonging", closed)
    with pytest.raises(InputError, match=r"models\.json: cannot be read \(Permission denied\)"):
        KanjiCandidates.open(Recognizer.load(model))


def test_a_list_in_another_encoding_is_refused(reader: KanjiCandidates, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("石\n本\n".encode("euc-jp"))
    with pytest.raises(InputError, match=r"list\.txt: not a text in UTF-8 \(byte 0\)"):
        reader.chosen(str(tmp_path / "list.txt"))


@pytest.mark.parametrize(
    ("wanted", "message"), [("gone.txt", "no such file of candidates"), ("", "no candidate in it")]
)
def test_what_is_no_list_is_refused(reader: KanjiCandidates, tmp_path: Path, wanted: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        reader.chosen(wanted)
    with pytest.raises(InputError, match="cannot be read"):
        reader.chosen(str(tmp_path))


def test_a_model_of_fixed_classes_is_refused_with_its_decoder(
    glyphlens: Run, model_folder: Path, picture: Path
) -> None:
    status, out, err = glyphlens("predict", picture, "--model", model_folder, "--candidates", "all")
    assert (status, out) == (2, "") and "decoder 'prototypes'" in err and "has the decoder 'softmax'" in err


def test_prototypes_of_another_model_are_refused(
    glyphlens: Run, drawn_export: Path, picture: Path, tmp_path: Path
) -> None:
    shutil.copytree(drawn_export, tmp_path / "export")
    (tmp_path / "other.onnx").write_bytes(b"another model")
    table = Prototypes.load(drawn_export / "int8.onnx")
    table.save(tmp_path / "other.onnx")
    shutil.move(tmp_path / "other.prototypes.npz", tmp_path / "export/int8.prototypes.npz")
    status, _, err = glyphlens("predict", picture, "--model", tmp_path / "export/int8.onnx", "--candidates", "all")
    assert status == 2 and "int8.prototypes.npz: made with another model than int8.onnx" in err


def test_the_text_encoder_of_another_model_is_refused(
    glyphlens: Run, drawn_export: Path, picture: Path, tmp_path: Path
) -> None:
    shutil.copytree(drawn_export, tmp_path / "export")
    place, model = tmp_path / "export" / FOLDER, tmp_path / "export/int8.onnx"

    def answer() -> str:
        status, out, err = glyphlens("predict", picture, "--model", model, "--candidates", "mute: ⿰口亜")
        assert (status, out) == (2, "")
        return err

    (place / "encoder.onnx").write_bytes(text_graph(seed=1).SerializeToString())
    assert "encoder.onnx: not the file that models.json lists for int8.onnx" in answer()
    shutil.copy(drawn_export / FOLDER / "encoder.onnx", place)
    save_json(place / "models.json", load_json(place / "models.json") | {"models": {"int8.onnx": "0" * 64}})
    assert "descriptions: the text encoder of another model than " in answer()
    save_json(place / "models.json", [])
    assert "models.json: not a list of models and files" in answer()


def test_a_picture_without_strokes_has_no_answer(glyphlens: Run, model: Path, tmp_path: Path) -> None:
    paper = np.full((90, 90), 255, np.uint8)
    Image.fromarray(paper).save(tmp_path / "white.png")
    dust = np.random.default_rng(0).random((300, 300)) > 0.999
    Image.fromarray(np.where(dust, 0, 255).astype(np.uint8)).save(tmp_path / "dust.png")
    status, out, err = glyphlens("predict", tmp_path, "--model", model)
    assert (status, out) == (2, "")
    assert "white.png: nothing to see: ink and paper differ by 0" in err
    assert "dust.png: nothing to see: only dust" in err


def test_a_list_is_not_written_over(glyphlens: Run, model: Path, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("唖", encoding="utf-8")
    options = ("--candidates", tmp_path / "list.csv", "-o", tmp_path / "list.csv")
    status, _, err = glyphlens("predict", picture, "--model", model, *options)
    assert status == 2 and "would be written over" in err and (tmp_path / "list.csv").read_text() == "唖"


def test_no_training_library_is_needed(model: Path, picture: Path) -> None:
    script = (
        "import sys; from glyphlens.cli import main\n"
        f"sys.argv = ['glyphlens', 'predict', {str(picture)!r}, '--model', {str(model)!r}]\n"
        "sys.argv += ['--candidates', 'new: ⿰口亜']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print('loaded', *({'torch', 'onnx', 'lightning', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded"


def test_what_opens_candidates_is_that_of_the_track() -> None:
    assert candidate_opener().__qualname__ == "KanjiCandidates.open"  # type: ignore[attr-defined]
