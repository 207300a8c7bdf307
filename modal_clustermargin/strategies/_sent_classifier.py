"""What of a classifier is sent to workers: what answers, and nothing else."""

from copy import copy


def without_pool(classifier):
    """A classifier that gives the same probabilities and embeddings.

    Parameters
    ----------
    classifier : modAL learner, Committee or classifier
        Learners hold labelled rows, and a strategy that may know a whole pool.

    Returns
    -------
    classifier : object
        A learner, or a Committee of learners, that holds neither; else the same.
    """
    members = getattr(classifier, "learner_list", None)
    if members is not None:
        classifier = _forgetful(classifier)
        classifier.learner_list = [_forgetful(member) for member in members]
        return classifier
    if hasattr(classifier, "query") and hasattr(classifier, "estimator"):
        return _forgetful(classifier)
    return classifier


def _forgetful(learner):
    learner = copy(learner)
    for held in ("X_training", "y_training", "query_strategy"):
        if hasattr(learner, held):
            setattr(learner, held, None)
    return learner
