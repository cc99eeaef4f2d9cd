"""The reference of the lesson start_here against scikit-learn."""

import numpy as np
import sklearn.preprocessing

from course_lib.reference.start_here import normalise_rows


def test_normalised_rows_are_those_of_scikit_learn():
    matrix = np.random.default_rng(0).random((5, 3))
    np.testing.assert_allclose(normalise_rows(matrix), sklearn.preprocessing.normalize(matrix, norm="l1"))
