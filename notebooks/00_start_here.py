# ---
# title: Start here
# lecture: Before the first lecture
# goals:
#   - find your way through a lesson and run its cells
#   - write an exercise, have it checked, and ask for help
#   - multiply two matrices, and say from their shapes whether that is possible
#   - see what leads where, how far you are and what your machine can do
# builds_on: []
# minutes: 30
# sources:
#   - "Christopher Manning and others, *CS224N: Natural Language Processing with Deep Learning*, Stanford: the
#     lecture series whose order this course follows."
#   - "Marc Deisenroth, Aldo Faisal and Cheng Soon Ong, *Mathematics for Machine Learning* (2020), free at mml-book.com:
#     chapter 2 for matrices, useful before lesson 01; chapter 4 for its singular value decomposition."
#   - "The PyTorch project, *Learn the Basics*: a short introduction to tensors, useful before lesson 05."
#   - "Terence Parr and Jeremy Howard, *The Matrix Calculus You Need For Deep Learning* (2018), useful
#     before lesson 05."
# ---

# %% [markdown]
# ## What this course is
#
# A computer knows numbers. A language is made of words. This course builds the bridge between them, plank by plank:
# it begins with one word as a list of numbers and ends with a Transformer that runs real, trained weights.
#
# You will not only read. In every lesson you write the central functions yourself. The course checks them, tells you
# what looks wrong, and then **uses your code**: the pictures in a lesson are drawn by the functions you wrote.
#
# You need Python, and the calculus of your last school years: what a derivative is. Of matrices you need how two of
# them are multiplied, and this page shows it. Everything else is explained when it is needed.
#
# Nothing here needs an account or a graphics card, nor the internet, with one exception: a few cells look at larger
# data sets, which you may fetch once. Without them such a cell says so, and the lesson goes on.

# %% [markdown]
# ## How a lesson works
#
# A lesson is a notebook. It has text cells, like this one, and code cells, like the next one. To run a cell, click it
# and press **Shift + Enter**. Run the cells from top to bottom. Try it:

# %%
from course_lib import check, hint, overview, solution
import numpy as np

print("It works.")
#> It works.

# %% [markdown]
# The line *It works.* was there before you ran the cell: where a lesson expects a certain output, the notebook comes
# with it, so that you can compare. (An error instead? The README says what to do "when something fails".)
#
# Whether a cell has run you see on its left: `[*]` means at work, and then a new number means done. A cell that comes
# with its output may carry a number from the start.
#
# You may change any code cell and run it again. You cannot break anything, and an update of the course never
# overwrites what you wrote. JupyterLab saves your notebook every two minutes, and at once with **Ctrl + S**. When you
# open it tomorrow, text, answers and pictures are there. Python itself has forgotten everything: choose
# **Run > Run All Cells**, and go on where you were.

# %% [markdown]
# ## Shapes
#
# One habit carries you through the whole course: **for every array, know its shape.** The shape says how long the
# array is along each axis. Here is a table of counts with 2 rows and 3 columns.
#
# **Predict first, then run.** Here is a line that you will meet often. Say to yourself what the three shapes will be,
# run the cell, and only then open the answer below it.

# %%
counts = np.array([[2.0, 1.0, 1.0], [0.0, 3.0, 1.0]])
shapes = [counts.shape, counts.sum(axis=1).shape, counts.sum(axis=1, keepdims=True).shape]
print(*shapes)

# %% tags=["solution"]
print(*shapes)
#> (2, 3) (2,) (2, 1)

# %% [markdown]
# <details><summary>The answer</summary>
#
# `axis=1` adds along each row, so the columns disappear and 2 sums remain: shape `(2,)`. With `keepdims=True` the axis
# that was added up stays, with length 1: `(2, 1)`.
#
# </details>
#
# A small difference, and it decides what happens when we divide:

# %%
print(counts / counts.sum(axis=1, keepdims=True))
#> [[0.5  0.25 0.25]
#>  [0.   0.75 0.25]]

# %% [markdown]
# A (2, 3) array was divided by a (2, 1) array. NumPy stretched the single column over all three columns. This is
# called **broadcasting**: NumPy lines the shapes up from the right, and an axis of length 1 is repeated.

