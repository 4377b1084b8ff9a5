"""This package with a graph of small stages in place of its own, which the real DVC runs within seconds."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.checkout import ROOT
from tests.func.small_repository import SmallRepository

GRAPH = """
stages:
  code:
    cmd: PYTHONPATH=src python -m glyphlens.stages.code --graph dvc.yaml --source src/glyphlens --out code
    deps: [src/glyphlens]
    params: [matrix]
    outs: [{code: {cache: false}}]
  first:
    cmd: PYTHONPATH=src python -m glyphlens.stages.first --own own --out data/first
    deps: [code/first.txt, own]
    params: [first, seed]
    outs: [data/first]
  learn:
    matrix: {recognizer: "${matrix.trained}"}
    cmd: PYTHONPATH=src python -m glyphlens.tracks.kanji.stages.learn --data data/first --out models/${item.recognizer}
    deps: ["code/learn@${item.recognizer}.txt", data/first]
    params: [learn]
    outs: ["models/${item.recognizer}"]
"""
PARAMS = """
seed: 1
matrix: {trained: [cnn], distilled: [], exported: []}
first: {count: 3, names: [a, b]}
learn: {lr: 0.1}
other: {unread: 1}
checkpoint: {resume: auto, minutes: 5}
machine: {workers: 1, batch_workers: 0}
"""
# A stage that waits shows that it runs, and goes on when it is let.
WAIT = """
def wait(name):
    if Path("wait-" + name).exists():
        Path("wait-" + name).rename("runs-" + name)
        while Path("runs-" + name).exists():
            time.sleep(0.02)
"""
FIRST = f'''"""first: text from a parameter and a word."""
import time
from pathlib import Path
from glyphlens.core.params import Section, load_params, load_seed
from glyphlens.stages import run_stage, stage_paths
from glyphlens.core.storage import save_text
from glyphlens.word import WORD
{WAIT}
class FirstParams(Section):
    count: int
    names: list[str]

def main(argv=None):
    paths = stage_paths(argv, "own", "out", sources=("own",))
    text = f"{{WORD * load_params(FirstParams, 'first').count}} {{load_seed()}} {{len(list(paths.own.iterdir()))}}"
    wait("first")
    save_text(paths.out, text)

if __name__ == "__main__":
    run_stage(main)
'''
LEARN = f'''"""learn: what stages that train do, without the training."""
import time
from pathlib import Path
from glyphlens.core.params import Section, load_params
from glyphlens.stages import run_stage, stage_paths
from glyphlens.core.storage import save_text
from glyphlens.training.run import training_run
{WAIT}
class LearnParams(Section):
    lr: float

def main(argv=None):
    paths = stage_paths(argv, "data", "out")
    params = load_params(LearnParams, "learn")
    with training_run("learn@" + paths.out.name, params.model_dump(), [paths.data]) as run:
        kept = run.folder / "finished.txt"
        print("read back" if kept.is_file() else "trained", flush=True)
        if not kept.is_file():
            wait("learn")
            save_text(kept, str(params.lr))
        save_text(paths.out, kept.read_text())

if __name__ == "__main__":
    run_stage(main)
'''
PATIENCE_S = 600


class TinyRepository(SmallRepository):
    """A git repository with a copy of the package in which stages can be edited."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.held: list[Held] = []

    @classmethod
    def build(cls, folder: Path) -> "TinyRepository":
        """The repository, committed, before its first run."""
        package = folder / "src/glyphlens"
        shutil.copytree(ROOT / "src/glyphlens", package, ignore=shutil.ignore_patterns("__pycache__"))
        for path in package.joinpath("stages").glob("*.py"):
            if path.name not in ("__init__.py", "code.py"):
                path.unlink()
        made = cls(folder)
        made.write("src/glyphlens/stages/first.py", FIRST)
        made.write("src/glyphlens/tracks/kanji/stages/learn.py", LEARN)
        made.write("src/glyphlens/word.py", 'WORD = "w"\n')
        made.write("dvc.yaml", GRAPH)
        made.write("params.yaml", PARAMS)
        made.write("own/mine.txt", "mine")
        made.write(".gitignore", "/data\n/models\n/checkpoints\n/wait-*\n/runs-*\n__pycache__/\n")
        made.write(".dvcignore", "__pycache__/\n")
        made.git("init", "--quiet", "--initial-branch", "main")
        made.dvc("init", "--quiet")
        made.commit("tiny")
        return made

    def environment(self, *, fresh: bool = False) -> dict[str, str]:
        """Whatever it starts is forked."""
        return super().environment()

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        text = (self.folder / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def read(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def start_and_hold(self, stage: str, *command: str) -> "Held":
        """Start a command; returns when the stage has read its parameters and waits."""
        self.write(f"wait-{stage}", "")
        process = self.start(*command)
        self.held.append(Held(process, self.folder / f"runs-{stage}"))
        deadline = time.monotonic() + PATIENCE_S
        while not (self.folder / f"runs-{stage}").exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self.held[-1]


@dataclass(frozen=True)
class Held:
    """A command whose stage waits."""

    process: "subprocess.Popen[str]"
    mark: Path

    def go_on(self) -> tuple[int, str]:
        """Let the stage end; the command's exit status and what it said."""
        self.mark.unlink()
        told, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, told

    def end(self) -> None:
        """Kill what a failed test left."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
