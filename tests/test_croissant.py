"""The metadata of the tables in git is that of the tables, and of the form that Croissant 1.0 documents."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json, sha256_file
from glyphlens.croissant import CONTEXT, column_values, croissant, main
from glyphlens.published_tables import PUBLISHED_TABLES, PublishedTable, PublishedTables
from tests.checkout import ROOT, committed

FOLDER = ROOT / "docs/croissant"
TOY = PublishedTable(
    "toys", "toys.json", "$.toys[*]", "One row: a toy.", {"name": "of the toy", "sizes": "all of them"}
)
every_file = pytest.mark.parametrize("tables", PUBLISHED_TABLES, ids=lambda tables: str(tables.name))


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Named(Strict):
    type: str = Field(alias="@type")
    id: str = Field(alias="@id", min_length=1)
    name: str = Field(min_length=1)
    description: str = Field(min_length=1)


class FileObject(Named):
    type: Literal["cr:FileObject"] = Field(alias="@type")
    content_url: str = Field(alias="contentUrl")
    content_size: str = Field(alias="contentSize", pattern=r"^\d+ B$")
    encoding_format: Literal["application/json", "text/plain"] = Field(alias="encodingFormat")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Reference(Strict):
    id: str = Field(alias="@id")


class Source(Strict):
    file: Reference = Field(alias="fileObject")
    extract: dict[Literal["jsonPath", "fileProperty"], str] = Field(min_length=1, max_length=1)


class Column(Named):
    type: Literal["cr:Field"] = Field(alias="@type")
    data_type: Literal["sc:Boolean", "sc:Integer", "sc:Float", "sc:Text"] = Field(alias="dataType")
    repeated: Literal[True] | None = None
    source: Source


class RecordSet(Named):
    type: Literal["cr:RecordSet"] = Field(alias="@type")
    columns: list[Column] = Field(alias="field", min_length=1)


class Document(Strict):
    """What the specification asks for but ``url``: the address at which somebody publishes it is not known here."""

    context: dict[str, Any] = Field(alias="@context")
    type: Literal["sc:Dataset"] = Field(alias="@type")
    conforms_to: Literal["http://mlcommons.org/croissant/1.0"] = Field(alias="conformsTo")
    name: str = Field(pattern=r"^[a-z_]+$")
    description: str
    license: str = Field(pattern="^https://")
    cite_as: str = Field(alias="citeAs", pattern=r"^@misc\{")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    published: str = Field(alias="datePublished", pattern=r"^\d{4}-\d\d-\d\d$")
    creator: dict[str, str]
    languages: list[str] = Field([], alias="inLanguage")
    files: list[FileObject] = Field(alias="distribution", min_length=1)
    records: list[RecordSet] = Field(alias="recordSet", min_length=1)


@every_file
def test_the_committed_file_is_that_of_the_tables(tables: PublishedTables) -> None:
    written = load_json(FOLDER / f"{tables.name}.json")
    assert written == croissant(tables, ROOT, FOLDER), "run python -m glyphlens.croissant docs/croissant"


def test_no_other_file_lies_there() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{tables.name}.json" for tables in PUBLISHED_TABLES}


@every_file
def test_it_is_of_the_documented_form_and_leads_to_files_in_git(tables: PublishedTables) -> None:
    document = Document.model_validate(load_json(FOLDER / f"{tables.name}.json"))
    assert document.context == CONTEXT
    ids = [node.id for node in (*document.files, *document.records, *(c for r in document.records for c in r.columns))]
    assert len(ids) == len(set(ids))
    for file in document.files:
        path = (FOLDER / file.content_url).resolve()
        assert path in committed() and sha256_file(path) == file.sha256
        assert file.content_size == f"{path.stat().st_size} B"
    for table, records in zip(tables.tables, document.records, strict=True):
        values = column_values(table, ROOT)
        assert [column.name for column in records.columns] == list(values)
        assert {column.source.file.id for column in records.columns} <= {file.id for file in document.files}
        assert len({len(found) for found in values.values()}) == 1


def test_licences_are_those_of_the_package() -> None:
    """Where a table is under another licence than the code, the package says so."""
    package = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'license = "MIT AND CC-BY-SA-3.0 AND Unicode-DFS-2016"' in package
    assert {tables.name: tables.licence.rstrip("/").split("/", 3)[-1] for tables in PUBLISHED_TABLES} == {
        "classes": "licenses/MIT.html",
        "khmer_words": "licenses/Unicode-DFS-2016.html",
        "kanji_descriptions": "licenses/by-sa/3.0",
        "edge_files": "licenses/MIT.html",
    }


def toys(folder: Path, *rows: Any, **changes: Any) -> dict[str, Any]:
    save_json(folder / "toys.json", {"toys": rows})
    tables = PublishedTables("toys", "Toys.", "https://example.org", (), (replace(TOY, **changes),))
    return croissant(tables, folder, folder / "docs")


def test_types_are_read_off_the_rows(tmp_path: Path) -> None:
    found = toys(tmp_path, {"name": "a", "sizes": [1]}, {"name": "b", "sizes": [0.5, 2]}, {"name": None, "sizes": []})
    (records,) = Document.model_validate(found | {"license": "https://a"}).records
    assert [(c.data_type, c.repeated) for c in records.columns] == [("sc:Text", None), ("sc:Float", True)]
    assert records.columns[1].source.extract == {"jsonPath": "$.toys[*].sizes"} and "3 rows" in records.description
    assert found["distribution"][0]["contentUrl"] == "../toys.json"


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([{"name": "a", "sizes": [1]}, {"name": "b"}], r"toys.json: row 1 and what .* differ in the columns sizes"),
        ([{"name": "a", "sizes": [1], "new": 0}], "row 0 .* columns new"),
        ([{"name": "a", "sizes": [1]}, {"name": 2, "sizes": [1]}], "toys.json: column name: values of int, str"),
        ([{"name": None, "sizes": [1]}], "column name: values of NoneType"),
        ([], r"no row at \$.toys\[\*\]"),
    ],
)
def test_a_table_that_is_not_as_explained_is_refused(tmp_path: Path, rows: list[Any], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        toys(tmp_path, *rows)


def test_a_table_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="words.txt: not there"):
        croissant(PUBLISHED_TABLES[1], tmp_path, tmp_path)


def test_the_program_writes_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    main([str(tmp_path)])
    for tables in PUBLISHED_TABLES:
        for file in load_json(tmp_path / f"{tables.name}.json")["distribution"]:
            assert (tmp_path / file["contentUrl"]).is_file()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="croissant: .*labels.json: not there"):
        main(["docs"])
    assert not (tmp_path / "docs").exists()
