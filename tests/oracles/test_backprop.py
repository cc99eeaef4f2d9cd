"""The engine against PyTorch: every operation, its values and its gradients, in float64."""

import json

import hypothesis.strategies as st
import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from scipy.optimize import approx_fprime

from course_lib.reference import backprop as engine
from course_lib.reference.backprop import Tensor

seeds = st.integers(0, 2**32 - 1)
bounded = settings(max_examples=25, deadline=None, derandomize=True)


def same_as_torch(ours, theirs, *arrays):
    """Runs the same function on both engines; compares the output and the gradient of a random weighted sum of it."""
    tensors = [Tensor(array) for array in arrays]
    leaves = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]
    output, expected = ours(*tensors), theirs(*leaves)
    assert output.shape == tuple(expected.shape)
    np.testing.assert_allclose(output.value, expected.detach().numpy(), rtol=1e-9, atol=1e-12)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, size=output.shape)
    (output * weights).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    for tensor, leaf in zip(tensors, leaves, strict=True):
        assert tensor.grad.shape == tensor.shape
        np.testing.assert_allclose(tensor.grad, leaf.grad.numpy(), rtol=1e-6, atol=1e-12)


BINARY = {
    "add": (lambda a, b: a + b,) * 2,
    "subtract": (lambda a, b: a - b,) * 2,
    "multiply": (lambda a, b: a * b,) * 2,
    "divide": (lambda a, b: a / b,) * 2,
    "maximum": (engine.maximum, torch.maximum),
}


@pytest.mark.parametrize("name", BINARY)
@bounded
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4), seed=seeds)
def test_an_operation_with_broadcasting_agrees_with_torch(name, shapes, seed):
    rng = np.random.default_rng(seed)
    # Away from zero, for division; continuous, so that no two entries tie.
    arrays = [rng.choice([-1, 1], size=shape) * rng.uniform(0.3, 3.0, size=shape) for shape in shapes.input_shapes]
    same_as_torch(*BINARY[name], *arrays)


@st.composite
def matmul_shapes(draw):
    m, k, n = (draw(st.integers(1, 4)) for _ in range(3))
    left, right = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3)).input_shapes
    a = draw(st.sampled_from([(k,), (m, k), (*left, m, k)]))
    b = draw(st.sampled_from([(k,), (k, n), (*right, k, n)]))
    return a, b


@bounded
@given(shapes=matmul_shapes(), seed=seeds)
def test_matmul_of_vectors_matrices_and_stacks_agrees_with_torch(shapes, seed):
    rng = np.random.default_rng(seed)
    same_as_torch(lambda a, b: a @ b, lambda a, b: a @ b, *(rng.normal(size=shape) for shape in shapes))


UNARY = {
    "negative": (lambda x: -x,) * 2,
    "square": (lambda x: x**2,) * 2,
    "cube": (lambda x: x**3,) * 2,
    "power 0": (lambda x: x**0,) * 2,
    "exp": (lambda x: x.exp(),) * 2,
    "tanh": (lambda x: x.tanh(),) * 2,
    "sigmoid": (lambda x: x.sigmoid(),) * 2,
    "relu": (lambda x: x.relu(),) * 2,
    "log": (lambda x: (x * x).log(),) * 2,
    "square root": (lambda x: (x * x) ** 0.5,) * 2,
    "reciprocal": (lambda x: (x * x + 1) ** -1,) * 2,
    "number on the left": (lambda x: 2 - 3 / (1 + x * x) + 4 * x,) * 2,
}


@pytest.mark.parametrize("name", UNARY)
@bounded
@given(shape=st.lists(st.integers(1, 4), max_size=3).map(tuple), seed=seeds)
def test_an_element_wise_function_agrees_with_torch(name, shape, seed):
    same_as_torch(*UNARY[name], np.random.default_rng(seed).normal(size=shape) * 2)


@bounded
@given(seed=seeds, axis=st.sampled_from([None, 0, 1, 2, -1, (0, 2), (1, -1)]), keepdims=st.booleans())
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_a_reduction_agrees_with_torch(name, seed, axis, keepdims):
    x = np.random.default_rng(seed).permutation(24).reshape(2, 3, 4) / 7  # no ties
    if name == "max" and isinstance(axis, tuple):
        axis = axis[0]
    their_name = "amax" if name == "max" else name
    every = (0, 1, 2) if axis is None else axis
    same_as_torch(
        lambda x: getattr(x, name)(axis=axis, keepdims=keepdims),
        lambda x: getattr(x, their_name)(dim=every, keepdim=keepdims),
        x,
    )


@pytest.mark.parametrize(
    "index",
    [1, (slice(None), 2), (slice(0, 3, 2), slice(1, None)), [0, 2, 2, 2, 1], ([0, 0, 3], [1, 1, 2]), (..., [1, 1])],
)
def test_indexing_agrees_with_torch_and_repeated_entries_add_up(index):
    x = np.random.default_rng(2).normal(size=(4, 3))
    same_as_torch(lambda x: x[index], lambda x: x[index], x)


