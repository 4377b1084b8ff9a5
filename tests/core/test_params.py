"""params.yaml arrives typed and whole; whatever is wrong in it is named."""

from pathlib import Path

import pytest
from pydantic import Field

from glyphlens.core.errors import ParamsError
from glyphlens.core.params import Section, flat_params, load_params, load_seed, read_params


class Training(Section):
    lr: float
    steps: int
    stem: list[int] = Field(default=[16])


def write(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["3e-5", "3E-5", "3.0e-05", "0.00003"])
def test_a_number_in_exponent_notation_is_a_float(tmp_path: Path, text: str) -> None:
    params = load_params(Training, "training", write(tmp_path, f"training: {{lr: {text}, steps: 3}}"))
    assert isinstance(params.lr, float)
    assert params.lr == pytest.approx(3e-5)


@pytest.mark.parametrize("text", ["3e-5", "1e-5", "0.001", "1"])
def test_what_dvc_exp_run_sets_arrives_as_a_number(tmp_path: Path, text: str) -> None:
    from dvc.utils.hydra import apply_overrides

    path = write(tmp_path, "training:\n  lr: 0.5  # kept\n  steps: 3\n")
    apply_overrides(path, [f"training.lr={text}"])
    assert load_params(Training, "training", path).lr == pytest.approx(float(text))
    assert "# kept" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ("{lr: 0.1, steps: 3, momentum: 1}", r"training\.momentum"),
        ("{lr: 0.1}", r"training\.steps"),
        ("{lr: fast, steps: 3}", r"training\.lr.*'fast'"),
        ("{lr: '3e-5', steps: 3}", r"training\.lr.*'3e-5'"),
        ("{lr: 0.1, steps: 2.5}", r"training\.steps.*2\.5"),
        ("{lr: 0.1, steps: true}", r"training\.steps.*True"),
        ("{lr: 0.1, steps: 3, stem: [a]}", r"training\.stem\.0.*'a'"),
    ],
)
def test_a_fault_names_the_key_and_the_value(tmp_path: Path, section: str, named: str) -> None:
    with pytest.raises(ParamsError, match=named):
        load_params(Training, "training", write(tmp_path, f"training: {section}"))


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"training\.steps.*training\.momentum|training\.momentum.*training\.steps"):
        load_params(Training, "training", write(tmp_path, "training: {lr: 0.1, momentum: 1}"))


@pytest.mark.parametrize(("text", "named"), [("a: [", "not valid YAML"), ("- 1", "mapping"), ("", "mapping")])
def test_a_broken_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ParamsError, match=rf"params\.yaml.*{named}"):
        read_params(write(tmp_path, text))


def test_a_missing_file_or_section_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="repository's root"):
        read_params(tmp_path / "params.yaml")
    with pytest.raises(ParamsError, match="section 'training' is missing"):
        load_params(Training, "training", write(tmp_path, "seed: 1"))


@pytest.mark.parametrize("text", ["seed: -1", "seed: true", "seed: 1.5", "seed: many", "other: 1"])
def test_a_seed_is_an_integer_from_zero(tmp_path: Path, text: str) -> None:
    with pytest.raises(ParamsError, match="seed"):
        load_seed(write(tmp_path, text))


def test_the_seed_is_read(tmp_path: Path) -> None:
    assert load_seed(write(tmp_path, "seed: 7")) == 7


def test_sections_cannot_be_changed_after_reading(tmp_path: Path) -> None:
    params = load_params(Training, "training", write(tmp_path, "training: {lr: 0.1, steps: 3}"))
    with pytest.raises(ValueError, match="frozen"):
        params.lr = 1.0  # type: ignore[misc]


def test_parameters_are_named_by_their_path() -> None:
    nested = {"lr": 3e-4, "network": {"width": 64, "kernels": [3, 5], "name": "cnn"}, "teacher": None, "swa": False}
    assert flat_params(nested) == {
        "lr": "0.0003",
        "network.width": "64",
        "network.kernels": "[3, 5]",
        "network.name": "cnn",
        "teacher": "null",
        "swa": "false",
    }


def test_an_empty_section_is_not_lost() -> None:
    assert flat_params({"augment": {}}) == {"augment": "{}"}
