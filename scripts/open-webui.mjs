/**
 * Lets the real Open WebUI drive the built latchkey: fetch, convert and call as it does in a chat, for two people. Installs
 * it from PyPI into `.cache/open-webui`. `--write` puts the tables of what came back into the README, `--check` fails where
 * other ones stand there.
 */
import { register } from 'tsx/esm/api';

register();
const { main } = await import('./open-webui/main.ts');
process.exitCode = await main(process.argv.slice(2));
