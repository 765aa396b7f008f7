/** What the pages say about a server and about the gateway. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkState } from '../../src/upstream/link-state.ts';
import type { Server } from '../../src/upstream/server.ts';
import { gatewayDescription, gatewayName, serverModel } from '../../src/web/models.ts';

const FAILED: LinkState = { state: 'failed', reason: 'spawn /secret ENOENT', retryAt: 0 };

/** As much of a server as the pages look at. */
function server(state: LinkState, tools?: number, isOnDemand = false): Server {
  const catalog = tools === undefined ? undefined : { tools: Array.from({ length: tools }) };
  return { name: 'a b/c', state, catalog, isOnDemand } as unknown as Server;
}

describe('serverModel', () => {
  it('puts each state into words', () => {
    const words = (state: LinkState, tools?: number) => serverModel(server(state, tools), '/', false).words;
    assert.equal(words({ state: 'ready' }, 1), 'Ready, 1 tool');
    assert.equal(words({ state: 'ready' }, 0), 'Ready, 0 tools');
    assert.equal(words({ state: 'connecting' }), 'Connecting');
    assert.equal(words({ state: 'connecting' }, 2), 'Connecting, 2 tools known');
    assert.equal(words(FAILED), 'Not available; latchkey keeps trying');
    assert.equal(words(FAILED, 2), 'Not available, 2 tools known; latchkey keeps trying');
    assert.equal(words({ state: 'idle' }), 'Starts when it is needed');
    assert.equal(words({ state: 'idle' }, 2), 'Starts when it is needed, 2 tools');
    const tried = 'Not available, 2 tools known; tried again when it is needed';
    assert.equal(serverModel(server(FAILED, 2, true), '/', false).words, tried);
  });

  it('names the path with prefix, escaped', () => {
    assert.equal(serverModel(server({ state: 'ready' }, 1), '/pre/', false).path, '/pre/a%20b/c');
  });

  it('gives the reason of a failure only to those who may know', () => {
    assert.equal(serverModel(server(FAILED), '/', true).reason, 'spawn /secret ENOENT');
    assert.equal(serverModel(server(FAILED), '/', false).reason, undefined);
  });
});

describe('gatewayName and gatewayDescription', () => {
  it('replace the defaults of the document, and nothing that an operator wrote', () => {
    assert.equal(gatewayName('MCP OpenAPI Proxy'), 'latchkey');
    assert.equal(gatewayName('Tools of Example'), 'Tools of Example');
    assert.match(gatewayDescription('Automatically generated API from MCP Tool Schemas'), /REST/);
    assert.equal(gatewayDescription('Ours'), 'Ours');
  });
});
