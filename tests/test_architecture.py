r"""Tests of the design: import order, folders, documented names, and headlines of docstrings."""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import autoencode

SOURCE = Path(autoencode.__file__).parent

# From low to high, as in ARCHITECTURE.md: what stands on a line imports from lower lines only
ORDER = {
    "": """
        common
        data networks corruptions
        distributions
        priors datasets
        models
        objectives evaluation modalities
        training plots
        pages
        blueprint
        inference
        diagnosis export
        inputs persistence
        fitting
        estimator
        recipes
        manifold
        comparison scale
        explorer
        demo
        cli
        __main__
    """,
    "recipes": """
        building guide
        basic counted deterministic representations sparse variational
    """,
    "common": """
        atomic_files batching checks configurable estimates failures locks progress seeding
        threads visible_text
        arrays container schedules
    """,
    "common.checks": "ranges types",
    "common.failures": """
        examples filters fit_warning results
    """,
    "networks": """
        base exporting padding
        gru
        convolutional dictionary mlp modules
        positions steps tokens views
        recurrent transformer
    """,
    "networks.views": """
        base
        incomplete spectral transformed
    """,
    "networks.positions": """
        frequencies
        fully_convolutional temporal
    """,
    "distributions": """
        base divergences gaussian_mixture homoscedastic log_gamma
        dirac elementwise gaussian
        wrapping
        autoregressive counts
        censored codes
        mixed
    """,
    "distributions.wrapping": """
        family
        observed
    """,
    "distributions.counts": """
        poisson
        negative_binomial
        sizes zero_inflated
        multinomial
    """,
    "distributions.elementwise": """
        bernoulli beta laplace logistic student_t von_mises
        logistic_mixture
    """,
    "distributions.codes": """
        codebook flows gaussians gumbel_softmax jump_relu power_spherical straight_through
        top_k wrapped_normal
        grouping scalar_quantizer
        lookup_free product_quantizer vector_quantizers
    """,
    "distributions.codes.flows": """
        masked steps
        splines
        autoregressive planar radial
    """,
    "corruptions": """
        base
        audio numeric resolution series text
    """,
    "data": """
        disk_arrays encodings listing remedies resumable sparse_rows
        cache
        batches streams tabular
        arrays media
        joining labels
    """,
    "data.listing": """
        packed sources
        lists names
    """,
    "data.media": """
        deep_png opening
        depths
        image_plans photographs
        audio images text
        folder_kinds
    """,
    "data.media.text": """
        detection
        lines
        columns
    """,
    "data.media.audio": """
        faults formats
        decoding
        notes
        blocks files folders
    """,
    "data.tabular": """
        formats libraries parquet spellings
        conversions headers text_rows
        separators summaries
        layouts
        delimited
        doubts
        frames numeric
    """,
    "data.tabular.conversions": """
        durations words
        identifiers periods
        rules
        dates
        columns
    """,
    "data.tabular.frames": """
        json_lines typed
        arrow_types formats kinds
        detection locations reading writing
        several_files
        tables
    """,
    "models": "latent",
    "datasets": "images recorded synthetic",
    "priors": """
        base
        reference standard_normal
        fitted learned
        neural
        best
    """,
    "priors.fitted": """
        codes maximization
        selection
        kernels mixture
        conditional_mixture
    """,
    "priors.learned": """
        inputs
        exemplar vamp
    """,
    "priors.neural": """
        ascent next_codes
        autoregressive flow mixture_density transformer two_stage
    """,
    "objectives": """
        discriminator
        base
        contractive elbo reconstruction wrapping
        image_similarity bounds disentangling matching matryoshka regularized
    """,
    "objectives.bounds": "capacity hamiltonian importance_weighted",
    "objectives.disentangling": "covariance factor pairs total_correlation",
    "objectives.matching": "adversarial mmd transport vae_gan",
    "objectives.regularized": "code_norm isometric quantized sparse sparse_coding topological",
    "evaluation": """
        annealing codes factors generation importance rankings sounds
        tables
    """,
    "modalities": """
        array_layouts normal_scores statistics windows
        columns
        context
        base
        capabilities
        audio image mixed_tables numeric_tables series text
    """,
    "modalities.array_layouts": """
        likeness remedies types
        waves
        images
        layout
    """,
    "modalities.columns": """
        cells containers exclusive flags grids marginals
        dtypes
        categories
        levels numbers
        dates
    """,
    "modalities.capabilities": """
        cells covariates exporting lattices sequences tables
        files pictures scales
        fitting
    """,
    "modalities.windows": """
        cutting
        joining labels stored
    """,
    "modalities.numeric_tables": """
        frames scaling
        constants exported normalization
        tables
        counts
    """,
    "modalities.image": """
        enlarging exported levels shifts tiles
        own_size
        images
    """,
    "modalities.series": """
        cuts grids numbers
        lists
        collection covariates exported files filling later parts
        series
    """,
    "modalities.text": """
        byte_rows edit_distance tokenizers
        selfies_tokenizer
        spelling
        damage exported
        texts
    """,
    "modalities.audio": """
        damage lengths moments phases spectra stft waveforms
        exported faults log_mel recordings
        files
        sounds
    """,
    "modalities.mixed_tables": """
        conditions descriptions filling gaps hidden_cells new_cells scores
        layout
        cells decoding flags lattice_cells
        exported
        frame
    """,
    "training": """
        adamw buffers checkpoints choices schedule step
        update
        replicas
        state
        monitors solver
        linear trainer
        failures
    """,
    "training.replicas": """
        group
        memory pulse shares
        draws
        spreading
        replica
        update
    """,
    "training.failures": """
        baselines scores
        far_examples
        search
    """,
    "training.linear": """
        factor_analysis
        least_squares linear_start
    """,
    "training.state": """
        divergence generators records resume_settings
        documents
        train_state
    """,
    "blueprint": """
        arguments checks choices code_size resumption
        blueprint
    """,
    "export": """
        conditions operations
        parts trials
        archive
        onnx_file
        exporting
    """,
    "estimator.writing": "compress_methods export_methods",
    "estimator": """
        availability model_files
        attributes
        linear_attributes reading
        forecast_methods recommend_methods sample_methods score_methods
        transform_methods
        fit_methods writing
        autoencoder
        storage
    """,
    "inputs": """
        file_order loaded modality_choice
        conversion labels pairs tables
        reading weights
    """,
    "fitting": """
        calibration freezing reading starting
        streams
        preparation run
    """,
    "inference": """
        batched imputation
        codes continuation forecasts own_size scores training_set units
        generation
        blocks inpainting positions quality
    """,
    "inference.positions": "maps over_time",
    "diagnosis": """
        finding subject
        codes data detail learning_rate new_examples tails training
        reconstructions
        diagnose
    """,
    "inference.quality": """
        sentences task terms
        codes columns density evaluation new_examples
        imputed new_rows reconstructions
        measures
    """,
    "pages": """
        drawing
        chart
        page
    """,
    "persistence": """
        encoding hub rebuild
        compression model_file
    """,
    "persistence.compression": """
        fixed_point stack
        digits forms lattices likelihoods
        codes contents
        codec
        layout
        sections
        files
    """,
    "persistence.compression.contents": """
        base
        elements tokens
        cells
    """,
    "persistence.compression.forms": """
        base
        arrays cells texts
        frames
    """,
    "persistence.compression.fixed_point": """
        functions sums
        operations
    """,
    "plots": """
        checks style
        comparison dimension history mosaic tables
        latent_traversals manifold_traversals reconstructions series spaces
    """,
    "plots.spaces": """
        codes manifold
        latent_grid neighbor_graph
    """,
    "manifold": """
        incomplete_rows
        codec
        arrays jacobians numeric_rows
        score
        neighbors
        preservation
        dimension
        tangents
        density geodesics
        anomalies
        reporting
    """,
    "manifold.preservation": """
        neighborhoods
        texts
    """,
    "comparison": """
        intervals race rows
        methods recommendation
        result
        measures
        trials
        held_out
    """,
    "manifold.neighbors": """
        distance_blocks edges
        exact
        inverted_file
        graph
        duplicates label_spreading landmarks
    """,
    "manifold.tangents": """
        local_bases
        angles
        tangents
        augmentation
    """,
    "manifold.density": """
        local_gaussians
        bandwidth
        manifold_parzen
    """,
    "manifold.geodesics": """
        sequence_metric
        riemannian_metrics
        curves
        graph_init
        geodesics
    """,
    "manifold.anomalies": """
        densities intervals
        cell_surprisal decomposition sequences series
        models
        detector
    """,
    "manifold.reporting": """
        result rows
        records
        comparison planes
        analysis
        html
        report
    """,
    "scale": """
        settings
        reading
        verbs
        writing
        work
        engines manifest report
        driver encoder
        runs
    """,
    "scale.reading": """
        lines sources unpacking
        columns
        parts
        blocks
    """,
    "scale.engines": """
        child local ray_data
    """,
    "demo": """
        digits remaining_time series sounds tables texts
        page
    """,
    "cli": """
        options ownership signatures terminal
        inputs next_step
        in_parts outputs
        settings
        commands
        generate
        trust
    """,
    "cli.signatures": """
        arguments docstrings forms
        flags table
        options parser
    """,
    "cli.inputs": """
        contexts formats
        examples
        columns metadata selection
    """,
    "cli.outputs": """
        formats
        checks rows
        examples
    """,
    "cli.commands.missing": "impute recommend",
    "cli.commands.codes": "compress transform",
    "cli.commands.models": "describe export",
    "cli.commands.pages": "demo explore",
    "explorer": """
        wire
        session
        examples places
        gestures
        serving
        explorer
    """,
    "explorer.wire": """
        schemas
        endpoint
        tasks
    """,
    "explorer.session": """
        codes columns conditions
        nearest units
        session
    """,
    "explorer.examples": """
        pictures waves
        shown
        atlas
    """,
    "explorer.places": """
        views
        maps
        codes
    """,
    "explorer.gestures": """
        coloring entries files
        choosing decoding diagnosing lookup mapping
        comparing opening walks
    """,
    "explorer.serving": """
        routes security
        running
    """,
    "cli.commands": """
        anomalies codes compare fit forecast manifold missing neighbors pages plot reconstruct
        sample score
        models
    """,
}
RANK = {
    folder: {name: i for i, line in enumerate(text.strip().splitlines()) for name in line.split()}
    for folder, text in ORDER.items()
}
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    .removesuffix("__init__")
    .strip("."): path
    for path in SOURCE.rglob("*.py")
}


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    r"""All nodes of a file, of which the first is the module."""
    return [*ast.walk(ast.parse(path.read_text("utf-8")))]


