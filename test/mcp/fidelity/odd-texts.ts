/** What the odd server says: JSON texts with all that a gateway might lose, such as unknown members and long integers. */

/** One request's share of the play. `$ID`, `$TOKEN` and `$PARAMS` stand for what the request has. */
export interface Scene {
  /** Said before the answer, as part of this request. */
  readonly before?: readonly string[];
  /** Requests of the server, one after another, each once the last one is answered; as part of this request. */
  readonly asks?: readonly string[];
  /** `$ANSWERS` stands for what was answered to them. */
  readonly result?: string;
  readonly error?: string;
  /** Since 2026-07-28 some errors have an HTTP status of their own. */
  readonly status?: number;
  /** Said after the answer, as part of no request. */
  readonly after?: readonly string[];
}

export const LONG = '9007199254740993';

const TOOL =
  `{"name":"odd","title":"Odd","description":"\\u00e4\\ud83d\\ude00","x-vendor":{"n":${LONG},"list":[1,{"a":null}]},
  "annotations":{"readOnlyHint":true,"vendorHint":"v"},"icons":[{"src":"data:,","sizes":["any"],"x":1}],"execution":{"taskSupport":"optional"},
  "inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"a":{"$anchor":"here","const":${LONG}}},
    "properties":{"n":{"type":"integer","maximum":9223372036854775807,"x-ui":"slider"},"a":{"$ref":"#/$defs/a"},"then":{"not":{}}},
    "patternProperties":{"^x-":true},"unevaluatedProperties":false,"if":{"required":["n"]},"then":{"required":["a"]},"x-schema":[${LONG}]},
  "outputSchema":{"type":"object","properties":{"n":{"type":"integer","minimum":-9223372036854775808}}},"_meta":{"vendor.example/a":${LONG}}}`
    .split('\n')
    .join(' ');

const CONTENT =
  `[{"type":"text","text":"\\u2028","x":1,"annotations":{"audience":["user"],"priority":0.5,"vendor":true}},
  {"type":"hologram","depth":${LONG},"layers":[{"z":-1e-7}]},{"type":"resource_link","uri":"odd://x","name":"x","size":${LONG}},
  {"type":"resource","resource":{"uri":"odd://y","blob":"AAAA","x-checksum":"y"}},{"noType":true}]`
    .split('\n')
    .join(' ');

const EXTRA = `"_meta":{"vendor.example/trace":"t","n":${LONG}},"x-unknown":[${LONG},{"deep":{"deeper":null}}]`;

function notification(method: string, params: string): string {
  return `{"jsonrpc":"2.0","method":"${method}","params":${params}}`;
}

function log(data: string): string {
  return notification('notifications/message', `{"level":"info","logger":"odd","data":${data},"x":${LONG}}`);
}

function progress(step: string): string {
  return notification('notifications/progress', `{"progressToken":$TOKEN,"progress":${step},"total":1e3,"x":${LONG}}`);
}

const UPDATED = notification('notifications/resources/updated', `{"uri":"odd://x","title":"X","x":${LONG}}`);

/** By method and, where there is one, name, URI or cursor. Both eras. */
const COMMON: Readonly<Record<string, Scene>> = {
  'tools/list': { result: `{"tools":[${TOOL}],"nextCursor":"page \\u0032",${EXTRA}}` },
  'tools/list page 2': { result: `{"tools":[{"name":"second","inputSchema":{"type":"object"}}],${EXTRA}}` },
  'tools/call echo': { result: `{"content":[],"structuredContent":{"params":$PARAMS},${EXTRA}}` },
  'tools/call odd': { result: `{"content":${CONTENT},"isError":true,"structuredContent":{"n":${LONG}},${EXTRA}}` },
  'tools/call fail': { error: `{"code":-32077,"message":"odd \\u00fc","data":{"n":${LONG},"list":[]},"x":${LONG}}` },
  'tools/call chatty': {
    before: [progress('1'), log('{"a":[1]}'), progress('2.5'), progress('1e3')],
    result: `{"content":[]}`,
  },
  'tools/call beat': { before: [notification('notifications/vendor/beat', `{"n":${LONG}}`)], result: '{"content":[]}' },
  'prompts/list': {
    result: `{"prompts":[{"name":"p","arguments":[{"name":"a","x":1}],"x":${LONG}}],"nextCursor":"2",${EXTRA}}`,
  },
  'prompts/get p': {
    result: `{"description":"d","messages":[{"role":"user","content":{"type":"hologram","n":${LONG}},"x":1}],${EXTRA}}`,
  },
  'resources/list': {
    result: `{"resources":[{"uri":"odd://x?q=%20#f","name":"x","size":${LONG},"x":{"y":1}}],${EXTRA}}`,
  },
  'resources/templates/list': {
    result: `{"resourceTemplates":[{"uriTemplate":"odd://{+x}{?y*}","name":"t","x":${LONG}}],${EXTRA}}`,
  },
  'resources/read odd://x?q=%20#f': {
    result: `{"contents":[{"uri":"odd://x","text":"t","x":${LONG}},{"uri":"odd://y","blob":"AA==","_meta":{"z":1}}],${EXTRA}}`,
  },
  'resources/read odd://none': { error: `{"code":-32002,"message":"Resource not found","data":{"uri":"odd://none"}}` },
  'completion/complete': { result: `{"completion":{"values":["a"],"total":${LONG},"hasMore":true,"x":1},${EXTRA}}` },
  'vendor/method': { result: `{"params":$PARAMS,${EXTRA}}` },
};

