import type { Message } from '../../src/protocol/objects.ts';
import { NativeVisitor } from './native-visitor.ts';
import { SocketIoVisitor } from './socketio-visitor.ts';
import { newRoom } from './for-each-transport.ts';
import { say } from './talk.ts';
import { tokenFor } from './tokens.ts';
import { type Heard, ok, type Visitor } from './visitor.ts';

/** Two users at different transports who talk in a room while the host is attacked. */
export class BackgroundTraffic {
  readonly roomId = newRoom('calm');
  readonly #people: Visitor[];

  private constructor(people: Visitor[]) {
    this.#people = people;
  }

  static async enter(url: string): Promise<BackgroundTraffic> {
    const traffic = new BackgroundTraffic([
      new NativeVisitor(url, { token: await tokenFor('calm ann') }),
      new SocketIoVisitor(url, { token: await tokenFor('calm ben') }),
    ]);
    for (const person of traffic.#people) ok(await person.join(traffic.roomId));
    return traffic;
  }

  /**
   * Each sends a message that the other receives.
   * @returns what they received from attackers, besides their joins and leaves
   */
  async goOn(): Promise<string[]> {
    for (const [at, speaker] of this.#people.entries()) {
      const { seq } = await say(speaker, this.roomId, 'calm');
      await this.#people[1 - at]!.hears('message', (message) => message.seq === seq);
    }
    return this.#people.flatMap(({ stream }) =>
      stream.filter((heard) => !isCalm(heard)).map((heard) => JSON.stringify(heard)),
    );
  }
}

function isCalm({ kind, name, payload }: Heard): boolean {
  if (kind === 'reply') return true;
  if (name === 'message') return (payload as Message).message === 'calm';
  const isTheirs = (payload as { userId?: string }).userId?.startsWith('calm') === true;
  return name === 'userJoined' || (name === 'userLeft' && !isTheirs);
}
