"""What every room uses: argument checks, compilation, quadrature, provenance, house style."""
