"""A progress bar for the batches of a fit."""

from contextlib import ExitStack

from skorch.callbacks import Callback

from modal_clustermargin._progress import progress_bar


class TrainingBar(Callback):
    """Show on stderr how many batches of a `fit` are done, and the loss."""

    def __getstate__(self):
        # A callback may pickle the net while the bar is open.
        hidden = ("bar_", "_show")
        return {name: part for name, part in vars(self).items() if name not in hidden}

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Remember the epochs of earlier fits."""
        self.n_epochs_before_ = len(net.history)

    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        """Open the bar at the first epoch."""
        if hasattr(self, "bar_"):
            return
        n_batches = len(net.get_iterator(dataset_train, training=True))
        # Epochs may come from a checkpoint; the present one is in the history.
        self.n_done_ = (len(net.history) - 1 - self.n_epochs_before_) * n_batches
        total = net.max_epochs * n_batches
        self.bar_ = ExitStack()
        self._show = self.bar_.enter_context(
            progress_bar("fit", "batch", total, verbose=True, n_done=self.n_done_)
        )

    def on_batch_end(self, net, batch=None, training=False, **kwargs):
        """Advance the bar."""
        if training and hasattr(self, "bar_"):
            self.n_done_ += 1
            self._show(self.n_done_)

    def on_epoch_end(self, net, **kwargs):
        """Show the loss."""
        if hasattr(self, "bar_"):
            self._show(self.n_done_, f"loss {net.history[-1, 'train_loss']:.4f}")

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Close the bar."""
        if hasattr(self, "bar_"):
            self.bar_.close()
            del self.bar_, self._show
