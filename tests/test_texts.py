r"""Tests of texts: bytes and back, exact probabilities of sequences, codes, and every verb."""

import csv
import gzip
import itertools
import logging
import math
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import autoencode as ae
from autoencode.cli import main
from autoencode.cli.outputs.examples import write_examples
from autoencode.corruptions import (
    Blur,
    Compose,
    DropLetters,
    DropWords,
    GaussianNoise,
    Masking,
    MaskLetters,
    MaskWords,
    SwapLetters,
    Typos,
)
from autoencode.data import TableFormat
from autoencode.data.media.text import read_column
from autoencode.data.media.text.detection import check_prose
from autoencode.distributions import Autoregressive, SharedGaussian
from autoencode.manifold import (
    Geodesics,
    ManifoldParzen,
    NeighborGraph,
    OffManifoldDetector,
    Tangents,
)
from autoencode.manifold.jacobians import pushforward
from autoencode.modalities import Texts, guess
from autoencode.modalities.text import tokenizers as alphabets
from autoencode.modalities.text.edit_distance import edits
from autoencode.networks import Network, Recurrent, Transformer
from autoencode.networks.gru import GRU
from autoencode.networks.padding import by_length, lengths
from autoencode.priors import StandardNormal

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)  # also halves of pairs
NUMBERS = ["one", "two", "three", "né"]
WORDS = ["abba", "baba", "aaaa", "bbbb", "abab", "baab", "aabb", "bbaa"]


NETWORKS = [Recurrent(8, vocab_size=3), Transformer(8, depth=2, n_heads=2, vocab_size=3)]
networks = pytest.mark.parametrize("network", NETWORKS, ids=["recurrent", "transformer"])


def sharp(network: Network = NETWORKS[0], scale: float = 2.0, **arguments) -> Autoregressive:
    r"""A family over three symbols whose probabilities are far from uniform."""
    p = Autoregressive(**{"max_length": 6, **arguments}).build(network, (16,)).eval()
    torch.nn.init.normal_(p.token_decoder.head.weight, std=scale)
    return p


def rows(*texts: str, length: int = 6) -> torch.Tensor:
    r"""Texts of the letters a and b, as symbols 0 and 1 with the end 2."""
    return torch.tensor([[*map("ab".index, text), *[2] * (length - len(text))] for text in texts])


def tokens(texts: list[str]) -> torch.Tensor:
    modality = Texts().fit(texts)
    return modality.normalize(modality.load(texts))


def texts_of(x: torch.Tensor) -> list[str]:
    return Texts().fit(["x" * (x.shape[1] - 1)]).restore(x).tolist()


# Texts and tensors


@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_any_text_comes_back_as_it_was(texts: list[str]) -> None:
    modality = Texts().fit(texts)
    x = modality.load(texts)

    assert x.dtype == torch.uint8
    assert x.shape == (len(texts), 1 + max(len(t.encode("utf-8", "surrogatepass")) for t in texts))
    assert modality.restore(modality.normalize(x)).tolist() == texts


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=4))
def test_any_bytes_are_some_text(made: list[bytes]) -> None:
    x = torch.full((len(made), 7), 255.0)

    for row, text in zip(x, made, strict=True):
        row[: len(text)] = torch.tensor(list(text))

    modality = Texts().fit(["x" * 6])
    restored = modality.restore(x)
    modality.load(restored)  # however much longer it became, it is one of its own

    for text, whole in zip(made, restored.tolist(), strict=True):
        assert isinstance(whole, str)
        whole.encode("utf-8", "surrogatepass")

        if b"\xff" not in text:
            replaced = text.decode("utf-8", "replace").startswith(whole)
            assert replaced or "\ud800" <= max(whole) <= "\udfff"


def test_lists_arrays_and_columns_are_guessed_and_equal() -> None:
    pandas = pytest.importorskip("pandas")
    columns = [WORDS, tuple(WORDS), np.array(WORDS), np.array(WORDS, object), pandas.Series(WORDS)]
    columns.append(pandas.Series(WORDS, index=range(5, 13), dtype="string"))

    for X in columns:
        assert isinstance(guess(X), Texts)
        torch.testing.assert_close(Texts().fit(X).load(X), Texts().fit(WORDS).load(WORDS))

    assert not any(map(Texts.accepts, ([], [1.0], "abc", None, np.zeros((2, 2)), [["a"]], [[1]])))


def test_a_file_holds_one_text_a_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes("\ufeffone\r\n\n tw\u2028o\x0b\nlast".encode())
    assert Texts.accepts(path)
    assert Texts().read(path)[0] == ["one", "", " tw\u2028o\x0b", "last"]

    path.write_bytes(b"one\ntwo\n")
    assert Texts().read(path)[0] == ["one", "two"]


def test_what_cannot_be_read_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    for encoding in ("latin-1", "utf-16-le"):
        path.write_bytes("fine\ncaf\xe9\n".encode(encoding))
        assert Texts().read(path)[0] == ["fine", "caf\xe9"]

    path.write_bytes("fine\n\u043c\u0438\u0440\n".encode("cp1251"))

    with pytest.raises(
        ValueError, match=r"latin\.txt': line 2 is not UTF-8, at its byte 1 \(0xec"
    ):
        Texts().read(path)

    for table in ("a;b\nx;1\ny;2\n", "1 2\n3 4\n"):
        path.write_text(table)
        with pytest.raises(ValueError, match="may be a table or texts"):
            check_prose(path)

    path.write_bytes(b"")
    with pytest.raises(ValueError, match="expected a text in each line, got none"):
        Texts().read(path)

    with pytest.raises(FileNotFoundError, match="no file or folder"):
        Texts().read(tmp_path / "missing.txt")


