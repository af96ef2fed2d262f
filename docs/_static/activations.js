/* Generated from rfrobust/problem/catalogue.py by `python docs/activations.py`: do not edit. */
"use strict";

const activations = {
  "relu": {"formula": "max(u, 0) - 1/sqrt(2 pi)", "mu1": 0.5, "mu2": 0.30140513749454345, "rho": 0.5},
  "leaky-relu": {"formula": "max(u, 0) + a min(u, 0); a = 0.1", "mu1": 0.55, "mu2": 0.27126462374508914, "rho": 0.45},
  "abs-linear": {"formula": "|u| + b u; b = 1", "mu1": 1.0, "mu2": 0.6028102749890869, "rho": 1.0},
  "hard-tanh": {"formula": "min(max(u, -1), 1)", "mu1": 0.682689492137086, "mu2": 0.22359250498914518, "rho": 0.4654294247925174},
  "erf": {"formula": "erf(u)", "mu1": 0.65147001587056, "mu2": 0.20036435017026452, "rho": 0.38078452326132434},
  "step": {"formula": "Phi(b u); b = 5", "mu1": 0.39119509087771337, "mu2": 0.22952569275643256, "rho": 0.6357044467271393},
  "sin": {"formula": "sin(u)", "mu1": 0.6065306597126334, "mu2": 0.2538757909101443, "rho": 0.44697673367510304},
  "cos": {"formula": "cos(u)", "mu1": 0.0, "mu2": 0.44697673367510304, "rho": 0.6575198539828996},
  "quadratic": {"formula": "u^2 - 1 + b u; b = 0", "mu1": 0.0, "mu2": 1.4142135623730951, "rho": 2.0},
  "gelu": {"formula": "u Phi(u)", "mu1": 0.5, "mu2": 0.309263659398176, "rho": 0.45370790785403675},
  "identity": {"formula": "u", "mu1": 1.0, "mu2": 0.0, "rho": 0.0},
  "tanh": {"formula": "tanh(u)", "mu1": 0.6057055096021589, "mu2": 0.16557574108374165, "rho": 0.3122879089652005},
  "sigmoid": {"formula": "1/(1 + e^-u)", "mu1": 0.20662096414190706, "mu2": 0.026207118024722385, "rho": 0.046303547674699165},
  "softplus": {"formula": "log(1 + e^u)", "mu1": 0.5, "mu2": 0.14667822537977046, "rho": 0.20827634493166278},
  "silu": {"formula": "u/(1 + e^-u)", "mu1": 0.5, "mu2": 0.25116388473349616, "rho": 0.35983656239024586},
};