def imported(module: str) -> set[str]:
    r"""The modules that a module imports, also inside of functions."""
    path = MODULES[module]
    package = path.relative_to(SOURCE).parts[:-1]
    found = set()

    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            base = ".".join(part for part in base if part)
            names = [f"{base}.{alias.name}".strip(".") for alias in node.names]
            found |= {name if name in MODULES else base for name in names}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            assert not any(n.split(".")[0] == "autoencode" for n in names), f"absolute: {path}"

    return found - {module, ""}


def test_imports_point_down() -> None:
    pairs = [(module, target) for module in MODULES if module for target in imported(module)]
    up = []

    for module, target in pairs:
        ours, theirs = module.split("."), target.split(".")
        same = next(
            (i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b),
            min(len(ours), len(theirs)),
        )

        if same == min(len(ours), len(theirs)):
            continue  # a folder and what stands in it

        rank = RANK[".".join(ours[:same])]

        if rank[theirs[same]] >= rank[ours[same]]:
            up.append(f"{module} imports {target}")

    assert len(pairs) > len(MODULES)
    assert up == []


@pytest.mark.parametrize("folder", sorted({m.rpartition(".")[0] for m in MODULES} | {""}))
def test_folders_are_small_and_their_order_is_stated(folder: str) -> None:
    there = {m.removeprefix(f"{folder}.") for m in MODULES if m.rpartition(".")[0] == folder and m}

    assert there == set(RANK[folder])
    assert len(there) <= (30 if folder == "" else 14)

    if folder == "":
        modules = {m for m in there if MODULES[m].name != "__init__.py"}
        assert len(modules | {"__init__"}) <= 8


