import collections
import time

import numpy as np

import rfrobust
from rfrobust.certify import certify

print(certify(rfrobust.solve(3, 2, 0.3, 0.5)))
rng = np.random.default_rng(1)
n = 600
bad = collections.Counter()
tt = []
errs = []
phases = collections.Counter()
for i in range(n):
    p1, p2 = 10 ** rng.uniform(-2, 2, 2)
    eps = 10 ** rng.uniform(-4, np.log10(30))
    tau = 0.0 if rng.random() < 0.3 else 10 ** rng.uniform(-3, 1)
    ridge = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-8, 2)
    if rng.random() < 0.08:
        eps = 0.0
    if rng.random() < 0.08:
        p2 = np.inf
    try:
        m = rfrobust.solve(p1, p2, eps, tau, ridge=ridge)
    except Exception as e:
        bad[str(e)[:40]] += 1
        continue
    t = time.perf_counter()
    c = certify(m)
    tt.append(time.perf_counter() - t)
    phases[m.phase.name] += 1
    if not c.proved:
        bad[c.reason[:70]] += 1
        print(p1, p2, eps, tau, ridge, m.phase.name, c.reason, m.residual)
    else:
        errs.append(c.relative_error)
print(
    bad,
    phases,
    "ms median",
    np.median(tt) * 1e3,
    "p99",
    np.quantile(tt, 0.99) * 1e3,
    "max",
    max(tt) * 1e3,
    "errs",
    np.quantile(errs, [0.5, 0.99, 1]),
)
