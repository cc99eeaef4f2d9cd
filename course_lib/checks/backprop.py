"""The exercises of the backprop lesson: cases, hints, known mistakes and other right answers."""

import numpy as np

from course_lib.compare import difference
from course_lib.exercise import Exercise, case
from course_lib.reference import backprop
from course_lib.reference.backprop import Tensor, concatenate, cross_entropy, maximum

# numerical_gradient


def _mixed_product(x):
    """Every entry counts differently, and entries meet each other."""
    x = np.asarray(x).ravel()
    return float(np.sum(np.arange(1, x.size + 1) * x**3) + np.prod(x))


def _waves(x):
    x = np.asarray(x)
    return float(np.sum(np.sin(x * np.arange(1, x.size + 1).reshape(x.shape))))


def _gradient_cases(rng):
    yield case(_mixed_product, np.array([1.0, 2.0, -1.0]), label="the worked example")
    yield case(_mixed_product, np.array([0.5, -1.5]), 0.5, label="a large step of 0.5")
    yield case(_mixed_product, np.array([2, 3, 1]), label="whole numbers")
    yield case(_waves, np.array([[0.3, 0.7, 0.1]], dtype=np.float32), label="a float32 array")
    yield case(_waves, rng.normal(size=(2, 3)), 1e-3, label="a matrix")
    yield case(_mixed_product, rng.normal(size=4), 0.1)


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


@numerical_gradient.mistake(
    "all entries were shifted at once",
    do="Then you get one number, the sum of all the partial derivatives. Loop over the entries and move only one.",
)
def _whole_array(f, x, step=1e-5):
    x = np.asarray(x, dtype=np.float64)
    return (f(x + step) - f(x - step)) / (2 * step)


@numerical_gradient.mistake(
    "the difference was taken to one side only",
    do="Use f(x + step) and f(x - step). The errors of both sides largely cancel.",
)
def _one_sided(f, x, step=1e-5):
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        shifted = x.copy()
        shifted[index] += step
        gradient[index] = (f(shifted) - f(x)) / step
    return gradient


@numerical_gradient.mistake(
    "the difference was divided by step, not by 2 step",
    do="From x - step to x + step it is two steps.",
)
def _one_step_for_two(f, x, step=1e-5):
    return 2 * backprop.numerical_gradient(f, x, step)


@numerical_gradient.mistake(
    "a shifted entry was not put back before the next one was moved",
    do="Keep the entry in a variable and write it back at the end of the loop's body.",
)
def _not_put_back(f, x, step=1e-5):
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        x[index] += step
        above = f(x)
        x[index] -= 2 * step
        gradient[index] = (above - f(x)) / (2 * step)
    return gradient


