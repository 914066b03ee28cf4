import { messageLimit } from '../message-limit.ts';
import { bytesOf } from '../split.ts';
import { text } from '../texts.ts';
import { element } from './dom.ts';

/** With less left than this, the page says how much; in bytes. */
const NEAR_BYTES = 500;

/** One sentence, in parts. */
export type Note = readonly (string | Node)[];

/** A word with a text direction of its own. */
export function bdi(word: string): HTMLElement {
  return element('bdi', '', word);
}

/** How much room is left in a text that is nearly too long, or by how much it is too long. */
export function lengthNote(said: string): Note[] | undefined {
  const bytes = bytesOf(said.trim());
  const left = messageLimit() - bytes;
  if (left > NEAR_BYTES) return undefined;
  // The limit is in bytes, but people count characters: those of this text give the ratio.
  const bytesEach = bytes / Array.from(said.trim()).length;
  if (left >= 0) return [[text('charactersLeft', { count: Math.floor(left / bytesEach) })]];
  return [[text('charactersOver', { count: Math.ceil(-left / bytesEach) })]];
}
