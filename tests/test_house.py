"""The lock fits what is declared and imported, set-up names what is missing, and nothing private is in git."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from glyphlens.review.drift import find_drift
from tests.checkout import ROOT, committed, copy_of_the_checkout
from tests.scratch_repository import Repository

# Used, but not through an import: by fonttools for woff2, by pandas for Parquet, by torch.onnx.export, as commands.
USED_OTHERWISE = {"brotli", "pyarrow", "onnxscript", "dvc", "mypy", "pre-commit", "psycopg", "ruff"}
USED_OTHERWISE |= {"pandas-stubs", "pytest-xdist"}
# Modules of extras that nobody needs to install, and what brings them.
EXTRAS = {"faiss": "faiss-cpu"}
BINARY = {".npy", ".npz", ".onnx", ".png", ".safetensors", ".woff2"}
# What torch's CUDA build brings along; the machine's package index decides which build it is.
CUDA_BUILD = ("nvidia-", "cuda-", "triton")
OTHER_RUNTIME = "cpu"  # the extra of the package that would write over onnxruntime-gpu


@cache
def lock() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)", line) for line in lines]
    assert all(pins), f"not an exact pin: {[line for line, pin in zip(lines, pins, strict=True) if not pin]}"
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


@cache
def direct() -> tuple[Requirement, ...]:
    """What the set-up installs: everything but the runtime of machines that have another one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    texts = [text for extra in extras if extra != OTHER_RUNTIME for text in extras[extra]]
    named = map(Requirement, project["dependencies"] + texts)
    return tuple(requirement for requirement in named if requirement.name not in EXTRAS.values())


def needed() -> set[str]:
    """Names of the direct dependencies and of all that they need here, extras included."""
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement.name, extra) for requirement in direct() for extra in ("", *requirement.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (canonicalize_name(name), extra) in seen:
            continue
        seen.add((canonicalize_name(name), extra))
        for requirement in map(Requirement, requires(name) or []):
            if name == "torch" and requirement.name.startswith(CUDA_BUILD):
                continue
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(requirement.name, other) for other in ("", *requirement.extras)]
    return {name for name, _ in seen}


# ── what is installed ────────────────────────────────────────────────────────────────────────
def test_the_lock_is_sorted_and_complete() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    names = [line.partition("==")[0] for line in lines]
    assert sorted(names, key=canonicalize_name) == names
    # setuptools comes with the virtual environment.
    assert needed() - {"setuptools", "pip"} == set(lock())


def test_what_is_installed_is_what_is_locked() -> None:
    def installed(name: str) -> str:
        try:
            return version(name).split("+")[0]
        except PackageNotFoundError:
            return "missing"

    found = {name: installed(name) for name in lock()}
    assert {name: pin for name, pin in found.items() if pin != lock()[name]} == {}, "run `make setup`"


