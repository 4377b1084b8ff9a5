"""On a repository as a run of the pipeline leaves it: a release, metrics, dvc.lock, all of it in git."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from glyphlens.commands.release import evaluated_release
from glyphlens.core.errors import InputError
from glyphlens.core.metric_names import better_sign
from glyphlens.review.drift import hashes_of
from glyphlens.tracking.client import open_client
from glyphlens.tracks import tracks
from tests.checkout import ROOT
from tests.forged_release import save_release
from tests.scratch_repository import Repository, stage

RELEASE = Path("models/kanji/release")
# Stage of the kanji track → what it read and what it wrote
GRAPH = {
    "kanji_samples": ([], ["data/kanji/samples"]),
    "gate_kanji_samples": (
        ["data/kanji/samples"],
        ["data/kanji/gates/samples.json", "metrics/gates/kanji_samples.json"],
    ),
    "kanji_export@cnn": (["data/kanji/gates/samples.json"], ["models/kanji/export/cnn", "metrics/kanji/cnn.json"]),
    "gate_kanji_models": (["models/kanji/export"], ["data/kanji/gates/models.json", "metrics/gates/kanji_models.json"]),
    "kanji_evaluate": (
        ["data/kanji/samples", "data/kanji/gates/models.json", "models/kanji/export"],
        ["models/kanji/release", "metrics/kanji/release.json"],
    ),
    "gate_glyphs": ([], ["metrics/gates/glyphs.json"]),  # of the other track
}


class Runs(Repository):
    """The repository, and what a run of the pipeline leaves in it."""

    def save_run(self, score: float, seed: int = 0, failed: int = 0, samples: str = "5a") -> None:
        """Files and dvc.lock of a run that released a model with this accuracy, committed."""
        save_release(self.folder / RELEASE, seed)
        self.write("metrics/kanji/cnn.json", {"int8_top1": score})
        self.write("metrics/kanji/release.json", {"int8_top1": score, "ece": 0.01})
        for gate, count in {"kanji_samples": 0, "kanji_models": failed, "glyphs": 7}.items():
            self.write(f"metrics/gates/{gate}.json", {"checks": 9, "failed": count})
        self.save_lock(samples)
        self.commit("run")

    def save_lock(self, samples: str = "5a") -> None:
        """As DVC writes it; data that is not in git has an invented hash."""
        paths = {path for reads, writes in GRAPH.values() for path in (*reads, *writes)}
        files = (path for path in self.folder.glob("m*/**/*") if path.is_file())
        contents = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}
        hashes = {**dict.fromkeys(paths, "0" * 32), "data/kanji/samples": samples, **hashes_of(paths, contents)}
        recorded = {
            name: stage(*({path: hashes[path] for path in listed} for listed in both), {})
            for name, both in GRAPH.items()
        }
        self.write("dvc.lock", {"schema": "2.0", "stages": recorded})


@pytest.fixture
def repository(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """One run, with 90 % of the test samples right; no server is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / ".dvc").mkdir()
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    made = Runs(tmp_path)
    made.write(".gitignore", "/mlflow.db\n/mlartifacts/\n/.glyphlens/\n")
    made.save_run(0.9)
    return made


