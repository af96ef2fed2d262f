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
  const x1 = (a * p.mu) + ((k * p.rho2) + l);
  const x2 = x1 / p.c;
  const x3 = p.psi1 + 1.0;
  const x4 = (x2 * 2.0) * x3;
  const x5 = a + k;
  const x6 = 1.0 - p.psi1;
  const x7 = x6 * x6;
  const x8 = x7 * x5;
  const x9 = Math.sqrt(((x2 * x2) + (x4 * x5)) + (x8 * x5));
  const x10 = x9 + x2;
  const x11 = x10 + (x3 * x5);
  const x12 = 2.0 / x11;
  const x13 = p.mu / x1;
  const x14 = x2 + (x6 * x5);
  const x15 = x14 >= 0.0 ? ((x9 + x14) * 0.5) : ((x9 - x14) * 0.5);
  const x16 = x2 / x15;
  const x17 = p.psi1 * x5;
  const x18 = x15 / x17;
  const x19 = x14 >= 0.0 ? x16 : x18;
  const x20 = x12 / x9;
  const x21 = (x4 + x8) / x10;
  const x22 = x20 * x21;
  const x23 = x13 * 2.0;
  const x24 = x2 * x20;
  const x25 = x13 * x13;
  const x26 = x19 * x19;
  const x27 = p.psi1 * x2;
  const x28 = (x27 * x5) / x15;
  const x29 = x14 >= 0.0 ? x15 : x28;
  const x30 = x29 + x17;
  const x31 = (x26 * x30) / x9;
  const x32 = p.signal * p.psi1;
  const x33 = p.rho2 / x1;
  const x34 = k * k;
  const x35 = k * 2.0;
  const x36 = a * a;
  const x37 = x36 * x13;
  const x38 = p.psi1 * (((x34 * x22) + (x35 * x24)) + (x37 * x24));
  const x39 = x30 * x9;
  const x40 = (x29 * x29) / x39;
  const x41 = x13 + x33;
  const x42 = x13 * x33;
  const x43 = 1.0 / p.c;
  const x44 = p.mu * x43;
  const x45 = x44 * x2;
  const x46 = (x44 * 2.0) * x3;
  const x47 = x8 + x8;
  const x48 = 0.5 / x9;
  const x49 = (((x45 + x45) + ((x46 * x5) + x4)) + x47) * x48;
  const x50 = x49 + x44;
  const x51 = x12 * (1.0 / x11);
  const x52 = (x50 + x3) * x51;
  const x53 = -x52;
  const x54 = 1.0 / x1;
  const x55 = (p.mu * x13) * x54;
  const x56 = x44 + x6;
  const x57 = x14 >= 0.0 ? ((x49 + x56) * 0.5) : ((x49 - x56) * 0.5);
  const x58 = 1.0 / x15;
  const x59 = p.psi1 * x18;
  const x60 = 1.0 / x17;
  const x61 = x14 >= 0.0 ? ((x44 - (x57 * x16)) * x58) : ((x57 - x59) * x60);
  const x62 = 1.0 / x9;
  const x63 = (x53 - (x49 * x20)) * x62;
  const x64 = 1.0 / x10;
  const x65 = (x63 * x21) + ((((x46 + x7) - (x50 * x21)) * x64) * x20);
  const x66 = (x44 * x20) + (x63 * x2);
  const x67 = x55 * x13;
  const x68 = x61 * x19;
  const x69 = ((((x44 * p.psi1) * x5) + x27) - (x57 * x28)) * x58;
  const x70 = x14 >= 0.0 ? x57 : x69;
  const x71 = x70 + p.psi1;
  const x72 = (((x68 + x68) * x30) + (x71 * x26)) - (x49 * x31);
  const x73 = x72 * x62;
  const x74 = (x65 + ((-((x55 * 2.0) * x24)) + (x66 * x23))) + ((((-x67) - x67) * x31) + (x73 * x25));
  const x75 = (p.mu * x33) * x54;
  const x76 = ((((a + a) * x13) - (x55 * x36)) * x24) + (x66 * x37);
  const x77 = x70 * x29;
  const x78 = 1.0 / x39;
  const x79 = ((x77 + x77) - (((x71 * x9) + (x49 * x30)) * x40)) * x78;
  const x80 = ((((x65 * x34) + (x66 * x35)) + x76) * p.psi1) + x79;
  const x81 = (((-(x55 * x33)) - (x75 * x13)) * x31) + (x73 * x42);
  const x82 = (x65 + ((((-x55) - x75) * x24) + (x66 * x41))) + x81;
  const x83 = p.rho2 * x43;
  const x84 = x83 * x2;
  const x85 = (x83 * 2.0) * x3;
  const x86 = (((x84 + x84) + ((x85 * x5) + x4)) + x47) * x48;
  const x87 = x86 + x83;
  const x88 = (x87 + x3) * x51;
  const x89 = -x88;
  const x90 = (p.rho2 * x13) * x54;
  const x91 = x83 + x6;
  const x92 = x14 >= 0.0 ? ((x86 + x91) * 0.5) : ((x86 - x91) * 0.5);
  const x93 = x14 >= 0.0 ? ((x83 - (x92 * x16)) * x58) : ((x92 - x59) * x60);
  const x94 = (x89 - (x86 * x20)) * x62;
  const x95 = (x94 * x21) + ((((x85 + x7) - (x87 * x21)) * x64) * x20);
  const x96 = (x83 * x20) + (x94 * x2);
  const x97 = x90 * x13;
  const x98 = x93 * x19;
  const x99 = ((((x83 * p.psi1) * x5) + x27) - (x92 * x28)) * x58;
  const x100 = x14 >= 0.0 ? x92 : x99;
  const x101 = x100 + p.psi1;
  const x102 = (((x98 + x98) * x30) + (x101 * x26)) - (x86 * x31);
  const x103 = x102 * x62;
  const x104 = (x95 + ((-((x90 * 2.0) * x24)) + (x96 * x23))) + ((((-x97) - x97) * x31) + (x103 * x25));
  const x105 = (p.rho2 * x33) * x54;
  const x106 = (((k + k) * x22) + (x95 * x34)) + ((2.0 * x24) + (x96 * x35));
  const x107 = (x106 + ((-((x90 * x36) * x24)) + (x96 * x37))) * p.psi1;
  const x108 = x100 * x29;
  const x109 = (x108 + x108) - (((x101 * x9) + (x86 * x30)) * x40);
  const x110 = (((-(x90 * x33)) - (x105 * x13)) * x31) + (x103 * x42);
  const x111 = (x95 + ((((-x90) - x105) * x24) + (x96 * x41))) + x110;
  const x112 = x43 * x2;
  const x113 = (x43 * 2.0) * x3;
  const x114 = ((x112 + x112) + (x113 * x5)) * x48;
  const x115 = x114 + x43;
  const x116 = x115 * x51;
  const x117 = -x116;
  const x118 = x13 * x54;
  const x119 = x14 >= 0.0 ? (x115 * 0.5) : ((x114 - x43) * 0.5);
  const x120 = x14 >= 0.0 ? ((x43 - (x119 * x16)) * x58) : (x119 * x60);
  const x121 = (x117 - (x114 * x20)) * x62;
  const x122 = (x121 * x21) + (((x113 - (x115 * x21)) * x64) * x20);
  const x123 = (x43 * x20) + (x121 * x2);
  const x124 = x118 * x13;
  const x125 = x120 * x19;
  const x126 = x14 >= 0.0 ? x119 : ((((x43 * p.psi1) * x5) - (x119 * x28)) * x58);
  const x127 = (((x125 + x125) * x30) + (x126 * x26)) - (x114 * x31);
  const x128 = x127 * x62;
  const x129 = (x122 + ((-((x118 * 2.0) * x24)) + (x123 * x23))) + ((((-x124) - x124) * x31) + (x128 * x25));
  const x130 = x33 * x54;
  const x131 = ((x122 * x34) + (x123 * x35)) + ((-((x118 * x36) * x24)) + (x123 * x37));
  const x132 = x126 * x29;
  const x133 = (x132 + x132) - (((x126 * x9) + (x114 * x30)) * x40);
  const x134 = (((-(x118 * x33)) - (x130 * x13)) * x31) + (x128 * x42);
  const x135 = (x122 + ((((-x118) - x130) * x24) + (x123 * x41))) + x134;
  return {
    E1: x12 + (x13 * x19),
    E2: (x22 + (x23 * x24)) + (x25 * x31),
    C: x32 * x12,
    P: x32 * (x22 + (x33 * x24)),
    B: p.signal * (x38 + x40),
    S: x32 * (x22 + (x13 * x24)),
    Q: (x22 + (x41 * x24)) + (x42 * x31),
    E1_a: x53 + ((-(x55 * x19)) + (x61 * x13)),
    E2_a: x74,
    C_a: -(x52 * x32),
    P_a: (x65 + ((-(x75 * x24)) + (x66 * x33))) * x32,
    B_a: x80 * p.signal,
    S_a: (x65 + ((-(x55 * x24)) + (x66 * x13))) * x32,
    Q_a: x82,
    E1_k: x89 + ((-(x90 * x19)) + (x93 * x13)),
    E2_k: x104,
    C_k: -(x88 * x32),
    P_k: (x95 + ((-(x105 * x24)) + (x96 * x33))) * x32,
    B_k: (x107 + (x109 * x78)) * p.signal,
    S_k: (x95 + ((-(x90 * x24)) + (x96 * x13))) * x32,
    Q_k: x111,
    E1_l: x117 + ((-(x118 * x19)) + (x120 * x13)),
    E2_l: x129,
    C_l: -(x116 * x32),
    P_l: (x122 + ((-(x130 * x24)) + (x123 * x33))) * x32,
    B_l: ((x131 * p.psi1) + (x133 * x78)) * p.signal,
    S_l: (x122 + ((-(x118 * x24)) + (x123 * x13))) * x32,
    Q_l: x135,
  };
}

