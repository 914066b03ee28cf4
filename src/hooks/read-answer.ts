import * as z from 'zod';
import { fixed } from '../protocol/codes/limits.ts';
import { nullAsAbsent, withoutNulls } from '../protocol/absent.ts';
import { depthOfText, assertPlain } from '../protocol/shape.ts';
import { isVisible } from '../protocol/visible.ts';
import type { Answer } from '../room/verdict.ts';

const REFUSED = 'This message was refused.';

/** The deepest nesting of an answer, as by default of a command. */
const MAX_DEPTH = 16;

const object = z.record(z.string(), z.unknown());
const replaceSchema = z.object({
  verdict: z.literal('replace'),
  message: z.string().optional(),
  meta: object.optional(),
  data: object.optional(),
});
const answerSchema = z.discriminatedUnion('verdict', [
  z.object({ verdict: z.literal('allow') }),
  replaceSchema,
  z.object({ verdict: z.literal('refuse'), message: z.string().optional() }),
]);

/** The fields of an answer in which null counts as absent. */
const NULL_FIELDS = nullAsAbsent(replaceSchema);

/** Reads the JSON of an answer, as docs/protocol.md defines it; undefined for anything else. */
export function readAnswer(text: string): Answer | undefined {
  try {
    const json: unknown = depthOfText(text) > MAX_DEPTH ? undefined : JSON.parse(text);
    assertPlain(json, MAX_DEPTH);
    const read = answerSchema.safeParse(withoutNulls(json, NULL_FIELDS));
    return read.success ? answerOf(read.data) : undefined;
  } catch {
    return undefined;
  }
}

function answerOf(read: z.infer<typeof answerSchema>): Answer {
  if (read.verdict === 'allow') return { type: 'allow' };
  if (read.verdict === 'refuse') {
    return { type: 'refuse', problem: { code: 'refused', message: sentenceOf(read.message) } };
  }
  const { message, meta, data } = read;
  const replacement = {
    ...(message !== undefined && { message }),
    ...(meta !== undefined && { meta }),
    ...(data !== undefined && { data }),
  };
  return { type: 'replace', replacement };
}

/** The sentence for the sender: one line, cut if it is too long. */
function sentenceOf(given = ''): string {
  const line = given.replaceAll(/\s+/g, ' ').trim();
  if (!isVisible(line)) return REFUSED;
  return Array.from(line).slice(0, fixed.refusalCharacters).join('');
}
