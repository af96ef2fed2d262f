"""Robust training recomputed at 60 digits, from the data as given; shares no code with the package."""

import mpmath as mp
import numpy as np

DIGITS = 60
#: The ridge penalties that are accepted.
RIDGES = 1e-20, 1e20


class ExactERM:
    """(1/2n) sum (|y_i - <theta, phi_i>| + eps |J theta|)^2 + (ridge/2)|theta|^2; J^2 > 0 but for zero rows."""

    def __init__(self, F, y, J2, eps, ridge=0.0):
        self.F, self.J2, self.y = mp.matrix(F.tolist()), mp.matrix(J2.tolist()), mp.matrix(y.tolist())
        self.eps, self.ridge, self.n, self.N = mp.mpf(eps), mp.mpf(ridge), *F.shape
        self.on = [j for j in range(self.N) if J2[j].any()]
        self.off = [j for j in range(self.N) if not J2[j].any()]
        self.metric = mp.matrix(J2[np.ix_(self.on, self.on)].tolist()) if self.on else None

    def norm(self, theta):
        return mp.sqrt((theta.T * self.J2 * theta)[0])

    def loss(self, theta):
        residual = self.y - self.F * theta
        b = self.eps * self.norm(theta)
        return sum((abs(t) + b) ** 2 for t in residual) / (2 * self.n) + self.ridge * (theta.T * theta)[0] / 2

    def lower_bound(self, alpha, theta):
        """Weak duality: inf over theta of alpha'(y - F theta)/n + ... with the pull split between norm and ridge."""
        n, eps = self.n, self.eps
        theta = theta.copy()
        if self.off and not self.ridge:
            alpha = alpha - self.columns(self.off) * self.project(alpha)
        pull = self.F.T * alpha / n
        for j in self.off:
            theta[j] = pull[j] / self.ridge if self.ridge else mp.mpf(0)
        g = pull - self.ridge * theta
        size = mp.mpf(0)
        if self.on:
            g = mp.matrix([g[j] for j in self.on])
            size = mp.sqrt((g.T * mp.cholesky_solve(self.metric, g))[0])
        a = sorted(abs(t) for t in alpha)
        # rho >= 0 with size = (eps/n) sum max(eps rho, a_i), by a walk over the sorted a
        rho, tail = mp.mpf(0), sum(a)
        if size * n > eps * tail:
            for k, value in enumerate(a):
                tail -= value
                rho = (size * n / eps - tail) / (k + 1) / eps
                if k + 1 == n or eps * rho <= a[k + 1]:
                    break
        quadratic = sum(t**2 - max(eps * rho - t, 0) ** 2 for t in a) / (2 * n)
        conjugate = quadratic + rho * (size - eps * sum(a) / n)
        return (alpha.T * self.y)[0] / n - self.ridge * (theta.T * theta)[0] / 2 - conjugate

    def columns(self, index):
        return mp.matrix([[self.F[i, j] for j in index] for i in range(self.n)])

    def project(self, vector):
        free = self.columns(self.off)
        return mp.lu_solve(free.T * free, free.T * vector)

    def best_lower_bound(self, theta, alpha):
        """The largest bound along Newton's method for the optimality conditions, from a point given in doubles."""
        with mp.workdps(DIGITS):
            theta, alpha = mp.matrix(theta.tolist()), mp.matrix(alpha.tolist())
            bound, stalled = self.lower_bound(alpha, theta), 0
            if not self.on or not any(theta[j] for j in self.on):
                return max(bound, self.lower_bound(self.y - self.F * theta, theta), self._null_bound(theta))
            for _ in range(25):
                theta, alpha = self._newton(theta, alpha)
                new = self.lower_bound(alpha, theta)
                stalled = stalled + 1 if new <= bound * (1 + mp.mpf(10) ** -25) else 0
                bound = max(bound, new)
                if stalled == 4:
                    break
            return bound

    def newton(self, theta, alpha, steps):
        """Theta after some steps of Newton's method from a point given in doubles."""
        with mp.workdps(DIGITS):
            theta, alpha = mp.matrix(theta.tolist()), mp.matrix(alpha.tolist())
            for _ in range(steps):
                theta, alpha = self._newton(theta, alpha)
            return list(theta)

    def _null_bound(self, theta):
        theta = mp.zeros(self.N, 1)
        if self.off:
            free = self.columns(self.off)
            shift = self.n * self.ridge * mp.eye(len(self.off))
            for j, value in zip(self.off, mp.lu_solve(free.T * free + shift, free.T * self.y), strict=True):
                theta[j] = value
        return self.lower_bound(self.y - self.F * theta, theta)

    def _newton(self, theta, alpha):
        n, N, eps = self.n, self.N, self.eps
        b = self.norm(theta)
        g = self.J2 * theta / b
        system, right = mp.zeros(n + N), mp.zeros(n + N, 1)
        weight = mp.mpf(0)
        for i in range(n):
            moving, sign = abs(alpha[i]) > eps * b, mp.sign(alpha[i])
            right[i] = self.y[i] - sum(self.F[i, j] * theta[j] for j in range(N))
            weight += max(eps * b, abs(alpha[i]))
            for j in range(N):
                system[i, j] = self.F[i, j]
                system[n + j, N + i] = self.F[i, j] / n
                if moving:
                    system[i, j] -= sign * eps * g[j]
                    system[n + j, N + i] -= eps / n * sign * g[j]
                else:
                    for k in range(N):
                        system[n + j, k] -= eps**2 / n * g[j] * g[k]
            if moving:
                system[i, N + i] = 1
                right[i] -= sign * (abs(alpha[i]) - eps * b)
        pull = self.F.T * alpha / n
        for j in range(N):
            right[n + j] = -(pull[j] - self.ridge * theta[j] - eps / n * weight * g[j])
            system[n + j, j] -= self.ridge
            for k in range(N):
                system[n + j, k] -= eps / n * weight * (self.J2[j, k] - g[j] * g[k]) / b
        try:
            step = mp.lu_solve(system, right)
        except ZeroDivisionError:
            return theta, alpha
        return theta + step[:N], alpha + step[N:]


