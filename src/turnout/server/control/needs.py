"""The key that every route of the control plane needs. A route that isn't here doesn't exist.

The data plane has one rule: every endpoint of every dialect needs a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from turnout.server.access import Need

NEEDS: Final[Mapping[str, Need]] = {
    "GET /": Need.NOTHING,
    "GET /ping": Need.NOTHING,
    "GET /health": Need.NOTHING,  # only the status without a key, everything with one
    "GET /docs": Need.NOTHING,
    "GET /openapi.json": Need.NOTHING,
    "GET /api/version": Need.NOTHING,
    "GET /metrics": Need.KEY,
    "GET /v1/models": Need.KEY,
    "GET /v1/models/{name:path}": Need.KEY,
    "GET /v1beta/models": Need.KEY,
    "GET /v1beta/models/{name:path}": Need.KEY,
    "GET /v1beta1/models": Need.KEY,
    "GET /v1beta1/models/{name:path}": Need.KEY,
    "GET /v1/llm/models": Need.KEY,
    "GET /api/v1/models": Need.KEY,
    "GET /api/tags": Need.KEY,
    "GET /api/ps": Need.KEY,
    "POST /api/show": Need.KEY,
    "POST /v1/route/explain": Need.AUDITOR,
    "GET /v1/keys": Need.AUDITOR,
    "POST /v1/keys": Need.ADMIN,
    "GET /v1/keys/{key_id}": Need.KEY,  # this and the policy: a key may read its own, an auditor's all
    "GET /v1/keys/{key_id}/policy": Need.KEY,
    "PATCH /v1/keys/{key_id}": Need.ADMIN,
    "DELETE /v1/keys/{key_id}": Need.ADMIN,
    "POST /v1/keys/{key_id}/rotate": Need.ADMIN,
    "POST /v1/keys/{key_id}/revoke": Need.ADMIN,
    "GET /v1/users": Need.AUDITOR,
    "POST /v1/users": Need.ADMIN,
    "GET /v1/users/{account_id:path}": Need.AUDITOR,
    "PATCH /v1/users/{account_id:path}": Need.ADMIN,
    "DELETE /v1/users/{account_id:path}": Need.ADMIN,
    "GET /v1/teams": Need.AUDITOR,
    "POST /v1/teams": Need.ADMIN,
    "GET /v1/teams/{account_id:path}": Need.AUDITOR,
    "PATCH /v1/teams/{account_id:path}": Need.ADMIN,
    "DELETE /v1/teams/{account_id:path}": Need.ADMIN,
    "GET /v1/audit": Need.AUDITOR,
    "GET /v1/cache": Need.AUDITOR,
    "DELETE /v1/cache": Need.ADMIN,
    "GET /v1/deployments": Need.AUDITOR,
    "PUT /v1/deployments/{deployment_id:path}": Need.ADMIN,
    "GET /v1/requests": Need.KEY,  # this and the usage: a user's own, an auditor's all
    "GET /v1/requests/{request_id}": Need.KEY,
    "GET /v1/usage": Need.KEY,
    "GET /v1/usage/advice": Need.KEY,
    "GET /v1/usage/forecast": Need.KEY,
    "GET /v1/usage/performance": Need.AUDITOR,
    "GET /v1/llm/usage": Need.KEY,
    "GET /v1/llm/embedding-usage": Need.KEY,
    "GET /v1/responses/{response_id}": Need.KEY,
    "DELETE /v1/responses/{response_id}": Need.KEY,
    "POST /v1/responses/{response_id}/cancel": Need.KEY,
    "GET /v1/responses/{response_id}/input_items": Need.KEY,
    "GET /v1/vector/collections": Need.KEY,  # a key's own, an admin's all
    "POST /v1/vector/collections": Need.KEY,
    "GET /v1/vector/collections/{name:path}": Need.KEY,
    "DELETE /v1/vector/collections/{name:path}": Need.KEY,
    "POST /v1/vector/points": Need.KEY,
    "DELETE /v1/vector/points": Need.KEY,
    "POST /v1/vector/search": Need.KEY,
    "GET /api/models": Need.KEY,
    "GET /api/models/{model_id:path}": Need.KEY,
    "POST /api/models": Need.ADMIN,
    "PUT /api/models/{model_id:path}": Need.ADMIN,
    "DELETE /api/models/{model_id:path}": Need.ADMIN,
}