# %% [markdown]
# ### Exercise · normalise_rows · ●○○ · 3 minutes
#
# Your first exercise is a real one. You will need it again: attention, the heart of a Transformer, ends with rows
# that total 1.
#
# **Write** `normalise_rows(matrix)`: divide each row by that row's sum.
#
# - **Input:** a float array of shape (rows, columns), without negative entries; every row has a sum above 0.
# - **Output:** a new float array of the same shape, in which every row totals 1.
# - **Example:** `[[1, 3], [2, 2]]` becomes `[[0.25, 0.75], [0.5, 0.5]]`.
#
# Replace the line that begins with `raise` by your own code. Then run the cell, and the one below it.

# %% tags=["exercise"]
from course_lib.reference.start_here import normalise_rows

# %%
normalise_rows = check(normalise_rows)

# %% [markdown]
# The check says one of four things:
#
# | | what it says | what it means |
# |---|---|---|
# | … | not written yet | the `raise` line is still there |
# | ! | stopped with an error | your function raised one; you see which of your lines it was |
# | ✗ | not right yet | the result differs; often the check recognises the mistake and names it |
# | ✓ | passed | from here on the lesson uses *your* function |
#
# It never stops you. As long as your function is not right, the lesson goes on with the course's version, and says so.
# Only a cell that Python cannot read at all, with a `SyntaxError` below it, has to be mended first: it holds no
# function yet that could be checked.
#
# **Try the wrong answers too.** Write `return matrix / matrix.sum()` and check it. Then write
# `return matrix / matrix.sum(axis=1)`. Can you say why each is wrong before the check does?

# %% [markdown]
# ## When you are stuck
#
# Ask for a hint. Each call gives the next one.

# %%
hint("normalise_rows")

# %% [markdown]
# And when you have tried, `solution("normalise_rows")` shows the course's version. Looking is allowed. Yours may look
# quite different and still be right: the check compares results, never code.

# %% tags=["solution"]
solution("normalise_rows")

# %% [markdown]
# ## Products
#
# Now to the one operation that this course is built on: multiplying two matrices.
#
# Take the rows of `counts` for two shopping baskets. They hold three goods: apples, loaves and melons. And here is a
# table of prices, with a row for each of the goods and a column for each of two shops:

# %%
prices = np.array([[1.0, 2.0], [4.0, 3.0], [5.0, 6.0]])
print(counts)
print(prices)
#> [[2. 1. 1.]
#>  [0. 3. 1.]]
#> [[1. 2.]
#>  [4. 3.]
#>  [5. 6.]]

# %% [markdown]
# What does the first basket cost in the first shop? Go along the row of the basket and down the column of the shop,
# multiply place by place, and add up: 2·1 + 1·4 + 1·5 = 11. **Row times column.** Do it for every basket and every
# shop, and you have the **product** of the two matrices. NumPy writes it with `@`:

# %%
print(counts @ prices)
#> [[11. 13.]
#>  [17. 15.]]

# %% [markdown]
# As a formula, the entry in row i and column j of the product of A and B is
#
# $$(AB)_{ij} = \sum_t A_{it} \, B_{tj}$$
#
# The shapes tell whether a product is possible, and how large it gets:
#
# > (m, **k**) times (**k**, n) gives (m, n).
#
# The two inner lengths must be equal: they are what the sum runs over, and they disappear. The outer two stay. Here,
# (2, 3) times (3, 2) gives (2, 2). So the order matters, and `counts @ counts` is an error: 3 is not 2. Try it, and
# read what NumPy says.
#
# Often a matrix has to be turned first. `counts.T`, the **transpose**, has the rows of `counts` as its columns.
#
# **Predict first, then run.** Which shapes do these four have? The last one multiplies by a vector, one shop's prices.

# %%
four = [counts.T, counts @ counts.T, counts.T @ counts, counts @ prices[:, 0]]
print(*[array.shape for array in four])

# %% tags=["solution"]
print(*[array.shape for array in four])
#> (3, 2) (2, 2) (3, 3) (2,)

# %% [markdown]
# <details><summary>The answer</summary>
#
# `(3, 2)`, the two axes exchanged. Then (2, 3)(3, 2) gives `(2, 2)`: each basket times each basket. (3, 2)(2, 3) gives
# `(3, 3)`: each of the goods times each of the goods. A vector on the right counts as a column, and that axis is
# dropped: `(2,)`, one cost for each basket.
#
# </details>

