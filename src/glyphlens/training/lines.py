"""Lines of text: batches of like widths, the CTC loss, greedy decoding, and the character error rate.

N lines · H×W pixels, W of the widest · T time steps · K tokens and, as number 0, the blank between them
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
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.imaging.line_images import filled_px
from glyphlens.inference.decoding import BLANK, greedy_ctc
from glyphlens.training.batches import HeldOut
from glyphlens.training.task import Monitor, weighted_mean

LINES_TOGETHER = 4  # so many processes can share a step of any width


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

    def __init__(self, tokens: TokenTable) -> None:
        self.tokens = tokens

    def loss(self, model: nn.Module, batch: LineBatch, step: int) -> Tensor:
        """Mean over the lines of the negative log-likelihood a token; infinite for a text with too few steps."""
        return ctc_loss(*read_lines(model, batch), batch.texts, self.tokens).mean()

    def metrics(self) -> MetricCollection:
        """The loss, the edits of greedy decoding as a share of the characters written, the share of exact lines."""
        return text_metrics()

    def update(self, metrics: MetricCollection, model: nn.Module, batch: LineBatch) -> None:
        """Add a validation batch."""
        logits_NTK, steps_N = read_lines(model, batch)
        loss = ctc_loss(logits_NTK, steps_N, batch.texts, self.tokens).mean()
        update_texts(metrics, loss, greedy_texts(logits_NTK, steps_N, self.tokens), batch.texts)


def text_metrics() -> MetricCollection:
    """Fresh ``val_loss``, ``val_cer`` and ``val_exact``."""
    metrics = {"val_loss": weighted_mean(), "val_cer": CharErrorRate(), "val_exact": weighted_mean()}
    return MetricCollection(metrics, compute_groups=False)  # type: ignore[arg-type]


def update_texts(metrics: MetricCollection, loss: Tensor, read: Sequence[str], texts: Sequence[str]) -> None:
    """Add lines that were read, and their mean loss."""
    metrics["val_loss"].update(loss, len(texts))
    metrics["val_cer"].update(list(read), list(texts))
    exact = sum(found == text for found, text in zip(read, texts, strict=True)) / len(texts)
    metrics["val_exact"].update(torch.tensor(exact), len(texts))


def ctc_loss(logits_NTK: Tensor, steps_N: Tensor, texts: Sequence[str], tokens: TokenTable) -> Tensor:
    """(N,) negative log-likelihood a token of each text.

    On the CPU: torch has no gradient of this loss on GPUs that is the same twice.
    """
    targets = [tokens.encode(text) + 1 for text in texts]
    lengths_N = torch.tensor([len(target) for target in targets])
    whole_N = functional.ctc_loss(
        logits_NTK.float().log_softmax(2).transpose(0, 1).cpu(),
        torch.from_numpy(np.concatenate(targets)),
        steps_N.cpu(),
        lengths_N,
        blank=BLANK,
        reduction="none",
    )
    return (whole_N / lengths_N.clamp(min=1)).to(logits_NTK.device)


def read_lines(model: nn.Module, batch: LineBatch) -> tuple[Tensor, Tensor]:
    """(N, T, K + 1) logits, and the (N,) time steps that are of each line."""
    if not isinstance(model, LineRecognizer):
        raise TypeError(f"{type(model).__name__} has no time_steps, so it reads no lines")
    return model(batch.images_N1HW), model.time_steps(batch.widths_N)


def greedy_texts(logits_NTK: Tensor, steps_N: Tensor, tokens: TokenTable) -> list[str]:
    """The likeliest symbol of each time step, repeats and then blanks dropped."""
    return greedy_ctc(logits_NTK.detach().float().cpu().numpy(), steps_N.cpu().numpy(), tokens.tokens)


class LineBatches:
    """Training lines of a step, drawn with replacement from one of ``buckets`` of lines of like width.

    A step has as many lines as fit into ``columns`` columns of pixels, a multiple of LINES_TOGETHER and at least so
    many, filled up as by ``filled_px``. ``rows_T``: which lines; all for training by default.
    """

    def __init__(
        self,
        samples: SampleSet,
        columns: int,
        buckets: int,
        seed: int,
        *,
        rows_T: NDArray[np.int64] | None = None,
        multiple_px: int = 1,
    ) -> None:
        rows_T = _by_width(samples, samples.rows("train") if rows_T is None else rows_T)
        if len(rows_T) < buckets:
            raise InputError(f"{samples.folder}: {len(rows_T)} training lines cannot be put into {buckets} buckets")
        self.samples, self.columns, self.seed, self.multiple_px = samples, columns, seed, multiple_px
        self.buckets = np.array_split(rows_T, buckets)
        self.shares = np.array([len(bucket) / len(rows_T) for bucket in self.buckets])

    def batch(self, step: int, rank: int = 0, world: int = 1) -> LineBatch:
        """The lines of all processes together, each as wide as the widest of all."""
        rng = np.random.default_rng([self.seed, step])
        bucket = self.buckets[rng.choice(len(self.buckets), p=self.shares)]
        drawn_N = rng.choice(bucket, self.lines_of(bucket))
        own_N = drawn_N[Share(rank, world).rows(len(drawn_N))]
        return line_batch(self.samples, own_N, self._filled(drawn_N))

    def lines_of(self, bucket: NDArray[np.int64]) -> int:
        """How many lines a step has that is drawn from these."""
        return LINES_TOGETHER * max(1, self.columns // (self._filled(bucket) * LINES_TOGETHER))

    def _filled(self, rows_N: NDArray[np.int64]) -> int:
        return filled_px(int(self.samples.widths_N[rows_N].max()), self.multiple_px)


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
