"""What the manifest says of an embedding's levels is how the network puts them together."""

import torch

from glyphlens.tracks.zero_shot.recognizers.aligned import Config, Network


def test_the_levels_of_an_embedding_are_as_large_as_is_said() -> None:
    config = Config(classes=3, stroke_types=5, components=7)
    network = Network(config).eval()
    with torch.inference_mode():
        embedding_NE = network(torch.rand(2, 1, 64, 64))
    parts = torch.split(embedding_NE, list(config.level_sizes.values()), dim=1)
    lengths_L = [float(part[0].norm()) for part in parts]
    assert torch.allclose(torch.tensor(lengths_L) ** 2, torch.tensor(config.level_weights), atol=1e-4)
