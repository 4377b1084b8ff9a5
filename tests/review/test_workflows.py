"""The workflows grant little, run nothing of a stranger with a token that writes, and update one comment."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from glyphlens.params import read_params
from tests.checkout import ROOT

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.name: YAML(typ="safe").load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.yml")}
every_workflow = pytest.mark.parametrize("name", sorted(WORKFLOWS))
SHA = "0123456789abcdef0123456789abcdef01234567"
MARKER = "<!-- glyphlens compare -->"


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in WORKFLOWS[name]["jobs"].values():
        yield from job["steps"]


def grants(name: str) -> set[tuple[str, str]]:
    """Every permission of a workflow, at its top or in a job."""
    places = [WORKFLOWS[name], *WORKFLOWS[name]["jobs"].values()]
    return {grant for place in places for grant in place.get("permissions", {}).items()}


# ── what every workflow keeps to ─────────────────────────────────────────────────────────────
@every_workflow
def test_actions_are_pinned_by_hash_with_the_version_beside_it(name: str) -> None:
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@every_workflow
def test_the_default_permissions_are_named_and_only_read(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] in ({}, {"contents": "read"})


def test_one_job_writes_and_only_to_pull_requests() -> None:
    written = {(name, grant) for name in WORKFLOWS for grant, access in grants(name) if access != "read"}
    assert written == {("comment.yml", "pull-requests")}


@every_workflow
def test_nothing_from_outside_stands_in_a_script(name: str) -> None:
    for step in steps(name):
        assert "${{" not in step.get("run", ""), step


@every_workflow
def test_no_checkout_leaves_a_token_behind(name: str) -> None:
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_workflow
def test_no_job_runs_for_ever(name: str) -> None:
    assert all(0 < job["timeout-minutes"] <= 60 for job in WORKFLOWS[name]["jobs"].values())


@every_workflow
def test_events_that_give_a_stranger_s_code_a_token_are_not_used(name: str) -> None:
    assert not {"pull_request_target", "issue_comment"} & set(WORKFLOWS[name]["on"])


# ── the two halves of the review ─────────────────────────────────────────────────────────────
def test_the_half_that_writes_takes_nothing_of_the_pull_request_but_the_artifact() -> None:
    assert set(WORKFLOWS["comment.yml"]["on"]) == {"workflow_run"}
    for step in steps("comment.yml"):
        assert "ref" not in step.get("with", {}), "the default branch is checked out, never the pull request"
    assert [step["run"] for step in steps("comment.yml") if "run" in step] == [".ci/comment"]


def test_the_half_that_writes_waits_for_the_other() -> None:
    assert WORKFLOWS["comment.yml"]["on"]["workflow_run"]["workflows"] == [WORKFLOWS["review.yml"]["name"]]
    uploads = [step for step in steps("review.yml") if "upload-artifact" in step.get("uses", "")]
    assert [(step["with"]["name"], step["with"]["path"]) for step in uploads] == [("comparison", "comparison.md")]


def test_the_review_runs_the_graph_and_compares_with_the_base() -> None:
    scripts = [step["run"] for step in steps("review.yml") if "run" in step]
    assert scripts == ["make setup", ".ci/smoke", ".venv/bin/glyphlens compare HEAD^1 HEAD --output comparison.md"]


def test_the_smoke_sets_parameters_that_exist() -> None:
    lines = (ROOT / ".ci/small.params").read_text(encoding="utf-8").splitlines()
    settings = [line.partition("=")[0] for line in lines if not line.startswith("#")]
    assert len(settings) == len(set(settings)) > 20
    params = read_params(ROOT / "params.yaml")
    for setting in settings:
        content: Any = params
        for key in setting.split("."):
            assert key in content, f".ci/small.params: {setting}"
            content = content[key]


@pytest.mark.parametrize("name", ["comment", "run", "smoke"])
def test_scripts_can_be_run_and_parsed(name: str) -> None:
    assert os.access(ROOT / ".ci" / name, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / ".ci" / name], check=True)


# ── .ci/comment with a GitHub that notes what it is asked ────────────────────────────────────
FAKE_GH = """#!{python}
import json, pathlib, sys
state = json.loads(pathlib.Path({state!r}).read_text())
words = sys.argv[1:]
body = next((pathlib.Path(w.removeprefix("body=@")).read_text() for w in words if w.startswith("body=@")), None)
with open({log!r}, "a") as log:
    log.write(json.dumps([*words, body]) + "\\n")
if words[:2] == ["run", "download"]:
    folder = pathlib.Path(words[words.index("--dir") + 1])
    for name, text in state["artifact"].items():
        (folder / name).write_text(text)
elif any(word.endswith("/pulls") for word in words):
    print(state["pulls"])
elif "--paginate" in words:
    print(state["comments"])
"""
Comment = Callable[..., tuple[int, list[list[str]]]]


@pytest.fixture
def comment(tmp_path: Path) -> Comment:
    """Run .ci/comment; its exit status and what it asked of GitHub, the body of a comment last."""

    def run(pulls: str = "7", comments: str = "", **artifact: str) -> tuple[int, list[list[str]]]:
        state, log, program = tmp_path / "state", tmp_path / "log", tmp_path / "bin/gh"
        files = {"comparison.md": "✅ **Limits kept**\n"} | {f"{name}.md": text for name, text in artifact.items()}
        state.write_text(json.dumps({"pulls": pulls, "comments": comments, "artifact": files}), encoding="utf-8")
        log.write_text("", encoding="utf-8")
        program.parent.mkdir(exist_ok=True)
        program.write_text(FAKE_GH.format(python=sys.executable, state=str(state), log=str(log)), encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        environment = {"REPOSITORY": "o/r", "RUN_ID": "5", "HEAD_OWNER": "stranger", "HEAD_BRANCH": "$(id)&x=1"}
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [ROOT / ".ci/comment"], env=environment | {"HEAD_SHA": SHA, "PATH": path}, capture_output=True, check=False
        )
        return done.returncode, [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    return run


def test_the_first_comparison_is_a_new_comment(comment: Comment) -> None:
    status, asked = comment()
    assert status == 0
    *_, last = asked
    assert last[:4] == ["api", "--method", "POST", "repos/o/r/issues/7/comments"]
    assert last[-1].startswith(f"{MARKER}\n*Compared by the code of this pull request at {SHA}.*\n\n✅ **Limits kept**")


def test_the_next_one_takes_its_place(comment: Comment) -> None:
    status, asked = comment(comments="31\n32")
    assert status == 0
    assert asked[-1][:4] == ["api", "--method", "PATCH", "repos/o/r/issues/comments/31"]
    assert "POST" not in json.dumps(asked)


def test_the_pull_request_is_found_by_the_commit_of_the_run(comment: Comment) -> None:
    _, asked = comment(number="99")  # an artifact that names another pull request is not listened to
    assert asked[0][:4] == ["api", "--method", "GET", "repos/o/r/pulls"]
    assert "head=stranger:$(id)&x=1" in asked[0]
    assert "env.HEAD_SHA" in asked[0][-2]
    assert "issues/7/" in asked[-1][3]


@pytest.mark.parametrize("pulls", ["", "7\n8", "7; id", "null"])
def test_without_one_pull_request_nothing_is_written(comment: Comment, pulls: str) -> None:
    status, asked = comment(pulls=pulls)
    assert (status, len(asked)) == (0, 1)


def test_a_page_too_long_for_a_comment_is_refused(comment: Comment) -> None:
    status, asked = comment(comparison="x" * 65_000)
    assert status != 0
    assert not {"POST", "PATCH"} & {word for words in asked for word in words}
