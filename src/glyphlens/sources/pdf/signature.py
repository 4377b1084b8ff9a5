"""Whether a file is a PDF, told without what reads PDFs."""

from pathlib import Path

from glyphlens.core.in_memory import Content

PDF_SUFFIX = ".pdf"
SIGNATURE, SIGNATURE_WITHIN = b"%PDF-", 1024  # where readers look for it


def is_pdf(path: Content) -> bool:
    """Whether a file is called a PDF, or is one by its first bytes; a pipe is not looked into."""
    try:
        if not isinstance(path, Path):
            return SIGNATURE in path.data[:SIGNATURE_WITHIN]
        if path.suffix.lower() == PDF_SUFFIX or not path.is_file():
            return path.suffix.lower() == PDF_SUFFIX and not path.is_dir()
        with path.open("rb") as file:
            return SIGNATURE in file.read(SIGNATURE_WITHIN)
    except OSError:
        return False
