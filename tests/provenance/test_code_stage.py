"""The stage ``code`` under the real DVC: what an edit runs again, and what is refused."""

import json

import pytest

from tests.func.small_repository import ran
from tests.provenance.tiny_repository import TinyRepository

WORD = "src/glyphlens/word.py"


def test_a_comment_runs_no_stage_but_code_again(tiny: TinyRepository) -> None:
    tiny.write(WORD, '"""A word."""\n\n# and why\nWORD = "w"\n')
    assert ran(tiny.dvc("repro")) == ["code"]
    assert tiny.status() == {}


def test_a_statement_runs_what_it_reaches_again(tiny: TinyRepository) -> None:
    learn = "src/glyphlens/tracks/kanji/stages/learn.py"
    tiny.replace(learn, "lr: float", "lr: float\n    warmup: float = 0.0")
    assert ran(tiny.dvc("repro")) == ["code", "learn@cnn"]
    tiny.write(WORD, 'WORD = "x"\n')
    assert ran(tiny.dvc("repro")) == ["code", "first", "learn@cnn"]
    assert tiny.status() == {}


def test_a_stage_that_is_run_alone_with_other_code_is_refused(tiny: TinyRepository) -> None:
    tiny.write(WORD, 'WORD = "x"\n')
    told = tiny.dvc_fails("repro", "--force", "--single-item", "first")
    assert "code/first.txt: not the code that would run (glyphlens/word.py)" in told
    assert "`dvc repro first` without --single-item" in told
    assert ran(tiny.dvc("repro", "first")) == ["code", "first"]


def test_files_come_and_go_with_the_items_of_a_matrix(tiny: TinyRepository) -> None:
    tiny.replace("params.yaml", "trained: [cnn]", "trained: [t2t_vit]")
    assert ran(tiny.dvc("repro")) == ["code", "learn@t2t_vit"]
    names = {path.name for path in (tiny.folder / "code").iterdir()}
    assert names == {"first.txt", "learn@t2t_vit.txt"}
    assert "glyphlens/tracks/kanji/recognizers/t2t_vit.py" in tiny.read("code/learn@t2t_vit.txt")
    assert tiny.status() == {}


@pytest.mark.slow
def test_experiments_run_the_code_of_their_workspace(tiny: TinyRepository) -> None:
    """In place, in a copy, and queued; with a change that is not committed."""
    tiny.write(WORD, 'WORD = "x"\n')
    tiny.dvc("exp", "run", "--temp", "--name", "copied", "-S", "first.count=4")
    tiny.dvc("exp", "run", "--queue", "--name", "queued", "-S", "matrix.trained=[cnn,hiercode]")
    tiny.dvc("exp", "run", "--run-all", "--jobs", "1")
    tiny.dvc("exp", "run", "--name", "here", "-S", "learn.lr=0.2")
    assert (tiny.read("data/first"), tiny.read("models/cnn")) == ("xxx 1 1", "0.2")
    shown = json.loads(tiny.dvc("exp", "show", "--json"))
    ended = {entry["name"] for commit in shown for entry in commit["experiments"] or []}
    assert ended == {"copied", "queued", "here"}
    tiny.dvc("exp", "apply", "copied")
    assert tiny.read("data/first") == "xxxx 1 1"
    tiny.dvc("exp", "apply", "queued")
    assert tiny.status() == {}
    assert (tiny.folder / "models/hiercode").exists()


def test_drift_names_the_stages_that_other_code_concerns(tiny: TinyRepository) -> None:
    assert tiny.glyphlens("drift").startswith("dvc.lock fits")
    tiny.write(WORD, 'WORD = "x"\n')
    told = tiny.glyphlens_fails("drift")
    assert [line.partition(":")[0] for line in told.splitlines() if "does not fit" in line] == ["code", "first"]
    assert "code/first.txt" in told
    assert "learn" not in told
    tiny.dvc("repro")
    tiny.replace("code/first.txt", "glyphlens/word.py", "glyphlens/words.py")
    assert "  code/first.txt: recorded" in tiny.glyphlens_fails("drift")
