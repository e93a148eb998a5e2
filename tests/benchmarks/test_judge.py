import numpy as np

from benchmarks.judge import cosine_distance


def test_cosine_distance_is_about_a_centre():
    centre = np.array([1.0, 1.0])
    left, right = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([[5.0, 1.0], [0.0, 1.0]])
    assert np.allclose(cosine_distance(left, right, centre), [[0, 2], [1, 1]])
