"""Where a recogniser of whole characters comes from, for its card: samples, licences, settings, hashes."""

from dataclasses import asdict

from glyphlens.data.sample_set import SPLITS
from glyphlens.export.card_parts import TIMES, bullets, hash_table, table, trained_on
from glyphlens.tracks.kanji.export.facts import RENDERED, CharacterFacts

STAGE = "kanji_export"
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
STAND_IN = (
    "> **Trained and tested on a rendered stand-in, not on handwriting.** Its samples were drawn from Japanese fonts "
    "and from KanjiVG's strokes with simulated writers, because no ETL data was there. The accuracies below are those "
    "of the stand-in and promise nothing about what people write; `glyphlens evaluate` measures that on real data."
)
REAL = (
    "> Trained and tested on handwriting (and the printed sets, where named) of the ETL Character Database, split by "
    "writer: no writer of the test samples was trained on."
)
LICENCES = {
    "rendered": (
        "Fonts: SIL Open Font License 1.1, each with its own copyright; `data/raw/fonts/japanese` names them.",
        "Strokes and components: KanjiVG, © Ulrich Apel, Creative Commons Attribution-ShareAlike 3.0, "
        "https://kanjivg.tagaini.net.",
    ),
    "etl": (
        "Images: ETL Character Database, © National Institute of Advanced Industrial Science and Technology (AIST) and "
        "the Japan Electronics and Information Technology Industries Association, http://etlcdb.db.aist.go.jp; to be "
        "had from AIST under its terms, which ask that it be cited and that no image, original or processed, be passed "
        "on. No image is part of this model.",
        "Components: KanjiVG, © Ulrich Apel, Creative Commons Attribution-ShareAlike 3.0, https://kanjivg.tagaini.net.",
    ),
}


def told_source(facts: CharacterFacts) -> str:
    """What the samples are, said first."""
    return STAND_IN if RENDERED in facts.sources else REAL


def making(facts: CharacterFacts) -> str:
    """The network's settings, and what int8 means here."""
    config = ", ".join(f"{key} {value}" for key, value in asdict(facts.model.config).items())  # type: ignore[call-overload]
    kernels = ", ".join(f"{number} {kind}" for kind, number in sorted(facts.exported.kernels.items()))
    return bullets(
        [
            f"network: {config}",
            f"{trained_on(facts.training)}.",
            f"int8: {facts.exported.method}. onnxruntime runs: {kernels}.",
        ]
    )


def data(facts: CharacterFacts) -> str:
    """Samples by set and split, and under what terms they are."""
    index = facts.samples.index
    names = index["set"] if "set" in index else index["source"]
    grouped = index.assign(named=names.astype(str)).groupby(["source", "named", "split"])
    counted = grouped.agg(groups=("group", "nunique"), samples=("group", "size")).reset_index()
    counted["order"] = counted["split"].map(lambda split: SPLITS.index(split) if split in SPLITS else len(SPLITS))
    rows = [
        [
            str(row.source),
            str(row.named),
            SPLIT_NAMES.get(str(row.split), str(row.split)),
            f"{row.groups:,}",
            f"{row.samples:,}",
        ]
        for row in counted.sort_values(["source", "named", "order"]).itertuples()
    ]
    lines = [line for source in facts.sources for line in LICENCES.get(source, ())]
    told = "Split by group (font family, simulated writer, writer's sheet): no group is in two splits."
    return f"{told}\n\n{table(['source', 'set', 'split', 'groups', 'samples'], rows)}\n\n{bullets(lines)}"


def reproduction(facts: CharacterFacts) -> str:
    """How to make it again, from what, by hash."""
    text = (
        f"`dvc repro {STAGE}` after the stages before it, `make repro` for all, which ends with how long each training "
        f"took and an estimate of its energy (from {TIMES}). What went in and came out:"
    )
    return f"{text}\n\n{hash_table(facts.hashes)}"
