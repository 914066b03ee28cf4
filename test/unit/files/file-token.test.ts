import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileTokens } from '../../../src/files/file-token.ts';

const SECRET = new TextEncoder().encode('a secret for tests, longer than thirty-two bytes');
const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 0, 1, 10, 20);
const GRANT = { roomId: 'general', userId: 'ann' };

describe('a file token', () => {
  const tokens = new FileTokens(SECRET);

  it('opens the files of its room for its user', async () => {
    const { fileToken } = await tokens.make(GRANT, NOW);
    expect(await tokens.userOf(fileToken, 'general', NOW)).toBe('ann');
  });

  it('opens no other room', async () => {
    const { fileToken } = await tokens.make(GRANT, NOW);
    expect(await tokens.userOf(fileToken, 'other', NOW)).toBeUndefined();
  });

  it('does not hold with another secret', async () => {
    const others = new FileTokens(new TextEncoder().encode('another secret of thirty-two bytes!'));
    const { fileToken } = await others.make(GRANT, NOW);
    expect(await tokens.userOf(fileToken, 'general', NOW)).toBeUndefined();
  });

  it('holds for one to two hours, to a full hour', async () => {
    for (const now of [NOW, Date.UTC(2026, 0, 1, 10), Date.UTC(2026, 0, 1, 10, 59, 59, 999)]) {
      const { fileToken, expiresAt } = await tokens.make(GRANT, now);
      expect(expiresAt).toBe(Date.UTC(2026, 0, 1, 12));
      expect(await tokens.userOf(fileToken, 'general', expiresAt - 1)).toBe('ann');
      expect(await tokens.userOf(fileToken, 'general', expiresAt)).toBeUndefined();
    }
  });

  it('stays the same for an hour, so that addresses stay cached', async () => {
    const first = await tokens.make(GRANT, Date.UTC(2026, 0, 1, 10));
    const later = await tokens.make(GRANT, Date.UTC(2026, 0, 1, 10) + HOUR_MS - 1);
    expect(later).toEqual(first);
  });

  it('carries any user id', async () => {
    for (const userId of ['an.n', '安', 'עדה', 'a\u0300', '😀', 'x'.repeat(128)]) {
      const { fileToken } = await tokens.make({ roomId: 'general', userId }, NOW);
      expect(fileToken).toMatch(/^[A-Za-z0-9._-]+$/);
      expect(await tokens.userOf(fileToken, 'general', NOW)).toBe(userId);
    }
  });

  it('does not hold when any character of it is changed', async () => {
    const { fileToken } = await tokens.make(GRANT, NOW);
    // But for the last one, which has bits that base64 does not use.
    const changed = Array.from({ length: fileToken.length - 1 }, (_, at) => {
      const other = fileToken[at] === 'A' ? 'B' : 'A';
      return fileToken.slice(0, at) + other + fileToken.slice(at + 1);
    });
    const users = await Promise.all(changed.map((token) => tokens.userOf(token, 'general', NOW)));
    expect(users.filter((userId) => userId !== undefined)).toEqual([]);
  });

  it('is undefined for any other text', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z0-9.]*$/));
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        expect(await tokens.userOf(token, 'general', NOW)).toBeUndefined();
      }),
    );
  });
});
