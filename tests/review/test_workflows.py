"""The workflows grant little, run nothing of a stranger with a token that writes, and update one comment."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from glyphlens.core.params import read_params
from glyphlens.review.comparison import compare
from glyphlens.review.snapshot import Snapshot, snapshot
from tests.checkout import ROOT, SYSTEM_PATH
from tests.scratch_repository import EVALUATE, Repository, project

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.name: YAML(typ="safe").load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.yml")}
every_workflow = pytest.mark.parametrize("name", sorted(WORKFLOWS))
# The first major version of each that runs on Node 24; GitHub's machines no longer have Node 20.
FIRST_ON_NODE_24 = {
    "actions/checkout": 5,
    "actions/setup-node": 5,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
}
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
def test_actions_run_on_a_node_that_github_keeps(name: str) -> None:
    for action, version in re.findall(r"uses: ([\w.-]+/[\w.-]+)@\w+ # v(\d+)", (FOLDER / name).read_text("utf-8")):
        assert int(version) >= FIRST_ON_NODE_24[action], f"{action} v{version}"


def test_an_action_is_pinned_once() -> None:
    pins = {step["uses"] for name in WORKFLOWS for step in steps(name) if "uses" in step}
    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


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
    assert scripts == ["make setup", ".ci/smoke", ".ci/compare"]


def test_the_page_is_made_and_handed_over_whatever_failed_before() -> None:
    smoke, compare, upload = list(steps("review.yml"))[-3:]
    assert compare["env"] == {"SMOKE": f"${{{{ steps.{smoke['id']}.outcome }}}}"}
    assert {compare["if"], upload["if"]} == {"${{ !cancelled() }}"}
    assert smoke["timeout-minutes"] < WORKFLOWS["review.yml"]["jobs"]["review"]["timeout-minutes"]


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


@pytest.mark.parametrize("name", ["comment", "compare", "run", "smoke"])
def test_scripts_can_be_run_and_parsed(name: str) -> None:
    assert os.access(ROOT / ".ci" / name, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / ".ci" / name], check=True)


# ── .ci/compare ──────────────────────────────────────────────────────────────────────────────
CAUTION = "> [!CAUTION]\n> ❌ **"


@pytest.fixture
def merge(tmp_path: Path) -> Repository:
    """A repository whose second commit makes a guarded metric better, with the script and the environment."""
    made = project(tmp_path / "repository")
    (made.folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/compare", made.folder / ".ci/compare")
    (made.folder / ".venv").symlink_to(sys.prefix)
    made.change(EVALUATE, test_top1=0.87)
    made.commit()
    return made


def page_of(repository: Repository, smoke: str) -> tuple[int, str]:
    """Exit status and page of `.ci/compare`."""
    environment = {"PATH": SYSTEM_PATH, "SMOKE": smoke, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(["./.ci/compare"], cwd=repository.folder, env=environment, capture_output=True, check=False)
    return done.returncode, (repository.folder / "comparison.md").read_text(encoding="utf-8")


def test_after_the_graph_has_run_the_page_is_the_comparison(merge: Repository) -> None:
    assert page_of(merge, "success") == (0, compare(*sides(merge)).text)


@pytest.mark.parametrize("outcome", ["failure", "skipped", "cancelled"])
def test_without_a_run_of_the_graph_the_page_says_so_first_and_in_red(merge: Repository, outcome: str) -> None:
    status, page = page_of(merge, outcome)
    assert status == 0
    assert page.startswith(f"{CAUTION}The graph has not run with this change (.ci/smoke: {outcome}).**")
    assert page.endswith(f"\n\n{compare(*sides(merge)).text}")


def test_a_broken_limit_is_on_the_page_and_the_status(merge: Repository) -> None:
    merge.change(EVALUATE, test_top1=0.1)
    merge.commit()
    status, page = page_of(merge, "success")
    assert status == 1 and page.startswith("❌ **Guarded metrics beyond their limits: 1**")


def test_what_cannot_be_compared_is_no_empty_page(merge: Repository) -> None:
    merge.write(EVALUATE, "{")
    merge.commit()
    status, page = page_of(merge, "success")
    assert (status, page) == (
        2,
        f"{CAUTION}Nothing is compared.** `glyphlens compare` ended with 2; the log of this run says why.\n\n",
    )


def test_a_set_up_that_failed_is_no_old_page(merge: Repository) -> None:
    merge.write("comparison.md", "✅ **Limits kept: 2**")
    (merge.folder / ".venv").unlink()
    status, page = page_of(merge, "skipped")
    assert status == 127
    assert page.count(CAUTION) == 2 and "Limits kept" not in page


def sides(repository: Repository) -> tuple[Snapshot, Snapshot]:
    return snapshot(repository.folder, "HEAD^1"), snapshot(repository.folder, "HEAD")


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
    if not state["artifact"]:
        sys.exit("no artifact matches any of the names or patterns provided")
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in state["links"].items():
        (folder / name).symlink_to(target)
    for name, text in state["artifact"].items():
        (folder / name).write_text(text)
elif any(word.endswith("/pulls") for word in words):
    print(state["pulls"])
elif "--paginate" in words:
    print(state["comments"])
"""
ARTIFACT = {"comparison.md": "✅ **Limits kept**\n"}
NO_LINKS: dict[str, str] = {}
Comment = Callable[..., tuple[int, list[list[str]]]]