def table_file(path: Path, cells: dict[str, list]) -> Path:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(cells)
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_of_a_table_holds_texts(suffix: str, tmp_path: Path) -> None:
    texts = ["one, two", "line\nbreak", 'a "quote"', "né"]
    path = table_file(tmp_path / f"table{suffix}", {"id": [1, 2, 3, 4], "text": texts})
    modality = Texts(column="text")

    assert modality.read(path)[0] == texts
    assert small(modality=modality).fit(path).transform(path).shape == (4, 4)

    with pytest.raises(ValueError, match="no column 'words'; it has"):
        Texts(column="words").read(path)

    with pytest.raises(ValueError, match=r"expected the column that holds .* \['id', 'text'\]"):
        Texts().read(path)

    with pytest.raises(ValueError, match=r"only \.csv and \.parquet files have a column 'text'"):
        modality.read(tmp_path / "table.txt")

    with pytest.raises(ValueError, match=r"line 2 of|row 1 of"):
        Texts(max_bytes=4, column="text").fit(["a"]).load(modality.read(path)[0])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_only_column_needs_no_name(suffix: str, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = table_file(tmp_path / f"table{suffix}", {"words": WORDS})

    assert Texts().read(path)[0] == WORDS
    assert Texts().fit(pandas.DataFrame({"words": WORDS})).shape_ == (5,)


def test_what_is_written_to_a_table_can_be_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("\n".join(WORDS) + "\n")

    for line in (
        "fit words.txt --recipe vae --epochs 1 --random-state 0",
        "sample words.ae -n 3 --out new.csv --random-state 0",
        "transform words.ae new.csv --out codes.csv",
    ):
        assert main(line.split()) == 0

    assert Path("new.csv").read_text().startswith("text\n")


def test_a_column_of_a_data_frame_holds_texts() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": range(8), "text": WORDS}, index=range(3, 11))
    model = small(modality=Texts(column="text")).fit(frame)

    assert np.array_equal(model.transform(frame), model.transform(WORDS))
    assert np.array_equal(model.transform(frame[["text"]]), model.transform(WORDS))

    for modality in (Texts(), Texts(column="words")):
        with pytest.raises(ValueError, match=r"expected the column .* out of \['id', 'text'\]"):
            small(modality=modality).fit(frame)

    with pytest.raises(ValueError, match=r"got (None|nan) in row 1"):
        model.transform(pandas.DataFrame({"text": ["a", None]}))


def test_damaged_tables_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('id,text\n1,"two\nlines"\n2,fine,more\n')

    with pytest.raises(ValueError, match="expected 2 cells in each row, got 3 in line 4"):
        read_column(path, "text")

    path.write_text('id,text\n1,"open\n')
    with pytest.raises(ValueError, match="in line"):
        read_column(path, "text")

    path.write_bytes(b"id,text\n1,\xf2\xe5\xea\n")
    with pytest.raises(ValueError, match="several encodings"):
        read_column(path, "text")

    with pytest.raises(ValueError, match=r"only \.csv and \.parquet"):
        read_column(tmp_path / "lines.txt", "text")

    (tmp_path / "junk.parquet").write_bytes(b"junk")
    with pytest.raises(ValueError, match="damaged"):
        read_column(tmp_path / "junk.parquet", "text")


COLUMNS: dict[str, tuple[str, bytes]] = {
    "semicolons": ("t.csv", b'id;text\n1;one\n2;"two;2"\n'),
    "tabs": ("t.tsv", b"id\ttext\n1\tone\n2\ttwo;2\n"),
    "gzip": ("t.csv.gz", gzip.compress(b'id,text\n1,one\n2,"two;2"\n')),
    "Windows": ("t.csv", 'id;text\n1;one\n2;"two;2"\n'.encode("utf-16")),
    "carriage returns": ("t.csv", b'text,id\rone,1\r"two;2",2\r'),
    "a title": ("t.csv", b'Report\n\nid,text\n1,one\n2,"two;2"\n3,x\n4,y\n'),
    "records": ("t.jsonl", b'{"text": "one"}\n{"text": "two;2"}\n'),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_of_texts_are_read_as_tables_are(tmp_path: Path, kind: str) -> None:
    name, content = COLUMNS[kind]
    (tmp_path / name).write_bytes(content)

    assert [*read_column(tmp_path / name, "text")][:2] == ["one", "two;2"]
    assert [*Texts(column="text").read(tmp_path / name)[0]][:2] == ["one", "two;2"]


def test_any_word_of_a_column_is_a_text(tmp_path: Path) -> None:
    words = [
        "NA",
        "",
        "007",
        "1,5",
        "2024-01-01",
        "true",
        '"',
        "a\nb",
        " x ",
        "?",
        "\\",
        "caf\xe9",
    ]
    path = tmp_path / "t.csv"

    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([word] for word in words)])

    assert read_column(path) == words
    assert Texts().read(path)[0].location(8) == f"line 11 of '{path}'"

    marked = read_column(path, given=TableFormat(missing_values=["NA"]))
    assert marked[:3] == [None, None, "007"]


def test_the_settings_of_tables_are_those_of_texts_in_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_bytes(
        "\n".join(["id^text", *(f"{i}^{w}" for i, w in enumerate(WORDS))]).encode("utf-16")
    )
    flags = [
        "--modality",
        "Texts",
        "--modality.column",
        "text",
        "--separator",
        "^",
        "--epochs",
        "1",
    ]

    assert main(["fit", "t.csv", "--out", "t.ae", "--latent-dim", "1", *flags]) == 0
    assert main(["transform", "t.ae", "t.csv", "--out", "z.npy"]) == 0
    assert np.load("z.npy").shape == (len(WORDS), 1)


