"""The exercises of the backprop lesson: cases, hints, known mistakes and other right answers."""

import inspect

import numpy as np

from course_lib.judge.compare import difference, kind
from course_lib.judge.exercise import Exercise, case
from course_lib.reference import backprop
from course_lib.reference.backprop import Tensor, concatenate, cross_entropy, maximum

# numerical_gradient


def product(x):
    return x[0] * x[1]


def cubes_and_product(x):
    """Every entry counts differently, and entries meet each other."""
    x = np.asarray(x).ravel()
    return float(np.sum(np.arange(1, x.size + 1) * x**3) + np.prod(x))


def waves(x):
    x = np.asarray(x)
    return float(np.sum(np.sin(x * np.arange(1, x.size + 1).reshape(x.shape))))


def _gradient_cases(rng):
    yield case(product, np.array([3.0, 5.0]), label="the worked example")
    yield case(cubes_and_product, np.array([1.0, 2.0, -1.0]), label="f(x) = x₀³ + 2x₁³ + 3x₂³ + x₀x₁x₂")
    yield case(cubes_and_product, np.array([0.5, -1.5]), 0.5, label="a large step of 0.5")
    yield case(cubes_and_product, np.array([2, 3, 1]), 0.5, label="whole numbers")
    yield case(waves, np.array([[0.3, 0.7, 0.1]], dtype=np.float32), label="a float32 array of shape (1, 3)")
    yield case(waves, rng.normal(size=(2, 3)), 1e-3, label="a matrix")
    yield case(cubes_and_product, rng.normal(size=4), 0.1)


numerical_gradient = Exercise(
    backprop.numerical_gradient,
    cases=_gradient_cases,
    hints=[
        "One entry at a time: all the others stay where they are.",
        "Make a float64 copy of x and an array of zeros for the result. `np.ndindex(x.shape)` gives every index.",
        "Keep the entry, set it to kept + step, call f; set it to kept - step, call f; put the kept entry back.",
    ],
    atol=1e-7,
)
numerical_gradient.slip("(above - float(f(point))) / (2 * step)", "(above - float(f(x))) / step",
    looks="the difference was taken to one side only",
    do="Use f(x + step) and f(x - step). The errors of both sides largely cancel.")
numerical_gradient.slip("(2 * step)", "step",
    looks="the difference was divided by step, not by 2 step", do="From x - step to x + step it is two steps.")
numerical_gradient.slip("(2 * step)", "2 * step",
    looks="the difference was divided by 2 and then multiplied by step",
    do="Python works from left to right: a / 2 * step is (a / 2) * step. Write a / (2 * step).")
numerical_gradient.slip("above - float", "float(f(point)) - float",
    looks="both shifted arrays are one and the same",
    do="above = x gives the array a second name and makes no copy. Write x.copy().")
numerical_gradient.slip("point[index] = kept\n", "pass\n",
    looks="a shifted entry was not put back before the next one was moved",
    do="Keep the entry in a variable and write it back at the end of the loop's body.")
numerical_gradient.slip("np.zeros_like(point)", "np.zeros_like(x)",
    looks="the result was kept in x's own number format",
    do="np.zeros_like(x) of whole numbers holds whole numbers, and cuts the rest off. Use np.zeros(x.shape).")
numerical_gradient.slip("np.array(x, dtype=np.float64)", "np.array(x)",
    looks="the work was done in x's own number format",
    do="Whole numbers swallow a small step, float32 most of it. np.array(x, dtype=np.float64) helps.")
numerical_gradient.slip(
    "np.ndindex(point.shape):\n        kept = point[index]", "range(len(point)):\n        kept = point[index].copy()",
    looks="whole rows were shifted at once",
    do="x may be a matrix, and then x[i] is a row. `np.ndindex(x.shape)` gives the index of every single entry.")


@numerical_gradient.mistake("all entries were shifted at once",
    do="That gives one number, the sum of all partial derivatives. Loop over the entries and move only one.")
def _all_at_once(f, x, step=1e-5):
    return (f(x + step) - f(x - step)) / (2 * step)


@numerical_gradient.mistake("x itself was shifted and shifted back",
    do="Whole numbers do not survive that, and others come back only nearly. Work on a float64 copy of x.")
def _there_and_back(f, x, step=1e-5, back=True):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += step
        above = f(x)
        x[index] -= 2 * step
        gradient[index] = (above - f(x)) / (2 * step)
        x[index] += step * back
    return gradient


@numerical_gradient.mistake("the caller's x was shifted and did not come back as it was",
    do="x belongs to the caller. Work on a copy: np.array(x, dtype=np.float64).")
def _never_back(f, x, step=1e-5):
    return _there_and_back(f, x, step, back=False)


@numerical_gradient.alternative
def _flat(f, x, step=1e-5):
    x = np.asarray(x, dtype=np.float64)
    shifts = step * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + shift) - f(x - shift)) / (2 * step) for shift in shifts]).reshape(x.shape)


@numerical_gradient.alternative
def _with_nditer(f, x, step=1e-5):
    point = np.array(x, dtype=float)
    gradient = np.empty_like(point)
    entries = np.nditer(point, flags=["multi_index"])
    while not entries.finished:
        i = entries.multi_index
        old = point[i]
        point[i] = old - step
        below = f(point)
        point[i] = old + step
        gradient[i] = (f(point) - below) / step / 2
        point[i] = old
        entries.iternext()
    return gradient


# gradient_check


def square(x):
    return float(x[0] ** 2)


def small_parabola(x):
    return float(np.sum(x**2) / 2000)


def sum_of_cubes(x):
    return float(np.sum(x**3))


def seven(x):
    return 7.0


def _check_cases(rng):
    yield case(square, np.array([1.0]), np.array([1.0]), label="the worked example")
    yield case(square, np.array([1.0]), np.array([2.0]), label="the worked example, with the right claim")
    x = np.array([1.0, -2.0, 0.5])
    yield case(sum_of_cubes, x, np.array([3.0, 12.0, 1.5]), label="one wrong entry out of three")
    yield case(sum_of_cubes, x, 3 * x**2, label="a right gradient")
    yield case(small_parabola, x, x / 1000 / 1000, label="a small gradient, 1000 times too small")
    yield case(sum_of_cubes, x, -3 * x**2, label="a gradient with the wrong sign")
    yield case(seven, x, np.zeros(3), label="zero, and rightly so")
    yield case(sum_of_cubes, x, np.array([[3.0], [12.0], [0.75]]), label="a gradient of another shape")
    yield case(small_parabola, x, x / 1000 + np.array([0, 4e-5, 0]), 0.01, label="floor=0.01")
    X = rng.uniform(0.5, 1.5, size=(2, 3))
    yield case(sum_of_cubes, X, 3 * X**2 * rng.uniform(0.8, 0.9, size=X.shape))
    yield case(sum_of_cubes, X, 3 * X**2 * rng.uniform(1.1, 1.3, size=X.shape))


def _same_error(got, expected, *args, **kwargs):
    """Errors of a right gradient are rounding noise: any two numbers below 1e-6 say the same."""
    if isinstance(got, (bool, np.bool_)):
        return "the result is a truth value, expected a number: return the error itself"
    error = float(got)
    if (0 <= error < 1e-6 and expected < 1e-6) or abs(error - expected) <= 1e-4 * abs(expected):
        return None
    return f"the result is {error:.6g}, expected {expected:.6g}" + (" (or any other below 1e-6)" * (expected < 1e-6))


