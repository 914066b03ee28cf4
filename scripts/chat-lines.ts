import { styleText } from 'node:util';
import type { EventPayload, Message } from '../src/client/index.ts';

/** Lines of a room for a terminal. Colours are left out if there is none, or if NO_COLOR is set. */

const COLOURS = ['cyan', 'green', 'yellow', 'magenta', 'blue', 'red'] as const;

/**
 * Characters that change the direction of text, end lines, or control the terminal. Joiners are not
 * among them, because emoji and some scripts need them.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text of another user as one line, in which nothing controls the terminal. */
export function harmless(text: string): string {
  return text.replaceAll('\t', ' ').replace(UNSAFE, '\ufffd');
}

/** A message. Its further lines are indented, so that none can be taken for another message. */
export function messageLine({ message, files = [], streaming, status, ...about }: Message): string {
  const { senderId, sender, deletedAt, unverified } = about;
  const name = styleText(colourOf(senderId), `${harmless(sender)}${unverified ? '?' : ''}`);
  if (deletedAt !== undefined) return `${name}: ${notice('(deleted)')}`;
  const lines = message.split(/\r?\n/).map(harmless).join('\n  ');
  const ending = streaming === true ? 'is writing' : status;
  const sent = files.map((file) => ` ${notice(`(${file.name}, ${file.size} bytes)`)}`).join('');
  return `${name}: ${lines}${sent}${ending === undefined ? '' : ` ${notice(`(${ending})`)}`}`;
}

/** A message that has changed, and how. */
export function changeLine({ change, ...message }: EventPayload<'messageUpdated'>): string {
  return `${notice(change ?? 'changed')} ${messageLine(message)}`;
}

/** Text that is not a message. */
export function notice(text: string): string {
  return styleText('dim', harmless(text));
}

/** A colour for a user, always the same one. */
function colourOf(userId: string): (typeof COLOURS)[number] {
  let sum = 0;
  for (const character of userId) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973;
  return COLOURS[sum % COLOURS.length] ?? 'cyan';
}
