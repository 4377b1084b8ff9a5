import numpy as np
import pandas as pd

from glyphlens.imaging.geometry import FEATURES, GEOMETRY, em_geometry, geometry_features


def test_geometry_is_relative_to_the_em() -> None:
    boxes = np.array([[100.0, -200, 600, 800], [-50, 0, 150, 20]])
    found = em_geometry(boxes, np.array([700.0, np.nan]), np.array([1000.0, 2000]))
    expected = [[0.1, 0.6, -0.2, 0.8, 0.7, 1.0], [-0.025, 0.075, 0, 0.01, 0, 0.1]]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_features_end_with_a_mark_that_they_are_known() -> None:
    frame = pd.DataFrame(np.arange(12.0).reshape(2, 6), columns=list(GEOMETRY))
    features = geometry_features(frame[reversed(GEOMETRY)])
    assert features.shape == (2, FEATURES)
    assert features.dtype == np.float32
    assert features.tolist() == [[0, 1, 2, 3, 4, 5, 1], [6, 7, 8, 9, 10, 11, 1]]
