import assert from 'node:assert/strict';
import type { Message } from '../../src/protocol/objects.ts';
import { Listener } from '../unit/room/listener.ts';
import type { RoomHarness } from '../unit/room/room-harness.ts';

/** The size of a tuple besides its text, with its position line, in bytes. */
const ENVELOPE_BYTES = 200;
/** The size of the whole text in bytes, just below what a stream may have. */
const TEXT_BYTES = 65_500;
/** Pieces with characters of every UTF-8 width, and with surrogate pairs. */
const PIECES = ['word ', 'über ', '語', '😀', 'שלום ', '"\\\n'];

/** A client that builds the text of one message from whole states and appends. */
class Reader {
  text = '';
  bytes = 0;
  events = 0;
  wholes = 0;
  #rev = 0;
  #position = '0:0';
  #listener: Listener | undefined;
  #read = 0;

  come(harness: RoomHarness, userId: string): void {
    this.#listener = new Listener(harness, { userId }, { since: this.#position });
    this.#read = 0;
  }

  leave(harness: RoomHarness): void {
    this.read();
    if (this.#listener !== undefined) harness.drop(this.#listener.plug, 'disconnected');
    this.#listener = undefined;
  }

  /** Takes the frames received since the last call. */
  read(): void {
    for (const frame of this.#listener?.frames.slice(this.#read) ?? []) {
      this.#read++;
      this.bytes += Buffer.byteLength(frame);
      for (const line of frame.split('\n')) this.#take(JSON.parse(line) as [string, never]);
    }
  }

  #take([name, payload]: [string, never]): void {
    if (name === 'position') this.#position = payload;
    if (name === 'joined') {
      const { missed, position } = payload as { missed: Message[]; position: string };
      for (const message of missed) this.#whole(message);
      this.#position = position;
    }
    if (name === 'message') this.#whole(payload);
    if (name !== 'messageAppended') return;
    const { rev, offset, text } = payload as { rev: number; offset: number; text: string };
    this.events++;
    assert(rev > this.#rev, `rev ${rev} after ${this.#rev}`);
    assert.equal(offset, this.text.length, 'a gap in the text');
    this.text += text;
    this.#rev = rev;
  }

  #whole({ rev, message }: Message): void {
    this.wholes++;
    this.#rev = rev;
    this.text = message;
  }
}

/** The measured cost of a stream. */
export interface StreamReport {
  text: number;
  bytes: number;
  events: number;
  rows: number;
  /** How much the room's file has grown, in bytes, before the text is moved to its message. */
  stored: number;
}

/**
 * Streams a text in `appends` pieces. The sender loses its connection at every tenth, readers join
 * late, and the room is evicted and killed once each.
 * @throws AssertionError if a reader has another text, or if too many bytes were sent
 */
export function playStream(
  harness: RoomHarness,
  random: () => number,
  appends: number,
): StreamReport {
  const sender = { userId: 'bot', name: 'Bot' };
  let writer = new Listener(harness, sender);
  const steady = new Reader();
  steady.come(harness, 'steady');
  const { seq } = writer.ask('message', { message: '', streaming: true, id: 'a' }).message;
  const late: Reader[] = [];
  let text = '';
  let bytes = 0;
  const writesBefore = harness.sql.writes;
  const bytesBefore = fileBytes(harness);
  for (let at = 0; at < appends; at++) {
    harness.pass(60);
    let piece = '';
    const due = (TEXT_BYTES * (at + 1)) / appends;
    while (bytes < due) {
      const next = PIECES[Math.floor(random() * PIECES.length)]!;
      piece += next;
      bytes += Buffer.byteLength(next);
    }
    if (at === Math.floor(appends / 10)) {
      // The append is executed but not committed, so its sender repeats it.
      writer.say('appendMessage', { seq, offset: text.length, text: piece });
      harness.die();
      for (const reader of [steady, ...late]) {
        reader.leave(harness);
        reader.come(harness, 'steady');
      }
      writer = new Listener(harness, sender);
    }
    const reply = writer.ask('appendMessage', { seq, offset: text.length, text: piece });
    assert(reply.ok, JSON.stringify(reply));
    if (at % 10 === 9) {
      harness.drop(writer.plug, 'disconnected');
      harness.tellEnds();
      writer = new Listener(harness, sender);
      const again = writer.ask('appendMessage', { seq, offset: text.length, text: piece });
      assert.equal(again.duplicate, true);
    }
    text += piece;
    if (at === Math.floor(appends / 2)) harness.sleep();
    if (at % Math.ceil(appends / 5) === 1) {
      const reader = new Reader();
      reader.come(harness, `late ${at}`);
      late.push(reader);
    }
    for (const reader of [steady, ...late]) reader.read();
  }
  const rows = harness.sql.writes - writesBefore;
  const stored = fileBytes(harness) - bytesBefore;
  assert(writer.ask('finishMessage', { seq }).ok);
  const { messages } = writer.ask('getHistory', {});
  assert.equal(messages[0]?.message, text);
  for (const reader of [steady, ...late]) {
    reader.read();
    assert.equal(reader.text, text, 'a reader has another text');
  }
  assert.deepEqual(harness.defects, []);
  const { bytes: wire, events, wholes } = steady;
  const most = 1.5 * jsonBytes(text) + (events + wholes) * ENVELOPE_BYTES;
  assert(wire <= most, `${wire} bytes on the wire, more than ${most}`);
  return { text: Buffer.byteLength(text), bytes: wire, events, rows, stored };
}

function fileBytes({ file }: RoomHarness): number {
  const [size] = file.all<{ bytes: number }>(
    'SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size',
  );
  return size?.bytes ?? 0;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
