"""The logits in the output of a module."""


def logits_of(output):
    """The output itself or, if it is a tuple, its first item."""
    return output[0] if isinstance(output, tuple) else output


def full_precision(output):
    """The output with its logits in float32."""
    logits = logits_of(output).float()
    return (logits, *output[1:]) if isinstance(output, tuple) else logits


def keep_classes(output, n_classes):
    """Keep one column of the logits for each class, in a tensor or a tuple with them.

    Raises ValueError if the logits have another rank, or too few columns.
    """
    logits = logits_of(output)
    if logits.ndim != 2:
        raise ValueError(
            "The module must return logits of shape (n_samples, n_classes); it"
            f" returned shape {tuple(logits.shape)}."
        )
    if logits.shape[1] < n_classes:
        raise ValueError(
            f"The module has {logits.shape[1]} outputs, and there are {n_classes}"
            " classes: it needs one output for each class."
        )
    if logits.shape[1] == n_classes:  # slicing would add a step to backward
        return output
    logits = logits[:, :n_classes]
    return (logits, *output[1:]) if isinstance(output, tuple) else logits
