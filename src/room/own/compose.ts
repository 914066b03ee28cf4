import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Draft, JsonObject } from '../../protocol/app-room.ts';
import type { Message } from '../../protocol/objects.ts';
import { wrongText } from '../../protocol/fields.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import type { KindRule } from '../application.ts';
import type { UpkeepContext } from '../context.ts';
import { assertSizes } from '../messages/content.ts';
import { appRoom, type Acting } from './app-room.ts';

export interface Composed extends Draft {
  /** Whether it may have no text of its own. */
  maySayNothing?: boolean;
  /** Whether the text is not written yet, or was streamed: then it is not taken from the data. */
  isStreamed?: boolean;
}

/** What a message says, or a payload that is to become one. */
type Said = { [N in keyof Draft]?: Draft[N] | undefined };

/** What is said, as a draft. */
export function draftOf({ seq, message = '', meta, kind, data, mentions, replyTo }: Said): Draft {
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

/** A message with what is stored in its place. */
export function withDraft(before: Message, { message, meta, data }: Draft): Message {
  return { ...before, message, ...(meta && { meta }), ...(data && { data }) };
}

/**
 * What is stored of what a user wants to say: data as its kind's schema gives it, the text of a kind
 * that makes one, and what the application's rule replaces.
 * @param from undefined where the text is not to be judged yet, at the beginning of a stream
 * @throws Refusal `refused` by the application; `invalid_payload` or `too_large` for what does not fit
 */
export function compose(
  context: UpkeepContext,
  from: Acting | undefined,
  { maySayNothing, isStreamed = false, ...given }: Composed,
): Draft {
  const draft = withKind(context, given, isStreamed);
  const maxBytes = isStreamed ? context.limits.streamBytes : context.limits.messageBytes;
  assertSizes(draft, maxBytes);
  const { beforeMessage } = context.application;
  if (from === undefined || beforeMessage === undefined) return draft;
  const replacement = beforeMessage(appRoom(context, from), draft);
  if (replacement === undefined) return draft;
  const replaced = withKind(context, { ...draft, ...replacement }, isStreamed);
  assertSizes(replaced, maxBytes);
  const why = maySayNothing === true ? undefined : wrongText(replaced.message);
  if (why !== undefined && replaced.kind === undefined) throw invalidField('message', why);
  return replaced;
}

function withKind(context: UpkeepContext, draft: Draft, isStreamed: boolean): Draft {
  if (draft.kind === undefined) {
    if (draft.data !== undefined) throw invalidField('data', 'goes with a kind');
    return draft;
  }
  const rule = kindOf(context, draft.kind);
  const data = readData(rule, draft.data ?? {});
  return {
    ...draft,
    data,
    message: isStreamed ? draft.message : (rule.text?.(data) ?? draft.message),
  };
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
