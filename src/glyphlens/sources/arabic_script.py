"""What Unicode says of the Arabic script: which characters make glyphs, how they join, and the names of labels.

Names and normalisation come from Python's ``unicodedata`` (Unicode 14 in Python 3.11), joining facts from the ``regex``
package (ArabicShaping.txt); characters that only one of them knows are no labels, so labels do not move.
"""

import re
import unicodedata
from functools import cache
from itertools import groupby

import regex

FORMS = ("isol", "init", "medi", "fina")
NO_JOINING_GROUP = "No_Joining_Group"
LAM, ALEF_GROUP = 0x0644, "Alef"  # the one ligature that every Arabic font owes
ZWJ = 0x200D
TATWEEL = 0x0640
SPACE = 0x0020
BLOCKS = ((0x0600, 0x06FF), (0x0750, 0x077F), (0x0870, 0x08FF), (0x10E60, 0x10EFF), (0x1EE00, 0x1EEFF))
PRESENTATION_BLOCKS = ((0xFB50, 0xFDFF), (0xFE70, 0xFEFC))
FORM_OF_TAG = {"<isolated>": "isol", "<initial>": "init", "<medial>": "medi", "<final>": "fina"}
CLASS_OF_FORM = {"isol": "isol", "init": "init", "medi": "medi", "fina": "final"}
JOINING_GROUPS = (
    "African_Feh",
    "African_Noon",
    "African_Qaf",
    "Ain",
    "Alaph",
    "Alef",
    "Beh",
    "Burushaski_Yeh_Barree",
    "Dal",
    "Farsi_Yeh",
    "Feh",
    "Gaf",
    "Hah",
    "Heh",
    "Heh_Goal",
    "Kaf",
    "Kashmiri_Yeh",
    "Knotted_Heh",
    "Lam",
    "Meem",
    "Noon",
    "Nya",
    "Qaf",
    "Reh",
    "Rohingya_Yeh",
    "Sad",
    "Seen",
    "Straight_Waw",
    "Swash_Kaf",
    "Tah",
    "Teh_Marbuta",
    "Teh_Marbuta_Goal",
    "Thin_Yeh",
    "Vertical_Tail",
    "Waw",
    "Yeh",
    "Yeh_Barree",
    "Yeh_With_Tail",
)
_ARABIC = regex.compile(r"\p{scx=Arabic}")
_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}|\p{Prepended_Concatenation_Mark}")


@cache
def makes_glyph(code_point: int) -> bool:
    """Whether a character of the Arabic script is drawn: no format, prefix, space, private or unassigned character."""
    character = chr(code_point)
    if unicodedata.category(character) in ("Cf", "Cc", "Cn", "Co", "Cs", "Zs") or not unicodedata.name(character, ""):
        return False
    return _ARABIC.match(character) is not None and _IGNORABLE.match(character) is None


@cache
def joining_type(code_point: int) -> str:
    """ArabicShaping.txt: D dual, R right, L left, C join-causing, U none, T transparent."""
    for letter in "UDRTCL":
        if regex.match(rf"\p{{Joining_Type={letter}}}", chr(code_point)):
            return letter
    raise ValueError(f"U+{code_point:04X} has no joining type")


@cache
def joining_group(code_point: int) -> str:
    """ArabicShaping.txt's joining group, such as Beh; No_Joining_Group where it has none."""
    for name in JOINING_GROUPS:
        if regex.match(rf"\p{{Joining_Group={name}}}", chr(code_point)):
            return name
    return NO_JOINING_GROUP


@cache
def slug(code_point: int) -> str:
    """The Unicode name as a word of a label: LETTER BEH → beh, ARABIC-INDIC DIGIT FOUR → arabic_indic_digit_four."""
    name = unicodedata.name(chr(code_point))
    short = name.removeprefix("ARABIC ").removeprefix("LETTER ")
    return re.sub(r"[^a-z0-9]+", "_", short.lower()).strip("_")


def is_mark(code_point: int) -> bool:
    """Whether a character combines with the one before it."""
    return unicodedata.category(chr(code_point)) == "Mn"


def _stacking_rank(code_point: int) -> int:
    return {220: 0, 230: 0, 33: 1}.get(unicodedata.combining(chr(code_point)), 2)


def is_letter(code_point: int) -> bool:
    """Whether a character is a letter proper, whose label carries its form."""
    return unicodedata.category(chr(code_point)) == "Lo"


def composed(code_points: tuple[int, ...]) -> tuple[int, ...]:
    """The canonical composition (NFC) of a sequence."""
    return tuple(map(ord, unicodedata.normalize("NFC", "".join(map(chr, code_points)))))


def marks_in_order(code_points: tuple[int, ...]) -> tuple[int, ...]:
    """Marks as they stack: hamza and madda next to the letter, then shadda, then vowels (Unicode sorts shadda last)."""
    ordered: list[int] = []
    for marks, group in groupby(code_points, key=is_mark):
        run = list(group)
        ordered += sorted(run, key=_stacking_rank) if marks else run
    return tuple(ordered)


def possible_forms(code_points: tuple[int, ...]) -> tuple[str, ...]:
    """The joining forms that a letter or a ligature of letters can take; () for marks, digits, punctuation, symbols."""
    if not any(map(is_letter, code_points)):
        return ()
    solid = [joining_type(code_point) for code_point in code_points if joining_type(code_point) != "T"]
    joins_before = bool(solid) and solid[0] in "DRC"
    joins_after = bool(solid) and solid[-1] in "DLC"
    possible = (True, joins_after, joins_before and joins_after, joins_before)
    return tuple(form for form, is_possible in zip(FORMS, possible, strict=True) if is_possible)


def in_context(code_points: tuple[int, ...], form: str) -> tuple[int, ...]:
    """The text that shows a form: zero-width joiners stand for the neighbours it is joined to."""
    before = (ZWJ,) if form in ("medi", "fina") else ()
    after = (ZWJ,) if form in ("init", "medi") else ()
    return (*before, *code_points, *after)


def label_of(code_points: tuple[int, ...], form: str) -> str:
    """``beh.init``, ``lam_alef.fina``, ``shadda_fatha``."""
    name = "_".join(map(slug, code_points))
    return f"{name}.{form}" if form else name


def char_class(code_points: tuple[int, ...], form: str) -> str:
    """isol, init, medi, final, diacritic, digit, punctuation, symbol or ligature."""
    if form:
        letters = sum(not is_mark(code_point) for code_point in code_points)
        return "ligature" if letters > 1 else CLASS_OF_FORM[form]
    category = unicodedata.category(chr(code_points[0]))
    if all(map(is_mark, code_points)) or (code_points[0] == TATWEEL and len(code_points) > 1):
        return "diacritic"
    return {"N": "digit", "P": "punctuation"}.get(category[0], "symbol")


def presentation_form(code_point: int) -> tuple[tuple[int, ...], str] | None:
    """Letters and form behind a presentation-form character; None where it has no such decomposition.

    A mark shown on a space is the mark itself; on a tatweel it is a glyph of its own. Words with spaces in them (the
    long honorifics) have no decomposition here: their label is their own name.
    """
    tag, *hexadecimal = unicodedata.decomposition(chr(code_point)).split() or [""]
    if tag not in FORM_OF_TAG:
        return None
    code_points = tuple(int(digits, 16) for digits in hexadecimal)
    if code_points[0] == SPACE:
        code_points = code_points[1:]
    if not code_points or SPACE in code_points:
        return None
    return marks_in_order(composed(code_points)), FORM_OF_TAG[tag] if any(map(is_letter, code_points)) else ""
