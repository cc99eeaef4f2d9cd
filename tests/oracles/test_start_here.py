"""The references of the lesson start_here against scikit-learn and NumPy."""

import numpy as np
import pytest
import sklearn.preprocessing

from course_lib.reference.start_here import matrix_product, normalise_rows


def test_normalised_rows_are_those_of_scikit_learn():
    matrix = np.random.default_rng(0).random((5, 3))
    np.testing.assert_allclose(normalise_rows(matrix), sklearn.preprocessing.normalize(matrix, norm="l1"))


@pytest.mark.parametrize(("m", "k", "n"), [(2, 3, 4), (1, 5, 1), (4, 1, 2), (3, 3, 3)])
def test_the_matrix_product_is_that_of_numpy(m, k, n):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(m, k)), rng.normal(size=(k, n))
    np.testing.assert_allclose(matrix_product(a, b), a @ b)
