# ---
# title: Backpropagation
# lecture: Matrix calculus and backpropagation
# goals:
#   - read a gradient and a Jacobian, and chain them
#   - derive the gradients of a layer by hand, and check them with a measurement
#   - draw a computation as a graph, and send gradients through it node by node
#   - write the engine that does this for any graph, and say why it costs so little
#   - find a bug in a backward function, and tell when gradients vanish, explode or die
# builds_on: [start_here, words]
# minutes: 270
# sources:
#   - "David Rumelhart, Geoffrey Hinton and Ronald Williams, *Learning representations by back-propagating errors*
#     (1986): the paper that made it popular. Seppo Linnainmaa had the algorithm in his thesis of 1970."
#   - "Terence Parr and Jeremy Howard, *The Matrix Calculus You Need For Deep Learning* (2018): the first third of this
#     lesson, at leisure."
#   - "Atılım Güneş Baydin and others, *Automatic differentiation in machine learning: a survey* (2018): forward mode,
#     reverse mode, and what lies between."
#   - "Andrej Karpathy, *micrograd* and *Yes you should understand backprop* (2016): an engine for single numbers, and
#     why the engine is no excuse."
#   - "Ronan Collobert and Jason Weston, *A unified architecture for natural language processing* (2008): the window
#     scorer of section 4."
#   - "Xavier Glorot and Yoshua Bengio, *Understanding the difficulty of training deep feedforward neural networks*
#     (2010): the experiment of section 12."
# ---

# %%
import time
from itertools import pairwise

from course_lib import check, hint, solution
from course_lib.widgets.picture import picture
import numpy as np
from matplotlib import pyplot as plt

np.set_printoptions(precision=4, suppress=True)

# %% [markdown]
# ## 1. A machine with a million knobs
#
# A neural network is a machine with knobs. Its weights are the knobs. You put a sentence in, and out comes a number
# that says how wrong the answer was: the **loss**. Learning means turning the knobs until the loss is small.
#
# Which way should each knob be turned? You could try: turn one a little, run the machine, look at the loss, turn it
# back, go on to the next. With a million knobs that is a million runs for one small step.
#
# **Backpropagation** answers the question for all knobs at once, and it takes about as long as two or three runs. No
# trick in this course matters more. At the end of this lesson you will have written it yourself.
#
# It is a long lesson. Do it in two sittings; a good place for the break is marked at the end of section 7.
#
# One sentence is our motto for the first third:
#
# > Calculus with many variables is calculus with one variable, with matrices in it.
#
# So let us begin with one.
#
# ### One knob
#
# Let $y = (3x + 1)^2$. At $x = 2$ we get $y = 49$. Now nudge $x$ by a thousandth and see how far $y$ moves.


# %%
def y_of(x):
    return (3 * x + 1) ** 2


nudge = 0.001
print(f"y moves by {y_of(2 + nudge) - y_of(2):.4f}, that is {(y_of(2 + nudge) - y_of(2)) / nudge:.1f} times the nudge")
#> y moves by 0.0420, that is 42.0 times the nudge

# %% [markdown]
# That factor is the **derivative**: how fast the output moves when the input moves.
#
# Why 42? Follow the nudge through the two steps of the computation. The first step is $z = 3x + 1$. It makes every
# nudge 3 times larger. The second is $y = z^2$. Its derivative is $2z$, and at $z = 7$ it makes every nudge
# 14 times larger. Together: $14 \cdot 3 = 42$.
#
# $$\frac{dy}{dx} = \frac{dy}{dz} \cdot \frac{dz}{dx}$$
#
# This is the **chain rule**: along a chain, the factors multiply. Like gears. The whole lesson is this rule, with
# more and more going through it.

# %% [markdown]
# ## 2. Many knobs: the gradient
#
# Let a function have $n$ inputs and one output, as a loss has. Each input has a derivative of its own, taken while
# the others stand still: a **partial derivative**. Put them in a list and you have the **gradient**:
#
# $$\nabla f = \left[
# \frac{\partial f}{\partial x_1}, \frac{\partial f}{\partial x_2}, \dots, \frac{\partial f}{\partial x_n}
# \right]$$
#
# Take $f(x_1, x_2) = x_1^2 + x_2^2$. Its gradient is $[2x_1, 2x_2]$, at the point $(1, 1)$ it is $[2, 2]$. Which way
# does that point? **Predict first, then run:** one small step along the gradient, one against it. Where is $f$
# larger?


# %%
def bowl(x):
    return x[0] ** 2 + x[1] ** 2


here = np.array([1.0, 1.0])
gradient = 2 * here
print("f here                     ", bowl(here))
print("after a step along it      ", round(bowl(here + 0.1 * gradient), 2))
print("after a step against it    ", round(bowl(here - 0.1 * gradient), 2))

# %% tags=["solution"]
assert [round(bowl(here + step * gradient), 2) for step in (0, 0.1, -0.1)] == [2.0, 2.88, 1.28]

# %% [markdown]
# The gradient points **uphill**, the steepest way up. Its length says how steep. (You will read that it points
# downhill. It does not.) To make a loss smaller, walk against it:
#
# $$\theta \leftarrow \theta - \alpha \nabla L(\theta)$$
#
# Here $\theta$ stands for all knobs, $L$ for the loss, and $\alpha$ is a small number, the learning rate.

# %%
figure, axes = plt.subplots(figsize=(5, 4.2), layout="constrained")
grid = np.linspace(-2.2, 2.2, 90)
axes.contour(grid, grid, bowl(np.array(np.meshgrid(grid, grid))), levels=[0.25, 1, 2, 4, 6], cmap="cividis")
for point in ([1, 1], [-1, 0.5], [0.3, -1.2]):
    for sign, colour in ((0.3, "#d55e00"), (-0.3, "#0072b2")):
        axes.annotate(
            "",
            np.add(point, sign * 2 * np.array(point)),
            point,
            arrowprops={"arrowstyle": "->", "color": colour, "lw": 2},
        )
axes.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$", title="orange: the gradient, blue: against it")
picture(
    figure,
    "Circular contour lines of the bowl. At three points an orange arrow, the gradient, points outwards and uphill, at "
    "right angles to the contour. A blue arrow of the same length points the opposite way, downhill to the centre.",
)

# %% [markdown]
# The arrows stand at right angles to the contour lines. Along a contour nothing changes. The steepest way is the one
# that wastes nothing on standing still.
#
# ### Measuring a gradient
#
# You need not know a formula to *measure* a gradient. Nudge one input and see. There are two ways to do it:
#
# $$\text{one-sided: } \frac{f(x + \varepsilon) - f(x)}{\varepsilon} \qquad\qquad
# \text{two-sided: } \frac{f(x + \varepsilon) - f(x - \varepsilon)}{2 \varepsilon}$$
#
# The two-sided one costs no more code and is far better: what it gets wrong on the right, it gets wrong on the left
# with the opposite sign, and most of that cancels. The first has an error that shrinks like $\varepsilon$, the second
# one that shrinks like $\varepsilon^2$.
#
# So the smaller the better? **Predict first, then run.** What happens to the error as $\varepsilon$ gets very small?

# %%
steps = np.logspace(-12, -0.5, 60)
figure, axes = plt.subplots(figsize=(8, 3.8), layout="constrained")
best = {}
for number, colour in ((np.float64, "#0072b2"), (np.float32, "#d55e00")):
    x, right = number(1.0), np.exp(1.0)  # the derivative of exp is exp
    for sides, style in ((1, "--"), (2, "-")):
        low = x if sides == 1 else x - steps.astype(number)
        slope = (np.exp(x + steps.astype(number)) - np.exp(low)) / (sides * steps.astype(number))
        error = np.maximum(np.abs(slope - right) / right, 1e-16)
        name = f"{number.__name__}, {('one', 'two')[sides - 1]}-sided"
        axes.loglog(steps, error, style, color=colour, label=name)
        best[name] = error.min(), steps[error.argmin()]
axes.set(xlabel="step ε", ylabel="relative error", title="measuring the derivative of exp at 1")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
picture(
    figure,
    "Relative error against the step, both axes logarithmic. Every curve is a valley. From the right it falls as the "
    "step shrinks, the two-sided curves twice as steeply. Then it turns and rises again, jagged. For float64, "
    "two-sided, the bottom lies near a step of 1e-5 at an error of about 1e-11; for float32 near 1e-2 at about 1e-5.",
)
assert best["float64, two-sided"][0] < 1e-9 and best["float64, one-sided"][0] < 1e-6
assert best["float32, two-sided"][0] < 1e-3 and best["float32, two-sided"][1] > 1e-4

# %% [markdown]
# Every curve is a valley. On the right side of it the step is too large: the curve of $f$ bends within it. On the
# left side the step is too small: $f(x + \varepsilon)$ and $f(x - \varepsilon)$ agree in almost all their digits, and
# what is left after subtracting is rounding noise.
#
# Three rules follow, and we shall keep to them:
#
# - measure on **two sides**;
# - measure in **float64**, with a step of about $10^{-5}$ or $10^{-6}$;
# - never use such a step in float32: there, at $10^{-6}$, even the second digit is noise.
#
# ### Exercise · numerical_gradient · ●●○ · 10 minutes
#
# **Write** `numerical_gradient(f, x, step)`: the gradient of `f` at `x` by two-sided differences.
#
# - **Input:** a function `f` from an array to one number; an array `x` of any shape; the step.
# - **Output:** a float64 array of the shape of `x`.
# - **Mind:** move one entry at a time. `x` belongs to the caller, leave it as it was. It may hold whole numbers or
#   float32.
# - **Example:** for `f = lambda x: x[0] * x[1]` at `[3.0, 5.0]` the gradient is `[5, 3]`.

# %% tags=["exercise"]
from course_lib.reference.backprop import numerical_gradient

# %%
numerical_gradient = check(numerical_gradient)

# %%
print("the bowl at (1, 1):   ", numerical_gradient(bowl, np.array([1.0, 1.0])))
print("(3x + 1)² at x = 2:   ", numerical_gradient(lambda x: y_of(x[0]), np.array([2.0])))
#> the bowl at (1, 1):    [2. 2.]
#> (3x + 1)² at x = 2:    [42.]

