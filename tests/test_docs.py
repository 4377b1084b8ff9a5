"""What the documents say exists: commands, targets, paths, data files, numbers."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.cli import parse_args
from ruamel.yaml import YAML
from typer.main import get_command

from glyphlens.cli import app
from glyphlens.commands.ablations import committed_page
from glyphlens.core.params import read_params
from glyphlens.summary import replace_blocks
from tests.checkout import committed

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DATA = (ROOT / "docs/DATA.md").read_text(encoding="utf-8")
PAGES = ("ABLATIONS", "ARCHITECTURE", "DATA", "ERRORS", "EXPERIMENTS", "RESULTS", "SCALE", "SHARING", "SPEC")
NAMES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", *(f"docs/{page}.md" for page in PAGES))
DOCUMENTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
STAGES = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
# Made by running, on nobody's list of outputs.
MADE = ("checkpoints", ".cache", ".venv", ".dvc/config.local", "reports", "metrics")
every_document = pytest.mark.parametrize("name", DOCUMENTS)


def outputs() -> list[str]:
    entries = [entry for stage in STAGES.values() for kind in ("outs", "metrics") for entry in stage.get(kind, [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def code_of(text: str) -> list[str]:
    """Every `quoted` piece, and every line of a fenced block, without its comment."""
    fenced = re.findall(r"^```\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    lines = [re.split(r"\s{2,}|\s#", line.strip())[0] for part in fenced for line in part.splitlines()]
    return [*lines, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))]


def commands(text: str, program: str) -> list[list[str]]:
    return [words for piece in code_of(text) if (words := piece.split())[:1] == [program]]


@every_document
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert {words[1] for words in commands(DOCUMENTS[name], "make") if len(words) > 1} <= targets


@every_document
def test_named_paths_exist_or_are_written_by_a_stage(name: str) -> None:
    roots = {path.name for path in ROOT.iterdir()} | set(MADE)
    for piece in code_of(DOCUMENTS[name]):
        path = piece.rstrip("/")
        if not re.fullmatch(r"[\w./-]+", path) or "/" not in piece or path.split("/")[0] not in roots:
            continue
        made = path.startswith(tuple(f"{folder}/" for folder in MADE)) or path in MADE
        below = any(lies_in(path, output) or lies_in(output, path) for output in outputs())
        assert (ROOT / path).exists() or below or made, f"{name} names {piece}"


def test_the_tree_of_the_readme_exists() -> None:
    tree = README.split("## The tree")[1].split("```")[1]
    folder = ""
    for line in filter(None, tree.splitlines()):
        entry = line.split()[0]
        path = folder + entry if line.startswith(" ") else entry
        folder = path if not line.startswith(" ") and entry.endswith("/") else folder
        exists = (ROOT / path).exists() or path.rstrip("/") in outputs() or path.rstrip("/") in MADE
        assert exists, f"README's tree names {path}"


def test_the_order_of_the_readme() -> None:
    assert re.findall(r"^## (.+)$", README, flags=re.MULTILINE) == [
        "The two commands",
        "Read characters",
        "What came out",
        "Change something",
        "Your own data",
        "The tree",
        "Data cards and licences",
    ]


def test_the_readme_is_read_in_ten_minutes() -> None:
    assert len(README.split()) < 2500


@every_document
def test_parameters_to_set_exist(name: str) -> None:
    params = read_params(ROOT / "params.yaml")
    for words in commands(DOCUMENTS[name], "dvc"):
        for word in words:
            if match := re.fullmatch(r"(\w+)\.(\w+)=\S+", word):
                assert match[2] in params[match[1]], f"{name}: {' '.join(words)}"
    for piece in code_of(DOCUMENTS[name]):
        match = re.fullmatch(r"(\w+)\.([a-z_]+)", piece)
        suffixes = ("db", "json", "npy", "onnx", "parquet", "png", "py")
        if match and isinstance(params.get(match[1]), dict) and match[2] not in suffixes:
            assert match[2] in params[match[1]], f"{name} names {piece}"


@pytest.mark.parametrize(("program", "main"), [("dvc", parse_args), ("glyphlens", get_command(app))])
def test_commands_exist(program: str, main: Callable[[list[str]], object]) -> None:
    named = {words[1] for text in DOCUMENTS.values() for words in commands(text, program) if len(words) > 1}
    assert named
    assert Path(sys.executable).with_name(program).is_file(), f"{program} is not installed: run `make setup`"
    for subcommand in sorted(named):
        with pytest.raises(SystemExit) as ended:
            main([*subcommand.split(), "--help"])
        assert ended.value.code == 0, f"{program} {subcommand}"


@pytest.mark.parametrize("name", ["README.md", "docs/RESULTS.md"])
def test_the_numbers_are_those_of_the_metrics(name: str) -> None:
    assert (ROOT / "metrics").is_dir(), "no metrics yet: run `make repro` and commit metrics/"
    written = replace_blocks(DOCUMENTS[name], ROOT / "metrics")
    assert written == DOCUMENTS[name], "run python -m glyphlens.summary README.md docs/RESULTS.md"


def test_the_ablations_are_those_of_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert committed_page() == DOCUMENTS["docs/ABLATIONS.md"], "run `glyphlens ablations`"
    pictures = re.findall(r"\]\((ablations/.+?\.png)\)", DOCUMENTS["docs/ABLATIONS.md"])
    assert [path.name for path in sorted((ROOT / "docs/ablations").iterdir())] == sorted(
        Path(path).name for path in pictures
    )


def headings() -> list[str]:
    """Every path that a heading of docs/DATA.md names."""
    return [
        path.rstrip("/")
        for line in re.findall(r"^### (.+)$", DATA, flags=re.MULTILINE)
        for path in re.findall(r"`([^`]+/[^`]*)`", line)
    ]


def test_every_output_is_in_the_dictionary() -> None:
    missing = [path for path in outputs() if not any(lies_in(path, name) for name in headings())]
    assert not missing, f"docs/DATA.md does not explain {missing}"


def test_the_dictionary_names_nothing_that_is_gone() -> None:
    for path in headings():
        related = any(lies_in(path, output) or lies_in(output, path) for output in outputs())
        assert related or (ROOT / path).exists(), f"docs/DATA.md explains {path}, which no stage writes"


# ── references: from code, comments and documents to documents ───────────────────────────────
REFERENCE = re.compile(r"(?<![\w/.-])((?:docs/)?[A-Z][A-Z_]+\.md)(?:#([\w-]+))?")
SECTION = re.compile(r"\bsections? \d", re.IGNORECASE)
UNNAMED = re.compile(
    r"\b(?:project|design|house) plan\b|\b(?:seed|project) specification\b|\bthe (?:seed|specification)'s\b"
)
PUBLIC = re.compile(r"arXiv:|SVG 1\.1|Unicode Standard|Networks\"")  # what has sections that anyone can look up
NEAR = 200  # characters before a section's number in which its source is named
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in committed()
    if path.suffix in {".py", ".md", ".yaml", ".yml", ".j2", ".toml", ""} and path.name != Path(__file__).name
}


def slugs(document: str) -> set[str]:
    """The headings of a document as GitHub's addresses name them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_and_heading_that_is_referred_to_exists() -> None:
    found = [(path, *match.groups()) for path, text in TEXTS.items() for match in REFERENCE.finditer(text)]
    assert len({document for _, document, _ in found}) >= 4 and any(heading for *_, heading in found)
    for path, document, heading in found:
        places = (ROOT / document, (ROOT / path).parent / document)
        assert any(place.is_file() for place in places), f"{path} refers to {document}"
        assert heading is None or heading in slugs(document), f"{path} refers to {document}#{heading}"


def test_no_section_is_of_a_document_that_nobody_has() -> None:
    for path, text in TEXTS.items():
        assert not UNNAMED.search(text), f"{path}: {UNNAMED.findall(text)}"
        for match in SECTION.finditer(text):
            assert PUBLIC.search(text[max(0, match.start() - NEAR) : match.start()]), f"{path}: {match.group()}"


def test_the_command_for_torchrun_has_the_options_of_its_stage() -> None:
    text = DOCUMENTS["docs/EXPERIMENTS.md"].replace("\\\n", " ")
    (shown,) = re.findall(r"^torchrun --standalone .* -m -- (.*)$", text, flags=re.MULTILINE)
    module, *options = shown.split()
    stage = module.rpartition(".")[2]
    assert f"-m {module} {' '.join(options)}" in " ".join(STAGES[stage]["cmd"].split())
    assert f"dvc commit --force {stage}" in text