@numerical_gradient.mistake(
    "the caller's x was shifted and did not come back as it was",
    do="x belongs to the caller. Work on a copy: np.array(x, dtype=np.float64).",
)
def _on_the_callers_array(f, x, step=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += step
        above = f(x)
        x[index] -= 2 * step
        gradient[index] = (above - f(x)) / (2 * step)
    return gradient


@numerical_gradient.mistake(
    "the work was done in x's own number format",
    do="Whole numbers swallow a small step, and float32 swallows most of it. np.array(x, dtype=np.float64) helps.",
)
def _own_format(f, x, step=1e-5):
    point = np.array(x)
    gradient = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        kept = point[index]
        point[index] = kept + step
        above = f(point)
        point[index] = kept - step
        gradient[index] = (above - f(point)) / (2 * step)
        point[index] = kept
    return gradient


@numerical_gradient.mistake(
    "x itself was shifted and shifted back",
    do="Whole numbers do not survive that, and others come back only nearly. Work on a float64 copy of x.",
)
def _shifted_back(f, x, step=1e-5):
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += step
        above = f(x)
        x[index] -= 2 * step
        gradient[index] = (above - f(x)) / (2 * step)
        x[index] += step
    return gradient


@numerical_gradient.mistake(
    "the result was kept in x's own number format",
    do="np.zeros_like(x) of whole numbers holds whole numbers, and cuts the rest off. Use np.zeros(x.shape).",
)
def _result_cut_off(f, x, step=1e-5):
    gradient = np.zeros_like(x)
    gradient[...] = backprop.numerical_gradient(f, x, step)
    return gradient


@numerical_gradient.alternative
def _flat(f, x, step=1e-5):
    x = np.asarray(x, dtype=np.float64)
    entries = []
    for i in range(x.size):
        shift = np.zeros(x.size)
        shift[i] = step
        shift = shift.reshape(x.shape)
        entries.append((f(x + shift) - f(x - shift)) / (2 * step))
    return np.array(entries).reshape(x.shape)


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


def _small_parabola(x):
    return float(np.sum(x**2) / 2000)


def _sum_of_cubes(x):
    return float(np.sum(x**3))


def _constant(x):
    return 7.0


def _check_cases(rng):
    x = np.array([1.0, -2.0, 0.5])
    yield case(_sum_of_cubes, x, np.array([3.0, 12.0, 1.5]), label="one wrong entry out of three")
    yield case(_sum_of_cubes, x, 3 * x**2, label="a right gradient")
    yield case(_small_parabola, x, x / 1000 / 1000, label="a small gradient, 1000 times too small")
    yield case(_sum_of_cubes, x, -3 * x**2, label="a gradient with the wrong sign")
    yield case(_constant, x, np.zeros(3), label="zero, and rightly so")
    yield case(_sum_of_cubes, x, np.array([[3.0], [12.0], [0.75]]), label="a gradient of another shape")
    yield case(_small_parabola, x, x / 1000 + np.array([0, 4e-5, 0]), 0.01, label="floor=0.01")
    X = rng.uniform(0.5, 1.5, size=(2, 3))
    yield case(_sum_of_cubes, X, 3 * X**2 * rng.uniform(0.8, 0.9, size=X.shape))
    yield case(_sum_of_cubes, X, 3 * X**2 * rng.uniform(1.1, 1.3, size=X.shape))


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


@gradient_check.mistake(
    "the absolute difference was returned",
    do="A difference of 0.01 is nothing for an entry of 1000 and everything for one of 0.005. Divide by the size.",
)
def _absolute(f, x, gradient, floor=1e-4):
    _same_shape(x, gradient)
    return np.max(np.abs(gradient - backprop.numerical_gradient(f, x)))


@gradient_check.mistake(
    "the lengths of the two gradients were compared",
    do="A gradient with the wrong sign has the right length. Subtract first, entry by entry, and measure then.",
)
def _lengths(f, x, gradient, floor=1e-4):
    _same_shape(x, gradient)
    claimed, numerical = np.linalg.norm(gradient), np.linalg.norm(backprop.numerical_gradient(f, x))
    return abs(claimed - numerical) / max(claimed, numerical, floor)


@gradient_check.mistake(
    "the errors of all entries were averaged",
    do="Among a thousand right entries the average hides a wrong one. Return the largest error.",
)
def _average(f, x, gradient, floor=1e-4):
    return np.mean(_relative_errors(f, x, gradient, floor))


@gradient_check.mistake(
    "floor was left out",
    do="Where both gradients are zero you divide by zero. Never divide by less than floor.",
)
def _without_floor(f, x, gradient, floor=1e-4):
    with np.errstate(all="ignore"):
        return np.max(_relative_errors(f, x, gradient, 0.0))


@gradient_check.mistake(
    "the sign of the differences was kept",
    do="Otherwise an entry that is too small counts as a negative error, and the largest one misses it: np.abs.",
)
def _signed(f, x, gradient, floor=1e-4):
    _same_shape(x, gradient)
    numerical = backprop.numerical_gradient(f, x)
    return np.max((gradient - numerical) / np.maximum(np.maximum(np.abs(gradient), np.abs(numerical)), floor))


@gradient_check.mistake(
    "the two shapes were not compared",
    do="A column minus a row is a whole matrix in NumPy, without a word. Raise a ValueError when the shapes differ.",
)
def _any_shape(f, x, gradient, floor=1e-4):
    numerical = backprop.numerical_gradient(f, x)
    scale = np.maximum(np.maximum(np.abs(gradient), np.abs(numerical)), floor)
    return np.max(np.abs(gradient - numerical) / scale)


@gradient_check.mistake(
    "the difference was divided by the sum of both sizes",
    do="That halves the error. Divide by the larger of the two: np.maximum(np.abs(claimed), np.abs(numerical)).",
)
def _by_the_sum(f, x, gradient, floor=1e-4):
    _same_shape(x, gradient)
    numerical = backprop.numerical_gradient(f, x)
    return np.max(np.abs(gradient - numerical) / np.maximum(np.abs(gradient) + np.abs(numerical), floor))


@gradient_check.mistake(
    "every difference was divided by the same number, the largest entry",
    do="Then a wrong small entry hides behind a large one. Give every entry its own scale.",
)
def _one_scale(f, x, gradient, floor=1e-4):
    _same_shape(x, gradient)
    numerical = backprop.numerical_gradient(f, x)
    return np.max(np.abs(gradient - numerical)) / max(np.max(np.abs(gradient)), np.max(np.abs(numerical)), floor)


def _same_shape(x, gradient):
    if np.shape(x) != np.shape(gradient):
        raise ValueError("shapes differ")


def _relative_errors(f, x, gradient, floor):
    _same_shape(x, gradient)
    numerical = backprop.numerical_gradient(f, x)
    return np.abs(gradient - numerical) / np.maximum(np.maximum(np.abs(gradient), np.abs(numerical)), floor)


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
    W = np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
    yield case(W, np.array([0.0, -1.0]), np.array([1.0, 0.5, 1.0]), label="the worked example")
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


@tanh_layer_jacobian.mistake(
    "the Jacobian is transposed", do="Rows belong to outputs, columns to inputs: the shape is (m, n), that of W."
)
def _transposed_jacobian(W, b, x):
    return backprop.tanh_layer_jacobian(W, b, x).T


@tanh_layer_jacobian.mistake(
    "the derivative of tanh was left out", do="W alone is the Jacobian of Wx + b. The tanh stretches each row of it."
)
def _affine_only(W, b, x):
    return W.copy()


@tanh_layer_jacobian.mistake(
    "the columns of W were scaled, not its rows",
    do="Entry i of 1 - h² belongs to output i, hence to row i. `[:, None]` makes a column that multiplies rows.",
)
def _columns_scaled(W, b, x):
    return W * (1 - np.tanh(W @ x + b) ** 2)


@tanh_layer_jacobian.mistake(
    "tanh was applied twice", do="tanh'(z) is 1 - tanh(z)². With h = tanh(z) at hand that is simply 1 - h²."
)
def _derivative_at_h(W, b, x):
    h = np.tanh(W @ x + b)
    return (1 - np.tanh(h) ** 2)[:, None] * W


@tanh_layer_jacobian.mistake(
    "the slope of tanh was taken as 1 - z², not as 1 - tanh(z)²",
    do="The rule 1 - h² is about the output h = tanh(z), not about z.",
)
def _without_tanh(W, b, x):
    return (1 - (W @ x + b) ** 2)[:, None] * W


@tanh_layer_jacobian.mistake(
    "only the Jacobian of tanh was returned",
    do="That one is with respect to z. For x, multiply it by the Jacobian of z = Wx + b.",
)
def _diagonal_only(W, b, x):
    return np.diag(1 - np.tanh(W @ x + b) ** 2)


@tanh_layer_jacobian.mistake(
    "x stands on the left of W", do="The layer computes Wx: W @ x. In x @ W each input meets the wrong weights."
)
def _from_the_left(W, b, x):
    return (1 - np.tanh(x @ W + b) ** 2)[:, None] * W


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
    W = np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
    yield case(np.array([2.0, -1.0]), W, np.array([0.5, 0.0]), np.array([1.0, 0.5, 2.0]), label="the worked example")
    for m, n in ((1, 1), (3, 3), (2, 5), (4, 3)):
        yield case(rng.normal(size=m), rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n))


