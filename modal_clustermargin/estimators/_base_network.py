"""Training, prediction and embeddings of `NetworkClassifier`.

`_network_classifier.py` declares and describes the parameters; `_skorch_net.py`
holds the methods that skorch calls.
"""

from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.utils import to_device
from torch.utils.data import Subset

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.estimators._batches import gather_rows, rows_behind
from modal_clustermargin.estimators._datasets import DatasetSamples
from modal_clustermargin.estimators._explained_errors import (
    check_probabilities,
    explained_memory,
)
from modal_clustermargin.estimators._heads import (
    classifier_of_head,
    give_rate,
    give_weights,
)
from modal_clustermargin.estimators._hidden_layer import watched_layer
from modal_clustermargin.estimators._labels import as_labels, as_weights, settle
from modal_clustermargin.estimators._logits import logits_of
from modal_clustermargin.estimators._samples import (
    SampleLayout,
    as_samples,
    check_all_finite,
    check_finite,
)
from modal_clustermargin.estimators._seeding import undisturbed
from modal_clustermargin.estimators._skorch_net import SkorchNet
from modal_clustermargin.estimators._training_checkpoint import TrainingCheckpoint


class TrainingData(NamedTuple):
    """Checked arguments of `fit`."""

    X: object  # what `as_samples` returns
    layout: SampleLayout
    classes: np.ndarray
    is_multi_label: bool
    targets: np.ndarray  # positions in `classes`, or a column for each label
    weights: np.ndarray | None


