import assert from 'node:assert/strict';
import type { Message } from '../../src/protocol/objects.ts';
import { Listener } from '../unit/room/listener.ts';
import type { RoomHarness } from '../unit/room/room-harness.ts';

/** What a tuple takes beside the text in it, in bytes, with its position line. */
const ENVELOPE_BYTES = 200;
/** Of a whole text, nearly what a stream may have. */
const TEXT_BYTES = 65_500;
/** Pieces of every width in UTF-8, and pairs. */
const PIECES = ['word ', 'über ', '語', '😀', 'שלום ', '"\\\n'];

/** A client that holds the text of one message, from whole states and from what is appended. */
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

  /** Takes what has come since the last time. */
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

/** What a stream has cost. */
export interface StreamReport {
  text: number;
  bytes: number;
  events: number;
  rows: number;
  /** How much the room's file has grown, in bytes, before the text is folded into its message. */
  stored: number;
}

/**
 * A text in `appends` pieces, whose sender loses the connection at every tenth, with people who come
 * late, an eviction and a kill in between. @throws AssertionError where any of them reads another text
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
      // The append is decided and not stored: whoever wrote it sends it again.
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
    assert.equal(reader.text, text, 'somebody reads another text');
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
