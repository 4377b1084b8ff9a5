"""gate_zero_shot_samples: what is called unseen was never seen, and every character is described.

The checks of pictures and templates have a module of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import pandas as pd

from glyphlens.core.errors import InputError
from glyphlens.data.pictures import HASH_DIGITS
from glyphlens.data.sample_set import SPLITS
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    Verdict,
    at_least,
    at_most,
    first_rows,
    none_of,
    verdict,
)
from glyphlens.gates.expectations import TableSuite, matches, one_of
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import sample_set
from glyphlens.gates.suites.sample_set import KEY
from glyphlens.tracks.zero_shot.descriptions.description import STROKE_TYPES
from glyphlens.tracks.zero_shot.gates import zero_shot_pictures
from glyphlens.tracks.zero_shot.gates.zero_shot_data import (
    ZeroShotSampleData,
    ZeroShotSampleLimits,
    ZeroShotSamplePaths,
)
from glyphlens.tracks.zero_shot.samples.pictures import RENDERED
from glyphlens.tracks.zero_shot.samples.roles import jis_kanji, roles_of
from glyphlens.tracks.zero_shot.samples.zero_shot_set import ETL, unseen_components

MAY_APPEAR = {"train": ("seen",), "val": ("seen", "val"), "test": ("seen", "unseen", "level2")}
RENDERED_SETS = ("strokes", "font")
# The others of the suite are of class lists by code point, all of which are trained.
SHARED = ("class-counts", "labels-agree", "manifest", "split-shares")


def index_tables(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Sequence[TableSuite]:
    """What is expected of every row of the index."""
    hashed = "A malformed hash matches nothing, so duplicates would go unnoticed."
    source = "Whether a sample is real handwriting decides what a score of it is worth."
    expectations = (
        *sample_set.index_expectations(data.samples),
        matches("label-one-character", "label", r"^\S$", "A class is one visible Unicode character."),
        one_of("source-known", "source", [ETL, RENDERED], source),
        matches("image-hash-form", "image_hash", rf"^[0-9a-f]{{{HASH_DIGITS}}}$", hashed),
    )
    return [TableSuite("index", data.samples.index, ("sample_id", "label"), expectations)]


CHECKS: Checks[ZeroShotSampleData, ZeroShotSampleLimits] = Checks()


@CHECKS.add("classes-disjoint")
def classes_disjoint(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """One picture of an unseen class before the test, and no zero-shot score can be believed."""
    allowed = pd.Series(False, index=data.roles_N.index)
    for split, roles in MAY_APPEAR.items():
        allowed |= (data.samples.index["split"] == split) & data.roles_N.isin(roles)
    table = data.samples.index.assign(role=data.roles_N)
    message = "rows of a class whose role has no pictures in their split"
    return none_of(int((~allowed).sum()), message, first_rows(table, ~allowed, *KEY, "split", "role"))


@CHECKS.add("groups-disjoint")
def groups_disjoint(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """A hand or a font that was learnt tests nothing: a group is wholly on one side."""
    return sample_set.groups_disjoint(data.samples.index, many="groups")


@CHECKS.add("examples-apart")
def examples_apart(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """An example by a hand that is also scored, or of a class that is trained on, makes a few examples look like many.

    Each of those writers shows every class that is pretended or truly unseen, once.
    """
    index, wanted = data.examples.index, {*data.roles.val, *data.roles.unseen}
    is_stray = index["group"].isin(data.samples.index["group"]) | ~index["label"].isin(wanted)
    unequal: list[Row] = [
        {"group": str(group), "pictures": len(labels), "classes": f"{labels.nunique()} of {len(wanted)}"}
        for group, labels in index["label"].groupby(index["group"])
        if len(labels) != len(wanted) or set(labels) != wanted
    ]
    rows = [*first_rows(index, is_stray, *KEY), *unequal][:SHOWN_ROWS]
    message = "pictures by scored hands or of trained classes, writers who have not each class once"
    return none_of(int(is_stray.sum()) + len(unequal), message, rows)


@CHECKS.add("class-order")
def class_order(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Class indices are places in JIS code order, levels 1 and 2: any other order mislabels silently."""
    expected = [*jis_kanji(1), *jis_kanji(2)]
    found = [*data.labels, *[""] * (len(expected) - len(data.labels))]
    rows = [
        {"class": number, "label": label, "expected": wanted}
        for number, (label, wanted) in enumerate(zip(found, [*expected, *[""] * len(found)], strict=False))
        if label != wanted
    ]
    return none_of(len(rows), "classes in another place", rows[:SHOWN_ROWS])


