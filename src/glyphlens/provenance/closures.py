"""The code of a stage: the files of the package that its module imports, each with a hash that ignores comments.

A listing has one line per file, sorted by path: 16 hexadecimal digits of a SHA-256, two spaces, the path.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from glyphlens.core.errors import InputError

CODE_STAGE = "code"  # of dvc.yaml, which writes a listing per stage
GATE_STAGES = "gate_"  # how the stages begin that run stages/gate.py, each with the gate of a track that it names
FOLDER = Path("code")
DIGITS = 16
# Told of results and making none, as what is known of a track is, and the names that Python's users find at the top;
# but for the files of curves, which are outputs.
WITNESSES = ("__init__.py", "tracking", "provenance", "tracks/__init__.py")
OUTPUTS = ("tracking/curve_files.py",)
# Recognisers are imported by name: the one that begins a stage's item (kanji_export@cnn_qat: cnn), and those that the
# stage's module says in LOADED. Where neither says which, whoever imports the registry imports any.
LOADED = "LOADED"
RECOGNIZERS, REGISTRY = "recognizers", "registry.py"  # of a track


class SourceTree:
    """A package's source files as they are on disk at the first look; each is read once, and parsed once per content.

    >>> tree = SourceTree(Path(__file__).parents[1])
    >>> tree.relative(tree.stage_module("phase1"))
    'glyphlens/tracks/arabic/stages/phase1.py'
    >>> tree.relative(tree.gate_module("gate_rasters"))
    'glyphlens/tracks/arabic/gates/rasters.py'
    """

    def __init__(self, package: Path) -> None:
        self.package = package
        self._trees: dict[Path, ast.Module] = {}
        self._imports: dict[Path, frozenset[Path]] = {}
        self._neighbours: dict[Path, set[Path]] = {}
        self._hashes: dict[Path, str] = {}

    def listing(self, stage: str) -> str:
        """The stage's code as text; raises InputError where there is no such stage or a file is not valid Python."""
        return "".join(f"{digest}  {path}\n" for path, digest in self.code(stage).items())

    def code(self, stage: str) -> dict[str, str]:
        """Path → hash of every file that decides what the stage does; raises InputError as ``listing`` does."""
        return {self.relative(path): self.hash(path) for path in sorted(self.read_by(stage))}

    def read_by(self, stage: str) -> set[Path]:
        """The closure of the stage's module, of a gate and recognisers imported by name, and the files these name."""
        module = self.gate_module(stage) if stage.startswith(GATE_STAGES) else self.stage_module(stage)
        modules = self.closure(module) | self.closure(self.stage_module(stage))
        recognizers = module.parents[1] / RECOGNIZERS
        by_name = self._recognizers(stage, module, recognizers, is_any=recognizers / REGISTRY in modules)
        modules = modules.union(*map(self.closure, by_name))
        return modules.union(*map(self._named_neighbours, modules))

    def stage_module(self, stage: str) -> Path:
        """The module that a stage runs (``kanji@cnn``: kanji.py); raises InputError unless there is exactly one."""
        name = "gate" if stage.startswith(GATE_STAGES) else stage.partition("@")[0]
        return self._only(stage, f"stages/{name}.py", f"tracks/*/stages/{name}.py")

    def gate_module(self, stage: str) -> Path:
        """What the stage of a gate examines (``gate_rasters``: rasters.py of a track); raises InputError likewise."""
        return self._only(stage, f"tracks/*/gates/{stage.removeprefix(GATE_STAGES)}.py")

    def _only(self, stage: str, *patterns: str) -> Path:
        found = [path for pattern in patterns for path in sorted(self.package.glob(pattern))]
        if len(found) != 1:
            places = ", ".join(str(self.package / pattern) for pattern in patterns)
            names = ", ".join(map(self.relative, found)) or "none"
            raise InputError(f"{places}: one module is needed for the stage '{stage}', found {names}")
        return found[0]

    def relative(self, path: Path) -> str:
        """A file's path from the folder that holds the package."""
        return path.relative_to(self.package.parent).as_posix()

    def closure(self, path: Path) -> set[Path]:
        """The module and all that it imports, directly or not, ``__init__`` files with statements included."""
        seen, waiting = {path}, [path]
        while waiting:
            for file in self.imports(waiting.pop()) - seen:
                if not self._is_witness(file):
                    seen.add(file)
                    waiting.append(file)
        return seen

    def imports(self, path: Path) -> frozenset[Path]:
        """Files of the package that importing ``path`` runs."""
        if path not in self._imports:
            parts = path.relative_to(self.package.parent).with_suffix("").parts
            own = ".".join(parts[:-1])
            names = (tuple(name.split(".")) for name in {*_imported(self.parse(path), own), own})
            found = map(self._module, {name[:end] for name in names for end in range(1, len(name) + 1)})
            self._imports[path] = frozenset(file for file in found if file and not self._is_inert_package(file))
        return self._imports[path]

    def parse(self, path: Path) -> ast.Module:
        """The module's syntax tree; raises InputError, naming the line, where it has none."""
        if path not in self._trees:
            try:
                self._trees[path] = _parsed(path.read_bytes())
            except (SyntaxError, ValueError) as error:
                raise InputError(f"{path}: not valid Python: {error}") from error
        return self._trees[path]

    def hash(self, path: Path) -> str:
        """Of a module its statements without comments, docstrings and layout; of any other file its bytes."""
        if path not in self._hashes:
            content = _code(self.parse(path)) if path.suffix == ".py" else path.read_bytes()
            self._hashes[path] = hashlib.sha256(content).hexdigest()[:DIGITS]
        return self._hashes[path]

    def _module(self, name: tuple[str, ...]) -> Path | None:
        base = self.package.joinpath(*name[1:])
        candidates = (base / "__init__.py", base.with_suffix(".py")) if name[0] == self.package.name else ()
        return next((path for path in candidates if path.is_file()), None)

    def _is_inert_package(self, path: Path) -> bool:
        return path.name == "__init__.py" and is_inert(self.parse(path))

    def _is_witness(self, path: Path) -> bool:
        inside = path.relative_to(self.package)
        return not {inside.parts[0], inside.as_posix()}.isdisjoint(WITNESSES) and inside.as_posix() not in OUTPUTS

    def _recognizers(self, stage: str, module: Path, folder: Path, *, is_any: bool) -> list[Path]:
        known = [path for path in sorted(folder.glob("*.py")) if self._has_settings(path)]
        item, loaded = stage.partition("@")[2], self._loaded(module)
        named = [path for path in known if f"{item}_".startswith(f"{path.stem}_") or path.stem in loaded]
        return named or (known if is_any else [])

    def _loaded(self, module: Path) -> set[str]:
        """Recognisers of which a stage is given the weights, by its own account."""
        assignments = (node for node in self.parse(module).body if isinstance(node, ast.Assign))
        values = (node.value for node in assignments if ast.unparse(node.targets[0]) == LOADED)
        return {name for value in values for name in ast.literal_eval(value)}

    def _has_settings(self, path: Path) -> bool:
        """What the registry asks of a recogniser that it finds by name."""
        return any(isinstance(node, ast.ClassDef) and node.name == "Settings" for node in self.parse(path).body)

    def _named_neighbours(self, path: Path) -> set[Path]:
        """Files beside a module that it names in a string, such as the template of a page."""
        if path not in self._neighbours:
            others = {entry.name: entry for entry in path.parent.iterdir() if entry.is_file() and entry.suffix != ".py"}
            nodes = ast.walk(self.parse(path)) if others else ()
            strings = {node.value for node in nodes if isinstance(node, ast.Constant)}
            self._neighbours[path] = {others[name] for name in others.keys() & strings}
        return self._neighbours[path]


