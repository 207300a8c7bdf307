"""A residual network for small images, which a CPU trains in seconds."""

import torch
from torch import nn

from modal_clustermargin.estimators.modules._checkpoints import load_checkpoint


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
        Channels of an image: 1 for grey, 3 for colour.

    width : int, default=16
        Channels of the first stage.

    n_blocks : int, default=1
        Blocks in a stage, of two convolutions each.

    stride : int, default=2
        Stride of the first convolution; 1 takes four times as long.

    weights : path-like, default=None
        A checkpoint for everything except the head, read by `load_checkpoint`;
        None draws all weights at random. The head is always new.

    prefix : str, default=None
        Prefix of the names in the checkpoint; see `load_checkpoint`.

    Attributes
    ----------
    loaded : LoadedWeights or None
        Which tensors were read from the checkpoint.

    Examples
    --------
    >>> import torch
    >>> from modal_clustermargin.estimators import SmallResNet
    >>> net = SmallResNet(n_classes=10)
    >>> net(torch.zeros(5, 1, 24, 24)).shape, net(torch.zeros(5, 28, 28)).shape
    (torch.Size([5, 10]), torch.Size([5, 10]))
    """

    def __init__(
        self,
        n_classes,
        in_channels=1,
        width=16,
        n_blocks=1,
        stride=2,
        weights=None,
        prefix=None,
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
        self.loaded = None
        if weights is not None:
            self.loaded = load_checkpoint(self.backbone, weights, prefix)

    def forward(self, X):
        """Logits of shape (n_samples, n_classes).

        `X` has shape (n_samples, in_channels, height, width), or
        (n_samples, height, width) for images of one channel.
        """
        if X.ndim == 3:
            X = X.unsqueeze(1)
        return self.head(self.backbone(X).mean(dim=(2, 3)))


class _Block(nn.Module):
    """Two convolutions beside a shortcut; maps shrink when channels double."""

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


def _convolution(n_in, n_out, stride=1):
    layer = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer
