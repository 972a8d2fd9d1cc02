"""The least that a proxy can do, with one HTTP client or the other: what docs/decisions/http-client.md compares.

python -m bench.prototypes.aiohttp_client 9010 http://127.0.0.1:9001/v1      (needs `pip install aiohttp`)
python -m bench.prototypes.httptools_client 9010 http://127.0.0.1:9001/v1
"""
