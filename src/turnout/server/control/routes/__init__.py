"""The control plane's routes, one small router each."""
