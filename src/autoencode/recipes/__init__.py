r"""The named autoencoders of the literature, as settings of one estimator.

Each recipe is a function that returns an ordinary :class:`~autoencode.Autoencoder`. It passes
on all arguments that it does not name itself, such as `conditional`, `likelihood`, `modality`,
`training` and `random_state`. `layers=(512,)` chooses fully connected networks with these widths,
mirrored in the decoder, in place of the default network of the data.

- `basic`: the common purposes; these names are those of the package, too, as `ae.vae`
- `variational`: other bounds, and codes with independent units
- `deterministic`: new examples without a density, and quantized codes
- `representations`: codes for other purposes than the reconstruction
- `counted`: counts and ratings
- `sparse`: dictionaries, whose codes are sparse
- `guide`: what each is for, when to use another, what it costs, and its source
- `building`: the construction of estimators

Example:
    >>> import autoencode as ae
    >>> ae.recipes
    aae          Adversarial autoencoder: a discriminator makes the codes follow the prior.
    autoencoder  Undercomplete autoencoder, which compresses examples to a narrower code.
    beta_tc_vae  Variational autoencoder whose units are independent, by total correlation.
    beta_vae     Variational autoencoder with a weight on the rate: fewer, more separate factors.
    contractive  Contractive autoencoder, whose reconstruction moves along the data only.
    counts       Variational autoencoder of counts, such as the reads of single cells.
    denoising    Denoising autoencoder, which sees damaged data and learns to give back clean ones.
    dip_vae      Variational autoencoder whose units are uncorrelated.
    factor_vae   Variational autoencoder whose units are independent, as a discriminator sees them.
    hvae         Variational autoencoder whose codes move towards their exact posterior.
    info_vae     Variational autoencoder that keeps the information in its code.
    iwae         Importance-weighted autoencoder, a tighter bound from several codes per example.
    linear       Linear autoencoder, equivalent to principal component analysis.
    masked       Masked autoencoder, which sees a part of each example and fills in the rest.
    matryoshka   Autoencoder with ordered codes: the first units of a code are a code, too.
    miwae        Importance-weighted autoencoder of frames with missing cells, which it imputes.
    rae          Regularized autoencoder, smooth enough to draw new examples from.
    recommender  Variational autoencoder that recommends things to users (Mult-VAE).
    sigma_vae    Variational autoencoder that scores each minibatch under its own optimal noise.
    sparse       Sparse autoencoder: each example is the sum of a few atoms of a large dictionary.
    vae          Variational autoencoder, which generates new examples and estimates densities.
    vae_gan      Variational autoencoder that compares examples by the features of a discriminator.
    vq_vae       Autoencoder with quantized codes: groups of units are entries of a codebook.
    wae          Wasserstein autoencoder, whose codes together follow the prior.
"""

__all__ = [
    "aae",
    "autoencoder",
    "beta_tc_vae",
    "beta_vae",
    "contractive",
    "counts",
    "denoising",
    "dip_vae",
    "factor_vae",
    "hvae",
    "info_vae",
    "iwae",
    "linear",
    "masked",
    "matryoshka",
    "miwae",
    "rae",
    "recommender",
    "sigma_vae",
    "sparse",
    "vae",
    "vae_gan",
    "vq_vae",
    "wae",
]

import inspect
import sys
from types import ModuleType

from .basic import autoencoder, beta_vae, contractive, denoising, linear, vae
from .counted import counts, recommender
from .deterministic import aae, rae, vae_gan, vq_vae, wae
from .representations import masked, matryoshka
from .sparse import sparse
from .variational import beta_tc_vae, dip_vae, factor_vae, hvae, info_vae, iwae, miwae, sigma_vae


class _Listed(ModuleType):
    r"""A module that shows its functions, one line each, where it is printed."""

    def __repr__(self) -> str:
        lines = {name: inspect.getdoc(getattr(self, name)) or "" for name in __all__}
        width = max(map(len, lines))

        return "\n".join(f"{k:<{width}}  {doc.splitlines()[0]}" for k, doc in lines.items())


sys.modules[__name__].__class__ = _Listed