window_scorer_gradients = Exercise(
    backprop.window_scorer_gradients,
    cases=_scorer_cases,
    hints=[
        "Go forward first: z, h, s. Then go back and give the signal at z a name of its own, delta.",
        "delta = u * (1 - h**2). The gradient for b is delta itself; those for W and x are delta times something.",
        "Let the shapes lead you: W's gradient is (m, n), from delta (m,) and x (n,): np.outer. For x: (n, m) @ (m,).",
    ],
)


def _scorer(delta=None, for_u=None, for_W=None, for_x=None):
    """The right function with one step replaced."""

    def gradients(u, W, b, x):
        z = W @ x + b
        h = np.tanh(z)
        d = delta(u, z, h) if delta else u * (1 - h**2)
        return {
            "s": u @ h,
            "u": for_u(z, h, u) if for_u else h,
            "W": for_W(d, x, W) if for_W else np.outer(d, x),
            "b": d,
            "x": for_x(d, W) if for_x else W.T @ d,
        }

    return gradients


window_scorer_gradients.mistake(
    "the outer product is the wrong way round",
    do="W's gradient has W's shape: np.outer(delta, x), delta down, x across.",
)(_scorer(for_W=lambda d, x, W: np.outer(x, d)))
window_scorer_gradients.mistake(
    "the derivative of tanh was left out", do="On its way back the signal passes through tanh: multiply it by 1 - h²."
)(_scorer(delta=lambda u, z, h: u.copy()))
window_scorer_gradients.mistake(
    "tanh was applied twice in its derivative", do="tanh'(z) is 1 - tanh(z)², and h is tanh(z) already: 1 - h²."
)(_scorer(delta=lambda u, z, h: u * (1 - np.tanh(h) ** 2)))
window_scorer_gradients.mistake(
    "the matrix W was not transposed for x's gradient",
    do="delta has one entry per row of W, x one per column. Back through W means W.T @ delta.",
)(_scorer(for_x=lambda d, W: W @ d))
window_scorer_gradients.mistake(
    "u's gradient is z, not h",
    do="In s = uᵀh it is h that meets u, after the tanh. Each of two factors gets the other one.",
)(_scorer(for_u=lambda z, h, u: z))
window_scorer_gradients.mistake("u's gradient is u itself", do="In s = uᵀh the gradient for u is the other factor, h.")(
    _scorer(for_u=lambda z, h, u: u)
)


window_scorer_gradients.mistake(
    "the gradient of W was computed entry by entry, as delta * x",
    do="Every delta meets every x: that is the outer product, np.outer(delta, x).",
)(_scorer(for_W=lambda d, x, W: d * x))
window_scorer_gradients.mistake(
    "the gradient of W was computed as a dot product of delta and x",
    do="For two vectors, @ gives one number, with .T too. The table of all products is np.outer(delta, x).",
)(_scorer(for_W=lambda d, x, W: d @ x))
window_scorer_gradients.mistake(
    "u is missing in delta", do="The signal comes down through u first: delta = u * (1 - h**2)."
)(_scorer(delta=lambda u, z, h: 1 - h**2))


@window_scorer_gradients.mistake(
    "the gradient for x goes through the dot product only",
    do="x acts through every hidden unit. All of delta comes back through W: W.T @ delta.",
)
def _as_if_linear(u, W, b, x):
    return backprop.window_scorer_gradients(u, W, b, x) | {"x": W.T @ u}


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
    yield case(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), (3,), label="the worked example")
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


@unbroadcast.mistake(
    "the copies were averaged", do="Every copy has an effect of its own, and the effects add up. Use sum, not mean."
)
def _averaged(gradient, shape):
    total = backprop.unbroadcast(gradient, shape)
    return total * (total.size / gradient.size)


@unbroadcast.mistake(
    "only the axes in front were summed",
    do="NumPy also stretches an axis of length 1. Where shape says 1, sum too, and keep the axis.",
)
def _front_only(gradient, shape):
    return gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))


@unbroadcast.mistake(
    "only the stretched axes were summed",
    do="NumPy also puts new axes in front: as many as gradient has more than shape. Sum over those as well.",
)
def _stretched_only(gradient, shape):
    added = gradient.ndim - len(shape)
    axes = tuple(added + axis for axis, size in enumerate(shape) if size == 1)
    return gradient.sum(axis=axes, keepdims=True)


@unbroadcast.mistake(
    "the axes of length 1 got lost",
    do="The gradient for an input of shape (2, 1) has shape (2, 1), not (2,). "
    "End with .reshape(shape), or use keepdims.",
)
def _axes_lost(gradient, shape):
    added = gradient.ndim - len(shape)
    return gradient.sum(axis=(*range(added), *(added + axis for axis, size in enumerate(shape) if size == 1)))


@unbroadcast.mistake("one of the copies was taken", do="The others matter as much. Sum over all of them.")
def _one_copy(gradient, shape):
    gradient = gradient[(0,) * (gradient.ndim - len(shape))]
    return gradient[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]


@unbroadcast.mistake(
    "axes were counted from the left",
    do="Shapes are lined up on the right: compare the last sizes first. Axis 0 of shape is not axis 0 of gradient.",
)
def _from_the_left(gradient, shape):
    axes = tuple(i for i in range(gradient.ndim) if i >= len(shape) or shape[i] == 1 != gradient.shape[i])
    return gradient.sum(axis=axes).reshape(shape)


@unbroadcast.mistake(
    "the entries were only rearranged",
    do="There are more entries than the input had. Sum those that came from the same one, before any reshape.",
)
def _rearranged(gradient, shape):
    return gradient.reshape(shape)


@unbroadcast.mistake(
    "the first axis was summed, whatever the shapes",
    do="Which axes were stretched depends on shape. Compare the two shapes.",
)
def _always_the_first(gradient, shape):
    return gradient.sum(axis=0)


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


# multiply_backward


def _pair_cases(rng, shapes):
    for output, left, right in shapes:
        yield case(rng.normal(size=output), rng.normal(size=left), rng.normal(size=right))


def _multiply_cases(rng):
    yield case(np.array([1.0, 10.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0]), label="the worked example")
    yield case(np.array(2.0), np.array(3.0), np.array(-4.0), label="two numbers")
    yield from _pair_cases(rng, [((2, 3), (2, 3), (3,)), ((2, 3), (2, 1), (2, 3)), ((4, 2, 3), (2, 3), (4, 1, 1))])
    yield from _pair_cases(rng, [((2, 3), (3,), (2, 1)), ((5,), (5,), ())])


