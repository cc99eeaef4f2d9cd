# ---
# title: Words as vectors
# lecture: Word representations
# goals:
#   - say what a dictionary, a one-hot vector and a count each know about a word, and what they miss
#   - turn a text into a co-occurrence matrix and a term-document matrix, and read both
#   - compare words by the angle between their vectors, and say why length should not matter
#   - sharpen counts with PPMI and squeeze them with the singular value decomposition
#   - explore word vectors, from a small text and from a pretrained model, and judge them against people
# builds_on: [start_here]
# minutes: 210
# sources:
#   - "J. R. Firth, *A synopsis of linguistic theory 1930–1955* (1957), and Zellig Harris, *Distributional structure*
#     (1954): the idea that a word's company tells its meaning."
#   - "Daniel Jurafsky and James Martin, *Speech and Language Processing*, the chapter on vector semantics: the best
#     next thing to read after this lesson."
#   - "George Miller, *WordNet: a lexical database for English* (1995)."
#   - "Scott Deerwester and others, *Indexing by latent semantic analysis* (1990); Carl Eckart and Gale Young,
#     *The approximation of one matrix by another of lower rank* (1936)."
#   - "Kenneth Church and Patrick Hanks, *Word association norms, mutual information, and lexicography* (1990);
#     John Bullinaria and Joseph Levy, *Extracting semantic representations from word co-occurrence statistics* (2007)."
#   - "Omer Levy, Yoav Goldberg and Ido Dagan, *Improving distributional similarity with lessons learned from word
#     embeddings* (2015): counting against learning, measured fairly."
# ---

# %%
from course_lib import check, hint, solution
from course_lib.widgets.picture import picture
import numpy as np
from collections import Counter
from matplotlib import pyplot as plt

# %% [markdown]
# ## 1. What does it mean to know a word?
#
# (A long lesson: take two sittings. The end of section 7 is a good place for the break.)
#
# Imagine a robot in your kitchen. You say: "Bring me an apple." What must it know?
#
# You could show it apples: the roundness, the weight, the smell. Then the word *points* at things in the world. The
# set of all things that a word points at is one classical answer to the question of meaning. Logicians call it the
# word's **extension**, or what it **denotes**.
#
# But a word does more than point. "He is a bad apple" has no fruit in it, nor has "She works for Apple". What a
# speaker wants to convey lies in how the word is **used**. That is the second answer.
#
# Our computer has no nose and no hands. It has text, a great deal of it, and nothing else. Text is use. So this is
# the question of the lesson:
#
# > Can a word become a list of numbers, from nothing but its use?
#
# Such a list is called a **word vector**. We ask two things of it.
#
# **Similarity.** Words of similar meaning should lie close together: *star* near *sun*, *motel* near *hotel*.
#
# **Relations.** The *difference* of two vectors should mean something. The step from *China* to *Beijing* should be
# the step from *Japan* to *Tokyo*. The step from *walking* to *walk* should be the step from *swimming* to *swim*.
#
# The famous example is king − queen + woman ≈ man. Let us do it by hand, with three invented features for each word:
# royal, male, female.

# %%
features = {
    "king": np.array([1, 1, 0]),
    "queen": np.array([1, 0, 1]),
    "man": np.array([0, 1, 0]),
    "woman": np.array([0, 0, 1]),
}
print("king - queen         =", features["king"] - features["queen"])
print("king - queen + woman =", features["king"] - features["queen"] + features["woman"])
print("man                  =", features["man"])
#> king - queen         = [ 0  1 -1]
#> king - queen + woman = [0 1 0]
#> man                  = [0 1 0]

# %% [markdown]
# Follow the columns. Taking *queen* away takes away "royal" and "female". Adding *woman* brings "female" back. So
# what the two steps remove together is "royal", and a male without a crown is left: a man. (To take away "female" and
# add "female" again would change nothing. It would leave the king.)
#
# These features were invented by hand. Nobody can do that for a hundred thousand words. We shall try three ways to
# get vectors without inventing them: dictionaries, bare symbols, and counting.

# %% [markdown]
# ## 2. Ask a dictionary
#
# People have written down what words mean for centuries. The best-known dictionary for computers is **WordNet**. It
# stores two things that interest us:
#
# - **synonyms**: sets of words that can stand for the same meaning;
# - **hypernyms**: for each meaning the more general one. A cat is a pet, a pet is an animal.
#
# Climb from hypernym to hypernym and you come to the root. In WordNet, *natural language processing* leads by way of
# *knowledge domain*, *content* and *cognition* up to *entity*.
#
# The course brings a small dictionary of its own. It belongs to a **miniature world**, which will stay with us: some
# twenty thousand short sentences about people, animals, countries and trades, whose facts we know. Here is its
# taxonomy, a dict from each word to its hypernym:

# %%
from course_lib.data import taxonomy, synonyms

parents = taxonomy()
print(len(parents), "words have a hypernym, for instance:")
for word in ["cat", "piano", "apple"]:
    print(f"  {word} is a kind of {parents[word]}")
#> 154 words have a hypernym, for instance:
#>   cat is a kind of pet
#>   piano is a kind of instrument
#>   apple is a kind of fruit

# %% [markdown]
# ### Exercise · hypernym_path · ●○○ · 6 minutes
#
# How general can one get? Climb the tree.
#
# **Write** `hypernym_path(word, parents)`: the way from a word up to its root.
#
# - **Input:** a word, and a dict from each word to its hypernym. A root has no entry.
# - **Output:** a list of words that begins with the word itself and ends with the root.
# - **Example:** with `parents = {"cat": "pet", "pet": "animal"}` the path of `"cat"` is `["cat", "pet", "animal"]`,
#   and the path of `"animal"` is `["animal"]`.
#
# Stuck? `hint("hypernym_path")` helps a little, `solution("hypernym_path")` tells all.

# %% tags=["exercise"]
from course_lib.reference.words import hypernym_path

# %%
hypernym_path = check(hypernym_path)

# %%
for word in ["cat", "piano"]:
    print(" → ".join(hypernym_path(word, parents)))
#> cat → pet → mammal → animal → living thing → object → entity
#> piano → instrument → artefact → object → entity

# %% [markdown]
# ### Exercise · lowest_common_ancestor · ●●○ · 10 minutes
#
# Two paths meet somewhere. The lower they meet, the more the two words have in common.
#
# **Write** `lowest_common_ancestor(a, b, parents)`: the most specific word that both are a kind of.
#
# - **Input:** two words and the dict of hypernyms.
# - **Output:** one word, or `None` if the words are in different trees. A word counts as its own ancestor: that of
#   *cat* and *animal* is *animal*.
# - **Example:** with `parents = {"cat": "pet", "dog": "pet", "pet": "animal"}` the answer for `"cat"` and `"dog"` is
#   `"pet"`, not `"animal"`.

# %% tags=["exercise"]
from course_lib.reference.words import lowest_common_ancestor

# %%
lowest_common_ancestor = check(lowest_common_ancestor)

# %% [markdown]
# **Predict first, then run.** In which word will each of the three pairs meet? Count the steps from one word up to the
# meeting and down to the other: which pair is nearest?

# %%
meetings = []
for a, b in [("cat", "dog"), ("cat", "piano"), ("apple", "pear")]:
    meeting = lowest_common_ancestor(a, b, parents)
    steps = hypernym_path(a, parents).index(meeting) + hypernym_path(b, parents).index(meeting)
    meetings.append(f"{a} and {b} meet in {meeting}, {steps} steps apart")
print("\n".join(meetings))

# %% tags=["solution"]
print("\n".join(meetings))
#> cat and dog meet in pet, 2 steps apart
#> cat and piano meet in object, 8 steps apart
#> apple and pear meet in fruit, 2 steps apart

# %% [markdown]
# <details><summary>Which pair is nearest?</summary>
#
# A tie: cat and dog are 2 steps apart, and so are apple and pear. The tree cannot say which of the two is more alike.
#
# </details>
#
# That is already a measure of similarity, if a coarse one. The dictionary has synonyms as well:

