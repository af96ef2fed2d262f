/* Generated from rfrobust/engine/equations.py and systems.py by `python -m rfrobust.engine.generate`:
 * do not edit. Needs normal.js and channels.js. */
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
  const c6 = normal.gaussianParts(x5);
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
  const c2 = normal.gaussianParts(x1);
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

/* Overlaps of the closed law. */
function closedOverlaps(a, k, l, p) {
  const x1 = 1.0 / (a + k);
  const x2 = (a * p.mu) + ((k * p.rho2) + l);
  const x3 = (x2 * x1) / p.c;
  const x4 = p.psi1 + 1.0;
  const x5 = (x3 * 2.0) * x4;
  const x6 = 1.0 - p.psi1;
  const x7 = x6 * x6;
  const x8 = Math.sqrt(((x3 * x3) + x5) + x7);
  const x9 = x8 + x3;
  const x10 = x9 + x4;
  const x11 = 2.0 / x10;
  const x12 = x1 * x11;
  const x13 = p.mu / x2;
  const x14 = x3 + x6;
  const x15 = x14 >= 0.0 ? ((x8 + x14) * 0.5) : ((x8 - x14) * 0.5);
  const x16 = x3 / x15;
  const x17 = x14 >= 0.0 ? x16 : (x15 / p.psi1);
  const x18 = x1 * x1;
  const x19 = x11 / x8;
  const x20 = (x5 + x7) / x9;
  const x21 = x19 * x20;
  const x22 = x18 * x21;
  const x23 = x13 * 2.0;
  const x24 = x3 * x19;
  const x25 = x1 * x24;
  const x26 = x13 * x13;
  const x27 = x17 * x17;
  const x28 = (p.psi1 * x3) / x15;
  const x29 = x14 >= 0.0 ? x15 : x28;
  const x30 = x29 + p.psi1;
  const x31 = (x27 * x30) / x8;
  const x32 = p.signal * p.psi1;
  const x33 = p.rho2 / x2;
  const x34 = k * x1;
  const x35 = x34 * x34;
  const x36 = x34 * 2.0;
  const x37 = a * a;
  const x38 = x37 * x13;
  const x39 = p.psi1 * (((x35 * x21) + (x36 * x24)) + (x38 * x25));
  const x40 = x30 * x8;
  const x41 = (x29 * x29) / x40;
  const x42 = x13 + x33;
  const x43 = x13 * x33;
  const x44 = -(x18 * x11);
  const x45 = x18 * x2;
  const x46 = 1.0 / p.c;
  const x47 = ((p.mu * x1) - x45) * x46;
  const x48 = x47 * x3;
  const x49 = (x47 * 2.0) * x4;
  const x50 = 0.5 / x8;
  const x51 = ((x48 + x48) + x49) * x50;
  const x52 = x51 + x47;
  const x53 = x11 * (1.0 / x10);
  const x54 = x52 * x53;
  const x55 = x44 - (x54 * x1);
  const x56 = 1.0 / x2;
  const x57 = (p.mu * x13) * x56;
  const x58 = x14 >= 0.0 ? (x52 * 0.5) : ((x51 - x47) * 0.5);
  const x59 = 1.0 / x15;
  const x60 = 1.0 / p.psi1;
  const x61 = x14 >= 0.0 ? ((x47 - (x58 * x16)) * x59) : (x58 * x60);
  const x62 = x18 * x1;
  const x63 = ((-x62) - x62) * x21;
  const x64 = 1.0 / x8;
  const x65 = ((-x54) - (x51 * x19)) * x64;
  const x66 = 1.0 / x9;
  const x67 = (x65 * x20) + (((x49 - (x52 * x20)) * x66) * x19);
  const x68 = x63 + (x67 * x18);
  const x69 = -(x18 * x24);
  const x70 = (x47 * x19) + (x65 * x3);
  const x71 = x69 + (x70 * x1);
  const x72 = x57 * x13;
  const x73 = x61 * x17;
  const x74 = x14 >= 0.0 ? x58 : (((x47 * p.psi1) - (x58 * x28)) * x59);
  const x75 = (((x73 + x73) * x30) + (x74 * x27)) - (x51 * x31);
  const x76 = x75 * x64;
  const x77 = (x68 + ((-((x57 * 2.0) * x25)) + (x71 * x23))) + ((((-x72) - x72) * x31) + (x76 * x26));
  const x78 = (p.mu * x33) * x56;
  const x79 = x18 * k;
  const x80 = x79 * x34;
  const x81 = ((((-x80) - x80) * x21) + (x67 * x35)) + ((-((x79 * 2.0) * x24)) + (x70 * x36));
  const x82 = ((((a + a) * x13) - (x57 * x37)) * x25) + (x71 * x38);
  const x83 = x74 * x29;
  const x84 = 1.0 / x40;
  const x85 = ((x83 + x83) - (((x74 * x8) + (x51 * x30)) * x41)) * x84;
  const x86 = (((-(x57 * x33)) - (x78 * x13)) * x31) + (x76 * x43);
  const x87 = (x68 + ((((-x57) - x78) * x25) + (x71 * x42))) + x86;
  const x88 = ((p.rho2 * x1) - x45) * x46;
  const x89 = x88 * x3;
  const x90 = (x88 * 2.0) * x4;
  const x91 = ((x89 + x89) + x90) * x50;
  const x92 = x91 + x88;
  const x93 = x92 * x53;
  const x94 = x44 - (x93 * x1);
  const x95 = (p.rho2 * x13) * x56;
  const x96 = x14 >= 0.0 ? (x92 * 0.5) : ((x91 - x88) * 0.5);
  const x97 = x14 >= 0.0 ? ((x88 - (x96 * x16)) * x59) : (x96 * x60);
  const x98 = ((-x93) - (x91 * x19)) * x64;
  const x99 = (x98 * x20) + (((x90 - (x92 * x20)) * x66) * x19);
  const x100 = x63 + (x99 * x18);
  const x101 = (x88 * x19) + (x98 * x3);
  const x102 = x69 + (x101 * x1);
  const x103 = x95 * x13;
  const x104 = x97 * x17;
  const x105 = x14 >= 0.0 ? x96 : (((x88 * p.psi1) - (x96 * x28)) * x59);
  const x106 = (((x104 + x104) * x30) + (x105 * x27)) - (x91 * x31);
  const x107 = x106 * x64;
  const x108 = (x100 + ((-((x95 * 2.0) * x25)) + (x102 * x23))) + ((((-x103) - x103) * x31) + (x107 * x26));
  const x109 = (p.rho2 * x33) * x56;
  const x110 = x1 - x79;
  const x111 = x110 * x34;
  const x112 = (((x111 + x111) * x21) + (x99 * x35)) + (((x110 * 2.0) * x24) + (x101 * x36));
  const x113 = (x112 + ((-((x95 * x37) * x25)) + (x102 * x38))) * p.psi1;
  const x114 = x105 * x29;
  const x115 = (x114 + x114) - (((x105 * x8) + (x91 * x30)) * x41);
  const x116 = (((-(x95 * x33)) - (x109 * x13)) * x31) + (x107 * x43);
  const x117 = (x100 + ((((-x95) - x109) * x25) + (x102 * x42))) + x116;
  const x118 = x1 * x46;
  const x119 = x118 * x3;
  const x120 = (x118 * 2.0) * x4;
  const x121 = ((x119 + x119) + x120) * x50;
  const x122 = x121 + x118;
  const x123 = x122 * x53;
  const x124 = x123 * x1;
  const x125 = x13 * x56;
  const x126 = x14 >= 0.0 ? (x122 * 0.5) : ((x121 - x118) * 0.5);
  const x127 = x14 >= 0.0 ? ((x118 - (x126 * x16)) * x59) : (x126 * x60);
  const x128 = ((-x123) - (x121 * x19)) * x64;
  const x129 = (x128 * x20) + (((x120 - (x122 * x20)) * x66) * x19);
  const x130 = x129 * x18;
  const x131 = (x118 * x19) + (x128 * x3);
  const x132 = x131 * x1;
  const x133 = x125 * x13;
  const x134 = x127 * x17;
  const x135 = x14 >= 0.0 ? x126 : (((x118 * p.psi1) - (x126 * x28)) * x59);
  const x136 = (((x134 + x134) * x30) + (x135 * x27)) - (x121 * x31);
  const x137 = x136 * x64;
  const x138 = (x130 + ((-((x125 * 2.0) * x25)) + (x132 * x23))) + ((((-x133) - x133) * x31) + (x137 * x26));
  const x139 = x33 * x56;
  const x140 = ((x129 * x35) + (x131 * x36)) + ((-((x125 * x37) * x25)) + (x132 * x38));
  const x141 = x135 * x29;
  const x142 = (x141 + x141) - (((x135 * x8) + (x121 * x30)) * x41);
  const x143 = (((-(x125 * x33)) - (x139 * x13)) * x31) + (x137 * x43);
  const x144 = (x130 + ((((-x125) - x139) * x25) + (x132 * x42))) + x143;
  return {
    E1: x12 + (x13 * x17),
    E2: (x22 + (x23 * x25)) + (x26 * x31),
    C: x32 * x12,
    P: x32 * (x22 + (x33 * x25)),
    B: p.signal * (x39 + x41),
    S: x32 * (x22 + (x13 * x25)),
    Q: (x22 + (x42 * x25)) + (x43 * x31),
    E1_a: x55 + ((-(x57 * x17)) + (x61 * x13)),
    E2_a: x77,
    C_a: x55 * x32,
    P_a: (x68 + ((-(x78 * x25)) + (x71 * x33))) * x32,
    B_a: (((x81 + x82) * p.psi1) + x85) * p.signal,
    S_a: (x68 + ((-(x57 * x25)) + (x71 * x13))) * x32,
    Q_a: x87,
    E1_k: x94 + ((-(x95 * x17)) + (x97 * x13)),
    E2_k: x108,
    C_k: x94 * x32,
    P_k: (x100 + ((-(x109 * x25)) + (x102 * x33))) * x32,
    B_k: (x113 + (x115 * x84)) * p.signal,
    S_k: (x100 + ((-(x95 * x25)) + (x102 * x13))) * x32,
    Q_k: x117,
    E1_l: (-x124) + ((-(x125 * x17)) + (x127 * x13)),
    E2_l: x138,
    C_l: -(x124 * x32),
    P_l: (x130 + ((-(x139 * x25)) + (x132 * x33))) * x32,
    B_l: ((x140 * p.psi1) + (x142 * x84)) * p.signal,
    S_l: (x130 + ((-(x125 * x25)) + (x132 * x13))) * x32,
    Q_l: x144,
  };
}

