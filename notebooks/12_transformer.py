# ---
# title: The Transformer
# lecture: Attention is all you need
# goals:
#   - say what queries, keys and values are, and compute attention by hand
#   - explain why the scores are divided by √d, and show what happens otherwise
#   - write a whole Transformer layer by layer, with positions, masks, residuals and norms
#   - run the published weights of a real BERT in your own code, and look inside
#   - measure what each part of the model is worth, instead of believing it
# builds_on: [words, backprop, recurrent]
# minutes: 240
# sources:
#   - "Ashish Vaswani and others, *Attention is all you need* (2017): short, and now you can read all of it."
#   - "Alexander Rush and others, *The annotated Transformer* (2018, 2022): the paper again, line by line in code."
#   - "Jimmy Ba, Jamie Kiros and Geoffrey Hinton, *Layer normalization* (2016); Ruibin Xiong and others, *On layer
#     normalization in the Transformer architecture* (2020): why the place of the norm matters."
#   - "Jacob Devlin and others, *BERT* (2019); Wenhui Wang and others, *MiniLM* (2020); Nils Reimers and Iryna Gurevych,
#     *Sentence-BERT* (2019): where the weights of section 15 come from."
#   - "Sarthak Jain and Byron Wallace, *Attention is not explanation* (2019), and Sarah Wiegreffe and Yuval Pinter,
#     *Attention is not not explanation* (2019): read both before you trust a picture of attention."
#   - "Tri Dao and others, *FlashAttention* (2022): the same numbers without ever writing the weights down."
# ---

# %%
import math
import time
from functools import partial  # partial(f, b=3) is f with b already filled in

from course_lib import check, device, hint, solution
from course_lib.widgets.picture import picture
import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import nn
from torch.nn import functional  # layers as plain functions: functional.linear, functional.relu, ...

torch.set_num_threads(1)  # our tensors are small: one thread is quicker than two that wait for each other

# %% [markdown]
# ## 1. What is left to wish for?
#
# A recurrent network reads a sentence word by word. Each step needs the step before. That has two prices.
#
# - **It cannot be done in parallel.** A sentence of 100 words takes 100 steps, one after the other, however many
#   processors are waiting.
# - **The path is long.** What the first word said must survive 99 steps to be of use at the last one.
#
# A convolution reads all windows at once, and that solves the first problem. But a window of 3 sees 3 words. To
# connect words that are far apart you stack layer on layer. How many steps must a message take between the two ends
# of a sentence of n words?

# %%
def path_lengths(n, k=3):
    """Steps between the ends of n words: recurrence, convolutions of width k, dilated ones, attention."""
    return n - 1, math.ceil((n - 1) / (k - 1)), math.ceil(math.log(n, k)), 1


print("words   recurrent   convolution   dilated   attention")
for n in (10, 100, 1000):
    print("{:5}   {:9}   {:11}   {:7}   {:9}".format(n, *path_lengths(n)))
#> words   recurrent   convolution   dilated   attention
#>    10           9             5         3           1
#>   100          99            50         5           1
#>  1000         999           500         7           1

# %% [markdown]
# The last column is the idea of this lesson. **Let every word look at every other word directly.** One step, all
# pairs at once. The price is that n words make n² pairs; we come back to it in section 13.
#
# In 2017 a group at Google built a translation model from this one idea and left out both recurrence and
# convolution. The paper is called *Attention is all you need*, the model **Transformer**. Here is the plan of it. We
# build every box, from the bottom up.
#
# | | encoder (reads the source) | decoder (writes the target) |
# |---|---|---|
# | at the top | vectors that know their sentence | scores for the next word |
# | n layers of | self-attention · feed-forward | *masked* self-attention · attention to the encoder · feed-forward |
# | around each part | residual connection and layer norm | the same |
# | at the bottom | word vectors + positions | word vectors + positions |
#
# Three letters for shapes, all through the lesson: **B** sentences in a batch, **T** tokens in a sentence, **D**
# numbers for each token, the **width** of the model. (A token is a word, or a piece of a long word.) The width was 512
# in the paper, 768 in BERT-base, 12,288 in GPT-3: two famous descendants. Ours will be 32 or 64, until we load real
# weights.

# %% [markdown]
# ## 2. Asking and answering
#
# Think of a dict in Python. You ask with a **query**; the dict compares it with its **keys**; you get the **value**
# that belongs to the key that is equal.
#
# Attention is a dict that is never sure. Queries, keys and values are vectors. A query is compared with *every* key,
# by a dot product. The better they fit, the more of that key's value you get. The result is a **weighted mean of the
# values**.
#
# | | what it is for a word | a way to think of it |
# |---|---|---|
# | query | what am I looking for? | a verb: "who does it?" |
# | key | what do I offer? | a noun: "I am someone who can do things" |
# | value | what do I tell those who choose me? | "I am a cat, just one, and awake" |
#
# As formulas, for one query $q$ of width E, keys $k_1 \dots k_n$ and values $v_1 \dots v_n$:
#
# $$s_j = \frac{q \cdot k_j}{\sqrt E} \qquad w_j = \frac{e^{s_j}}{\sum_i e^{s_i}} \qquad o = \sum_j w_j v_j$$
#
# First **scores**, then the **softmax** makes weights of them that are positive and total 1, then the mean. And for
# many queries at once, as matrices with one row each:
#
# $$\text{Attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt E}\right) V$$
#
# Where do queries, keys and values come from? In **self-attention** all three come from the same words. Each word
# vector $x$ is multiplied with three matrices, which are learned: $q = x W_Q$, $k = x W_K$, $v = x W_V$.

# %% [markdown]
# ### By hand
#
# Three words with four features each. The features are invented so that you can follow: is it a noun, a verb,
# alive, small? The matrices are made so that a verb looks for something alive.

# %%
def show(matrix, rows, columns, digits=2):
    """Print a matrix with the names of its rows and columns."""
    wide = max(map(len, rows))
    print(" " * wide, *(f"{name:>8}" for name in columns))
    for name, row in zip(rows, matrix, strict=True):
        print(f"{name:>{wide}}", *(f"{float(number):8.{digits}f}" for number in row))


three_words = ["cat", "chased", "mouse"]
X = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 1]])  # noun, verb, alive, small
W_query = torch.tensor([[0.0, 1], [3, 0], [0, 0], [0, 0]])  # a verb asks by the first number, a noun by the second
W_key = torch.tensor([[0.0, 0], [0, 1], [2, 0], [-1, 0]])  # the living answer by the first, verbs by the second
W_value = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]])
Q, K, V = X @ W_query, X @ W_key, X @ W_value
show(Q, three_words, ["q1", "q2"])
show(K, three_words, ["k1", "k2"])
#>              q1       q2
#>    cat     0.00     1.00
#> chased     3.00     0.00
#>  mouse     0.00     1.00
#>              k1       k2
#>    cat     2.00     0.00
#> chased     0.00     1.00
#>  mouse     1.00     0.00

# %% [markdown]
# *Chased* asks with (3, 0). *Cat* answers (2, 0), so its score is 6. *Mouse* answers (1, 0): 3. And *chased* itself
# answers (0, 1): 0. **Predict first, then run:** which word will *chased* look at most? And whom will *cat* look at?

# %%
scores = Q @ K.T / math.sqrt(2)
weights = scores.softmax(dim=-1)
print("weights: a row says how a word spreads its attention")
show(weights, three_words, three_words)
print("every row totals", weights.sum(dim=-1).tolist())
print("output: the mean of the values (noun, verb, small), with these weights")
show(weights @ V, three_words, ["noun", "verb", "small"])
#> weights: a row says how a word spreads its attention
#>             cat   chased    mouse
#>    cat     0.25     0.50     0.25
#> chased     0.88     0.01     0.11
#>  mouse     0.25     0.50     0.25
#> every row totals [1.0, 1.0, 1.0]
#> output: the mean of the values (noun, verb, small), with these weights
#>            noun     verb    small
#>    cat     0.50     0.50     0.25
#> chased     0.99     0.01     0.11
#>  mouse     0.50     0.50     0.25

