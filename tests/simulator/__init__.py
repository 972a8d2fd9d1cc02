"""The simulator, proved by the vendors' own SDKs and at the socket."""
