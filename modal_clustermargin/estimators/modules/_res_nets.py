"""Residual networks for small images."""

import torch
from torch import nn

from modal_clustermargin.estimators.modules._vision import VisionNet, initial_weights

_BLOCKS_IN_A_GROUP = 4  # of two convolutions: 3 * 8 + 4 = 28 layers
_WIDTH = 8


class SmallResNet(nn.Module):
    """Three stages of residual blocks, averaged over the image, and a linear head.

    Every stage has twice the channels of the previous stage at half its height and
    width. The input of the head is the embedding, of ``4 * width`` numbers. For
    studies of pre-trained features on images of 16 x 16 to 64 x 64.

    Parameters
    ----------
    n_classes : int
        Number of logits.

    in_channels : int, default=1
        Channels of an image: 1 for grey, 3 for colour. X has shape (n_samples,
        in_channels, height, width), or (n_samples, height, width) for one channel.

    width : int, default=16
        Channels of the first stage.

    n_blocks : int, default=1
        Blocks in a stage, of two convolutions each.

    stride : int, default=2
        Stride of the first convolution; 1 takes four times as long.

    weights : path-like, default=None
        A checkpoint for everything except the head, read by `load_checkpoint`;
        None draws all weights at random. The attribute `loaded` is a LoadedWeights.
    """

    def __init__(
        self, n_classes, in_channels=1, width=16, n_blocks=1, stride=2, weights=None
    ):
        super().__init__()
        self.backbone = nn.Sequential(
            _convolution(in_channels, width, stride),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        n_channels = width
        for n_out in (width, 2 * width, 4 * width):
            for _ in range(n_blocks):
                self.backbone.append(_Block(n_channels, n_out))
                n_channels = n_out
        # Measured on a CPU: convolutions this thin are 1.4 times as fast.
        self.backbone.to(memory_format=torch.channels_last)
        self.head = nn.Linear(n_channels, n_classes)
        self.loaded = initial_weights(self.backbone, None, weights)

    def forward(self, X):
        """Logits of shape (n_samples, n_classes)."""
        if X.ndim == 3:
            X = X.unsqueeze(1)
        return self.head(self.backbone(X).mean(dim=(2, 3)))


class _Block(nn.Module):
    """Two convolutions with a shortcut; maps shrink when channels double."""

    def __init__(self, n_in, n_out):
        super().__init__()
        stride = 1 if n_in == n_out else 2
        self.residual = nn.Sequential(
            _convolution(n_in, n_out, stride),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            _convolution(n_out, n_out),
            nn.BatchNorm2d(n_out),
        )
        # At first, the block is its shortcut, which steadies the first epochs.
        nn.init.zeros_(self.residual[-1].weight)
        self.shortcut = nn.Identity()
        if n_in != n_out:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(2, ceil_mode=True),
                nn.Conv2d(n_in, n_out, kernel_size=1, bias=False),
                nn.BatchNorm2d(n_out),
            )

    def forward(self, X):
        return (self.residual(X) + self.shortcut(X)).relu()


class WideResNet28x8(VisionNet):
    """Wide residual network [1]_, 28 layers, width 8; embeddings of 512 numbers.

    Layers have the names and the behaviour of FixMatch's code for torch and of the
    programs of ASVP, so that their checkpoints fit: leaky ReLU of slope 0.1, batch
    norm with a momentum of 0.001, and, in the first blocks of the second and third
    group, convolutions that read the input before batch norm.

    Parameters
    ----------
    n_classes : int
        Number of logits.

    weights : path-like, default=None
        A checkpoint for the backbone, for example of SimSiam, read by
        `load_checkpoint`; None draws the weights at random. The head is always new.
        The attribute `loaded` is a LoadedWeights.

    dropout : float in [0, 1), default=0.0
        Share of the embedding switched off while training.

    References
    ----------
    .. [1] S. Zagoruyko, N. Komodakis, "Wide Residual Networks", BMVC 2016,
       :arxiv:`1605.07146`.
    """

    def __init__(self, n_classes, weights=None, dropout=0.0):
        n_first, n_last = 16 * _WIDTH, 64 * _WIDTH
        backbone = nn.Sequential()
        backbone.conv1 = _convolution(3, 16)
        backbone.block1 = _group(16, n_first, stride=1)
        backbone.block2 = _group(n_first, 2 * n_first, stride=2)
        backbone.block3 = _group(2 * n_first, n_last, stride=2)
        backbone.bn1 = _norm(n_last)
        backbone.relu = nn.LeakyReLU(0.1)
        backbone.pool = nn.AdaptiveAvgPool2d(1)
        backbone.flatten = nn.Flatten()
        super().__init__(backbone, n_last, n_classes, None, dropout)
        self.loaded = initial_weights(backbone, None, weights)


def _group(n_in, n_out, stride):
    """Blocks of equal width; the first one widens and strides."""
    blocks = [_WideBlock(n_in, n_out, stride)]
    blocks += [_WideBlock(n_out, n_out) for _ in range(_BLOCKS_IN_A_GROUP - 1)]
    group = nn.Sequential()
    group.layer = nn.Sequential(*blocks)
    return group


class _WideBlock(nn.Module):
    """Two convolutions, each after norm and ReLU; the shortcut may be a third one."""

    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.bn1 = _norm(n_in)
        self.conv1 = _convolution(n_in, n_out, stride)
        self.bn2 = _norm(n_out)
        self.conv2 = _convolution(n_out, n_out)
        self.relu = nn.LeakyReLU(0.1)
        self.widens = n_in != n_out
        # Blocks of stride 2 have this norm for its name only.
        self.uses_bn1 = stride == 1
        if self.widens:
            self.convShortcut = _convolution(n_in, n_out, stride, size=1)

    def forward(self, X):
        normed = self.relu(self.bn1(X)) if self.uses_bn1 else X
        shortcut = self.convShortcut(normed) if self.widens else X
        return shortcut + self.conv2(self.relu(self.bn2(self.conv1(normed))))


def _convolution(n_in, n_out, stride=1, size=3):
    layer = nn.Conv2d(n_in, n_out, size, stride, padding=size // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer


def _norm(n_channels):
    return nn.BatchNorm2d(n_channels, momentum=0.001)
