"""`course new`: an author's files for a new lesson, with one worked exercise that passes its tests."""
