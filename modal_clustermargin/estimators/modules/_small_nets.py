"""Small networks for rows of features, and for small images."""

import torch
from torch import nn


class MLP(nn.Module):
    """Linear, ReLU, dropout, Linear: a network for rows of features.

    Parameters
    ----------
    n_features : int
        Number of values in a sample: ``C * H * W`` for an image, which is flattened.

    n_classes : int
        Number of logits.

    n_hidden : int, default=64
        Width of the hidden layer.

    dropout : float in [0, 1), default=0.0
        Share of the hidden units switched off at random during training.
    """

    def __init__(self, n_features, n_classes, n_hidden=64, dropout=0.0):
        super().__init__()
        self.hidden = nn.Linear(n_features, n_hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_hidden, n_classes)

    def forward(self, X):
        """Logits of shape (n_samples, n_classes) for X of any rank."""
        hidden = torch.relu(self.hidden(X.flatten(1)))
        return self.head(self.dropout(hidden))


class ProxyNet(nn.Module):
    """Linear, batch norm, ReLU, Linear.

    Parameters
    ----------
    n_features, n_classes : int
        Number of columns of X, and of logits.

    n_hidden : int, default=None
        Width of the hidden layer; None means `n_features`.
    """

    def __init__(self, n_features, n_classes, n_hidden=None):
        super().__init__()
        n_hidden = n_features if n_hidden is None else n_hidden
        self.hidden = nn.Linear(n_features, n_hidden)
        self.norm = nn.BatchNorm1d(n_hidden)
        self.head = nn.Linear(n_hidden, n_classes)

    def forward(self, X):
        """Logits of shape (n_samples, n_classes), for X of shape (n_samples, -1)."""
        return self.head(self.norm(self.hidden(X.flatten(1))).relu())


class LinearNet(nn.Module):
    """One Linear layer.

    Parameters
    ----------
    n_features, n_classes : int
        Number of columns of X, and of logits.
    """

    def __init__(self, n_features, n_classes):
        super().__init__()
        self.head = nn.Linear(n_features, n_classes)

    def forward(self, X):
        """Logits of shape (n_samples, n_classes)."""
        return self.head(X)


class SmallConvNet(nn.Module):
    """Two convolutions and a hidden layer, for images of 8 x 8 to 32 x 32.

    Parameters
    ----------
    n_classes : int
        Number of logits.

    in_channels : int, default=1
        Channels of an image: 1 for grey, 3 for colour. X has shape (n_samples,
        in_channels, height, width), or (n_samples, height, width) for one channel.

    width : int, default=16
        Channels out of the first convolution; the second has twice as many.

    n_hidden : int, default=64
        Width of the fully connected layer before the head, and of the rows that
        `NetworkClassifier.embed` returns.
    """

    def __init__(self, n_classes, in_channels=1, width=16, n_hidden=64):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, width, kernel_size=3, padding=1),
            # Measured on digits, 100 labels, 20 epochs: batch norm adds six points
            # of accuracy, which no learning rate makes up for.
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, kernel_size=3, padding=1),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
        )
        self.hidden = nn.Linear(2 * width * 4 * 4, n_hidden)
        self.head = nn.Linear(n_hidden, n_classes)

    def forward(self, X):
        """Logits of shape (n_samples, n_classes)."""
        if X.ndim == 3:
            X = X.unsqueeze(1)
        maps = self.features(X)
        # Maps of images of 8 x 8 have this size already, and averaging windows of
        # one pixel would cost a tenth of the training time.
        if maps.shape[2:] != (4, 4):
            maps = nn.functional.adaptive_avg_pool2d(maps, 4)
        return self.head(torch.relu(self.hidden(maps.flatten(1))))
