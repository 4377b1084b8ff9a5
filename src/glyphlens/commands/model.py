"""The recogniser behind the commands: the released ONNX file of this repository, or one named on the command line."""

from pathlib import Path

from pydantic import ValidationError

from glyphlens.errors import InputError
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.inference import Recognizer

RELEASE = Path("models/arabic/release")
REPOSITORY = Path(__file__).parents[3]


def open_model(path: Path | None, threads: int | None) -> Recognizer:
    """Load the model at ``path`` (a folder or an .onnx file), by default the released one; raises InputError."""
    chosen = path or released_model()
    if not chosen.exists():
        raise InputError(
            f"{chosen}: no such model; --model takes an .onnx file, or its folder, with labels.json beside it"
        )
    return Recognizer.load(chosen, threads=threads)


def released_model() -> Path:
    """The released model below the working folder or beside the installed sources; raises InputError."""
    for root in (Path(), REPOSITORY):
        if any((root / RELEASE).glob("*.onnx")):
            return root / RELEASE
    raise InputError(
        f"{RELEASE}: no model there; it comes with the repository (`git checkout -- {RELEASE}`) and is made by "
        "`dvc repro export`; another one can be given with --model"
    )


def drawing_rule(recognizer: Recognizer) -> DiacriticRule:
    """How the model's training glyphs were scaled; raises InputError where its label map does not say."""
    try:
        return DiacriticRule.model_validate({name: recognizer.rule.get(name) for name in DiacriticRule.model_fields})
    except ValidationError as error:
        raise InputError(
            f"{recognizer.path.with_name('labels.json')}: 'rule' is {recognizer.rule}, expected "
            f"{', '.join(DiacriticRule.model_fields)}; run `dvc repro export` again"
        ) from error