def code_file(stage: str, folder: Path = FOLDER) -> Path:
    """Where the stage ``code`` writes the listing of another."""
    return folder / f"{stage}.txt"


def listed(text: str) -> dict[str, str]:
    """Path → hash of a listing."""
    return {path: digest for digest, path in (line.split("  ", 1) for line in text.splitlines())}


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Paths whose hashes differ, or that only one side has, sorted."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


@cache  # a stage asks for its code when it begins and when it ends, mostly the same
def _parsed(content: bytes) -> ast.Module:
    return ast.parse(content)


@cache
def _imported(tree: ast.Module, package: str) -> frozenset[str]:
    return frozenset(imported_names(tree, package))


@cache
def _code(tree: ast.Module) -> bytes:
    """A module's statements, as they are hashed."""
    return repr(_statements(tree)).encode()


def imported_names(tree: ast.AST, package: str) -> Iterator[str]:
    """Dotted names that a module of ``package`` imports when it runs, those of ``from … import`` included."""
    for node in _statements_at_run_time(tree):
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


def _statements_at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements but those below ``if TYPE_CHECKING``: types alone cannot change a result."""
    waiting = [tree]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if not (is_for_types or isinstance(child, ast.expr)):
                yield child
                waiting.append(child)


def _statements(node: object) -> object:
    """A syntax tree as nested tuples, equal in every version of Python: empty fields are left out."""
    if isinstance(node, list):
        return [_statements(entry) for entry in node if not _is_comment(entry)]
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, ast.JoinedStr):  # to which Python 3.12 adds empty texts
        return ("JoinedStr", *(_statements(part) for part in node.values if getattr(part, "value", None) != ""))
    docstring = _docstring_read(node)
    values = ((name, getattr(node, name, None)) for name in node._fields if name != "ctx")
    return (type(node).__name__, docstring, *((name, _statements(value)) for name, value in values if _is_set(value)))


def _is_set(value: object) -> bool:
    return value is not None and value != []


def _is_comment(node: object) -> bool:
    """A constant that stands alone as a statement: a docstring, or one of an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _docstring_read(node: ast.AST) -> str | None:
    """The docstring that a decorator can read: the checks of gates print theirs."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
        return ast.get_docstring(node)
    return None
