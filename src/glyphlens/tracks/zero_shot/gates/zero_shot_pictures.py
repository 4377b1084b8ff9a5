"""gate_zero_shot_samples: the pictures that are learnt and tested, and the templates, show what they should.

C characters · T templates of each
"""

import hashlib
from itertools import combinations

import numpy as np

from glyphlens.data.pictures import HASH_DIGITS
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    Verdict,
    at_least,
    first_rows,
    none_of,
    spread_rows,
)
from glyphlens.gates.suites import sample_set
from glyphlens.gates.suites.sample_set import KEY
from glyphlens.tracks.zero_shot.gates.zero_shot_data import ZeroShotSampleData, ZeroShotSampleLimits
from glyphlens.tracks.zero_shot.samples.templates import STROKES

CHECKS: Checks[ZeroShotSampleData, ZeroShotSampleLimits] = Checks()


@CHECKS.add("ink-share")
def ink_share(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """A blank or a black picture shows no character."""
    low, high = limits.min_ink_share, limits.max_ink_share
    return sample_set.ink_within(data.facts, low, high, limits.max_odd_ink_share, KEY)


@CHECKS.add("image-hash")
def image_hash(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Rows and pictures are in the same order: the hash of a row is that of its picture."""
    checked = spread_rows(len(data.samples), limits.checked_rows)
    hashes = [hashlib.sha256(each).hexdigest()[:HASH_DIGITS] for each in data.samples.images(checked)]
    rows = data.samples.index.iloc[checked].reset_index(drop=True)
    wrong = rows["image_hash"].to_numpy(object) != np.array(hashes, object)
    return none_of(int(wrong.sum()), "rows whose picture has another hash", first_rows(rows, wrong, *KEY))


@CHECKS.add("twin-share")
def twin_share(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """The very pixels of a training picture in a held-out split are a leak, whatever they are labelled."""
    message = "share of held-out pictures identical to a training one"
    return sample_set.twins_within(data.samples.index, ("image_hash",), limits.max_twin_share, message)


@CHECKS.add("templates-inked")
def templates_inked(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Exemplars come from here: what is said to be there has ink, all else none, and the strokes are always there."""
    expected = (len(data.labels), len(data.template_names), *data.samples.images(slice(0, 1)).shape[1:])
    if data.templates_CTPP.shape != expected or data.has_CT.shape != expected[:2]:
        found = f"{data.templates_CTPP.shape} and {data.has_CT.shape}"
        return Outcome(Verdict.FAIL, found, str(expected), "templates of another shape than classes and names say")
    shares_CT = np.stack([(each >= data.ink_level).mean(axis=(1, 2)) for each in data.templates_CTPP])
    inked_CT = (shares_CT >= limits.min_ink_share) & (shares_CT <= limits.max_ink_share)
    wrong_CT = inked_CT != data.has_CT
    if STROKES in data.template_names:
        wrong_CT[:, data.template_names.index(STROKES)] |= ~inked_CT[:, data.template_names.index(STROKES)]
    rows = [
        {"label": data.labels[row], "template": data.template_names[column]} for row, column in np.argwhere(wrong_CT)
    ]
    return none_of(len(rows), "templates that are blank, black or not said to be there", rows[:SHOWN_ROWS])


@CHECKS.add("templates-trained")
def templates_trained(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """A template from a font of the test would be an example of what is tested."""
    fonts = data.samples.index[data.samples.index["set"] == "font"]
    trained = set(fonts.loc[fonts["split"] == "train", "file"])
    rows = [{"template": name} for name in data.template_names if name not in {STROKES, *trained}]
    rows += [{"template": f"{STROKES} is missing"}] * (STROKES not in data.template_names)
    return none_of(len(rows), "templates of fonts that are not in training", rows[:SHOWN_ROWS])


@CHECKS.add("templates-complete")
def templates_complete(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Most fonts have most characters; else the exemplar of one class is made otherwise than that of the next."""
    share_T = data.has_CT.mean(axis=0)
    lacking = [(name, float(share)) for name, share in zip(data.template_names, share_T, strict=True)]
    rows = [{"template": name, "share": share} for name, share in sorted(lacking, key=lambda row: row[1])]
    return at_least(
        float(share_T.mean()), limits.min_template_share, "mean share of characters", rows[:SHOWN_ROWS], Verdict.WARN
    )


@CHECKS.add("templates-distinct")
def templates_distinct(data: ZeroShotSampleData, limits: ZeroShotSampleLimits) -> Outcome:
    """Families may share their kanji: two of them count double, and may be learnt in one and tested in the other."""
    checked = spread_rows(len(data.labels), limits.checked_rows)
    rows: list[Row] = [
        {"template": name, "same as": other}
        for (first, name), (second, other) in combinations(enumerate(data.template_names), 2)
        if (both := checked[(data.has_CT[checked, first] & data.has_CT[checked, second]).astype(bool)]).size
        and np.array_equal(data.templates_CTPP[both, first], data.templates_CTPP[both, second])
    ]
    return none_of(len(rows), "pairs of fonts whose templates are the same", rows[:SHOWN_ROWS])
