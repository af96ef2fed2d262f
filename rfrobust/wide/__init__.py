"""Wide networks under adversarial training: kernels, the linearized flow and Adv-NTK."""