SHAPES = {
    "reshape": (lambda x: x.reshape(6, -1).tanh(),) * 2,
    "reverse the axes": (lambda x: x.T.exp(), lambda x: x.permute(2, 1, 0).exp()),
    "reorder the axes": (lambda x: x.transpose(1, -1, 0) ** 2, lambda x: x.permute(1, -1, 0) ** 2),
    "softmax": (lambda x: x.softmax(), lambda x: x.softmax(-1)),
    "softmax over another axis": (lambda x: x.softmax(axis=1), lambda x: x.softmax(1)),
    "softmax of large numbers": (lambda x: (x * 1000).softmax(), lambda x: (x * 1000).softmax(-1)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_and_softmax_agree_with_torch(name):
    same_as_torch(*SHAPES[name], np.random.default_rng(3).normal(size=(2, 3, 4)))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concatenation_agrees_with_torch(axis):
    rng = np.random.default_rng(4)
    shapes = [[2, 3, 4] for _ in range(3)]
    for length, shape in enumerate(shapes, start=1):
        shape[axis] = length
    arrays = [rng.normal(size=shape) for shape in shapes]
    same_as_torch(lambda *x: engine.concatenate(x, axis), lambda *x: torch.cat(x, axis), *arrays)


@bounded
@given(batch=st.integers(1, 6), classes=st.integers(1, 5), scale=st.sampled_from([1.0, 500.0]), seed=seeds)
def test_cross_entropy_agrees_with_torch_even_for_large_logits(batch, classes, scale, seed):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, size=batch)
    same_as_torch(
        lambda x: engine.cross_entropy(x, targets) * 3,
        lambda x: torch.nn.functional.cross_entropy(x, torch.tensor(targets)) * 3,
        rng.normal(size=(batch, classes)) * scale,
    )


def test_a_node_used_twice_gets_the_sum_of_both_gradients():
    for function in (
        lambda x: x * x + x,
        lambda x: (lambda p: p + p * x)(x * x),  # the shallow use first
        lambda x: x + x,
        lambda x: (lambda y: y.reshape(3, 2).sum() + (y * y).sum() + y[0].sum())(x.tanh()),
    ):
        same_as_torch(function, function, np.random.default_rng(5).normal(size=(2, 3)))


def test_a_diamond_of_depth_1000_visits_every_node_once():
    x = Tensor(1.0)
    node = x
    for _ in range(1000):
        node = (node + node) * 0.5
    assert len(engine.topological_order(node)) == 1 + 3 * 1000  # with the constants 0.5
    node.backward()
    assert x.grad == pytest.approx(1.0)


def test_a_chain_of_10000_nodes_needs_no_recursion():
    x, leaf = Tensor(0.3), torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    ours, theirs = x, leaf
    for _ in range(5000):
        ours, theirs = (ours * 1.0001).tanh(), (theirs * 1.0001).tanh()
    ours.backward()
    theirs.backward()
    assert len(engine.topological_order(ours)) == 15001
    np.testing.assert_allclose(x.grad, leaf.grad.numpy(), rtol=1e-6)


@bounded
@given(seed=seeds, count=st.integers(1, 30))
def test_topological_order_of_a_random_graph_is_one_that_networkx_accepts(seed, count):
    rng = np.random.default_rng(seed)
    nodes = [Tensor(1.0, label="0")]
    for place in range(1, count):
        chosen = rng.integers(0, place, size=rng.integers(1, 4))
        nodes.append(engine.concatenate([nodes[i].reshape(1) for i in chosen]).sum().named(str(place)))
    order = engine.topological_order(nodes[-1])
    graph = networkx.DiGraph()
    graph.add_nodes_from(id(node) for node in order)
    graph.add_edges_from((id(parent), id(node)) for node in order for parent in node.parents)
    place = {id(node): i for i, node in enumerate(order)}
    assert len(place) == len(order) == graph.number_of_nodes()
    assert set(graph) == networkx.ancestors(graph, id(nodes[-1])) | {id(nodes[-1])}
    assert all(place[a] < place[b] for a, b in graph.edges)


def test_a_second_call_of_backward_gives_the_same_gradients():
    x = Tensor([1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


def test_every_node_owns_its_gradient_so_that_clipping_in_place_is_safe():
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (a + b).sum().backward()
    a.grad *= 0.5
    np.testing.assert_array_equal(b.grad, [1.0, 1.0])


def test_a_trained_tensor_copies_its_array():
    start = np.ones(3)
    weights = Tensor(start)
    weights.value -= 1
    np.testing.assert_array_equal(start, np.ones(3))


def test_no_work_is_spent_on_what_needs_no_gradient():
    X, W = Tensor(np.ones((5, 3)), requires_grad=False), Tensor(np.ones((3, 2)))
    hidden = X @ W
    assert hidden.local_backward(np.ones((5, 2)))[0] is None
    (hidden * 2.0).sum().backward()
    assert X.grad is None and W.grad.shape == (3, 2)
    assert (X + 1).parents == ()


def test_float32_stays_float32():
    x = Tensor(np.ones((4, 3), dtype=np.float32))
    loss = engine.cross_entropy(((x * 2 + 1) / 3 - 0.5).tanh().softmax() ** 2, np.array([0, 1, 2, 0]))
    loss.backward()
    assert loss.value.dtype == x.grad.dtype == np.float32


def test_in_a_tie_the_first_gets_the_whole_gradient():
    a, b = Tensor([1.0, 2.0]), Tensor([1.0, 3.0])
    engine.maximum(a, b).sum().backward()
    np.testing.assert_array_equal([a.grad, b.grad], [[1, 0], [0, 1]])
    c = Tensor([[5.0, 5.0], [1.0, 5.0]])
    c.max(axis=1).sum().backward()
    np.testing.assert_array_equal(c.grad, [[1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Tensor(np.ones((2, 3))) + np.ones(4), ["add", "(2, 3)", "(4,)"]),
        (lambda: np.ones((2, 3)) * Tensor(np.ones(4)), ["multiply", "(2, 3)", "(4,)"]),
        (lambda: Tensor(np.ones((2, 3))) @ Tensor(np.ones((2, 3))), ["matmul", "(2, 3) and (2, 3)"]),
        (lambda: Tensor(np.ones((2, 3))) @ 2.0, ["matmul", "(2, 3) and ()"]),
        (lambda: engine.concatenate([Tensor(np.ones((2, 3))), np.ones((2, 4))]), ["concatenate", "(2, 3)", "(2, 4)"]),
        (lambda: Tensor(np.ones((2, 3))).reshape(4), ["reshape", "(2, 3)", "(4,)"]),
        (lambda: engine.cross_entropy(Tensor(np.ones((2, 3))), np.zeros(3, int)), ["cross_entropy", "(2, 3)", "(3,)"]),
        (lambda: engine.cross_entropy(Tensor(np.ones((2, 3))), np.array([0, 3])), ["cross_entropy", "0..3", "0..2"]),
        (lambda: engine.gradient_check(np.sum, np.ones(2), np.ones(3)), ["gradient_check", "(2,)", "(3,)"]),
    ],
)
def test_wrong_shapes_are_named_together_with_the_operation(wrong, words):
    with pytest.raises(ValueError) as raised:
        wrong()
    assert all(word in str(raised.value) for word in words), str(raised.value)


def test_an_operation_whose_gradient_has_the_wrong_shape_is_named():
    careless = engine.operation("careless", np.add, lambda upstream, a, b: (upstream, upstream))
    with pytest.raises(ValueError, match=r"careless: the gradient for input 1 has shape \(5, 3\), the input \(3,\)"):
        careless(Tensor(np.ones((5, 3))), Tensor(np.ones(3))).sum().backward()


def test_an_operation_that_returns_a_bare_array_is_told_to_return_a_tuple():
    bare = engine.operation("bare", np.exp, lambda upstream, a: upstream)
    with pytest.raises(ValueError, match="bare: its local_backward must return a tuple"):
        bare(Tensor(np.ones(3))).sum().backward()


# ---- gradients by hand, and by brute force


@bounded
@given(m=st.integers(1, 5), n=st.integers(1, 5), seed=seeds)
def test_the_jacobian_of_a_tanh_layer_agrees_with_torch(m, n, seed):
    rng = np.random.default_rng(seed)
    W, b, x = (rng.normal(size=shape) for shape in ((m, n), m, n))
    expected = torch.autograd.functional.jacobian(
        lambda x: torch.tanh(torch.tensor(W) @ x + torch.tensor(b)), torch.tensor(x)
    )
    np.testing.assert_allclose(engine.tanh_layer_jacobian(W, b, x), expected, rtol=1e-6, atol=1e-12)


@bounded
@given(m=st.integers(1, 5), n=st.integers(1, 5), seed=seeds)
def test_the_window_scorer_agrees_with_torch(m, n, seed):
    rng = np.random.default_rng(seed)
    arrays = {"u": rng.normal(size=m), "W": rng.normal(size=(m, n)), "b": rng.normal(size=m), "x": rng.normal(size=n)}
    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    s = leaves["u"] @ torch.tanh(leaves["W"] @ leaves["x"] + leaves["b"])
    s.backward()
    got = engine.window_scorer_gradients(**arrays)
    assert got["s"] == pytest.approx(s.item())
    for name, leaf in leaves.items():
        np.testing.assert_allclose(got[name], leaf.grad.numpy(), rtol=1e-6, atol=1e-12)


@bounded
@given(sizes=st.tuples(*[st.integers(1, 6)] * 4), seed=seeds)
def test_the_two_layer_network_agrees_with_torch_and_with_the_engine(sizes, seed):
    batch, inputs, hidden, classes = sizes
    rng = np.random.default_rng(seed)
    X, targets = rng.normal(size=(batch, inputs)), rng.integers(0, classes, size=batch)
    arrays = {"W1": (inputs, hidden), "b1": (hidden,), "W2": (hidden, classes), "b2": (classes,)}
    arrays = {name: rng.normal(size=shape) for name, shape in arrays.items()}
    got = engine.two_layer_gradients(X, targets, **arrays)

    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    hidden_layer = torch.relu(torch.tensor(X) @ leaves["W1"] + leaves["b1"])
    loss = torch.nn.functional.cross_entropy(hidden_layer @ leaves["W2"] + leaves["b2"], torch.tensor(targets))
    loss.backward()
    ours = {name: Tensor(array) for name, array in arrays.items()}
    engine.cross_entropy((X @ ours["W1"] + ours["b1"]).relu() @ ours["W2"] + ours["b2"], targets).backward()
    assert got["loss"] == pytest.approx(loss.item())
    for name, leaf in leaves.items():
        np.testing.assert_allclose(got[name], leaf.grad.numpy(), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(ours[name].grad, leaf.grad.numpy(), rtol=1e-6, atol=1e-12)


def test_the_numerical_gradient_agrees_with_scipy_and_leaves_x_alone():
    x = np.random.default_rng(6).normal(size=(2, 3))
    kept = x.copy()

    def f(x):
        return float(np.sum(np.sin(x) * np.arange(6).reshape(2, 3)))

    expected = approx_fprime(x.ravel(), lambda flat: f(flat.reshape(2, 3)), 1e-7).reshape(2, 3)
    np.testing.assert_allclose(engine.numerical_gradient(f, x), expected, atol=1e-6)
    np.testing.assert_array_equal(x, kept)
    assert engine.numerical_gradient(lambda x: x[0] ** 2, [3]) == pytest.approx(6.0)  # whole numbers work too


def test_gradient_check_passes_what_torch_says_and_fails_what_is_wrong():
    x = np.random.default_rng(7).normal(size=(3, 4))
    leaf = torch.tensor(x, requires_grad=True)
    torch.tanh(leaf).prod(dim=1).sum().backward()
    right = leaf.grad.numpy()

    def f(x):
        return float(np.tanh(x).prod(axis=1).sum())

    assert engine.gradient_check(f, x, right) < 1e-6
    for wrong in (np.zeros_like(right), right / 1000, -right, right[::-1], right.mean() + 0 * right):
        assert engine.gradient_check(f, x, wrong) > 1e-2
    assert engine.gradient_check(lambda x: 1.0, x, np.zeros_like(x)) == 0.0


# ---- the graph as plain data


def test_the_trace_gives_values_gradients_and_what_flows_along_each_edge():
    x, y = Tensor(3.0, "x"), Tensor(4.0, "y")
    f = (x + y) * (y + 2)
    f.backward()
    rows = {row["label"] or row["operation"] + str(row["id"]): row for row in engine.trace(f)}
    assert json.loads(json.dumps(list(rows.values()))) == list(rows.values())
    product = engine.trace(f)[-1]
    assert (product["value"], product["grad"], product["downstream"], product["local"]) == (42, 1, [6, 7], [6, 7])
    assert (rows["x"]["grad"], rows["y"]["grad"]) == (6, 13)
    assert all(parent < row["id"] for row in rows.values() for parent in row["parents"])


def test_the_trace_knows_the_derivative_of_every_entry_also_where_nothing_comes_back():
    x, b = Tensor([[1.0, -2.0], [3.0, 0.5]]), Tensor([0.5, 0.0])
    gate = x.relu()
    total = ((gate**2 + b) * np.array([[1.0, 1.0], [0.0, 2.0]])).sum()
    total.backward()
    local = {row["operation"]: row["local"] for row in engine.trace(total)}
    assert local["relu"] == [[[1, 0], [1, 1]]]
    assert local["power 2"] == [[[2, 0], [6, 1]]]
    assert local["add"] == [[[1, 1], [1, 1]], None]  # b was stretched: one entry of it went to two places
    assert local["sum"] == [None]


def test_the_trace_leaves_out_large_arrays_and_missing_gradients():
    W = Tensor(np.ones((10, 10)))
    rows = engine.trace((W @ np.ones(10)).sum())
    assert rows[0]["shape"] == [10, 10] and rows[0]["value"] is None
    assert all(row["grad"] is None and not any(row["downstream"]) for row in rows)
