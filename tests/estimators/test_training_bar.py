"""The progress bar of a training."""

import pickle

from modal_clustermargin.estimators import MLP, NetworkClassifier


def test_shows_all_batches_and_the_loss(blobs, capsys):
    net = NetworkClassifier(MLP, max_epochs=6, verbose=1).fit(*blobs)
    printed = capsys.readouterr()
    assert "18/18" in printed.err
    assert f"loss {net.history[-1, 'train_loss']:.4f}" in printed.err
    assert printed.out == ""
    pickle.dumps(net)
    net.set_params(verbose=0).fit(*blobs)
    assert capsys.readouterr().err == ""
