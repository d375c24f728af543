# Two images from one file: `web` (site, worker, beat; no torch) and `gpu` (inference; no Django).
FROM python:3.11-slim-bookworm AS base
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN groupadd --gid 10001 consilium \
    && useradd --uid 10001 --gid consilium --create-home consilium \
    && install --directory --owner=consilium --group=consilium /artifacts
WORKDIR /app

# Packages in stages of their own: a change of the code does not install them again. Their versions are in pyproject.toml.
FROM base AS web-packages
COPY pyproject.toml README.md ./
# hadolint ignore=DL3013
RUN python -m venv /venv && pip install --no-cache-dir ".[web]"

FROM base AS gpu-packages
COPY pyproject.toml README.md ./
# hadolint ignore=DL3013
RUN python -m venv /venv && pip install --no-cache-dir ".[gpu]"

FROM base AS web
COPY --from=web-packages /venv /venv
COPY manage.py ./
COPY config config
COPY annotation annotation
COPY saeserve saeserve
COPY templates templates
COPY static static
COPY demo demo
# The settings ask for secrets and servers; collecting files uses none of them.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(48))')" ARTIFACT_ROOT=/artifacts \
    ARTIFACT_KEY="$(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
    DATABASE_URL=postgres://127.0.0.1/none REDIS_URL=redis://127.0.0.1/0 STATIC_ROOT=/app/static-collected \
    python manage.py collectstatic --noinput
ENV STATIC_ROOT=/app/static-collected ARTIFACT_ROOT=/artifacts
USER 10001
EXPOSE 8000
# The site's own health page (it asks the database and the broker), reached as the proxy reaches it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 CMD ["python", "-c", "import http.client, os; site = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); site.request('GET', '/health/', headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0].lstrip('.'), 'X-Forwarded-Proto': 'https'}); raise SystemExit(site.getresponse().status != 200)"]
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]

FROM base AS gpu
COPY --from=gpu-packages /venv /venv
COPY saeserve saeserve
ENV ARTIFACT_ROOT=/artifacts
USER 10001
HEALTHCHECK --interval=60s --timeout=30s --start-period=90s --retries=5 CMD ["sh", "-c", "celery -A saeserve.worker inspect ping -t 20 -d gpu@$(hostname)"]
CMD ["celery", "-A", "saeserve.worker", "worker", "-Q", "gpu", "-c", "1", "-n", "gpu@%h", "-l", "INFO"]
