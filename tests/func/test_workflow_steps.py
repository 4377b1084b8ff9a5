"""Every command of the workflows as on GitHub: nothing on the path, no git identity, two commits deep, no branch."""

import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.checkout import ROOT, bare_environment, link_environment
from tests.func.small_repository import SmallRepository, ran

WORKFLOWS = [
    YAML(typ="safe").load(path.read_text("utf-8")) for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
]
STEPS = {
    step["run"]: step for flow in WORKFLOWS for job in flow["jobs"].values() for step in job["steps"] if "run" in step
}
OUTCOME = "${{ steps.smoke.outcome }}"
LIMIT = "gates.primitives.max_bit_error="
pytestmark = pytest.mark.slow
Step = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def checkout(small: SmallRepository, tmp_path_factory: pytest.TempPathFactory) -> SmallRepository:
    """The merge of a pull request and its first parent, detached, as actions/checkout leaves them; with small's cache.

    The pull request sets another limit for the smoke's gate, so that one stage of it has to run.
    """
    folder = tmp_path_factory.mktemp("workflows")
    origin = small.clone(folder / "origin")
    origin.git("checkout", "--quiet", "-b", "change")
    settings = (origin.folder / ".ci/small.params").read_text(encoding="utf-8")
    tighter = re.sub(rf"^{LIMIT}.*$", f"{LIMIT}0.28", settings, flags=re.MULTILINE)
    assert tighter != settings
    (origin.folder / ".ci/small.params").write_text(tighter, encoding="utf-8")
    origin.commit("a change")
    origin.git("checkout", "--quiet", "main")
    origin.git("merge", "--quiet", "--no-ff", "--message", "the merge", "change")
    origin.git("clone", "--quiet", "--depth=2", origin.folder.as_uri(), str(folder / "checkout"))
    made = SmallRepository(folder / "checkout")
    made.git("checkout", "--quiet", "--detach")
    made.dvc("config", "--local", "cache.dir", small.dvc("cache", "dir").strip())
    link_environment(made.folder)
    return made


@pytest.fixture(scope="module")
def step(checkout: SmallRepository, tmp_path_factory: pytest.TempPathFactory) -> Step:
    """Run one command of a workflow; ``further``: variables beside those that the workflow gives it."""
    bare = bare_environment(tmp_path_factory.mktemp("machine"))
    bare["PYTHONPATH"] = str(checkout.folder / "src")  # which an environment of its own would have installed

    def run(command: str, smoke: str = "", **further: str) -> "subprocess.CompletedProcess[str]":
        variables: dict[str, Any] = STEPS[command].get("env", {})
        given = {name: value.replace(OUTCOME, smoke) for name, value in variables.items()}
        return subprocess.run(
            ["bash", "-e", "-c", command],
            cwd=checkout.folder,
            env=bare | given | further,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_every_command_is_run_here_or_by_the_tests_of_the_comment() -> None:
    assert set(STEPS) == {"make setup", ".ci/smoke", ".ci/compare", ".ci/run", ".ci/comment"}


def test_the_review_from_set_up_to_page(step: Step, checkout: SmallRepository) -> None:
    done = step("make setup")
    assert (done.returncode, done.stderr) == (0, "")
    done = step(".ci/smoke")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert "gate_primitives" in ran(done.stdout)
    done = step(".ci/compare", "success")
    page = (checkout.folder / "comparison.md").read_text(encoding="utf-8")
    assert done.returncode in (0, 1), done.stderr  # a small graph has not all that params.yaml guards
    assert re.match(r"(✅|❌) \*\*", page)
    assert f"{LIMIT.rstrip('=')}" not in page  # what the smoke sets is no change of the pull request's
    assert "CAUTION" not in page


def test_everything_a_change_must_pass(step: Step) -> None:
    done = step(
        ".ci/run",
        MYPY_CACHE_DIR=str(ROOT / ".mypy_cache"),
        PYTEST_ADDOPTS="-p no:cacheprovider tests/core/test_params.py",
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "passed" in done.stdout.splitlines()[-1]
