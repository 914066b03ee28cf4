import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { wrongSignalName } from '../../protocol/signals.ts';
import { exceedsBytes } from '../../protocol/text.ts';
import { assertMaySend } from '../access/access.ts';
import { actorName } from '../access/actor.ts';
import type { Handler } from '../context.ts';

/** Passes an application's own event on, to those who are here now. Never stored. */
export const sendSignal: Handler<'sendSignal'> = (context, { name, data = {} }) => {
  const { limits, presence, roomId, access, state, now, actor } = context;
  if (!limits.openSignals) {
    throw new Refusal('unknown_command', 'Signals are off here; SIGNALS=open turns them on.');
  }
  const why = wrongSignalName(name);
  if (why !== undefined) throw invalidField('name', why);
  assertMaySend(access, state, now);
  if (exceedsBytes(JSON.stringify(data), fixed.signalBytes)) {
    throw new Refusal('too_large', `Keep a signal under ${fixed.signalBytes} bytes.`);
  }
  if (presence.count > fixed.signalUsers) return { reply: {} };
  // What the server says of the sender goes before what the sender says.
  const { unverified: _, bot: __, ...rest } = data;
  const payload = { ...rest, roomId, ...actorName(context, undefined, 'username') };
  const except = actor.connection?.state.id;
  return { reply: {}, effects: [{ type: 'signal', signal: { name, payload, except } }] };
};
