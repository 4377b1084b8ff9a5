"""Tables of answers as CSV, JSON or Parquet: to a file, or as text to the screen."""

import errno
import math
import os
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal

import orjson
import pandas as pd

from glyphlens.commands.answers import RANKED, Row, runners_up, same_shape
from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.file_names import shown
from glyphlens.core.storage import (
    STANDARD_OUTPUT,
    end_of_links,
    is_stream,
    is_written_to,
    make_folder_of,
    open_descriptor,
    place_name,
    writing,
)

Format = Literal["table", "csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "json", "parquet")
FILE_FORMATS: dict[str, Format] = {f".{name}": name for name in FORMATS}
LONGEST_NAME_BYTES = 255  # of most file systems


def output_format(output: Path | None, chosen: Format | None, formats: Collection[Format] = FORMATS) -> Format:
    """The format asked for, else that of the file's suffix, else CSV for standard output and a table for the screen.

    Raises InputError where the two do not fit or it is none of ``formats``.
    """
    if output is None:
        if chosen == "parquet":
            raise InputError("--format parquet: a binary format needs --output FILE")
        return chosen or "table"
    of_suffix = FILE_FORMATS.get(output.suffix.lower())
    found = chosen or of_suffix or ("csv" if output == STANDARD_OUTPUT else None)
    if found is None or found not in formats or of_suffix not in (None, found):
        suffixes = " or ".join(f".{name}" for name in formats)
        raise InputError(f"{output}: which format? Name the file {suffixes}, or add --format")
    if found == "parquet":
        import_module("pyarrow")  # missing, it is told now and not after minutes of work
    return found


def check_picture(path: Path) -> None:
    """Raise InputError where a PNG picture would get another name, OutputError where it cannot be written."""
    if path.suffix.lower() != ".png" and not is_stream(path):
        raise InputError(f"{path}: the picture is a PNG; name it .png")
    check_writable(path)


def check_writable(path: Path) -> None:
    """Raise OutputError now, before minutes of work, where a file cannot be written later."""
    try:
        if is_written_to(path):
            if (descriptor := open_descriptor(path)) is not None:
                os.fstat(descriptor)
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        make_folder_of(path)
        end = end_of_links(path)
        TemporaryFile(dir=end.parent).close()
        if end.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if len(os.fsencode(end.name)) > LONGEST_NAME_BYTES:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    except OSError as error:
        raise unwritable(path, error) from error


def as_text(table: pd.DataFrame, form: Format) -> str:
    """The table as CSV or JSON text with a final newline."""
    return table.to_csv(index=False, lineterminator="\n") if form == "csv" else _as_json(table)


def save_answers(path: Path, table: pd.DataFrame, form: Format) -> None:
    """Write the whole file or nothing; raises OutputError where that cannot be done."""
    try:
        with writing(path) as partial:
            if form == "parquet":
                table.to_parquet(partial, index=False, compression="zstd")
            else:
                partial.write_text(as_text(table, form), encoding="utf-8")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error


def _as_json(table: pd.DataFrame) -> str:
    """A list of objects, one per row; ``top`` holds all answers of a glyph, and a glyph without an answer has null."""
    records = [_record(row) for row in table.to_dict("records")]
    return orjson.dumps(records, option=orjson.OPT_INDENT_2).decode() + "\n"


def _record(row: Row) -> dict[str, Any]:
    if "confidence" not in row:
        return {name: _plain(value) for name, value in row.items()}
    record = {name: _plain(value) for name, value in row.items() if not name.startswith(RANKED)}
    record["same_shape"] = [{"label": label, "code_points": _plain(codes)} for label, codes in same_shape(row)]
    answers = [] if row["fault"] else [(row["label"], row["code_points"], row["confidence"]), *runners_up(row)]
    record["top"] = [
        {"label": label, "code_points": _plain(codes), "confidence": confidence} for label, codes, confidence in answers
    ]
    return record


def _plain(value: Any) -> Any:
    """JSON has no NaN, and an empty text is no answer."""
    return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value


def shown_place(path: Path) -> str:
    """What to call a place on the screen, whatever is in its name."""
    return shown(place_name(path))


def unwritable(path: Path, error: OSError) -> OutputError:
    """The error for a place that refuses to be written."""
    return OutputError(f"{place_name(path)}: cannot be written ({error.strerror}); choose another place")