/* What one component of the signal's law adds to the averages over a coordinate's field. */
function components(A, h, T, g, s, p, norm) {
  const x1 = Math.sqrt(((h * h) * p.signal) + T);
  const x2 = x1 / A;
  const x3 = Math.exp(Math.log(x2) * norm.exponent);
  const x4 = g * x3;
  const x5 = x1 * x1;
  const x6 = (x4 * A) / x5;
  const x7 = s / x2;
  const c8 = channels.coordinate(x6, x7, 0.0);
  const x9 = c8.chi / A;
  const x10 = h * p.signal;
  const x11 = c8.A2 * x2;
  const x12 = (c8.es * x3) / x2;
  const x13 = 1.0 / A;
  const x14 = x2 * x13;
  const x15 = 1.0 / x2;
  const x16 = ((x14 * x15) * norm.exponent) * x3;
  const x17 = 1.0 / x5;
  const x18 = ((-((x16 * g) * A)) + x4) * x17;
  const x19 = (x14 * x7) * x15;
  const x20 = (((x18 * c8.chi_g) + (x19 * c8.chi_h)) - x9) * x13;
  const x21 = (((x18 * c8.A2_g) + (x19 * c8.A2_h)) * x2) - (x14 * c8.A2);
  const x22 = (((x18 * c8.e_g) + (x19 * c8.e_h)) * x3) - (x16 * c8.e);
  const x23 = (((x18 * c8.es_g) + (x19 * c8.es_h)) * x3) - (x16 * c8.es);
  const x24 = 0.5 / x1;
  const x25 = ((h + h) * p.signal) * x24;
  const x26 = x25 * x13;
  const x27 = ((x26 * x15) * norm.exponent) * x3;
  const x28 = x25 * x1;
  const x29 = (((x27 * g) * A) - ((x28 + x28) * x6)) * x17;
  const x30 = (x26 * x7) * x15;
  const x31 = ((x29 * c8.chi_g) - (x30 * c8.chi_h)) * x13;
  const x32 = (((x29 * c8.A2_g) - (x30 * c8.A2_h)) * x2) + (x26 * c8.A2);
  const x33 = (((x29 * c8.e_g) - (x30 * c8.e_h)) * x3) + (x27 * c8.e);
  const x34 = (((x29 * c8.es_g) - (x30 * c8.es_h)) * x3) + (x27 * c8.es);
  const x35 = x24 * x13;
  const x36 = ((x35 * x15) * norm.exponent) * x3;
  const x37 = x24 * x1;
  const x38 = (((x36 * g) * A) - ((x37 + x37) * x6)) * x17;
  const x39 = (x35 * x7) * x15;
  const x40 = ((x38 * c8.chi_g) - (x39 * c8.chi_h)) * x13;
  const x41 = (((x38 * c8.A2_g) - (x39 * c8.A2_h)) * x2) + (x35 * c8.A2);
  const x42 = (((x38 * c8.e_g) - (x39 * c8.e_h)) * x3) + (x36 * c8.e);
  const x43 = (((x38 * c8.es_g) - (x39 * c8.es_h)) * x3) + (x36 * c8.es);
  const x44 = (x3 * A) * x17;
  const x45 = (x44 * c8.chi_g) * x13;
  const x46 = (x15 * c8.chi_h) * x13;
  return {
    chi: x9,
    m: x10 * x9,
    A2: x11 * x2,
    e: c8.e * x3,
    es: x12,
    chi_A: x20,
    m_A: x20 * x10,
    A2_A: (x21 * x2) - (x14 * x11),
    e_A: x22,
    es_A: (x23 + (x14 * x12)) * x15,
    chi_h: x31,
    m_h: (p.signal * x9) + (x31 * x10),
    A2_h: (x32 * x2) + (x26 * x11),
    e_h: x33,
    es_h: (x34 - (x26 * x12)) * x15,
    chi_T: x40,
    m_T: x40 * x10,
    A2_T: (x41 * x2) + (x35 * x11),
    e_T: x42,
    es_T: (x43 - (x35 * x12)) * x15,
    chi_g: x45,
    m_g: x45 * x10,
    A2_g: ((x44 * c8.A2_g) * x2) * x2,
    e_g: (x44 * c8.e_g) * x3,
    es_g: ((x44 * c8.es_g) * x3) * x15,
    chi_s: x46,
    m_s: x46 * x10,
    A2_s: ((x15 * c8.A2_h) * x2) * x2,
    e_s: (x15 * c8.e_h) * x3,
    es_s: ((x15 * c8.es_h) * x3) * x15,
  };
}

