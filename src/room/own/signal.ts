import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { assertAlone } from '../../protocol/payloads.ts';
import { isObject } from '../../protocol/shape.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import { actorName } from '../access/actor.ts';
import type { SignalRule } from '../application.ts';
import type { Audience } from '../broadcast/audience.ts';
import type { Context } from '../context.ts';
import type { Effect } from '../effects.ts';

/**
 * Effects that send a signal of the actor to everyone else, or to an audience; none when too many are
 * online.
 * @param given its arguments: one object, or any for a signal that is not declared
 * @throws Refusal for arguments that do not fit its declaration, or that are too large
 */
export function signalEffects(
  context: Context,
  name: string,
  given: readonly unknown[],
  audience: Audience = { to: 'everyone', except: context.actor.connection?.state.id },
): Effect[] {
  const { application, presence, roomId, actor } = context;
  const rule = application.signals?.get(name);
  const read = rule === undefined ? given.map(withoutRoom) : [readBy(rule, name, given)];
  if (exceedsBytes(JSON.stringify(read).slice(1, -1), fixed.signalBytes)) {
    throw new Refusal('too_large', `Keep a signal under ${fixed.signalBytes} bytes.`);
  }
  if (rule?.crowd !== true && presence.count > fixed.signalUsers) return [];
  const from = { roomId, ...actorName(context, undefined, 'username') };
  const { userId } = actor.identity;
  return [{ type: 'signal', signal: { name, args: withSender(read, from), userId, audience } }];
}

/** @throws Refusal `invalid_payload` */
function readBy(rule: SignalRule, name: string, [given, ...more]: readonly unknown[]): object {
  assertAlone(name, more);
  if (given !== null && !isObject(given)) throw invalidField('payload', 'must be a JSON object');
  return rule.read(withoutRoom(given ?? {}, 0) as object);
}

/** The first argument without its `roomId`; any other as it is. */
function withoutRoom(argument: unknown, at: number): unknown {
  if (at > 0 || !isObject(argument)) return argument;
  const { roomId: _, ...rest } = argument;
  return rest;
}

/** Adds the sender to the first argument if that is an object, otherwise as one more argument. */
function withSender([first, ...more]: readonly unknown[], from: object): readonly unknown[] {
  if (!isObject(first)) return [first, ...more, from];
  // The server's fields about the sender replace those that the sender gave.
  const { unverified: _, bot: __, ...rest } = first;
  return [{ ...rest, ...from }, ...more];
}