def excess(fit, F, y, J2, eps, ridge=0.0):
    """(P(theta) - best lower bound)/P(theta) of a fit, and its loss, from the data as given."""
    with mp.workdps(DIGITS):
        problem = ExactERM(F, y, J2, eps, ridge)
        loss = problem.loss(mp.matrix(fit.theta.tolist()))
        bound = problem.best_lower_bound(fit.theta, fit.alpha)
        return float((loss - bound) / loss) if loss else 0.0, loss


def ill_conditioned(seed):
    """Draw (F, y, J2, ridge) and a radius as a share of the null threshold.

    Scales over 16 decades, metrics with condition numbers to 1e14, directions without norm, radii next to the
    threshold.
    """
    rng = np.random.default_rng(seed)
    n, N = int(rng.integers(2, 9)), int(rng.integers(1, 6))
    scale = 10 ** rng.uniform(-8, 8, N) if rng.random() < 0.6 else np.ones(N)
    F = rng.standard_normal((n, N))
    if rng.random() < 0.4 and N > 1:
        left, _, right = np.linalg.svd(F, full_matrices=False)
        F = (left * np.logspace(0, -rng.uniform(0, 8), len(right))) @ right
    root = rng.standard_normal((N, N))
    kind = rng.choice(["diagonal", "dense", "nearly singular"])
    if kind == "diagonal":
        root = np.diag(10 ** rng.uniform(-7, 0, N))
    elif kind == "nearly singular":
        left, _, right = np.linalg.svd(root)
        root = (left * np.logspace(0, -rng.uniform(1, 6), N)) @ right
    root *= (scale if rng.random() < 0.7 else 10 ** rng.uniform(-6, 6, N))[:, None]
    J2 = root @ root.T
    J2 = 0.5 * (J2 + J2.T)
    if rng.random() < 0.2:
        blind = rng.random(N) < 0.4
        J2[blind] = J2[:, blind] = 0.0
    F *= scale
    y = F @ (rng.standard_normal(N) / scale) + 10 ** rng.uniform(-3, 1) * rng.standard_normal(n)
    ridge = 0.0 if rng.random() < 0.5 else float(np.clip(np.mean(F**2) * 10 ** rng.uniform(-10, 1), *RIDGES))
    y = y * 10 ** rng.uniform(-6, 6)
    share = rng.choice([10 ** rng.uniform(-6, 0), 1 - 10 ** rng.uniform(-7, -1), 1 + 10 ** rng.uniform(-7, 1)])
    return F, y, J2, ridge, float(share)


