/* The theory in the browser: root finding only. The equations are those of rfrobust/engine, traced into kernels.js;
 * load activations.js, normal.js, channels.js and kernels.js first. Marchenko-Pastur law, Gaussian noise, finite n/d.
 *
 * A problem has psi1, psi2, eps, tau and perhaps ridge, activation, loss, delta and norm (2 or Infinity). */
"use strict";

const rfrobust = (() => {
  const TOLERANCE = 1e-10, LAST_STEP = 1e-9, ITERATIONS = 60;
  const LONGEST_STEP = 2, LONGEST_PLAIN_STEP = 4;
  const ROUNDS = 6; // of channel and geometry before Newton
  const VANISHING = 1e-12, NO_LOSS = 1e-14, FOLLOWED = 600; // ridges, losses, and most steps down from a large ridge
  const LEAST = { c: 1e-30, ridge: 1e-20 }; // of features without a linear part, and without a nonlinear one
  const SUP = { exponent: 1 }; // dual of l_inf

  const LOSSES = {
    square: () => ({ pieces: [{ start: 0, value: 0, slope: 0, bend: 1 }] }),
    huber: (delta) => ({
      pieces: [
        { start: 0, value: 0, slope: 0, bend: 1 }, { start: delta, value: 0.5 * delta * delta, slope: delta, bend: 0 },
      ],
    }),
    absolute: () => ({ pieces: [{ start: 0, value: 0, slope: 1, bend: 0 }] }),
    logistic: () => ({ along: channels.alongLogistic, nothing: Math.LN2, steep: 0.5 }),
    hinge: () => ({ along: channels.alongHinge, nothing: 1, steep: 1 }),
  };
  const ofLabels = (loss) => "along" in loss;

  /* The problem by the names of kernels.js, with its loss, and whether attacks are l_inf. */
  function read({ psi1, psi2, eps, tau, ridge = 0, activation = "relu", loss = "square", delta = 1, norm = 2 }) {
    const { mu1, mu2, rho } = activations[activation];
    const p = {
      psi1, R: psi1 / psi2, eps, noise: tau * tau, ridge: mu2 > 0 ? ridge : Math.max(ridge, LEAST.ridge), penalty: 0,
      c: Math.max(mu1 * mu1, LEAST.c), mu: mu2 * mu2, rho2: rho * rho, signal: 1, radial: 0, spike: 0,
    };
    return { p, loss: LOSSES[loss](delta), sup: norm === Infinity, plain: loss === "square" && norm === 2, ridge };
  }

  /* Why the page has no theory of a problem, "" where it has. */
  function refusal({ activation = "relu", loss = "square", norm = 2 }) {
    const { mu1, mu2 } = activations[activation];
    if (norm === Infinity && mu1 * mu2 === 0) return "ℓ∞ attacks need an activation with μ₁ and μ₂ not 0";
    return mu1 === 0 && ofLabels(LOSSES[loss]()) ? "an even activation learns nothing of labels" : "";
  }

  /* The square loss under l2 attacks: two equations, and Newton or bisection in (log t, log V), t = q/eps. */

  const size = (at) => Math.max(Math.abs(at.F1), Math.abs(at.F2));

  function plainNewton(logt, logV, p) {
    let at = kernels.balanced(logt, logV, p);
    for (let i = 0; i < ITERATIONS; i++) {
      const det = at.F1_t * at.F2_V - at.F1_V * at.F2_t;
      const dt = -(at.F2_V * at.F1 - at.F1_V * at.F2) / det, dV = -(at.F1_t * at.F2 - at.F2_t * at.F1) / det;
      const step = Math.max(Math.abs(dt), Math.abs(dV));
      if (size(at) <= TOLERANCE) { // that step squares the error
        const last = kernels.balanced(logt + dt, logV + dV, p);
        return size(last) <= TOLERANCE ? { logt: logt + dt, logV: logV + dV, at: last } : { logt, logV, at };
      }
      if (!(step < Infinity)) return false;
      let length = Math.min(1, LONGEST_PLAIN_STEP / step), trial;
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

  function plainSolve(p, ratio) {
    const start = kernels.coldStart(p, 1 - ratio, p.c + p.mu, p.c + p.rho2);
    const root = plainNewton(start.log_t, start.log_V, p) || slow(p), risk = root.at.standard_risk;
    const { training_loss: loss, zero_residual_fraction: zeros } =
      kernels.outputs(p.eps * Math.exp(root.logt), Math.exp(root.logV), risk);
    return { risk, r: Math.sqrt(root.at.squared_norm), zeros, loss, residual: size(root.at) };
  }

  /* Every other problem: docs/family, "Solving". Unknowns x are (log s, log r, log V) of residuals or (log kappa, log Q,
   * log r, log V) of labels, and (log |theta|, log zeta) for l_inf attacks. */

  const largest = (values, count) => {
    let most = 0;
    for (let i = 0; i < count; i++) most = Math.abs(values[i]) <= most ? most : Math.abs(values[i]);
    return most >= 0 ? most : Infinity;
  };

  /* Equations, their n x n derivatives by rows, the overlap m, the excess risk and Q = E f^2. */
  function equations(x, p, loss) {
    const sup = x.length > (ofLabels(loss) ? 4 : 3), more = sup ? [SUP, loss] : [loss];
    if (ofLabels(loss)) return (sup ? kernels.labelCoordinate : kernels.labelSpectral)(...x, p, ...more);
    return (sup ? kernels.residualCoordinate : kernels.residualSpectral)(...x, p, ...more);
  }

  /* Newton's step, by elimination with pivots. */
  function stepOf(at, n) {
    const A = Array.from({ length: n }, (_, i) => [...at.slice(n + n * i, n + n * i + n), -at[i]]);
    for (let i = 0; i < n; i++) {
      let pivot = i;
      for (let k = i + 1; k < n; k++) if (Math.abs(A[k][i]) > Math.abs(A[pivot][i])) pivot = k;
      [A[i], A[pivot]] = [A[pivot], A[i]];
      for (let k = i + 1; k < n; k++) {
        const factor = A[k][i] / A[i][i];
        for (let j = i; j <= n; j++) A[k][j] -= factor * A[i][j];
      }
    }
    const step = Array(n);
    for (let i = n - 1; i >= 0; i--) {
      step[i] = A[i][n];
      for (let j = i + 1; j < n; j++) step[i] -= A[i][j] * step[j];
      step[i] /= A[i][i];
    }
    return step;
  }

  /* The root near x by damped steps, null where there is none. */
  function newton(evaluate, x) {
    const n = x.length;
    let step = Array(n).fill(0), best = Infinity, damping = 1, halvings = 0;
    for (let i = 0; i < ITERATIONS; i++) {
      const trial = x.map((value, j) => value + damping * step[j]), at = evaluate(trial), off = largest(at, n);
      if (off < best * (1 - 0.1 * damping)) {
        x = trial;
        best = off;
        halvings = 0;
        step = stepOf(at, n);
        const longest = largest(step, n);
        if (!(longest < Infinity)) return null;
        if (best < TOLERANCE && longest < LAST_STEP) return x.map((value, j) => value + step[j]);
        damping = Math.min(1, LONGEST_STEP / longest);
      } else if (halvings < 25 && best < Infinity && !(best < TOLERANCE && damping < 0.1)) {
        damping *= 0.5;
        halvings++;
      } else break;
    }
    return best < TOLERANCE ? x : null;
  }

  const total = (p) => p.signal + p.noise;

  /* The channel at unknowns, with mhat, r, V and the place of log r. */
  function scoreAt(x, p, loss) {
    const at = ofLabels(loss) ? 2 : 1, r = Math.exp(x[at]), V = Math.exp(x[at + 1]);
    if (!ofLabels(loss)) {
      const channel = channels.residual(Math.exp(x[0]), V, p.eps * r, p, loss);
      return { ...channel, mhat: channel.a, r, V, at };
    }
    const kappa = Math.exp(x[0]), channel = channels.label(kappa, Math.exp(x[1]), V, p.eps * r, loss);
    return { ...channel, mhat: channel.h / Math.sqrt(total(p) / (1 + kappa * kappa)), r, V, at };
  }

  /* b^2, mhat and E rho' at theta = 0. */
  function onset(p, loss) {
    if (!ofLabels(loss)) {
      const { b2, a, g } = channels.residual(Math.sqrt(p.signal), 1e-100, 0, p, loss);
      return { b2, mhat: a, g };
    }
    return { b2: loss.steep ** 2, mhat: loss.steep * 2 * normal.PHI0 / Math.sqrt(total(p)), g: loss.steep };
  }

  /* |theta| from averages of the features, and zeta where alpha = B/(stiff + zeta), both as they are for l2 attacks. */
  const sizeOf = ({ mhat, b2 }, over, p) => Math.sqrt(-(mhat * mhat * over.C_l + p.R * b2 * over.E1_l));
  function zetaOf(V, stiff, p) {
    const room = V * p.psi1 / p.R, linear = room * stiff - 1 - p.mu / p.c;
    const root = Math.sqrt(linear * linear + 4 * room * stiff * p.mu / p.c);
    return linear < 0 ? (root - linear) / (2 * room) : 2 * stiff * p.mu / p.c / (root + linear);
  }

  /* eps_c: (eq-null-loss), for l_inf attacks (eq-null-coordinates), with its unknowns, perhaps near known ones. */
  function spectralThreshold({ b2, mhat, g }, p) {
    const { power, spread } = kernels.closedReach(p);
    return Math.sqrt(mhat * mhat * power + b2 * p.R * spread) / g;
  }
  function coordinateThreshold(start, p, near) {
    const { b2, mhat, g } = start, root = (x) => newton((at) => kernels.nullCoordinate(...at, p, b2, mhat, SUP), x);
    let x = near && root(near);
    if (!x) {
      const over = kernels.closedOverlaps(0, 1, 0, p), k = sizeOf(start, over, p);
      const r = Math.sqrt(mhat * mhat * over.P + p.R * b2 * over.Q) / k;
      x = root([Math.log(zetaOf(p.R * over.E1 / k, k, p)), Math.log(r), Math.log(k * r)]);
    }
    return { limit: x ? Math.exp(x[2]) / g : NaN, onset: x };
  }
  function thresholdOf({ p, loss, sup, plain }, near) {
    if (sup) return coordinateThreshold(onset(p, loss), p, near);
    if (!plain) return { limit: spectralThreshold(onset(p, loss), p) };
    const { power, spread } = kernels.closedReach(p);
    return { limit: Math.sqrt(kernels.squaredNullThreshold(p, power, spread).value) };
  }

  /* A start from nothing: a few damped rounds of channel and geometry, for l_inf attacks from the solution of the l2
   * problem at the same distance to its null threshold. */
  function cold(p, loss, sup, ratio) {
    const labels = ofLabels(loss), gap = 0.5 * Math.max(1 - ratio, 1e-3), signal = Math.sqrt(p.signal);
    if (sup) p = { ...p, eps: ratio * spectralThreshold(onset(p, loss), p) };
    let x = labels ? [Math.log(0.5), 0, Math.log(gap), Math.log(4 * p.R)]
      : [Math.log(0.8 * signal), Math.log(gap * signal), Math.log(p.R)];
    const overlaps = (score) => kernels.closedOverlaps(score.a, p.eps * score.g / score.r + p.penalty, p.ridge, p);
    for (let i = 0; i < ROUNDS; i++) {
      const score = scoreAt(x, p, loss), { mhat, at } = score, over = overlaps(score), noise = p.R * score.b2, new_x = [];
      if (labels) {
        const Q = mhat * mhat * over.S + noise * over.E2, m = mhat * over.C;
        new_x[0] = Math.log(m / Math.sqrt(Q * Math.max(total(p) - m * m / Q, 1e-12 * total(p))));
        new_x[1] = Math.log(Q);
      } else new_x[0] = 0.5 * Math.log(over.B + noise * over.E2);
      new_x[at] = 0.5 * Math.log(mhat * mhat * over.P + noise * over.Q);
      new_x[at + 1] = Math.log(p.R * over.E1);
      x = x.map((value, j) => 0.5 * (value + new_x[j]));
    }
    if (!sup) return x;
    x = newton((at) => equations(at, p, loss), x) ?? x;
    const score = scoreAt(x, p, loss), k = p.eps * score.g / score.r + p.penalty;
    x[score.at] += 0.5 * Math.log(2 / Math.PI); // the mean of |z|
    return [...x, Math.log(sizeOf(score, overlaps(score), p)), Math.log(zetaOf(score.V, score.a + k, p))];
  }

  const tried = (p, loss, x) => newton((at) => equations(at, p, loss), x);
  const afresh = (p, loss, sup, ratio) => tried(p, loss, cold(p, loss, sup, ratio));

  /* Whether a network separates the labels by a margin of eps r: then, and only then, the loss of the hinge vanishes
   * with its ridge. */
  function separable(p, sup, ratio) {
    const hinge = LOSSES.hinge();
    for (let ridge = 1, x = null; ridge > VANISHING; ridge *= 0.1) {
      const eased = { ...p, ridge };
      x = (x && tried(eased, hinge, x)) ?? afresh(eased, hinge, sup, ratio);
      if (x && scoreAt(x, eased, hinge).loss < NO_LOSS) return true;
    }
    return false;
  }

  /* The solution followed down from a large ridge, on lines in log ridge. */
  function followed(p, loss, sup, ratio) {
    let ridge = 0, x = null;
    for (const factor of [1, 10, 100, 1e3, 1e5]) {
      ridge = factor * Math.max(p.ridge, 1);
      x = afresh({ ...p, ridge }, loss, sup, ratio);
      if (x) break;
    }
    if (!x) return null;
    let slope = x.map(() => 0), factor = 0.3;
    for (let i = 0; i < FOLLOWED && factor < 0.97; i++) {
      let below = Math.max(ridge * factor, p.ridge);
      if (below < VANISHING) below = p.ridge;
      const step = below > 0 ? Math.log(below / ridge) : 0;
      const next = tried({ ...p, ridge: below }, loss, x.map((value, j) => value + slope[j] * step));
      if (next && below === p.ridge) return next;
      if (next) {
        slope = next.map((value, j) => (value - x[j]) / step);
        x = next;
        ridge = below;
        factor = Math.max(0.7 * factor, 0.01);
      } else if (below === 0) return null;
      else factor = Math.sqrt(factor);
    }
    return null;
  }

  const without = (phase) => ({ risk: NaN, r: NaN, zeros: NaN, loss: NaN, phase, residual: Infinity });

  function familySolve({ p, loss, sup, ridge }, ratio, start) {
    let x = (start && tried(p, loss, start)) ?? afresh(p, loss, sup, ratio);
    if (!x && ridge === 0 && ofLabels(loss) && separable(p, sup, ratio)) return without("separable");
    x ??= followed(p, loss, sup, ratio);
    if (!x) return without("unsolved");
    const at = equations(x, p, loss), n = x.length, Q = at[n + n * n + 2], { zeros, loss: training, r } = scoreAt(x, p, loss);
    if (ridge === 0 && ofLabels(loss) && training < NO_LOSS) return without("separable");
    const risk = ofLabels(loss) ? 0.5 - Math.atan(Math.exp(x[0])) / Math.PI : Math.exp(2 * x[0]) + p.noise;
    return { risk, r, power: Q, zeros, loss: training, residual: largest(at, n), x };
  }

  /* The zero network: of responses its risk is E y^2, of labels it is a coin flip. */
  function nothing({ p, loss }) {
    const { risk, training } = ofLabels(loss) ? { risk: 0.5, training: loss.nothing }
      : { risk: total(p), training: channels.residual(Math.sqrt(p.signal), 1e-100, 0, p, loss).loss };
    return { risk, r: 0, power: 0, zeros: 0, loss: training, phase: "null", residual: 0 };
  }

  /* The limiting model: standard risk (of labels the error), dual norm r of the gradient, E f^2 of labels, fraction of
   * zero residuals, training loss, phase and residual of the equations. Where there is no model, or none was found, it
   * has no numbers, and the phase says so. Starts are what a neighbour holds as onset, and as x or a line through two. */
  function solve(problem, near = {}) {
    const setting = read(problem), labels = ofLabels(setting.loss), refused = refusal(problem);
    if (refused) return { ...without(refused), labels };
    const { limit, onset } = thresholdOf(setting, near.onset), ratio = problem.eps / limit, kind = { labels, onset };
    if (ratio >= 1) return { ...nothing(setting), ...kind };
    if (!(ratio >= 0)) return { ...without("unsolved"), ...kind };
    const model = setting.plain ? plainSolve(setting.p, ratio) : familySolve(setting, ratio, near.x);
    const phase = model.residual <= TOLERANCE ? (model.zeros === 1 ? "interpolating" : "regular") : "unsolved";
    return model.phase || phase !== "unsolved" ? { phase, ...model, ...kind } : { ...without(phase), ...kind };
  }

  /* Models along values of one parameter, each from its neighbours. More features or a smaller radius only make it
   * easier to separate labels: from that side on, nothing is left to solve. */
  function curve(problem, name, values) {
    const models = [], down = name === "eps";
    let last = {}, before = {};
    for (const value of down ? [...values].reverse() : values) {
      if (last.phase === "separable") { models.push(last); continue; }
      const x = last.x && before.x ? last.x.map((at, i) => 2 * at - before.x[i]) : last.x;
      [before, last] = [last, solve({ ...problem, [name]: value }, { x, onset: last.onset })];
      models.push(last);
    }
    return down ? models.reverse() : models;
  }

  /* E(|y - f| + eps r)^2, of labels P(y f < eps r) (eq-robust-error). */
  function adversarialRisk({ labels, risk, r, power }, eps) {
    if (!labels) return kernels.adversarialRisk(risk, r, eps).value;
    const h = eps * r / Math.sqrt(power);
    return h > 0 ? Math.max(normal.cumulative(h) - 2 * normal.owenT(h, 1 / Math.tan(Math.PI * risk)), risk) : risk;
  }

  const nullThreshold = (problem) => refusal(problem) ? NaN : thresholdOf(read(problem)).limit;

  return { solve, curve, adversarialRisk, nullThreshold, refusal };
})();
