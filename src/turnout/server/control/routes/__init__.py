"""The control plane's routes. Each module has one router."""
