"""The classifiers around torch modules, with their parameters.

Training and prediction are in `_base_network.py`.
"""

from sklearn.base import clone
from skorch.utils import is_dataset
from torch import nn, optim
from torch.utils.data import Subset

from modal_clustermargin.estimators._base_network import BaseNetworkClassifier
from modal_clustermargin.estimators._batches import (
    LabelledRows,
    RowBatches,
    ShuffledBatches,
)
from modal_clustermargin.estimators.modules._mlp import MLP
from modal_clustermargin.estimators.modules._proxy_net import ProxyNet


class NetworkClassifier(BaseNetworkClassifier):
    """Classifier around a torch module that returns logits.

    A skorch net with active learning's defaults: every label is trained on,
    `fit` always begins from fresh weights, runs are reproducible by
    `random_state` alone, and `embed` returns the last hidden layer.

    X is an array of two dimensions or more: ndarray of any real type, memory
    map, tensor, DataFrame (columns by position; where they have names, always the
    same) or list; or a torch Dataset, whose labels serve where y is None. It is
    read in batches, cast to float32 and never copied whole. Values are not scaled:
    divide images of integers by 255 yourself, or let a transform or a Pipeline.
    y holds labels of any sortable type or, with a column for each label, 1 where a
    sample has it and 0 where not: then every label is learned by itself, by
    binary cross-entropy, and has a probability of its own.

    Parameters
    ----------
    module : nn.Module class or instance, default=MLP
        A class (or function) is called anew at every `fit`, with the arguments
        given as ``module__<name>``; parameters called ``n_features`` and
        ``n_classes`` that are not given are set from the data (``n_features``
        only for X of two dimensions). An instance is copied at every `fit`,
        which begins from the weights it carries and leaves it as it was.
        Of a tuple returned by the module, the first item is the logits.

    criterion : nn.Module class or instance, default=nn.CrossEntropyLoss
        Loss of logits. With another than this one, `predict_nonlinearity`
        says how logits become probabilities.

    optimizer : torch optimizer class, default=optim.AdamW

    lr : float, default=0.002
        Learning rate.

    max_epochs : int, default=50
        Passes over the labelled samples in one `fit`.

    batch_size : int, default=32
        Largest training batch. Batches differ by at most one row.

    predict_batch_size : int, default=256
        Largest batch in `predict_proba` and `embed`; -1 is all rows at once.

    schedule : {"cosine", "step"}, callable or None, default=None
        How the learning rates fall from batch to batch; see `RateSchedule`. None
        leaves them as they are.

    head_lr : float or None, default=None
        Learning rate of the head, the Linear layer that runs last. None is `lr`.

    linear_probe : LinearProbe or None, default=None
        Trained by `fit` before the network is, on the embeddings that the fresh
        network gives, computed once; its weights are what the head begins with.
        This is linear probing then fine-tuning (LP-FT) and, with
        ``max_epochs=0``, linear probing. See `LinearProbe`.

    train_transform, predict_transform : callable or None, default=None
        Called with each sample of X, a tensor of the dtype that X has (float32 out
        of a DataFrame, and what a Dataset gives), for what the network is to see:
        augmentations, scaling, such as those of torchvision. Without one for
        training, that for prediction serves for both; embeddings for
        `linear_probe` are made with that as well. Draws from torch's generator
        follow `random_state`.

    mixed_precision : bool, default=False
        Run the network in bfloat16 where torch's autocast thinks fit, and images
        with the channels last. Made for GPUs, which are then about twice as fast;
        probabilities agree with those without to two or three digits.

    checkpoint_dir : path-like or None, default=None
        Folder in which a `fit` that begins anew keeps where it is, after each
        epoch. The same `fit` on the same data goes on from there after a kill, to
        the same network on a CPU; once complete it is read and not trained again,
        also with ``random_state=None``. Any other `fit` begins anew and writes over
        it. Data are known by all rows, but a Dataset by its labels and 64 samples;
        settings by their values and the code of functions and classes. Counts that
        callbacks keep, but those given by `schedule`, begin anew.

    classes : array-like of shape (n_classes,) or None, default=None
        Every label there is, for when the first y lack some. None means the
        labels found in y. With a column for each label, their names.

    device : str, torch.device or None, default=None
        None means CUDA where there is one, else the CPU. Weights and shuffles
        are drawn on the CPU either way, so the same seed gives the same
        network up to rounding (dropout masks are drawn on the device).

    random_state : int, RandomState instance or None, default=None
        Draws initial weights, shuffles and dropout. With an int, every `fit`
        on the same data gives the same network. torch's and numpy's global
        generators are neither read nor changed.

    train_split : callable or None, default=None
        None holds no label out. See skorch for others, and for `callbacks`.

    callbacks : list or None, default=None

    verbose : int, default=0
        1 shows a bar, of training and of predictions that take seconds; 2 prints
        a line an epoch.

    iterator_train, iterator_valid, dataset : classes
        What cuts X into batches. A DataLoader does too, more slowly.

    **kwargs
        skorch's other parameters, ``module__<name>``, ``optimizer__<name>``
        and the like. ``compile=True`` runs the network through torch.compile.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted; with a column for each, their names in the order of the
        columns, which are numbers if `classes` is None.

    is_multi_label_ : bool
        Whether y had a column for each label.

    n_features_in_ : int
        Columns of X at `fit`, if it had two dimensions.

    module_ : nn.Module
        The trained network.

    linear_probe_ : NetworkClassifier
        The trained `linear_probe`, if there is one.

    device_ : torch.device
        Where `module_` is.

    history : skorch History
        ``history[:, "train_loss"]`` is the mean loss of the batches of each epoch.

    Notes
    -----
    The module needs an output for each class; fewer raise ValueError. Outputs
    beyond the number of classes are left out of the loss and of the
    probabilities, as though they were not there: a network of ten outputs
    whose first labels come from seven classes answers with seven columns.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from modal_clustermargin.estimators import MLP, NetworkClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NetworkClassifier(MLP, module__n_hidden=16, random_state=0).fit(X, y)
    >>> net.predict_proba(X).shape, net.embed(X).shape
    ((150, 3), (150, 16))
    >>> bool(net.score(X, y) > 0.9)
    True
    """

    def __init__(
        self,
        module=MLP,
        *,
        criterion=nn.CrossEntropyLoss,
        optimizer=optim.AdamW,
        lr=0.002,
        max_epochs=50,
        batch_size=32,
        predict_batch_size=256,
        schedule=None,
        head_lr=None,
        linear_probe=None,
        train_transform=None,
        predict_transform=None,
        mixed_precision=False,
        checkpoint_dir=None,
        classes=None,
        device=None,
        random_state=None,
        train_split=None,
        callbacks=None,
        verbose=0,
        iterator_train=ShuffledBatches,
        iterator_valid=RowBatches,
        dataset=LabelledRows,
        **kwargs,
    ):
        self.predict_batch_size = predict_batch_size
        self.schedule = schedule
        self.head_lr = head_lr
        self.linear_probe = linear_probe
        self.train_transform = train_transform
        self.predict_transform = predict_transform
        self.mixed_precision = mixed_precision
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        super().__init__(
            module,
            criterion=criterion,
            optimizer=optimizer,
            lr=lr,
            max_epochs=max_epochs,
            batch_size=batch_size,
            classes=classes,
            device=device,
            train_split=train_split,
            callbacks=callbacks,
            verbose=verbose,
            iterator_train=iterator_train,
            iterator_valid=iterator_valid,
            dataset=dataset,
            **kwargs,
        )

    def untrained(self, X):
        """The network that `fit` begins from, with the weights it is made with.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset
            Samples as they will come. One is looked at.

        Returns
        -------
        network : NetworkClassifier
            Fitted, without any training: made for its `embed`, the features of
            pre-trained weights. It knows `classes`, if they are given, or one.
        """
        blank = clone(self).set_params(
            max_epochs=0,
            linear_probe=None,
            head_lr=None,
            checkpoint_dir=None,
            train_split=None,
        )
        if is_dataset(X):
            first = Subset(X, [0])
        else:
            first = X.iloc[:1] if hasattr(X, "iloc") else X[:1]
        return blank.fit(first, [0 if self.classes is None else self.classes[0]])

    def make_proxy(self):
        """A `ProxyClassifier` with this network's classes and device."""
        return ProxyClassifier(classes=self.classes, device=self.device)


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