# %% [markdown]
# The verb has found who did it. Now *chased* is no longer just a verb: its new vector says "mostly about a noun,
# hardly small". Nobody will choose these matrices by hand again. They are learned, as everything is, by
# backpropagation.
#
# Step through every number: choose a query, click the picture, then change the key with the left and right arrow. (The
# widget writes d where we write E.)

# %%
from course_lib.widgets import AttentionSteps

AttentionSteps(Q, K, V, tokens=three_words, pair=(1, 0))

# %% [markdown]
# ## 3. Why √E?
#
# What is the square root doing there? Let us leave it out and see. Take a query and 32 keys whose numbers are random,
# with mean 0 and variance 1. A dot product adds E products, each with variance 1. So the sum has variance E, and its
# typical size is √E: 8 for a width of 64.
#
# A softmax of numbers as large as that is nearly a choice of one. **Predict first, then run:** how many of the 32 keys
# does the query look at, on average, when E grows? (The *effective number* of keys is e to the power of the entropy of
# the weights: 32 if all get the same, 1 if one gets all.)

# %%
def softmax_under_a_microscope(width, root, keys=32, tries=400):
    """Size of the scores, effective number of keys, size of the softmax's gradient."""
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(tries, 1, width, generator=generator)
    key = torch.randn(tries, keys, width, generator=generator)
    scores = (query * key).sum(dim=-1) / root  # (tries, keys)
    weights = scores.softmax(dim=-1)
    entropy = -(weights * weights.clamp(min=1e-30).log()).sum(dim=-1)
    slope = (weights * (1 - weights)).sum(dim=-1)  # how fast each weight follows its own score, all keys together
    return scores.std().item(), entropy.exp().mean().item(), slope.mean().item()


print("            plain dot product        divided by √E")
print("   E     size   keys   slope     size   keys   slope")
measured = {}
for width in (4, 16, 64, 256, 1024):
    measured[width] = *softmax_under_a_microscope(width, 1), *softmax_under_a_microscope(width, math.sqrt(width))
    print("{:4}   {:6.1f} {:6.1f}   {:5.2f}   {:6.1f} {:6.1f}   {:5.2f}".format(width, *measured[width]))
assert measured[1024][1] < 2 < 15 < measured[1024][4]

# %% [markdown]
# Without the root, a query of width 1,024 looks at about one key, chosen by accident before anything was learned. And
# look at the slope: how much do the weights move when a score moves? Almost nothing. Where a softmax is that sure,
# the gradient that should change its mind is near 0. Divided by √E, all widths behave the same.
#
# One more ingredient is needed: a **mask**. Sometimes a word must not look everywhere. A mask is a table of True and
# False: True means "may look". Where it is False the weight has to be exactly 0, and the other weights of the row
# still have to total 1. The trick: set those *scores* to $-\infty$ before the softmax, since $e^{-\infty} = 0$.
#
# What if a query may look nowhere? Then its softmax is 0/0, which a computer calls NaN. We define: weights 0, output
# 0.
#
# ### Exercise · attend · ●●○ · 15 minutes
#
# The heart of the lesson. **Write** `attend(query, key, value, mask)`: scaled dot-product attention for a whole
# batch.
#
# - **Input:** `query` (…, Tq, E), `key` (…, Tk, E), `value` (…, Tk, W). The dots stand for any axes in front, such as
#   batch and heads. `mask` is None, or a bool tensor that can be stretched to (…, Tq, Tk).
# - **Output:** the outputs (…, Tq, W), and the weights (…, Tq, Tk).
# - **Example:** the three words above: `attend(Q, K, V)` gives the two tables that were printed.

# %% tags=["exercise"]
from course_lib.reference.transformer import attend

# %%
attend = check(attend)

# %%
output, weights = attend(Q, K, V, mask=torch.tensor([[True, True, True], [False, True, True], [False, False, False]]))
show(weights, three_words, three_words)
#>             cat   chased    mouse
#>    cat     0.25     0.50     0.25
#> chased     0.00     0.11     0.89
#>  mouse     0.00     0.00     0.00

# %% [markdown]
# *Chased* was not allowed to see the cat, so it took the mouse. And *mouse* was allowed nothing.

# %% [markdown]
# ## 4. Several heads
#
# A word may need several things at once. A verb looks for its subject *and* its object; a pronoun for its noun *and*
# for its verb. One softmax gives one mean. It would have to stir everything together.
#
# So we run several attentions side by side. Each of them is called a **head**, and has matrices of its own. It reads
# *all* D features of a word, but makes narrower queries, keys and values from them. With D = 512 and H = 8 heads they
# are E = 512 / 8 = 64 wide. All together the heads cost about as much as one attention of full width.
#
# In code no loop over heads is needed. One matrix makes the queries of all heads, (B, T, D). Then we cut them in H
# equal parts and swap two axes, so that the heads look like one more batch axis: (B, H, T, E). `attend` does not mind.
#
# ### Exercise · split_heads · ●○○ · 6 minutes
#
# **Write** `split_heads(x, heads)`.
#
# - **Input:** x of shape (B, T, D), and H, which divides D.
# - **Output:** shape (B, H, T, D / H). Head 0 gets the first D / H features of each token, head 1 the next ones.
# - **Example:** one sentence of two tokens `[[0, 1, 2, 3], [4, 5, 6, 7]]` and 2 heads: head 0 gets
#   `[[0, 1], [4, 5]]`, head 1 gets `[[2, 3], [6, 7]]`.

# %% tags=["exercise"]
from course_lib.reference.transformer import split_heads

# %%
split_heads = check(split_heads)

# %% [markdown]
# ### Exercise · merge_heads · ●○○ · 4 minutes
#
# **Write** `merge_heads(x)`: put the parts side by side again.
#
# - **Input:** x of shape (B, H, T, E). **Output:** shape (B, T, H · E).
# - **Example:** it undoes `split_heads`.

# %% tags=["exercise"]
from course_lib.reference.transformer import merge_heads

# %%
merge_heads = check(merge_heads)

# %%
x = torch.randn(32, 50, 512)  # 32 sentences of 50 tokens
print("split: ", tuple(split_heads(x, 8).shape))
print("merged:", tuple(merge_heads(split_heads(x, 8)).shape), torch.equal(merge_heads(split_heads(x, 8)), x))
print("reshape alone does the same:", torch.equal(x.reshape(32, 8, 50, 64), split_heads(x, 8)))
#> split:  (32, 8, 50, 64)
#> merged: (32, 50, 512) True
#> reshape alone does the same: False

# %% [markdown]
# Remember the last line. A shape that fits is no proof: `reshape` alone gives (32, 8, 50, 64) as well, but each head
# gets a mixture of many tokens, and nothing complains.
#
# Now the whole thing: project, split, attend, merge, and a last matrix that lets the heads speak to each other:
#
# $$\text{head}_i = \text{Attention}(X W^Q_i,\, M W^K_i,\, M W^V_i)$$
#
# $$\text{MultiHead}(X, M) = [\text{head}_1; \dots; \text{head}_H]\, W^O$$
#
# X are the tokens that ask. M, the **memory**, are those that are asked. In self-attention both are the same. In
# section 11 they will be two different sentences.
#
# ### Exercise · multi_head · ●●○ · 15 minutes
#
# **Write** `multi_head(x, memory, parameters, heads, mask, attend)`.
#
# - **Input:** x (B, Tq, D); memory (B, Tk, D); a dict with four linear layers, `query_weight` and `query_bias`,
#   `key_…`, `value_…`, `output_…`; the number of heads; a mask or None; the attention function to use.
# - **Output:** the output (B, Tq, D) and the weights (B, H, Tq, Tk).
# - **Mind:** PyTorch stores a weight as (out, in): a linear layer is `x @ weight.T + bias`, or
#   `functional.linear(x, weight, bias)`.
# - **Example:** with one head it is a projection, `attend`, and one more projection.

# %% tags=["exercise"]
from course_lib.reference.transformer import multi_head

# %%
multi_head = check(multi_head)

# %% [markdown]
# Why is `attend` an argument? Because we want to exchange it later: for one that records what it sees, for a faster
# one, for a broken one. All the larger functions of this lesson take their parts as arguments, with yours as default.

# %% [markdown]
# ## 5. Where am I?
#
# Something is missing. Look at the formula of attention again: does it say anywhere which word comes first?
#
# **Predict first, then run.** We shuffle the words of a sentence. What happens to the outputs?

