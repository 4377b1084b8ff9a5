"""gate_zero_shot_models: a small good export passes; each forgery fails the check that is about it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glyphlens.core.curves import CURVES
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.inference.folder import ExportFolder, ModelContent
from glyphlens.inference.prototypes import Prototypes
from glyphlens.tracks.zero_shot.descriptions.belonging import MODELS
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, MODEL
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.export.views import load_parts
from glyphlens.tracks.zero_shot.gates.zero_shot_model_data import KINDS, ZeroShotModelData, ZeroShotModelPaths
from glyphlens.tracks.zero_shot.gates.zero_shot_models import GATE
from tests.once import once_per_run
from tests.tracks.zero_shot.gates import forged_export as forgery
from tests.tracks.zero_shot.gates.forged_export import FUSION, LABELS, LIMITS, SEEN, VAL

Forge = Callable[[Path], object]  # changes the export in ``folder``/export


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        forgery.write_export(folder / "export", forgery.write_samples(folder / "samples"))

    return once_per_run(tmp_path_factory, "zero-shot-export", make)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """``samples`` and ``export`` below it."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def opened(folder: Path) -> ZeroShotModelData:
    return GATE.open(ZeroShotModelPaths(folder / "samples", folder / "export"), LIMITS)


def test_a_good_export_passes(folder: Path, verdicts: Any) -> None:
    assert verdicts(GATE, opened(folder), LIMITS) == {}
    assert GATE.count_rows(opened(folder)) == 2 * (len(SEEN) + len(VAL))


def measured(kind: str = "", **changes: Any) -> Forge:
    """Other numbers of a file, or of the export."""

    def forge(folder: Path) -> None:
        path = folder / "export/measured.json"
        content = load_json(path)
        content.update({kind: {**content[kind], **changes}} if kind else changes)
        save_json(path, content)

    return forge


def tabled(change: Callable[[Prototypes], Prototypes]) -> Forge:
    """Another table beside int8.onnx."""

    def forge(folder: Path) -> None:
        model = folder / "export/int8.onnx"
        change(Prototypes.load(model)).save(model)

    return forge


def modelled(**options: Any) -> Forge:
    """Another network in both files, whose prototypes are made with it and named as its own."""

    def forge(folder: Path) -> None:
        export = ExportFolder(folder / "export")
        text_CE, _ = load_parts(export.path, "int8")
        graphs = {kind: forgery.image_graph(kind, **options).SerializeToString() for kind in KINDS}
        export.save_models(export.manifest, {kind: ModelContent(graph, 1.0) for kind, graph in graphs.items()})
        forgery.write_views(export.path, folder / "samples", text_CE)

    return forge


def another_file(folder: Path) -> None:
    """int8.onnx replaced, its table not."""
    export = ExportFolder(folder / "export")
    graph = forgery.image_graph("another").SerializeToString()
    contents = {kind: ModelContent((export.path / f"{kind}.onnx").read_bytes(), 1.0) for kind in KINDS}
    export.save_models(export.manifest, {**contents, "int8": ModelContent(graph, 1.0)})


def other_encoder(folder: Path) -> None:
    (folder / "export" / FOLDER / MODEL).write_bytes(forgery.text_graph(seed=1).SerializeToString())


def nobodys(folder: Path) -> None:
    (folder / "export" / FOLDER / MODELS).unlink()


def fewer_descriptions(folder: Path) -> None:
    place = folder / "export" / FOLDER
    known = DescriptionTable.load(place)
    DescriptionTable({name: each for name, each in known.items() if name != LABELS[-1]}).save(place)


def relabelled(folder: Path) -> None:
    path = folder / "export/labels.json"
    content = load_json(path)
    content["classes"][0], content["classes"][1] = content["classes"][1], content["classes"][0]
    save_json(path, content)


def large(folder: Path) -> None:
    place = folder / "export" / FOLDER / MODEL
    graph = forgery.text_graph()
    graph.doc_string = "x" * 9_000_000
    place.write_bytes(graph.SerializeToString())


def not_a_number(table: Prototypes) -> Prototypes:
    return replace(table, bias_C=np.where(np.arange(len(table.bias_C)) == 3, np.nan, table.bias_C).astype(np.float32))