# %% [markdown]
# ## 3. Many outputs: the Jacobian
#
# A layer of a network has many inputs *and* many outputs. Each output has a gradient. Write them below each other and
# you get a matrix, the **Jacobian**:
#
# $$J_{ij} = \frac{\partial f_i}{\partial x_j}$$
#
# Row $i$ belongs to an *output*, column $j$ to an *input*.
#
# With $m$ outputs and $n$ inputs it has the shape $(m, n)$. For example
#
# $$f(x, y) = \begin{bmatrix} x^2 y \\ 5x + \sin y \end{bmatrix} \qquad
# J = \begin{bmatrix} 2xy & x^2 \\ 5 & \cos y \end{bmatrix}$$
#
# Your `numerical_gradient` measures one row at a time:


# %%
def two_outputs(p):
    x, y = p
    return np.array([x**2 * y, 5 * x + np.sin(y)])


def measured_jacobian(f, x):
    """One row for each output, by your numerical_gradient."""
    return np.array([numerical_gradient(lambda p, i=i: f(p)[i], x) for i in range(len(f(x)))])


x, y = point = np.array([1.0, 2.0])
print("measured:\n", measured_jacobian(two_outputs, point))
print("by formula:\n", np.array([[2 * x * y, x**2], [5, np.cos(y)]]))
#> measured:
#>  [[ 4.      1.    ]
#>  [ 5.     -0.4161]]
#> by formula:
#>  [[ 4.      1.    ]
#>  [ 5.     -0.4161]]

# %% [markdown]
# ### The chain rule again, with matrices in it
#
# Let $z = g(x)$ and $h = f(z)$. A nudge of $x_j$ reaches $h_i$ through *every* $z_k$. Along each way the factors
# multiply, and the ways add up:
#
# $$\frac{\partial h_i}{\partial x_j} =
# \sum_k \frac{\partial h_i}{\partial z_k} \cdot \frac{\partial z_k}{\partial x_j}$$
#
# Look at that sum. It is a matrix product. So the chain rule is
#
# $$\frac{\partial h}{\partial x} = \frac{\partial h}{\partial z} \; \frac{\partial z}{\partial x}$$
#
# the **product of the Jacobians**. The motto at work: it looks as it did with one variable. Only the order matters
# now: the last step stands on the left.
#
# ### The pieces of a network
#
# The basic piece is a **layer**. It multiplies its input by a matrix of **weights**, adds a vector of **biases**, and
# then bends every entry with a function $f$, the **activation**: $z = Wx + b$ and $h = f(z)$. Without the bend, two
# layers would be no more than one matrix. Layers between input and output are **hidden** layers, and each entry of
# $h$ is a hidden **unit**. Three activations are in common use:
#
# | | formula | values | slope |
# |---|---|---|---|
# | **sigmoid** | $\sigma(z) = 1 / (1 + e^{-z})$ | 0 to 1, like a probability | $\sigma(z) (1 - \sigma(z))$ |
# | **tanh** | $(e^z - e^{-z}) / (e^z + e^{-z})$ | −1 to 1 | $1 - \tanh(z)^2$ |
# | **ReLU** | $\max(z, 0)$ | 0 and up | 1 where $z > 0$, else 0 |

# %%
z = np.linspace(-5, 5, 401)
sigmoid_of_z = 1 / (1 + np.exp(-z))
slopes = {
    "sigmoid": (sigmoid_of_z, sigmoid_of_z * (1 - sigmoid_of_z)),
    "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2),
    "ReLU": (np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)),
}
figure, panels = plt.subplots(1, 3, figsize=(9, 2.8), layout="constrained", sharey=True)
for axes, (name, (value, slope)) in zip(panels, slopes.items(), strict=True):
    axes.axhline(0, color="#bbbbbb", lw=0.8)
    axes.plot(z, value, color="#0072b2", lw=2, label="value")
    axes.plot(z, slope, "--", color="#d55e00", lw=2, label="slope")
    axes.set(title=f"{name}: steepest slope {slope.max():.2f}", xlabel="z", ylim=(-1.2, 2.2))
panels[0].legend(loc="upper left")
picture(
    figure,
    "Three panels, each with a curve and its slope, dashed. The sigmoid climbs from 0 to 1; its slope is a low hill, "
    "0.25 at z = 0, and nearly 0 beyond 5 on either side. Tanh climbs from -1 to 1; its slope is a hill of height 1, "
    "nearly 0 beyond 3. ReLU is 0 on the left and climbs in a straight line on the right; its slope is a step from 0 "
    "to 1 at z = 0.",
)

# %% [markdown]
# Far out, sigmoid and tanh are flat: they are **saturated**. ReLU is flat on the left only.
#
# Two signs: $u^\top$ is $u$ **transposed**, a column laid down as a row, so $u^\top h$ is the dot product.
# $\operatorname{diag}(v)$ is the square matrix with $v$ on its diagonal and 0 elsewhere. Each piece has a simple
# Jacobian:
#
# | piece | Jacobian | in words |
# |---|---|---|
# | $h = f(z)$, entry by entry | $\partial h / \partial z = \operatorname{diag} f'(z)$ | output $i$ needs input $i$ |
# | $z = Wx + b$ | $\partial z / \partial x = W$ | the weights *are* the derivatives |
# | the same | $\partial z / \partial b = I$ | a bias passes straight through |
# | $s = u^\top h$ | $\partial s / \partial h = u^\top$ | one output: one row |
#
# Put two together. A layer $h = \tanh(Wx + b)$ has the Jacobian $\operatorname{diag}(f'(z)) \, W$. The slope of tanh is
# $1 - \tanh(z)^2$. And $\tanh(z)$ is $h$, which we have anyway. So it is $1 - h^2$.
#
# ### Exercise · tanh_layer_jacobian · ●○○ · 8 minutes
#
# **Write** `tanh_layer_jacobian(W, b, x)`: the Jacobian of $h = \tanh(Wx + b)$ with respect to $x$.
#
# - **Input:** `W` of shape (m, n), `b` of shape (m,), `x` of shape (n,).
# - **Output:** an array of shape (m, n).
# - **Example:** with one input and one output, `W = [[2]]`, `b = [-2]`, `x = [1]`: there z = 0 and the slope of tanh
#   is 1, so the answer is `[[2]]`.

# %% tags=["exercise"]
from course_lib.reference.backprop import tanh_layer_jacobian

# %%
tanh_layer_jacobian = check(tanh_layer_jacobian)

# %%
rng = np.random.default_rng(5)
W, b, x = rng.normal(size=(4, 6)) * 0.5, rng.normal(size=4), rng.normal(size=6)
h = np.tanh(W @ x + b)
measured = measured_jacobian(lambda x: np.tanh(W @ x + b), x)
print("largest difference below 1e-8:", np.abs(tanh_layer_jacobian(W, b, x) - measured).max() < 1e-8)
#> largest difference below 1e-8: True

# %%
figure, panels = plt.subplots(1, 4, figsize=(9, 2.6), layout="constrained", width_ratios=[4, 6, 6, 6])
tanh_part = np.diag(1 - h**2)
titled = {"diag(1 − h²)": tanh_part, "W": W, "their product": tanh_part @ W, "measured": measured}
for axes, (name, matrix) in zip(panels, titled.items(), strict=True):
    axes.imshow(matrix, cmap="RdBu", vmin=-1, vmax=1)
    axes.set(title=name, xticks=[], yticks=[])
panels[0].set_ylabel("outputs")
panels[1].set_xlabel("inputs")
picture(
    figure,
    "Four heat maps. The Jacobian of tanh is a 4 by 4 matrix with colour on the diagonal only. W is 4 by 6. Their "
    "product has the pattern of W with paler rows. The measured Jacobian looks exactly like the product.",
)

# %% [markdown]
# (Blue is positive, red negative, white 0.) The diagonal matrix makes whole rows of $W$ paler. Where a tanh is
# saturated, its factor is near 0, and hardly anything gets through that row. Remember this when we come to deep
# networks.

# %% [markdown]
# ## 4. A small network by hand
#
# Here is a task from real language processing. In "museums in **Paris** are amazing", is the word in the middle a
# place? Take the word and two neighbours on each side, a **window**. Put their five word vectors end to end: that is
# $x$. Then compute a score that should be high for a place:
#
# $$z = Wx + b \qquad h = f(z) \qquad s = u^\top h$$
#
# We want to know how to change $u$, $W$, $b$, and even the word vectors in $x$, so that $s$ grows. Four gradients.
#
# **Start with b.** Three Jacobians from the table, multiplied:
#
# $$\frac{\partial s}{\partial b} = \frac{\partial s}{\partial h} \, \frac{\partial h}{\partial z} \,
# \frac{\partial z}{\partial b} = u^\top \operatorname{diag}(f'(z)) \, I = (u \odot f'(z))^\top$$
#
# The sign $\odot$ means: multiply entry by entry. A row times a diagonal matrix is just that.
#
# **Now x.** The first two factors are the same. Only the last one changes:
#
# $$\frac{\partial s}{\partial x} = \underbrace{u^\top \operatorname{diag}(f'(z))}_{\text{the same again}} \, W$$
#
# So compute that part once and give it a name:
#
# $$\delta = u \odot f'(z)$$
#
# It is the gradient of the score with respect to $z$: the **error signal** that arrives at $z$ from above. Everything
# below $z$ needs it, and nothing below $z$ needs anything else from above. This reuse is the whole secret of
# backpropagation.
#
# ### The gradient of a matrix
#
# What about $W$? It has $m \cdot n$ entries and $s$ is one number, so the Jacobian of $s$ with respect to $W$ would
# be one row of length $mn$. Nobody wants that. We want to add a little of the gradient to $W$ (or, for a loss,
# subtract it), so it should have the shape of $W$. That is the **shape convention**:
#
# > A gradient has the shape of what it is the gradient of.
#
# One entry at a time. $W_{ij}$ occurs only in $z_i = \sum_j W_{ij} x_j + b_i$, where it is multiplied by $x_j$. So
#
# $$\frac{\partial s}{\partial W_{ij}} = \delta_i \, x_j \qquad\text{and all together}\qquad
# \frac{\partial s}{\partial W} = \delta \, x^\top$$
#
# an **outer product**: the signal from above, times the input from below.
#
# Careful: it is $\partial s / \partial W$ that is an outer product. The derivative of the *vector* $z$ with respect
# to the *matrix* $W$ is something else. It has three indices. (`einsum` multiplies by names of indices, and sums over
# those that do not stand behind the arrow.)

