"""The page: self-contained, honest about what is absent, and proof against markup in labels."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.gallery import confusion_pairs, gallery_pairs
from glyphlens.evaluation.page import NARROW, breakable, cards, flat, number, percent, reached, split_table
from glyphlens.tracks.arabic.evaluation.report import Page, render_page
from glyphlens.tracks.arabic.evaluation.results import evaluate_outcomes
from glyphlens.tracks.arabic.evaluation.saliency import near_miss_heats

VOID = {"meta", "img", "wbr"}


@pytest.fixture
def page(samples: SampleSet, outcomes: pd.DataFrame) -> Page:
    results = evaluate_outcomes(outcomes, 5, 10, 5)
    return Page(
        results=results,
        targets={"test_top1": 0.8, "test_top5": 0.95, "ece": 0.03},
        samples=8,
        classes=5,
        test_families=["mada", "qahiri"],
        splits=split_table(samples),
        metrics={"glyphs": {"fonts": 120, "classes": 1272}, "phase1": {"accuracy": 0.95}},
        gates={"glyphs": {"checks": 3, "passed": 2, "warned": 0, "failed": 1, "rows": 10}, "models": {}},
        images={"curves": "data:image/png;base64,AAAA"},
        confusions=cards(confusion_pairs(samples, results.confusions)),
        gallery=cards(gallery_pairs(samples, outcomes[~outcomes["top1"]])),
        run={"commit": None, "config_sha256": "c0ffee", "data_sha256": {"rasters": "abc"}, "model_sha256": {}},
        params={"seed": 42, "phase2": {"lr": 0.003, "degrade": {"shift_px": 2}}},
    )


class Outline(HTMLParser):
    """Checks that tags are closed in order and collects ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links += [values["href"] or ""] if "href" in values else []
        self.sources += [values["src"] or ""] if "src" in values else []
        assert tag != "img" or values.get("alt"), "a picture without a text alternative"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_is_well_formed(page: Page) -> None:
    text = render_page(page)
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    assert all(source.startswith("data:image/png;base64,") for source in outline.sources)
    assert not re.search(r"https?://|<script|@import|url\(", text)
    assert render_page(page) == text


def test_headline_and_targets(page: Page) -> None:
    text = render_page(page)
    assert f"62.5{NARROW}%" in text
    assert text.count("✗ misses") == 2
    assert text.count("✓ meets") == 1
    assert "qahiri" in text
    assert "✗ failed" in text


def test_what_is_absent_says_so(page: Page) -> None:
    text = render_page(page)
    assert "nothing was recorded for this picture" in text
    assert "no example" in text or "fatha" not in {card["guessed"] for card in page.gallery}
    bare = render_page(replace(page, metrics={}, gates={}, images={}))
    assert "n/a: no metrics file" in bare
    assert "n/a: no gate has left its verdict" in bare


def test_markup_in_a_name_is_text(page: Page) -> None:
    text = render_page(replace(page, test_families=["<b>x"], params={"<script>": {"a": "<i>"}}))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_page_without_errors(page: Page, outcomes: pd.DataFrame) -> None:
    right = outcomes[outcomes["top1"]].reset_index(drop=True)
    results = evaluate_outcomes(right, 5, 10, 5)
    text = render_page(replace(page, results=results, samples=len(right), confusions=[], gallery=[]))
    assert "every glyph of the test families was read right" in text


def test_splits_are_counted_with_the_excluded_last(samples: SampleSet) -> None:
    samples.index.loc[samples.rows("test")[:1], "split"] = "excluded"
    table = split_table(samples)
    assert [part["split"] for part in table] == ["train", "val", "test", "excluded"]
    assert [part["samples"] for part in table] == [8, 5, 7, 1]
    assert table[2]["names"] == ["mada", "qahiri"]


def test_a_pair_shows_the_misread_glyph_and_an_example_if_there_is_one(
    samples: SampleSet, outcomes: pd.DataFrame
) -> None:
    wrong = outcomes[~outcomes["top1"]]
    first, second, third = gallery_pairs(samples, wrong)
    assert (first.image_HW == samples.images(samples.rows("test"))[4]).all()
    assert (first.true_label, first.guessed_label, first.note) == ("beh.init", "teh.init", "qahiri, 90 % sure")
    assert second.guess_HW is not None and third.guess_HW is not None
    lost = gallery_pairs(samples, wrong.iloc[:1].assign(predicted=2))[0]
    assert lost.guess_HW is None
    assert cards([lost])[0]["guess"] is None


def test_confusion_notes_count(samples: SampleSet, outcomes: pd.DataFrame) -> None:
    notes = {
        pair.true_label: pair.note
        for pair in confusion_pairs(samples, evaluate_outcomes(outcomes, 5, 10, 5).confusions)
    }
    assert notes["fatha"] == "1 of 2, in 1 family"
    assert notes["beh.init"] == "1 of 2, in 1 family, drawn alike"


def test_near_misses_are_mapped(samples: SampleSet, outcomes: pd.DataFrame, reader: object) -> None:
    heats = near_miss_heats(reader, samples, outcomes, np.zeros((8, 7), np.float32), 1)  # type: ignore[arg-type]
    assert [heat.true_label for heat in heats] == ["beh.medi"]
    assert heats[0].note.startswith("qahiri\ntruth 15 %")
    assert heats[0].heat_RC.shape == (16, 16)


def test_numbers_read_well() -> None:
    assert percent(0.8034) == f"80.3{NARROW}%"
    assert percent(float("nan")) == percent(None) == number(None) == number(float("nan")) == "n/a"
    assert number(124_924) == f"124{NARROW}924"
    assert number(0.5, 2) == "0.50"
    assert number("text") == "text"
    assert breakable("a_b.init") == "a_<wbr>b<wbr>.init"
    assert breakable("<i>_b") == "&lt;i&gt;_<wbr>b"
    assert flat({"a": {"b": [1, 2]}, "c": None}) == [("a.b", "[1, 2]"), ("c", "null")]
    assert flat(42) == [("value", "42")]
    assert reached(0.8, 0.8, "test_top1") and not reached(0.79, 0.8, "test_top1")
    assert reached(0.03, 0.03, "ece") and not reached(0.031, 0.03, "ece")
