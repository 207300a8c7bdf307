"""Networks of torchvision, with an embedding and a new head."""

from torch import nn

from modal_clustermargin.estimators.modules._checkpoints import load_checkpoint


class VisionNet(nn.Module):
    """A backbone, an optional projection, and a linear head, which reads embeddings."""

    def __init__(self, backbone, n_features, n_classes, n_projection, dropout):
        super().__init__()
        self.backbone = backbone
        self.projection = nn.Identity()
        if n_projection is not None:
            self.projection = nn.Linear(n_features, n_projection)
            n_features = n_projection
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_features, n_classes)

    def forward(self, X):
        """Logits of images of shape (n_samples, 3, height, width)."""
        return self.head(self.dropout(self.projection(self.backbone(X))))


class _ResNet(VisionNet):
    """A residual network.

    Parameters
    ----------
    n_classes : int
        Number of logits.

    weights : str or path-like, default=None
        Initial weights of the backbone: None draws them at random; a name in
        torchvision, such as ``"IMAGENET1K_V2"`` or ``"DEFAULT"``, is downloaded
        at first use; another value is the path of a checkpoint (supervised, MoCo,
        BYOL, EMAN, SimSiam, DINO and others), read by `load_checkpoint`, and the
        attribute `loaded` is a LoadedWeights. The head is always new.

    small_images : bool, default=False
        For images of about 32 x 32: the first convolution is 3 x 3 with stride 1,
        and no pooling follows, as is usual on CIFAR.

    n_projection : int, default=None
        Width of a linear layer before the head, whose output is then the embedding.

    dropout : float in [0, 1), default=0.0
        Share of the embedding switched off while training.
    """

    _architecture = ""

    def __init__(
        self,
        n_classes,
        weights=None,
        small_images=False,
        n_projection=None,
        dropout=0.0,
    ):
        from torchvision.models import get_model

        backbone = get_model(self._architecture)
        n_features = backbone.fc.in_features
        backbone.fc = nn.Identity()
        if small_images:
            backbone.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(backbone.conv1.weight, mode="fan_out")
            backbone.maxpool = nn.Identity()
        super().__init__(backbone, n_features, n_classes, n_projection, dropout)
        self.loaded = initial_weights(backbone, self._architecture, weights)


class ResNet18(_ResNet):
    __doc__ = _ResNet.__doc__.replace(
        "A residual network.", "ResNet-18 of torchvision; embeddings of 512 numbers."
    )
    _architecture = "resnet18"


class ResNet50(_ResNet):
    __doc__ = _ResNet.__doc__.replace(
        "A residual network.", "ResNet-50 of torchvision; embeddings of 2,048 numbers."
    )
    _architecture = "resnet50"


class ResNet101(_ResNet):
    __doc__ = _ResNet.__doc__.replace(
        "A residual network.", "ResNet-101 of torchvision; embeddings of 2,048 numbers."
    )
    _architecture = "resnet101"


class VGG16(VisionNet):
    """VGG-16 of torchvision for images of 32 x 32 and larger.

    The convolutions, averaged over the image, a hidden layer, and the head. The
    two fully connected layers of 4,096 in the original, made for images of
    224 x 224, are left out.

    Parameters
    ----------
    n_classes, weights, dropout
        As for `ResNet18`; `weights` are those of the convolutions.

    batch_norm : bool, default=False
        Batch norm after every convolution.

    n_hidden : int, default=512
        Width of the hidden layer, and so of the embedding.
    """

    def __init__(
        self, n_classes, weights=None, batch_norm=False, n_hidden=512, dropout=0.0
    ):
        from torchvision.models import vgg

        features = vgg.make_layers(vgg.cfgs["D"], batch_norm)
        for layer in features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")
                nn.init.zeros_(layer.bias)
        backbone = nn.Sequential()
        backbone.features = features
        backbone.pool = nn.AdaptiveAvgPool2d(1)
        backbone.flatten = nn.Flatten()
        backbone.hidden = nn.Linear(512, n_hidden)
        backbone.relu = nn.ReLU()
        super().__init__(backbone, n_hidden, n_classes, None, dropout)
        architecture = "vgg16_bn" if batch_norm else "vgg16"
        self.loaded = initial_weights(features, architecture, weights)


def initial_weights(module, architecture, weights):
    """Load weights by torchvision's name; or from a file, returning LoadedWeights.

    `architecture` is torchvision's name of the network, or None for other networks.
    """
    if weights is None:
        return None
    if architecture is not None:
        from torchvision.models import get_model_weights

        named = get_model_weights(architecture)
        if weights == "DEFAULT" or weights in named.__members__:
            found = named[weights].get_state_dict(check_hash=True)
            # A module that is a part of VGG has names without "features.".
            found = {k.removeprefix("features."): part for k, part in found.items()}
            module.load_state_dict({name: found[name] for name in module.state_dict()})
            return None
    return load_checkpoint(module, weights)
