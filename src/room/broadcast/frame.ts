import { positionLine } from '../../protocol/frames.ts';

/** One or more lines that leave together, made once however many connections get it. */
export class Frame {
  readonly lines: readonly string[];
  /** What to come back with, when the frame holds a durable event or the reply to a change. */
  readonly position: string | undefined;
  /** Whether all of it may be dropped for a connection that cannot keep up. */
  readonly ephemeral: boolean;
  /** The newest line of each signal in it, by key. */
  readonly signals: ReadonlyMap<string, string>;
  #text: string | undefined;

  constructor(
    lines: readonly string[],
    position: string | undefined,
    isEphemeral: boolean,
    signals: ReadonlyMap<string, string> = new Map(),
  ) {
    this.signals = signals;
    this.lines = lines;
    this.position = position;
    this.ephemeral = isEphemeral;
  }

  /** The frame as a native socket carries it. */
  get text(): string {
    this.#text ??= (
      this.position === undefined ? this.lines : [...this.lines, positionLine(this.position)]
    ).join('\n');
    return this.#text;
  }
}
