# syntax=docker/dockerfile:1.17
# Images of the stack, one target each: monitor, taxi, reco, flow.
#
#   docker build --target monitor --tag modelvane/monitor .

FROM ghcr.io/astral-sh/uv:0.8.13 AS uv

FROM python:3.12.11-slim-bookworm AS python
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# what installs stays in the stages that build
FROM python AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/venv
WORKDIR /build
RUN uv venv /opt/venv
# before the sources, so that only another version of a package installs packages again
COPY pyproject.toml constraints.txt ./

FROM build AS build-monitor
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install -r pyproject.toml -c constraints.txt --extra mongodb --extra grafana --extra scikit-learn
COPY README.md LICENSE ./
COPY src src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --no-deps .

FROM build AS build-examples
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install -r pyproject.toml -c constraints.txt --extra examples
COPY README.md LICENSE ./
COPY src src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --no-deps .

FROM build AS build-flow
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install -r pyproject.toml -c constraints.txt --extra mongodb --extra prefect --extra examples
COPY README.md LICENSE ./
COPY src src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --no-deps .

FROM python AS run
# volumes take their owner from the folders of the image
RUN groupadd --gid 10001 modelvane \
 && useradd --uid 10001 --gid modelvane --no-create-home --home-dir /tmp --shell /usr/sbin/nologin modelvane \
 && for folder in lib/taxi lib/reco lib/dashboards lib/rules lib/prefect lib/flow lib/reports cache/modelvane; do \
      install --directory --owner=modelvane --group=modelvane "/var/$folder"; \
    done
WORKDIR /app
COPY --chown=root:root --chmod=755 stack/healthy /usr/local/bin/healthy
USER 10001:10001

FROM run AS monitor
COPY --chown=root:root --from=build-monitor /opt/venv /opt/venv
EXPOSE 8085
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["healthy", "http://127.0.0.1:8085/readyz"]
CMD ["modelvane", "serve", "--config=/etc/modelvane/modelvane.yaml", "--host=0.0.0.0", "--port=8085"]

FROM run AS taxi
COPY --chown=root:root --from=build-examples /opt/venv /opt/venv
COPY --chown=root:root examples examples
EXPOSE 9696
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["healthy", "http://127.0.0.1:9696/healthz"]
CMD ["python", "-m", "examples.taxi.service", "--host=0.0.0.0", "--model=/var/lib/taxi/models"]

FROM run AS reco
COPY --chown=root:root --from=build-examples /opt/venv /opt/venv
COPY --chown=root:root examples examples
EXPOSE 9697
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["healthy", "http://127.0.0.1:9697/"]
CMD ["python", "-m", "examples.reco.service", "--host=0.0.0.0", "--model=/var/lib/reco/model.npz"]

FROM run AS flow
COPY --chown=root:root --from=build-flow /opt/venv /opt/venv
COPY --chown=root:root examples examples
COPY --chown=root:root stack/__init__.py stack/prepare.py stack/
# also for what runs elsewhere, as a retrain does
ENV PYTHONPATH=/app
# what is healthy depends on the command: compose.yaml says it for each
HEALTHCHECK NONE
CMD ["python", "-m", "modelvane.flows", "serve", "--config=/etc/modelvane/modelvane.yaml"]