# %%
m, n = 3, 10
u, W, b, x = rng.normal(size=m), rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n)
delta = u * (1 - np.tanh(W @ x + b) ** 2)

dz_dW = np.einsum("ij,k->ijk", np.eye(m), x)  # z_i changes with W_jk only if i = j, and then by x_k
print("shape of dz/dW:", dz_dW.shape)
print("delta times it is the outer product:", np.allclose(np.einsum("i,ijk->jk", delta, dz_dW), np.outer(delta, x)))
#> shape of dz/dW: (3, 3, 10)
#> delta times it is the outer product: True

# %% [markdown]
# Two conventions are in use now. **Jacobians** chain by plain matrix products, but come out as rows. **Gradients** in
# the shape convention fit the update. Think in Jacobians, and let the *shapes* tell you at the end what to transpose.
# In short, before you compute:
#
# 1. Name every intermediate result, and write down its shape.
# 2. Keep an eye on the chain: what depends on what?
# 3. Confused? Do a single entry, as we did for $W_{ij}$.
# 4. Check that the shapes fit. There is usually only one way in which they do.
#
# ### Exercise · window_scorer_gradients · ●●○ · 15 minutes
#
# **Write** `window_scorer_gradients(u, W, b, x)` for $s = u^\top \tanh(Wx + b)$.
#
# - **Input:** `u` (m,), `W` (m, n), `b` (m,), `x` (n,).
# - **Output:** a dict with the score under `"s"`, and the gradients of the score under `"u"`, `"W"`, `"b"` and `"x"`,
#   each shaped like what it belongs to.
# - **Example:** with `u = [2]`, `W = [[3]]`, `b = [-3]`, `x = [1]` we have z = 0, h = 0 and a slope of 1 there. So s
#   = 0, delta = 2, and the gradients are u: `[0]`, W: `[[2]]`, b: `[2]`, x: `[6]`.

# %% tags=["exercise"]
from course_lib.reference.backprop import window_scorer_gradients

# %%
window_scorer_gradients = check(window_scorer_gradients)

# %%
words = ["museums", "in", "Paris", "are", "amazing"]
vectors = {word: rng.normal(size=2) for word in words}  # two numbers a word, made up
window = np.concatenate([vectors[word] for word in words])
scored = window_scorer_gradients(u, W, b, window)
print(f"score {scored['s']:.3f}; the gradient for each word vector:")
for word, part in zip(words, scored["x"].reshape(5, 2), strict=True):
    print(f"  {word:8}", part.round(3))

# %% [markdown]
# One gradient for $x$ is five gradients for five word vectors, side by side. That is how word vectors learn. If a
# word occurs twice in the window, its vector gets both gradients, *added up*, in one step.

# %% [markdown]
# ### Is it right? Gradient checking
#
# The check told you. But who checks the next gradient you derive, the one that is in no course? You do, with a
# measurement. Two runs of the function for every parameter are no way to train. They are a way to **test**: on a small
# example, once, before you trust your formula.
#
# How close is close enough? An absolute limit is no good. Suppose the true gradient has entries of 0.005, and your
# broken function returns zeros. The difference is 0.005. Someone who accepts differences up to 0.01 has just accepted
# a gradient that is zero everywhere. So measure the error relative to the size:
#
# $$\text{error} = \max_i \frac{|a_i - n_i|}{\max(|a_i|, |n_i|, \text{floor})}$$
#
# where $a$ is your formula, $n$ the numerical gradient. The small *floor* is there because two entries of $10^{-12}$
# are both just noise, and because 0 and 0 should agree.
#
# In float64 a right gradient comes out below $10^{-6}$. A wrong one is usually above $10^{-2}$. There is a wide
# desert between, and that makes the method so reliable.
#
# ### Exercise · gradient_check · ●●○ · 10 minutes
#
# **Write** `gradient_check(f, x, gradient, floor)`: the largest relative error of a claimed gradient.
#
# - **Input:** `f` from an array to a number; `x`; the gradient that somebody claims; the floor.
# - **Output:** one number, the error of the worst entry. A `ValueError` when the shapes of `x` and `gradient` differ.
# - **Example:** for `f = lambda x: x[0] ** 2` at `[1.0]` the claim `[2.0]` gives about 0, the claim `[1.0]` gives
#   0.5.
#
# Use your `numerical_gradient`.

# %% tags=["exercise"]
from course_lib.reference.backprop import gradient_check

# %%
gradient_check = check(gradient_check)

# %% [markdown]
# Now check your own formulas with your own measurement. Each of the four parameters has its turn; the others stand
# still.

# %%
inputs = {"u": u, "W": W, "b": b, "x": x}
gradients = window_scorer_gradients(**inputs)


def score_with(name):
    """The score as a function of one of the four alone."""
    return lambda value: window_scorer_gradients(**{**inputs, name: value})["s"]


for name, value in inputs.items():
    error = gradient_check(score_with(name), value, gradients[name])
    print(f"{name}: {'right' if error < 1e-6 else 'WRONG'}")
#> u: right
#> W: right
#> b: right
#> x: right

# %% [markdown]
# ### When the measurement is wrong
#
# A ReLU has a **kink** at 0. Let an input lie closer to it than the step of the measurement. The right slope there is
# 1. What does your check say?

# %%
for where in (1e-6, 1e-3):
    error = gradient_check(lambda x: np.maximum(x, 0).sum(), np.array([where]), np.array([1.0]))
    print(f"ReLU at {where:.6f}, claimed slope 1: error {error:.2f}")
#> ReLU at 0.000001, claimed slope 1: error 0.45
#> ReLU at 0.001000, claimed slope 1: error 0.00

# %% [markdown]
# The step of $10^{-5}$ reached over the kink and measured a mixture of both sides. So in networks with ReLU or max,
# when a few entries fail, see whether something lies that close to a kink, and check again at other random numbers. A
# wrong formula fails there, too.
#
# **A trap.** You will meet checkers that shift a whole weight matrix at once, because that is one line shorter. What
# do they measure? **Predict first, then run.**

# %%
score = score_with("W")
lazy = (score(W + 1e-6) - score(W - 1e-6)) / 2e-6
print(f"shifting all of W gives {lazy:.4f}")
print(f"the gradient has {W.size} entries, and begins with", gradients["W"][0, :3])

# %% [markdown]
# <details><summary>What it measured</summary>
#
# One number for thirty entries: their **sum**. A hundred wrong gradients have the right sum.
#
# </details>

# %%
print("the difference from that is below 1e-6:", abs(lazy - gradients["W"].sum()) < 1e-6)
#> the difference from that is below 1e-6: True

# %% [markdown]
# ## 5. Computation graphs
#
# By hand we got through one layer. For a whole network we need a method that needs no cleverness. Here it is.
#
# Break the computation into single operations. Each one becomes a **node**. Draw an edge from each node to the ones
# that use its value. Values flow along the edges, no edge leads back, and the result is a **directed acyclic graph**.
# For the scorer it is a chain with a few side entrances: $x \to Wx \to z \to h \to s$.
#
# Let us take a smaller one, with numbers you can do in your head:
#
# $$f = (x + y)(y + 2) \qquad x = 3, \; y = 4$$
#
# **Forward**, from the inputs to the result, each node computes its value *and keeps it*:
#
# $a = x + y = 7 \qquad b = y + 2 = 6 \qquad f = a \cdot b = 42$
#
# **Backward**, from the result to the inputs, each node gets the gradient of $f$ with respect to its own output. That
# is its **upstream** gradient. It multiplies it by the derivative of its own little operation, the **local**
# gradient, and hands the product on to its inputs, the **downstream** gradient:
#
# > downstream = upstream × local
#
# That is the chain rule, and nothing else. A node knows nothing of the network around it.
#
# | node | upstream | local | downstream |
# |---|---|---|---|
# | start | | | ∂f/∂f = 1 |
# | f = a · b | 1 | for a: b = 6, for b: a = 7 | to a: 6, to b: 7 |
# | a = x + y | 6 | 1 and 1 | to x: 6, to y: 6 |
# | b = y + 2 | 7 | 1 | to y: 7 |
#
# So $\partial f / \partial x = 6$. And $y$? It is used in two places, and a gradient comes back from each: 6 through
# $a$, 7 through $b$. Nudge $y$, and *both* factors move. The effects add: $\partial f / \partial y = 6 + 7 = 13$.
#
# > Where a value branches out on the way forward, gradients **add up** on the way back.
#
# Do you believe it? Measure it.

# %%
print(numerical_gradient(lambda p: (p[0] + p[1]) * (p[1] + 2), np.array([3.0, 4.0])))
#> [ 6. 13.]

# %% [markdown]
# ### Watch it
#
# Below is the same graph, drawn from an engine that does exactly this. In a few sections it will be *your* engine.
# (In the code, a `Tensor` is an array that remembers how it was computed, `.named` gives it a name in the picture, and
# `trace` writes the graph down. Section 6 opens the box.)
#
# Step forward with the → button until the result is there, then on through the backward steps. Each edge shows
# upstream × local = downstream. Click a node to see all its numbers; from then on the arrow keys work too: left and
# right for steps, up and down for nodes.
#
# - Change $x$ to 10. **Predict first:** which gradients change, and which stay?
# - The other expression is $(x + y) \cdot \max(y, z)$ at $(1, 2, 0)$. **Predict first**, on paper: its value and its
#   three gradients. Then choose it and step through. Why does $z$ get nothing?
# - Set $z$ to 2, so that it ties with $y$. What would you want to happen?