# %% tags=["show"]
from course_lib.reference.transformer import new_layer

# %%
torch.manual_seed(0)
parameters = new_layer(width=16, hidden=32)["attention"]
sentence = torch.randn(1, 6, 16)
order = torch.tensor([3, 0, 5, 1, 4, 2])
with torch.no_grad():
    straight = multi_head(sentence, sentence, parameters, heads=4)[0]
    shuffled = multi_head(sentence[:, order], sentence[:, order], parameters, heads=4)[0]
print("shuffled input gives shuffled output:", torch.allclose(straight[:, order], shuffled, atol=1e-6))
#> shuffled input gives shuffled output: True

# %% [markdown]
# Every word gets exactly what it got before. To attention a sentence is a **bag of words**: *dog bites man* and *man
# bites dog* are the same to it. A recurrent network knows the order because it reads in order, a convolution because
# its windows know left from right. A Transformer must be told.
#
# So we *add* to each word vector another vector that says where the word stands. What should that vector be? The
# plain number 0, 1, 2, … would grow without bound. The paper uses **waves**: pairs of a sine and a cosine, each pair
# with a frequency of its own.
#
# $$\text{PE}(p, 2i) = \sin\frac{p}{10000^{2i/D}} \qquad \text{PE}(p, 2i+1) = \cos\frac{p}{10000^{2i/D}}$$
#
# It works like a clock. The second hand (the first pair of columns) turns fast and tells neighbours apart; the hour
# hand (the last pair) turns slowly and says roughly where we are. Or like a binary counter: the last bit flips at
# each step, the first one hardly ever.
#
# ### Exercise · positional_encoding · ●●○ · 12 minutes
#
# **Write** `positional_encoding(length, width, base)`.
#
# - **Input:** the number of positions T, the width D, and the base, 10000 by default.
# - **Output:** a float32 tensor (T, D). Even columns are sines, odd columns cosines, and columns 2i and 2i + 1 share
#   one frequency. Positions count from 0. With an odd width the last column is a sine.
# - **Example:** `positional_encoding(3, 4)` is printed below.

# %% tags=["exercise"]
from course_lib.reference.transformer import positional_encoding

# %%
positional_encoding = check(positional_encoding)

# %%
columns = ["sin", "cos", "sin slow", "cos slow"]
show(positional_encoding(3, 4), ["position 0", "position 1", "position 2"], columns, digits=4)
#>                 sin      cos sin slow cos slow
#> position 0   0.0000   1.0000   0.0000   1.0000
#> position 1   0.8415   0.5403   0.0100   0.9999
#> position 2   0.9093  -0.4161   0.0200   0.9998

# %%
from course_lib.widgets import PositionalEncodingExplorer

PositionalEncodingExplorer(positional_encoding, d=64, length=50, shift=3)

# %% [markdown]
# Play with it. The frequency belongs to the *dimension*: the columns on the left are fast, those on the right slow. A
# row is a position. What does a smaller base do? And why does the dot product of two positions depend on their
# distance alone?
#
# The last question has a neat answer. One pair of columns is a point on a circle. To walk k positions on is to **turn
# the circle by a fixed angle**, wherever you are; each pair has its own angle. If both of two points are turned alike,
# their dot product stays what it was: only the distance counts. And "three words to the left" is the same rotation at
# every place, so one matrix can learn it.

# %%
waves = positional_encoding(100, 64)
speed = 10000 ** -(torch.arange(0, 64, 2) / 64)  # angle per position, one for each pair
cosine, sine = torch.cos(3 * speed), torch.sin(3 * speed)
turned = torch.empty(97, 64)  # every position, turned by the angle of 3 steps
turned[:, 0::2] = waves[:97, 0::2] * cosine + waves[:97, 1::2] * sine
turned[:, 1::2] = waves[:97, 1::2] * cosine - waves[:97, 0::2] * sine
print("turning by 3 steps is walking 3 steps:", torch.allclose(turned, waves[3:], atol=1e-4))
print("PE(5)·PE(15), PE(40)·PE(50), PE(80)·PE(90):", *(f"{waves[p] @ waves[p + 10]:.3f}" for p in (5, 40, 80)))
print(f"wavelengths, in positions: first pair {2 * math.pi / speed[0]:.2f}, last pair {2 * math.pi / speed[-1]:,.0f}")
#> turning by 3 steps is walking 3 steps: True
#> PE(5)·PE(15), PE(40)·PE(50), PE(80)·PE(90): 21.052 21.052 21.052
#> wavelengths, in positions: first pair 6.28, last pair 47,117

# %% [markdown]
# Three remarks.
#
# - Word vectors are multiplied by √D before the waves are added, so that neither drowns the other.
# - Positions can also be **learned**, like word vectors: a table with one row a position. BERT does that, and we look
#   at its table in section 15. The paper tried both and found no difference worth mentioning.
# - The formula gives a row for position 5,000, even if no sentence was ever that long. Whether the *trained model*
#   can use it is another matter. Mostly it cannot: quality drops beyond the lengths it was trained on. That is one
#   reason for the relative and rotary encodings of later models.

# %% [markdown]
# ## 6. Think for yourself: the feed-forward layer
#
# Attention moves information between words. It hardly changes it: the output is a mean of values. So after each
# attention, every token is sent through a small network of its own: two linear layers with a bend between them.
#
# $$\text{FFN}(x) = \max(0,\, x W_1 + b_1)\, W_2 + b_2$$
#
# The hidden layer is usually four times as wide: 512 → 2048 → 512. **All positions use the same weights**; only the
# layers differ from each other. Each token is treated as if it were alone in the world. BERT and its kin use GELU, a
# smooth relative of ReLU, so the bend is an argument.
#
# ### Exercise · feed_forward · ●○○ · 6 minutes
#
# **Write** `feed_forward(x, weight1, bias1, weight2, bias2, activation)`.
#
# - **Input:** x (B, T, D); weight1 (F, D), bias1 (F,); weight2 (D, F), bias2 (D,), layout (out, in); the activation.
# - **Output:** shape (B, T, D).
# - **Example:** if the two tokens of a sentence change places, so do their outputs, and nothing else happens.

# %% tags=["exercise"]
from course_lib.reference.transformer import feed_forward

# %%
feed_forward = check(feed_forward)

# %%
layer = new_layer(width=512, hidden=2048)
sizes = {group: sum(tensor.numel() for tensor in part.values()) for group, part in layer.items()}
for group, size in sizes.items():
    print(f"{group:>17}: {size:>9,} numbers, {size / sum(sizes.values()):.0%}")
print(f"{'one encoder layer':>17}: {sum(sizes.values()):>9,}")
#>         attention: 1,050,624 numbers, 33%
#>      feed_forward: 2,099,712 numbers, 67%
#>    attention_norm:     1,024 numbers, 0%
#> feed_forward_norm:     1,024 numbers, 0%
#> one encoder layer: 3,152,384

# %% [markdown]
# Two thirds of a layer's parameters are in the part that nobody talks about.

# %% [markdown]
# ## 7. Two tricks that make it trainable
#
# **Residual connections.** Instead of replacing x, a sublayer adds to it: $x + \text{sublayer}(x)$. A word then keeps
# what it knew, and the sublayer only has to find what is *new*. More important: the gradient has a way around. The
# derivative of $x + f(x)$ is $1 + f'(x)$, and the 1 survives any number of layers. See for yourself: how much
# gradient arrives at the bottom of a stack of random layers?

# %%
def gradient_at_the_bottom(depth, residual):
    """Norm of the gradient at the input of a stack of random feed-forward layers."""
    torch.manual_seed(0)
    x = torch.randn(1, 8, 32, requires_grad=True)
    y = x
    for _ in range(depth):
        change = feed_forward(y, **new_layer(32, 64)["feed_forward"])
        y = y + change if residual else change
    return torch.autograd.grad((y**2).mean().sqrt(), x)[0].norm().item()  # against outputs of any size


print("depth   without residuals   with residuals")
for depth in (1, 4, 16, 48):
    without, with_them = gradient_at_the_bottom(depth, False), gradient_at_the_bottom(depth, True)
    print(f"{depth:5}   {without:17.1e}   {with_them:14.1e}")
