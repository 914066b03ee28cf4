import { Refusal } from '../../protocol/codes/errors.ts';
import type { AppEffect, CommandRoom, JsonObject } from '../../protocol/app-room.ts';
import { assertMaySend } from '../access/access.ts';
import type { Context, Handler } from '../context.ts';
import { type Effect } from '../effects.ts';
import { findUndeleted } from '../messages/find-message.ts';
import { actingUser, appRoom } from '../own/app-room.ts';
import { perUser } from '../own/per-user.ts';
import { composeData, replaceData } from '../own/replace-data.ts';
import { signalEffects } from '../own/signal.ts';

/**
 * Runs a command of the application, which writes only through the room it is given and is undone if it
 * throws.
 */
export const runCommand: Handler<'runCommand'> = (context, { name, data = {} }) => {
  const rule = context.application.commands?.get(name);
  if (rule === undefined) {
    throw new Refusal('unknown_command', 'This application has no such command.');
  }
  if (!rule.reads) assertMaySend(context.access, context.state, context.now);
  const { roomId: _, ...given } = data;
  const effects: Effect[] = [];
  const outcome = rule.handle(commandRoom(context, effects), rule.read(given)) ?? {};
  if (outcome instanceof Promise) throw new Error(`The command ${name} is asynchronous.`);
  for (const effect of outcome.effects ?? []) effects.push(...signalsOf(context, effect));
  return { reply: { ...outcome.reply }, effects };
};

function signalsOf(context: Context, { name, payload, to }: AppEffect): Effect[] {
  return signalEffects(
    context,
    name,
    [payload],
    to === undefined ? undefined : { to: 'user', userId: to },
  );
}

function commandRoom(context: Context, effects: Effect[]): CommandRoom {
  const update = (seq: number, data: object) => {
    const before = findUndeleted(context, seq);
    const draft = composeData(context, before, data as JsonObject);
    const { message, position } = replaceData(context, before, draft);
    const by = context.actor.identity.userId;
    const event = {
      name: 'messageUpdated' as const,
      payload: { ...message, change: 'updated' as const, by },
    };
    effects.push({ type: 'broadcast', event, audience: { to: 'everyone' }, position });
    return message;
  };
  return Object.assign(appRoom(context, actingUser(context)), {
    perUser: <T>(seq: number) => perUser<T>(context, seq, (data) => update(seq, data)),
    makeId: () => context.ids.make(),
    update,
  });
}
