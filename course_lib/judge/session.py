"""The settings of a fresh session, under which an answer is judged whatever the learner's session has set."""

import contextlib
import sys
import warnings
from collections.abc import Iterator

import numpy as np

_PRINTING = {"precision": 8, "threshold": 1000, "edgeitems": 3, "linewidth": 75, "suppress": False, "sign": "-"}


@contextlib.contextmanager
def fresh() -> Iterator[None]:
    """Judge under the defaults of Python, NumPy and torch; afterwards every setting is as it was.

    Covered are warnings, the recursion limit, NumPy's floating-point errors and printing, and torch's gradients,
    default dtype, default device, anomaly and inference mode. torch is not imported for that.
    """
    with contextlib.ExitStack() as settings:
        settings.enter_context(warnings.catch_warnings())
        warnings.resetwarnings()
        settings.enter_context(np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"))
        settings.enter_context(np.printoptions(**_PRINTING, formatter=None))
        settings.callback(sys.setrecursionlimit, sys.getrecursionlimit())
        if torch := sys.modules.get("torch"):
            settings.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
            settings.enter_context(torch.inference_mode(False))
            settings.enter_context(torch.enable_grad())
            settings.enter_context(torch.autograd.set_detect_anomaly(False))
            if torch.get_default_device().type != "cpu":  # only then: the switch makes every call a little slower
                settings.enter_context(torch.device("cpu"))
        yield