multiply_backward = Exercise(
    backprop.multiply_backward,
    cases=_multiply_cases,
    hints=[
        "In a * b, how much does the product grow when a grows by a little? That depends on b.",
        "Downstream is upstream times local: for a the local derivative is b, for b it is a.",
        "If a or b was broadcast, the gradient comes out too large: `unbroadcast(upstream * b, a.shape)`.",
    ],
)


@multiply_backward.mistake(
    "each input got its own value", do="The derivative of a * b with respect to a is b: the values change places."
)
def _own_value(upstream, a, b):
    return backprop.unbroadcast(upstream * a, a.shape), backprop.unbroadcast(upstream * b, b.shape)


@multiply_backward.mistake(
    "the gradients were not summed back to the inputs' shapes",
    do="An input that was broadcast is used many times. Use your unbroadcast.",
)
def _never_summed(upstream, a, b):
    return upstream * b, upstream * a


@multiply_backward.mistake(
    "the upstream gradient was left out", do="b and a are the local derivatives. Downstream is upstream times local."
)
def _local_only(upstream, a, b):
    ones = np.ones_like(upstream)
    return backprop.unbroadcast(ones * b, a.shape), backprop.unbroadcast(ones * a, b.shape)


@multiply_backward.mistake(
    "the two gradients are in the wrong order", do="Return the one for a first; it has a's shape."
)
def _wrong_order(upstream, a, b):
    return backprop.multiply_backward(upstream, a, b)[::-1]


@multiply_backward.mistake(
    "only b was summed back to its shape", do="a can be the smaller one just as well. Use unbroadcast for both."
)
def _only_the_right_one(upstream, a, b):
    return upstream * b, backprop.unbroadcast(upstream * a, b.shape)


@multiply_backward.mistake(
    "the upstream gradient was summed before it was multiplied",
    do="Each copy has its own factor: multiply first, then unbroadcast.",
)
def _summed_too_early(upstream, a, b):
    return backprop.unbroadcast(upstream, a.shape) * b, backprop.unbroadcast(upstream, b.shape) * a


@multiply_backward.alternative
def _with_full_arrays(upstream, a, b):
    A, B = np.broadcast_arrays(a, b)
    return backprop.unbroadcast(B * upstream, a.shape), backprop.unbroadcast(A * upstream, b.shape)


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
    a, b = np.array([1.0, 5.0, 2.0]), np.array([4.0, 3.0, 2.0])
    yield case(np.array([10.0, 20.0, 30.0]), a, b, label="the worked example, with a tie in the last place")
    yield case(np.array([-1.0, 2.0]), np.array([1.0, -2.0]), np.array([0.0, 0.0]), label="ReLU: b is zero")
    yield from _pair_cases(
        rng, [((2, 3), (2, 3), (3,)), ((2, 3), (2, 1), (1, 3)), ((4, 3), (), (4, 3)), ((6,), (6,), (6,))]
    )


maximum_backward = Exercise(
    backprop.maximum_backward,
    cases=_maximum_cases,
    hints=[
        "If a is well below b, what does a small change of a do to the maximum?",
        "A comparison such as `a >= b` gives an array of True and False, which multiplies like 1 and 0.",
        "`first = a >= b` belongs to a, and `~first` to b. Both times upstream, both unbroadcast.",
    ],
)


@maximum_backward.mistake(
    "the smaller input got the gradient", do="The smaller one does not show in the result at all."
)
def _to_the_smaller(upstream, a, b):
    first = a < b
    return backprop.unbroadcast(upstream * first, a.shape), backprop.unbroadcast(upstream * ~first, b.shape)


@maximum_backward.mistake(
    "in a tie both inputs got the whole gradient",
    do="Then the gradient is counted twice. Here a tie goes to a alone: >= for a, its opposite for b.",
)
def _both_in_a_tie(upstream, a, b):
    return backprop.unbroadcast(upstream * (a >= b), a.shape), backprop.unbroadcast(upstream * (b >= a), b.shape)


@maximum_backward.mistake(
    "in a tie nobody got the gradient", do="a > b and b > a are both false in a tie. Here it goes to a: a >= b."
)
def _nobody_in_a_tie(upstream, a, b):
    return backprop.unbroadcast(upstream * (a > b), a.shape), backprop.unbroadcast(upstream * (b > a), b.shape)


@maximum_backward.mistake("in a tie b got the gradient", do="The rule here is that a gets it: compare with >=.")
def _second_in_a_tie(upstream, a, b):
    first = a > b
    return backprop.unbroadcast(upstream * first, a.shape), backprop.unbroadcast(upstream * ~first, b.shape)


@maximum_backward.mistake(
    "in a tie the gradient was split in two halves",
    do="That is a sound rule too, and PyTorch's. Here, so that we all agree, a tie goes to a.",
)
def _halves_in_a_tie(upstream, a, b):
    share = (a > b) + 0.5 * (a == b)
    return backprop.unbroadcast(upstream * share, a.shape), backprop.unbroadcast(upstream * (1 - share), b.shape)


@maximum_backward.mistake(
    "both inputs got the gradient everywhere", do="That is the rule of an addition. A maximum sends it one way only."
)
def _as_an_addition(upstream, a, b):
    return backprop.unbroadcast(upstream, a.shape), backprop.unbroadcast(upstream, b.shape)


@maximum_backward.mistake(
    "the sign of upstream decided", do="What decides is which input was larger on the way forward, whatever comes back."
)
def _by_the_upstream_sign(upstream, a, b):
    first = (upstream > 0) & np.broadcast_to(a >= b, upstream.shape)
    second = (upstream > 0) & np.broadcast_to(b > a, upstream.shape)
    return backprop.unbroadcast(upstream * first, a.shape), backprop.unbroadcast(upstream * second, b.shape)


@maximum_backward.mistake(
    "the gradients were not summed back to the inputs' shapes",
    do="One of the inputs may have been broadcast: unbroadcast.",
)
def _maximum_never_summed(upstream, a, b):
    return upstream * (a >= b), upstream * (a < b)


