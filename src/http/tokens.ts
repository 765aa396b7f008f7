/** `/login/tokens`: a person who is signed in makes an access token, which the answer shows this once, or revokes one. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { NoticeModel } from '../web/models.ts';
import { momentWords } from '../web/time-words.ts';
import { newTokenPage } from '../web/views.ts';
import { formOf } from './browser-sessions.ts';
import { type HomeOptions, home } from './home.ts';
import { allMcp } from './mcp-addresses.ts';
import { endOfOthers } from './open-webui-offer.ts';
import { FORM_BYTES } from './sign-in.ts';
import { frame, sendPage } from './site.ts';
import { REVOKE_TOKEN, TOKENS, type TokenMaker, tokenMaker } from './token-panel.ts';

export function tokenRoutes(app: FastifyInstance, site: HomeOptions): void {
  const shared = { config: { page: true }, schema: { hide: true }, bodyLimit: FORM_BYTES };
  app.post(TOKENS, shared, (request, reply) => create(site, request, reply));
  app.post(REVOKE_TOKEN, shared, (request, reply) => revoke(site, request, reply));
  // What a form has answered has an address that people come back to.
  for (const path of [TOKENS, REVOKE_TOKEN]) {
    app.get(path, shared, (_request, reply) => reply.redirect(`${site.rootPath}/`, 303));
  }
}

/** Answers the form itself: in an address the token would be kept, and after a redirect there would be nowhere to have it from. */
async function create(site: HomeOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const maker = await checkedMaker(site, request, reply);
  const form = formOf(request);
  const wanted = { name: form.get('name') ?? '', days: Number(form.get('days')) };
  try {
    const { token, facts } = await site.tokens.create(maker.person, maker.proof, wanted);
    const page = newTokenPage({
      ...frame(site, request),
      heading: 'Your new access token',
      name: facts.name,
      token,
      expires: momentWords(facts.expiresAt, facts.createdAt),
      mcp: allMcp(site, request, token),
      isForAll: site.single === undefined,
    });
    return sendPage(reply, page);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'bad_request') throw error;
    request.errorCode = error.code;
    reply.code(error.status).header('x-latchkey-error', error.code);
    return answerAt(site, request, reply, { kind: 'problem', text: error.message });
  }
}

async function revoke(site: HomeOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { person } = await checkedMaker(site, request, reply);
  const name = await site.tokens.revoke(person.id, formOf(request).get('token') ?? '');
  // Loaded again, or pressed twice: what is wanted is so already.
  const text = name === undefined ? 'This access token is revoked already.' : `The access token "${name}" is revoked.`;
  return answerAt(site, request, reply, { kind: 'done', text });
}

/** Throws 403 where the form is not ours, or comes from nobody who may have tokens. */
async function checkedMaker(site: HomeOptions, request: FastifyRequest, reply: FastifyReply): Promise<TokenMaker> {
  await endOfOthers(site, request, reply);
  site.sessions.checkForm(request, formOf(request));
  const maker = tokenMaker(site, request);
  const { browser } = request;
  // The body may have taken minutes to arrive: by then the person may have signed out.
  if (maker !== undefined && browser !== undefined && (await site.sessions.isAlive(browser))) return maker;
  throw new GatewayError(
    'invalid_credentials',
    403,
    'Access tokens are for people who are signed in with an account. Sign in, then make one.',
  );
}

/** The page that the form stands on, with what has become of it. */
function answerAt(
  site: HomeOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  notice: NoticeModel,
): Promise<FastifyReply> {
  return home(site, request, reply, [notice]);
}