/* The equations of residuals, spectral. */
function residualSpectral(log_s, log_r, log_V, p, gradient_penalty, loss) {
  const x1 = Math.exp(log_s);
  const x2 = Math.exp(log_V);
  const x3 = Math.exp(log_r);
  const c4 = channels.residual(x1, x2, p.eps * x3, p, loss);
  const x5 = (p.eps * c4.g) / x3;
  const c6 = closedOverlaps(c4.a, x5 + gradient_penalty, p.ridge, p);
  const x7 = p.R * c4.b2;
  const x8 = x7 * c6.E2;
  const x9 = c6.B + x8;
  const x10 = p.R * c6.E1;
  const x11 = x2 / x10;
  const x12 = c4.a * c4.a;
  const x13 = x3 * x3;
  const x14 = ((x12 * c6.P) + (x7 * c6.Q)) / x13;
  const x15 = x1 * c4.a_s;
  const x16 = 1.0 / x3;
  const x17 = ((x1 * c4.g_s) * p.eps) * x16;
  const x18 = (x1 * c4.b2_s) * p.R;
  const x19 = (x18 * c6.E2) + (((x15 * c6.E2_a) + (x17 * c6.E2_k)) * x7);
  const x20 = 1.0 / x9;
  const x21 = ((((x15 * c6.B_a) + (x17 * c6.B_k)) + x19) * x20) - 2.0;
  const x22 = x3 * p.eps;
  const x23 = x22 * c4.a_p;
  const x24 = (((x22 * c4.g_p) * p.eps) - (x3 * x5)) * x16;
  const x25 = (x22 * c4.b2_p) * p.R;
  const x26 = (x25 * c6.E2) + (((x23 * c6.E2_a) + (x24 * c6.E2_k)) * x7);
  const x27 = x2 * c4.a_V;
  const x28 = ((x2 * c4.g_V) * p.eps) * x16;
  const x29 = (x2 * c4.b2_V) * p.R;
  const x30 = (x29 * c6.E2) + (((x27 * c6.E2_a) + (x28 * c6.E2_k)) * x7);
  const x31 = (((x15 * c6.E1_a) + (x17 * c6.E1_k)) * p.R) * x11;
  const x32 = 1.0 / x10;
  const x33 = 1.0 / x11;
  const x34 = (((x23 * c6.E1_a) + (x24 * c6.E1_k)) * p.R) * x11;
  const x35 = (((x27 * c6.E1_a) + (x28 * c6.E1_k)) * p.R) * x11;
  const x36 = x15 * c4.a;
  const x37 = ((x36 + x36) * c6.P) + (((x15 * c6.P_a) + (x17 * c6.P_k)) * x12);
  const x38 = (x18 * c6.Q) + (((x15 * c6.Q_a) + (x17 * c6.Q_k)) * x7);
  const x39 = 1.0 / x13;
  const x40 = 1.0 / x14;
  const x41 = x23 * c4.a;
  const x42 = ((x41 + x41) * c6.P) + (((x23 * c6.P_a) + (x24 * c6.P_k)) * x12);
  const x43 = (x25 * c6.Q) + (((x23 * c6.Q_a) + (x24 * c6.Q_k)) * x7);
  const x44 = (((x42 + x43) - ((x13 + x13) * x14)) * x39) * x40;
  const x45 = x27 * c4.a;
  const x46 = ((x45 + x45) * c6.P) + (((x27 * c6.P_a) + (x28 * c6.P_k)) * x12);
  const x47 = (x29 * c6.Q) + (((x27 * c6.Q_a) + (x28 * c6.Q_k)) * x7);
  return [
    Math.log(x9) - (log_s * 2.0),
    Math.log(x11),
    Math.log(x14),
    x21,
    (((x23 * c6.B_a) + (x24 * c6.B_k)) + x26) * x20,
    (((x27 * c6.B_a) + (x28 * c6.B_k)) + x30) * x20,
    -((x31 * x32) * x33),
    -((x34 * x32) * x33),
    ((x2 - x35) * x32) * x33,
    ((x37 + x38) * x39) * x40,
    x44,
    ((x46 + x47) * x39) * x40,
    c4.a * c6.C,
    x9,
    (x12 * c6.S) + x8,
  ];
}

