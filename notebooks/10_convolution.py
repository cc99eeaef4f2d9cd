# ---
# title: Convolution over text
# lecture: Convolutional networks for sentences
# goals:
#   - read a sentence as a matrix, and a filter as a detector for groups of words
#   - slide filters, pad sentences, and say how long a feature map gets
#   - pool a map in three ways, and say what each of them forgets
#   - build, count and train Kim's TextCNN, and look at what its filters have learned
#   - compare a CNN with an RNN fairly, and say what stacking and dilation change
# builds_on: [start_here, words, backprop]
# minutes: 180
# sources:
#   - "Yoon Kim, *Convolutional neural networks for sentence classification* (2014): six pages, and the model of this
#     lesson."
#   - "Ronan Collobert and others, *Natural language processing (almost) from scratch* (2011): convolution and the
#     maximum over time, before they were fashionable."
#   - "Nal Kalchbrenner, Edward Grefenstette and Phil Blunsom, *A convolutional neural network for modelling sentences*
#     (2014): k-max pooling and wide convolution."
#   - "Ye Zhang and Byron Wallace, *A sensitivity analysis of (and practitioners' guide to) convolutional neural
#     networks for sentence classification* (2017): which settings matter."
#   - "Fisher Yu and Vladlen Koltun, *Multi-scale context aggregation by dilated convolutions* (2016)."
#   - "Shaojie Bai, Zico Kolter and Vladlen Koltun, *An empirical evaluation of generic convolutional and recurrent
#     networks for sequence modeling* (2018)."
# ---

# %%
from course_lib import check, hint, solution
from course_lib.widgets.picture import picture
import time
import torch
from collections import Counter
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)  # for networks as small as ours, sharing the work costs more than it saves

# %% [markdown]
# *Before you begin.* A good place for a break is after section 6. The text names lessons 03 (word2vec), 06 (training),
# 08 (gates) and 13 (pretrained models), which are still being written; you will not need them. The course goes on with
# lesson 12.
#
# ## 1. Which words belong together?
#
# > The food was not very good.
#
# Did they like it? You knew at once. But ask the words one by one. *Good* says yes. *Very* says yes, louder. Only
# *not* disagrees, and it does so very quietly: it is a frequent little word. Average six word vectors, and praise may
# well win.
#
# Worse, an average does not know the order. **Predict first, then run.** Do these two reviews differ as bags of words?

# %%
first, second = "not bad , very good", "not good , very bad"
print("the same words, equally often:", Counter(first.split()) == Counter(second.split()))

# %% tags=["solution"]
assert Counter(first.split()) == Counter(second.split())

# %% [markdown]
# What did *you* do? You read *not very good* as one thing. Here are all groups of three neighbours, the **trigrams**:

# %%
text = "the food was not very good"
food = text.split()
for start in range(len(food) - 2):
    print(" ".join(food[start : start + 3]))
#> the food was
#> food was not
#> was not very
#> not very good

# %% [markdown]
# The last of the four gives the answer. So here is the idea of this lesson:
#
# > Slide a small detector over the sentence. Let it look at a few neighbouring words at a time. Then ask: **did it
# > find its pattern anywhere?**
#
# The idea comes from pictures. A network for pictures slides small filters over the pixels. The first layer finds
# edges, the next one textures made of edges, the next one parts made of textures. In language, too, small things make
# larger ones: characters make words, words make phrases, phrases make sentences.
#
# | | a picture | a sentence |
# |---|---|---|
# | the filter moves | across and down | along the words only |
# | at each place there is | a colour: 3 numbers | a word vector: D numbers |
# | so it has | 3 **channels** | D channels (or 1, if you take the whole matrix for a picture) |
# | the filter covers | a few by a few pixels | a few words, and always the whole word vector |
#
# A word about tools. In lesson 05 you built an engine for gradients on top of NumPy. PyTorch is such an engine, larger
# and faster, and this lesson uses it. A `torch.tensor` is an array that remembers how it was made. Indexing, `@`, sums
# and shapes work as you know them.

# %% [markdown]
# ## 2. A sentence is a matrix
#
# Give every word its vector and write them below each other:
#
# - **row i is position i** in the sentence: rows are in reading order;
# - **column j is dimension j** of the word vectors.
#
# You will meet texts that have it the other way round, and PyTorch's own `Conv1d` wants it the other way round. So
# always ask: which axis is time?
#
# Let us invent vectors that we can read. Four numbers: does the word *negate*, *strengthen*, *praise*, *blame*?

# %%
words_by_hand = {
    "not": [1.0, 0, 0, 0],
    "never": [0.9, 0, 0, 0],
    "very": [0, 1.0, 0, 0],
    "really": [0, 0.9, 0, 0],
    "good": [0, 0, 1.0, 0],
    "great": [0, 0, 1.2, 0],
    "excellent": [0, 0, 1.4, 0],
    "boring": [0, 0, 0, 1.0],
}


def matrix_of(sentence):
    """One row for each word; a word that we did not describe is a row of zeros."""
    return torch.tensor([words_by_hand.get(word, [0.0] * 4) for word in sentence.split()])


food_matrix = matrix_of(text)
print(food_matrix.shape)
print(food_matrix)
#> torch.Size([6, 4])
#> tensor([[0., 0., 0., 0.],
#>         [0., 0., 0., 0.],
#>         [0., 0., 0., 0.],
#>         [1., 0., 0., 0.],
#>         [0., 1., 0., 0.],
#>         [0., 0., 1., 0.]])

# %% [markdown]
# Six words, four numbers each: 6 × 4. The same word always gets the same row: in *the cat sat on the mat*, rows 0 and
# 4 are equal, in whatever company they stand. It is the *rows together* that a filter looks at.
#
# ### Sentences of different lengths
#
# A batch of sentences must be one block of numbers. So the short ones are filled up, at the end, with a **padding**
# word. It has the number 0, and its vector is all zeros. Three sentences of 3, 3 and 1 words, 5 numbers a word:

# %%
numbers_of_words = [torch.tensor([4, 9, 2]), torch.tensor([7, 1, 3]), torch.tensor([5])]
batch = nn.utils.rnn.pad_sequence(numbers_of_words, batch_first=True)
table = nn.Embedding(10, 5, padding_idx=0)  # a table of ten word vectors; row 0 stays zero for ever
print(batch)
print(table(batch).shape, " the last row of the last sentence:", table(batch)[2, 2].tolist())
#> tensor([[4, 9, 2],
#>         [7, 1, 3],
#>         [5, 0, 0]])
#> torch.Size([3, 3, 5])  the last row of the last sentence: [0.0, 0.0, 0.0, 0.0, 0.0]

# %% [markdown]
# ## 3. A filter looks at K words at a time
#
# A **filter** (or kernel) of width K is a small matrix: K rows and D columns. It is as high as its group of words is
# long, and as wide as a word vector. Lay it on K neighbouring words, multiply entry by entry, add everything up, and
# add a number of its own, the bias:
#
# $$c_i = \sum_{k=0}^{K-1} \sum_{j=0}^{D-1} W_{kj}\, X_{i+k,\,j} + b$$
#
# That is nothing new: lay the window out flat, K·D numbers in a row, and it is a dot product with the flat filter.
# Like every dot product it is large when the two point the same way.
#
# Let us build a detector for *not very good* by hand. It wants negation in its first place, strength in its second,
# praise in its third. The bias −2 makes it hard to please: only all three together get above 0.

# %%
not_very_good = torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0]])
for start in range(4):
    window = food_matrix[start : start + 3]
    answer = (window * not_very_good).sum() - 2
    as_a_dot_product = window.flatten() @ not_very_good.flatten() - 2
    print(f"{' '.join(food[start : start + 3]):14} {answer:5.1f} {as_a_dot_product:5.1f}")
