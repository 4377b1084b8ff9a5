"""Class and group of a file are told by its place, and a place that leaves them open is refused with an example."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.scan_lines.samples.scan_files import EXAMPLE, find_scans


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_the_group_is_the_sub_folder_or_what_stands_before_the_first_underscore(tmp_path: Path) -> None:
    found = find_scans(files(tmp_path, "good/tip1/0001.npy", "good/tip1_2_3.PNG", "bad/tip2/tip9_1.tif", "bad/a_.tiff"))
    assert [(file.name, file.label, file.group) for file in found.files] == [
        ("bad/a_.tiff", "bad", "scan/a"),
        ("bad/tip2/tip9_1.tif", "bad", "scan/tip2"),
        ("good/tip1/0001.npy", "good", "scan/tip1"),
        ("good/tip1_2_3.PNG", "good", "scan/tip1"),
    ]
    assert found.audit == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("0001.npy", "lies in no folder"),
        ("good/a/b/0001.npy", "lies 3 folders deep"),
        ("good/0001.npy", "no underscore behind the name of a group"),
        ("good/_0001.npy", "no underscore behind the name of a group"),
    ],
)
def test_an_ambiguous_layout_is_refused_with_an_example(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        find_scans(files(tmp_path, "good/tip1/0001.npy", name))
    assert EXAMPLE in str(refused.value) and name in str(refused.value)


def test_the_example_is_a_right_layout(tmp_path: Path) -> None:
    names = [word.rstrip(",") for word in EXAMPLE.split() if word.startswith("good")]
    found = find_scans(files(tmp_path, *names))
    assert len(names) == len(found.files) == 2 and {file.group for file in found.files} == {"scan/tip1"}


def test_foreign_files_are_named_and_descriptions_passed_over(tmp_path: Path) -> None:
    names = ("README.md", "good.dvc", "good/a/1.npy", "good/a/.hidden.npy", "good/a/1.sxm", "good/notes.txt", "a.zip")
    found = find_scans(files(tmp_path, *names))
    assert [file.name for file in found.files] == ["good/a/1.npy"]
    assert {(row.file, row.reason, row.label) for row in found.audit} == {
        ("a.zip", "foreign file", ""),
        ("good/a/1.sxm", "foreign file", "good"),
        ("good/notes.txt", "foreign file", "good"),
    }


def test_a_folder_without_scans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no scan.*expected <class>/<group>"):
        find_scans(files(tmp_path, "README.md"))
    with pytest.raises(InputError, match="holds no scan"):
        find_scans(tmp_path / "nowhere")


def test_names_of_both_unicode_forms_are_one_class(tmp_path: Path) -> None:
    found = find_scans(files(tmp_path, "が/a/1.npy", "か\u3099/a/2.npy"))
    assert {file.label for file in found.files} == {"が"}
