"""Which image files a folder of descriptions belongs to: ``models.json`` in it names both sides by SHA-256.

The embeddings of a text encoder lie in the space of the image tower that it was trained with, and of no other.
"""

from collections.abc import Iterable
from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_file
from glyphlens.tracks.zero_shot.descriptions.encoder import FILES, FOLDER

MODELS = "models.json"
AGAIN = "export both again with `dvc repro zero_shot_export`"


def save_belonging(models: Iterable[Path]) -> None:
    """Write models.json for the descriptions beside image files of one folder."""
    files = list(models)
    place = files[0].with_name(FOLDER)
    content = {
        "models": {file.name: sha256_file(file) for file in files},
        "files": {name: sha256_file(place / name) for name in FILES},
    }
    save_json(place / MODELS, content)


def require_belonging(model: Path) -> None:
    """Raise InputError where the descriptions beside an image file are another's; older exports do not say whose."""
    place = model.with_name(FOLDER)
    if not place.is_dir():
        raise InputError(f"{place}: missing; without descriptions {model} knows no other classes than its own")
    if not (place / MODELS).is_file():
        return
    content = load_json(place / MODELS)
    try:
        models, files = dict(content["models"]), dict(content["files"])
    except (TypeError, ValueError, LookupError) as error:
        raise InputError(f"{place / MODELS}: not a list of models and files ({error!r}); {AGAIN}") from error
    if models.get(model.name) != sha256_file(model):
        raise InputError(f"{place}: the text encoder of another model than {model}; {AGAIN}")
    for name in FILES:
        if not (place / name).is_file():
            raise InputError(f"{place / name}: missing; {AGAIN}")
        if files.get(name) != sha256_file(place / name):
            raise InputError(f"{place / name}: not the file that {MODELS} lists for {model.name}; {AGAIN}")
