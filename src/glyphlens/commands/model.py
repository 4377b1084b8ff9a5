"""The recogniser behind the commands: the released ONNX file of this repository, or one named on the command line."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import ValidationError

from glyphlens.errors import InputError
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.inference import LABELS_FILE, Recognizer
from glyphlens.params import Section

if TYPE_CHECKING:
    from glyphlens.imaging.handwriting import HandwritingParams

ARABIC, JAPANESE = "arabic", "japanese"
EXPORTS = {ARABIC: "export", JAPANESE: "kanji_export"}  # the stage that makes a model of the script
RELEASE = Path("models/arabic/release")
REPOSITORY = Path(__file__).parents[3]
REGISTERED = "models:"  # begins the address of a model in MLflow's registry


def open_model(path: Path | None, threads: int | None) -> Recognizer:
    """Load the model at ``path`` (a folder, an .onnx file, models:/<name>@<alias>), by default the released one.

    Raises InputError where there is none, OutputError where MLflow cannot be asked.
    """
    chosen = path or released_model()
    if chosen.parts[:1] == (REGISTERED,):
        return _open_registered(chosen, threads)
    if not chosen.exists():
        raise InputError(
            f"{chosen}: no such model; --model takes an .onnx file, or its folder, with labels.json beside it, or "
            "models:/<name>@<alias>"
        )
    return Recognizer.load(chosen, threads=threads)


def _open_registered(address: Path, threads: int | None) -> Recognizer:
    """A model of the registry; its path is its address and the name of its file there."""
    from glyphlens.tracking.versions import fetch

    with TemporaryDirectory() as folder:
        recognizer = Recognizer.load(fetch(address.as_posix(), Path(folder)), threads=threads)
    return replace(recognizer, path=address / recognizer.path.name)


def released_model() -> Path:
    """The released model below the working folder or beside the installed sources; raises InputError."""
    for root in (Path(), REPOSITORY):
        if any((root / RELEASE).glob("*.onnx")):
            return root / RELEASE
    raise InputError(
        f"{RELEASE}: no model there; it comes with the repository (`git checkout -- {RELEASE}`) and is made by "
        "`dvc repro evaluate`; another one can be given with --model"
    )


def drawing_rule(recognizer: Recognizer) -> DiacriticRule:
    """How the model's training glyphs were scaled; raises InputError where its label map does not say."""
    if script_of(recognizer) != ARABIC:
        raise InputError(f"{recognizer.path}: reads {script_of(recognizer)}, not the glyphs of Arabic fonts")
    try:
        return DiacriticRule.model_validate({name: recognizer.rule.get(name) for name in DiacriticRule.model_fields})
    except ValidationError as error:
        raise _bad_rule(recognizer, DiacriticRule) from error


def script_of(recognizer: Recognizer) -> str:
    """The script of the model's classes as its label map names it; a map that says nothing is Arabic."""
    return str(recognizer.description.get("script", ARABIC))


def handwriting_rule(recognizer: Recognizer) -> "HandwritingParams":
    """How the pictures of a Japanese model were prepared; raises InputError where its label map does not say."""
    from glyphlens.imaging.handwriting import HandwritingParams

    try:
        return HandwritingParams.model_validate(recognizer.rule)
    except ValidationError as error:
        raise _bad_rule(recognizer, HandwritingParams) from error


def _bad_rule(recognizer: Recognizer, expected: type[Section]) -> InputError:
    return InputError(
        f"{recognizer.path.with_name(LABELS_FILE)}: 'rule' is {recognizer.rule}, expected "
        f"{', '.join(expected.model_fields)}; run `dvc repro {EXPORTS[script_of(recognizer)]}` again"
    )
