# ---
# title: Start here
# lecture: Before the first lecture
# goals:
#   - find your way through a lesson and run its cells
#   - write an exercise, have it checked, and ask for help
#   - see how far you are and what your machine can do
# builds_on: []
# minutes: 15
# sources:
#   - "Christopher Manning and others, *CS224N: Natural Language Processing with Deep Learning*, Stanford: the
#     lecture series whose order this course follows."
#   - "The PyTorch project, *Learn the Basics*: a short introduction to tensors, useful before lesson 06."
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
# You need Python, and the calculus of your last school years: what a derivative is. Everything else is explained
# when it is needed. Nothing here needs the internet, an account or a graphics card.

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
# with it, so that you can compare. Whether a cell has run you see on its left: `[*]` means at work, a number means
# done. (An error instead? The README says what to do "when something fails".)
#
# You may change any code cell and run it again. You cannot break anything, and an update of the course never
# overwrites what you wrote. JupyterLab saves your notebook every two minutes, and at once with **Ctrl + S**. When you
# open it tomorrow, text, answers and pictures are there. Python itself has forgotten everything: choose
# **Run > Run All Cells**, and go on where you were.

# %% [markdown]
# ## Shapes
#
# One habit carries you through the whole course: **for every array, know its shape.** The shape says how long the
# array is along each axis. Here is a table of counts with 2 rows and 3 columns. Before you run the cell, say to
# yourself what the three shapes will be.

# %%
counts = np.array([[2.0, 1.0, 1.0], [0.0, 3.0, 1.0]])
print(counts.shape)
print(counts.sum(axis=1).shape)
print(counts.sum(axis=1, keepdims=True).shape)
#> (2, 3)
#> (2,)
#> (2, 1)

# %% [markdown]
# `axis=1` adds along each row, so the columns disappear and 2 sums remain. With `keepdims=True` the axis that was
# added up stays, with length 1. That small difference decides what happens when we divide:

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
# - **Everything stays here.** No account, no internet, no one watching.
#
# And one piece of advice from the lectures: whenever you meet a variable, say its name and its shape. At the end of
# the course, build something of your own with it: a classifier for reviews, a tagger for names, a small translator.
#
# Ready? Open [01_words](01_words.ipynb), here or in the file list on the left.
