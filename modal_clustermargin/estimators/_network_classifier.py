"""The classifiers around torch modules, with their parameters.

Training and prediction are in `_base_network.py`.
"""

import numpy as np
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
from modal_clustermargin.estimators._module_outputs import logits_of
from modal_clustermargin.estimators.modules._small_nets import MLP, LinearNet, ProxyNet


class NetworkClassifier(BaseNetworkClassifier):
    """Classifier around a torch module that returns logits.

    A skorch net with defaults for active learning: it trains on every label,
    `fit` always starts from fresh weights, `random_state` alone makes a run
    reproducible, and `embed` returns the last hidden layer.

    X is an array of two dimensions or more: an ndarray of any real type, a memory
    map, a tensor, a DataFrame (read by position; named columns must have the same
    names in every call) or a list. Or X is a torch Dataset, whose labels are used if
    y is None. X is read in batches, cast to float32 and never copied whole. Values are
    not scaled: divide images of integers by 255 yourself, or with a transform or a
    Pipeline.

    y holds labels of any sortable type. For multi-label data, y has a column for each
    label, with 1 where a sample has the label and 0 elsewhere; every label is learned
    by binary cross-entropy and has its own probability.

    Parameters
    ----------
    module : nn.Module class or instance, default=MLP
        A class (or function) is called at every `fit`, with the arguments
        given as ``module__<name>``; parameters named ``n_features`` and
        ``n_classes`` that are not given are set from the data (``n_features``
        only if X has two dimensions). An instance is copied at every `fit`, which
        starts from its weights and does not change it. If the module returns a
        tuple, its first item is the logits. Logits beyond the number of classes are
        ignored in the loss and in the probabilities.

    criterion : nn.Module class or instance, default=nn.CrossEntropyLoss
        Loss of the logits. For another loss, set `predict_nonlinearity`, which
        turns logits into probabilities. As in skorch, nn.NLLLoss and nn.BCELoss need a
        module that returns probabilities.

    optimizer : torch optimizer class, default=optim.AdamW

    lr : float, default=0.002
        Learning rate.

    max_epochs : int, default=50
        Number of passes over the labelled samples in one `fit`.

    batch_size : int, default=32
        Largest training batch. Batches differ by at most one row.

    predict_batch_size : int, default=256
        Largest batch in `predict_proba` and `embed`; -1 is all rows at once.

    schedule : {"cosine", "step"}, callable or None, default=None
        How the learning rates fall; see `RateSchedule`. None keeps them constant.

    head_lr : float or None, default=None
        Learning rate of the head, the Linear layer that runs last. None means `lr`.

    linear_probe : LinearProbe or None, default=None
        `fit` first trains it on the embeddings of the fresh network, computed once,
        and copies its weights into the head. This is linear probing then
        fine-tuning (LP-FT) and, with ``max_epochs=0``, linear probing. See
        `LinearProbe`.

    train_transform, predict_transform : callable or None, default=None
        Function of one sample of X, which is a tensor in the dtype of X (float32 for
        a DataFrame; a Dataset's samples are passed unchanged). The network sees the
        returned tensor, for example an image augmented by a transform of
        torchvision. If `train_transform` is None, training uses `predict_transform`
        as well. The embeddings for `linear_probe` use `predict_transform`. Random
        numbers from torch's generator follow `random_state`.

    mixed_precision : bool, default=False
        Run the network in bfloat16 where torch's autocast does so, and images
        with the channels last. On a GPU this is about twice as fast;
        probabilities agree with those of float32 to two or three digits.

    checkpoint_dir : path-like or None, default=None
        Folder in which `fit` saves its state after each epoch. After a kill, the
        same `fit` on the same data continues from there; on a CPU, it gives the same
        network. A complete training is loaded, even with ``random_state=None``. With
        other data or settings, `fit` starts anew and replaces the file. Arrays are
        compared by all rows, a Dataset by its length, its labels and 64 samples,
        settings by value, and functions and classes by name. The state of callbacks
        is not saved.

    classes : array-like of shape (n_classes,) or None, default=None
        All labels, if the first y may lack some of them. None means the labels in y.
        For multi-label data, the names of the columns.

    device : str, torch.device or None, default=None
        None means CUDA if there is a GPU, else the CPU. Weights and shuffles
        are always drawn on the CPU, so the same seed gives the same network up to
        rounding (dropout masks are drawn on the device).

    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, shuffles and dropout. With an int, every `fit`
        on the same data, in the same order, gives the same network. The global
        generators of torch and numpy are neither read nor changed.

    verbose : int, default=0
        1 shows a progress bar during training and during long predictions; 2 prints
        a line per epoch.

    train_split, callbacks, iterator_train, iterator_valid, dataset, **kwargs
        As in skorch, and with them ``module__<name>``, ``optimizer__<name>`` and
        ``compile=True``. By default, training uses all samples. A callback may stop
        it by raising KeyboardInterrupt at the end of an epoch. torch's DataLoader is
        slower than the iterators given here, unless it has several workers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels. For multi-label data, the names of the columns, or their
        numbers if `classes` is None.

    is_multi_label_ : bool
        Whether y at `fit` had a column for each label.

    n_features_in_ : int
        Number of columns of X at `fit`, if X had two dimensions.

    module_ : nn.Module
        The trained network, on the torch.device `device_`.

    linear_probe_ : NetworkClassifier
        The trained `linear_probe`, if there is one.

    history : skorch History
        ``history[:, "train_loss"]`` is the mean loss of the batches of each epoch.

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
        verbose=0,
        train_split=None,
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
            verbose=verbose,
            train_split=train_split,
            iterator_train=iterator_train,
            iterator_valid=iterator_valid,
            dataset=dataset,
            **kwargs,
        )

    def untrained(self, X):
        """The network that `fit` starts from, with its initial weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset
            Only the first sample is used, for its shape.

        Returns
        -------
        network : NetworkClassifier
            An untrained network, whose `embed` returns the features of the initial
            weights, for example pre-trained weights. It has the classes in
            `classes`, or one class.
        """
        without = ("linear_probe", "head_lr", "checkpoint_dir", "train_split")
        blank = clone(self).set_params(max_epochs=0, **dict.fromkeys(without))
        if is_dataset(X):
            first = Subset(X, [0])
        else:
            first = X.iloc[:1] if hasattr(X, "iloc") else X[:1]
        return blank.fit(first, [0 if self.classes is None else self.classes[0]])

    def head_classifier(self, X):
        """A classifier that computes the network's probabilities from embeddings.

        If the embeddings are known, the network need not run again.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset
            A few samples, on which the outputs of both classifiers are compared.

        Returns
        -------
        head : NetworkClassifier or None
            A fitted classifier whose X are embeddings. None if the network changes the
            output of its last Linear layer.
        """
        X = self._check_X(X)
        embeddings, layer = self._embeddings_and_head(X)
        if layer.out_features < len(self.classes_):
            return None
        head = NetworkClassifier(layer, criterion=self.criterion, device=self.device_)
        head.classes_inferred_ = self.classes_
        head.is_multi_label_ = self.is_multi_label_
        head.set_params(predict_nonlinearity=self.predict_nonlinearity).initialize()
        logits = logits_of(self.forward(X))
        tolerance = 0.02 if self.mixed_precision else 1e-3
        is_same = np.allclose(head.forward(embeddings), logits, tolerance, tolerance)
        return head if is_same else None

    def make_proxy(self):
        """A `ProxyClassifier` with this network's classes and device."""
        return ProxyClassifier(classes=self.classes, device=self.device)


