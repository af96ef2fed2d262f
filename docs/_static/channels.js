/* Averages over one residual, one margin and one coordinate with their derivatives, by the names of kernels.js.
 *
 * docs/family derives them; rfrobust/engine/channels.py and coordinates.py do the same for every loss, noise and norm.
 * On each branch of a loss the score u has du/dx = c, du/dV = -c u and du/dp = c, or 0 at the zero residuals. */
"use strict";

const channels = (() => {
  const REACH = 9, PANEL = 1.6; // standard deviations that averages see, and of a panel of a quadrature

  /* P, E(|x| - lo) and E(|x| - lo)^2 of lo < |x| < lo + width for x ~ N(0, w^2), without cancellation. */
  function halfNormal(lo, width, w) {
    const a = lo / w, b = (lo + width) / w;
    if (width < w) {
      let P = 0, M1 = 0, M2 = 0;
      normal.integrate(0, width / w, 1, (y, dy) => {
        const q = 2 * dy * normal.density(a + y);
        P += q;
        M1 += q * y;
        M2 += q * y * y;
      });
      return [P, w * M1, w * w * M2];
    }
    const fa = 2 * normal.density(a), fb = 2 * normal.density(b);
    const P = normal.erfc(a * Math.SQRT1_2) - normal.erfc(b * Math.SQRT1_2);
    const last = fb === 0 ? 0 : (b - 2 * a) * fb;
    return [P, w * (fa - fb - a * P), w * w * ((1 + a * a) * P - a * fa - last)];
  }

  /* (eq-residual-channel) of a loss that is the quadratic value + slope y + bend y^2/2, y = z - start, on each of its
   * pieces, and smooth between them; x ~ N(0, s^2 + tau^2), so that everything is a closed form. */
  function residual(s, V, p, { noise }, { pieces }) {
    const w2 = s * s + noise, w = Math.sqrt(w2), by = s / w2;
    const sum = {
      b2: 0, a: 0, g: 0, b2_s: 0, b2_V: 0, b2_p: 0, a_s: 0, a_V: 0, a_p: 0, g_s: 0, g_V: 0, g_p: 0, zeros: 0, loss: 0,
    };
    const add = (lo, width, u, c, move) => { // the score is u + c (|x| - lo)
      const [P, M1, M2] = halfNormal(lo, width, w);
      const U = u * P + c * M1, X1 = lo * P + M1, X2 = lo * X1 + lo * M1 + M2, UX = u * X1 + c * (lo * M1 + M2);
      const U2 = u * (U + c * M1) + c * c * M2;
      sum.b2 += U2;
      sum.a += c * P;
      sum.b2_s += 2 * by * c * UX;
      sum.b2_V -= 2 * c * U2;
      sum.b2_p += 2 * move * U;
      sum.a_s += by * (c * X2 - UX) / w2;
      sum.a_V -= c * UX / w2;
      sum.a_p += move * X1 / w2;
      return { P, M1, M2, U, X1 };
    };
    let j = pieces.findLastIndex(({ start }) => start <= p), z = p;
    let { value, slope, bend, start } = pieces[j];
    value += (slope + 0.5 * bend * (z - start)) * (z - start);
    slope += bend * (z - start);
    const { P } = add(0, V * slope, 0, 1 / V, 0); // the zero residuals
    sum.zeros = P;
    sum.g += slope * P;
    sum.g_p += bend * P;
    sum.loss += value * P;
    for (let lo = V * slope; lo < REACH * w; j++) {
      const end = j + 1 < pieces.length ? pieces[j + 1].start : Infinity;
      const width = (end - z) * (1 + V * bend), stretch = 1 / (1 + V * bend), c = bend * stretch;
      const { P, M1, M2, U, X1 } = add(lo, width, slope, c, c);
      sum.g += U;
      sum.g_s += by * c * X1;
      sum.g_V -= c * U;
      sum.g_p += c * P;
      sum.loss += value * P + slope * stretch * M1 + 0.5 * bend * stretch * stretch * M2;
      if (end === Infinity) break;
      lo += width;
      ({ start: z, value, slope, bend } = pieces[j + 1]);
    }
    return sum;
  }

  const logistic = (z) => {
    const tail = Math.exp(-Math.abs(z)), slope = (z > 0 ? tail : 1) / (1 + tail);
    return { value: Math.log1p(tail) + Math.max(-z, 0), slope: -slope, bend: slope * (1 - slope) };
  };

  /* The margin z with z + p + V l'(z) = x. */
  function margin(x, p, V) {
    let low = x - p, high = x - p + V, z = 0.5 * (low + high);
    for (let i = 0; i < 100; i++) {
      const { slope, bend } = logistic(z), excess = z + p + V * slope - x;
      if (excess > 0) high = z; else low = z;
      const next = z - excess / (1 + V * bend);
      if (Math.abs(next - z) <= 4e-16 * Math.abs(z)) break;
      z = low < next && next < high ? next : 0.5 * (low + high);
    }
    return z;
  }

  /* Visit the margins of the logistic loss by the trapezoidal rule in v, z = middle + unit sinh v, middle at x = 0. The
   * step is short against how far the line of integration may move into the plane: half the way to the poles of the
   * loss, and some standard deviations. */
  function alongLogistic(visit, fine, width, V, p) {
    const low = margin(-8.5 * fine, p, V), middle = margin(0, p, V), high = margin(8.5 * width, p, V);
    const room = (z) => {
      const { slope, bend } = logistic(z), x = z + p + V * slope;
      return Math.min(0.5 * Math.hypot(z, Math.PI), Math.sqrt(x * x + 20 * fine * fine) / (1 + 4 / Math.PI * V * bend));
    };
    const unit = room(middle) / 0.7, first = Math.asinh((low - middle) / unit), last = Math.asinh((high - middle) / unit);
    let shift = 0.7;
    for (let i = 0; i < 12; i++) {
      const v = first + (last - first) * i / 11;
      shift = Math.min(shift, room(middle + unit * Math.sinh(v)) / (unit * Math.cosh(v)));
    }
    const count = Math.ceil((last - first) / (0.15 * shift)), step = (last - first) / count;
    for (let i = 0; i <= count; i++) {
      const v = first + i * step, z = middle + unit * Math.sinh(v), { value, slope, bend } = logistic(z);
      const stretch = 1 + V * bend;
      visit(z + p + V * slope, step * unit * Math.cosh(v) * stretch, -slope, bend / stretch, value);
    }
  }

  /* Visit the margins of the hinge: on its slope, at rest at its kink and beyond it. */
  function alongHinge(visit, fine, width, V, p) {
    const turn = REACH * fine, kink = 1 + p - V;
    const panels = (low, high, wide, node) => { if (high > low) normal.integrate(low, high, wide * PANEL, node); };
    for (const [low, high, wide] of [[-REACH * fine, turn, fine], [turn, REACH * width, width]]) {
      panels(low, Math.min(high, kink), wide, (x, dx) => visit(x, dx, 1, 0, kink - x));
      panels(Math.max(low - kink, 0), Math.min(high - kink, V), wide, (e, dx) => visit(kink + e, dx, 1 - e / V, 1 / V, 0));
    }
  }

  /* (eq-label-channel): x = y f has the density 2 Phi(kappa x/sqrt Q) times that of N(0, Q); its score is -g <= 0. */
  function label(kappa, Q, V, p, { along }) {
    const width = Math.sqrt(Q), fine = width / Math.sqrt(1 + kappa * kappa), root = kappa * width;
    const sum = {
      b2: 0, h: 0, a: 0, g: 0, b2_c: 0, b2_Q: 0, b2_V: 0, b2_p: 0, h_c: 0, h_Q: 0, h_V: 0, h_p: 0,
      a_c: 0, a_Q: 0, a_V: 0, a_p: 0, g_c: 0, g_Q: 0, g_V: 0, g_p: 0, zeros: 0, loss: 0,
    };
    let X_c = 0, X_Q = 0, X_V = 0, X_p = 0; // derivatives of E g x, from which those of a follow
    along((x, dx, g, c, value) => {
      const y = x / width, ky = kappa * y, q = 2 * dx / width * normal.density(y);
      const w = q * normal.cumulative(ky), h = q * normal.density(ky), g_Q = -0.5 * c * x;
      sum.b2 += w * g * g;
      sum.h += h * g;
      sum.a += w * c;
      sum.g += w * g;
      sum.b2_c += h * ky * g * g;
      sum.b2_Q += 2 * w * g * g_Q;
      sum.b2_V -= 2 * w * c * g * g;
      sum.b2_p += 2 * w * g * c;
      sum.h_c -= h * ky * ky * g;
      sum.h_Q += h * g_Q;
      sum.h_V -= h * c * g;
      sum.h_p += h * c;
      X_c += h * ky * g * x;
      X_Q += w * x * (g_Q + 0.5 * g);
      X_V -= w * c * g * x;
      X_p += w * c * x;
      sum.g_c += h * ky * g;
      sum.g_Q += w * g_Q;
      sum.g_V -= w * c * g;
      sum.g_p += w * c;
      sum.loss += w * value;
    }, fine, width, V, p);
    sum.a_c = (root * (sum.h + sum.h_c) - X_c) / Q;
    sum.a_Q = (root * (0.5 * sum.h + sum.h_Q) - X_Q) / Q - sum.a;
    sum.a_V = (root * sum.h_V - X_V) / Q;
    sum.a_p = (root * sum.h_p - X_p) / Q;
    return sum;
  }

  /* The scalar problem of (eq-coordinate) for l_inf attacks: x(y) minimises x^2/2 - y x + g e(x; h) in a field
   * y ~ N(0, 1), with e = E|x + h z| = x erf(x/(h sqrt 2)) + 2 h phi(x/h). The integrals run over x. */
  function coordinate(g, h) {
    const sum = { chi: 0, A2: 0, e: 0, es: 0, chi_g: 0, A2_g: 0, e_g: 0, es_g: 0, chi_h: 0, A2_h: 0, e_h: 0, es_h: 0 };
    const field = (x) => {
      const u = x / h, ex = 1 - normal.erfc(u * Math.SQRT1_2), es = 2 * normal.density(u);
      return { y: x + g * ex, slope: 1 + g * es / h, u, ex, es };
    };
    const visit = (x, dx) => {
      const { y, slope, u, ex, es } = field(x), w = 2 * dx * slope * normal.density(y);
      const e = x * ex + h * es, exs = -u * es / h, ess = u * u * es / h, x_g = -ex / slope, x_h = -g * exs / slope;
      sum.chi += w * x * y;
      sum.A2 += w * x * x;
      sum.e += w * e;
      sum.es += w * es;
      sum.chi_g += w * x_g * y;
      sum.A2_g += 2 * w * x * x_g;
      sum.e_g += w * ex * x_g;
      sum.es_g += w * exs * x_g;
      sum.chi_h += w * x_h * y;
      sum.A2_h += 2 * w * x * x_h;
      sum.e_h += w * (ex * x_h + es);
      sum.es_h += w * (exs * x_h + ess);
    };
    for (let x = 0, stop; ; x = stop) {
      const { y, slope } = field(x);
      if (!(y < REACH)) return sum;
      stop = x + PANEL * Math.min(1 / slope, x < 8 * h ? h : Infinity); // the slope falls with x, and e bends near 0
      normal.integrate(x, stop, stop - x, visit);
    }
  }

  return { residual, label, coordinate, alongLogistic, alongHinge };
})();
