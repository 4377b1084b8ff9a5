"""The wheel: what is in it, what it needs, and that it reads from any folder without the rest of the repository."""

import ast
import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest
from dvc.exceptions import DvcException
from dvc.repo.artifacts import Artifacts, check_name_format
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image, ImageDraw
from ruamel.yaml import YAML

from glyphlens import __version__
from glyphlens.core.extras import EXTRAS
from glyphlens.core.storage import sha256_tree
from glyphlens.tracks import tracks
from tests.checkout import ROOT, committed
from tests.inference.khmer_pages import TEXTS, khmer_font, page
from tests.pdf_files import TEXT, drawn, write_pdf
from tests.scratch_repository import Repository

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILT_OF = ("src", "models", "docs/LICENCE-ICU.txt", "pyproject.toml", "setup.py", "README.md", "LICENSE")
MOST_MB = 30  # of the wheel
# What reading must do without, and what else is only installed where it is asked for.
HEAVY = ("torch", "lightning", "dvc", "mlflow", "great_expectations", "matplotlib", "sqlalchemy", "onnx", "sklearn")
OF_EXTRAS = ("cv2", "scipy", "khmerspell", "pikepdf", "pyarrow", "fastapi", "uvicorn", "prometheus_client")
BLOCKING = """
import os, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ.get("BLOCKED", "").split():
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""


class Ran(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class Installed(NamedTuple):
    """A virtual environment with the wheel, and an empty folder to work in."""

    python: Path
    folder: Path

    def run(self, code: str, *blocked: str, given: str = "") -> str:
        """Run Python code in the empty folder without the blocked modules."""
        environment = {"PATH": os.environ["PATH"], "BLOCKED": " ".join(blocked), "OMP_NUM_THREADS": "1"}
        ran = subprocess.run(
            [self.python, "-c", code], cwd=self.folder, env=environment, input=given, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def commands(self, *wanted: list[str], blocked: tuple[str, ...] = HEAVY) -> list[Ran]:
        """Run commands of glyphlens one after the other, in one process."""
        code = (ROOT / "tests/installed_commands.py").read_text(encoding="utf-8")
        return [Ran(*answer) for answer in json.loads(self.run(code, *blocked, given=json.dumps(wanted)))]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git has, with what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in committed():
        name = path.relative_to(ROOT)
        if any(name.is_relative_to(part) for part in BUILT_OF):
            (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "tree" / name).write_bytes(path.read_bytes())
    asked = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, "."]
    subprocess.run([sys.executable, "-m", "pip", *asked], cwd=folder / "tree", check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel alone; the other packages are those of this environment, as far as they are not blocked."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv/bin/python"
    asked = ["--python", python, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", wheel]
    subprocess.run([sys.executable, "-m", "pip", *asked], check=True)
    (site,) = (folder / "venv/lib").glob("python*/site-packages")
    (own,) = {path for path in map(Path, sys.path) if path.name == "site-packages"}
    (site / "blocking.py").write_text(BLOCKING, encoding="utf-8")
    (site / "other.pth").write_text(f"{own}\nimport blocking\n", encoding="utf-8")
    (folder / "empty").mkdir()
    return Installed(python, folder / "empty")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory, khmer_font_folder: Path) -> Path:
    """A font, a PDF, a picture of 十 and one of a Khmer page."""
    folder = tmp_path_factory.mktemp("material")
    font = drawn(TEXT)
    (folder / "font.ttf").write_bytes(font.data)
    write_pdf(folder / "book.pdf", font, font.texts)
    cross = Image.new("L", (120, 120), 255)
    pen = ImageDraw.Draw(cross)
    pen.line((20, 60, 100, 60), fill=0, width=9)
    pen.line((60, 20, 60, 100), fill=0, width=9)
    cross.save(folder / "cross.png")
    face = khmer_font(next(iter(sorted(khmer_font_folder.glob("battambang*.woff2")))), 40)
    Image.fromarray(page(TEXTS[:2], face, 90)).save(folder / "page.png")
    return folder


# ── what is in the wheel ─────────────────────────────────────────────────────────────────────
def test_the_wheel_holds_every_release_and_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_MB * 1e6
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for track in tracks().values():
            files = [path for path in committed() if path.is_relative_to(ROOT / track.release)]
            assert files
            for file in files:
                name = f"glyphlens/released/{track.name}/{file.relative_to(ROOT / track.release).as_posix()}"
                assert archive.read(name) == file.read_bytes()
    assert {"glyphlens/py.typed", f"glyphlens-{__version__}.dist-info/licenses/docs/LICENCE-ICU.txt"} <= names
    assert not [name for name in names if not name.startswith(("glyphlens/", f"glyphlens-{__version__}.dist-info/"))]


def test_every_release_is_an_artifact_by_the_name_of_its_track() -> None:
    artifacts = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["artifacts"]
    assert {name: entry["path"] for name, entry in artifacts.items()} == {
        name.replace("_", "-"): track.release.as_posix() for name, track in tracks().items()
    }
    for name, entry in artifacts.items():
        check_name_format(name)
        assert entry["type"] == "model" and entry["desc"] and "onnx" in entry["labels"]


def test_a_tagged_release_is_got_as_an_artifact(tmp_path: Path) -> None:
    """By anybody who has the address of the repository: `dvc artifacts get` finds a model by its tag alone."""
    origin = tmp_path / "origin"
    needed = ("dvc.yaml", "dvc.lock", "params.yaml", ".dvc/", "models/")
    for path in committed():
        if path.relative_to(ROOT).as_posix().startswith(needed):
            target = origin / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    repository = Repository(origin)
    repository.commit("a release")
    for name in ("scan-lines", "kanji"):
        repository.git("tag", "-a", f"{name}@v0.1.0", "-m", "first")
        Artifacts.get(str(origin), name, out=str(tmp_path / name))
        track = tracks()[name.replace("-", "_")]
        assert sha256_tree(tmp_path / name) == sha256_tree(ROOT / track.release)
    with pytest.raises(DvcException, match="zero-shot"):
        Artifacts.get(str(origin), "zero-shot", out=str(tmp_path / "untagged"))


def test_the_citation_is_of_this_version() -> None:
    citation = YAML(typ="safe", pure=True).load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["cff-version"], citation["type"], citation["version"]) == ("1.2.0", "software", __version__)
    assert PROJECT["version"] == __version__


# ── it reads from any folder ─────────────────────────────────────────────────────────────────
def test_importing_the_package_imports_nothing_else(installed: Installed) -> None:
    code = "import sys; before = set(sys.modules); import glyphlens; print(set(sys.modules) - before - {'glyphlens'})"
    found = set(ast.literal_eval(installed.run(code).replace("set()", "{}")) or ())
    assert {name.partition(".")[0] for name in found} <= set(sys.stdlib_module_names)


def test_every_reading_command_works_in_an_empty_folder(installed: Installed, material: Path) -> None:
    font, pdf, cross, text = (str(material / name) for name in ("font.ttf", "book.pdf", "cross.png", "page.png"))
    version, identified, checked, of_pdf, kanji, zero_shot, arabic, read, scanned, near = installed.commands(
        ["--version"],
        ["identify", font, "-f", "csv"],
        ["identify", font, "--check", "-o", "answers.csv", "--sheet", "sheet.png"],
        ["identify", pdf, "-f", "json"],
        ["predict", "--model", "kanji", cross, "-f", "csv"],
        ["predict", "--model", "zero_shot", cross, "--candidates", "十 一 二", "-f", "csv"],
        ["predict", cross, "-f", "csv"],
        ["read", text],
        ["scan", cross],
        ["similar", "鉢", "--top", "3", "-f", "csv"],
    )
    assert version == Ran(0, f"glyphlens {__version__}\n", "")
    assert identified.status == 0 and "U+0633" in identified.out
    assert checked.status == 0 and (installed.folder / "answers.csv").is_file()
    assert of_pdf.status == 0 and json.loads(of_pdf.out)[0]["map"] == "present"
    assert kanji.status == 0 and ",十," in kanji.out
    assert zero_shot.status == 0 and ",十," in zero_shot.out
    assert arabic.status == 0
    assert read.status == 0 and "មនុស្ស" in read.out
    assert scanned.status == 0 and "lines" in scanned.out
    assert near.status == 0 and near.out.count("\n") == 4


def test_the_api_works_in_an_empty_folder(installed: Installed, material: Path) -> None:
    code = """
