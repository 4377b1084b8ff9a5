"""Options that cannot be served with are refused before anything is opened."""

from pathlib import Path

import pytest

from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.serving.app import Language
from glyphlens.serving.limits import ServerLimits
from glyphlens.serving.server import TOKEN, bound, named_models, read_token, require_token_beyond
from glyphlens.sources.arabic_languages import LANGUAGES
from glyphlens.tracks import tracks


def test_by_default_all_releases_are_served() -> None:
    assert named_models([]) == {name: name for name in tracks()}


def test_a_name_stands_for_one_model() -> None:
    with pytest.raises(InputError, match="two models are called kanji; write --model another=other/kanji"):
        named_models(["kanji", "other/kanji"])


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org"])
def test_whoever_is_beyond_this_machine_needs_a_token(host: str) -> None:
    with pytest.raises(InputError, match="give --token-file, or GLYPHLENS_TOKEN"):
        require_token_beyond(host, None)
    require_token_beyond(host, "a token")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_needs_none(host: str) -> None:
    require_token_beyond(host, None)


def test_a_token_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN, "sixteen-characters")
    assert read_token(None) == "sixteen-characters"
    file = tmp_path / "token"
    file.write_text("another-of-sixteen\n", encoding="utf-8")
    assert read_token(file) == "another-of-sixteen"
    for text in ("", "short", "with a space in its middle", "ünprintable-token-of-mine"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="at least 16 printable ASCII characters"):
            read_token(file)
    with pytest.raises(InputError, match="cannot be read"):
        read_token(tmp_path / "none")


def test_an_address_that_is_taken_is_named() -> None:
    with bound("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(GlyphlensError, match=f"127.0.0.1:{port}: cannot be listened at"), bound("127.0.0.1", port):
            pass


def test_limits_let_something_through() -> None:
    with pytest.raises(InputError, match="waiting: 0, expected more than 0"):
        ServerLimits(waiting=0)
    with pytest.raises(InputError, match="held_bytes: 5 is less than one body may have"):
        ServerLimits(held_bytes=5)


def test_the_languages_are_those_that_are_known() -> None:
    assert set(str(Language).replace("'", "").partition("Literal[")[2].partition("]")[0].split(", ")) == set(LANGUAGES)
