"""The weights in git that a training of lines may begin with, and what they were trained on.

``models/khmer/start`` holds the network in half precision with its tokens and how its training went, the families of
its training fonts (``families.json``) and the hashes of its training texts (``texts.npy``): a line that is to validate
or to test it must have neither.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.curves import TRAINING
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_array, load_json, replacing_folder, save_array, save_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.stages import stage_paths
from glyphlens.training.start import save_start_weights

FAMILIES = "families.json"
TEXTS = "texts.npy"


def main(argv: Sequence[str] | None = None) -> None:
    """Keep a training as a start; run by hand, since what is in git no stage may write."""
    paths = stage_paths(argv, "trained", "samples", "out")
    save_start(paths.out, paths.trained, SampleSet.open(paths.samples))


def save_start(out: Path, trained: Path, samples: SampleSet) -> None:
    """Write the trained recogniser of ``trained``, which learnt from ``samples``, as a start below ``out``.

    One that began with a start has also learnt from what that had learnt from: it is expected at ``out``.
    """
    trained_on = samples.index.iloc[samples.rows("train")]
    families, hashes = {*trained_on["group"]}, text_hashes(trained_on["text"])
    if int(load_json(trained / TRAINING).get("steps_before", 0)):
        families |= {*load_json(out / FAMILIES)}
        hashes = np.union1d(hashes, load_array(out / TEXTS))
    with replacing_folder(out) as folder:
        save_start_weights(folder, trained)
        TokenTable.load(trained).save(folder)
        save_json(folder / FAMILIES, sorted(families))
        save_array(folder / TEXTS, hashes)


def require_unseen(start: Path, samples: SampleSet) -> None:
    """Raise InputError naming a family or text of validation or test that the weights of ``start`` were trained on."""
    held_out = samples.index.iloc[np.concatenate([samples.rows("val"), samples.rows("test")])]
    families = sorted({*load_json(start / FAMILIES)} & {*held_out["group"]})
    texts = held_out["text"].to_numpy()
    seen = texts[np.isin(text_hashes(texts, ordered=False), load_array(start / TEXTS))]
    if families or len(seen):
        what = f"the family {families[0]}" if families else f"the text {seen[0]!r}"
        raise InputError(
            f"{start}: was trained on {what}, which is held out here ({len(families)} families, {len(seen)} lines in "
            "all): scores would be too good. Set `start: false` in khmer_recognizers, which begins with random weights"
        )


def text_hashes(texts: Iterable[str], ordered: bool = True) -> NDArray[np.uint64]:
    """64 bits of the SHA-256 of every text; ``ordered``: each once, ascending."""
    digests = (hashlib.sha256(text.encode()).digest()[:8] for text in texts)
    hashes = np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
    return np.unique(hashes) if ordered else hashes


if __name__ == "__main__":
    main()
