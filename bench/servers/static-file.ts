/** A static file over bare node:http: held in memory, or read from the disk for every request. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const [port, file = '', from] = process.argv.slice(2);
const held = readFileSync(file);

createServer(async (_request, response) => {
  const bytes = from === 'memory' ? held : await readFile(file);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}).listen(Number(port), '127.0.0.1');