/* The equations of residuals, coordinate. */
function residualCoordinate(log_s, log_r, log_V, log_t, log_zeta, p, norm, loss) {
  const x1 = Math.exp(log_s);
  const x2 = Math.exp(log_V);
  const x3 = Math.exp(log_r);
  const c4 = channels.residual(x1, x2, p.eps * x3, p, loss);
  const x5 = c4.a * p.signal;
  const x6 = p.eps * c4.g;
  const x7 = Math.log(x3);
  const x8 = 1.0 - norm.exponent;
  const x9 = Math.exp(x7 * x8);
  const x10 = (x6 * x9) / norm.exponent;
  const x11 = Math.exp(log_zeta);
  const x12 = x11 * x11;
  const x13 = Math.exp(log_t);
  const x14 = p.c * x13;
  const x15 = x14 * x13;
  const x16 = p.psi1 / p.R;
  const x17 = (((c4.a * c4.a) * p.signal) + (x12 * x15)) + (c4.b2 / x16);
  const x18 = Math.sqrt(x17);
  const x19 = c4.a + x11;
  const x20 = x18 / x19;
  const x21 = Math.exp(Math.log(x20) * norm.exponent);
  const x22 = x10 * x21;
  const x23 = x18 * x18;
  const x24 = (x22 * x19) / x23;
  const x25 = Math.sqrt(p.rho2);
  const x26 = (x25 * x13) / x20;
  const c27 = channels.coordinate(x24, x26);
  const x28 = c27.chi / x19;
  const x29 = x5 * x28;
  const x30 = c27.A2 * x20;
  const x31 = x30 * x20;
  const x32 = p.mu * x13;
  const x33 = x31 + (x32 * x13);
  const x34 = (p.signal - (x29 * 2.0)) + x33;
  const x35 = x11 * p.c;
  const x36 = p.mu / x35;
  const x37 = (x28 + x36) / x16;
  const x38 = x2 / x37;
  const x39 = c27.e * x21;
  const x40 = p.c * p.psi1;
  const x41 = x40 * x11;
  const x42 = x41 * x11;
  const x43 = x11 * 2.0;
  const x44 = x43 * x28;
  const x45 = 1.0 - x44;
  const x46 = x31 + (x15 * x45);
  const x47 = x35 * p.psi1;
  const x48 = x47 * x47;
  const x49 = x48 * x13;
  const x50 = x49 * x13;
  const x51 = (((c4.b2 * p.mu) * p.R) + (x42 * x46)) / x50;
  const x52 = x11 * x28;
  const x53 = x35 * (1.0 - x52);
  const x54 = x10 * x25;
  const x55 = (c27.es * x21) / x20;
  const x56 = (x54 * x55) / x13;
  const x57 = ((((c4.a * p.mu) + p.ridge) + x53) + x56) / x47;
  const x58 = x1 * c4.a_s;
  const x59 = 1.0 / norm.exponent;
  const x60 = (((x1 * c4.g_s) * p.eps) * x9) * x59;
  const x61 = x58 * c4.a;
  const x62 = x1 * c4.b2_s;
  const x63 = 1.0 / x16;
  const x64 = 0.5 / x18;
  const x65 = (((x61 + x61) * p.signal) + (x62 * x63)) * x64;
  const x66 = 1.0 / x19;
  const x67 = (x65 - (x58 * x20)) * x66;
  const x68 = 1.0 / x20;
  const x69 = ((x67 * x68) * norm.exponent) * x21;
  const x70 = (((x60 * x21) + (x69 * x10)) * x19) + (x58 * x22);
  const x71 = x65 * x18;
  const x72 = 1.0 / x23;
  const x73 = (x70 - ((x71 + x71) * x24)) * x72;
  const x74 = (x67 * x26) * x68;
  const x75 = ((x73 * c27.chi_g) - (x74 * c27.chi_h)) - (x58 * x28);
  const x76 = x75 * x66;
  const x77 = (((x73 * c27.A2_g) - (x74 * c27.A2_h)) * x20) + (x67 * c27.A2);
  const x78 = (x77 * x20) + (x67 * x30);
  const x79 = (-((((x58 * p.signal) * x28) + (x76 * x5)) * 2.0)) + x78;
  const x80 = 1.0 / x34;
  const x81 = x3 * p.eps;
  const x82 = x81 * c4.a_p;
  const x83 = x3 * (1.0 / x3);
  const x84 = (((x81 * c4.g_p) * p.eps) * x9) + (((x83 * x8) * x9) * x6);
  const x85 = x84 * x59;
  const x86 = x82 * c4.a;
  const x87 = x81 * c4.b2_p;
  const x88 = (((x86 + x86) * p.signal) + (x87 * x63)) * x64;
  const x89 = (x88 - (x82 * x20)) * x66;
  const x90 = ((x89 * x68) * norm.exponent) * x21;
  const x91 = (((x85 * x21) + (x90 * x10)) * x19) + (x82 * x22);
  const x92 = x88 * x18;
  const x93 = (x91 - ((x92 + x92) * x24)) * x72;
  const x94 = (x89 * x26) * x68;
  const x95 = ((x93 * c27.chi_g) - (x94 * c27.chi_h)) - (x82 * x28);
  const x96 = x95 * x66;
  const x97 = (((x93 * c27.A2_g) - (x94 * c27.A2_h)) * x20) + (x89 * c27.A2);
  const x98 = (x97 * x20) + (x89 * x30);
  const x99 = (-((((x82 * p.signal) * x28) + (x96 * x5)) * 2.0)) + x98;
  const x100 = x2 * c4.a_V;
  const x101 = (((x2 * c4.g_V) * p.eps) * x9) * x59;
  const x102 = x100 * c4.a;
  const x103 = x2 * c4.b2_V;
  const x104 = (((x102 + x102) * p.signal) + (x103 * x63)) * x64;
  const x105 = (x104 - (x100 * x20)) * x66;
  const x106 = ((x105 * x68) * norm.exponent) * x21;
  const x107 = (((x101 * x21) + (x106 * x10)) * x19) + (x100 * x22);
  const x108 = x104 * x18;
  const x109 = (x107 - ((x108 + x108) * x24)) * x72;
  const x110 = (x105 * x26) * x68;
  const x111 = ((x109 * c27.chi_g) - (x110 * c27.chi_h)) - (x100 * x28);
  const x112 = x111 * x66;
  const x113 = -((((x100 * p.signal) * x28) + (x112 * x5)) * 2.0);
  const x114 = (((x109 * c27.A2_g) - (x110 * c27.A2_h)) * x20) + (x105 * c27.A2);
  const x115 = (x114 * x20) + (x105 * x30);
  const x116 = ((x13 * p.c) * x13) + (x13 * x14);
  const x117 = (x116 * x12) * x64;
  const x118 = x117 * x66;
  const x119 = ((x118 * x68) * norm.exponent) * x21;
  const x120 = x117 * x18;
  const x121 = (((x119 * x10) * x19) - ((x120 + x120) * x24)) * x72;
  const x122 = ((x13 * x25) - (x118 * x26)) * x68;
  const x123 = ((x121 * c27.chi_g) + (x122 * c27.chi_h)) * x66;
  const x124 = (((x121 * c27.A2_g) + (x122 * c27.A2_h)) * x20) + (x118 * c27.A2);
  const x125 = (x124 * x20) + (x118 * x30);
  const x126 = (-((x123 * x5) * 2.0)) + (x125 + (((x13 * p.mu) * x13) + (x13 * x32)));
  const x127 = ((x12 + x12) * x15) * x64;
  const x128 = (x127 - (x11 * x20)) * x66;
  const x129 = ((x128 * x68) * norm.exponent) * x21;
  const x130 = x127 * x18;
  const x131 = (((x129 * x10) * x19) + (x11 * x22)) - ((x130 + x130) * x24);
  const x132 = x131 * x72;
  const x133 = (x128 * x26) * x68;
  const x134 = (((x132 * c27.chi_g) - (x133 * c27.chi_h)) - x52) * x66;
  const x135 = (((x132 * c27.A2_g) - (x133 * c27.A2_h)) * x20) + (x128 * c27.A2);
  const x136 = (x135 * x20) + (x128 * x30);
  const x137 = 1.0 / x37;
  const x138 = 1.0 / x38;
  const x139 = ((x134 - ((x35 * x36) * (1.0 / x35))) * x63) * x38;
  const x140 = (((x73 * c27.e_g) - (x74 * c27.e_h)) * x21) + (x69 * c27.e);
  const x141 = 1.0 / x39;
  const x142 = (((x93 * c27.e_g) - (x94 * c27.e_h)) * x21) + (x90 * c27.e);
  const x143 = (((x109 * c27.e_g) - (x110 * c27.e_h)) * x21) + (x106 * c27.e);
  const x144 = (((x121 * c27.e_g) + (x122 * c27.e_h)) * x21) + (x119 * c27.e);
  const x145 = (((x132 * c27.e_g) - (x133 * c27.e_h)) * x21) + (x129 * c27.e);
  const x146 = ((x62 * p.mu) * p.R) + ((x78 - ((x76 * x43) * x15)) * x42);
  const x147 = 1.0 / x50;
  const x148 = 1.0 / x51;
  const x149 = ((x87 * p.mu) * p.R) + ((x98 - ((x96 * x43) * x15)) * x42);
  const x150 = ((x103 * p.mu) * p.R) + ((x115 - ((x112 * x43) * x15)) * x42);
  const x151 = (x125 + ((x116 * x45) - ((x123 * x43) * x15))) * x42;
  const x152 = x151 - ((((x13 * x48) * x13) + (x13 * x49)) * x51);
  const x153 = ((((x11 * x40) * x11) + (x11 * x41)) * x46) + ((x136 - ((x44 + (x134 * x43)) * x15)) * x42);
  const x154 = (x153 - ((((x48 + x48) * x13) * x13) * x51)) * x147;
  const x155 = (((x73 * c27.es_g) - (x74 * c27.es_h)) * x21) + (x69 * c27.es);
  const x156 = ((x60 * x25) * x55) + (((x155 - (x67 * x55)) * x68) * x54);
  const x157 = 1.0 / x13;
  const x158 = ((x58 * p.mu) - ((x76 * x11) * x35)) + (x156 * x157);
  const x159 = 1.0 / x47;
  const x160 = 1.0 / x57;
  const x161 = (((x93 * c27.es_g) - (x94 * c27.es_h)) * x21) + (x90 * c27.es);
  const x162 = ((x85 * x25) * x55) + (((x161 - (x89 * x55)) * x68) * x54);
  const x163 = ((x82 * p.mu) - ((x96 * x11) * x35)) + (x162 * x157);
  const x164 = (((x109 * c27.es_g) - (x110 * c27.es_h)) * x21) + (x106 * c27.es);
  const x165 = ((x101 * x25) * x55) + (((x164 - (x105 * x55)) * x68) * x54);
  const x166 = ((x100 * p.mu) - ((x112 * x11) * x35)) + (x165 * x157);
  const x167 = (((x121 * c27.es_g) + (x122 * c27.es_h)) * x21) + (x119 * c27.es);
  const x168 = (((x167 - (x118 * x55)) * x68) * x54) - (x13 * x56);
  const x169 = (((-((x123 * x11) * x35)) + (x168 * x157)) * x159) * x160;
  const x170 = (((x132 * c27.es_g) - (x133 * c27.es_h)) * x21) + (x129 * c27.es);
  const x171 = (x53 - ((x52 + (x134 * x11)) * x35)) + ((((x170 - (x128 * x55)) * x68) * x54) * x157);
  return [
    Math.log(x34) - (log_s * 2.0),
    Math.log(x38),
    (Math.log(x39) / norm.exponent) - x7,
    Math.log(x51),
    Math.log(x57),
    (x79 * x80) - 2.0,
    x99 * x80,
    (x113 + x115) * x80,
    x126 * x80,
    ((-((x134 * x5) * 2.0)) + x136) * x80,
    -((((x76 * x63) * x38) * x137) * x138),
    -((((x96 * x63) * x38) * x137) * x138),
    ((x2 - ((x112 * x63) * x38)) * x137) * x138,
    -((((x123 * x63) * x38) * x137) * x138),
    -((x139 * x137) * x138),
    (x140 * x141) * x59,
    ((x142 * x141) * x59) - x83,
    (x143 * x141) * x59,
    (x144 * x141) * x59,
    (x145 * x141) * x59,
    (x146 * x147) * x148,
    (x149 * x147) * x148,
    (x150 * x147) * x148,
    (x152 * x147) * x148,
    x154 * x148,
    (x158 * x159) * x160,
    (x163 * x159) * x160,
    (x166 * x159) * x160,
    x169,
    ((x171 - (x47 * x57)) * x159) * x160,
    x29,
    x34,
    x33,
  ];
}

