/** Gives every member of a schema a title, as mcpo's documents have. */
import { isRecord, type JsonSchema, setOwn } from '../schema/json-schema.ts';
import { pythonTitle } from './python-title.ts';

/** Keywords whose value is a schema or a list of schemas. */
const CHILDREN = ['items', 'prefixItems', 'additionalProperties', 'anyOf', 'contains', 'propertyNames'] as const;

/** A copy of a self-contained schema in which each member without a title has one made of its name. */
export function withTitles(schema: JsonSchema): JsonSchema {
  const out: JsonSchema = { ...schema };
  for (const keyword of CHILDREN) {
    const child = schema[keyword];
    if (Array.isArray(child)) out[keyword] = child.map((item) => (isRecord(item) ? withTitles(item) : item));
    else if (isRecord(child)) out[keyword] = withTitles(child);
  }
  if (isRecord(schema.properties)) out.properties = eachMember(schema.properties, true);
  if (isRecord(schema.patternProperties)) out.patternProperties = eachMember(schema.patternProperties, false);
  return out;
}

function eachMember(members: JsonSchema, titled: boolean): JsonSchema {
  const out: JsonSchema = {};
  for (const [name, member] of Object.entries(members)) {
    if (!isRecord(member)) continue;
    const title = titled && member.title === undefined ? { title: pythonTitle(name.replace(/^_+/, '')) } : {};
    setOwn(out, name, { ...withTitles(member), ...title });
  }
  return out;
}