# %%
from course_lib.reference.backprop import Tensor, maximum, trace
from course_lib.widgets import ComputationGraph
from course_lib.widgets.graph import central_differences


def leaves(inputs):
    """A Tensor for each input, under its name."""
    return [Tensor(value, label=name) for name, value in inputs.items()]


def sum_times_sum(**inputs):
    x, y = leaves(inputs)
    f = ((x + y).named("a") * (y + 2).named("b")).named("f")
    f.backward()
    return trace(f)


def sum_times_maximum(**inputs):
    x, y, z = leaves(inputs)
    f = ((x + y).named("a") * maximum(y, z).named("b")).named("f")
    f.backward()
    return trace(f)


ComputationGraph(
    {
        "(x + y)(y + 2)": (sum_times_sum, {"x": 3.0, "y": 4.0}),
        "(x + y) · max(y, z)": (sum_times_maximum, {"x": 1.0, "y": 2.0, "z": 0.0}),
    },
    check=central_differences,
)

# %%
print("measured:", numerical_gradient(lambda p: (p[0] + p[1]) * max(p[1], p[2]), np.array([1.0, 2.0, 0.0])))

# %% tags=["solution"]
at_1_2_0 = numerical_gradient(lambda p: (p[0] + p[1]) * max(p[1], p[2]), np.array([1.0, 2.0, 0.0]))
assert np.allclose(at_1_2_0, [2, 5, 0])

# %% [markdown]
# <details><summary>Answers, when you have tried</summary>
#
# With x = 10 the factor a becomes 14. So b gets 14 from upstream instead of 7, and y gets 6 + 14 = 20. The gradients of
# a and of x stay, for they depend on b alone, and b = y + 2 does not change.
#
# At (1, 2, 0): a = 3, b = 2, f = 6. Backward, a gets 2 and b gets 3. The addition copies: x gets 2 and y gets 2. The
# maximum sends its 3 to y alone. Together y gets 2 + 3 = 5. And z gets 0: it is the smaller one, and a nudge of z does
# not show in the maximum. In a tie there is no right answer, see below.
#
# </details>

# %% [markdown]
# Did you see the characters of the nodes?
#
# | node | what it does with the upstream gradient |
# |---|---|
# | **add** | **copies** it: each input gets the whole of it, not a half |
# | **multiply** | **swaps**: each input gets it times the *other* input |
# | **max** | **routes**: the larger input gets all of it, the other one nothing |
# | **ReLU** | a **gate**: lets it through where the input was positive |
# | **branch** | **adds up** what comes back |
#
# In a tie, a maximum has a corner and no derivative. You must choose. Our rule: the first input gets everything.
# PyTorch splits it in two halves. Both are fine. To give it to both inputs in full would count it twice.

# %% [markdown]
# ## 6. What each node hands down
#
# In a network the values are arrays. Let us write the rules for arrays, one function for each kind of node. Each gets
# the upstream gradient and the inputs that were kept on the way forward, and returns one downstream gradient per
# input.
#
# ### First a small obstacle: broadcasting
#
# Networks read many examples at once, a **batch**: a matrix with one example in each row. A bias of shape (3,) is added
# to a batch of shape (5, 3). NumPy stretches the bias: it is used in five rows. Five uses of one value: a branch. So
# its gradient is the *sum* over the five rows. Every operation with broadcasting needs this step on the way back.
#
# ### Exercise · unbroadcast · ●●○ · 12 minutes
#
# **Write** `unbroadcast(gradient, shape)`: sum a gradient back to the shape that an input had before it was
# stretched.
#
# - **Input:** `gradient`, an array of the large shape; `shape`, a tuple that broadcasts to it. For a single number it
#   is ().
# - **Output:** an array of that shape. Where nothing was stretched, the gradient itself.
# - **Mind:** shapes are lined up on the right. There are two kinds of axes to sum over: new ones in front, and those
#   of length 1 that were stretched.
# - **Example:** a gradient of ones of shape (5, 3) becomes `[5, 5, 5]` for shape (3,), and a column of threes for
#   shape (5, 1).

# %% tags=["exercise"]
from course_lib.reference.backprop import unbroadcast

# %%
unbroadcast = check(unbroadcast)

# %% [markdown]
# ### Exercise · multiply_backward · ●○○ · 6 minutes
#
# **Write** `multiply_backward(upstream, a, b)`: what a node a · b hands down, entry by entry.
#
# - **Input:** `upstream`, of the shape of the product; `a` and `b`, either of which may have been broadcast.
# - **Output:** a tuple of two arrays, the gradient for `a` in the shape of `a`, the gradient for `b` in the shape of
#   `b`. Your `unbroadcast` helps.
# - **Example:** upstream 10, a = 3, b = 5 gives 50 for a and 30 for b.

# %% tags=["exercise"]
from course_lib.reference.backprop import multiply_backward

# %%
multiply_backward = check(multiply_backward)

# %% [markdown]
# ### Exercise · maximum_backward · ●○○ · 6 minutes
#
# **Write** `maximum_backward(upstream, a, b)`: what a node max(a, b) hands down, entry by entry.
#
# - **Input:** `upstream`, of the shape of the maximum; `a` and `b`, either of which may have been broadcast.
# - **Output:** a tuple of two arrays in the shapes of `a` and `b`. In a tie, `a` gets the gradient.
# - **Example:** upstream `[10, 20]`, a = `[1, 5]`, b = `[4, 3]` gives `[0, 20]` for a and `[10, 0]` for b.

# %% tags=["exercise"]
from course_lib.reference.backprop import maximum_backward

# %%
maximum_backward = check(maximum_backward)

# %% [markdown]
# ### The matrix product
#
# This is the node in which networks spend their time: $Y = AB$. For a matrix and a vector we have the answer from
# section 4: back through $W$ means $W^\top \delta$, and the gradient of $W$ is $\delta x^\top$. For two matrices it
# is the same:
#
# $$dA = dY \, B^\top \qquad\qquad dB = A^\top dY$$
#
# where $dY$ is short for the upstream gradient. No need to learn it by heart. The shapes allow nothing else:
#
# | | shape | |
# |---|---|---|
# | $dY$ | (m, n) | |
# | $dA$ | (m, k) | $dY$ (m, n) times $B^\top$ (n, k) |
# | $dB$ | (k, n) | $A^\top$ (k, m) times $dY$ (m, n) |
#
# ### Exercise · matmul_backward · ●●○ · 12 minutes
#
# **Write** the two missing lines of `matmul_backward(upstream, a, b, needed)`.
#
# - **Input:** `upstream` (..., m, n), `a` (..., m, k), `b` (..., k, n). The dots stand for axes in front: a stack of
#   matrices, which may have been broadcast.
# - **Output:** the gradients for `a` and `b` in their shapes. `needed` says which of the two anybody wants; the other
#   is None.
# - **Mind:** in a stack it is the last two axes that change places, and `.T` would turn round all of them:
#   `.swapaxes(-1, -2)`.
# - **Example:** `a = [[1, 2]]`, `b = [[3], [4]]`, upstream `[[10]]` gives `[[30, 40]]` for a and `[[10], [20]]` for
#   b.
#
# Why `needed`? The input of a network is never trained. To compute its gradient would be work for the bin, and in the
# first layer, the largest one, that is half of all the work on the way back.

# %% tags=["exercise"]
from course_lib.reference.backprop import matmul_backward

# %%
matmul_backward = check(matmul_backward)

# %% [markdown]
# ### Two functions make an operation
#
# That is all a framework knows about an operation: how to compute it **forward**, and what it hands down
# **backward**. What the backward needs later, the forward keeps. Our engine has a function that puts the two
# together. Its result works on a `Tensor`: an array that remembers how it was computed.

# %%
from course_lib.reference.backprop import operation

my_multiply = operation("multiply", np.multiply, multiply_backward)
my_maximum = operation("maximum", np.maximum, maximum_backward)
my_matmul = operation("matmul", np.matmul, matmul_backward)

a, b = Tensor([[1.0, 2.0]], label="a"), Tensor([[3.0], [4.0]], label="b")
product = my_matmul(a, b)
for_a, for_b = product.local_backward(np.array([[10.0]]))
print(product.value, "was made by", product.operation, "from", [parent.label for parent in product.parents])
print("with the upstream gradient 10 it hands down", for_a.tolist(), "and", for_b.tolist())
#> [[11.]] was made by matmul from ['a', 'b']
#> with the upstream gradient 10 it hands down [[30.0, 40.0]] and [[10.0], [20.0]]

# %% [markdown]
# A node is no more than this: a value, the name of the operation, its **parents** (the nodes it was computed from),
# and `local_backward`, which says what it hands down. There is a place for the gradient, `grad`, and it is still
# empty.
#
# An operation refuses shapes that do not fit, and says so:

# %%
try:
    my_matmul(Tensor(np.ones((2, 3))), Tensor(np.ones((2, 3))))
except ValueError as problem:
    print(str(problem).split(" do not fit")[0], "do not fit")
#> matmul: shapes (2, 3) and (2, 3) do not fit

# %% [markdown]
# ## 7. Running a graph backwards
#
# The rules are there. What is missing is the traffic policeman: in which **order** do the nodes hand down?
#
# Here is a small graph that is easy to get wrong. Let $p = x \cdot x$ and $q = p + p \cdot x$.
#
#         x ──► p ──────────► q
#         │     │             ▲
#         │     └──► p·x ─────┘
#         │           ▲
#         └───────────┘
#
# Start at $q$ with 1. It hands 1 to $p$ and 1 to $p \cdot x$. Now $p$ has a gradient. May it hand down? No! A second
# share is still on its way, through $p \cdot x$. If $p$ goes first, that share comes too late and $x$ never hears of
# it.
#
# > A node may hand down only when every node that uses it has done so.
#
# An order in which each node comes *after* all its parents is called a **topological order**. Forward, you can
# compute the nodes in that order. Backward, you take the same list from the end. Then every node comes after all that
# use it, which is what we need.
#
# How to find one? Begin at the result and walk to the parents first. On the way back, when all parents of a node are
# in the list, add the node. Remember which nodes you have seen; many ways can lead to the same one.
#
# With a stack of your own there is no way back by itself, so give each node **two visits**. At the first, put it back
# on the stack with a mark, "parents done", and its parents on top. When the marked node comes off, add it to the list.
#
# ### Exercise · topological_order · ●●● · 20 minutes
#
# **Write** `topological_order(output)`: all nodes that lead to `output`, each after its parents.
#
# - **Input:** a node; `node.parents` holds the nodes it was computed from. A leaf has none.
# - **Output:** a list of nodes, each once, `output` last. There are often several right orders.
# - **Mind:** the graph of a long text can be a chain of 10,000 nodes. Python gives up when about a thousand
#   calls are open inside each other. So do not let the function call itself; keep your own stack, in a list.
# - **Example:** for $q = p + p \cdot x$ the only right order is x, p, p·x, q.

