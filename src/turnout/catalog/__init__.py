"""Models, deployments, prices and keys, as one immutable snapshot that is swapped whole."""