assert without < 1e-9 < 1e-2 < with_them

# %% [markdown]
# With 48 layers and no residuals, nothing arrives: the bottom layers will never learn. With residuals it does arrive,
# but now the opposite happens: it *grows* with the depth, because every layer adds something. That calls for the
# second trick.
#
# **Layer norm.** Before or after each sublayer, each token's D features are brought to mean 0 and variance 1, then
# stretched by a learned gain γ and shifted by a learned bias β:
#
# $$\text{LayerNorm}(x) = \gamma \cdot \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta$$
#
# Two details that libraries agree on and people get wrong: the variance divides by D (not D − 1), and ε stands
# *under* the root.
#
# ### Exercise · layer_norm · ●○○ · 8 minutes
#
# **Write** `layer_norm(x, gain, bias, eps)`.
#
# - **Input:** x (…, D), gain and bias (D,), eps.
# - **Output:** the same shape; each vector of D features was normalised by itself.
# - **Example:** `[1, 2, 3, 6]` has mean 3 and variance 3.5; it becomes `[-1.069, -0.535, 0, 1.604]`.

# %% tags=["exercise"]
from course_lib.reference.transformer import layer_norm

# %%
layer_norm = check(layer_norm)

# %% [markdown]
# You may know **batch norm**, which is common for images. The difference is the direction. Think of a box of numbers:
# sentences × tokens × features. Batch norm takes *one feature* and averages over sentences and tokens. Layer norm
# takes *one token* and averages over its features. So layer norm does not care what else is in the batch, how long
# the sentences are, and whether we are training or not.

# %%
torch.manual_seed(1)
box = 3 * torch.randn(4, 5, 8) + 2  # sentences, tokens, features
by_layer = layer_norm(box, torch.ones(8), torch.zeros(8))
by_batch = nn.BatchNorm1d(8)(box.flatten(0, 1)).reshape(4, 5, 8)
for name, normed in (("layer norm", by_layer), ("batch norm", by_batch)):
    per_token, per_feature = normed.mean(dim=-1).abs().max(), normed.mean(dim=(0, 1)).abs().max()
    print(f"{name}: largest mean of a token {per_token:.2f}, of a feature {per_feature:.2f}")
alone = layer_norm(box[:1], torch.ones(8), torch.zeros(8))
print("a sentence alone gives the same:", torch.allclose(alone, by_layer[:1]))
#> layer norm: largest mean of a token 0.00, of a feature 0.23
#> batch norm: largest mean of a token 0.93, of a feature 0.00
#> a sentence alone gives the same: True

# %% [markdown]
# ## 8. The encoder
#
# Now everything is there for a layer. It has two sublayers, attention and feed-forward. Each is wrapped in a
# residual connection and a layer norm. In which order? There are two schools.
#
# | | the rule | who |
# |---|---|---|
# | **post-norm** | $x \leftarrow \text{norm}(x + \text{sublayer}(x))$ | the paper, BERT |
# | **pre-norm** | $x \leftarrow x + \text{sublayer}(\text{norm}(x))$ | GPT-2 and nearly everything after it |
#
# In pre-norm the residual path runs from bottom to top and nothing touches it, so deep models train more easily. At
# the very top one more norm is needed.
#
# ### Exercise · encoder_layer · ●●○ · 20 minutes
#
# **Write** `encoder_layer(x, parameters, heads, mask, norm_first, …)`.
#
# - **Input:** x (B, T, D); `parameters`, a dict of four dicts: `"attention"` for `multi_head`, `"feed_forward"`, and
#   the norms `"attention_norm"` and `"feed_forward_norm"`; heads; mask; norm_first: pre-norm or post-norm; and the
#   three functions to use.
# - **Output:** shape (B, T, D).
# - **Handy:** `layer_norm(x, **parameters["attention_norm"])` hands `gain` and `bias` over by name.
# - **Example:** if both sublayers give 0, post-norm is two norms in a row, and pre-norm does nothing at all.

# %% tags=["exercise"]
from course_lib.reference.transformer import encoder_layer

# %%
encoder_layer = check(encoder_layer)

# %% [markdown]
# In training, **dropout** sets some of the numbers to 0 at random: after each sublayer, before the sum. Our
# experiments are too short to need it.

# %% [markdown]
# ## 9. Who may look at whom
#
# Two situations call for a mask.
#
# **Reading ahead is cheating.** A model that writes text predicts the next word from the words so far. In training we
# know the whole text, and we want the predictions at *all* places at once. Then the token at place i must not see
# what comes after it, or it would simply copy the answer. It may look at itself and to the left: a triangle. This is
# the **causal mask**.
#
# **Filling is not text.** Sentences in a batch have different lengths. We fill the short ones up with a number that
# means nothing, and nobody may look at it. This is the **padding mask**.
#
# ### Exercise · causal_mask · ●○○ · 5 minutes
#
# **Write** `causal_mask(length)`.
#
# - **Input:** T. **Output:** a bool tensor (T, T); entry [i, j] is True where token i may look at token j.
# - **Example:** for 3 tokens the rows are `[True, False, False]`, `[True, True, False]`, `[True, True, True]`.

# %% tags=["exercise"]
from course_lib.reference.transformer import causal_mask

# %%
causal_mask = check(causal_mask)

# %% [markdown]
# ### Exercise · padding_mask · ●○○ · 6 minutes
#
# **Write** `padding_mask(lengths, longest)`.
#
# - **Input:** a list with the number of real tokens of each of the B sentences; the length T after filling up.
# - **Output:** a bool tensor (B, 1, 1, T), True where a token is real. The two ones stand for heads and queries: the
#   rule is the same for all of them.
# - **Example:** for `[3, 1]` and 4 the two rows are `[True, True, True, False]` and `[True, False, False, False]`.

# %% tags=["exercise"]
from course_lib.reference.transformer import padding_mask

# %%
padding_mask = check(padding_mask)

# %% [markdown]
# ### Exercise · decoder_mask · ●○○ · 4 minutes
#
# **Write** `decoder_mask(lengths, longest)`: both rules at once. A token may look where *both* allow it.
#
# - **Input:** as for `padding_mask`. **Output:** a bool tensor (B, 1, T, T).
# - **Example:** for `[4, 2]` and 4 the two tables are printed below; x means "may look".

# %% tags=["exercise"]
from course_lib.reference.transformer import decoder_mask

# %%
decoder_mask = check(decoder_mask)

# %%
for first, second in zip(*decoder_mask([4, 2], 4)[:, 0], strict=True):
    print("   |   ".join(" ".join("x" if allowed else "." for allowed in row) for row in (first, second)))
#> x . . .   |   x . . .
#> x x . .   |   x x . .
#> x x x .   |   x x . .
#> x x x x   |   x x . .

# %% [markdown]
# In the second sentence only two tokens are real. The last two rows belong to the filling. What they compute is
# nonsense and does no harm, for nobody looks at them.
#
# Now paint. Choose a mask or click its cells, and watch weights and outputs follow. Three things to try: forbid one
# cell, and see where its weight goes. Forbid a whole row. Forbid a whole *column*: what do the others lose? The
# values are made so that the outputs can be read: feature 1 says "noun", 2 "verb", 3 "anything else".

# %%
from course_lib.widgets import MaskPainter

tokens = ["the", "cat", "that", "we", "saw", "slept"]
generator = torch.Generator().manual_seed(4)
queries, keys = (torch.randn(6, 4, generator=generator) for _ in range(2))
values = torch.eye(3)[[2, 0, 2, 0, 1, 1]]  # "we" counts as a noun
MaskPainter(attend, queries, keys, values, tokens=tokens, mask="causal")

# %% [markdown]
# ## 10. A whole model
#
# A stack of encoder layers, with word vectors and positions below and one linear layer above, is a complete model.
# Here it is, the bottom first. It is given code, but there is hardly anything in it that you have not written. Read it
# with one question: where do *your* functions come in?

# %% tags=["show"]
from course_lib.reference.transformer import WordsAndPositions

# %% tags=["show"]
from course_lib.reference.transformer import SequenceModel

