"""Pictures of characters and of pages, scans, and records of the ETL database."""

import io
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import glyphlens
from glyphlens.commands.image_pictures import read_pictures
from glyphlens.commands.pages import read_files
from glyphlens.core.errors import InputError
from glyphlens.core.in_memory import InMemory
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.inference.line_reader import LineReader
from glyphlens.sources.etl.reading import read
from glyphlens.sources.etl.survey import survey
from glyphlens.tracks.scan_lines.samples.resampling import resampled_scan
from glyphlens.tracks.scan_lines.samples.scan_reading import ScanFault, read_scan, require_contrast
from tests.forged_release import RULE
from tests.fuzz.on_disk import file_in
from tests.fuzz.repairs import png_packed, png_unpacked, with_png_sums, zipped
from tests.fuzz.trial import Generator, Seed, Target
from tests.sources.etl.etl_folders import drawn, grey
from tests.sources.etl.etl_records import b_record, c_record, k_record, m_record

SIDE_PX = 24
MAX_PIXELS = 1_000_000
WRITERS, CODE, LARGE_CODE = (1, 2), 0xB1, 0x2422
EXIF_TURNED = 0x0112


def pictures(_: Path) -> Target:
    """What `predict` makes of a picture before the network sees it."""
    rule = HandwritingParams.model_validate(RULE)

    def prepared(ink_HW: np.ndarray) -> np.ndarray:
        picture_hw = prepare(ink_HW[None], rule)[0]
        if not picture_hw.any():
            raise InputError("nothing to see")
        return picture_hw

    def attempt(name: str, data: bytes) -> None:
        found = list(read_pictures(InMemory(name, data), prepared, max_pixels=MAX_PIXELS))
        if all(picture.fault for picture in found):
            raise InputError(f"{found[0].name}: {found[0].fault}")

    return Target("pictures", _picture_seeds(), attempt)


def pages(_: Path) -> Target:
    """What `read` makes of a page, with the released reader of Khmer."""
    reader = glyphlens.load("khmer").network
    assert isinstance(reader, LineReader)

    def attempt(name: str, data: bytes) -> None:
        found = list(read_files([InMemory(name, data)], reader, max_pixels=MAX_PIXELS))
        if all(page.fault for page in found):
            raise InputError(f"{found[0].name}: {found[0].fault}")

    page = _page()
    seeds = [Seed("page.png", _png(page), pack=_mended), Seed("page.jpg", _saved(page, "JPEG"))]
    seeds += [Seed("page.tif", _saved(page, "TIFF", compression="packbits"))]
    return Target("pages", seeds, attempt)


def scans(folder: Path) -> Target:
    """Arrays and pictures that are read as scans, value by value."""

    def attempt(name: str, data: bytes) -> None:
        with file_in(folder, name, data) as path:
            try:
                require_contrast(resampled_scan(read_scan(path), 32, 32))
            except ScanFault as fault:  # the audit, and `scan`, put the name before it
                raise InputError(f"{path}: {fault}") from fault

    levels_HW = np.random.default_rng(0).integers(0, 4096, (12, 16))
    arrays = [levels_HW.astype(kind) for kind in ("<u2", ">f4", "<f8", "u1")]
    seeds = [Seed(f"{number}.npy", _npy(array)) for number, array in enumerate(arrays)]
    seeds += [Seed("one.npz", _npy(arrays[0]), pack=partial(_zip_of, "one.npy"))]
    wide = Image.fromarray(levels_HW.astype(np.uint16))
    seeds += [Seed("wide.png", _png(wide), pack=_mended), Seed("wide.tif", _saved(wide, "TIFF"))]
    seeds += [Seed("float.tif", _saved(Image.fromarray(levels_HW.astype(np.float32)), "TIFF"))]
    return Target("scans", seeds, attempt, memory_mib=1536)  # 64 million values may be read, 16 bytes each at most


