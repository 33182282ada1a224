r"""What keeps the code of short texts from collapsing: the defaults, and what else was thinkable.

On molecules, in a few hundred steps each, which tell what learns, and not how far it would come.
"""

import report
from text import HEADER, LATENT_DIM, LONGEST, RATE, about, how, molecules, row

import autoencode as ae
from autoencode.distributions import Autoregressive
from autoencode.networks import Transformer

EPOCHS = 2
VARIANTS = {
    "the defaults": {},
    "no free nats": {"free_bits": 0.0},
    "no free nats, warm-up over one half": {"free_bits": 0.0, "warmup": 0.5},
    "4 free nats": {"free_bits": 4.0},
    "symbols hidden, 0.3": {"likelihood": Autoregressive(LONGEST["molecules"] + 1, dropout=0.3)},
    "transformers, learning rate 0.002": {
        "network": Transformer(layers=2),
        "training": ae.Training(epochs=EPOCHS),
    },
}


def main() -> None:
    texts, rows = molecules(), []

    for name, variant in VARIANTS.items():
        usual = {"training": ae.Training(epochs=EPOCHS, learning_rate=RATE), "random_state": 0}
        rows.append(row(name, ae.vae(LATENT_DIM, **(usual | variant)), texts))
        print(rows[-1], flush=True)

    report.write(
        "text_defaults",
        "What keeps the code of short texts from collapsing",
        HEADER,
        rows,
        f"{about('molecules')}, {how(EPOCHS)}, but for what the row says. So few steps tell what"
        " learns, and not how far it would come.",
    )


if __name__ == "__main__":
    main()