class BaseNetworkClassifier(SkorchNet):
    """Base class of `NetworkClassifier`, which describes the parameters."""

    # ---- training ----------------------------------------------------------

    def fit(self, X, y=None, sample_weight=None, **fit_params):
        """Train a fresh network.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            None takes the labels of a Dataset.

        sample_weight : array-like of shape (n_samples,), default=None
            Factor of the loss of each sample. Only ratios matter: the weights are
            divided by their mean.

        **fit_params : dict
            Passed on to the module's ``forward``.

        Returns
        -------
        self : NetworkClassifier

        Raises
        ------
        ValueError
            If X contains NaN or infinity, y is continuous or has another length
            than X, the module has fewer outputs than there are classes, or a
            weight is negative.

        TypeError
            If X is sparse.

        MemoryError
            If a batch is too large for the GPU.

        KeyboardInterrupt
            At Ctrl-C, where skorch would end the fit silently. The network keeps its
            present weights.
        """
        goes_on = self.warm_start and self.initialized_
        data = self._check_training_data(X, y, sample_weight, None, goes_on)
        self._remember(data)
        rows = self._labelled_rows(data)
        try:
            if not goes_on:
                self._open_checkpoint(data, fit_params)
                self.initialize()
                self._prepare_head(rows, data)
            self._train(rows, data.targets, _routing_method="fit", **fit_params)
        finally:
            self._checkpoint = None
        return self

    def partial_fit(self, X, y=None, classes=None, sample_weight=None, **fit_params):
        """Train the present network for `max_epochs` more; the first call creates it.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        y : array-like of shape (n_samples,) or (n_samples, n_labels)

        classes : array-like of shape (n_classes,) or None, default=None
            All labels, if the y of the first call may lack some of them. Only the
            first call reads them; None means the labels in its y.

        sample_weight : array-like of shape (n_samples,), default=None
            As for `fit`.

        **fit_params : dict
            Passed on to the module's ``forward``.

        Returns
        -------
        self : NetworkClassifier
        """
        goes_on = self.initialized_
        data = self._check_training_data(X, y, sample_weight, classes, goes_on)
        self._remember(data)
        rows = self._labelled_rows(data)
        if not goes_on:
            self.initialize()
            self._prepare_head(rows, data)
        self._train(rows, data.targets, _routing_method="partial_fit", **fit_params)
        return self

    def _check_training_data(self, X, y, sample_weight, classes, goes_on):
        """Check X, y and weights; if training continues, also against earlier data."""
        with undisturbed():
            X = as_samples(X)
            if y is None and isinstance(X, DatasetSamples):
                y = X.labels()
            layout = SampleLayout.of(X, self.predict_transform)
        labels = as_labels(y, len(X))
        weights = as_weights(sample_weight, len(X))
        known = None
        # A net that was only initialized knows neither layout nor labels.
        if goes_on and hasattr(self, "layout_"):
            self.layout_.compare(layout)
            if (labels.ndim == 2) != self.is_multi_label_:
                raise ValueError(
                    "y has a column for each label in one call and one label per sample"
                    " in another. Use one form in all calls, or call fit, which starts"
                    " anew."
                )
            known = self.classes_
        if classes is None:
            classes = self.classes if known is None else known
        classes, targets = settle(labels, classes, known)
        if self.train_transform is None and self.predict_transform is None:
            check_all_finite(X)
        return TrainingData(X, layout, classes, labels.ndim == 2, targets, weights)

    def _remember(self, data):
        self.classes_inferred_ = data.classes
        self.is_multi_label_ = data.is_multi_label
        self.layout_ = data.layout

    def _labelled_rows(self, data):
        if data.weights is None:
            return self._make_dataset(data.X, data.targets)
        return self._make_dataset(data.X, data.targets, weights=data.weights)

    def _open_checkpoint(self, data, fit_params):
        if self.checkpoint_dir is not None:
            settings = (self, data, fit_params)
            self._checkpoint = TrainingCheckpoint(self.checkpoint_dir, settings)

    def _prepare_head(self, rows, data):
        """Train the linear probe and set the learning rate of the head, if wanted."""
        if self.linear_probe is not None:
            with watched_layer(self.module_) as watched:
                embeddings = self._activations(rows, watched)
            self.linear_probe_ = self._make_probe().fit(
                embeddings, data.targets, sample_weight=data.weights
            )
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

    # ---- prediction --------------------------------------------------------

    def predict(self, X):
        """Most probable label of each sample: ndarray of shape (n_samples,).

        For multi-label data, an ndarray of shape (n_samples, n_classes),
        dtype=int64, with 1 where the probability is at least one half.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If X contains NaN or infinity, or differs in shape from X at `fit`, or a
            probability is NaN: in all rows if training diverged, in single rows if
            their values are too large for the network.
        """
        proba = self.predict_proba(X)
        check_probabilities(proba, self.lr)
        if self._has_columns():
            return (proba >= 0.5).astype(np.int64)
        positions = proba.argmax(axis=1)
        # skorch's scoring callbacks pass a data set whose y are positions.
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
            Columns are in the order of `classes_`; rows sum to one, except for
            multi-label data. `out` itself, if it was given.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If X holds NaN or infinity, or differs in shape from X at `fit`.
        """
        X = self._check_X(X)
        nonlinearity = self._get_predict_nonlinearity()
        blocks = (nonlinearity(logits_of(each)) for each in self.forward_iter(X))
        return gather_rows(blocks, len(X), out)

    def embed(self, X, layer=None, out=None):
        """Hidden activations, computed in batches with dropout off.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        layer : str or None, default=None
            None returns the last hidden layer: the input of the Linear layer
            that runs last. A name in ``module_.named_modules()`` returns
            the output of that layer.

        out : ndarray of shape (n_samples, n_hidden), default=None
            Array of floats to write to, such as a memory map.

        Returns
        -------
        hidden : ndarray of shape (n_samples, n_hidden), dtype=float32
            Activations with more than two dimensions are flattened. `out` itself, if
            it was given.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If there is no such layer, or X holds NaN or infinity, or differs in
            shape from X at `fit`.
        """
        X = self._check_X(X)
        with watched_layer(self.module_, layer) as watched:
            return self._activations(X, watched, out)

    def head_classifier(self, X):
        """A classifier that computes the network's probabilities from embeddings.

        If the embeddings are known, the network need not run again.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset
            A few samples, on which the outputs of both classifiers are compared.

        Returns
        -------
        head : HeadClassifier or None
            With `predict_proba` and `classes_`. None if the network changes the
            output of its last Linear layer.
        """
        return classifier_of_head(self, self._check_X(X))

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield the module's outputs batch by batch, in the order of the rows.

        Unlike in skorch, rows keep their order with ``training=True``, and NaN or
        infinity in X raises a ValueError that names the row.
        """
        n_done = 0
        with (
            explained_memory(self.device_, predict_batch_size=self.predict_batch_size),
            progress_bar("predict", "row", len(X), self.verbose, delay=2) as show,
        ):
            dataset = self.get_dataset(X)
            batches = iter(self.get_iterator(dataset, training=False))
            may_draw = self._runs_code_of_users(dataset)
            while True:
                with undisturbed() if may_draw else nullcontext():
                    batch = next(batches, None)
                if batch is None:
                    return
                check_finite(batch[0], n_done)
                yield to_device(self.evaluation_step(batch, training=training), device)
                n_done += len(batch[0])
                show(n_done)

    def _runs_code_of_users(self, dataset):
        samples = getattr(rows_behind(dataset), "X", None)
        return self.predict_transform is not None or isinstance(samples, DatasetSamples)

    def _activations(self, X, watched, out=None):
        outputs = map(logits_of, self.forward_iter(X))
        blocks = (watched.take(len(logits)) for logits in outputs)
        return gather_rows(blocks, len(X), out)

    def check_is_fitted(self, attributes=None, *args, **kwargs):
        """Raise scikit-learn's NotFittedError unless there is a network."""
        kwargs.setdefault(
            "msg", "This %(name)s has no network yet: call fit(X, y) first."
        )
        if not self.initialized_:
            raise NotFittedError(kwargs["msg"] % {"name": type(self).__name__})
        super().check_is_fitted(attributes, *args, **kwargs)

    def _check_X(self, X):
        self.check_is_fitted()
        if self._is_labelled(X):
            return X
        with undisturbed():
            X = as_samples(X)
            layout = SampleLayout.of(X, self.predict_transform)
        if hasattr(self, "layout_"):
            self.layout_.compare(layout)
        return X
