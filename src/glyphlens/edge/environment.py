"""The environment of a target: its locked packages, apart from those of this project, with which some clash."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.storage import save_text

LOCKS, ENVIRONMENTS = Path("edge"), Path(".edge")  # below the root
STAMP, LOG = ".set-up", "set-up.log"
TAIL = 12  # lines of a log that a failure shows


class Target(NamedTuple):
    """Another runtime: its name in prose, what its converter reads (``onnx``; ``pt2``: a program that torch exported,
    ``pt``: one that it traced), the suffixes of what it writes, about how many GB its environment takes, and whether
    its files can be run where they are made; where not, the traced program is judged in the file's place."""

    title: str
    reads: str
    suffixes: tuple[str, ...]
    gigabytes: float
    runs_here: bool = True


TARGETS = {
    "openvino": Target("OpenVINO", "onnx", (".xml", ".bin"), 0.4),
    "litert": Target("LiteRT (TensorFlow Lite)", "pt2", (".tflite",), 1.9),
    "coreml": Target("Core ML", "pt", (".mlpackage",), 1.0, runs_here=False),
}


def environment_python(root: Path, target: str) -> Path:
    """The interpreter of a target's environment, which is made where it is missing or of another lock.

    Raises InputError without a lock, GlyphlensError where the packages cannot be installed.
    """
    lock, folder = root / LOCKS / f"{target}.lock", root / ENVIRONMENTS / target
    if not lock.is_file():
        raise InputError(f"{lock}: missing; run from the repository's root")
    python, stamp = folder / "bin/python", folder / STAMP
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not (python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == wanted):
        print(
            f"edge: installing {lock} into {folder} (minutes, {TARGETS[target].gigabytes} GB)",
            file=sys.stderr,
            flush=True,
        )
        stamp.unlink(missing_ok=True)
        _install(folder, lock)
        save_text(stamp, f"{wanted}\n")
    return python


def _install(folder: Path, lock: Path) -> None:
    log, python = folder / LOG, folder / "bin/python"
    pip = [str(python), "-m", "pip"]
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [*pip, "install", "--disable-pip-version-check", "--no-deps", "-r", str(lock)],
        [*pip, "check"],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if folder.is_dir():
            with log.open("a", encoding="utf-8") as handle:
                handle.write(done.stdout + done.stderr)
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL:])
            raise GlyphlensError(f"{lock}: cannot be installed into {folder}; the whole log is {log}\n{last}")
