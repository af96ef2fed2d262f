"""Pictures of any sweep: risks as curves, a variable as a map."""
