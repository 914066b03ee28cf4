import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import { actorName } from '../access/actor.ts';
import type { Audience } from '../broadcast/audience.ts';
import type { Context } from '../context.ts';
import type { Effect } from '../effects.ts';

/**
 * A signal of the actor to everybody else, or to an audience; none where too many are online.
 * @throws Refusal for a payload that its declaration does not take, or that is too large
 */
export function signalEffects(
  context: Context,
  name: string,
  given: object,
  audience: Audience = { to: 'everyone', except: context.actor.connection?.state.id },
): Effect[] {
  const { application, presence, roomId } = context;
  const rule = application.signals?.get(name);
  const read: object = rule?.read(given) ?? given;
  if (exceedsBytes(JSON.stringify(read), fixed.signalBytes)) {
    throw new Refusal('too_large', `Keep a signal under ${fixed.signalBytes} bytes.`);
  }
  if (rule?.crowd !== true && presence.count > fixed.signalUsers) return [];
  // What the server says of the sender goes before what the sender says.
  const { unverified: _, bot: __, ...rest } = read as Record<string, unknown>;
  const payload = { ...rest, roomId, ...actorName(context, undefined, 'username') };
  return [{ type: 'signal', signal: { name, payload, audience } }];
}
