"""Published accuracies of adversarially trained networks by width, and the settings to set one's own beside them."""

from dataclasses import dataclass

from .images import AdversarialTraining

#: Where the numbers below come from.
SOURCE = "[LL] as transcribed by a third party; optimizer and attack settings of the paper were not available"


@dataclass(frozen=True)
class PublishedRow:
    """Published accuracies at one width.

    Attributes
    ----------
    width : int
        Width factor.
    clean_test, robust_test, robust_train : float
        Percent of images right: of the test, of the attacked test, of the attacked training images.
    """

    width: int
    clean_test: float
    robust_test: float
    robust_train: float


@dataclass(frozen=True)
class PublishedSetting:
    """A data set with its published results.

    Attributes
    ----------
    architecture, image_shape : str, tuple of int
        A name in ``ARCHITECTURES``; height, width, channels.
    training : AdversarialTraining
        The settings used here; radius and attack are the customary ones of the data set.
    rows : tuple of PublishedRow
    collapsed, collapsed_accuracy : tuple of int, float
        Widths at which the published network predicts the majority class only, and its percent of images right.
    """

    architecture: str
    image_shape: tuple[int, int, int]
    training: AdversarialTraining
    rows: tuple[PublishedRow, ...]
    collapsed: tuple[int, ...] = ()
    collapsed_accuracy: float = float("nan")

    def row(self, width: int) -> PublishedRow | None:
        """Return the published row of a width, if there is one."""
        if width in self.collapsed:
            return PublishedRow(width, self.collapsed_accuracy, self.collapsed_accuracy, float("nan"))
        return next((row for row in self.rows if row.width == width), None)


SETTINGS: dict[str, PublishedSetting] = {
    "mnist": PublishedSetting(
        "lenet",
        (28, 28, 1),
        AdversarialTraining(radius=0.3, attack_steps=40, test_attack_steps=40, epochs=100, batch=128, rate=0.01),
        (PublishedRow(12, 95.06, 77.96, 99.30), PublishedRow(16, 94.85, 83.43, 99.50)),
        (1, 8),
        11.35,
    ),
    "cifar10": PublishedSetting(
        "wrn34",
        (32, 32, 3),
        AdversarialTraining(
            radius=8 / 255, attack_steps=10, test_attack_steps=20, epochs=200, batch=128, rate=0.1, decay=5e-4
        ),
        (
            PublishedRow(1, 82.56, 43.39, 64.19),
            PublishedRow(5, 85.83, 46.25, 97.37),
            PublishedRow(10, 86.05, 50.08, 99.57),
        ),
    ),
}
