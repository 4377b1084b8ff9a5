"""The project as a git repository of its own, with a few fonts, small networks and lenient gates."""

import os
import re
import shutil
import subprocess
import sys
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from dvc.repo import Repo
from ruamel.yaml import YAML

from tests.checkout import copy_of_the_checkout
from tests.conftest import COMPANION_PACKAGES, ICON_PACKAGES, few_packages
from tests.func.small_params import small_params
from tests.preloaded import python

DEFAULT_RUN = ("dvc.lock", "code", "metrics", "models/*/release")  # what is in git of it belongs to other data


class SmallRepository:
    """A git repository in which ``dvc`` runs with the code that it holds; ``tracked``: trainings are told to MLflow."""

    def __init__(self, folder: Path, tracked: bool = False) -> None:
        self.folder, self.tracked = folder, tracked

    @classmethod
    def make(cls, folder: Path, packages: Path) -> "SmallRepository":
        """The files of this checkout with small parameters and these font packages, committed."""
        copy_of_the_checkout(folder)
        shutil.copytree(packages, folder / "data/packages", dirs_exist_ok=True)
        beside = folder / "data/companion_packages"
        shutil.rmtree(beside)
        few_packages(beside, COMPANION_PACKAGES, ICON_PACKAGES, "data/companion_packages")
        for path in [path for name in DEFAULT_RUN for path in folder.glob(name)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        made = cls(folder)
        made.set(small_params())
        made.git("init", "--quiet", "--initial-branch", "main")
        made.commit("the project, small")
        return made

    def clone(self, folder: Path) -> "SmallRepository":
        """A fresh clone, with a cache of its own that is empty."""
        self.git("clone", "--quiet", str(self.folder), str(folder))
        return SmallRepository(folder)

    def second_workspace(self, folder: Path) -> "SmallRepository":
        """A clone that shares the cache, with everything checked out, and tracked."""
        made = self.clone(folder)
        made.tracked = True
        with Repo(str(self.folder)) as repo:
            cache = repo.cache.local_cache_dir
        (folder / ".dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n", encoding="utf-8")
        made.dvc("checkout")
        return made

    def params(self) -> Any:
        return YAML().load((self.folder / "params.yaml").read_text(encoding="utf-8"))

    def set(self, changes: dict[str, Any]) -> None:
        """Change values of params.yaml by dotted name; a name that it does not have is a mistake of this test."""
        params = self.params()
        for name, value in changes.items():
            *sections, key = name.split(".")
            place = reduce(getitem, sections, params)
            assert key in place, name
            place[key] = value
        with (self.folder / "params.yaml").open("w", encoding="utf-8") as handle:
            YAML().dump(params, handle)

    def git(self, *arguments: str) -> str:
        return self._run("git", *arguments, fresh=True).stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def dvc(self, *arguments: str, fresh: bool = False) -> str:
        """Its output; an error fails the test and shows what DVC said. ``fresh``: see ``environment``."""
        return self._run("dvc", *arguments, fresh=fresh).stdout

    def dvc_fails(self, *arguments: str) -> str:
        """Output and errors of a command that has to fail."""
        answer = self._run("dvc", *arguments, fails=True)
        return answer.stdout + answer.stderr

    def glyphlens(self, *arguments: str) -> str:
        """Output of our own command."""
        return self._run("python", "-m", "glyphlens.cli", *arguments).stdout

    def glyphlens_fails(self, *arguments: str) -> str:
        """Output of our own command where its exit status is not 0."""
        return self._run("python", "-m", "glyphlens.cli", *arguments, fails=True).stdout

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """A program of this environment, fresh in all that it starts, in a process group of its own.

        Its output and errors come together.
        """
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(fresh=True),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def environment(self, *, fresh: bool = False) -> dict[str, str]:
        """As after activating the environment; a stage runs the code of its own workspace.

        Stages and our command are forked by the server of tests/preloaded.py, or, if ``fresh``, started as users do it.
        """
        programs = [Path(sys.executable).parent] if fresh else [python().parent, Path(sys.executable).parent]
        path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
        identity = {f"GIT_{role}_{key}": "t@localhost" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        tracking = {"GLYPHLENS_TRACKING": "on" if self.tracked else "off", "MLFLOW_TRACKING_URI": ""}
        return os.environ | identity | tracking | {"PATH": path, "PYTHONPATH": "src"}

    def _run(self, *command: str, fails: bool = False, fresh: bool = False) -> "subprocess.CompletedProcess[str]":
        answer = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(fresh=fresh),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        told = f"{' '.join(command)}:\n{answer.stdout[-3000:]}\n{answer.stderr[-6000:]}"
        assert (answer.returncode != 0) == fails, told
        return answer

    def stages(self) -> dict[str, Any]:
        return self._document("dvc.yaml")

    def lock(self) -> dict[str, Any]:
        return self._document("dvc.lock")

    def status(self) -> dict[str, Any]:
        """What DVC would run again, and why."""
        status: dict[str, Any] = YAML(typ="safe").load(self.dvc("status", "--json"))
        return status

    def _document(self, name: str) -> dict[str, Any]:
        stages: dict[str, Any] = YAML(typ="safe").load((self.folder / name).read_text("utf-8"))["stages"]
        return stages


def ran(output: str) -> list[str]:
    """The stages that were run, by DVC's output."""
    return re.findall(r"Running stage '([\w@]+)'", output)
