/** The methods of the specification, of all its revisions and in both directions. */

/** What a client asks; tasks are not here, since either side may have them (2025-11-25, Tasks). */
export const CLIENT_REQUESTS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
]);

const REQUESTS: ReadonlySet<string> = new Set([
  ...CLIENT_REQUESTS,
  'tasks/get',
  'tasks/result',
  'tasks/list',
  'tasks/update',
  'tasks/cancel',
  'roots/list',
  'sampling/createMessage',
  'elicitation/create',
]);

const NOTIFICATIONS: ReadonlySet<string> = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/message',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
  'notifications/elicitation/complete',
  'notifications/subscriptions/acknowledged',
]);

/** True for a method that is asked with an id, and answered. */
export function isRequestMethod(method: string): boolean {
  return REQUESTS.has(method);
}

/** False for what a vendor may have made, whose parameters mean what the vendor says. */
export function isOfSpecification(method: string): boolean {
  return REQUESTS.has(method) || NOTIFICATIONS.has(method);
}
