"""Progress bars."""

from contextlib import contextmanager


@contextmanager
def progress_bar(title, unit, total, verbose, *, n_done=0, delay=0):
    """Show a progress bar on stderr, if asked to.

    Parameters
    ----------
    title : str
        Text before the bar.

    unit : str
        What the bar counts, such as "row".

    total : int or None
        Number of units, None if unknown.

    verbose : bool
        Whether to show the bar at all.

    n_done : int, default=0
        Units that were done earlier.

    delay : float, default=0
        Seconds before the bar appears.

    Yields
    ------
    show : callable
        ``show(n_done)`` moves the bar; ``show(n_done, note)`` also puts a note
        behind the bar.
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
