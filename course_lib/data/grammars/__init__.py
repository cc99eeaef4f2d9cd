"""Seeded grammars of the miniature world: facts first, then sentences that follow from them."""