gradient_check = Exercise(
    backprop.gradient_check,
    cases=_check_cases,
    differ=_same_error,
    hints=[
        "`numerical_gradient(f, x)` is the measurement. How far is the claim from it, entry by entry?",
        "Divide each distance by the larger of |claimed| and |numerical|, but never by less than floor. "
        "`np.maximum` takes the larger of two arrays, entry by entry.",
        "One bad entry spoils a gradient: return the largest of those quotients. Compare the two shapes first.",
    ],
)
gradient_check.slip(" / scale", "",
    looks="the absolute difference was returned",
    do="A difference of 0.01 is nothing for an entry of 1000 and everything for one of 0.005. Divide by the size.")
gradient_check.slip("numerical = numerical_gradient(f, x)",
    "claimed, numerical = np.linalg.norm(claimed), np.linalg.norm(numerical_gradient(f, x))",
    looks="the lengths of the two gradients were compared",
    do="A gradient with the wrong sign has the right length. Subtract first, entry by entry, and measure then.")
gradient_check.slip("np.max(np.abs(claimed - numerical) / scale, initial=0.0)",
    "np.mean(np.abs(claimed - numerical) / scale)",
    looks="the errors of all entries were averaged",
    do="Among a thousand right entries the average hides a wrong one. Return the largest error.")
gradient_check.slip(", floor)", ", 0)",
    looks="floor was left out", do="Where both gradients are zero you divide by zero. Never divide by less than floor.")
gradient_check.slip("np.abs(claimed - numerical) / scale, initial=0.0", "(claimed - numerical) / scale",
    looks="the sign of the differences was kept",
    do="Otherwise an entry that is too small counts as a negative error, and the largest one misses it: np.abs.")
gradient_check.slip("np.maximum(np.abs(claimed), np.abs(numerical))", "np.abs(claimed) + np.abs(numerical)",
    looks="the difference was divided by the sum of both sizes",
    do="That halves the error. Divide by the larger: np.maximum(np.abs(claimed), np.abs(numerical)).")
gradient_check.slip("np.maximum(np.abs(claimed), np.abs(numerical))", "np.abs(numerical)",
    looks="the difference was divided by the size of the numerical gradient alone",
    do="Divide by the larger of |claimed| and |numerical|, but never by less than floor.")
gradient_check.slip("np.maximum(np.abs(claimed), np.abs(numerical))",
    "max(np.abs(claimed).max(), np.abs(numerical).max())",
    looks="every difference was divided by the same number, the largest entry",
    do="Then a wrong small entry hides behind a large one. Give every entry its own scale.")
gradient_check.slip("if claimed.shape != np.shape(x):", "if False:",
    looks="the two shapes were not compared",
    do="A column minus a row is a whole matrix in NumPy, without a word. Raise a ValueError when the shapes differ.")


@gradient_check.alternative
def _entry_by_entry(f, x, gradient, floor=1e-4):
    if x.shape != gradient.shape:
        raise ValueError(f"{x.shape} against {gradient.shape}")
    worst = 0.0
    for claimed, numerical in zip(gradient.flat, backprop.numerical_gradient(f, x, 1e-6).flat, strict=True):
        worst = max(worst, abs(claimed - numerical) / max(abs(claimed), abs(numerical), floor))
    return worst


# tanh_layer_jacobian


def _layer_cases(rng):
    yield case(np.array([[2.0]]), np.array([-2.0]), np.array([1.0]), label="the worked example")
    W = np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
    yield case(W, np.array([0.0, -1.0]), np.array([1.0, 0.5, 1.0]), label="three inputs, two outputs")
    yield case(np.array([[2.0]]), np.array([0.5]), np.array([0.1]), label="one input, one output")
    for m, n in ((3, 3), (4, 2), (3, 5)):
        yield case(rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n))


tanh_layer_jacobian = Exercise(
    backprop.tanh_layer_jacobian,
    cases=_layer_cases,
    hints=[
        "The chain rule is a product of two Jacobians: that of tanh, and that of Wx + b. Which one stands on the left?",
        "The Jacobian of an element-wise function is a diagonal matrix; here 1 - h² is on the diagonal. "
        "That of Wx + b is W.",
        "`np.diag(1 - h**2) @ W`. Cheaper: multiply row i of W by entry i, `(1 - h**2)[:, None] * W`.",
    ],
)
tanh_layer_jacobian.slip("(1 - h**2)[:, None] * W", "W * (1 - h**2)",
    looks="the columns of W were scaled, not its rows",
    do="Entry i of 1 - h² belongs to output i, hence to row i. `[:, None]` makes a column that multiplies rows.")
tanh_layer_jacobian.slip("(1 - h**2)[:, None] * W", "W @ np.diag(1 - h**2)",
    looks="the two Jacobians were multiplied in the wrong order",
    do="The last step stands on the left: first the diagonal matrix of tanh, then W.")
tanh_layer_jacobian.slip("(1 - h**2)[:, None] * W", "(1 - h**2) @ W",
    looks="1 - h² was multiplied with W as a vector",
    do="A vector @ W gives one row, a sum. Make the diagonal matrix first: np.diag(1 - h**2).")
tanh_layer_jacobian.slip("(1 - h**2)[:, None] * W", "np.diag(1 - h**2)",
    looks="only the Jacobian of tanh was returned",
    do="That one is with respect to z. For x, multiply it by the Jacobian of z = Wx + b.")
tanh_layer_jacobian.slip("W @ x", "x @ W",
    looks="x stands on the left of W",
    do="The layer computes Wx: W @ x. In x @ W each input meets the wrong weights.")


@tanh_layer_jacobian.alternative
def _with_diag(W, b, x):
    return np.diag(1 / np.cosh(W @ x + b) ** 2) @ W


@tanh_layer_jacobian.alternative
def _with_loops(W, b, x):
    jacobian = np.zeros(W.shape)
    for i in range(W.shape[0]):
        h = np.tanh(sum(W[i, k] * x[k] for k in range(W.shape[1])) + b[i])
        for j in range(W.shape[1]):
            jacobian[i, j] = (1 - h * h) * W[i, j]
    return jacobian


# window_scorer_gradients


def _scorer_cases(rng):
    yield case(*map(np.array, ([2.0], [[3.0]], [-3.0], [1.0])), label="the worked example")
    W = np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
    yield case(np.array([2.0, -1.0]), W, np.array([0.5, 0.0]), np.array([1.0, 0.5, 2.0]), label="m = 2, n = 3")
    for m, n in ((1, 1), (3, 3), (2, 5), (4, 3)):
        arrays = (rng.normal(size=shape) for shape in (m, (m, n), m, n))
        yield case(*arrays, label=f"m = {m}, n = {n}")


window_scorer_gradients = Exercise(
    backprop.window_scorer_gradients,
    cases=_scorer_cases,
    hints=[
        "Go forward first: z, h, s. Then go back and give the signal at z a name of its own, delta.",
        "delta = u * (1 - h**2). The gradient for b is delta itself; those for W and x are delta times something.",
        "Let the shapes lead you: W's gradient is (m, n), from delta (m,) and x (n,): np.outer. For x: (n, m) @ (m,).",
    ],
)
window_scorer_gradients.slip("np.outer(delta, x)", "np.outer(x, delta)",
    looks="the outer product is the wrong way round",
    do="W's gradient has W's shape: np.outer(delta, x), delta down, x across.")
window_scorer_gradients.slip("np.outer(delta, x)", "delta * x",
    looks="the gradient of W was computed entry by entry, as delta * x",
    do="Every delta meets every x: that is the outer product, np.outer(delta, x).")
window_scorer_gradients.slip("np.outer(delta, x)", "delta @ x",
    looks="the gradient of W was computed as a dot product of delta and x",
    do="For two vectors, @ gives one number, with .T too. The table of all products is np.outer(delta, x).")