/* The equations of residuals, spectral. */
function residualSpectral(log_s, log_r, log_V, p, loss) {
  const x1 = Math.exp(log_s);
  const x2 = Math.exp(log_V);
  const x3 = Math.exp(log_r);
  const c4 = channels.residual(x1, x2, p.eps * x3, p, loss);
  const x5 = (p.eps * c4.g) / x3;
  const c6 = closedOverlaps(c4.a, x5 + p.penalty, p.ridge, p);
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
  const x5 = Math.exp(log_zeta);
  const x6 = x5 * x5;
  const x7 = Math.exp(log_t);
  const x8 = p.c * x7;
  const x9 = x8 * x7;
  const x10 = p.psi1 / p.R;
  const x11 = p.eps * c4.g;
  const x12 = Math.log(x3);
  const x13 = 1.0 - norm.exponent;
  const x14 = Math.exp(x12 * x13);
  const x15 = (x11 * x14) / norm.exponent;
  const x16 = Math.sqrt(p.rho2);
  const c17 = components(c4.a + x5, c4.a, (x6 * x9) + (c4.b2 / x10), x15, x16 * x7, p, norm);
  const x18 = p.mu * x7;
  const x19 = c17.A2 + (x18 * x7);
  const x20 = (p.signal - (c17.m * 2.0)) + x19;
  const x21 = x5 * p.c;
  const x22 = p.mu / x21;
  const x23 = (c17.chi + x22) / x10;
  const x24 = x2 / x23;
  const x25 = p.c * p.psi1;
  const x26 = x25 * x5;
  const x27 = x26 * x5;
  const x28 = x5 * 2.0;
  const x29 = x28 * c17.chi;
  const x30 = 1.0 - x29;
  const x31 = c17.A2 + (x9 * x30);
  const x32 = x21 * p.psi1;
  const x33 = x32 * x32;
  const x34 = x33 * x7;
  const x35 = x34 * x7;
  const x36 = (((c4.b2 * p.mu) * p.R) + (x27 * x31)) / x35;
  const x37 = x5 * c17.chi;
  const x38 = x21 * (1.0 - x37);
  const x39 = x15 * x16;
  const x40 = (x39 * c17.es) / x7;
  const x41 = ((((c4.a * p.mu) + p.ridge) + x38) + x40) / x32;
  const x42 = x1 * c4.a_s;
  const x43 = x1 * c4.b2_s;
  const x44 = 1.0 / x10;
  const x45 = x43 * x44;
  const x46 = ((x42 * c17.m_A) + (x42 * c17.m_h)) + (x45 * c17.m_T);
  const x47 = 1.0 / norm.exponent;
  const x48 = (((x1 * c4.g_s) * p.eps) * x14) * x47;
  const x49 = ((x42 * c17.A2_A) + (x42 * c17.A2_h)) + (x45 * c17.A2_T);
  const x50 = x49 + (x48 * c17.A2_g);
  const x51 = 1.0 / x20;
  const x52 = (((-((x46 + (x48 * c17.m_g)) * 2.0)) + x50) * x51) - 2.0;
  const x53 = x3 * p.eps;
  const x54 = x53 * c4.a_p;
  const x55 = x53 * c4.b2_p;
  const x56 = x55 * x44;
  const x57 = ((x54 * c17.m_A) + (x54 * c17.m_h)) + (x56 * c17.m_T);
  const x58 = x3 * (1.0 / x3);
  const x59 = (((x53 * c4.g_p) * p.eps) * x14) + (((x58 * x13) * x14) * x11);
  const x60 = x59 * x47;
  const x61 = ((x54 * c17.A2_A) + (x54 * c17.A2_h)) + (x56 * c17.A2_T);
  const x62 = x61 + (x60 * c17.A2_g);
  const x63 = x2 * c4.a_V;
  const x64 = x2 * c4.b2_V;
  const x65 = x64 * x44;
  const x66 = ((x63 * c17.m_A) + (x63 * c17.m_h)) + (x65 * c17.m_T);
  const x67 = (((x2 * c4.g_V) * p.eps) * x14) * x47;
  const x68 = ((x63 * c17.A2_A) + (x63 * c17.A2_h)) + (x65 * c17.A2_T);
  const x69 = x68 + (x67 * c17.A2_g);
  const x70 = ((x7 * p.c) * x7) + (x7 * x8);
  const x71 = x70 * x6;
  const x72 = x7 * x16;
  const x73 = (x71 * c17.A2_T) + (x72 * c17.A2_s);
  const x74 = (-(((x71 * c17.m_T) + (x72 * c17.m_s)) * 2.0)) + (x73 + (((x7 * p.mu) * x7) + (x7 * x18)));
  const x75 = (x6 + x6) * x9;
  const x76 = (x5 * c17.A2_A) + (x75 * c17.A2_T);
  const x77 = (-(((x5 * c17.m_A) + (x75 * c17.m_T)) * 2.0)) + x76;
  const x78 = ((x42 * c17.chi_A) + (x42 * c17.chi_h)) + (x45 * c17.chi_T);
  const x79 = x78 + (x48 * c17.chi_g);
  const x80 = 1.0 / x23;
  const x81 = 1.0 / x24;
  const x82 = ((x54 * c17.chi_A) + (x54 * c17.chi_h)) + (x56 * c17.chi_T);
  const x83 = x82 + (x60 * c17.chi_g);
  const x84 = ((x63 * c17.chi_A) + (x63 * c17.chi_h)) + (x65 * c17.chi_T);
  const x85 = x84 + (x67 * c17.chi_g);
  const x86 = (x71 * c17.chi_T) + (x72 * c17.chi_s);
  const x87 = (x5 * c17.chi_A) + (x75 * c17.chi_T);
  const x88 = ((x87 - ((x21 * x22) * (1.0 / x21))) * x44) * x24;
  const x89 = ((x42 * c17.e_A) + (x42 * c17.e_h)) + (x45 * c17.e_T);
  const x90 = 1.0 / c17.e;
  const x91 = ((x54 * c17.e_A) + (x54 * c17.e_h)) + (x56 * c17.e_T);
  const x92 = ((x63 * c17.e_A) + (x63 * c17.e_h)) + (x65 * c17.e_T);
  const x93 = (((x71 * c17.e_T) + (x72 * c17.e_s)) * x90) * x47;
  const x94 = ((x43 * p.mu) * p.R) + ((x50 - ((x79 * x28) * x9)) * x27);
  const x95 = 1.0 / x35;
  const x96 = 1.0 / x36;
  const x97 = ((x55 * p.mu) * p.R) + ((x62 - ((x83 * x28) * x9)) * x27);
  const x98 = ((x64 * p.mu) * p.R) + ((x69 - ((x85 * x28) * x9)) * x27);
  const x99 = ((x73 + ((x70 * x30) - ((x86 * x28) * x9))) * x27) - ((((x7 * x33) * x7) + (x7 * x34)) * x36);
  const x100 = ((((x5 * x25) * x5) + (x5 * x26)) * x31) + ((x76 - ((x29 + (x87 * x28)) * x9)) * x27);
  const x101 = ((x100 - ((((x33 + x33) * x7) * x7) * x36)) * x95) * x96;
  const x102 = ((x42 * c17.es_A) + (x42 * c17.es_h)) + (x45 * c17.es_T);
  const x103 = ((x48 * x16) * c17.es) + ((x102 + (x48 * c17.es_g)) * x39);
  const x104 = 1.0 / x7;
  const x105 = ((x42 * p.mu) - ((x79 * x5) * x21)) + (x103 * x104);
  const x106 = 1.0 / x32;
  const x107 = 1.0 / x41;
  const x108 = ((x54 * c17.es_A) + (x54 * c17.es_h)) + (x56 * c17.es_T);
  const x109 = ((x60 * x16) * c17.es) + ((x108 + (x60 * c17.es_g)) * x39);
  const x110 = ((x54 * p.mu) - ((x83 * x5) * x21)) + (x109 * x104);
  const x111 = ((x63 * c17.es_A) + (x63 * c17.es_h)) + (x65 * c17.es_T);
  const x112 = ((x67 * x16) * c17.es) + ((x111 + (x67 * c17.es_g)) * x39);
  const x113 = ((x63 * p.mu) - ((x85 * x5) * x21)) + (x112 * x104);
  const x114 = (((x71 * c17.es_T) + (x72 * c17.es_s)) * x39) - (x7 * x40);
  const x115 = (((-((x86 * x5) * x21)) + (x114 * x104)) * x106) * x107;
  const x116 = (((x5 * c17.es_A) + (x75 * c17.es_T)) * x39) * x104;
  const x117 = ((x38 - ((x37 + (x87 * x5)) * x21)) + x116) - (x32 * x41);
  return [
    Math.log(x20) - (log_s * 2.0),
    Math.log(x24),
    (Math.log(c17.e) / norm.exponent) - x12,
    Math.log(x36),
    Math.log(x41),
    x52,
    ((-((x57 + (x60 * c17.m_g)) * 2.0)) + x62) * x51,
    ((-((x66 + (x67 * c17.m_g)) * 2.0)) + x69) * x51,
    x74 * x51,
    x77 * x51,
    -((((x79 * x44) * x24) * x80) * x81),
    -((((x83 * x44) * x24) * x80) * x81),
    ((x2 - ((x85 * x44) * x24)) * x80) * x81,
    -((((x86 * x44) * x24) * x80) * x81),
    -((x88 * x80) * x81),
    ((x89 + (x48 * c17.e_g)) * x90) * x47,
    (((x91 + (x60 * c17.e_g)) * x90) * x47) - x58,
    ((x92 + (x67 * c17.e_g)) * x90) * x47,
    x93,
    (((x5 * c17.e_A) + (x75 * c17.e_T)) * x90) * x47,
    (x94 * x95) * x96,
    (x97 * x95) * x96,
    (x98 * x95) * x96,
    (x99 * x95) * x96,
    x101,
    (x105 * x106) * x107,
    (x110 * x106) * x107,
    (x113 * x106) * x107,
    x115,
    (x117 * x106) * x107,
    c17.m,
    x20,
    x19,
  ];
}

