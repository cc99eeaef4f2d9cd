"""A learner's notebook is judged without being opened. Nothing is recorded here: that is the caller's business."""
