r"""Tests of the pictures of codes, examples and training."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

import autoencode as ae
from autoencode import plots
from autoencode.plots import tables

TRAINING = ae.Training(epochs=2, validation_fraction=0.25)
OPTIONS = {"layers": (16,), "training": TRAINING, "random_state": 0}
PLAIN = OPTIONS | {"prior": ae.priors.StandardNormal()}  # which takes no time to fit

generator = np.random.default_rng(0)
IMAGES = generator.integers(0, 256, size=(40, 6, 5), dtype=np.uint8)
COLOR = generator.random((40, 6, 5, 3), dtype=np.float32)
TABLE = generator.normal(size=(40, 5)) * [1, 10, 100, 1, 1]
LABELS = np.arange(40) % 4


@pytest.fixture(scope="module")
def vae() -> ae.Autoencoder:
    return ae.vae(2, **PLAIN).fit(IMAGES)


@pytest.fixture(scope="module")
def deep() -> ae.Autoencoder:
    return ae.autoencoder(3, **OPTIONS).fit(IMAGES)


@pytest.fixture(scope="module")
def conditional() -> ae.Autoencoder:
    return ae.vae(2, conditional=True, **PLAIN).fit(IMAGES, LABELS)


@pytest.fixture(scope="module")
def table_vae() -> ae.Autoencoder:
    return ae.vae(2, **PLAIN).fit(TABLE)


def shown(figure: Figure) -> np.ndarray:
    figure.canvas.draw()  # raises if the figure cannot be drawn
    return np.stack([np.asarray(image.get_array()) for image in figure.axes[0].images])


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize(
    "X",
    [IMAGES, IMAGES / 255, IMAGES * 1.0, IMAGES > 127, COLOR, COLOR * 255, COLOR[..., :1]],
    ids=["uint8", "unit", "byte", "bool", "color", "color255", "channel"],
)
def test_pixels_of_images_are_shown_unchanged(X: np.ndarray) -> None:
    R = X[::-1]
    unit = X / 255 if X.max() > 1 else X * 1.0
    unit = unit[..., 0] if unit.shape[-1] == 1 else unit

    pixels = shown(plots.reconstructions(X, R, n_examples=7))

    assert np.allclose(pixels[:7], unit[:7], atol=1e-6)
    assert np.allclose(pixels[7:], unit[::-1][:7], atol=1e-6)
    assert np.allclose(shown(plots.samples(X, n_samples=7)), unit[:7], atol=1e-6)


def test_reconstructions_of_a_model(vae: ae.Autoencoder) -> None:
    noisy = IMAGES[::-1]
    figure = plots.reconstructions(vae, IMAGES, n_examples=3, noisy=noisy)
    expected = np.concatenate([IMAGES[:3], noisy[:3], vae.denoise(noisy[:3])]) / 255

    assert np.allclose(shown(figure), expected, atol=1e-6)
    assert words(figure) == ["original", "noisy", "denoised"]

    assert words(plots.reconstructions(vae, torch.from_numpy(IMAGES))) == [
        "original",
        "reconstruction",
    ]


def test_noise_beyond_the_range_is_clipped() -> None:
    X = IMAGES[:4] / 255
    noisy = X + 10 * np.sign(X - 0.5)
    pixels = shown(plots.reconstructions(X, X, noisy=noisy))

    assert np.array_equal(pixels[4:8], X > 0.5)


def test_samples_equal_those_of_the_model(
    vae: ae.Autoencoder, conditional: ae.Autoencoder
) -> None:
    pixels = shown(plots.samples(vae, 12, random_state=3))
    assert np.allclose(pixels, vae.sample(12, random_state=3) / 255, atol=1e-6)

    y = np.repeat(np.arange(4), 4)
    figure = plots.samples(conditional, 16, y=y, random_state=3)

    assert np.allclose(shown(figure), conditional.sample(16, y, 3) / 255, atol=1e-6)
    assert words(figure) == ["0", "1", "2", "3"]


def test_two_dimensional_codes_are_drawn_by_label(vae: ae.Autoencoder) -> None:
    ax = plots.codes(vae, IMAGES, LABELS).axes[0]
    Z = vae.transform(IMAGES)

    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2", "3"]

    for k, points in enumerate(ax.collections):
        assert np.allclose(points.get_offsets(), Z[LABELS == k])

    assert ax.get_xlabel() == "z₁"


def test_wide_codes_are_projected_onto_principal_components() -> None:
    Z = np.random.default_rng(0).normal(size=(500, 4)) * [3, 2, 1e-3, 1e-3]
    ax = plots.codes(Z, y=np.linspace(0, 1, 500)).axes[0]
    variance = PCA(2).fit(Z).explained_variance_ratio_[0]

    assert ax.get_xlabel().endswith(f"1 of the codes, {100 * variance:.0f} % of variance")
    assert np.allclose(ax.collections[0].get_offsets(), PCA(2).fit_transform(Z))
    assert len(ax.figure.axes) == 2  # with a color bar


def test_one_dimensional_codes_make_a_histogram() -> None:
    ax = plots.codes(np.arange(40.0)[:, None], y=LABELS).axes[0]

    assert sum(bar.get_height() for bar in ax.patches) == 40
    assert len(ax.containers) == 4


def test_many_classes_share_the_last_color() -> None:
    y = np.array([f"class {k}" for k in range(15)])
    Z = np.random.default_rng(0).normal(size=(60, 2))
    names = plots.codes(Z, y=np.tile(y, 4)).axes[0].get_legend().get_texts()

    assert len(names) == len(plots.COLORS)
    assert names[-1].get_text() == "6 others"


def test_grid_decodes_quantiles_or_the_range_of_codes(
    vae: ae.Autoencoder, deep: ae.Autoencoder, conditional: ae.Autoencoder
) -> None:
    z = norm.ppf([1 / 6, 3 / 6, 5 / 6])
    Z = [[x, y] for y in z[::-1] for x in z]  # the highest row first

    assert np.allclose(
        shown(plots.grid(vae, n_per_side=3)), vae.inverse_transform(Z) / 255, atol=1e-6
    )
    assert len(shown(plots.grid(deep, IMAGES, n_per_side=4))) == 16
    assert len(shown(plots.grid(conditional, n_per_side=4, y=1))) == 16

    flat = ae.autoencoder(2, **OPTIONS).fit(IMAGES)
    Z = flat.transform(IMAGES)
    corner = flat.inverse_transform([[Z[:, 0].min(), Z[:, 1].max()]]) / 255
    assert np.allclose(shown(plots.grid(flat, IMAGES, n_per_side=3))[0], corner[0], atol=1e-6)

    assert len(shown(plots.grid(ae.vae(1, **PLAIN).fit(IMAGES), n_per_side=5))) == 5


def test_history_draws_each_term_of_the_loss(vae: ae.Autoencoder, deep: ae.Autoencoder) -> None:
    axes = plots.history(vae).axes

    # The total equals minus the bound, and is left out
    assert [ax.get_title(loc="left") for ax in axes] == ["distortion", "rate", "bound"]

    train, validation = axes[2].lines
    assert np.array_equal(train.get_ydata(), [r.train["bound"] for r in vae.history_])
    assert np.array_equal(validation.get_ydata(), [r.validation["bound"] for r in vae.history_])

    assert len(plots.history(deep.history_).axes) == 1
    assert len(plots.history(ae.contractive(2, **OPTIONS).fit(TABLE)).axes) > 1


def test_first_epochs_that_dwarf_the_rest_are_cut_off_and_marked() -> None:
    records = [{"epoch": 1, "train": {"distortion": 50.0}, "validation": {}}] + [
        {"epoch": k, "train": {"distortion": 10.0 - k / 10}, "validation": {}}
        for k in range(2, 41)
    ]
    ax = plots.history(records).axes[0]

    assert ax.get_ylim()[1] < 11
    assert words(ax.figure) == ["from 50"]
    assert np.allclose(
        ax.collections[0].get_offsets(), [[1 + (50 - ax.get_ylim()[1]) / 40.2, ax.get_ylim()[1]]]
    )

    # A smaller fall is shown in full
    ax = plots.history([records[0] | {"train": {"distortion": 12.0}}, *records[1:]]).axes[0]

    assert ax.get_ylim()[1] > 12
    assert words(ax.figure) == []


def test_rows_of_tables_are_drawn_as_profiles_pairs_and_surfaces(
    table_vae: ae.Autoencoder,
) -> None:
    figure = plots.reconstructions(table_vae, TABLE, n_examples=7, noisy=TABLE + 1)
    original, noisy, _denoised = figure.axes[1].lines

    assert np.allclose(original.get_ydata(), ((TABLE - TABLE.mean(0)) / TABLE.std(0))[1])
    assert np.allclose(noisy.get_ydata() - original.get_ydata(), 1 / TABLE.std(0))

    figure = plots.samples(table_vae, 50, random_state=0)
    X = table_vae.sample(50, random_state=0)

    assert len(figure.axes) == 16
    assert np.allclose(figure.axes[1].collections[0].get_offsets(), X[:, [1, 0]])

    grid = plots.grid(table_vae, n_per_side=6)
    assert sum(len(ax.collections) > 0 for ax in grid.axes[:4]) == 4
    grid.canvas.draw()

    assert len(plots.grid(ae.vae(1, **PLAIN).fit(TABLE), n_per_side=6).axes) == 4


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda vae, deep: plots.samples(deep), "density"),
        (lambda vae, deep: plots.grid(deep), r"grid\(model, X\)"),
        (lambda vae, deep: plots.grid(IMAGES), "fitted model"),
        (lambda vae, deep: plots.codes(vae), "examples X"),
        (lambda vae, deep: plots.codes(IMAGES), r"\(N, D\)"),
        (lambda vae, deep: plots.codes(TABLE, y=LABELS[:3]), "each of the 40"),
        (lambda vae, deep: plots.reconstructions(IMAGES, IMAGES[:4]), r"\(10, 6, 5\)"),
        (lambda vae, deep: plots.reconstructions(vae, IMAGES, n_examples=0), ">= 1"),
        (lambda vae, deep: plots.reconstructions("X.npy", "R.npy"), "read_array"),
        (lambda vae, deep: plots.samples(np.moveaxis(COLOR, -1, 1)), "moveaxis"),
        (lambda vae, deep: plots.history([]), "history_"),
        (lambda vae, deep: plots.history(IMAGES), "history_"),
    ],
)
def test_invalid_arguments_raise_helpful_errors(
    vae: ae.Autoencoder, deep: ae.Autoencoder, draw, message
) -> None:
    with pytest.raises(ValueError, match=message):
        draw(vae, deep)


def test_unfitted_models_are_refused() -> None:
    with pytest.raises(NotFittedError):
        plots.codes(ae.vae(), IMAGES)


def test_empty_columns_are_not_drawn() -> None:
    X = np.array([[1.0, np.nan], [2.0, np.nan], [4.0, np.nan]])
    figure = tables.profiles({"original": X, "reconstruction": X}, X)

    assert np.isnan(figure.axes[0].lines[0].get_ydata()[1])
    assert np.isfinite(figure.axes[0].lines[0].get_ydata()[0])
