"""A wide residual network for images of 32 x 32."""

from torch import nn

from modal_clustermargin.estimators.modules._checkpoints import load_checkpoint
from modal_clustermargin.estimators.modules._vision import VisionNet

_BLOCKS_IN_A_GROUP = 4  # of two convolutions: 3 * 8 + 4 = 28 layers
_WIDTH = 8


class WideResNet28x8(VisionNet):
    """Wide residual network [1]_, 28 layers, width 8; embeddings of 512 numbers.

    Layers have the names and the behaviour of FixMatch's code for torch and of the
    programs of ASVP, so that their checkpoints fit: leaky ReLU of slope 0.1, batch
    norm with a momentum of 0.001, and, in the first blocks of the second and third
    group, convolutions that read the input before batch norm. The unused batch norm
    in these two blocks exists for its name only.

    Parameters
    ----------
    n_classes : int
        Number of logits.

    weights : path-like, default=None
        A checkpoint for the backbone, for example of SimSiam, read by
        `load_checkpoint`; None draws the weights at random. The head is always new.

    prefix : str, default=None
        Prefix of the names in the checkpoint; see `load_checkpoint`.

    dropout : float in [0, 1), default=0.0
        Share of the embedding switched off while training.

    Attributes
    ----------
    loaded : LoadedWeights or None
        Which tensors were read from the checkpoint.

    References
    ----------
    .. [1] S. Zagoruyko, N. Komodakis, "Wide Residual Networks", BMVC 2016,
       :arxiv:`1605.07146`.

    Examples
    --------
    >>> import torch
    >>> from modal_clustermargin.estimators import WideResNet28x8
    >>> WideResNet28x8(n_classes=100)(torch.zeros(1, 3, 8, 8)).shape
    torch.Size([1, 100])
    """

    def __init__(self, n_classes, weights=None, prefix=None, dropout=0.0):
        backbone = _Backbone()
        super().__init__(backbone, 64 * _WIDTH, n_classes, None, dropout)
        self.loaded = None
        if weights is not None:
            self.loaded = load_checkpoint(backbone, weights, prefix)


class _Backbone(nn.Sequential):
    def __init__(self):
        super().__init__()
        n_first, n_last = 16 * _WIDTH, 64 * _WIDTH
        self.conv1 = _convolution(3, 16)
        self.block1 = _Group(16, n_first, stride=1, norms_all=True)
        self.block2 = _Group(n_first, 2 * n_first, stride=2)
        self.block3 = _Group(2 * n_first, n_last, stride=2)
        self.bn1 = _norm(n_last)
        self.relu = _relu()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()


class _Group(nn.Sequential):
    """Blocks of equal width; the first one widens and strides."""

    def __init__(self, n_in, n_out, stride, norms_all=False):
        super().__init__()
        self.layer = nn.Sequential(
            _WideningBlock(n_in, n_out, stride, norms_all),
            *(_Block(n_out, n_out) for _ in range(_BLOCKS_IN_A_GROUP - 1)),
        )


class _Block(nn.Module):
    """Two convolutions, each after norm and ReLU, with a shortcut."""

    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.bn1 = _norm(n_in)
        self.conv1 = _convolution(n_in, n_out, stride)
        self.bn2 = _norm(n_out)
        self.conv2 = _convolution(n_out, n_out)
        self.relu = _relu()

    def forward(self, X):
        return X + self._convolved(self.relu(self.bn1(X)))

    def _convolved(self, X):
        return self.conv2(self.relu(self.bn2(self.conv1(X))))


class _WideningBlock(_Block):
    """A block whose shortcut is a convolution."""

    def __init__(self, n_in, n_out, stride, norms_all):
        super().__init__(n_in, n_out, stride)
        self.norms_all = norms_all
        self.convShortcut = _convolution(n_in, n_out, stride, size=1)

    def forward(self, X):
        if self.norms_all:
            X = self.relu(self.bn1(X))
        return self.convShortcut(X) + self._convolved(X)


def _convolution(n_in, n_out, stride=1, size=3):
    layer = nn.Conv2d(n_in, n_out, size, stride, padding=size // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="leaky_relu")
    return layer


def _norm(n_channels):
    return nn.BatchNorm2d(n_channels, momentum=0.001)


def _relu():
    return nn.LeakyReLU(0.1)
