"""The vendors' rules: each is broken by a request that is refused in the vendor's words, and kept by its neighbour."""
