"""The test in numbers: outcome tables of each question asked of it, and what they come to beside the controls.

n pictures of a question · C classes · V candidates
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.errors import top_confusions
from glyphlens.evaluation.outcomes import class_labels, guess_table
from glyphlens.evaluation.scores import accuracy, ece, part_scores, worst_group
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.evaluation.contenders import Contender, rank_pictures
from glyphlens.tracks.zero_shot.export.fusion import harmonic_mean
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles, jis_kanji

FACTS = ("sample_id", "class_index", "label", "group", "set", "source")
BESIDE = ("text", "exemplar", "template", "shuffled", "fp32")  # contenders whose top-1 stands beside the released one
MEANS = ("top1", "top5", *(f"{name}_top1" for name in BESIDE))
COUNTED = {"classes": "class_index"}
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # edges of the shares of seen components; all of them seen is a part of its own
ALL_SEEN = "all of them"

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ZeroShotTest:
    """All test pictures ``rows_n``, and who names their classes (``contenders``, of the same pictures)."""

    samples: SampleSet
    roles: ClassRoles
    rows_n: Ints
    contenders: Mapping[str, Contender]

    @cached_property
    def candidates_V(self) -> Ints:
        """Class indices of what an unseen character is taken for: level 1, with level 2 where it is the unseen one."""
        level_1 = set(jis_kanji(1))
        if not set(self.roles.unseen) <= level_1:
            return np.arange(len(self.samples.classes))
        return np.flatnonzero([entry.label in level_1 for entry in self.samples.classes])

    def asked(self, labels: Sequence[str], candidates_V: Ints) -> pd.DataFrame:
        """The outcome table of the pictures of some characters: see ``guess_table``, of the released file.

        Further columns: ``rank``, ``confidence``, ``top5``, and for each of BESIDE ``<name>_top1``; ``template``: the
        label that the baseline answers.
        """
        classes_n = self.samples.class_indices[self.rows_n]
        wanted = np.flatnonzero(np.isin(classes_n, self.numbers(labels)))
        found = {
            name: rank_pictures(each, wanted, candidates_V, classes_n[wanted])
            for name, each in self.contenders.items()
            if name in BESIDE or name == "released"
        }
        released = found["released"]
        table = guess_table(self.samples, self.rows_n[wanted], released.predicted_n, FACTS)
        table["rank"], table["confidence"], table["top5"] = released.rank_n, released.confidence_n, released.rank_n < 5
        for name in BESIDE:
            table[f"{name}_top1"] = found[name].predicted_n == classes_n[wanted]
        table["template"] = class_labels(self.samples)[found["template"].predicted_n]
        return table

    def numbers(self, labels: Sequence[str]) -> Ints:
        """Class indices of characters, ascending."""
        return np.flatnonzero(np.isin(class_labels(self.samples), labels))


def questions(test: ZeroShotTest) -> dict[str, pd.DataFrame]:
    """The outcome tables of the four questions: unseen and seen characters among all candidates, unseen ones among
    themselves, and those of level 2 among both levels."""
    roles, everything = test.roles, np.arange(len(test.samples.classes))
    return {
        "unseen": test.asked(roles.unseen, test.candidates_V),
        "seen": test.asked(roles.seen, test.candidates_V),
        "unseen_among_unseen": test.asked(roles.unseen, test.numbers(roles.unseen)),
        "level2": test.asked(roles.level2, everything),
    }


def headline(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """The six numbers of metrics/zero_shot/evaluate.json."""
    unseen, seen = (accuracy("top1").of(tables[name]) for name in ("unseen", "seen"))
    of_unseen = {name: accuracy(f"{name}_top1").of(tables["unseen"]) for name in ("text", "shuffled", "template")}
    return {
        "unseen_top1": unseen,
        "unseen_text_top1": of_unseen["text"],
        "seen_top1": seen,
        "harmonic_mean": harmonic_mean(unseen, seen),
        "shuffled_top1": of_unseen["shuffled"],
        "template_top1": of_unseen["template"],
    }


def slices(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """The numbers of metrics/zero_shot/slices.json; those of no picture are left out."""
    unseen = tables["unseen"]
    composable = unseen["known_share"] == 1
    return _measured(
        {
            "unseen_top5": accuracy("top5").of(unseen),
            "among_unseen_top1": accuracy("top1").of(tables["unseen_among_unseen"]),
            "level2_top1": accuracy("top1").of(tables["level2"]),
            "composable_top1": accuracy("top1").of(unseen[composable]),
            "uncomposable_top1": accuracy("top1").of(unseen[~composable]),
            "worst_group_top1": worst_group("worst_group_top1").of(unseen),
        }
    )


def baseline(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """The numbers of metrics/zero_shot/baseline.json, HOG's on every question; those of no picture are left out."""
    return _measured({f"{name}_top1": accuracy("template_top1").of(table) for name, table in tables.items()})


def variants(unseen: pd.DataFrame, bins: int) -> dict[str, float]:
    """The numbers of metrics/zero_shot/variants.json; those of no picture are left out."""
    fp32 = accuracy("fp32_top1").of(unseen)
    return _measured(
        {
            "unseen_exemplar_top1": accuracy("exemplar_top1").of(unseen),
            "fp32_unseen_top1": fp32,
            "int8_loss": fp32 - accuracy("top1").of(unseen),
            "ece": ece(bins).of(unseen),
        }
    )


def question_table(tables: Mapping[str, pd.DataFrame], candidates: Mapping[str, int]) -> pd.DataFrame:
    """One row per question: question, samples, classes, candidates and the columns of MEANS."""
    rows = [
        part_scores(table.assign(question=name), "question", MEANS, COUNTED).assign(candidates=candidates[name])
        for name, table in tables.items()
        if len(table)
    ]
    return pd.concat(rows, ignore_index=True)


def known_shares(
    descriptions: Mapping[str, Description], seen: Mapping[str, int], labels: Sequence[str]
) -> list[float]:
    """Of each character the share of its distinct components that occur in seen classes (``components.json``)."""
    return [float(np.mean([seen.get(name, 0) > 0 for name in set(descriptions[label].names)])) for label in labels]


def known_share_table(unseen: pd.DataFrame) -> pd.DataFrame:
    """One row per part of ``known_share``, the lowest first: part, samples, classes and the columns of MEANS."""
    names = [*(f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in pairwise(SHARES)), ALL_SEEN]
    place_n = np.searchsorted(SHARES[1:], unseen["known_share"], side="right")
    part = pd.Categorical([names[place] for place in place_n], categories=names)
    table = part_scores(unseen.assign(part=part), "part", MEANS, COUNTED)
    return table[table["samples"] > 0].reset_index(drop=True)


def group_scores(unseen: pd.DataFrame) -> pd.DataFrame:
    """One row per writer or font, the hardest first: group, samples and the columns of MEANS."""
    return part_scores(unseen, "group", MEANS).sort_values(["top1", "group"], ignore_index=True)


def confusion_table(unseen: pd.DataFrame, descriptions: Mapping[str, Description], shown: int) -> pd.DataFrame:
    """``top_confusions`` with ``shared``: the components that both characters have, in the order of the truth."""
    table = top_confusions(unseen, shown)
    pairs = zip(table["label"], table["predicted_label"], strict=True)
    return table.assign(shared=[" ".join(shared_components(descriptions, *pair)) for pair in pairs])


def shared_components(descriptions: Mapping[str, Description], first: str, second: str) -> list[str]:
    """Distinct components that both characters have."""
    others = set(descriptions[second].names)
    return [name for name in dict.fromkeys(descriptions[first].names) if name in others]


def _measured(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not np.isnan(value)}
