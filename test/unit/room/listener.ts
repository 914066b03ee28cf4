import type { Identity } from '../../../src/protocol/identity.ts';
import type { Command } from '../../../src/protocol/frames.ts';
import type { FakeSocket, Plug, RoomHarness } from './room-harness.ts';

/** The fields that tests read in payloads; which of them a payload has is up to the protocol. */
export interface Seen {
  ok: boolean;
  error: { code: string };
  epoch: string;
  position: string;
  room: { memberCount: number };
  online: { userId: string; username: string }[];
  onlineCount: number;
  presence: string;
  message: { seq: number; message: string };
  messages: { seq: number; rev: number; message: string }[];
  missed: { seq: number; rev: number }[];
  members: { userId: string; online: boolean }[];
  complete: boolean;
  reset: true;
  hasMore: boolean;
  duplicate: true;
}

/** Joins as a user with this id and no other details. */
export function enter(harness: RoomHarness, userId: string): Listener {
  return new Listener(harness, { userId });
}

/** A client's connection to a room in a harness; keeps all that it receives. */
export class Listener implements FakeSocket {
  buffered = 0;
  readonly frames: string[] = [];
  readonly endedWith: number[] = [];
  readonly plug: Plug;
  readonly #harness: RoomHarness;
  #ref = 0;

  constructor(harness: RoomHarness, identity: Identity, join: object = {}) {
    this.#harness = harness;
    this.plug = harness.connect(identity, join, this);
    harness.flush();
  }

  hear(text: string): void {
    this.frames.push(text);
  }

  closed(code: number): void {
    this.endedWith.push(code);
  }

  get lines(): [string, Seen, Seen][] {
    return this.frames.flatMap((text) =>
      text.split('\n').map((line) => JSON.parse(line) as [string, Seen, Seen]),
    );
  }

  /** The reply to the first join. */
  get joined(): Seen {
    return this.lines[0]![1];
  }

  /** The received events of these names, in order, each as `[name, payload]`. */
  heard(...names: string[]): [string, Record<string, unknown>][] {
    return this.lines
      .filter(([name]) => names.includes(name))
      .map(([name, payload]) => [name, payload as unknown as Record<string, unknown>]);
  }

  /** Sends a command without flushing. */
  say(name: string, payload: object = {}, ref?: number): void {
    const command: Command = ref === undefined ? { name, payload } : { name, payload, ref };
    this.#harness.handle(this.plug, command);
  }

  /** Sends a command and flushes; returns its reply. */
  ask(name: string, payload: object = {}): Seen {
    const ref = this.#ref++;
    this.say(name, payload, ref);
    this.#harness.flush();
    const found = this.lines.find(([name, first]) => name === 'ack' && Number(first) === ref);
    return found![2];
  }
}
