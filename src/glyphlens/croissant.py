"""Croissant 1.0 metadata (JSON-LD) of the tables that are in git: columns, types and SHA-256, read off the tables.

``python -m glyphlens.croissant docs/croissant`` writes a file for each licence or topic; the tables are looked for from
the current folder, and their addresses are relative to the folder that is written.
The format: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
"""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glyphlens import __version__
from glyphlens.core.errors import GlyphlensError, InputError
from glyphlens.core.storage import load_json, save_json, sha256_file
from glyphlens.published_tables import PUBLISHED_TABLES, PublishedTable, PublishedTables

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
EXPLAINED = "src/glyphlens/published_tables.py"
CITATION = (
    "@misc{glyphlens, title = {glyphlens: data-versioned recognition of written characters}, "
    "author = {{glyphlens contributors}}, year = {2026}}"
)
PUBLISHED = "2026-11-26"  # when these tables were first described
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
TYPES: Mapping[type, str] = {bool: "sc:Boolean", int: "sc:Integer", float: "sc:Float", str: "sc:Text"}
JSON, TEXT = "application/json", "text/plain"


def main(argv: list[str] | None = None) -> None:
    """Write all files anew."""
    parser = argparse.ArgumentParser(prog="glyphlens.croissant", description=__doc__)
    parser.add_argument("folder", type=Path, help="what to write into, such as docs/croissant")
    folder = parser.parse_args(argv).folder
    try:
        described = {tables.name: croissant(tables, Path(), folder) for tables in PUBLISHED_TABLES}
        for name, content in described.items():
            save_json(folder / f"{name}.json", content)
    except GlyphlensError as error:
        sys.exit(f"croissant: {error}")


def croissant(tables: PublishedTables, root: Path, folder: Path) -> dict[str, Any]:
    """The JSON-LD of tables below ``root``, to be written into ``folder``.

    Raises InputError for a table that cannot be read, or whose columns are not those that are explained.
    """
    languages = {"inLanguage": list(tables.languages)} if tables.languages else {}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": f"glyphlens_{tables.name}",
        "description": tables.about,
        "license": tables.licence,
        "citeAs": CITATION,
        "version": __version__,
        "datePublished": PUBLISHED,
        "creator": {"@type": "sc:Organization", "name": "glyphlens contributors"},
        **languages,
        "distribution": [_file(table, root, folder) for table in tables.tables],
        "recordSet": [_record_set(table, root) for table in tables.tables],
    }


def _file(table: PublishedTable, root: Path, folder: Path) -> dict[str, Any]:
    """One for each table, as readers take all tables of a file for one."""
    path = _readable(root / table.file)
    return {
        "@type": "cr:FileObject",
        "@id": _file_id(table),
        "name": _file_id(table),
        "description": f"Holds the table {table.name}.",
        "contentUrl": Path(os.path.relpath(path, folder)).as_posix(),
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": JSON if table.place else TEXT,
        "sha256": sha256_file(path),
    }


def _record_set(table: PublishedTable, root: Path) -> dict[str, Any]:
    values = column_values(table, root)
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": f"{table.about} {len(next(iter(values.values()))):,} rows.",
        "field": [_field(table, column, found) for column, found in values.items()],
    }


def _field(table: PublishedTable, column: str, values: list[Any]) -> dict[str, Any]:
    is_list = any(isinstance(value, list) for value in values)
    single = [entry for value in values for entry in value] if is_list else values
    whole = table.place if len(table.columns) == 1 else f"{table.place}.{column}"
    return {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column}",
        "name": column,
        "description": table.columns[column],
        "dataType": _type(single, f"{table.file}: column {column}"),
        **({"repeated": True} if is_list else {}),
        "source": {
            "fileObject": {"@id": _file_id(table)},
            "extract": {"jsonPath": whole} if table.place else {"fileProperty": "lines"},
        },
    }


def column_values(table: PublishedTable, root: Path) -> dict[str, list[Any]]:
    """The values of every column that is explained, in the table's order; errors as for ``croissant``."""
    path = _readable(root / table.file)
    rows = _json_rows(path, table.place) if table.place else path.read_text(encoding="utf-8").splitlines()
    if not rows:
        raise InputError(f"{path}: no row at {table.place or 'all'}; say in {EXPLAINED} where the table lies")
    if not isinstance(rows[0], dict):
        return {next(iter(table.columns)): rows}
    for number, row in enumerate(rows):
        if set(row) != set(table.columns):
            odd = ", ".join(sorted(set(row) ^ set(table.columns)))
            raise InputError(f"{path}: row {number} and what {EXPLAINED} explains differ in the columns {odd}")
    return {column: [row[column] for row in rows] for column in rows[0]}


def _json_rows(path: Path, place: str) -> list[Any]:
    """The list at a place such as ``$.classes[*]`` or ``$[*]``."""
    content, key = load_json(path), place.removeprefix("$").removesuffix("[*]").removeprefix(".")
    found = (content.get(key, []) if isinstance(content, dict) else []) if key else content
    return found if isinstance(found, list) else []


def _type(values: list[Any], where: str) -> str:
    """The type that all values have; whole numbers among fractions are fractions, of no value it is text.

    Null is no value where others are there: what was not measured.
    """
    kinds = {type(value) for value in values if value is not None} or set(map(type, values)) or {str}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1 or not kinds <= set(TYPES):
        raise InputError(f"{where}: values of {', '.join(sorted(kind.__name__ for kind in kinds))}; one type is needed")
    return TYPES[kinds.pop()]


def _file_id(table: PublishedTable) -> str:
    return f"{table.name}_file"


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: not there; run this in the root of a whole clone")
    return path


if __name__ == "__main__":
    main()
