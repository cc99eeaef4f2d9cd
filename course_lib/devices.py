"""Where tensors live."""


def device(prefer: str | None = None):
    """The torch device of the course: CUDA where there is one, else the CPU.

    prefer: "cpu", "cuda" or "mps" to ask for one; Apple's mps is used only on request.
    Returns a torch.device.
    Raises RuntimeError when the device asked for is not there.
    """
    import torch

    if prefer is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if prefer not in there:
        raise ValueError(f"there is no device called {prefer!r}; choose one of {', '.join(there)}")
    if not there[prefer]:
        raise RuntimeError(f"this machine has no usable {prefer}; `course doctor` says what it has")
    return torch.device(prefer)
