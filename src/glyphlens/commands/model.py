"""The recogniser behind the commands: the released ONNX file of this repository, or one named on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import is_there
from glyphlens.inference.folder import LABELS, MODELS, ExportFolder
from glyphlens.inference.prototypes import prototypes_file
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks import Track, flagship, line_track

if TYPE_CHECKING:
    from glyphlens.inference.line_reader import LineReader

RELEASES = "models/*/release"  # the star is the release's name
REPOSITORY = Path(__file__).parents[3]
INSTALLED = Path(__file__).parents[1] / "released"  # of the package, a folder per release; setup.py fills it
READ_BY = {"lines": "scan", "ctc": "read", "attention": "read"}  # the command for models that read no single picture
REGISTERED = "models:"  # begins the address of a model in MLflow's registry


def open_model(path: Path | None, threads: int | None) -> Recognizer:
    """Load the model at ``path``: a release's name, a folder, an .onnx file or models:/<name>@<alias>.

    By default the flagship's release. Raises InputError where there is none, OutputError where MLflow cannot be asked.
    """
    with located_model(path, flagship()) as place:
        _require_pictures(place)
        recognizer = Recognizer.load(place, threads=threads)
    # one of the registry is called by its address and the name of its file there
    return replace(recognizer, path=path / recognizer.path.name) if path and _is_registered(path) else recognizer


def _require_pictures(place: Path) -> None:
    """Raise InputError for a model of another kind, naming the command that it is for."""
    folder = ExportFolder(place if place.is_dir() else place.parent)
    try:
        decoder = folder.manifest.decoder
    except InputError:
        return  # whoever opens the model says what is wrong
    if decoder in READ_BY:
        raise InputError(f"{shown(place)}: its decoder is '{decoder}'; use glyphlens {READ_BY[decoder]}")


def open_line_reader(path: Path | None, threads: int) -> "LineReader":
    """The same for models that read lines, by default the release of their track."""
    from glyphlens.inference.line_reader import LineReader

    with located_model(path, line_track()) as place:
        return LineReader.load(place, threads=threads, decoding="beam")


@contextmanager
def located_model(path: Path | None, track: Track) -> Iterator[Path]:
    """The folder or file of a model, as ``find_model`` finds it; one of the registry is fetched for the block."""
    if path is None or not _is_registered(path):
        yield find_model(path, track)
        return
    from glyphlens.tracking.versions import fetch

    with TemporaryDirectory() as folder:
        yield fetch(path.as_posix(), Path(folder))


def find_model(path: Path | None, track: Track) -> Path:
    """The folder or file of a model, by default the release of ``track``; raises InputError where there is none."""
    is_found = path is not None and is_there(path)
    if path is not None and is_found and (path.is_file() or any(path.glob("*.onnx"))):
        return path
    released, name = releases(), str(path or track.name)
    if name in released:
        return released[name]
    if path is not None and is_found:
        return path
    if path is None:
        raise InputError(
            f"{track.release}: no model there; it comes with the repository (`git checkout -- models`) and is "
            f"made by `dvc repro {track.final_stage}`; another one can be given with --model"
        )
    raise InputError(
        f"{name}: no such model; --model takes the name of a release ({', '.join(released) or 'none is here'}), an "
        ".onnx file, or its folder, with labels.json beside it, or models:/<name>@<alias>"
    )


def model_files(recognizer: Recognizer) -> list[Path]:
    """The files that it was read from: model, label map, and prototypes where it has some."""
    prototypes = [prototypes_file(recognizer.path)] if recognizer.prototypes is not None else []
    return [recognizer.path, recognizer.path.with_name(LABELS), *prototypes]


def releases() -> dict[str, Path]:
    """{name: folder} of the released models: those of the working folder before those of the repository that the
    sources lie in, and before those that were installed with the package."""
    found = {file.parent.name: file.parent for file in sorted(INSTALLED.glob(f"*/{MODELS}"))}
    for root in filter(is_there, (REPOSITORY, Path())):
        found |= {file.parent.parent.name: file.parent for file in sorted(root.glob(f"{RELEASES}/{MODELS}"))}
    return dict(sorted(found.items()))


def _is_registered(path: Path) -> bool:
    return path.parts[:1] == (REGISTERED,)
