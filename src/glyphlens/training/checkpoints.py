"""Where an interrupted training is kept: outside the stages' outputs, under the hash of config, data and code."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import glyphlens
from glyphlens.storage import sha256_tree

ROOT_VARIABLE = "GLYPHLENS_CHECKPOINTS"
CODE = ("recognizers", "training")


def checkpoint_folder(stage: str, config: dict[str, Any], *data: Path) -> Path:
    """``<root>/<stage>/<key>``; a run of another configuration, other data or other code has another key.

    The root is ``$GLYPHLENS_CHECKPOINTS`` (absolute, for queued and temporary experiments) or ``checkpoints``.
    """
    package = Path(glyphlens.__file__).parent
    parts = [json.dumps(config, sort_keys=True), *(sha256_tree(path) for path in data)]
    parts += [source.read_text(encoding="utf-8") for name in CODE for source in sorted((package / name).glob("*.py"))]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return Path(os.environ.get(ROOT_VARIABLE, "checkpoints")).absolute() / stage / key
