# syntax=docker/dockerfile:1

# Everything is installed into one virtual environment, which alone goes into the final image.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv /opt/evenkeel
COPY requirements.txt requirements-build.txt ./
RUN /opt/build/bin/pip install --require-hashes --requirement requirements-build.txt \
    && /opt/evenkeel/bin/pip install --require-hashes --only-binary :all: \
       --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY core core
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/evenkeel/bin/pip install --no-deps /wheels/evenkeel-*.whl \
    && /opt/evenkeel/bin/pip uninstall --yes pip


FROM python:3.13-slim
LABEL org.opencontainers.image.title="Evenkeel" \
      org.opencontainers.image.description="Keeps a family's portfolios on target, from Telegram" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin evenkeel \
    && install --directory --owner evenkeel --group evenkeel --mode 0700 /data
COPY --from=build /opt/evenkeel /opt/evenkeel
# Matplotlib and yfinance write caches; the root file system may be read-only, /tmp is not.
ENV PATH=/opt/evenkeel/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HOME=/data \
    MPLCONFIGDIR=/tmp/matplotlib \
    XDG_CACHE_HOME=/tmp/cache
USER 10001:10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["evenkeel", "doctor", "--health"]
ENTRYPOINT ["evenkeel"]
CMD ["run"]
