"""Alignment: pictures near their descriptions at three levels, near one another, and apart from all others.

B classes · N = 2·B pictures, first hands then second hands · V described classes or candidates
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MetricCollection

from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.recognizers.levels import embedding_of
from glyphlens.tracks.zero_shot.training.batches import HANDS, AlignmentBatch, ZeroShotTrainingParams
from glyphlens.training.losses import classification_loss
from glyphlens.training.task import TOP_K, Monitor, weighted_mean


class AlignmentTask:
    """Symmetric InfoNCE (van den Oord et al. 2018, arXiv:1807.03748, eq. 4) at each level and of all together.

    Pictures of one class in a batch are positives of one another and of its description, never negatives.
    """

    monitor = Monitor("val_unseen_top1", "max")

    def __init__(self, params: ZeroShotTrainingParams) -> None:
        self.params = params

    def loss(self, model: nn.Module, batch: AlignmentBatch, step: int) -> Tensor:
        """The weighted sum of the losses, a scalar."""
        assert isinstance(model, Network)
        weights, temperature = self.params.losses, self.params.temperature
        pictures = model.image(batch.images_N1HW)
        total = weights.classes * classification_loss(model.classify(pictures), batch.targets_N, self.params.smoothing)
        hands_NE = embedding_of(pictures, model.weights)
        first_BE, second_BE = hands_NE.chunk(HANDS)
        own_B = torch.arange(len(first_BE), device=first_BE.device)
        alike_BB = first_BE @ second_BE.T / temperature
        both = functional.cross_entropy(alike_BB, own_B) + functional.cross_entropy(alike_BB.T, own_B)
        total = total + weights.pictures * both / 2
        if not weights.text:
            return total
        texts = model.text(*batch.described)
        for weight, picture, text in zip(model.weights, pictures, texts, strict=True):
            cosines_NV = functional.normalize(picture.float(), dim=1) @ functional.normalize(text.float(), dim=1).T
            total = total + weights.text * weight * symmetric_loss(cosines_NV / temperature, len(own_B))
        joint_NV = hands_NE @ embedding_of(texts, model.weights).T / temperature
        return total + weights.text * functional.cross_entropy(joint_NV, own_B.repeat(HANDS))

    def metrics(self) -> MetricCollection:
        """By descriptions alone, of pictures of classes that are pretended unseen, among all that validation draws.

        Where descriptions are not learnt, they say nothing: then by templates alone, as a batch brings them along.
        """
        means = {name: weighted_mean() for name in ("val_loss", "val_unseen_top1", "val_unseen_top5")}
        return MetricCollection(means, compute_groups=False)  # type: ignore[arg-type]

    def update(self, metrics: MetricCollection, model: nn.Module, batch: AlignmentBatch) -> None:
        """Add a batch of validation."""
        assert isinstance(model, Network)
        if batch.templates_V1HW is None:
            candidates_VE = model.describe(*batch.described)
        else:
            candidates_VE = model(batch.templates_V1HW)
        scores_NV = model(batch.images_N1HW) @ candidates_VE.T / self.params.temperature
        best_NK = scores_NV.topk(min(TOP_K, scores_NV.shape[1]), dim=1).indices == batch.targets_N.unsqueeze(1)
        count = len(batch.targets_N)
        metrics["val_loss"].update(functional.cross_entropy(scores_NV, batch.targets_N), count)
        metrics["val_unseen_top1"].update(best_NK[:, 0].float().mean(), count)
        metrics["val_unseen_top5"].update(best_NK.any(1).float().mean(), count)


def symmetric_loss(scores_NV: Tensor, classes: int) -> Tensor:
    """Scores of N pictures (``classes`` first hands, then as many second ones) against V ≥ ``classes`` descriptions.

    A picture chooses among all descriptions. A description chooses among the pictures; the mean of those of its class
    is its positive, and none of them is a negative of another.
    """
    own_B = torch.arange(classes, device=scores_NV.device)
    to_text = functional.cross_entropy(scores_NV, own_B.repeat(HANDS))
    by_hand_HBV = scores_NV[:, :classes].reshape(HANDS, classes, classes)
    others_BN = scores_NV[:, :classes].T.masked_fill(own_B.repeat(HANDS) == own_B.unsqueeze(1), -torch.inf)
    positive_B = by_hand_HBV.diagonal(dim1=1, dim2=2).mean(0)
    to_picture = (torch.logsumexp(torch.cat([positive_B.unsqueeze(1), others_BN], dim=1), dim=1) - positive_B).mean()
    return (to_text + to_picture) / 2