# %%
for group in synonyms()[:4]:
    print(" = ".join(group))

# %% [markdown]
# Why not stop here?
#
# **Nuance is lost.** *Good* and *skilful* in one set? Nobody has ever eaten a skilful meal. WordNet is more careful.
# It has many sets with *good*: one with *beneficial*, another with *skilful* and *proficient*. Still, there is *a
# good meal* and never *a proficient meal*. And *excellent*, the first word a reader would offer, shares no set with
# *good* at all.
#
# **New senses are missing.** To our dictionary, *apple* is something to eat and nothing else. It has never heard of
# the firm, nor of the firm called *Amazon*, nor of whatever will be a word next year.
#
# **It is work, it is a matter of taste, and it is never finished.** People have to write every entry, and two people
# write two different ones. How much of its own little world does our dictionary cover?

# %%
from course_lib.data import world_sentences

sentences = world_sentences()
word_counts = Counter(word for sentence in sentences for word in sentence)
known = set(parents) | set(parents.values())
print(f"{len(sentences):,} sentences, {sum(word_counts.values()):,} words in all")
print(f"{len(word_counts):,} different words")
print(f"in the taxonomy: {np.mean([word in known for word in word_counts]):.0%} of the different words")
print("some that are not:", ", ".join([word for word in word_counts if word not in known][:12]))
assert len(sentences) > 10_000

# %% [markdown]
# **And its degrees are coarse.** Two words are in one set of synonyms or they are not, and every step of the tree
# counts the same. Is *warm* closer to *hot* than to *cold*, and by how much? A dictionary is silent.

# %% [markdown]
# ## 3. Words as bare symbols
#
# Let us go to the other extreme and know nothing at all. Every word is a symbol of its own, like a number on a
# locker.
#
# As a vector: take the list of all different words, the **vocabulary**. A word becomes a vector with a single 1 in
# the place of that word and 0 everywhere else. Such a vector is called **one-hot**. It has as many numbers as the
# vocabulary has words; call that V.
#
# ### Exercise · one_hot · ●○○ · 8 minutes
#
# **Write** `one_hot(words, vocabulary)`: one row for each word.
#
# - **Input:** a list of N words, and the vocabulary, a list of V different words.
# - **Output:** an array of shape (N, V). A word outside the vocabulary gets a row of zeros.
# - **Example:** for the words `["cat", "mat"]` and the vocabulary `["the", "cat", "sat", "on", "mat"]` the rows are
#   `[0, 1, 0, 0, 0]` and `[0, 0, 0, 0, 1]`.

# %% tags=["exercise"]
from course_lib.reference.words import one_hot

# %%
one_hot = check(one_hot)

# %% [markdown]
# Here is a whole vocabulary at once, written by a small helper that prints a table with its row and column names. We
# shall use it again.


# %%
def show_table(matrix, rows, columns):
    """Print a matrix with the names of its rows and columns."""
    wide = max(map(len, rows))
    print(" " * wide, *columns)
    for name, row in zip(rows, matrix, strict=True):
        cells = [f"{number:>{len(column)}g}" for number, column in zip(row, columns, strict=True)]
        print(f"{name:>{wide}}", *cells)


mat_words = ["the", "cat", "sat", "on", "mat"]
show_table(one_hot(mat_words, mat_words), mat_words, mat_words)
#>     the cat sat on mat
#> the   1   0   0  0   0
#> cat   0   1   0  0   0
#> sat   0   0   1  0   0
#>  on   0   0   0  1   0
#> mat   0   0   0  0   1

# %% [markdown]
# How similar are two such words? The simplest measure multiplies two vectors place by place and adds up. That is
# their **dot product**, u·v = Σᵢ uᵢ vᵢ. Both vectors have a large number in the same place? Then the dot product is
# large.
#
# **Predict first, then run.** What are the dot products of *sun* with *star*, with *cat*, and with *sun* itself?

# %%
sky_words = ["sun", "star", "cat", "motel", "hotel"]
sun, star, cat, motel, hotel = one_hot(sky_words, sky_words)
products = {"sun · star": np.dot(sun, star), "sun · cat": np.dot(sun, cat), "sun · sun": np.dot(sun, sun)}
products["motel · hotel"] = np.dot(motel, hotel)
for pair, product in products.items():
    print(pair, "=", product)

# %% tags=["solution"]
print(*products.values())
#> 0.0 0.0 1.0 0.0

# %% [markdown]
# That is the fatal flaw. Any two different words have their ones in different places, so every product is 0. The
# vectors are **orthogonal**: at right angles, all of them, each to each. To a one-hot vector, a motel is as much like
# a hotel as like a cat. Nothing that was learned about the one helps with the other.
#
# And they are huge. With 100,000 words, every single word has 100,000 numbers, of which 99,999 are 0.

# %% [markdown]
# ## 4. The company a word keeps
#
# Fill the gaps:
#
# > The doctor prescribed the ______ twice a day. The pharmacy sold her ______ without a prescription.
#
# *Tablets? Drops? Medicine? Aspirin?* You never looked anything up. The neighbours of the gap told you what kind of
# word fits. And whatever fits in the same gaps must be somehow alike.
#
# In 1957 the linguist J. R. Firth said it in one line:
#
# > You shall know a word by the company it keeps.
#
# This is the **distributional hypothesis**: words that occur in similar contexts have similar meanings. It turns
# meaning into something a computer can count. Two routes lead on from here:
#
# - **count** the company, and use the counts as the vector: this lesson;
# - **learn** vectors that predict the company: lesson 03, still being written.
#
# A word about two words. *Distributional* says where the information comes from: from a word's distribution over
# contexts. *Distributed* says how it is stored: spread over many numbers, none of which means anything by itself. A
# row of counts is the first but not the second. At the end of this lesson we shall have both.

# %% [markdown]
# ## 5. Counting the company
#
# What is "company"? Two simple answers: the document that a word stands in, or the words right next to it. We begin
# with the easier one.
#
# ### By the document
#
# Take some documents: pages, articles, reviews. Make a table whose rows are words and whose columns are documents. A
# cell says how often the word occurs in the document. That is the **term–document matrix**, of shape (V, D) for D
# documents. Search engines grew from it.
#
# ### Exercise · term_document · ●○○ · 6 minutes
#
# **Write** `term_document(documents, vocabulary)`: count each word in each document.
#
# - **Input:** a list of D documents, each a list of words; the vocabulary, V words.
# - **Output:** an int array of shape (V, D). Words outside the vocabulary are ignored.
# - **Example:** `term_document([["the", "cat", "the"], ["on"]], ["the", "on"])` is `[[2, 0], [0, 1]]`.

# %% tags=["exercise"]
from course_lib.reference.words import term_document

# %%
term_document = check(term_document)

# %% [markdown]
# Here are three sentences that have travelled through many lectures. Let each be a document. The full stop counts as
# a word.

# %%
texts = ["I like deep learning .", "I like NLP .", "I enjoy flying ."]
three_sentences = [text.split() for text in texts]
columns = ["I", "like", "enjoy", "deep", "learning", "NLP", "flying", "."]
per_document = term_document(three_sentences, columns)
show_table(per_document, columns, ["text 1", "text 2", "text 3"])
#>          text 1 text 2 text 3
#>        I      1      1      1
#>     like      1      1      0
#>    enjoy      0      0      1
#>     deep      1      0      0
#> learning      1      0      0
#>      NLP      0      1      0
#>   flying      0      0      1
#>        .      1      1      1

# %% [markdown]
# The table can be read in two ways. A **row** is a vector for a word: in which documents does it live? A **column**
# is a vector for a document: which words does it hold? Two words are alike when they live in the same documents. Two
# documents are alike when they hold the same words.
#
# ### By the window
#
# A document is wide company. Closer company are the words next door. A **window** of size 2 around a word holds the
# two places to its left and the two places to its right, without the word itself, and it ends where the sentence ends.

