"""No column of a table is lost in a narrow terminal, its key least of all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from glyphlens.commands.etl import audit_on_screen, survey_on_screen
from glyphlens.commands.evaluate import on_screen
from glyphlens.commands.screen import LEAST, Column, agreement_on_screen, answers_on_screen, fitted_table
from glyphlens.sources.etl.finding import AuditRow, audit_frame
from glyphlens.sources.etl.survey import SURVEY_COLUMNS

narrow = pytest.mark.parametrize("width", [60, 80, 120])


def lines_of(table, width: int) -> list[str]:
    screen = Console(width=width, markup=False, emoji=False, color_system=None)
    with screen.capture() as captured:
        screen.print(table)
    lines = captured.get().splitlines()
    assert max(map(cell_len, lines)) <= width
    return lines


def texts_of(table, width: int) -> list[str]:
    """What each column shows, its lines put together, without spaces."""
    lines, gap, begin, texts = lines_of(table, width), 3 if any(table.padding) else 1, 1, []
    for column in table.columns:
        texts.append("".join(line[begin : begin + column.width] for line in lines).replace(" ", ""))
        begin += column.width + gap
    return texts


def answers(subject: str, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            subject: names,
            "label": "arabic_ligature_sallallahou_alayhe_wasallam.isol",
            "code_points": "U+0635 U+0644 U+0649 U+0020 U+0627 U+0644 U+0644 U+0647",
            "form": "isol",
            "same_shape": "",
            "confidence": 0.987,
            "label_2": "beh.init",
            "code_points_2": "U+0628",
            "confidence_2": 0.01,
            "fault": "",
            "expected": "beh.init | teh.init",
            "expected_code_points": "U+0628 | U+062A",
            "agrees": "no",
        }
    )


@narrow
@pytest.mark.parametrize("checked", [True, False])
def test_answers_keep_their_gid_form_and_confidence(width, checked):
    table = answers("gid", [str(number) for number in range(10_000, 10_020)])
    shown = table if checked else table.drop(columns=["expected", "agrees"])
    lines = lines_of(answers_on_screen(shown, "gid", "a/very/long/way/to/a/font/" * 4 + "Amiri.ttf", width), width)
    text = "\n".join(lines)
    assert all(f" {number} " in text for number in range(10_000, 10_020))
    assert text.count("98.7%") == 20 and text.count("isol") >= 20
    assert text.count("U+0635") == text.count("U+0647") == 20 and "Amiri.ttf" in "".join(line.strip() for line in lines)


@narrow
def test_all_labels_of_a_class_are_shown_and_another_code_point_is_said(width):
    table = answers("gid", ["7"]).assign(
        label="kaf.init", code_points="U+0643", same_shape="keheh.init U+06A9", name="uni06A9.init",
        expected="keheh.init", expected_code_points="U+06A9", agrees="other code point",
    )  # fmt: skip
    texts = texts_of(answers_on_screen(table, "gid", "", width), width)
    expected = ("7", "uni06A9.init", "kaf.init|keheh.init", "U+0643|U+06A9", "isol", "98.7%", "keheh.initU+06A9")
    assert all(value in text for value, text in zip(expected, texts, strict=False))


@narrow
def test_the_name_of_a_picture_is_whole(width):
    names = [f"scans/2024/box {number}/a-long-name-of-a-picture-{number:03}.png" for number in range(5)]
    shown, *_, sure = texts_of(
        answers_on_screen(answers("image", names).drop(columns=["expected", "agrees"]), "image", "", width), width
    )[:5]
    assert all(name.replace(" ", "") in shown for name in names) and sure.count("98.7%") == 5


@narrow
def test_the_tables_of_other_commands_keep_every_column(width):
    survey = pd.DataFrame(
        [("ETL8G", 33, 33, 153916, 153916, 956, 956, 956, 160, 1200, True)], columns=list(SURVEY_COLUMNS)
    )
    texts = texts_of(survey_on_screen(survey, width), width)
    expected = ("ETL8G", "33/33", "153,916/153,916", "956/956", "956", "160", "1,200", "yes")
    assert all(value in text for value, text in zip(expected, texts, strict=True))
    row = ("ETL8G", "data/raw/etl/" + "x" * 60, "other number of codes", 123, "955", 1, "words " * 9)
    texts = texts_of(audit_on_screen(audit_frame([AuditRow(*row)]), width), width)
    assert all(str(value).replace(" ", "") in text for value, text in zip(row, texts, strict=True))
    scores = pd.DataFrame(
        [("presentation forms", 4321, 0.91, 0.89, 0.95, 0.99, 12)],
        columns=["slice", "glyphs", "top1", "exact", "shape1", "top5", "unknown"],
    )
    texts = texts_of(agreement_on_screen(scores, width), width)
    expected = ("presentationforms", "4321", "91.0%", "89.0%", "95.0%", "99.0%", "12")
    assert all(value in text for value, text in zip(expected, texts, strict=True))
    groups = pd.DataFrame(
        [("a_group_of_some_name", 1234, 0.5, 0.25, 0.75, 0.625, 0.1)],
        columns=["group", "samples", "top1", "top5", "shape1", "among", "ece"],
    )
    shown = on_screen(groups, "The worst", width)
    expected = ("a_group_of_some_name", "1,234", "50.00%", "25.00%", "75.00%", "62.50%", "0.1000")
    assert all(value in text for value, text in zip(expected, texts_of(shown, width), strict=True))
    assert shown.columns[0].width == len("a_group_of_some_name")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.text("abc漢字", min_size=1, max_size=9), st.booleans()), min_size=1, max_size=9),
    st.integers(1, 90),
    st.integers(40, 130),
)
def test_everything_is_shown_and_keys_fold_last(headings, longest, width):
    columns = [Column(f"{name}{place}", is_key) for place, (name, is_key) in enumerate(headings)]
    length = np.random.default_rng(longest).integers(1, longest + 1, len(columns))
    rows = [["#" * int(count) for count in length]]
    table = fitted_table("", columns, rows, width)
    lines = lines_of(table, width)
    assert sum(line.count("#") for line in lines) == length.sum()
    natural = [max(cell_len(column.name), int(count)) for column, count in zip(columns, length, strict=True)]
    keys = sum(most for most, column in zip(natural, columns, strict=True) if column.is_key)
    others = sum(min(LEAST, most) for most, column in zip(natural, columns, strict=True) if not column.is_key)
    if keys + others + len(columns) + 1 <= width:
        given_widths = [column.width for column in table.columns]
        assert all(
            found == most for found, most, column in zip(given_widths, natural, columns, strict=True) if column.is_key
        )


def test_markup_in_names_is_text(capsys, monkeypatch):
    from glyphlens.commands.screen import console

    monkeypatch.setenv("COLUMNS", "60")
    screen = console()
    screen.print(fitted_table("[b]t :x:", [Column("[red]name")], [["[/]x:heart:"]], screen.width))
    out = capsys.readouterr().out
    assert screen.width == 60 and all(text in out for text in ("[b]t :x:", "[red]name", "[/]x:heart:"))
