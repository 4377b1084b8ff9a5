"""glyphs.db: the tables ``fonts`` and ``glyphs`` (docs/SPEC.md#glyph-database), written whole, read in bulk."""

import errno
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.core.storage import writing
from glyphlens.sources.companion_scripts import COMPANION_CLASSES

SCHEMA = """
CREATE TABLE fonts (
  file_hash TEXT PRIMARY KEY,
  upem INTEGER,
  ascent INTEGER,
  descent INTEGER,
  typo_ascent INTEGER,
  typo_descent INTEGER,
  x_height INTEGER,
  cap_height INTEGER,
  line_gap INTEGER,
  family TEXT,
  style TEXT,
  weight INTEGER,
  licence TEXT,
  file TEXT
);
CREATE TABLE glyphs (
  glyph_id INTEGER PRIMARY KEY,
  f_id TEXT NOT NULL,
  label TEXT NOT NULL,
  contours TEXT NOT NULL,
  joining_group TEXT,
  char_class TEXT,
  width INTEGER,
  lsb INTEGER,
  rsb INTEGER,
  alt_label TEXT,
  form TEXT,
  code_points TEXT,
  FOREIGN KEY(f_id) REFERENCES fonts(file_hash)
);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS idx_glyphs_fid ON glyphs(f_id);
CREATE INDEX IF NOT EXISTS idx_glyphs_label ON glyphs(label);
CREATE INDEX IF NOT EXISTS idx_glyphs_joining_group ON glyphs(joining_group);
"""
FONT_COLUMNS = (
    "file_hash",
    "upem",
    "ascent",
    "descent",
    "typo_ascent",
    "typo_descent",
    "x_height",
    "cap_height",
    "line_gap",
    "family",
    "style",
    "weight",
    "licence",
    "file",
)
GLYPH_COLUMNS = (
    "glyph_id",
    "f_id",
    "label",
    "contours",
    "joining_group",
    "char_class",
    "width",
    "lsb",
    "rsb",
    "alt_label",
    "form",
    "code_points",
)
CHAR_CLASSES = (
    *("isol", "init", "medi", "final", "ligature", "presentation"),
    *("diacritic", "digit", "punctuation", "symbol"),
    *COMPANION_CLASSES,
)
LABEL_PATTERN = r"[a-z0-9]+(?:_[a-z0-9]+)*(?:\.(?:isol|init|medi|fina))?"
FORM_ENDING = re.compile(r"[._](isol|init|medi|fina)(?:ated|ial|al|l)?$")
CHUNK = 4_096
MAX_VARIABLES = 900


class GlyphDatabase:
    """A glyphs.db in our own form, opened read-only; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where the file is missing or no database of this schema."""
        self.path = path
        self._connection = open_readonly(path)
        try:
            for table, columns in (("fonts", FONT_COLUMNS), ("glyphs", GLYPH_COLUMNS)):
                require_columns(self._connection, path, table, columns)
        except InputError:
            self._connection.close()
            raise

    def __enter__(self) -> "GlyphDatabase":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def fonts(self) -> pd.DataFrame:
        """The fonts table, one row a font, in stored order."""
        return pd.read_sql_query(f"SELECT {', '.join(FONT_COLUMNS)} FROM fonts ORDER BY rowid", self._connection)

    def glyphs(self) -> pd.DataFrame:
        """The glyphs table without the contours, by ascending glyph_id."""
        columns = ", ".join(name for name in GLYPH_COLUMNS if name != "contours")
        return pd.read_sql_query(f"SELECT {columns} FROM glyphs ORDER BY glyph_id", self._connection)

    def contours(self, glyph_ids: Sequence[int]) -> list[str]:
        """Contour JSON of these glyphs, in their order; raises InputError for an id that is not there."""
        found: dict[int, str] = {}
        ids = [int(glyph_id) for glyph_id in glyph_ids]
        for start in range(0, len(ids), MAX_VARIABLES):
            chunk = ids[start : start + MAX_VARIABLES]
            marks = ", ".join("?" * len(chunk))
            found.update(
                self._connection.execute(f"SELECT glyph_id, contours FROM glyphs WHERE glyph_id IN ({marks})", chunk)
            )
        missing = [glyph_id for glyph_id in ids if glyph_id not in found]
        if missing:
            raise InputError(f"{self.path}: no glyph with glyph_id {missing[0]} ({len(missing)} missing)")
        return [found[glyph_id] for glyph_id in ids]

    def iter_contours(self, chunk: int = CHUNK) -> Iterator[tuple[list[int], list[str]]]:
        """All (glyph_ids, contours) by ascending glyph_id, at most ``chunk`` at a time."""
        cursor = self._connection.execute("SELECT glyph_id, contours FROM glyphs ORDER BY glyph_id")
        while rows := cursor.fetchmany(chunk):
            glyph_ids, contours = zip(*rows, strict=True)
            yield list(glyph_ids), list(contours)


def write_database(path: Path, fonts: pd.DataFrame, glyphs: pd.DataFrame) -> None:
    """Both tables, FONT_COLUMNS and GLYPH_COLUMNS, rows as they stand; the same rows give the same bytes.

    Raises InputError where a row breaks the schema (a repeated key, a glyph without its font, a missing value).
    """
    with writing(path) as partial:
        partial.unlink(missing_ok=True)
        connection = sqlite3.connect(partial, isolation_level=None)
        try:
            for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            _execute_all(connection, SCHEMA)
            _insert(connection, "fonts", fonts, FONT_COLUMNS)
            _insert(connection, "glyphs", glyphs, GLYPH_COLUMNS)
            _execute_all(connection, INDEXES)
            connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            raise InputError(f"{path}: a row breaks the schema ({error})") from error
        except sqlite3.OperationalError as error:
            raise OSError(_errno_of(error), str(error)) from error
        finally:
            connection.close()


def open_readonly(path: Path) -> sqlite3.Connection:
    """A read-only connection; raises InputError where the file is missing or no SQLite database."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; give the path of a glyphs.db")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite's message quotes names that are no UTF-8
        raise InputError(f"{path}: not a readable SQLite database ({error})") from error
    return connection


def form_of_label(label: str) -> str:
    """The joining form that a label ends with, "" where it names none; older databases write ``beh_final``."""
    match = FORM_ENDING.search(label)
    return match[1] if match else ""


def table_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """Names of a table's columns; empty where there is no such table."""
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def require_columns(connection: sqlite3.Connection, path: Path, table: str, columns: Sequence[str]) -> None:
    """Raise InputError naming the table or the columns that are missing."""
    found = table_columns(connection, table)
    if not found:
        raise InputError(f"{path}: table '{table}' is missing")
    missing = [name for name in columns if name not in found]
    if missing:
        raise InputError(f"{path}: table '{table}' lacks the column(s) {', '.join(missing)}; it has {', '.join(found)}")


def _execute_all(connection: sqlite3.Connection, statements: str) -> None:
    """One by one: ``executescript`` would end the transaction that is open."""
    for statement in statements.split(";"):
        connection.execute(statement)


def _insert(connection: sqlite3.Connection, table: str, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    marks = ", ".join("?" * len(columns))
    rows = zip(*(frame[name].tolist() for name in columns), strict=True)
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _errno_of(error: sqlite3.OperationalError) -> int:
    """SQLite's own code for a full disk as the system's, for storage.writing to explain."""
    return errno.ENOSPC if error.sqlite_errorcode == sqlite3.SQLITE_FULL else errno.EIO
