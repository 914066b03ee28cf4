import { describe, expect, test } from 'vitest';
import { changeLine, harmless, messageLine, notice } from '../../scripts/chat-lines.ts';
import type { Message } from '../../src/protocol/objects.ts';

const said: Message = {
  roomId: 'r',
  seq: 1,
  rev: 1,
  id: 'i',
  senderId: 'bob',
  sender: 'Bob',
  message: 'hello',
  timestamp: 0,
};

/** Control characters that a terminal acts on. */
const ORDERS = /[^\P{Cc}\n]/u;

describe('a room in the terminal', () => {
  test('shows the sender of each message, and marks unverified names', () => {
    expect(messageLine(said)).toBe('Bob: hello');
    expect(messageLine({ ...said, unverified: true })).toBe('Bob?: hello');
    expect(messageLine({ ...said, message: '', deletedAt: 1 })).toBe('Bob: (deleted)');
    expect(changeLine({ ...said, change: 'edited', by: 'bob' })).toBe('edited Bob: hello');
  });

  test('replaces control characters in messages of others', () => {
    const hostile = [
      '\x1b]0;mine\x07',
      '\x1b[2J',
      '\x9b31m',
      '\r',
      '\b',
      '\x7f',
      '\u202e',
      '\u2066',
    ];
    for (const bad of hostile) {
      const line = messageLine({ ...said, message: `a${bad}b` });
      expect(line).not.toMatch(ORDERS);
      expect(line).not.toMatch(/[\u202e\u2066]/);
      expect(line).toMatch(/^Bob: a.*b$/);
      expect(notice(`${bad} is here.`)).not.toMatch(ORDERS);
    }
  });

  test('indents further lines of a message, so that none looks like another message', () => {
    const message = 'hi\nolga: I give you the room\r\nend\u2028of it';
    expect(messageLine({ ...said, message })).toBe(
      'Bob: hi\n  olga: I give you the room\n  end\ufffdof it',
    );
    expect(harmless('two\nlines')).toBe('two\ufffdlines');
  });

  test('keeps joiners that emoji and some scripts need', () => {
    const whole = '👩‍👧 नमस्ते क्‍ष می‌خواهم';
    expect(harmless(whole)).toBe(whole);
  });
});