@maximum_backward.mistake(
    "one `if` decided for the whole array",
    do="a >= b is an array, a yes or no for each entry. Multiply by it, or choose with np.where.",
)
def _one_if(upstream, a, b):
    zero = np.zeros_like(upstream)
    pair = (upstream, zero) if a >= b else (zero, upstream)
    return backprop.unbroadcast(pair[0], a.shape), backprop.unbroadcast(pair[1], b.shape)


@maximum_backward.alternative
def _with_where(upstream, a, b):
    for_a = np.where(a < b, 0.0, upstream)
    return backprop.unbroadcast(for_a, a.shape), backprop.unbroadcast(upstream - for_a, b.shape)


# matmul_backward


def _matmul_cases(rng):
    a, b = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([[1.0], [0.0], [-1.0]])
    yield case(np.array([[1.0], [10.0]]), a, b, label="the worked example")
    shapes = [((3, 3), (3, 3), (3, 3)), ((2, 4), (2, 3), (3, 4)), ((5, 2, 4), (5, 2, 3), (3, 4))]
    shapes += [
        ((5, 2, 4), (2, 3), (5, 3, 4)),
        ((6, 5, 2, 4), (6, 1, 2, 3), (5, 3, 4)),
        ((3, 3, 3), (3, 3, 3), (3, 3, 3)),
    ]
    yield from _pair_cases(rng, shapes)
    arrays = [rng.normal(size=shape) for shape in ((2, 4), (2, 3), (3, 4))]
    yield case(*arrays, (False, True), label="only b's gradient is needed")
    yield case(*arrays, needed=(True, False), label="only a's gradient is needed")


matmul_backward = Exercise(
    backprop.matmul_backward,
    cases=_matmul_cases,
    hints=[
        "Let the shapes lead you. upstream is (m, n), a is (m, k), b is (k, n). Which product has the shape of a?",
        "For a: upstream times b transposed. For b: a transposed times upstream. That is the only way the shapes fit.",
        "In a stack only the last two axes change places: `b.swapaxes(-1, -2)`. Then unbroadcast to the input's shape.",
    ],
)


def _last_two(x):
    return x.swapaxes(-1, -2)


def _when_needed(needed, for_a, for_b):
    return (for_a() if needed[0] else None), (for_b() if needed[1] else None)


@matmul_backward.mistake(
    "nothing was transposed", do="Going back, a matrix acts transposed: upstream @ bᵀ for a, aᵀ @ upstream for b."
)
def _no_transposes(upstream, a, b, needed=(True, True)):
    return _when_needed(
        needed,
        lambda: backprop.unbroadcast(upstream @ b, a.shape),
        lambda: backprop.unbroadcast(a @ upstream, b.shape),
    )


@matmul_backward.mistake(
    "the factors stand in the wrong order", do="Order matters: b stood right of a, so it stays right of upstream."
)
def _wrong_factors(upstream, a, b, needed=(True, True)):
    return _when_needed(
        needed,
        lambda: backprop.unbroadcast(_last_two(b) @ upstream, a.shape),
        lambda: backprop.unbroadcast(upstream @ _last_two(a), b.shape),
    )


@matmul_backward.mistake(
    "a stack was transposed with .T",
    do=".T reverses all axes, the one that runs over the stack too. Use .swapaxes(-1, -2).",
)
def _all_axes_reversed(upstream, a, b, needed=(True, True)):
    return _when_needed(
        needed,
        lambda: backprop.unbroadcast(upstream @ b.T, a.shape),
        lambda: backprop.unbroadcast(a.T @ upstream, b.shape),
    )


@matmul_backward.mistake(
    "the gradient of a shared matrix was not summed over the stack",
    do="One matrix that multiplies a whole stack is used many times. Use unbroadcast.",
)
def _stack_not_summed(upstream, a, b, needed=(True, True)):
    return _when_needed(needed, lambda: upstream @ _last_two(b), lambda: _last_two(a) @ upstream)


@matmul_backward.mistake(
    "needed makes no difference", do="Where needed says False, return None: nobody wants that product."
)
def _always_both(upstream, a, b, needed=(True, True)):
    return backprop.matmul_backward(upstream, a, b)


@matmul_backward.mistake(
    "the upstream gradient was left out",
    do="Those are the gradients of the sum of all entries. Use upstream where you have ones.",
)
def _ones_for_upstream(upstream, a, b, needed=(True, True)):
    return backprop.matmul_backward(np.ones_like(upstream), a, b, needed)


@matmul_backward.mistake(
    "entries were multiplied one by one",
    do="Every entry of a meets a whole row of b. Going back takes a matrix product too: @.",
)
def _entry_by_entry_product(upstream, a, b, needed=(True, True)):
    return _when_needed(needed, lambda: upstream * b, lambda: upstream * a)


@matmul_backward.alternative
def _with_einsums(upstream, a, b, needed=(True, True)):
    return _when_needed(
        needed,
        lambda: backprop.unbroadcast(np.einsum("...mn,...kn->...mk", upstream, b), a.shape),
        lambda: backprop.unbroadcast(np.einsum("...mk,...mn->...kn", a, upstream), b.shape),
    )


@matmul_backward.alternative
def _as_sums_of_outer_products(upstream, a, b, needed=(True, True)):
    m, n, k = upstream.shape[-2], upstream.shape[-1], a.shape[-1]
    for_a = sum(upstream[..., :, j, None] * b[..., None, :, j] for j in range(n)) + np.zeros((m, k))
    for_b = sum(a[..., i, :, None] * upstream[..., i, None, :] for i in range(m)) + np.zeros((k, n))
    return _when_needed(
        needed, lambda: backprop.unbroadcast(for_a, a.shape), lambda: backprop.unbroadcast(for_b, b.shape)
    )


# cross_entropy_backward


