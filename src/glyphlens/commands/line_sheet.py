"""The sheet of ``glyphlens read``: every page with its lines framed, beside it what they were read as."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

from glyphlens.commands.model import REPOSITORY
from glyphlens.commands.pages import PageLine, ReadPage
from glyphlens.commands.sheet import DOUBTFUL, FAINT, INK, PAPER, SURE, UNSURE, save_picture, sheet_paths
from glyphlens.core.errors import InputError
from glyphlens.core.storage import is_there

FONT_FOLDERS = (
    Path("data/raw/fonts/khmer"),
    REPOSITORY / "data/raw/fonts/khmer",
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
)
# What text is written in, the best first; part of the name of a file.
FACES = ("noto-sans-khmer-khmer-500", "notosanskhmer", "noto-sans-khmer", "khmeros", "battambang", "khmer")
FONT_SUFFIXES = (".woff2", ".ttf", ".otf", ".ttc")
PAGE_PX, TEXT_PX, TITLE_PX, NUMBER_PX, MARGIN_PX = 1100, 26, 18, 14, 16
LINE_PX = 2 * TEXT_PX
COLOURS = ((192, 57, 43), (30, 110, 190), (30, 130, 76))  # frames of lines that follow each other


def khmer_font() -> ImageFont.FreeTypeFont:
    """A font with Khmer letters of this repository or machine; raises InputError where none is found."""
    if not features.check("raqm"):
        raise InputError("--sheet: this Pillow cannot shape Khmer text (it was built without raqm); install its wheel")
    folders = [folder for folder in (each.expanduser() for each in FONT_FOLDERS) if is_there(folder)]
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in FONT_SUFFIXES]
    for face in FACES:
        for file in files:
            if face in file.name.lower():
                return ImageFont.truetype(str(file), TEXT_PX, layout_engine=ImageFont.Layout.RAQM)
    raise InputError(
        f"--sheet: no font with Khmer letters found to write with ({', '.join(map(str, FONT_FOLDERS))}); `dvc repro "
        "fonts` fetches some, or install one, such as Noto Sans Khmer"
    )


def save_line_sheet(path: Path, pages: Sequence[ReadPage], font: ImageFont.FreeTypeFont) -> list[Path]:
    """Write ``path`` and, for further pages, ``…-2.png`` and on; returns the paths. Raises OutputError."""
    drawn = [page for page in pages if page.grey_HW.size]
    paths = sheet_paths(path, len(drawn), f"{len(drawn)} were read")
    for place, page in zip(paths, drawn, strict=True):
        save_picture(place, draw_read_page(page, font))
    return paths


def draw_read_page(page: ReadPage, font: ImageFont.FreeTypeFont) -> Image.Image:
    """One page and its lines; a very wide one is shown reduced."""
    scale = min(1.0, PAGE_PX / page.grey_HW.shape[1])
    shown = Image.fromarray(page.grey_HW)
    shown = shown.resize((max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))).convert("RGB")
    tops = _text_rows(page.lines, scale)
    text_px = max([0, *(int(font.getlength(line.text.text, language="km")) for line in page.lines)])
    width = shown.width + text_px + 6 * NUMBER_PX + 3 * MARGIN_PX
    sheet = Image.new("RGB", (max(width, shown.width + 20 * NUMBER_PX), _height(page, shown, tops)), PAPER)
    sheet.paste(shown, (0, LINE_PX))
    pen, small = ImageDraw.Draw(sheet), ImageFont.load_default(NUMBER_PX)
    title = ", ".join(filter(None, (page.name, page.note, page.fault)))
    pen.text((MARGIN_PX, MARGIN_PX // 2), title, INK, font.font_variant(size=TITLE_PX), language="km")
    for number, (line, top) in enumerate(zip(page.lines, tops, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        corners = [(x * scale, y * scale + LINE_PX) for x, y in line.image.outline]
        pen.polygon(corners, outline=colour, width=2)
        left, sure = shown.width + MARGIN_PX, line.text.confidence
        pen.text((left, top + NUMBER_PX), f"{number + 1}", colour, small)
        shade = SURE if sure >= 0.9 else UNSURE if sure >= 0.5 else DOUBTFUL
        pen.text((left + 2 * NUMBER_PX, top + NUMBER_PX), f"{sure:.0%}", shade, small)
        pen.text((left + 5 * NUMBER_PX, top + NUMBER_PX // 2), line.text.text, INK, font, language="km")
    if not page.lines:
        pen.text((shown.width + MARGIN_PX, LINE_PX), "nothing read", FAINT, small)
    return sheet


def _text_rows(lines: Sequence[PageLine], scale: float) -> list[int]:
    """Where the text of each line begins: beside it, or below that of the line before."""
    tops: list[int] = []
    for line in lines:
        beside = int(line.image.box.top * scale) + LINE_PX
        tops.append(max(beside, tops[-1] + LINE_PX) if tops else beside)
    return tops


def _height(page: ReadPage, shown: Image.Image, tops: Sequence[int]) -> int:
    return max(shown.height + LINE_PX, (tops[-1] if tops else LINE_PX) + LINE_PX) + MARGIN_PX
