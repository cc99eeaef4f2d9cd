"""Data of the course: a generated miniature world, short prose, real data sets, pretrained word vectors.

Names are loaded when first used, so that `import course_lib.data` stays fast.
"""

from importlib import import_module

_HOMES = {
    "errors": ("DataError",),
    "miniature": (
        "agreement",
        "parallel",
        "references",
        "sentiment_trees",
        "synonyms",
        "taxonomy",
        "world",
        "world_analogies",
        "world_documents",
        "world_sentences",
    ),
    "prose": ("prose_sentences", "prose_text"),
    "catalogue": ("available", "data_sets", "folder"),
    "readers": (
        "analogies",
        "mr",
        "multi30k",
        "ptb",
        "shakespeare",
        "sst",
        "sst2",
        "ud_ewt",
        "wikitext2",
        "wnut17",
        "wordsim",
        "wordsim_names",
    ),
    "pretrained": ("minilm", "minilm_available", "minilm_word_vectors"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = list(_HOME_OF)


def __getattr__(name):
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return globals()[name]


def __dir__():
    return sorted({*globals(), *_HOME_OF})
