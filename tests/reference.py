"""Independent references in multiple precision, written from the formulas of the sources, not from the package."""

from functools import cache

import mpmath as mp


def marchenko_pastur(z, psi1):
    """s1 and s2 from the quadratic equation of docs/theory, eq-mp, at the working precision."""
    z, psi1 = mp.mpf(z), mp.mpf(psi1)
    b = z + 1 - psi1
    s1 = (mp.sqrt(b * b + 4 * psi1 * z) - b) / (2 * psi1 * z)
    return s1, s1 * (1 + psi1 * s1) / (2 * psi1 * z * s1 + z + 1 - psi1)


def scalars(q, V):
    """p0, phi, A, B, m, D of docs/theory, eq-gaussian-parts."""
    s = q * V
    phi = mp.npdf(s)
    p1 = mp.erfc(s / mp.sqrt(2))
    p0 = mp.erf(s / mp.sqrt(2))
    A = p0 - 2 * s * phi
    B = p1 + 2 * s * phi + 4 * q * phi + q * q * p1
    return p0, p1, phi, A, B, 2 * phi - s * p1, p0 + p1 * V / (1 + V)


def traces(k, l, psi1, mu1, mu2, rho, law=None):
    """E Sigma/H, mu1^2 E x/H, mu1^2 E x Sigma/H^2, mu1^2 E x J^2/H^2, E Sigma^2/H^2, E Sigma J^2/H^2.

    ``law`` is a list of atoms and weights of W W', None the Marchenko-Pastur law.
    """
    if law is None and mu1 == 0:
        law = [(mp.mpf(1), mp.mpf(1))]  # nothing depends on x
    if law is not None:
        total = [mp.mpf(0)] * 6
        for x, weight in law:
            linear = mu1**2 * x
            sigma, metric = linear + mu2**2, linear + rho**2
            H = sigma + k * metric + l
            if H == 0:  # features without variance
                continue
            parts = (
                sigma / H, linear / H, linear * sigma / H**2, linear * metric / H**2, sigma**2 / H**2,
                sigma * metric / H**2,
            )  # fmt: skip
            total = [a + weight * b for a, b in zip(total, parts, strict=True)]
        return tuple(total)
    m2, r2 = (mu2 / mu1) ** 2, (rho / mu1) ** 2
    K = 1 / (1 + k)
    z = K * (mu2**2 + k * rho**2 + l) / mu1**2
    z = max(z, mp.mpf(10) ** -mp.mp.dps)  # linear features without ridge: the limit z -> 0
    s1, s2 = marchenko_pastur(z, psi1)
    e0, e1, e2, f = s2, s1 - z * s2, 1 - 2 * z * s1 + z * z * s2, 1 - z * s1
    return (
        K * (f + m2 * s1),
        K * f,
        K**2 * (e2 + m2 * e1),
        K**2 * (e2 + r2 * e1),
        K**2 * (e2 + 2 * m2 * e1 + m2**2 * e0),
        K**2 * (e2 + (m2 + r2) * e1 + m2 * r2 * e0),
    )


def sigmoid(u):
    """1/(1 + e^-u)."""
    return 1 / (1 + mp.exp(-u))


#: Built-in activations and their derivatives, for mpmath, by name.
FORMULAS = {
    "relu": (lambda u: max(u, 0) - 1 / mp.sqrt(2 * mp.pi), lambda u: mp.mpf(u > 0)),
    "leaky-relu": (lambda u: u if u > 0 else u * mp.mpf(0.1), lambda u: mp.mpf(1) if u > 0 else mp.mpf(0.1)),
    "abs-linear": (lambda u: abs(u) + u, lambda u: mp.mpf(2 * (u > 0))),
    "hard-tanh": (lambda u: min(max(u, -1), 1), lambda u: mp.mpf(-1 < u < 1)),
    "erf": (mp.erf, lambda u: 2 / mp.sqrt(mp.pi) * mp.exp(-u * u)),
    "step": (lambda u: mp.ncdf(5 * u), lambda u: 5 * mp.npdf(5 * u)),
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda u: -mp.sin(u)),
    "quadratic": (lambda u: u * u - 1, lambda u: 2 * u),
    "gelu": (lambda u: u * mp.ncdf(u), lambda u: mp.ncdf(u) + u * mp.npdf(u)),
    "identity": (lambda u: u, lambda u: mp.mpf(1)),
    "tanh": (mp.tanh, lambda u: mp.sech(u) ** 2),
    "sigmoid": (sigmoid, lambda u: sigmoid(u) * sigmoid(-u)),
    "softplus": (lambda u: mp.log(1 + mp.exp(u)), sigmoid),
    "silu": (lambda u: u * sigmoid(u), lambda u: sigmoid(u) * (1 + u * sigmoid(-u))),
}


def mean(function, digits):
    """E function(G) for G ~ N(0, 1); the function may have kinks at integers."""
    with mp.workdps(digits + 5):
        return mp.quad(lambda u: function(u) * mp.npdf(u), [-20, *range(-8, 9), 20])


