r"""Laws of reconstructions with a penalty on codes or decoder."""

import itertools

import pytest
import torch
from scipy.special import rel_entr
from torch import Tensor, randn

from autoencode.distributions import Dirac
from autoencode.objectives import RAE, Isometric, Sparse, Topological
from autoencode.objectives.regularized.isometric import isometric_distortion
from autoencode.objectives.regularized.topological import topological_mismatch

pytestmark = pytest.mark.usefixtures("float64")


def test_rae_penalizes_codes_and_weights(make_model) -> None:
    model, x = make_model(Dirac), randn(16, 5)
    loss = RAE(beta=0.3, weight=0.1)(model, x, x)
    z = model.encode(x).mean
    norms = sum((w**2).sum() for w in model.decoder.network.parameters() if w.ndim == 2)
    expected = loss.terms["distortion"] + 0.15 * (z**2).sum(dim=1) + 0.1 * norms

    torch.testing.assert_close(loss.total, expected)


def test_the_spectral_penalty_is_that_of_the_largest_singular_values(make_model) -> None:
    model, x = make_model(Dirac), randn(8, 5)
    weights = [w for w in model.decoder.network.parameters() if w.ndim == 2]
    term = RAE(penalty="spectral")(model, x, x).terms["penalty"]
    found = torch.autograd.grad(term, weights)

    # The largest eigenvalue of W'W, whose gradient is 2 W v v'
    values, vectors = zip(*(torch.linalg.eigh(w.mT @ w) for w in weights))
    torch.testing.assert_close(term, sum(v[-1] for v in values))

    for w, v, g in zip(weights, vectors, found):
        torch.testing.assert_close(g, 2 * w @ torch.outer(v[:, -1], v[:, -1]))


@pytest.mark.slow
def test_the_gradient_penalty_is_the_norm_of_the_jacobian(make_model) -> None:
    model, x = make_model(Dirac), randn(3, 5)
    objective = RAE(penalty="gradient")
    found = torch.stack([objective(model, x, x).terms["penalty"].detach() for _ in range(1000)])
    J = torch.stack(
        [
            torch.autograd.functional.jacobian(lambda z: model.decode(z).mean, z)
            for z in model.encode(x).mean.detach()
        ]
    )
    error = (found.mean(dim=0) - J.square().sum(dim=(1, 2))).abs()

    assert (error < 4 * found.std(dim=0) / len(found) ** 0.5).all()


def test_sparse_penalties(make_model) -> None:
    model, x = make_model(Dirac), randn(16, 5)
    z = model.encode(x).mean.detach()
    rates = z.sigmoid().mean(dim=0).numpy()
    divergence = (rel_entr(0.2, rates) + rel_entr(0.8, 1 - rates)).sum()

    for penalty, expected in (("l1", z.abs().sum(dim=1)), ("kl", torch.full((16,), divergence))):
        loss = Sparse(2.0, penalty, 0.2)(model, x, x)
        torch.testing.assert_close(loss.total - loss.terms["distortion"], 2 * expected)


def test_the_distortion_of_a_linear_decoder() -> None:
    s = torch.tensor([3.0, 2.0, 0.5])
    Q = torch.linalg.qr(randn(6, 3)).Q
    found = isometric_distortion(lambda z: (z * s) @ Q.T, randn(100_000, 3))
    exact = 3 * s.pow(4).sum() / s.pow(2).sum() ** 2 - 1

    assert float(found) == pytest.approx(float(exact), rel=0.05)


def test_the_probe_is_multiplied_by_the_metric() -> None:
    def decode(z: Tensor) -> Tensor:
        return torch.stack([z[:, 0] ** 2, z[:, 0] * z[:, 1], z[:, 1].sin()], dim=1)

    z = randn(5, 2)
    torch.manual_seed(3)
    found = isometric_distortion(decode, z)

    torch.manual_seed(3)
    v = torch.randn_like(z)
    J = torch.func.vmap(torch.func.jacrev(lambda c: decode(c[None])[0]))(z)
    Jv = (J @ v[..., None])[..., 0]
    JJv = (J.mT @ Jv[..., None])[..., 0]
    exact = 2 * JJv.square().sum() / 5 / (Jv.square().sum() / 5) ** 2 - 1

    torch.testing.assert_close(found, exact)


def spanning_tree(D: Tensor) -> set[tuple[int, int]]:
    r"""Returns the edges of the minimum spanning tree, by Kruskal's algorithm."""
    component = list(range(len(D)))
    edges = set()

    for i, j in sorted(itertools.combinations(range(len(D)), 2), key=lambda e: float(D[e])):
        if component[i] != component[j]:
            edges.add((i, j))
            component = [component[i] if c == component[j] else c for c in component]

    return edges


def test_topological_mismatch_is_that_of_both_trees() -> None:
    x, z = randn(12, 4), randn(12, 2)
    A, B = (torch.cdist(points, points) for points in (x, z))
    A, B = A / A.max(), B / B.max()
    expected = sum(
        (A[e] - B[e]) ** 2 for edges in (spanning_tree(A), spanning_tree(B)) for e in edges
    )

    torch.testing.assert_close(topological_mismatch(x, z), expected / 24)


def test_topological_mismatch_ignores_the_scale_of_the_code() -> None:
    x, z = randn(12, 4), randn(12, 2)

    torch.testing.assert_close(topological_mismatch(x, z), topological_mismatch(x, 7 * z))
    assert topological_mismatch(x, x) == 0
    z.requires_grad_()
    assert torch.autograd.gradcheck(lambda codes: topological_mismatch(x, codes), z)


def test_equal_examples_have_finite_gradients() -> None:
    x, z = torch.ones(5, 3), torch.zeros(5, 2, requires_grad=True)
    topological_mismatch(x, z).backward()

    assert z.grad is not None
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("cls", [Isometric, Topological])
def test_the_default_weight_grows_with_the_example(make_model, cls: type) -> None:
    model, x = make_model(Dirac), randn(16, 5)
    loss = cls()(model, x, x)
    (penalty,) = (term for name, term in loss.terms.items() if name != "distortion")

    torch.testing.assert_close(loss.total, loss.terms["distortion"] + 5 * penalty)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RAE(beta=-1.0),
        lambda: RAE(penalty="other"),
        lambda: Sparse(-1.0),
        lambda: Sparse(penalty="l2"),
        lambda: Sparse(target_rate=1.0),
        lambda: Isometric(-1.0),
        lambda: Topological(-1.0),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
