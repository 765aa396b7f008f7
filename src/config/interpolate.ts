/** `${VAR}` and `${VAR:-default}` in the file's string values; `$${` is a literal `${`. */

import { type ConfigNode, mapScalars, type Path } from './tree.ts';

/** Variables by name; an unset one is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const NAME = /^([A-Za-z_]\w*)(?::-([\s\S]*))?$/;

export interface InterpolationListener {
  /** The variable has neither a value nor a default. */
  unset(path: Path, variable: string): void;
  /** Looks like a reference but is none, and is left as it is. */
  odd(path: Path, text: string): void;
}

/** A copy of the node with every reference replaced; as in a shell, `:-` also stands in for an empty value. */
export function interpolate(node: ConfigNode, env: Environment, listener: InterpolationListener): ConfigNode {
  return mapScalars(node, (scalar, path) => {
    if (typeof scalar.value !== 'string') return scalar;
    const value = scalar.value.replace(REFERENCE, (match: string, body: string | undefined) => {
      if (match === '$${') return '${';
      const reference = readReference(match, body);
      if (reference === undefined) {
        listener.odd(path, match);
        return match;
      }
      const found = Object.hasOwn(env, reference.name) ? env[reference.name] : undefined;
      if (reference.fallback !== undefined) return found || reference.fallback;
      if (found === undefined) listener.unset(path, reference.name);
      return found ?? match;
    });
    return value === scalar.value ? scalar : { ...scalar, value };
  });
}

/** The names of all variables that are referred to, set or not. */
export function variablesIn(node: ConfigNode): Set<string> {
  const names = new Set<string>();
  mapScalars(node, (scalar) => {
    if (typeof scalar.value !== 'string') return scalar;
    for (const [match, body] of scalar.value.matchAll(REFERENCE)) {
      const reference = readReference(match, body);
      if (reference !== undefined) names.add(reference.name);
    }
    return scalar;
  });
  return names;
}

function readReference(match: string, body: string | undefined): { name: string; fallback?: string } | undefined {
  const [, name, fallback] = (match.endsWith('}') && body !== undefined && NAME.exec(body)) || [];
  if (name === undefined) return undefined;
  return fallback === undefined ? { name } : { name, fallback };
}
