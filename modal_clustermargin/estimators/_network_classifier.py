"""A torch module as a scikit-learn classifier that modAL can teach."""

from contextlib import nullcontext

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.utils import is_dataset, to_device
from torch import nn, optim
from torch.utils.data import Subset

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.estimators._batches import (
    ChosenRows,
    LabelledRows,
    RowBatches,
    ShuffledBatches,
    gather_rows,
    rows_behind,
)
from modal_clustermargin.estimators._datasets import DatasetSamples
from modal_clustermargin.estimators._explained_errors import (
    check_probabilities,
    explained_memory,
)
from modal_clustermargin.estimators._head_classifier import HeadClassifier
from modal_clustermargin.estimators._heads import give_rate, give_weights
from modal_clustermargin.estimators._hidden_layer import watched_layer
from modal_clustermargin.estimators._labels import (
    as_labels,
    find_classes,
    settle_classes,
    settle_columns,
)
from modal_clustermargin.estimators._logits import keep_classes, logits_of
from modal_clustermargin.estimators._row_keys import (
    keys_of,
    keys_of_some,
    order_of_content,
)
from modal_clustermargin.estimators._run_folder import RunFolder
from modal_clustermargin.estimators._samples import (
    SampleLayout,
    as_samples,
    check_finite,
)
from modal_clustermargin.estimators._seeded_net import SeededNet
from modal_clustermargin.estimators._seeding import undisturbed
from modal_clustermargin.estimators._training_rows import (
    as_weights,
    copies_and_shares,
)
from modal_clustermargin.estimators.modules._mlp import MLP

# What a fit comes to does not depend on these.
_NOT_OF_THE_RUN = {
    "checkpoint_dir",
    "device",
    "iterator_valid",
    "predict_batch_size",
    "verbose",
}