#> the food was    -2.0  -2.0
#> food was not    -2.0  -2.0
#> was not very    -2.0  -2.0
#> not very good    1.0   1.0

# %% [markdown]
# Why does *was not very* get nothing from the filter, only the bias? It has *not* in it, but in the wrong place. A
# filter cares about order, inside its window.
#
# One such filter has 3 · 4 weights and 1 bias: 13 numbers. With D = 5 it would be 15 + 1. The same 13 numbers are used
# at every place of the sentence. So what it learns at the beginning it knows at the end, and a longer sentence needs
# no more parameters.
#
# The four answers, one for each window, are the **feature map** of the filter. And one filter is one pattern, so we
# take many: F filters give F maps, side by side.
#
# (The letters, all in one place: B sentences in a batch, N places in a sentence, D numbers in a word vector, F filters,
# K the width of a filter, M windows.)
#
# ### Exercise · conv1d · ●●○ · 20 minutes
#
# **Write** `conv1d(x, weight, bias)`: slide all filters over the sentence.
#
# - **Input:** `x`, tensor of shape (..., N, D): one sentence (N, D) or a batch (B, N, D). `weight` (F, K, D): F
#   filters. `bias` (F,).
# - **Output:** tensor of shape (..., N − K + 1, F): row i holds what the F filters say to the window that begins at
#   word i.
# - **Example:** the words `[[1, 0], [2, 1], [0, 3], [1, 1]]` and the filter `[[1, 0], [0, 1]]` with bias 0. The first
#   window gives 1·1 + 0·0 + 0·2 + 1·1 = 2, and the whole map is 2, 5, 1. A second filter `[[-1, 2], [1, -3]]` with
#   bias 1 has the map −1, −8, 5. Each map is a column: the result is `[[2, -1], [5, -8], [1, 5]]`.
# - **Mind:** no padding, no activation. Loop over windows or over places of the filter, as you like, but not over
#   sentences: `x[..., i : i + K, :]` takes the window from one sentence or from all of them.
# - **Tools:** `t.sum((-2, -1))` adds up the last two axes, `t.flatten(-2)` melts them into one.
#   `torch.stack(rows, dim=-2)` puts a list of tensors side by side, with the new axis last but one.

# %% tags=["exercise"]
from course_lib.reference.convolution import conv1d

# %%
conv1d = check(conv1d)

# %% [markdown]
# Two detectors now, *not very good* and plain praise. The second one looks at three words as well, and wants praise in
# the last place.
#
# **Predict first, then run.** Which of the sentences wake the first detector? Think about *not good* and about *never
# really great*.

# %%
detectors = torch.stack([not_very_good, torch.tensor([[0.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1.0, 0]])])
biases = torch.tensor([-2.0, -0.5])

for each in [text, "the food was not good", "it was never really great", "very good , not boring"]:
    maps = conv1d(matrix_of(each), detectors, biases)
    print(f"{each:28} not very good: {maps[:, 0].max():5.1f}   praise: {maps[:, 1].max():5.1f}")

# %% tags=["solution"]
never_really, last = (conv1d(matrix_of(text), detectors, biases) for text in ("never really great", "very good ,"))
assert never_really[0, 0] > 0.9 and last[0, 1] == -0.5

# %% [markdown]
# <details><summary>Three things to see</summary>
#
# - *Never really great* was never mentioned to anybody, and it is found. A filter is a **soft n-gram**: it wants
#   certain *vectors*, not certain words. Whatever has similar vectors will do.
# - *Not good* is missed: it is two words, and this detector expects three. So we shall want several widths.
# - In the last sentence plain praise finds nothing, though there is a *good*! That filter wants two words *before* the
#   praise, and *good* is the second word. This is a matter of the edges, and we shall come to it.
#
# </details>
#
# ### The activation
#
# Each answer then goes through an activation, nearly always **ReLU**: what is below zero becomes zero. A pattern that
# was not found should count as nothing, not as minus two.

# %%
print(torch.tensor([-0.5, 0.3, -0.2, 0.8, 0.1]).relu())
#> tensor([0.0000, 0.3000, 0.0000, 0.8000, 0.1000])

# %% [markdown]
# It stands right after the convolution. (Older networks took tanh there. A leaky ReLU, which lets a little of the
# negative through, is another choice.)
#
# Here is the whole path in one picture: the sentence, the filter where it fits, and the feature map.

# %%
figure, axes = plt.subplots(1, 3, figsize=(8, 3.2), width_ratios=[4, 4, 1.2])
features = ["negates", "strengthens", "praises", "blames"]
food_map = conv1d(food_matrix, detectors[:1], biases[:1])
for panel, values, title in zip(
    axes, [food_matrix, not_very_good, food_map], ["sentence 6 × 4", "filter 3 × 4", "map 4 × 1"], strict=True
):
    panel.imshow(values, cmap="RdBu", vmin=-2.2, vmax=2.2, aspect="auto")
    for row, numbers in enumerate(values.tolist()):
        for column, number in enumerate(numbers):
            colour = "white" if abs(number) > 1.5 else "black"
            panel.text(column, row, f"{number:g}", ha="center", va="center", color=colour)
    panel.set(title=title, xticks=[], yticks=range(len(values)))
for panel in axes[:2]:
    panel.set_xticks(range(4), features, fontsize=7)
axes[0].set_yticklabels(food)
axes[1].set_yticklabels(["1st word", "2nd word", "3rd word"])
axes[2].set_yticklabels([" ".join(food[i : i + 3]) for i in range(4)], fontsize=7)
axes[0].add_patch(plt.Rectangle((-0.45, 2.55), 3.9, 2.9, fill=False, edgecolor="black", linewidth=2.5))
figure.tight_layout()
picture(
    figure,
    "Three tables. Left the sentence matrix, six words by four numbers, with a frame around the last three rows: "
    "not, very, good. In the middle the filter, three rows by four, with ones on the diagonal. Right the feature map: "
    "-2 for the first three windows and 1 for the last one, not very good.",
)

# %% [markdown]
# ## 4. Edges: how long is a feature map?
#
# A sentence of N words has N − K + 1 windows of width K. Two consequences:
#
# - **The map is shorter than the sentence,** and if another layer is put on top, it shrinks again.
# - **The edges are seen less.** The first word is in one window only, in the first place. A filter that wants it in
#   the third place never gets it.
#
# And a third one, which stops programs: **a sentence shorter than the filter has no window at all.**
#
# The cure is to put empty places at both ends. Three amounts have names:
#
# | | empty places | windows |
# |---|---|---|
# | **valid** | none | N − K + 1 |
# | **same** | K − 1 in all, half on each side | N |
# | **full** (also *wide*) | K − 1 on *each* side | N + K − 1 |
#
# (*Zero padding* only says what stands in the empty places. It does not say how many there are.)
#
# With an even width, "half of K − 1" is not a whole number. One side gets one place more. PyTorch puts it to the
# right, and so do we.
#
# ### Exercise · pad_for · ●○○ · 8 minutes
#
# **Write** `pad_for(length, width, mode)`.
#
# - **Input:** words in the sentence, words in the filter, and `"valid"`, `"same"` or `"full"`.
# - **Output:** three whole numbers (left, right, windows): the empty places on each side, and how long the map gets.
#   A filter that does not fit has 0 windows. Another mode raises a `ValueError`.
# - **Example:** 5 words, width 3. `"same"` gives (1, 1, 5), `"full"` gives (2, 2, 7), `"valid"` gives (0, 0, 3).