@cache
def moments(name, digits=40):
    """mu1, mu2, rho of a built-in activation by integrals of its formula, 0 where they are rounding error."""
    sigma, slope = FORMULAS[name]
    with mp.workdps(digits + 5):
        mu0, mu1 = mean(sigma, digits), mean(slope, digits)
        mu2 = mp.sqrt(mean(lambda u: (sigma(u) - mu0 - mu1 * u) ** 2, digits))
        rho = mp.sqrt(mean(lambda u: (slope(u) - mu1) ** 2, digits))
        return tuple(value if abs(value) > mp.mpf(10) ** (10 - digits) else mp.mpf(0) for value in (mu1, mu2, rho))


def law_of(model):
    """Atoms and weights of W W' of a model, None for the Marchenko-Pastur law."""
    if model.spectrum.name == "marchenko-pastur":
        return None
    if model.spectrum.name == "orthogonal":
        psi1 = mp.mpf(model.psi1)
        return [(mp.mpf(1), mp.mpf(1))] if psi1 <= 1 else [(psi1, 1 / psi1), (mp.mpf(0), 1 - 1 / psi1)]
    atoms, weights = ([mp.mpf(x) for x in values.tolist()] for values in model.spectrum.law(model.psi1))
    return [(x, w / mp.fsum(weights)) for x, w in zip(atoms, weights, strict=True)]


def relu_moments():
    """mu1, mu2, rho of the shifted ReLU at the working precision."""
    half = mp.mpf(1) / 2
    return half, mp.sqrt(half**2 - 1 / (2 * mp.pi)), half


def radial(k, l, psi1, mu1, mu2, rho, a2):
    """What a radial part of power 1 adds to r^2, and what is left of it, as written before eq-radial-averages."""
    zeta = mu2**2 + k * rho**2 + l
    z = zeta / (1 + k) / mu1**2
    s1, s2 = marchenko_pastur(z, psi1)
    unit = (1 + k) * mu1**2
    h, h2, xh2 = s1 / unit, s2 / unit**2, mu1**2 * (s1 - z * s2) / unit**2
    source, spike = a2**2 * psi1, a2**2 * psi1
    e = h / (1 + spike * (1 + 2 * k) * h)  # e' H^-1 e
    scale = (e / h) ** 2
    sigma = scale * (xh2 + mu2**2 * h2) + spike * e**2
    metric = scale * (xh2 + rho**2 * h2) + 2 * spike * e**2
    return source * metric, 1 - 2 * source * e + source * sigma


def equations(q, V, k, psi1, psi2, eps, tau, ridge, moments, law=None, radial_power=0, a2=0, penalty=0):
    """Return the three equations eq-k, eq-I, eq-II of docs/theory, each as left/right - 1, then v and r^2."""
    p0, p1, phi, A, B, m, D = scalars(q, V)
    a = D / V
    t = traces(k, ridge / a, psi1, *moments, law)
    R = psi1 / psi2
    g = (A + B * (V / (1 + V)) ** 2) / D**2
    learned, left = radial(k, ridge / a, psi1, *moments, a2) if radial_power else (0, 0)
    v = (tau**2 + 1 - 2 * psi1 * t[1] + psi1 * t[2] + radial_power * left) / (1 - g * R * t[4])
    r2 = psi1 * t[3] + radial_power * learned + g * v * R * t[5]
    return ((k * a - penalty) * q / (m / (1 + V) + q) / eps**2 - 1, eps**2 * r2 / (q**2 * v) - 1, R * t[0] / D - 1), (
        v,
        r2,
        p0,
        p1,
        phi,
        m,
    )


def polish(model, digits=40):
    """Return (v, r^2, R*, p0) of a regular solution, recomputed by Newton in ``digits`` digits from its (q, V, k)."""
    with mp.workdps(digits):
        problem = [mp.mpf(x) for x in (model.psi1, model.psi2, model.eps, model.tau, model.ridge)]
        penalty = mp.mpf(model.gradient_penalty)
        name = model.activation.name
        constants = relu_moments() if name == "relu" else moments(name, max(digits, 40))
        law = law_of(model)

        def system(log_q, log_V, log_k):
            return equations(*(mp.exp(x) for x in (log_q, log_V, log_k)), *problem, constants, law, penalty=penalty)[0]

        start = [mp.log(x) for x in (model.q, model.V, model.k)]
        root = mp.findroot(system, start, tol=mp.mpf(10) ** (-digits + 8), maxsteps=40)
        q, V, k = (mp.exp(x) for x in root)
        _, (v, r2, p0, p1, phi, m) = equations(q, V, k, *problem, constants, law, penalty=penalty)
        s = q * V
        loss = v / 2 * ((p1 - 2 * s * phi + s * s * p1) / (1 + V) ** 2 + 2 * q * m / (1 + V) + q * q)
        return v, r2, loss, p0


