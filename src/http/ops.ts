/** What operators look at: health, readiness, metrics, and one log line a request. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { API } from './acehoss/path.ts';
import { rawPath } from './context.ts';
import type { Metrics } from './metrics.ts';

export function opsRoutes(app: FastifyInstance, gateway: Gateway, metrics: Metrics): void {
  const tags = ['operations'];
  app.get('/healthz', { schema: { tags, summary: 'Answers as long as the process lives' } }, async () => ({
    status: 'ok',
  }));
  app.get(
    '/readyz',
    { schema: { tags, summary: 'Ready once each server that starts by itself has connected or failed' } },
    async (_request, reply) => {
      const states = [...gateway.servers.values()].map((server) => server.state.state);
      const pending = [...gateway.servers.values()].filter(
        (server) => server.isUntried && !server.isOnDemand && server.catalog === undefined,
      ).length;
      const body = { status: pending === 0 ? 'ready' : 'starting', servers: countBy(states) };
      return reply.code(pending === 0 ? 200 : 503).send(body);
    },
  );
  app.get('/metrics', { schema: { tags, summary: 'Prometheus metrics' } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

/**
 * One line a request. It names the route and never the query, a header or an argument: those hold secrets.
 * Unknown paths are not logged word for word, since callers choose them.
 */
export function installRequestLog(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', (request, reply, done) => {
    // Not Fastify's onResponse, which never comes for a caller who has gone.
    reply.raw.on('close', () => record(request, reply, metrics));
    done();
  });
}

function record(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  const ms = Math.round(reply.elapsedTime * 1000) / 1000;
  const route = routeOf(request);
  const { id: reqId, method, target, mcp } = request;
  const isAnswered = reply.raw.writableFinished || isStream(request, reply);
  const status = isAnswered ? reply.statusCode : 499;
  const code = isAnswered ? request.errorCode : 'cancelled';
  if (mcp !== undefined) {
    // Its calls are counted where they end, which may be later than this.
    const server = (mcp.called?.server ?? mcp.server)?.name;
    request.log.info(
      { reqId, method, route, status, ms, server, mcp: mcp.method, tool: mcp.called?.tool.name, code },
      'mcp',
    );
    return;
  }
  // Each record is one literal: what is made by spreading takes much longer to log.
  if (target?.tool === undefined) {
    const server = target?.server.name ?? request.place?.server.name;
    request.log.info({ reqId, method, route, status, ms, server, code }, 'request');
  } else {
    const { server, tool } = target;
    metrics.record(server, tool, ms, code);
    request.log.info({ reqId, method, route, status, ms, server: server.name, tool: tool.name, code }, 'call');
  }
}

/** A stream that a client listens to ends when the client has had enough. */
function isStream({ mcp, method }: FastifyRequest, reply: FastifyReply): boolean {
  if (mcp === undefined || !reply.raw.headersSent) return false;
  return method === 'GET' || mcp.method === 'subscriptions/listen';
}

function routeOf(request: FastifyRequest): string {
  if (request.route === API) return '/api/:server/:tool';
  if (request.target?.tool !== undefined) return '/:server/:tool';
  if (request.mcp !== undefined) return request.mcp.server === undefined ? '/mcp' : `/:server/${request.mcp.via}`;
  const template = request.route;
  return template === undefined || template === '*' ? '/*' : rawPath(template);
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
