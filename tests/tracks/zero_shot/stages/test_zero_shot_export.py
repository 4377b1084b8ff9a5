"""Training and export on few characters, as `dvc repro` runs them: files, numbers, and refusals in plain words."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.nets.weights import load_model
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from glyphlens.tracks.zero_shot.export.released import released_files
from glyphlens.tracks.zero_shot.export.views import load_parts
from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles
from glyphlens.tracks.zero_shot.stages import zero_shot, zero_shot_export
from tests.checkout import ROOT
from tests.once import once_per_run
from tests.tracks.zero_shot.aligned_networks import TINY
from tests.tracks.zero_shot.samples.small_sets import KANJI, small_set

TRAINING = {"network": TINY, "batch": 8, "described": 4, "validate_every": 2, "precision": "32-true"}
TRAINING |= {"start": False, "from_random": {"steps": 4, "lr": 0.003}}
EXPORT = {"calibration_samples": 16, "reduce_range": True, "latency_repeats": 1}
METRICS = {"val_unseen_top1", "val_seen_top1", "int8_loss", "lowest_cosine", "int8_mb", "release_mb"}


def prepare(folder: Path, **training: Any) -> None:
    """Small parameters, and a token of the sample set in ``folder``."""
    shipped = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params = {name: shipped[name] for name in ("seed", "kanji", "checkpoint")}
    params["machine"] = {"workers": 1, "batch_workers": 0}
    settings = shipped["zero_shot_training"] | TRAINING | training
    params |= {"zero_shot_training": settings, "zero_shot_export": EXPORT}
    (folder / "params.yaml").write_text(json.dumps(params), encoding="utf-8")
    write_token(folder / "token.json", folder / "samples")


def run(folder: Path, stage: Any, ends: Sequence[str]) -> None:
    words = {"samples": "samples", "token": "token.json", "timings": "timings.json"}
    words |= dict(end.split("=") for end in ends)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stage.main([word for name, place in words.items() for word in (f"--{name}", place)])


def train(folder: Path) -> None:
    run(folder, zero_shot, ["start=start", "out=aligned", "curves=curves.json"])


def export(folder: Path) -> None:
    run(folder, zero_shot_export, ["model=aligned", "out=export", "metrics=export.json"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = small_set(tmp_path_factory) / "out"

    def make(folder: Path) -> None:
        (folder / "samples").symlink_to(samples)
        prepare(folder)
        train(folder)
        export(folder)

    return once_per_run(tmp_path_factory, "zero-shot-exported", make)


def test_a_training_leaves_towers_curves_and_facts(made: Path) -> None:
    network, roles = load_model(made / "aligned", Network), ClassRoles.load(made / "samples")
    assert network.config.classes == len(roles.seen) == 20
    facts = load_json(made / "aligned/training.json")
    assert facts["steps"] == 4 and 0 <= facts["val_unseen_top1"] <= facts["val_unseen_top5"] <= 1


def test_an_export_is_whole_and_counted(made: Path) -> None:
    out = made / "export"
    metrics = load_json(made / "export.json")
    assert set(metrics) == METRICS and metrics["lowest_cosine"] > 0.9999
    assert all(file.is_file() for file in released_files(out / "int8.onnx"))
    assert (out / "README.md").is_file() and (out / "curves").is_dir()
    measured = load_json(out / "measured.json")
    assert measured["int8"]["val_unseen_top1"] == pytest.approx(metrics["val_unseen_top1"], abs=1e-6)
    assert measured["fp32"]["text_fusion"]["text_share"] == 1 and 0 <= measured["agreement"] <= 1


def test_the_card_says_what_matters_and_of_handwriting_what_is_so(made: Path) -> None:
    """A part of the small set's pictures is handwriting, so the card must not say that there was none."""
    card, metrics = (made / "export/README.md").read_text(encoding="utf-8"), load_json(made / "export.json")
    for said in (
        "**Trained and tested on handwriting of the ETL Character Database beside rendered pictures.**",
        "20 of them were trained on, 4 served to choose settings",
        "the 2,965 kanji of level 1 are",
        "| input | `raster` | uint8 (N, 64, 64)",
        f"- `int8.onnx` ({metrics['int8_mb']:.2f} MB)",
        f"together {metrics['release_mb']:.1f} MB",
        "Creative Commons Attribution-ShareAlike 3.0",
        "`dvc repro zero_shot_export`",
    ):
        assert said in card, said
    assert "not on handwriting" not in card and "no handwriting" not in card and "{{" not in card


