"""The two small functions of the first lesson."""

import numpy as np


def normalise_rows(matrix: np.ndarray) -> np.ndarray:
    """Divide each row of a matrix by that row's sum, so that every row totals 1.

    matrix: float array of shape (rows, columns); no entry is negative and every row has a sum above 0.
    Returns a new float array of the same shape; the matrix itself stays as it is.
    """
    return matrix / matrix.sum(axis=1, keepdims=True)


def matrix_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Multiply two matrices: every row of the first with every column of the second.

    A row and a column are multiplied place by place and added up, so a row of a is as long as a column of b.
    The order matters: the rows are those of a, the columns are those of b.

    a: float array of shape (m, k).
    b: float array of shape (k, n).

    Returns a new float array of shape (m, n): entry [i, j] is the sum of a[i, t] * b[t, j] over all t.
    """
    product = np.zeros((a.shape[0], b.shape[1]))
    for i, row in enumerate(a):
        for j, column in enumerate(b.T):
            product[i, j] = np.sum(row * column)
    return product