def limit_risks(kind, start, psi1, psi2, eps, tau, ridge):
    """Return (v, r) of a limit with one unknown (docs/theory, "Phases and limits"), solved near ``start``.

    ``kind``: "ridge" (unknown l), "interpolating" (k), "ridgeless" (none) or "population" (q).
    """
    moments = relu_moments()
    R = psi1 / psi2
    h = mp.sqrt(2 / mp.pi)

    def root(equation):
        return mp.exp(mp.findroot(lambda x: equation(mp.exp(x)), mp.log(start), tol=mp.mpf(10) ** (8 - mp.mp.dps)))

    def traces_at(k, l):
        return traces(k, l, psi1, *moments)

    def population(q):
        t = traces_at(eps**2 * (h + q) / (q * (1 + h * q)), ridge / (1 + h * q))
        return tau**2 + 1 - 2 * psi1 * t[1] + psi1 * t[2], psi1 * t[3]

    if kind == "population":

        def definition_of_q(q):
            v, r2 = population(q)
            return mp.log(q**2 * v / (eps**2 * r2))

        v, r2 = population(root(definition_of_q))
        return v, mp.sqrt(r2)
    if kind == "ridge":
        t = traces_at(mp.mpf(0), root(lambda l: ridge / l + R * traces_at(mp.mpf(0), l)[0] - 1))
    elif kind == "interpolating":
        t = traces_at(root(lambda k: R * traces_at(k, mp.mpf(0))[0] - 1), mp.mpf(0))
    else:
        t = traces_at(mp.mpf(0), mp.mpf(0))
    v = (tau**2 + 1 - 2 * psi1 * t[1] + psi1 * t[2]) / (1 - R * t[4])
    return v, mp.sqrt(psi1 * t[3] + v * R * t[5])


def ridge_risk(model, digits=40):
    """Return v of a square-loss solution (eps = 0) by solving for l in ``digits`` digits."""
    with mp.workdps(digits):
        psi1, psi2, tau, ridge = (mp.mpf(x) for x in (model.psi1, model.psi2, model.tau, model.ridge))
        moments = relu_moments()
        R = psi1 / psi2

        def equation(log_l):
            l = mp.exp(log_l)
            return mp.log((1 - ridge / l) / (R * traces(mp.mpf(0), l, psi1, *moments)[0]))

        l = mp.exp(mp.findroot(equation, mp.log(mp.mpf(model.ridge) * (1 + mp.mpf(model.V))), tol=1e-30))
        t = traces(mp.mpf(0), l, psi1, *moments)
        return (tau**2 + 1 - 2 * psi1 * t[1] + psi1 * t[2]) / (1 - R * t[4])


def mei_montanari(psi1, psi2, lam, tau, mu1_squared, mu2_squared, signal=1, nonlinear=0, digits=40):
    """Return (R, E1/E0, E2/E0) of [MM]; ``lam`` is their lambda."""
    with mp.workdps(digits):
        psi1, psi2, lam, tau = (mp.mpf(x) for x in (psi1, psi2, lam, tau))
        z2 = mp.mpf(mu1_squared) / mu2_squared
        lb = lam / mu2_squared
        edge = min(psi1, psi2)

        def h(c):
            return c + z2 * c / (1 + z2 * c)

        if lam == 0:  # h(c) = min(psi1, psi2)
            target = edge
        else:
            # (psi1 - h)(psi2 - h) = psi1 psi2 lb c decreases on the left, grows on the right: bisect in c
            low, high = mp.mpf(0), edge
            for _ in range(200):
                c = (low + high) / 2
                left = (psi1 - h(c)) * (psi2 - h(c))
                if h(c) < edge and left > psi1 * psi2 * lb * c:
                    low = c
                else:
                    high = c
            target = h((low + high) / 2)
        # h(c) = target is quadratic in c
        b = 1 + z2 - z2 * target
        c = (-b + mp.sqrt(b * b + 4 * z2 * target)) / (2 * z2)
        x = -c
        P = psi1 * psi2
        E0 = (
            -(x**5) * z2**3 + 3 * x**4 * z2**2 + (P - psi2 - psi1 + 1) * x**3 * z2**3 - 2 * x**3 * z2**2
            - 3 * x**3 * z2 + (psi1 + psi2 - 3 * P + 1) * x**2 * z2**2 + 2 * x**2 * z2 + x**2 + 3 * P * x * z2 - P
        )  # fmt: skip
        E1 = psi2 * x**3 * z2**2 - psi2 * x**2 * z2 + P * x * z2 - P
        E2 = (
            x**5 * z2**3 - 3 * x**4 * z2**2 + (psi1 - 1) * x**3 * z2**3 + 2 * x**3 * z2**2 + 3 * x**3 * z2
            - (psi1 + 1) * x**2 * z2**2 - 2 * x**2 * z2 - x**2
        )  # fmt: skip
        bias, variance = E1 / E0, E2 / E0
        return signal * bias + (tau**2 + nonlinear) * variance + nonlinear, bias, variance
