"""Good arguments of every public callable, and values that none of them takes: for tests of what is refused."""

import types
from functools import cache, partial

import numpy as np

import rfrobust
from rfrobust import cgro, checks, figures, finite, memorize, problem, theory, tuning, wide
from rfrobust import samples as own_samples

ROOMS = {"rfrobust": rfrobust} | {
    room.__name__.split(".")[1]: room
    for room in (problem, theory, checks, finite, tuning, own_samples, cgro, wide, memorize, figures)
}


#: Records that functions return, bases of classes, and readers of files and stores, which have tests of their own.
OTHERS = {
    "cgro.Draw", "cgro.PatchData", "cgro.PublishedRow", "cgro.PublishedSetting", "cgro.ReducedStart", "cgro.BatchNorm",
    "cgro.Chain", "cgro.GlobalAverage", "cgro.Layer", "cgro.MaxPool", "cgro.ReLU", "cgro.Residual",
    "checks.Certificate", "checks.Enclosure", "checks.LinearSaddle", "checks.Saddle", "checks.Stationarity",
    "finite.Estimate", "finite.InnerMaximum", "finite.LinearizedProblem", "finite.PGDFit", "finite.RobustFit",
    "finite.ExactRisks", "finite.SampledRisks",
    "memorize.Memorizer", "memorize.Verification", "problem.Features", "problem.FirstLayer", "problem.Loss",
    "problem.Ratios", "problem.Settings", "problem.Square", "problem.Target", "problem.adversarial_risk",
    "problem.Absolute", "problem.Hinge", "problem.Logistic", "problem.Noise", "problem.Signal",
    "problem.adversarial_error", "rfrobust.Laplace", "rfrobust.MarginLoss", "rfrobust.Rademacher",
    "rfrobust.ResidualLoss",
    "rfrobust.Equilibrium", "rfrobust.MarchenkoPastur", "rfrobust.OrthogonalRows", "rfrobust.Phase",
    "rfrobust.Spectrum", "rfrobust.Status", "theory.LimitingModel", "theory.SmallEpsExpansion",
    "tuning.ActivationOptimum", "tuning.Basin", "tuning.Optimum", "wide.Attackable", "wide.FiniteNetwork",
    "wide.KernelSpectrum", "wide.MonteCarlo", "wide.StoppedKernel", "figures.load", "finite.default_store",
    "rfrobust.Store", "wide.load_arrays",
    "samples.DataTheory",
}  # fmt: skip


def public():
    """Return the names of all public callables that are no exceptions; those of the top level are its own."""
    found = {}
    for room in ROOMS.values():
        for name in dir(room):
            value = getattr(room, name)
            hidden = isinstance(value, types.ModuleType) or (isinstance(value, type) and issubclass(value, Exception))
            if callable(value) and not hidden:
                found.setdefault(id(value), f"{room.__name__.split('.')[-1]}.{name}")
    return set(found.values())


def without(name, given):
    return {key: value for key, value in given.items() if key != name}