/* The equations of labels, spectral. */
function labelSpectral(log_kappa, log_Q, log_r, log_V, p, loss) {
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
  const c11 = closedOverlaps(c4.a, x10 + p.penalty, p.ridge, p);
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
  const x5 = Math.exp(log_zeta);
  const x6 = x1 * x1;
  const x7 = x6 + 1.0;
  const x8 = (p.signal + p.noise) / x7;
  const x9 = Math.sqrt(x8);
  const x10 = c4.h / x9;
  const x11 = x5 * x5;
  const x12 = Math.exp(log_t);
  const x13 = p.c * x12;
  const x14 = x13 * x12;
  const x15 = p.psi1 / p.R;
  const x16 = p.eps * c4.g;
  const x17 = Math.log(x3);
  const x18 = 1.0 - norm.exponent;
  const x19 = Math.exp(x17 * x18);
  const x20 = (x16 * x19) / norm.exponent;
  const x21 = Math.sqrt(p.rho2);
  const c22 = components(c4.a + x5, x10, (x11 * x14) + (c4.b2 / x15), x20, x21 * x12, p, norm);
  const x23 = Math.exp(log_Q * 0.5);
  const x24 = x1 * x23;
  const x25 = x24 * x9;
  const x26 = c22.m / x25;
  const x27 = p.mu * x12;
  const x28 = c22.A2 + (x27 * x12);
  const x29 = x5 * p.c;
  const x30 = p.mu / x29;
  const x31 = (c22.chi + x30) / x15;
  const x32 = x2 / x31;
  const x33 = p.c * p.psi1;
  const x34 = x33 * x5;
  const x35 = x34 * x5;
  const x36 = x5 * 2.0;
  const x37 = x36 * c22.chi;
  const x38 = 1.0 - x37;
  const x39 = c22.A2 + (x14 * x38);
  const x40 = x29 * p.psi1;
  const x41 = x40 * x40;
  const x42 = x41 * x12;
  const x43 = x42 * x12;
  const x44 = (((c4.b2 * p.mu) * p.R) + (x35 * x39)) / x43;
  const x45 = x5 * c22.chi;
  const x46 = x29 * (1.0 - x45);
  const x47 = x20 * x21;
  const x48 = (x47 * c22.es) / x12;
  const x49 = ((((c4.a * p.mu) + p.ridge) + x46) + x48) / x40;
  const x50 = (((x6 + x6) * x8) * (1.0 / x7)) * (0.5 / x9);
  const x51 = 1.0 / x9;
  const x52 = (c4.h_c + (x50 * x10)) * x51;
  const x53 = 1.0 / x15;
  const x54 = c4.b2_c * x53;
  const x55 = ((c4.a_c * c22.m_A) + (x52 * c22.m_h)) + (x54 * c22.m_T);
  const x56 = 1.0 / norm.exponent;
  const x57 = ((c4.g_c * p.eps) * x19) * x56;
  const x58 = (x55 + (x57 * c22.m_g)) - ((x25 - (x50 * x24)) * x26);
  const x59 = 1.0 / x25;
  const x60 = 1.0 / x26;
  const x61 = c4.h_Q * x51;
  const x62 = c4.b2_Q * x53;
  const x63 = ((c4.a_Q * c22.m_A) + (x61 * c22.m_h)) + (x62 * c22.m_T);
  const x64 = ((c4.g_Q * p.eps) * x19) * x56;
  const x65 = (x63 + (x64 * c22.m_g)) - ((((0.5 * x23) * x1) * x9) * x26);
  const x66 = x3 * p.eps;
  const x67 = x66 * c4.a_p;
  const x68 = (x66 * c4.h_p) * x51;
  const x69 = x66 * c4.b2_p;
  const x70 = x69 * x53;
  const x71 = ((x67 * c22.m_A) + (x68 * c22.m_h)) + (x70 * c22.m_T);
  const x72 = x3 * (1.0 / x3);
  const x73 = (((x66 * c4.g_p) * p.eps) * x19) + (((x72 * x18) * x19) * x16);
  const x74 = x73 * x56;
  const x75 = x2 * c4.a_V;
  const x76 = (x2 * c4.h_V) * x51;
  const x77 = x2 * c4.b2_V;
  const x78 = x77 * x53;
  const x79 = ((x75 * c22.m_A) + (x76 * c22.m_h)) + (x78 * c22.m_T);
  const x80 = (((x2 * c4.g_V) * p.eps) * x19) * x56;
  const x81 = ((x12 * p.c) * x12) + (x12 * x13);
  const x82 = x81 * x11;
  const x83 = x12 * x21;
  const x84 = (((x82 * c22.m_T) + (x83 * c22.m_s)) * x59) * x60;
  const x85 = (x11 + x11) * x14;
  const x86 = ((c4.a_c * c22.A2_A) + (x52 * c22.A2_h)) + (x54 * c22.A2_T);
  const x87 = x86 + (x57 * c22.A2_g);
  const x88 = 1.0 / x28;
  const x89 = ((c4.a_Q * c22.A2_A) + (x61 * c22.A2_h)) + (x62 * c22.A2_T);
  const x90 = x89 + (x64 * c22.A2_g);
  const x91 = ((x67 * c22.A2_A) + (x68 * c22.A2_h)) + (x70 * c22.A2_T);
  const x92 = x91 + (x74 * c22.A2_g);
  const x93 = ((x75 * c22.A2_A) + (x76 * c22.A2_h)) + (x78 * c22.A2_T);
  const x94 = x93 + (x80 * c22.A2_g);
  const x95 = (x82 * c22.A2_T) + (x83 * c22.A2_s);
  const x96 = (x95 + (((x12 * p.mu) * x12) + (x12 * x27))) * x88;
  const x97 = (x5 * c22.A2_A) + (x85 * c22.A2_T);
  const x98 = ((c4.a_c * c22.chi_A) + (x52 * c22.chi_h)) + (x54 * c22.chi_T);
  const x99 = x98 + (x57 * c22.chi_g);
  const x100 = 1.0 / x31;
  const x101 = 1.0 / x32;
  const x102 = ((c4.a_Q * c22.chi_A) + (x61 * c22.chi_h)) + (x62 * c22.chi_T);
  const x103 = x102 + (x64 * c22.chi_g);
  const x104 = ((x67 * c22.chi_A) + (x68 * c22.chi_h)) + (x70 * c22.chi_T);
  const x105 = x104 + (x74 * c22.chi_g);
  const x106 = ((x75 * c22.chi_A) + (x76 * c22.chi_h)) + (x78 * c22.chi_T);
  const x107 = x106 + (x80 * c22.chi_g);
  const x108 = (x82 * c22.chi_T) + (x83 * c22.chi_s);
  const x109 = (x5 * c22.chi_A) + (x85 * c22.chi_T);
  const x110 = ((x109 - ((x29 * x30) * (1.0 / x29))) * x53) * x32;
  const x111 = ((c4.a_c * c22.e_A) + (x52 * c22.e_h)) + (x54 * c22.e_T);
  const x112 = 1.0 / c22.e;
  const x113 = ((c4.a_Q * c22.e_A) + (x61 * c22.e_h)) + (x62 * c22.e_T);
  const x114 = ((x67 * c22.e_A) + (x68 * c22.e_h)) + (x70 * c22.e_T);
  const x115 = ((x75 * c22.e_A) + (x76 * c22.e_h)) + (x78 * c22.e_T);
  const x116 = (((x82 * c22.e_T) + (x83 * c22.e_s)) * x112) * x56;
  const x117 = (((x5 * c22.e_A) + (x85 * c22.e_T)) * x112) * x56;
  const x118 = ((c4.b2_c * p.mu) * p.R) + ((x87 - ((x99 * x36) * x14)) * x35);
  const x119 = 1.0 / x43;
  const x120 = 1.0 / x44;
  const x121 = ((c4.b2_Q * p.mu) * p.R) + ((x90 - ((x103 * x36) * x14)) * x35);
  const x122 = ((x69 * p.mu) * p.R) + ((x92 - ((x105 * x36) * x14)) * x35);
  const x123 = ((x77 * p.mu) * p.R) + ((x94 - ((x107 * x36) * x14)) * x35);
  const x124 = (x95 + ((x81 * x38) - ((x108 * x36) * x14))) * x35;
  const x125 = x124 - ((((x12 * x41) * x12) + (x12 * x42)) * x44);
  const x126 = ((((x5 * x33) * x5) + (x5 * x34)) * x39) + ((x97 - ((x37 + (x109 * x36)) * x14)) * x35);
  const x127 = (x126 - ((((x41 + x41) * x12) * x12) * x44)) * x119;
  const x128 = ((c4.a_c * c22.es_A) + (x52 * c22.es_h)) + (x54 * c22.es_T);
  const x129 = ((x57 * x21) * c22.es) + ((x128 + (x57 * c22.es_g)) * x47);
  const x130 = 1.0 / x12;
  const x131 = ((c4.a_c * p.mu) - ((x99 * x5) * x29)) + (x129 * x130);
  const x132 = 1.0 / x40;
  const x133 = 1.0 / x49;
  const x134 = ((c4.a_Q * c22.es_A) + (x61 * c22.es_h)) + (x62 * c22.es_T);
  const x135 = ((x64 * x21) * c22.es) + ((x134 + (x64 * c22.es_g)) * x47);
  const x136 = ((c4.a_Q * p.mu) - ((x103 * x5) * x29)) + (x135 * x130);
  const x137 = ((x67 * c22.es_A) + (x68 * c22.es_h)) + (x70 * c22.es_T);
  const x138 = ((x74 * x21) * c22.es) + ((x137 + (x74 * c22.es_g)) * x47);
  const x139 = ((x67 * p.mu) - ((x105 * x5) * x29)) + (x138 * x130);
  const x140 = ((x75 * c22.es_A) + (x76 * c22.es_h)) + (x78 * c22.es_T);
  const x141 = ((x80 * x21) * c22.es) + ((x140 + (x80 * c22.es_g)) * x47);
  const x142 = ((x75 * p.mu) - ((x107 * x5) * x29)) + (x141 * x130);
  const x143 = (((x82 * c22.es_T) + (x83 * c22.es_s)) * x47) - (x12 * x48);
  const x144 = (((-((x108 * x5) * x29)) + (x143 * x130)) * x132) * x133;
  const x145 = (((x5 * c22.es_A) + (x85 * c22.es_T)) * x47) * x130;
  const x146 = ((x46 - ((x45 + (x109 * x5)) * x29)) + x145) - (x40 * x49);
  return [
    Math.log(x26),
    Math.log(x28) - log_Q,
    Math.log(x32),
    (Math.log(c22.e) / norm.exponent) - x17,
    Math.log(x44),
    Math.log(x49),
    (x58 * x59) * x60,
    (x65 * x59) * x60,
    ((x71 + (x74 * c22.m_g)) * x59) * x60,
    ((x79 + (x80 * c22.m_g)) * x59) * x60,
    x84,
    (((x5 * c22.m_A) + (x85 * c22.m_T)) * x59) * x60,
    x87 * x88,
    (x90 * x88) - 1.0,
    x92 * x88,
    x94 * x88,
    x96,
    x97 * x88,
    -((((x99 * x53) * x32) * x100) * x101),
    -((((x103 * x53) * x32) * x100) * x101),
    -((((x105 * x53) * x32) * x100) * x101),
    ((x2 - ((x107 * x53) * x32)) * x100) * x101,
    -((((x108 * x53) * x32) * x100) * x101),
    -((x110 * x100) * x101),
    ((x111 + (x57 * c22.e_g)) * x112) * x56,
    ((x113 + (x64 * c22.e_g)) * x112) * x56,
    (((x114 + (x74 * c22.e_g)) * x112) * x56) - x72,
    ((x115 + (x80 * c22.e_g)) * x112) * x56,
    x116,
    x117,
    (x118 * x119) * x120,
    (x121 * x119) * x120,
    (x122 * x119) * x120,
    (x123 * x119) * x120,
    (x125 * x119) * x120,
    x127 * x120,
    (x131 * x132) * x133,
    (x136 * x132) * x133,
    (x139 * x132) * x133,
    (x142 * x132) * x133,
    x144,
    (x146 * x132) * x133,
    c22.m,
    (p.signal - (c22.m * 2.0)) + x28,
    x28,
  ];
}

