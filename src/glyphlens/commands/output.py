"""Tables of answers as CSV, JSON or Parquet: to a file, or as text to the screen."""

import errno
import math
from pathlib import Path
from typing import Any, Literal

import orjson
import pandas as pd

from glyphlens.commands.answers import Row, runners_up
from glyphlens.errors import InputError, OutputError
from glyphlens.storage import writing

Format = Literal["table", "csv", "json", "parquet"]
FILE_FORMATS: dict[str, Format] = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


def output_format(output: Path | None, chosen: Format | None) -> Format:
    """The format asked for, else that of the file's suffix, else a table; raises InputError on a mismatch."""
    if output is None:
        if chosen == "parquet":
            raise InputError("--format parquet: a binary format needs --output FILE")
        return chosen or "table"
    found = chosen or FILE_FORMATS.get(output.suffix.lower())
    if found is None or found == "table":
        raise InputError(f"{output}: which format? Name the file .csv, .json or .parquet, or add --format")
    return found


def check_writable(path: Path) -> None:
    """Raise OutputError now, before minutes of work, where a file cannot be written later."""
    probe = path.with_name(f".{path.name}.probe")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written ({errno.errorcode[errno.EISDIR]}: it is a folder)")


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
    except OSError as error:
        raise _unwritable(path, error) from error


def _as_json(table: pd.DataFrame) -> str:
    """A list of objects; ``top`` holds all answers of a glyph, and a glyph without an answer has null."""
    records = [_record(row) for row in table.to_dict("records")]
    return orjson.dumps(records, option=orjson.OPT_INDENT_2).decode() + "\n"


def _record(row: Row) -> dict[str, Any]:
    ranked = {name for name in row if name.startswith(("label_", "confidence_"))}
    record = {name: _plain(value) for name, value in row.items() if name not in ranked}
    answers = [] if row["fault"] else [(row["label"], row["confidence"]), *runners_up(row)]
    record["top"] = [{"label": label, "confidence": confidence} for label, confidence in answers]
    return record


def _plain(value: Any) -> Any:
    """JSON has no NaN, and an empty text is no answer."""
    return None if value == "" or (isinstance(value, float) and math.isnan(value)) else value


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written ({error.strerror}); choose another place")
