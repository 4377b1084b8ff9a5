"""gate_zero_shot_models: the export is whole, as good as it says, and what it knows of unseen kanji is their text.

s sampled rows · C classes · E numbers of an embedding
"""

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.gates.check import (
    SHOWN_ROWS,
    Checks,
    Outcome,
    Row,
    at_least,
    at_most,
    none_of,
    spread_rows,
    verdict,
)
from glyphlens.gates.run import Gate
from glyphlens.gates.suites import exported, trained
from glyphlens.inference.folder import model_name
from glyphlens.inference.prototypes import Prototypes, of_length_1
from glyphlens.tracks.zero_shot.descriptions.belonging import MODELS, require_belonging
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER
from glyphlens.tracks.zero_shot.evaluation.contenders import RELEASED, shuffled
from glyphlens.tracks.zero_shot.export.fusion import fused
from glyphlens.tracks.zero_shot.export.released import released_files, total_megabytes
from glyphlens.tracks.zero_shot.gates.zero_shot_model_data import (
    KINDS,
    ZeroShotModelData,
    ZeroShotModelLimits,
    ZeroShotModelPaths,
)

SEED = 0  # of the descriptions that change places
BIAS_TOLERANCE = 1e-4  # of a logit

CHECKS: Checks[ZeroShotModelData, ZeroShotModelLimits] = Checks()


