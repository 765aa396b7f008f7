/** What docs/config.md says before its tables. */

import { DEFAULTS } from './defaults.ts';
import { RESERVED_NAMES } from './server-name.ts';

const reserved = [...RESERVED_NAMES].map((name) => `\`${name}\``).join(', ');
const { mcpServers: MCP_SERVERS, servers: SERVERS } = DEFAULTS;
const variable = (text: string) => `\${${text}}`;

function portOf({ port }: { readonly port: number | undefined }): string {
  return port === undefined ? 'has to be there, or `--port`' : `\`${port}\``;
}

export const GUIDE = `
# The configuration file

<!-- Generated from src/config by \`node --import tsx scripts/generate-docs.ts\`; do not edit by hand. -->

latchkey reads one file: the one that \`--config\` names, else the one in \`CONFIG_PATH\`, else \`./config.yaml\` or
\`./config.json\`. A configuration of mcpo works as it is, and so does
[one of acehoss/mcp-gateway](#files-with-servers). \`latchkey check\` reads the file and lists everything that is wrong
with it, each with its line. Unknown keys are warnings, in \`open_webui\` errors, and keys that begin with \`x-\` are
yours. A key that is there but empty (\`null\`) counts as absent.

In JSON, comments and trailing commas are allowed:

\`\`\`jsonc
{
  "$schema": "./node_modules/latchkey/schema/latchkey.schema.json",
  "mcpServers": {
    // A program on this machine (stdio).
    "time": { "command": "uvx", "args": ["mcp-server-time", "--local-timezone=Europe/Berlin"] },
    // A server on the network.
    "search": {
      "type": "streamable-http",
      "url": "https://mcp.example.org/mcp",
      "headers": { "Authorization": "Bearer ${variable('SEARCH_TOKEN')}" },
    },
  },
}
\`\`\`

The same in YAML, with aliases and merge keys (\`<<\`) if you like:

\`\`\`yaml
mcpServers:
  time:
    command: uvx
    args: [mcp-server-time, --local-timezone=Europe/Berlin]
  search:
    type: streamable-http
    url: https://mcp.example.org/mcp
    headers:
      Authorization: Bearer ${variable('SEARCH_TOKEN')}
\`\`\`

## Variables

\`${variable('VAR')}\` in any value that is a string stands for the environment variable \`VAR\`; \`${variable('VAR:-default')}\` gives a
default for when it is unset or empty. Keys are left alone. A variable that is not set and has no default is an error,
except in a server with \`disabled: true\`. \`$${variable('VAR')}\` is the literal text \`${variable('VAR')}\`. Variables come from the environment,
then from the file of \`--env-path\`, then from \`--env\`.

A program that latchkey starts does not see a variable that only another entry, or the gateway itself, uses in this way
(except common ones such as \`PATH\` and \`HOME\`), nor \`LATCHKEY_*\` and \`WEBUI_SECRET_KEY\`. This keeps secrets from being
handed around by accident. It is no wall: a hostile program of the same user needs a container of its own.

## Logins

\`"oauth": true\` says that a server wants people to sign in. How, latchkey finds out from the server (MCP authorization
2025-11-25 and the revisions before it), and it registers itself where that is possible. Each person then connects an
account of their own, in the browser. The other keys of \`oauth\` are for what a server does not tell:

\`\`\`yaml
mcpServers:
  tracker:
    type: streamable-http
    url: https://mcp.example.org/mcp
    oauth:
      client_id: latchkey
      client_secret: ${variable('TRACKER_SECRET')}
      issuer: https://id.example.org
      scope: issues:read issues:write
\`\`\`

The provider has to know the redirect URI \`<public URL>/oauth/<server>/callback\`; \`public_url\` says how people reach the
gateway. With \`multi_user: false\` one login serves everybody who may use the gateway, as in mcpo. Beyond this machine
this needs \`--api-key\` or \`auth\`: otherwise anyone could use the login, and latchkey does not start. Tokens are kept in
the store, sealed with \`LATCHKEY_SECRET\` or with a key file beside it.

## Open WebUI

So that each user's calls run with that user's own accounts, latchkey has to know who they are. There are four ways:

| way | keys |
|---|---|
| a signed header beside the API key | \`--api-key\` and \`open_webui.user_jwt_secret\` |
| the token of the user's session, shown to Open WebUI | \`open_webui.url\` |
| the token of the user's session, verified by the shared secret | \`webui_secret_key\` |
| plain headers beside the API key | \`--api-key\` and \`open_webui.trust_forwarded_user\` |

\`\`\`yaml
webui_secret_key: ${variable('WEBUI_SECRET_KEY')}
document_key: ${variable('DOCUMENT_KEY')}
open_webui:
  url: http://open-webui:8080
  introspect: true # so that a token that Open WebUI has revoked does not count
mcpServers:
  tracker:
    type: streamable-http
    url: https://mcp.example.org/mcp
    oauth: true
\`\`\`

Flags and variables go before the file; the tables below name them. Only the file has \`public_url\`, \`introspect\`,
\`allow_tokens_without_exp\` and \`max_token_age_hours\` of \`open_webui\`, \`verify_jwt: true\`, and \`webui_secret_key\` of a
single server. Beside a secret, \`open_webui.url\` is asked only with \`introspect: true\`; \`latchkey check\`, and a line at
start, say which ways are in force. At start the URL is tried once, and a wrong one is a warning. Not in the file are
\`--api-key\` (\`LATCHKEY_API_KEY\`) and \`--strict-auth\`. Over plain \`http\` to a host beyond your own network, \`open_webui.url\` is a warning: the tokens of users are sent there.

At start, and on the page \`/\` for admins, latchkey shows the connection to add to Open WebUI. An admin is whoever signs in
there with the API key, and whom Open WebUI, asked with \`introspect\`, calls an admin. Where there is no API key, it is
whoever has an account or a token of \`auth\`; where there is no \`auth\` either, the person at this machine.

A secret of fewer than 16 characters, or one that is an example from somebody's documentation, is refused. Secrets on the
command line can be read by others on the machine: better use the variables that the tables below name.

## Files with \`servers\`

A file that lists its servers under \`servers\` is one of acehoss/mcp-gateway. It works as it is, with that program's answers
at \`/<name>\` (HTTP+SSE) and \`/api/<name>/<tool>\`, and every key of this page may be used in it:

\`\`\`yaml
hostname: 127.0.0.1
port: 3000
debug:
  level: info
auth:
  basic:
    enabled: true
    credentials:
      - username: admin
        password: ${variable('ADMIN_PASSWORD')}
  bearer:
    enabled: true
    tokens:
      - ${variable('GATEWAY_TOKEN')}
servers:
  files:
    command: npx
    args: [-y, "@modelcontextprotocol/server-filesystem", /srv/files]
    path: /srv
    disabledTools: [write_file]
\`\`\`

What holds for a key that is not there is another in such a file:

| key | with \`servers\` | with \`mcpServers\` |
|---|---|---|
| \`hostname\` | \`${SERVERS.hostname}\`, every network | \`${MCP_SERVERS.hostname}\`, this machine |
| \`port\` | ${portOf(SERVERS)} | ${portOf(MCP_SERVERS)} |
| \`isolation\` | \`${SERVERS.isolation}\` | \`${MCP_SERVERS.isolation}\` |
| \`start\` | \`${SERVERS.start}\` | \`${MCP_SERVERS.start}\` |
| \`timeout\` | \`${SERVERS.timeout}\` | \`${MCP_SERVERS.timeout}\` |

Whatever \`isolation\` says, each stream at \`/<name>\` and each session of \`/api\` has a process of its own. A program is told
to end by SIGTERM there, and by the end of its input below \`mcpServers\`; four seconds later it is ended.

An \`auth\` that enables a list without anything in it is a warning there, and lets nobody in by it. \`auth: {}\` refuses
everybody; without \`auth\` everybody is let in, as one caller. A file that cannot be used ends latchkey with exit code 1
and the line \`Failed to load configuration: ...\`; the lines after it say where. A level of the log that does not exist,
and anything wrong on the command line, is exit code 2. \`latchkey check\` says what such a file starts.

## Names

The name of a server is the first part of its paths: \`POST /<name>/<tool>\`. It may hold spaces and slashes. Some first
parts belong to the gateway and cannot be a name, except under a \`--path-prefix\`, where all names are free:
${reserved}.

## Changes while running

With \`--hot-reload\` the file is read again when it changes. Servers whose entry is the same go on undisturbed. A file
with an error changes nothing. A change of the keys beside the servers needs a restart, and so does one from \`mcpServers\` to
\`servers\`.
`;
