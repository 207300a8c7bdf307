"""A cheap stand-in for a large network: a small one on its features."""

from torch import nn, optim

from modal_clustermargin.estimators._network_classifier import NetworkClassifier


class ProxyNet(nn.Module):
    """Linear, batch norm, ReLU, Linear.

    Parameters
    ----------
    n_features : int
        Numbers in a row of features.

    n_classes : int
        Number of logits.

    n_hidden : int, default=None
        Width of the hidden layer; None is `n_features`.

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


class ProxyClassifier(NetworkClassifier):
    """The classifier that selects in the place of a large one.

    A `NetworkClassifier` of a hidden layer with batch norm, for features that
    were computed beforehand; its sizes come from the data. The settings are
    those of the public code of ASVP [1]_ on ImageNet: SGD with Nesterov momentum
    0.9, no weight decay, 50 epochs in batches of up to 2,048, and a learning
    rate of 0.1 that falls along a cosine (`RateSchedule`).

    Parameters
    ----------
    module : nn.Module class or instance, default=ProxyNet

    optimizer : torch optimizer class, default=optim.SGD

    lr : float, default=0.1

    max_epochs : int, default=50

    batch_size : int, default=2048

    optimizer__momentum : float, default=0.9

    optimizer__nesterov : bool, default=True

    schedule : str, callable or None, default="cosine"

    **kwargs
        The other parameters of `NetworkClassifier`: ``module__n_hidden``,
        ``classes``, ``device``, ``random_state`` and so on.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from modal_clustermargin.estimators import ProxyClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> proxy = ProxyClassifier(random_state=0).fit(X, y)
    >>> proxy.embed(X).shape, bool(proxy.score(X, y) > 0.9)
    ((150, 4), True)
    """

    def __init__(
        self,
        module=ProxyNet,
        *,
        optimizer=optim.SGD,
        lr=0.1,
        max_epochs=50,
        batch_size=2048,
        optimizer__momentum=0.9,
        optimizer__nesterov=True,
        schedule="cosine",
        **kwargs,
    ):
        super().__init__(
            module,
            optimizer=optimizer,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            optimizer__momentum=optimizer__momentum,
            optimizer__nesterov=optimizer__nesterov,
            schedule=schedule,
            **kwargs,
        )
