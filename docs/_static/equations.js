/* The theory page in the browser: shifted ReLU, Marchenko-Pastur law, no ridge, finite n/d. Root finding only: the
 * equations are those of rfrobust/engine/equations.py, traced into kernels.js, which is loaded first. */
"use strict";

const rfrobust = (() => {
  const PHI0 = 1 / Math.sqrt(2 * Math.PI);
  const C = 0.25, MU = 0.25 - 0.5 / Math.PI, RHO2 = 0.25;
  const LARGEST_STEP = 4, NEWTON_ITERATIONS = 50, TOLERANCE = 1e-10;

  /* erf by its series of positive terms, for small x. */
  function erfSmall(x) {
    let term = x, sum = x;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  /* erfc(x) for x >= 0 with relative accuracy everywhere; the continued fraction by Lentz's method. */
  function erfc(x) {
    if (x < 1.2) return 1 - erfSmall(x);
    if (x > 40) return 0;
    let f = x, c = x, d = 0;
    for (let n = 1; n < 500; n++) {
      const an = n / 2;
      d = 1 / (x + an * d);
      c = x + an / c;
      const step = c * d;
      f *= step;
      if (Math.abs(step - 1) < 1e-16) break;
    }
    return Math.exp(-x * x) / (Math.sqrt(Math.PI) * f);
  }

  function gaussianParts(s) {
    const phi = PHI0 * Math.exp(-0.5 * s * s);
    const p1 = erfc(s * Math.SQRT1_2), p0 = s < 0.7 ? erfSmall(s * Math.SQRT1_2) : 1 - p1;
    let A = p0 - 2 * s * phi;
    if (s < 0.7) {
      let term = s * s * s;
      A = term / 3;
      for (let j = 1; j < 14; j++) {
        term *= -0.5 * s * s / j;
        A += term / (2 * j + 3);
      }
      A *= 2 * PHI0;
    }
    return { p0, p1, phi, m: Math.max(2 * phi - s * p1, 0), A };
  }

  /* Problem parameters by the names of kernels.js. */
  const parameters = ({ psi1, psi2, eps, tau }) =>
    ({ psi1, R: psi1 / psi2, eps, noise: tau * tau, ridge: 0, penalty: 0, c: C, mu: MU, rho2: RHO2, signal: 1, radial: 0, spike: 0 });

  function nullThreshold(problem) {
    const p = parameters(problem), { power, spread } = kernels.closedReach(p);
    return Math.sqrt(kernels.squaredNullThreshold(p, power, spread).value);
  }

  const size = (at) => Math.max(Math.abs(at.F1), Math.abs(at.F2));

  /* Damped Newton in (log t, log V), t = q/eps; false when it fails. */
  function newton(logt, logV, p) {
    let at = kernels.balanced(logt, logV, p);
    for (let i = 0; i < NEWTON_ITERATIONS; i++) {
      if (size(at) <= TOLERANCE) return { logt, logV, at };
      const det = at.F1_t * at.F2_V - at.F1_V * at.F2_t;
      const dt = -(at.F2_V * at.F1 - at.F1_V * at.F2) / det, dV = -(at.F1_t * at.F2 - at.F2_t * at.F1) / det;
      const step = Math.max(Math.abs(dt), Math.abs(dV));
      if (!(step < Infinity)) return false;
      let length = Math.min(1, LARGEST_STEP / step), trial;
      for (let j = 0; j < 30; j++, length *= 0.5) {
        trial = kernels.balanced(logt + length * dt, logV + length * dV, p);
        if (size(trial) < size(at) * (1 - 0.1 * length)) break;
        trial = null;
      }
      if (!trial) return false;
      logt += length * dt;
      logV += length * dV;
      at = trial;
    }
    return false;
  }

  function bisect(low, high, evaluate, value) {
    for (;;) {
      const middle = 0.5 * (low + high), point = evaluate(middle);
      if (middle <= low || middle >= high) return point;
      if (value(point) > 0) high = middle; else low = middle;
    }
  }

  /* Bisection in log t, with V(t) by bisection inside it. */
  function slow(p) {
    const low = -120 - Math.log(p.eps), high = 60 - Math.log(p.eps);
    return bisect(low, high, (logt) => bisect(-200, 300, (logV) =>
      ({ logt, logV, at: kernels.balanced(logt, logV, p) }), (root) => root.at.F2), (root) => root.at.F1);
  }

  /* The limiting model: standard risk v, gradient norm r, zero fraction p0, training loss, phase. */
  function solve(problem) {
    const p = parameters(problem), limit = nullThreshold(problem);
    if (p.eps >= limit) {
      const v = 1 + p.noise;
      return { v, r: 0, p0: 0, loss: v / 2, q: 0, V: 0, k: Infinity, phase: "null", residual: 0 };
    }
    const start = kernels.coldStart(p, 1 - p.eps / limit, C + MU, C + RHO2);
    const root = newton(start.log_t, start.log_V, p) || slow(p);
    const q = p.eps * Math.exp(root.logt), v = root.at.standard_risk;
    const V = Math.exp(root.logV), training = kernels.outputs(q, V, v), p0 = training.zero_residual_fraction;
    return {
      v, r: Math.sqrt(root.at.squared_norm), p0, loss: training.training_loss, q, V, k: root.at.k,
      phase: p0 === 1 ? "interpolating" : "regular", residual: size(root.at),
    };
  }

  const adversarialRisk = ({ v, r }, eps) => kernels.adversarialRisk(v, r, eps).value;

  return { solve, adversarialRisk, nullThreshold, erfc, gaussianParts };
})();