# %% tags=["exercise"]
from course_lib.reference.backprop import topological_order

# %%
topological_order = check(topological_order)

# %%
x = Tensor(2.0, label="x")
p = (x * x).named("p")
q = (p + (p * x).named("p·x")).named("q")
print(" → ".join(node.label for node in topological_order(q)))
#> x → p → p·x → q

# %% [markdown]
# ### Exercise · backward · ●●● · 20 minutes
#
# Now the heart of it. It is short.
#
# **Write** `backward(output)`: give every node its gradient, in `node.grad`.
#
# - **Input:** a node. Each node has `value`, `parents`, `grad` and `local_backward(upstream)`, which returns one
#   downstream gradient per parent, or None for a parent that needs none. (A leaf has no parents and returns an empty
#   tuple.)
# - **Output:** nothing is returned; afterwards `node.grad` of each node has the shape of `node.value`.
# - **Steps:** forget all old gradients; the output's own gradient is ones; then go backwards through your
#   `topological_order`, and let each node add what it hands down to its parents' gradients.
# - **Mind:** an addition hands the *same* array to both its inputs. If you later change one of them in place, you
#   change the other.
# - **Examples:** for $q = p + p \cdot x$ with $p = x \cdot x$ at 2, p ends with 3 and x with 16. For
#   $f = (x + y)(y + 2)$ at 3 and 4, x ends with 6 and y with 13.

# %% tags=["exercise"]
from course_lib.reference.backprop import backward

# %%
yours = backward  # right or wrong: the graph below runs what you wrote
backward = check(backward)

# %% [markdown]
# ### Your engine at work
#
# The next graphs use *your* node rules and are run backwards by *your* function, even if the check is not content
# with it yet. Where a number is wrong, the node says so. That is a fine way to find out why.
#
# Once it is right, **break it on purpose**. Take your `backward` and turn the walk round, or put a plain assignment
# where it adds. Run its cell, the check and the graph again, and watch where the wrong number comes from.


# %%
def run_backward(output):
    """Yours, as soon as there is one."""
    try:
        yours(output)
    except NotImplementedError:
        backward(output)


def shallow_use_first(**inputs):
    (x,) = leaves(inputs)
    p = my_multiply(x, x).named("p")
    q = (p + my_multiply(p, x).named("p·x")).named("q")
    run_backward(q)
    return trace(q)


def scorer(**inputs):
    u, W, b, x = leaves(inputs)
    z = (W @ x + b).named("z")
    s = (u @ z.tanh().named("h")).named("s")
    run_backward(s)
    return trace(s)


def two_layers(**inputs):
    x, W1, b1, W2, b2 = leaves(inputs)
    h = my_maximum(my_matmul(x, W1) + b1, 0.0).named("h")
    y = (my_matmul(h, W2) + b2).sigmoid().named("y")
    loss = (-(y.log().sum())).named("loss")
    run_backward(loss)
    return trace(loss)


first = {"x": [[1.0, 2.0]], "W1": [[0.5, 1.0, -1.0], [-0.5, 0.5, 0.5]], "b1": [0.6, 0.0, -0.5]}
second = {"W2": [[1.0], [0.5], [-1.0]], "b2": [-0.1]}
by_layer = {
    "W1": "layer 1",
    "b1": "layer 1",
    "h": "layer 1",
    "W2": "layer 2",
    "b2": "layer 2",
    "y": "layer 2",
    "loss": "loss",
}
ComputationGraph(
    {
        "q = p + p · x with p = x · x": (shallow_use_first, {"x": 2.0}),
        "the window scorer": (
            scorer,
            {"u": [2.0, -1.0], "W": [[1.0, 0.0], [0.5, 2.0]], "b": [0.5, 0.0], "x": [1.0, 0.5]},
        ),
        "a two-layer network": (two_layers, first | second, by_layer),
    },
    check=central_differences,
    title="Your engine",
)

# %% [markdown]
# ### Deep chains and repeated words
#
# Two things that break careless engines. First, a chain of ten thousand nodes, as a recurrent network makes for a
# long text:

# %%
x = Tensor(1.0)
node = x
for _ in range(10_000):
    node = node * 1.0001
backward(node)
print(f"1.0001 to the power of 10,000 = {node.item():.4f}, and so is the derivative: {x.grad:.4f}")
#> 1.0001 to the power of 10,000 = 2.7181, and so is the derivative: 2.7181

# %% [markdown]
# Second, picking the same row twice. Here a window holds the words number 3, 0, 3. Word 3 occurs twice and gets
# two gradients, added. Word 1 and word 2 do not occur and get zero.

# %%
table = Tensor(np.ones((4, 2)), label="word vectors")
window = table[[3, 0, 3]]
backward((window * np.array([[1.0], [10.0], [100.0]])).sum())
print(table.grad)
#> [[ 10.  10.]
#>  [  0.   0.]
#>  [  0.   0.]
#>  [101. 101.]]

# %% [markdown]
# You have an engine. **This is the place for a break.** Sections 1 to 7 were the ideas; the second sitting begins with
# their price, and then they go to work.

# %% [markdown]
# ## 8. Why is it so cheap?
#
# Back to the million knobs. How much work is one walk backwards? For a matrix product $Y = AB$ the walk needs two
# products, $dY B^\top$ and $A^\top dY$. Each is as much work as the one that went forward. So backward costs **at most
# about twice** as much as forward, and both together three times. Whatever the number of parameters. And in the first
# layer one of the two is left out: nobody needs the gradient of the input. Where that layer does most of the work,
# backward costs about as much as forward, and both together two times.
#
# Let us count multiplications for a network that reads a picture of 784 pixels and has 128 hidden units and 10
# classes, on a batch of 64:

# %%
batch, inputs, hidden, classes = 64, 784, 128, 10
parameters = inputs * hidden + hidden + hidden * classes + classes
forward = batch * inputs * hidden + batch * hidden * classes
back = forward + batch * hidden * classes  # both weight matrices, and the signal on its way through the second
print(f"parameters                        {parameters:>20,}")
print(f"multiplications, forward          {forward:>20,}")
print(f"multiplications, backward         {back:>20,}")
print(f"two forward passes per parameter  {2 * parameters * forward:>20,}")
#> parameters                                     101,770
#> multiplications, forward                     6,504,448
#> multiplications, backward                    6,586,368
#> two forward passes per parameter     1,323,915,345,920

# %% [markdown]
# Here is another way to see it. The gradient is a product of Jacobians:
#
# $$\frac{\partial s}{\partial x} = u^\top \cdot J_3 \cdot J_2 \cdot J_1$$
#
# A matrix product may be computed from either end. From the left there is always a *row* times a matrix. From
# the right, a matrix times a matrix, again and again:

# %%
width, layers = 1000, 3
print(f"from the left, a row times a matrix each time:      {layers * width**2:>13,} multiplications")
print(f"from the right, matrices first, then the row:       {(layers - 1) * width**3 + width**2:>13,} multiplications")
#> from the left, a row times a matrix each time:          3,000,000 multiplications
#> from the right, matrices first, then the row:       2,001,000,000 multiplications

# %% [markdown]
# From the left is from the output: **reverse mode**, backpropagation, for one output, a loss, and many inputs. From the
# right is **forward mode**, for one input and many outputs. Either way the numbers are the same.
#
# Now measure it. A network with more and more hidden units; the time for a forward pass, for forward and backward
# with your engine, and for your `numerical_gradient`, which needs two forward passes for each parameter. (We time ten
# of its entries and multiply.) It is the network whose multiplications we have counted, with ReLU and the loss that
# section 9 takes apart. **Predict first, then run:** by the count above, how many forward passes are forward and
# backward together? And the numerical gradient of 101,770 parameters?


# %%
from course_lib.reference.backprop import cross_entropy


def seconds(run):
    """The fastest of 15 runs, after one to warm up: whatever else the computer does can only add time."""
    run()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


inputs, targets = rng.normal(size=(64, 784)), rng.integers(0, 10, size=64)


def prices(hidden):
    """The number of parameters, and seconds: forward, forward and backward, numerical gradient."""
    shapes = (784, hidden), (hidden,), (hidden, 10), (10,)
    W1, b1, W2, b2 = (Tensor(rng.normal(size=shape) * 0.1) for shape in shapes)
    count = 784 * hidden + hidden + hidden * 10 + 10

    def loss_with(b2):
        return cross_entropy((inputs @ W1 + b1).relu() @ W2 + b2, targets)

    ten = seconds(lambda: numerical_gradient(lambda v: loss_with(v).item(), b2.value))
    return count, seconds(lambda: loss_with(b2)), seconds(lambda: backward(loss_with(b2))), ten * count / 10


counts, *timed = zip(*map(prices, (2, 8, 32, 128)), strict=True)
names = "forward", "forward and backward", "numerical gradient"

figure, axes = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for name, values, style in zip(names, timed, ("o--", "s-", "^-"), strict=True):
    axes.loglog(counts, values, style, label=name)