@CHECKS.add("roles-once")
def roles_once(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """A class without a role, or with two, is seen by one reader and unseen by the next."""
    lists = (data.roles.seen, data.roles.val, data.roles.unused, data.roles.unseen, data.roles.level2)
    counts, classes = Counter(label for labels in lists for label in labels), set(data.labels)
    rows: list[Row] = [
        {"label": label, "roles": counts[label]}
        for label in dict.fromkeys([*data.labels, *counts])
        if counts[label] != 1 or label not in classes
    ]
    return none_of(len(rows), "characters that have not one role", rows[:SHOWN_ROWS])


@CHECKS.add("roles-protocol")
def roles_protocol(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Results can be compared with others only if the roles are those that the protocol names."""
    level_1 = jis_kanji(1)
    names = {label: data.descriptions[label].names for label in level_1 if label in data.descriptions}
    try:
        expected = roles_of(level_1, jis_kanji(2), names, data.protocol)
    except (InputError, KeyError) as error:
        return Outcome(Verdict.FAIL, data.protocol.protocol, "a protocol that can be followed", str(error))
    rows: list[Row] = [
        {
            "role": role,
            "found": len(found),
            "expected": len(wanted),
            "differ": "".join(sorted(set(found) ^ set(wanted))[:9]),
        }
        for role, wanted in vars(expected).items()
        if (found := getattr(data.roles, role)) != wanted
    ]
    return none_of(len(rows), f"roles other than the protocol `{data.protocol.protocol}` has", rows)


@CHECKS.add("classes-drawn")
def classes_drawn(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """A seen class is learnt from several hands; each pretended and each truly unseen one has pictures to be read."""
    index = data.samples.index
    train = index[index["split"] == "train"].groupby("label")["group"]
    samples, groups = train.size(), train.nunique()
    least, of_groups = limits.min_train_samples, limits.min_train_groups
    rows: list[Row] = [
        {"label": label, "role": "seen", "samples": int(samples.get(label, 0)), "groups": int(groups.get(label, 0))}
        for label in data.roles.seen
        if samples.get(label, 0) < least or groups.get(label, 0) < of_groups
    ]
    for role, split in (("val", "val"), ("unseen", "test")):
        counts = index.loc[index["split"] == split, "label"].value_counts()
        rows += [
            {"label": label, "role": role, "samples": int(counts.get(label, 0)), "groups": ""}
            for label in getattr(data.roles, role)
            if counts.get(label, 0) < limits.min_held_out_samples
        ]
    message = f"seen classes with < {least} samples or < {of_groups} groups, held-out ones with too few samples"
    return none_of(len(rows), message, rows[:SHOWN_ROWS])


@CHECKS.add("sources-in-splits")
def sources_in_splits(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Writers and fonts both are learnt and tested, and enough of them; a small real set may miss out."""
    groups = data.samples.index.groupby(["set", "split"])["group"].nunique().unstack(fill_value=0)
    groups = groups.reindex(columns=list(SPLITS), fill_value=0)
    lacking = groups[(groups == 0).any(axis=1)]
    total = data.samples.index["group"].nunique()
    value = ", ".join(f"{name} {'/'.join(str(count) for count in row)}" for name, *row in groups.itertuples())
    rows = [dict(zip(("set", *SPLITS), row, strict=True)) for row in lacking.itertuples(name=None)]
    passed = lacking.empty and total >= limits.min_groups
    fatal = total < limits.min_groups or not set(lacking.index).isdisjoint(RENDERED_SETS)
    message = "" if passed else "sets without a group in train, val or test, or too few groups"
    limit = f"≥ 1 group of every set in train/val/test, ≥ {limits.min_groups} in all"
    return Outcome(
        verdict(passed, Verdict.FAIL if fatal else Verdict.WARN), value, limit, message, tuple(rows[:SHOWN_ROWS])
    )


@CHECKS.add("descriptions-cover")
def descriptions_cover(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """A class without a description cannot be found by it, and a component without one cannot be composed with."""
    needed = dict.fromkeys(data.labels, "class")
    for description in data.descriptions.values():
        needed |= {name: needed.get(name, "component") for name in description.names if name not in STROKE_TYPES}
    rows = [{"name": name, "is": what} for name, what in needed.items() if name not in data.descriptions]
    return none_of(len(rows), "characters and components without a description", rows[:SHOWN_ROWS])


@CHECKS.add("descriptions-distinct")
def descriptions_distinct(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Two classes of one description cannot be told apart by it."""
    tied = _tied(data, lambda label: data.descriptions[label].content)
    return none_of(
        len(tied), "groups of classes with the same description", [{"classes": each} for each in tied[:SHOWN_ROWS]]
    )


@CHECKS.add("descriptions-tied")
def descriptions_tied(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Without places and shapes some classes share components and stroke types: more of them bound what words tell."""
    tied = _tied(data, lambda label: (data.descriptions[label].names, data.descriptions[label].types))
    share = sum(map(len, tied)) / max(1, len(data.labels))
    message = f"share of classes with the components and stroke types of another: {' '.join(tied)}"
    return at_most(share, limits.max_tied_share, message, [{"classes": each} for each in tied[:SHOWN_ROWS]])


@CHECKS.add("components-counted")
def components_counted(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """components.json decides which components have a number of their own; it counts the seen classes only."""
    seen = [data.descriptions[label].names for label in data.roles.seen if label in data.descriptions]
    counts = Counter(name for names in seen for name in set(names))
    known = {name for description in data.descriptions.values() for name in description.names}
    rows: list[Row] = [
        {"component": name, "counted": data.components.get(name, "missing"), "occurs": counts[name]}
        for name in sorted(known | set(data.components))
        if data.components.get(name) != counts[name] or name not in known
    ]
    return none_of(len(rows), "components with another count of seen classes", rows[:SHOWN_ROWS])


@CHECKS.add("components-unseen")
def components_unseen(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """What no seen class has can hardly be read: the unseen classes without such a component are a bound."""
    lacking = unseen_components(data.descriptions, data.roles)
    share = sum(not names for names in lacking.values()) / max(1, len(lacking))
    never = Counter(name for names in lacking.values() for name in names)
    message = f"share of unseen classes whose components all occur in seen ones; {len(never)} components never do"
    rows = [{"component": name, "unseen classes": count} for name, count in never.most_common(SHOWN_ROWS)]
    return at_least(share, limits.min_composable_share, message, rows, otherwise=Verdict.WARN)


def _tied(data: ZeroShotSampleData, key: Callable[[str], object]) -> list[str]:
    """Classes with the same key, each group of several as one text."""
    groups: dict[object, list[str]] = defaultdict(list)
    for label in data.labels:
        if label in data.descriptions:
            groups[key(label)].append(label)
    return ["".join(labels) for labels in groups.values() if len(labels) > 1]


GATE: Gate[ZeroShotSamplePaths, ZeroShotSampleData, ZeroShotSampleLimits] = Gate(
    name="zero_shot_samples",
    purpose="Between the pictures and descriptions of kanji and everything that learns from them.",
    paths=ZeroShotSamplePaths,
    limits=ZeroShotSampleLimits,
    open=ZeroShotSampleData.open,
    checks=[
        *CHECKS.entries,
        *zero_shot_pictures.CHECKS.entries,
        *(check for check in sample_set.CHECKS.entries if check.id in SHARED),
    ],
    count_rows=lambda data: len(data.samples),
    tables=index_tables,
)
