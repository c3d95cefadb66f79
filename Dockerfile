# The server image. Build with: docker build -t tocsin . ; docs/operations.md describes its requirements.

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv /opt/tocsin && python -m venv /opt/build
COPY requirements.txt requirements-build.txt ./
RUN /opt/tocsin/bin/pip install --require-hashes --requirement requirements.txt \
 && /opt/build/bin/pip install --require-hashes --requirement requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /opt/tocsin/bin/pip install --no-deps --no-index /wheel/*.whl \
 && /opt/tocsin/bin/pip uninstall --yes pip

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
RUN useradd --system --uid 10001 --user-group --no-create-home tocsin \
 && install --directory --owner tocsin --group tocsin --mode 0700 /data
COPY --from=build /opt/tocsin /opt/tocsin
ENV PATH=/opt/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TOCSIN_HOST=0.0.0.0 \
    TOCSIN_PORT=8000 \
    TOCSIN_DATA_DIR=/data \
    TOCSIN_LOG_FORMAT=json
USER tocsin
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# /live instead of /ready: the server waits for an unavailable database, and a restart would not help.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['TOCSIN_PORT']}/live\", timeout=4)"]
CMD ["tocsin", "serve"]
