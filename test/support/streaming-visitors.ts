import assert from 'node:assert/strict';
import type { EventPayload } from '../../src/protocol/events.ts';
import type { Message } from '../../src/protocol/objects.ts';
import { ok, type Visitor } from './visitor.ts';

/** Makes a visitor at the host's current URL. */
export type Enter = (userId: string) => Promise<Visitor>;

/** Reads one streaming message at a host, from whole states and the appends after them. */
export class StreamReader {
  readonly #roomId: string;
  readonly #seq: number;
  readonly #userId: string;
  #visitor!: Visitor;
  #read = 0;
  #rev = 0;
  text = '';
  isDone = false;
  /** The size of everything received about the message, as JSON in bytes. */
  bytes = 0;
  events = 0;

  private constructor(roomId: string, seq: number, userId: string) {
    this.#roomId = roomId;
    this.#seq = seq;
    this.#userId = userId;
  }

  /** Joins a room during a stream and loads the message's current state. */
  static async join(enter: Enter, roomId: string, seq: number, userId: string) {
    const reader = new StreamReader(roomId, seq, userId);
    reader.#visitor = await enter(userId);
    ok(await reader.#visitor.join(roomId));
    const page = { roomId, before: seq + 1, limit: 1 };
    const { messages } = ok(await reader.#visitor.command('getHistory', page));
    reader.#whole(messages[0]!);
    return reader;
  }

  /** Resumes at a host that was killed and restarted. */
  async comeBack(enter: Enter): Promise<void> {
    this.take();
    const since = this.#visitor.position(this.#roomId);
    await this.#visitor.drop();
    this.#visitor = await enter(this.#userId);
    this.#read = 0;
    const { missed = [], reset } = ok(await this.#visitor.join(this.#roomId, { since }));
    assert.notEqual(reset, true, 'the room is another one after a kill');
    const whole = missed.find(({ seq }) => seq === this.#seq);
    if (whole !== undefined) this.#whole(whole);
  }

  /** Gives a command, because a room takes a silent connection for a slow consumer. */
  async signOfLife(): Promise<void> {
    this.take();
    ok(await this.#visitor.command('getHistory', { roomId: this.#roomId, limit: 1 }));
  }

  /** Takes the events received since the last call. */
  take(): void {
    const { stream } = this.#visitor;
    for (; this.#read < stream.length; this.#read++) {
      const { kind, name, payload } = stream[this.#read]!;
      if (kind === 'event' && name === 'messageAppended')
        this.#appended(payload as EventPayload<'messageAppended'>);
    }
  }

  /** Waits for the end of the message. */
  async untilDone(): Promise<void> {
    await this.#visitor.until('the end of the stream', () => {
      this.take();
      return this.isDone;
    });
  }

  close(): Promise<void> {
    return this.#visitor.close();
  }

  #whole(message: Message): void {
    this.bytes += Buffer.byteLength(JSON.stringify(['message', message]));
    this.events++;
    this.#rev = message.rev;
    this.text = message.message;
  }

  #appended(event: EventPayload<'messageAppended'>): void {
    const { seq, rev, offset, text, status } = event;
    if (seq !== this.#seq || rev <= this.#rev) return;
    assert.equal(offset, this.text.length, 'a gap in the text');
    this.bytes += Buffer.byteLength(JSON.stringify(['messageAppended', event]));
    this.events++;
    this.#rev = rev;
    this.text += text;
    this.isDone = status === 'done';
  }
}

/** Streams one message to a host; loses its connection at every tenth append. */
export class StreamWriter {
  readonly #enter: Enter;
  readonly roomId: string;
  readonly seq: number;
  #visitor: Visitor;
  #appends = 0;
  #next: { offset: number; text: string } | undefined;
  text = '';

  private constructor(enter: Enter, roomId: string, seq: number, visitor: Visitor) {
    this.#enter = enter;
    this.roomId = roomId;
    this.seq = seq;
    this.#visitor = visitor;
  }

  static async begin(enter: Enter, roomId: string): Promise<StreamWriter> {
    const visitor = await enter('bot');
    ok(await visitor.join(roomId));
    const begin = { roomId, message: '', streaming: true };
    const { seq } = ok(await visitor.command('message', begin)).message;
    return new StreamWriter(enter, roomId, seq, visitor);
  }

  /** @param piece the text to append, of at most 16 UTF-16 units */
  async append(piece: string): Promise<void> {
    await this.#append(piece);
    if (++this.#appends % 10 === 0) {
      await this.#again();
      assert.equal((await this.#give()).duplicate, true);
    }
    this.text += piece;
  }

  /** Appends while the host is being killed, so that the append may or may not be stored. */
  appendInto(piece: string): void {
    this.#append(piece).catch(() => undefined);
  }

  /** Reconnects to a host that was killed and restarted, and repeats the unanswered append. */
  async comeBack(): Promise<void> {
    await this.#again();
    const { text } = this.#next!;
    ok(await this.#visitor.command('appendMessage', this.#payload()));
    this.text += text;
  }

  async finish(): Promise<void> {
    ok(await this.#visitor.command('finishMessage', { roomId: this.roomId, seq: this.seq }));
    await this.#visitor.close();
  }

  async #append(text: string): Promise<void> {
    this.#next = { offset: this.text.length, text };
    await this.#give();
  }

  async #give() {
    return ok(await this.#visitor.command('appendMessage', this.#payload()));
  }

  #payload() {
    return { roomId: this.roomId, seq: this.seq, ...this.#next };
  }

  async #again(): Promise<void> {
    await this.#visitor.drop();
    this.#visitor = await this.#enter('bot');
    ok(await this.#visitor.join(this.roomId));
  }
}

/** The pause between two messages of a talk, in milliseconds. */
const TALK_EVERY_MS = 50;

/** A user who talks in a room and measures how long replies take, in milliseconds. */
export class Talk {
  readonly #roomId: string;
  #visitor!: Visitor;

  constructor(roomId: string) {
    this.#roomId = roomId;
  }

  async come(enter: Enter): Promise<void> {
    this.#visitor = await enter('talker');
    ok(await this.#visitor.join(this.#roomId));
  }

  leave(): Promise<void> {
    return this.#visitor.close();
  }

  /** Talks while `goesOn` is true, and adds the time of each reply to `times`. */
  async during(times: number[], goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const from = performance.now();
      const message = { roomId: this.#roomId, message: 'hello' };
      ok(await this.#visitor.command('message', message));
      times.push(performance.now() - from);
      await new Promise((resolve) => {
        setTimeout(resolve, TALK_EVERY_MS);
      });
    }
  }
}