def _loss_cases(rng):
    probabilities = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
    yield case(1.0, probabilities, np.array([0, 1]), label="the worked example")
    yield case(1.0, np.array([[0.5, 0.5]]), np.array([1]), label="a batch of one")
    yield case(3.0, probabilities, np.array([2, 2]), label="upstream = 3")
    for batch, classes in ((4, 3), (3, 5), (7, 2)):
        scores = np.exp(rng.normal(size=(batch, classes)))
        probabilities = scores / scores.sum(axis=1, keepdims=True)
        yield case(float(rng.uniform(0.5, 2.0)), probabilities, rng.integers(0, classes, size=batch))


cross_entropy_backward = Exercise(
    backprop.cross_entropy_backward,
    cases=_loss_cases,
    hints=[
        "For one example the gradient is: what the model said minus what it should have said.",
        "What it should have said is a one-hot row. Subtracting it means subtracting 1 at the target of each row.",
        "On a copy: `gradient[np.arange(len(targets)), targets] -= 1`. Then times upstream, divided by the batch size.",
    ],
)


@cross_entropy_backward.mistake(
    "the mean over the batch was forgotten", do="The loss is a mean, so every example counts one batch-size-th."
)
def _sum_over_the_batch(upstream, probabilities, targets):
    return backprop.cross_entropy_backward(upstream, probabilities, targets) * len(targets)


@cross_entropy_backward.mistake(
    "the upstream gradient was left out", do="The loss may be multiplied by something afterwards: times upstream."
)
def _no_upstream(upstream, probabilities, targets):
    return backprop.cross_entropy_backward(1.0, probabilities, targets)


@cross_entropy_backward.mistake(
    "the sign is wrong",
    do="Raising the right class's logit lowers the loss, so its gradient is negative: probabilities minus one-hot.",
)
def _sign(upstream, probabilities, targets):
    return -backprop.cross_entropy_backward(upstream, probabilities, targets)


@cross_entropy_backward.mistake(
    "the probabilities were changed in place",
    do="They belong to the forward pass, and somebody may still need them. Begin with probabilities.copy().",
)
def _in_place(upstream, probabilities, targets):
    probabilities[np.arange(len(targets)), targets] -= 1
    probabilities *= upstream / len(targets)
    return probabilities


@cross_entropy_backward.mistake(
    "only the targets' entries got a gradient",
    do="The other classes share the softmax: pushing one up pushes the right one down. Their gradient is p.",
)
def _targets_only(upstream, probabilities, targets):
    one_hot = np.eye(probabilities.shape[1])[targets]
    return backprop.cross_entropy_backward(upstream, probabilities, targets) * one_hot


@cross_entropy_backward.mistake(
    "the 1 was subtracted from whole columns",
    do="probabilities[:, targets] takes every row. Pair them up: [np.arange(len(targets)), targets].",
)
def _whole_columns(upstream, probabilities, targets):
    gradient = probabilities.copy()
    gradient[:, targets] -= 1
    return gradient * upstream / len(targets)


@cross_entropy_backward.mistake(
    "it was divided by the number of classes", do="The mean runs over the examples: divide by the number of rows."
)
def _by_the_classes(upstream, probabilities, targets):
    right = backprop.cross_entropy_backward(upstream, probabilities, targets)
    return right * len(targets) / probabilities.shape[1]


@cross_entropy_backward.mistake(
    "the numbers of the classes were subtracted",
    do="A target says where the 1 is. Subtract 1 at that place of the row, not the target itself.",
)
def _class_numbers(upstream, probabilities, targets):
    return upstream * (probabilities - targets) / len(targets)


@cross_entropy_backward.mistake(
    "this is the gradient for the probabilities, not for the logits",
    do="-1/q is the derivative of -log q. The softmax belongs to this node: go on through it, to q - y.",
)
def _for_probabilities(upstream, probabilities, targets):
    rows = np.arange(len(targets))
    gradient = np.zeros_like(probabilities)
    gradient[rows, targets] = -upstream / probabilities[rows, targets] / len(targets)
    return gradient


@cross_entropy_backward.alternative
def _with_one_hot(upstream, probabilities, targets):
    return upstream * (probabilities - np.eye(probabilities.shape[1])[targets]) / probabilities.shape[0]


@cross_entropy_backward.alternative
def _row_by_row(upstream, probabilities, targets):
    rows = []
    for row, target in zip(probabilities.tolist(), targets, strict=True):
        rows.append([upstream * (p - (k == target)) / len(targets) for k, p in enumerate(row)])
    return np.array(rows)


# topological_order


class _Node:
    """A node with nothing but a name and parents."""

    def __init__(self, name, parents):
        self.name, self.parents = name, parents


def _named_order(subject, graph, output):
    """Builds the nodes of {name: names of its parents}, and names the nodes that come back."""
    nodes = {}
    for name, parents in graph.items():
        nodes[name] = _Node(name, tuple(nodes[parent] for parent in parents))
    order = subject(nodes[output])
    return [getattr(node, "name", node) for node in order] if isinstance(order, (list, tuple)) else order


def _graph_cases(rng):
    # The shallow use of p comes first: with p·x + p a walk in the order of first visits happens to be right.
    yield case({"x": [], "p": ["x", "x"], "p·x": ["p", "x"], "q": ["p", "p·x"]}, "q", label="q = p + p·x with p = x·x")
    yield case({"x": [], "p": ["x", "x"], "p·x": ["p", "x"], "q": ["p·x", "p"]}, "q", label="q = p·x + p with p = x·x")
    yield case({"x": []}, "x", label="a single leaf")
    yield case({"x": [], "other": [], "y": ["x"]}, "y", label="a node that does not lead to the output")
    graph = {"x": [], "y": [], "z": [], "a": ["x", "y"], "b": ["y", "z"], "f": ["a", "b"]}
    yield case(graph, "f", label="f = (x + y) · max(y, z)")
    diamond = {"0": []} | {str(i): [str(i - 1), str(i - 1)] for i in range(1, 9)}
    yield case(diamond, "8", label="eight nodes that each use the one before twice")
    for count in (8, 12):
        graph = {"n0": []}
        for i in range(1, count):
            graph[f"n{i}"] = [f"n{j}" for j in rng.integers(0, i, size=rng.integers(1, 4))]
        yield case(graph, f"n{count - 1}", label=f"a random graph of {count} nodes")
    chain = {"0": []} | {str(i): [str(i - 1)] for i in range(1, 10_000)}
    yield case(chain, "9999", label="a chain of 10,000 nodes")


