/** A reverse proxy on bare node:http that serves the gateway under a path, which it strips or keeps. */
import { request as forward } from 'node:http';
import { type Listening, listen } from '../helpers/listen.ts';

/** Everything below `prefix` goes to `target`; all else is 404, so that a link that forgets the prefix is noticed. */
export function startPrefixProxy(target: string, prefix: string, mode: 'strip' | 'keep'): Promise<Listening> {
  return listen((request, response) => {
    const url = request.url ?? '/';
    if (url !== prefix && !url.startsWith(`${prefix}/`)) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not below the prefix');
      return;
    }
    const path = mode === 'strip' ? url.slice(prefix.length) || '/' : url;
    const { method, headers } = request;
    const onward = forward(target + path, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
}