def test_prototypes_are_of_all_kanji_and_lie_where_their_parts_say(made: Path) -> None:
    roles = ClassRoles.load(made / "samples")
    for file in ExportFolder(made / "export").model_files:
        prototypes = Prototypes.load(file)
        assert list(prototypes.labels) == KANJI
        fusion = load_json(made / "export/measured.json")[file.stem]["fusion"]
        text_CE, exemplar_CE = load_parts(made / "export", file.stem)  # type: ignore[arg-type]
        mixed_CE = fusion["text_share"] * text_CE + (1 - fusion["text_share"]) * exemplar_CE
        cosine_C = (mixed_CE * prototypes.vectors_CE).sum(1) / np.linalg.norm(mixed_CE, axis=1)
        assert cosine_C.min() > 0.99
        lowered = {label for label, bias in zip(prototypes.labels, prototypes.bias_C, strict=True) if bias < 0}
        assert lowered == (set(roles.seen) if fusion["seen_penalty"] else set())


def test_what_was_measured_is_what_the_recogniser_answers(made: Path) -> None:
    samples, roles = SampleSet.open(made / "samples"), ClassRoles.load(made / "samples")
    rows_N = samples.rows("val")
    recognizer = Recognizer.load(made / "export/int8.onnx", threads=1)
    assert [entry.label for entry in recognizer.classes] == KANJI[:2965]
    answers = np.array(recognizer.read({RASTER: samples.images(rows_N)}))
    labels_N = samples.index["label"].to_numpy()[rows_N]
    is_unseen_N = np.isin(labels_N, roles.val)
    measured = load_json(made / "export/measured.json")["int8"]
    assert measured["val_unseen_top1"] == pytest.approx(np.mean((answers == labels_N)[is_unseen_N]), abs=1e-6)
    assert measured["val_seen_top1"] == pytest.approx(np.mean((answers == labels_N)[~is_unseen_N]), abs=1e-6)


def test_descriptions_can_be_encoded_without_the_sample_set(made: Path) -> None:
    encoder = DescriptionEncoder.load(made / "export" / FOLDER)
    found = encoder.vectors([encoder.known[label] for label in KANJI[:5]])
    np.testing.assert_allclose(found, load_parts(made / "export", "fp32")[0][:5], atol=2e-3)


def test_more_classes_a_step_than_are_seen_is_an_error(made: Path, tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to((made / "samples").resolve())
    prepare(tmp_path, described=17)
    with pytest.raises(InputError, match=r"4 \+ 17 classes a step need as many seen ones, found 20"):
        train(tmp_path)
    assert not (tmp_path / "aligned").exists()


def test_a_class_without_two_training_pictures_is_named(made: Path, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    for file in (made / "samples").iterdir():
        if file.name != "roles.json":
            (tmp_path / "samples" / file.name).symlink_to(file.resolve())
    roles = ClassRoles.load(made / "samples")
    never_drawn = roles.unused[0]
    replace(roles, seen=(*roles.seen, never_drawn), unused=roles.unused[1:]).save(tmp_path / "samples")
    prepare(tmp_path)
    with pytest.raises(InputError, match=f"'{never_drawn}' is to be learnt and has fewer than 2 training pictures"):
        train(tmp_path)


def test_pictures_that_passed_no_gate_are_not_learnt(made: Path, tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to((made / "samples").resolve())
    prepare(tmp_path)
    (tmp_path / "token.json").unlink()
    for stage in (train, export):
        with pytest.raises(InputError, match=r"token\.json: no token"):
            stage(tmp_path)
