"""Longer runs than a lesson has time for, each started by a line that the lesson names."""