axes.set(xlabel="parameters", ylabel="seconds", title="one gradient, three prices")
axes.legend()
picture(
    figure,
    "Seconds against the number of parameters, both axes logarithmic. Forward, and forward with backward, are two "
    "lines close together, nearly flat on the left and rising on the right, side by side. The numerical gradient "
    "climbs steeply away from them, to far more than ten thousand times their time.",
)
for count, once, both, slow in zip(counts, *timed, strict=True):
    print(f"{count:7,} parameters: {both / once:4.1f} forward passes together, or {slow / once:9,.0f} by measuring")
assert slow > 20 * both

# %% [markdown]
# You counted 13.1 million multiplications against 6.5, two forward passes. The clock usually says somewhat more, for it
# also sees Python at work, and arrays written to memory. (A strange number? Another program got in the way. Run the
# cell again.) If a backward pass of yours is ever many times slower than the forward pass, the same thing is computed
# several times somewhere.

# %% [markdown]
# ## 9. The loss at the end
#
# A classifier gives each class a score, its **logit** $z_k$. The **softmax** turns the logits into probabilities, which
# are positive and add up to 1:
#
# $$q_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# The **cross-entropy** is the loss that goes with it: $L = -\log q_t$, where $t$ is the right class. It is large if the
# model held that class for unlikely. Over a batch, take the mean.
#
# One could leave that to single nodes: exp, sum, divide, log. Better to do it in one, for two reasons. First,
# $e^{1000}$ overflows. Subtracting one number from all logits of a row changes no probability, so subtract the largest,
# $m = \max_k z_k$. And take the logarithm on paper, for a small $q_t$ may have been rounded to 0:
#
# $$\log q_t = z_t - m - \log \sum_k e^{z_k - m}$$

# %%
z = np.array([1000.0, 0.0, 999.0])
m = z.max()
print("log q:            ", z - m - np.log(np.exp(z - m).sum()))
with np.errstate(divide="ignore"):
    print("softmax, then log:", np.log(np.exp(z - m) / np.exp(z - m).sum()))
#> log q:             [   -0.3133 -1000.3133    -1.3133]
#> softmax, then log: [-0.3133    -inf -1.3133]

# %% [markdown]
# The second reason: the gradient is a gem. For one example, $L = -z_t + \log \sum_k e^{z_k}$. Do the right class
# first:
#
# $$\frac{\partial L}{\partial z_t} = -1 + \frac{e^{z_t}}{\sum_k e^{z_k}} = q_t - 1$$
#
# then any other one, which occurs only in the sum: $\partial L / \partial z_k = q_k$. Together, with the **one-hot**
# vector $y$, which has a 1 at the right class and 0 elsewhere:
#
# $$\frac{\partial L}{\partial z} = q - y$$
#
# What the model said, minus what it should have said. Where it was right it learns nothing, where it was badly wrong
# it learns much.
#
# ### Exercise · cross_entropy_backward · ●●○ · 8 minutes
#
# **Write** `cross_entropy_backward(upstream, probabilities, targets)`: what the mean loss of a batch hands down to
# the logits.
#
# - **Input:** `upstream`, one number; `probabilities` (batch, classes), the softmax of the logits, kept from the
#   forward pass; `targets` (batch,), whole numbers, the right classes.
# - **Output:** an array (batch, classes).
# - **Mind:** the loss is a *mean* over the batch. The probabilities belong to the forward pass; leave them as they
#   are.
# - **Example:** upstream 1, probabilities `[[0.7, 0.2, 0.1]]`, target `[0]` gives `[[-0.3, 0.2, 0.1]]`.

# %% tags=["exercise"]
from course_lib.reference.backprop import cross_entropy_backward

# %%
cross_entropy_backward = check(cross_entropy_backward)

# %% [markdown]
# Each row of that gradient totals 0: what is taken from one class is given to the others. Compare with the engine,
# which has a node for it:

# %%
logits = Tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]])
targets = np.array([0, 1])
backward(cross_entropy(logits, targets))
probabilities = np.exp(logits.value) / np.exp(logits.value).sum(axis=1, keepdims=True)
print(cross_entropy_backward(1.0, probabilities, targets))
print("the engine agrees:", np.allclose(logits.grad, cross_entropy_backward(1.0, probabilities, targets)))
print("rows total", logits.grad.sum(axis=1).round(10) + 0.0)
#> [[-0.0781  0.0571  0.021 ]
#>  [ 0.0353 -0.4647  0.4295]]
#> the engine agrees: True
#> rows total [0. 0.]

# %% [markdown]
# ## 10. A complete network, with every number
#
# Now everything at once, small enough to follow with a pencil: 2 inputs, 3 hidden units with ReLU, 1 output with a
# sigmoid. Two layers of weights, so a two-layer network. (People count differently. We count the layers that have
# weights.)
#
# The example has $x = (1, 2)$, and the right answer is $y = 1$. With one output $\hat{y}$, the probability of "yes",
# the cross-entropy reads $L = -(y \log \hat{y} + (1 - y) \log(1 - \hat{y}))$: one of the two terms is 0.

# %%
x, y = np.array([1.0, 2.0]), 1.0
W1 = np.array([[0.5, -0.5], [1.0, 0.5], [-1.0, 0.5]])  # (3, 2): one row for each hidden unit
b1 = np.array([0.6, 0.0, -0.5])
W2 = np.array([1.0, 0.5, -1.0])  # (3,): one output, so one row
b2 = -0.1

z1 = W1 @ x + b1
a1 = np.maximum(z1, 0)
z2 = W2 @ a1 + b2
prediction = 1 / (1 + np.exp(-z2))
loss = -(y * np.log(prediction) + (1 - y) * np.log(1 - prediction))
print("z1 =", z1, "  a1 =", a1)
print(f"z2 = {z2:.4f}   prediction = {prediction:.4f}   loss = {loss:.4f}")
#> z1 = [ 0.1  2.  -0.5]   a1 = [0.1 2.  0. ]
#> z2 = 1.0000   prediction = 0.7311   loss = 0.3133

# %% [markdown]
# Follow it with a pencil: $z_1$ has $0.5 \cdot 1 - 0.5 \cdot 2 + 0.6 = 0.1$ in its first place. The third unit is
# below 0, so its ReLU is shut.
#
# And now back. At the top, two factors:
#
# $$\delta_2 = \frac{\partial L}{\partial \hat{y}} \, \sigma'(z_2) =
# \frac{\hat{y} - y}{\hat{y} (1 - \hat{y})} \cdot \hat{y} (1 - \hat{y}) = \hat{y} - y$$
#
# The same gem as for the softmax. From there, each line uses the one above it. The signal of the *earlier* layer is
# computed from that of the *later* one:
#
# $$\delta_1 = (W_2^\top \delta_2) \odot f'(z_1)$$
#
# and each parameter gets its layer's signal times its layer's input.

# %%
delta2 = prediction - y  # sigmoid and loss together
dW2, db2 = delta2 * a1, delta2
delta1 = (W2 * delta2) * (z1 > 0)  # back through W2, then through the gate
dW1, db1 = np.outer(delta1, x), delta1
print(f"delta2 = {delta2:.4f}   dW2 =", dW2 + 0.0)
print("delta1 =", delta1 + 0.0)
print("dW1 =\n", dW1 + 0.0)
#> delta2 = -0.2689   dW2 = [-0.0269 -0.5379  0.    ]
#> delta1 = [-0.2689 -0.1345  0.    ]
#> dW1 =
#>  [[-0.2689 -0.5379]
#>  [-0.1345 -0.2689]
#>  [ 0.      0.    ]]

# %% [markdown]
# Negative signals say: more would be better. That makes sense, for the right answer is 1. The third hidden unit was
# shut and gets nothing, neither its weights nor its bias. It was not heard, so it does not learn.
#
# Now the update, with a learning rate of 0.5. **Predict first, then run:** will the loss fall? A little, or by more
# than half?

# %%
rate = 0.5
z1 = (W1 - rate * dW1) @ x + (b1 - rate * db1)
z2 = (W2 - rate * dW2) @ np.maximum(z1, 0) + (b2 - rate * db2)
print(f"prediction {prediction:.4f} → {1 / (1 + np.exp(-z2)):.4f}   loss {loss:.4f} → {np.log(1 + np.exp(-z2)):.4f}")

# %% tags=["solution"]
assert (round(1 / (1 + np.exp(-z2)), 4), round(np.log(1 + np.exp(-z2)), 4)) == (0.9428, 0.0589)

# %% [markdown]
# And does the engine find the same gradients? It needs no formulas from us at all:

# %%
w1, c1, w2, c2 = Tensor(W1), Tensor(b1), Tensor(W2), Tensor(b2)
engine_loss = -((w2 @ (w1 @ x + c1).relu() + c2).sigmoid().log())
backward(engine_loss)
print(f"loss {engine_loss.item():.4f}; all gradients agree:", end=" ")
print(all(np.allclose(t.grad, g) for t, g in ((w1, dW1), (c1, db1), (w2, dW2), (c2, db2))))
#> loss 0.3133; all gradients agree: True

# %% [markdown]
# For any number of layers it is the same loop, and this is backpropagation in the words of the textbooks:
#
# 1. **Forward:** for each layer, $z^{[l]} = W^{[l]} a^{[l-1]} + b^{[l]}$ and $a^{[l]} = f(z^{[l]})$. Keep them.
# 2. **Backward:** at the top the gradient of the loss with respect to the last $z$, which is $\hat{y} - y$ for a
#    sigmoid or softmax *with cross-entropy* (another loss begins otherwise); then down,
#    $\delta^{[l]} = (W^{[l+1]\top} \delta^{[l+1]}) \odot f'(z^{[l]})$. At each layer
#    $dW^{[l]} = \delta^{[l]} a^{[l-1]\top}$ and $db^{[l]} = \delta^{[l]}$.
# 3. **Update:** $W^{[l]} \leftarrow W^{[l]} - \alpha \, dW^{[l]}$, and the biases alike.
#
# With three layers of weights, in one line: $dW^{[1]} = \delta^{[1]} x^\top$ with
# $\delta^{[1]} = (W^{[2]\top} ((W^{[3]\top} \delta^{[3]}) \odot f'(z^{[2]}))) \odot f'(z^{[1]})$.
#
# ### The same for a batch
#
# In a batch $X$ each *row* is an example, so a layer reads $Z = XW + b$, with $W$ of shape (inputs, outputs): all is
# turned over. Let $\delta$, of shape (batch, outputs), hold one signal in each row. Then
#
# $$dW = X^\top \delta \qquad\qquad db = \text{the sum of the rows of } \delta \qquad\qquad dX = \delta \, W^\top$$
#
# Why? Every example uses the same $W$ and $b$: a branch, so the shares add up. For $b$ you see the sum. For $W$ the
# matrix product *is* the sum of the examples' outer products:

# %%
X, delta = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))  # 5 examples, 3 inputs, 2 outputs
print(np.allclose(X.T @ delta, sum(np.outer(one_x, one_delta) for one_x, one_delta in zip(X, delta, strict=True))))
#> True

# %% [markdown]
# (If the loss is the *mean* over the batch, the 1/batch is already in $\delta$.)
#
# ### Exercise · two_layer_gradients · ●●● · 20 minutes
#
# The network of this section for a whole batch and several classes.
#
# **Write** `two_layer_gradients(X, targets, W1, b1, W2, b2)` with NumPy alone, no engine.
#
# - **Network:** A = relu(X W1 + b1), logits = A W2 + b2; the loss is the mean of −log softmax(logits)[target].
# - **Input:** `X` (batch, inputs), `targets` (batch,), `W1` (inputs, hidden), `b1` (hidden,), `W2` (hidden, classes),
#   `b2` (classes,).
# - **Output:** a dict with `"loss"`, and the gradients `"W1"`, `"b1"`, `"W2"`, `"b2"` in the shapes of the
#   parameters.
# - **Mind:** the logits may be 1000; section 9 says how to get the loss then.
# - **Example:** if all weights and biases are 0 and there are 2 classes, each probability is 0.5 and the loss is log
#   2 = 0.693.

# %% tags=["exercise"]
from course_lib.reference.backprop import two_layer_gradients

# %%
two_layer_gradients = check(two_layer_gradients)

# %% [markdown]
# Does it learn? The points in a ring against those in the middle: no straight line can part them. Your gradients, 300
# steps.

# %%
rng = np.random.default_rng(0)
targets = np.arange(120) % 2
angles, radii = rng.uniform(0, 2 * np.pi, size=120), np.where(targets == 0, 0.5, 1.5) + rng.normal(size=120) * 0.15
X = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
weights = {"W1": rng.normal(size=(2, 16)), "b1": np.zeros(16), "W2": rng.normal(size=(16, 2)) * 0.3, "b2": np.zeros(2)}

losses = []
for _ in range(300):
    result = two_layer_gradients(X, targets, **weights)
    losses.append(result["loss"])
    weights = {name: value - 0.5 * result[name] for name, value in weights.items()}

side = np.linspace(-2.2, 2.2, 120)
points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
logits = np.maximum(points @ weights["W1"] + weights["b1"], 0) @ weights["W2"] + weights["b2"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(losses)
left.set(xlabel="step", ylabel="loss", title="the loss falls")
right.contourf(
    side, side, (logits[:, 1] - logits[:, 0]).reshape(120, 120), levels=[-1e9, 0, 1e9], colors=["#cfe3f2", "#fbe0c8"]
)
for kind, colour in ((0, "#0072b2"), (1, "#d55e00")):
    right.scatter(*X[targets == kind].T, s=14, color=colour)
right.set(aspect="equal", title="what it has learned")
picture(
    figure,
    "Left: the loss falls steeply at first and then slowly towards 0. Right: blue points in the middle, orange points "
    "in a ring around them. The network has learned a border of several straight pieces between them.",
)
print(f"loss {losses[0]:.2f} → {losses[-1]:.3f}")
assert losses[-1] < 0.1 < losses[0]

# %% [markdown]
# ## 11. How the frameworks do it
#
# ### PyTorch in a dozen lines
#
# PyTorch's `tensor` is an array with the talents of our `Tensor`. What differs is in these lines:

# %%
import torch

ours = Tensor([1.0, 2.0, 3.0])
theirs = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)  # False, unless you ask: a constant, such as the input
backward((ours * ours).sum())
(theirs * theirs).sum().backward()  # the walk is a method
print("gradients:   ", ours.grad, theirs.grad)
precise = torch.tensor(ours.value)  # an array keeps its number format; Python's numbers become float32
print("number format:", ours.value.dtype, theirs.dtype, precise.dtype)
with torch.no_grad():  # nothing in here is recorded in the graph: the place for an update
    theirs -= 0.1 * theirs.grad
print("after a step:", theirs.detach().numpy())  # detach: the same values without a graph
print("recorded?    ", (theirs * 2).requires_grad, (theirs.detach() * 2).requires_grad)
#> gradients:    [2. 4. 6.] tensor([2., 4., 6.])
#> number format: float64 torch.float32 torch.float64
#> after a step: [0.8 1.6 2.4]
#> recorded?     True False

# %% [markdown]
# float32 takes half the memory, and is precise enough for training. For a gradient check ask for `dtype=torch.float64`.
#
# ### Two ways to differentiate by machine
#
# Early frameworks such as Theano took the formula of the loss and differentiated it symbolically, as you did at school.
# Today's keep the graph of what was actually computed, as we do. The forward pass keeps what the backward pass needs;
# that is why training takes so much more memory than using a trained network.
#
# PyTorch on our network with every number:

# %%
tensors = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (W1, b1, W2, b2)]
w1, c1, w2, c2 = tensors
torch_loss = -torch.log(torch.sigmoid(w2 @ torch.relu(w1 @ torch.tensor(x) + c1) + c2))
torch_loss.backward()
print(f"loss {torch_loss.item():.4f}; PyTorch's gradients are ours:", end=" ")
print(all(np.allclose(t.grad, g) for t, g in zip(tensors, (dW1, db1, dW2, db2), strict=True)))
#> loss 0.3133; PyTorch's gradients are ours: True

# %% [markdown]
# Two differences that you should know.
#
# **PyTorch adds.** Go forward and backward twice, and the second gradients are added to the first ones in `.grad`. That
# is why every training loop says `optimizer.zero_grad()`. Our `backward` begins afresh. And PyTorch throws away what
# the forward pass kept as soon as a backward has used it, so a second `backward` on the *same* graph is an error:

# %%
number = torch.tensor(3.0, requires_grad=True)
for _ in range(2):
    squared = number * number
    squared.backward()
    print("gradient:", number.grad.item())
try:
    squared.backward()
except RuntimeError as problem:
    print("RuntimeError:", str(problem).partition(" (")[0])
#> gradient: 6.0
#> gradient: 12.0
#> RuntimeError: Trying to backward through the graph a second time

# %% [markdown]
# **Who writes a backward?** Almost nobody, almost never. A new layer (`nn.Module`) needs only a `forward`, made of
# operations that PyTorch knows. Only for a new *operation* do you write both, as we did with `operation`, in a
# `torch.autograd.Function`:


# %%
class Square(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)  # kept for later
        return x * x

    @staticmethod
    def backward(context, upstream):
        (x,) = context.saved_tensors
        return upstream * 2 * x  # upstream × local


number = torch.tensor(3.0, requires_grad=True)
Square.apply(number).backward()
print(number.grad.item())
#> 6.0

# %% [markdown]
# ## 12. Deep networks: vanishing and exploding gradients
#
# The gradient of an early layer is a long product of Jacobians. What happens to a long product? If the factors are a
# little below 1, it dies out. If they are a little above 1, it blows up. $0.9^{50}$ is 0.005, $1.1^{50}$ is 117.
#
# The sigmoid is worst. Its derivative $\sigma(1 - \sigma)$ is never above 0.25. **Predict first, then run:** in a
# sigmoid network of 10 layers, how much smaller is the gradient of layer 2 than that of layer 10? (Layer 1 has only two
# inputs, so we compare with its neighbour.)


# %%
starts = {  # the standard deviation of the random weights of a layer with a inputs and b outputs
    "too small": lambda a, b: 0.25 / a**0.5,
    "Xavier": lambda a, b: (2 / (a + b)) ** 0.5,  # 1 / √a where a = b
    "Kaiming": lambda a, b: (2 / a) ** 0.5,
    "too large": lambda a, b: 4 / a**0.5,
}


def deep_network(depth, activation, initialisation, steps, width=32, rate=0.1):
    """Train a deep network on the ring; yield loss, gradients and activations at every step. Runs on your backward."""
    rng = np.random.default_rng(1)
    sizes = [2] + [width] * (depth - 1) + [2]
    Ws = [Tensor(rng.normal(size=(a, b)) * starts[initialisation](a, b)) for a, b in pairwise(sizes)]
    bs = [Tensor(np.zeros(b)) for b in sizes[1:]]
    for _ in range(steps):
        batch = rng.choice(len(X), size=30, replace=False)
        h, activations = X[batch], []
        for W, b in zip(Ws, bs, strict=True):
            h = h @ W + b
            if len(activations) < depth - 1:
                h = getattr(h, activation)()
            activations.append(h.value)
        loss = cross_entropy(h, targets[batch])
        backward(loss)
        yield {"loss": loss.item(), "gradients": [W.grad.copy() for W in Ws], "activations": activations}
        for parameter in Ws + bs:
            parameter.value -= rate * parameter.grad


def size(array):
    """Root of the mean square: a typical entry."""
    return np.sqrt(np.mean(array**2))


ratios = {}
for activation, initialisation in [("sigmoid", "Xavier"), ("tanh", "Xavier"), ("relu", "Kaiming")]:
    first_step = next(deep_network(10, activation, initialisation, steps=1))
    ratios[activation] = size(first_step["gradients"][1]) / size(first_step["gradients"][-1])
    print(f"{activation:8}{initialisation:9} gradient of layer 2 is {ratios[activation]:.0e} times that of layer 10")

# %% tags=["solution"]
assert 1e-6 < ratios["sigmoid"] < 1e-5 and ratios["tanh"] > 0.1 and ratios["relu"] > 0.1

