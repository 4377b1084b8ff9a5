"""Ideographic description sequences (Unicode, chapter 18.2): ⿰石本 → the description of a character of these parts.

Where an operator puts its parts was measured on KanjiVG's characters: the more strokes a part has, the more room it
gets, and neighbouring parts overlap, because every drawing has a margin of its own.
S strokes · 2 coordinates (x right, y down, 0..1 of the square)
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.tracks.zero_shot.descriptions.description import MOST_STROKES, STROKE_TYPES, Description, on_levels

PARTS = {"⿰": 2, "⿱": 2, "⿲": 3, "⿳": 3, "⿴": 2, "⿵": 2, "⿶": 2, "⿷": 2, "⿸": 2, "⿹": 2, "⿺": 2, "⿻": 2}
TOKEN = re.compile(r"&([^&;\s]+);|(\S)")  # &CDP-8BD0; names a part that is no character of Unicode
# Side by side or one above the other: a part's share of the room is its share of the strokes, plus this.
ROW_EVENNESS, COLUMN_EVENNESS = 0.5, 0.3
OVERLAP = 0.1
# The inner part's box: left, top, right, bottom. The outer part has the whole square.
INNER = {
    "⿴": (0.20, 0.20, 0.80, 0.85),
    "⿵": (0.15, 0.30, 0.85, 1.00),
    "⿶": (0.15, 0.00, 0.85, 0.80),
    "⿷": (0.20, 0.15, 0.95, 0.85),
    "⿸": (0.18, 0.25, 0.96, 0.98),
    "⿹": (0.04, 0.25, 0.80, 0.98),
    "⿺": (0.30, 0.02, 0.95, 0.84),
    "⿻": (0.00, 0.00, 1.00, 1.00),
}
CLOSED_LAST = "⿴⿷"  # the outer part's last stroke is written after the inner part, as in 国
INNER_FIRST = "⿶"
WRITTEN_LAST = "辶⻌廴"  # of the outer parts of ⿺
# Forms of radicals that IDS tables use, each with KanjiVG's name for such a part: in 鉢 it is 金, not 釒. 阝 is ⻖ on
# the left and ⻏ elsewhere. What has other strokes than any part of KanjiVG (讠, 镸) has no entry, so it is refused.
FORMS = (
    "釒金 訁言 牜牛 𤣩王 𥫗竹 𧾷足 𠆢人 糹糸 𩙿飠 犭⺨ 爫⺤ 㣺⺗ 丬⺦ 阝⻏ 龵手 龴マ 朩木 𣏟林 𤴓疋 𤴔疋 𭕄⺍ 𦍌⺷ "
    "彐⺕ 㐅乂 𠘨几 靑青 戶戸 户戸 ⺁厂 ⺅亻 ⺆冂 ⺇几 ⺈𠂊 ⺉刂 ⺊卜 ⺋㔾 ⺎兀 ⺐尢 ⺒巳 ⺓幺 ⺔彑 ⺖忄 ⺘扌 ⺙攵 "
    "⺛旡 ⺝月 ⺟母 ⺠民 ⺡氵 ⺢氺 ⺣灬 ⺥⺤ ⺧牛 ⺩王 ⺪疋 ⺫罒 ⺬示 ⺭礻 ⺮竹 ⺯糸 ⺲罒 ⺹耂 ⺻聿 ⺼月 ⺾艹 ⺿艹 "
    "⻀艹 ⻁虍 ⻂衤 ⻃覀 ⻄西 ⻆角 ⻊足 ⻍⻌ ⻎⻌ ⻑長 ⻗雨 ⻘青 ⻝食 ⻟⻞ ⻣骨 ⻤鬼 ⻨麦 ⻩黄 ⻫斉 ⻭歯 ⻯竜 ⻱龜 "
    "⻲亀"
)
NAMES = {pair[0]: pair[1] for pair in FORMS.split()}
SHOWN, SHOWN_PARTS = 60, 8  # of a text, in an error
# The 214 radicals of the dictionary have code points of their own beside those of the characters that they are.
PLAIN = {radical: unicodedata.normalize("NFKC", radical) for radical in map(chr, range(0x2F00, 0x2FD6))}
OTHER_NAMES = str.maketrans({**NAMES, **{radical: NAMES.get(plain, plain) for radical, plain in PLAIN.items()}})

Box = tuple[float, float, float, float]


def describe_ids(text: str, known: Mapping[str, Description]) -> Description:
    """The description of the character that an IDS text composes of ``known`` parts; one part alone is itself.

    Parts have the names that KanjiVG gives them, or those of OTHER_NAMES. Raises InputError that names every part
    without a description, an operator whose parts are missing, and how many characters are left over.
    """
    spelled = "".join(text.split()).replace("⿰阝", "⿰⻖").translate(OTHER_NAMES)
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    tokens = [name or character for name, character in TOKEN.findall(spelled)]
    unknown = list(dict.fromkeys(token for token in tokens if token not in PARTS and token not in known))
    if unknown:
        listed = ", ".join(
            f"'{name}' ({' '.join(f'U+{ord(each):04X}' for each in name)})" for name in unknown[:SHOWN_PARTS]
        )
        raise InputError(
            f"'{text}': no description is known for {listed}, nor for what it is a form of; describe it by its own "
            "parts"
        )
    if len(tokens) == 1 and tokens[0] not in PARTS:
        return known[tokens[0]]
    stack: list[Description] = []
    for place in range(len(tokens), 0, -1):  # parts stand behind their operator
        token = tokens[place - 1]
        wanted = PARTS.get(token)
        if wanted is None:
            stack.append(as_part(token, known[token]))
            continue
        if len(stack) < wanted:
            raise InputError(f"'{text}': {token} at place {place} has {len(stack)} of its {wanted} parts")
        stack.append(_composed(token, [stack.pop() for _ in range(wanted)]))
        if len(stack[-1].types) > MOST_STROKES:
            raise InputError(f"'{text}': {len(stack[-1].types)} strokes, at most {MOST_STROKES} are expected")
    if len(stack) != 1:
        raise InputError(f"'{text}': describes {len(stack)} characters, one is expected; begin with an operator")
    return stack[0]


def as_part(name: str, description: Description) -> Description:
    """The description as it is within another character: KanjiVG then names 本 as a whole, alone 木 and a stroke."""
    if not set(description.names) & set(STROKE_TYPES):
        return description
    return replace(description, names=(name,), owners_S=np.zeros(len(description.types), np.int64))


def _composed(operator: str, parts: Sequence[Description]) -> Description:
    """The parts in the boxes of the operator, their strokes in writing order."""
    placed = [_in_box(part, box) for part, box in zip(parts, _boxes(operator, parts), strict=True)]
    strokes = [list(range(len(part.types))) for part in placed]
    pieces = list(zip(placed, strokes, strict=True))
    if operator in CLOSED_LAST and len(strokes[0]) > 1:
        pieces = [(placed[0], strokes[0][:-1]), pieces[1], (placed[0], strokes[0][-1:])]
    elif operator in INNER_FIRST or (operator == "⿺" and parts[0].names[0] in WRITTEN_LAST):
        pieces.reverse()
    return _in_order(pieces)


def _boxes(operator: str, parts: Sequence[Description]) -> list[Box]:
    if operator in INNER:
        return [(0.0, 0.0, 1.0, 1.0), INNER[operator]]
    is_row = operator in "⿰⿲"
    room = [len(part.types) for part in parts]
    evenness = (ROW_EVENNESS if is_row else COLUMN_EVENNESS) * sum(room)
    cuts = list(accumulate((strokes + evenness for strokes in room), initial=0.0))
    sides = [(max(low / cuts[-1] - OVERLAP, 0.0), min(high / cuts[-1] + OVERLAP, 1.0)) for low, high in pairwise(cuts)]
    return [(low, 0.0, high, 1.0) if is_row else (0.0, low, 1.0, high) for low, high in sides]


def _in_box(description: Description, box: Box) -> Description:
    low_2, high_2 = np.array(box[:2]), np.array(box[2:])
    points_SP2: NDArray[np.float64] = low_2 + description.points_SP2 * (high_2 - low_2)
    return replace(description, points_SP2=on_levels(points_SP2))


def _in_order(pieces: Sequence[tuple[Description, Sequence[int]]]) -> Description:
    """Strokes of several descriptions in a new writing order: of each piece those with the given numbers.

    Pieces of one description (the same object) share its components, which stand in the order of their first strokes.
    """
    taken = [(id(whole), whole, stroke) for whole, strokes in pieces for stroke in strokes]
    owners = [(key, int(whole.owners_S[stroke])) for key, whole, stroke in taken]
    numbers = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
    names = {owner: whole.names[owner[1]] for owner, (_, whole, _) in zip(owners, taken, strict=True)}
    return Description(
        tuple(whole.types[stroke] for _, whole, stroke in taken),
        np.stack([whole.points_SP2[stroke] for _, whole, stroke in taken]),
        tuple(names[owner] for owner in numbers),
        np.array([numbers[owner] for owner in owners], np.int64),
    )