# %% tags=["exercise"]
from course_lib.reference.convolution import pad_for

# %%
pad_for = check(pad_for)

# %% [markdown]
# **Predict first, then run.** Three words, width 3, two empty places on each side. How many windows? And how many with
# one place on each side?

# %%
for mode in ["full", "same", "valid"]:
    left, right, windows = pad_for(3, 3, mode)
    print(f"{mode:5}: {left} + 3 + {right} = {left + 3 + right} places, windows: {windows}")
print("same, width 4:", pad_for(3, 4, "same"))
print("valid, width 5:", pad_for(3, 5, "valid"))

# %% tags=["solution"]
assert [pad_for(3, 3, mode)[2] for mode in ("full", "same", "valid")] == [5, 3, 1]

# %% [markdown]
# Here is each window over its places. Dark is a word, light an empty place.

# %%
figure, panels = plt.subplots(1, 3, figsize=(8.6, 2.9), width_ratios=[3, 5, 7], layout="constrained")
for panel, mode in zip(panels, ["valid", "same", "full"], strict=True):
    left, right, windows = pad_for(3, 3, mode)
    places = ["·"] * left + ["not", "very", "good"] + ["·"] * right
    for place, word in enumerate(places):
        panel.text(place, 0, word, ha="center", va="center", fontsize=8)
    for window in range(windows):
        for place in range(window, window + 3):
            colour = "#cfe3f5" if places[place] == "·" else "tab:blue"
            panel.add_patch(plt.Rectangle((place - 0.5, window + 0.6), 1, 0.8, facecolor=colour, edgecolor="white"))
    panel.set(title=f"{mode}: {windows}", xlim=(-0.5, len(places) - 0.5), ylim=(5.5, -0.5), xticks=[], yticks=[])
panels[0].set_ylabel("windows")
picture(
    figure,
    "The windows of width 3 over 'not very good', one below the other like stairs. Valid: one window, on the three "
    "words. Same: three, the first with one empty place on its left, the last with one on its right. Full: five, from "
    "'two empty places and not' to 'good and two empty places'.",
)

# %% [markdown]
# In how many windows does each word take part? Let the gradients count. Take a filter of ones and add up its map. Then
# the gradient of that sum at a word is the number of windows that contain it. Your `conv1d` does the work.

# %%
figure, panels = plt.subplots(1, 3, figsize=(8, 2.4), sharey=True)
for panel, mode in zip(panels, ["valid", "same", "full"], strict=True):
    x = torch.zeros(7, 1, requires_grad=True)
    left, right, windows = pad_for(7, 3, mode)
    padded = functional.pad(x, (0, 0, left, right))
    conv1d(padded, torch.ones(1, 3, 1), torch.zeros(1)).sum().backward()
    panel.bar(range(1, 8), x.grad.flatten(), color="tab:blue")
    panel.set(title=f"{mode}: {windows} windows", xlabel="word", xticks=range(1, 8), yticks=range(4))
panels[0].set_ylabel("windows with this word")
figure.tight_layout()
picture(
    figure,
    "Three bar charts for a sentence of seven words and a filter of width 3. Valid padding: words 1 and 7 are in one "
    "window, 2 and 6 in two, the others in three. Same padding: words 1 and 7 are in two windows, the others in three. "
    "Full padding: every word is in three windows.",
)

# %% [markdown]
# With full padding every word is seen by every place of the filter.
#
# **Which one to take?** If each word gets an answer of its own (a tag for each word, for instance), take *same*: the
# map then fits the sentence. If the whole sentence gets one answer, one often reads "no padding needed". Kim's own
# program puts zeros at both ends, K − 1 of them for the widest filter. We do likewise, for each width by itself, and
# short sentences stop being a problem.

# %% [markdown]
# ## 5. Pooling: did the pattern occur anywhere?
#
# A long sentence has a long map, a short one a short map. A classifier wants the same number of features for all. And
# for many questions it does not matter *where* a pattern is. So ask each filter one question only: how strongly did
# you find it, at best?
#
# $$\hat c = \max_i c_i$$
#
# That is **max over time**. Whatever the length: one number for each filter. There are milder ways. Suppose that a
# filter gave these five answers:

# %%
answers = torch.tensor([0.73, 0.85, 0.62, 0.91, 0.45])
print(f"maximum {answers.max():.2f}")
print(f"average {answers.mean():.3f}")
#> maximum 0.91
#> average 0.712

# %% [markdown]
# The **average** asks how much of the sentence is like the pattern. In a long sentence one strong finding drowns among
# many weak answers, which is why the maximum is usually better for classification.
#
# ReLU and maximum may change places: neither ever reverses an order. So it makes no difference whether you apply ReLU
# to the whole map or to its maximum. (With the average it does. Why?)

# %%
some_map = torch.tensor([-1.5, 0.4, -0.3])
print(some_map.relu().max() == some_map.max().relu(), some_map.relu().mean() == some_map.mean().relu())
#> tensor(True) tensor(False)

# %% [markdown]
# ### Padding must never win
#
# In a batch the short sentences are filled up. Then their maps have windows that see nothing but padding. What does a
# filter answer there? Its bias! If all real answers are lower, the padding wins, and the score of a sentence depends
# on how long *other* sentences in the batch are. So only the real windows may take part.
#
# ### Exercise · max_over_time · ●●○ · 12 minutes
#
# **Write** `max_over_time(maps, windows)`.
#
# - **Input:** `maps` (B, M, F): the maps of B sentences. `windows` (B,): how many windows, counted from the first,
#   are real in each sentence, at least 1.
# - **Output:** tensor of shape (B, F): the maximum over the real windows.
# - **Example:** two sentences, two filters. `maps` is `[[[1, -4], [3, -2], [2, -3]], [[-2, 1], [5, 4], [9, 9]]]` and
#   `windows` is `[3, 1]`. The answer is `[[3, -2], [-2, 1]]`: in the second sentence only the first window is real.
# - **Mind:** answers can all be negative, so a zero in the padding would win. And `t.max(dim=1)` returns two things,
#   the values and their places: take `.values`, or use `t.amax(dim=1)`.

# %% tags=["exercise"]
from course_lib.reference.convolution import max_over_time

# %%
max_over_time = check(max_over_time)

# %% [markdown]
# Here is the trap, sprung. A sentence of two words, once by itself and once in a batch with a sentence of six. The
# filter has a large bias and dislikes both words.

# %%
short, dull_filter, large_bias = torch.full((1, 2, 1), -1.0), torch.ones(1, 2, 1), torch.tensor([3.0])
alone = conv1d(short, dull_filter, large_bias)
in_a_batch = conv1d(functional.pad(short, (0, 0, 0, 4)), dull_filter, large_bias)  # four places of padding behind
print("alone            ", alone.amax(1).item())
print("in a batch       ", in_a_batch.amax(1).item(), " the padding has won")
print("real windows only", max_over_time(in_a_batch, torch.tensor([1])).item())
#> alone             1.0
#> in a batch        3.0  the padding has won
#> real windows only 1.0

# %% [markdown]
# ### Keeping a little of the order
#
# Between one number and all of them lies **k-max pooling**: keep the k largest, *in the order in which they occur*.
# For the five answers above and k = 2 that is 0.85, 0.91: the 0.85 stood further left. Sorted by size you would have
# 0.91, 0.85, and the order would be lost again.
#
# ### Exercise · kmax · ●●○ · 12 minutes
#
# **Write** `kmax(maps, k)`.
#
# - **Input:** `maps` (M, F): the feature maps of one sentence. `k`, 1 or more.
# - **Output:** tensor of shape (min(k, M), F): in each column the k largest values of that column, in their old order.
# - **Example:** above. And mind: each filter chooses its own places.
# - **Tools:** plain loops will do. If you would rather do without: the hints name two functions of PyTorch.

