import type { Message } from '../protocol/objects.ts';
import { eventLine, revOf } from '../protocol/frames.ts';
import { parsePosition } from '../protocol/position.ts';

/** What a join reply or a `getMissed` reply says of missed messages. */
export interface MissedPage {
  messages: readonly Message[];
  /** Where the page ends; the room's own position when it is the last. */
  position: string;
  complete: boolean;
}

/** What to hand on, and the position to ask for more after, if there is more. */
export interface Caught {
  lines: string[];
  more: string | undefined;
}

/**
 * Puts what was missed and what is heard live into one stream in the order of `rev`: each change
 * once, none left out. Live lines wait until the last page has come; rows that the live lines tell
 * of too are left to them.
 */
export class CatchUp {
  readonly #from: number;
  readonly #isKnown: (message: Message) => boolean;
  #held: string[] = [];
  #heldLength = 0;
  #firstLive = Infinity;
  #position: string;

  /**
   * @param from the position of the last change that was heard
   * @param isKnown leaves out messages whose sender hears of them otherwise
   */
  constructor(from: string, isKnown: (message: Message) => boolean = () => false) {
    this.#from = parsePosition(from)?.rev ?? 0;
    this.#isKnown = isKnown;
    this.#position = from;
  }

  /** What to come back with if this breaks off now. */
  get position(): string {
    return this.#position;
  }

  /** Characters of live lines that wait. */
  get heldLength(): number {
    return this.#heldLength;
  }

  /** Takes a live line that came before the last page. */
  hold(line: string): void {
    if (this.#firstLive === Infinity) this.#firstLive = revOf(line) ?? Infinity;
    this.#held.push(line);
    this.#heldLength += line.length;
  }

  /** Takes a page; behind the last one come the lines that waited. */
  page({ messages, position, complete }: MissedPage): Caught {
    const lines = messages
      .filter((message) => message.rev < this.#firstLive && !this.#isKnown(message))
      .map((message) => this.#line(message));
    this.#position = position;
    if (!complete) return { lines, more: position };
    return { lines: [...lines, ...this.#held.splice(0)], more: undefined };
  }

  /** A message that is new to the client, or one that it knows and that has changed. */
  #line(message: Message): string {
    return eventLine(message.seq > this.#from ? 'message' : 'messageUpdated', message);
  }
}
