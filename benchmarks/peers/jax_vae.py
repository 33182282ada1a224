r"""The same VAE in JAX, a whole epoch in one `lax.scan`: seconds of each, as JSON.

Arguments: a .npy file of images as uint8, and the number of epochs. The first epoch includes
compilation. The last, smaller batch is left out.
"""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax


def layer(key, given: int, out: int):
    return {"w": jax.random.normal(key, (given, out)) * given**-0.5, "b": jnp.zeros(out)}


def affine(p, x):
    return x @ p["w"] + p["b"]


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


def loss(params, x, key):
    x = x.astype(jnp.float32) / 255
    q = affine(params["e2"], gelu(affine(params["e1"], x)))
    mean, log_var = q[:, :16], q[:, 16:]
    z = mean + jnp.exp(log_var / 2) * jax.random.normal(key, mean.shape)
    logits = affine(params["d2"], gelu(affine(params["d1"], z)))
    distortion = optax.sigmoid_binary_cross_entropy(logits, x).sum(axis=1)
    rate = 0.5 * (mean**2 + jnp.exp(log_var) - 1 - log_var).sum(axis=1)
    return (distortion + rate).mean()


def main(images: str, epochs: str) -> None:
    X = jnp.asarray(np.load(images).reshape(-1, 784))
    n = len(X) // 128
    keys = jax.random.split(jax.random.PRNGKey(0), 5)
    shapes = {"e1": (784, 512), "e2": (512, 32), "d1": (16, 512), "d2": (512, 784)}
    params = {name: layer(key, *shape) for key, (name, shape) in zip(keys, shapes.items())}
    adam = optax.adam(1e-3)

    @jax.jit
    def epoch(params, state, key):
        shuffling, noise = jax.random.split(key)
        order = jax.random.permutation(shuffling, len(X))[: n * 128].reshape(n, 128)

        def step(carry, given):
            params, state = carry
            value, gradient = jax.value_and_grad(loss)(params, X[given[0]], given[1])
            updates, state = adam.update(gradient, state, params)
            return (optax.apply_updates(params, updates), state), value

        (params, state), values = jax.lax.scan(
            step, (params, state), (order, jax.random.split(noise, n))
        )
        return params, state, values.mean()

    state, seconds = adam.init(params), []

    for key in jax.random.split(keys[4], int(epochs)):
        start = time.perf_counter()
        params, state, value = epoch(params, state, key)
        value.block_until_ready()
        seconds.append(time.perf_counter() - start)

    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