def test_longer_texts_are_refused_by_name_or_cut(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("ok\nmuch longer\n")
    modality = Texts().fit(["abc"])

    with pytest.raises(ValueError, match=r"longer than 3 bytes.*line 2 of '.*': 'much longer"):
        modality.load(modality.read(path)[0])

    with pytest.raises(ValueError, match="of 4, in row 1"):
        modality.load(["a", "abcd"])

    assert Texts(max_bytes=20).fit(["abc"]).load(["much longer"]).shape == (1, 21)

    # A character that does not fit whole is left out whole
    cut = Texts(max_bytes=3, truncate=True).fit(["abé", "aaa\u20ac"])
    assert cut.restore(cut.load(["abé", "aaaa", "\u20ac\u20ac"])).tolist() == [
        "ab",
        "aaa",
        "\u20ac",
    ]


@pytest.mark.slow
def test_one_long_line_sets_no_cost_and_is_not_dropped_silently(tmp_path: Path, caplog) -> None:
    texts = [f"text {i}" for i in range(50)] + ["x" * 9_000 + "é"]

    with pytest.warns(ae.FitWarning, match=r"1 of 51 texts is cut off at 256.*max_bytes=9002"):
        cut = Texts().fit(texts)

    with caplog.at_level(logging.WARNING):
        x = cut.load(texts)

    assert x.shape == (51, 257)
    assert cut.restore(x).tolist() == [*texts[:-1], "x" * 256]
    assert "1 of 51 texts are longer than 256 bytes" in caplog.text
    assert cut.for_subset().fit(texts[:5]).load(texts).equal(x)

    model = small(epochs=1, modality=Texts(), prior=StandardNormal())
    with pytest.warns(ae.FitWarning, match="is cut off"):
        model.fit(texts).save(tmp_path / "m.ae")

    assert np.isfinite(ae.load(tmp_path / "m.ae").score_samples(texts)).all()

    # All of it, if it is asked for; all of few texts; nothing is cut if a text of the fit is long
    assert Texts(max_bytes=9_002).fit(texts).load(texts).shape == (51, 9_003)
    assert Texts().fit(texts[-5:]).load(texts[-5:]).shape == (5, 9_003)

    with pytest.raises(ValueError, match="longer than 7 bytes"):
        Texts().fit(texts[:50]).load(texts)


@pytest.mark.parametrize(
    ("modality", "X", "message"),
    [
        (Texts(), [], "at least one text"),
        (Texts(), ["a", None], "got None in row 1"),
        (Texts(max_bytes=0), ["a"], "max_bytes >= 1"),
        (Texts(max_bytes="x"), ["a"], "max_bytes >= 1, as an integer, got 'x'"),
        (Texts(max_bytes=2.5), ["a"], "max_bytes >= 1, as an integer, got 2.5"),
        (Texts(vocab_size="x"), ["a"], "vocab_size > 256.*got 'x'"),
        (Texts(truncate=True), ["a"], "needs a length"),
        (Texts(vocab_size=256), ["a"], "vocab_size > 256"),
        (Texts(max_bytes=2**31), ["a", "b", "c"], "do not fit in memory"),
    ],
)
def test_bad_texts_are_refused(modality: Texts, X: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        modality.fit(X)


@given(st.lists(st.tuples(st.text("ab", max_size=5), st.text("ab", max_size=5)), min_size=1))
def test_edits_are_those_of_the_recursion(pairs: list[tuple[str, str]]) -> None:
    def recursion(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)

        exchanged = recursion(a[:-1], b[:-1]) + (a[-1] != b[-1])
        return min(exchanged, recursion(a[:-1], b) + 1, recursion(a, b[:-1]) + 1)

    a, b = zip(*pairs, strict=True)
    assert edits(tokens(a), tokens(b), 255).tolist() == [recursion(*pair) for pair in pairs]


# Subword tokens


@pytest.fixture(scope="module")
def subwords() -> Texts:
    pytest.importorskip("tokenizers")
    return Texts(max_bytes=40, vocab_size=280).fit(["the cat sat", "the dog sat", "a cat", "né"])


@given(texts=st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_any_text_comes_back_from_subwords(subwords: Texts, texts: list[str]) -> None:
    x = subwords.load(texts)

    assert x.shape == (len(texts), 41)
    assert subwords.restore(subwords.normalize(x)).tolist() == texts


def test_subwords_are_shorter_and_the_same_each_time(subwords: Texts) -> None:
    x = subwords.load(["the cat sat"])
    again = Texts(max_bytes=40, vocab_size=280).fit(["the cat sat", "the dog sat", "a cat", "né"])
    end = subwords.adapt_network(Recurrent()).vocab_size - 1

    assert lengths(x, end, include_end=False).item() < 6
    assert again.vocabulary_ == subwords.vocabulary_
    assert again.load(["the cat sat"]).equal(x)


def test_corruptions_reach_the_letters_of_subwords(subwords: Texts) -> None:
    x = subwords.normalize(subwords.load(["the cat sat", "a né"]))
    _, damage = subwords.split_corruption(DropLetters(1.0))

    assert subwords.restore(damage(x)).tolist() == ["", ""]
    same = subwords.split_corruption(Typos(0.0))[1](x)
    assert subwords.restore(same).tolist() == [
        "the cat sat",
        "a né",
    ]
    assert damage.clone()(x).shape == x.shape


@pytest.mark.slow
@networks
def test_models_of_subwords_keep_their_vocabulary(network: Network, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    modality = Texts(max_bytes=20, vocab_size=260)
    network = network.clone().set_params(vocab_size=None)
    model = small(modality=modality, network=network, corruption=Typos(0.1)).fit(WORDS)
    model.save(tmp_path / "words.ae")
    loaded = ae.load(tmp_path / "words.ae")

    np.testing.assert_array_equal(loaded.transform(WORDS), model.transform(WORDS))
    assert loaded.sample(4, random_state=0).tolist() == model.sample(4, random_state=0).tolist()
    assert (loaded.reconstruction_error(WORDS) >= 0).all()


def test_without_the_package_there_are_bytes(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    alphabets._package.cache_clear()

    with pytest.raises(ImportError, match=r"autoencode\[text\]"):
        Texts(vocab_size=300).fit(WORDS)


# Lengths


def test_lengths_count_the_first_end() -> None:
    assert lengths(rows("", "ab", "ababab"), end=2).tolist() == [1, 3, 6]
    assert lengths(torch.tensor([[2, 0, 1]]), end=2).tolist() == [1]
    assert lengths(rows("", "ab", "ababab"), end=2, include_end=False).tolist() == [0, 2, 6]


def test_groups_hold_each_row_once_and_cut_nothing() -> None:
    n = torch.randint(1, 300, (500,))
    groups = [*by_length(n)]

    assert torch.cat([group for group, _ in groups]).sort().values.equal(torch.arange(500))
    assert all(int(n[group].max()) == longest for group, longest in groups)
    assert len(groups) > 1


# Probabilities


@networks
def test_probabilities_of_all_sequences_sum_to_one(network: Network, float64) -> None:
    p = sharp(network)(torch.randn(16, 1))
    ended = ["".join(letters) for m in range(4) for letters in itertools.product("ab", repeat=m)]
    total = p.log_prob(rows(*ended)).exp().sum()

    # The rest: longer ones, by how they begin
    begun = torch.tensor([*itertools.product([0, 1], repeat=4)])
    rest = p.log_prob(begun).exp().sum()

    torch.testing.assert_close(total + rest, torch.tensor(1.0))
    assert rest > 1e-3


@networks
def test_padding_changes_no_probability(network: Network, float64) -> None:
    p = sharp(network)(torch.randn(16, 1))
    words = ["", "a", "ab", "babba"]
    wide = p.log_prob(rows(*words, length=40))

    torch.testing.assert_close(p.log_prob(rows(*words)), wide)
    alone = torch.stack([p.log_prob(rows(word, length=len(word) + 1))[0] for word in words])
    torch.testing.assert_close(alone, wide)

    # Nor does what stands behind the end
    x = rows("ab")
    x[0, 4] = 1
    torch.testing.assert_close(p.log_prob(x), wide[2:3])


@networks
def test_teacher_forcing_equals_step_by_step(network: Network, float64) -> None:
    q, phi = sharp(network), torch.randn(1, 16)
    x = rows("abbab")
    last, cache, ll = torch.tensor([[2]]), None, 0.0

    for symbol in x[0]:
        logits, cache = q.token_decoder(last, phi, cache)
        ll = ll + logits[0, 0].log_softmax(dim=-1)[symbol]
        last = symbol.reshape(1, 1)

    torch.testing.assert_close(q(phi[..., None]).log_prob(x), ll[None])


@networks
def test_what_comes_after_a_symbol_changes_none_before(network: Network, float64) -> None:
    q, phi = sharp(network), torch.randn(1, 16)
    logits, _ = q.token_decoder(torch.tensor([[2, 0, 0, 1, 1]]), phi)
    others, _ = q.token_decoder(torch.tensor([[2, 0, 0, 0, 0]]), phi)

    torch.testing.assert_close(logits[:, :3], others[:, :3])
    assert not torch.allclose(logits[:, 3:], others[:, 3:])

    # Nor do several symbols at once, from the middle on
    first, cache = q.token_decoder(torch.tensor([[2, 0]]), phi)
    second, _ = q.token_decoder(torch.tensor([[0, 1, 1]]), phi, cache)
    torch.testing.assert_close(torch.cat([first, second], dim=1), logits)


def test_probabilities_broadcast_over_codes(float64) -> None:
    q = sharp()
    phi, x = torch.randn(4, 3, 16, 1), rows("ab", "", "bba")
    ll = q(phi).log_prob(x)

    assert ll.shape == (4, 3)
    torch.testing.assert_close(ll[2, 1:2], q(phi[2, 1]).log_prob(x[1:2]))
    torch.testing.assert_close(q(phi[0, 0]).log_prob(x)[0], ll[0, 0])
    torch.testing.assert_close(q(phi[0, 0]).expand((3,)).log_prob(x)[0], ll[0, 0])


@networks
def test_samples_have_their_probabilities(network: Network) -> None:
    p, n = sharp(network, 0.5)(torch.randn(16, 1)), 20_000
    ended = ["".join(letters) for m in range(3) for letters in itertools.product("ab", repeat=m)]
    expected = p.log_prob(rows(*ended)).exp()

    x = p.sample((n,)).long()
    counts = torch.stack([(x == row).all(dim=-1).sum() for row in rows(*ended)]).double()
    observed = torch.cat([counts, n - counts.sum()[None]])
    expected = n * torch.cat([expected, 1 - expected.sum()[None]]).double()

    statistic = ((observed - expected) ** 2 / expected).sum()
    assert expected.min() > 5
    assert statistic < 24.3  # the chi-square distribution of 7 degrees exceeds it in 0.1 %


@networks
def test_the_mean_takes_the_most_probable_symbol_at_each_step(network: Network) -> None:
    q = sharp(network, max_length=8)
    phi = torch.randn(20, 16, 1)
    greedy = q(phi).mean.long()

    for row, code in zip(greedy, phi, strict=True):
        for t in range(int(lengths(row, 2))):
            beginnings = row[:t].expand(3, -1)
            ll = q(code).log_prob(torch.cat([beginnings, torch.arange(3)[:, None]], dim=-1))
            assert ll.argmax() == row[t]

    assert (greedy.diff(dim=-1)[greedy[:, :-1] == 2] == 0).all()
    torch.testing.assert_close(greedy, q.set_params(top_p=1e-6)(phi).sample().long())
    torch.testing.assert_close(greedy, q.set_params(temperature=0.0)(phi).sample().long())


def test_temperature_and_top_p_change_the_draws() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log().expand(4000, 3)

    drawn = Autoregressive(top_p=0.6).draw_tokens(logits).bincount(minlength=3) / 4000
    torch.testing.assert_close(drawn, torch.tensor([0.625, 0.375, 0.0]), atol=0.03, rtol=0)

    powers = torch.tensor([0.5, 0.3, 0.2]) ** 2
    drawn = Autoregressive(temperature=0.5).draw_tokens(logits).bincount(minlength=3) / 4000
    torch.testing.assert_close(drawn, powers / powers.sum(), atol=0.03, rtol=0)


@networks
def test_symbols_are_hidden_only_while_training(network: Network) -> None:
    q = sharp(network, dropout=1.0)
    phi, x = torch.randn(1, 16, 1), rows("ab")
    seen = q(phi).log_prob(x)

    q.train()
    hidden = q(phi).log_prob(x)
    assert not torch.allclose(seen, hidden)

    # With all hidden, only the place of a symbol counts
    swapped = q(phi).log_prob(rows("ba"))
    other = (q(phi).log_prob(rows("aa")), q(phi).log_prob(rows("bb")))
    torch.testing.assert_close(hidden + swapped, other[0] + other[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_length", 0),
        ("dropout", 2.0),
        ("free_nats", -1.0),
        ("temperature", -1.0),
        ("top_p", 0.0),
    ],
)
def test_bad_arguments_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"expected.* {name}"):
        Autoregressive(**{name: value})


# Codes


def test_recurrence_is_that_of_torch(float64) -> None:
    ours, theirs = GRU(5, 4), torch.nn.GRU(12, 4, batch_first=True)
    torch.nn.init.normal_(ours.bias)

    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.eye(12))
        theirs.weight_hh_l0.copy_(ours.weight)
        theirs.bias_ih_l0.zero_()
        theirs.bias_hh_l0.copy_(torch.cat([torch.zeros(8), ours.bias]))

    x = torch.randint(5, (3, 7))
    shift, h = torch.randn(3, 12, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    states, expected = ours(x, shift, h), theirs(ours.table(x) + shift[:, None], h[None])[0]
    torch.testing.assert_close(states, expected)

    weights = torch.randn_like(states)
    found = torch.autograd.grad(
        (weights * states).sum(), [shift, h, ours.table.weight, ours.weight, ours.bias]
    )
    *others, bias = torch.autograd.grad(
        (weights * expected).sum(),
        [shift, h, ours.table.weight, theirs.weight_hh_l0, theirs.bias_hh_l0],
    )

    for one, other in zip(found, [*others, bias[8:]], strict=True):
        torch.testing.assert_close(one, other)


def test_recurrence_has_a_forward_derivative(float64) -> None:
    gru, x = GRU(5, 4), torch.randint(5, (2, 6))
    torch.nn.init.normal_(gru.bias)
    point, directions = torch.randn(2, 16), torch.randn(3, 2, 16)

    def states(v: torch.Tensor) -> torch.Tensor:
        return gru(x, *v.split([12, 4], dim=1))

    J = torch.autograd.functional.jacobian(states, point)
    expected = torch.einsum("...nd,vnd->v...", J, directions)

    # It has no second derivative in reverse mode, which `pushforward` would fall back on
    torch.testing.assert_close(pushforward(states, point, directions), expected)


@networks
def test_padding_and_neighbors_change_no_code(network: Network, float64) -> None:
    encoder = network.encoder((6,), 4)
    words = ["", "ab", "babba", "abab"]
    codes = encoder(rows(*words))

    torch.testing.assert_close(encoder(rows(*words, length=300)), codes)

    for word, code in zip(words, codes, strict=True):
        torch.testing.assert_close(encoder(rows(word, length=len(word) + 1))[0], code)


@networks
def test_the_encoder_sees_order_from_both_sides(network: Network, float64) -> None:
    encoder = network.encoder((6,), 4)
    code = encoder(rows("abbbb", "babbb", "bbbba"))
    assert torch.pdist(code).min() > 1e-3


@networks
def test_networks_of_symbols_refuse_images(network: Network) -> None:
    with pytest.raises(ValueError, match="rows of tokens"):
        network.encoder((1, 8, 8), 2)

    with pytest.raises(ValueError, match="a vocabulary of at least two"):
        type(network)().token_decoder(16)


def test_transformers_check_their_sizes() -> None:
    with pytest.raises(ValueError, match="twice the heads"):
        Transformer(width=6, n_heads=2, vocab_size=3).token_decoder(16)


# Corruptions


@pytest.mark.parametrize(
    "corruption", [DropLetters, DropWords, MaskLetters, MaskWords, SwapLetters, Typos]
)
@given(texts=st.lists(st.text("ab é€ ", max_size=8), min_size=1, max_size=4))
def test_damaged_texts_are_texts(corruption: type, texts: list[str]) -> None:
    x = tokens(texts)
    damaged = corruption(0.5)(x.clone())

    assert damaged.shape == x.shape
    assert (damaged[:, -1] == 255).all()
    assert corruption(0.0)(x).equal(x)

    # Characters stay whole
    marked = [t.replace("\ufffd", "") for t in texts_of(damaged)]
    assert set("".join(marked)) <= set("ab é€ ")


def test_corruptions_do_what_their_names_say() -> None:
    text = "né b" * 500
    x = tokens([text])

    kept = texts_of(DropLetters(0.25)(x))[0]
    assert 0.7 < len(kept) / len(text) < 0.8

    masked = MaskLetters(0.25)(x)
    assert 0.2 < (masked == 254).sum() / (x != 255).sum() < 0.3
    assert masked[masked != 254].equal(x[masked != 254])

    swapped = texts_of(SwapLetters(0.25)(x))[0]
    assert sorted(swapped) == sorted(text)
    assert swapped != text

    words = texts_of(DropWords(0.5)(x))[0].split()
    assert 150 < len(words) < 350
    assert set(words) <= {"né", "bné", "b"}

    mistyped = Typos(0.2)(x)
    assert 0.1 < edits(x, mistyped, 255).item() / (x != 255).sum() < 0.3


@pytest.mark.parametrize("corruption", [DropLetters, Typos])
def test_fractions_are_checked(corruption: type) -> None:
    with pytest.raises(ValueError, match="fraction from 0 to 1"):
        corruption(1.5)


# Models


def small(recipe: str = "vae", epochs: int = 3, latent_dim: int = 4, **options) -> ae.Autoencoder:
    defaults = {
        "network": Recurrent(16),
        "training": ae.Training(epochs=epochs, batch_size=8),
        "random_state": 0,
    }
    return getattr(ae, recipe)(latent_dim, **(defaults | options))


@pytest.fixture(scope="module")
def toy() -> ae.Autoencoder:
    model = ae.autoencoder(
        4,
        network=Transformer(32, depth=1),
        training=ae.Training(epochs=200, batch_size=16),
        random_state=0,
    )
    return model.fit(4 * NUMBERS)


@pytest.mark.slow
def test_a_trained_model_reconstructs(toy: ae.Autoencoder) -> None:
    assert toy.reconstruct(NUMBERS).tolist() == NUMBERS
    assert toy.inverse_transform(toy.transform(NUMBERS)).tolist() == NUMBERS
    assert toy.reconstruction_error(NUMBERS).tolist() == [0.0] * len(NUMBERS)
    assert toy.score(NUMBERS) == 0.0
    assert toy.history_[-1].posterior == {}


def test_every_verb_takes_and_gives_texts() -> None:
    model = small().fit(WORDS)
    Z, R = model.transform(WORDS), model.reconstruct(WORDS)

    assert Z.shape == (8, 4)
    assert R.shape == (8,)
    assert R.dtype == object
    assert all(isinstance(text, str) for text in [*R, *model.sample(5, random_state=0)])
    assert (model.sample(5, random_state=1) == model.sample(5, random_state=1)).all()
    assert (model.score_samples(WORDS) < 0).all()
    assert math.isfinite(model.evaluate(WORDS)["bound"])
    assert model.preprocess(WORDS).target.shape == (8, 5)
    assert "rate" in model.history_[-1].train
    assert 0 <= model.history_[-1].posterior["active_units"] <= 4
    assert model.history_[-1].posterior["mutual_information"] <= math.log(8)

    # A text does not depend on those beside it
    np.testing.assert_allclose(model.transform(WORDS[2:3]), Z[2:3], atol=1e-5)
    np.testing.assert_allclose(
        model.score_samples(WORDS)[2:3], model.score_samples(WORDS[2:3]), rtol=1e-4
    )


def test_the_score_is_a_bound_of_probabilities() -> None:
    model = small().fit(WORDS)
    all_texts = ["".join(t) for m in range(4) for t in itertools.product("ab", repeat=m)]
    total = np.exp(model.score_samples(all_texts, n_samples=64)).sum()

    assert 0 < total < 1


def test_the_same_seed_gives_the_same_model_and_leaves_the_global_generator() -> None:
    before = torch.random.get_rng_state()
    first = small(epochs=2).fit(WORDS)
    assert torch.random.get_rng_state().equal(before)

    torch.manual_seed(5)
    default = ae.vae(2, training=ae.Training(epochs=1), random_state=0)
    state = torch.random.get_rng_state()
    default.fit(WORDS)
    assert torch.random.get_rng_state().equal(state)

    torch.manual_seed(6)
    np.testing.assert_array_equal(
        clone(default).fit(WORDS).transform(WORDS), default.transform(WORDS)
    )
    np.testing.assert_array_equal(clone(first).fit(WORDS).transform(WORDS), first.transform(WORDS))


def test_models_are_stored_whole(tmp_path: Path) -> None:
    model = small(conditional=True, corruption=Typos(0.1)).fit(WORDS, [t[0] for t in WORDS])
    model.save(tmp_path / "words.ae")

    state = torch.random.get_rng_state()
    loaded = ae.load(tmp_path / "words.ae")
    assert torch.random.get_rng_state().equal(state)

    y = [t[0] for t in WORDS]
    np.testing.assert_array_equal(loaded.transform(WORDS, y), model.transform(WORDS, y))
    assert loaded.sample(4, "a", random_state=0).tolist() == model.sample(4, "a", 0).tolist()
    assert loaded.reconstruct(WORDS, y).tolist() == model.reconstruct(WORDS, y).tolist()


@pytest.mark.slow
def test_new_texts_are_what_the_label_says() -> None:
    X = [letter * n for n in (2, 3, 4) for letter in "ab"] * 20
    training = ae.Training(epochs=100, batch_size=40, learning_rate=1e-2)
    model = small(conditional=True, free_nats=0.0, training=training)
    model.fit(X, [text[0] for text in X])

    assert max(map(len, model.sample(200, "a", random_state=1))) <= 4

    for label in "ab":
        made = model.sample(200, label, random_state=0)
        assert np.mean([set(text) == {label} for text in made]) > 0.85


def test_training_goes_on_exactly(tmp_path: Path) -> None:
    whole = small(epochs=4).fit(WORDS)
    model = small(epochs=4)
    model.training.checkpoint_dir = tmp_path

    class Stop(Exception):
        pass

    class Stopping(ae.Training):
        def train(self, *args, **options):
            for record in super().train(*args, **options):
                yield record

                if record.epoch == 2:
                    raise Stop

    stopping = clone(model).set_params(training=Stopping(**model.training.get_params()))
    stopping.training.checkpoint_seconds = 0.0

    with pytest.raises(Stop):
        stopping.fit(WORDS)

    resumed = model.fit(WORDS, resume=True)
    np.testing.assert_array_equal(resumed.transform(WORDS), whole.transform(WORDS))
    assert resumed.sample(4, random_state=0).tolist() == whole.sample(4, random_state=0).tolist()


@pytest.mark.slow
def test_the_manifold_of_symbols_is_that_of_their_codes() -> None:
    model = small().fit(WORDS)

    with pytest.raises(ValueError, match="Texts are tokens"):
        Tangents(model).fit(WORDS)

    with pytest.raises(ValueError, match="Texts are tokens"):
        Geodesics(model).distance(WORDS[:2], WORDS[2:4])

    with pytest.raises(ValueError, match=r"OffManifoldDetector\(model\)\.fit\(X\)"):
        ManifoldParzen(Tangents(model)).fit(WORDS)

    assert OffManifoldDetector(model).fit(WORDS).predict(WORDS).shape == (8,)
    assert NeighborGraph(n_neighbors=2).fit(model.transform(WORDS)).indices_.shape == (8, 2)
    assert Geodesics(model, "fisher", n_points=4).distance(WORDS[:2], WORDS[2:4]).shape == (2,)


def test_free_nats_are_those_of_the_likelihood_unless_given() -> None:
    x = np.array(WORDS)
    free = small(likelihood=Autoregressive(free_nats=50.0)).fit(x)
    paid = small(likelihood=Autoregressive(free_nats=50.0), free_nats=0.0).fit(x)

    assert free.evaluate(x)["total"] == pytest.approx(50 + free.evaluate(x)["distortion"])
    assert paid.evaluate(x)["total"] == pytest.approx(-paid.evaluate(x)["bound"])


def test_noise_means_typing_errors() -> None:
    modality = Texts().fit(WORDS)
    pairs = {
        Masking(0.3): MaskLetters(0.3),
        GaussianNoise(0.3): Typos(0.3 / 3),
        MaskWords(0.2): MaskWords(0.2),
    }

    for given_one, meant in pairs.items():
        assert repr(modality.split_corruption(given_one)[1]) == repr(Compose([meant]))

    nested = Compose([MaskWords(0.2), Compose([GaussianNoise(0.3), Masking(0.3)])])
    meant = Compose([MaskWords(0.2), Typos(0.3 / 3), MaskLetters(0.3)])
    assert repr(modality.split_corruption(nested)[1]) == repr(meant)

    with pytest.raises(ValueError, match="means nothing for texts"):
        modality.split_corruption(Compose([Typos(0.1), Blur()]))

    model = small("denoising").fit(WORDS)
    assert model.denoise(["abbba"[:4], "bab"]).shape == (2,)


@pytest.mark.slow
def test_pairs_teach_to_correct() -> None:
    damaged = [text[1:] for text in WORDS]
    training = ae.Training(epochs=200, batch_size=8, learning_rate=1e-2)

    def log_likelihood(**pairs) -> float:
        r"""Returns that of whole texts, given the codes of damaged ones."""
        model = small("autoencoder", training=training).fit(WORDS, **pairs)
        x, whole = (model.preprocess(texts).target for texts in (damaged, WORDS))

        with torch.no_grad():
            code = model.model_.encode(x).mean
            return float(model.model_.decode(code).log_prob(whole).mean())

    assert log_likelihood(corrupted=damaged) > log_likelihood() + 1


def test_kinds_of_data_are_not_mixed_up(tmp_path: Path) -> None:
    numbers = np.zeros((4, 3))
    texts, table = small().fit(WORDS), ae.autoencoder(2).set_params(training__epochs=1)
    table.fit(np.random.default_rng(0).normal(size=(8, 3)))

    with pytest.raises(ValueError, match="expected data like those of Texts"):
        texts.transform(numbers)

    with pytest.raises(ValueError, match="expected data like those of"):
        table.transform(WORDS)

    with pytest.raises(ValueError, match="expected data like those of"):
        ae.vae(2, modality=ae.modalities.Images()).fit(WORDS)

    for X, i in ((["a", None], 1), ([None, "a"], 0), (np.array([None, "a"], object), 0)):
        with pytest.raises(ValueError, match=f"got None in row {i}"):
            small().fit(X)

    with pytest.raises(ValueError, match="Sounds, Images, Tables accepts these data"):
        ae.linear(2).fit(WORDS)

    with pytest.raises(ValueError, match="SharedGaussian is not a likelihood for texts"):
        ae.vae(2, likelihood=SharedGaussian()).fit(WORDS)

    with pytest.raises(ValueError, match="does not generate tokens"):
        ae.vae(2, likelihood=Autoregressive()).fit(numbers)

    with pytest.raises(ValueError, match=r"FullyConnected.* does not read texts"):
        ae.vae(2, layers=(8,)).fit(WORDS)

    with pytest.raises(ValueError, match="does not read texts, which are rows of tokens"):
        ae.vae(2, network=Recurrent(8, vocab_size=3)).fit(WORDS)

    with pytest.raises(ValueError, match="means nothing for texts"):
        ae.vae(2, corruption=Blur()).fit(WORDS)

    with pytest.raises(ValueError, match=r"Typos is for texts, got Tables\. Use GaussianNoise"):
        ae.vae(2, corruption=Typos()).fit(numbers)

    with pytest.raises(ValueError, match="DropWords is for texts, got Images"):
        ae.vae(2, corruption=Compose([Masking(), DropWords()])).fit(np.zeros((20, 8, 8)))

    with pytest.raises(ValueError, match="no gradient with respect to the data"):
        small("contractive").fit(WORDS)

    with pytest.raises(ValueError, match="got lists of words"):
        ae.vae(2).fit([["a", "b"], ["c", "d"]])


# The command line


@pytest.mark.slow
def test_commands_take_and_write_lines(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lines.txt").write_text("\n".join(4 * WORDS))
    network = ["--network", "Recurrent", "--network.width", "16"]
    how = ["--recipe", "vae", "--latent-dim", "2", "--epochs", "2", "--random-state", "0"]

    assert main(["fit", "lines.txt", "--out", "lines.ae", *how, *network]) == 0
    assert main(["transform", "lines.ae", "lines.txt", "--out", "codes.npy"]) == 0
    assert np.load("codes.npy").shape == (32, 2)

    assert main(["sample", "lines.ae", "--out", "new.txt", "--n-samples", "5"]) == 0
    assert len(Path("new.txt").read_text(encoding="utf-8").split("\n")) == 6

    assert main(["denoise", "lines.ae", "lines.txt", "--out", "clean.txt"]) == 0
    expected = ae.load("lines.ae").reconstruct(4 * WORDS).tolist()
    assert Texts().read(Path("clean.txt"))[0] == expected

    assert main(["score", "lines.ae", "lines.txt"]) == 0
    assert main(["info", "lines.ae"]) == 0
    assert main(["plot", "lines.ae", "lines.txt", "--out", "pictures"]) == 0
    assert Path("pictures/codes.png").exists()
    capsys.readouterr()

    assert main(["sample", "lines.ae", "--out", "new.png"]) == 2
    assert "expected a .txt or .csv file" in capsys.readouterr().err

    assert (
        main(["sample", "lines.ae", "--out", "a.csv", "--n-samples", "3", "--temperature", "0"])
        == 0
    )
    greedy = ae.load("lines.ae")
    greedy.likelihood_.set_params(temperature=0.0)
    assert len(read_column(Path("a.csv"), "text")) == 3

    assert main(["sample", "lines.ae", "--out", "new.txt", "--top-p", "2"]) == 2
    capsys.readouterr()

    Path("bad.txt").write_bytes(b"fine\n\xff\n")
    assert main(["transform", "lines.ae", "bad.txt", "--out", "codes.npy"]) == 2
    assert "line 2 is not UTF-8" in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_next_runs_as_it_stands(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my lines.txt").write_text("\n".join([*5 * WORDS, "b" * 50]))
    how = ["--epochs", "1", "--network", "Recurrent", "--network.width", "8"]
    verbs = []

    def run(*words: str) -> None:
        assert main([*words]) == 0
        *printed, last = capsys.readouterr().out.splitlines()
        verbs.append(words[0])
        following = shlex.split(last.removeprefix("Next: "))

        if following[0] == "autoencode" and "DATA" not in following:
            run(*following[1:])
        elif words[0] == "anomalies":  # which shows what is read
            assert len(printed[2:]) == 10
            assert all("  '" in line for line in printed[2:])

    lines = "my lines.txt"
    run("fit", lines, "--out", "a model.ae", "--recipe", "vae", *how)
    run("anomalies", "a model.ae", lines, "--reference", lines, "--out", "odd.csv")
    run("manifold", "a model.ae", lines, "--out", "page", "--new", lines)
    run("sample", "a model.ae", "-n", "20", "--out", "new.txt", "--temperature", "0")

    assert {"plot", "transform", "neighbors", "interpolate"} <= {*verbs}
    columns = Path("odd.csv").read_text().splitlines()
    assert columns[0] == "example,score,on,off,anomaly"
    assert len(columns) == 42

    # Copies have the same code
    near = ["neighbors", "a model.ae", lines, "--out", "near.npz", "--n-neighbors", "6"]
    assert main(near) == 0
    assert np.load("near.npz")["distances"][:40, :4].max() < 1e-5


@pytest.mark.slow
def test_commands_look_at_texts_under_one_label(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lines.txt").write_text("\n".join(5 * WORDS))
    np.save("labels.npy", [int(text[0] == "a") for text in 5 * WORDS])
    how = ["--epochs", "1", "--network", "Recurrent", "--network.width", "8", "--conditional"]
    under = ["--labels", "labels.npy", "--y", "1"]

    assert main(["fit", "lines.txt", "--out", "l.ae", *how, "--labels", "labels.npy"]) == 0
    assert main(["anomalies", "l.ae", "lines.txt", "--out", "odd.csv", *under]) == 0
    assert len(Path("odd.csv").read_text().splitlines()) == 1 + 20
    line = ["manifold", "l.ae", "lines.txt", "--out", "page", "--n-neighbors", "3", *under]
    assert main(line) == 0
    assert "20 examples with up to 4 tokens each" in capsys.readouterr().out


def test_commands_take_a_column_and_its_labels(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    cells = {"kind": [word[0] for word in WORDS], "word": WORDS}
    table_file(Path("table.csv"), cells)
    column = ["--modality", "Texts", "--modality.column", "word"]
    how = ["--recipe", "vae", "--epochs", "2", "--network", "Recurrent", "--network.width", "16"]
    labels = ["--conditional", "--label-column", "kind"]

    assert main(["fit", "table.csv", "--out", "words.ae", *how, *column, *labels]) == 0
    label = ["--label-column", "kind"]
    assert main(["transform", "words.ae", "table.csv", "--out", "codes.npy", *label]) == 0
    assert main(["sample", "words.ae", "--out", "new.txt", "--n-samples", "2", "--y", "a"]) == 0
    model = ae.load("words.ae")
    np.testing.assert_allclose(
        np.load("codes.npy"), model.transform(WORDS, cells["kind"]), atol=1e-6
    )


@pytest.mark.slow
def test_a_likelihood_writes_texts_as_long_as_those_of_the_fit() -> None:
    long, short = ["ab" * 150] * 32, ["ab", "c"] * 16

    for texts, longest in ((long, 301), (short, 3)):
        model = small(likelihood=Autoregressive(dropout=0.1)).fit(texts)
        assert model.likelihood_.max_length == longest
        assert model.likelihood.max_length is None
        assert max(map(len, model.sample(20, random_state=0).tolist())) < longest

    assert small(likelihood=Autoregressive(max_length=9)).fit(long).likelihood_.max_length == 9


@pytest.mark.parametrize("ending", ["csv", "txt"])
def test_written_texts_can_be_read_again(ending, tmp_path, caplog) -> None:
    training = ae.Training(epochs=1, show_progress=False)
    model = ae.autoencoder(2, modality=Texts(), training=training).fit(["abcde", "b"] * 4)
    out = tmp_path / f"new.{ending}"

    with caplog.at_level(logging.WARNING):
        write_examples(out, np.array(["a\0b", "c"], object), model)

    assert b"\0" not in out.read_bytes()
    assert "NUL characters in 1 of 2 texts" in caplog.text
    assert model.transform(out).shape == (2, 2)
