r"""Networks: pairs of an encoder and a decoder, tensor to tensor."""

__all__ = [
    "Convolutional",
    "FullyConvolutional",
    "Network",
    "Perceptron",
    "Recurrent",
    "Transformer",
]

from .base import Network
from .convolutional import Convolutional
from .fully_convolutional import FullyConvolutional
from .perceptron import Perceptron
from .recurrent import Recurrent
from .transformer import Transformer
