/** Values with which schemas are probed: one of each JSON type. */
const PROBES = [undefined, null, '', 0, true, [], {}];

/** How deep schemas are searched for functions. */
const MAX_DEPTH = 12;

/**
 * Whether a function or a schema is asynchronous, as far as can be detected: a schema that answers a
 * probe with a promise, or contains an asynchronous function, such as that of a refinement.
 */
export function isAsynchronous(part: unknown): boolean {
  return answersLater(part) || holdsAsync(part, new Set(), 0);
}

function answersLater(part: unknown): boolean {
  const { '~standard': standard } = part as {
    '~standard'?: { validate: (value: unknown) => unknown };
  };
  if (standard === undefined) return false;
  return PROBES.some((probe) => {
    try {
      const answer = standard.validate(probe);
      if (!(answer instanceof Promise)) return false;
      answer.catch(() => undefined);
      return true;
    } catch {
      return false;
    }
  });
}

function holdsAsync(value: unknown, seen: Set<unknown>, depth: number): boolean {
  if (typeof value === 'function' && value.constructor.name === 'AsyncFunction') return true;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  if (depth > MAX_DEPTH || seen.has(value)) return false;
  seen.add(value);
  return Object.values(Object.getOwnPropertyDescriptors(value)).some(
    (property) => 'value' in property && holdsAsync(property.value, seen, depth + 1),
  );
}