@pytest.mark.parametrize("folder", sorted(ORDER))
def test_folders_say_what_each_module_is_for(folder: str) -> None:
    doc = ast.get_docstring(ast.parse(MODULES[folder].read_text())) or ""

    assert [name for name in RANK[folder] if f"`{name}`" not in doc.replace("/`", "`")] == []


KINDS = {type(kind).__name__ for kind in autoencode.modalities.CANDIDATES}


def test_nothing_outside_of_modalities_asks_for_a_concrete_kind() -> None:
    outside = [path for module, path in MODULES.items() if not module.startswith("modalities")]
    calls = [
        (path, node) for path in outside for node in nodes(path) if isinstance(node, ast.Call)
    ]
    asked = []

    for path, node in calls:
        if getattr(node.func, "id", "") in {"isinstance", "issubclass"}:
            names = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
            names |= {n.attr for n in ast.walk(node.args[1]) if isinstance(n, ast.Attribute)}
            asked += [f"{path}:{node.lineno} asks for {name}" for name in names & KINDS]

    assert calls
    assert asked == []  # they ask for a capability


def test_the_core_of_a_kind_is_small() -> None:
    core = autoencode.modalities.Modality
    own = [n for n, v in vars(core).items() if callable(v) or isinstance(v, classmethod)]

    assert len([n for n in own if not n.startswith("_")]) <= 10