def records(folder: Path) -> Target:
    """Files of the ETL database, plain and zipped."""

    def attempt(name: str, data: bytes) -> None:
        with file_in(folder, name, data):
            for file in survey(folder).files:
                for chunk in read(file):
                    chunk.index()
                    chunk.pixels(scaled=True)

    seeds = [
        Seed("ETL1C_01", b"".join(m_record(drawn("M", CODE, writer), CODE, writer) for writer in WRITERS)),
        Seed("ETL2_1", b"".join(k_record(drawn("K", 5, 1), (0, 5), mark=mark) for mark in "AB")),
        Seed("ETL4C", b"".join(c_record(drawn("C", CODE, writer), CODE, writer) for writer in WRITERS)),
        Seed("ETL8B2C1", bytes(512) + b_record(drawn("B8", LARGE_CODE, 1), LARGE_CODE, 1, length=512)),
        Seed("ETL9B_1", bytes(576) + b_record(drawn("B9", LARGE_CODE, 1), LARGE_CODE, 1, length=576)),
        Seed("ETL8G_01", grey("G8", LARGE_CODE, 1)),
        Seed("ETL9G_01", grey("G9", LARGE_CODE, 1)),
    ]
    archive = zipped({"ETL9G_01": seeds[-1].data}, np.random.default_rng(0))
    seeds += [Seed("ETL9G.zip", archive), Seed("ETL4.zip", seeds[2].data, pack=partial(_zip_of, "ETL4C"))]
    return Target("ETL records", seeds, attempt, says=lambda name: (name, str(folder)))


def _picture_seeds() -> list[Seed]:
    grey_image, colour = _drawing("L"), _drawing("RGBA")
    head, rows, tail = png_unpacked(_png(colour))
    exif = Image.Exif()
    exif[EXIF_TURNED] = 6
    seeds = [
        Seed("grey.png", _png(grey_image), pack=_mended),
        Seed("rows.png", rows, pack=lambda data, rng: _mended(png_packed(head, data, tail), rng)),
        Seed("palette.png", _png(grey_image.convert("P"), transparency=0), pack=_mended),
        Seed("grey.jpg", _saved(grey_image, "JPEG", exif=exif)),
        Seed("colour.jpg", _saved(colour.convert("RGB"), "JPEG", progressive=True)),
        Seed("lossy.webp", _saved(colour, "WEBP")),
        Seed("plain.bmp", _saved(grey_image, "BMP")),
        Seed("plain.pgm", _saved(grey_image, "PPM")),
        Seed("text.pgm", b"P2 4 4 255\n" + b"0 255 " * 8, is_text=True),
        Seed("moving.gif", _saved(grey_image, "GIF", save_all=True, append_images=[_drawing("L", 5)])),
        Seed("pages.tif", _saved(grey_image, "TIFF", save_all=True, append_images=[_drawing("L", 5)])),
    ]
    kinds = {"tiff_lzw": "L", "tiff_adobe_deflate": "RGBA", "group4": "1", "jpeg": "RGB", "packbits": "L"}
    seeds += [Seed(f"{kind}.tif", _saved(_drawing(mode), "TIFF", compression=kind)) for kind, mode in kinds.items()]
    return seeds


def _drawing(mode: str, shift: int = 0) -> Image.Image:
    image = Image.new("L", (SIDE_PX, SIDE_PX), 255)
    pen = ImageDraw.Draw(image)
    pen.line((5, 5 + shift, 18, 17), fill=0, width=3)
    pen.line((5, 18, 18, 18 - shift), fill=0, width=2)
    return image.convert(mode)


def _page() -> Image.Image:
    image = Image.new("L", (120, 40), 255)
    ImageDraw.Draw(image).text((6, 4), "line one\nline two", fill=0)
    return image


def _png(image: Image.Image, **options: object) -> bytes:
    return _saved(image, "PNG", **options)


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _mended(data: bytes, rng: Generator) -> bytes:
    return with_png_sums(data) if rng.random() < 0.8 else data


def _zip_of(name: str, data: bytes, rng: Generator) -> bytes:
    return zipped({name: data}, rng)
