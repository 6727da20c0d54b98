# A worker of a fleet: `docker build -t chaoskit .`, then push it and give its digest to `chaoskit fleet deploy
# --set WorkerImage=...@sha256:...`. To build by a digest of the base image too: --build-arg PYTHON=python@sha256:...
ARG PYTHON=python:3.12.12-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY chaoskit chaoskit
COPY runbooks runbooks
RUN python -m venv /opt/chaoskit \
 && /opt/chaoskit/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .

FROM ${PYTHON}
# A user that owns nothing but its home, where a task mounts a volume: the rest of the file system is read-only.
RUN groupadd --gid 10001 chaoskit \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/chaoskit --shell /usr/sbin/nologin chaoskit \
 && install --directory --owner=chaoskit --group=chaoskit --mode=0700 /var/lib/chaoskit
COPY --from=build /opt/chaoskit /opt/chaoskit
ENV PATH=/opt/chaoskit/bin:$PATH \
    CHAOSKIT_HOME=/var/lib/chaoskit \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# Your fleet and its experiments, for the schedule: COPY them to /fleet in an image made FROM this one.
WORKDIR /fleet
VOLUME /var/lib/chaoskit
USER 10001:10001
# SIGTERM has the worker undo what it injected.
STOPSIGNAL SIGTERM
# A worker listens nowhere and calls home by its heartbeats, so all there is to ask is whether its process still runs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, sys; sys.exit(b'chaoskit' not in open('/proc/1/cmdline', 'rb').read())"]
ENTRYPOINT ["chaoskit"]
CMD ["worker"]
