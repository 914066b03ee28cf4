import * as z from 'zod';
import { withoutNulls } from './absent.ts';
import { invalidField } from './codes/errors.ts';

/**
 * Reads a payload with its schema.
 * @param nulls the fields in which null means absent
 * @throws Refusal `invalid_payload` that names the first invalid field
 */
export function readFields(
  schema: z.ZodType,
  nulls: ReadonlySet<string>,
  payload: unknown,
): unknown {
  const result = schema.safeParse(withoutNulls(payload, nulls));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'payload' : issue.path.join('.');
  throw invalidField(field, field === 'payload' ? 'must be a JSON object' : (issue?.message ?? ''));
}