window_scorer_gradients.slip("W.T @ delta", "W @ delta",
    looks="the matrix W was not transposed for x's gradient",
    do="delta has one entry per row of W, x one per column. Back through W means W.T @ delta.")
window_scorer_gradients.slip("W.T @ delta", "W.T @ u",
    looks="the gradient for x goes through the dot product only",
    do="From h to x the signal also passes through tanh. All of delta comes back through W: W.T @ delta.")
window_scorer_gradients.slip('"u": h', '"u": W @ x + b',
    looks="u's gradient is z, not h",
    do="In s = uᵀh it is h that meets u, after the tanh. Each of two factors gets the other one.")
window_scorer_gradients.slip('"u": h', '"u": u',
    looks="u's gradient is u itself", do="In s = uᵀh the gradient for u is the other factor, h.")
window_scorer_gradients.slip("u * (1 - h**2)", "1 - h**2",
    looks="u is missing in delta", do="The signal comes down through u first: delta = u * (1 - h**2).")

# what goes wrong with the slope of tanh, in a layer and in the scorer alike
for _exercise in (tanh_layer_jacobian, window_scorer_gradients):
    _exercise.slip("(1 - h**2)", "np.ones_like(h)",
        looks="the derivative of tanh was left out", do="The signal passes through tanh, too: multiply by 1 - h².")
    _exercise.slip("1 - h**2", "1 - np.tanh(h) ** 2",
        looks="tanh was applied twice", do="tanh'(z) is 1 - tanh(z)². With h = tanh(z) at hand that is simply 1 - h².")
    _exercise.slip("1 - h**2", "1 - (W @ x + b) ** 2",
        looks="the slope of tanh was taken as 1 - z², not as 1 - tanh(z)²",
        do="The rule 1 - h² is about the output h = tanh(z), not about z.")
    _exercise.slip("1 - h**2", "(1 - h) ** 2",
        looks="the slope of tanh was taken as (1 - h)², not as 1 - h²", do="Square h first, then subtract: 1 - h**2.")


@window_scorer_gradients.alternative
def _with_einsum(u, W, b, x):
    h = np.tanh(np.einsum("ij,j->i", W, x) + b)
    delta = u / np.cosh(W @ x + b) ** 2
    return {
        "x": delta @ W,
        "b": delta,
        "W": np.einsum("i,j->ij", delta, x),
        "u": h,
        "s": float(np.sum(u * h)),
    }


@window_scorer_gradients.alternative
def _scorer_by_the_engine(u, W, b, x):
    u, W, b, x = tensors = [Tensor(array) for array in (u, W, b, x)]
    s = u @ (W @ x + b).tanh()
    s.backward()
    return {"s": s.value} | {name: tensor.grad for name, tensor in zip("uWbx", tensors, strict=True)}


# unbroadcast


def _unbroadcast_cases(rng):
    yield case(np.ones((5, 3)), (3,), label="the worked example")
    yield case(np.ones((5, 3)), (5, 1), label="the worked example, a column")
    yield case(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (3,), label="a row used twice")
    yield case(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (2, 1), label="a stretched column")
    yield case(rng.normal(size=(2, 3)), (), label="a single number")
    yield case(rng.normal(size=(2, 3)), (2, 3), label="nothing was broadcast")
    yield case(rng.normal(size=(4, 2, 3)), (2, 1), label="an axis in front and a stretched one")
    yield case(rng.normal(size=(4, 1, 3)), (1, 3), label="an axis of length one that stays")
    yield case(rng.normal(size=(5, 4, 2, 3)), (4, 1, 3))
    yield case(rng.normal(size=(3, 3)), (3,))


unbroadcast = Exercise(
    backprop.unbroadcast,
    cases=_unbroadcast_cases,
    hints=[
        "Each entry of the input was used in several places. Which axes of gradient run over those places?",
        "Two kinds of axes: those in front that shape does not have, and those where shape says 1. Sum over both.",
        "Sum the front axes away, then use `gradient.sum(axis=..., keepdims=True)` where shape says 1. "
        "At the end `.reshape(shape)` puts the ones back.",
    ],
)
unbroadcast.slip("gradient.sum(", "gradient.mean(",
    looks="the copies were averaged",
    do="Every copy has an effect of its own, and the effects add up. Use sum, not mean.")
unbroadcast.slip("(*range(added), *stretched)).reshape(shape)", "tuple(range(added)))",
    looks="only the axes in front were summed",
    do="NumPy also stretches an axis of length 1. Where shape says 1, sum too, and keep the axis.")
unbroadcast.slip("(*range(added), *stretched)).reshape(shape)", "tuple(stretched), keepdims=True)",
    looks="only the stretched axes were summed",
    do="NumPy also puts new axes in front: as many as gradient has more than shape. Sum over those as well.")
unbroadcast.slip(".reshape(shape)", "",
    looks="the axes of length 1 got lost",
    do="The gradient for an input of shape (2, 1) has shape (2, 1), not (2,). End with .reshape(shape).")
unbroadcast.slip("gradient.sum(axis=(*range(added), *stretched)).reshape(shape)",
    "gradient[(0,) * added][tuple(slice(1 if size == 1 else None) for size in shape)]",
    looks="one of the copies was taken", do="The others matter as much. Sum over all of them.")
unbroadcast.slip("(*range(added), *stretched)",
    "(*range(len(shape), gradient.ndim), *(axis - added for axis in stretched))",
    looks="axes were counted from the left",
    do="Shapes are lined up on the right: compare the last sizes first. Axis 0 of one is not axis 0 of the other.")
unbroadcast.slip(".sum(axis=(*range(added), *stretched))", "",
    looks="the entries were only rearranged",
    do="There are more entries than the input had. Sum those that came from the same one, before any reshape.")
unbroadcast.slip("(*range(added), *stretched)).reshape(shape)", "0)",
    looks="the first axis was summed, whatever the shapes",
    do="Which axes were stretched depends on shape. Compare the two shapes.")


@unbroadcast.alternative
def _in_two_steps(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


@unbroadcast.alternative
def _by_counting_places(gradient, shape):
    places = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), gradient.shape)
    return np.bincount(places.ravel(), weights=gradient.ravel(), minlength=int(np.prod(shape))).reshape(shape)


# what the rules of multiply, maximum and matmul share


def _pair_cases(rng, shapes):
    """A case for each label: (shape of upstream, of a, of b)."""
    for label, pair in shapes.items():
        yield case(*(rng.normal(size=shape) for shape in pair), label=label)


def _two_gradients(got, expected, *args, **kwargs):
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        length = f" of length {len(got)}" if isinstance(got, (tuple, list)) else ""
        return f"the result is {kind(got)}{length}, expected two gradients: the one for a, then the one for b"
    texts = (difference(*pair, where=f"the gradient for {x}") for *pair, x in zip(got, expected, "ab", strict=True))
    return next(filter(None, texts), None)


def _fit(gradients, a, b):
    """Sum both gradients back to the shapes of the inputs."""
    return tuple(backprop.unbroadcast(gradient, x.shape) for gradient, x in zip(gradients, (a, b), strict=True))


# multiply_backward


def _multiply_cases(rng):
    yield case(np.array(10.0), np.array(3.0), np.array(5.0), label="the worked example")
    yield case(np.array([1.0, 10.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0]), label="two places")
    shapes = {
        "b was used in two rows": ((2, 3), (2, 3), (3,)),
        "a is a column": ((2, 3), (2, 1), (2, 3)),
        "both were broadcast, three axes": ((4, 2, 3), (2, 3), (4, 1, 1)),
        "both were broadcast": ((2, 3), (3,), (2, 1)),
        "b is a single number": ((5,), (5,), ()),
    }
    yield from _pair_cases(rng, shapes)


