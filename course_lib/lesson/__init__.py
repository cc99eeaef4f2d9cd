"""A lesson script is read here, once; everything that is made of it takes the `Lesson` that comes out.

script   header, cells and exercises of a script; finding lessons
stub     from a reference function: what the learner starts from, what an instructor reads
marks    how a notebook's cells are told apart from the learner's
errors   a user's or an author's mistake, told in one line
"""
