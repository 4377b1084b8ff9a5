"""Weights in git that a training on a sample set begins with where they fit, and what they have learnt from.

Beside weights and training (``training.start``) such a start holds its classes in their order (``labels.json``) and the
groups whose samples taught it (``groups.json``): writers, fonts, families. It fits a training of the same network and
classes that holds out none of those groups and has samples of some of them: the few steps that follow are not enough
for the hands of others alone.
"""

import json
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from torch import nn
from tqdm import tqdm

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, replacing_folder, save_json
from glyphlens.data.sample_set import SampleSet
from glyphlens.nets.weights import network_settings
from glyphlens.stages import stage_paths
from glyphlens.training.start import load_start_weights, save_start_weights, steps_before, strange_tensor

LABELS, GROUPS = "labels.json", "groups.json"
TRAIN = "train"
ANY_WEIGHTS = {"dropout"}  # settings of a network that say nothing of its weights


def main(argv: Sequence[str] | None = None) -> None:
    """Keep a training as a start; run by hand, since what is in git no stage may write."""
    paths = stage_paths(argv, "trained", "samples", "out")
    save_start(paths.out, paths.trained, SampleSet.open(paths.samples))


def save_start(out: Path, trained: Path, samples: SampleSet, classes: Sequence[str] | None = None) -> None:
    """Write the trained recogniser of ``trained``, which learnt from ``samples``, as a start at ``out``.

    ``classes``: labels of the network's classes, where these are not all of the samples'. Raises InputError where it
    cannot have learnt from these samples.
    """
    labels, settings = _labels(samples, classes), _settings(trained)
    expected = {"classes": len(labels), "lines": samples.image.height_px, "samples": samples.image.width_px}
    own = {name: value for name, value in expected.items() if name in settings}
    if strange := _strange_setting({name: settings[name] for name in own}, own):
        raise InputError(f"{trained}: {strange} in {samples.folder}; name the samples that it was trained on")
    before = _names(trained / GROUPS) if (trained / GROUPS).is_file() else []
    with replacing_folder(out) as folder:
        save_start_weights(folder, trained)
        save_json(folder / LABELS, labels)
        save_json(folder / GROUPS, sorted({*before, *_groups(samples)[TRAIN]}))


def begin_with(
    start: Path, model: nn.Module, samples: SampleSet, stage: str, classes: Sequence[str] | None = None
) -> Path | None:
    """Give ``model`` the weights of ``start`` where they fit; returns the start, or None after printing why not.

    ``classes``: as for ``save_start``. Raises InputError where the start is damaged.
    """
    if why := misfit(start, model, samples, classes):
        say_misfit(start, stage, why)
        return None
    model.load_state_dict(load_start_weights(start))
    return start


def say_misfit(start: Path, stage: str, why: str) -> None:
    """Print that a training does without a start."""
    tqdm.write(f"{stage}: trained from random weights, not from {start}: {why}")


def misfit(start: Path, model: nn.Module, samples: SampleSet, classes: Sequence[str] | None = None) -> str:
    """Why ``model`` is not to begin with ``start`` on these samples, in words; empty where it is."""
    if not start.is_dir():
        return "there is none"
    return (
        _strange_label(_names(start / LABELS), _labels(samples, classes))
        or _strange_group({*_names(start / GROUPS)}, _groups(samples))
        or _strange_setting(_settings(start), network_settings(model))
        or strange_tensor(load_start_weights(start), model.state_dict())
    )


def note_start(out: Path, start: Path | None, steps: int) -> dict[str, int]:
    """Note beside the weights at ``out`` which groups taught ``start``: a start made of them names these too.

    Returns what training.json says of their steps, and of those that the start had behind it.
    """
    if start:
        save_json(out / GROUPS, _names(start / GROUPS))
    return {"steps": steps, "steps_before": steps_before(start)}


def _strange_label(theirs: Sequence[str], own: Sequence[str]) -> str:
    for number, (there, here) in enumerate(zip_longest(theirs, own, fillvalue="absent")):
        if there != here:
            return f"class {number} is {there}, here {here} ({len(theirs)} classes, here {len(own)})"
    return ""


def _strange_group(learnt: set[str], groups: dict[str, list[str]]) -> str:
    for split, names in groups.items():
        if split != TRAIN and (shared := sorted(learnt & {*names})):
            return f"has learnt from {shared[0]}, which is held out here ({split}, {len(shared)} groups)"
    if learnt.isdisjoint(groups[TRAIN]):
        return f"has learnt from none of the groups that are trained on here, such as {groups[TRAIN][0]}"
    return ""


def _strange_setting(theirs: dict[str, Any], own: dict[str, Any]) -> str:
    here = json.loads(json.dumps(own))  # lists in the place of tuples, as in a file
    for name in sorted({*theirs, *here} - ANY_WEIGHTS):
        if theirs.get(name) != here.get(name):
            return f"{name} is {theirs.get(name)}, here {here.get(name)}"
    return ""


def _labels(samples: SampleSet, classes: Sequence[str] | None) -> list[str]:
    return [entry.label for entry in samples.classes] if classes is None else list(classes)


def _groups(samples: SampleSet) -> dict[str, list[str]]:
    """The groups of all four splits, of which the calibrating ones have a folder of their own."""
    groups: dict[str, list[str]] = load_json(samples.folder / "splits.json")
    return groups


def _settings(folder: Path) -> dict[str, Any]:
    description = load_json(folder / "model.json")
    if not isinstance(description, dict) or not isinstance(description.get("config"), dict):
        raise InputError(f"{folder / 'model.json'}: not the description of a recogniser")
    return dict(description["config"])


def _names(file: Path) -> list[str]:
    names = load_json(file)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{file}: expected a list of names")
    return names


if __name__ == "__main__":
    main()
