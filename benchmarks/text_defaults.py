r"""Remedies against the collapse of codes of short texts: the defaults and their alternatives.

Each model of molecules is trained for a few hundred steps. That shows which ones start to learn,
not their final quality.
"""

import report
from text import HEADER, LATENT_DIM, MOLECULES, how, molecules, row, training

import autoencode as ae
from autoencode.distributions import Autoregressive
from autoencode.networks import Transformer

PART = MOLECULES._replace(max_letters=30, train=20_000, epochs=2)
VARIANTS = {
    "the defaults": {},
    "no free nats": {"free_nats": 0.0},
    "no free nats, warm-up over one half": {"free_nats": 0.0, "warmup": 0.5},
    "4 free nats": {"free_nats": 4.0},
    "symbols hidden, 0.3": {"likelihood": Autoregressive(PART.max_letters + 1, dropout=0.3)},
    "transformers, learning rate 0.002": {"network": Transformer(depth=2)},
}


def main() -> None:
    texts, rows = molecules(PART), []

    for name, variant in VARIANTS.items():
        usual = {"training": training(PART.epochs), "random_state": 0}
        rows.append(row(name, ae.vae(LATENT_DIM, **(usual | variant)), texts))
        print(rows[-1], flush=True)

    report.write(
        "text_defaults",
        "What keeps the code of short texts from collapsing",
        HEADER,
        rows,
        f"{PART}, {how()}, but for what the row says. So few steps tell what"
        " learns, and not how far it would come.",
    )


if __name__ == "__main__":
    main()
