"""Every sentence that a learner may read passes through here whole, so that another language is a catalogue.

A sentence is one template with named places, `say("{name} is missing", name="cosine")`: the template is the key under
which a translation is found (GNU gettext's way), and what fills a place is a name, a number, a piece of code or a
sentence of its own, never a part of speech.
"""

import gettext

_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def use(catalogue: gettext.NullTranslations) -> gettext.NullTranslations:
    """Take every sentence from this catalogue from now on; returns the one that was in use."""
    global _catalogue
    before, _catalogue = _catalogue, catalogue
    return before


def say(template: str, **places) -> str:
    """A sentence in the reader's language.

    template: the English sentence, with places in braces; without places it is taken as it stands.
    places: what stands in them.
    """
    text = _catalogue.gettext(template)
    return text.format(**places) if places else text


def say_count(number: int, one: str, many: str, **places) -> str:
    """A sentence about a number of things: `one` or `many`, each whole, with {number} among its places."""
    return _catalogue.ngettext(one, many, number).format(number=number, **places)