class ProxyClassifier(NetworkClassifier):
    """A small classifier that selects samples in place of a large network.

    A `NetworkClassifier` with one hidden layer and batch norm, for features that
    a large network computed beforehand. The settings are those of the public code
    of ASVP [1]_ on ImageNet: SGD with Nesterov momentum 0.9, no weight decay, 50
    epochs in batches of up to 2,048, and a learning rate of 0.1 that falls along a
    cosine (`RateSchedule`).

    Parameters
    ----------
    module : nn.Module class or instance, default=ProxyNet

    optimizer, optimizer__momentum, optimizer__nesterov, lr, batch_size, schedule
        As in `NetworkClassifier`, with the defaults above.

    **kwargs
        The other parameters of `NetworkClassifier`.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.
    """

    def __init__(
        self,
        module=ProxyNet,
        *,
        optimizer=optim.SGD,
        optimizer__momentum=0.9,
        optimizer__nesterov=True,
        lr=0.1,
        batch_size=2048,
        schedule="cosine",
        **kwargs,
    ):
        super().__init__(
            module,
            optimizer=optimizer,
            optimizer__momentum=optimizer__momentum,
            optimizer__nesterov=optimizer__nesterov,
            lr=lr,
            batch_size=batch_size,
            schedule=schedule,
            **kwargs,
        )


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

    lr, max_epochs, batch_size
        As in `NetworkClassifier`, with the defaults above.

    **kwargs
        The other parameters of `ProxyClassifier`.

    References
    ----------
    .. [1] A. Kumar et al., "Fine-tuning can distort pretrained features and
       underperform out-of-distribution", ICLR 2022, :arxiv:`2202.10054`.
    """

    def __init__(
        self, module=LinearNet, *, lr=0.5, max_epochs=80, batch_size=256, **kwargs
    ):
        super().__init__(
            module, lr=lr, max_epochs=max_epochs, batch_size=batch_size, **kwargs
        )