# %%
mine = {
    "attend": attend,
    "multi_head": multi_head,
    "layer_norm": layer_norm,
    "feed_forward": feed_forward,
    "encoder_layer": encoder_layer,
}
torch.manual_seed(0)
model = SequenceModel(100, width=32, hidden=64, causal=True, positional_encoding=positional_encoding, **mine)
ids = torch.tensor([[5, 17, 3, 88, 42]])
print("scores:", tuple(model(ids).shape))
changed = torch.tensor([[5, 17, 3, 88, 9]])  # another last word
same = torch.isclose(model(ids), model(changed)).all(dim=-1)[0]
print("do the scores stay the same?", same.tolist())
#> scores: (1, 5, 100)
#> do the scores stay the same? [True, True, True, True, False]

# %% [markdown]
# The best test of a mask: **change the future, and the past must not move.** With `causal=False` all five places
# would have changed.
#
# With `causal=True` this is a language model of the GPT kind. With `causal=False` it is an encoder of the BERT kind.
# That is the whole difference: one triangle. (GPT: generative pre-trained Transformer. BERT: bidirectional encoder
# representations from Transformers. Bidirectional means no triangle.)

# %% [markdown]
# ## 11. The decoder, and looking across
#
# Translation needs both: an **encoder** that reads the source, where every word sees every other one, and a
# **decoder** that writes the target from left to right. The decoder's layer has a third sublayer between the two:
# **cross-attention**. Its queries come from the target, its keys and values from what the encoder made of the source.
# It is the same `multi_head`; now you know why it takes two inputs.

# %% tags=["show"]
from course_lib.reference.transformer import decoder_layer

# %% tags=["show"]
from course_lib.reference.transformer import EncoderDecoder

# %% [markdown]
# ### A first test: can it copy?
#
# Give it ten random symbols; it shall write the same ten. A toy, but nothing less than the whole machine is needed:
# the decoder has to know where it is and to look at the right place of the source.
#
# The target is used twice in training. The decoder *reads* `start a b c` and shall *write* `a b c d`: the same
# sequence, **shifted** by one. Thanks to the causal mask, all ten predictions are trained in one go. This is called
# **teacher forcing**: the decoder is given the right beginning, not its own.

# %%
def symbols(count, generator):
    """Random sources of ten symbols 1 to 10, and targets: symbol 0 to start with, then the same ten."""
    source = torch.randint(1, 11, (count, 10), generator=generator)
    return source, functional.pad(source, (1, 0))


torch.manual_seed(0)
generator = torch.Generator().manual_seed(0)
copier = EncoderDecoder(11, hidden=128, longest=12, positional_encoding=positional_encoding, **mine)
optimizer = torch.optim.Adam(copier.parameters(), lr=3e-3)
started = time.perf_counter()
for step in range(201):
    source, target = symbols(64, generator)
    scores = copier(source, target[:, :-1])  # reads all but the last
    loss = functional.cross_entropy(scores.flatten(0, 1), target[:, 1:].flatten())  # writes all but the first
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step:3}   loss {loss.item():.3f}   {time.perf_counter() - started:4.1f} s")

# %% [markdown]
# The loss falls from that of a blind guess to almost 0. Now the real test, without a teacher: the decoder starts with
# the start symbol and reads its own words.

# %%
source, target = symbols(200, generator)
with torch.no_grad():
    memory, written = copier.encode(source), target[:, :1]
    for _ in range(10):
        best = copier.decode(written, memory)[:, -1:].argmax(dim=-1)  # (B, 1)
        written = torch.cat([written, best], dim=1)
solved = (written == target).all(dim=1).float().mean().item()
print("source: ", source[0].tolist())
print("written:", written[0, 1:].tolist())
print(f"copied without any error: {solved:.0%} of 200")
assert solved > 0.8

# %% [markdown]
# How does it do it? Let us record the weights of the cross-attention while it copies. Exchange `attend` for one that
# takes notes:

# %%
notes = []


def recording(query, key, value, mask=None):
    """attend, with the weights of every call noted."""
    output, weights = attend(query, key, value, mask)
    notes.append(weights[0].detach())
    return output, weights


copier.decoder_layer = partial(copier.decoder_layer, multi_head=partial(multi_head, attend=recording))
with torch.no_grad():
    copier(source[:1], target[:1, :-1])
across = notes[1::2]  # each decoder layer notes its self-attention first, then its cross-attention
strongest = max((weights.diagonal(dim1=-2, dim2=-1).mean(-1).max().item(), i) for i, weights in enumerate(across))
figure, axes = plt.subplots(1, 4, figsize=(9, 2.6))
for head, axis in enumerate(axes):
    axis.imshow(across[strongest[1]][head], cmap="Blues", vmin=0, vmax=1)
    axis.set(title=f"head {head + 1}", xlabel="place in the source", xticks=[0, 3, 6, 9], yticks=[0, 3, 6, 9])
axes[0].set_ylabel("place in the target")
figure.tight_layout()
picture(
    figure,
    f"Cross-attention of the four heads in decoder layer {strongest[1] + 1} while copying ten symbols. At least one "
    f"head follows the diagonal: to write symbol i it looks at place i of the source, mean weight {strongest[0]:.2f}.",
)
assert strongest[0] > 0.3

# %% [markdown]
# A diagonal: to write symbol number i, look at place i of the source. Nobody told the model. Other heads may do
# nothing that makes sense to us; one that works is enough.

# %% [markdown]
# ## 12. Writing text, without reading it again and again
#
# A language model writes one word, appends it, reads everything again, writes the next one. For n words it reads 1 +
# 2 + … + n words, and nearly all of that is done over and over. Look at the causal mask: what an earlier token
# computes does **not** depend on later ones. So its keys and values can be kept. This is the **KV cache**: every
# layer remembers the keys and values it has seen, and only the newest token is computed.

# %% tags=["show"]
from course_lib.reference.transformer import cached_multi_head

# %% [markdown]
# The model's method `extend` (read it again above) uses it: `scores, cache = model.extend(new_tokens, cache)`.
#
# ### Exercise · greedy_generate · ●●○ · 15 minutes
#
# **Write** `greedy_generate(extend, prompt, longest, end)`: always take the best next word.
#
# - **Input:** a function `extend(tokens, cache) -> (scores, cache)`, where `tokens` is an int tensor (1, T) of what
#   the model has *not seen yet*, `cache` is None in the first call, and `scores` has shape (1, T, V); the prompt, a
#   list of word numbers; how many words to write at most; a word number to stop at, or None.
# - **Output:** the list of new word numbers, without the prompt and without the end.
# - **Mind:** the first call gets the whole prompt, each later call a single word.
# - **Example:** the prompt is `[7, 2]`. The first call is `extend(tensor([[7, 2]]), None)`. Say the last row of its
#   scores is largest at 5: then 5 is the first new word, and the second call is `extend(tensor([[5]]), cache)`.

# %% tags=["exercise"]
from course_lib.reference.transformer import greedy_generate

# %%
greedy_generate = check(greedy_generate)

# %% [markdown]
# Let it write something. We train a small language model on the sentences of our miniature world, for a few
# seconds. Sentences of different lengths go into one tensor: `pad_batch` fills up and brings the padding mask.

# %% tags=["show"]
from course_lib.reference.transformer import pad_batch

# %%
from course_lib.data import world_sentences

sentences = world_sentences("train")
vocabulary = ["<end>", *sorted({word for sentence in sentences for word in sentence})]
number_of = {word: number for number, word in enumerate(vocabulary)}
encoded = [[number_of[word] for word in sentence] + [0] for sentence in sentences]

torch.manual_seed(0)
writer = SequenceModel(
    len(vocabulary), hidden=128, longest=256, causal=True, positional_encoding=positional_encoding, **mine
)
optimizer = torch.optim.Adam(writer.parameters(), lr=4e-3)
for step in range(201):
    ids, real = pad_batch([encoded[i] for i in torch.randint(len(encoded), (64,)).tolist()])
    goal = ids[:, 1:].masked_fill(~real[:, 0, 0, 1:], -100)  # PyTorch's loss leaves -100 out
    loss = functional.cross_entropy(writer(ids[:, :-1]).flatten(0, 1), goal.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:3}   loss {loss.item():.2f}   that is a choice among {loss.exp().item():5.1f} words")
assert loss.item() < 2.6

