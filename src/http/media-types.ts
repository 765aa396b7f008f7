/** What answers are. */

/** With the parameter that Fastify would otherwise add, answer by answer. */
export const JSON_TYPE = 'application/json; charset=utf-8';
