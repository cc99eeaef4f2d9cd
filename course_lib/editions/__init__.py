"""What is made of a lesson: each edition takes a `Lesson` and gives files; none reads a script."""
