"""The page is whole: what it names is there, models are the released bytes, and nothing comes from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import orjson
import pytest

from glyphlens.commands.model import find_model
from glyphlens.core.errors import InputError
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.prototypes import Prototypes
from glyphlens.page.runtime import PACKAGES
from glyphlens.page.server import POLICY
from glyphlens.page.site import CARD, INDEX, OWN_FILES, OWN_LICENCE, model_contents, page_site, save_site
from glyphlens.tracks import tracks
from tests.checkout import ROOT

SCRIPTS = sorted(OWN_FILES.glob("*.js"))
LICENCES = {package.licence for package in PACKAGES}
RUNTIME = {f"{package.address}/{name}" for package in PACKAGES for name in package.files} | LICENCES


class Elements(HTMLParser):
    """All elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def index() -> Elements:
    return Elements((OWN_FILES / INDEX).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that stand for the runtime's."""
    folder = tmp_path_factory.mktemp("runtime")
    files = {address: folder / address.replace("/", "_") for address in RUNTIME}
    for address, file in files.items():
        file.write_bytes(address.encode())
    return files


def test_every_file_that_the_page_names_is_there(index: Elements, runtime: dict[str, Path]) -> None:
    site = page_site(runtime)
    named = {str(value) for _, attrs in index.found for name, value in attrs.items() if name in ("src", "href")}
    assert named - {"data:,"} <= set(site)
    for script in SCRIPTS:
        imports = re.findall(r'(?:from|import)\s*\(?"(\./[^"]+)"', script.read_text(encoding="utf-8"))
        assert {name.removeprefix("./") for name in imports} <= set(site), script
    assert set(site) >= RUNTIME


def test_the_licence_of_every_package_is_linked(index: Elements) -> None:
    assert len(LICENCES) == len(PACKAGES)
    cards = {f"models/{name}/{CARD}" for name in tracks()}
    assert {attrs["href"] for tag, attrs in index.found if tag == "a"} == {*LICENCES, OWN_LICENCE, *cards}


def test_our_own_licences_and_the_cards_are_published(runtime: dict[str, Path]) -> None:
    site = page_site(runtime)
    text = Path(ROOT / "LICENSE").read_bytes()
    own, card = site[OWN_LICENCE], site["models/khmer/card.txt"]
    assert isinstance(own, bytes) and text in own and b"Unicode, Inc." in own
    assert isinstance(card, Path) and "Data and licences" in card.read_text(encoding="utf-8")


def test_names_that_scripts_import_are_exported() -> None:
    for script in SCRIPTS:
        for names, source in re.findall(r'import \{([^}]*)\} from "\./([^"]+)"', script.read_text(encoding="utf-8")):
            if source in RUNTIME:
                continue
            text = (OWN_FILES / source).read_text(encoding="utf-8")
            exported = set(re.findall(r"export (?:async )?(?:function\*? |const |class )(\w+)", text))
            assert {name.strip() for name in names.split(",") if name.strip()} <= exported, script


def test_nothing_comes_from_elsewhere() -> None:
    for file in OWN_FILES.iterdir():
        assert not re.search(r"https?://|//cdn|@import", file.read_text(encoding="utf-8")), file


def test_the_page_asks_for_no_more_than_the_server_allows(index: Elements) -> None:
    [own] = [attrs["content"] for tag, attrs in index.found if tag == "meta" and "http-equiv" in attrs]
    assert own == POLICY.removesuffix("; frame-ancestors 'none'")  # which only a header can say
    assert "unsafe-inline" not in POLICY and "'unsafe-eval'" not in POLICY
    for tag, attrs in index.found:
        assert tag != "style" and "style" not in attrs and not any(name.startswith("on") for name in attrs)
    for script in SCRIPTS:
        assert not re.search(r"\beval\(|new Function|innerHTML", script.read_text(encoding="utf-8")), script


def test_everything_that_is_used_has_a_name(index: Elements) -> None:
    """For people who hear the page: every control has a label, every picture says what it shows."""
    text = (OWN_FILES / INDEX).read_text(encoding="utf-8")
    wrapped = re.findall(r"<label[^>]*>(?:(?!</label>).)*?<input[^>]*>", text, re.DOTALL)
    labelled = {attrs.get("for") for tag, attrs in index.found if tag == "label"}
    for tag, attrs in index.found:
        if tag == "input":
            is_wrapped = any(str(attrs.get("value") or attrs.get("id")) in label for label in wrapped)
            assert attrs.get("id") in labelled or is_wrapped, attrs
        if tag == "canvas":
            assert attrs.get("aria-label") and attrs.get("role") == "img"
    assert any(attrs.get("aria-live") == "polite" for _, attrs in index.found)
    assert ("html", {"lang": "en"}) in index.found
    assert any(attrs.get("name") == "viewport" for tag, attrs in index.found if tag == "meta")


def test_every_track_can_be_chosen(index: Elements) -> None:
    chosen = {attrs["value"] for tag, attrs in index.found if tag == "input" and attrs.get("name") == "track"}
    assert chosen == set(tracks())


@pytest.mark.parametrize("name", tracks())
def test_models_are_the_released_files_and_classes_are_theirs(name: str) -> None:
    track = tracks()[name]
    contents = model_contents(track)
    facts = orjson.loads(contents["model.json"])
    manifest = ExportFolder(find_model(None, track)).manifest
    file = contents[facts["file"]]
    assert isinstance(file, Path)
    manifest.require_listed(file)
    assert len(facts["classes"]) == len(manifest.classes)
    for own, entry in zip(facts["classes"], manifest.classes, strict=True):
        assert {member["label"] for member in own["members"]} == {entry.label, *entry.members}


def test_prototypes_are_those_of_the_table() -> None:
    track = tracks()["zero_shot"]
    contents = model_contents(track)
    facts = orjson.loads(contents["model.json"])
    model = find_model(None, track) / facts["file"]
    labels = [entry["members"][0]["label"] for entry in facts["classes"]]
    wanted = Prototypes.load(model).of(labels)
    levels, steps, biases = (contents[f"{name}.bin"] for name in ("levels", "steps", "biases"))
    assert isinstance(levels, bytes) and isinstance(steps, bytes) and isinstance(biases, bytes)
    levels_CE = np.frombuffer(levels, np.int8).reshape(len(labels), -1)
    np.testing.assert_array_equal(levels_CE * np.frombuffer(steps, "<f4")[:, None], wanted.vectors_CE)
    np.testing.assert_array_equal(np.frombuffer(biases, "<f4"), wanted.bias_C)
    assert facts["scale"] == wanted.scale


def test_a_page_is_written_whole_and_over_an_earlier_one(tmp_path: Path) -> None:
    site = {INDEX: b"<!doctype html>", "models/a/model.json": b"{}", "page.css": OWN_FILES / "page.css"}
    for _ in range(2):
        save_site(tmp_path / "site", site)
    assert {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.*")} == set(site)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty, and no page is in it"):
        save_site(tmp_path, {INDEX: b""})
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]
    with pytest.raises(InputError, match="a file, not a folder"):
        save_site(tmp_path / "letters.txt", {INDEX: b""})