# %%
def continued(prompt):
    """The prompt's continuation by the writer, as a list of words."""
    with torch.no_grad():
        words = greedy_generate(writer.extend, [number_of[word] for word in prompt.split()], 20, end=0)
    return [vocabulary[word] for word in words]


for prompt in ("the dog", "she", "in the morning", "the teacher of the", "our son"):
    print(prompt, "…", *continued(prompt))

# %% [markdown]
# Nearly fluent, isn't it? Most of it might stand in the miniature world. But does the model *know*
# anything? **Predict first, then run:** in how many of the countries does it seat the government in the right city?
# In how many at least in some city?

# %%
from course_lib.data import world

capitals = dict(world().capitals)
answers = {country: continued(f"the government of {country} sits in") for country in capitals if country in number_of}
right = sum(answer[:1] == [capitals[country]] for country, answer in answers.items())
city = sum(answer[:1] != [] and answer[0] in capitals.values() for answer in answers.values())
print(f"{len(answers)} countries: {city} answers are a capital, {right} are the right one")
for country in list(answers)[:4]:
    print(f"   the government of {country} sits in …", *answers[country])
assert city > right

# %% [markdown]
# It has learned that a capital must follow, but in a few seconds it has hardly learned which. Fluency comes long
# before knowledge. Keep that in mind for larger models.
#
# And is the cache worth it? **Predict first, then run:** with and without cache, how do the times grow with the
# length of the text?

# %%
def without_cache(tokens, cache):
    """Reads everything again at each step; its `cache` is just the text so far."""
    seen = tokens if cache is None else torch.cat([cache, tokens], dim=1)
    return writer(seen), seen


print("words   with cache   without   ratio   same words")
for length in (31, 62, 124, 248):
    seconds, texts = [], []
    for extend in (writer.extend, without_cache):
        started = time.perf_counter()
        with torch.no_grad():
            texts.append(greedy_generate(extend, [number_of["the"]], length))
        seconds.append(time.perf_counter() - started)
    ratio = seconds[1] / seconds[0]
    print(f"{length:5}   {seconds[0]:8.2f} s   {seconds[1]:5.2f} s   {ratio:5.1f}   {texts[0] == texts[1]}")
    assert texts[0] == texts[1]

# %% [markdown]
# The longer the text, the larger the gain, and it grows with the size of the model, too. Every chat program you have
# used keeps such a cache.

# %% [markdown]
# ## 13. What does it cost?
#
# | layer | operations | steps in a row | longest path |
# |---|---|---|---|
# | recurrent | n · d² | n | n |
# | convolution of width k | k · n · d² | 1 | n / k, or log_k n when dilated |
# | self-attention | n² · d | 1 | 1 |
#
# So attention is quadratic in the length of the text, recurrence in the width. Which is larger?

# %%
print("     n     d   attention n²d   recurrent nd²")
for n, d in ((50, 512), (512, 512), (4096, 512), (4096, 4096)):
    print(f"{n:6} {d:5}   {n * n * d:13.1e}   {n * d * d:13.1e}")
#>      n     d   attention n²d   recurrent nd²
#>     50   512         1.3e+06         1.3e+07
#>    512   512         1.3e+08         1.3e+08
#>   4096   512         8.6e+09         1.1e+09
#>   4096  4096         6.9e+10         6.9e+10

# %% [markdown]
# For a sentence, attention is the cheaper one. They meet where n = d. There is nothing magical about 512: that BERT
# stops there is a decision of its makers. For whole books, n² hurts, in time and even more in memory: the table of
# weights alone has n² entries per head. **FlashAttention** computes the same numbers piece by piece and never writes
# that table down. PyTorch has it built in:

# %% tags=["show"]
from course_lib.reference.transformer import fast_attend

# %% tags=["show"]
from course_lib.reference.transformer import fast_layer_norm

# %%
queries = torch.randn(2, 4, 100, 16)
slow, fast = (function(queries, queries, queries)[0] for function in (attend, fast_attend))
print("same output:", torch.allclose(slow, fast, atol=1e-5))
#> same output: True

# %% [markdown]
# We pay with the weights: they never exist, so we cannot look at them.
#
# If this machine has a CUDA graphics card, the next cell runs a large layer on it: in 32-bit floats and in
# bfloat16, with your `attend` and with the fused one.

