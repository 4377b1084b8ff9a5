"""Characters of a kanji set as classes: one Unicode character each, its form, each set's own code, its look-alikes."""

import unicodedata

import pandas as pd

from glyphlens.data.sample_set import CharacterClass

# Characters that nobody tells apart once size and place in the cell are gone: each string is one group. Small kana and
# small Latin letters are here for that reason, and so is what differs only by its place, as 。 and ゜ do.
LOOKALIKES = (
    "へヘ", "べベ", "ぺペ", "りリ", "ー一-‐‑–—―−‾_￣", "ニ二", "ロ口□", "カヵ力", "タ夕", "ェエ工", "ハ八", "ト卜",
    "ォオ才", "十+", "ノ/丿", "ミ彡", "く<〈", ">〉", "Oo0〇○◯。゜°", "Il1|丨", "Cc", "Pp", "Ss", "Uu", "Vv∨", "Ww",
    "Xx×", "Zz", ",'’′", "、丶ヽ", ".・·", "゛\"”″〃", "‖∥", "~〜",
    "ぁあ", "ぃい", "ぅう", "ぇえ", "ぉお", "っつ", "ゃや", "ゅゆ", "ょよ", "ゎわ",
    "ァア", "ィイ", "ゥウ", "ッツ", "ャヤ", "ュユ", "ョヨ", "ヮワ", "ヶケ",
)  # fmt: skip
# How the Unicode names of a form's characters begin.
FORMS = {
    "HIRAGANA ": "hiragana",
    "KATAKANA ": "katakana",
    "CJK UNIFIED IDEOGRAPH-": "kanji",
    "DIGIT ": "digit",
    "LATIN ": "latin",
}
# Characters whose names say something else than what they are.
FORM_OF = {"ー": "katakana", "・": "symbol", "々": "kanji", "〆": "kanji", "〇": "kanji"}
FEWEST_CLASSES = 2


def form_of(char: str) -> str:
    """hiragana, katakana, kanji, digit, latin or symbol."""
    name = unicodedata.name(char, "")
    return FORM_OF.get(char) or next((form for start, form in FORMS.items() if name.startswith(start)), "symbol")


def lookalikes_of(labels: list[str]) -> dict[str, tuple[str, ...]]:
    """For every label the others of its group that are labels too, sorted; empty for most."""
    group = {char: chars for chars in LOOKALIKES for char in chars}
    known = set(labels)
    return {label: tuple(sorted(set(group.get(label, "")) & known - {label})) for label in labels}


def kanji_classes(index: pd.DataFrame) -> list[CharacterClass]:
    """The classes of the rows by code point; ``members`` are the codes their sets have for them, ``ETL9G:0x2422``."""
    counts = index.groupby("label").size()
    labels = sorted(str(label) for label in counts.index)
    coded = index.loc[index["code"] != "", ["label", "set", "code"]].drop_duplicates()
    members: dict[str, list[str]] = {}
    for label, name, code in coded.itertuples(index=False, name=None):
        members.setdefault(label, []).append(f"{name}:{code}")
    alike = lookalikes_of(labels)
    return [
        CharacterClass(
            label=label,
            code_points=(f"U+{ord(label):04X}",),
            form=form_of(label),
            members=tuple(sorted(members.get(label, ()))),
            lookalikes=alike[label],
            count=int(counts[label]),
        )
        for label in labels
    ]
