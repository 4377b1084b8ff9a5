"""A PDF file opened with care: what is encrypted, signed, damaged or too large is refused by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf

from glyphlens.core.errors import InputError
from glyphlens.sources.fonts.isolation import Limits

MAX_PDF_BYTES = 1 << 29
LIMITS = Limits(seconds=300, memory_mib=2048)  # a few kilobytes of a PDF can hold gigabytes


@contextmanager
def opened_pdf(path: Path) -> Iterator[pikepdf.Pdf]:
    """The document, read only; raises InputError where it cannot be used, here or while it is read."""
    try:
        size = path.stat().st_size
        if size > MAX_PDF_BYTES:
            raise InputError(f"{size >> 20} MiB; PDF files of up to {MAX_PDF_BYTES >> 20} MiB are read")
        with pikepdf.open(path, attempt_recovery=False) as pdf:
            yield pdf
    except pikepdf.PasswordError as error:
        raise InputError("it is encrypted with a password; decrypt it first (qpdf --decrypt)") from error
    except (pikepdf.PdfError, pikepdf.DataDecodingError) as error:
        reason = str(error).replace(f"{path}: ", "").replace(f"{path} ", "")
        raise InputError(f"the PDF is damaged ({reason}); repair a copy first (qpdf in.pdf out.pdf)") from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})") from error


def spelled(name: object) -> str:
    """A name of the document as text, its slash included; bytes that are no UTF-8, as older writers leave them, as
    Latin-1."""
    if not isinstance(name, pikepdf.Name):
        return str(name)
    data = bytes(name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def require_changeable(pdf: pikepdf.Pdf) -> None:
    """Raise InputError for a document that a change would break: an encrypted or a signed one."""
    if pdf.is_encrypted:
        raise InputError("it is encrypted against changes; decrypt it first (qpdf --decrypt)")
    form = pdf.Root.get("/AcroForm")
    if form is not None and int(form.get("/SigFlags", 0)) & 1:
        raise InputError("it is signed, and a changed copy would break the signature")
