import { costOf } from '../protocol/commands.ts';
import { type Problem, Refusal, refusalOf } from '../protocol/codes/errors.ts';
import { ackLine, type Command } from '../protocol/frames.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Connection } from './ports.ts';
import type { RoomServices } from './services.ts';

/** Answers `refreshToken` with the identity, or the problem, that its transport found in the token. */
export function answerRefresh(
  { renewal, outbox, refusals }: RoomServices,
  connection: Connection,
  command: Command,
  verdict: Identity | Problem,
): void {
  try {
    if ('code' in verdict) throw refusalOf(verdict);
    const reply = renewal.renew(connection, verdict);
    if (command.ref === undefined) return;
    outbox.reply(connection, ackLine(command.ref, { ok: true, ...reply }));
  } catch (error) {
    refusals.refuseToken(connection, command, error);
  }
}

/** Answers a command of a joined connection that its transport ran, with the result or the problem. */
export function answerWith(
  { rates, outbox, refusals }: RoomServices,
  connection: Connection,
  command: Command,
  made: object | Problem,
): void {
  try {
    const { identity } = connection.state;
    rates.charge(identity.userId, costOf(command.name, identity));
    if (!connection.state.joined) throw new Refusal('not_joined', 'Join the room first.');
    if ('code' in made) throw refusalOf(made);
    if (command.ref === undefined) return;
    outbox.reply(connection, ackLine(command.ref, { ok: true, ...made }));
  } catch (error) {
    refusals.refuse(connection, command, error);
  }
}
