import { type TransportName, transports, type JoinWish } from './transports.ts';
import { Member } from './member.ts';

/** Time between two heartbeats of a client, in milliseconds. */
const BEAT_EVERY_MS = 20_000;
const BEAT_TICK_MS = 500;

/** All members of one room of one contestant. */
export class Crowd {
  readonly members: readonly Member[];
  readonly #origin: string;
  #beats: NodeJS.Timeout | undefined;

  /** @param users prefix of its users' ids: other crowds in the room must have another one */
  constructor(transport: TransportName, origin: string, roomId: string, size: number, users = 'u') {
    this.#origin = origin;
    this.members = Array.from(
      { length: size },
      (_, at) => new Member(transports[transport], roomId, at, `${users}${at}`),
    );
  }

  /** Joins all members, `concurrency` at a time; `joined` is called after each. */
  async join(
    concurrency: number,
    wish: (member: Member) => JoinWish = () => ({}),
    joined: (count: number) => void = () => undefined,
  ): Promise<void> {
    let next = 0;
    let done = 0;
    const worker = async () => {
      for (let member = this.members[next++]; member !== undefined; member = this.members[next++]) {
        await member.join(this.#origin, wish(member));
        joined(++done);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    this.#keepAlive();
  }

  async drop(): Promise<void> {
    clearInterval(this.#beats);
    await Promise.all(this.members.map((member) => member.drop()));
  }

  /** Spreads heartbeats over time, like those of clients that have joined at different times. */
  #keepAlive(): void {
    clearInterval(this.#beats);
    let tick = 0;
    const ticks = BEAT_EVERY_MS / BEAT_TICK_MS;
    this.#beats = setInterval(() => {
      tick = (tick + 1) % ticks;
      for (let at = tick; at < this.members.length; at += ticks) this.members[at]?.beat();
    }, BEAT_TICK_MS);
    this.#beats.unref();
  }
}