def test_the_committed_releases_are_what_was_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also says that hashes and cards are read as DVC and the stages write them."""
    monkeypatch.chdir(ROOT)
    for track in tracks():
        release = evaluated_release(track)
        value, sign = release.metrics[release.guard], better_sign(release.guard)
        assert release.name == f"glyphlens-{track}" and (0.5 < value <= 1 if sign == 1 else 0 <= value < 0.5)


def test_champions_come_and_go(repository: Runs, glyphlens: Callable[..., Any]) -> None:
    commit = repository.git("rev-parse", "HEAD")[:9]
    assert glyphlens("promote", "kanji")[:2] == (
        0,
        f"glyphlens-kanji: version 1 (int8_top1 0.9000) of commit {commit} is registered\n"
        "glyphlens-kanji: it is the champion, the first one\n",
    )
    repository.save_run(0.95, seed=1, samples="6b")
    status, out, _ = glyphlens("promote", "kanji")
    assert status == 0 and "it is the champion now, 0.0500 better than version 1 (int8_top1 0.9000) before" in out
    assert "note that the two were measured on different samples; `glyphlens evaluate --model models:/" in out
    assert "it is the champion, as before" in glyphlens("promote", "kanji")[1]
    status, out, _ = glyphlens("rollback", "kanji")
    assert (status, out) == (
        0,
        "glyphlens-kanji: the champion is version 1 (int8_top1 0.9000) again, no longer version 2 (int8_top1 0.9500)\n",
    )
    status, _, err = glyphlens("rollback", "kanji")
    assert status == 2 and "version 1 is the first champion, there is none before it" in err


@pytest.mark.parametrize(("score", "told"), [(0.88, "this one is 0.0200 worse"), (0.9, "this one is no better")])
def test_a_release_that_is_no_better_is_told(
    repository: Runs, glyphlens: Callable[..., Any], score: float, told: str
) -> None:
    glyphlens("promote", "kanji")
    repository.save_run(score, seed=1)
    status, out, _ = glyphlens("promote", "kanji")
    assert status == 1 and "version 2 (" in out and " is registered\n" in out
    assert f"the champion is still version 1 (int8_top1 0.9000), {told}" in out


def test_a_promotion_works_from_any_folder_of_the_repository(
    repository: Runs, glyphlens: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.folder / "metrics")
    status, out, _ = glyphlens("promote", "kanji")
    assert status == 0 and "it is the champion, the first one" in out
    assert (repository.folder / "mlflow.db").is_file() and not Path("mlflow.db").exists()


def test_an_odd_name_of_another_file_is_in_nobodys_way(repository: Runs, glyphlens: Callable[..., Any]) -> None:
    Path(os.fsdecode(b"notes\xff.md")).write_text("text", encoding="utf-8")
    repository.commit("notes")
    assert glyphlens("promote", "kanji")[0] == 0


def test_a_registered_model_answers_as_its_files(repository: Runs, glyphlens: Callable[..., Any]) -> None:
    paper_HW = np.full((90, 70), 220, np.uint8)
    paper_HW[30:40, 10:60] = 60
    Image.fromarray(paper_HW).save("bar.png")
    glyphlens("promote", "kanji")
    by_file, by_alias = (
        glyphlens("predict", "bar.png", "--format", "json", "--model", model)
        for model in (RELEASE, "models:/glyphlens-kanji@champion")
    )
    assert by_file == by_alias and by_file[0] == 0 and json.loads(by_file[1])[0]["confidence"] > 0


# ── which commit the files are of ────────────────────────────────────────────────────────────
def origin() -> tuple[str, str]:
    """The commit that a promotion would record, and whether it says that the files were changed since."""
    tags = evaluated_release("kanji").tags
    return tags["mlflow.source.git.commit"], tags["git.dirty"]


def test_files_of_the_present_commit_are_said_to_be_of_it(repository: Runs) -> None:
    repository.write("README.md", "text")
    later = repository.commit("words")
    repository.write("src/model.py", "# a file that had no part in it")
    assert origin() == (later, "false")


def test_files_checked_out_from_another_commit_are_said_to_be_of_that_one(repository: Runs) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.write("notes.md", "text")
    repository.commit("words")
    repository.save_run(0.95, seed=1)
    repository.git("checkout", first, "--", "dvc.lock", "models", "metrics")
    assert origin() == (first, "false")
    repository.git("commit", "--quiet", "--all", "--message", "back again")
    assert origin() == (repository.git("rev-parse", "HEAD"), "false")


def test_files_of_another_branch_are_found_there(repository: Runs) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    repository.save_run(0.95, seed=1)
    side = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "--quiet", "-")
    repository.git("checkout", "side", "--", ".")
    assert origin() == (side, "false")


def test_a_run_that_is_not_committed_is_marked_until_it_is(repository: Runs, glyphlens: Callable[..., Any]) -> None:
    """Also where only dvc.lock differs: other data, the same files."""
    before = repository.git("rev-parse", "HEAD")
    repository.save_lock(samples="6b")
    assert origin() == (before, "true")
    out = glyphlens("promote", "kanji")[1]
    assert f"of commit {before[:9]} is registered" in out and "no commit has these files with this dvc.lock yet" in out
    after = repository.commit("run")
    out = glyphlens("promote", "kanji")[1]
    assert f"of commit {after[:9]} holds these very files already" in out and "no commit has" not in out
    version = open_client().get_model_version("glyphlens-kanji", "1")
    for tags in (version.tags, open_client().get_run(version.run_id).data.tags):
        assert (tags["mlflow.source.git.commit"], tags["git.dirty"]) == (after, "false")


def test_what_another_track_did_since_does_not_matter(repository: Runs) -> None:
    present = repository.git("rev-parse", "HEAD")
    content = Path("dvc.lock").read_text(encoding="utf-8")
    head, mark, tail = content.partition("  gate_glyphs:")
    repository.write("dvc.lock", head + mark + tail.replace("cmd: ", "cmd: nice ", 1))
    assert origin() == (present, "false")


# ── what is refused, before MLflow is asked ──────────────────────────────────────────────────
def refusal(track: str = "kanji") -> str:
    with pytest.raises(InputError) as caught:
        evaluated_release(track)
    return str(caught.value)


def test_a_failed_gate_is_named(repository: Runs, glyphlens: Callable[..., Any]) -> None:
    repository.save_run(0.9, failed=2)
    Path("mlflow.db").unlink()
    status, out, err = glyphlens("promote", "kanji")
    assert (status, out) == (2, "")
    assert "metrics/gates/kanji_models.json: 2 checks failed, see reports/gates/kanji_models.html" in err
    assert not Path("mlflow.db").exists()


@pytest.mark.parametrize(
    "changed",
    ["models/kanji/release/labels.json", "models/kanji/release/m.onnx", "metrics/kanji/release.json",
     "metrics/gates/kanji_samples.json"],
)  # fmt: skip
def test_a_file_that_was_changed_is_named(repository: Runs, changed: str) -> None:
    Path(changed).write_bytes(Path(changed).read_bytes() + b"\n")
    assert refusal().startswith(f"{changed}: changed since it was evaluated")


def test_a_file_that_was_added_or_removed_is_named(repository: Runs) -> None:
    (RELEASE / "labels.json").rename(RELEASE / "names.json")
    assert refusal().startswith(f"{RELEASE}/labels.json, {RELEASE}/names.json: changed since")


def test_a_change_that_was_committed_without_a_run_is_refused(repository: Runs) -> None:
    repository.write("metrics/kanji/release.json", {"int8_top1": 0.99})
    repository.commit("better")
    assert refusal().startswith("metrics/kanji/release.json: changed since it was evaluated, dvc.lock records")


def test_a_gate_that_saw_another_export_is_refused(repository: Runs) -> None:
    head, mark, tail = Path("dvc.lock").read_text(encoding="utf-8").partition("  gate_kanji_models:")
    repository.write("dvc.lock", head + mark + tail.replace("0" * 32, "1" * 32, 1))
    told = refusal()
    assert told.startswith("dvc.lock: models/kanji/export was 1111") and "gate_kanji_models" in told


def test_a_folder_without_a_release_is_told(repository: Runs) -> None:
    (RELEASE / "m.onnx").unlink()
    assert refusal() == "models/kanji/release: no released model there; `dvc repro kanji_evaluate` makes it"


def test_metrics_without_the_guarded_one_are_told(repository: Runs) -> None:
    repository.write("metrics/kanji/release.json", {"ece": 0.01})
    repository.save_lock()
    assert refusal().startswith("metrics/kanji/release.json: has no int8_top1 to compare champions by")


def test_without_a_lock_or_a_run_the_way_is_told(repository: Runs) -> None:
    assert refusal("arabic") == "dvc.lock: no run of stage 'evaluate'; `dvc repro evaluate` makes one"
    Path("dvc.lock").unlink()
    assert "run from the repository's root" in refusal()


def test_an_unknown_track_is_told(glyphlens: Callable[..., Any]) -> None:
    status, _, err = glyphlens("promote", "klingon")
    assert status == 2 and "'klingon' is not one of" in err and all(name in err for name in tracks())
