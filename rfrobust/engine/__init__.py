"""The equations as kernels: traces, residuals, root finding, regimes."""
