"""Training, prediction and embeddings of `NetworkClassifier`.

`_network_classifier.py` declares and describes the parameters; `_skorch_net.py`
holds the methods that skorch calls.
"""

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from skorch.utils import to_device
from torch.utils.data import Subset

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.estimators._batches import gather_rows
from modal_clustermargin.estimators._labels import as_labels, as_weights, settle
from modal_clustermargin.estimators._module_outputs import (
    give_rate,
    give_weights,
    logits_of,
    watched_layer,
)
from modal_clustermargin.estimators._samples import (
    DatasetSamples,
    SampleLayout,
    as_samples,
    check_all_finite,
    check_finite,
)
from modal_clustermargin.estimators._seeding import undisturbed
from modal_clustermargin.estimators._skorch_net import SkorchNet
from modal_clustermargin.estimators._training_checkpoint import TrainingCheckpoint


class BaseNetworkClassifier(SkorchNet):
    """Base class of `NetworkClassifier`, which describes the parameters."""

    # ---- training ----------------------------------------------------------

    def fit(self, X, y=None, sample_weight=None):
        """Train a fresh network.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), or torch Dataset

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            None takes the labels of a Dataset.

        sample_weight : array-like of shape (n_samples,), default=None
            Factor of the loss of each sample. Only ratios matter: the weights are
            divided by their mean.

        Returns
        -------
        self : NetworkClassifier

        Raises
        ------
        ValueError or TypeError
            If X, y or the weights cannot be trained on, such as a sparse X, NaN, or
            images for a module that reads rows; or if the module returns
            probabilities where the loss needs logits, or the other way round.

        MemoryError
            If a batch is too large for the GPU.

        KeyboardInterrupt
            At Ctrl-C, where skorch would end the fit silently. The network keeps its
            present weights.
        """
        goes_on = self.warm_start and self.initialized_
        return self._fit(X, y, sample_weight, None, goes_on, self.checkpoint_dir)

    def partial_fit(self, X, y=None, classes=None, sample_weight=None):
        """Train the present network for `max_epochs` more; the first call creates it.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As for `fit`.

        classes : array-like of shape (n_classes,) or None, default=None
            All labels, if the y of the first call may lack some of them. Only the
            first call reads them; None means the labels in its y.

        Returns
        -------
        self : NetworkClassifier
        """
        return self._fit(X, y, sample_weight, classes, self.initialized_, None)

    def _fit(self, X, y, sample_weight, classes, goes_on, checkpoint_dir):
        """Check the data, also against those of earlier calls; then train."""
        with undisturbed():
            X = as_samples(X)
            if y is None and isinstance(X, DatasetSamples):
                y = X.labels()
            layout = SampleLayout.of(X, self.predict_transform)
        labels = as_labels(y, len(X))
        weights = None if sample_weight is None else as_weights(sample_weight, len(X))
        known = None
        # A net that was only initialized knows neither layout nor labels.
        if goes_on and hasattr(self, "layout_"):
            self.layout_.compare(layout)
            if (labels.ndim == 2) != self.is_multi_label_:
                raise ValueError(
                    "y has a column for each label in one call and one label per sample"
                    " in another. Use one form, or call fit, which starts anew."
                )
            known = self.classes_
        if classes is None:
            classes = self.classes if known is None else known
        classes, targets = settle(labels, classes, known)
        if self.train_transform is None and self.predict_transform is None:
            check_all_finite(X)
        checkpoint = None
        if checkpoint_dir is not None and not goes_on:
            settings = (self, X, layout, classes, targets, weights)
            checkpoint = TrainingCheckpoint(checkpoint_dir, settings)
        self.classes_inferred_ = classes
        self.is_multi_label_ = labels.ndim == 2
        self.layout_ = layout
        rows = self._make_dataset(X, targets, weights)
        if not goes_on:
            self.initialize()
            self._check_outputs(rows)
            self._prepare_head(rows, targets, weights)
        self._train(rows, targets, checkpoint)
        return self

    def _prepare_head(self, rows, targets, weights):
        """Train the linear probe and set the learning rate of the head, if wanted."""
        if self.linear_probe is not None:
            embeddings, head = self._embeddings_and_head(rows)
            probe = clone(self.linear_probe)
            probe.set_params(classes=np.arange(len(self.classes_)), device=self.device_)
            if probe.random_state is None:
                probe.set_params(random_state=self.random_state_.randint(2**31 - 1))
            self.linear_probe_ = probe.fit(embeddings, targets, weights)
            give_weights(probe.module_, head)
        if self.head_lr is not None:
            _, head = self._embeddings_and_head(Subset(rows, [0]))
            give_rate(self.optimizer_, head, self.head_lr)

    # ---- prediction --------------------------------------------------------

    def predict(self, X):
        """Most probable label of each sample: ndarray of shape (n_samples,).

        For multi-label data, an ndarray of shape (n_samples, n_classes),
        dtype=int64, with 1 where the probability is at least one half. Raises errors
        as `predict_proba` does, and a ValueError if a probability is NaN: in all rows
        if training diverged, in single rows if their values are too large for the
        network.
        """
        proba = self.predict_proba(X)
        lost = np.isnan(proba).any(axis=1)
        if lost.any():
            problem = (
                f"every row: training has diverged. Fit again with an lr below"
                f" {self.lr:g}, or with larger batches."
                if lost.all()
                else f"row {lost.argmax()} of X: its values overflow in the network."
                " Repair or drop the row, or scale X before fit."
            )
            raise ValueError(
                f"NetworkClassifier.predict got NaN as the probabilities of {problem}"
            )
        if self.is_multi_label_:
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

        Raises errors as `predict_proba` does, and a ValueError if there is no such
        layer.

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
        """
        X = self._check_X(X)
        with watched_layer(self.module_, layer) as watched:
            return self._activations(X, watched, out)

    def _embeddings_and_head(self, X):
        with watched_layer(self.module_) as watched:
            return self._activations(X, watched), watched.head()

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield the module's outputs batch by batch, in the order of the rows.

        Unlike in skorch, rows keep their order with ``training=True``, and NaN or
        infinity in X raises a ValueError that names the row.
        """
        n_done = 0
        with (
            self._explained_errors("predict_batch_size"),
            progress_bar("predict", "row", len(X), self.verbose, delay=2) as show,
        ):
            batches = iter(self.get_iterator(self.get_dataset(X)))
            while True:
                with undisturbed():  # a Dataset or a transform may draw
                    batch = next(batches, None)
                if batch is None:
                    return
                check_finite(batch[0], n_done)
                yield to_device(self.evaluation_step(batch, training=training), device)
                n_done += len(batch[0])
                show(n_done)

    def _activations(self, X, watched, out=None):
        outputs = map(logits_of, self.forward_iter(X))
        blocks = (watched.take(len(logits)) for logits in outputs)
        return gather_rows(blocks, len(X), out)

    def _check_X(self, X):
        check_is_fitted(self)
        if self._is_labelled(X):
            return X
        with undisturbed():
            X = as_samples(X)
            layout = SampleLayout.of(X, self.predict_transform)
        if hasattr(self, "layout_"):
            self.layout_.compare(layout)
        return self._make_dataset(X, None)
