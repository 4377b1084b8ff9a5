"""Components that hear from their neighbours: messages along the edges of a graph, three times.

Reasoning over a graph of radicals is that of RZCR (Diao et al. 2023, arXiv:2207.05842); messages and updates are those
of Gilmer et al. 2017 (arXiv:1704.01212, section 2). Here a graph has one character's components, or slots, as nodes.

N samples · K nodes · D features · 5 numbers of a component's box
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

REASONING_STEPS = 3
REACH = 0.25  # of the square: components this far apart do not hear one another


class GraphReasoning(nn.Module):
    """Every node adds what it and the mean of its neighbours say, by the same weights in each of the steps."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.own = nn.Linear(features, features)
        self.heard = nn.Linear(features, features, bias=False)

    def forward(self, nodes_NKD: Tensor, edges_NKK: Tensor) -> Tensor:
        """(N, K, D) nodes, (N, K, K) or (K, K) shares of what each row hears → (N, K, D)."""
        for _ in range(REASONING_STEPS):
            heard_NKD = edges_NKK.to(nodes_NKD.dtype) @ nodes_NKD
            nodes_NKD = nodes_NKD + functional.relu(self.own(nodes_NKD) + self.heard(heard_NKD))
        return nodes_NKD


class SlotReasoning(nn.Module):
    """The same for the slots of a picture, whose edges are learned: which slot hears which."""

    def __init__(self, slots: int, features: int) -> None:
        super().__init__()
        self.edges_KK = nn.Parameter(torch.zeros(slots, slots))
        self.graph = GraphReasoning(features)

    def forward(self, slots_NKD: Tensor) -> Tensor:
        """(N, K, D) → the same shape."""
        reasoned: Tensor = self.graph(slots_NKD, torch.softmax(self.edges_KK, dim=1))
        return reasoned


def neighbour_shares(numbers_NK5: Tensor, known_NK: Tensor) -> Tensor:
    """(N, K, K): how near the boxes of two components are, in rows that sum to 1, or to less where all are far.

    No component is its own neighbour; padding is nobody's.
    """
    apart_NKK2 = (numbers_NK5[:, :, None, :2] - numbers_NK5[:, None, :, :2]).abs()
    gap_NKK2 = functional.relu(apart_NKK2 - (numbers_NK5[:, :, None, 2:4] + numbers_NK5[:, None, :, 2:4]) / 2)
    near_NKK = functional.relu(1 - gap_NKK2.sum(3) / REACH) * (known_NK[:, :, None] & known_NK[:, None])
    others_KK = 1 - torch.eye(known_NK.shape[1], device=near_NKK.device)
    near_NKK = near_NKK * others_KK
    return near_NKK / near_NKK.sum(2, keepdim=True).clamp(min=1)
