"""The folder of an exported recogniser: the names of its files, their one reader and writer, and its manifest.

``*.onnx``                              the recogniser, in one precision or several
``labels.json``                         the manifest: what the files read, what they give and what that means
``README.md``                           the model card
``measured.json``, ``predictions.npz``  what was measured on the files; a release goes without
``training.json``, ``curves/``          how the training went; a release goes without

n test rows that the recogniser was scored on · C classes
"""

import hashlib
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from glyphlens.core.curves import CURVES, TRAINING
from glyphlens.core.errors import InputError
from glyphlens.core.storage import BROKEN_ZIP, load_json, save_json, save_text, sha256_file, writing
from glyphlens.data.sample_set import CharacterClass

LABELS, CARD, MEASURED, PREDICTIONS = "labels.json", "README.md", "measured.json", "predictions.npz"
SKIPPED = "skipped"  # the key of training.json and measured.json that says why there is no model
MODELS = "*.onnx"
AGAIN = "export the recogniser again with `dvc repro`"
Precision = Literal["fp32", "int8"]
Decoder = Literal["softmax", "ctc", "attention", "prototypes", "lines"]
STEP = "step"  # begins the names of files that take one line and a cache, beside those that take a whole scan


def model_name(precision: Precision, stem: str = "") -> str:
    """The name of a model file.

    >>> model_name("int8"), model_name("fp32", "glyphs")
    ('int8.onnx', 'glyphs.fp32.onnx')
    """
    return f"{stem}.{precision}.onnx" if stem else f"{precision}.onnx"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Tensor(_Entry):
    """An input or output of a model file: numpy's name of its type, and its shape; a name stands for any length."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


class ModelFile(_Entry):
    """A model file as it was written: its name, SHA-256, and the temperature by which its graph divides its logits."""

    name: str = Field(pattern=r"^[^/\\]+$")  # in the folder of the manifest, and nowhere else
    sha256: str
    temperature: float = Field(gt=0)


class Manifest(_Entry):
    """What whoever uses the files must know; older manifests lack ``decoder``, ``files`` and both lists of tensors.

    ``decoder``: "softmax" (output c scores ``classes[c]``), "ctc" (per frame, output 0 is the blank and output c + 1
    scores ``charset[c]``, which may be several characters), "attention" (what the decoder beside the file attends to;
    it scores ``charset`` and then the end), "prototypes" (an embedding and a table beside the file; ``classes`` are the
    candidates where no others are given) or "lines" (after every line, or after the last, output c scores
    ``classes[c]``; the logits of each answer are to be divided by its number in ``temperatures``; ``steps`` are files
    that say the same one line at a time). ``preparation``: how inputs are drawn or prepared, by the track's own rule
    (in the file ``rule``). ``levels``: of what an embedding is made up, in its order, and how many numbers each has;
    empty where it has no such parts. ``coverage``: the share of the training groups that have each class, where groups
    are fonts that may lack it. ``source``: what the training samples are, such as "etl" or "rendered".
    """

    script: str = ""
    source: str = ""
    decoder: Decoder = "softmax"
    files: dict[Precision, ModelFile] = {}
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    preparation: dict[str, Any] = Field(
        validation_alias=AliasChoices("rule", "preparation"), serialization_alias="rule"
    )
    classes: tuple[CharacterClass, ...] = ()
    charset: tuple[str, ...] = ()
    levels: dict[str, int] = {}
    steps: dict[Precision, ModelFile] = {}
    temperatures: dict[Precision, tuple[float, ...]] = {}
    coverage: tuple[float, ...] = ()

    @property
    def scores(self) -> int:
        """How many scores a file gives: per sample, or per frame with the blank."""
        return len(self.charset) + 1 if self.decoder in ("ctc", "attention") else len(self.classes)

    @property
    def used_precision(self) -> Precision:
        """That of the file that is used and released: int8 where it is offered."""
        return "int8" if "int8" in self.files else "fp32"

    def precision_of(self, file: Path) -> Precision | None:
        """Which of ``files`` this is by its name; None for none of them, such as a step."""
        return next((precision for precision, entry in self.files.items() if entry.name == file.name), None)

    def require_listed(self, file: Path) -> None:
        """Raise InputError where model files are listed, but not this one with its bytes."""
        listed = {entry.name: entry.sha256 for entry in (*self.files.values(), *self.steps.values())}
        if listed and listed.get(file.name) != sha256_file(file):
            names = ", ".join(listed)
            raise InputError(f"{file}: not a file that {LABELS} beside it lists ({names}, by SHA-256); {AGAIN}")

    def only(self, precisions: Collection[Precision]) -> "Manifest":
        """The manifest of the files of these precisions alone."""
        kept = {
            part: {kind: entry for kind, entry in getattr(self, part).items() if kind in precisions}
            for part in ("files", "steps", "temperatures")
        }
        return self.model_copy(update=kept)

    def plain(self) -> dict[str, Any]:
        """The content of labels.json; how many samples a class had is no part of it."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"classes": {"__all__": {"count"}}})
        return {name: value for name, value in content.items() if value or name == "rule"}


class ModelContent(NamedTuple):
    """A model file about to be written: the bytes of the graph, and the temperature in it."""

    graph: bytes
    temperature: float


