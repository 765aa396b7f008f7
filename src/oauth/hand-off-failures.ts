/** What is told where a login that was begun in a chat does not come to its end: on pages, and to callers with a code. */
import { GatewayError } from '../errors.ts';
import { LoginError, LoginNeeded } from './errors.ts';

/** Where the person gets on, whatever went wrong with the link. */
export const ASK_IN_CHAT = 'Ask for a new link in your chat.';

export function ticketUnknown(): LoginError {
  return new LoginError({
    code: 'ticket_unknown',
    status: 400,
    title: 'This link is over',
    message: 'It has expired, or was used already. Each link can be used once, within ten minutes.',
    remedy: ASK_IN_CHAT,
  });
}

/** There is no code, or none that this browser may see. */
export function codeUnknown(): LoginError {
  return new LoginError({
    code: 'ticket_unknown',
    status: 400,
    title: 'There is no code here',
    message: 'A code is shown for ten minutes, and only to the browser that signed in.',
    remedy: ASK_IN_CHAT,
  });
}

/** Says nothing of whose it is. `by`: what names the browser, and as whom. */
export function linkOfAnother(by: 'cookie' | 'sign-in', label: string): LoginError {
  const where = by === 'cookie' ? 'to Open WebUI' : 'here';
  return new LoginError({
    code: 'flow_wrong_person',
    status: 403,
    title: 'This link was made for somebody else',
    message: `This browser is signed in ${where} as ${label}, and the link is for another person.`,
    remedy: `If somebody sent it to you, close this page. If it is your own, sign in ${where} as yourself and open it again.`,
  });
}

/** 401: nobody can say at a browser who they are at this server. */
export function onlyFromChat(server: string): LoginError {
  return new LoginError({
    code: 'identity_required',
    status: 401,
    title: 'Connect it from your chat',
    message: `"${server}" knows people by their chat in Open WebUI alone, not by a sign-in here.`,
    remedy: 'Ask for one of its tools in Open WebUI: the answer has a link for you.',
  });
}

/** To a program that opens a link. */
export function notInBrowser(): GatewayError {
  const message = 'This link is for a person: open it in a browser.';
  return new GatewayError('bad_request', 400, message, { body: { error: 'bad_request', message } });
}

/** 400: what was brought is no code at all. */
export function noCode(server: string): GatewayError {
  const message = `This is no code. The page for "${server}" shows one of ten letters and digits, like K7QXM-2R9TD.`;
  return new GatewayError('code_rejected', 400, message, { body: { error: 'code_rejected', message } });
}

/** 400: another code waits; `attemptsLeft`: how often it may still be tried. */
export function codeRejected(server: string, attemptsLeft: number): GatewayError {
  const needed = new LoginNeeded(server, { code: 'code_rejected', status: 400 }, ({ link, operation }) => ({
    message: `This is not the code that the page for "${server}" shows. ${attemptsLeft > 0 ? triesLeft(attemptsLeft) : `That was the last try, and the access was revoked. ${startAgain(link, operation)}`}`,
    ...(link === undefined || attemptsLeft > 0 ? {} : { authorize_url: link }),
  }));
  return attemptsLeft > 0 ? needed.told({}) : needed;
}

function triesLeft(count: number): string {
  return `Check it and try again: ${count === 1 ? 'one try is' : `${count} tries are`} left.`;
}

/** 409: nobody has signed in for this caller, or the code came too late. */
export function nothingToConfirm(server: string): LoginNeeded {
  return new LoginNeeded(server, { code: 'nothing_to_confirm', status: 409 }, ({ link, operation }) => ({
    message: `No login at "${server}" waits for a code: it has expired, was cancelled, or was never begun. ${startAgain(link, operation)}`,
    ...(link === undefined ? {} : { authorize_url: link }),
  }));
}

function startAgain(link = "the gateway's page", operation?: string): string {
  const asked = `Ask the user to open ${link} to connect`;
  return operation === undefined ? `${asked}.` : `${asked}, then call ${operation} with the code that the page shows.`;
}
