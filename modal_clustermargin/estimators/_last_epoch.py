"""The network as the last complete epoch left it."""


class LastEpoch:
    """What a network goes back to when it is stopped in the middle of an epoch.

    Parameters
    ----------
    net : SeededNet
        Its weights are copied at once.

    is_fresh : bool
        Whether it has never been trained.

    run : RunFolder or None
        Where complete epochs are written to as well, but for the last, which is
        written when training ends.

    n_epochs : int
        Length of the history at the end.
    """

    def __init__(self, net, is_fresh, run, n_epochs):
        self._is_fresh = is_fresh
        self._run = run
        self._n_epochs_at_end = n_epochs
        self._copy(net)

    def keep(self, net):
        """Remember the network, at the end of an epoch."""
        self._is_fresh = False
        self._copy(net)
        if self._run is not None and self._n_epochs < self._n_epochs_at_end:
            self._run.write(net, is_complete=False)

    def go_back(self, net):
        """Undo the epoch that was begun; without a complete one, forget all."""
        net.module_.load_state_dict(self._weights)
        del net.history[self._n_epochs :]
        net.initialized_ = not self._is_fresh

    def _copy(self, net):
        weights = net.module_.state_dict()
        self._weights = {name: part.clone() for name, part in weights.items()}
        self._n_epochs = len(net.history)
