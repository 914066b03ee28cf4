import * as z from 'zod';

/** An object schema. */
interface Fields {
  readonly shape: Readonly<Record<string, z.core.$ZodType>>;
}

/** Whether this field may be absent. */
export function isOptional({ shape }: Fields, field: string): boolean {
  return shape[field] instanceof z.ZodOptional;
}

/** The optional fields in which null has no meaning of its own and is therefore read as absent. */
export function nullAsAbsent({ shape }: Fields): ReadonlySet<string> {
  const fields = Object.entries(shape).filter(
    ([, field]) => field instanceof z.ZodOptional && !(field.unwrap() instanceof z.ZodNullable),
  );
  return new Set(fields.map(([name]) => name));
}

/**
 * Drops fields that are null, because clients in many languages write an absent value as null. Only the
 * object's own fields are dropped; nulls nested in them, such as in a message's `meta`, stay.
 * @param fields see {@link nullAsAbsent}
 */
export function withoutNulls(value: unknown, fields: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const given = value as Record<string, unknown>;
  let kept: Record<string, unknown> | undefined;
  for (const name of fields) {
    if (given[name] !== null) continue;
    kept ??= { ...given };
    delete kept[name];
  }
  return kept ?? value;
}
