/* Functions of the normal distribution, and Gauss-Legendre nodes. */
"use strict";

const normal = (() => {
  const PHI0 = 1 / Math.sqrt(2 * Math.PI);
  const SERIES = 26, NODES = 12;

  /* erf by its series of positive terms, for small x. */
  function erfSmall(x) {
    let term = x, sum = x;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  /* erfc(x) exp(x^2) for x >= 0: by the series, or by the continued fraction with Lentz's method. */
  function scaled(x) {
    if (x < 1.2) return (1 - erfSmall(x)) * Math.exp(x * x);
    let f = x, c = x, d = 0;
    for (let n = 1; n < 500; n++) {
      const an = n / 2;
      d = 1 / (x + an * d);
      c = x + an / c;
      const step = c * d;
      f *= step;
      if (Math.abs(step - 1) < 1e-16) break;
    }
    return 1 / (Math.sqrt(Math.PI) * f);
  }

  /* scaled(x)/u is smooth in u = 2/(2 + x): its Chebyshev coefficients on 0 < u <= 1, found once. */
  const angles = Array.from({ length: SERIES }, (_, i) => Math.PI * (i + 0.5) / SERIES);
  const values = angles.map((a) => 0.5 * (1 + Math.cos(a))).map((u) => scaled(2 / u - 2) / u);
  const series = angles.map((_, j) =>
    (j ? 2 : 1) / SERIES * values.reduce((sum, value, i) => sum + value * Math.cos(j * angles[i]), 0));

  /* erfc(x) with relative accuracy for x >= 0. */
  function erfc(x) {
    if (x < 0) return 2 - erfc(-x);
    if (x > 27) return 0;
    const u = 2 / (2 + x), v = 4 * u - 2;
    let a = 0, b = 0;
    for (let j = SERIES - 1; j > 0; j--) {
      const next = v * a - b + series[j];
      b = a;
      a = next;
    }
    return u * (0.5 * v * a - b + series[0]) * Math.exp(-x * x);
  }

  const density = (x) => PHI0 * Math.exp(-0.5 * x * x);
  const cumulative = (x) => 0.5 * erfc(-x * Math.SQRT1_2);

  /* P(|z| < s), P(|z| > s), the density, E(|z| - s)_+ and E z^2 1{|z| < s}. */
  function gaussianParts(s) {
    const phi = density(s), p1 = erfc(s * Math.SQRT1_2), p0 = s < 0.7 ? erfSmall(s * Math.SQRT1_2) : 1 - p1;
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

  /* Nodes and weights of Gauss and Legendre on (-1, 1), the roots by Newton. */
  const nodes = new Float64Array(NODES), weights = new Float64Array(NODES);
  nodes.forEach((_, i) => {
    let x = Math.cos(Math.PI * (i + 0.75) / (NODES + 0.5)), slope = 1;
    for (let round = 0; round < 10; round++) {
      let p = 1, before = 0;
      for (let n = 1; n <= NODES; n++) [p, before] = [((2 * n - 1) * x * p - (n - 1) * before) / n, p];
      slope = NODES * (x * p - before) / (x * x - 1);
      x -= p / slope;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  });

  /* Call visit(x, dx) at the nodes of panels from low to high that are at most this wide. */
  function integrate(low, high, width, visit) {
    const panels = Math.ceil((high - low) / width), half = 0.5 * (high - low) / panels;
    for (let i = 0; i < panels; i++) {
      for (let j = 0; j < NODES; j++) visit(low + half * (2 * i + 1 + nodes[j]), half * weights[j]);
    }
  }

  /* Owen's T(h, a) = int_0^atan(a) exp(-h^2/(2 cos^2)) / 2 pi for h, a >= 0. */
  function owenT(h, a) {
    if (a > 1) {
      const p = cumulative(h), q = cumulative(a * h);
      return 0.5 * (p + q) - p * q - owenT(a * h, 1 / a);
    }
    let sum = 0;
    const last = Math.min(Math.atan(a), Math.atan2(9, h));
    integrate(0, last, last / 5, (angle, weight) => { sum += weight * Math.exp(-0.5 * (h / Math.cos(angle)) ** 2); });
    return sum / (2 * Math.PI);
  }

  return { PHI0, erfc, density, cumulative, gaussianParts, integrate, owenT };
})();
