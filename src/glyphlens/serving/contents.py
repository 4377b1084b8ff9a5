"""The files in a request's body, as far as they are of the right kind and within limits."""

import io
import zipfile
from collections.abc import Iterable
from itertools import islice
from pathlib import PurePath
from typing import TypeVar

from glyphlens.commands.image_pictures import Picture
from glyphlens.commands.pages import ReadPage
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.in_memory import InMemory
from glyphlens.core.storage import BROKEN_ZIP
from glyphlens.imaging.font_bytes import COMPRESSED_SIGNATURES, SFNT_SIGNATURES
from glyphlens.imaging.postscript_fonts import is_mac_font, is_postscript_font
from glyphlens.serving.limits import ServerLimits

ZIP, PDF, PDF_WITHIN = b"PK\x03\x04", b"%PDF-", 1024
TOO_LARGE = " pixels, at most "  # in the fault of a page that is not read for its size
SENT = "picture"  # what a picture without a name of its own is called
Page = TypeVar("Page")


class TooLarge(InputError):
    """More than the server takes."""


class SeveralPictures(Exception):
    """More pictures than are read beside other requests."""


class WrongKind(InputError):
    """A file of another kind than the endpoint reads."""


def picture_sent(body: bytes) -> InMemory:
    """The body as a picture; raises WrongKind for what is clearly another file."""
    if body.startswith(ZIP) or is_pdf_sent(body) or is_font_sent(body):
        raise WrongKind("not a picture")
    return InMemory(SENT, body)


def fault_of_picture(picture: Picture | ReadPage) -> InputError:
    """What is wrong with a picture, as the kind of error that its answer's status follows from."""
    is_no_picture, is_too_large = picture.fault.startswith("not an image"), TOO_LARGE in picture.fault
    kind = WrongKind if is_no_picture else TooLarge if is_too_large else InputError
    return kind(f"{picture.name}: {picture.fault}")


def all_of(pages: Iterable[Page], allowed: int, most: int | None = None) -> list[Page]:
    """All pages, without looking at further ones; raises TooLarge where there are more than ``allowed``, and
    SeveralPictures where only that is more than ``most``."""
    few = allowed if most is None else min(most, allowed)
    found = list(islice(pages, few + 1))
    if len(found) > allowed:
        raise TooLarge(f"more than {allowed} pages or pictures; at most so many are read")
    if len(found) > few:
        raise SeveralPictures
    return found


def is_pdf_sent(body: bytes) -> bool:
    """Whether it is a PDF by its first bytes."""
    return PDF in body[:PDF_WITHIN]


def is_font_sent(body: bytes) -> bool:
    """Whether it is a font of any kind by its first bytes."""
    return body[:4] in (*SFNT_SIGNATURES, *COMPRESSED_SIGNATURES) or is_postscript_font(body) or is_mac_font(body)


def unzipped(body: bytes, limits: ServerLimits) -> list[InMemory]:
    """The files of an archive, folders left out; raises InputError where they are too many, too large or damaged."""
    found, room = list[InMemory](), limits.body_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > limits.pages:
                raise TooLarge(f"{len(entries):,} files in the archive, at most {limits.pages} are read")
            for entry in entries:
                with archive.open(entry) as file:
                    data = file.read(room + 1)
                room -= len(data)
                if room < 0:
                    raise TooLarge(f"the archive holds more than {limits.body_bytes:,} bytes")
                found.append(InMemory(shown(PurePath(entry.filename).name), data))
    except (*BROKEN_ZIP, NotImplementedError, ValueError) as error:
        raise InputError(f"the ZIP archive cannot be read ({type(error).__name__})") from error
    if not found:
        raise InputError("the ZIP archive is empty")
    return found
