import math
import shutil
from pathlib import Path

import pytest

from glyphlens.core.curves import read_curves
from glyphlens.tracking.curve_files import CurveFiles
from tests.tracking.repository import commit_all, dvc, git

ROWS = [(5, "train_loss", 2.25), (10, "train_loss", 1.5), (10, "val_loss", 1.75), (10, "val_top1", 0.5)]
MORE = [(15, "train_loss", 1.125), (20, "train_loss", 1.0), (20, "val_loss", 1.25), (20, "val_top1", 0.625)]
OF_AN_EXPERIMENT = ("DVC_EXP_NAME", "DVC_EXP_BASELINE_REV")


def write(folder: Path, rows: list[tuple[int, str, float]], behind: list[tuple[int, str, float]] | None = None) -> None:
    files = CurveFiles(folder)
    files.open(behind or [])
    for row in rows:
        files.log(*row)
    files.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_logged_is_read(tmp_path: Path) -> None:
    write(tmp_path / "curves", ROWS + MORE)
    table = read_curves(tmp_path / "curves")
    assert sorted(table.itertuples(index=False, name=None)) == sorted(ROWS + MORE)


def test_values_are_on_disk_while_the_training_runs(tmp_path: Path) -> None:
    files = CurveFiles(tmp_path)
    files.open()
    files.log(*ROWS[0])
    assert (tmp_path / "plots/metrics/train_loss.tsv").read_text(encoding="utf-8") == "step\ttrain_loss\n5\t2.25\n"


def test_a_loss_that_is_no_number_is_kept(tmp_path: Path) -> None:
    write(tmp_path, [(1, "train_loss", math.nan), (2, "train_loss", math.inf)])
    assert [str(value) for value in read_curves(tmp_path)["value"]] == ["nan", "inf"]


@pytest.mark.parametrize("left", [[], ROWS[:1], ROWS + MORE[:2]], ids=["nothing", "less", "more"])
def test_a_resumed_training_leaves_the_same_files(tmp_path: Path, left: list[tuple[int, str, float]]) -> None:
    """Whatever the interrupted one has written, which may be ahead of the state that it goes on from."""
    write(tmp_path / "whole", ROWS + MORE)
    interrupted = CurveFiles(tmp_path / "resumed")
    interrupted.open(left)
    write(tmp_path / "resumed", MORE, behind=ROWS)
    assert contents(tmp_path / "resumed") == contents(tmp_path / "whole")
    assert len(contents(tmp_path / "whole")) == 4


@pytest.fixture(scope="module", params=["no repository", "git alone", "no commit", "commit"])
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    if request.param != "no repository":
        git(folder, "init", "--quiet")
    if request.param in ("no commit", "commit"):
        dvc(folder, "init", "--quiet")
        (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    if request.param in ("git alone", "commit"):
        commit_all(folder)
    return folder


@pytest.mark.parametrize("variables", [(), ("DVC_STAGE", "DVC_ROOT"), ("DVC_STAGE", "DVC_ROOT", *OF_AN_EXPERIMENT)])
def test_nothing_but_the_folder_is_written(
    workspace: Path,
    variables: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Started by hand, by `dvc repro` and by `dvc exp run`, as the variables say."""
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("DVC_STUDIO_TOKEN", "isat_of_nobody")
    for name in variables:
        monkeypatch.setenv(name, str(workspace) if name == "DVC_ROOT" else "some-name")
    shutil.rmtree(workspace / "curves", ignore_errors=True)
    before = contents(workspace)
    write(workspace / "curves", ROWS)
    assert {name: after for name, after in contents(workspace).items() if not name.startswith("curves/")} == before
    assert capfd.readouterr() == ("", "")


def test_dvc_reads_the_curves(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    dvc(tmp_path, "init", "--quiet")
    write(tmp_path / "curves", ROWS + MORE)
    assert "val_top1.tsv" in dvc(tmp_path, "plots", "show", "--json", "curves/plots/metrics")
