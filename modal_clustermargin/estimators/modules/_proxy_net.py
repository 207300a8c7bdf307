"""A small network on features that a large one computed."""

from torch import nn


class ProxyNet(nn.Module):
    """Linear, batch norm, ReLU, Linear.

    Parameters
    ----------
    n_features : int
        Number of columns of X.

    n_classes : int
        Number of logits.

    n_hidden : int, default=None
        Width of the hidden layer; None means `n_features`.

    Examples
    --------
    >>> import torch
    >>> from modal_clustermargin.estimators import ProxyNet
    >>> ProxyNet(n_features=4, n_classes=3)(torch.zeros(5, 4)).shape
    torch.Size([5, 3])
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
