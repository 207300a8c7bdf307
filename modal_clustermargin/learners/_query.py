"""The `query` of learners and committees."""

import warnings

from modal_clustermargin.learners._row_containers import refuse_tables, rows_at


class QueryMixin:
    """A `query` that calls the strategy once, whatever the strategy returns."""

    def query(self, X_pool, *query_args, return_metrics=False, **query_kwargs):
        """Ask the strategy which rows of the pool to label next.

        Parameters
        ----------
        X_pool : ndarray, sparse, DataFrame, list, tensor or dict of shape (n_pool, ...)

        *query_args, **query_kwargs :
            Passed to the strategy, after the learner and the pool.

        return_metrics : bool, default=False
            Whether to return the strategy's metric of each pick, too.

        Returns
        -------
        positions : int or ndarray of shape (n_instances,)
            Positions in the pool, as the strategy returned them.

        instances :
            The rows at these positions, in the container of the pool.

        metrics : ndarray of shape (n_instances,) or None
            Only with `return_metrics`; None if the strategy returns no metrics.

        Notes
        -----
        The strategy is called once, and its errors are raised unchanged. modAL 0.4.2
        calls a strategy again after any error, and mistakes an array of two positions
        for a pair of positions and metrics.
        """
        if isinstance(self.query_strategy, type):
            name = self.query_strategy.__name__
            raise TypeError(
                f"{type(self).__name__} needs an instance as query_strategy; got the"
                f" class {name}. Pass {name}()."
            )
        refuse_tables(X_pool, "X_pool")
        answer = self.query_strategy(self, X_pool, *query_args, **query_kwargs)
        if not isinstance(answer, tuple):
            answer = answer, None
        elif len(answer) != 2:
            strategy = self.query_strategy
            who = getattr(strategy, "__name__", type(strategy).__name__)
            raise ValueError(
                f"{who} returned a tuple of length {len(answer)}. A query strategy must"
                " return positions, or a pair of positions and metrics."
            )
        positions, metrics = answer
        instances = rows_at(X_pool, positions)
        if not return_metrics:
            return positions, instances
        if metrics is None:
            warnings.warn(
                "return_metrics=True, but the strategy returns positions only; the"
                " metrics are None.",
                stacklevel=2,
            )
        return positions, instances, metrics
