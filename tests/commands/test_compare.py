"""`glyphlens compare` on a repository with two branches: what is printed, written, and the exit status."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scratch_repository import EVALUATE, Repository, project


@pytest.fixture
def branches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Branches `better` and `worse` beside `main`, which is checked out; the command runs in a folder below."""
    made = project(tmp_path / "repository")
    for name, top1 in {"better": 0.87, "worse": 0.84}.items():
        made.git("checkout", "--quiet", "-b", name, "main")
        made.change(EVALUATE, test_top1=top1)
        made.commit()
    made.git("checkout", "--quiet", "main")
    monkeypatch.chdir(made.folder / "metrics")
    return made


def test_two_branches(branches: Repository, glyphlens) -> None:
    status, out, err = glyphlens("compare", "main", "better")
    assert (status, err) == (0, "")
    assert out.startswith("✅ **Limits kept: 2** · 1 better, 0 worse")
    status, out, _ = glyphlens("compare", "main", "worse")
    assert status == 1
    assert out.startswith("❌ **Guarded metrics beyond their limits: 1**")
    status, out, _ = glyphlens("compare", "worse", "main")
    assert status == 0


def test_the_workspace_is_the_other_side(branches: Repository, glyphlens) -> None:
    assert glyphlens("compare", "main")[0] == 0
    branches.change(EVALUATE, test_top1=0.1)
    status, out, _ = glyphlens("compare", "main")
    assert status == 1 and "→ `workspace`" in out
    assert glyphlens("compare", "main", "main")[0] == 0


def test_the_page_goes_to_a_file(branches: Repository, glyphlens, tmp_path: Path) -> None:
    target = tmp_path / "new" / "comparison.md"
    status, out, _ = glyphlens("compare", "main", "worse", "--output", target)
    assert (status, out) == (1, "")
    assert target.read_text(encoding="utf-8") == glyphlens("compare", "main", "worse")[1]


def test_a_bad_revision_is_one_line(branches: Repository, glyphlens) -> None:
    status, out, err = glyphlens("compare", "nowhere")
    assert (status, out) == (2, "")
    assert err.startswith("glyphlens: nowhere: git knows no such commit") and len(err.splitlines()) == 1


def test_broken_metrics_are_one_line(branches: Repository, glyphlens) -> None:
    branches.write(EVALUATE, "{")
    status, out, err = glyphlens("compare", "main")
    assert (status, out) == (2, "")
    assert err.startswith(f"glyphlens: workspace:{EVALUATE}: not a readable JSON file")


@pytest.mark.parametrize("words", [(), ("main", "better", "worse"), ("main", "--colour")])
def test_a_usage_error_is_no_verdict(branches: Repository, glyphlens, words: tuple[str, ...]) -> None:
    assert glyphlens("compare", *words)[0] == 2


def test_a_crash_is_no_verdict_and_shown_whole(branches: Repository, glyphlens, monkeypatch) -> None:
    monkeypatch.setattr("glyphlens.review.comparison.metrics_part", lambda *_: 1 / 0)
    status, _, err = glyphlens("compare", "main", "worse")
    assert status == 2 and "ZeroDivisionError" in err and "metrics_part" in err


def test_a_page_that_nobody_reads_is_no_verdict(branches: Repository) -> None:
    command = f"set -o pipefail; '{sys.executable}' -m glyphlens.cli compare main better | true"
    assert subprocess.run(["bash", "-c", command], check=False).returncode in (0, 2)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("metric", ["test_top1", "macro_f1", "samples"])
def test_what_is_no_number_is_named_and_fails_where_it_is_guarded(
    branches: Repository, glyphlens, value: str, metric: str
) -> None:
    text = (branches.folder / EVALUATE).read_text(encoding="utf-8")
    was = json.dumps(json.loads(text)[metric])
    branches.write(EVALUATE, text.replace(f'"{metric}": {was}', f'"{metric}": {value}'))
    status, out, err = glyphlens("compare", "main")
    assert (status, err) == (int(metric == "test_top1"), "")
    assert f"**{metric}** is no number: " in out.split("<details")[0]
    assert re.search(rf"\| {metric} \| \S+ \| (nan|-?inf) \| – \| (▼ no number|❌ beyond its limit) \|", out)
    branches.commit()
    assert glyphlens("compare", "HEAD")[0] == status  # it is as bad when nothing moved …
    assert glyphlens("compare", "HEAD", "HEAD~1")[0] == 0  # … and mending it is no fault


def test_nothing_is_checked_out(branches: Repository, glyphlens) -> None:
    glyphlens("compare", "better", "worse")
    assert branches.git("status", "--porcelain") == ""
    assert branches.git("branch", "--show-current") == "main"


def test_nothing_heavy_is_imported(branches: Repository) -> None:
    program = (
        "import json, sys; from glyphlens import cli; sys.argv = ['glyphlens', 'compare', 'main', 'better']\n"
        "try: cli.main()\n"
        "except SystemExit: print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"dvc", "mlflow", "torch", "lightning", "pandas", "numpy", "matplotlib", "great_expectations"}
    assert not heavy & set(json.loads(done.stderr))
