/** Prometheus metrics: calls, errors and latency by server and tool, and the states of the servers. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Gateway } from '../gateway.ts';
import type { Tool } from '../upstream/catalog.ts';
import type { Server } from '../upstream/server.ts';

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const STATES = ['idle', 'connecting', 'ready', 'failed', 'needs-login'] as const;

interface ToolMetrics {
  readonly labels: { readonly server: string; readonly tool: string };
  readonly seconds: Histogram.Internal<'server' | 'tool'>;
  calls: number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #errors: Counter<'server' | 'tool' | 'code'>;
  readonly #seconds: Histogram<'server' | 'tool'>;
  /** Looking up a label set costs more than counting; tools live as long as their catalog. */
  readonly #byTool = new WeakMap<Tool, ToolMetrics>();
  /** What was counted since they were read last. */
  readonly #counted = new Set<ToolMetrics>();

  constructor(gateway: Gateway) {
    const registers = [this.registry];
    const labelNames = ['server', 'tool'] as const;
    collectDefaultMetrics({ register: this.registry });
    const counted = this.#counted;
    new Counter({
      name: 'latchkey_tool_calls_total',
      help: 'Tool calls answered',
      labelNames,
      registers,
      collect() {
        for (const tool of counted) {
          this.inc(tool.labels, tool.calls);
          tool.calls = 0;
        }
        counted.clear();
      },
    });
    this.#errors = new Counter({
      name: 'latchkey_tool_errors_total',
      help: 'Tool calls answered with an error, by its code',
      labelNames: ['server', 'tool', 'code'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'latchkey_tool_call_duration_seconds',
      help: 'Time from request to answer',
      labelNames,
      buckets: BUCKETS,
      registers,
    });
    new Gauge({
      name: 'latchkey_upstream_state',
      help: '1 for the state that a server is in',
      labelNames: ['server', 'state'],
      registers,
      collect() {
        this.reset();
        for (const server of gateway.servers.values()) {
          for (const state of STATES) this.set({ server: server.name, state }, server.state.state === state ? 1 : 0);
        }
      },
    });
  }

  /** One answered call; labels come from configured and listed names only. */
  record(server: Server, tool: Tool, milliseconds: number, errorCode: string | undefined): void {
    const metrics = this.#of(server, tool);
    metrics.calls += 1;
    if (metrics.calls === 1) this.#counted.add(metrics);
    metrics.seconds.observe(milliseconds / 1000);
    if (errorCode !== undefined) this.#errors.inc({ server: server.name, tool: tool.name, code: errorCode });
  }

  #of(server: Server, tool: Tool): ToolMetrics {
    const known = this.#byTool.get(tool);
    if (known !== undefined) return known;
    const labels = { server: server.name, tool: tool.name };
    const made = { labels, seconds: this.#seconds.labels(labels), calls: 0 };
    this.#byTool.set(tool, made);
    return made;
  }
}
