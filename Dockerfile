# One image for all services, built in stages; each service is a target. Runs the TypeScript as it stands.
# docker build --target worker .

FROM node:24-bookworm-slim AS manifests
WORKDIR /manifests
COPY . /source
# Only what decides which packages are installed, so that a change of code does not install them again.
RUN cd /source && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents {} /manifests/ \; \
  && cp package-lock.json .npmrc /manifests/

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY --from=manifests /manifests ./
# Optional packages are the embedded PostgreSQL servers, which production does not use.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

# The web page, built with what the image itself does not need.
FROM node:24-bookworm-slim AS page
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --ignore-scripts
COPY tsconfig.base.json ./
COPY packages ./packages
RUN node node_modules/vite/bin/vite.js build packages/web

FROM node:24-bookworm-slim AS runtime
ENV NODE_ENV=production HOLDFAST_HOST=0.0.0.0
WORKDIR /app
COPY --from=packages /app ./
COPY packages ./packages
COPY services ./services
USER node

FROM runtime AS scheduler
ENV HOLDFAST_HEALTH_PORT=8081
CMD ["node", "services/scheduler/src/main.ts"]

FROM runtime AS sentinel
ENV HOLDFAST_HEALTH_PORT=8081
CMD ["node", "services/sentinel/src/main.ts"]

# Client programs of every supported PostgreSQL major, from the PostgreSQL project's own packages; of MariaDB and Redis,
# Debian's. Those of MySQL and MongoDB are not in Debian: docs/operations.md shows how to add them.
FROM runtime AS clients
USER root
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates postgresql-common \
  && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
  && apt-get install -y --no-install-recommends \
    postgresql-client-14 postgresql-client-15 postgresql-client-16 postgresql-client-17 postgresql-client-18 \
    mariadb-client redis-tools \
  && rm -rf /var/lib/apt/lists/*
USER node

FROM clients AS api
COPY --from=page /app/packages/web/dist ./packages/web/dist
EXPOSE 8080
CMD ["node", "services/api/src/main.ts"]

FROM clients AS worker
# A dump is a stream of short-lived buffers: a small young generation frees them soon, so the memory of the worker is bounded
# whatever the size of the dump (`npm run bench` measures it; without these it is a third more).
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=524288 MALLOC_TRIM_THRESHOLD_=1048576
ENV HOLDFAST_HEALTH_PORT=8081
CMD ["node", "--max-semi-space-size=1", "services/worker/src/main.ts"]

# For remote servers. Directories are mounted into it; who may read them is decided by `docker run --user`.
FROM clients AS agent
USER root
RUN install -d -m 700 -o node -g node /var/lib/holdfast-agent
USER node
ENV HOLDFAST_AGENT_CONFIG=/etc/holdfast/agent.json HOLDFAST_AGENT_SPOOL=/var/lib/holdfast-agent
VOLUME /var/lib/holdfast-agent
CMD ["node", "services/agent/src/main.ts"]