# %%
sentence = ["The", "cat", "sat", "on", "the", "mat"]
place, window = sentence.index("sat"), 2
neighbours = sentence[place - window : place] + sentence[place + 1 : place + 1 + window]
print(neighbours)
print(Counter(word.lower() for word in neighbours))
#> ['The', 'cat', 'on', 'the']
#> Counter({'the': 2, 'cat': 1, 'on': 1})

# %% [markdown]
# *The* and *the* are one word, so *sat* has met *the* twice. Whether to write everything small is the first decision of
# any counting. Our miniature world is written small already.
#
# A warning: this slice works for *sat*, but not for *The*, the first word. There `place - window` is −2, and Python
# counts negative places from the end.
#
# Now slide the window over a whole text, and note every neighbour you see. Count in a table with one row and one
# column for each word. Cell (i, j) says how often word j was in the window of word i:
#
# $$X_{ij} = \text{number of times word } j \text{ stands in a window around word } i$$
#
# This is the **co-occurrence matrix**, or term–term matrix. Its row i will be our vector of word i. The words of the
# columns are called **contexts**: the company in which word i was seen.
#
# ### Exercise · cooccurrence · ●●○ · 15 minutes
#
# **Write** `cooccurrence(sentences, vocabulary, window)`: the co-occurrence matrix.
#
# - **Input:** a list of sentences, each a list of words; the vocabulary, V words; the window size, 0 or more.
# - **Output:** an int array of shape (V, V).
# - **Mind:** the window never leaves its sentence. Words outside the vocabulary are not counted, but they keep their
#   place. The same word one place further on is a neighbour like any other.
# - **Mind the time:** soon the text will have more than 170,000 words. `vocabulary.index(word)` searches the whole
#   list each time; a dict `{word: place}` knows at once.
# - **Example:** `cooccurrence([["the", "cat", "the"]], ["the", "cat"], 2)` is `[[2, 2], [2, 0]]`: each *the* sees the
#   other one, and the cat sees both.

# %% tags=["exercise"]
from course_lib.reference.words import cooccurrence

# %%
cooccurrence = check(cooccurrence)

# %%
counts = cooccurrence(three_sentences, columns, 2)
show_table(counts, columns, columns)
#>          I like enjoy deep learning NLP flying .
#>        I 0    2     1    1        0   1      1 0
#>     like 2    0     0    1        1   1      0 1
#>    enjoy 1    0     0    0        0   0      1 1
#>     deep 1    1     0    0        1   0      0 1
#> learning 0    1     0    1        0   0      0 1
#>      NLP 1    1     0    0        0   0      0 1
#>   flying 1    0     1    0        0   0      0 1
#>        . 0    1     1    1        1   1      1 0

# %% [markdown]
# Read it aloud. *I* and *like* met twice, in the first and in the second sentence. *Like* and *deep* met once. If you
# see me, I see you: a window that is the same on both sides gives a symmetric matrix, one that equals its transpose.

# %%
print("symmetric:", np.array_equal(counts, counts.T))
print(f"cells that are 0: {np.mean(counts == 0):.0%}")
#> symmetric: True
#> cells that are 0: 50%

# %% [markdown]
# Now watch it happen. Press *Play*, or step with the buttons beside it. The cell that was just counted is lit. Move
# the slider *window size*: what does a window of 1 miss, what does a window of 5 add? Point at a cell, and the text
# shows where its count comes from. The widget counts by itself; *your function* says whether your `cooccurrence`
# agrees.

# %%
from course_lib.widgets import CooccurrenceWindow

CooccurrenceWindow(three_sentences, vocabulary=columns, window=2, count=cooccurrence)

# %% [markdown]
# ## 6. Comparing two vectors
#
# We have vectors. When are two of them alike? The dot product is one answer. Take two short ones.
#
# We also need the **length** of a vector, seen as an arrow: the square root of the sum of its squares,
# ‖v‖ = √(Σᵢ vᵢ²). NumPy calls it `np.linalg.norm(v)`. (Python's `len(v)` is something else: how many numbers v has.)

# %%
v = np.array([3, 1, 2])
w = np.array([3, 0, 2])
print("v · w =", np.dot(v, w))
print(f"‖v‖ = {np.linalg.norm(v):.2f}, ‖w‖ = {np.linalg.norm(w):.2f}")
#> v · w = 13
#> ‖v‖ = 3.74, ‖w‖ = 3.61

# %% [markdown]
# 3·3 + 1·0 + 2·2 = 13, as it should be.
#
# **Predict first, then run.** Suppose that one word occurs ten times as often as another, in the same company. Then
# each number in its row is ten times as large. What happens to its dot product with everything else?

# %%
longer = {times: int(np.dot(v, times * w)) for times in [1, 2, 10]}
for times, product in longer.items():
    print(f"v · ({times:>2} w) = {product}")

# %% tags=["solution"]
print(longer)
#> {1: 13, 2: 26, 10: 130}

# %% [markdown]
# The dot product grows with the length, and the length of a row grows with the frequency of its word. Rank by dot
# product and frequent words win every time, whatever they mean.
#
# So take the length away. Divide by both lengths, and only the direction is left:
#
# $$\cos(v, w) = \frac{v \cdot w}{\lVert v \rVert \, \lVert w \rVert}$$
#
# This is the **cosine** of the angle between the two: 1 for the same direction, 0 for a right angle, −1 for opposite
# directions. Counts are never negative, so for rows of counts it lies between 0 and 1.

# %%
figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
arrows = [("u", (1, 2), "tab:blue"), ("v", (2, 1), "tab:orange"), ("2 v", (4, 2), "tab:orange")]
for name, tip, colour in arrows:
    axes.annotate("", tip, (0, 0), arrowprops={"color": colour, "arrowstyle": "->", "lw": 2, "alpha": 0.8})
    axes.text(tip[0] + 0.06, tip[1] - 0.15, name, color=colour, fontsize=13)
angles = np.linspace(np.arctan2(1, 2), np.arctan2(2, 1))
axes.plot(0.9 * np.cos(angles), 0.9 * np.sin(angles), color="black")
axes.text(0.75, 0.75, "angle")
axes.set(xlim=(0, 4.6), ylim=(0, 2.5), xlabel="first number", ylabel="second number", aspect="equal")
picture(
    figure,
    "Three arrows from the origin: u to (1, 2), v to (2, 1), and 2 v, twice as long in the direction of v. "
    "The angle between u and v is marked; it is the same as the angle between u and 2 v.",
)

# %% [markdown]
# Stretch v to 2 v and the dot product with u doubles. The angle stays.
#
# ### Exercise · cosine_similarity · ●○○ · 5 minutes
#
# **Write** `cosine_similarity(u, v)`: the cosine of the angle between two vectors.
#
# - **Input:** two arrays of shape (n,).
# - **Output:** one number between −1 and 1. If one of the vectors is all zeros, it has no direction: return 0.
# - **Example:** `[3, 1, 2]` and `[3, 0, 2]` give 13 / (√14 · √13).

# %% tags=["exercise"]
from course_lib.reference.words import cosine_similarity

# %%
cosine_similarity = check(cosine_similarity)

# %%
print(f"cos(v, w)    = {cosine_similarity(v, w):.3f}")
print(f"cos(v, 10 w) = {cosine_similarity(v, 10 * w):.3f}")
#> cos(v, w)    = 0.964
#> cos(v, 10 w) = 0.964

# %% [markdown]
# Now two real rows of our matrix. How alike are *like* and *enjoy*, going by three sentences?

# %%
like, enjoy = counts[columns.index("like")], counts[columns.index("enjoy")]
print("like ", like)
print("enjoy", enjoy)
print(f"dot product {np.dot(like, enjoy)}, cosine {cosine_similarity(like, enjoy):.3f}")
#> like  [2 0 0 1 1 1 0 1]
#> enjoy [1 0 0 0 0 0 1 1]
#> dot product 3, cosine 0.612

