"""Backpropagation: a small tensor autograd engine on NumPy.

Read the files in this order, each from top to bottom:
    by_hand.py    gradients by brute force, then by hand
    graph.py      the gradient rule of each kind of node, then the two functions that run any graph backwards
    tensor.py     the `Tensor` that records the graph
    tracing.py    the graph as plain data, for pictures

Everywhere: *upstream* is the gradient of the final number with respect to a node's output, *downstream* the gradient
with respect to one of its inputs. A gradient always has the shape of what it is the gradient of.
"""

from course_lib.reference.backprop.by_hand import (
    gradient_check,
    numerical_gradient,
    tanh_layer_jacobian,
    two_layer_gradients,
    window_scorer_gradients,
)
from course_lib.reference.backprop.graph import (
    backward,
    cross_entropy_backward,
    matmul_backward,
    maximum_backward,
    multiply_backward,
    topological_order,
    unbroadcast,
)
from course_lib.reference.backprop.tensor import (
    Tensor,
    add,
    concatenate,
    cross_entropy,
    divide,
    matmul,
    maximum,
    multiply,
    operation,
    subtract,
)
from course_lib.reference.backprop.tracing import trace