FORBIDDEN_BEGINNINGS = set("What How Of Which Where Whether By These Those As That".split())


def headlines(path: Path, only_module: bool = False) -> dict[str, str]:
    r"""Returns the first words of the docstrings of a file, by name and line."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    tree, *rest = [ast.parse(path.read_text("utf-8"))] if only_module else nodes(path)
    named = [tree, *(n for n in rest if isinstance(n, kinds))]
    docs = {f"{path}:{getattr(n, 'lineno', 1)}": ast.get_docstring(n) for n in named}

    return {place: re.split(r"\W", doc, maxsplit=1)[0] for place, doc in docs.items() if doc}


def test_headlines_are_noun_phrases_or_imperatives() -> None:
    root = Path(__file__).parents[1]
    found = {}

    for path in SOURCE.rglob("*.py"):
        found |= headlines(path)

    for folder in ("benchmarks", "tests"):
        for path in (root / folder).rglob("*.py"):
            if "data" not in path.relative_to(root / folder).parts[:-1] or folder == "tests":
                found |= headlines(path, only_module=True)

    assert [place for place, word in found.items() if word in FORBIDDEN_BEGINNINGS] == []


INTERFACE = (
    "estimator recipes networks distributions priors objectives corruptions modalities datasets"
    " evaluation training manifold plots scale"
).split()


def public() -> dict[str, object]:
    found = {}

    for info in pkgutil.walk_packages([str(SOURCE)], "autoencode."):
        module = importlib.import_module(info.name)

        for name in getattr(module, "__all__", []):
            value = getattr(module, name)

            if inspect.isclass(value) or inspect.isfunction(value):
                found[f"{value.__module__}.{name}"] = value

    return found


def interface() -> list:
    r"""The classes and functions of the reference."""
    modules = [importlib.import_module(f"autoencode.{name}") for name in INTERFACE]
    pairs = [(f"{m.__name__}.{name}", getattr(m, name)) for m in modules for name in m.__all__]

    return [pytest.param(value, id=name) for name, value in pairs if callable(value)]


def is_explained(value: object) -> bool:
    doc = inspect.getdoc(value) or ""

    if not doc or not inspect.isfunction(value):
        return bool(doc)

    arguments = [p for p in inspect.signature(value).parameters if p not in {"args", "kwargs"}]
    return "Arguments:" in doc or len(arguments) <= 1


def test_public_names_are_explained() -> None:
    names = public()

    assert len(names) > 500
    assert [name for name, value in names.items() if not is_explained(value)] == []


@pytest.mark.parametrize("value", interface())
def test_reference_entries_have_examples_and_relatives(value) -> None:
    doc = inspect.getdoc(value) or ""
    relatives = re.search(r"See Also:\n((?: +\S.*\n?)+)", doc)

    assert ">>> " in doc or inspect.isabstract(value) or issubclass_of_tuple(value), "no example"
    assert relatives, "no section `See Also:` with references such as :func:`~autoencode.load`"

    for path in re.findall(r":(?:class|func):`~([\w.]+)`", relatives[1]):
        module, _, name = path.rpartition(".")
        assert getattr(importlib.import_module(module), name) is not value


def test_examples_are_not_skipped() -> None:
    for path in SOURCE.rglob("*.py"):
        assert "doctest: " + "+SKIP" not in path.read_text("utf-8"), path


def issubclass_of_tuple(value) -> bool:
    return inspect.isclass(value) and issubclass(value, tuple)


def test_names_in_the_package_exist() -> None:
    for name in autoencode.__all__:
        assert getattr(autoencode, name) is not None

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        autoencode.nothing  # noqa: B018
