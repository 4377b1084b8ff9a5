"""`glyphlens ablate` and `ablations` in a small repository: what is missing is run, what was run is collected."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from glyphlens.core.storage import load_json
from tests.checkout import ROOT
from tests.preloaded import python
from tests.scratch_repository import Repository

METRIC, TABLE, QUEUE = "metrics/a/learn.json", "metrics/ablations/a_rates.json", "experiments/a_rates.yaml"
LEARN = """
import json, pathlib, yaml
rate = yaml.safe_load(open("params.yaml"))["learn"]["rate"]
assert rate < 1, "a rate of 1 diverges"
pathlib.Path("metrics/a").mkdir(parents=True, exist_ok=True)
json.dump({"val_top1": 1 - rate}, open("metrics/a/learn.json", "w"))
"""
GRAPH = {
    "stages": {
        "learn": {
            "cmd": f"{sys.executable} learn.py",
            "deps": ["learn.py"],
            "params": ["learn", "seed"],
            "metrics": [{METRIC: {"cache": False}}],
        }
    }
}
RATES: dict[str, Any] = {
    "title": "Rates",
    "question": "Which rate?",
    "stages": ["learn"],
    "metric": f"{METRIC}:val_top1",
    "seeds": [3],
    "budget": {"learn.steps": 5},
    "variants": {"slow": {"learn.rate": 0.25}, "fast": {"learn.rate": 1.5}},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with one stage and a queue of two rates, of which the fast one fails."""
    made = Repository(tmp_path / "place")
    made.write("params.yaml", {"seed": 42, "learn": {"rate": 0.5, "steps": 100}, "other": 1})
    for path, content in (
        ("dvc.yaml", GRAPH),
        (QUEUE, RATES),
        ("learn.py", LEARN),
        ("code/learn.txt", "0  learn.py\n"),
    ):
        made.write(path, content)
    made.commit()
    monkeypatch.chdir(made.folder)
    monkeypatch.setattr(sys, "executable", str(python()))
    return made


def end_experiment(place: Repository, name: str, top1: float, **learn: Any) -> None:
    """What DVC leaves of an experiment that ended: a commit and a reference to it, named after its baseline."""
    base = place.git("rev-parse", "HEAD")
    place.write("params.yaml", {"seed": 3, "learn": {"rate": 0.25, "steps": 5} | learn, "other": 1})
    place.write(METRIC, {"val_top1": top1, "val_top5": 0.9, "worst": "none"})
    commit = place.commit(name)
    place.git("reset", "--quiet", "--hard", base)
    place.git("update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", commit)


def test_what_was_run_is_collected_with_its_commit(glyphlens, place):
    end_experiment(place, "a_rates-slow-3", 0.7)
    end_experiment(place, "unasked", 0.9)
    status, out, err = glyphlens("ablations")
    assert (status, out, err) == (0, f"{QUEUE}: 1 of 2 runs\n", "")
    content = load_json(Path(TABLE))
    run = content["variants"]["slow"]["runs"]["3"]
    assert (run["value"], run["commit"]) == (0.7, place.git("rev-parse", "HEAD")[:9])
    assert content["budget"] == {"learn.steps": 5} and content["variants"]["fast"]["runs"] == {}
    assert "| `slow` | `rate=0.25` | 0.7000 |" in Path("docs/ABLATIONS.md").read_text(encoding="utf-8")
    assert Path("docs/ablations/a_rates.png").stat().st_size > 3000


def test_further_numbers_are_collected_and_may_be_asked_for_later(glyphlens, place):
    end_experiment(place, "a_rates-slow-3", 0.7)
    glyphlens("ablations")
    before = load_json(Path(TABLE))["variants"]["slow"]["runs"]["3"]
    place.write(QUEUE, RATES | {"beside": [f"{METRIC}:val_top5"]})
    assert glyphlens("ablations")[1] == f"{QUEUE}: 1 of 2 runs\n"  # the settings are the same: nothing is stale
    assert load_json(Path(TABLE))["variants"]["slow"]["runs"]["3"] == before | {"beside": {f"{METRIC}:val_top5": 0.9}}
    assert "| `slow` | `rate=0.25` | 0.7000 | – | 0.9000 | 3 |" in Path("docs/ABLATIONS.md").read_text(encoding="utf-8")


def test_an_experiment_of_other_parameters_is_not_asked_for_a_number_that_it_lacks(glyphlens, place):
    end_experiment(place, "a_rates-slow-3", 0.7, steps=6)
    place.write(QUEUE, RATES | {"beside": ["metrics/b.json:cer"]})
    assert glyphlens("ablations")[:2] == (0, f"{QUEUE}: 0 of 2 runs\n")