multiply_backward = Exercise(
    backprop.multiply_backward,
    cases=_multiply_cases,
    differ=_two_gradients,
    returns=("for_a", "for_b"),
    hints=[
        "In a * b, how much does the product grow when a grows by a little? That depends on b.",
        "Downstream is upstream times local: for a the local derivative is b, for b it is a.",
        "If a or b was broadcast, the gradient comes out too large: `unbroadcast(upstream * b, a.shape)`.",
    ],
)
multiply_backward.slip("unbroadcast(upstream * b, a.shape), unbroadcast(upstream * a, b.shape)",
    "unbroadcast(upstream * a, a.shape), unbroadcast(upstream * b, b.shape)",
    looks="each input got its own value",
    do="The derivative of a * b with respect to a is b: the values change places.")
multiply_backward.slip("unbroadcast(upstream * b, a.shape), unbroadcast(upstream * a, b.shape)",
    "upstream * b, upstream * a",
    looks="the gradients were not summed back to the inputs' shapes",
    do="An input that was broadcast is used many times. Use your unbroadcast.")
multiply_backward.slip("unbroadcast(upstream * b, a.shape)", "upstream * b",
    looks="only b was summed back to its shape",
    do="a can be the smaller one just as well. Use unbroadcast for both.")
multiply_backward.slip("unbroadcast(upstream * b, a.shape), unbroadcast(upstream * a, b.shape)",
    "unbroadcast(upstream, a.shape) * b, unbroadcast(upstream, b.shape) * a",
    looks="the upstream gradient was summed before it was multiplied",
    do="Each copy has its own factor: multiply first, then unbroadcast.")
multiply_backward.slip("return ", "upstream = np.ones_like(upstream)\n    return ",
    looks="the upstream gradient was left out",
    do="b and a are the local derivatives. Downstream is upstream times local.")


@multiply_backward.alternative
def _with_full_arrays(upstream, a, b):
    A, B = np.broadcast_arrays(a, b)
    return _fit((B * upstream, A * upstream), a, b)


@multiply_backward.alternative
def _place_by_place(upstream, a, b):
    places = [np.broadcast_to(np.arange(x.size).reshape(x.shape), upstream.shape) for x in (a, b)]
    for_a, for_b = np.zeros(a.shape), np.zeros(b.shape)
    for index in np.ndindex(upstream.shape):
        i, j = places[0][index], places[1][index]
        for_a.flat[i] += upstream[index] * b.flat[j]
        for_b.flat[j] += upstream[index] * a.flat[i]
    return for_a, for_b


# maximum_backward


def _maximum_cases(rng):
    yield case(*map(np.array, ([10.0, 20.0], [1.0, 5.0], [4.0, 3.0])), label="the worked example")
    yield case(*map(np.array, ([10.0, 20.0, 30.0], [1.0, 5.0, 2.0], [4.0, 3.0, 2.0])), label="a tie in the last place")
    yield case(np.array([-1.0, 2.0]), np.array([1.0, -2.0]), np.array([0.0, 0.0]), label="ReLU: b is zero")
    shapes = {
        "b was used in two rows": ((2, 3), (2, 3), (3,)),
        "both were broadcast": ((2, 3), (2, 1), (1, 3)),
        "a is a single number": ((4, 3), (), (4, 3)),
        "six places": ((6,), (6,), (6,)),
    }
    yield from _pair_cases(rng, shapes)


maximum_backward = Exercise(
    backprop.maximum_backward,
    cases=_maximum_cases,
    differ=_two_gradients,
    returns=("for_a", "for_b"),
    hints=[
        "If a is well below b, what does a small change of a do to the maximum?",
        "A comparison such as `a >= b` gives an array of True and False, which multiplies like 1 and 0.",
        "`first = a >= b` belongs to a, and `~first` to b. Both times upstream, both unbroadcast.",
    ],
)
maximum_backward.slip("a >= b", "a < b",
    looks="the smaller input got the gradient", do="The smaller one does not show in the result at all.")
maximum_backward.slip("~first", "(b >= a)",
    looks="in a tie both inputs got the whole gradient",
    do="Then the gradient is counted twice. Here a tie goes to a alone: >= for a, its opposite for b.")
maximum_backward.slip("upstream * first, a.shape), unbroadcast(upstream * ~first",
    "upstream * (a > b), a.shape), unbroadcast(upstream * (b > a)",
    looks="in a tie nobody got the gradient", do="a > b and b > a are both false in a tie. Here it goes to a: a >= b.")
maximum_backward.slip("a >= b", "a > b",
    looks="in a tie b got the gradient", do="The rule here is that a gets it: compare with >=.")
maximum_backward.slip("upstream * first, a.shape), unbroadcast(upstream * ~first",
    "upstream * ((a > b) + 0.5 * (a == b)), a.shape), unbroadcast(upstream * ((b > a) + 0.5 * (a == b))",
    looks="in a tie the gradient was split in two halves",
    do="That is a sound rule too, and PyTorch's. Here, so that we all agree, a tie goes to a.")
maximum_backward.slip("upstream * first, a.shape), unbroadcast(upstream * ~first",
    "upstream, a.shape), unbroadcast(upstream",
    looks="both inputs got the gradient everywhere",
    do="That is the rule of an addition. A maximum sends it one way only.")
maximum_backward.slip("first, a.shape), unbroadcast(upstream * ~first",
    "first * a, a.shape), unbroadcast(upstream * ~first * b",
    looks="the upstream gradient was multiplied by the larger value",
    do="The slope of the larger input is 1, whatever its value: multiply by the mask alone.")
maximum_backward.slip("return ", "upstream = np.maximum(upstream, 0)\n    return ",
    looks="the sign of upstream decided",
    do="What decides is which input was larger on the way forward, whatever comes back.")
maximum_backward.slip("return ", "upstream = np.ones_like(upstream)\n    return ",
    looks="the upstream gradient was left out",
    do="The mask is the local derivative. Downstream is upstream times local.")
maximum_backward.slip("unbroadcast(upstream * first, a.shape), unbroadcast(upstream * ~first, b.shape)",
    "upstream[first], upstream[~first]",
    looks="the places that got nothing were left out",
    do="The gradient for a has a's shape, with zeros where b was larger. Multiply by the mask, or use np.where.")
maximum_backward.slip("unbroadcast(upstream * first, a.shape), unbroadcast(upstream * ~first, b.shape)",
    "upstream * first, upstream * ~first",
    looks="the gradients were not summed back to the inputs' shapes",
    do="One of the inputs may have been broadcast: unbroadcast.")
maximum_backward.slip("return ", "if first:\n        return upstream, 0 * upstream\n    return ",
    looks="one `if` decided for the whole array",
    do="a >= b is an array, a yes or no for each entry. Multiply by it, or choose with np.where.")


@maximum_backward.alternative
def _with_where(upstream, a, b):
    for_a = np.where(a < b, 0.0, upstream)
    return _fit((for_a, upstream - for_a), a, b)


# matmul_backward


