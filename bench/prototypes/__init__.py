"""Minimal proxies, each with another HTTP client, for the comparison in docs/decisions/http-client.md.

python -m bench.prototypes.aiohttp_client 9010 http://127.0.0.1:9001/v1      (needs `pip install aiohttp`)
python -m bench.prototypes.httptools_client 9010 http://127.0.0.1:9001/v1
"""