# %%
def milliseconds(function, where, repeats=20):
    """Median time of a call."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        if where.type == "cuda":
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - started))
    return sorted(times)[repeats // 2]


where = device()
if where.type == "cuda":
    parameters = new_layer(512, 2048).to(where)
    x = torch.randn(16, 512, 512, device=where)
    fused = {"multi_head": partial(multi_head, attend=fast_attend), "layer_norm": fast_layer_norm}
    with torch.no_grad():
        expected = encoder_layer(x, parameters, 8)
        for dtype in (torch.float32, torch.bfloat16):
            for name, functions in (("yours", {}), ("fused", fused)):
                run = partial(encoder_layer, x.to(dtype), parameters.to(dtype), 8, **functions)
                off = (run().float() - expected).abs().max().item()
                print(f"{name}, {dtype}: {milliseconds(run, where):6.2f} ms, largest difference {off:.4f}")
                assert off < (0.05 if dtype == torch.float32 else 0.5)
else:
    print("No CUDA graphics card here; everything else in this lesson runs on the CPU.")

# %% [markdown]
# ## 14. What is each part worth?
#
# Papers answer this with an **ablation**: take one part out, train again, compare. Since your functions are
# arguments, that is easy for us.
#
# The task, made for the purpose: eight digits go in. Below each digit shall stand *its left neighbour if the digit is
# even, its right neighbour if it is odd* (the row is a ring). So each token must know where it is, what it is, and
# look the right way.
#
# **Predict first.** Rank these from harmless to fatal: no positions, one head instead of four, no √E, no feed-forward
# layers, no residuals, no norms.

# %%
def neighbours(count, generator):
    digits = torch.randint(10, (count, 8), generator=generator)
    return digits, torch.where(digits % 2 == 0, digits.roll(1, dims=1), digits.roll(-1, dims=1))


def accuracy_after_training(seed, steps=150, **changes):
    """Train a model of two layers from a seed; changes replace its parts. Returns the share of right digits."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    sizes = {"words": 10, "width": 32, "heads": 4, "hidden": 64, "layers": 2, "longest": 8}
    model = SequenceModel(**{**sizes, "positional_encoding": positional_encoding, **mine, **changes})
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(steps):
        digits, goal = neighbours(32, generator)
        loss = functional.cross_entropy(model(digits).flatten(0, 1), goal.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    digits, goal = neighbours(500, generator)
    with torch.no_grad():
        return (model(digits).argmax(dim=-1) == goal).float().mean().item()


def no_root(query, key, value, mask=None):
    return attend(query * math.sqrt(query.shape[-1]), key, value, mask)


def no_residuals(x, parameters, heads, mask, norm_first, multi_head, layer_norm, feed_forward):
    x = layer_norm(x, **parameters["attention_norm"])
    x = multi_head(x, x, parameters["attention"], heads, mask)[0]
    return feed_forward(layer_norm(x, **parameters["feed_forward_norm"]), **parameters["feed_forward"])


variants = {
    "everything in place": {},
    "no positions": {"positional_encoding": lambda length, width: torch.zeros(length, width)},
    "one head": {"heads": 1},
    "no √E": {"attend": no_root},
    "no feed-forward": {"feed_forward": lambda x, *_, **__: torch.zeros_like(x)},
    "no residuals": {"encoder_layer": no_residuals},
    "no norms": {"layer_norm": lambda x, *_, **__: x},
}

# %%
results = {name: [accuracy_after_training(seed, **changes) for seed in range(3)] for name, changes in variants.items()}
print("right digits after 150 steps, mean of 3 seeds (worst to best)")
for name, shares in results.items():
    print(f"{name:>20}: {np.mean(shares):4.0%}   ({min(shares):.0%} to {max(shares):.0%})")
assert np.mean(results["everything in place"]) > 0.75
assert max(results["no positions"] + results["no residuals"]) < 0.6

# %% [markdown]
# What can one read from such a table, and what not?
#
# - **To lose positions or residuals is fatal** on this task. Those ranges touch no other. What is left, 3 in 10, is
#   about what you get by naming the commonest digit of each row, without any idea of who stands where.
# - For all the rest, compare the difference with the spread between seeds. Where a range overlaps with that of the
#   complete model, the honest sentence is: *three seeds do not show it.* Run it with ten before you write a paper.
# - One head does as well as four. Is that a surprise? Each digit has to look at one place only.
# - Small models hide effects: our heads are 8 wide, so √E matters less than in section 3; there are two layers, so
#   norms matter less than with fifty.
#
# Another task would give another table. That holds for famous tables as well. The paper's ablation measures
# translation, on one development set (newstest2013, English to German). The unit is BLEU, which counts how many
# sequences of words a translation shares with a human one, from 0 to 100. There is no word about the spread between
# seeds:
#
# | variant | BLEU | difference |
# |---|---|---|
# | base model | 25.8 | |
# | one head of full width | 24.9 | −0.9 |
# | width 256 instead of 512 | 24.5 | −1.3 |
# | learned positions instead of waves | 25.7 | −0.1 |
#
# Lectures and blogs often add rows such as "no positions" or "no residuals" to it. The paper has no such rows; you
# have just measured your own.

# %% [markdown]
# ## 15. Real weights in your own code
#
# The same model again, with one difference: somebody has trained it, on a great many sentences. **all-MiniLM-L6-v2**
# is a small BERT: 6 layers of 12 heads, D = 384, post-norm, GELU, learned positions. Its file holds about a hundred
# tensors with names such as `encoder.layer.3.attention.self.query.weight`. All we have to do is to put each one where
# your functions expect it.

# %% tags=["show"]
from course_lib.reference.transformer import Bert

# %% tags=["show"]
from course_lib.reference.transformer import sentence_vectors

# %%
from course_lib.data import minilm, minilm_available

if minilm_available():
    pretrained = minilm()
    bert = Bert(pretrained.weights, heads=pretrained.config["num_attention_heads"], **mine)
    print(f"{sum(tensor.numel() for tensor in bert.parameters()):,} numbers in {len(bert.layers)} layers")
else:
    pretrained = None
    print("MiniLM is not on this machine; the cells below do nothing without it.")
    print("To get it (91 MB), run in a terminal: course data get minilm. Then run the notebook again.")

# %% [markdown]
# What if a file does not fit? Let one matrix lie on its side:

# %%
if pretrained:
    name = "encoder.layer.3.intermediate.dense.weight"
    try:
        Bert({**pretrained.weights, name: pretrained.weights[name].T}, **mine)
    except ValueError as error:
        print(error)

# %% [markdown]
# The loader compares every shape with the others and names the one that disagrees. A square matrix, such as a
# query's, would slip through: its shape is right either way. Only numbers can tell.
#
# Now feed the model a sentence. A tokenizer cuts it into pieces; the model gives one vector of 384 numbers a piece, and
# each of them knows the whole sentence. For a vector of the *sentence* take their mean.


# %%
def vectors_of(texts, bert):
    """One vector of length 1 for each text."""
    ids, real = pad_batch([pretrained.encode(text).ids for text in texts])
    with torch.no_grad():
        return sentence_vectors(bert(ids, mask=real), real)


texts = ["a cat sits on the mat", "a kitten rests on a rug", "the stock market fell sharply", "shares lost value today"]
if pretrained:
    vectors = vectors_of(texts, bert)
    show(vectors @ vectors.T, texts, ["cat", "kitten", "market", "shares"])
    assert 0.6 < vectors[0] @ vectors[1] < 0.75 and vectors[0] @ vectors[2] < 0.2

# %% [markdown]
# If you have MiniLM: the two sentences about cats share no noun and no verb, and still they are close. The same for
# the two about the market. That was *your* `attend`, *your* `layer_norm`, *your* `encoder_layer`, with somebody
# else's numbers.
#
# ### Look inside
#
# All 6 × 12 heads at once. Choose one, hover over a word or use the arrow keys, and type a sentence of your own.
#
# Two tokens stand there that nobody typed: `[CLS]` in front and `[SEP]` at the end. BERT was trained with them. And see
# how many heads have a dark first column: about half of all weight goes to `[CLS]`. A row must total 1, so a head that
# finds nothing has to look *somewhere*. That is the usual reading; to be sure, one would have to test it.


# %%
looked = []


def looking(query, key, value, mask=None, with_function=attend):
    """attend, with queries, keys and weights of every call kept."""
    output, weights = with_function(query, key, value, mask)
    looked.append((query[0], key[0], weights[0]))
    return output, weights


def watched(attend=attend, **changes):
    """MiniLM in your functions, or in changed ones, that keeps in `looked` what it looked at."""
    return Bert(pretrained.weights, **{**mine, **changes, "attend": partial(looking, with_function=attend)})


def reader(model):
    """A function from a text to its tokens and the model's attention weights (layers, heads, T, T)."""

    def attention(text):
        looked.clear()
        encoded = pretrained.encode(text)
        with torch.no_grad():
            model(torch.tensor([encoded.ids]))
        return encoded.tokens, torch.stack([weights for _, _, weights in looked])

    return attention


def scores_of(text, layer, head):
    """Queries and keys of one head."""
    attention_of(text)
    query, key, _ = looked[layer]
    return {"query": query[head], "key": key[head]}


tired = "the animal didn't cross the street because it was too tired"
wide = "the animal didn't cross the street because it was too wide"
if pretrained:
    from course_lib.widgets import AttentionExplorer
    from IPython.display import display

    attention_of = reader(watched())
    start = {"layer": 4, "head": 2, "token": "it"}
    display(AttentionExplorer(attention_of, tired, scores=scores_of, examples=[tired, wide], **start))

# %% [markdown]
# ### Who is "it"?
#
# *The animal didn't cross the street because it was too tired.* You know what *it* means: the animal. This sentence
# became famous in 2017, by a blog post about the Transformer, with a picture of a head that seemed to know, too. (It
# is not in the paper, and pictures with invented weights go round to this day. The weights of a row have to total 1:
# check.)
#
# Is there such a head in MiniLM? We need not believe anything. We ask all 72.


# %%
def weights_of_it(text):
    """Weight from "it" to "animal" and to "street" in every head."""
    tokens, weights = attention_of(text)
    row = weights[:, :, tokens.index("it")]  # (layers, heads, T)
    assert torch.allclose(row.sum(-1), torch.ones(row.shape[:2]), atol=1e-5)
    return row[..., tokens.index("animal")], row[..., tokens.index("street")]


if pretrained:
    animal, street = weights_of_it(tired)
    favourites = [divmod(head, 12) for head in animal.flatten().argsort(descending=True)[:3].tolist()]
    for layer, head in favourites:
        both = animal[layer, head], street[layer, head]
        print("layer {}, head {:2}: animal {:.2f}, street {:.2f}".format(layer + 1, head + 1, *both))
    assert 0.60 < animal[3, 1] < 0.68 and 0.03 < street[3, 1] < 0.08

# %% [markdown]
# In layer 4, head 2 (and once more in the last layer), *it* gives most of its weight to *animal*, and next to nothing
# to *street*. Found it! Or have we?
#
# **Predict first, then run.** Now the sentence ends with *too wide*. An animal is not too wide; *it* is the street.
# What should these heads do, if they understand?

# %%
if pretrained:
    animal, street = weights_of_it(wide)
    for layer, head in favourites:
        both = animal[layer, head], street[layer, head]
        print("layer {}, head {:2}: animal {:.2f}, street {:.2f}".format(layer + 1, head + 1, *both))
    assert 0.2 < animal[3, 1] < 0.33 and 0.08 < street[3, 1] < 0.18

# %% [markdown]
# The head of layer 4 hesitates, but it does **not** turn round: *animal* still gets about twice as much. Perhaps it
# does not follow sense at all, but something simpler, such as "the subject". One sentence cannot tell. Our miniature
# world has hundreds of such sentences, with the right answer noted. So let all heads compete. The best head is chosen
# on one part of the sentences and judged on another; otherwise, with 72 candidates, luck alone would give us a
# fine-looking winner.


# %%
def heads_that_are_right(examples, model):
    """For each head the share of sentences in which the pronoun looks more at the right noun than at the other."""
    right = torch.zeros(6, 12)
    for example in examples:
        pieces = [pretrained.encode(word).ids[1:-1] for word in example.tokens]
        start = np.cumsum([1, *map(len, pieces)])  # the first piece of each word; place 0 is [CLS]
        looked.clear()
        with torch.no_grad():
            model(torch.tensor([[101, *sum(pieces, []), 102]]))  # [CLS], the pieces, [SEP]
        row = torch.stack([weights for _, _, weights in looked])[:, :, start[example.pronoun]]
        right += row[..., start[example.antecedent]] > row[..., start[example.other]]
    return right / len(examples)


if pretrained:
    from course_lib.data import references

    model = watched()
    chosen_on, judged_on = (heads_that_are_right(references(split)[:200], model) for split in ("train", "test"))
    layer, head = divmod(chosen_on.argmax().item(), 12)
    print(f"layer 4, head 2 is right in {judged_on[3, 1]:.0%} of the sentences")
    print(f"the best head, layer {layer + 1}, head {head + 1}: {judged_on[layer, head]:.0%}; guessing gives about 50%")
    assert 0.4 < judged_on[3, 1] < 0.68

# %% [markdown]
# The famous head is not much better than a coin. Some other head does a little better, and none of them can be relied
# upon. There is a lesson in this beyond Transformers: **a picture of attention is the beginning of a question, not an
# answer.** (Whether attention explains anything at all is disputed; see the last papers in the list below.)
#
# ### Break it
#
# Now the proof that your functions matter. What if you had forgotten the √E? Or divided by the root of the whole
# width, √D? The shapes are right, and no error appears.


# %%
def narrow_root(query, key, value, mask=None):
    return attend(query / math.sqrt(12), key, value, mask)  # 12 heads: √D = √12 · √E


def over_the_queries(query, key, value, mask=None):
    weights = (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])).softmax(dim=-2)
    return weights @ value, weights


