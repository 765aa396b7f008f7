/** A JSON text as one line, as event streams and pipes want it. */

/** Line breaks can only stand between the parts of a JSON text, never inside a string (RFC 8259 7), so nothing is lost. */
export function oneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? json.replace(/[\r\n]+/g, ' ') : json;
}