@pytest.fixture
def comment(tmp_path: Path) -> Comment:
    """Run .ci/comment; its exit status and what it asked of GitHub, the body of a comment last."""

    def run(
        pulls: str = "7", comments: str = "", artifact: dict[str, str] = ARTIFACT, links: dict[str, str] = NO_LINKS
    ) -> tuple[int, list[list[str]]]:
        state, log, program = tmp_path / "state", tmp_path / "log", tmp_path / "bin/gh"
        answers = {"pulls": pulls, "comments": comments, "artifact": artifact, "links": links}
        state.write_text(json.dumps(answers), encoding="utf-8")
        log.write_text("", encoding="utf-8")
        program.parent.mkdir(exist_ok=True)
        program.write_text(FAKE_GH.format(python=sys.executable, state=str(state), log=str(log)), encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        environment = {"REPOSITORY": "o/r", "RUN_ID": "5", "HEAD_OWNER": "stranger", "HEAD_BRANCH": "$(id)&x=1"}
        path = f"{program.parent}{os.pathsep}{SYSTEM_PATH}"
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
    _, asked = comment(
        artifact=ARTIFACT | {"number.md": "99"}
    )  # an artifact that names another pull request is not listened to
    assert asked[0][:4] == ["api", "--method", "GET", "repos/o/r/pulls"]
    assert "head=stranger:$(id)&x=1" in asked[0]
    assert "env.HEAD_SHA" in asked[0][-2]
    assert "issues/7/" in asked[-1][3]


@pytest.mark.parametrize("pulls", ["", "7\n8", "7; id", "null"])
def test_without_one_pull_request_nothing_is_written(comment: Comment, pulls: str) -> None:
    status, asked = comment(pulls=pulls)
    assert (status, len(asked)) == (0, 1)


@pytest.mark.parametrize("artifact", [{"comparison.md": "✅ **Limits kept**\n" * 4000}, {"other.md": "x"}, {}])
def test_a_run_without_a_page_that_can_be_shown_takes_the_place_of_the_old_comparison(
    comment: Comment, artifact: dict[str, str]
) -> None:
    status, asked = comment(comments="31", artifact=artifact)
    assert status != 0
    assert asked[-1][:4] == ["api", "--method", "PATCH", "repos/o/r/issues/comments/31"]
    assert "> ❌ **There is no comparison:**" in asked[-1][-1] and "Limits kept" not in asked[-1][-1]


@pytest.mark.parametrize("name", ["body", "comparison.md"])
def test_no_link_in_the_artifact_is_followed(comment: Comment, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret", encoding="utf-8")
    artifact = {"other.md": "x"} if name in ARTIFACT else ARTIFACT
    _, asked = comment(artifact=artifact, links={name: str(outside)})
    assert outside.read_text(encoding="utf-8") == "secret"
    assert "secret" not in asked[-1][-1]
