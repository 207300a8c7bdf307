"""A query that runs its strategy once and hands out rows, whatever modAL does."""

import warnings

from modal_clustermargin.learners._any_rows import rows_at


class AskingOnce:
    """What learners and committees have in common."""

    def query(self, X_pool, *query_args, return_metrics=False, **query_kwargs):
        """Ask the strategy which rows of the pool to label next.

        Parameters
        ----------
        X_pool : ndarray, sparse, DataFrame, list, tensor or dict of shape (n_pool, ...)

        *query_args, **query_kwargs :
            What the strategy gets beside the learner and the pool.

        return_metrics : bool, default=False
            Whether to return what the strategy says of each pick as well.

        Returns
        -------
        positions : int or ndarray of shape (n_instances,)
            In the pool, as the strategy returned them.

        instances :
            The rows there.

        metrics : ndarray of shape (n_instances,), or None
            Only with `return_metrics`; None if the strategy has none to tell.

        Notes
        -----
        The strategy runs once, whether it returns positions or a pair of positions
        and metrics, and what it raises is raised. modAL 0.4.2 runs it again after
        any error, and takes two positions for a pair.
        """
        answer = self.query_strategy(self, X_pool, *query_args, **query_kwargs)
        positions, metrics = self._pair(answer)
        instances = rows_at(X_pool, positions)
        if not return_metrics:
            return positions, instances
        if metrics is None:
            warnings.warn(
                "return_metrics=True, but the strategy returns positions alone; the"
                " metrics are None.",
                stacklevel=2,
            )
        return positions, instances, metrics

    def _pair(self, answer):
        if not isinstance(answer, tuple):
            return answer, None
        if len(answer) != 2:
            who = getattr(
                self.query_strategy, "__name__", type(self.query_strategy).__name__
            )
            raise ValueError(
                f"{who} returned a tuple of {len(answer)}; a query strategy returns"
                " positions, or a pair of positions and metrics."
            )
        return answer
