"""What the trackers cost a training: its curve files, and its record, sent to MLflow at the end."""

import random
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ratio import Ratio, timed
from glyphlens.core.storage import load_json
from glyphlens.tracking.client import open_client
from glyphlens.tracking.curve_files import CurveFiles
from glyphlens.tracking.outbox import post, waiting
from glyphlens.tracking.record import RunRecord

TRAININGS = Path("models/kanji")
SHARE = 0.03
TRAIN_POINTS, VALIDATIONS = 100, 77  # of phase 2


def curves() -> list[tuple[int, str, float]]:
    """The training loss, and three numbers of every validation."""
    values = random.Random(0)
    names = ["train_loss"] * TRAIN_POINTS + ["val_loss", "val_top1", "val_top5"] * VALIDATIONS
    return [(step, name, round(values.random(), 6)) for step, name in enumerate(names)]


def track(rows: list[tuple[int, str, float]]) -> None:
    """All that a training does which it would not do without a tracker."""
    files = CurveFiles(Path("curves"))
    files.open()
    for row in rows:
        files.log(*row)
    files.close()
    metrics = {"val_top1": 0.8, "val_top5": 0.9}
    post(RunRecord("phase2", {"lr": 0.003}, {"data": "0" * 64}, "0" * 64, 60.0, rows, metrics))
    if waiting():
        raise AssertionError("tracking: MLflow did not take the record")


def measure() -> list[Ratio]:
    """Against the share of the shortest training that is allowed.

    The best of three: torch is imported and MLflow's database there, as when a training ends that is not the first.
    """
    seconds = {path.parent.name: load_json(path)["seconds"] for path in TRAININGS.glob("*/training.json")}
    shortest = min(seconds, key=seconds.__getitem__)
    rows = curves()
    with TemporaryDirectory() as folder, chdir(folder):
        open_client()
        cost_s, _ = timed(lambda: track(rows), repeats=3)
    note = f"{cost_s / seconds[shortest]:.1%} of the {seconds[shortest]:.0f} s of {shortest}; {len(rows)} points"
    return [Ratio(f"tracking: {SHARE:.0%} of a training", SHARE * seconds[shortest], cost_s, 1.0, note)]
