/** What is learned of one tool: its words and schemas without data, no deeper than anything here can walk, and a hash. */
import { hash } from 'node:crypto';
import { isRecord, type JsonRecord } from '../schema/json-schema.ts';
import type { Tool } from './catalog.ts';
import { isDeep, withoutData } from './learned-schema.ts';

export type Definition = JsonRecord & { readonly name: string };

/** A definition's JSON: what tells it from others, and its length in bytes. */
export interface Measure {
  readonly hash: string;
  readonly bytes: number;
}

const measures = new WeakMap<Definition, Measure>();

/** The definition that a tool teaches; where a schema is nested too deep, any object stands for it. Never throws. */
export function definitionOf({ name, title, description, inputSchema, outputSchema }: Tool): Definition {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    inputSchema: isDeep(inputSchema) ? { type: 'object' } : withoutData(inputSchema),
    ...(outputSchema === undefined || isDeep(outputSchema) ? {} : { outputSchema: withoutData(outputSchema) }),
  };
}

/** What a store holds as a definition; undefined where it is none. Another version may have let deeper ones in. */
export function readDefinition(value: unknown): Definition | undefined {
  if (!isRecord(value) || typeof value.name !== 'string') return undefined;
  const { name, title, description } = value;
  if (!isDeep(value)) return { ...value, name };
  const texts = Object.entries({ title, description }).filter(([, text]) => typeof text === 'string');
  return { name, ...Object.fromEntries(texts), inputSchema: { type: 'object' } };
}

/** Taken once for each object: unions of thousands are compared again and again. */
export function measureOf(definition: Definition): Measure {
  const known = measures.get(definition);
  if (known !== undefined) return known;
  const text = JSON.stringify(definition);
  const measure = { hash: hash('sha256', text, 'base64url'), bytes: Buffer.byteLength(text) };
  measures.set(definition, measure);
  return measure;
}

export function isSameDefinition(one: Definition, other: Definition): boolean {
  return one === other || measureOf(one).hash === measureOf(other).hash;
}