@CHECKS.add("prototypes-own")
def prototypes_own(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """The prototypes beside a file were made with it (SHA-256): those of another lie in another space."""
    rows: list[Row] = []
    for name, file in data.files.items():
        try:
            Prototypes.load(file.path)
        except InputError as error:
            rows.append({"file": name, "reason": str(error)})
    return none_of(len(rows), "files whose prototypes cannot be used", rows)


@CHECKS.add("prototypes-complete")
def prototypes_complete(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """Every kanji of levels 1 and 2, seen or not, has one prototype and no other character has one."""
    rows: list[Row] = []
    wanted = set(data.characters)
    for name, table in data.tables.items():
        found = set(table.labels)
        missing = [label for label in data.characters if label not in found]
        surplus = [label for label in table.labels if label not in wanted]
        twice = len(table.labels) - len(found)
        if missing or surplus or twice:
            rows.append({"file": name, "missing": _few(missing), "surplus": _few(surplus), "twice": twice})
    return none_of(len(rows), "tables that are not the class list", rows)


@CHECKS.add("prototypes-length")
def prototypes_length(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """A prototype that is longer than others wins too often, one that is no number spoils every answer."""
    gaps = {name: _length_gap(table.vectors_CE) for name, table in data.tables.items()}
    rows: list[Row] = [{"file": name, "gap": gap} for name, gap in gaps.items()]
    return at_most(float(np.max(list(gaps.values()))), limits.max_length_gap, "largest distance from length 1", rows)


@CHECKS.add("prototypes-fused")
def prototypes_fused(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """The prototypes are what measured.json and parts.npz say: description and template, weighed as was chosen."""
    rows: list[Row] = []
    for kind in KINDS:
        expected = fused(data.views(kind), data.fusions(kind).both).rounded()
        found = data.tables[model_name(kind)].of(expected.labels)
        cosine_C = (of_length_1(found.vectors_CE) * of_length_1(expected.vectors_CE)).sum(axis=1)
        worst = int(np.argmin(cosine_C))
        rows.append({"file": kind, "cosine": float(cosine_C[worst]), "character": expected.labels[worst]})
    lowest = min(float(row["cosine"]) for row in rows)
    return at_least(lowest, limits.min_view_cosine, "least cosine of a prototype and its parts together", rows)


@CHECKS.add("penalty-of-seen")
def penalty_of_seen(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """Every character that was trained on, and no other, is held back by the penalty that was chosen."""
    rows: list[Row] = []
    for kind in KINDS:
        expected = fused(data.views(kind), data.fusions(kind).both)
        found = data.tables[model_name(kind)].of(expected.labels)
        off = ~(np.abs(found.bias_C - expected.bias_C) <= BIAS_TOLERANCE)
        if off.any() or abs(found.scale - expected.scale) > BIAS_TOLERANCE * expected.scale:
            wrong = [label for label, is_off in zip(expected.labels, off, strict=True) if is_off]
            rows.append({"file": kind, "characters": _few(wrong), "scale": found.scale, "chosen": expected.scale})
    return none_of(len(rows), "tables with another penalty or temperature", rows)


@CHECKS.add("embeddings-length")
def embeddings_length(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """Similarities are products of vectors of length 1: every embedding is finite and has it."""
    gaps = {name: _length_gap(embedding_sE) for name, embedding_sE in data.embeddings.items()}
    rows: list[Row] = [{"file": name, "gap": gap} for name, gap in gaps.items()]
    return at_most(float(np.max(list(gaps.values()))), limits.max_length_gap, "largest distance from length 1", rows)


@CHECKS.add("descriptions-complete")
def descriptions_complete(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """Every character is described beside the encoder, so that a new one can be composed of them."""
    missing = [label for label in data.characters if label not in data.encoder.known]
    return none_of(len(missing), "characters without a description", [{"character": each} for each in missing[:5]])


@CHECKS.add("encoder-own")
def encoder_own(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """The text encoder is the one that the prototypes were made with: a description added later fits them."""
    picked = spread_rows(len(data.characters), limits.described)
    found_sE = data.encoder.vectors([data.encoder.known[data.characters[number]] for number in picked])
    cosine_s = (found_sE * data.views(RELEASED).text_CE[picked]).sum(axis=1)
    rows: list[Row] = [
        {"character": data.characters[picked[place]], "cosine": float(cosine_s[place])}
        for place in np.argsort(cosine_s)[:SHOWN_ROWS]
    ]
    message = f"least cosine of an encoded description and the stored one, of {len(picked)}"
    return at_least(float(cosine_s.min()), limits.min_view_cosine, message, rows)


@CHECKS.add("encoder-named")
def encoder_named(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """The descriptions say which image files they belong to, so that those of another export are refused."""
    rows: list[Row] = [] if (data.folder / FOLDER / MODELS).is_file() else [{"file": MODELS, "reason": "missing"}]
    for name in data.files:
        try:
            require_belonging(data.folder / name)
        except InputError as error:
            rows.append({"file": name, "reason": str(error)})
    return none_of(len(rows), "image files whose descriptions are another's", rows)


@CHECKS.add("top1-floors")
def top1_floors(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """Below these floors on validation a network is broken rather than badly tuned."""
    floors = {"val_unseen_top1": limits.min_unseen_top1, "val_seen_top1": limits.min_seen_top1}
    rows: list[Row] = [
        {"file": kind, "measure": name, "value": float(data.measured[kind][name]), "floor": floor}
        for kind in KINDS
        for name, floor in floors.items()
    ]
    low = [row for row in rows if not row["value"] >= row["floor"]]
    value = ", ".join(f"{row['file']} {row['measure']} {row['value']:.4f}" for row in rows)
    limit = ", ".join(f"{name} ≥ {floor}" for name, floor in floors.items())
    return Outcome(verdict(not low), value, limit, "under their floor" if low else "", tuple(low))


@CHECKS.add("scored-top1")
def scored_top1(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """The gate scores the files itself, so that numbers of another file cannot pass for theirs."""
    rows: list[Row] = []
    for kind in KINDS:
        name = model_name(kind)
        hits_s = data.answers[name] == data.truth[name]
        for measure, own_s in (("val_unseen_top1", ~data.is_seen_s), ("val_seen_top1", data.is_seen_s)):
            scored, told = float(hits_s[own_s].mean()), float(data.measured[kind][measure])
            rows.append({"file": name, "measure": measure, "scored": scored, "told": told, "gap": abs(scored - told)})
    message = f"largest gap between measured.json and top-1 on {len(data.rows_s)} validation rows"
    return at_most(float(np.max([float(row["gap"]) for row in rows])), limits.max_scored_gap, message, rows)


@CHECKS.add("shuffled-collapse")
def shuffled_collapse(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """Control: with each other's descriptions the characters that were not trained on cannot be named. Where they can,
    something other than the text told which is which."""
    classes_s, own_s = data.truth[model_name(RELEASED)], ~data.is_seen_s
    number = {label: place for place, label in enumerate(data.characters)}
    group = np.array([number[label] for label in data.roles.val], np.int64)
    views = shuffled(data.views(RELEASED), [group], SEED)
    prototypes = fused(views, data.fusions(RELEASED).text).of(data.labels)
    found_s = prototypes.logits(data.embeddings[model_name(RELEASED)][own_s]).argmax(axis=1)
    top1 = float(np.mean(found_s == classes_s[own_s]))
    return at_most(top1, limits.max_shuffled_top1, f"top-1 of {int(own_s.sum())} pictures with exchanged descriptions")


@CHECKS.add("release-size")
def release_size(data: ZeroShotModelData, limits: ZeroShotModelLimits) -> Outcome:
    """What is released lies in git: model, prototypes, label map and all about descriptions together."""
    files = released_files(data.folder / model_name(RELEASED))
    rows: list[Row] = [{"file": file.name, "MB": total_megabytes([file])} for file in files]
    rows.sort(key=lambda row: -float(row["MB"]))
    return at_most(round(total_megabytes(files), 3), limits.max_release_mb, "MB of 10^6 bytes", rows[:SHOWN_ROWS])


def _length_gap(vectors_NE: NDArray[np.float32]) -> float:
    """The largest distance of a length from 1; NaN where a number is none."""
    return float(np.abs(np.linalg.norm(vectors_NE, axis=1) - 1).max())


def _few(labels: list[str]) -> str:
    return f"{len(labels)}: {''.join(labels[:10])}" if labels else "0"


GATE: Gate[ZeroShotModelPaths, ZeroShotModelData, ZeroShotModelLimits] = Gate(
    name="zero_shot_models",
    purpose="Between the exported files for kanji never seen and everybody who scores or uses them.",
    paths=ZeroShotModelPaths,
    limits=ZeroShotModelLimits,
    open=ZeroShotModelData.open,
    checks=[*CHECKS.entries, *trained.CHECKS.entries, *exported.CHECKS.entries],
    count_rows=lambda data: len(data.rows_s),
    judged=lambda paths: (paths.export,),
)
