"""Bars for what takes long."""

from contextlib import contextmanager


@contextmanager
def progress_bar(title, unit, total, verbose, *, n_done=0, delay=0):
    """A bar on stderr, or nothing.

    Parameters
    ----------
    title, unit : str
        What is done, and in units of what.

    total : int or None
        How many units there will be, if that is known.

    verbose : bool
        Whether to show the bar.

    n_done : int, default=0
        How many of them were done before.

    delay : float, default=0
        Seconds to wait before it is shown.

    Yields
    ------
    show : callable
        ``show(n_done)`` moves the bar; ``show(n_done, note)`` says something
        behind it.
    """
    if not verbose:
        yield lambda n_done, note=None: None
        return
    from tqdm.auto import tqdm

    with tqdm(desc=title, unit=unit, total=total, initial=n_done, delay=delay) as bar:

        def show(n_done, note=None):
            if note is not None:
                bar.set_postfix_str(note, refresh=False)
            bar.update(n_done - bar.n)

        yield show
