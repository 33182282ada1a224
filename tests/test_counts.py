r"""Tests of counts: sparse matrices, size factors, batches, and recommendations."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.metrics import ndcg_score
from sklearn.utils import get_tags

import autoencode as ae
from autoencode.cli import main
from autoencode.data.sparse_rows import SparseRows
from autoencode.distributions import Gaussian, Multinomial, NegativeBinomial, Poisson, SizeFactor
from autoencode.evaluation import ndcg_at_k, recall_at_k
from autoencode.inputs import read
from autoencode.modalities import Counts, Images, Tables
from autoencode.networks import FullyConnected, TransformedInput
from autoencode.priors import StandardNormal

QUICK = {
    "training": ae.Training(8, batch_size=50, device="cpu", compile=False),
    "prior": StandardNormal(),
    "random_state": 0,
}
RNG = np.random.default_rng(0)
KIND = RNG.integers(0, 3, 300)
MEAN = RNG.lognormal(4.5, 0.8, (300, 1)) * RNG.dirichlet(np.full(12, 0.5), 3)[KIND]
X = RNG.poisson(MEAN)
X[X.sum(axis=1) == 0, 0] = 1


def mapped(path) -> sp.csr_matrix:
    r"""The counts as a matrix whose three arrays are memory maps."""
    S, parts = sp.csr_matrix(X), []

    for name in ("data", "indices", "indptr"):
        np.save(path / f"{name}.npy", getattr(S, name))
        parts.append(np.load(path / f"{name}.npy", mmap_mode="r"))

    return sp.csr_matrix(tuple(parts), shape=S.shape)


def rows(S) -> SparseRows:
    r"""A sparse matrix, as kinds of data see it."""
    return read(S, Counts()).X


class AnnData(SimpleNamespace):
    r"""Stands for annotated data, of which three attributes are used."""


def annotated(matrix) -> AnnData:
    return AnnData(X=matrix, obs=None, var_names=[f"gene{j}" for j in range(12)])


@pytest.fixture(scope="module")
def model() -> ae.Autoencoder:
    return ae.counts(2, layers=(16,), **QUICK).fit(X)


@pytest.fixture(scope="module")
def recommender() -> ae.Autoencoder:
    return ae.recommender(3, layers=(16,), **QUICK).fit(sp.csr_matrix(X > 8))


# Sparse matrices


@pytest.mark.parametrize(
    "given",
    [
        lambda path: sp.csc_array(X.astype(float)),
        mapped,
        lambda path: annotated(sp.csr_matrix(X)),
        lambda path: annotated(X),
    ],
    ids=["csc", "mapped", "annotated", "annotated_dense"],
)
def test_sparse_rows_are_fitted_as_dense_ones(given, model, tmp_path) -> None:
    S = given(tmp_path)
    again = clone(model).fit(S)

    np.testing.assert_allclose(again.transform(S), model.transform(X), atol=1e-4)
    np.testing.assert_allclose(again.score_samples(S), model.score_samples(X), atol=1e-3)
    np.testing.assert_allclose(again.reconstruct(S), model.reconstruct(X), rtol=1e-3, atol=1e-3)

    if isinstance(S, AnnData):
        assert [*again.feature_names_in_] == S.var_names

        with pytest.raises(ValueError, match="gene0"):
            again.transform(AnnData(X=S.X, obs=None, var_names=S.var_names[::-1]))


def test_sparse_rows_become_dense_in_parts(monkeypatch) -> None:
    sizes = []
    dense = SparseRows.toarray

    def recorded(self: SparseRows) -> np.ndarray:
        sizes.append(len(self))
        return dense(self)

    S = sp.random_array((6000, 40), density=0.1, rng=RNG, format="csr")
    S.data = np.ceil(5 * S.data)
    S = S[np.asarray(S.sum(axis=1)) > 0]
    monkeypatch.setattr(SparseRows, "toarray", recorded)
    training = ae.Training(1, batch_size=500, device="cpu", compile=False)
    model = ae.counts(2, layers=(4,), **QUICK | {"training": training}).fit(S)
    model.score_samples(S, n_samples=1)
    model.transform(S)

    assert max(sizes) < S.shape[0] / 2
    assert sum(sizes) > 3 * S.shape[0]


def test_cells_that_are_stored_twice_are_added() -> None:
    S = sp.csr_matrix((np.array([1, 2, 3]), np.array([1, 1, 0]), np.array([0, 2, 3])), (2, 2))
    counts = Counts().fit(rows(S))

    assert counts.normalize(counts.load(rows(S))[:]).tolist() == [[0, 3], [3, 0]]
    assert S.nnz == 3  # the user's matrix is unchanged


def test_a_training_on_sparse_rows_is_resumed(tmp_path) -> None:
    S = sp.csr_matrix(X)

    def make(epochs: int, folder) -> ae.Autoencoder:
        training = ae.Training(epochs, batch_size=50, device="cpu", compile=False,
                               checkpoint_dir=folder)  # fmt: skip
        return ae.counts(2, layers=(8,), **QUICK | {"training": training})

    whole = make(4, tmp_path / "whole").fit(S)
    part = make(4, tmp_path / "part").fit(S, resume=True)
    again = make(4, tmp_path / "part").fit(S, resume=True)
    np.testing.assert_allclose(again.transform(S), whole.transform(S), atol=1e-6)
    np.testing.assert_allclose(part.transform(S), whole.transform(S), atol=1e-6)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (sp.csr_matrix(-X), r"numbers from 0 on, got -\d+.*adata.layers\['counts'\]"),
        (sp.csr_matrix(np.log1p(X)), "got fractions. Give raw counts"),
        (np.where(X == X.max(), np.inf, X), "infinity|infinite"),
        (sp.csr_matrix(np.where(X == X.max(), np.nan, X)), "missing or infinite"),
        (sp.csr_matrix(X * 2**20), "counts of at most 16,777,216"),
        (sp.csr_matrix((5, 3)), "zeros alone"),
        (sp.csr_matrix((0, 3)), "rows and columns"),
        (np.zeros((5, 4, 4)), "shape"),
        (AnnData(X=None, obs=None, var_names=[]), "to_memory"),
    ],
    ids=["negative", "logs", "infinite", "missing", "large", "zeros", "empty", "images", "file"],
)
def test_what_is_no_count_is_refused(bad, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ae.counts(2, layers=(4,), **QUICK).fit(bad)


def test_other_kinds_and_likelihoods_name_the_remedy(model) -> None:
    S = sp.csr_matrix(X)

    with pytest.raises(
        ValueError, match=r"expected a dense array, got a sparse matrix .*X.toarray\(\).*Counts"
    ):
        ae.vae(2, modality=Tables(), **QUICK).fit(S)

    with pytest.raises(ValueError, match=r"not a likelihood of counts. Use NegativeBinomial\(\)"):
        ae.vae(2, modality=Counts(), likelihood=Gaussian(), **QUICK).fit(S)

    with pytest.raises(ValueError, match="12 features"):
        model.transform(S[:, :5])

    with pytest.raises(ValueError, match="needs a dense array"):
        np.asarray(rows(S))

    with pytest.raises(AttributeError, match="'recommend' expected counts or ratings"):
        ae.vae(modality=Images()).recommend  # noqa: B018


def test_estimators_say_whether_they_take_sparse_matrices() -> None:
    assert get_tags(ae.counts()).input_tags.sparse
    assert get_tags(ae.vae(modality=[Tables(), Counts()])).input_tags.sparse
    assert not get_tags(ae.vae()).input_tags.sparse


def test_rows_without_counts_are_told() -> None:
    empty = np.vstack([X[:20], np.zeros((2, 12), int)])

    with pytest.warns(UserWarning, match="2 of 22 rows have no counts"):
        Counts().fit(empty)


# Size factors


def test_what_follows_from_the_data(model) -> None:
    counts = Counts().fit(X)
    size = float(np.median(X.sum(axis=1)))

    assert counts.size_ == size
    assert repr(counts.likelihood()) == repr(SizeFactor(NegativeBinomial(), size))
    assert repr(counts.adapt_likelihood(Poisson())) == repr(SizeFactor(Poisson(), size))
    assert counts.adapt_likelihood(Multinomial()).size == size
    assert counts.adapt_likelihood(Multinomial(7.0)).size == 7.0
    assert repr(Counts(size_factors=False).fit(X).likelihood()) == repr(NegativeBinomial())
    assert repr(counts.adapt_network(FullyConnected((3,)))) == repr(
        TransformedInput(FullyConnected((3,)))
    )
    assert repr(
        ae.vae(1, modality=[Tables(), Counts()], **QUICK).fit(sp.csr_matrix(X)).modality_
    ) == repr(Counts())


def test_the_encoder_sees_logarithms_and_the_likelihood_counts() -> None:
    torch.manual_seed(0)
    plain = FullyConnected((8,))
    encoder = TransformedInput(plain).encoder((12,), 4)
    x = torch.from_numpy(X[:5]).float()

    torch.testing.assert_close(encoder(x), encoder.inner(x.log1p()))
    assert encoder(-x).isfinite().all()

    encoder = TransformedInput(plain, "unit_norm").encoder((12,), 4)
    torch.testing.assert_close(encoder(x), encoder.inner(x / x.norm(dim=1, keepdim=True)))
    assert encoder(0 * x).isfinite().all()

    with pytest.raises(ValueError, match="expected transform 'log1p' or 'unit_norm'"):
        TransformedInput(plain, "log")


def test_reconstructions_have_the_size_of_their_row(model) -> None:
    R = model.reconstruct(X)
    np.testing.assert_allclose(R.sum(axis=1), X.sum(axis=1), rtol=1e-4)

    # Decoded codes have one size, that of the median row
    decoded = model.inverse_transform(model.transform(X))
    np.testing.assert_allclose(decoded.sum(axis=1), np.median(X.sum(axis=1)), rtol=1e-4)
    shares = R / R.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, decoded / decoded.sum(axis=1, keepdims=True), atol=1e-5)

    errors = ((X - R) ** 2).sum(axis=1)
    np.testing.assert_allclose(model.reconstruction_error(X), errors, rtol=1e-3, atol=1e-2)


def test_new_rows_are_counts_of_the_sizes_of_the_fit(model) -> None:
    new = model.sample(500, random_state=0)
    low, high = np.quantile(X.sum(axis=1), [0.25, 0.75])

    assert new.dtype == X.dtype
    assert (new >= 0).all()
    assert low / 1.5 < np.median(new.sum(axis=1)) < 1.5 * high


def test_models_of_counts_are_stored(model, recommender, tmp_path) -> None:
    for i, fitted in enumerate((model, recommender)):
        fitted.save(tmp_path / f"{i}.ae")
        again = ae.load(tmp_path / f"{i}.ae")
        np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
        np.testing.assert_array_equal(again.sample(9, random_state=0),
                                      fitted.sample(9, random_state=0))  # fmt: skip
        assert repr(again.likelihood_) == repr(fitted.likelihood_)


def test_frames_of_counts_come_back_as_frames() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=[f"gene{j}" for j in range(12)], index=range(7, 307))
    model = ae.counts(2, layers=(8,), **QUICK).fit(frame)
    R, new = model.reconstruct(frame), model.sample(3, random_state=0)

    assert [*R.columns] == [*new.columns] == [*frame.columns]
    assert R.index.equals(frame.index)
    assert (new.dtypes == frame.dtypes).all()
    assert (R.dtypes == "float32").all()  # means are not whole


def test_scores_do_not_depend_on_other_rows(model) -> None:
    few = model.score_samples(X[:5], n_samples=8)
    np.testing.assert_allclose(few, model.score_samples(X, n_samples=8)[:5], rtol=1e-4)
    assert (few < 0).all()  # probabilities


# Recommendations


def test_nothing_that_was_seen_is_recommended(recommender) -> None:
    seen = X > 8

    for given in (seen, sp.csr_matrix(seen), sp.csr_matrix(seen * 5.0)):
        found = recommender.recommend(given, k=12)
        left = (~seen).sum(axis=1)
        assert found.shape == (300, 12)
        assert found.dtype == np.int64

        for i, row in enumerate(found):
            assert {*row[: left[i]].tolist()} == {*np.flatnonzero(~seen[i]).tolist()}
            assert (row[left[i] :] == -1).all()

        np.testing.assert_array_equal(recommender.recommend(given, k=3), found[:, :3])

    for k in (0, 13, 2.5, True):
        with pytest.raises(ValueError, match="expected k as an integer from 1 to 12"):
            recommender.recommend(seen, k)


def test_recommendations_are_ranked_by_the_mean(recommender) -> None:
    seen = X > 8
    mean = recommender.inverse_transform(recommender.transform(seen))
    found = recommender.recommend(seen, k=1)[:, 0]
    expected = np.where(seen, -1, mean).argmax(axis=1)
    agree = [i for i in range(300) if seen[i].all() or found[i] == expected[i]]

    assert len(agree) == 300


@pytest.mark.parametrize("k", [1, 3, 8])
def test_gains_and_recalls_are_those_of_other_implementations(k: int) -> None:
    scores, held_out = RNG.random((50, 8)), RNG.random((50, 8)) < 0.3
    held_out[0], held_out[1] = False, True
    ranked = (-scores).argsort(axis=1)[:, :k]
    found = {m: m(ranked, sp.csr_matrix(held_out)) for m in (recall_at_k, ndcg_at_k)}

    for i in range(50):
        if not held_out[i].any():
            assert all(np.isnan(values[i]) for values in found.values())
            continue

        hits = held_out[i][ranked[i]].sum()
        assert found[recall_at_k][i] == pytest.approx(hits / min(k, held_out[i].sum()))
        gain = ndcg_score(held_out[[i]].astype(int), scores[[i]], k=k)
        assert found[ndcg_at_k][i] == pytest.approx(gain)

    dense = recall_at_k(ranked, held_out)
    np.testing.assert_array_equal(dense, found[recall_at_k])
    assert ndcg_at_k([[1, -1]], [[0, 1]]).tolist() == [1.0]
    assert recall_at_k([[-1, -1]], [[0, 1]]).tolist() == [0.0]


@pytest.mark.parametrize(
    ("ranked", "held_out"),
    [
        ([0, 1], [[0, 1]]),
        ([[0.5]], [[1]]),
        ([[0], [1]], [[1, 0]]),
        ([[2]], [[1, 0]]),
        ([[-2]], [[1]]),
    ],
)
def test_recommendations_that_do_not_fit_are_refused(ranked, held_out) -> None:
    with pytest.raises(ValueError, match="expected"):
        recall_at_k(ranked, held_out)


def test_recipes_of_counts_are_settings() -> None:
    assert ae.recommender(beta=0.5).objective.beta.end == 0.5
    assert ae.recommender(masked=0.2).corruption.fraction == 0.2
    assert ae.counts(zero_inflated=True).likelihood.family.dispersion == "feature"
    assert ae.counts(layers=(5,)).network.network.layers == (5,)

    with pytest.raises(TypeError, match="zero_inflated has no effect together with likelihood"):
        ae.counts(zero_inflated=True, likelihood=Poisson())

    with pytest.raises(TypeError, match="masked has no effect together with corruption"):
        ae.recommender(masked=0.1, corruption=ae.corruptions.Masking())


# The command line


def test_the_command_line_reads_sparse_files_and_recommends(tmp_path, capsys) -> None:
    file, model = tmp_path / "X.npz", tmp_path / "model.ae"
    sp.save_npz(file, sp.csr_matrix(X > 8).astype(int))
    flags = ["--recipe", "recommender", "--latent-dim", "2", "--layers", "8", "--epochs", "2"]
    assert main(["fit", str(file), *flags, "--out", str(model)]) == 0

    out = tmp_path / "top.csv"
    assert main(["recommend", str(model), str(file), "--k", "4", "--out", str(out)]) == 0
    assert "4 recommendations for 300 rows" in capsys.readouterr().out
    lines = out.read_text().splitlines()
    assert lines[0] == "rank1,rank2,rank3,rank4"
    expected = ae.load(model).recommend(sp.csr_matrix(X > 8), 4)
    assert [[int(c) for c in line.split(",")] for line in lines[1:]] == expected.tolist()

    codes = tmp_path / "codes.npy"
    assert main(["transform", str(model), str(file), "--out", str(codes)]) == 0
    assert np.load(codes).shape == (300, 2)

    assert main(["fit", str(file), "--modality", "Tables", "--epochs", "1"]) == 2
    assert "expected a dense array, got a sparse matrix" in capsys.readouterr().err


def test_the_command_line_names_recommended_columns(tmp_path) -> None:
    pd = pytest.importorskip("pandas")
    file, model, out = tmp_path / "X.csv", tmp_path / "model.ae", tmp_path / "top.csv"
    pd.DataFrame(X, columns=[f"film{j}" for j in range(12)]).to_csv(file, index=False)
    flags = ["--recipe", "recommender", "--latent-dim", "2", "--layers", "8", "--epochs", "1"]
    assert main(["fit", str(file), *flags, "--out", str(model)]) == 0
    assert main(["recommend", str(model), str(file), "--k", "2", "--out", str(out)]) == 0
    cells = pd.read_csv(out).stack().dropna()
    assert cells.str.fullmatch(r"film\d+").all()