import json, sys
from pathlib import Path
import glyphlens
folder = Path(sys.stdin.read())
glyphs = glyphlens.load("arabic").identify((folder / "font.ttf").read_bytes())
character = glyphlens.load("kanji").predict(folder / "cross.png")[0]
page = glyphlens.load("khmer").read(folder / "page.png")[0]
lines = list(glyphlens.load("scan_lines").scan(folder / "cross.png"))
print(json.dumps([len(glyphs), character.text, page.text, len(lines), "torch" in sys.modules]))
"""
    glyphs, character, text, lines, has_torch = json.loads(installed.run(code, *HEAVY, given=str(material)))
    assert glyphs > len(set("".join(TEXT)))
    assert (character, lines, has_torch) == ("十", 32, False)
    assert "មនុស្ស" in text


# ── what is missing is named ─────────────────────────────────────────────────────────────────
def test_fonts_are_read_by_the_core_alone_and_extras_are_named_for_the_rest(
    installed: Installed, material: Path
) -> None:
    font, pdf, cross = (str(material / name) for name in ("font.ttf", "book.pdf", "cross.png"))
    identified, *others = installed.commands(
        ["identify", font, "-f", "csv"],
        ["identify", font, "-o", "answers.parquet"],
        ["identify", pdf],
        ["predict", cross],
        ["read", cross],
        ["scan", cross],
        blocked=(*HEAVY, *OF_EXTRAS),
    )
    assert identified.status == 0 and "U+0633" in identified.out
    for answer, extra in zip(others, ("parquet", "pdf", *["pictures"] * 3), strict=True):
        assert answer.status == 2
        assert answer.err.count("\n") == 1 and f"pip install 'glyphlens[{extra}]'" in answer.err


def test_a_missing_runtime_is_named(installed: Installed, material: Path) -> None:
    (answer,) = installed.commands(["identify", str(material / "font.ttf")], blocked=("onnxruntime",))
    assert answer.status == 2
    assert answer.err.count("\n") == 1
    assert "'glyphlens[cpu]', or 'glyphlens[gpu]'" in answer.err


def test_the_extra_that_is_named_brings_the_module() -> None:
    owners = {
        "cv2": "opencv-python-headless",
        "sklearn": "scikit-learn",
        "vl_convert": "vl-convert-python",
        "yaml": "pyyaml",
    }
    for module, extra in EXTRAS.items():
        brought = {canonicalize_name(Requirement(text).name) for text in PROJECT["optional-dependencies"][extra]}
        assert canonicalize_name(owners.get(module, module)) in brought


def test_the_runtime_is_never_required_twice() -> None:
    texts = [*PROJECT["dependencies"], *(text for texts in PROJECT["optional-dependencies"].values() for text in texts)]
    found = [text for text in texts if text.startswith("onnxruntime")]
    assert sorted(found) == ["onnxruntime", "onnxruntime-gpu"]
    assert not [text for text in PROJECT["dependencies"] if text.startswith("onnxruntime")]


# ── a true installation ──────────────────────────────────────────────────────────────────────
@pytest.mark.full
def test_pip_installs_all_that_reading_needs(wheel: Path, material: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    subprocess.run([*pip, "install", "--quiet", f"{wheel}[cpu,pictures,pdf,parquet]"], check=True)
    subprocess.run([*pip, "check"], check=True)
    (tmp_path / "empty").mkdir()
    installed = Installed(python, tmp_path / "empty")
    answers = installed.commands(
        ["identify", str(material / "font.ttf"), "-o", "answers.parquet"],
        ["identify", str(material / "book.pdf")],
        ["predict", "--model", "kanji", str(material / "cross.png")],
        ["read", str(material / "page.png")],
        ["scan", str(material / "cross.png")],
        ["similar", "鉢"],
        blocked=(),
    )
    assert [answer.status for answer in answers] == [0] * len(answers), answers


def test_onnxruntime_is_told_to_report_nothing() -> None:
    asked = "import os, glyphlens; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    found = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "1"
