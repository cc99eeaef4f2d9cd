"""The mask painter's pure functions in Node."""

import numpy as np
import torch

from course_lib.reference.transformer import attend
from course_lib.widgets.masks import preset
from widgets.node import node


def test_the_browsers_masks_are_those_of_python():
    for kind in ("none", "causal", "padding", "both", "banded"):
        for rows, columns, k in ((4, 4, 1), (2, 5, 3), (5, 2, 0)):
            [found] = node("masks", ["preset", kind, rows, columns, k])
            np.testing.assert_array_equal(np.reshape(found, (rows, columns)), preset(kind, rows, columns, k))


def test_the_browsers_masked_softmax_is_that_of_the_reference():
    rng = np.random.default_rng(4)
    query, key, value = (torch.tensor(rng.normal(size=size)) for size in ((3, 4), (5, 4), (5, 2)))
    mask = torch.tensor(rng.random((3, 5)) < 0.5)
    mask[1] = False
    output, weights = attend(query, key, value, mask)
    scores, allowed = (query @ key.T / 2).ravel().tolist(), mask.int().ravel().tolist()
    found, empty = node("masks", ["softmax", scores, allowed, 3, 5], ["nowhere", allowed, 3, 5])
    np.testing.assert_allclose(np.reshape(found, (3, 5)), weights)
    assert empty == [1]
    [found] = node("masks", ["mixed", found, value.ravel().tolist(), 3, 5])
    np.testing.assert_allclose(np.reshape(found, (3, 2)), output, atol=1e-12)
