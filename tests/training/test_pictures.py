"""What a track needs to train a network on the pictures of a sample set, without anything of another track."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet
from glyphlens.nets.inputs import reads_of
from glyphlens.training.batches import HeldOut
from glyphlens.training.loop import train
from glyphlens.training.pictures import PictureParams, Pictures, SampleBatches, held_out_samples
from glyphlens.training.task import ClassTask
from tests.imaging.test_augment import NOTHING
from tests.training.settings import COMMON, kept_in
from tests.training.shares import assert_shares_are_the_whole

SIDE_PX = 16
PARAMS = PictureParams.model_validate({**COMMON, "class_balance": 0.5, "augment": {**NOTHING, "noise": 0.1}})


def bars(splits: tuple[str, ...] = ("train", "val")) -> SampleSet:
    """24 pictures of two classes: ink in the upper or in the lower half."""
    classes_N = np.arange(24) % 2
    pixels = np.zeros((24, SIDE_PX, SIDE_PX), np.uint8)
    pixels[classes_N == 0, : SIDE_PX // 2] = 200
    pixels[classes_N == 1, SIDE_PX // 2 :] = 200
    index = pd.DataFrame({"class_index": classes_N, "split": np.array(splits)[np.arange(24) // 3 % len(splits)]})
    classes = (CharacterClass("upper"), CharacterClass("lower"))
    return SampleSet(Path("bars"), pixels, index, classes, ImageFormat(SIDE_PX, SIDE_PX, 8))


def test_a_network_is_trained_on_pictures_with_what_the_library_has(tmp_path: Path) -> None:
    reader = Pictures(bars(), PARAMS.augment)
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    network(reader.inputs(np.arange(2)))
    source = SampleBatches(reader, PARAMS.batch, PARAMS.class_balance, seed=1)
    trained = train(
        network, source, held_out_samples(reader, "val"), PARAMS, task=ClassTask(0.0), **kept_in(tmp_path / "run")
    )
    top1 = trained.curves[trained.curves["name"] == "val_top1"]["value"]
    assert top1.max() == 1.0


@pytest.mark.parametrize("world", [1, 2, 4])
def test_the_shares_of_processes_are_together_the_batch_of_one(world: int) -> None:
    source = SampleBatches(Pictures(bars(), PARAMS.augment), PARAMS.batch, PARAMS.class_balance, seed=1)
    assert_shares_are_the_whole(source, 3, world)


def test_held_out_rows_are_cut_into_batches_in_order() -> None:
    held_out = HeldOut(np.array([7, 3, 5]), lambda rows_N: rows_N.tolist(), size=2)
    assert len(held_out) == 2 and list(held_out) == [[7, 3], [5]]
    with pytest.raises(IndexError):
        held_out[2]


def test_an_empty_split_is_named() -> None:
    with pytest.raises(InputError, match=r"bars: no raster sample of the val split"):
        held_out_samples(Pictures(bars(("train", "test")), PARAMS.augment), "val")


def test_a_network_that_does_not_say_what_it_reads_is_named() -> None:
    with pytest.raises(InputError, match=r"Linear .*reads"):
        reads_of(nn.Linear(1, 1))