/* The equations of labels, spectral. */
function labelSpectral(log_kappa, log_Q, log_r, log_V, p, gradient_penalty, loss) {
  const x1 = Math.exp(log_kappa);
  const x2 = Math.exp(log_V);
  const x3 = Math.exp(log_r);
  const c4 = channels.label(x1, Math.exp(log_Q), x2, p.eps * x3, loss);
  const x5 = x1 * x1;
  const x6 = x5 + 1.0;
  const x7 = (p.signal + p.noise) / x6;
  const x8 = Math.sqrt(x7);
  const x9 = c4.h / x8;
  const x10 = (p.eps * c4.g) / x3;
  const c11 = closedOverlaps(c4.a, x10 + gradient_penalty, p.ridge, p);
  const x12 = x9 * c11.C;
  const x13 = Math.exp(log_Q * 0.5);
  const x14 = x1 * x13;
  const x15 = x14 * x8;
  const x16 = x12 / x15;
  const x17 = x9 * x9;
  const x18 = p.R * c4.b2;
  const x19 = x18 * c11.E2;
  const x20 = (x17 * c11.S) + x19;
  const x21 = p.R * c11.E1;
  const x22 = x2 / x21;
  const x23 = x3 * x3;
  const x24 = ((x17 * c11.P) + (x18 * c11.Q)) / x23;
  const x25 = (((x5 + x5) * x7) * (1.0 / x6)) * (0.5 / x8);
  const x26 = 1.0 / x8;
  const x27 = (c4.h_c + (x25 * x9)) * x26;
  const x28 = 1.0 / x3;
  const x29 = (c4.g_c * p.eps) * x28;
  const x30 = (x27 * c11.C) + (((c4.a_c * c11.C_a) + (x29 * c11.C_k)) * x9);
  const x31 = 1.0 / x15;
  const x32 = 1.0 / x16;
  const x33 = ((x30 - ((x15 - (x25 * x14)) * x16)) * x31) * x32;
  const x34 = c4.h_Q * x26;
  const x35 = (c4.g_Q * p.eps) * x28;
  const x36 = (x34 * c11.C) + (((c4.a_Q * c11.C_a) + (x35 * c11.C_k)) * x9);
  const x37 = ((x36 - ((((0.5 * x13) * x1) * x8) * x16)) * x31) * x32;
  const x38 = x3 * p.eps;
  const x39 = (x38 * c4.h_p) * x26;
  const x40 = x38 * c4.a_p;
  const x41 = (((x38 * c4.g_p) * p.eps) - (x3 * x10)) * x28;
  const x42 = (x39 * c11.C) + (((x40 * c11.C_a) + (x41 * c11.C_k)) * x9);
  const x43 = (x2 * c4.h_V) * x26;
  const x44 = x2 * c4.a_V;
  const x45 = ((x2 * c4.g_V) * p.eps) * x28;
  const x46 = (x43 * c11.C) + (((x44 * c11.C_a) + (x45 * c11.C_k)) * x9);
  const x47 = x27 * x9;
  const x48 = x47 + x47;
  const x49 = (x48 * c11.S) + (((c4.a_c * c11.S_a) + (x29 * c11.S_k)) * x17);
  const x50 = c4.b2_c * p.R;
  const x51 = (x50 * c11.E2) + (((c4.a_c * c11.E2_a) + (x29 * c11.E2_k)) * x18);
  const x52 = 1.0 / x20;
  const x53 = x34 * x9;
  const x54 = x53 + x53;
  const x55 = (x54 * c11.S) + (((c4.a_Q * c11.S_a) + (x35 * c11.S_k)) * x17);
  const x56 = c4.b2_Q * p.R;
  const x57 = (x56 * c11.E2) + (((c4.a_Q * c11.E2_a) + (x35 * c11.E2_k)) * x18);
  const x58 = x39 * x9;
  const x59 = x58 + x58;
  const x60 = (x59 * c11.S) + (((x40 * c11.S_a) + (x41 * c11.S_k)) * x17);
  const x61 = (x38 * c4.b2_p) * p.R;
  const x62 = (x61 * c11.E2) + (((x40 * c11.E2_a) + (x41 * c11.E2_k)) * x18);
  const x63 = x43 * x9;
  const x64 = x63 + x63;
  const x65 = (x64 * c11.S) + (((x44 * c11.S_a) + (x45 * c11.S_k)) * x17);
  const x66 = (x2 * c4.b2_V) * p.R;
  const x67 = (x66 * c11.E2) + (((x44 * c11.E2_a) + (x45 * c11.E2_k)) * x18);
  const x68 = (((c4.a_c * c11.E1_a) + (x29 * c11.E1_k)) * p.R) * x22;
  const x69 = 1.0 / x21;
  const x70 = 1.0 / x22;
  const x71 = (((c4.a_Q * c11.E1_a) + (x35 * c11.E1_k)) * p.R) * x22;
  const x72 = (((x40 * c11.E1_a) + (x41 * c11.E1_k)) * p.R) * x22;
  const x73 = (((x44 * c11.E1_a) + (x45 * c11.E1_k)) * p.R) * x22;
  const x74 = (x48 * c11.P) + (((c4.a_c * c11.P_a) + (x29 * c11.P_k)) * x17);
  const x75 = (x50 * c11.Q) + (((c4.a_c * c11.Q_a) + (x29 * c11.Q_k)) * x18);
  const x76 = 1.0 / x23;
  const x77 = 1.0 / x24;
  const x78 = (x54 * c11.P) + (((c4.a_Q * c11.P_a) + (x35 * c11.P_k)) * x17);
  const x79 = (x56 * c11.Q) + (((c4.a_Q * c11.Q_a) + (x35 * c11.Q_k)) * x18);
  const x80 = (x59 * c11.P) + (((x40 * c11.P_a) + (x41 * c11.P_k)) * x17);
  const x81 = (x61 * c11.Q) + (((x40 * c11.Q_a) + (x41 * c11.Q_k)) * x18);
  const x82 = (((x80 + x81) - ((x23 + x23) * x24)) * x76) * x77;
  const x83 = (x64 * c11.P) + (((x44 * c11.P_a) + (x45 * c11.P_k)) * x17);
  const x84 = (x66 * c11.Q) + (((x44 * c11.Q_a) + (x45 * c11.Q_k)) * x18);
  return [
    Math.log(x16),
    Math.log(x20) - log_Q,
    Math.log(x22),
    Math.log(x24),
    x33,
    x37,
    (x42 * x31) * x32,
    (x46 * x31) * x32,
    (x49 + x51) * x52,
    ((x55 + x57) * x52) - 1.0,
    (x60 + x62) * x52,
    (x65 + x67) * x52,
    -((x68 * x69) * x70),
    -((x71 * x69) * x70),
    -((x72 * x69) * x70),
    ((x2 - x73) * x69) * x70,
    ((x74 + x75) * x76) * x77,
    ((x78 + x79) * x76) * x77,
    x82,
    ((x83 + x84) * x76) * x77,
    x12,
    c11.B + x19,
    x20,
  ];
}