def _matmul_cases(rng):
    yield case(*map(np.array, ([[10.0]], [[1.0, 2.0]], [[3.0], [4.0]])), label="the worked example")
    a, b = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[1.0], [0.0], [-1.0]])
    yield case(np.array([[1.0], [10.0]]), a, b, label="a of shape (2, 3), b of shape (3, 1)")
    shapes = {
        "square matrices": ((3, 3), (3, 3), (3, 3)),
        "a of shape (2, 3), b of shape (3, 4)": ((2, 4), (2, 3), (3, 4)),
        "a stack of five matrices a, one b for all": ((5, 2, 4), (5, 2, 3), (3, 4)),
        "a stack of five matrices b, one a for all": ((5, 2, 4), (2, 3), (5, 3, 4)),
        "two axes in front, both inputs broadcast": ((6, 5, 2, 4), (6, 1, 2, 3), (5, 3, 4)),
        "stacks of three square matrices": ((3, 3, 3), (3, 3, 3), (3, 3, 3)),
    }
    yield from _pair_cases(rng, shapes)
    arrays = [rng.normal(size=shape) for shape in ((2, 4), (2, 3), (3, 4))]
    yield case(*arrays, (False, True), label="only b's gradient is needed")
    yield case(*arrays, needed=(True, False), label="only a's gradient is needed")


matmul_backward = Exercise(
    backprop.matmul_backward,
    cases=_matmul_cases,
    differ=_two_gradients,
    returns=("for_a", "for_b"),
    hints=[
        "Let the shapes lead you. upstream is (m, n), a is (m, k), b is (k, n). Which product has the shape of a?",
        "For a: upstream times b transposed. For b: a transposed times upstream. That is the only way the shapes fit.",
        "In a stack only the last two axes change places: `b.swapaxes(-1, -2)`. Then unbroadcast to the input's shape.",
    ],
)
matmul_backward.slip("for_a = for_b = None", "return upstream @ b, a @ upstream",
    looks="nothing was transposed",
    do="Going back, a matrix acts transposed: upstream @ bᵀ for a, aᵀ @ upstream for b.")
matmul_backward.slip("for_a = for_b = None", "return b.swapaxes(-1, -2) @ upstream, upstream @ a.swapaxes(-1, -2)",
    looks="the factors stand in the wrong order",
    do="Order matters: b stood right of a, so it stays right of upstream.")
matmul_backward.slip("for_a = for_b = None",
    "return unbroadcast(upstream @ b.T, a.shape), unbroadcast(a.T @ upstream, b.shape)",
    looks="a stack was transposed with .T",
    do=".T reverses all axes, the one that runs over the stack too. Use .swapaxes(-1, -2).")
matmul_backward.slip("for_a = for_b = None",
    "return unbroadcast(upstream @ b.swapaxes(0, 1), a.shape), unbroadcast(a.swapaxes(0, 1) @ upstream, b.shape)",
    looks="the first two axes of a stack changed places",
    do="In a stack the matrices are in the last two axes. Count from the end: .swapaxes(-1, -2).")
matmul_backward.slip("for_a = for_b = None", "return upstream * b, upstream * a",
    looks="entries were multiplied one by one",
    do="Every entry of a meets a whole row of b. Going back takes a matrix product too: @.")
matmul_backward.slip("if gradient.shape == shape:", "if True:", inside="unbroadcast",
    looks="the gradient of a shared matrix was not summed over the stack",
    do="One matrix that multiplies a whole stack is used many times. Use unbroadcast.")
matmul_backward.slip("for_a = for_b = None", "for_a = for_b = None\n    needed = True, True",
    looks="needed makes no difference", do="Where needed says False, return None: nobody wants that product.")
matmul_backward.slip("for_a = for_b = None", "for_a = for_b = None\n    upstream = np.ones_like(upstream)",
    looks="the upstream gradient was left out",
    do="Those are the gradients of the sum of all entries. Use upstream where you have ones.")


def _needed_alone(gradients, a, b, needed):
    return tuple(x if need else None for x, need in zip(_fit(gradients, a, b), needed, strict=True))


@matmul_backward.alternative
def _matmul_with_einsum(upstream, a, b, needed=(True, True)):
    for_a = np.einsum("...mn,...kn->...mk", upstream, b)
    return _needed_alone((for_a, np.einsum("...mk,...mn->...kn", a, upstream)), a, b, needed)


@matmul_backward.alternative
def _sums_of_outer_products(upstream, a, b, needed=(True, True)):
    for_a = sum(upstream[..., :, j, None] * b[..., None, :, j] for j in range(b.shape[-1]))
    for_b = sum(a[..., i, :, None] * upstream[..., i, None, :] for i in range(a.shape[-2]))
    return _needed_alone((for_a, for_b), a, b, needed)


# cross_entropy_backward


def _loss_cases(rng):
    yield case(1.0, np.array([[0.7, 0.2, 0.1]]), np.array([0]), label="the worked example")
    probabilities = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
    yield case(1.0, probabilities, np.array([0, 1]), label="a batch of two")
    yield case(1.0, np.array([[0.5, 0.5]]), np.array([1]), label="two classes")
    yield case(3.0, probabilities, np.array([2, 2]), label="upstream = 3")
    for batch, classes in ((4, 3), (3, 5), (7, 2)):
        scores = np.exp(rng.normal(size=(batch, classes)))
        probabilities = scores / scores.sum(axis=1, keepdims=True)
        targets = rng.integers(0, classes, size=batch)
        yield case(float(rng.uniform(0.5, 2.0)), probabilities, targets, label=f"{batch} examples, {classes} classes")


cross_entropy_backward = Exercise(
    backprop.cross_entropy_backward,
    cases=_loss_cases,
    hints=[
        "For one example the gradient is: what the model said minus what it should have said.",
        "What it should have said is a one-hot row. Subtracting it means subtracting 1 at the target of each row.",
        "On a copy: `gradient[np.arange(len(targets)), targets] -= 1`. Then times upstream, divided by the batch size.",
    ],
)
cross_entropy_backward.slip("upstream / len(targets)", "upstream",
    looks="the mean over the batch was forgotten", do="The loss is a mean, so every example counts one batch-size-th.")
cross_entropy_backward.slip("upstream / len(targets)", "upstream / probabilities.shape[1]",
    looks="it was divided by the number of classes",
    do="The mean runs over the examples: divide by the number of rows.")
cross_entropy_backward.slip("upstream / len(targets)", "upstream / probabilities.size",
    looks="it was divided by the number of all entries",
    do="The mean runs over the examples: divide by the number of rows.")
cross_entropy_backward.slip("upstream / len(targets)", "1 / len(targets)",
    looks="the upstream gradient was left out",
    do="The loss may be multiplied by something afterwards: times upstream.")
cross_entropy_backward.slip("upstream / len(targets)", "-upstream / len(targets)",
    looks="the sign is wrong",
    do="Raising the right logit lowers the loss, so its gradient is negative: probabilities minus one-hot.")
cross_entropy_backward.slip("probabilities.copy()", "probabilities * np.eye(probabilities.shape[1])[targets]",
    looks="only the targets' entries got a gradient",
    do="The other classes share the softmax: pushing one up pushes the right one down. Their gradient is q.")
cross_entropy_backward.slip("[np.arange(len(targets)), targets]", "[:, targets]",
    looks="the 1 was subtracted from whole columns",
    do="[:, targets] takes every row. Pair rows and targets: [np.arange(len(targets)), targets].")
cross_entropy_backward.slip("[np.arange(len(targets)), targets]", "[targets]",
    looks="the 1 was subtracted from whole rows",
    do="[targets] picks rows, and a target is a column. Pair them: [np.arange(len(targets)), targets].")
cross_entropy_backward.slip("gradient[np.arange(len(targets)), targets] -= 1", "gradient = gradient - targets",
    looks="the numbers of the classes were subtracted",
    do="A target says where the 1 is. Subtract 1 at that place of the row, not the target itself.")
cross_entropy_backward.slip("gradient[np.arange(len(targets)), targets] -= 1",
    "gradient = -np.eye(probabilities.shape[1])[targets] / probabilities",
    looks="this is the gradient for the probabilities, not for the logits",
    do="-1/q is the derivative of -log q. The softmax belongs to this node: go on through it, to q - y.")


