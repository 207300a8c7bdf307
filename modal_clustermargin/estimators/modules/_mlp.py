"""A perceptron with one hidden layer."""

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

    Examples
    --------
    >>> import torch
    >>> from modal_clustermargin.estimators import MLP
    >>> MLP(n_features=4, n_classes=3)(torch.zeros(5, 4)).shape
    torch.Size([5, 3])
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