/* The equations of labels, coordinate. */
function labelCoordinate(log_kappa, log_Q, log_r, log_V, log_t, log_zeta, p, norm, loss) {
  const x1 = Math.exp(log_kappa);
  const x2 = Math.exp(log_V);
  const x3 = Math.exp(log_r);
  const c4 = channels.label(x1, Math.exp(log_Q), x2, p.eps * x3, loss);
  const x5 = x1 * x1;
  const x6 = x5 + 1.0;
  const x7 = (p.signal + p.noise) / x6;
  const x8 = Math.sqrt(x7);
  const x9 = c4.h / x8;
  const x10 = x9 * p.signal;
  const x11 = p.eps * c4.g;
  const x12 = Math.log(x3);
  const x13 = 1.0 - norm.exponent;
  const x14 = Math.exp(x12 * x13);
  const x15 = (x11 * x14) / norm.exponent;
  const x16 = Math.exp(log_zeta);
  const x17 = x16 * x16;
  const x18 = Math.exp(log_t);
  const x19 = p.c * x18;
  const x20 = x19 * x18;
  const x21 = p.psi1 / p.R;
  const x22 = (((x9 * x9) * p.signal) + (x17 * x20)) + (c4.b2 / x21);
  const x23 = Math.sqrt(x22);
  const x24 = c4.a + x16;
  const x25 = x23 / x24;
  const x26 = Math.exp(Math.log(x25) * norm.exponent);
  const x27 = x15 * x26;
  const x28 = x23 * x23;
  const x29 = (x27 * x24) / x28;
  const x30 = Math.sqrt(p.rho2);
  const x31 = (x30 * x18) / x25;
  const c32 = channels.coordinate(x29, x31);
  const x33 = c32.chi / x24;
  const x34 = x10 * x33;
  const x35 = Math.exp(log_Q * 0.5);
  const x36 = x1 * x35;
  const x37 = x36 * x8;
  const x38 = x34 / x37;
  const x39 = c32.A2 * x25;
  const x40 = x39 * x25;
  const x41 = p.mu * x18;
  const x42 = x40 + (x41 * x18);
  const x43 = x16 * p.c;
  const x44 = p.mu / x43;
  const x45 = (x33 + x44) / x21;
  const x46 = x2 / x45;
  const x47 = c32.e * x26;
  const x48 = p.c * p.psi1;
  const x49 = x48 * x16;
  const x50 = x49 * x16;
  const x51 = x16 * 2.0;
  const x52 = x51 * x33;
  const x53 = 1.0 - x52;
  const x54 = x40 + (x20 * x53);
  const x55 = x43 * p.psi1;
  const x56 = x55 * x55;
  const x57 = x56 * x18;
  const x58 = x57 * x18;
  const x59 = (((c4.b2 * p.mu) * p.R) + (x50 * x54)) / x58;
  const x60 = x16 * x33;
  const x61 = x43 * (1.0 - x60);
  const x62 = x15 * x30;
  const x63 = (c32.es * x26) / x25;
  const x64 = (x62 * x63) / x18;
  const x65 = ((((c4.a * p.mu) + p.ridge) + x61) + x64) / x55;
  const x66 = (((x5 + x5) * x7) * (1.0 / x6)) * (0.5 / x8);
  const x67 = 1.0 / x8;
  const x68 = (c4.h_c + (x66 * x9)) * x67;
  const x69 = 1.0 / norm.exponent;
  const x70 = ((c4.g_c * p.eps) * x14) * x69;
  const x71 = x68 * x9;
  const x72 = 1.0 / x21;
  const x73 = 0.5 / x23;
  const x74 = (((x71 + x71) * p.signal) + (c4.b2_c * x72)) * x73;
  const x75 = 1.0 / x24;
  const x76 = (x74 - (c4.a_c * x25)) * x75;
  const x77 = 1.0 / x25;
  const x78 = ((x76 * x77) * norm.exponent) * x26;
  const x79 = (((x70 * x26) + (x78 * x15)) * x24) + (c4.a_c * x27);
  const x80 = x74 * x23;
  const x81 = 1.0 / x28;
  const x82 = (x79 - ((x80 + x80) * x29)) * x81;
  const x83 = (x76 * x31) * x77;
  const x84 = ((x82 * c32.chi_g) - (x83 * c32.chi_h)) - (c4.a_c * x33);
  const x85 = x84 * x75;
  const x86 = (((x68 * p.signal) * x33) + (x85 * x10)) - ((x37 - (x66 * x36)) * x38);
  const x87 = 1.0 / x37;
  const x88 = 1.0 / x38;
  const x89 = c4.h_Q * x67;
  const x90 = ((c4.g_Q * p.eps) * x14) * x69;
  const x91 = x89 * x9;
  const x92 = (((x91 + x91) * p.signal) + (c4.b2_Q * x72)) * x73;
  const x93 = (x92 - (c4.a_Q * x25)) * x75;
  const x94 = ((x93 * x77) * norm.exponent) * x26;
  const x95 = (((x90 * x26) + (x94 * x15)) * x24) + (c4.a_Q * x27);
  const x96 = x92 * x23;
  const x97 = (x95 - ((x96 + x96) * x29)) * x81;
  const x98 = (x93 * x31) * x77;
  const x99 = ((x97 * c32.chi_g) - (x98 * c32.chi_h)) - (c4.a_Q * x33);
  const x100 = x99 * x75;
  const x101 = (((x89 * p.signal) * x33) + (x100 * x10)) - ((((0.5 * x35) * x1) * x8) * x38);
  const x102 = x3 * p.eps;
  const x103 = (x102 * c4.h_p) * x67;
  const x104 = x3 * (1.0 / x3);
  const x105 = (((x102 * c4.g_p) * p.eps) * x14) + (((x104 * x13) * x14) * x11);
  const x106 = x105 * x69;
  const x107 = x103 * x9;
  const x108 = x102 * c4.b2_p;
  const x109 = (((x107 + x107) * p.signal) + (x108 * x72)) * x73;
  const x110 = x102 * c4.a_p;
  const x111 = (x109 - (x110 * x25)) * x75;
  const x112 = ((x111 * x77) * norm.exponent) * x26;
  const x113 = (((x106 * x26) + (x112 * x15)) * x24) + (x110 * x27);
  const x114 = x109 * x23;
  const x115 = (x113 - ((x114 + x114) * x29)) * x81;
  const x116 = (x111 * x31) * x77;
  const x117 = ((x115 * c32.chi_g) - (x116 * c32.chi_h)) - (x110 * x33);
  const x118 = x117 * x75;
  const x119 = ((((x103 * p.signal) * x33) + (x118 * x10)) * x87) * x88;
  const x120 = (x2 * c4.h_V) * x67;
  const x121 = (((x2 * c4.g_V) * p.eps) * x14) * x69;
  const x122 = x120 * x9;
  const x123 = x2 * c4.b2_V;
  const x124 = (((x122 + x122) * p.signal) + (x123 * x72)) * x73;
  const x125 = x2 * c4.a_V;
  const x126 = (x124 - (x125 * x25)) * x75;
  const x127 = ((x126 * x77) * norm.exponent) * x26;
  const x128 = (((x121 * x26) + (x127 * x15)) * x24) + (x125 * x27);
  const x129 = x124 * x23;
  const x130 = (x128 - ((x129 + x129) * x29)) * x81;
  const x131 = (x126 * x31) * x77;
  const x132 = ((x130 * c32.chi_g) - (x131 * c32.chi_h)) - (x125 * x33);
  const x133 = x132 * x75;
  const x134 = ((((x120 * p.signal) * x33) + (x133 * x10)) * x87) * x88;
  const x135 = ((x18 * p.c) * x18) + (x18 * x19);
  const x136 = (x135 * x17) * x73;
  const x137 = x136 * x75;
  const x138 = ((x137 * x77) * norm.exponent) * x26;
  const x139 = x136 * x23;
  const x140 = (((x138 * x15) * x24) - ((x139 + x139) * x29)) * x81;
  const x141 = ((x18 * x30) - (x137 * x31)) * x77;
  const x142 = ((x140 * c32.chi_g) + (x141 * c32.chi_h)) * x75;
  const x143 = ((x17 + x17) * x20) * x73;
  const x144 = (x143 - (x16 * x25)) * x75;
  const x145 = ((x144 * x77) * norm.exponent) * x26;
  const x146 = x143 * x23;
  const x147 = (((x145 * x15) * x24) + (x16 * x27)) - ((x146 + x146) * x29);
  const x148 = x147 * x81;
  const x149 = (x144 * x31) * x77;
  const x150 = (((x148 * c32.chi_g) - (x149 * c32.chi_h)) - x60) * x75;
  const x151 = (((x82 * c32.A2_g) - (x83 * c32.A2_h)) * x25) + (x76 * c32.A2);
  const x152 = (x151 * x25) + (x76 * x39);
  const x153 = 1.0 / x42;
  const x154 = (((x97 * c32.A2_g) - (x98 * c32.A2_h)) * x25) + (x93 * c32.A2);
  const x155 = (x154 * x25) + (x93 * x39);
  const x156 = (((x115 * c32.A2_g) - (x116 * c32.A2_h)) * x25) + (x111 * c32.A2);
  const x157 = (x156 * x25) + (x111 * x39);
  const x158 = (((x130 * c32.A2_g) - (x131 * c32.A2_h)) * x25) + (x126 * c32.A2);
  const x159 = (x158 * x25) + (x126 * x39);
  const x160 = (((x140 * c32.A2_g) + (x141 * c32.A2_h)) * x25) + (x137 * c32.A2);
  const x161 = (x160 * x25) + (x137 * x39);
  const x162 = (x161 + (((x18 * p.mu) * x18) + (x18 * x41))) * x153;
  const x163 = (((x148 * c32.A2_g) - (x149 * c32.A2_h)) * x25) + (x144 * c32.A2);
  const x164 = (x163 * x25) + (x144 * x39);
  const x165 = 1.0 / x45;
  const x166 = 1.0 / x46;
  const x167 = ((x150 - ((x43 * x44) * (1.0 / x43))) * x72) * x46;
  const x168 = (((x82 * c32.e_g) - (x83 * c32.e_h)) * x26) + (x78 * c32.e);
  const x169 = 1.0 / x47;
  const x170 = (((x97 * c32.e_g) - (x98 * c32.e_h)) * x26) + (x94 * c32.e);
  const x171 = (((x115 * c32.e_g) - (x116 * c32.e_h)) * x26) + (x112 * c32.e);
  const x172 = (((x130 * c32.e_g) - (x131 * c32.e_h)) * x26) + (x127 * c32.e);
  const x173 = (((x140 * c32.e_g) + (x141 * c32.e_h)) * x26) + (x138 * c32.e);
  const x174 = (((x148 * c32.e_g) - (x149 * c32.e_h)) * x26) + (x145 * c32.e);
  const x175 = ((c4.b2_c * p.mu) * p.R) + ((x152 - ((x85 * x51) * x20)) * x50);
  const x176 = 1.0 / x58;
  const x177 = 1.0 / x59;
  const x178 = ((c4.b2_Q * p.mu) * p.R) + ((x155 - ((x100 * x51) * x20)) * x50);
  const x179 = ((x108 * p.mu) * p.R) + ((x157 - ((x118 * x51) * x20)) * x50);
  const x180 = ((x123 * p.mu) * p.R) + ((x159 - ((x133 * x51) * x20)) * x50);
  const x181 = (x161 + ((x135 * x53) - ((x142 * x51) * x20))) * x50;
  const x182 = x181 - ((((x18 * x56) * x18) + (x18 * x57)) * x59);
  const x183 = ((((x16 * x48) * x16) + (x16 * x49)) * x54) + ((x164 - ((x52 + (x150 * x51)) * x20)) * x50);
  const x184 = (x183 - ((((x56 + x56) * x18) * x18) * x59)) * x176;
  const x185 = (((x82 * c32.es_g) - (x83 * c32.es_h)) * x26) + (x78 * c32.es);
  const x186 = ((x70 * x30) * x63) + (((x185 - (x76 * x63)) * x77) * x62);
  const x187 = 1.0 / x18;
  const x188 = ((c4.a_c * p.mu) - ((x85 * x16) * x43)) + (x186 * x187);
  const x189 = 1.0 / x55;
  const x190 = 1.0 / x65;
  const x191 = (((x97 * c32.es_g) - (x98 * c32.es_h)) * x26) + (x94 * c32.es);
  const x192 = ((x90 * x30) * x63) + (((x191 - (x93 * x63)) * x77) * x62);
  const x193 = ((c4.a_Q * p.mu) - ((x100 * x16) * x43)) + (x192 * x187);
  const x194 = (((x115 * c32.es_g) - (x116 * c32.es_h)) * x26) + (x112 * c32.es);
  const x195 = ((x106 * x30) * x63) + (((x194 - (x111 * x63)) * x77) * x62);
  const x196 = ((x110 * p.mu) - ((x118 * x16) * x43)) + (x195 * x187);
  const x197 = (((x130 * c32.es_g) - (x131 * c32.es_h)) * x26) + (x127 * c32.es);
  const x198 = ((x121 * x30) * x63) + (((x197 - (x126 * x63)) * x77) * x62);
  const x199 = ((x125 * p.mu) - ((x133 * x16) * x43)) + (x198 * x187);
  const x200 = (((x140 * c32.es_g) + (x141 * c32.es_h)) * x26) + (x138 * c32.es);
  const x201 = (((x200 - (x137 * x63)) * x77) * x62) - (x18 * x64);
  const x202 = (((-((x142 * x16) * x43)) + (x201 * x187)) * x189) * x190;
  const x203 = (((x148 * c32.es_g) - (x149 * c32.es_h)) * x26) + (x145 * c32.es);
  const x204 = (x61 - ((x60 + (x150 * x16)) * x43)) + ((((x203 - (x144 * x63)) * x77) * x62) * x187);
  return [
    Math.log(x38),
    Math.log(x42) - log_Q,
    Math.log(x46),
    (Math.log(x47) / norm.exponent) - x12,
    Math.log(x59),
    Math.log(x65),
    (x86 * x87) * x88,
    (x101 * x87) * x88,
    x119,
    x134,
    ((x142 * x10) * x87) * x88,
    ((x150 * x10) * x87) * x88,
    x152 * x153,
    (x155 * x153) - 1.0,
    x157 * x153,
    x159 * x153,
    x162,
    x164 * x153,
    -((((x85 * x72) * x46) * x165) * x166),
    -((((x100 * x72) * x46) * x165) * x166),
    -((((x118 * x72) * x46) * x165) * x166),
    ((x2 - ((x133 * x72) * x46)) * x165) * x166,
    -((((x142 * x72) * x46) * x165) * x166),
    -((x167 * x165) * x166),
    (x168 * x169) * x69,
    (x170 * x169) * x69,
    ((x171 * x169) * x69) - x104,
    (x172 * x169) * x69,
    (x173 * x169) * x69,
    (x174 * x169) * x69,
    (x175 * x176) * x177,
    (x178 * x176) * x177,
    (x179 * x176) * x177,
    (x180 * x176) * x177,
    (x182 * x176) * x177,
    x184 * x177,
    (x188 * x189) * x190,
    (x193 * x189) * x190,
    (x196 * x189) * x190,
    (x199 * x189) * x190,
    x202,
    ((x204 - (x55 * x65)) * x189) * x190,
    x34,
    (p.signal - (x34 * 2.0)) + x42,
    x42,
  ];
}

