"""dvc.yaml, params.yaml and the code say the same: what is imported, what is read, what is wired."""

import ast
import importlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from glyphlens.params import Section, load_params, read_params
from glyphlens.recognizers.registry import params_model
from glyphlens.review.guards import SECTION as GUARDS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
GRAPH = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))


def expanded(name: str, stage: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A stage, or one of each item of its matrix (the first recogniser, where the list is empty by default)."""
    if "matrix" not in stage:
        return {name: stage}
    lists = GRAPH["vars"][0]["kanji"]
    items = lists[stage["matrix"]["recognizer"].removeprefix("${kanji.").removesuffix("}")] or lists["recognizers"][:1]
    text = json.dumps({key: value for key, value in stage.items() if key != "matrix"})
    return {f"{name}@{item}": json.loads(text.replace("${item.recognizer}", item)) for item in items}


STAGES = {name: stage for key, entry in GRAPH["stages"].items() for name, stage in expanded(key, entry).items()}
STAGE_MODULES = sorted(path.stem for path in (SOURCE / "glyphlens/stages").glob("*.py") if path.stem != "__init__")
every_stage = pytest.mark.parametrize("stage", sorted(STAGES))

# Imports point downwards (docs/DESIGN.md): a package may import from its own level and from those below.
LEVELS = (
    {"errors", "params", "storage", "shards", "curves"},
    {"samples", "splits", "sources", "imaging", "primitives"},
    {"recognizers"},
    {"evaluation", "training", "export", "gates", "tracking", "inference", "reading"},
    {"stages", "commands", "cli", "summary", "plots_page", "review"},
)


REGISTRY = SOURCE / "glyphlens/recognizers/registry.py"


# ── what the code imports ────────────────────────────────────────────────────────────────────
def module_file(name: str) -> Path | None:
    base = SOURCE.joinpath(*name.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def nodes_at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING``: types alone cannot change a result."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from nodes_at_run_time(child)


def imported_names(tree: ast.AST, package: str) -> Iterator[str]:
    for node in nodes_at_run_time(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def is_inert(tree: ast.Module) -> bool:
    """Only a docstring and constants such as ``__version__``: not worth re-running a stage for."""
    return all(isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Constant) for node in tree.body)


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def direct_imports(path: Path) -> frozenset[Path]:
    """Files of glyphlens that importing ``path`` runs, package __init__ files included."""
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    is_package = path.name == "__init__.py"
    package = name.removesuffix(".__init__") if is_package else name.rpartition(".")[0]
    found: set[Path] = set()
    for imported in {*imported_names(parse(path), package), package}:
        parts = imported.split(".")
        for end in range(1, len(parts) + 1):
            if parts[0] == "glyphlens" and (file := module_file(".".join(parts[:end]))):
                found.add(file)
    return frozenset(file for file in found if not (file.name == "__init__.py" and is_inert(parse(file))))


def hears_only(path: Path) -> bool:
    """Tracking is told of results and makes none, but for the files of curves, which are outputs."""
    return package_of(path) == "tracking" and path.name != "curve_files.py"


def read_by(stage: str) -> set[Path]:
    """Every source file that decides what a stage does."""
    modules = closure(stage_file(stage))
    if REGISTRY in modules:
        modules = modules.union(*(closure(SOURCE / f"glyphlens/recognizers/{name}.py") for name in by_name(stage)))
    return modules.union(*map(named_neighbours, modules))


def by_name(stage: str) -> list[str]:
    """Recognisers that a stage imports by name: those it trains or is taught by, else any."""
    base, _, item = stage.partition("@")
    trained = {"kanji": [item], "kanji_distilled": [item, "hybrid_rnn"]}
    return trained.get(base, GRAPH["vars"][0]["kanji"]["recognizers"])


def named_neighbours(path: Path) -> set[Path]:
    """Files beside a module that it names in a string, such as the template of a page."""
    strings = {
        node.value for node in ast.walk(parse(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    others = (entry for entry in path.parent.iterdir() if entry.is_file() and entry.suffix != ".py")
    return {entry for entry in others if entry.name in strings}


def closure(path: Path) -> set[Path]:
    seen, waiting = {path}, [path]
    while waiting:
        for file in direct_imports(waiting.pop()) - seen:
            if not hears_only(file):
                seen.add(file)
                waiting.append(file)
    return seen


def module_of(stage: str) -> str:
    return stage.partition("@")[0]


def stage_file(stage: str) -> Path:
    return SOURCE / "glyphlens/stages" / f"{module_of(stage)}.py"


# ── what dvc.yaml declares ───────────────────────────────────────────────────────────────────
def path_of(entry: str | dict[str, Any]) -> str:
    return entry if isinstance(entry, str) else next(iter(entry))


def declared(stage: str, *kinds: str) -> list[str]:
    return [path_of(entry) for kind in kinds for entry in STAGES[stage].get(kind, [])]


def options_of(entry: str | dict[str, Any]) -> dict[str, Any]:
    return {} if isinstance(entry, str) else next(iter(entry.values())) or {}


def command_options(stage: str) -> dict[str, str]:
    words = shlex.split(STAGES[stage]["cmd"])
    # A queued experiment runs the code of its own copy of the repository, not what is installed.
    called = ["PYTHONPATH=src", "python", "-m", f"glyphlens.stages.{module_of(stage)}"]
    assert words[:4] == called, f"{stage}: {STAGES[stage]['cmd']}"
    names, paths = words[4::2], words[5::2]
    assert len(names) == len(paths)
    assert all(name.startswith("--") for name in names)
    return dict(zip(names, paths, strict=True))


def lies_in(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def test_every_stage_is_a_module_and_every_module_a_stage() -> None:
    assert sorted(GRAPH["stages"]) == STAGE_MODULES


def test_stages_stand_in_the_order_of_the_data_flow() -> None:
    written: list[str] = []
    outputs = [path for stage in STAGES for path in declared(stage, "outs", "metrics")]
    for stage in STAGES:
        for path in declared(stage, "deps"):
            if lies_in(path, outputs):
                assert lies_in(path, written), f"{stage} reads {path}, which a later stage writes"
        written += declared(stage, "outs", "metrics")


@every_stage
def test_every_stage_says_what_it_does(stage: str) -> None:
    assert len(STAGES[stage].get("desc", "").split()) >= 4


@every_stage
def test_imported_modules_are_declared(stage: str) -> None:
    sources = [path for path in declared(stage, "deps") if path.startswith("src/")]
    used = {path.relative_to(ROOT).as_posix() for path in read_by(stage)}
    missing = sorted(path for path in used if not lies_in(path, sources))
    assert not missing, f"{stage}: add to deps in dvc.yaml: {missing}"


@every_stage
def test_declared_modules_are_imported(stage: str) -> None:
    used = set().union(*(read_by(other) for other in STAGES if module_of(other) == module_of(stage)))
    for path in (ROOT / path for path in declared(stage, "deps") if path.startswith("src/")):
        assert path.exists(), f"{stage}: {path} is not there"
        files = [file for file in path.rglob("*.py") if not is_inert(parse(file))] if path.is_dir() else [path]
        share = len(used & set(files)) / len(files)
        assert share > 0.5, f"{stage}: uses {share:.0%} of {path.relative_to(ROOT)}; declare only what it imports"


@every_stage
def test_declared_paths_are_told_to_the_stage(stage: str) -> None:
    """The command line names every output, and nothing that is not declared."""
    told = list(command_options(stage).values())
    inputs = [path for path in declared(stage, "deps") if not path.startswith("src/")]
    outputs = declared(stage, "outs", "metrics")
    undeclared = [path for path in told if path != TIMINGS and not lies_in(path, inputs + outputs)]
    assert [path for path in undeclared if not any(lies_in(output, [path]) for output in outputs)] == []
    assert [path for path in outputs if not lies_in(path, told)] == []


@every_stage
def test_nothing_depends_on_what_was_timed(stage: str) -> None:
    assert TIMINGS not in declared(stage, "deps", "outs", "metrics")


def test_metrics_are_those_of_stages() -> None:
    """Metrics in DVC's cache cannot be compared where they are not: in a fresh clone."""
    assert "metrics" not in GRAPH
    answer = subprocess.run(["git", "check-ignore", "-q", TIMINGS], cwd=ROOT, check=False).returncode
    assert answer == 1, f"{TIMINGS} belongs into git"


class Asked(Exception):
    """Raised in place of parsing, with the names that a stage asked for."""


@every_stage
def test_the_stage_takes_the_options_it_is_given(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(argv: object, *names: str) -> None:
        raise Asked(*names)

    module = importlib.import_module(f"glyphlens.stages.{module_of(stage)}")
    monkeypatch.setattr(module, "stage_paths", ask)
    with pytest.raises(Asked) as asked:
        module.main([])
    assert sorted(command_options(stage)) == sorted(f"--{name.replace('_', '-')}" for name in asked.value.args)


def test_outputs_are_written_by_one_stage_each() -> None:
    outputs = [path for stage in STAGES for path in declared(stage, "outs", "metrics")]
    assert sorted(outputs) == sorted(set(outputs))
    for path in outputs:
        assert not lies_in(path, [other for other in outputs if other != path]), f"{path} lies inside another output"


@every_stage
def test_metrics_are_kept_in_git(stage: str) -> None:
    for entry in STAGES[stage].get("metrics", []):
        assert options_of(entry).get("cache") is False, f"{stage}: {path_of(entry)} needs cache: false"


RELEASES = {"models/arabic/release": "evaluate", "models/kanji/release": "kanji_evaluate"}


@pytest.mark.parametrize("folder", RELEASES)
def test_a_release_is_written_behind_every_gate_of_its_track(folder: str) -> None:
    """DVC removes what a stage is about to write unless it persists: a run that fails must leave the release there."""
    [(stage, options)] = [
        (stage, options_of(entry)) for stage in STAGES for entry in STAGES[stage]["outs"] if path_of(entry) == folder
    ]
    assert stage == RELEASES[folder]
    assert options == {"cache": False, "persist": True}
    assert not [other for other in STAGES if lies_in(folder, declared(other, "deps"))]
    outputs = {path: other for other in STAGES for path in declared(other, "outs")}
    before, waiting = set(), [stage]
    while waiting:
        needed = {outputs[path] for path in declared(waiting.pop(), "deps") if path in outputs} - before
        before |= needed
        waiting += needed
    track = "kanji" if stage.startswith("kanji") else ""
    assert [gate for gate in STAGES if gate.startswith("gate_") and ("kanji" in gate) == bool(track)] == [
        gate for gate in STAGES if gate.startswith("gate_") and gate in before
    ]


def test_git_ignores_what_dvc_keeps_and_nothing_else() -> None:
    entries = [entry for stage in STAGES for kind in ("outs", "metrics") for entry in STAGES[stage].get(kind, [])]
    for entry in entries:
        # A file inside, because a pattern may name the folder's content.
        path = path_of(entry) if Path(path_of(entry)).suffix else f"{path_of(entry)}/file"
        answer = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode
        assert answer in (0, 1)
        assert (answer == 1) == (options_of(entry).get("cache") is False), f".gitignore and cache disagree on {path}"


# ── what the stages read of params.yaml ──────────────────────────────────────────────────────
def is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def literal(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return ast.unparse(node).removeprefix("f'").removesuffix("'")
    assert isinstance(node, ast.Constant), f"a literal string is needed, found {ast.unparse(node)}"
    assert isinstance(node.value, str)
    return node.value


def section_reads(path: Path) -> list[tuple[str, str]]:
    """(model, section) of every ``load_params`` call in a file; ``{name}`` is the recogniser of a matrix."""
    calls = [node for node in ast.walk(parse(path)) if is_call(node, "load_params")]
    return [(ast.unparse(call.args[0]), literal(call.args[1])) for call in calls]


def sections_listed(path: Path) -> set[str]:
    """SECTIONS of a module that reads params.yaml as a whole; such a module has to say which parts it looks at."""
    if not any(is_call(node, "read_params") for node in ast.walk(parse(path))):
        return set()
    tuples = [
        node.value for node in parse(path).body if isinstance(node, ast.Assign) and names_of(node) == ["SECTIONS"]
    ]
    assert len(tuples) == 1, f"{path}: reads all of params.yaml; list the sections it uses in SECTIONS"
    return set(ast.literal_eval(tuples[0]))


def names_of(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


TIMINGS = "metrics/timings.json"
HOW = {"checkpoint"}  # how a training is carried out, not what comes out: no stage is run again for it


SHOWN = {"energy"}  # what the summary estimates


def sections_read(stage: str) -> set[str]:
    found: set[str] = set()
    for path in closure(stage_file(stage)) - {SOURCE / "glyphlens/params.py"}:
        found |= {section_of(stage, section) for _, section in section_reads(path)} | sections_listed(path)
        found |= {"seed" for node in ast.walk(parse(path)) if is_call(node, "load_seed")}
    found -= HOW
    return {section for section in found if section.split(".")[0] == section or section.split(".")[0] not in found}


def section_of(stage: str, section: str) -> str:
    return section.replace("{name}", stage.partition("@")[2])


def model_named(path: Path, name: str) -> type[Section]:
    """The model class, wherever the module imports it, at the top or inside a function."""
    module = importlib.import_module(".".join(path.relative_to(SOURCE).with_suffix("").parts))
    if not hasattr(module, name):
        nodes = (node for node in ast.walk(parse(path)) if isinstance(node, ast.ImportFrom))
        origin = next(node.module for node in nodes if name in {alias.name for alias in node.names})
        module = importlib.import_module(str(origin))
    model = getattr(module, name)
    assert issubclass(model, Section)
    return model


@every_stage
def test_sections_read_are_sections_declared(stage: str) -> None:
    assert sections_read(stage) == set(declared(stage, "params"))


@every_stage
def test_the_committed_parameters_load(stage: str) -> None:
    for name, section in section_reads(stage_file(stage)):
        by_recognizer = name == "params_model(name)"
        model = params_model(stage.partition("@")[2]) if by_recognizer else model_named(stage_file(stage), name)
        load_params(model, section_of(stage, section), ROOT / "params.yaml")


def test_every_section_has_a_reader() -> None:
    read = {section for stage in STAGES for section in sections_read(stage)}
    assert set(read_params(ROOT / "params.yaml")) - HOW - SHOWN - {GUARDS} == {
        section.split(".")[0] for section in read
    }


def test_no_parameter_has_a_name_that_dvc_takes_for_its_own() -> None:
    def names(content: object) -> Iterator[str]:
        if isinstance(content, dict):
            for name, value in content.items():
                yield name
                yield from names(value)

    assert {"size", "nfiles"} & set(names(read_params(ROOT / "params.yaml"))) == set()


def test_every_parameter_carries_a_comment() -> None:
    commented = {-1: False}  # by indentation: does the enclosing key carry one?
    bare = []
    for number, line in enumerate((ROOT / "params.yaml").read_text(encoding="utf-8").splitlines(), start=1):
        match = re.match(r"( *)(?:- )?([\w-]+):(.*)", line)
        if not match:
            continue
        indent, is_section = len(match[1]), not match[1] and not match[3].strip()
        commented = {depth: value for depth, value in commented.items() if depth < indent}
        commented[indent] = " #" in match[3] or (commented[max(commented)] and not is_section)
        if not commented[indent] and not is_section:
            bare.append(f"{number}: {line.strip()}")
    assert not bare


# ── how the packages lean on each other ──────────────────────────────────────────────────────
def package_of(path: Path) -> str:
    return path.relative_to(SOURCE / "glyphlens").parts[0].removesuffix(".py")


def level_of(package: str) -> int:
    levels = [number for number, packages in enumerate(LEVELS) if package in packages]
    assert levels, f"{package}: say in tests/test_graph.py on which level it stands"
    return levels[0]


def package_imports() -> dict[str, set[str]]:
    imports: dict[str, set[str]] = {}
    for path in (SOURCE / "glyphlens").rglob("*.py"):
        if path.parent != SOURCE / "glyphlens" or path.name != "__init__.py":
            found = {package_of(file) for file in direct_imports(path)} - {"__init__", package_of(path)}
            imports.setdefault(package_of(path), set()).update(found)
    return imports


def test_imports_point_one_way() -> None:
    imports = package_imports()
    for package, others in imports.items():
        above = sorted(other for other in others if level_of(other) > level_of(package))
        assert not above, f"{package} imports {above}, which stand above it"
    list(TopologicalSorter(imports).static_order())  # raises CycleError


def test_stages_do_not_import_each_other() -> None:
    files = {stage_file(name) for name in STAGE_MODULES}
    for path in (SOURCE / "glyphlens").rglob("*.py"):
        assert not direct_imports(path) & (files - {path}), f"{path} imports a stage"


def test_only_tracking_knows_the_trackers() -> None:
    for path in (SOURCE / "glyphlens").rglob("*.py"):
        if package_of(path) != "tracking":
            roots = {name.split(".")[0] for name in imported_names(parse(path), "")}
            assert not roots & {"mlflow", "dvclive", "dvc"}, f"{path} imports a tracker"