def test_imports_are_declared_and_declarations_used() -> None:
    imported: set[str] = set()
    for folder in ("src", "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    imported.add(node.module.split(".")[0])
    third_party = imported - set(sys.stdlib_module_names) - {"glyphlens", "benchmarks", "tests"}
    owners = packages_distributions()
    # Several packages may bring one module, as mlflow and mlflow-skinny do: one of them is to be declared.
    used = [
        {canonicalize_name(name) for name in owners.get(module, [EXTRAS.get(module, module)])} for module in third_party
    ]
    declared = {canonicalize_name(requirement.name) for requirement in direct()} | set(EXTRAS.values())
    # `packaging` reads pins in this very test and comes with pytest.
    undeclared = [names for names in used if not names & (declared | {"packaging"})]
    assert undeclared == [], "declare it in pyproject.toml and pin it in requirements.lock"
    assert declared - set().union(*used) - USED_OTHERWISE == set(), "declared, but nothing imports it"


# ── the two commands ─────────────────────────────────────────────────────────────────────────
def make(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    make_path = shutil.which("make")
    assert make_path, "make is missing (Debian: apt-get install make)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | {"PATH": path}
    return subprocess.run(
        [make_path, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def tools_folder(folder: Path, *names: str) -> str:
    folder.mkdir()
    for name in ("bash", *names):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return str(folder)


def python_link(folder: Path) -> str:
    """A `python3` that works from any PATH: this interpreter's base."""
    script = folder / "python3"
    script.write_text(f'#!/bin/sh\nexec "{Path(sys.base_prefix) / "bin/python3"}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def test_the_targets_of_the_readme_exist() -> None:
    listed = make("help", path=os.environ["PATH"]).stdout
    for target in ("repro", "smoke", "test", "test-all", "setup", "lint", "bench", "clean"):
        assert f"make {target}" in listed


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    answer = make("tools", path=tools_folder(tmp_path / "bin"))
    assert answer.returncode != 0
    assert "python3 is missing" in answer.stderr
    assert "apt-get install" in answer.stderr


def test_an_old_python_is_named_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n', encoding="utf-8")
    old.chmod(0o755)
    answer = make("tools", f"PYTHON={old}", path=os.environ["PATH"])
    assert answer.returncode != 0
    assert "Python 3.9.2 is too old" in answer.stderr


def test_a_missing_git_is_named(tmp_path: Path) -> None:
    answer = make("tools", f"PYTHON={python_link(tmp_path)}", path=tools_folder(tmp_path / "bin"))
    assert answer.returncode != 0
    assert "git is missing" in answer.stderr


def test_a_missing_npm_is_named_but_does_not_stop(tmp_path: Path) -> None:
    """A font folder that is already there, or one's own fonts, need no npm."""
    answer = make("tools", f"PYTHON={python_link(tmp_path)}", path=tools_folder(tmp_path / "bin", "git"))
    assert answer.returncode == 0, answer.stderr
    assert "npm is missing" in answer.stderr


def test_ci_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert re.search(r"lint\n.*test\n$", script.read_text(encoding="utf-8"))
    workflow = YAML(typ="safe").load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    for step in steps:
        assert "uses" not in step or re.search(r"@[0-9a-f]{40}$", step["uses"]), f"not pinned: {step}"


def test_hooks_need_no_network() -> None:
    hooks = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repository["repo"] for repository in hooks["repos"]} == {"local"}
    assert {hook["language"] for repository in hooks["repos"] for hook in repository["hooks"]} == {"system"}
    entries = [hook["entry"] for repository in hooks["repos"] for hook in repository["hooks"]]
    named = {word for entry in entries for word in entry.split() if word.startswith("tests/")}
    assert named and not {word for word in named if not (ROOT / word).exists()}


# ── what is in git ───────────────────────────────────────────────────────────────────────────
def test_no_committed_file_names_this_machine_or_a_registry() -> None:
    registries = r"https?://[^\s\"']*(?:pypi|npmjs|pythonhosted|debian\.org)"
    private = re.compile(rf"{registries}|/home/\w+/|/Users/\w+/|/root/|/work/|(?<![\w$.])/tmp/\w")
    found = []
    for path in committed():
        if path.resolve() == Path(__file__).resolve() or path.suffix in BINARY:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if private.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {path.stem for path in committed() if path.suffix == ".py"}
    assert not names & {"util", "utils", "helper", "helpers", "misc", "common"}


def test_no_large_file_is_committed() -> None:
    limit_mib = 8
    large = {str(path.relative_to(ROOT)) for path in committed() if path.stat().st_size > limit_mib << 20}
    assert not large


def test_a_clone_with_windows_line_ends_has_the_same_bytes(tmp_path: Path) -> None:
    copy_of_the_checkout(tmp_path / "copy")
    made = Repository(tmp_path / "copy")
    made.commit()
    for name, ends in (("plain", "false"), ("windows", "true")):
        made.git("clone", "--quiet", "--config", f"core.autocrlf={ends}", str(made.folder), str(tmp_path / name))
    names = made.git("ls-files", "-z").split("\0")[:-1]
    changed = [
        name for name in names if (tmp_path / "windows" / name).read_bytes() != (made.folder / name).read_bytes()
    ]
    assert changed == []
    assert find_drift(tmp_path / "windows") == find_drift(tmp_path / "plain")


@pytest.mark.parametrize("suffix", ["onnx", "png", "woff2", "parquet", "npy", "safetensors", "db"])
def test_data_is_never_taken_for_text(suffix: str) -> None:
    asked = ["git", "check-attr", "text", "diff", "--", f"somewhere/of.{suffix}"]
    answer = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.rpartition(": ")[2] for line in answer.splitlines()] == ["unset", "unset"]


@pytest.mark.parametrize("name", ["data/.table.1.partial", ".mlflow.db.1.partial", ".mlflow.db.1.partial-journal"])
def test_what_a_killed_program_leaves_is_not_in_git(name: str) -> None:
    assert subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0