def norm_moved(x, parameters, heads, mask, **parts):
    return encoder_layer(x, parameters, heads, mask, True, **parts)


broken = {
    "as it should be": {},
    "no √E": {"attend": no_root},
    "√D instead of √E": {"attend": narrow_root},
    "softmax over the queries": {"attend": over_the_queries},
    "pre-norm instead of post-norm": {"encoder_layer": norm_moved},
}
if pretrained:
    print("what is left of the sentence vectors (cosine with the right ones), and what the head sees")
    for name, changes in broken.items():
        got = vectors_of([*texts, tired], Bert(pretrained.weights, **{**mine, **changes}))
        kept = (got * vectors_of([*texts, tired], bert)).sum(dim=-1).mean().item()
        tokens, weights = reader(watched(**changes))(tired)
        row = weights[3, 1, tokens.index("it")]
        print(f"{name:>30}: {kept:.2f}   it → animal {row[tokens.index('animal')]:.2f}")
        assert kept > 0.999 if not changes else kept < 0.9

# %% [markdown]
# Every one of them gives numbers of the right shape and size. Trained weights fit one formula and no other.
#
# Look at the second line. Without the root the head is *certain* that it is the animal. That picture would look
# better in a talk, and it is wrong. And note how much of the sentence vectors survives: such a model is robust, so a
# wrong line can hide for a long time. That is why this course compares numbers, not shapes.
#
# See what it does to the heads. Switch between the versions:

# %%
if pretrained:
    versions = {
        "yours": attention_of,
        "no √E": reader(watched(no_root)),
        "√D instead of √E": reader(watched(narrow_root)),
    }
    display(AttentionExplorer(versions, tired, title="The same weights, three formulas", **start))

# %% [markdown]
# ### Learned positions, and what they do
#
# MiniLM was never told about waves. It has a table of 512 position vectors, found by training. Compare: how similar
# are two positions, in its table and in ours?

# %%
if pretrained:
    learned = torch.tensor(pretrained.weights["embeddings.position_embeddings.weight"][:64])
    learned = functional.normalize(learned - learned.mean(dim=0), dim=-1)
    ours = functional.normalize(positional_encoding(64, 384), dim=-1)
    figure, axes = plt.subplots(1, 2, figsize=(7, 3.2))
    for axis, table, title in zip(axes, (learned, ours), ("learned by MiniLM", "sines and cosines"), strict=True):
        axis.imshow(table @ table.T, cmap="viridis")
        axis.set(title=title, xlabel="position", ylabel="position")
    figure.tight_layout()
    nearer = np.mean([learned[p] @ learned[p + 1] > learned[p] @ learned[p + 8] for p in range(1, 50)])
    picture(
        figure,
        "Similarity of the first 64 positions to each other, as two maps. In both, the diagonal is bright: near "
        f"positions are alike. In MiniLM's table, {nearer:.0%} are more like their neighbour than like the 8th one on.",
    )
    assert nearer > 0.9

# %% [markdown]
# Near positions are alike in both. And look at the stripes: the distance that training likes comes again and again,
# every few positions. Nobody told it about waves, and it has found some. What if we take the table away?

# %%
if pretrained:
    table = "embeddings.position_embeddings.weight"
    blind = Bert({**pretrained.weights, table: np.zeros_like(pretrained.weights[table])}, **mine)
    pair = ["dog bites man", "man bites dog"]
    for name, model in (("with positions", bert), ("without", blind)):
        one, other = vectors_of(pair, model)
        print(f"{name:>14}: cosine of “{pair[0]}” and “{pair[1]}” {one @ other:.3f}")
    assert one @ other > 0.999

# %% [markdown]
# Without positions the two are one and the same. With them they differ, though less than one would hope: MiniLM was
# trained to say which sentences are *about* the same things, and these two are.

# %% [markdown]
# ## 16. In short
#
# - **Attention** is a soft dict: queries meet keys, softmax of the scores makes weights, the output is a mean of
#   values.
# - **√E** keeps the softmax out of the region where it is sure of itself and deaf to gradients.
# - **Heads** look for several things at once. Split features, not tokens.
# - **Positions** must be added, or a sentence is a bag. A shift is a rotation of the waves.
# - **Feed-forward** layers hold most of the parameters and treat every token alike and alone.
# - **Residuals** carry gradients to the bottom; **layer norm** keeps the sums in bounds. Post-norm: norm(x + f(x));
#   pre-norm: x + f(norm(x)).
# - **Masks** forbid the future and the filling. Test: change what is hidden, nothing visible may change.
# - **Encoder** = no triangle, **decoder** = triangle, **cross-attention** = queries from one text, keys and values
#   from the other.
# - Attention costs n²d, recurrence nd². The path is 1.
# - A claim about a part needs an experiment with seeds; a claim about a head needs more than one sentence.
#
# ### Questions to ponder
#
# 1. Two tokens are the same word at different places. Without positions, can attention ever treat them differently?
# 2. Why is it harmless that filled places produce nonsense? When would it not be?
# 3. Post-norm with a norm whose gain is 0: what comes out of the whole encoder? And pre-norm?
# 4. The cache makes each step cheaper. What does it cost, for a text of 100,000 tokens, 32 layers and D = 4,096?
# 5. Replace the softmax by a plain division by n, in `attend`. Which experiments of this lesson still work? Try it.
# 6. Train the copier to *reverse*. Which picture of the cross-attention do you expect? Change one line and look.

# %% [markdown] tags=["solution"]
# ### Answers to ponder over with your learners
#
# 1. No. Two equal vectors make equal queries, keys and values in every layer, so their outputs stay equal.
# 2. Because nobody looks at the filling, and the loss leaves it out. It would do harm in a mean over all tokens, and
#    in batch norm.
# 3. Post-norm: the bias of the last norm, whatever went in. Pre-norm: the sublayers see only their norm's bias, so
#    each adds the same vector to every token, and the input still shines through (unless the final norm is dead, too).
# 4. Two tables (keys, values) of 100,000 × 4,096 numbers in each of 32 layers: 26 billion numbers, 52 GB in bfloat16.
#    That is why later models share keys and values between heads.
# 5. The weights are no longer positive and no longer total 1. Masks still work if zeros are put where the mask is
#    False; otherwise −∞ / n stays −∞ and spoils the output. What the toy tasks do is yours to measure. MiniLM is lost:
#    its weights fit one formula.
# 6. The other diagonal.