@cross_entropy_backward.alternative
def _with_one_hot(upstream, probabilities, targets):
    return upstream * (probabilities - np.eye(probabilities.shape[1])[targets]) / probabilities.shape[0]


@cross_entropy_backward.alternative
def _row_by_row_loss(upstream, probabilities, targets):
    rows = []
    for row, target in zip(probabilities.tolist(), targets, strict=True):
        rows.append([upstream * (p - (k == target)) / len(targets) for k, p in enumerate(row)])
    return np.array(rows)


# topological_order


class _Node:
    """A node with nothing but a label and parents, which may be looked up so many times in the whole graph."""

    def __init__(self, label, parents, left):
        self.label, self._parents, self._left = label, parents, left

    @property
    def parents(self):
        self._left[0] -= 1
        if self._left[0] < 0:
            raise RuntimeError("the parents were looked up very many times; the walk seems to come to no end")
        return self._parents

    def __repr__(self):
        return f"node {self.label}"


class _Graph:
    """Labels of nodes, each with the labels of its parents, in an order in which they can be built."""

    def __init__(self, parents: dict[str, list[str]]):
        self.parents = parents

    def __deepcopy__(self, memo):
        return self  # nobody gets it to see: learners get nodes built from it

    def build(self, output):
        nodes, left = {}, [100 * len(self.parents) + 20_000]
        for label, parents in self.parents.items():
            nodes[label] = _Node(label, tuple([nodes[parent] for parent in parents]), left)
        return nodes[output]


def _labelled_order(subject, graph, output):
    """The labels of the nodes that come back; what is no list, only by its kind."""
    try:
        order = subject(graph.build(output))
    except RecursionError as error:  # of a thousand calls the first few tell enough
        trace = error.__traceback__
        for _ in range(5):
            trace = trace.tb_next or trace
        trace.tb_next = None
        raise RecursionError("Python stopped at about a thousand calls inside each other").with_traceback(
            error.__traceback__
        ) from None
    if not isinstance(order, (list, tuple)):
        return "a generator" if inspect.isgenerator(order) else kind(order)
    return [node.label if isinstance(node, _Node) else f"{kind(node)}, {node!r}" for node in order]


def _graph_cases(rng):
    # The shallow use of p comes first: with p·x + p a walk in the order of first visits happens to be right.
    for q, uses in (("p + p·x", ["p", "p·x"]), ("p·x + p", ["p·x", "p"])):
        graph = _Graph({"x": [], "p": ["x", "x"], "p·x": ["p", "x"], "q": uses})
        yield case(graph, "q", label=f"q = {q} with p = x·x")
    yield case(_Graph({"x": []}), "x", label="a single leaf")
    yield case(_Graph({"x": [], "other": [], "y": ["x"]}), "y", label="a node that does not lead to the output")
    graph = _Graph({"x": [], "y": [], "z": [], "a": ["x", "y"], "b": ["y", "z"], "f": ["a", "b"]})
    yield case(graph, "f", label="f = (x + y) · max(y, z)")
    graph = _Graph({"x": [], "a": ["x"], "b": ["a"], "c": ["b", "a"], "d": ["a", "c"], "e": ["d", "b"]})
    yield case(graph, "e", label="a ladder: each node uses two before it")
    diamond = _Graph({"0": []} | {str(i): [str(i - 1)] * 2 for i in range(1, 9)})
    yield case(diamond, "8", label="eight nodes that each use the one before twice")
    for count in (8, 12):
        parents = {"n0": []}
        for i in range(1, count):
            parents[f"n{i}"] = [f"n{j}" for j in rng.integers(0, i, size=rng.integers(1, 4))]
        yield case(_Graph(parents), f"n{count - 1}", label=f"a random graph of {count} nodes")
    yield case(_CHAIN, "9999", label="a chain of 10,000 nodes")


_CHAIN = _Graph({"0": []} | {str(i): [str(i - 1)] for i in range(1, 10_000)})


def _valid_order(got, expected, graph, output):
    """None when every node that leads to output is there once and after its parents."""
    if isinstance(got, str):
        return f"the result is {got}, expected a list of nodes" + (": is a `return` missing" * (got == "None"))
    parents = graph.parents
    if strangers := [label for label in got if label not in parents]:
        return f"the list holds something that is no node of the graph: {strangers[0]}"
    place = {label: i for i, label in enumerate(got)}
    if len(place) < len(got):
        twice = next(label for i, label in enumerate(got) if place[label] != i)
        return f"node {twice} appears {got.count(twice)} times"
    if missing := set(expected) - set(got):
        return f"node {next(label for label in parents if label in missing)} is missing"
    if extra := set(got) - set(expected):
        return f"node {next(label for label in parents if label in extra)} does not lead to the output"
    for label in got:
        for parent in parents[label]:
            if place[parent] > place[label]:
                return f"node {label} comes before its parent {parent}"
    return None


topological_order = Exercise(
    backprop.topological_order,
    cases=_graph_cases,
    differ=_valid_order,
    probe=_labelled_order,
    hints=[
        "A node may enter the list only when all its parents are in it. So walk to the parents first, "
        "and add the node on the way back.",
        "Without recursion you need a stack of your own. Put a node on it twice: once to visit its parents, "
        "once to say that they are done.",
        "Take (node, parents_are_done) off the stack. Done: append the node. New: mark it as seen, push (node, True), "
        "then push each parent with False, which will come off first. Mark nodes by id(node).",
    ],
)
topological_order.slip("stack.append((node, True))", "order.insert(0, node)",
    looks="nodes enter the list when they are first met",
    do="Met early does not mean finished early: p is met before p·x, which needs it. "
    "Add a node when its parents are in.")
topological_order.slip("elif id(node) not in seen:", "else:",
    looks="a node that is used twice was visited twice",
    do="Remember what you have seen, in a set of id(node). Without it a graph of 30 nodes can cost a billion visits.")
topological_order.slip("return order", "return order[::-1]",
    looks="the list begins with the output",
    do="Parents first, output last. Turn the list round before you return it.")
topological_order.slip("return order", "return order[:-1]",
    looks="the output itself is missing", do="The output is a node of the graph too; it comes last.")
topological_order.slip("return order", "return [node for node in order if node.parents]",
    looks="the leaves are missing",
    do="Nodes without parents belong into the list too: they are what we want gradients for.")


@topological_order.mistake("a node was marked as seen when it was put on the stack, not when its turn came",
    do="On the stack it may have to wait behind a node that needs it. Mark it when it comes off, and skip it then "
    "if it is marked already.")
def _seen_too_early(output):
    order, seen, stack = [], {id(output)}, [(output, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
            continue
        stack.append((node, True))
        for parent in node.parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, False))
    return order


@topological_order.mistake("the graph was walked level by level from the output",
    do="A node can be near the output on one path and far from it on another. Its parents decide, not its distance.")
def _level_by_level(output):
    order, seen = [output], {id(output)}
    for node in order:
        for parent in node.parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                order.append(parent)
    return order[::-1]


@topological_order.mistake("the graph was walked level by level, and a node that is used twice was visited twice",
    do="Remember what you have seen, in a set of id(node). And let the parents decide when a node enters the list: "
    "they come first.")
def _level_by_level_without_memory(output):
    order = [output]
    for node in order:
        order.extend(node.parents)
    return order[::-1]


@topological_order.mistake("the function calls itself once for every node",
    do="The order is right, but Python stops at about a thousand calls inside each other. Keep a stack in a list.")
def _recursive(output):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(output)
    return order