def longer(table: Prototypes) -> Prototypes:
    return replace(table, vectors_CE=table.vectors_CE * np.float32(1.1))


def turned(table: Prototypes) -> Prototypes:
    return replace(table, vectors_CE=np.roll(table.vectors_CE, 1, axis=0))


def without(label: str) -> Callable[[Prototypes], Prototypes]:
    return lambda table: table.of([each for each in table.labels if each != label])


def one_wins(table: Prototypes) -> Prototypes:
    return replace(table, bias_C=np.where(np.arange(len(table.bias_C)) == 3, 100, table.bias_C).astype(np.float32))


def nothing_held_back(table: Prototypes) -> Prototypes:
    return replace(table, bias_C=np.zeros_like(table.bias_C))


def bad_curve(folder: Path) -> None:
    file = folder / "export" / CURVES / "plots/metrics/val_loss.tsv"
    file.write_text("step\tval_loss\n100\tnan\n", encoding="utf-8")


FORGERIES: dict[str, tuple[Forge, set[str]]] = {
    "another model beside the table": (another_file, {"prototypes-own", "files-open"}),
    "a level 2 character without prototype": (tabled(without(LABELS[-1])), {"prototypes-complete"}),
    "a seen character without prototype": (tabled(without(SEEN[0])), {"prototypes-complete", "files-open"}),
    "prototypes too long": (tabled(longer), {"prototypes-length"}),
    "prototypes of the neighbour": (tabled(turned), {"prototypes-fused", "scored-top1"}),
    "nobody held back": (tabled(nothing_held_back), {"penalty-of-seen"}),
    "a penalty that is no number": (tabled(not_a_number), {"penalty-of-seen", "scores-finite"}),
    "one answer to everything": (tabled(one_wins), {"predictions-distinct", "predictions-commonest"}),
    "answers that depend on the batch": (modelled(mixed=0.3), {"batch-free"}),
    "embeddings too long": (modelled(scale=1.5), {"embeddings-length"}),
    "an image file of another space": (modelled(seed=1), {"scored-top1"}),
    "an encoder of another space": (other_encoder, {"encoder-own", "encoder-named"}),
    "descriptions of nobody": (nobodys, {"encoder-named"}),
    "a character without description": (fewer_descriptions, {"descriptions-complete", "encoder-named"}),
    "low on held back ones": (measured("int8", val_unseen_top1=0.5), {"top1-floors", "scored-top1", "int8-loss"}),
    "low on trained ones": (measured("fp32", val_seen_top1=0.5), {"top1-floors", "scored-top1"}),
    "no number at all": (measured("int8", val_seen_top1=None), {"top1-floors", "scored-top1"}),
    "another share than chosen": (
        measured("int8", fusion=FUSION._replace(seen_penalty=0.3)._asdict()),
        {"penalty-of-seen"},
    ),
    "not what torch says": (measured(agreement=0.9), {"fp32-parity"}),
    "other labels": (relabelled, {"labels-agree"}),
    "too large for git": (large, {"release-size"}),
    "a loss that is no number": (bad_curve, {"curves-finite"}),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_each_forgery_fails_its_check(name: str, folder: Path, verdicts: Any) -> None:
    forge, failing = FORGERIES[name]
    forge(folder)
    assert failing <= set(verdicts(GATE, opened(folder), LIMITS))


def test_pictures_that_text_does_not_tell_apart_are_found_out(folder: Path, verdicts: Any) -> None:
    """Of one held back character the description is exchanged with itself: what is named then is named by it."""
    data = opened(folder)
    blind = replace(data, roles=replace(data.roles, val=data.roles.val[:1]))
    assert verdicts(GATE, blind, LIMITS) == {"shuffled-collapse": "FAIL"}


@pytest.mark.parametrize("name", ["int8.onnx", "measured.json", "README.md"])
def test_missing_files_are_named(name: str, folder: Path) -> None:
    (folder / "export" / name).unlink()
    with pytest.raises(InputError, match=name):
        opened(folder)


def test_measurements_of_something_else_are_refused(folder: Path) -> None:
    save_json(folder / "export/measured.json", {"agreement": 1.0})
    with pytest.raises(InputError, match=r"measured\.json: not the measurements"):
        opened(folder)
