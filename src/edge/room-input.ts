import { FloodBans } from '../admission/flood-bans.ts';
import { weightOf } from '../admission/inbound-limiter.ts';
import type { Authenticate } from '../auth/authenticator.ts';
import type { FileTokens } from '../files/file-token.ts';
import type { HostedObject } from '../host/hosted-object.ts';
import { closeCodes } from '../protocol/codes/close-codes.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import { costFor } from '../protocol/identity.ts';
import { exceedsBytes } from '../protocol/text.ts';
import { runTransportCommand } from '../transports/native/own-commands.ts';
import { receive } from '../transports/native/receive.ts';
import { receiveFromLink } from './receive-from-link.ts';
import type { ObjectConnection } from './object-connection.ts';
import type { Connectable } from './socket-object.ts';

export interface RoomInputOptions {
  limits: Limits;
  /** Undefined for an inbox. */
  roomId: string | undefined;
  authenticate: Authenticate;
  fileTokens: FileTokens | undefined;
  /** Keeps the object in memory until a token is verified. */
  waitUntil: (work: Promise<void>) => void;
}

type Data = string | ArrayBuffer;

/** Takes frames from sockets to the room, relay or inbox that they lead to, and stops floods. */
export class RoomInput<O extends Connectable> {
  readonly #hosted: HostedObject<O>;
  readonly #options: RoomInputOptions;
  readonly #floodBans = new FloodBans();

  constructor(hosted: HostedObject<O>, options: RoomInputOptions) {
    this.#hosted = hosted;
    this.#options = options;
  }

  /** @throws Refusal `rate_limited` for a user who was disconnected for a flood */
  assertNotBanned(userId: string): void {
    this.#floodBans.assertNotBanned(userId, Date.now());
  }

  /** Queues a frame for the room; everything that its connection has sent before is done first. */
  receive(connection: ObjectConnection, data: Data): void {
    if (this.#isFlooding(connection, data)) this.#endFlooding(connection, data);
    if (!connection.open) return;
    connection.frameReceived();
    const length = typeof data === 'string' ? data.length : data.byteLength;
    this.#hosted.queue((room) => this.#perform(room, connection, data), length);
  }

  /** Counts a frame. Links do not count: their transport limits its clients itself. */
  #isFlooding({ state }: ObjectConnection, data: Data): boolean {
    if (state.end === 'link') return false;
    const { limits } = this.#options;
    const weight = costFor(state.identity, weightOf(data, limits));
    return this.#floodBans.countCommands(state.identity.userId, Date.now(), weight, limits);
  }

  /** Closes a flooding connection. The frames still received from it extend its user's ban. */
  #endFlooding(connection: ObjectConnection, data: Data): void {
    if (!connection.open) return;
    const { frameTooBig, protocolViolation } = closeCodes;
    const { frameBytes } = this.#options.limits;
    const isTooBig = typeof data === 'string' && exceedsBytes(data, frameBytes);
    this.#hosted.queue((room) => room.end(connection, isTooBig ? frameTooBig : protocolViolation));
    this.#hosted.flush();
  }

  #perform(room: Connectable, connection: ObjectConnection, data: Data): void {
    if (!connection.open) return;
    if (connection.state.end === 'link' && typeof data === 'string') {
      receiveFromLink(room, connection, data);
      return;
    }
    const { limits, waitUntil, roomId, authenticate, fileTokens } = this.#options;
    const queue = (work: (live: Connectable) => void) => this.#hosted.queue(work);
    const own = { authenticate, fileTokens, queue };
    receive(room, connection, data, limits, (command) => {
      waitUntil(runTransportCommand(roomId, connection, command, own));
    });
  }
}
