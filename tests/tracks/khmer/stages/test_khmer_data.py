"""The stages khmer_texts and khmer_lines as DVC runs them, with a few packages and lines."""

import json
from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, sha256_tree
from glyphlens.data.sample_set import SampleSet
from glyphlens.gates.token import write_token
from glyphlens.tracks.khmer.stages import khmer_lines, khmer_texts
from glyphlens.tracks.khmer.texts.text_set import load_texts
from tests.tracks.khmer.small_lines import small_lines, small_texts


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with small parameters and no text of one's own."""
    monkeypatch.chdir(tmp_path)
    machine = {"workers": 1, "batch_workers": 0}
    params = {"seed": 1, "khmer_texts": small_texts(), "khmer_lines": small_lines(), "machine": machine}
    Path("params.yaml").write_text(json.dumps(params, ensure_ascii=False), encoding="utf-8")
    Path("own").mkdir()
    Path("own/README.md").write_text("put text here", encoding="utf-8")
    return tmp_path


def options(**paths: object) -> list[str]:
    return [word for name, path in paths.items() for word in (f"--{name}", str(path))]


def test_texts_become_lines(place: Path, khmer_packages: Path, khmer_fonts: Path) -> None:
    khmer_texts.main(options(packages=khmer_packages, own="own", out="texts", metrics="texts.json"))
    texts, characters = load_texts(place / "texts")
    assert len(texts) == 120
    assert load_json(place / "texts.json")["own_lines"] == 0

    told = {"texts": "texts", "token": "token.json", "fonts": khmer_fonts, "packages": khmer_packages}
    with pytest.raises(InputError, match=r"token\.json"):
        khmer_lines.main(options(**told, out="lines", metrics="lines.json"))
    write_token(place / "token.json", place / "texts")
    khmer_lines.main(options(**told, out="lines", metrics="lines.json"))
    samples = SampleSet.open(place / "lines")
    assert samples.charset is not None
    assert samples.charset.characters == characters
    assert load_json(place / "lines.json")["lines"] == len(samples)
    khmer_lines.main(options(**told, out="again", metrics="lines.json"))
    assert sha256_tree(place / "again") == sha256_tree(place / "lines")
