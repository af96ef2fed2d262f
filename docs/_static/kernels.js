/* Generated from rfrobust/engine/equations.py by `python -m rfrobust.engine.generate`: do not edit.
 * Needs rfrobust.gaussianParts of equations.js. */
"use strict";

const kernels = (() => {

/* Averages of the closed law. */
function closedAverages(k, l, p) {
  const x1 = 1.0 / (k + 1.0);
  const x2 = (k * p.rho2) + l;
  const x3 = p.mu + x2;
  const x4 = (x3 * x1) / p.c;
  const x5 = p.psi1 + 1.0;
  const x6 = (x4 * 2.0) * x5;
  const x7 = 1.0 - p.psi1;
  const x8 = x7 * x7;
  const x9 = Math.sqrt(((x4 * x4) + x6) + x8);
  const x10 = x9 + x4;
  const x11 = x10 + x5;
  const x12 = 2.0 / x11;
  const x13 = x1 * x12;
  const x14 = 1.0 / x3;
  const x15 = p.mu * x14;
  const x16 = x4 + x7;
  const x17 = x16 >= 0.0 ? ((x9 + x16) * 0.5) : ((x9 - x16) * 0.5);
  const x18 = x4 / x17;
  const x19 = x16 >= 0.0 ? x18 : (x17 / p.psi1);
  const x20 = x2 * x14;
  const x21 = x1 * x1;
  const x22 = x12 / x9;
  const x23 = (x6 + x8) / x10;
  const x24 = x22 * x23;
  const x25 = x21 * x24;
  const x26 = p.rho2 * x14;
  const x27 = x15 + x26;
  const x28 = x4 * x22;
  const x29 = x1 * x28;
  const x30 = x15 * x26;
  const x31 = x19 * x19;
  const x32 = (p.psi1 * x4) / x17;
  const x33 = x16 >= 0.0 ? x17 : x32;
  const x34 = x33 + p.psi1;
  const x35 = (x31 * x34) / x9;
  const x36 = (x25 + (x27 * x29)) + (x30 * x35);
  const x37 = x29 + (x15 * x35);
  const x38 = x14 * x37;
  const x39 = p.signal * p.psi1;
  const x40 = (k * k) * p.psi1;
  const x41 = (k * 2.0) * p.psi1;
  const x42 = x34 * x9;
  const x43 = (x33 * x33) / x42;
  const x44 = p.psi1 * x15;
  const x45 = (((x40 * x25) + (x41 * x29)) + x43) + (x44 * x29);
  const x46 = 1.0 / p.c;
  const x47 = ((p.rho2 * x1) - (x21 * x3)) * x46;
  const x48 = x47 * x4;
  const x49 = (x47 * 2.0) * x5;
  const x50 = 0.5 / x9;
  const x51 = ((x48 + x48) + x49) * x50;
  const x52 = x51 + x47;
  const x53 = x12 * (1.0 / x11);
  const x54 = x52 * x53;
  const x55 = (-(x21 * x12)) - (x54 * x1);
  const x56 = x14 * x14;
  const x57 = p.rho2 * x56;
  const x58 = x57 * p.mu;
  const x59 = x16 >= 0.0 ? (x52 * 0.5) : ((x51 - x47) * 0.5);
  const x60 = 1.0 / x17;
  const x61 = 1.0 / p.psi1;
  const x62 = x16 >= 0.0 ? ((x47 - (x59 * x18)) * x60) : (x59 * x61);
  const x63 = (x13 + (x55 * k)) + (((x26 - (x57 * x2)) * x19) + (x62 * x20));
  const x64 = x21 * x1;
  const x65 = 1.0 / x9;
  const x66 = ((-x54) - (x51 * x22)) * x65;
  const x67 = 1.0 / x10;
  const x68 = (x66 * x23) + (((x49 - (x52 * x23)) * x67) * x22);
  const x69 = (((-x64) - x64) * x24) + (x68 * x21);
  const x70 = x57 * p.rho2;
  const x71 = (-(x21 * x28)) + (((x47 * x22) + (x66 * x4)) * x1);
  const x72 = x62 * x19;
  const x73 = x16 >= 0.0 ? x59 : (((x47 * p.psi1) - (x59 * x32)) * x60);
  const x74 = (((x72 + x72) * x34) + (x73 * x31)) - (x51 * x35);
  const x75 = x74 * x65;
  const x76 = (((-(x58 * x26)) - (x70 * x15)) * x35) + (x75 * x30);
  const x77 = (x69 + ((((-x58) - x70) * x29) + (x71 * x27))) + x76;
  const x78 = (-(x57 * x37)) + ((x71 + ((-(x58 * x35)) + (x75 * x15))) * x14);
  const x79 = ((((k + k) * p.psi1) * x25) + (x69 * x40)) + (((2.0 * p.psi1) * x29) + (x71 * x41));
  const x80 = x73 * x33;
  const x81 = 1.0 / x42;
  const x82 = ((x80 + x80) - (((x73 * x9) + (x51 * x34)) * x43)) * x81;
  const x83 = (x79 + x82) + ((-((x58 * p.psi1) * x29)) + (x71 * x44));
  const x84 = x1 * x46;
  const x85 = x84 * x4;
  const x86 = (x84 * 2.0) * x5;
  const x87 = ((x85 + x85) + x86) * x50;
  const x88 = x87 + x84;
  const x89 = x88 * x53;
  const x90 = x89 * x1;
  const x91 = x56 * p.mu;
  const x92 = x16 >= 0.0 ? (x88 * 0.5) : ((x87 - x84) * 0.5);
  const x93 = x16 >= 0.0 ? ((x84 - (x92 * x18)) * x60) : (x92 * x61);
  const x94 = (-(x90 * k)) + (((x14 - (x56 * x2)) * x19) + (x93 * x20));
  const x95 = ((-x89) - (x87 * x22)) * x65;
  const x96 = (x95 * x23) + (((x86 - (x88 * x23)) * x67) * x22);
  const x97 = x96 * x21;
  const x98 = x56 * p.rho2;
  const x99 = ((x84 * x22) + (x95 * x4)) * x1;
  const x100 = x93 * x19;
  const x101 = x16 >= 0.0 ? x92 : (((x84 * p.psi1) - (x92 * x32)) * x60);
  const x102 = (((x100 + x100) * x34) + (x101 * x31)) - (x87 * x35);
  const x103 = x102 * x65;
  const x104 = (((-(x91 * x26)) - (x98 * x15)) * x35) + (x103 * x30);
  const x105 = (x97 + ((((-x91) - x98) * x29) + (x99 * x27))) + x104;
  const x106 = (-(x56 * x37)) + ((x99 + ((-(x91 * x35)) + (x103 * x15))) * x14);
  const x107 = x101 * x33;
  const x108 = (x107 + x107) - (((x101 * x9) + (x87 * x34)) * x43);
  const x109 = (((x97 * x40) + (x99 * x41)) + (x108 * x81)) + ((-((x91 * p.psi1) * x29)) + (x99 * x44));
  return {
    E1: x13 + (x15 * x19),
    E1c: (k * x13) + (x20 * x19),
    Tc: (k * x36) + (l * x38),
    Q: x36,
    P: x39 * (x25 + (x26 * x29)),
    B: p.signal * x45,
    C: x39 * x13,
    E1_k: x55 + ((-(x58 * x19)) + (x62 * x15)),
    E1c_k: x63,
    Tc_k: (x36 + (x77 * k)) + (x78 * l),
    Q_k: x77,
    P_k: (x69 + ((-(x70 * x29)) + (x71 * x26))) * x39,
    B_k: x83 * p.signal,
    C_k: x55 * x39,
    E1_l: (-x90) + ((-(x91 * x19)) + (x93 * x15)),
    E1c_l: x94,
    Tc_l: (x105 * k) + (x38 + (x106 * l)),
    Q_l: x105,
    P_l: (x97 + ((-(x98 * x29)) + (x99 * x26))) * x39,
    B_l: x109 * p.signal,
    C_l: -(x90 * x39),
  };
}

/* b' J^-2 b of the linear part, E Sigma/J^2 and E 1/J^2 of the closed law. */
function closedReach(p) {
  const x1 = p.rho2 / p.c;
  const x2 = p.psi1 + 1.0;
  const x3 = 1.0 - p.psi1;
  const x4 = Math.sqrt(((x1 * x1) + ((x1 * 2.0) * x2)) + (x3 * x3));
  const x5 = 2.0 / ((x4 + x1) + x2);
  const x6 = x1 + x3;
  const x7 = x6 >= 0.0 ? ((x4 + x6) * 0.5) : ((x4 - x6) * 0.5);
  const x8 = x6 >= 0.0 ? (x1 / x7) : (x7 / p.psi1);
  const x9 = p.rho2 >= 1e-300 ? ((p.mu / p.rho2) * x8) : p.rho2;
  return {
    power: (p.signal * p.psi1) * x5,
    spread: x5 + x9,
    inverse: p.rho2 >= 1e-300 ? (x8 / p.rho2) : p.rho2,
  };
}

/* Square of the null threshold. */
function squaredNullThreshold(p, power, spread) {
  const x1 = (power / (p.signal + (p.noise + p.radial))) + (p.R * spread);
  return {
    value: x1 * 1.5707963267948966,
  };
}

/* Orders of magnitude of log t and log V. */
function coldStart(p, gap, mean_sigma, mean_metric) {
  const x1 = p.R - 1.0;
  const x2 = (((p.eps * p.eps) + p.penalty) * mean_metric) + p.ridge;
  const x3 = p.R + ((x1 >= 0.0 ? x1 : 0.0) * (mean_sigma / x2));
  return {
    log_t: Math.log((0.5 / (p.eps + 1.0)) * gap),
    log_V: Math.log(x3 * gap),
  };
}

/* Both equations of finite psi2. */
function balanced(log_t, log_V, p) {
  const x1 = Math.exp(log_t);
  const x2 = x1 * x1;
  const x3 = p.eps * x1;
  const x4 = Math.exp(log_V);
  const x5 = x3 * x4;
  const c6 = rfrobust.gaussianParts(x5);
  const x7 = 1.0 / (x4 + 1.0);
  const x8 = (p.eps * ((c6.m * x7) + x3)) / x1;
  const x9 = x8 + p.penalty;
  const x10 = x4 * x7;
  const x11 = c6.p0 + (c6.p1 * x10);
  const x12 = x4 / x11;
  const x13 = x9 * x12;
  const c14 = closedAverages(x13, p.ridge * x12, p);
  const x15 = p.noise + c14.B;
  const x16 = x15 * x11;
  const x17 = x16 * x11;
  const x18 = (x5 * c6.m) + (c6.p1 * x4);
  const x19 = x18 * x7;
  const x20 = x19 * x7;
  const x21 = x5 * 2.0;
  const x22 = x3 * 4.0;
  const x23 = x3 * x3;
  const x24 = ((c6.p1 + (x21 * c6.phi)) + (x22 * c6.phi)) + (x23 * c6.p1);
  const x25 = x24 * x10;
  const x26 = c6.A + (x25 * x10);
  const x27 = p.R * x26;
  const x28 = (x11 * x20) + (x27 * c14.Tc);
  const x29 = x15 * x26;
  const x30 = p.R * c14.Q;
  const x31 = (c14.P * x28) + (x29 * x30);
  const x32 = x17 / x31;
  const x33 = x2 * x32;
  const x34 = p.R * c14.E1;
  const x35 = x11 / x34;
  const x36 = 1.0 - p.R;
  const x37 = p.R - 1.0;
  const x38 = (c6.p1 * x7) + (x37 >= 0.0 ? x37 : 0.0);
  const x39 = ((p.R * c14.E1c) + (x36 >= 0.0 ? x36 : 0.0)) / x38;
  const x40 = x35 * x39;
  const x41 = x1 * p.eps;
  const x42 = x41 * x4;
  const x43 = x42 * c6.p1;
  const x44 = 1.0 / x1;
  const x45 = ((((-(x43 * x7)) + x41) * p.eps) - (x1 * x8)) * x44;
  const x46 = 2.0 * c6.phi;
  const x47 = (-2.0) * c6.phi;
  const x48 = x42 * x47;
  const x49 = (x42 * x46) + (x48 * x10);
  const x50 = 1.0 / x11;
  const x51 = (x49 * x12) * x50;
  const x52 = (x45 * x12) - (x51 * x9);
  const x53 = x51 * p.ridge;
  const x54 = (x52 * c14.B_k) - (x53 * c14.B_l);
  const x55 = (((x54 * x11) + (x49 * x15)) * x11) + (x49 * x16);
  const x56 = ((((x42 * c6.m) - (x43 * x5)) + (x48 * x4)) * x7) * x7;
  const x57 = (x46 * x5) * x5;
  const x58 = x5 * c6.phi;
  const x59 = x42 * x58;
  const x60 = (x48 + (((x42 * 2.0) * c6.phi) - (x59 * x21))) + (((x41 * 4.0) * c6.phi) - (x59 * x22));
  const x61 = x41 * x3;
  const x62 = (x60 + (((x61 + x61) * c6.p1) + (x48 * x23))) * x10;
  const x63 = (x42 * x57) + (x62 * x10);
  const x64 = ((x63 * p.R) * c14.Tc) + (((x52 * c14.Tc_k) - (x53 * c14.Tc_l)) * x27);
  const x65 = (((x52 * c14.P_k) - (x53 * c14.P_l)) * x28) + ((((x49 * x20) + (x56 * x11)) + x64) * c14.P);
  const x66 = (((x52 * c14.Q_k) - (x53 * c14.Q_l)) * p.R) * x29;
  const x67 = x65 + ((((x54 * x26) + (x63 * x15)) * x30) + x66);
  const x68 = 1.0 / x31;
  const x69 = ((x2 + x2) * x32) + (((x55 - (x67 * x32)) * x68) * x2);
  const x70 = 1.0 / x33;
  const x71 = x4 * x3;
  const x72 = x71 * c6.p1;
  const x73 = x4 * (x7 * x7);
  const x74 = ((((-(x72 * x7)) - (x73 * c6.m)) * p.eps) * x44) * x12;
  const x75 = x71 * x47;
  const x76 = x10 - (x73 * x4);
  const x77 = (x71 * x46) + ((x75 * x10) + (x76 * c6.p1));
  const x78 = (x4 - (x77 * x12)) * x50;
  const x79 = x74 + (x78 * x9);
  const x80 = x78 * p.ridge;
  const x81 = (x79 * c14.B_k) + (x80 * c14.B_l);
  const x82 = (((x81 * x11) + (x77 * x15)) * x11) + (x77 * x16);
  const x83 = ((x71 * c6.m) - (x72 * x5)) + ((x75 * x4) + (x4 * c6.p1));
  const x84 = ((((x83 * x7) - (x73 * x18)) * x7) - (x73 * x19)) * x11;
  const x85 = x71 * x58;
  const x86 = (x75 + (((x71 * 2.0) * c6.phi) - (x85 * x21))) - (x85 * x22);
  const x87 = (((x86 + (x75 * x23)) * x10) + (x76 * x24)) * x10;
  const x88 = (x71 * x57) + (x87 + (x76 * x25));
  const x89 = ((x88 * p.R) * c14.Tc) + (((x79 * c14.Tc_k) + (x80 * c14.Tc_l)) * x27);
  const x90 = (((x79 * c14.P_k) + (x80 * c14.P_l)) * x28) + ((((x77 * x20) + x84) + x89) * c14.P);
  const x91 = (((x79 * c14.Q_k) + (x80 * c14.Q_l)) * p.R) * x29;
  const x92 = x90 + ((((x81 * x26) + (x88 * x15)) * x30) + x91);
  const x93 = (((x52 * c14.E1_k) - (x53 * c14.E1_l)) * p.R) * x35;
  const x94 = 1.0 / x34;
  const x95 = (((x52 * c14.E1c_k) - (x53 * c14.E1c_l)) * p.R) - ((x48 * x7) * x39);
  const x96 = 1.0 / x38;
  const x97 = (((x49 - x93) * x94) * x39) + ((x95 * x96) * x35);
  const x98 = 1.0 / x40;
  const x99 = (((x79 * c14.E1_k) + (x80 * c14.E1_l)) * p.R) * x35;
  const x100 = (((x79 * c14.E1c_k) + (x80 * c14.E1c_l)) * p.R) - (((x75 * x7) - (x73 * c6.p1)) * x39);
  const x101 = (((x77 - x99) * x94) * x39) + ((x100 * x96) * x35);
  return {
    F1: Math.log(x33),
    F2: Math.log(x40),
    F1_t: x69 * x70,
    F1_V: (((x82 - (x92 * x32)) * x68) * x2) * x70,
    F2_t: x97 * x98,
    F2_V: x101 * x98,
    k: x13,
    standard_risk: x17 / x28,
    squared_norm: x31 / x28,
    overlap: c14.C,
  };
}

/* Training observables of a solution with finite V. */
function outputs(q, V, v) {
  const x1 = q * V;
  const c2 = rfrobust.gaussianParts(x1);
  const x3 = 1.0 / (V + 1.0);
  const x4 = (((c2.p1 - (x1 * c2.m)) * x3) * x3) + (((q * 2.0) * c2.m) * x3);
  return {
    training_loss: (v * 0.5) * (x4 + (q * q)),
    mean_abs_residual: (Math.sqrt(v) * c2.m) * x3,
    zero_residual_fraction: c2.p0,
  };
}

/* Adversarial risk at a test radius. */
function adversarialRisk(v, r, radius) {
  const x1 = radius * r;
  const x2 = v + (x1 * ((Math.sqrt(v) * 1.5957691216057308) + x1));
  return {
    value: x2,
  };
}

return { closedAverages, closedReach, squaredNullThreshold, coldStart, balanced, outputs, adversarialRisk };
})();
