"""``similar``: the nearest characters of pictures and characters, their sheet, and where they lie."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from tests.commands.drawn_export import LEVELS, drawing, save_drawing
from tests.tracks.zero_shot.gates.forged_export import LABELS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def similar(glyphlens: Run, drawn_export: Path) -> Run:
    return lambda *arguments: glyphlens("similar", *arguments, "--model", drawn_export / "int8.onnx")


@pytest.fixture
def picture(tmp_path: Path, drawn_export: Path) -> Path:
    return save_drawing(tmp_path / "mute.png", DescriptionEncoder.load(drawn_export / FOLDER).known["唖"])


def test_a_picture_is_nearest_to_what_it_shows(similar: Run, picture: Path) -> None:
    status, out, _ = similar(picture, "--top", 3, "-f", "json")
    rows = json.loads(out)
    assert status == 0 and [row["rank"] for row in rows] == [1, 2, 3]
    assert rows[0] == {
        "query": str(picture), "rank": 1, "label": "唖", "code_points": "U+5516",
        "similarity": rows[0]["similarity"], "fault": None,
    }  # fmt: skip
    assert 1 >= rows[0]["similarity"] > rows[1]["similarity"] >= rows[2]["similarity"]


def test_a_character_is_not_its_own_neighbour(similar: Run) -> None:
    _, out, _ = similar("亜唖", "--top", 99, "-f", "json")
    near = pd.DataFrame(json.loads(out)).groupby("query")["label"].apply(set)
    assert near.to_dict() == {each: set(LABELS) - {each} for each in "亜唖"}


def test_a_described_character_is_near_to_the_one_of_the_same_parts(similar: Run) -> None:
    status, out, _ = similar("mute: ⿰口亜", "--top", 2, "-f", "csv")
    assert status == 0 and out.splitlines()[1].startswith("mute,1,唖,U+5516,")


def test_a_drawing_can_be_asked_for_and_the_file_written_is_named(similar: Run, tmp_path: Path) -> None:
    drawing("唖", tmp_path / "mute.svg")
    status, out, err = similar(f"mute: {tmp_path / 'mute.svg'}", "--top", 1, "-o", tmp_path / "a.csv")
    assert (status, out) == (0, "") and "a.csv: 1 query" in err
    assert pd.read_csv(tmp_path / "a.csv")["label"].tolist() == ["唖"]


def test_what_cannot_be_used_is_named_and_the_rest_answered(similar: Run, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no picture")
    status, out, err = similar("ヌ", tmp_path / "no.png", picture, tmp_path / "gone.png", "bad: ⿰口犭", "-f", "csv")
    assert status == 1 and out.count("mute.png,") == 10
    assert "no.png: not an image" in err and "gone.png: no such file" in err
    assert "ヌ: candidates, line 1: 'ヌ' (U+30CC): no description" in err and "known for '⺨'" in err


def test_nothing_is_written_where_nothing_can_be_used(similar: Run, tmp_path: Path) -> None:
    status, out, err = similar("ヌ", "-o", tmp_path / "a.csv", "--features", tmp_path / "a.npz")
    assert (status, out, list(tmp_path.iterdir())) == (2, "", []) and "nothing was answered" in err


def test_a_table_for_the_screen_names_a_query_once(similar: Run) -> None:
    _, out, _ = similar("唖", "--top", 4)
    assert out.count("唖") == 1 and out.count("U+") == 4


def test_the_sheet_shows_queries_and_their_neighbours(similar: Run, picture: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    status, _, err = similar(picture, "亜", "--top", 11, "--sheet", sheet)
    assert status == 0 and "sheet written" in err
    ink = np.asarray(Image.open(sheet).convert("L")) < 90
    tiles = ink[34:, :].reshape(2, -1, 12, 136)[:, 6:100]  # two rows of twelve, one of each query
    assert tiles.any(axis=(1, 3)).all()


@pytest.mark.parametrize("name", ["f.npz", "f.parquet"])
def test_features_of_every_level_are_apart(similar: Run, picture: Path, tmp_path: Path, name: str) -> None:
    status, _, _ = similar(tmp_path, "亜", "--features", tmp_path / name, "-f", "csv")
    assert status == 0
    if name.endswith("npz"):
        content = dict(np.load(tmp_path / name))
    else:
        content = {key: np.stack(column) for key, column in pd.read_parquet(tmp_path / name).items() if key != "query"}
        content["query"] = pd.read_parquet(tmp_path / name)["query"].to_numpy()
    assert list(content["query"]) == [str(picture), "亜"]
    assert {level: content[level].shape for level in LEVELS} == {level: (2, size) for level, size in LEVELS.items()}
    for level in LEVELS:
        np.testing.assert_allclose(np.linalg.norm(content[level], axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--features", "f.csv"), "Name the file of --features .npz or .parquet"),
        (("--features", "mute.png"), "Name the file"),
        (("-o", "f.txt"), "which format?"),
        (("--sheet", "mute.png"), "would be written over"),
    ],
)
def test_places_are_checked_first(
    similar: Run, picture: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(picture.parent)
    status, out, err = similar(picture, *options)
    assert (status, out) == (2, "") and message in err


def test_a_model_without_embeddings_is_refused(glyphlens: Run, model_folder: Path) -> None:
    status, _, err = glyphlens("similar", "亜", "--model", model_folder)
    assert status == 2 and "similar: needs a model with the decoder 'prototypes'" in err


def test_no_training_library_is_needed(drawn_export: Path) -> None:
    script = (
        "import sys; from glyphlens.cli import main\n"
        f"sys.argv = ['glyphlens', 'similar', '亜', '--model', {str(drawn_export / 'int8.onnx')!r}]\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print('loaded', *({'torch', 'onnx', 'lightning', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded"
