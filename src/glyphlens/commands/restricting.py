"""``--characters``: the classes of a model that a user's list of characters allows as answers."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there
from glyphlens.data.sample_set import CharacterClass
from glyphlens.sources.arabic_script import slug


class Allowed(NamedTuple):
    """The (A,) classes that may be answered, ascending, and the characters of the list that are none of them."""

    classes_A: NDArray[np.int64]
    unknown: tuple[str, ...]


def allowed_classes(wanted: str, classes: Sequence[CharacterClass]) -> Allowed:
    """``wanted`` is a text file, or characters: words apart by spaces or lines.

    A word that is the label or the text of a class allows it, and every other class of that text (the forms of an
    Arabic letter); any other word is read character by character. Raises InputError where no class is left, or the
    file cannot be read.
    """
    of_text = _classes_of_texts(classes)
    asked = [each for word in _text(wanted).split() for each in ([word] if _known(word, of_text) else word)]
    found = {each: _known(each, of_text) for each in dict.fromkeys(asked)}
    unknown = tuple(each for each, numbers in found.items() if not numbers)
    numbers = sorted({number for numbers in found.values() for number in numbers})
    if not numbers:
        raise InputError(f"--characters: no class of the model is among them ({names(unknown) or 'the list is empty'})")
    return Allowed(np.array(numbers, np.int64), unknown)


def names(characters: Sequence[str], most: int = 10) -> str:
    """``ゑ (U+3091), ヱ (U+30F1), …`` of characters and labels."""
    listed = [f"{each} (U+{ord(each):04X})" if len(each) == 1 else each for each in characters[:most]]
    return ", ".join([*listed, *[f"and {len(characters) - most} more"] * (len(characters) > most)])


def _text(wanted: str) -> str:
    path = Path(wanted)
    if not wanted.strip() or not is_there(path):
        return unicodedata.normalize("NFC", wanted)
    try:
        return unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text in UTF-8 (byte {error.start:,}); save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _classes_of_texts(classes: Sequence[CharacterClass]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(classes):
        for text in dict.fromkeys(_texts(entry)):
            found[text].append(number)
    return found


def _texts(entry: CharacterClass) -> Iterator[str]:
    """What a class is called: its labels, merged ones too, with and without the form; the text of its code points."""
    for label in (entry.label, *entry.members):
        yield label
        yield label.partition(".")[0]
    yield unicodedata.normalize("NFC", "".join(chr(int(code[2:], 16)) for code in entry.code_points))


def _known(word: str, of_text: dict[str, list[int]]) -> list[int]:
    """The classes of a word; a merged letter has its name only (``farsi_yeh``), by which its character is found."""
    named = slug(ord(word)) if len(word) == 1 and unicodedata.name(word, "").startswith("ARABIC ") else word
    return sorted({*of_text.get(word, []), *of_text.get(named, [])})