# %% tags=["exercise"]
from course_lib.reference.convolution import kmax

# %%
kmax = check(kmax)

# %%
print([round(value, 2) for value in kmax(answers[:, None], 2).flatten().tolist()])
#> [0.85, 0.91]

# %%
maps = torch.stack([answers, torch.tensor([0.60, 0.10, 0.30, 0.20, 0.80])], dim=1)
by_size = maps.sort(dim=0, descending=True).values[:2]
tables = {"two maps, 5 × 2": maps, "kmax, k = 2": kmax(maps, 2), "by size: order lost": by_size}
figure, panels = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
for panel, (title, values) in zip(panels, tables.items(), strict=True):
    panel.imshow(values.detach(), cmap="Blues", vmin=0, vmax=2, aspect="auto")
    for row, numbers in enumerate(values.tolist()):
        for column, number in enumerate(numbers):
            panel.text(column, row, f"{number:.2f}", ha="center", va="center")
            if values is maps and number in by_size[:, column].tolist():
                corner = column - 0.45, row - 0.42
                panel.add_patch(plt.Rectangle(corner, 0.9, 0.84, fill=False, edgecolor="black", linewidth=2))
    panel.set(title=title, yticks=[], ylim=(4.5, -0.5))
    panel.set_xticks(range(2), ["filter 1", "filter 2"])
picture(
    figure,
    "Three tables with a column for each of two filters. Left their maps, five windows long, frames around the two "
    "largest of each: 0.85 and 0.91, the second and the fourth; 0.60 and 0.80, the first and the fifth. In the middle "
    "what kmax keeps, in that order. Right the same sorted by size, where 0.91 and 0.80 stand first.",
)

# %% [markdown]
# A filter for praise, of width 1, reads a review. The three kinds of pooling look at the same map:

# %%
review = "this movie is not very good but the acting is excellent"
filter_for_praise = torch.tensor([[[0.0, 0.1, 1.0, -1.0]]])
praise = conv1d(matrix_of(review), filter_for_praise, torch.zeros(1)).flatten()
figure, axes = plt.subplots(figsize=(8, 2.6))
winners = praise.topk(2).indices.tolist()
axes.bar(range(len(praise)), praise, color="lightgrey")
axes.bar(winners, praise[winners], color=["tab:orange", "tab:blue"])
axes.axhline(praise.mean(), color="black", linestyle="--", linewidth=1)
axes.text(0, praise.mean() + 0.05, f"average {praise.mean():.2f}")
axes.text(winners[0], praise.max() + 0.05, "maximum", ha="center")
axes.text(winners[1], praise[winners[1]] + 0.05, "second of k = 2", ha="center")
axes.set(ylabel="answer", ylim=(0, 1.8))
axes.set_xticks(range(len(praise)), review.split(), rotation=20)
figure.tight_layout()
picture(
    figure,
    "A bar chart over the words of: this movie is not very good but the acting is excellent. The filter answers 1.4 "
    "at excellent, the maximum, and 1.0 at good, the second of k-max with k = 2; 0.1 at very and nothing elsewhere. A "
    "dashed line marks the average, 0.23.",
)

# %% [markdown]
# ## 6. What pooling forgets
#
# Does a CNN know where things are? Both answers can be found in books. Here is the precise one:
#
# - a **feature map** keeps all positions: entry i belongs to window i;
# - **max over time** throws them away.
#
# How bad is that? Two film diaries:
#
# > At first it was **good** , then it was **bad** , then it was **over** .
# >
# > At first it was **bad** , then it was **good** , then it was **over** .
#
# Take random word vectors and a hundred random filters of width 3. **Predict first, then run.** Which of the three
# poolings can tell the two diaries apart?

# %%
diary = "first it was {} , then it was {} , then it was over ."
diaries = [diary.format("good", "bad").split(), diary.format("bad", "good").split()]
generator = torch.Generator().manual_seed(0)
random_vectors = {word: torch.randn(20, generator=generator) for word in sorted(set(diaries[0]))}
random_filters = torch.randn(100, 3, 20, generator=generator)
one, other = (
    conv1d(torch.stack([random_vectors[word] for word in words]), random_filters, torch.zeros(100)) for words in diaries
)
print("feature maps equal:", torch.allclose(one, other))
print("maxima equal:      ", torch.allclose(one.amax(0), other.amax(0), atol=1e-4))
print("averages equal:    ", torch.allclose(one.mean(0), other.mean(0), atol=1e-4))
print("3-max equal:       ", torch.allclose(kmax(one, 3), kmax(other, 3), atol=1e-4))

# %% tags=["solution"]
equal = [torch.allclose(pool(one), pool(other), atol=1e-4) for pool in (lambda m: m.amax(0), lambda m: m.mean(0))]
assert equal == [True, True] and not torch.allclose(kmax(one, 3), kmax(other, 3), atol=1e-4)

# %% [markdown]
# Why? List the trigrams of both diaries:

# %%
trigrams = [Counter(zip(words, words[1:], words[2:], strict=False)) for words in diaries]
print(trigrams[0] == trigrams[1])
#> True

# %% [markdown]
# Both contain *it was good* and *then it was* and *was bad ,* … the same trigrams, the same number of times. A
# filter of width 3 sees nothing else. And so no choice of weights, however long you train, can tell the two apart
# after a maximum. With width 4 there is a window that holds both *first* and *good*. But the further apart two words
# stand, the wider the filter must be, and the rarer any particular group of words becomes.
#
# So a TextCNN is **a bag of n-grams**, of soft ones: far better than a bag of words, and still a bag.
#
# You now have all the parts. This is a good place for a break.

# %% [markdown]
# ## 7. The whole model
#
# Yoon Kim put these parts together in 2014, and the result was a yardstick for years:
#
# 1. **word vectors**: the sentence as a matrix;
# 2. **convolution** with filters of several widths, 3, 4 and 5 words, a hundred of each;
# 3. **ReLU**;
# 4. **max over time**: one number for each filter, 300 in all, written side by side;
# 5. **dropout**: in training, half of the 300 features are set to zero at random, and others in each step. So no
#    feature can rely on a particular other one, and each must be useful by itself. When the model is used, all of
#    them take part;
# 6. a **linear layer** and a softmax: the classes.
#
# $$c = [\hat c_1, \dots, \hat c_{300}] \qquad \hat y = \operatorname{softmax}(W c + b)$$
#
# with $W$ of shape 2 × 300, if there are two classes.
#
# Kim's settings: word vectors of 300 numbers, batches of 50 sentences, dropout ½, the optimiser Adadelta, and the
# weights of each class cut back whenever their norm exceeds 3. Many programs take batches of 32 or 64 and Adam with
# steps of 0.001.
#
# Here are the shapes for one sentence of six words, *this movie is not very good*, with D = 50, computed by your
# `pad_for`:

# %%
N, D, filters = 6, 50, 100
for width in [3, 4, 5]:
    print(f"width {width}: {pad_for(N, width, 'full')[2]} windows, without padding {pad_for(N, width, 'valid')[2]}")
#> width 3: 8 windows, without padding 4
#> width 4: 9 windows, without padding 3
#> width 5: 10 windows, without padding 2

# %%
figure, axes = plt.subplots(figsize=(8.6, 2.8))
axes.axis("off")


def box(x, y, text, colour):
    axes.text(x, y, text, ha="center", va="center", fontsize=8, bbox={"boxstyle": "round,pad=0.5", "facecolor": colour})