/* The null threshold of l_p attacks. */
function nullCoordinate(log_zeta, log_r, log_gamma, p, b2, h, norm) {
  const x1 = Math.exp(log_gamma);
  const x2 = Math.exp(log_r);
  const x3 = Math.log(x2);
  const x4 = 1.0 - norm.exponent;
  const x5 = Math.exp(x3 * x4);
  const x6 = x1 * x5;
  const x7 = x6 / norm.exponent;
  const x8 = Math.exp(log_zeta);
  const x9 = x8 * x8;
  const x10 = Math.exp(0.0);
  const x11 = (p.c * x10) * x10;
  const x12 = (((h * h) * p.signal) + (x9 * x11)) + (b2 / (p.psi1 / p.R));
  const x13 = Math.sqrt(x12);
  const x14 = x13 / x8;
  const x15 = Math.exp(Math.log(x14) * norm.exponent);
  const x16 = x7 * x15;
  const x17 = x13 * x13;
  const x18 = (x16 * x8) / x17;
  const x19 = Math.sqrt(p.rho2);
  const x20 = (x19 * x10) / x14;
  const c21 = channels.coordinate(x18, x20);
  const x22 = c21.e * x15;
  const x23 = p.c * p.psi1;
  const x24 = x23 * x8;
  const x25 = x24 * x8;
  const x26 = c21.A2 * x14;
  const x27 = x8 * 2.0;
  const x28 = c21.chi / x8;
  const x29 = x27 * x28;
  const x30 = (x26 * x14) + (x11 * (1.0 - x29));
  const x31 = x8 * p.c;
  const x32 = x31 * p.psi1;
  const x33 = x32 * x32;
  const x34 = (x33 * x10) * x10;
  const x35 = (((b2 * p.mu) * p.R) + (x25 * x30)) / x34;
  const x36 = x8 * x28;
  const x37 = x31 * (1.0 - x36);
  const x38 = x7 * x19;
  const x39 = (c21.es * x15) / x14;
  const x40 = (x37 + ((x38 * x39) / x10)) / x32;
  const x41 = ((x9 + x9) * x11) * (0.5 / x13);
  const x42 = 1.0 / x8;
  const x43 = (x41 - (x8 * x14)) * x42;
  const x44 = 1.0 / x14;
  const x45 = ((x43 * x44) * norm.exponent) * x15;
  const x46 = x41 * x13;
  const x47 = (((x45 * x7) * x8) + (x8 * x16)) - ((x46 + x46) * x18);
  const x48 = 1.0 / x17;
  const x49 = x47 * x48;
  const x50 = (x43 * x20) * x44;
  const x51 = (((x49 * c21.e_g) - (x50 * c21.e_h)) * x15) + (x45 * c21.e);
  const x52 = 1.0 / x22;
  const x53 = 1.0 / norm.exponent;
  const x54 = x2 * (1.0 / x2);
  const x55 = (((x54 * x4) * x5) * x1) * x53;
  const x56 = ((x55 * x15) * x8) * x48;
  const x57 = x6 * x53;
  const x58 = ((x57 * x15) * x8) * x48;
  const x59 = (((x49 * c21.A2_g) - (x50 * c21.A2_h)) * x14) + (x43 * c21.A2);
  const x60 = (((x49 * c21.chi_g) - (x50 * c21.chi_h)) - x36) * x42;
  const x61 = ((x59 * x14) + (x43 * x26)) - ((x29 + (x60 * x27)) * x11);
  const x62 = ((((x8 * x23) * x8) + (x8 * x24)) * x30) + (x61 * x25);
  const x63 = 1.0 / x34;
  const x64 = (x62 - ((((x33 + x33) * x10) * x10) * x35)) * x63;
  const x65 = 1.0 / x35;
  const x66 = (x56 * c21.chi_g) * x42;
  const x67 = (((x56 * c21.A2_g) * x14) * x14) - ((x66 * x27) * x11);
  const x68 = (x58 * c21.chi_g) * x42;
  const x69 = (((x58 * c21.A2_g) * x14) * x14) - ((x68 * x27) * x11);
  const x70 = (((x49 * c21.es_g) - (x50 * c21.es_h)) * x15) + (x45 * c21.es);
  const x71 = 1.0 / x10;
  const x72 = (x37 - ((x36 + (x60 * x8)) * x31)) + ((((x70 - (x43 * x39)) * x44) * x38) * x71);
  const x73 = 1.0 / x32;
  const x74 = 1.0 / x40;
  const x75 = ((x55 * x19) * x39) + ((((x56 * c21.es_g) * x15) * x44) * x38);
  const x76 = (((-((x66 * x8) * x31)) + (x75 * x71)) * x73) * x74;
  const x77 = ((x57 * x19) * x39) + ((((x58 * c21.es_g) * x15) * x44) * x38);
  const x78 = (((-((x68 * x8) * x31)) + (x77 * x71)) * x73) * x74;
  return [
    (Math.log(x22) / norm.exponent) - x3,
    Math.log(x35),
    Math.log(x40),
    (x51 * x52) * x53,
    ((((x56 * c21.e_g) * x15) * x52) * x53) - x54,
    (((x58 * c21.e_g) * x15) * x52) * x53,
    x64 * x65,
    ((x67 * x25) * x63) * x65,
    ((x69 * x25) * x63) * x65,
    ((x72 - (x32 * x40)) * x73) * x74,
    x76,
    x78,
  ];
}

return { closedAverages, closedReach, squaredNullThreshold, coldStart, balanced, outputs, adversarialRisk, closedOverlaps, residualSpectral, residualCoordinate, labelSpectral, labelCoordinate, nullCoordinate };
})();
