import { Refusal } from './codes/errors.ts';

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys that could reach an object's prototype; payloads with such a key are refused. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  '__proto__',
  'constructor',
  'prototype',
]);

/** The deepest nesting of brackets in a JSON text, counted without recursion and without parsing. */
export function depthOfText(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === 0x5c) at++;
      else if (unit === 0x22) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x5b || unit === 0x7b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
  }
  return deepest;
}

/**
 * Refuses a parsed value that is too deep, or holds a forbidden key, a string that is not well-formed
 * Unicode, or anything that JSON cannot express. Walks without recursion, so no depth overflows the
 * stack.
 * @param level the depth of `value` itself
 */
export function assertPlain(value: unknown, maxDepth: number, level = 1): void {
  const waiting: { value: unknown; depth: number; path: string }[] = [
    { value, depth: level, path: '' },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { depth, path } = next;
    const item = next.value;
    if (typeof item === 'string') {
      if (!item.isWellFormed()) throw refuse(path, 'must be well-formed Unicode');
    } else if (typeof item === 'object' && item !== null) {
      if (depth > maxDepth) {
        throw new Refusal('invalid_payload', `Nest JSON at most ${maxDepth} levels deep.`);
      }
      if (Array.isArray(item)) {
        for (const element of item) waiting.push({ value: element, depth: depth + 1, path });
        continue;
      }
      const prototype: unknown = Object.getPrototypeOf(item);
      if (prototype !== Object.prototype && prototype !== null) {
        throw refuse(path, 'must be JSON, not binary');
      }
      for (const key of Object.keys(item)) {
        if (FORBIDDEN_KEYS.has(key)) throw refuse(key, 'is not allowed as a key');
        if (!key.isWellFormed()) throw refuse('A key', 'must be well-formed Unicode');
        waiting.push({
          value: (item as Record<string, unknown>)[key],
          depth: depth + 1,
          path: path === '' ? key : `${path}.${key}`,
        });
      }
    }
  }
}

function refuse(path: string, why: string): Refusal {
  const field = path === '' ? 'payload' : path;
  return new Refusal('invalid_payload', `${field} ${why}.`, { field: field.slice(0, 128) });
}
