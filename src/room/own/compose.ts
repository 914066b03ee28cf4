import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Draft, JsonObject, Replacement } from '../../protocol/app-room.ts';
import type { Message } from '../../protocol/objects.ts';
import { wrongText } from '../../protocol/fields.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import type { KindRule } from '../application.ts';
import type { UpkeepContext } from '../context.ts';
import { assertSizes } from '../messages/content.ts';
import { replacementBy } from '../verdict.ts';
import { appRoom, type ActingUser } from './app-room.ts';

export interface Composed extends Draft {
  /** Whether its text may be empty. */
  mayBeEmpty?: boolean;
  /** Whether the text is, or was, streamed: then it may be longer. */
  isStreamed?: boolean;
}

/** The content of a message, or of a payload that is to become one. */
type Content = { [N in keyof Draft]?: Draft[N] | undefined };

/** The content as a draft, with only the fields that are set. */
export function draftOf({
  seq,
  message = '',
  meta,
  kind,
  data,
  mentions,
  replyTo,
}: Content): Draft {
  return {
    message,
    ...(seq !== undefined && { seq }),
    ...(meta !== undefined && { meta }),
    ...(kind !== undefined && { kind }),
    ...(data !== undefined && { data }),
    ...(mentions !== undefined && { mentions }),
    ...(replyTo !== undefined && { replyTo }),
  };
}

/**
 * A sender's data, except for the fields that only the application writes: these keep their stored
 * values, or are dropped where there are none.
 */
export function senderData<D extends object | undefined>(
  { application }: UpkeepContext,
  { kind = '', data: stored = {} }: Pick<Message, 'kind' | 'data'>,
  data: D,
): D | JsonObject {
  const counted = application.kinds?.get(kind)?.counted ?? [];
  if (data === undefined || counted.length === 0) return data;
  const isCounted = (name: string) => counted.includes(name);
  // Keeps the order of the given fields, so that an edit that changes nothing is recognised.
  const merged = { ...data, ...Object.fromEntries(fieldsOf(stored, isCounted)) };
  return Object.fromEntries(
    fieldsOf(merged, (name) => !isCounted(name) || Object.hasOwn(stored, name)),
  );
}

function fieldsOf(data: object, isWanted: (name: string) => boolean): [string, unknown][] {
  return Object.entries(data).filter(([name]) => isWanted(name));
}

/** A message with the content of the draft that is stored for it. */
export function withDraft(before: Message, { message, meta, data }: Draft): Message {
  return { ...before, message, ...(meta && { meta }), ...(data && { data }) };
}

/**
 * The draft to store for what a user sends: with data as its kind's schema returns them, the text that
 * the kind makes of them, then the backend's replacement, then that of the application's rule.
 * @param from the user; undefined when the text is not judged: as a stream begins, and when the
 * application replaces data
 * @throws Refusal `refused` by either; `invalid_payload` or `too_large` for content that does not fit
 * @throws Undecided when the backend must be asked first
 */
export function compose(
  context: UpkeepContext,
  from: ActingUser | undefined,
  { mayBeEmpty, isStreamed = false, ...given }: Composed,
): Draft {
  const draft = withKind(context, given);
  const maxBytes = isStreamed ? context.limits.streamBytes : context.limits.messageBytes;
  assertSizes(draft, maxBytes);
  if (from === undefined) return draft;
  const put = (before: Draft, replacement: Replacement | undefined): Draft => {
    if (replacement === undefined) return before;
    const replaced = withKind(context, { ...before, ...replacement });
    assertSizes(replaced, maxBytes);
    const why = mayBeEmpty === true ? undefined : wrongText(replaced.message);
    if (why !== undefined && replaced.kind === undefined) throw invalidField('message', why);
    return replaced;
  };
  const decided = context.asksFirst ? put(draft, replacementBy(context, from, draft)) : draft;
  return put(decided, context.application.beforeMessage?.(appRoom(context, from), decided));
}

/**
 * The draft with data as its kind's schema returns them, and with the text that the kind makes of them.
 * @throws Refusal `invalid_payload` or `too_large` for data that do not fit
 */
export function withKind(context: UpkeepContext, draft: Draft): Draft {
  if (draft.kind === undefined) {
    if (draft.data !== undefined) throw invalidField('data', 'goes with a kind');
    return draft;
  }
  const rule = kindOf(context, draft.kind);
  const data = readData(rule, draft.data ?? {});
  return { ...draft, data, message: rule.text?.(data) ?? draft.message };
}

/** @throws Refusal `invalid_payload` for a kind that the application does not declare */
function kindOf({ application: { kinds } }: UpkeepContext, kind: string): KindRule {
  const rule = kinds?.get(kind);
  if (rule !== undefined) return rule;
  const known = [...(kinds?.keys() ?? [])].join(', ');
  throw invalidField(
    'kind',
    known === '' ? 'is not declared: no kind is' : `must be one of ${known}`,
  );
}

/** @throws Refusal `invalid_payload`, `too_large` */
function readData(rule: KindRule, given: object): JsonObject {
  const text = JSON.stringify(rule.read(given));
  if (exceedsBytes(text, fixed.dataBytes)) {
    const sentence = `Keep the data of a message under ${fixed.dataBytes} bytes.`;
    throw new Refusal('too_large', sentence, { field: 'data' });
  }
  return JSON.parse(text) as JsonObject;
}