# %% [markdown]
# They never met, and yet they are similar: both stand next to *I*, and both near the full stop. One-hot vectors said
# 0. This is Firth's idea at work, on three sentences.
#
# The columns of the term–document matrix can be compared in the same way. Texts 1 and 2 share more than texts 1 and
# 3:

# %%
first, second, third = per_document.T
print(f"text 1 and text 2: {cosine_similarity(first, second):.3f}")
print(f"text 1 and text 3: {cosine_similarity(first, third):.3f}")
#> text 1 and text 2: 0.671
#> text 1 and text 3: 0.447

# %% [markdown]
# ## 7. Large, and mostly empty
#
# Eight words are a toy. A vocabulary of real size has ten thousand or a hundred thousand words, and the matrix grows
# with the *square*. **Predict first, then run:** how much memory does it need at four bytes a cell?

# %%
gigabytes = {size: 4 * size**2 / 1e9 for size in [10_000, 100_000]}
for size, much in gigabytes.items():
    print(f"{size:>7,} words: {size**2:.0e} cells, {much:>4.1f} GB")

# %% tags=["solution"]
print(gigabytes)
#> {10000: 0.4, 100000: 40.0}

# %% [markdown]
# The second one does not fit into your laptop. And what would fill it? Almost nothing. (So one stores only the cells
# that are not 0: a *sparse* matrix.) Let us count the miniature world, all words that occur at least five times, most
# frequent first.

