"""What is no dvc.lock is told as what was expected, not as an error of Python."""

import pytest

from glyphlens.errors import InputError
from glyphlens.review.locked import locked_stages


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
