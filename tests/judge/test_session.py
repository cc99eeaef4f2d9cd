"""What the learner's session has set neither changes a verdict nor is changed by a check."""

import sys
import warnings

import numpy as np
import pytest
import torch

from course_lib import checks
from course_lib.judge.examine import examine


@pytest.fixture
def as_before():
    """Every setting back to what it was, whatever a test does."""
    before = (
        np.geterr(),
        np.get_printoptions(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        sys.getrecursionlimit(),
    )
    yield
    np.seterr(**before[0])
    np.set_printoptions(**before[1])
    torch.set_default_dtype(before[2])
    torch.set_grad_enabled(before[3])
    sys.setrecursionlimit(before[4])
    torch.autograd.set_detect_anomaly(False)
    torch.set_default_device(None)


def _state() -> dict:
    return {
        "errors": np.geterr(),
        "printing": np.get_printoptions(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "device": torch.get_default_device(),
        "recursion": sys.getrecursionlimit(),
        "warnings": list(warnings.filters),
    }


SETTINGS = {
    "NumPy raises on every error": lambda: np.seterr(all="raise"),
    "NumPy prints two digits": lambda: np.set_printoptions(precision=2, suppress=True),
    "the default dtype is float64": lambda: torch.set_default_dtype(torch.float64),
    "the default device is meta": lambda: torch.set_default_device("meta"),
    "gradients are off": lambda: torch.set_grad_enabled(False),
    "anomalies are looked for": lambda: torch.autograd.set_detect_anomaly(True),
    "the recursion limit is high": lambda: sys.setrecursionlimit(20_000),
}


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(
    "name", ["attend", "layer_norm", "positional_encoding", "split_heads", "masked_lm_loss", "ppmi"]
)
def test_a_right_answer_passes_and_every_setting_stays(name, setting, as_before):
    exercise = checks.find(name)
    SETTINGS[setting]()
    before = _state()
    for right in (exercise.reference, *exercise.alternatives):
        outcome = examine(exercise, right)
        assert outcome.passed, outcome
    assert _state() == before


def test_warnings_taken_for_errors_do_not_change_a_verdict(as_before):
    exercise = checks.find("attend")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert examine(exercise, exercise.alternatives[0]).passed


def test_what_an_answer_sets_is_set_back(as_before):
    exercise = checks.find("ppmi")

    def meddles(counts):
        np.seterr(all="raise")
        np.set_printoptions(precision=1)
        torch.set_default_dtype(torch.float64)
        sys.setrecursionlimit(30_000)
        with np.errstate(all="ignore"):
            return exercise.reference(counts)

    before = _state()
    assert examine(exercise, meddles).passed
    assert _state() == before