@topological_order.alternative
def _by_counting_children(output):
    nodes, children = {id(output): output}, {id(output): 0}
    stack = [output]
    while stack:
        for parent in stack.pop().parents:
            children[id(parent)] = children.get(id(parent), 0) + 1
            if id(parent) not in nodes:
                nodes[id(parent)] = parent
                stack.append(parent)
    order, free = [], [output]
    while free:
        node = free.pop()
        order.append(node)
        for parent in node.parents:
            children[id(parent)] -= 1
            if not children[id(parent)]:
                free.append(parent)
    return order[::-1]


@topological_order.alternative
def _with_iterators(output):
    order, seen, stack = [], {id(output)}, [(output, iter(output.parents))]
    while stack:
        node, parents = stack[-1]
        parent = next(parents, None)
        if parent is None:
            order.append(node)
            stack.pop()
        elif id(parent) not in seen:
            seen.add(id(parent))
            stack.append((parent, iter(parent.parents)))
    return order


# backward


def _gradients(subject, build, values, calls=1):
    """Builds a graph on fresh tensors, runs backward on its output, returns the gradients by label."""
    leaves = [Tensor(value, label=name) for name, value in values.items()]
    output = build(*leaves)
    for _ in range(calls):
        subject(output)
    return {leaf.label: leaf.grad for leaf in leaves} | {"the output": output.grad}


def _shallow_use_first(x):
    p = x * x
    return p + p * x


def _deep_use_first(x):
    p = x * x
    return p * x + p


def _two_factors(x, y):
    return (x + y) * (y + 2.0)


def _with_maximum(x, y, z):
    return (x + y) * maximum(y, z)


def _shared_sum(x, y):
    return x * 3.0 + (x + y) + y.tanh()


def _network(W, b, u):
    inputs = Tensor(np.linspace(-1, 1, 8).reshape(4, 2), requires_grad=False)
    return cross_entropy((inputs @ W + b).tanh() @ u, np.array([0, 1, 1, 0]))


def _many_uses(x, y):
    parts = [x, y, x * y, x.tanh() + y]
    return (concatenate(parts)[[0, 1, 1, 5, 2]] * 2.0).sum() + (x * x).sum()


def _vector(x, y):
    return x * y + x


def _tower(x):
    for _ in range(8):
        x = x + x * 0.5
    return x


def _backward_cases(rng):
    # First the graph with a single topological order: there a mistake shows the same way in every order.
    yield case(_shallow_use_first, {"x": 2.0}, label="q = p + p·x with p = x·x at x = 2")
    yield case(_two_factors, {"x": 3.0, "y": 4.0}, label="f = (x + y)(y + 2) at x = 3, y = 4")
    yield case(_deep_use_first, {"x": 2.0}, label="q = p·x + p with p = x·x at x = 2")
    yield case(_with_maximum, {"x": 1.0, "y": 2.0, "z": 0.0}, label="f = (x + y) · max(y, z) at 1, 2, 0")
    yield case(_two_factors, {"x": 3.0, "y": 4.0}, 2, label="f = (x + y)(y + 2), with backward called twice")
    yield case(_shared_sum, {"x": rng.normal(), "y": rng.normal()}, label="f = 3x + (x + y) + tanh(y)")
    values = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3), "u": rng.normal(size=(3, 2))}
    yield case(_network, values, label="a network whose inputs need no gradient")
    yield case(_many_uses, {"x": rng.normal(size=2), "y": rng.normal(size=2)}, label="vectors, joined and indexed")
    yield case(_vector, {"x": rng.normal(size=3), "y": rng.normal(size=3)}, label="an output of three entries")
    yield case(_tower, {"x": rng.normal()}, label="eight layers that each use the one before twice")


def _gradients_differ(got, expected, *args, **kwargs):
    texts = (difference(got[name], right, where=f"the gradient of {name}") for name, right in expected.items())
    return next(filter(None, texts), None)


backward = Exercise(
    backprop.backward,
    cases=_backward_cases,
    probe=_gradients,
    differ=_gradients_differ,
    hints=[
        "When may a node pass its gradient on? When every node that uses it has sent its share.",
        "In topological order users come after what they use. So walk through `reversed(topological_order(output))`.",
        "First set every node.grad to None and output.grad to ones. Then for each parent with its downstream: "
        "skip None; if parent.grad is None, keep a copy of downstream, else add it.",
    ],
)
backward.slip("parent.grad += downstream", "parent.grad = downstream",
    looks="a gradient was overwritten where a branch comes in",
    do="A node that is used twice gets two shares. Add the second to the first: parent.grad + downstream.")
backward.slip("stack.append((node, True))", "order.insert(0, node)", inside="topological_order",
    looks="a node passed its gradient on before it had all of it",
    do="In q = p + p·x, p must wait for the share that comes through p·x. Walk in reversed topological order.")
backward.slip("for parent, downstream",
    "for parent in node.parents:\n            parent.grad = np.zeros(parent.shape)\n        for parent, downstream",
    looks="a gradient was set back to zero in the middle of the walk",
    do="An earlier share may be in it already. Set all gradients back before the walk begins.")
backward.slip("reversed(order)", "order",
    looks="the walk went from the leaves to the output",
    do="Gradients come from the output: reversed(topological_order(output)).")
backward.slip("reversed(order):\n        if node.grad is None:\n            continue\n", "order:\n",
    looks="the walk went from the leaves to the output, where no gradient had arrived yet",
    do="Gradients come from the output: reversed(topological_order(output)).")
backward.slip("None\n    output.grad = np.ones_like(output.value)\n    for node in reversed(order):",
    "np.zeros_like(node.value)\n    output.grad = np.ones_like(output.value)\n    for node in order:",
    looks="the walk went from the leaves to the output, adding to zeros",
    do="Gradients come from the output: reversed(topological_order(output)).")
backward.slip("np.ones_like(output.value)", "np.zeros_like(output.value)",
    looks="the walk began with nothing",
    do="The output's own gradient is one: output.grad = np.ones_like(output.value).")
backward.slip("None\n    output.grad = np.ones_like(output.value)", "0\n    output.grad = 1",
    looks="the gradients began as whole numbers",
    do="A gradient is an array shaped like its value: np.ones_like(output.value), np.zeros_like(node.value).")
backward.slip("None\n    output.grad = np.ones_like(output.value)", "0.0\n    output.grad = 1.0",
    looks="the gradients began as plain numbers",
    do="A gradient is an array shaped like its value: np.ones_like(output.value), np.zeros_like(node.value).")
backward.slip("local_backward(node.grad)", "local_backward(np.ones_like(node.value))",
    looks="every node got ones as its upstream gradient",
    do="Hand local_backward what has arrived at the node: node.local_backward(node.grad).")
backward.slip("local_backward(node.grad)", "local_backward(node.grad * node.grad)",
    looks="the upstream gradient was multiplied in twice",
    do="node.local_backward(node.grad) is upstream times local already. Add it as it is.")
backward.slip("np.array(downstream, dtype=parent.value.dtype)", "downstream",
    looks="adding to one gradient changed another",
    do="An addition hands the same array to both inputs, and += changes it for both. Keep a copy, or add with +.")
backward.slip("np.array(downstream, dtype=parent.value.dtype)", "parent.grad + downstream",
    looks="something was added to a gradient that was still None",
    do="The first share has nothing to be added to. Start every node.grad with zeros, or ask whether it is None.")
backward.slip("if downstream is None:\n                continue",
    "if downstream is None:\n                parent.grad = np.zeros_like(parent.value) + downstream",
    looks="a None was added to something",
    do="local_backward says None for a parent that needs no gradient. Skip it.")
