"""A picture → its levels: a convolutional trunk, 64 places for strokes, 16 slots for radicals, one character.

N samples · C channels · 8×8 places · 4×4 slots
"""

from torch import Tensor, nn
from torch.nn import functional

from glyphlens.nets.blocks import Encoder
from glyphlens.nets.trunk import ResidualBlock
from glyphlens.tracks.zero_shot.recognizers.levels import RADICAL_SIDE, Levels
from glyphlens.tracks.zero_shot.recognizers.reasoning import SlotReasoning


class ImageTower(nn.Module):
    """(N, 1, 64, 64) float ink in 0..1 → levels.

    A slot reads the four places around it: places are assigned to slots by where they are, with learned weights, so
    that a slot of a picture and the slot of a description at the same place can be compared. What a region holds is
    then learnt from every character that has it there; a character as a whole is learnt from itself alone.
    """

    def __init__(
        self,
        widths: tuple[int, ...],
        depths: tuple[int, ...],
        slots: int,
        sizes: tuple[int, int, int],
        *,
        reasoning: bool,
    ) -> None:
        super().__init__()
        stroke, radical, character = sizes
        width = widths[-1]
        self.trunk = Encoder(widths, depths)
        self.stroke = nn.Conv2d(width, stroke, 1)
        self.slots = nn.Sequential(
            nn.Conv2d(width, slots, 2, 2, bias=False),
            nn.BatchNorm2d(slots),
            nn.ReLU(),
            ResidualBlock(slots),
        )
        self.radical = nn.Conv2d(slots, radical, 1)
        self.pool = nn.Conv2d(slots, slots, RADICAL_SIDE, groups=slots, bias=False)
        self.norm = nn.BatchNorm1d(slots)
        self.character = nn.Linear(slots, character)
        self.reasoning = SlotReasoning(RADICAL_SIDE**2, slots) if reasoning else None

    def forward(self, images_N1HW: Tensor) -> Levels:
        """Levels of the pictures."""
        places_NCRS = self.trunk(images_N1HW)
        slots_NCRS = self.slots(places_NCRS)
        if self.reasoning is not None:
            slots_NKC = self.reasoning(slots_NCRS.flatten(2).transpose(1, 2))
            slots_NCRS = slots_NKC.transpose(1, 2).reshape(slots_NCRS.shape)
        whole_NC = functional.relu(self.norm(self.pool(slots_NCRS).flatten(1)))
        return Levels(
            self.stroke(places_NCRS).flatten(1), self.radical(slots_NCRS).flatten(1), self.character(whole_NC)
        )