# %% [markdown]
# ### Exercise · matrix_product · ●○○ · 8 minutes
#
# **Write** `matrix_product(a, b)` without `@`. (With `@` it would pass: the check sees results only. But whoever has
# once written it out knows what all the later lessons do.)
#
# - **Input:** a float array of shape (m, k) and one of shape (k, n).
# - **Output:** a new float array of shape (m, n). Its entry [i, j] is row i of `a` times column j of `b`, place by
#   place, added up.
# - **Example:** `[[1, 2, 3], [4, 5, 6]]` times `[[1, 0], [0, 1], [1, 1]]` gives `[[4, 5], [10, 11]]`.

# %% tags=["exercise"]
from course_lib.reference.start_here import matrix_product

# %%
matrix_product = check(matrix_product)

# %%
print("the same as @:", np.allclose(matrix_product(counts, prices), counts @ prices))
#> the same as @: True

# %% [markdown]
# ## What leads where
#
# Every lesson names the lessons that it builds on. From these names the next cell draws a map of the course. An arrow
# goes from a lesson to one that needs it. (It leaves out what follows from the others: whoever needs lesson 05 needs
# lesson 01 anyway.)

# %%
from course_lib.lesson.script import lessons
from course_lib.widgets.picture import picture
from matplotlib import pyplot as plt

course = {lesson.topic: lesson for lesson in lessons()}
needs, direct = {}, {}  # all that a lesson rests on; and only what nothing between the two needs as well
for topic, lesson in course.items():
    named = [other for other in lesson.builds_on if other in course]
    needs[topic] = set(named).union(*[needs[other] for other in named])
    direct[topic] = [other for other in named if not any(other in needs[between] for between in named)]

figure, axes = plt.subplots(figsize=(7.5, 0.4 * len(course) + 0.2), layout="constrained")
row = {topic: -place for place, topic in enumerate(course)}
for topic, lesson in course.items():
    axes.plot(0, row[topic], "o", color="tab:blue")
    axes.text(0.3, row[topic], f"{lesson.number}  {lesson.title}", va="center", weight="bold")
    axes.text(3.2, row[topic], lesson.lecture, va="center", color="dimgrey")
    for other in direct[topic]:
        bend = {"arrowstyle": "->", "connectionstyle": "arc3,rad=0.5", "shrinkA": 5, "shrinkB": 5, "color": "tab:blue"}
        axes.annotate("", (0, row[topic]), (0, row[other]), arrowprops=bend)
axes.set(xlim=(-0.9, 7), ylim=(0.6 - len(course), 0.6))
axes.axis("off")
rests = {topic: " and ".join(course[other].number for other in direct[topic]) or "nothing" for topic in course}
said = [f"{lesson.number} {lesson.title} builds on {rests[topic]}" for topic, lesson in course.items()]
picture(figure, f"The lessons, one below the other, with arrows between them. {'; '.join(said)}.")

# %% [markdown]
# Lesson 05 carries everything that comes after it. (So will 06, on training: a number that is missing belongs to a
# lesson still being written.) Two topics that the lectures name are left out: memory networks and dependency parsing.

# %% [markdown]
# ## How far you are
#
# Every check is noted in a small file on your own machine, `progress.sqlite`, beside your notebooks. Here is what it
# says. Keep this page open: the table follows while you work in other notebooks. A click on a lesson opens it.

# %%
overview()

# %% [markdown]
# The exercises are marked ●○○ (a few lines), ●●○ (some thought) or ●●● (a small project), with the minutes we expect.
# Take longer if you like. Nobody is counting.

# %% [markdown]
# ## What your machine can do
#
# Here is what the course found on this machine. A line with ✗ comes with its remedy. A line with – names something
# that you can do without. In a terminal (**File > New > Terminal** opens one), `course doctor` says the same.

# %%
from course_lib import doctor

print(doctor.text())

# %% [markdown]
# ## Three promises
#
# - **Every number in the text is computed.** Where a lesson shows an expected output, a test compares it with what
#   the code gives.
# - **Your work is yours.** When the course has a newer version, `course update` brings your notebooks to it and keeps
#   your answers, your notes and your own cells. The old file is kept as well.
# - **Everything stays here.** No account, no one watching, and nothing is sent anywhere.
#
# And one piece of advice from the lectures: whenever you meet a variable, say its name and its shape. At the end of
# the course, build something of your own with it: a classifier for reviews, a tagger for names, a small translator.
#
# Ready? Open [01_words](01_words.ipynb), here or in the file list on the left.
