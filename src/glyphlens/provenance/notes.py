"""What a running stage is made from: its code, as the stage ``code`` listed it."""

import os
import sys
from pathlib import Path

import glyphlens
from glyphlens.errors import InputError
from glyphlens.provenance.closures import CODE_STAGE, SourceTree, changed_files, code_file, listed

NAMED = 3  # files in a message


def running_stage() -> str:
    """The stage that DVC runs (``kanji@cnn``), else that of the module which is run."""
    address = os.environ.get("DVC_STAGE", "")  # of a stage of another folder: ../dvc.yaml:kanji@cnn
    return address.rpartition(":")[2] or Path(sys.argv[0]).stem


def require_listed_code(stage: str) -> None:
    """Raise InputError unless the stage's file below ``code``, where it has one, lists the code that runs now."""
    file = code_file(stage)
    if stage == CODE_STAGE or not file.is_file():
        return
    running = SourceTree(Path(glyphlens.__file__).parent).code(stage)
    if changed := changed_files(listed(file.read_text(encoding="utf-8")), running):
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        raise InputError(
            f"{file}: not the code that would run ({', '.join(changed[:NAMED])}{more}), so dvc.lock would record the "
            f"wrong one; run `dvc repro {stage}` without --single-item, or `dvc repro {CODE_STAGE}` first"
        )
