"""The learner's side: the three names a lesson uses, the record of progress, the copies of lessons.

check      `check`, `hint` and `solution`
report     how an outcome is shown
progress   the record in `my_work/`
overview   all lessons at a glance
copies     start, reset, update: nothing of the learner's is ever lost
merge      a learner's notebook and a new version of its lesson
answers    the one reader of a learner's notebook
"""
