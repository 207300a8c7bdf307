"""Bars for what takes long."""

from contextlib import contextmanager


@contextmanager
def progress_bar(title, unit, total, verbose):
    """A bar on stderr, or nothing.

    Parameters
    ----------
    title, unit : str
        What is done, and in units of what.

    total : int or None
        How many units there will be, if that is known.

    verbose : bool
        Whether to show the bar.

    Yields
    ------
    show : callable
        ``show(n_done)`` moves the bar.
    """
    if not verbose:
        yield lambda n_done: None
        return
    from tqdm.auto import tqdm

    with tqdm(desc=title, unit=unit, total=total) as bar:
        yield lambda n_done: bar.update(n_done - bar.n)
