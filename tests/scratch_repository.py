"""A small git repository with the files that a comparison reads, made in code."""

import json
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

EVALUATE, CNN, GATE = "metrics/arabic/evaluate.json", "metrics/kanji/cnn.json", "metrics/gates/glyphs.json"
CARD = "models/kanji/release/README.md"
METRICS = {
    EVALUATE: {"test_top1": 0.85, "macro_f1": 0.84, "ece": 0.02, "samples": 10_000},
    CNN: {"test_top1": 0.95, "int8_mb": 0.65},
    GATE: {"checks": 34, "passed": 33, "warned": 1, "failed": 0},
}
PARAMS = {
    "phase2": {"lr": 0.003, "widths": [1, 2]},
    "compare": {"guarded": {EVALUATE: {"test_top1": 0.005}, "metrics/kanji/*.json": {"int8_mb": 0.1}}},
}
CARD_TEXT = """# A card

| | name |
|---|---|
| input | `raster` |

| file | precision | MB | test top-1 | ms a glyph, batch 1 |
|---|---|---|---|---|
| `models/a/fp32.onnx` | fp32 | 10.44 | 85.43 % | {ms} |
| `models/a/int8.onnx` | int8 | 2.78 | 85.41 % | 0.346 |

Words.
"""


class Repository:
    """A git repository in a folder; ``write`` and ``commit`` make its history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        for key, value in {"user.name": "t", "user.email": "t@localhost", "commit.gpgsign": "false"}.items():
            self.git("config", key, value)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, path: str, content: Any) -> None:
        """Text as it is; a mapping as JSON or YAML, by the name."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            target.write_text(content, encoding="utf-8")
        elif target.suffix == ".json":
            target.write_text(json.dumps(content), encoding="utf-8")
        else:
            YAML().dump(content, target)

    def change(self, path: str, **values: Any) -> None:
        """Set keys of a JSON or YAML mapping."""
        content = YAML(typ="safe").load((self.folder / path).read_text(encoding="utf-8"))
        self.write(path, content | values)

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def stage(deps: dict[str, str], outs: dict[str, str], params: dict[str, Any], command: str = "run") -> dict[str, Any]:
    """An entry of dvc.lock."""
    entries = {
        kind: [{"path": path, "hash": "md5", "md5": md5, "size": 1} for path, md5 in hashes.items()]
        for kind, hashes in (("deps", deps), ("outs", outs))
    }
    return {"cmd": command, **entries, "params": {"params.yaml": params}}


def lock(learning_rate: float = 0.003, code: str = "c0", model: str = "m0") -> dict[str, Any]:
    """A dvc.lock of three stages, of which the last reads what the second writes."""
    stages = {
        "glyphs": stage({"data/packages": "d0"}, {"data/glyphs": "g0"}, {}),
        "phase2": stage(
            {"data/glyphs": "g0", "src/a.py": code}, {"models/p": model}, {"phase2": {"lr": learning_rate}}
        ),
        "kanji@cnn": stage({"models/p": model}, {CNN: "k0"}, {}),
    }
    return {"schema": "2.0", "stages": stages}


def project(folder: Path) -> Repository:
    """A repository with one commit that has metrics, parameters, a dvc.lock and a model card."""
    made = Repository(folder)
    for path, metrics in METRICS.items():
        made.write(path, metrics)
    made.write("params.yaml", PARAMS)
    made.write("dvc.lock", lock())
    made.write(CARD, CARD_TEXT.format(ms="0.790"))
    made.commit("base")
    return made