def arrow(start, end):
    """From the right edge of a box to the left edge of another."""
    start, end = (start[0] + 0.6, start[1]), (end[0] - 0.65, end[1])
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "grey", "shrinkA": 0, "shrinkB": 0})


for y, width in zip([2, 1, 0], [3, 4, 5], strict=True):
    left, right, windows = pad_for(N, width, "full")
    for x in [0, 1.8, 3.6]:
        arrow((x, 1 if x == 0 else y), (x + 1.8, y))
    arrow((5.4, y), (7.2, 1))
    box(1.8, y, f"pad {left} + {N} + {right}\n{left + N + right} × {D}", "white")
    box(3.6, y, f"width {width}, ReLU\n{windows} × {filters}", "#cfe3f5")
    box(5.4, y, f"max over time\n{filters}", "#fde3c8")
arrow((7.2, 1), (9, 1))
box(0, 1, f"sentence\n{N} × {D}", "#dff0d8")
box(7.2, 1, f"side by side\n{3 * filters}\ndropout", "#fde3c8")
box(9, 1, "linear\n2 scores", "#e8d5f0")
axes.set(xlim=(-0.6, 9.6), ylim=(-0.5, 2.5))
figure.tight_layout()
picture(
    figure,
    "A block diagram, left to right. The sentence, 6 by 50, goes into three branches, for filters of width 3, 4 and 5. "
    "Each branch pads, slides 100 filters with ReLU (maps of 8, 9 and 10 windows), and takes the maximum over time: "
    "100 numbers. The three results stand side by side, 300 numbers with dropout, and a linear layer makes two scores.",
)

# %% [markdown]
# ### Exercise · textcnn_parameter_count · ●○○ · 6 minutes
#
# How many numbers does the model learn, besides its word vectors?
#
# **Write** `textcnn_parameter_count(d, widths, filters, classes)`.
#
# - **Input:** numbers of a word vector; a list of widths; how many filters of *each* width; classes.
# - **Output:** the number of weights and biases of all filters and of the linear layer.
# - **Example:** d = 5, widths 2 and 3, 4 filters of each, 2 classes. Filters: 4 · (10 + 1) + 4 · (15 + 1) = 108.
#   Linear layer: 2 · (8 + 1) = 18. Together 126.

# %% tags=["exercise"]
from course_lib.reference.convolution import textcnn_parameter_count

# %%
textcnn_parameter_count = check(textcnn_parameter_count)

# %% [markdown]
# One often reads that a CNN has few parameters and an RNN has many. **Predict first, then run:** Kim's filters
# against an LSTM (a recurrent network with gates) with a state of 128 numbers, both on word vectors of 300 numbers.
# And what about the word vectors themselves, for 16,000 words?

# %%
lstm = nn.LSTM(300, 128)
print(f"Kim's filters and linear layer {textcnn_parameter_count(300, [3, 4, 5], 100, 2):>9,}")
print(f"LSTM with 128 numbers          {sum(parameter.numel() for parameter in lstm.parameters()):>9,}")
print(f"16,000 word vectors            {16_000 * 300:>9,}")

# %% tags=["solution"]
counted = textcnn_parameter_count(300, [3, 4, 5], 100, 2), sum(parameter.numel() for parameter in lstm.parameters())
assert counted == (360_902, 220_160)

# %% [markdown]
# So it depends on the sizes you choose. Neither grows with the length of the sentence: both use the same numbers at
# every place. And both are dwarfed by the table of words.
#
# ### Exercise · TextCNN · ●●● · 20 minutes
#
# **Write** `TextCNN.forward(ids)`. All parts are yours already, and `__init__` is given.
#
# - **Input:** `ids` (B, N): numbers of words, filled up with 0 at the end. N can be 1.
# - **Output:** tensor of shape (B, classes): the scores before the softmax.
# - **Parts:** `self.embedding(ids)` looks up the word vectors. `self.weights[i]` (F, K, D) and `self.biases[i]` (F,)
#   are the filters of one width. `self.convolve(x, weight, bias)` is your `conv1d`. `functional.pad(x, (0, 0, left,
#   right))` adds empty places. (It counts from the last axis: nothing before and after the numbers of a word, then
#   places before and after the words.) Then there are `self.dropout` and `self.linear`.
# - **Mind:** pad in full. Which windows of a sentence with n words hold at least one word? Only those may compete
#   for the maximum.

# %% tags=["exercise"]
from course_lib.reference.convolution import TextCNN

# %%
TextCNN = check(TextCNN)

# %% [markdown]
# Does it read a sentence of one word? A version without padding would stop here with an error: a filter of five words
# does not fit. Real data has such sentences. Do not find out on the last day.

# %%
model = TextCNN(vocabulary_size=10, d=6, widths=(3, 4, 5), filters=7)
print(model(torch.tensor([[4]])).shape)
#> torch.Size([1, 2])

# %% [markdown]
# ## 8. Reading film reviews
#
# The miniature world has film reviews. They are made by a grammar, so we know what flips what: *not*, *never*, *lacks*
# turn a sentiment round, and after *but* comes what counts. Neutral ones are left out. They come in three parts:
# *train* to learn from, *dev* (the **development set**) to look at while you choose settings, and *test* for the end.

# %%
from course_lib.data import sentiment_trees


def words_of(tree):
    return [tree[1]] if len(tree) == 2 else words_of(tree[1]) + words_of(tree[2])


reviews = {
    split: [(words_of(tree), int(tree[0] > 2)) for tree in sentiment_trees(split) if tree[0] != 2]
    for split in ("train", "dev", "test")
}
vocabulary = ["·", *sorted({word for words, _ in reviews["train"] for word in words})]  # number 0 is the padding
number_of = {word: number for number, word in enumerate(vocabulary)}
print({split: len(examples) for split, examples in reviews.items()}, len(vocabulary), "words")
for words, label in reviews["train"][1:4]:
    print("+" if label else "-", " ".join(words))
#> {'train': 2290, 'dev': 284, 'test': 290} 79 words
#> - the music has no warmth .
#> + the silly humour is superb .
#> + the music is fresh and not terrible .

# %% [markdown]
# A training loop, as in lesson 05: mini-batches, loss, backward, step. (Adam is a gradient descent that chooses a step
# size for every parameter. Lesson 06 will have more.)


# %%
def numbered(examples):
    """Numbers of words (B, N), filled up with 0, and labels (B,)."""
    ids = [torch.tensor([number_of[word] for word in words]) for words, _ in examples]
    return nn.utils.rnn.pad_sequence(ids, batch_first=True), torch.tensor([label for _, label in examples])


def accuracy(model, examples):
    ids, labels = numbered(examples)
    model.eval()  # dropout off
    with torch.no_grad():
        return (model(ids).argmax(dim=1) == labels).float().mean().item()