@dataclass(frozen=True)
class ExportFolder:
    """One exported recogniser at ``path``; what is missing or broken raises InputError, naming the file."""

    path: Path

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / CARD

    @property
    def curves(self) -> Path:
        """The folder of learning curves."""
        return self.path / CURVES

    @property
    def model_files(self) -> list[Path]:
        """The model files that are there, by name."""
        return sorted(self.path.glob(MODELS))

    @property
    def manifest(self) -> Manifest:
        """The content of labels.json."""
        path = self.path / LABELS
        if not path.is_file():
            raise InputError(f"{path}: missing; a model needs the label map that was exported with it")
        try:
            return Manifest.model_validate(load_json(path))
        except ValidationError as error:
            raise InputError(f"{path}: not a label map ({_faults(error)}); {AGAIN}") from error

    def only_model(self) -> Path:
        """The one model file, beside which its step may lie; raises InputError where there is none or are several."""
        files = [file for file in self.model_files if not file.name.startswith(f"{STEP}.")]
        if len(files) != 1:
            found = ", ".join(file.name for file in files) or "none"
            raise InputError(f"{self.path}: expected one .onnx file in the folder, found {found}; give the file's path")
        return files[0]

    def measured(self) -> Any:
        """The content of measured.json, unchecked."""
        return load_json(self.path / MEASURED)

    def training(self) -> Any:
        """The content of training.json, unchecked."""
        return load_json(self.path / TRAINING)

    def predictions(self, names: Collection[str]) -> dict[str, NDArray[Any]]:
        """The named arrays of predictions.npz, of n rows each."""
        path = self.path / PREDICTIONS
        try:
            with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except (*BROKEN_ZIP, ValueError) as error:
            raise InputError(f"{path}: not a readable .npz archive ({error}); {AGAIN}") from error
        missing = [name for name in names if name not in arrays]
        if missing:
            raise InputError(f"{path}: arrays missing: {', '.join(missing)}; {AGAIN}")
        return arrays

    def save_models(
        self,
        manifest: Manifest,
        contents: Mapping[Precision, ModelContent],
        stem: str = "",
        steps: Mapping[Precision, ModelContent] | None = None,
    ) -> None:
        """Write the model files and their steps, and the manifest with their names, hashes and temperatures; the same
        content gives the same bytes."""
        written = {"files": self._save_files(contents, stem), "steps": self._save_files(steps or {}, STEP)}
        self._save_manifest(manifest.model_copy(update=written))

    def withdraw(self, precision: Precision) -> None:
        """Delete a model file that shall not be offered, and its entry in the manifest."""
        manifest = self.manifest
        for entry in _entries(manifest, precision):
            (self.path / entry.name).unlink()
        self._save_manifest(manifest.only([kind for kind in manifest.files if kind != precision]))

    def save_preparation(self, rule: Mapping[str, Any]) -> None:
        """Write another rule into the manifest."""
        manifest = self.manifest
        self._save_manifest(manifest.model_copy(update={"preparation": dict(rule)}))

    def save_measured(self, content: Mapping[str, Any]) -> None:
        """Write measured.json."""
        save_json(self.path / MEASURED, content)

    def save_predictions(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write predictions.npz; the same arrays give the same bytes."""
        with writing(self.path / PREDICTIONS) as partial, partial.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **arrays)

    def save_card(self, text: str) -> None:
        """Write the model card."""
        save_text(self.card, text)

    def save_skipped(self, recognizer: Mapping[str, Any], reason: str) -> None:
        """Write measured.json and training.json that say why there is no model; ``recognizer``: what else is known."""
        save_json(self.path / TRAINING, {SKIPPED: reason})
        self.save_measured({**recognizer, SKIPPED: reason})

    def copy_training(self, trained: Path) -> None:
        """Copy how the training went from the folder of the trained weights: training.json and the curves."""
        for source in (trained / TRAINING, trained / CURVES):
            files = [source] if source.is_file() else sorted(file for file in source.rglob("*") if file.is_file())
            if not files:
                raise InputError(f"{source}: not there; train the recogniser again")
            for file in files:
                with writing(self.path / file.relative_to(trained)) as partial:
                    partial.write_bytes(file.read_bytes())

    def release(self, target: Path, precision: Precision, card: str, beside: Sequence[Path] = ()) -> None:
        """Write one model file, and its step, into the folder ``target``, with a manifest of that file alone, the given
        card, and the files ``beside`` it, which lie in this folder or below."""
        manifest, released = self.manifest, ExportFolder(target)
        for source in (*(self.path / entry.name for entry in _entries(manifest, precision)), *beside):
            copy = target / source.relative_to(self.path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        released._save_manifest(manifest.only([precision]))
        released.save_card(card)

    def _save_files(self, contents: Mapping[Precision, ModelContent], stem: str) -> dict[Precision, ModelFile]:
        files: dict[Precision, ModelFile] = {}
        for precision, (graph, temperature) in contents.items():
            name = model_name(precision, stem)
            with writing(self.path / name) as partial:
                partial.write_bytes(graph)
            sha256 = hashlib.sha256(graph).hexdigest()
            files[precision] = ModelFile(name=name, sha256=sha256, temperature=temperature)
        return files

    def _save_manifest(self, manifest: Manifest) -> None:
        save_json(self.path / LABELS, manifest.plain())


def _entries(manifest: Manifest, precision: Precision) -> list[ModelFile]:
    """The file of this precision, and its step where it has one."""
    step = manifest.steps.get(precision)
    return [manifest.files[precision], *([step] if step else [])]


def _faults(error: ValidationError) -> str:
    found = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
    return "; ".join(found[:3]) + ("; …" if len(found) > 3 else "")