# %%
vocabulary = [word for word, count in word_counts.most_common() if count >= 5]
world_counts = cooccurrence(sentences, vocabulary, 2)
print(f"{len(vocabulary)} words, {world_counts.size:,} cells, {np.mean(world_counts == 0):.0%} of them 0")
for word in [vocabulary[0], vocabulary[len(vocabulary) // 2], vocabulary[-1]]:
    row = world_counts[vocabulary.index(word)]
    print(f"  {word!r} occurs {word_counts[word]:,} times and has met {np.sum(row > 0)} different words")
assert 0.8 < np.mean(world_counts == 0) < 0.99

# %% [markdown]
# More than nine cells in ten are 0, in a world with fewer than a thousand words. In real text it is far worse,
# because most words are rare. In a small text, a word like *quantum* has met a dozen others, and its row is nearly
# empty. Two rare words may be close in meaning and share not one neighbour. Then their cosine is 0, by accident.
#
# So the raw counts have three troubles: they are huge, they are sparse, and, as we shall see now, they listen to the
# wrong words. We begin with the last one.
#
# **A good place for a break.** You have turned a text into vectors and compared them. What follows makes them better.

# %% [markdown]
# ## 8. Which neighbours tell us something?
#
# **Predict first, then run.** Which words stand most often next to *tea*?

# %%
tea = world_counts[vocabulary.index("tea")]
print([(vocabulary[j], int(tea[j])) for j in np.argsort(-tea)[:8]])

# %% [markdown]
# A cup, certainly. But a full stop, *the*, *and*, *of*? They stand next to everything and say nothing about tea. What
# we want to know is not how often two words meet, but **how much more often than by chance**.
#
# Let N be the sum of the whole matrix. Word i takes part in a share of all meetings, its row sum divided by N;
# context j likewise, its column sum divided by N. If the two did not care about each other, they would meet N times
# the product of the two shares. Compare the count with that, and take the logarithm:
#
# $$\text{PMI}_{ij} = \log_2 \frac{X_{ij} \cdot N}{(\text{sum of row } i)\,(\text{sum of column } j)}$$
#
# This is the **pointwise mutual information**. The logarithm to base 2 counts in **bits**, and every bit is one
# doubling. 0: as often as chance would have it. 1: twice as often. 3: eight times. Negative values say "less often than
# by chance", and for rare words one cannot tell that from bad luck. So they are set to 0. What remains is **PPMI**,
# *positive* PMI.
#
# ### Exercise · ppmi · ●●○ · 12 minutes
#
# **Write** `ppmi(counts)`: each count replaced by its PPMI.
#
# - **Input:** an array of shape (V, C), counts of words in contexts, all ≥ 0.
# - **Output:** an array of shape (V, C), float. Where the count is 0, the result is 0, also for a word that was never
#   seen at all.
# - **Example:** for `[[2, 0], [2, 12]]`, N is 16. The first cell becomes log₂(2·16 / (2·4)) = 2: that pair was seen
#   four times as often as by chance. The last one becomes log₂(12·16 / (14·12)), a little above 0. The other two
#   become 0.

# %% tags=["exercise"]
from course_lib.reference.words import ppmi

# %%
ppmi = check(ppmi)

# %%
print(ppmi(np.array([[2, 0], [2, 12]])).round(3))
#> [[2.    0.   ]
#>  [0.    0.193]]

# %%
world_ppmi = ppmi(world_counts)
tea = world_ppmi[vocabulary.index("tea")]
print([(vocabulary[j], round(float(tea[j]), 1)) for j in np.argsort(-tea)[:8]])
assert {"cup", "drinks", "coffee"} & {vocabulary[j] for j in np.argsort(-tea)[:8]}

# %% [markdown]
# The full stop is gone, and *the* is gone. What is left is what one knows about tea. Nothing was added: these are the
# same counts, in a better light.

# %% [markdown]
# ## 9. Fewer numbers: the singular value decomposition
#
# Two troubles are left: a row has very many numbers, and nearly all of them are 0. Yet the rows are full of repetition.
# Whoever met *drinks* will also have met *cup*. Could a hundred numbers say what a hundred thousand say?
#
# Think of the plainest table there is: one column times one row. Each of its rows is the same row, now larger, now
# smaller. For n words it takes 2n numbers instead of n². Call it a **layer**. How close can one layer come to our
# counts? How close can the sum of two?
#
# One of the most beautiful theorems of linear algebra answers that. **Every** matrix X is a sum of layers:
#
# $$X = \sigma_1 \, u_1 v_1^\top + \sigma_2 \, u_2 v_2^\top + \dots + \sigma_r \, u_r v_r^\top$$
#
# Each is a column u times a row vᵀ, both of length 1, and a number σ that says how strong the layer is. The strongest
# come first: σ₁ ≥ σ₂ ≥ … ≥ 0, the **singular values**. All the columns u are orthogonal to each other, and so are all
# the v: no layer repeats another. If X has shape (m, n), then r is the smaller of m and n.
#
# This is the **singular value decomposition**, the SVD. It is often written as one product, $X = U \Sigma V^\top$: the
# columns of U are the u, the rows of Vᵀ are the v, and Σ has the singular values on its **diagonal** (from the top left
# to the bottom right) and 0 elsewhere. NumPy returns U, the singular values as a flat array, and Vᵀ (not V, and this V
# is not the size of the vocabulary). Here is a small table of how often five words have met.

# %%
few_words = ["cat", "dog", "pet", "car", "bus"]
X = np.array(
    [
        [0, 5, 8, 1, 0],
        [5, 0, 7, 0, 1],
        [8, 7, 0, 2, 1],
        [1, 0, 2, 0, 6],
        [0, 1, 1, 6, 0],
    ]
)
U, sigma, Vt = np.linalg.svd(X)
print("shapes", U.shape, sigma.shape, Vt.shape)
print("singular values", sigma.round(2))
layers = [sigma[j] * np.outer(U[:, j], Vt[j]) for j in range(5)]  # np.outer: a column times a row
show_table(layers[0].round(1), few_words, few_words)
#> shapes (5, 5) (5,) (5, 5)
#> singular values [13.98  8.63  6.6   5.52  4.26]
#>     cat dog pet car bus
#> cat 4.2 3.9 4.7 1.5 1.3
#> dog 3.9 3.7 4.4 1.4 1.2
#> pet 4.7 4.4 5.2 1.7 1.4
#> car 1.5 1.4 1.7 0.5 0.5
#> bus 1.3 1.2 1.4 0.5 0.4

# %% [markdown]
# That is the strongest layer: whoever meets many meets everybody often. Now add the others.

# %%
sums = np.cumsum(layers, axis=0)  # sums[k - 1] is the sum of the first k layers
figure, panels = plt.subplots(1, 4, figsize=(10, 2.9), layout="constrained")
views = {"X": X, "1 layer": sums[0], "2 layers": sums[1], "4 layers": sums[3]}
for axes, (title, table) in zip(panels, views.items(), strict=True):
    axes.imshow(table, cmap="Blues", vmin=0, vmax=14)
    for i, j in np.ndindex(table.shape):
        axes.text(j, i, str(round(table[i, j])), ha="center", va="center")
    axes.set(title=title, xticks=range(5), yticks=range(5), xticklabels=few_words, yticklabels=few_words)
assert np.abs(X - sums[3]).max() < 2.1
picture(
    figure,
    "Four tables of the five words. X, the counts. One layer: every row has its largest number at pet, even pet's own. "
    "Two layers: the row and the column of pet are nearly right, with 0 where pet meets itself, but car and bus hardly "
    "seem to meet. Four layers: close to X; car and bus meet, and no cell is off by more than 2.",
)

# %%
for k in [1, 2, 5]:
    lost, dropped = np.sum((X - sums[k - 1]) ** 2), np.sum(sigma[k:] ** 2)
    print(f"{k} of 5 layers: squared differences {lost:5.1f}, squares of the dropped σ {dropped:5.1f}")
#> 1 of 5 layers: squared differences 166.7, squares of the dropped σ 166.7
#> 2 of 5 layers: squared differences  92.2, squares of the dropped σ  92.2
#> 5 of 5 layers: squared differences   0.0, squares of the dropped σ   0.0

# %% [markdown]
# The smallest number of layers that add up to a matrix is its **rank**: one layer has rank 1, and X needs all five.
# **Truncate** the sum: keep the first k layers and drop the rest. In squared differences, this loses just the squares
# of the dropped σ. Eckart and Young proved in 1936 that no other matrix of rank k comes closer to X.
#
# Now look at one word. Row i of the first k layers is
#
# $$(U_{i1} \sigma_1) \, v_1^\top + \dots + (U_{ik} \sigma_k) \, v_k^\top$$
#
# The rows vᵀ are the same for all words. What belongs to word i alone are the k numbers in front of them. So this is
# the recipe for **dense** word vectors: take the first k numbers of row i of U, each multiplied by its singular value.
# For all words at once:
#
# $$\text{vectors} = U_k \, \Sigma_k$$
#
# ### Exercise · svd_vectors · ●●○ · 10 minutes
#
# **Write** `svd_vectors(matrix, k)`: a vector of k numbers for each row.
#
# - **Input:** an array of shape (V, C), and k with 1 ≤ k ≤ min(V, C). (If it is not square, NumPy pads U or Vᵀ with
#   directions that belong to no layer, unless you ask for `full_matrices=False`.)
# - **Output:** an array of shape (V, k): U_k Σ_k. Signs are free: if you turn a column of U and the same column of V
#   round, their product stays the same. So both are right.
# - **Example:** `[[3, 0, 4]]` with k = 1 gives `[[5]]` or `[[-5]]`.

# %% tags=["exercise"]
from course_lib.reference.words import svd_vectors

# %%
svd_vectors = check(svd_vectors)

# %% [markdown]
# ### What does an axis mean?
#
# Look at the five words again: *cat*, *dog* and *pet* keep company, and so do *car* and *bus*. Keep two numbers for
# each.
#
# **Predict first, then run.** Many would say: the first number will mean "animal" and the second "vehicle". Do you
# agree? For which words would the second number then be large?


# %%
def towards(word, points, names):
    """Turn the axes so that a word's numbers are positive: the signs of an SVD are free."""
    signs = np.sign(points[names.index(word)])
    return points * np.where(signs == 0, 1, signs)


points = towards("cat", svd_vectors(X, 2), few_words)
for word, (one, two) in zip(few_words, points, strict=True):
    print(f"{word}: {one:6.2f} {two:6.2f}")

# %% tags=["solution"]
for word, (one, two) in zip(few_words, points, strict=True):
    print(f"{word}: {one:6.2f} {two:6.2f}")
#> cat:   7.64   4.28
#> dog:   7.17   3.01
#> pet:   8.52  -6.68
#> car:   2.76   1.46
#> bus:   2.31  -0.59

# %% [markdown]
# The first axis is shared by all: mostly it says how many meetings a word had. The second is no vehicle axis at all.
# *Car* and *bus* have the smallest numbers on it, one above 0 and one below. It splits *pet* from *cat* and *dog*. Did
# the SVD go wrong? No. We asked the wrong question.
#
# Look at the *rows*. Row *cat* is large at *pet* and at *dog*. Row *dog* is large at *pet* and at *cat*. Row *pet* is
# large at *cat* and at *dog*, and 0 at *pet*: it keeps the same company only in part. Two words are similar when they
# meet **the same words**, not when they meet **each other**. And in this table nobody ever meets himself.

# %%
for a, b in [("cat", "dog"), ("cat", "pet"), ("car", "bus")]:
    i, j = few_words.index(a), few_words.index(b)
    cosine = cosine_similarity(X[i], X[j])
    print(f"{a} and {b} met {X[i, j]} times; the cosine of their rows is {cosine:.2f}")
#> cat and dog met 5 times; the cosine of their rows is 0.68
#> cat and pet met 8 times; the cosine of their rows is 0.36
#> car and bus met 6 times; the cosine of their rows is 0.05

# %% [markdown]
# *Car* and *bus* met often and have almost nothing else in common, so their rows are almost at right angles!
#
# Now suppose that every word also kept its own company: put on the diagonal the number of all its meetings, the sum
# of its row. (`np.diag` makes a matrix with given numbers on its diagonal.) Decompose again.

# %%
repaired = X + np.diag(X.sum(axis=1))
repaired_points = towards("cat", svd_vectors(repaired, 2), few_words)
for word, (one, two) in zip(few_words, repaired_points, strict=True):
    print(f"{word}: {one:6.2f} {two:6.2f}")
#> cat:  15.38   2.06
#> dog:  13.65   1.83
#> pet:  20.31   0.22
#> car:   3.54 -10.31
#> bus:   2.60  -9.51

# %%
figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
titles = ["counts as they are", "row sums on the diagonal"]
for axes, cloud, title in zip(panels, [points, repaired_points], titles, strict=True):
    axes.axhline(0, color="lightgrey", zorder=0)
    axes.axvline(0, color="lightgrey", zorder=0)
    for word, (one, two) in zip(few_words, cloud, strict=True):
        colour = "tab:orange" if word in ("car", "bus") else "tab:blue"
        axes.scatter(one, two, color=colour)
        axes.annotate(word, (one, two), xytext=(5, -14 if word == "dog" else 5), textcoords="offset points")
    axes.set(title=title, xlabel="first number", ylabel="second number")
    axes.margins(0.2)
picture(
    figure,
    "Two scatter plots of the five words. Left, from the counts as they are: cat and dog lie at the top, "
    "pet far below them, car and bus in between, near 0. Right, with row sums on the diagonal: cat, dog and "
    "pet lie just above the horizontal axis, car and bus far below it.",
)

# %% [markdown] tags=["solution"]
# Why does the diagonal matter? A symmetric matrix has real eigenvalues, and its singular values are their absolute
# values. With zeros on the diagonal the eigenvalues add up to 0, so some must be negative, and a strong negative one
# takes the second place: it stands for "meets each other, and differs". With the row sums on the diagonal none is
# negative.

# %% tags=["solution"]
print("as it is:", np.linalg.eigvalsh(X).round(2))
print("repaired:", np.linalg.eigvalsh(repaired).round(2))
#> as it is: [-8.63 -6.6  -4.26  5.52 13.98]
#> repaired: [ 2.28  7.52  8.67 14.29 29.24]

# %% [markdown]
# There is the picture one had hoped for: the second axis sets vehicles against animals. Still, no axis *is* "animal".
# An axis of an SVD is whatever explains most of what is left. Sometimes it has a name. Mostly it has none, and
# meaning is spread over all of them. That is what *distributed* meant.
#
# Now the real thing. The miniature world, its PPMI matrix, fifty numbers a word:

# %%
world_svd = svd_vectors(world_ppmi, 200)
world_vectors = world_svd[:, :50]  # the same as svd_vectors(world_ppmi, 50)
print("shape", world_ppmi.shape, "becomes", world_vectors.shape)
print(f"zeros: {np.mean(world_ppmi == 0):.0%} before, {np.mean(world_vectors == 0):.0%} now")
print(f"100,000 words: {4 * 100_000**2 / 1e9:g} GB before, {4 * 100_000 * 300 / 1e9:g} GB with 300 numbers each")
assert np.mean(world_vectors == 0) < 0.01

# %% [markdown]
# | | sparse: counts, PPMI | dense: after an SVD |
# |---|---|---|
# | numbers a word | as many as words, 10,000 to 100,000 | 50 to 300 is classic |
# | zeros | nearly all | none |
# | memory for 100,000 words | 40 GB; far less if only the cells that are not 0 are stored | 0.12 GB at 300 numbers |
# | two words without a common neighbour | cosine 0 | still comparable: similar neighbours share directions |
# | as features for a classifier | many weights to learn | few, and they work better |
# | what a single number means | "met this word" | nothing by itself |

# %% [markdown]
# ## 10. Nearest neighbours
#
# How good are our vectors? The quickest way to find out is to ask a word for its neighbours.
#
# ### Exercise · nearest · ●●○ · 10 minutes
#
# **Write** `nearest(word, k, vectors, vocabulary)`: the k words most similar to a word by cosine.
#
# - **Input:** a word of the vocabulary; k; an array of shape (V, d), row i being the vector of word i; the
#   vocabulary, a list of V words.
# - **Output:** a list of k words, most similar first, without the word itself. The cosine with a row of zeros counts
#   as 0.
# - **Example:** for the vocabulary `["cat", "dog", "car"]` with the vectors `[[1, 0], [2, 1], [0, 9]]`, the two
#   nearest to `"cat"` are `["dog", "car"]`.
#
# Try to do without a loop over the vocabulary. Soon it will have twenty thousand words.

# %% tags=["exercise"]
from course_lib.reference.words import nearest

# %%
nearest = check(nearest)

# %%
for word in ["cat", "tea", "piano", "paris", "king"]:
    print(f"{word:>6}: {', '.join(nearest(word, 6, world_vectors, vocabulary))}")
assert "dog" in nearest("cat", 6, world_vectors, vocabulary)
assert "coffee" in nearest("tea", 6, world_vectors, vocabulary)

# %% [markdown]
# Nobody told the computer what a cat is. It counted neighbours, divided, and turned the axes.
#
# In our little world the truth is known: we have lists of animals, drinks, instruments and so on. So we can give
# marks. For how many words is the nearest neighbour one of the same list?

# %%
from course_lib.data import world

lists = world().categories.items()
category = {word: name for name, members in lists for word in members if word in vocabulary}


def same_category(vectors):
    """The share of listed words whose nearest neighbour is on the same list."""
    found = {word: nearest(word, 1, vectors, vocabulary)[0] for word in category}
    return np.mean([category.get(found[word]) == name for word, name in category.items()])


marks = {"one-hot": same_category(one_hot(vocabulary, vocabulary))}
marks["counts"] = same_category(world_counts)
marks["PPMI"] = same_category(world_ppmi)
for k in [2, 10, 50]:
    marks[f"PPMI, SVD to {k}"] = same_category(world_svd[:, :k])
for name, mark in marks.items():
    print(f"{name:>16}: {mark:4.0%}, {mark * len(category):>3.0f} of {len(category)} words")
assert marks["one-hot"] < 0.2 < 0.7 < marks["counts"] < marks["PPMI"] < marks["counts"] + 0.08
assert marks["PPMI, SVD to 2"] < 0.5 and marks["PPMI, SVD to 50"] > marks["PPMI"] - 0.05

# %% [markdown]
# Two numbers a word are too few, and fifty are as good as all the hundreds. That is the bargain of the SVD. PPMI is
# ahead of the bare counts, but only by a handful of words: that could be luck. Section 12 has a better test.
#
# ### The size of the window
#
# **Predict first, then run.** Who are the neighbours of *singer* with a window of 1, and who with a window of 5?

# %%
for window in [1, 5]:
    vectors = svd_vectors(ppmi(cooccurrence(sentences, vocabulary, window)), 50)
    for word in ["singer", "doctor"]:
        print(f"window {window}, {word:>6}: {', '.join(nearest(word, 6, vectors, vocabulary))}")

# %% [markdown]
# With a narrow window the neighbours are words that could *take its place*: other trades. With a wide one they are
# words from the *same scene*: what one sings, where, and with whom.
#
# As a rule of thumb, ±1 to 3 words capture grammar and kind (**syntactic** similarity), ±4 to 10 words capture topic
# (**semantic** relatedness). Neither is the right one. It depends on what you want to do.

# %% [markdown]
# ## 11. Analogies
#
# Now the second wish: differences that mean something. "*man* is to *king* as *woman* is to …?" Walk the step from
# *man* to *king*, but start at *woman*:
#
# $$\text{king} - \text{man} + \text{woman}$$
#
# This should be *queen*: look which word lies nearest, by cosine. Two rules belong to the game. First every vector is
# brought to length 1, so that no long one decides alone. And the three given words are left out. (How much that helps,
# we shall measure.)
#
# ### Exercise · analogy · ●●○ · 8 minutes
#
# **Write** `analogy(a, b, c, k, vectors, vocabulary)`: "a is to b as c is to …?"
#
# - **Input:** three words of the vocabulary; k; an array of shape (V, d), row i being the vector of word i; the
#   vocabulary, a list of V words.
# - **Output:** a list of the k words nearest to b − a + c by cosine, nearest first, without a, b and c. All vectors are
#   brought to length 1 before anything else. A row of zeros stays as it is, and its cosine counts as 0.
# - **Example:** with the invented features of section 1 and a *crown* `[1, 0, 0]`, man is to king as woman is to
#   `["queen", "crown"]` (k = 2).

# %% tags=["exercise"]
from course_lib.reference.words import analogy

# %%
analogy = check(analogy)

# %% [markdown]
# Try it with fifty numbers a word and with two hundred. The last line is the equation of section 1, king − queen +
# woman.

# %%
asked = [("man", "king", "woman"), ("france", "paris", "japan"), ("walk", "walked", "jump")]
asked.append(("queen", "king", "woman"))
for a, b, c in asked:
    print(f"{a} is to {b} as {c} is to ...")
    for vectors in [world_vectors, world_svd]:
        print(f"  {vectors.shape[1]:>3} numbers: {', '.join(analogy(a, b, c, 4, vectors, vocabulary))}")
first = [analogy(a, b, c, 1, world_svd, vocabulary)[0] for a, b, c in asked]
assert (first[0], first[1], first[3]) == ("queen", "tokyo", "man")
assert "queen" not in analogy(*asked[0], 4, world_vectors, vocabulary)

# %% [markdown]
# With 200 numbers the promise of section 1 is kept: *queen*, *tokyo* and *man* come first. With 50, the royal family is
# one crowd, and so are the capitals; but 50 put *jumped* first. How often is the answer right? We know the pairs, so we
# can ask every question, and to save time all at once, as one matrix product. Nothing else is new.


# %%
def share_solved(questions, words, vectors, leave_out=True):
    """The share of analogy questions (a, b, c, d) whose best answer is d, and how many could be asked."""
    row = {word: i for i, word in enumerate(words)}
    lower = [[word.lower() for word in question] for question in questions]
    known = [question for question in lower if all(word in row for word in question)]
    ids = np.array([[row[word] for word in question] for question in known])
    if not len(ids):
        return 0.0, 0
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    solved = 0
    for some in np.array_split(ids, 1 + len(ids) // 500):  # 500 at a time fit into memory
        a, b, c, d = some.T
        scores = (unit[b] - unit[a] + unit[c]) @ unit.T  # (questions, words)
        for given in (a, b, c) if leave_out else ():
            scores[np.arange(len(some)), given] = -np.inf
        solved += np.sum(scores.argmax(axis=1) == d)
    return solved / len(ids), len(ids)


from course_lib.data import world_analogies

world_spaces = {"counts": world_counts, "PPMI": world_ppmi}
world_spaces |= {"SVD to 50": world_vectors, "SVD to 200": world_svd}
print(" " * 18, *(f"{name:>10}" for name in world_spaces))
solved = {}
for section, questions in world_analogies().items():
    solved[section] = [share_solved(questions, vocabulary, vectors)[0] for vectors in world_spaces.values()]
    print(f"{section:>18}", *(f"{share:>10.0%}" for share in solved[section]))
assert min(solved["capital"][:2]) > 0.7 and solved["capital"][2] < 0.2 and solved["capital"][3] > 0.6
assert max(solved["plural"]) < 0.2 and solved["comparative"][2] > solved["comparative"][3]
capital_of = dict(pair for question in world_analogies()["capital"] for pair in (question[:2], question[2:]))
countries, capitals = ([vocabulary.index(word) for word in names] for names in (capital_of, capital_of.values()))
own = np.sum(world_counts[countries][:, capitals].argmax(axis=1) == np.arange(len(capital_of)))
print(f"{own} of {len(capital_of)} countries have met their own capital more often than any other")

# %% [markdown]
# There are hundreds of words to choose from, so guessing would score next to nothing. Plurals are hardly found by any
# of the four. With capitals the bare counts win: as the last line says, that fact can nearly be read off the table, and
# there is little to gain by reworking it.
#
# Compare the last two columns. Fifty directions are enough to say "this is a capital". *Which* country it belongs to
# is a fine detail, seen in a few sentences only, and an SVD throws fine details away first. With 200 directions it is
# back. Comparatives and opposites follow patterns that many words share, and there 50 do better. So k is a choice: a
# small one keeps the kinds, a large one keeps the facts.
#
# **Predict first, then run.** What if the three given words may be answers, too?

# %%
for section, questions in world_analogies().items():
    with_rule, _ = share_solved(questions, vocabulary, world_svd)
    without, _ = share_solved(questions, vocabulary, world_svd, leave_out=False)
    print(f"{section:>18}: {with_rule:4.0%} with the rule, {without:4.0%} without")
    assert without <= with_rule

# %% [markdown]
# Much of it is gone, and in some rows everything. The step from a to b is often short compared with the vectors
# themselves, and then b − a + c lies nearest to c. Whenever you read how well some vectors solve analogies, remember
# how much this rule helps.

# %% [markdown]
# ## 12. Real vectors, and real people
#
# Our world is small. What do vectors from real language look like? We take them from a pretrained model,
# **all-MiniLM-L6-v2**. It is a small Transformer, the kind of network this course ends with. Its first layer is a
# table with one vector of 384 numbers for each of 30,522 pieces of text. Those of the pieces that are whole words are
# our word vectors.
#
# Be clear about what this table is. It was **not** counted. It was learned, together with all the layers above it:
# first by imitating a larger network that had read a great deal of text, then on very many pairs of sentences that
# belong together. And it is **static**: one row for *apple*, be it fruit or firm. The layers above the table take the
# sentence into account. We run them in lesson 12.

# %%
from course_lib.data import available, minilm_available, minilm_word_vectors

spaces = {"SVD": (vocabulary, world_vectors), "counts": (vocabulary, world_counts)}
if minilm_available():
    spaces["MiniLM"] = minilm_word_vectors()
    words, vectors = spaces["MiniLM"]
    print(f"MiniLM: {len(words):,} words of {vectors.shape[1]} numbers")
else:
    print("MiniLM is not on this machine; the cells below go on without it.")
    print("To get it (91 MB), run in a terminal: course data get minilm. Then run the notebook again.")

# %%
for word in ["cat", "motel", "walked", "good", "python", "apple", "amazon"]:
    for name, (words, vectors) in spaces.items():
        if name != "counts" and word in words:
            print(f"{word:>7}, {name:>6}: {', '.join(nearest(word, 7, vectors, words))}")
if "MiniLM" in spaces:
    words, vectors = spaces["MiniLM"]
    assert {"cats", "kitten", "dog"} <= set(nearest("cat", 7, vectors, words))
    assert "hotel" in nearest("motel", 3, vectors, words) and "bad" in nearest("good", 3, vectors, words)
    assert {"snakes", "pip"} <= set(nearest("python", 7, vectors, words))
    assert "iphone" in nearest("apple", 7, vectors, words) and "netflix" in nearest("amazon", 7, vectors, words)

# %% [markdown]
# In MiniLM, *cat* is near *cats*, *kitten* and *dog*. *Python* is near *snakes*, and near *pip*, which installs
# Python's packages. *Apple* (near *iphone*) and *amazon* (near *netflix*) are above all firms. No dictionary entry was
# needed: it is in the company these words keep today. But all senses of a word share one row.
#
# And *good* has *bad* among its three nearest neighbours. Opposites keep the same company. To vectors of this kind they
# are similar.
#
# Walk through the spaces yourself. Type a word, or click one, and see its neighbours. Then choose *analogy*: *man* is
# to *king* as *woman* is to …? The parallelogram is seen best on the map of *these words*. Switch between SVD, counts
# and MiniLM. Which of them finds the *queen*, and what happens when you no longer leave the three words out? The
# neighbours come from *your* `nearest`.

# %%
from course_lib.widgets import EmbeddingExplorer

triple = ("man", "king", "woman")
EmbeddingExplorer(spaces, nearest=nearest, analogy=analogy, word="cat", triple=triple, mode="neighbours")

# %% [markdown]
# ### Do people agree?
#
# For a measurement we need judges. For the list **WordSim-353**, people said on a scale how similar, or how related,
# *tiger* and *cat* are, *computer* and *keyboard*, *king* and *cabbage*. For **MEN** they saw two pairs at a time and
# chose the more related one; a pair's score says how often it was chosen.
#
# We compare the *order* of the pairs: do those that people call most similar have the largest cosines? **Spearman's ρ**
# replaces each list of numbers by their ranks and says how well the two rankings agree: 1 for the same order, 0 for no
# connection, −1 for the opposite order.
#
# These lists, like the other real data of this section, do not come with the course. A cell that misses its data says
# how to get it. Without it, read on: the text says what we measured (in November 2026, on Linux with two cores).

# %% tags=["show"]
from course_lib.reference.words import rank_correlation

# %%
same_order = rank_correlation([1, 2, 3, 4], [10, 20, 30, 4000])
opposite_order = rank_correlation([1, 2, 3, 4], [9, 7, 5, 1])
print(f"{same_order:.2f} and {opposite_order:.2f}")
#> 1.00 and -1.00


# %%
def agreement(judgements, words, vectors):
    """Spearman's correlation with people's scores, and how many pairs have a vector for both words."""
    row = {word: i for i, word in enumerate(words)}
    lower = [(a.lower(), b.lower(), score) for a, b, score in judgements]
    known = [(row[a], row[b], score) for a, b, score in lower if {a, b} <= row.keys()]
    cosines = [cosine_similarity(vectors[a], vectors[b]) for a, b, _ in known]
    return rank_correlation(cosines, [score for _, _, score in known]), len(known)


if available("wordsim"):
    from course_lib.data import wordsim

    judged_spaces = {"counts": spaces["counts"], "PPMI": (vocabulary, world_ppmi), **spaces}
    for title, judgements in [("WordSim-353", wordsim("EN-WS-353-ALL")), ("MEN", wordsim("EN-MEN-TR-3k"))]:
        for name, (words, vectors) in judged_spaces.items():
            rho, pairs = agreement(judgements, words, vectors)
            print(f"{title}, {name:>6}: ρ = {rho:.3f} on {pairs:>5,} of {len(judgements):,} pairs")
            said = {"WordSim-353": {"MiniLM": 0.78}, "MEN": {"counts": 0.22, "PPMI": 0.35, "SVD": 0.34, "MiniLM": 0.78}}
            assert abs(rho - said[title].get(name, rho)) < 0.02  # what the text below says
else:
    print("The lists of human judgements are not on this machine.")
    print("To get them (0.2 MB), run in a terminal: course data get wordsim")

# %% [markdown]
# Read it with care. The miniature world knows only a few hundred words, so it can be asked about few pairs: 19 of
# WordSim-353, and on so few a ρ is little more than a guess. MEN is the better judge, with more than three hundred:
# 0.22 for the bare counts, 0.35 for PPMI, 0.34 for the SVD. The table learned from real text is far ahead: 0.78 on
# both lists. To be fair, compare on the same pairs:

# %%
if available("wordsim") and "MiniLM" in spaces:
    in_both = set(vocabulary) & set(spaces["MiniLM"][0])
    judgements = [(a, b, score) for a, b, score in wordsim("EN-MEN-TR-3k") if {a, b} <= in_both]
    for name, (words, vectors) in judged_spaces.items():
        rho, pairs = agreement(judgements, words, vectors)
        print(f"{name:>6}: ρ = {rho:.3f} on the same {pairs} pairs of MEN")
        assert name != "MiniLM" or 0.74 < rho < 0.78
else:
    print("This comparison needs MiniLM and the lists: course data get minilm wordsim")

# %% [markdown]
# It stays far ahead, with 0.76. Is that because MiniLM *learned* while we *counted*, or because it read so much more?
# Partly the second. Here is the whole of your own pipeline once more, on real sentences: the captions of 10,000
# photographs.

# %%
if available("multi30k") and available("wordsim"):
    from course_lib.data import multi30k

    captions = multi30k("train", "en")[:10_000]
    caption_word_counts = Counter(word for caption in captions for word in caption)
    caption_words = [word for word, _ in caption_word_counts.most_common(1000)]
    caption_counts = cooccurrence(captions, caption_words, 4)
    caption_ppmi = ppmi(caption_counts)
    caption_spaces = {"counts": caption_counts, "PPMI": caption_ppmi, "SVD": svd_vectors(caption_ppmi, 100)}
    for name, vectors in caption_spaces.items():
        rho, pairs = agreement(wordsim("EN-MEN-TR-3k"), caption_words, vectors)
        print(f"{name:>6} from captions: ρ = {rho:.3f} on {pairs} pairs of MEN")
        assert abs(rho - {"counts": 0.33, "PPMI": 0.54, "SVD": 0.57}[name]) < 0.02
    print(f"{sum(caption_word_counts.values()):,} words of captions")
else:
    print("The captions, or the judgements, are not on this machine.")
    print("To get them (7 MB), run in a terminal: course data get multi30k wordsim")

# %% [markdown]
# With real sentences the steps of this lesson pay off one by one: 0.33 for the counts, 0.54 for PPMI, 0.57 for the
# SVD, on 636 pairs. And these captions have fewer words than our miniature world. You have come a good part of the way
# with addition, division and one theorem.
#
# ### Analogies by the thousand
#
# In 2013 Mikolov and others published 19,544 analogy questions in fourteen sections. **Predict first, then run:**
# which sections will be easy for vectors, which hard? Capitals? Plurals? Opposites? Currencies?

# %%
if available("analogies") and "MiniLM" in spaces:
    from course_lib.data import analogies

    sections = analogies().items()
    results = {section: share_solved(questions, *spaces["MiniLM"]) for section, questions in sections}
    for section, (share, asked) in sorted(results.items(), key=lambda item: -item[1][0]):
        print(f"{section:>27}: {share:4.0%} of {asked:>5,} questions")
    common = analogies()["capital-common-countries"]
    without = share_solved(common, *spaces["MiniLM"], leave_out=False)[0]
    print(f"capital-common-countries, if the three given words may be answers: {without:.0%}")
    assert 0.8 < results["capital-common-countries"][0] < 0.92
    assert results["gram8-plural"][0] > 0.95 and results["gram3-comparative"][0] > 0.9 and without < 0.05
    assert results["gram6-nationality-adjective"][0] > 0.98 and results["currency"][0] < 0.15
else:
    print("MiniLM, or the list of questions, is not on this machine.")
    print("To get both (92 MB), run in a terminal: course data get minilm analogies")

# %% [markdown]
# Relations of form work well: nationalities (nearly all), plurals (97 %), comparatives (94 %). So do well-known facts:
# 86 % of the common capitals. Currencies fail with 7 %: who writes "the lev of Bulgaria"? And there are only 54 such
# questions, so their share is uncertain, too.
#
# Mind the rules of the game: only those questions could be asked whose four words all have a vector, and the three
# given words were forbidden as answers. Without that, the 86 % fall to 1 %.

# %% [markdown]
# ## 13. What stays open
#
# | | numbers a word | similarity | strength | weakness |
# |---|---|---|---|---|
# | dictionary | none | steps in a tree | exact, made by experts | incomplete, coarse degrees, work |
# | one-hot | V | none: all at right angles | simple, never wrong | knows nothing |
# | counts | V | cosine | from plain text, readable | huge, sparse, frequent words drown the rest |
# | PPMI + SVD | k, often 50 to 300 | cosine | dense, good neighbours | one large decomposition, anew each time |
# | learned embeddings | k, 300 is typical | cosine | dense, read any amount of text | no number can be explained |
#
# Three questions stay open.
#
# - **Growth.** An SVD of a 100,000 × 100,000 matrix is no small thing, and tomorrow's text changes all of it. Can one
#   learn the dense vectors directly, reading the text once, word by word? These are **embeddings**, the topic of
#   lesson 03.
# - **Senses.** One row for *apple*. All the methods in the table are static, the learned ones as well. A vector that
#   depends on the sentence needs the networks of the later lessons.
# - **Order.** "Dog bites man" and "man bites dog" have the same windows, if the window is wide. Order is the topic of
#   lesson 02.
#
# Lessons 02 to 04 are still being written. From here the course goes on with [05_backprop](05_backprop.ipynb).
#
# ### In short
#
# - Use can be counted, and counts make similar words similar. Narrow windows find words of the same kind, wide ones
#   words of the same scene.
# - The cosine compares directions and forgets lengths, and with them frequency.
# - PPMI asks how much more often than by chance. The SVD keeps the k strongest directions, and no other rank-k matrix
#   comes closer.
# - An axis of an SVD need not mean anything. Similar means: meets the same words. It does not mean: meet each other.
#
# ### Questions to ponder
#
# 1. Why are *hot* and *cold* close in all these spaces? When does that hurt?
# 2. PPMI loves rare events: two words that occur once, together, get a very high value. How would you tame it?
# 3. Replace window counts by term–document counts. What kind of similarity do you expect?
# 4. When the given words may be answers, c often wins. What would the steps b − a and d − c have to be like for d to
#    win?
# 5. Your vectors learn from what people write. People also write prejudice. Which analogy would show it?

# %% [markdown] tags=["solution"]
# ### Answers to the questions
#
# 1. They stand in the same places: *the soup is hot*, *the soup is cold*. Company tells the scale, not the end of it.
#    It hurts whenever the end matters, as in the mood of a review.
# 2. Add a little to every count before dividing, or raise the context counts to a power such as 0.75 (Levy, Goldberg
#    and Dagan), or leave out pairs below a smallest count.
# 3. The document is the widest window of all: topics. *Doctor* would be near *hospital* rather than near *nurse*.
# 4. Not only parallel, but long: long enough to lead away from c, into the neighbourhood of d.
# 5. Ask for trades: *man* is to *programmer* as *woman* is to …? Vectors from newspapers of about 2013 answered
#    *homemaker* (Bolukbasi and others, 2016). Try it on MiniLM. And mind the rule: it forbids the answer
#    *programmer*.