def _valid_order(got, expected, graph, output):
    """None when every node that leads to output is there once and after its parents."""
    if not isinstance(got, list):
        return "the result is no list of nodes"
    if strangers := [name for name in got if name not in graph]:
        return f"the list holds something that is no node of the graph: {strangers[0]!r}"
    place = {name: i for i, name in enumerate(got)}
    if len(place) < len(got):
        twice = next(name for i, name in enumerate(got) if place[name] != i)
        return f"node {twice} appears {got.count(twice)} times"
    if missing := set(expected) - set(got):
        return f"node {next(name for name in graph if name in missing)} is missing"
    if extra := set(got) - set(expected):
        return f"node {next(name for name in graph if name in extra)} does not lead to the output"
    for name in got:
        for parent in graph[name]:
            if place[parent] > place[name]:
                return f"node {name} comes before its parent {parent}"
    return None


topological_order = Exercise(
    backprop.topological_order,
    cases=_graph_cases,
    differ=_valid_order,
    probe=_named_order,
    hints=[
        "A node may enter the list only when all its parents are in it. So walk to the parents first, "
        "and add the node on the way back.",
        "Without recursion you need a stack of your own. Put a node on it twice: once to visit its parents, "
        "once to say that they are done.",
        "Take (node, parents_are_done) off the stack. Done: append the node. New: mark it as seen, push (node, True), "
        "then push each parent with False, which will come off first. Mark nodes by id(node).",
    ],
)


@topological_order.mistake(
    "nodes enter the list when they are first met",
    do="Met early does not mean finished early: p is met before p·x, which needs it. "
    "Add a node when its parents are in.",
)
def _preorder(output):
    order, seen, stack = [], set(), [output]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            order.append(node)
            stack.extend(reversed(node.parents))
    return order[::-1]


@topological_order.mistake(
    "the graph was walked level by level from the output",
    do="A node can be near the output on one path and far from it on another. Its parents decide, not its distance.",
)
def _level_by_level(output):
    order, seen = [output], {id(output)}
    for node in order:
        for parent in node.parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                order.append(parent)
    return order[::-1]