def test_an_experiment_with_other_parameters_is_not_taken(glyphlens, place):
    end_experiment(place, "a_rates-slow-3", 0.7, steps=6)
    assert glyphlens("ablations")[:2] == (0, f"{QUEUE}: 0 of 2 runs\n")
    assert not Path(TABLE).exists()
    command = next(line for line in glyphlens("ablate", "--dry-run")[1].splitlines() if "a_rates-slow-3" in line)
    assert " --force " in command  # it is there already, of other parameters


def test_a_committed_number_stays_without_its_experiment_and_is_run_again_after_a_change(glyphlens, place):
    end_experiment(place, "a_rates-slow-3", 0.7)
    glyphlens("ablations")
    place.git("update-ref", "-d", place.git("for-each-ref", "--format=%(refname)", "refs/exps"))
    assert glyphlens("ablations")[1] == f"{QUEUE}: 1 of 2 runs\n"
    assert "a_rates-slow-3" not in glyphlens("ablate", "--dry-run")[1]
    place.write("code/learn.txt", "1  learn.py\n")
    assert glyphlens("ablations")[1] == f"{QUEUE}: 1 of 2 runs, 1 with other code or parameters\n"
    assert "a_rates-slow-3" in glyphlens("ablate", "--dry-run")[1]


def test_the_commands_that_would_be_run(glyphlens, place):
    status, out, _ = glyphlens("ablate", QUEUE, "--queue", "--dry-run")
    assert status == 0 and out.splitlines() == [
        f"dvc exp run --queue --name a_rates-{variant}-3 --single-item --set-param seed=3 --set-param learn.steps=5 "
        f"--set-param learn.rate={rate} learn"
        for variant, rate in (("slow", "0.25"), ("fast", "1.5"))
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stages": ["absent"]}, "dvc.yaml has no stage absent"),
        ({"budget": {"learn.epochs": 1}}, "params.yaml has no learn.epochs"),
        ({"metric": f"{METRIC}:cer"}, f"experiment a_rates-slow-3: {METRIC} has no cer"),
        ({"metric": "metrics/b.json:cer"}, "experiment a_rates-slow-3: no metrics/b.json in it"),
        ({"beside": [f"{METRIC}:cer"]}, f"experiment a_rates-slow-3: {METRIC} has no cer"),
        ({"beside": [f"{METRIC}:worst"]}, f"experiment a_rates-slow-3: {METRIC} has no worst"),
        ({"beside": ["metrics/b.json:cer"]}, "experiment a_rates-slow-3: no metrics/b.json in it"),
    ],
)
def test_a_queue_at_fault_is_one_line(glyphlens, place, changes, message):
    end_experiment(place, "a_rates-slow-3", 0.7)
    place.write(QUEUE, RATES | changes)
    status, out, err = glyphlens("ablations")
    assert (status, out) == (2, "") and message in err and "Traceback" not in err


def test_a_folder_without_queues(glyphlens, place):
    Path(QUEUE).unlink()
    status, _, err = glyphlens("ablate")
    assert status == 2 and "experiments/*.yaml: no queue there" in err


def test_code_that_was_never_listed_is_named(glyphlens, place):
    Path("code/learn.txt").unlink()
    status, _, err = glyphlens("ablate")
    assert status == 2 and "code/learn.txt" in err and "dvc repro code" in err


def test_the_committed_queues_name_stages_and_parameters_that_there_are(glyphlens, monkeypatch):
    monkeypatch.chdir(ROOT)
    status, out, err = glyphlens("ablate", "--dry-run")
    assert (status, err) == (0, "") and all(line.startswith("dvc exp run --temp ") for line in out.splitlines())


@pytest.mark.slow
def test_dvc_runs_what_is_missing_and_a_failure_is_named(glyphlens, place):
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], check=True)
    place.commit()
    status, out, err = glyphlens("ablate")
    assert status == 1 and err.endswith("glyphlens: failed: a_rates-fast-3\n") and "a rate of 1 diverges" in err
    assert f"{QUEUE}: 1 of 2 runs" in out
    assert load_json(Path(TABLE))["variants"]["slow"]["mean"] == 0.75
    place.write(QUEUE, RATES | {"variants": RATES["variants"] | {"fast": {"learn.rate": 0.5}}})
    status, out, _ = glyphlens("ablate")
    assert status == 0 and "a_rates-slow-3" not in out and f"{QUEUE}: 2 of 2 runs" in out
    assert place.git("status", "--porcelain", "params.yaml") == ""
