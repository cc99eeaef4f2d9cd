"""The proof of the first lesson's exercise."""

import numpy as np

from course_lib.judge.exercise import Exercise, case
from course_lib.reference import start_here


def _cases(rng):
    yield case(np.array([[1.0, 3.0], [2.0, 2.0]]), label="the worked example")
    yield case(np.array([[4.0, 1.0, 5.0], [1.0, 1.0, 2.0], [9.0, 0.0, 1.0]]), label="a square matrix")
    yield case(np.array([[5.0]]), label="a matrix with one entry")
    yield case(np.array([[1.0, 2.0, 3.0, 4.0]]), label="a matrix with one row")
    for rows, columns in ((2, 5), (6, 3), (4, 4)):
        yield case(rng.uniform(0.1, 9.0, size=(rows, columns)))


normalise_rows = Exercise(start_here.normalise_rows, _cases, hints=[
    "`matrix.sum()` adds up everything. Which argument makes it add along one axis only?",
    "With `axis=1` you get one sum a row. To divide every row by its own sum, the sums must stand in a column: "
    "shape (rows, 1).",
    "`matrix.sum(axis=1, keepdims=True)` has shape (rows, 1). Divide the matrix by it."])
normalise_rows.slip("axis=1, keepdims=True", "axis=0",
    looks="the columns total 1, not the rows", do="`axis=0` adds down the columns; `axis=1` adds along the rows.")
normalise_rows.slip(", keepdims=True", "",
    looks="the row sums were lined up with the columns",
    do="`matrix.sum(axis=1)` has shape (rows,), and NumPy lines that up with the last axis. "
    "`keepdims=True` keeps it a column of shape (rows, 1).")
normalise_rows.slip("axis=1, keepdims=True", "",
    looks="everything was divided by the sum of the whole matrix",
    do="Each row has a sum of its own: give `sum` an `axis`.")
normalise_rows.slip("matrix / matrix.sum(axis=1, keepdims=True)", "matrix.T / matrix.sum(axis=1)",
    looks="the matrix was turned, and stayed so",
    do="`.T` exchanges rows and columns, so that the sums line up. Turn the result back with another `.T`, or leave "
    "the matrix and turn the sums into a column: `keepdims=True`.")
normalise_rows.slip("sum", "mean",
    looks="each row was divided by its mean, so that it totals the number of columns",
    do="Use `sum` where you used `mean`.")

@normalise_rows.alternative
def with_a_loop(matrix):
    return np.array([row / row.sum() for row in matrix])

@normalise_rows.alternative
def with_einsum(matrix):
    return np.einsum("ij,i->ij", matrix, 1 / matrix.sum(axis=1))


# matrix_product
def _product_cases(rng):
    yield case(np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[1.0, 0], [0, 1], [1, 1]]), label="the worked example")
    yield case(np.array([[1.0, 2], [3, 4]]), np.array([[5.0, 6], [7, 8]]), label="two square matrices")
    yield case(np.array([[2.0, 3, 5]]), np.array([[1.0], [10], [100]]), label="one row and one column")
    yield case(np.array([[2.0], [3]]), np.array([[1.0, 10, 100]]), label="one column and one row")
    for m, k, n in ((2, 4, 3), (5, 3, 2), (3, 3, 3)):
        yield case(rng.normal(size=(m, k)), rng.normal(size=(k, n)))

matrix_product = Exercise(start_here.matrix_product, _product_cases, hints=[
    "Take row 0 of a and column 0 of b. Multiply place by place and add up: that is entry [0, 0].",
    "Start from np.zeros((m, n)). One loop over the rows of a, and in it one over the columns of b: `b[:, j]`.",
    "`product[i, j] = np.sum(a[i] * b[:, j])`, for every i below a.shape[0] and every j below b.shape[1]."])
matrix_product.slip("return product", "return a * b", looks="the two matrices were multiplied place by place",
    do="`a * b` needs two equal shapes. Here a row of a meets a column of b, and the products are added up.")
matrix_product.slip("enumerate(b.T)", "enumerate(b)", looks="rows of a were multiplied with rows of b",
    do="A loop over b gives its rows. Its columns are `b[:, j]`, or the rows of `b.T`.")
matrix_product.slip("return product", "return b @ a", looks="the two matrices changed places", do="First a, then b.")
matrix_product.slip("np.sum(row * column)", "row[-1] * column[-1]", looks="only the last of the products was kept",
    do="Add them up with `+=`; `=` forgets what was there before.")
matrix_product.slip("np.sum(row * column)", "np.sum(row) * np.sum(column)",
    looks="row and column were added up first and multiplied then", do="Multiply place by place, then add.")
matrix_product.slip("return product", "return product.cumsum().reshape(product.shape)",
    looks="the sum runs on from one entry to the next", do="Set it back to 0 before each entry, in the inner loop.")
matrix_product.alternative(lambda a, b: a @ b)
matrix_product.alternative(lambda a, b: np.array([[sum(row * column) for column in b.T] for row in a]))
