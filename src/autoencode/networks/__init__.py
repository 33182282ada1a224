r"""Networks: pairs of an encoder and a decoder, tensor to tensor."""

__all__ = [
    "Convolutional",
    "FullyConnected",
    "FullyConvolutional",
    "Network",
    "Recurrent",
    "Transformer",
]

from .base import Network
from .convolutional import Convolutional
from .fully_convolutional import FullyConvolutional
from .mlp import FullyConnected
from .recurrent import Recurrent
from .transformer import Transformer