class ExactFamily(ExactERM):
    """The same with absolute or Huber loss, or logistic or hinge loss under a ridge; J^2 > 0."""

    def __init__(self, F, y, J2, eps, ridge, loss):
        super().__init__(F, y, J2, eps, ridge)
        self.name, _, delta = loss.partition(":")
        self.delta, self.margin = mp.mpf(delta or "1"), self.name in ("logistic", "hinge")

    def of(self, z):
        if self.name == "logistic":
            return mp.log1p(mp.exp(-z))
        if self.name == "hinge":
            return max(1 - z, 0)
        return z if self.name == "absolute" else z**2 / 2 if z < self.delta else self.delta * (z - self.delta / 2)

    def loss(self, theta):
        f, b = self.F * theta, self.eps * self.norm(theta)
        if self.margin:
            sizes = [self.y[i] * f[i] - b for i in range(self.n)]
        else:
            sizes = [abs(self.y[i] - f[i]) + b for i in range(self.n)]
        return sum(self.of(z) for z in sizes) / self.n + self.ridge * (theta.T * theta)[0] / 2

    def lower_bound(self, u, theta):
        """The dual objective of slopes that are raised, or all scaled, until norm and ridge hold the pull."""
        n, eps, top = self.n, self.eps, self.delta if self.name == "huber" else mp.mpf(1)
        if self.margin:
            omega = [min(max(self.y[i] * u[i], 0), 1) for i in range(n)]
            u, linear = mp.matrix([self.y[i] * omega[i] for i in range(n)]), mp.mpf(0)
            costs = -sum(omega)
            if self.name == "logistic":
                costs = sum(w * mp.log(w) + (1 - w) * mp.log(1 - w) for w in omega if 0 < w < 1)
        else:
            u = mp.matrix([min(max(t, -top), top) for t in u])
            if self.ridge:
                least = top if self.name == "absolute" else min(eps * self.norm(theta), top)
                omega = [max(abs(t), least) for t in u]
            else:
                need = self.size(self.F.T * u / n) / eps
                u *= (share := min(top / need, 1) if need else mp.mpf(1))
                omega = self.raised([abs(t) for t in u], share * need)
            linear = (u.T * self.y)[0]
            costs = sum(omega[i] ** 2 / 2 for i in range(n)) if self.name == "huber" else mp.mpf(0)
        held = self.held(self.F.T * u / n, eps * sum(omega) / n) if self.ridge else mp.mpf(0)
        return max((linear - costs) / n - held, mp.mpf(0))

    def size(self, g):
        """|J^-1 g|."""
        return mp.sqrt((g.T * mp.cholesky_solve(self.metric, g))[0])

    def held(self, g, weight):
        """Minus the least of weight |J theta| - g'theta + (ridge/2)|theta|^2, in the basis of J^-1 J'^-1."""
        if self.size(g) <= weight:
            return mp.mpf(0)
        root = mp.inverse(mp.cholesky(self.metric))
        kappa, basis = mp.eigsy(root * root.T)
        a = basis.T * (root * g)

        def squares(rho, powers):
            return sum(
                a[i] ** 2 * kappa[i] ** powers / (weight + self.ridge * rho * kappa[i]) ** 2 for i in range(self.N)
            )

        low, high = mp.mpf(0), mp.mpf(1)
        while squares(high, 0) > 1:
            high *= 16
        while squares(high / 16, 0) < 1 and high > mp.mpf(10) ** -60:
            high /= 16
        for _ in range(170):
            rho = (low + high) / 2
            low, high = (rho, high) if squares(rho, 0) > 1 else (low, rho)
        return self.ridge * high**2 * squares(high, 1) / 2

    @staticmethod
    def raised(slopes, mean):
        """The slopes, those below a common one raised to it, with this mean if theirs is smaller."""
        slopes, n = sorted(slopes), len(slopes)
        total = sum(slopes)
        for k, value in enumerate(slopes):
            total -= value
            common = (mean * n - total) / (k + 1)
            if k + 1 == n or common <= slopes[k + 1]:
                break
        return [max(w, common) for w in slopes]


def scales_and_metrics(seed):
    """Draw (F, y, J2, eps, ridge): columns over 16 decades, metrics of condition numbers to 1e12."""
    rng = np.random.default_rng(seed)
    n, N = rng.integers(4, 14), rng.integers(2, 14)
    scale = 10.0 ** rng.uniform(-8, 8, N) if rng.random() < 0.7 else np.ones(N)
    F = rng.standard_normal((n, N)) * scale
    root = rng.standard_normal((N, N)) * 10.0 ** rng.uniform(-6, 0, N)[:, None]
    J2 = root.T @ root
    if rng.random() < 0.5:
        J2 *= np.outer(scale, scale)
    y = rng.standard_normal(n) * 10.0 ** rng.uniform(-3, 3)
    ridge = 0.0 if rng.random() < 0.6 else 10.0 ** rng.uniform(-6, 1)
    return F, y, 0.5 * (J2 + J2.T), 10.0 ** rng.uniform(-4, 1), ridge
