import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import { wrongSignalName } from '../../protocol/signals.ts';
import { assertMaySend } from '../access/access.ts';
import type { Handler } from '../context.ts';
import { signalEffects } from '../own/signal.ts';

/** Passes an application's own event on to the users who are here now. Never stored. */
export const sendSignal: Handler<'sendSignal'> = (context, { name, data = {}, args = [data] }) => {
  const { limits, application, access, state, now } = context;
  if (!limits.openSignals && application.signals?.has(name) !== true) {
    throw new Refusal(
      'unknown_command',
      'There is no such signal here; declare it in src/app.ts, or pass all on with SIGNALS=open.',
    );
  }
  const why = wrongSignalName(name);
  if (why !== undefined) throw invalidField('name', why);
  assertMaySend(access, state, now);
  return { reply: {}, effects: signalEffects(context, name, args) };
};
