"""Lines of text: batches of like widths, the CTC loss, greedy decoding, and the character error rate.

N lines · H×W pixels, W of the widest · T time steps · K characters and, as number 0, the blank between them
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MetricCollection
from torchmetrics.text import CharErrorRate

from glyphlens.core.errors import InputError
from glyphlens.core.share import Share
from glyphlens.data.sample_set import Charset, SampleSet
from glyphlens.inference.decoding import BLANK, greedy_ctc
from glyphlens.training.batches import HeldOut
from glyphlens.training.task import Monitor, weighted_mean


class LineBatch(NamedTuple):
    """Ink in 0..1 filled up with background on the right, the widths without that (N,) int64, and what is written."""

    images_N1HW: Tensor
    widths_N: Tensor
    texts: tuple[str, ...]


@runtime_checkable
class LineRecognizer(Protocol):
    """A network that reads a line as a sequence."""

    def __call__(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, H, W) float ink in 0..1 → (N, T, K + 1) logits, the blank first."""
        ...

    def time_steps(self, widths_N: Tensor) -> Tensor:
        """(N,) int64: how many of the T time steps are of an image so wide."""
        ...


class CtcTask:
    """One line, one text: connectionist temporal classification (Graves et al. 2006, doi:10.1145/1143844.1143891)."""

    monitor = Monitor("val_cer", "min")

    def __init__(self, charset: Charset) -> None:
        self.charset = charset

    def loss(self, model: nn.Module, batch: LineBatch, step: int) -> Tensor:
        """Mean over the lines of the negative log-likelihood a character; infinite for a text with too few steps."""
        return self._loss(*read_lines(model, batch), batch.texts)

    def metrics(self) -> MetricCollection:
        """The loss, and the edits of greedy decoding as a share of the characters that are written."""
        metrics = {"val_loss": weighted_mean(), "val_cer": CharErrorRate()}
        return MetricCollection(metrics, compute_groups=False)  # type: ignore[arg-type]

    def update(self, metrics: MetricCollection, model: nn.Module, batch: LineBatch) -> None:
        """Add a validation batch."""
        logits_NTK, steps_N = read_lines(model, batch)
        metrics["val_loss"].update(self._loss(logits_NTK, steps_N, batch.texts), len(batch.texts))
        metrics["val_cer"].update(greedy_texts(logits_NTK, steps_N, self.charset), list(batch.texts))

    def _loss(self, logits_NTK: Tensor, steps_N: Tensor, texts: Sequence[str]) -> Tensor:
        """On the CPU: torch has no gradient of this loss on GPUs that is the same twice."""
        targets = [self.charset.encode(text) + 1 for text in texts]
        loss = functional.ctc_loss(
            logits_NTK.float().log_softmax(2).transpose(0, 1).cpu(),
            torch.from_numpy(np.concatenate(targets)),
            steps_N.cpu(),
            torch.tensor([len(target) for target in targets]),
            blank=BLANK,
        )
        return loss.to(logits_NTK.device)


def read_lines(model: nn.Module, batch: LineBatch) -> tuple[Tensor, Tensor]:
    """(N, T, K + 1) logits, and the (N,) time steps that are of each line."""
    if not isinstance(model, LineRecognizer):
        raise TypeError(f"{type(model).__name__} has no time_steps, so it reads no lines")
    return model(batch.images_N1HW), model.time_steps(batch.widths_N)


def greedy_texts(logits_NTK: Tensor, steps_N: Tensor, charset: Charset) -> list[str]:
    """The likeliest symbol of each time step, repeats and then blanks dropped."""
    return greedy_ctc(logits_NTK.detach().float().cpu().numpy(), steps_N.cpu().numpy(), charset.characters)


class LineBatches:
    """Training lines of a step, drawn with replacement from one of ``buckets`` of lines of like width."""

    def __init__(self, samples: SampleSet, lines: int, buckets: int, seed: int) -> None:
        rows_T = _by_width(samples, samples.rows("train"))
        if len(rows_T) < buckets:
            raise InputError(f"{samples.folder}: {len(rows_T)} training lines cannot be put into {buckets} buckets")
        self.samples, self.lines, self.seed = samples, lines, seed
        self.buckets = np.array_split(rows_T, buckets)
        self.shares = np.array([len(bucket) / len(rows_T) for bucket in self.buckets])

    def batch(self, step: int, rank: int = 0, world: int = 1) -> LineBatch:
        """``lines`` lines of all processes together, each as wide as the widest of all."""
        rng = np.random.default_rng([self.seed, step])
        drawn_N = rng.choice(self.buckets[rng.choice(len(self.buckets), p=self.shares)], self.lines)
        own_N = drawn_N[Share(rank, world).rows(self.lines)]
        return line_batch(self.samples, own_N, int(self.samples.widths_N[drawn_N].max()))


def held_out_lines(samples: SampleSet, split: str, lines: int) -> HeldOut[LineBatch]:
    """The lines of a split as they are, ``lines`` a batch, the narrow ones first."""
    return HeldOut(_by_width(samples, samples.rows(split)), lambda rows_N: line_batch(samples, rows_N), lines)


def line_batch(samples: SampleSet, rows_N: NDArray[np.int64], min_width_px: int = 0) -> LineBatch:
    """Rows of a sample set whose targets are texts, filled up to the widest, or to ``min_width_px``."""
    images = torch.from_numpy(samples.images(rows_N, min_width_px)).unsqueeze(1).float() / 255
    widths_N = torch.from_numpy(samples.widths_N[rows_N])
    return LineBatch(images, widths_N, tuple(samples.texts[row] for row in rows_N))


def _by_width(samples: SampleSet, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[np.argsort(samples.widths_N[rows], kind="stable")]
