"""What is edited while a stage runs is never recorded as what its outputs were made from."""

import shutil
from pathlib import Path

import pytest

import glyphlens
from glyphlens.core.errors import InputError
from glyphlens.core.params import Section, load_params, load_seed, read_sections
from glyphlens.provenance.notes import code_hash, note_sources, noting, require_unchanged
from tests.checkout import ROOT
from tests.func.small_repository import ran
from tests.provenance.tiny_repository import PARAMS, TinyRepository

CELLS, T2T_VIT = "tracks/arabic/primitives/cells.py", "tracks/kanji/recognizers/t2t_vit.py"


class CheckpointParams(Section):
    resume: str
    minutes: float


class FirstParams(Section):
    count: int
    names: list[str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package in a folder with parameters and a source; stages that run take it for their own."""
    copy = tmp_path / "src/glyphlens"
    shutil.copytree(ROOT / "src/glyphlens", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(glyphlens, "__file__", str(copy / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS, encoding="utf-8")
    Path("own").mkdir()
    Path("own/mine.txt").write_text("mine", encoding="utf-8")
    return copy


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def read_all() -> None:
    """What a stage reads when it begins."""
    load_params(FirstParams, "first")
    load_seed()
    read_sections(("learn", "nowhere"))
    note_sources([Path("own")])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("count: 3", "count: 4", r"params\.yaml: first\.count was 3, is 4\. Put it back"),
        ("seed: 1", "seed: 2", "seed was 1, is 2"),
        ("lr: 0.1", "lr: 0.2", r"learn\.lr was 0\.1, is 0\.2"),
        ("names: [a, b]", "names: [a]", r'first\.names was \["a", "b"\], is \["a"\]'),
        (", names: [a, b]", "", r'first\.names was \["a", "b"\], is absent'),
        ("first: {count: 3, names: [a, b]}", "", r"first\.count was 3, is absent"),
        ("first: {", "first: [", r"params\.yaml: not valid YAML"),
    ],
)
def test_a_parameter_that_was_read_is_named(package: Path, old: str, new: str, said: str) -> None:
    with noting("phase1"):
        read_all()
        replace(Path("params.yaml"), old, new)
        with pytest.raises(InputError, match=said):
            require_unchanged()


@pytest.mark.parametrize(
    ("old", "new"), [("unread: 1", "unread: 2"), ("resume: auto", "resume: never"), ("lr: 0.1}", "lr:  1e-1}  # why")]
)
def test_what_no_result_depends_on_may_change(package: Path, old: str, new: str) -> None:
    with noting("phase1"):
        read_all()
        load_params(CheckpointParams, "checkpoint")
        replace(Path("params.yaml"), old, new)
        replace(package / T2T_VIT, "class Network", "X = 1\n\n\nclass Network")
        (package / CELLS).write_text(f"# why\n{(package / CELLS).read_text(encoding='utf-8')}", encoding="utf-8")
        require_unchanged()


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (f"src/glyphlens/{CELLS}", "X = 1\n", rf"the code in glyphlens/{CELLS}"),
        (f"src/glyphlens/{CELLS}", "X = (\n", rf"{CELLS}: not valid Python"),
        ("own/mine.txt", "other", "own/mine.txt"),
        ("own/deep/new.txt", "", "own/deep/new.txt"),
    ],
)
def test_code_and_sources_are_named(package: Path, path: str, text: str, said: str) -> None:
    with noting("phase1"):
        read_all()
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            require_unchanged()


def test_many_changes_are_counted(package: Path) -> None:
    with noting("phase1"):
        read_all()
        for number in range(7):
            Path(f"own/{number}.txt").write_text("", encoding="utf-8")
        with pytest.raises(InputError, match=r"own/4\.txt and 2 more"):
            require_unchanged()


def test_the_code_of_a_stage_is_that_which_it_began_with(package: Path) -> None:
    before = code_hash("phase1")
    with noting("phase1"):
        replace(package / CELLS, "CELL_PX = 8", "CELL_PX = 4")
        assert code_hash("phase1") == before
    assert code_hash("phase1") != before


# ── with the real DVC ────────────────────────────────────────────────────────────────────────
def test_a_finished_training_survives_the_edit_that_its_end_is_refused_for(tiny: TinyRepository) -> None:
    tiny.replace("params.yaml", "lr: 0.1", "lr: 0.2")
    before, kept = tiny.lock(), tiny.read("params.yaml")
    held = tiny.start_and_hold("learn", "dvc", "repro")
    tiny.replace("params.yaml", "lr: 0.2", "lr: 0.3")
    status, told = held.go_on()
    assert status != 0
    assert "params.yaml: learn.lr was 0.2, is 0.3. Put it back" in told
    assert tiny.lock() == before

    tiny.write("params.yaml", kept)
    told = tiny.dvc("repro")
    assert "read back" in told
    assert "trained" not in told
    assert tiny.lock()["learn@cnn"]["params"]["params.yaml"] == {"learn": {"lr": 0.2}}
    assert (tiny.read("models/cnn"), tiny.status()) == ("0.2", {})
    assert not list((tiny.folder / "checkpoints").glob("*/*/*"))


def test_a_second_experiment_that_is_refused_falsifies_nothing(tiny: TinyRepository) -> None:
    """DVC writes the parameters of an experiment before it sees that another one runs."""
    tiny.replace("params.yaml", "lr: 0.1", "lr: 0.2")
    held = tiny.start_and_hold("learn", "dvc", "exp", "run", "--name", "one")
    tiny.dvc_fails("exp", "run", "--name", "two", "-S", "learn.lr=0.4")
    status, told = held.go_on()
    assert status != 0
    assert "learn.lr was 0.2, is 0.4" in told


def test_code_that_is_edited_meanwhile_is_not_recorded(tiny: TinyRepository) -> None:
    tiny.replace("params.yaml", "count: 3", "count: 4")
    before = tiny.lock()
    held = tiny.start_and_hold("first", "dvc", "repro", "first")
    tiny.write("src/glyphlens/word.py", 'WORD = "x"\n')
    status, told = held.go_on()
    assert status != 0
    assert "the code in glyphlens/word.py" in told
    assert tiny.lock() == before
    assert ran(tiny.dvc("repro", "first")) == ["code", "first"]
    assert tiny.read("data/first").startswith("xxxx ")
