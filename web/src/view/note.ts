import { messageLimit } from '../message-limit.ts';
import { bytesOf } from '../split.ts';
import { text } from '../texts.ts';
import { element } from './dom.ts';

/** With less left than this, it is told how much; in bytes. */
const NEAR_BYTES = 500;

/** One sentence. */
export type Note = readonly (string | Node)[];

/** A word of a text, whose direction stays its own. */
export function bdi(word: string): HTMLElement {
  return element('bdi', '', word);
}

/** How much room is left in a text that is nearly too long, or by how much it is too long. */
export function lengthNote(said: string): Note[] | undefined {
  const left = messageLimit() - bytesOf(said.trim());
  if (left > NEAR_BYTES) return undefined;
  return [[left >= 0 ? text('bytesLeft', { count: left }) : text('bytesOver', { count: -left })]];
}