backward.slip("if downstream is None:\n                continue",
    "if downstream is None:\n"
    "                parent.grad = np.zeros_like(parent.value)\n"
    "                parent.grad += downstream",
    looks="a None was added with +=", do="local_backward says None for a parent that needs no gradient. Skip it.")
backward.slip("for node in order:\n        node.grad = None\n    ", "",
    looks="the gradients of an earlier call were still there",
    do="Set node.grad to None for every node of the order before you start.")
backward.slip("order = topological_order(output)", "return",
    looks="no gradient was written down",
    do="The result belongs into node.grad of every node; begin with output.grad. Nothing needs to be returned.")


@backward.mistake("a node passed on its whole gradient again with every share that came in",
    do="What a node passes on must contain each share once. Let every node work once, when all its shares are in.")
def _share_by_share(output):
    def pass_on(node):
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if downstream is not None:
                parent.grad = downstream if parent.grad is None else parent.grad + downstream
                pass_on(parent)

    for node in backprop.topological_order(output):
        node.grad = None
    output.grad = np.ones_like(output.value)
    pass_on(output)


@backward.alternative
def _adding_to_zeros(output):
    order = backprop.topological_order(output)
    for node in order:
        node.grad = np.zeros_like(node.value)
    output.grad = np.ones_like(output.value)
    for node in order[::-1]:
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if downstream is not None:
                parent.grad = parent.grad + downstream


@backward.alternative
def _with_a_table(output):
    shares = {id(output): [np.ones(output.shape)]}
    for node in reversed(backprop.topological_order(output)):
        received = shares.get(id(node))
        node.grad = sum(received[1:], received[0]) if received else None
        if received:
            for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
                if downstream is not None:
                    shares.setdefault(id(parent), []).append(downstream)


# two_layer_gradients


def _two_layer_cases(rng):
    X = np.array([[1.0, -1.0, 2.0], [0.5, 2.0, 0.0]])
    zeros = (np.zeros((3, 4)), np.zeros(4), np.zeros((4, 2)), np.zeros(2))
    yield case(X, np.array([0, 1]), *zeros, label="the worked example, all weights and biases 0")
    sizes = {
        "a batch of three": (3, 2, 5, 4),
        "a batch of one": (1, 3, 4, 2),
        "a batch of seven": (7, 2, 5, 3),
        "large logits": (4, 3, 6, 5),
        "a batch of five": (5, 4, 3, 2),
    }
    for label, (batch, inputs, hidden, classes) in sizes.items():
        X, targets = rng.normal(size=(batch, inputs)), rng.integers(0, classes, size=batch)
        weights = [rng.normal(size=shape) for shape in ((inputs, hidden), hidden, (hidden, classes), classes)]
        weights[-1] += 1000.0 * (label == "large logits")
        yield case(X, targets, *weights, label=label)


two_layer_gradients = Exercise(
    backprop.two_layer_gradients,
    cases=_two_layer_cases,
    hints=[
        "Forward: Z, A, logits, probabilities, loss. Backward in the opposite order, one line per step.",
        "delta2 = (probabilities - one-hot) / batch is the signal at the logits. Through W2 and the ReLU "
        "it becomes delta1.",
        "delta1 = (delta2 @ W2.T) * (Z > 0). A weight's gradient is the layer's input transposed times delta; "
        "a bias's is delta summed over the rows.",
    ],
)
two_layer_gradients.slip(" * (Z > 0)", "",
    looks="the ReLU was forgotten on the way back",
    do="Where Z was not positive, nothing came through: multiply by (Z > 0).")
two_layer_gradients.slip("(Z > 0)", "(delta2 @ W2.T > 0)",
    looks="the sign of the signal decided what passes the ReLU",
    do="The gate was set on the way forward: it is open where Z > 0, whatever sign comes back.")
two_layer_gradients.slip("(Z > 0)", "A",
    looks="the signal was multiplied by A, not by the slope of the ReLU",
    do="The slope is 1 or 0: multiply by (Z > 0).")
two_layer_gradients.slip("delta2 /= len(X)", "pass",
    looks="the gradients belong to the sum of the losses, not to their mean",
    do="Divide delta2 by the batch size, once.")
two_layer_gradients.slip("delta2 /= len(X)", "delta2 /= len(X) ** 2",
    looks="the gradients were divided by the batch size twice",
    do="Divide delta2 by the batch size, and nothing after it: all gradients are made from delta2.")
two_layer_gradients.slip("delta2 /= len(X)", "delta2 /= -len(X)",
    looks="the signs of all gradients are turned round",
    do="delta2 is what the model said minus what it should have said: probabilities minus one-hot.")
two_layer_gradients.slip("shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
    "(shifted := logits - logits.max()) - np.log(np.exp(shifted).sum())",
    looks="the softmax was taken over the whole batch",
    do="Every row is an example of its own: sum over axis 1, keepdims=True.")
two_layer_gradients.slip("shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
    "np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))",
    looks="the softmax overflows for large logits",
    do="Subtract each row's largest logit before np.exp; the result is the same.")
two_layer_gradients.slip("A.T @ delta2", "Z.T @ delta2",
    looks="the gradient of W2 was computed from Z, not from A",
    do="W2 meets the hidden values after the ReLU: A.T @ delta2.")
two_layer_gradients.slip('delta1.sum(axis=0),\n        "W2": A.T @ delta2,\n        "b2": delta2.sum(axis=0)',
    'delta1.mean(axis=0),\n        "W2": A.T @ delta2,\n        "b2": delta2.mean(axis=0)',
    looks="the biases' gradients were averaged over the batch",
    do="The mean is in delta already. A bias is added to every row, so its gradient is the sum over the rows.")
two_layer_gradients.slip('delta1.sum(axis=0),\n        "W2": A.T @ delta2,\n        "b2": delta2.sum(axis=0)',
    'delta1,\n        "W2": A.T @ delta2,\n        "b2": delta2',
    looks="the biases' gradients were not summed over the batch",
    do="A bias is added to every row: one bias, many uses. Sum over axis 0.")


@two_layer_gradients.mistake("the losses were added up, not averaged",
    do="The loss is the mean over the batch, and so are its gradients.")
def _added_up(X, *others):
    return {name: value * len(X) for name, value in backprop.two_layer_gradients(X, *others).items()}


@two_layer_gradients.alternative
def _two_layers_by_the_engine(X, targets, W1, b1, W2, b2):
    W1, b1, W2, b2 = tensors = [Tensor(array) for array in (W1, b1, W2, b2)]
    loss = cross_entropy((X @ W1 + b1).relu() @ W2 + b2, targets)
    loss.backward()
    return {"loss": loss.item()} | {
        name: tensor.grad for name, tensor in zip(("W1", "b1", "W2", "b2"), tensors, strict=True)
    }


@two_layer_gradients.alternative
def _example_by_example(X, targets, W1, b1, W2, b2):
    total = {"loss": 0.0, "W1": 0 * W1, "b1": 0 * b1, "W2": 0 * W2, "b2": 0 * b2}
    for x, target in zip(X, targets, strict=True):
        z = x @ W1 + b1
        a = z * (z > 0)
        logits = a @ W2 + b2
        logits = logits - logits.max()
        log_probabilities = logits - np.log(np.exp(logits).sum())
        delta2 = np.exp(log_probabilities)
        delta2[target] -= 1
        delta1 = (W2 @ delta2) * (z > 0)
        total["loss"] -= log_probabilities[target]
        total["W1"] += np.outer(x, delta1)
        total["b1"] += delta1
        total["W2"] += np.outer(a, delta2)
        total["b2"] += delta2
    return {name: value / len(X) for name, value in total.items()}