/* The null threshold of l_p attacks. */
function nullCoordinate(log_zeta, log_r, log_gamma, p, b2, h, norm) {
  const x1 = Math.exp(log_zeta);
  const x2 = x1 * x1;
  const x3 = Math.exp(0.0);
  const x4 = (p.c * x3) * x3;
  const x5 = Math.exp(log_gamma);
  const x6 = Math.exp(log_r);
  const x7 = Math.log(x6);
  const x8 = 1.0 - norm.exponent;
  const x9 = Math.exp(x7 * x8);
  const x10 = x5 * x9;
  const x11 = x10 / norm.exponent;
  const x12 = Math.sqrt(p.rho2);
  const c13 = components(x1, h, (x2 * x4) + (b2 / (p.psi1 / p.R)), x11, x12 * x3, p, norm);
  const x14 = p.c * p.psi1;
  const x15 = x14 * x1;
  const x16 = x15 * x1;
  const x17 = x1 * 2.0;
  const x18 = x17 * c13.chi;
  const x19 = c13.A2 + (x4 * (1.0 - x18));
  const x20 = x1 * p.c;
  const x21 = x20 * p.psi1;
  const x22 = x21 * x21;
  const x23 = (x22 * x3) * x3;
  const x24 = (((b2 * p.mu) * p.R) + (x16 * x19)) / x23;
  const x25 = x1 * c13.chi;
  const x26 = x20 * (1.0 - x25);
  const x27 = x11 * x12;
  const x28 = (x26 + ((x27 * c13.es) / x3)) / x21;
  const x29 = (x2 + x2) * x4;
  const x30 = 1.0 / c13.e;
  const x31 = 1.0 / norm.exponent;
  const x32 = x6 * (1.0 / x6);
  const x33 = (((x32 * x8) * x9) * x5) * x31;
  const x34 = x10 * x31;
  const x35 = (x1 * c13.chi_A) + (x29 * c13.chi_T);
  const x36 = ((x1 * c13.A2_A) + (x29 * c13.A2_T)) - ((x18 + (x35 * x17)) * x4);
  const x37 = ((((x1 * x14) * x1) + (x1 * x15)) * x19) + (x36 * x16);
  const x38 = 1.0 / x23;
  const x39 = 1.0 / x24;
  const x40 = ((x37 - ((((x22 + x22) * x3) * x3) * x24)) * x38) * x39;
  const x41 = x33 * c13.chi_g;
  const x42 = (((x33 * c13.A2_g) - ((x41 * x17) * x4)) * x16) * x38;
  const x43 = x34 * c13.chi_g;
  const x44 = (((x34 * c13.A2_g) - ((x43 * x17) * x4)) * x16) * x38;
  const x45 = 1.0 / x3;
  const x46 = (((x1 * c13.es_A) + (x29 * c13.es_T)) * x27) * x45;
  const x47 = ((x26 - ((x25 + (x35 * x1)) * x20)) + x46) - (x21 * x28);
  const x48 = 1.0 / x21;
  const x49 = 1.0 / x28;
  const x50 = ((x33 * x12) * c13.es) + ((x33 * c13.es_g) * x27);
  const x51 = (((-((x41 * x1) * x20)) + (x50 * x45)) * x48) * x49;
  const x52 = ((x34 * x12) * c13.es) + ((x34 * c13.es_g) * x27);
  const x53 = (((-((x43 * x1) * x20)) + (x52 * x45)) * x48) * x49;
  return [
    (Math.log(c13.e) / norm.exponent) - x7,
    Math.log(x24),
    Math.log(x28),
    (((x1 * c13.e_A) + (x29 * c13.e_T)) * x30) * x31,
    (((x33 * c13.e_g) * x30) * x31) - x32,
    ((x34 * c13.e_g) * x30) * x31,
    x40,
    x42 * x39,
    x44 * x39,
    (x47 * x48) * x49,
    x51,
    x53,
  ];
}

return { closedAverages, closedReach, squaredNullThreshold, coldStart, balanced, outputs, adversarialRisk, closedOverlaps, components, residualSpectral, residualCoordinate, labelSpectral, labelCoordinate, nullCoordinate };
})();
