"""The service: a small ASGI app for the data plane, FastAPI for the control plane behind it."""
