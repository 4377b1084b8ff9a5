"""The page: self-contained, honest about what is absent, and proof against markup in labels."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import confusion_pairs, gallery_pairs
from glyphlens.evaluation.pages import NARROW
from glyphlens.evaluation.report import cards, split_table
from glyphlens.tracks.arabic.evaluation.companions import CompanionResults
from glyphlens.tracks.arabic.evaluation.report import Page, plot_buckets, read_buckets, render_page
from glyphlens.tracks.arabic.evaluation.results import evaluate_outcomes
from glyphlens.tracks.arabic.evaluation.saliency import near_miss_heats

VOID = {"meta", "img", "wbr"}
BUCKETS = pd.DataFrame({"bucket": [1, 2], "cells": [9, 1], "network_accuracy": [0.9, np.nan], "lookup_accuracy": 0.5})


FOUND = ("recall_at_1", "recall_at_10", "label_recall_at_10", "mean_average_precision", "similarity_gain", "effect")


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
        retrieval={part: dict.fromkeys(FOUND, 0.5) for part in ("retrieval", "shapes")} | {"few_shot": {"classes": 3}},
        beside=CompanionResults(
            {"known_kept": 0.963, "refused_fpr": 0.012, "known_threshold": 0.41},
            pd.DataFrame({"script": ["latin"], "samples": [8], "classes": [5], "top1": [0.9], "top5": [1.0]}),
            pd.DataFrame({"kind": ["cjk"], "samples": [30], "auroc": [0.991], "taken_for_known": [0.012]}),
            pd.DataFrame({"kept": [1.0], "cjk": [0.5]}),
        ),
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
    assert {link.removeprefix("#") for link in outline.links} <= {*outline.ids, "errors.html"}
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


def test_near_misses_are_mapped(samples: SampleSet, outcomes: pd.DataFrame, reader: object) -> None:
    heats = near_miss_heats(reader, samples, outcomes, np.zeros((8, 7), np.float32), 1)  # type: ignore[arg-type]
    assert [heat.true_label for heat in heats] == ["beh.medi"]
    assert heats[0].note.startswith("qahiri\ntruth 15 %")
    assert heats[0].heat_RC.shape == (16, 16)


def test_the_chart_of_buckets_has_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        plot_buckets(tmp_path / name, BUCKETS)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_failed_drawing_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        plot_buckets(tmp_path / "buckets.png", pd.DataFrame({"bucket": [1]}))
    assert not list(tmp_path.iterdir())


def test_missing_buckets_are_none_and_broken_ones_an_error(tmp_path: Path) -> None:
    path = tmp_path / "buckets.csv"
    assert read_buckets(path) is None
    path.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"buckets.csv: not a readable CSV"):
        read_buckets(path)
    path.write_text("bucket,cells,lookup_accuracy\n1,2,0.5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"buckets.csv: columns missing: network_accuracy"):
        read_buckets(path)
    BUCKETS.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_buckets(path), BUCKETS)


def test_what_stands_beside_arabic_script_has_a_section(page: Page) -> None:
    text = render_page(page)
    assert 'href="#companions"' in text and "96.3" in text and "latin" in text and "cjk" in text
    alone = render_page(replace(page, beside=None))
    assert 'href="#companions"' not in alone and 'id="companions"' not in alone