@topological_order.mistake(
    "a node that is used twice was visited twice",
    do="Remember what you have seen, in a set of id(node). Without it a graph of 30 nodes can cost a billion visits.",
)
def _no_memory(output):
    order, stack = [], [(output, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        else:
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
    return order


@topological_order.mistake(
    "the function calls itself once for every node",
    do="The order is right, but Python stops at about a thousand calls inside each other. Keep a stack in a list.",
)
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


@topological_order.mistake(
    "the list begins with the output", do="Parents first, output last. Turn the list round before you return it."
)
def _output_first(output):
    return backprop.topological_order(output)[::-1]


@topological_order.mistake("the output itself is missing", do="The output is a node of the graph too; it comes last.")
def _without_the_output(output):
    return backprop.topological_order(output)[:-1]


@topological_order.mistake(
    "the leaves are missing", do="Nodes without parents belong into the list too: they are what we want gradients for."
)
def _without_leaves(output):
    return [node for node in backprop.topological_order(output) if node.parents]


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


def _worked(x, y):
    return (x + y) * (y + 2.0)


def _shallow_use_first(x):
    p = x * x
    return p + p * x


def _deep_use_first(x):
    p = x * x
    return p * x + p


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
    yield case(_worked, {"x": 3.0, "y": 4.0}, label="f = (x + y)(y + 2) at x = 3, y = 4")
    yield case(_shallow_use_first, {"x": 2.0}, label="q = p + p·x with p = x·x at x = 2")
    yield case(_deep_use_first, {"x": 2.0}, label="q = p·x + p with p = x·x at x = 2")
    yield case(_with_maximum, {"x": 1.0, "y": 2.0, "z": 0.0}, label="f = (x + y) · max(y, z) at 1, 2, 0")
    yield case(_worked, {"x": 3.0, "y": 4.0}, 2, label="f = (x + y)(y + 2), with backward called twice")
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


@backward.mistake(
    "a gradient was overwritten where a branch comes in",
    do="A node that is used twice gets two shares. Add the second to the first: parent.grad + downstream.",
)
def _overwritten(output):
    order = backprop.topological_order(output)
    output.grad = np.ones_like(output.value)
    for node in reversed(order):
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if downstream is not None:
                parent.grad = downstream


@backward.mistake(
    "a node passed its gradient on before it had all of it",
    do="In q = p + p·x, p must wait for the share that comes through p·x. Walk in reversed topological order.",
)
def _too_early(output):
    order, seen = [output], {id(output)}
    for node in order:
        node.grad = None
        for parent in node.parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                order.append(parent)
    output.grad = np.ones_like(output.value)
    for node in order:
        _pass_on(node)


@backward.mistake(
    "a node passed on its whole gradient again with every share that came in",
    do="What a node passes on must contain each share once. Let every node work once, when all its shares are in.",
)
def _again_and_again(output):
    def hand_down(node):
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if downstream is not None:
                parent.grad = downstream if parent.grad is None else parent.grad + downstream
                hand_down(parent)

    for node in backprop.topological_order(output):
        node.grad = None
    output.grad = np.ones_like(output.value)
    hand_down(output)


@backward.mistake(
    "the gradients began as plain numbers",
    do="A gradient is an array shaped like its value: np.ones_like(output.value), np.zeros_like(node.value).",
)
def _plain_numbers(output):
    order = backprop.topological_order(output)
    for node in order:
        node.grad = 0
    output.grad = 1
    for node in reversed(order):
        _pass_on(node)


@backward.mistake(
    "the gradients of an earlier call were still there",
    do="Set node.grad to None for every node of the order before you start.",
)
def _not_reset(output):
    order = backprop.topological_order(output)
    output.grad = np.ones_like(output.value)
    for node in reversed(order):
        _pass_on(node)


@backward.mistake(
    "the walk began with nothing", do="The output's own gradient is one: output.grad = np.ones_like(output.value)."
)
def _no_beginning(output):
    order = backprop.topological_order(output)
    for node in order:
        node.grad = np.zeros_like(node.value)
    for node in reversed(order):
        _pass_on(node)


@backward.mistake(
    "adding to one gradient changed another",
    do="An addition hands the same array to both inputs, and += changes it for both. Keep a copy, or add with +.",
)
def _same_array(output):
    order = backprop.topological_order(output)
    for node in order:
        node.grad = None
    output.grad = np.ones_like(output.value)
    for node in reversed(order):
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if parent.grad is None:
                parent.grad = downstream
            elif downstream is not None:
                parent.grad += downstream


@backward.mistake(
    "a None was added to something",
    do="A node's own grad may still be None, and local_backward says None for a parent that needs no gradient. "
    "Ask before you add.",
)
def _none_added(output):
    order = backprop.topological_order(output)
    for node in order:
        node.grad = np.zeros_like(node.value)
    output.grad = np.ones_like(output.value)
    for node in reversed(order):
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            parent.grad = parent.grad + downstream


@backward.mistake(
    "the walk went from the leaves to the output",
    do="Gradients come from the output: reversed(topological_order(output)).",
)
def _forwards(output):
    order = backprop.topological_order(output)
    for node in order:
        node.grad = np.zeros_like(node.value)
    output.grad = np.ones_like(output.value)
    for node in order:
        _pass_on(node)


def _pass_on(node):
    """Add a node's downstream gradients to its parents'; the rest of a right backward."""
    if node.grad is not None:
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if downstream is not None:
                parent.grad = downstream if parent.grad is None else parent.grad + downstream


@backward.alternative
def _from_zeros(output):
    order = backprop.topological_order(output)
    for node in order:
        node.grad = np.zeros_like(node.value)
    output.grad += 1
    for node in order[::-1]:
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if downstream is not None:
                parent.grad += downstream


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
    X = np.array([[1.0, -1.0], [0.5, 2.0], [-1.0, 1.0]])
    W1, b1 = np.array([[1.0, -1.0, 0.5], [0.5, 1.0, -1.0]]), np.array([0.0, 0.5, -0.25])
    W2, b2 = np.array([[1.0, -1.0], [0.5, 0.0], [-1.0, 2.0]]), np.array([0.1, 0.0])
    yield case(X, np.array([0, 1, 1]), W1, b1, W2, b2, label="the worked example")
    for number, (batch, inputs, hidden, classes) in enumerate(((1, 3, 4, 2), (7, 2, 5, 3), (4, 3, 6, 5), (5, 4, 3, 2))):
        offset = 1000.0 if number == 2 else 0.0
        yield case(
            rng.normal(size=(batch, inputs)),
            rng.integers(0, classes, size=batch),
            rng.normal(size=(inputs, hidden)),
            rng.normal(size=hidden),
            rng.normal(size=(hidden, classes)),
            rng.normal(size=classes) + offset,
            label=("a batch of one", "a batch of seven", "large logits", "")[number],
        )


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


def _softmax_rows(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _two_layers(mask=None, divide=True, summed=False, into_W2=None, softmax=_softmax_rows, biases=None):
    """The right function with one step replaced."""

    def gradients(X, targets, W1, b1, W2, b2):
        with np.errstate(all="ignore"):
            Z = X @ W1 + b1
            A = np.maximum(Z, 0)
            probabilities = softmax(A @ W2 + b2)
            rows = np.arange(len(X))
            losses = -np.log(probabilities[rows, targets])
        delta2 = probabilities.copy()
        delta2[rows, targets] -= 1
        if divide:
            delta2 /= len(X)
        back = delta2 @ W2.T
        delta1 = back * mask(Z, back) if mask else back * (Z > 0)
        total = biases or (lambda delta: delta.sum(axis=0))
        return {
            "loss": losses.sum() if summed else losses.mean(),
            "W1": X.T @ delta1,
            "b1": total(delta1),
            "W2": (into_W2(Z) if into_W2 else A).T @ delta2,
            "b2": total(delta2),
        }

    return gradients


two_layer_gradients.mistake(
    "the ReLU was forgotten on the way back", do="Where Z was not positive, nothing came through: multiply by (Z > 0)."
)(_two_layers(mask=lambda Z, back: np.ones_like(Z)))
two_layer_gradients.mistake(
    "the sign of the signal decided what passes the ReLU",
    do="The gate was set on the way forward: it is open where Z > 0, whatever sign comes back.",
)(_two_layers(mask=lambda Z, back: back > 0))
two_layer_gradients.mistake(
    "the signal was multiplied by A, not by the slope of the ReLU", do="The slope is 1 or 0: multiply by (Z > 0)."
)(_two_layers(mask=lambda Z, back: np.maximum(Z, 0)))
two_layer_gradients.mistake(
    "the gradients belong to the sum of the losses, not to their mean", do="Divide delta2 by the batch size, once."
)(_two_layers(divide=False))
two_layer_gradients.mistake(
    "the losses were added up, not averaged", do="The loss is the mean over the batch, and so are its gradients."
)(_two_layers(divide=False, summed=True))
two_layer_gradients.mistake(
    "the softmax was taken over the whole batch",
    do="Every row is an example of its own: sum over axis 1, keepdims=True.",
)(_two_layers(softmax=lambda logits: np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()))
two_layer_gradients.mistake(
    "the gradient of W2 was computed from Z, not from A", do="W2 meets the hidden values after the ReLU: A.T @ delta2."
)(_two_layers(into_W2=lambda Z: Z))
two_layer_gradients.mistake(
    "the biases' gradients were averaged over the batch",
    do="The mean is in delta already. A bias is added to every row, so its gradient is the sum over the rows.",
)(_two_layers(biases=lambda delta: delta.mean(axis=0)))
two_layer_gradients.mistake(
    "the biases' gradients were not summed over the batch",
    do="A bias is added to every row: one bias, many uses. Sum over axis 0.",
)(_two_layers(biases=lambda delta: delta))
two_layer_gradients.mistake(
    "the softmax overflows for large logits",
    do="Subtract each row's largest logit before np.exp; the result is the same.",
)(_two_layers(softmax=lambda logits: np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)))


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