# %% [markdown]
# With the sigmoid, the early layers get a signal hundreds of thousands of times smaller than the last one. While the
# last layer learns, they stand still.
#
# The four **starts** above differ in the size of the random weights. **Xavier** and **Kaiming** choose it so that a
# signal neither grows nor shrinks on its way through a layer. In a square layer Kaiming's weights are $\sqrt 2$ times
# larger, because a ReLU throws half of the signal away. (More in lesson 06, still being written.)
#
# Play with them, layer by layer, while the network trains with your `backward`. ("0" on the axes is what is exactly 0
# or below $10^{-16}$.) **Set 20 layers**, and look at step 0 first, then at step 19:
#
# - Which start keeps tanh alive? Which one ReLU?
# - "too large" with ReLU, then with tanh: why do the activations explode with one and not with the other? And the
#   gradients, at step 0 and at step 19? (A loss of nan is "not a number": ∞ − ∞ was to be computed.)
# - "too small" with tanh, at step 0: the activations get smaller from layer to layer, but the gradients are about the
#   same in all layers but the last. How can that be? And why do the last layers break away from step 1 on?

# %%
from course_lib.widgets import GradientFlow

GradientFlow(deep_network, depth=10, activation="sigmoid", initialisation="Xavier", steps=20)

# %% [markdown]
# <details><summary>Answers, when you have tried</summary>
#
# **Alive:** Xavier for tanh, Kaiming for ReLU, as their inventors intended. Kaiming keeps tanh alive as well. With
# Xavier, ReLU halves the mean square of the signal at every layer: 18 layers on, its size is below a thousandth.
#
# **Too large, ReLU:** the activations grow about threefold a layer, up to $10^8$. A weight's gradient is the layer's
# input times the signal from above. One grows forward, the other backward; their product is huge, and about the same in
# all layers but the last. One such step, and soon all is nan.
#
# **Too large, tanh:** its activations cannot pass 1, so they saturate. At step 0 the gradients explode all the same,
# towards the front: every layer multiplies by large weights. By step 19 about four fifths of the units are saturated
# (beyond ±0.99), and the gradients of the first layers have collapsed, mostly by many powers of ten. With 10 layers
# only half of the units saturate, and layer 1 still gets a good signal.
#
# **Too small, tanh:** inputs die out towards the end, signals towards the front; the product is about the same
# everywhere, and tiny. But a *bias* gets the signal alone. In the last layers that is not small, so their biases learn,
# and the weights above them get something to work with. The front sleeps on.
#
# </details>

# %% tags=["solution"]
with np.errstate(all="ignore"):
    runs = {
        (activation, start): list(deep_network(20, activation, start, steps=20))
        for activation in ("relu", "tanh")
        for start in ("Xavier", "too small", "too large")
    }
signal = [size(layer) for layer in runs["relu", "Xavier"][0]["activations"]]
assert signal[18] < signal[0] / 1000
flat = [size(layer) for layer in runs["relu", "too large"][0]["gradients"]]
assert max(flat[:19]) < 4 * min(flat[:19]) and min(flat) > 1e5 and np.isnan(runs["relu", "too large"][19]["loss"])
before, after = (runs["tanh", "too large"][step] for step in (0, 19))
assert size(before["gradients"][0]) > 100 * size(before["gradients"][19])
assert size(after["gradients"][0]) < size(before["gradients"][0]) / 10
hidden = np.array(after["activations"][:19])
assert 0.65 < np.mean(np.abs(hidden) > 0.99) < 0.9
before, after = ([size(g) for g in runs["tanh", "too small"][step]["gradients"]] for step in (0, 19))
assert max(before[:19]) < 3 * min(before[:19]) and after[0] < 1e-12 and after[19] > 1e-6

# %% [markdown]
# ### A dead ReLU
#
# A ReLU is a gate. What if it is shut for *every* example? Then every gradient that reaches its weights is zero, and as
# long as its inputs stay as they are, no step will ever open it again. A step that was too large can shut it in a
# moment. Here a unit starts with a bias of −3 and inputs between −2 and 2, so that its input is always negative:

# %%
values = np.linspace(-2, 2, 41)
wanted = np.maximum(values, 0)


def train_one_unit(activate):
    weight, bias = Tensor(1.0), Tensor(-3.0)
    for _ in range(500):
        loss = ((activate(weight * values + bias) - wanted) ** 2).mean()
        backward(loss)
        for parameter in (weight, bias):
            parameter.value -= 0.1 * parameter.grad
    return loss.item(), bias.item()


for name, activate in {"ReLU": lambda z: z.relu(), "leaky ReLU": lambda z: maximum(z, z * 0.1)}.items():
    loss, bias = train_one_unit(activate)
    print(f"{name:10} after 500 steps: loss {loss:.3f}, bias {bias:.2f}")
#> ReLU       after 500 steps: loss 0.700, bias -3.00
#> leaky ReLU after 500 steps: loss 0.006, bias 0.06

# %% [markdown]
# The ReLU's bias has not moved by a hair in 500 steps. The **leaky** ReLU lets a tenth through where the gate is
# shut, and that is enough to get the unit back to work.

# %% [markdown]
# ## 13. A bug hunt
#
# Four operations that somebody wrote for our engine. All forward functions are right. **Three of the four backward
# functions are wrong.** Read them first. Which ones do you suspect, and why? Then let your `gradient_check` decide.


# %%
def softplus(x):
    return np.log1p(np.exp(x))


def softplus_backward(upstream, x):
    return [upstream / (1 + np.exp(-x))]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_backward(upstream, x):
    return [upstream * x * (1 - x)]


def centre(x):
    """Subtract from each row its mean."""
    return x - x.mean(axis=1, keepdims=True)


def centre_backward(upstream, x):
    return [upstream]


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(upstream, x):
    y = softmax(x)
    return [upstream * y * (1 - y)]


suspects = {
    "softplus": (softplus, softplus_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
    "centre": (centre, centre_backward),
    "softmax": (softmax, softmax_backward),
}

# %% [markdown]
# The check needs a function with one number at the end. So take a weighted sum of the output, with random weights.
# (Why not a plain sum? Each row of a softmax totals 1, whatever its input. The plain sum would have the gradient 0,
# and many a bug would agree.)


# %%
def error_of(forward, local_backward):
    rng = np.random.default_rng(3)
    start, weights = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    node = operation("suspect", forward, local_backward)
    x = Tensor(start)
    backward((node(x) * weights).sum())
    return gradient_check(lambda v: (forward(v) * weights).sum(), start, x.grad)


for name, pair in suspects.items():
    error = error_of(*pair)
    print(f"{name:9}", "innocent" if error < 1e-6 else "GUILTY")

# %% tags=["solution"]
assert [name for name, pair in suspects.items() if error_of(*pair) > 1e-6] == ["sigmoid", "centre", "softmax"]

# %% [markdown]
# Three are caught. Now the better part: **repair them.** Say for each what its author had in mind, and correct it where
# it stands. Then run that cell and the check again. Two of them share an illness: an entry of the output depends on
# *several* entries of the input, and the author thought of one.
#
# <details><summary>The repairs, when you have yours</summary>
#
# - **sigmoid**: the rule y (1 − y) is about the *output*, and `x` is the input. Let `y = sigmoid(x)`, then
#   `[upstream * y * (1 - y)]`.
# - **centre**: every entry also pulls down the mean of its row, and with it all others. So the gradient is centred,
#   too: `[upstream - upstream.mean(axis=1, keepdims=True)]`.
# - **softmax**: the Jacobian of a row is diag(y) − y yᵀ, and the author took its diagonal alone. With `y = softmax(x)`:
#   `[y * (upstream - (upstream * y).sum(axis=1, keepdims=True))]`.
#
# </details>


# %% tags=["solution"]
def right_sigmoid(upstream, x):
    y = sigmoid(x)  # the rule y (1 - y) is about the output, and x is the input
    return [upstream * y * (1 - y)]


def right_centre(upstream, x):
    # Every entry also pulls down the mean of its row, and with it all others: the gradient is centred, too.
    return [upstream - upstream.mean(axis=1, keepdims=True)]


def right_softmax(upstream, x):
    y = softmax(x)  # the Jacobian is diag(y) - y yᵀ; the diagonal alone is not enough
    return [y * (upstream - (upstream * y).sum(axis=1, keepdims=True))]


for name, repaired in {"sigmoid": right_sigmoid, "centre": right_centre, "softmax": right_softmax}.items():
    assert error_of(suspects[name][0], repaired) < 1e-6

# %% [markdown]
# ## 14. When to look under the hood
#
# From now on an engine will do this for you. Why did you write one?
#
# - **To understand.** A network is no stack of toy bricks. Whether a gradient gets through decides whether it learns,
#   and now you can say where it will not: a saturated tanh, a shut ReLU, a long product.
# - **To find bugs.** A framework computes the gradient of what you wrote, not of what you meant. The loss falls a
#   little, and nobody raises an error.
# - **For what comes.** Recurrent networks apply the same Jacobian again and again: section 12 is their whole history.
#
# Habits for every network you will build:
#
# 1. Check the shapes, at every line.
# 2. Check a new backward against a measurement: two-sided, float64, one entry at a time, away from kinks; relative
#    error below $10^{-6}$.
# 3. Look at the size of the gradients, layer by layer, in the first steps of a training run.
#
# ## What you have now
#
# | | |
# |---|---|
# | gradient | points uphill; has the shape of what it belongs to |
# | Jacobian | rows are outputs, columns inputs; chain rule = product of Jacobians |
# | a layer | $\delta$ from above; $dW = \delta x^\top$, $db = \delta$, $dx = W^\top \delta$ |
# | for a batch | $dW = X^\top \delta$, $db$ = sum of the rows of $\delta$, $dX = \delta W^\top$ |
# | a node | downstream = upstream × local; a branch adds |
# | the walk | reversed topological order; every node once, when all its shares are in |
# | the price | at most about two forward passes more, whatever the number of parameters |
# | the proof | a measurement |
#
# You have written an engine that could train everything in the rest of this course. How to train well will be lesson
# 06 (still being written). The course goes on with recurrent networks, lesson 07.
