/* The two equations of the theory page in the browser: shifted ReLU, Marchenko-Pastur law, no ridge, finite n/d.
 * A port of rfrobust/equations.py, traces.py and newton.py; tests/docs/test_explorer.py compares it with them. */
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

  /* Moments of the shares x/(x+z) and z/(x+z), free of cancellation. */
  function marchenkoPastur(z, psi1) {
    const total = 1 + psi1, edge = (1 - psi1) ** 2, b = z + 1 - psi1;
    const Q = Math.sqrt(z * z + 2 * z * total + edge);
    const inverse = b >= 0 ? 0.5 * (Q + b) : 2 * psi1 * z / (Q - b); // 1/s1
    const o1 = b >= 0 ? z / inverse : (Q - b) / (2 * psi1);
    const f = 2 / (Q + z + total), e1 = f / Q, gap = (2 * z * total + edge) / (Q + z);
    return {
      f, o1, e2: e1 * gap, oe: z * e1, o2: o1 * o1 * (inverse + psi1) / Q,
      t2: inverse * inverse / ((inverse + psi1) * Q),
    };
  }

  /* The averages E Sigma/H, E k J^2/H, E Sigma k J^2/H^2, E Sigma J^2/H^2, P and the noiseless part B of the risk. */
  function traces(k, psi1) {
    const K = 1 / (1 + k), zeta = MU + k * RHO2, z = zeta * K / C;
    const { f, o1, e2, oe, o2, t2 } = marchenkoPastur(z, psi1);
    const am = MU / zeta, ar = RHO2 / zeta;
    const x1 = K * f, x2 = K * K * e2, xo = K * oe;
    const Q = x2 + (am + ar) * xo + am * ar * o2;
    return {
      E1: x1 + am * o1, E1c: k * x1 + k * ar * o1, Tc: k * Q, Q,
      P: psi1 * (x2 + ar * xo), B: psi1 * k * k * x2 + 2 * k * psi1 * xo + t2 + psi1 * am * xo,
    };
  }

  /* Both residuals at one point of (log q, log V), with the state there. */
  function residuals(logq, logV, { psi1, psi2, eps, tau }) {
    const R = psi1 / psi2, q = Math.exp(logq), V = Math.exp(logV), s = q * V, y = 1 / (1 + V), w = V * y;
    const { p0, p1, phi, m, A } = gaussianParts(s);
    const D = p0 + p1 * w, G = A + (p1 + 2 * s * phi + 4 * q * phi + q * q * p1) * w * w;
    const U = (s * m + p1 * V) * y * y;
    const k = eps * eps * (m * y + q) / q * V / D;
    const t = traces(k, psi1);
    const noise = tau * tau + t.B, X = D * U + G * R * t.Tc;
    const v = noise * D * D / X, r2 = t.P + noise * G * R * t.Q / X;
    const left = R * t.E1c + Math.max(1 - R, 0), right = p1 * y + Math.max(R - 1, 0);
    return {
      F1: 2 * (logq - Math.log(eps)) + Math.log(v / r2), F2: Math.log(D / (R * t.E1) * (left / right)),
      q, V, k, v, r: Math.sqrt(r2), p0, loss: 0.5 * v * ((p1 - s * m) * y * y + 2 * q * m * y + q * q),
    };
  }

  function nullThreshold({ psi1, psi2, tau }) {
    const { f, o1 } = marchenkoPastur(RHO2 / C, psi1);
    return Math.sqrt(0.5 * Math.PI * (psi1 * f / (1 + tau * tau) + psi1 / psi2 * (f + MU / RHO2 * o1)));
  }

  const size = (point) => Math.max(Math.abs(point.F1), Math.abs(point.F2));

  /* Damped Newton with a difference Jacobian; false when it fails. */
  function newton(logq, logV, problem) {
    let point = residuals(logq, logV, problem);
    for (let i = 0; i < NEWTON_ITERATIONS; i++) {
      if (size(point) <= TOLERANCE) return point;
      const h = 1e-6;
      const qp = residuals(logq + h, logV, problem), qm = residuals(logq - h, logV, problem);
      const Vp = residuals(logq, logV + h, problem), Vm = residuals(logq, logV - h, problem);
      const a = (qp.F1 - qm.F1) / (2 * h), b = (Vp.F1 - Vm.F1) / (2 * h);
      const c = (qp.F2 - qm.F2) / (2 * h), d = (Vp.F2 - Vm.F2) / (2 * h), det = a * d - b * c;
      const dq = -(d * point.F1 - b * point.F2) / det, dV = -(a * point.F2 - c * point.F1) / det;
      const step = Math.max(Math.abs(dq), Math.abs(dV));
      if (!(step < Infinity)) return false;
      let t = Math.min(1, LARGEST_STEP / step), trial;
      for (let j = 0; j < 30; j++, t *= 0.5) {
        trial = residuals(logq + t * dq, logV + t * dV, problem);
        if (size(trial) < size(point) * (1 - 0.1 * t)) break;
        trial = null;
      }
      if (!trial) return false;
      logq += t * dq;
      logV += t * dV;
      point = trial;
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

  /* The limiting model: standard risk v, gradient norm r, zero fraction p0, training loss, phase. */
  function solve(problem) {
    const { psi1, psi2, eps, tau } = problem, limit = nullThreshold(problem);
    if (eps >= limit) {
      const v = 1 + tau * tau;
      return { v, r: 0, p0: 0, loss: v / 2, q: 0, V: 0, k: Infinity, phase: "null", residual: 0 };
    }
    const distance = 1 - eps / limit, R = psi1 / psi2;
    let V = R;
    if (R > 1) V += (R - 1) * (C + MU) / (eps * eps * (C + RHO2));
    const logq = Math.log(0.5 * eps / (1 + eps) * distance);
    const point = newton(logq, Math.log(V * distance), problem) || bisect(-120, 60,
      (x) => bisect(-200, 300, (u) => residuals(x, u, problem), (p) => p.F2), (p) => p.F1);
    return { ...point, phase: point.p0 === 1 ? "interpolating" : "regular", residual: size(point) };
  }

  const adversarialRisk = ({ v, r }, eps) => v + eps * r * (2 * Math.sqrt(2 / Math.PI * v) + eps * r);

  return { solve, adversarialRisk, nullThreshold, erfc };
})();
