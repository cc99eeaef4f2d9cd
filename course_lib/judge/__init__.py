"""Is an answer right, and if not, why? Everything here is a pure function of an exercise and an answer.

    exercise   what an exercise is: cases, hints, known mistakes, other right answers
    slip       a known mistake as an edit of the right answer
    trial      one run of a function on one case, and what is wrong with it
    compare    how a value differs from the expected one, in words
    families   mistakes that every exercise knows without listing them
    diagnose   which mistake an answer looks like
    examine    the verdict
    status     the verdicts there are, with mark, word and colour

Nothing is recorded and nothing shown: who keeps a result is the caller's business.
"""
