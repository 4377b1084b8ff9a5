"""What scan_stopping leaves of each recogniser in a folder of its name, for the gate and the evaluation.

``stopping.json``  the rule
``proposed.npy``   (L,) the thresholds before they were tested
``measured.json``  the recogniser's metrics
``test``, ``calibration``   answers after every line (``LineAnswers``)
"""

from pathlib import Path

from glyphlens.core.errors import InputError
from glyphlens.inference.folder import LABELS, ExportFolder

PROPOSED, TEST, CALIBRATION = "proposed.npy", "test", "calibration"


def exported_names(folder: Path) -> list[str]:
    """The exported recognisers below a folder, sorted; raises InputError where there is none."""
    found = sorted(path.parent.name for path in folder.glob(f"*/{LABELS}"))
    if not found:
        raise InputError(f"{folder}: no exported recogniser there; run `dvc repro scan_export`")
    return found


def used_file(export: Path) -> Path:
    """The file that is used, released and calibrated."""
    manifest = ExportFolder(export).manifest
    return export / manifest.files[manifest.used_precision].name
