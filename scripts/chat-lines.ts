import { styleText } from 'node:util';
import type { EventPayload, Message } from '../src/client/index.ts';

/** How a room looks in a terminal. Colours are left out where there is none, or NO_COLOR is set. */

const COLOURS = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'red'] as const;

/**
 * What turns text around, ends lines, or is an order to the terminal. Joiners stay, which emoji and
 * some scripts need.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text of somebody else on one line: nothing in it acts on the terminal. */
export function harmless(text: string): string {
  return text.replaceAll('\t', ' ').replace(UNSAFE, '\ufffd');
}

/** A message; further lines of it stand in, so that none can be taken for somebody's. */
export function messageLine({ message, files = [], streaming, status, ...about }: Message): string {
  const { senderId, sender, deletedAt, unverified } = about;
  const name = styleText(colourOf(senderId), `${harmless(sender)}${unverified ? '?' : ''}`);
  if (deletedAt !== undefined) return `${name}: ${notice('(deleted)')}`;
  const lines = message.split(/\r?\n/).map(harmless).join('\n  ');
  const ending = streaming === true ? 'is writing' : status;
  const sent = files.map((file) => ` ${notice(`(${file.name}, ${file.size} bytes)`)}`).join('');
  return `${name}: ${lines}${sent}${ending === undefined ? '' : ` ${notice(`(${ending})`)}`}`;
}

/** A message that is another one now. */
export function changeLine({ change, ...message }: EventPayload<'messageUpdated'>): string {
  return `${notice(change ?? 'changed')} ${messageLine(message)}`;
}

/** What is no message. */
export function notice(text: string): string {
  return styleText('dim', harmless(text));
}

/** The same for a user at all times. */
function colourOf(userId: string): (typeof COLOURS)[number] {
  let sum = 0;
  for (const character of userId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973;
  return COLOURS[sum % COLOURS.length] ?? 'cyan';
}
