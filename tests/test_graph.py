"""dvc.yaml, params.yaml and the code say the same: what is imported, what is read, what is wired."""

import ast
import importlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from glyphlens.core.params import HOW, Section, load_params, read_params
from glyphlens.gates.run import GateFiles
from glyphlens.provenance.closures import CODE_STAGE, GATE_STAGES, SourceTree, code_file, imported_names
from glyphlens.review.comparison import SECTION as GUARDS
from glyphlens.stages.gate import find_gate
from glyphlens.tracks import Track, tracks

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src/glyphlens"
MATRIX = read_params(ROOT / "params.yaml")["matrix"]
GRAPH = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))


OFF = {"distilled": "cnn", "khmer_transfer": "attention"}  # lists that are empty by default, and what may stand there


def expanded(name: str, stage: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A stage, or one of each item of its matrix (of one of OFF, where the list is empty)."""
    if "matrix" not in stage:
        return {name: stage}
    listed = stage["matrix"]["recognizer"].removeprefix("${matrix.").removesuffix("}")
    items = MATRIX[listed] or [OFF[listed]]
    text = json.dumps({key: value for key, value in stage.items() if key != "matrix"})
    return {f"{name}@{item}": json.loads(text.replace("${item.recognizer}", item)) for item in items}


STAGES = {name: stage for key, entry in GRAPH["stages"].items() for name, stage in expanded(key, entry).items()}
GATES = sorted(stage for stage in GRAPH["stages"] if stage.startswith(GATE_STAGES))
STAGE_MODULES = sorted(path for path in PACKAGE.glob("**/stages/*.py") if path.stem != "__init__")
CODE = ["code", "src"]
every_stage = pytest.mark.parametrize("stage", sorted(STAGES))

TIMINGS = "metrics/timings.json"
THREADS = "OMP_NUM_THREADS=${threads}"
SHOWN = "energy"  # the section of what the summary estimates
SPREAD = "cluster"  # that of where shards go: like those of HOW it changes no result
GATED = "edge"  # that of the command of the same name

# Imports point downwards (CONTRIBUTING.md#how-the-house-is-built): a package imports from its own level and below.
LEVELS = (
    {"core", "provenance"},
    {"data", "sources", "imaging"},
    {"nets"},
    {"evaluation", "training", "export", "gates", "tracking", "inference", "edge", "stages"},
    {"tracks"},
    {"api", "commands", "cli", "serving", "summary", "track_stage", "plots_page", "review", "page"}
    | {"croissant", "published_tables"},
)


TREE = SourceTree(PACKAGE)


# ── what the code imports ────────────────────────────────────────────────────────────────────
def stage_file(stage: str) -> Path:
    return TREE.stage_module(stage)


def dotted_name(path: Path) -> str:
    return TREE.relative(path.with_suffix("")).replace("/", ".")


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
    called = ["PYTHONPATH=src", *[THREADS] * (THREADS in words), "python", "-m", dotted_name(stage_file(stage))]
    called += [stage.removeprefix(GATE_STAGES)] * (stage in GATES)
    assert words[: len(called)] == called, f"{stage}: {STAGES[stage]['cmd']}"
    names, paths = words[len(called) :: 2], words[len(called) + 1 :: 2]
    assert len(names) == len(paths)
    assert all(name.startswith("--") for name in names)
    return dict(zip(names, paths, strict=True))


def lies_in(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def test_every_stage_is_a_module_and_every_module_a_stage() -> None:
    assert {stage_file(stage) for stage in STAGES} == set(STAGE_MODULES)


def test_every_gate_is_a_stage_and_every_such_stage_a_gate() -> None:
    modules = [path for path in PACKAGE.glob("tracks/*/gates/*.py") if "GATE" in assigned(path)]
    assert sorted(path.stem for path in modules) == [stage.removeprefix(GATE_STAGES) for stage in GATES]


@pytest.mark.parametrize("stage", GATES)
def test_a_gate_has_the_name_and_writes_the_files_of_its_stage(stage: str) -> None:
    gate, told = find_gate(stage.removeprefix(GATE_STAGES)), command_options(stage)
    assert f"{GATE_STAGES}{gate.name}" == stage
    assert {f"--{name}" for name in GateFiles._fields} <= set(told)
    assert Path(told["--metrics"]).stem == Path(told["--report"]).stem == gate.name
    assert declared(stage, "outs", "metrics") == [told[f"--{name}"] for name in ("token", "report", "metrics")]


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
def test_a_stage_depends_on_its_own_code_and_on_nothing_else_of_it(stage: str) -> None:
    code = [path for path in declared(stage, "deps") if lies_in(path, CODE)]
    assert code == (["src/glyphlens"] if stage == CODE_STAGE else [code_file(stage).as_posix()])


@every_stage
def test_recognisers_that_a_stage_loads_are_part_of_its_code(stage: str) -> None:
    """The folder of a trained or exported network begins with the name of its module: cnn, cnn_qat."""
    folders = [Path(path) for path in declared(stage, "deps", "outs") if path.startswith("models/")]
    named = {
        TREE.relative(module)
        for folder in folders
        for module in PACKAGE.glob(f"tracks/{folder.parts[1]}/recognizers/*.py")
        if f"{folder.name}_".startswith(f"{module.stem}_")
    }
    assert named - set(TREE.code(stage)) == set()


@every_stage
def test_declared_paths_are_told_to_the_stage(stage: str) -> None:
    """The command line names every output, and nothing that is not declared."""
    told = list(command_options(stage).values())
    is_code = stage == CODE_STAGE
    inputs = [path for path in declared(stage, "deps") if is_code or not lies_in(path, CODE)]
    inputs += ["dvc.yaml"] * is_code  # which DVC refuses as a dependency
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
    def ask(argv: object, *names: str, sources: Sequence[str] = ()) -> None:
        raise Asked(names, sources)

    module = importlib.import_module(dotted_name(stage_file(stage)))
    monkeypatch.setattr(module, "stage_paths", ask)
    with pytest.raises(Asked) as asked:
        module.main([stage.removeprefix(GATE_STAGES)] * (stage in GATES))
    names, sources = ([f"--{name.replace('_', '-')}" for name in group] for group in asked.value.args)
    told = command_options(stage)
    assert sorted(told) == sorted(names)
    assert sorted(told[name] for name in sources) == sorted(path for path in told.values() if is_source(path))


def is_source(path: str) -> bool:
    """What stages read and none writes, so that it has to be noted by the one that reads it."""
    outputs = [path for stage in STAGES for path in declared(stage, "outs", "metrics")]
    return path != TIMINGS and not lies_in(path, outputs) and not any(lies_in(output, [path]) for output in outputs)


def test_outputs_are_written_by_one_stage_each() -> None:
    outputs = [path for stage in STAGES for path in declared(stage, "outs", "metrics")]
    assert sorted(outputs) == sorted(set(outputs))
    for path in outputs:
        assert not lies_in(path, [other for other in outputs if other != path]), f"{path} lies inside another output"


@every_stage
def test_a_stage_that_computes_weights_has_its_threads_from_the_parameters(stage: str) -> None:
    is_computing = any("models/" in path for path in declared(stage, "outs") if not path.endswith("release"))
    assert (THREADS in shlex.split(STAGES[stage]["cmd"])) >= is_computing


@every_stage
def test_metrics_are_kept_in_git(stage: str) -> None:
    for entry in STAGES[stage].get("metrics", []):
        assert options_of(entry).get("cache") is False, f"{stage}: {path_of(entry)} needs cache: false"


@pytest.mark.parametrize("track", tracks().values(), ids=tracks())
def test_a_release_is_written_behind_every_gate_of_its_track(track: Track) -> None:
    """DVC removes what a stage is about to write unless it persists: a run that fails must leave the release there."""
    folder = track.release.as_posix()
    [(stage, options)] = [
        (stage, options_of(entry)) for stage in STAGES for entry in STAGES[stage]["outs"] if path_of(entry) == folder
    ]
    assert stage == track.final_stage
    assert options == {"cache": False, "persist": True}
    assert not [other for other in STAGES if lies_in(folder, declared(other, "deps"))]
    outputs = {path: other for other in STAGES for path in declared(other, "outs")}
    before, waiting = set(), [stage]
    while waiting:
        needed = {outputs[path] for path in declared(waiting.pop(), "deps") if path in outputs} - before
        before |= needed
        waiting += needed
    token = f"data/{track.name}/gates"
    gates = {name for name in STAGES if any(lies_in(path, [token]) for path in declared(name, "outs"))}
    assert gates and gates <= before


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
    """(model, section) of every ``load_params`` call in a file; ``{name}`` is that of a recogniser or a gate."""
    calls = [node for node in ast.walk(TREE.parse(path)) if is_call(node, "load_params")]
    return [(ast.unparse(call.args[0]), literal(call.args[1])) for call in calls]


def sections_listed(path: Path) -> set[str]:
    """SECTIONS of a module that shows parameters of others; it has to say which."""
    if not any(is_call(node, "read_sections") for node in ast.walk(TREE.parse(path))):
        return set()
    tuples = [
        node.value for node in TREE.parse(path).body if isinstance(node, ast.Assign) and names_of(node) == ["SECTIONS"]
    ]
    assert len(tuples) == 1, f"{path}: list the sections that it reads in SECTIONS"
    return set(ast.literal_eval(tuples[0]))


def names_of(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def assigned(path: Path) -> set[str]:
    """Names that a module gives values to."""
    nodes = TREE.parse(path).body
    typed = {node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    return typed.union(*(names_of(node) for node in nodes if isinstance(node, ast.Assign)))


def sections_read(stage: str) -> set[str]:
    found: set[str] = set()
    modules = {path for path in TREE.read_by(stage) if path.suffix == ".py"}
    for path in modules - {PACKAGE / "core/params.py"}:
        found |= {section_of(stage, section) for _, section in section_reads(path)} | sections_listed(path)
        found |= {"seed" for node in ast.walk(TREE.parse(path)) if is_call(node, "load_seed")}
    found -= {*HOW, SPREAD}
    return {section for section in found if section.split(".")[0] == section or section.split(".")[0] not in found}


def section_of(stage: str, section: str) -> str:
    return section.replace("{name}", stage.partition("@")[2] or stage.removeprefix(GATE_STAGES))


def model_named(path: Path, name: str) -> type[Section]:
    """The model class, wherever the module imports it, at the top or inside a function."""
    module = importlib.import_module(dotted_name(path))
    if not hasattr(module, name):
        nodes = (node for node in ast.walk(TREE.parse(path)) if isinstance(node, ast.ImportFrom))
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
        if name == "gate.limits":
            model = find_gate(stage.removeprefix(GATE_STAGES)).limits
        elif name.endswith("(name)"):  # a model that depends on the item of the matrix
            module = importlib.import_module(dotted_name(stage_file(stage)))
            model = getattr(module, name.removesuffix("(name)"))(stage.partition("@")[2])
        else:
            model = model_named(stage_file(stage), name)
        load_params(model, section_of(stage, section), ROOT / "params.yaml")


def test_every_section_has_a_reader() -> None:
    read = {section for stage in STAGES for section in sections_read(stage)}
    sections = {section.split(".")[0] for section in read}
    assert set(read_params(ROOT / "params.yaml")) - {*HOW, SPREAD, SHOWN, GATED, GUARDS, "threads"} == sections


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
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level_of(package: str) -> int:
    levels = [number for number, packages in enumerate(LEVELS) if package in packages]
    assert levels, f"{package}: say in tests/test_graph.py on which level it stands"
    return levels[0]


def package_imports() -> dict[str, set[str]]:
    imports: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.parent != PACKAGE or path.name != "__init__.py":
            found = {package_of(file) for file in TREE.imports(path)} - {"__init__", package_of(path)}
            imports.setdefault(package_of(path), set()).update(found)
    return imports


def test_imports_point_one_way() -> None:
    imports = package_imports()
    for package, others in imports.items():
        above = sorted(other for other in others if level_of(other) > level_of(package))
        assert not above, f"{package} imports {above}, which stand above it"
    list(TopologicalSorter(imports).static_order())  # raises CycleError


def test_stages_do_not_import_each_other() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert not TREE.imports(path) & (set(STAGE_MODULES) - {path}), f"{path} imports a stage"


def test_a_track_imports_no_other_track() -> None:
    tracks = [folder for folder in (PACKAGE / "tracks").iterdir() if (folder / "__init__.py").is_file()]
    assert len(tracks) > 1
    for track in tracks:
        others = [other for other in tracks if other != track]
        for path in track.rglob("*.py"):
            foreign = [file for file in TREE.imports(path) if any(file.is_relative_to(other) for other in others)]
            assert not foreign, f"{path} imports {foreign} of another track"


KNOWN_TO = {"mlflow": "tracking", "dvclive": "tracking", "dvc": "provenance"}


def test_each_tracker_is_known_to_one_package() -> None:
    for path in PACKAGE.rglob("*.py"):
        roots = {name.split(".")[0] for name in imported_names(TREE.parse(path), "")}
        foreign = {root for root in roots & KNOWN_TO.keys() if KNOWN_TO[root] != package_of(path)}
        assert not foreign, f"{path} imports {foreign}"
