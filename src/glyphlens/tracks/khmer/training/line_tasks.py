"""The tasks of both recognisers: what a step learns, and how a validation is scored.

N lines · L tokens and the end of the longest text · K tokens
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from torchmetrics import MetricCollection

from glyphlens.core.errors import ParamsError
from glyphlens.data.tokens import TokenTable
from glyphlens.inference.decoding import LineSymbols, read_forward
from glyphlens.tracks.khmer.recognizers.attention import Network
from glyphlens.tracks.khmer.training.khmer_tokens import level_values
from glyphlens.tracks.khmer.training.line_batches import KhmerTrainingParams
from glyphlens.tracks.khmer.training.line_losses import CtcLosses, focal
from glyphlens.training.lines import CtcTask, LineBatch, ctc_loss, text_metrics, update_texts
from glyphlens.training.task import Monitor

EXACT = Monitor("val_exact", "max")
CER = Monitor("val_cer", "min")
STEPS_A_TOKEN = 2  # time steps: no text has more than a token for every so many


class KhmerCtcTask(CtcTask):
    """CTC with the losses that params.yaml weighs; the best weights read most lines without an error."""

    monitor = EXACT

    def __init__(self, tokens: TokenTable, params: KhmerTrainingParams) -> None:
        super().__init__(tokens)
        self.losses = CtcLosses(tokens, params.loss)

    def loss(self, model: nn.Module, batch: LineBatch, step: int) -> Tensor:
        """Mean over the lines."""
        result: Tensor = self.losses(model, batch)
        return result


class AttentionTask:
    """Cross-entropy of every next token given the true ones before it, the end among them, beside CTC.

    Of the losses in params.yaml it knows the focal one, that of certainty and that of the parts of a cluster; raises
    ParamsError where the expected error rate has a weight, which needs the paths of CTC.
    """

    monitor = EXACT

    def __init__(self, tokens: TokenTable, params: KhmerTrainingParams) -> None:
        if params.loss.sequence:
            raise ParamsError(f"params.yaml: khmer_training.loss.sequence is {params.loss.sequence}; only ctc has it")
        self.tokens, self.params, self.symbols = tokens, params, LineSymbols.of(len(tokens))
        values_4K = torch.from_numpy(level_values(tokens)) if params.loss.hierarchical else ()
        self.levels = [functional.one_hot(values_K) for values_K in values_4K]

    def loss(self, model: nn.Module, batch: LineBatch, step: int) -> Tensor:
        """Mean over the tokens, and over the lines of CTC."""
        assert isinstance(model, Network)
        memory_NTD, steps_N = model(batch.images_N1HW), model.time_steps(batch.widths_N)
        share = self.params.ctc_share
        loss = (1 - share) * self._next_tokens(model, memory_NTD, steps_N, batch.texts)
        if share:
            loss = loss + share * ctc_loss(model.scores(memory_NTD), steps_N, batch.texts, self.tokens).mean()
        return loss

    def metrics(self) -> MetricCollection:
        """As of CTC."""
        return text_metrics()

    def update(self, metrics: MetricCollection, model: nn.Module, batch: LineBatch) -> None:
        """Add a validation batch, read as in use: each token by the tokens read before it."""
        assert isinstance(model, Network)
        memory_NTD, steps_N = model(batch.images_N1HW), model.time_steps(batch.widths_N)
        loss = self._next_tokens(model, memory_NTD, steps_N, batch.texts)

        def following(before_NL: NDArray[np.int64]) -> NDArray[np.float32]:
            shown = torch.from_numpy(before_NL).to(memory_NTD.device)
            next_NK: NDArray[np.float32] = model.decoder(shown, memory_NTD, steps_N)[:, -1].float().cpu().numpy()
            return next_NK

        read = read_forward(following, len(batch.texts), self.tokens.tokens, steps_N.cpu().numpy() // STEPS_A_TOKEN)
        update_texts(metrics, loss, [line.text for line in read], batch.texts)

    def _next_tokens(self, model: Network, memory_NTD: Tensor, steps_N: Tensor, texts: tuple[str, ...]) -> Tensor:
        weights, symbols = self.params.loss, self.symbols
        before_NL, after_NL = shown_and_asked(texts, self.tokens)
        logits_NLK = model.decoder(before_NL.to(memory_NTD.device), memory_NTD, steps_N).float()
        logits_PK, asked_P = logits_NLK.flatten(0, 1), after_NL.flatten().to(memory_NTD.device)
        is_asked_P = asked_P != symbols.pad
        logits_PK, asked_P = logits_PK[is_asked_P], asked_P[is_asked_P]
        nats_P = functional.cross_entropy(logits_PK, asked_P, reduction="none", label_smoothing=self.params.smoothing)
        loss = focal(nats_P, weights).mean()
        if weights.confidence:
            logs_PK = logits_PK.log_softmax(1)
            loss = loss + weights.confidence * (logs_PK.exp() * logs_PK).sum(1).mean()
        if weights.hierarchical:
            loss = loss + weights.hierarchical * self._by_parts(logits_PK, asked_P)
        return loss

    def _by_parts(self, logits_PK: Tensor, asked_P: Tensor) -> Tensor:
        """Mean cross-entropy of the value at each level of a cluster, where a token is asked for."""
        is_token_P = asked_P != self.symbols.end
        chances_PK, asked_P = logits_PK[is_token_P, :-1].softmax(1), asked_P[is_token_P]
        losses = []
        for level in self.levels:
            together = level.to(chances_PK)
            losses.append(functional.nll_loss((chances_PK @ together + 1e-6).log(), together[asked_P].argmax(1)))
        return torch.stack(losses).mean()


def shown_and_asked(texts: tuple[str, ...], tokens: TokenTable) -> tuple[Tensor, Tensor]:
    """(N, L) what the decoder is shown, from the start symbol on, and what it is asked for, up to the end symbol."""
    symbols = LineSymbols.of(len(tokens))
    numbers = [torch.from_numpy(tokens.encode(text)) for text in texts]
    shown = [torch.cat([torch.tensor([symbols.start]), own]) for own in numbers]
    asked = [torch.cat([own, torch.tensor([symbols.end])]) for own in numbers]
    return tuple(pad_sequence(rows, batch_first=True, padding_value=symbols.pad) for rows in (shown, asked))  # type: ignore[return-value]
