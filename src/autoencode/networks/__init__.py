r"""Network architectures: an encoder and a decoder, from tensor to tensor.

- `base`: the abstract architecture
- `mlp`: fully connected networks
- `padding`: sequences of different lengths in one tensor
- `dictionary`: affine networks whose decoder adds up atoms
- `convolutional`: residual convolutions with a fully connected bottleneck
- `positions/`: networks whose codes have positions, in images or in time
- `views/`: networks around others, whose encoder sees where numbers are missing, or transformed
  counts, or whose decoder is smooth
- `modules`: modules that were written without this library
- `exporting`: whether a network is being exported
- `gru`: gated recurrent units with a hand-written backward pass
- `tokens`: layers that all token networks share
- `steps`: layers that networks for series of numbers share
- `recurrent`, `transformer`: networks for token sequences and series of numbers
"""

__all__ = [
    "Convolutional",
    "Dictionary",
    "FullyConnected",
    "FullyConvolutional",
    "Incomplete",
    "Modules",
    "Network",
    "Recurrent",
    "SpectralNorm",
    "TemporalConvolutional",
    "TransformedInput",
    "Transformer",
]

from .base import Network
from .convolutional import Convolutional
from .dictionary import Dictionary
from .mlp import FullyConnected
from .modules import Modules
from .positions import FullyConvolutional, TemporalConvolutional
from .recurrent import Recurrent
from .transformer import Transformer
from .views import Incomplete, SpectralNorm, TransformedInput
