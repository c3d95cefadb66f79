"""`/live` and `/ready`, for orchestrators and load balancers."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tocsin.runtime.health import ComponentHealth

HealthCheck = Callable[[], Awaitable[Mapping[str, ComponentHealth]]]


def health_router(check_health: HealthCheck) -> APIRouter:
    """Return the routes of health checks: the process is alive; all its parts are ready."""
    router = APIRouter()

    @router.api_route("/live", methods=["GET", "HEAD"])
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.api_route("/ready", methods=["GET", "HEAD"])
    async def ready() -> JSONResponse:
        parts = await check_health()
        body = {name: str(health) for name, health in parts.items()}
        return JSONResponse(body, 200 if all(health.is_healthy for health in parts.values()) else 503)

    return router