def train(model, seed=0, epochs=8, size=50, rate=5e-3):
    """Train on the reviews; returns the seconds it took."""
    ids, labels = numbered(reviews["train"])
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(seed)
    started = time.perf_counter()
    for _ in range(epochs):
        model.train()  # dropout on
        for part in torch.randperm(len(ids), generator=generator).split(size):
            longest = int((ids[part] != 0).sum(dim=1).max())
            loss = functional.cross_entropy(model(ids[part, :longest]), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return time.perf_counter() - started


torch.manual_seed(0)
cnn = TextCNN(len(vocabulary), 30, (2, 3, 4), 30)
seconds = train(cnn)
print(f"{seconds:.1f} seconds")
print(f"right: {accuracy(cnn, reviews['dev']):.1%} of dev, {accuracy(cnn, reviews['test']):.1%} of test")
assert 0.88 < accuracy(cnn, reviews["dev"]) < 0.99

# %% [markdown]
# Not bad for a few seconds. What have the filters learned? Take every different window of the reviews and ask all
# filters about it. Then look at the filters that have most to say: with the linear layer at the end, each votes for
# praise or for blame, and the size of the vote is its answer times its weight there. (A dot stands for padding.)


# %%
def answers_to_all_windows(model, which):
    """All different windows of the training reviews, and what the filters of one width answer to them, (U, F)."""
    weight, bias = model.weights[which], model.biases[which]
    width = weight.shape[1]
    edge = ["·"] * (width - 1)
    padded = [edge + words + edge for words, _ in reviews["train"]]
    windows = sorted({tuple(words[i : i + width]) for words in padded for i in range(len(words) - width + 1)})
    ids = torch.tensor([[number_of[word] for word in window] for window in windows])
    with torch.no_grad():
        return windows, conv1d(model.embedding(ids), weight, bias)[:, 0]  # each window is a tiny sentence


votes = (cnn.linear.weight[1] - cnn.linear.weight[0]).tolist()  # for praise; below 0: for blame
opinions = []
for which in range(3):
    windows, answers = answers_to_all_windows(cnn, which)
    best = answers.topk(4, dim=0)
    for number in range(30):
        vote = votes[30 * which + number] * best.values[0, number].item()
        opinions.append((vote, which, number, [" ".join(windows[place]) for place in best.indices[:, number]]))
opinions.sort()
for vote, _, _, favourites in opinions[:4] + opinions[-4:]:
    print(f"{vote:+.2f}  {' | '.join(favourites)}")

# %% [markdown]
# Read them aloud. *Is hardly very funny*, *is never very fresh*: one filter, several wordings, and it votes for
# blame. *Is never very dull* and *without mistakes* vote for praise. Nobody told the model what *hardly* or
# *without* does. These are the detectors that we built by hand in section 3, learned. (On your machine the list may
# differ a little.)
#
# Not every filter makes sense by itself. *It is not true* may well stand in a list for praise, though no window says
# what follows. The votes have to be right *together*, so one filter may correct what another one overdoes.
#
# Now play. The bars are one filter's answers to every window of a sentence, made by your `conv1d`; the orange one
# wins. Point at a bar, or use the arrow keys: the row *adds* says what each word of that window gives, and the line
# below adds it up, with the bias. Choose another filter with the slider or in the strip of all filters. See which word
# groups in the reviews it likes best and which class it speaks for. Click a group to see it in its review.
#
# - Type a sentence of your own, in words that the reviews use. (Any other word gets zeros, as if it were padding.) Can
#   you wake a filter for praise without any praise?
# - Find a filter for *not* with blame. What does it say to *never* with blame?
# - Look for a winner with a dot in it. What does the filter use the edge of the sentence for?

# %%
from course_lib.widgets import FilterExplorer


def embed(words):
    """The word vectors of the trained model, one row for each word."""
    with torch.no_grad():
        return cnn.embedding(torch.tensor([number_of.get(word, 0) for word in words]))


some = reviews["train"][:500]
FilterExplorer(
    [words for words, _ in some],
    embed,
    {weight.shape[1]: (weight, bias) for weight, bias in zip(cnn.weights, cnn.biases, strict=True)},
    conv1d,
    labels=[label for _, label in some],
    classes=["blame", "praise"],
    class_weights=cnn.linear.weight.detach(),
    text="the plot has no gaps but the music is never very fresh .",
    width=opinions[0][1] + 2,  # the one with the strongest vote for blame
    filter=opinions[0][2] + 1,
)

# %% [markdown]
# Now look at what goes wrong. **Before you run it, guess:** what will the mistakes have in common?

# %%
ids, labels = numbered(reviews["test"])
with torch.no_grad():
    wrong = (cnn.eval()(ids).argmax(dim=1) != labels).nonzero().flatten().tolist()
for place in wrong[:8]:
    words, label = reviews["test"][place]
    print("+" if label else "-", " ".join(words))

# %% [markdown]
# Nearly all begin with *it is not true that*. That turns round what comes later, and what comes later is far away. No
# window of four words holds both. And behind the maximum, the linear layer only adds up votes: it cannot say "now the
# other way round". It is section 6 again, in the wild.

# %% [markdown]
# ## 9. CNN or RNN?
#
# A **recurrent network** reads from left to right and carries a state along, a list of numbers that is renewed with
# each word. Lesson 07 builds one, lesson 08 will add gates. Here we borrow PyTorch's `nn.GRU` as it is, and give the
# state after the last word to the linear layer. Such a state *can* remember that the sentence began with *it is not
# true that*.
#
# A comparison is only worth something if it is **fair**:
#
# - the same word vectors, data, number of passes, step size, dropout and optimiser;
# - the same number of parameters, as nearly as possible;
# - several seeds, and the spread between them. A difference smaller than the spread is no difference.


# %%
class LastState(nn.Module):
    """Word vectors, a GRU, and a linear layer on the state after the last word."""

    def __init__(self, vocabulary_size, d, state, classes=2, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, d, padding_idx=0)
        nn.init.uniform_(self.embedding.weight.detach()[1:], -0.25, 0.25)  # as in the TextCNN
        self.recurrent = nn.GRU(d, state, batch_first=True)
        self.dropout, self.linear = nn.Dropout(dropout), nn.Linear(state, classes)

    def forward(self, ids):
        states, _ = self.recurrent(self.embedding(ids))  # (B, N, state)
        last = (ids != 0).sum(dim=1) - 1
        return self.linear(self.dropout(states[torch.arange(len(ids)), last]))


def parameters_besides_words(model):
    return sum(p.numel() for name, p in model.named_parameters() if not name.startswith("embedding"))


makers = {
    "CNN": lambda: TextCNN(len(vocabulary), 30, (2, 3, 4), 30),
    "GRU": lambda: LastState(len(vocabulary), 30, 39),
}
for name, make in makers.items():
    print(f"{name}: {parameters_besides_words(make()):,} parameters besides the word vectors")
#> CNN: 8,372 parameters besides the word vectors
#> GRU: 8,387 parameters besides the word vectors

# %% [markdown]
# Three kinds of reviews, by how far the decisive words can be apart:
#
# - **plain**: no *but*, no *which*, no *it is not true that*;
# - ***but* or *which***: several opinions in a sentence;
# - ***it is not true that* …**: the first words turn the rest round.
#
# **Predict first:** who wins on which kind? Who is faster? Then run. It takes some ten seconds.

# %%
kinds = {
    "plain": lambda words: not {"but", "which", "true"} & set(words),
    "but/which": lambda words: bool({"but", "which"} & set(words)) and "true" not in words,
    "not true": lambda words: "true" in words,
}
by_kind = {kind: [example for example in reviews["test"] if belongs(example[0])] for kind, belongs in kinds.items()}


def compare(makers, seeds=3):
    """Train each model with several seeds; print and return accuracies, one row for each seed."""
    results = {}
    print(f"{'model':10} {'dev':>12}", *(f"{kind:>12}" for kind in by_kind), "  seconds")
    for name, make in makers.items():
        rows, seconds = [], 0
        for seed in range(seeds):
            torch.manual_seed(seed)
            model = make()
            seconds += train(model, seed) / seeds
            rows.append([accuracy(model, examples) for examples in (reviews["dev"], *by_kind.values())])
        results[name] = torch.tensor(rows)
        mean, spread = 100 * results[name].mean(dim=0), 100 * results[name].std(dim=0)
        cells = (f"{m:6.1f} ± {s:3.1f}" for m, s in zip(mean, spread, strict=True))
        print(f"{name:10}", *cells, f"{seconds:8.1f}")
    return results


results = compare(makers)
print("reviews of each kind:", {kind: len(examples) for kind, examples in by_kind.items()})

# %% tags=["solution"]
assert results["CNN"].mean(dim=0)[1] > 0.97
assert results["GRU"].mean(dim=0)[3] > results["CNN"].mean(dim=0)[3] + 0.05

# %% [markdown]
# (Mean ± standard deviation over three seeds, in per cent.)
#
# <details><summary>Who wins?</summary>
#
# Where the decisive words are neighbours, the CNN is as good as perfect. Where they are far apart, the GRU wins, by
# more than the spread. There are only some forty such reviews in the test set, so do not trust the last digits. The
# direction is beyond doubt.
#
# </details>
#
# And the time? In our reviews, short ones on a CPU, there is hardly a difference. But look at how the work is
# organised. A convolution treats all windows **at once**: no window waits for another. A recurrent network must
# finish word 5 before it can begin word 6. So let us read one long text. **Predict, then run:** 4,000 words, once
# through a GRU and once through filters of width 3, with the same sizes of vectors.

# %%
long_text = torch.randn(1, 4000, 100)
gru, three_words = nn.GRU(100, 100, batch_first=True), torch.randn(100, 3, 100)
with torch.no_grad():
    for name, read in {
        "GRU": lambda: gru(long_text)[0],
        "conv1d": lambda: conv1d(long_text, three_words, torch.zeros(100)),
    }.items():
        read()
        started = time.perf_counter()
        read()
        print(f"{name:6}: {1000 * (time.perf_counter() - started):6.1f} milliseconds")

# %% [markdown]
# On a graphics card, which can do thousands of things at once, the gap is far wider. This is one of the reasons why
# people went on looking for something that sees far *and* works in parallel. Lesson 12 has what they found.

# %% [markdown]
# ## 10. Seeing further: stacking and dilation
#
# Can a CNN see further without filters as wide as a sentence? Yes: put one layer on top of another.
#
# A second layer of width 3 looks at three neighbouring windows of the first layer. Each of those saw three words,
# and they overlap. How many different words is that? The number is the **receptive field** of an output.
#
# And there is a trick, **dilation**: a filter that skips places. With dilation 2 it looks at every second place,
# with dilation 4 at every fourth. It has no more weights than before, and reaches further.
#
# ### Exercise · receptive_field · ●●○ · 8 minutes
#
# **Write** `receptive_field(layers)`.
#
# - **Input:** a list of (width, dilation), one pair for each layer.
# - **Output:** how many words lie between the first and the last one that an output can see, both included. Without
#   any layer an output sees one word.
# - **Example:** two layers of width 3 with dilation 1: `[(3, 1), (3, 1)]`. The top filter covers 3 windows, which
#   begin at three neighbouring words and are 3 words wide: 5 words.

# %% tags=["exercise"]
from course_lib.reference.convolution import receptive_field

# %%
receptive_field = check(receptive_field)

# %%
for layers in [[(3, 1)], [(3, 1)] * 2, [(3, 1)] * 3, [(3, 1), (3, 2), (3, 4)], [(3, 2**i) for i in range(8)]]:
    print(f"dilations {[dilation for _, dilation in layers]}: {receptive_field(layers)} words")
#> dilations [1]: 3 words
#> dilations [1, 1]: 5 words
#> dilations [1, 1, 1]: 7 words
#> dilations [1, 2, 4]: 15 words
#> dilations [1, 2, 4, 8, 16, 32, 64, 128]: 511 words

# %% [markdown]
# Plain layers of width 3 add two words each. If the dilation doubles from layer to layer, each layer about doubles the
# field: 3, 7, 15, 31, … Here is who sees whom:

# %%
figure, panels = plt.subplots(1, 2, figsize=(8.6, 2.6), sharey=True)
for panel, dilations in zip(panels, [(1, 1, 1), (1, 2, 4)], strict=True):
    seen = {8}
    panel.scatter(range(17), [0] * 17, s=14, color="lightgrey")
    for height, dilation in zip([3, 2, 1], reversed(dilations), strict=True):
        below = {place + step * dilation for place in seen for step in (-1, 0, 1)}
        panel.scatter(range(17), [height] * 17, s=14, color="lightgrey")
        panel.scatter(sorted(seen), [height] * len(seen), s=30, color="tab:blue", zorder=3)
        for place in seen:
            for step in (-1, 0, 1):
                panel.plot([place, place + step * dilation], [height, height - 1], color="tab:blue", linewidth=0.8)
        seen = below
    panel.scatter(sorted(seen), [0] * len(seen), s=30, color="tab:orange", zorder=3)
    panel.set(title=f"dilations {dilations}: {len(seen)} words", xticks=[], xlabel="place in the sentence")
panels[0].set_yticks(range(4), ["words", "layer 1", "layer 2", "layer 3"])
figure.tight_layout()
picture(
    figure,
    "Two trees of lines from one output of layer 3 down to the words. Left, dilations 1, 1, 1: the output sees seven "
    "neighbouring words. Right, dilations 1, 2, 4: the steps get longer towards the top, and it sees fifteen words.",
)

# %% [markdown]
# Does it help? The experiment changes one thing only: the dilations of three layers. The number of parameters stays
# the same. (`nn.Conv1d` has dilation built in. It calls the D numbers of a word channels and wants them before the
# places, hence `transpose`. In other people's TextCNN you may meet `nn.Conv2d(1, F, (K, D))`: that takes the sentence
# for a picture with one channel, and slides the same filters.)


# %%
class Stack(nn.Module):
    """Word vectors, convolutions of width 3 on top of each other, maximum over time, a linear layer."""

    def __init__(self, vocabulary_size, d, filters, dilations, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, d, padding_idx=0)
        nn.init.uniform_(self.embedding.weight.detach()[1:], -0.25, 0.25)
        sizes = [d] + [filters] * len(dilations)
        self.layers = nn.ModuleList(
            nn.Conv1d(below, above, 3, dilation=dilation, padding=dilation)
            for below, above, dilation in zip(sizes, sizes[1:], dilations, strict=False)
        )
        self.dropout, self.linear = nn.Dropout(dropout), nn.Linear(filters, 2)

    def forward(self, ids):
        real = (ids != 0)[:, None]  # (B, 1, N)
        x = self.embedding(ids).transpose(1, 2)  # (B, d, N)
        for layer in self.layers:
            x = layer(x * real).relu()  # what a layer writes into the padding, the next one must not read
        return self.linear(self.dropout(max_over_time(x.transpose(1, 2), (ids != 0).sum(dim=1))))


print(f"{parameters_besides_words(Stack(len(vocabulary), 30, 30, (1, 2, 4))):,} parameters besides the word vectors")
stacks = compare(
    {
        "(1, 1, 1)": lambda: Stack(len(vocabulary), 30, 30, (1, 1, 1)),
        "(1, 2, 4)": lambda: Stack(len(vocabulary), 30, 30, (1, 2, 4)),
    }
)

# %% tags=["solution"]
assert stacks["(1, 2, 4)"].mean(dim=0)[3] > stacks["(1, 1, 1)"].mean(dim=0)[3]

# %% [markdown]
# The same parameters, spread out, find much of what was lost. So "a CNN cannot see far" is too simple. A *shallow*
# one cannot. What remains true: how far it sees is fixed by its shape, before any training.

# %% [markdown]
# ## 11. Real reviews
#
# The Stanford Sentiment Treebank has 6,920 sentences from film reviews to learn from, and 1,821 to be tested on
# (neutral ones left out). MR is another collection: 10,662 sentences, without a fixed test set. People cut it into
# ten parts, and each part is the test set once.

# %%
from course_lib.data import available

if available("sst2"):
    from course_lib.data import sst2

    lengths = Counter(len(words) for words, _ in sst2("train"))
    total = sum(lengths.values())
    print(f"{total:,} sentences, {sum(n * times for n, times in lengths.items()) / total:.0f} words on average")
    print(f"shorter than the widest filter, 5 words: {sum(lengths[n] for n in range(5))}")
else:
    print("SST-2 is not on this machine. To get it, run in a terminal: course data get sst2, course data get sst")

# %% [markdown]
# Without padding, each of those would stop the program.
#
# Training takes minutes, so it is not part of this notebook. Open a terminal and start it yourself. (Some rows of the
# table below need more data: `course data get mr`, `course data get minilm`.)
#
#     python -m course_lib.experiments.textcnn --data sst2 --seeds 3
#
# It trains on the labelled phrases of the treebank's trees, as Kim did, picks the epoch on the development set, and
# uses the test set once for each seed. *Static* word vectors stay as they come, *non-static* ones go on learning. This
# came out, each run on one core of a busy machine (accuracy on the test set in per cent, mean ± standard deviation of
# three seeds for SST-2, of ten folds for MR):
#
# | | options | ours | seconds | Kim 2014 |
# |---|---|---|---|---|
# | SST-2, random word vectors | `--data sst2 --seeds 3` | 82.8 ± 0.4 | 84 | 82.7 |
# | the same, whole sentences only | `--data sst2 --seeds 3 --sentences` | 81.4 ± 0.5 | 41 | |
# | SST-2, MiniLM's vectors, static | `--data sst2 --seeds 3 --vectors static` | 82.1 ± 0.9 | 161 | 86.8 |
# | the same, non-static | `--data sst2 --seeds 3 --vectors nonstatic` | 84.4 ± 0.1 | 223 | 87.2 |
# | MR, random word vectors | `--data mr --seeds 1` | 75.9 ± 2.0 | 180 | 76.1 |
# | MR, MiniLM's vectors, static | `--data mr --seeds 1 --vectors static` | 76.5 ± 0.7 | 593 | 81.0 |
# | the same, non-static | `--data mr --seeds 1 --vectors nonstatic` | 78.5 ± 1.6 | 1,569 | 81.5 |
#
# How to read it:
#
# - With random vectors your model does what Kim's did. (His random vectors had 300 numbers, ours have 100.) Learning
#   from the phrases brings more than a point, about three times the spread.
# - Pretrained vectors that go on learning help. But they help less than Kim's. His came from word2vec (lesson 03),
#   trained on 100 billion words of news. Ours are the input table of a Transformer, made for the layers above it,
#   and here the layers are missing. A table of vectors is good *for something*.
# - One run proves little. On MR the best and the worst of the ten folds are more than five points apart.
#
# ### Numbers to distrust
#
# You will find tables such as this one, for film reviews from IMDb, without a source, a split or a seed:
#
# | | accuracy | minutes an epoch | parameters |
# |---|---|---|---|
# | TextCNN | 89.2 % | 2 | 5 million |
# | LSTM | 88.5 % | 18 | 10 million |
# | LSTM in both directions | 89.0 % | 30 | 20 million |
#
# Three questions unmask most of them.
#
# 1. **Which data, which split, how many runs?** Kim's paper has no IMDb.
# 2. **Can the sizes be true?** Count, as you did in section 7. A fair table gives all three the same word vectors. "In
#    both directions" means two LSTMs, one from left to right, one from right to left. So one LSTM has the difference,
#    20 − 10 million. What is left for the words?
# 3. **Can the model do the task at all?** Some tables list a TextCNN for finding names in sentences, which needs one
#    label a *word*. After max over time there is one vector a *sentence*. It cannot.
#
# Here is the count for the second question, with Kim's filters:

# %%
filters_of_kim, one_lstm = textcnn_parameter_count(300, [3, 4, 5], 100, 2) / 1e6, 20 - 10
print(f"left for the word vectors: {5 - filters_of_kim:.2f} million in the TextCNN, {10 - one_lstm} in the LSTM")
#> left for the word vectors: 4.64 million in the TextCNN, 0 in the LSTM

# %% [markdown]
# An LSTM without any word vectors cannot read. So at least one of the sizes is wrong.
#
# ## 12. Which one to take?
#
# | | average of word vectors | TextCNN | RNN |
# |---|---|---|---|
# | order | none | inside a window | all of it |
# | sees | single words | n-grams, wherever they are | everything so far, in principle |
# | works | in parallel | in parallel | word after word |
# | size of the result | fixed | fixed | fixed, or one state a word |
# | good for | a quick baseline | classes of texts, key phrases, little time | tags, language models, translation |
#
# A good order of work: first a bag of words, then a TextCNN, which trains in minutes. Only if the errors show that
# distance matters go on: to a recurrent network with gates (lesson 08), then to a pretrained Transformer (lesson 13).
# And compare at equal budget, with seeds.
#
# The two can be joined. A recurrent network can read a feature map, place by place. Or a CNN over the *characters* of a
# word finds endings and prefixes, and an RNN reads the words it makes. So Ma and Hovy in 2016 found the names in the
# news texts of CoNLL-2003 with an F1 of 91.2, among the best results at that time. (F1 is the harmonic mean of two
# shares: how many of the names found are right, and how many of the right ones are found. They had pretrained word
# vectors, too, and a last layer that makes neighbouring labels fit, a CRF. Better results followed.)
#
# In 2014 Kim's model started the fashion. Then recurrent networks led, and from 2018 on Transformers. Convolutions
# are still around: where a model must be small and fast, where the input is long, like sound, and as the first layer
# of larger models.
#
# ### In short
#
# - A sentence is a matrix: rows are positions, columns are dimensions.
# - A filter of width K is a soft n-gram detector. Its feature map has N − K + 1 entries; full padding makes it
#   N + K − 1.
# - Max over time asks: anywhere? It gives a fixed size and forgets the place. The average forgets it, too. k-max
#   keeps the order.
# - Padding must not win the maximum, or a sentence's score depends on its neighbours in the batch.
# - TextCNN: several widths, many filters, maximum, dropout, linear layer. A bag of soft n-grams.
# - Stacking adds to the receptive field. Dilations that double from layer to layer double it, nearly.
#
# ### Questions to ponder
#
# 1. How would you change the two film diaries of section 6 so that filters of width 4 cannot tell them apart either?
# 2. A filter of width 1: what does a TextCNN with nothing else become?
# 3. Dropout sets half of the features to zero in training. Why must the others be doubled, and who does that?
# 4. In `Stack` the padding is set to zero before each layer. What would go wrong without it?
# 5. Our GRU reads to the end and uses its last state. What would change if you pooled its states with
#    `max_over_time`?

# %% [markdown] tags=["solution"]
# ### Answers to the questions
#
# 1. The repeated part must be one word longer on both sides of what is exchanged: three words before and three
#    after, such as *and then it was good , and then …*, at the beginning as well. In general: K − 1 equal words on
#    each side.
# 2. A bag of words: every filter looks at one word, and the maximum forgets where. (A learned bag: it can still find
#    "is there any word of this kind".)
# 3. Else the linear layer would get twice as much on average when the model is used as it got in training. PyTorch
#    doubles them in training: it divides by 1 − p, which for p = ½ is a factor of 2.
# 4. Each layer writes its bias, and whatever leaks from the last words, into the padding. The next layer would read
#    that as if it were words. The scores would then depend on how much padding there is, that is, on the rest of the
#    batch.
# 5. Try it. The state after each word then competes, and a strong state in the middle is not forgotten by the end.
#    That is a common and good choice; what it costs is that the order of the winners is lost again.
