import numpy as np
from PIL import Image

from glyphlens.tracks.arabic.primitives.codebook import Codebook, on_grid
from glyphlens.tracks.arabic.primitives.prototypes import draw_prototypes, save_prototypes


def test_every_tile_shows_its_centroid():
    codebook = Codebook(on_grid(np.random.default_rng(0).random((40, 64))))
    picture = np.asarray(draw_prototypes(codebook)).astype(float)
    row, column = divmod(35, 32)
    top, left = 26 + row * 38, 52 + column * 38
    tile = picture[top : top + 32, left : left + 32].reshape(8, 4, 8, 4).mean(axis=(1, 3))
    assert np.abs(tile - 255 * (1 - codebook.centroids_K64[34].reshape(8, 8))).max() <= 0.5


def test_the_file_is_a_png_and_the_same_each_time(tmp_path):
    codebook = Codebook(on_grid(np.random.default_rng(1).random((1023, 64))))
    save_prototypes(tmp_path / "a.png", codebook)
    save_prototypes(tmp_path / "b.png", codebook)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG" and picture.height < 1400
