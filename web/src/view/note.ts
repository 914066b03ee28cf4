import { messageLimit } from '../message-limit.ts';
import { bytesOf } from '../split.ts';
import { element } from './dom.ts';

/** With less left than this, it is told how much; in bytes. */
const NEAR_BYTES = 500;

/** One sentence, about a word of the text where it is about one. */
export interface Note {
  word?: string;
  says: string;
}

export function noteElement({ word, says }: Note): HTMLElement {
  return word === undefined
    ? element('span', '', says)
    : element('span', '', '“', element('bdi', '', word), `” ${says}`);
}

/** How much room is left in a text that is nearly too long, or by how much it is too long. */
export function lengthNote(text: string): Note[] | undefined {
  const left = messageLimit() - bytesOf(text.trim());
  if (left > NEAR_BYTES) return undefined;
  if (left >= 0) return [{ says: `${left} bytes left.` }];
  return [{ says: `This is ${-left} bytes too long to be sent as one message.` }];
}
