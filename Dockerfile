# The stages share Debian's Node 20; npm and npx stay in the image, since many MCP servers are started by them.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/views ./views
USER node
EXPOSE 8000
ENTRYPOINT ["node", "/app/dist/main.js", "--host", "0.0.0.0"]
