"""A stage's code: what its module imports, and nothing that a comment changes."""

import subprocess
import sys
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.provenance.closures import SourceTree, changed_files, listed
from tests.checkout import ROOT

FILES = {
    "__init__.py": '"""A package."""\n__version__ = "1"\n',
    "stages/__init__.py": "import glyphlens.base\n",
    "stages/first.py": (
        '"""first: it imports."""\n'
        "from typing import TYPE_CHECKING\n"
        "from glyphlens import lines\n"
        "from glyphlens.tracking.runs import send\n"
        "from glyphlens.tracking.curve_files import curves\n"
        "if TYPE_CHECKING:\n    from glyphlens.types_only import Kind\n"
        "def main():\n    import glyphlens.late\n"
    ),
    "tracks/kanji/stages/kanji.py": "import glyphlens.tracks.kanji.recognizers.registry\n",
    "tracks/kanji/stages/kanji_export.py": "X = 1\n",
    "tracks/kanji/stages/kanji_qat.py": 'LOADED = ("rnn",)\nimport glyphlens.tracks.kanji.recognizers.registry\n',
    "stages/page.py": 'TEMPLATE = "page.html"\n',
    "stages/page.html": "<p>",
    "stages/other.html": "<p>",
    "stages/gate.py": "import glyphlens.base\n",
    "tracks/kanji/gates/samples.py": "import glyphlens.late\n",
    "tracks/kanji/gates/other.py": "",
    "base.py": "X = 1  # why\n",
    "lines.py": "from .base import X\n",
    "late.py": "",
    "types_only.py": "",
    "tracking/__init__.py": "",
    "tracking/runs.py": "import glyphlens.unseen\n",
    "tracking/curve_files.py": "",
    "unseen.py": "",
    "tracks/kanji/recognizers/__init__.py": "",
    "tracks/kanji/recognizers/registry.py": "",
    "tracks/kanji/recognizers/cnn.py": "import glyphlens.nets.blocks\nclass Settings: ...\n",
    "tracks/kanji/recognizers/cnn_deep.py": "class Settings: ...\n",
    "tracks/kanji/recognizers/rnn.py": "class Settings: ...\n",
    "nets/blocks.py": "",
    "tracks/__init__.py": "TRACKS = ()\nimport glyphlens.unseen\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "glyphlens" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "glyphlens"


def files(package: Path, stage: str) -> set[str]:
    return {path.removeprefix("glyphlens/") for path in SourceTree(package).code(stage)}


def test_what_runs_is_followed_and_what_only_hears_or_types_is_not(package: Path) -> None:
    expected = {"stages/__init__.py", "stages/first.py", "base.py", "lines.py", "late.py", "tracking/curve_files.py"}
    assert files(package, "first") == expected


def test_a_gate_is_the_stage_of_all_gates_and_the_module_of_its_name(package: Path) -> None:
    gate = {"stages/__init__.py", "stages/gate.py", "base.py", "tracks/kanji/gates/samples.py", "late.py"}
    assert files(package, "gate_samples") == gate


@pytest.mark.parametrize("stage", ["gate_nothing", "gate_twice", "twice"])
def test_a_stage_needs_one_module(package: Path, stage: str) -> None:
    for name in ("tracks/arabic/gates/twice.py", "tracks/kanji/gates/twice.py", "stages/twice.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("", encoding="utf-8")
    (package / "tracks/kanji/stages").mkdir(exist_ok=True)
    (package / "tracks/kanji/stages/twice.py").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=f"{stage.removeprefix('gate_')}.py.*'{stage}'"):
        SourceTree(package).code(stage)


def test_files_that_a_module_names_are_part_of_it(package: Path) -> None:
    before = SourceTree(package).code("page")
    assert {"glyphlens/stages/page.html"} == {path for path in before if path.endswith(".html")}
    (package / "stages/page.html").write_text("<p><p>", encoding="utf-8")
    assert changed_files(before, SourceTree(package).code("page")) == ["glyphlens/stages/page.html"]


@pytest.mark.parametrize(
    ("stage", "recognizers"),
    [
        ("kanji@cnn", {"cnn", "blocks"}),
        ("kanji@rnn", {"rnn"}),
        ("kanji", {"cnn", "cnn_deep", "rnn", "blocks"}),
        ("kanji_export@cnn_deep", {"cnn", "blocks", "cnn_deep"}),
        ("kanji_export@rnn_distilled", {"rnn"}),
        ("kanji_export", set()),
        ("kanji_qat", {"rnn"}),
        ("kanji_qat@cnn", {"cnn", "blocks", "rnn"}),
        ("first", set()),
    ],
)
def test_a_recogniser_that_is_imported_by_name_is_read_alone(package: Path, stage: str, recognizers: set[str]) -> None:
    read = {Path(path).stem for path in files(package, stage) if "recognizers" in path or path.startswith("nets/")}
    assert read - {"registry"} == recognizers


SAME = [
    ("def f():\n    return 1\n", 'def f():\n    """It says."""\n    # and why\n\n    return (1)\n'),
    ("class A:\n    x: int = 1\n", 'class A:\n    """It says."""\n    x: int = 1\n    """Of x."""\n'),
    ("x = 'a'\r\n", '"""It says."""\nx = "a"\n'),
    ("def f():\n    ...\n", 'def f():\n    """It says."""\n'),
]
OTHER = [
    ("x = 1\n", "x = 1.0\n"),
    ("x = 1\n", "x = True\n"),
    ("x = 'None'\n", "x = None\n"),
    ("def f(a, *, b=None): pass\n", "def f(a, *, b): pass\n"),
    ("{**a, b: 1}\n", "{a: b, **1}\n"),
    ("f(a)\n", "f(*a)\n"),
    ("x = y[0]\n", "x = y[0:]\n"),
    ("@check('ink')\ndef f():\n    'Ink.'\n", "@check('ink')\ndef f():\n    'No ink.'\n"),
]


def hash_of(folder: Path, text: str) -> str:
    (folder / "text.py").write_bytes(text.encode())
    return SourceTree(folder).hash(folder / "text.py")


@pytest.mark.parametrize(("text", "other"), SAME)
def test_comments_docstrings_and_layout_change_no_hash(tmp_path: Path, text: str, other: str) -> None:
    assert hash_of(tmp_path, text) == hash_of(tmp_path, other)


@pytest.mark.parametrize(("text", "other"), OTHER)
def test_statements_and_docstrings_that_a_decorator_reads_change_it(tmp_path: Path, text: str, other: str) -> None:
    assert hash_of(tmp_path, text) != hash_of(tmp_path, other)


def test_a_hash_does_not_depend_on_the_version_of_python(tmp_path: Path) -> None:
    """As 3.11, 3.12 and 3.13 gave it: fields and texts that only one of them has are empty."""
    assert (
        hash_of(tmp_path, "def f(a: int = 1) -> str:\n    return f'{a!r:>{9}}{a}' 'b' f'{a}'\n") == "51c18b6b570ae57d"
    )


def test_a_listing_is_read_again(package: Path) -> None:
    tree = SourceTree(package)
    assert listed(tree.listing("first")) == tree.code("first")


@pytest.mark.parametrize(("text", "said"), [("def f(:\n", "base.py: not valid Python: .*line 1"), ("\0", "base.py")])
def test_a_file_that_is_no_python_is_named(package: Path, text: str, said: str) -> None:
    (package / "base.py").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        SourceTree(package).code("first")


def test_a_stage_without_a_module_is_named(package: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.py: one module is needed for the stage 'nothing@a', found none"):
        SourceTree(package).code("nothing@a")


def test_no_heavy_import_is_needed() -> None:
    asked = "import glyphlens.provenance.closures, sys; print({'numpy', 'torch', 'pandas', 'dvc'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_what_is_known_of_a_track_decides_nothing_that_it_computes(package: Path) -> None:
    assert not {"tracks/__init__.py", "unseen.py"} & files(package, "kanji")