class NetworkClassifier(SeededNet):
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

    # ---- learning ----------------------------------------------------------

    def fit(self, X, y=None, sample_weight=None, **fit_params):
        """Train a fresh network.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        y : array-like of shape (n_samples,)
            None takes the labels of a Dataset.

        sample_weight : array-like of shape (n_samples,), default=None
            How often each sample is there: 2 is twice, 0 not at all, 2.5 three
            times with a loss that counts for 2.5 / 3. With a `train_split`, each is
            there once and its loss counts for its weight.

        **fit_params : dict
            Passed on to the module's ``forward``.

        Returns
        -------
        self : NetworkClassifier

        Raises
        ------
        ValueError
            If X holds NaN or infinity, or y is continuous or of another
            length, or the module has fewer outputs than there are classes, or
            weights are negative.

        TypeError
            If X is sparse.

        MemoryError
            If a batch is too large for the GPU.

        KeyboardInterrupt
            As it came. The network then has the weights of the last complete
            epoch, the optimizer what it had at that moment.

        Notes
        -----
        The same samples in another order give the same network, unless they
        come from a Dataset or are split by `train_split`.
        """
        fresh = not (self.warm_start and self.initialized_)
        return self._learn(
            X, y, sample_weight, None, fresh, _routing_method="fit", **fit_params
        )

    def partial_fit(self, X, y=None, classes=None, sample_weight=None, **fit_params):
        """Train the network that is there for `max_epochs` more.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        y : array-like of shape (n_samples,)

        classes : array-like of shape (n_classes,) or None, default=None
            Every label to come. Read by the first call, which may see only
            some of them; None means the labels in its y.

        sample_weight : array-like of shape (n_samples,), default=None
            As for `fit`.

        **fit_params : dict
            Passed on to the module's ``forward``.

        Returns
        -------
        self : NetworkClassifier
        """
        fresh = not self.initialized_
        return self._learn(
            X,
            y,
            sample_weight,
            classes,
            fresh,
            _routing_method="partial_fit",
            **fit_params,
        )

    def _learn(self, X, y, sample_weight, classes, fresh, **fit_params):
        with undisturbed():
            X = as_samples(X)
            if y is None and isinstance(X, DatasetSamples):
                y = X.labels()
            layout = SampleLayout.of(X, self.predict_transform)
        labels = as_labels(y, len(X))
        weights = as_weights(sample_weight, len(X))
        kept = np.arange(len(X)) if weights is None else np.flatnonzero(weights)
        classes, targets = self._settle(labels[kept], layout, classes, fresh)
        weights = None if weights is None else weights[kept]
        is_raw = not (self.train_transform is None and self.predict_transform is None)
        keys = keys_of(X, kept, is_raw)
        # A split that the user asks for may go by the order that X has, and copies
        # could be split, for one to validate what the other trained.
        order, n_copies = np.arange(len(kept)), np.ones(len(kept), int)
        shares = weights
        if keys is not None and self.train_split is None:
            order = order_of_content(keys, targets, weights)
        if weights is not None and self.train_split is None:
            n_copies, shares = copies_and_shares(weights)
        rows = self._make_rows(X, kept, targets, shares)
        order = np.repeat(order, n_copies[order])
        rows = ChosenRows(rows, kept[order])
        targets, shares = targets[order], None if shares is None else shares[order]
        try:
            if fresh and self.checkpoint_dir is not None:
                if keys is None:
                    with undisturbed():
                        keys = keys_of_some(X, self.predict_transform)
                else:
                    keys = keys[order]
                data = (keys, targets, shares, classes, layout, fit_params)
                self._run = self._open_run(data)
            self.classes_inferred_ = classes
            self.is_multi_label_ = labels.ndim == 2
            self.layout_ = layout
            if fresh:
                self._begin(rows, targets, shares)
            self._train(rows, targets, fresh, **fit_params)
        finally:
            self._run = None
        return self

    def _settle(self, labels, layout, classes, fresh):
        """Classes, and what is trained on in the place of labels."""
        is_multi_label = labels.ndim == 2
        # A net that was only initialized knows neither layout nor classes.
        knows_data = not fresh and hasattr(self, "layout_")
        if knows_data:
            self.layout_.compare(layout)
        if knows_data and is_multi_label != self.is_multi_label_:
            raise ValueError(
                "y has a column for each label in one call and one label a sample in"
                " another. Call fit, which begins anew, or keep to one."
            )
        known = self.classes_ if knows_data else None
        if classes is None:
            classes = known if knows_data else self.classes
        settle = settle_columns if is_multi_label else settle_classes
        return settle(labels, classes, known)

    def _make_rows(self, X, kept, targets, shares):
        """The data set of X, with targets and shares where they are known."""
        all_targets = np.zeros((len(X), *targets.shape[1:]), targets.dtype)
        all_targets[kept] = targets
        if shares is None:
            return self._make_dataset(X, all_targets)
        weights = np.ones(len(X))
        weights[kept] = shares
        return self._make_dataset(X, all_targets, weights=weights)

    def _begin(self, rows, targets, shares):
        """Make the network; if it is not made whole, there is none."""
        self.initialize()
        try:
            self._prepare_head(rows, targets, shares)
        except BaseException:
            self.initialized_ = False
            raise

    def _prepare_head(self, rows, targets, shares):
        """Probe, and give the head a learning rate of its own, if asked to."""
        if self.linear_probe is not None:
            with watched_layer(self.module_) as watched:
                embeddings = self._activations(rows, watched)
            probe = self._make_probe()
            self.linear_probe_ = probe.fit(embeddings, targets, sample_weight=shares)
            give_weights(self.linear_probe_.module_, watched.head())
        if self.head_lr is not None:
            with watched_layer(self.module_) as watched:
                next(self.forward_iter(Subset(rows, [0])))
            give_rate(self.optimizer_, watched.head(), self.head_lr)

    def _make_probe(self):
        probe = clone(self.linear_probe)
        probe.set_params(classes=np.arange(len(self.classes_)), device=self.device_)
        if probe.random_state is None:
            probe.set_params(random_state=self.random_state_.randint(2**31 - 1))
        return probe

    def _open_run(self, data):
        """The run in `checkpoint_dir`, known by everything that `fit` depends on."""
        settings = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name.partition("__")[0] not in _NOT_OF_THE_RUN
        }
        return RunFolder(self.checkpoint_dir, {**settings, "data": data})

    # ---- prediction --------------------------------------------------------

    def predict(self, X):
        """Most probable label of each sample: ndarray of shape (n_samples,).

        With a column for each label, an ndarray of shape (n_samples, n_classes),
        dtype=int64: 1 where the probability is one half or more.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If X holds NaN or infinity, or differs in shape from X at `fit`, or if
            probabilities are NaN: all where training diverged, those of a row where
            its numbers are too large for the network.
        """
        proba = self.predict_proba(X)
        check_probabilities(proba, self.lr)
        if self._has_columns():
            return (proba >= 0.5).astype(np.int64)
        positions = proba.argmax(axis=1)
        # skorch's scoring callbacks come with a data set whose y are positions.
        return positions if self._is_labelled(X) else self.classes_[positions]

    def predict_proba(self, X, out=None):
        """Class probabilities, computed in batches.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        out : ndarray of shape (n_samples, n_classes), default=None
            Array of floats to write to, such as a memory map.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes), dtype=float32
            Columns in the order of `classes_`; rows sum to one, unless labels
            have columns of their own in y. `out` itself, if it was given.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If X holds NaN or infinity, or differs in shape from X at `fit`.
        """
        X = self._as_known_samples(X)
        nonlinearity = self._get_predict_nonlinearity()
        blocks = (nonlinearity(logits_of(each)) for each in self.forward_iter(X))
        return gather_rows(blocks, len(X), out)

    def embed(self, X, layer=None, out=None):
        """Hidden activations, computed in batches with dropout off.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        layer : str or None, default=None
            None returns the last hidden layer: what goes into the Linear layer
            that runs last. A name out of ``module_.named_modules()`` returns
            what comes out of that layer.

        out : ndarray of shape (n_samples, n_hidden), default=None
            Array of floats to write to, such as a memory map.

        Returns
        -------
        hidden : ndarray of shape (n_samples, n_hidden), dtype=float32
            Activations of more dimensions are flattened. `out` itself, if it was
            given.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If there is no such layer, or X is not as it was at `fit`.
        """
        X = self._as_known_samples(X)
        with watched_layer(self.module_, layer) as watched:
            return self._activations(X, watched, out)

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

    def head_classifier(self, X):
        """What `predict_proba` does with an embedding, as a classifier of embeddings.

        Where embeddings are at hand, it saves running the network again.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset
            A few samples, to compare on.

        Returns
        -------
        head : HeadClassifier or None
            With `predict_proba` and `classes_`. None if the network does something
            to what its last Linear layer returns.
        """
        X = self._as_known_samples(X)
        with watched_layer(self.module_) as watched:
            outputs = list(map(logits_of, self.forward_iter(X)))
            embeddings = self._activations(X, watched)
            head = watched.head()
        head = HeadClassifier(head, self._get_predict_nonlinearity(), self.classes_)
        logits = torch.cat(outputs).float()
        if head.head.out_features < logits.shape[1]:
            return None
        own = head.logits(embeddings)
        tolerance = 0.02 if self.mixed_precision else 1e-3
        is_last = torch.allclose(own, logits, rtol=tolerance, atol=tolerance)
        return head if is_last else None

    def make_proxy(self):
        """A `ProxyClassifier` with this network's classes and device."""
        from modal_clustermargin.estimators._proxy import ProxyClassifier

        return ProxyClassifier(classes=self.classes, device=self.device)

    def _activations(self, X, watched, out=None):
        outputs = map(logits_of, self.forward_iter(X))
        blocks = (watched.take(len(logits)) for logits in outputs)
        return gather_rows(blocks, len(X), out)

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield the module's outputs batch by batch, in the order of the rows.

        As skorch's, except that rows keep their order with ``training=True``,
        and that NaN or infinity in X raises ValueError with its row.
        """
        n_done, is_shown = 0, self.verbose and self._last_epoch is None
        with (
            explained_memory(self.device_, predict_batch_size=self.predict_batch_size),
            progress_bar("predict", "row", len(X), is_shown, delay=2) as show,
        ):
            dataset = self.get_dataset(X)
            batches = iter(self.get_iterator(dataset, training=False))
            reads_alone = self._may_draw(dataset)
            while True:
                with undisturbed() if reads_alone else nullcontext():
                    batch = next(batches, None)
                if batch is None:
                    return
                check_finite(batch[0], n_done)
                yield to_device(self.evaluation_step(batch, training=training), device)
                n_done += len(batch[0])
                show(n_done)

    def _may_draw(self, dataset):
        """Whether reading samples runs code of the user's, outside of training."""
        source = getattr(rows_behind(dataset), "X", None)
        is_array = self.predict_transform is None and not isinstance(
            source, DatasetSamples
        )
        return not is_array and self._last_epoch is None

    def check_is_fitted(self, attributes=None, *args, **kwargs):
        """Raise scikit-learn's NotFittedError unless there is a network."""
        kwargs.setdefault(
            "msg", "This %(name)s has no network yet: call fit(X, y) first."
        )
        if not self.initialized_:
            raise NotFittedError(kwargs["msg"] % {"name": type(self).__name__})
        super().check_is_fitted(attributes, *args, **kwargs)

    def _as_known_samples(self, X):
        self.check_is_fitted()
        if self._is_labelled(X):
            return X
        with undisturbed():
            X = as_samples(X)
            layout = SampleLayout.of(X, self.predict_transform)
        if hasattr(self, "layout_"):
            self.layout_.compare(layout)
        return X

    def _is_labelled(self, X):
        """Whether X is what training batches are cut from, and not the user's."""
        if not is_dataset(X):
            return False
        ours = self.dataset if isinstance(self.dataset, type) else type(self.dataset)
        return isinstance(rows_behind(X), ours)

    # ---- what skorch asks for ----------------------------------------------

    def infer(self, x, **fit_params):
        """Module output for one batch, its logits a column for each class."""
        output = super().infer(x, **fit_params)
        n_classes = self._n_classes()
        return output if n_classes is None else keep_classes(output, n_classes)

    def initialize_criterion(self):
        """Make `criterion_`: binary cross-entropy for labels in columns."""
        if self._has_columns() and self.criterion is nn.CrossEntropyLoss:
            arguments = self.get_params_for("criterion")
            self.criterion_ = nn.BCEWithLogitsLoss(**arguments).to(self.device_)
            return self
        return super().initialize_criterion()

    def _get_predict_nonlinearity(self):
        if self._has_columns() and self.predict_nonlinearity == "auto":
            return torch.sigmoid
        return super()._get_predict_nonlinearity()

    def _has_columns(self):
        return getattr(self, "is_multi_label_", False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def get_dataset(self, X, y=None):
        """Rows of X and their targets, for batches to be cut from."""
        if self._is_labelled(X):
            return X
        return self._make_dataset(as_samples(X) if is_dataset(X) else X, y)

    def get_split_datasets(self, X, y=None, **fit_params):
        """What to train on and what to validate on, which may be the user's own."""
        training, validation = super().get_split_datasets(X, y, **fit_params)
        if validation is not None and not self._is_labelled(validation):
            samples = DatasetSamples(validation)
            labels = as_labels(samples.labels(), len(samples))
            settle = settle_columns if self.is_multi_label_ else settle_classes
            _, targets = settle(labels, self.classes_, None)
            validation = self._make_dataset(samples, targets)
        return training, validation

    def _make_dataset(self, X, y, **arguments):
        return self.dataset(X, y, **arguments, **self.get_params_for("dataset"))

    def check_data(self, X, y=None):
        """Nothing: `fit` has checked by the time skorch asks."""

    @property
    def classes_(self):
        """Labels, sorted: ndarray of shape (n_classes,)."""
        if hasattr(self, "classes_inferred_"):
            return self.classes_inferred_
        if self.classes is None:
            raise AttributeError("classes_ is known after fit, or with classes=.")
        return find_classes(np.asarray(self.classes))

    @property
    def n_features_in_(self):
        """Columns of X at `fit`; AttributeError if a sample is no plain row."""
        if len(self.layout_.shape) != 1:
            raise AttributeError(
                f"Samples have shape {self.layout_.shape}, not columns."
            )
        return self.layout_.shape[0]

    def _known_arguments(self):
        shape = self.layout_.shape if hasattr(self, "layout_") else ()
        return {
            "n_features": shape[0] if len(shape) == 1 else None,
            "n_classes": self._n_classes(),
        }

    def _n_classes(self):
        return len(self.classes_) if hasattr(self, "classes_") else None
