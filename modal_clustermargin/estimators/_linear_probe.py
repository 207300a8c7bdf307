"""A linear classifier on embeddings, whose weights initialize a head."""

from torch import nn

from modal_clustermargin.estimators._network_classifier import ProxyClassifier


class LinearNet(nn.Module):
    """One Linear layer.

    Parameters
    ----------
    n_features : int
        Number of columns of X.

    n_classes : int
        Number of logits.
    """

    def __init__(self, n_features, n_classes):
        super().__init__()
        self.head = nn.Linear(n_features, n_classes)

    def forward(self, X):
        """Logits of shape (n_samples, n_classes)."""
        return self.head(X)


class LinearProbe(ProxyClassifier):
    """Logistic regression by gradient descent, on embeddings.

    Used as `linear_probe` of a `NetworkClassifier`, it trains the head before the
    network [1]_, so that the large gradients of a random head do not distort a
    pre-trained embedding. The settings are those of the public code of ASVP on
    CIFAR-10, except for the learning rate, which is 10 there: SGD with Nesterov
    momentum 0.9 and a cosine, 80 epochs in batches of 256.

    Parameters
    ----------
    module : nn.Module class or instance, default=LinearNet

    lr : float, default=0.5

    max_epochs : int, default=80

    batch_size : int, default=256

    **kwargs
        The other parameters of `ProxyClassifier`, with its defaults.

    References
    ----------
    .. [1] A. Kumar et al., "Fine-tuning can distort pretrained features and
       underperform out-of-distribution", ICLR 2022, :arxiv:`2202.10054`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from modal_clustermargin.estimators import LinearProbe, NetworkClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NetworkClassifier(linear_probe=LinearProbe(), random_state=0).fit(X, y)
    >>> bool(net.score(X, y) > 0.9)
    True
    """

    def __init__(
        self, module=LinearNet, *, lr=0.5, max_epochs=80, batch_size=256, **kwargs
    ):
        super().__init__(
            module, lr=lr, max_epochs=max_epochs, batch_size=batch_size, **kwargs
        )