@cache
def calls():
    """Return callable and good arguments by name; small, so that a call that is not refused ends soon."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, 4)), rng.standard_normal(6)
    labels = np.array([0, 1, 0, 1, 1, 0])
    point = {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5}
    target = {"spectrum": "marchenko-pastur", "signal_norm": 1.0, "nonlinear_power": 0.0, "loss": "square", "norm": 2.0,
              "noise": "gaussian", "labels": "real", "signal": problem.BernoulliGauss()}  # fmt: skip
    layer = {"activation": "relu", **target}
    settings = {"ridge": 0.1, "gradient_penalty": 0.1, **layer}
    no_eps = without("eps", point)
    W = rng.standard_normal((5, 4))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    features = finite.FeatureMap.draw(5, 4, rng)
    theta, beta = rng.standard_normal(5), np.array([1.0, 0, 0, 0])
    model = rfrobust.solve(3, 2, 0.3, 0.5)
    rf = {"network": features, "theta": theta, "X": X, "y": y, "eps": 0.1}
    family_of = {"loss": "absolute", "norm": 2.0, "gradient_penalty": 0.1}
    family = finite.FamilyERM(features.features(X), y, features, ridge=0.1, norm=np.inf)
    classifier = rfrobust.RobustRandomFeaturesClassifier(5).fit(X, labels)
    erm = finite.ConcentratedERM(features.features(X), y, features.metric, ridge=0.1)
    architecture = wide.Architecture(2)
    network = wide.FiniteNetwork.random(architecture, inputs=4, width=3)
    theta_x = wide.ntk(architecture, X)
    attack = wide.InputAttack(0.1, steps=1)
    samples = wide.noisy_digits(kernel=100, validate=10, test=5)
    kernel = wide.KernelSpectrum.decompose(theta_x)
    stopped = wide.StoppedKernel.decompose(theta_x, np.ones(6))
    flow = wide.LinearizedFlow(theta_x, y)
    predictor = wide.KernelPredictor(architecture, X, y[:, None])
    patches = cgro.PatchProblem(dim=6, samples=4, filters=3)
    drawn = cgro.draw(patches, 0, 5)
    weights = drawn.weights
    start = cgro.typical_start(patches)
    run = cgro.trajectories(patches, replicates=1, steps=2, test_samples=2)
    images = cgro.digits(10, 10)
    tiny = cgro.AdversarialTraining(epochs=1, attack_steps=1, test_attack_steps=1)
    cnn = cgro.train_network(images, "two-layer", 2, tiny)
    cell = {"axis": "lam", "values": [0.5], "ratios": [0.9], "max_steps": 1, "test_samples": 1}
    diagram = cgro.phase_diagram(patches, replicates=1, **cell)
    relu = memorize.ReLUNetwork([rng.standard_normal((3, 4)), rng.standard_normal((1, 3))], [np.zeros(3), np.zeros(1)])
    memorizer = memorize.robust_memorizer(relu, X, labels, 0.01, 0.01)
    verification = memorize.verify(memorizer, X, 0.01)
    rates = memorize.learning_rates(1, 2.0, [32, 64], replicates=2, scale=[0.1, 0.2], progress=False)
    simulated = rfrobust.simulate(psi1=1.0, psi2=2.0, eps=0.3, d=4, replicates=2, workers=1)
    swept = rfrobust.sweep(psi1=[1.0, 3.0], psi2=2.0, eps=[0.1, 0.3], tau=0.5)
    activation = problem.Activation.from_moments(0.5, 0.3, 0.5)
    quadratic = theory.drawn_network(W, 8.0, 0.5)
    many = rng.standard_normal((400, 4))
    pooled = rfrobust.theory_of_data(many, many @ beta + rng.standard_normal(400), 8, activation="tanh")
    forest = rfrobust.RobustRandomFeatures(5).fit(X, y)
    ntk = {"depth": 2, "w_std": 1.76, "b_std": 0.18, "activation": "relu", "radius": 0.1, "norm": "linf",
           "attack_steps": 1, "attack_method": "pgd", "bounds": None, "workers": 1}  # fmt: skip
    held = {"validation_fraction": 0.3}
    own = {"NTK": {"xi": 1.0, "jitter": 0.0}, "EarlyStoppedNTK": {"xis": [1.0], **held},
           "AdvNTK": {"learning_rate": 0.1, "n_steps": 1, "batch_size": 3, **held}}  # fmt: skip
    replicates = {"replicates": 1, "seed": 0}

    def fitted(kind, targets):
        return lambda **parameters: kind(**parameters).fit(X, targets)

    # fmt: off
    return {
        "rfrobust.Problem.of": (rfrobust.Problem.of, {**point, **settings}),
        "Problem.vary": (model.problem.vary, {**point, **settings}),
        "rfrobust.Activation": (problem.Activation, {"name": "a", "function": np.tanh, "derivative": np.cos, "mu0":
            0.0, "mu1": 0.5, "mu2": 0.3, "rho": 0.5, "kinks": ()}),
        "Activation.from_callable": (problem.Activation.from_callable, {"function": np.tanh, "derivative": lambda u: 1
            - np.tanh(u) ** 2, "kinks": [0.0], "name": "t"}),
        "Activation.from_moments": (problem.Activation.from_moments, {"mu1": 0.5, "mu2": 0.3, "rho": 0.5, "name":
            "a"}),
        "Activation.affine": (activation.affine, {"scale": 2.0, "shift": 1.0}),
        "Activation.dual": (problem.built_in("relu").dual, {"c": [0.5]}),
        "Activation.derivative_dual": (problem.built_in("relu").derivative_dual, {"c": [0.5]}),
        "rfrobust.DiscreteSpectrum": (problem.DiscreteSpectrum, {"atoms": [0.5, 1.5], "weights": [0.5, 0.5], "name":
            "d"}),
        "rfrobust.EmpiricalSpectrum": (problem.EmpiricalSpectrum, {"W": W}),
        "Spectrum.resolvents": (problem.MarchenkoPastur().resolvents, {"z": [1.0], "psi1": 2.0}),
        "Spectrum.draw": (problem.MarchenkoPastur().draw, {"N": 2, "d": 3, "rng": rng}),
        "Spectrum.checked_law": (problem.OrthogonalRows().checked_law, {"psi1": 2.0}),
        "problem.Data": (problem.Data, {"signal_norm": 1.0, "tau": 0.5, "nonlinear_power": 0.0}),
        "rfrobust.Huber": (problem.Huber, {"delta": 0.5}),
        "Loss.derivatives": (problem.Huber(0.5).derivatives, {"z": [0.5]}),
        "problem.resolve_loss": (problem.resolve_loss, {"loss": "huber:0.5"}),
        "problem.resolve_noise": (problem.resolve_noise, {"noise": "laplace"}),
        "rfrobust.GaussianMixture": (problem.GaussianMixture, {"deviations": [0.3, 3.0], "weights": [0.8, 0.2],
            "centres": [0.0, 2.0]}),
        "GaussianMixture.of": (problem.GaussianMixture.of, {"sample": [0.3, -1.0, 2.0], "atoms": 2}),
        "rfrobust.StudentT": (problem.StudentT, {"dof": 3.0}),
        "rfrobust.BernoulliGauss": (problem.BernoulliGauss, {"share": 0.5}),
        "Signal.draw": (problem.Rademacher().draw, {"d": 3, "rng": rng}),
        "problem.Attack": (problem.Attack, {"radius": 0.3, "norm": 2.0}),
        "problem.Penalty": (problem.Penalty, {"ridge": 0.1, "gradient": 0.1}),
        "problem.RandomFeatures": (problem.RandomFeatures, {"activation": activation, "spectrum":
            problem.MarchenkoPastur()}),
        "rfrobust.Problem": (problem.Problem, {"psi1": 1.0, "psi2": 2.0, "data": model.problem.data, "features":
            model.problem.features, "attack": model.problem.attack, "penalty": model.problem.penalty, "loss":
            model.problem.loss}),
        "problem.built_in": (problem.built_in, {"name": "relu"}),
        "problem.exact_moments": (problem.exact_moments, {"name": "relu"}),
        "problem.resolve_activation": (problem.resolve_activation, {"activation": "relu"}),
        "problem.resolve_spectrum": (problem.resolve_spectrum, {"spectrum": "marchenko-pastur"}),
        "rfrobust.solve": (rfrobust.solve, {**point, **settings}),
        "rfrobust.sweep": (rfrobust.sweep, dict(problem=model.problem, **point, ridge=0.1, eps_test=0.1, workers=1,
            **layer)),
        "rfrobust.gradient": (rfrobust.gradient, {"equilibrium": model, "eps_test": 0.1}),
        "rfrobust.interpolation_threshold": (rfrobust.interpolation_threshold, dict(**no_eps, n=10, **layer)),
        "rfrobust.null_threshold": (rfrobust.null_threshold, {**no_eps, **layer}),
        "Equilibrium.adversarial_risk": (model.adversarial_risk, {"eps_test": 0.1}),
        "theory.QuadraticModel": (theory.QuadraticModel, {"covariance": np.ones(2), "metric": np.ones(2), "cross":
            [0.5, 0.5], "response_power": 1.0, "n": 4.0, "tau": 0.5, "d": 2.0, "orthonormal": True}),
        "theory.CovarianceModel": (theory.CovarianceModel, {"covariance": np.eye(2), "metric": np.eye(2), "source":
            np.array([0.5, 0.5]), "response_power": 1.0, "n": 4.0, "tau": 0.5, "noise": "gaussian", "labels": "real",
            "d": 2.0}),
        "rfrobust.theory_of_data": (rfrobust.theory_of_data, {"X": many, "y": many @ beta, "features": 8,
            "activation": "tanh", "attack": np.eye(4), "random_state": 0}),
        "DataTheory.sweep": (pooled.sweep, {"n": [10.0], "eps": 0.1, "ridge": 0.1, "eps_test": 0.1}),
        "DataTheory.solve": (pooled.solve, {"n": 10.0, "eps": 0.1, "ridge": 0.1}),
        "DataTheory.null_threshold": (pooled.null_threshold, {"n": 10.0}),
        "samples.image_patches": (own_samples.image_patches, {"count": 10, "size": 3, "contrast": 0.1,
            "random_state": 0}),
        "QuadraticModel.problem": (quadratic.problem, {"eps": 0.1, "ridge": 0.0}),
        "QuadraticModel.solve": (quadratic.solve, {"eps": 0.1, "ridge": 0.0}),
        "QuadraticModel.sweep": (quadratic.sweep, {"eps": 0.1, "ridge": 0.0}),
        "theory.convert_ridge": (theory.convert_ridge, {"value": 0.1, "source": "mei-montanari", "target":
            "scikit-learn", "psi1": 2.0, "n": 10}),
        "theory.drawn_network": (theory.drawn_network, {"W": W, "n": 8.0, "tau": 0.5, "activation": "relu", "beta":
            beta, "attack": np.eye(4), "radial_power": 0.0}),
        "theory.from_mei_montanari": (theory.from_mei_montanari, {"psi1": 2.0, "psi2": 3.0, "lam": 0.1, "tau": 0.1,
            "activation": "relu", "F1": 1.0, "F_star": 0.1}),
        "theory.infinitely_wide": (theory.infinitely_wide, {"psi2": 2.0, "scaled_eps": 0.1, "tau": 0.5, "ridge": 0.1,
            "activation": "relu", "signal_norm": 1.0, "nonlinear_power": 0.0, "radial_power": 0.1}),
        "theory.least_gradient_interpolator": (theory.least_gradient_interpolator, {**no_eps, **layer}),
        "theory.linear": (theory.linear, {"delta": 2.0, "eps": 0.1, "tau": 0.5, "signal_norm": 1.0, "ridge": 0.1}),
        "theory.linear_null_threshold": (theory.linear_null_threshold, {"delta": 2.0, "tau": 0.5, "signal_norm": 1.0}),
        "theory.linear_population": (theory.linear_population, {"eps": 0.1, "tau": 0.5, "signal_norm": 1.0}),
        "theory.mahalanobis_features": (theory.mahalanobis_features, {"psi1": 1.0, "psi2": 2.0, "attack": np.ones(4),
            "eigenvalues": np.ones(4), "tau": 0.5, "activation": "relu"}),
        "theory.mahalanobis_linear": (theory.mahalanobis_linear, {"delta": 2.0, "attack": np.ones(4), "tau": 0.5,
            "signal": np.ones(4), "covariance": np.ones(4)}),
        "theory.null_model": (theory.null_model, {"tau": 0.5, "signal_norm": 1.0, "nonlinear_power": 0.1,
            "radial_power": 0.1}),
        "theory.population": (theory.population, {**without("psi2", point), **settings}),
        "theory.small_eps_expansion": (theory.small_eps_expansion, {**no_eps, "psi1": 1.0, **layer}),
        "theory.wide_gradient_decay": (theory.wide_gradient_decay, {"psi2": 2.0, "tau": 0.5, "activation": "relu",
            "signal_norm": 1.0, "nonlinear_power": 0.0, "radial_power": 0.1}),
        "rfrobust.certify": (rfrobust.certify, {"equilibrium": model, "eps_test": 0.1}),
        "rfrobust.verify": (rfrobust.verify, {"model": model}),
        "checks.variables_of": (checks.variables_of, {"model": model}),
        "checks.linear_theorem": (checks.linear_theorem, {"delta": 2.0, "eps": 0.1, "tau": 0.5, "signal_norm": 1.0}),
        "checks.minimax": (checks.minimax, {"psi1": 3.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "starts": 20}),
        "checks.R": (checks.R, dict(alpha=1.0, beta=1.0, gamma=1.0, tau_q=1.0, tau_g=1.0, **point)),
        "checks.objective_and_gradient": (checks.objective_and_gradient, dict(alpha=1.0, beta=1.0, gamma=1.0,
            tau_q=1.0, tau_g=1.0, **point)),
        "checks.stieltjes": (checks.stieltjes, {"z": -1.0, "psi1": 2.0}),
        "rfrobust.robust_erm": (rfrobust.robust_erm, {"features": features.features(X), "y": y, "metric":
            features.metric, "eps": 0.1, "ridge": 0.1, "loss": "absolute", "norm": 2.0, "gradient_penalty": 0.1,
            "start": None, "tol": 1e-08, "max_iter": 100}),
        "finite.FamilyERM": (finite.FamilyERM, {"features": features.features(X), "y": y, "metric": features, "loss":
            "absolute", "norm": np.inf, "ridge": 0.1, "gradient_penalty": 0.1}),
        "FamilyERM.solve": (family.solve, {"eps": 0.1, "tol": 1e-08, "max_iter": 100}),
        "finite.ConcentratedERM": (finite.ConcentratedERM, {"features": features.features(X), "y": y, "metric":
            features.metric, "ridge": 0.1}),
        "ConcentratedERM.solve": (erm.solve, {"eps": 0.1, "start": None, "tol": 1e-08, "max_iter": 100}),
        "ConcentratedERM.path": (erm.path, {"eps": [0.1], "tol": 1e-08, "max_iter": 100}),
        "rfrobust.simulate": (rfrobust.simulate, dict(problem=model.problem, d=4, psi1=1.0, psi2=2.0, eps=0.3, tau=0.5,
            ridge=0.1, gradient_penalty=0.1, eps_test=0.1, norm_test=2.0, replicates=1,
            objective="concentrated", features="true", seed=0, test_samples=0, store=None, workers=1, client=None,
            **layer)),
        "rfrobust.summary": (rfrobust.summary, {"data": simulated}),
        "rfrobust.RobustRandomFeatures": (lambda **p: rfrobust.RobustRandomFeatures(**p).fit(X, y), {"n_features": 5,
            "activation": "relu", "eps": 0.1, "ridge": 0.1, "objective": "concentrated", **family_of}),
        "rfrobust.RobustRandomFeaturesClassifier": (lambda **p: rfrobust.RobustRandomFeaturesClassifier(**p).fit(X,
            labels), {"n_features": 5, "activation": "relu", "eps": 0.1, "ridge": 0.1, "objective": "concentrated",
            **family_of}),
        "RobustRandomFeaturesClassifier.attack": (partial(classifier.attack, X), {"y": labels, "eps": 0.1, "norm": 3.0,
            "method": "pgd", "steps": 1, "restarts": 20}),
        "RobustRandomFeatures.attack": (partial(forest.attack, X), {"y": y, "eps": 0.1, "norm": 3.0, "method": "pgd",
            "steps": 1, "restarts": 20}),
        "RobustRandomFeatures.adversarial_loss": (partial(forest.adversarial_loss, X), {"y": y, "eps": 0.1,
            "norm": 3.0}),
        "RobustRandomFeatures.adversarial_bounds": (partial(forest.adversarial_bounds, X), {"y": y, "eps": 0.1,
            "norm": 3.0}),
        "finite.FeatureMap": (finite.FeatureMap, {"W": W, "activation": features.activation, "kind": "true"}),
        "FeatureMap.draw": (finite.FeatureMap.draw, {"N": 5, "d": 4, "rng": rng, "activation": "relu", "kind": "true",
            "spectrum": "marchenko-pastur"}),
        "FeatureMap.features": (features.features, {"X": X}),
        "FeatureMap.target_moment": (features.target_moment, {"beta": beta}),
        "finite.linearized_attack": (finite.linearized_attack, dict(**rf, norm=3.0)),
        "finite.pgd_attack": (finite.pgd_attack, dict(**rf, norm=3.0, steps=1, restarts=20, rng=rng,
            start=np.zeros_like(X))),
        "finite.pgd_loss": (finite.pgd_loss, dict(**rf, ridge=0.1, norm=3.0, steps=1, restarts=20)),
        "finite.linearized_erm": (finite.linearized_erm, dict(**without("theta", rf), ridge=0.1, **family_of, tol=1e-06,
            max_iter=100)),
        "finite.pgd_erm": (finite.pgd_erm, dict(**without("theta", rf), ridge=0.1, norm=3.0, tol=0.01, max_iter=5,
            attack_steps=2)),
        "finite.gradient_norm": (finite.gradient_norm, {"network": features, "theta": theta, "norm": 2.0}),
        "finite.exact_risks": (finite.exact_risks, {"network": features, "theta": theta, "beta": beta, "data":
            model.problem.data}),
        "finite.standard_risk": (finite.standard_risk, {"network": features, "theta": theta, "beta": beta, "tau": 0.5,
            "nonlinear_power": 0.0}),
        "finite.sampled_risks": (finite.sampled_risks, {"network": features, "theta": theta, "beta": beta, "tau": 0.5,
            "eps_test": 0.1, "samples": 5, "rng": rng, "norm": 3.0, "nonlinear_power": 0.0, "steps": 1}),
        "rfrobust.extrapolate": (rfrobust.extrapolate, {"data": simulated}),
        "finite.line_weights": (finite.line_weights, {"d": [10.0, 20.0, 40.0], "weight": [1.0, 1.1, 1.2]}),
        "finite.inner_maximum": (finite.inner_maximum, dict(**rf, norm=3.0, steps=1, restarts=0)),
        "finite.power_law": (finite.power_law, {"d": [10.0, 20.0, 40.0], "size": [1.0, 1.1, 1.2], "draws": [5, 5, 5]}),
        "finite.mean_estimate": (finite.mean_estimate, {"values": [1.0, 2.0]}),
        "finite.nonlinear_part": (finite.nonlinear_part, {"X": X}),
        "rfrobust.best_activation": (rfrobust.best_activation, dict(**point, eps_test=0.1, mu1_over_mu2=None,
            **target)),
        "rfrobust.best_training": (rfrobust.best_training, dict(**no_eps, eps_test=0.1, eps=None, ridge=0.0, **layer)),
        "rfrobust.best_width": (rfrobust.best_width, dict(**without("psi1", point), eps_test=0.1, psi1_range=(0.1,
            10.0), **settings)),
        "rfrobust.pareto": (rfrobust.pareto, dict(**no_eps, eps_test=0.1, ridge=0.0, points=10, **layer)),
        "tuning.add_margins": (tuning.add_margins, {"data": swept, "problem": None}),
        "tuning.best_widths": (tuning.best_widths, dict(eps=[0.1], psi2=2.0, tau=0.5, **settings)),
        "tuning.radius_curves": (tuning.radius_curves, dict(psi1=[2.0], psi2=2.0, tau=0.5, **settings)),
        "tuning.width_transition": (tuning.width_transition, dict(psi2=2.0, tau=0.5, **settings)),
        "tuning.polynomial_activation": (tuning.polynomial_activation, {"mu1": 0.5, "mu2": 0.3, "rho": 0.5}),
        "cgro.Dense": (cgro.Dense, {"inputs": 2, "outputs": 2, "rng": rng}),
        "cgro.Convolution": (cgro.Convolution, {"inputs": 1, "outputs": 1, "size": 3, "rng": rng}),
        "cgro.PatchProblem": (cgro.PatchProblem, patches.attrs()),
        "cgro.PatchAttack": (cgro.PatchAttack, {"kind": "l2", "radius": 0.1, "steps": 1, "target": "all",
            "restarts": 0}),
        "PatchAttack.radius_for": (cgro.PatchAttack("l2").radius_for, {"problem": patches}),
        "cgro.sample_patches": (cgro.sample_patches, {"problem": patches, "samples": 2, "rng": rng, "direction":
            drawn.train.direction}),
        "cgro.draw": (cgro.draw, {"problem": patches, "seed": 0, "test_samples": 2}),
        "cgro.margins": (cgro.margins, {"weights": weights, "data": drawn.train, "q": 3}),
        "cgro.memory": (cgro.memory, {"weights": weights, "data": drawn.train, "q": 3}),
        "cgro.attacked": (cgro.attacked, {"weights": weights, "data": drawn.train, "problem": patches, "attack":
            cgro.PatchAttack()}),
        "cgro.margin_bounds": (cgro.margin_bounds, {"weights": weights, "data": drawn.train, "problem": patches,
            "attack": cgro.PatchAttack("l2", restarts=0)}),
        "cgro.loss": (cgro.loss, {"weights": weights, "data": drawn.train, "problem": patches, "attack":
            cgro.PatchAttack()}),
        "cgro.descend": (cgro.descend, {"weights": weights, "data": drawn.train, "problem": patches, "count": 1,
            "attack": cgro.PatchAttack()}),
        "cgro.GramDescent": (cgro.GramDescent, {"problem": patches, "data": drawn.train, "weights": weights}),
        "GramDescent.run": (cgro.GramDescent(patches, drawn.train, weights).run, {"count": 1, "stop_margin": 1.0,
            "fraction": 0.9}),
        "cgro.log_records": (cgro.log_records, {"steps": 5, "count": 3}),
        "cgro.trajectories": (cgro.trajectories, dict(problem=patches, **replicates, steps=2, records=[1],
            attack=cgro.PatchAttack(), test_samples=2, workers=1)),
        "cgro.reduced_trajectory": (cgro.reduced_trajectory, dict(problem=patches, **replicates, steps=2, records=[1],
            coupling="diagonal")),
        "cgro.find_phases": (cgro.find_phases, {"data": run, "level": 1.0}),
        "cgro.phase_diagram": (cgro.phase_diagram, dict(problem=patches, **replicates, **cell, margin=1.0, workers=1)),
        "cgro.simulated_boundary": (cgro.simulated_boundary, {"data": diagram}),
        "cgro.boundary": (cgro.boundary, {"problem": patches, "method": "formula"}),
        "cgro.memory_share": (cgro.memory_share, {"problem": patches, "margin": 1.0}),
        "cgro.memory_time": (cgro.memory_time, {"problem": patches}),
        "cgro.stall_level": (cgro.stall_level, {"problem": patches, "time": 100.0}),
        "cgro.scaling": (cgro.scaling, {"problem": patches, "alphas": [2.0, 3.0], "replicates": 1, "seed": 0, "time":
            1.0, "workers": 1}),
        "cgro.advance": (cgro.advance, {"start": [0.1], "clock": [0.1], "q": 3}),
        "cgro.blow_up": (cgro.blow_up, {"start": 0.1, "q": 3}),
        "cgro.start_of": (cgro.start_of, {"drawn": drawn}),
        "cgro.typical_start": (cgro.typical_start, {"problem": patches}),
        "cgro.solve_clocks": (cgro.solve_clocks, {"problem": patches, "start": start, "times": [0.0, 1.0]}),
        "cgro.phase_times": (cgro.phase_times, {"problem": patches, "start": start, "level": 0.5}),
        "cgro.ImageData": (cgro.ImageData, vars(images)),
        "cgro.digits": (cgro.digits, {"train": 10, "test": 10, "seed": 0}),
        "cgro.AdversarialTraining": (cgro.AdversarialTraining, vars(tiny)),
        "cgro.train_network": (cgro.train_network, {"data": images, "architecture": "two-layer", "width": 2,
            "settings": tiny, "seed": 0}),
        "cgro.width_sweep": (cgro.width_sweep, dict(architecture="two-layer", widths=[2], settings=tiny, data=images,
            **replicates, workers=1)),
        "cgro.linf_attack": (cgro.linf_attack, {"network": cnn, "x": images.x_test, "y": images.y_test, "radius": 0.1,
            "steps": 1, "rng": rng}),
        "cgro.accuracy": (cgro.accuracy, {"network": cnn, "x": images.x_test, "y": images.y_test, "batch": 5}),
        "cgro.robust_accuracy": (cgro.robust_accuracy, {"network": cnn, "x": images.x_test, "y": images.y_test,
            "settings": tiny, "seed": 0, "batch": 5}),
        "cgro.evaluate": (cgro.evaluate, {"network": cnn, "data": images, "settings": tiny, "seed": 0}),
        "wide.Architecture": (wide.Architecture, {"depth": 2, "w_std": 1.0, "b_std": 0.1, "activation": "relu"}),
        "Architecture.variances": (architecture.variances, {"inputs": X}),
        "wide.InputAttack": (wide.InputAttack, {"radius": 0.1, "norm": "linf", "steps": 1, "step": 0.1, "bounds": (0.0,
            1.0), "loss": "squared", "method": "pgd"}),
        "InputAttack.run": (attack.run, {"model": network, "x": X, "targets": y[:, None], "rng": rng}),
        "FiniteNetwork.random": (wide.FiniteNetwork.random, {"architecture": architecture, "inputs": 4, "width": 3,
            "outputs": 1, "seed": 0, "dtype": "float64"}),
        "FiniteNetwork.predict": (network.predict, {"x": X}),
        "FiniteNetwork.input_gradient": (network.input_gradient, {"x": X, "cotangent": np.ones((6, 1))}),
        "wide.gradient_search": (wide.gradient_search, {"network": network, "x": X, "targets": y[:, None], "eta": 0.1,
            "horizon": 1.0, "steps": 1}),
        "wide.train_on_search": (wide.train_on_search, {"network": network, "x": X, "targets": y[:, None], "eta": 0.1,
            "horizon": 1.0, "learning_rate": 0.001, "steps": 1, "search_steps": 1}),
        "wide.adversarial_training": (wide.adversarial_training, {"network": network, "x": X, "targets": y[:, None],
            "attack": attack, "epochs": 1, "learning_rate": 0.001, "batch_size": 3, "seed": 0, "after_epoch": None}),
        "wide.nngp": (wide.nngp, {"architecture": architecture, "x": X, "z": X, "workers": 1}),
        "wide.ntk": (wide.ntk, {"architecture": architecture, "x": X, "z": X, "workers": 1}),
        "wide.ntk_with_gradient": (wide.ntk_with_gradient, {"architecture": architecture, "x": X, "z": X, "workers":
            1}),
        "wide.ark_limit": (wide.ark_limit, {"architecture": architecture, "x": X, "finite_inputs": True}),
        "wide.ark_monte_carlo": (wide.ark_monte_carlo, {"architecture": architecture, "x": X, "width": 3, "replicates":
            2, "seed": 0}),
        "wide.KernelPredictor": (wide.KernelPredictor, {"architecture": architecture, "samples": X, "coefficients":
            y[:, None], "workers": 1}),
        "KernelPredictor.predict": (predictor.predict, {"x": X}),
        "KernelSpectrum.decompose": (wide.KernelSpectrum.decompose, {"theta": theta_x, "jitter": 0.1}),
        "KernelSpectrum.coefficients": (kernel.coefficients, {"targets": y[:, None], "xi": 1.0}),
        "StoppedKernel.decompose": (wide.StoppedKernel.decompose, {"theta": theta_x, "times": np.ones(6)}),
        "StoppedKernel.coefficients": (stopped.coefficients, {"targets": y[:, None]}),
        "StoppedKernel.times_gradient": (stopped.times_gradient, {"targets": y[:, None], "sensitivity": y[:, None]}),
        "wide.LinearizedFlow": (wide.LinearizedFlow, {"theta": theta_x, "targets": y, "ark": 1.0, "eta": 0.1,
            "horizon": 1.0, "initial": y}),
        "LinearizedFlow.amplification": (flow.amplification, {"t": 1.0}),
        "LinearizedFlow.regularization": (flow.regularization, {"t": 1.0}),
        "LinearizedFlow.coefficients": (flow.coefficients, {"times": [1.0], "method": "closed form"}),
        "wide.noisy_digits": (wide.noisy_digits, {"kernel": 20, "validate": 10, "test": 5, "label_noise": 0.1, "seed":
            0}),
        "wide.Samples": (wide.Samples, vars(samples)),
        "wide.compare": (wide.compare, {"samples": samples, "architecture": architecture, "radius": 0.1,
            "learning_rate": 0.1, "n_steps": 1, "estimators": ["NTK"], "attack_method": "pgd", "seed": 0, "workers":
            1}),
        "wide.finite_width_accuracy": (wide.finite_width_accuracy, {"samples": samples, "architecture": architecture,
            "radius": 0.1, "width": 3, "epochs": 1, "seed": 0}),
        **{f"wide.{base}{end}": (fitted(getattr(wide, base + end), targets), {**ntk, **more}) for base, more in
            own.items() for end, targets in (("Regressor", y), ("Classifier", labels))},
        "memorize.ReLUNetwork": (memorize.ReLUNetwork, {"weights": [np.ones((1, 2))], "biases": [np.zeros(1)]}),
        "ReLUNetwork.affine": (memorize.ReLUNetwork.affine, {"weight": np.ones((1, 2)), "bias": np.zeros(1)}),
        "ReLUNetwork.from_sklearn": (memorize.ReLUNetwork.from_sklearn, {"model": None}),
        "ReLUNetwork.forward": (relu.forward, {"x": X}),
        "ReLUNetwork.__call__": (relu.__call__, {"x": X}),
        "ReLUNetwork.bounds": (relu.bounds, {"lower": X, "upper": X + 1}),
        "ReLUNetwork.deepen": (relu.deepen, {"depth": 3, "nonnegative": False}),
        "ReLUNetwork.gradient": (relu.gradient, {"x": X, "cotangent": np.ones((6, 1))}),
        "memorize.trapezoid": (memorize.trapezoid, {"a": 0.0, "b": 1.0, "theta": 0.1}),
        "memorize.block": (memorize.block, {"center": [0.0, 1.0], "delta": 0.1, "theta": 0.1, "form": "hinge"}),
        "memorize.blocks": (memorize.blocks, {"centers": X, "delta": 0.1, "theta": 0.1, "form": "hinge"}),
        "memorize.clip_gate": (memorize.clip_gate, {"bound": 1.0}),
        "memorize.exact_gate": (memorize.exact_gate, {"bound": 1.0}),
        "memorize.squaring": (memorize.squaring, {"levels": 2}),
        "memorize.product": (memorize.product, {"levels": 2, "bound": 1.0}),
        "memorize.compose": (memorize.compose, {"outer": memorize.ReLUNetwork.affine([[1.0]], [0.0]), "inner": relu}),
        "memorize.stack": (memorize.stack, {"networks": [relu, relu]}),
        "memorize.parallel_sum": (memorize.parallel_sum, {"networks": [relu, relu], "coefficients": [1.0, 1.0]}),
        "memorize.robust_memorizer": (memorize.robust_memorizer, {"clean": relu, "X": X, "y": labels, "delta": 0.01,
            "theta": 0.01, "gate": "exact", "form": "hinge", "margin": None}),
        "memorize.student": (memorize.student, {"teacher": relu, "X": X, "y": y, "delta": 0.01, "theta": 0.01, "gate":
            "exact", "form": "hinge", "levels": 2}),
        "Memorizer.predict": (memorizer.predict, {"x": X}),
        "Memorizer.activations": (memorizer.activations, {"x": X}),
        "Memorizer.reaches": (memorizer.reaches, {"x": X, "radius": 0.1}),
        "Memorizer.restrict": (memorizer.restrict, {"x": X, "radius": 0.1}),
        "memorize.verify": (memorize.verify, {"memorizer": memorizer, "X": X, "delta": 0.01}),
        "Verification.margin": (verification.margin, {"y": labels}),
        "Verification.largest_deviation": (verification.largest_deviation, {"values": memorizer.values}),
        "memorize.minimum": (memorize.minimum, {"network": relu, "lower": np.zeros(4), "upper": np.ones(4),
            "objective": [1.0]}),
        "memorize.pgd": (memorize.pgd, {"network": relu, "X": X, "y": labels, "radius": 0.1, "steps": 1, "restarts":
            20, "box": (-9.0, 9.0), "seed": 0}),
        "memorize.robust_error": (memorize.robust_error, {"network": relu, "X": X, "y": labels, "radius": 0.1, "steps":
            1}),
        "memorize.robust_error_bounds": (memorize.robust_error_bounds, {"network": relu, "X": X, "y": labels, "radius":
            0.1, "steps": 1, "restarts": 0}),
        "memorize.largest_delta": (memorize.largest_delta, {"X": X, "y": labels, "theta": 0.01}),
        "memorize.built_parameters": (memorize.built_parameters, {"N": 2, "D": 2, "seed": 0}),
        "memorize.parameter_counts": (memorize.parameter_counts, {"N": [2], "D": [2], "eps": 0.1}),
        "memorize.digits_comparison": (memorize.digits_comparison, {"delta": 0.1, "theta": 0.1, "hidden": 2, "seed":
            0}),
        "memorize.interpolant": (memorize.interpolant, {"values": [0.0, 1.0]}),
        "memorize.learning_rates": (memorize.learning_rates, {"d": 1, "r": 2.0, "n": [32, 64], "scale": [0.1, 0.2],
            "noise": 0.5, "softness": 0.25, "replicates": 2, "seed": 0, "progress": False}),
        "memorize.slopes": (memorize.slopes, {"data": rates}),
        "memorize.to_onnx": (memorize.to_onnx, {"network": relu, "path": None, "dtype": "float64"}),
        "figures.compute": (figures.compute, {"name": "against-eps", "quick": True}),
        "figures.figure_module": (figures.figure_module, {"name": "against-eps"}),
        "figures.problem_key": (figures.problem_key, {"name": "against-eps"}),
    }
    # fmt: on
