"""Why stages ran is the difference of two dvc.lock; what is none is told as what was expected."""

import pytest

from glyphlens.core.errors import InputError
from glyphlens.review.locked import LockedStage, Rerun, locked_stages, reruns

STAGE = LockedStage("run a", {"src/a.py": "1", "data/a": "1"}, {"phase2": {"lr": 1, "steps": 2}}, {"models/a": "1"})


def stage(**changes: object) -> LockedStage:
    return LockedStage(**(vars(STAGE) | changes))  # type: ignore[arg-type]


def test_the_same_record_did_not_run() -> None:
    assert reruns({"a": STAGE}, {"a": stage()}) == []


def test_every_cause_names_what_changed() -> None:
    after = stage(
        command="run b",
        deps={"src/a.py": "2", "src/b.py": "1", "data/a": "2"},
        params={"phase2": {"lr": 3, "steps": 2}, "seed": 4},
    )
    (found,) = reruns({"a": STAGE}, {"a": after})
    assert found.causes == {
        "command": ["run b"],
        "code": ["src/a.py", "src/b.py"],
        "data": ["data/a"],
        "parameters": ["phase2.lr", "seed"],
    }
    assert found.outs == []


def test_other_outputs_without_a_cause_are_seen() -> None:
    assert reruns({"a": STAGE}, {"a": stage(outs={"models/a": "2"})}) == [Rerun("a", {}, ["models/a"])]


def test_stages_come_in_the_order_of_the_data_flow_and_lost_ones_last() -> None:
    found = reruns({"old": STAGE, "b": STAGE}, {"c": STAGE, "b": stage(command="x"), "a": STAGE})
    assert [rerun.stage for rerun in found] == ["c", "b", "a", "old"]
    assert found[0] == Rerun("c", {"new stage": []}, ["models/a"])
    assert found[-1] == Rerun("old", {"stage removed": []}, [])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("schema: '2.0'", "'stages': Field required"),
        ("stages: [1]", "'stages': Input should be a valid dictionary"),
        ("stages: {first: 1}", "'stages.first': Input should be a valid dictionary"),
        ("stages: {first: {}}", "'stages.first.cmd': Field required"),
        ("stages: {first: {cmd: run, deps: {a: b}}}", "'stages.first.deps': Input should be a valid list"),
        ("stages: {first: {cmd: run, outs: [a]}}", "'stages.first.outs.0': Input should be a valid dictionary"),
        ("stages: {first: {cmd: run, outs: [{path: a}]}}", "'stages.first.outs.0.md5': Field required"),
        ("stages: {first: {cmd: run, params: {p.yaml: 3}}}", "'stages.first.params.p.yaml': Input should be a valid"),
    ],
)
def test_what_was_expected_is_told(content: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        locked_stages(content.encode(), "dvc.lock")
    assert str(caught.value).startswith(f"dvc.lock: no dvc.lock: {told}") and "`dvc repro`" in str(caught.value)


def test_a_command_may_be_several() -> None:
    (stage,) = locked_stages(b"stages: {first: {cmd: [a, b]}}", "dvc.lock").values()
    assert stage.command == ["a", "b"]
