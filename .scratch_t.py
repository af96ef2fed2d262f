import time

from rfrobust.tuning import *


def T(f, *a, **k):
    f(*a, **k)
    t = time.time()
    r = f(*a, **k)
    print(f"{1e3 * (time.time() - t):.1f} ms", str(r)[:600])
    return r


T(best_training, 3, 2, 0.5, eps_test=0.3)
T(best_training, 3, 2, 0.5, eps_test=0.3, eps=0.3, ridge=None)
T(best_training, 3, 2, 0.5, eps_test=0.3, ridge=None)
T(best_training, 3, 2, 0.5, eps_test=0.0, ridge=None)
T(best_training, 3, 2, 0.5, eps_test=1.3, ridge=None)
T(best_width, 2, 0.1, 0.5)
T(best_width, 2, 0.5, 0.5)
T(best_width, 2, 0.3, 0.5, eps_test=0.1)
T(best_activation, 3, 2, 0.3, 0.5)
T(best_activation, 3, 2, 0.9, 0.5, eps_test=0.3)
T(best_activation, 10, 2, 0.1, 0.5)
T(best_activation, 1, 2, 0.3, 0.5)
T(best_activation, 1, 2, 0.1, 0.5)
t = time.time()
p = pareto(3, 2, 0.5, eps_test=0.3)
print(time.time() - t, p)
