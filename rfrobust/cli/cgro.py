"""``rfrobust cgro``: adversarial training of the published architectures on a user's own images."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..cgro.images import AdversarialTraining, ImageData, evaluate, train_network
from ..cgro.published import SETTINGS, SOURCE
from ..support import validation
from ..support.arrays import read_arrays


def load_images(path: Path, shape: tuple[int, int, int], limit: int | None) -> ImageData:
    """Read ``x_train``, ``y_train``, ``x_test``, ``y_test`` from an .npz file.

    Images are (n, height, width) or (n, height, width, channels): integers 0 to 255, or floats in [0, 1].

    Raises
    ------
    ValueError
        If an array is missing, of the wrong shape or out of range.
    """
    arrays = read_arrays(path)
    for part in ("train", "test"):
        raw = arrays[f"x_{part}"]
        if raw.ndim == 3:
            raw = raw[..., None]
        scale = 255.0 if raw.dtype.kind in "iu" else 1.0
        pixels = validation.real_array(f"x_{part}", raw, 0.0, scale, shape=(None, *shape)) / scale
        labels = validation.real_array(f"y_{part}", arrays[f"y_{part}"], 0, 9, shape=(len(pixels),))
        arrays[f"x_{part}"] = pixels[:limit]
        arrays[f"y_{part}"] = labels[:limit]
    return ImageData(**arrays)


@click.command("cgro")
@click.argument("images", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--setting", type=click.Choice(list(SETTINGS)), required=True, help="Published setting.")
@click.option("--width", "widths", type=int, multiple=True, help="Width factor; repeatable. Default: all published.")
@click.option("--epochs", type=int, help="Epochs (default: those of the setting).")
@click.option("--attack-steps", type=int, help="Gradient steps of the training attack.")
@click.option("--radius", type=float, help="l_inf radius, in units of the pixel range.")
@click.option("--rate", type=float, help="Step size at the start.")
@click.option("--limit", type=int, help="Use only the first LIMIT training and test images.")
@click.option("--seed", type=int, default=0, show_default=True)
def command(images: Path, setting: str, widths: tuple[int, ...], limit: int | None, seed: int, **changes: Any) -> None:
    """Train a published architecture on IMAGES (.npz) and print the accuracies beside the published ones.

    IMAGES holds x_train, y_train, x_test, y_test: 28 x 28 (mnist, LeNet) or 32 x 32 x 3 (cifar10, WRN-34).
    Everything runs in NumPy: a full MNIST setting takes hours to days, a full CIFAR-10 one is out of reach
    without --limit and --epochs, which make the numbers no longer comparable; the output says so.
    """
    chosen = SETTINGS[setting]
    given = {name: value for name, value in changes.items() if value is not None}
    settings: AdversarialTraining = replace(chosen.training, **given)
    if limit is not None:
        limit = validation.integer("limit", limit, 10)
    factors = [validation.integer("width", w, 1) for w in widths] or [row.width for row in chosen.rows]
    data = load_images(images, chosen.image_shape, limit)
    full = settings == chosen.training and limit is None
    click.echo(
        f"{setting}: {chosen.architecture}, {len(data.y_train)} training and {len(data.y_test)} test images, "
        f"l_inf radius {settings.radius:.4g}, {settings.attack_steps} attack steps, {settings.epochs} epochs"
    )
    click.echo(f"published: {SOURCE}.")
    if not full:
        click.echo("shortened settings: the two columns are not comparable.")
    click.echo(f"{'width':>6s} {'measure':>14s} {'here':>8s} {'published':>10s}  (percent)")
    for factor in factors:
        network = train_network(data, chosen.architecture, factor, settings, seed=seed, progress=True)
        found = evaluate(network, data, settings, seed)
        row = chosen.row(factor)
        for name in ("clean_test", "robust_test", "robust_train"):
            reference = float("nan") if row is None else getattr(row, name)
            shown = "-" if np.isnan(reference) else f"{reference:.2f}"
            click.echo(f"{factor:6d} {name:>14s} {100 * found[name]:8.2f} {shown:>10s}")