const ABOUT =
  `"capabilities":{"tools":{"listChanged":true,"x":1},"prompts":{"listChanged":true},"completions":{},"logging":{},
  "resources":{"subscribe":true,"listChanged":true},"experimental":{"vendor":{"n":${LONG}}},"x-vendor":{"a":1}},
  "instructions":"Be odd.",${EXTRA}`
    .split('\n')
    .join(' ');
const INFO = `{"name":"odd","title":"Odd","version":"1","x-info":${LONG}}`;

function ask(id: string, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;
}

export const LEGACY_SCENES: Readonly<Record<string, Scene>> = {
  ...COMMON,
  initialize: { result: `{"protocolVersion":"2025-11-25","serverInfo":${INFO},${ABOUT},"got":$PARAMS}` },
  ping: { result: `{"x":${LONG}}` },
  'logging/setLevel': { result: `{${EXTRA}}`, after: [log('"now"')] },
  'resources/subscribe odd://x': { result: `{${EXTRA}}`, after: [UPDATED] },
  'resources/unsubscribe odd://x': { result: '{}' },
  'tools/call ask': {
    asks: [
      ask(
        '"q 1"',
        'sampling/createMessage',
        `{"messages":[{"role":"user","content":{"type":"text","text":"?"}}],"maxTokens":${LONG},"x":[1]}`,
      ),
      ask(
        '7',
        'elicitation/create',
        `{"mode":"form","message":"?","requestedSchema":{"type":"object","properties":{"n":{"type":"integer","default":${LONG}}}},"x":1}`,
      ),
      ask('0', 'roots/list', `{"_meta":{"x":${LONG}}}`),
      ask('"v"', 'vendor/ask', `{"x":${LONG}}`),
    ],
    result: '{"content":[],"structuredContent":{"answers":$ANSWERS}}',
  },
  'tools/call announce': {
    result: '{"content":[]}',
    after: [
      notification('notifications/tools/list_changed', `{"_meta":{"x":${LONG}}}`),
      notification('notifications/prompts/list_changed', '{}'),
      '{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}',
      ask('"alive?"', 'ping', '{}'),
    ],
  },
  'tools/call slow': { before: [progress('1')] },
};

function marked(method: string, params = ''): string {
  return notification(method, `{"_meta":{"io.modelcontextprotocol/subscriptionId":$ID,"x":${LONG}}${params}}`);
}

const MODERN_COMMON = Object.entries(COMMON).map(([key, { result, ...scene }]): [string, Scene] => [
  key,
  result === undefined
    ? scene
    : { ...scene, result: result.replace('{', '{"resultType":"complete","ttlMs":7,"cacheScope":"private",') },
]);

const QUESTION =
  `"name":{"method":"elicitation/create","params":{"mode":"form","message":"?","requestedSchema":{"type":"object","properties":{"n":{"type":"integer","default":${LONG}}}}}},
  "roots":{"method":"roots/list","x":${LONG}}`
    .split('\n')
    .join(' ');

export const MODERN_SCENES: Readonly<Record<string, Scene>> = {
  ...Object.fromEntries(MODERN_COMMON),
  'server/discover': {
    result: `{"resultType":"complete","ttlMs":0,"cacheScope":"public","supportedVersions":["2026-07-28","2199-01-01"],${ABOUT.replace('"_meta":{', `"_meta":{"io.modelcontextprotocol/serverInfo":${INFO},`)}}`,
  },
  'tools/call rounds': {
    result: `{"resultType":"input_required","requestState":"s \\u00e4","inputRequests":{${QUESTION}},"x":${LONG}}`,
  },
  'tools/call capable': {
    error: `{"code":-32021,"message":"Missing capability","data":{"requiredCapabilities":{"sampling":{}},"x":${LONG}}}`,
    status: 400,
  },
  'subscriptions/listen': {
    before: [
      marked('notifications/subscriptions/acknowledged', ',"notifications":{"toolsListChanged":true},"x":1'),
      marked('notifications/tools/list_changed'),
      marked('notifications/resources/updated', ',"uri":"odd://x"'),
    ],
  },
  'tools/call slow': { before: [progress('1')] },
};

/** The second round: the same call with answers. */
export const ROUNDS_DONE: Scene = {
  result: `{"resultType":"complete","content":[],"structuredContent":{"params":$PARAMS}}`,
};
