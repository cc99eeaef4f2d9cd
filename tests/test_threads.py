"""Tests use one thread each, also in the processes they start."""

import subprocess
import sys

import torch

COUNT = "import torch; print(torch.get_num_threads())"


def test_a_test_computes_with_one_thread():
    assert torch.get_num_threads() == 1


def test_so_do_the_processes_it_starts():
    assert subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True).stdout == "1\n"
