import type { JsonObject, PerUser } from '../../protocol/app-room.ts';
import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import type { Message } from '../../protocol/objects.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import { actorName, ensureMember } from '../access/actor.ts';
import type { Context, UpkeepContext } from '../context.ts';
import { findUndeleted } from '../messages/find-message.ts';

/**
 * The value that the actor of a command has stored about a message.
 * @param update called with the message's new data, if its kind counts users' values
 */
export function perUser<T>(
  context: Context,
  seq: number,
  update: (data: JsonObject) => void,
): PerUser<T> {
  const { userId } = context.actor.identity;
  findUndeleted(context, seq);
  const get = () => context.perUser.find(seq, userId);
  const put = (value: unknown) => {
    const before = get();
    if (JSON.stringify(before) === JSON.stringify(value)) return;
    const data = recounted(context, findUndeleted(context, seq), before, value);
    context.perUser.put(seq, userId, value);
    if (data !== undefined) update(data);
  };
  return {
    get: () => get() as T | undefined,
    set(value) {
      assertStorable(value);
      ensureMember(context, actorName(context, undefined, 'username'));
      put(value);
    },
    delete: () => put(undefined),
  };
}

/** @throws Refusal `invalid_payload`, `too_large` */
function assertStorable(value: unknown): void {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw invalidField('value', 'must be JSON');
  if (exceedsBytes(text, fixed.perUserBytes)) {
    throw new Refusal('too_large', `Keep a user's value under ${fixed.perUserBytes} bytes.`);
  }
}

/**
 * A message's data after a user's value about it has changed; `undefined` means no value.
 * @returns undefined where its kind does not count values
 */
export function recounted(
  { application }: UpkeepContext,
  { kind = '', data }: Message,
  before: unknown,
  after: unknown,
): JsonObject | undefined {
  const count = application.kinds?.get(kind)?.count;
  if (data === undefined || count === undefined) return undefined;
  const without = before === undefined ? data : count(data, before, -1);
  return after === undefined ? without : count(without, after, 1);
}
